"""The models of a workspace: providers, keys, lists, what names of files mean, local servers, the embedded model."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.models import facts, prices
from engine.adapters.models.catalog import EMBEDDED_MODEL, EMBEDDED_PROVIDER, KINDS, kind_of
from engine.adapters.models.setup import ModelSettings
from engine.errors import EnvironmentProblem, PenstockError, UserError
from engine.ports.models import ModelError, ModelRef
from engine.services import model_probe
from engine.services.context import Services
from engine.services.model_names import by_name
from engine.services.model_probe import Attempt
from engine.services.model_setup import EmbeddedSetup
from engine.services.models import ModelService
from tests.engine.adapters.models.exchanges import openai_error, openai_says
from tests.helpers.models import Answer, ModelServer

LIST = Answer(body={"data": [{"id": "gpt-4o"}, {"id": "gpt-4o-mini"}]})
KEY = "sk-very-secret-key-1"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def models(services: Services) -> ModelService:
    return services.models


def graph(*models: tuple[str, str]) -> dict[str, Any]:
    nodes = [
        {"id": f"n{i}", "data": {"type": "llm", "title": f"Step {i}", "model": {"provider": p, "name": n}}}
        for i, (p, n) in enumerate(models)
    ]
    return {"nodes": nodes, "edges": []}


def test_a_new_workspace_has_the_embedded_model_and_nothing_else(models: ModelService) -> None:
    (view,) = models.providers()
    assert (view.id, view.local, view.needs_key) == (EMBEDDED_PROVIDER, True, False)
    assert "makes things up" in view.note, "honest about being small"
    assert models.default() == ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL)
    assert [m.ref.name for m in models.known_models()] == [EMBEDDED_MODEL]


def test_a_key_is_kept_and_never_shown(services: Services, models: ModelService, tmp_path: Path) -> None:
    provider = models.save_provider("openai", api_key=KEY, headers={"X-Team": "headersecret9"})

    assert models.provider(provider).has_key
    assert models.provider(provider).headers == ("X-Team",)
    assert KEY not in repr(models.providers()) + repr(models.setup()) + str(services.settings.all())
    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in raw
    assert b"headersecret9" not in raw

    models.save_provider("openai", provider_id=provider, label="Mine")
    assert models.setup().providers[-1].api_key == KEY, "saving without a key keeps it"
    models.save_provider("openai", provider_id=provider, api_key="")
    assert not models.provider(provider).has_key
    models.remove_provider(provider)
    assert services.secrets.names() == []


def test_bad_settings_are_refused(models: ModelService) -> None:
    with pytest.raises(UserError, match="no kind"):
        models.save_provider("nonsense")
    with pytest.raises(UserError, match="must start with http"):
        models.save_provider("openai", base_url="ftp://x")
    with pytest.raises(UserError, match="needs an address"):
        models.save_provider("azure_openai")


def test_a_test_lists_and_speaks_and_what_it_found_is_kept(services: Services, models: ModelService) -> None:
    with ModelServer(LIST, openai_says("hello")) as server:
        provider = models.save_provider("openai", base_url=server.url, api_key=KEY)
        result = models.test(provider, "gpt-4o")
    assert (result.ok, result.message) == (True, "gpt-4o answered: hello")
    assert result.seconds > 0
    assert result.models == ("gpt-4o", "gpt-4o-mini")

    again = ModelService(services.settings, services.secrets)
    assert [m.ref.name for m in again.known_models()][1:] == ["gpt-4o", "gpt-4o-mini"], "without asking anybody"


def test_a_test_that_fails_says_why(models: ModelService) -> None:
    with ModelServer(openai_error(401, "Incorrect API key provided")) as server:
        provider = models.save_provider("openai", base_url=server.url, api_key="wrong")
        result = models.test(provider)
    assert not result.ok
    assert "401" in result.message
    assert "key" in result.hint


def test_a_test_can_be_stopped(models: ModelService) -> None:
    release = threading.Event()
    with ModelServer(Answer(events=[], hold=release)) as server:
        provider = models.save_provider("openai", base_url=server.url, api_key=KEY)
        attempt = Attempt()
        threading.Timer(0.2, attempt.stop).start()
        began = time.monotonic()
        result = models.test(provider, attempt=attempt)
        release.set()
    assert (result.ok, result.message) == (False, "The test was stopped.")
    assert time.monotonic() - began < 5
    stopped = Attempt()
    stopped.stop()
    assert models.test(EMBEDDED_PROVIDER, attempt=stopped).message == "The test was stopped."


def test_models_are_switched_off_and_on(models: ModelService) -> None:
    with ModelServer(LIST) as server:
        provider = models.save_provider("openai", base_url=server.url, api_key=KEY)
        models.list_models(provider)
    models.add_model(provider, "my-own")
    models.enable_models(provider, ["gpt-4o", "my-own"], on=False)

    assert [m.ref.name for m in models.known_models()][1:] == ["gpt-4o-mini"]
    assert {m.ref.name: on for m, on in models.model_rows(provider)} == {
        "my-own": False,
        "gpt-4o": False,
        "gpt-4o-mini": True,
    }
    assert models.chat_model().resolve(ModelRef("openai", "gpt-4o")).ref.name == "gpt-4o", "runs may still use it"
    models.enable_models(provider, ["gpt-4o"], on=True)
    assert "gpt-4o" in [m.ref.name for m in models.known_models()]

    models.enable_provider(provider, on=False)
    assert [m.ref.provider for m in models.known_models()] == [EMBEDDED_PROVIDER]
    with pytest.raises(ModelError, match="switched off"):
        models.chat_model().resolve(ModelRef("openai", "gpt-4o"))


def test_what_a_person_says_of_a_model_counts(models: ModelService) -> None:
    provider = models.save_provider("openai_api_compatible", base_url="http://127.0.0.1:9/v1", label="Box")
    models.set_model(
        provider, ModelSettings("m", features=frozenset({"vision"}), context_size=1234, input_price=Decimal("0.5"))
    )
    info = models.chat_model().resolve(ModelRef(provider, "m"))
    assert (info.features, info.context_size) == (frozenset({"vision"}), 1234)
    models.remove_model(provider, "m")
    assert models.model_rows(provider) == []


@pytest.mark.parametrize("spelling", ["langgenius/openai/openai", "openai", "OpenAI"])
def test_a_name_of_a_file_is_mapped_in_one_step(models: ModelService, spelling: str) -> None:
    with pytest.raises(ModelError) as caught:
        models.chat_model().resolve(ModelRef(spelling, "gpt-4o"))
    assert caught.value.error_type == "ProviderTokenNotInitError"

    models.set_alias("langgenius/openai/openai", "gpt-4o", ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL))

    assert models.chat_model().resolve(ModelRef(spelling, "gpt-4o")).ref.name == EMBEDDED_MODEL
    assert models.remove_alias(spelling.lower(), "gpt-4o")
    assert not models.remove_alias("openai", "gpt-4o")


def test_all_unknown_models_of_a_workflow_are_mapped_at_once(models: ModelService) -> None:
    config = graph(
        ("langgenius/openai/openai", "gpt-4o"), ("openai", "gpt-4o"), ("tongyi", "qwen-max"), (EMBEDDED_PROVIDER, "x")
    )
    config["nodes"].append({"id": "r", "data": {"type": "start"}})
    agent = {"model": {"type": "constant", "value": {"provider": "x/x/x", "model": "grok"}}}
    config["nodes"].append({"id": "a", "data": {"type": "agent", "title": "Agent", "agent_parameters": agent}})

    groups = by_name(models.unknown_models(config))

    assert {key: len(items) for key, items in groups.items()} == {
        ("openai", "gpt-4o"): 2,
        ("tongyi", "qwen-max"): 1,
        ("embedded", "x"): 1,
        ("x", "grok"): 1,
    }
    target = ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL)
    assert all(item.suggestion == target for items in groups.values() for item in items)
    models.set_aliases(dict.fromkeys(groups, target))
    assert models.unknown_models(config) == []
    assert len(models.aliases()) == 4


def test_a_suggestion_prefers_the_same_name(models: ModelService) -> None:
    provider = models.save_provider("ollama")
    models.add_model(provider, "qwen2.5:latest")
    models.add_model(provider, "deepseek-v3")
    found = models.unknown_models(graph(("siliconflow", "deepseek-ai/DeepSeek-V3"), ("tongyi", "qwen2.5"), ("x", "y")))
    assert [u.suggestion.name for u in found if u.suggestion] == ["deepseek-v3", "qwen2.5:latest", EMBEDDED_MODEL]


def test_fallback_answers_for_every_unknown_model(models: ModelService) -> None:
    models.set_fallback(True)
    assert models.unknown_models(graph(("openai", "gpt-4o"), ("nobody", "x"))) == []


WANTED = {
    "openai": "OpenAI",
    "azure_openai": "Azure",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "deepseek": "DeepSeek",
    "tongyi": "Tongyi",
    "zhipuai": "Zhipu",
    "siliconflow": "Silicon",
    "openrouter": "OpenRouter",
    "groq": "Groq",
    "mistralai": "Mistral",
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    "gguf": "GGUF",
    "openai_api_compatible": "compatible",
}


@pytest.mark.parametrize(("kind", "label"), WANTED.items())
def test_every_provider_of_the_issue_can_be_set_up(kind: str, label: str) -> None:
    row = kind_of(f"langgenius/{kind}/{kind}")
    assert row is not None
    assert label in row.label
    assert row.base_url.startswith("http") or kind in ("azure_openai", "gguf", "openai_api_compatible")
    if row.prices:
        assert prices.table_models(row.prices), "the price table knows its models"
    if row.needs_key and kind != "azure_openai":
        assert row.models or row.prices, "some names to begin with"


def test_what_is_known_of_models_by_name() -> None:
    for name in ("gpt-4o", "claude-3-5-sonnet-20241022", "gemini-2.0-flash"):
        assert {"vision", "tool-call", "structured-output"} <= (facts.features_of(name) or set())
    assert "vision" not in (facts.features_of("deepseek-chat") or set())
    assert facts.features_of("Qwen/Qwen2.5-VL-72B-Instruct") == {"vision"}
    assert facts.features_of("something-new") is None
    assert prices.table_prices("openai", "gpt-4o") == (Decimal("2.5"), Decimal(10))
    assert prices.table_context("openai", "gpt-4o") == 128_000
    assert prices.table_context("openai", "no-such-model") is None


def test_ids_and_names_of_kinds_are_unique() -> None:
    names = [name for kind in KINDS for name in (kind.id, *kind.names)]
    assert len(names) == len(set(names))


# -- local servers -----------------------------------------------------------------------------------------------------


def test_a_running_server_is_found_and_added(models: ModelService, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(Answer(body={"models": [{"name": "qwen3:latest"}]})) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        (found,) = [s for s in models.discover() if s.base_url == server.url]
        assert {s.path for s in server.seen} == {"/api/tags"}
        assert (found.kind, found.models) == ("ollama", ("qwen3:latest",))

        assert models.new_servers() == [], "nothing is looked for where looking is switched off"
        monkeypatch.delenv("PENSTOCK_NO_DISCOVERY")
        assert found in models.new_servers()
        added = models.save_provider(found.kind, base_url=f"{found.base_url}/v1")
        assert found not in models.new_servers(), "whichever of its sides is written down"
        models.remove_provider(added)
        assert found in models.new_servers()
        models.save_provider(found.kind, base_url=found.base_url)
        assert found not in models.new_servers()


def test_other_servers_at_the_port_are_not_taken_for_one() -> None:
    kind = kind_of("ollama")
    assert kind is not None
    for answer in (Answer(404, {}), Answer(body={"data": []}), Answer(body="<html>"), Answer(body=[1])):
        with ModelServer(answer) as server:
            assert model_probe.probe(kind, server.url) is None
    assert model_probe.probe(kind, "http://127.0.0.1:9") is None


def test_lm_studio_is_found_with_its_models() -> None:
    kind = kind_of("lmstudio")
    assert kind is not None
    rows = [{"id": "qwen3-8b"}, {"id": "gemma-3-4b"}, {"id": "text-embedding-nomic-embed-text-v1.5"}]
    with ModelServer(Answer(body={"object": "list", "data": rows})) as server:
        found = model_probe.look([replace(kind, base_url=f"{server.url}/v1")])
        assert [(s.kind, s.label, s.models) for s in found] == [("lmstudio", "LM Studio", ("gemma-3-4b", "qwen3-8b"))]
        assert server.seen[0].path == "/v1/models"


# -- the embedded model ------------------------------------------------------------------------------------------------


def wheel(folder: Path) -> tuple[Path, Path]:
    """A tiny package with a model file, and a lock file that pins it."""
    import hashlib

    folder.mkdir(exist_ok=True)
    path = folder / "tiny_model-1.0-py3-none-any.whl"
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_model/model.gguf", b"GGUF" + b"x" * 1000)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    lock = folder / "model.lock"
    lock.write_text(f"tiny-model==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    return path, lock


def test_the_embedded_model_is_installed_from_its_lock(tmp_path: Path) -> None:
    path, lock = wheel(tmp_path / "wheels")
    options = ["--no-index", "--find-links", str(path.parent), "--target", str(tmp_path / "here")]
    seen: list[float] = []

    assert EmbeddedSetup(options, lock, size=1000).run(seen.append)

    assert (tmp_path / "here" / "tiny_model" / "model.gguf").is_file()
    assert seen[-1] == 1.0
    assert seen == sorted(seen)

    lock.write_text(f"tiny-model==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(EnvironmentProblem, match="could not be installed") as caught:
        EmbeddedSetup(options, lock).run()
    assert "network" in caught.value.hint


def test_setting_up_can_be_stopped_and_is_refused_without_a_lock(tmp_path: Path) -> None:
    setup = EmbeddedSetup(lock=wheel(tmp_path / "wheels")[1], options=["--no-index"])
    setup.stop()
    assert setup.run() is False
    with pytest.raises(PenstockError, match="cannot add packages"):
        EmbeddedSetup(lock=tmp_path / "none").run()
