"""Model files of the person: what they say of themselves, which are refused, and how many stay loaded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.models import embedded
from engine.adapters.models.embedded import bundled_file
from engine.adapters.models.gguf import describe, read_ahead
from engine.adapters.models.registry import ModelRegistry
from engine.adapters.models.setup import ModelSetup, ProviderConfig
from engine.adapters.models.shelf import SHELF, Loaded, Shelf
from engine.errors import UserError
from engine.ports.models import ChatRequest, ContentPart, Message, ModelRef
from tests.engine.adapters.models.talk import ask
from tests.helpers.gguf_file import tiny_gguf


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    facts = describe(tiny_gguf(tmp_path / "a.gguf", name="Little"))
    assert (facts.name, facts.architecture, facts.context, facts.size_label) == ("Little", "llama", 512, "20K")
    assert facts.has_template
    assert facts.size == (tmp_path / "a.gguf").stat().st_size


@pytest.mark.skipif(bundled_file() is None, reason="the embedded model is not installed")
def test_a_real_file_says_what_it_is() -> None:
    file = bundled_file()
    assert file is not None
    facts = describe(file)
    assert (facts.architecture, facts.context, facts.size_label) == ("llama", 8192, "135M")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a GGUF file"),
        (b"PK\3\4" + b"x" * 100, "not a GGUF file"),
        (b"GGUF\3\0\0\0" + b"\0" * 4, "damaged or cut off"),
        (b"GGUF\x09\0\0\0" + b"\0" * 16, "damaged or cut off"),
        (b"GGUF\3\0\0\0" + b"\0" * 8 + b"\xff" * 8, "damaged or cut off"),
        (b"GGUF\3\0\0\0" + b"\0" * 8 + b"\1" + b"\0" * 7 + b"\xff" * 8, "damaged or cut off"),
        (b"GGUF\3\0\0\0" + b"\0" * 16, "does not say which kind"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError, match=why) as caught:
        describe(path)
    assert caught.value.code == "models.bad_file"


def test_a_file_that_was_cut_anywhere_in_its_head_is_refused(tmp_path: Path) -> None:
    whole = tiny_gguf(tmp_path / "whole.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for length in range(4, 600, 7):
        cut.write_bytes(whole[:length])
        with pytest.raises(UserError):
            describe(cut)


@pytest.mark.parametrize(("architecture", "why"), [("clip", "eyes of a model"), ("bert", "vectors of texts")])
def test_files_that_cannot_talk_are_refused(tmp_path: Path, architecture: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        describe(tiny_gguf(tmp_path / "x.gguf", architecture=architecture))
    with pytest.raises(UserError, match="cannot be read"):
        describe(tmp_path / "nothing.gguf")


def test_reading_ahead_has_a_measure_and_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.adapters.models.gguf.CHUNK", 20_000)
    file, shares, stopped = tiny_gguf(tmp_path / "a.gguf"), [], threading.Event()
    assert read_ahead(file, shares.append, stopped)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 4

    seen: list[float] = []

    def stop(share: float) -> None:
        seen.append(share)
        stopped.set()

    assert not read_ahead(file, stop, stopped)
    assert len(seen) == 1


@pytest.mark.timeout(120)
def test_a_model_file_talks_and_sees_nothing(tmp_path: Path) -> None:
    file = tiny_gguf(tmp_path / "a.gguf")
    config = ProviderConfig("gguf", "gguf", "Little", options={"path": str(file), "context_size": 512})
    try:
        said = ask(config, "a", Message("user", "Hi"), parameters={"max_tokens": 8, "seed": 1})
        shares = [d.loading for d in said.deltas if d.loading is not None]
        assert shares[0] == 0.0
        assert shares[-1] == 1.0
        assert shares == sorted(shares)
        assert 0.9 in shares, "the file is read before it is loaded"
        again = ask(config, "a", Message("user", "Hi"), parameters={"max_tokens": 8, "seed": 1})
        assert [d for d in again.deltas if d.loading is not None] == []
        assert said.usage.completion_tokens <= 8
        assert said.usage.prompt_tokens > 2
        schema = {"type": "object", "properties": {"a": {"enum": ["x"]}}, "required": ["a"]}
        assert ask(config, "a", Message("user", "Hi"), schema=schema, parameters={"max_tokens": 40}).error is None

        picture = ContentPart("image", data="cGl4ZWxz", mime_type="image/png")
        seen = ask(config, "a", Message("user", (ContentPart("text", "What?"), picture)))
        assert seen.failure == "InvokeBadRequestError"
        assert seen.error is not None
        assert "reads text only" in seen.error.message
        assert "vision" in seen.error.hint
        assert SHELF.peek(file) is not None
    finally:
        SHELF.drop(file)
    assert SHELF.peek(file) is None

    gone = ask(ProviderConfig("gguf", "gguf", options={"path": str(tmp_path / "no.gguf")}), "no")
    assert gone.failure == "ModelNotExistError"
    assert gone.error is not None
    assert "Choose the file anew" in gone.error.hint


def test_who_does_not_wait_any_more_stops_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def slow(path: Path, progress: Callable[[float], None], stopped: threading.Event) -> bool:
        progress(0.5)
        whole = not stopped.wait(30)
        ended.set()
        return whole

    monkeypatch.setattr(embedded, "read_ahead", slow)
    file = tiny_gguf(tmp_path / "a.gguf")
    registry = ModelRegistry(ModelSetup((ProviderConfig("gguf", "gguf", options={"path": str(file)}),)))

    async def one_look() -> list[float | None]:
        seen = []
        request = ChatRequest(ModelRef("gguf", "a"), [Message("user", "Hi")])
        async with aclosing(registry.stream(request)) as deltas:
            async for delta in deltas:
                seen.append(delta.loading)
                if len(seen) == 2:
                    return seen
        return seen

    assert asyncio.run(one_look()) == [0.0, 0.45]
    assert ended.is_set()
    assert SHELF.peek(file) is None


@pytest.mark.timeout(120)
def test_a_file_with_a_good_head_and_no_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tiny_gguf(tmp_path / "half.gguf")
    file.write_bytes(file.read_bytes()[:40_000])
    said = ask(ProviderConfig("gguf", "gguf", options={"path": str(file), "context_size": 512}), "half")
    assert said.failure == "ModelNotExistError"
    assert said.error is not None
    assert "half.gguf cannot be loaded" in said.error.message


def test_only_a_few_models_stay_loaded() -> None:
    loads: list[str] = []

    def load(file: Path, context: int) -> Loaded:
        loads.append(f"{file.name} {context}")
        return Loaded(f"http://{file.name}", "", object())

    shelf = Shelf(load, kept=2)
    a, b, c = Path("a"), Path("b"), Path("c")
    shelf.get(a, 10)
    shelf.get(b, 10)
    shelf.get(a, 10)
    assert loads == ["a 10", "b 10"]
    shelf.get(c, 10)
    assert (shelf.peek(a) is not None, shelf.peek(b), shelf.peek(c) is not None) == (True, None, True)

    with shelf.in_use(a, 10), shelf.in_use(c, 10):
        shelf.drop(a)
        shelf.get(b, 10)
        assert all(shelf.peek(f) is not None for f in (a, b, c)), "nobody loses what is in use"
    shelf.get(a, 20)
    assert shelf.peek(a, 20) is not None, "another context is another model"
    shelf.drop(a)
    assert shelf.peek(a) is None


def test_who_comes_second_waits_for_the_first() -> None:
    begun, go = threading.Event(), threading.Event()
    loads: list[int] = []

    def load(file: Path, context: int) -> Loaded:
        loads.append(context)
        begun.set()
        assert go.wait(30)
        return Loaded("http://x", "", object())

    shelf = Shelf(load)
    got: list[Any] = []

    async def work() -> None:
        both = [asyncio.to_thread(shelf.get, Path("a"), 1) for _ in range(2)]
        waiting = asyncio.gather(*both)
        await asyncio.to_thread(begun.wait, 30)
        go.set()
        got.extend(await waiting)

    asyncio.run(work())
    assert loads == [1]
    assert got[0] is got[1]
