"""`python -m engine models ...` as scripts use it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.models.catalog import EMBEDDED_MODEL, EMBEDDED_PROVIDER
from engine.cli import main
from tests.helpers.model import dsl, node
from tests.helpers.models import Answer, ModelServer

KEY = "sk-very-secret-key-2"
LIST = Answer(body={"data": [{"id": "gpt-4o"}]})


@pytest.fixture
def call(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; gives exit code and its JSON (or text) output."""

    def run(*words: str, json_out: bool = True) -> tuple[int, Any]:
        code = main(["--data", str(data_dir), "models", *words, *(["--json"] if json_out else [])])
        out = capsys.readouterr().out
        assert KEY not in out
        return code, json.loads(out) if json_out and out.strip() else out

    return run


def test_a_provider_from_adding_to_removing(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(LIST) as server:
        monkeypatch.setenv("MY_KEY", KEY)
        code, added = call("add", "openai", "--base-url", server.url, "--key-env", "MY_KEY", "--header", "X-A=b")
        assert (code, added) == (0, {"id": "openai"})
        code, tested = call("test", "openai")
        assert (code, tested["ok"], tested["models"]) == (0, True, ["gpt-4o"])
        assert server.seen[-1].headers["authorization"] == f"Bearer {KEY}"
    code, listed = call("list")
    provider = listed["providers"][-1]
    assert (provider["id"], provider["has_key"], provider["headers"]) == ("openai", True, ["X-A"])
    assert provider["models"][0]["name"] == "gpt-4o"
    assert call("default", "openai:gpt-4o") == (0, {"provider": "openai", "name": "gpt-4o"})
    assert call("remove", "openai")[0] == 0
    assert [p["id"] for p in call("list")[1]["providers"]] == [EMBEDDED_PROVIDER]


def test_a_key_from_standard_input(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY + "\n"))
    assert call("add", "groq", "--key-stdin", "--model", "llama-3.3-70b")[0] == 0
    provider = call("list")[1]["providers"][-1]
    assert provider["has_key"]
    assert [m["name"] for m in provider["models"]] == ["llama-3.3-70b"]


def test_names_of_files(call: Any, tmp_path: Path) -> None:
    model = {"provider": "langgenius/openai/openai", "name": "gpt-4o", "mode": "chat", "completion_params": {}}
    file = tmp_path / "a.yml"
    file.write_text(dsl([node("1", "start"), node("2", "llm", title="Ask", model=model)], [("1", "2")]))

    code, found = call("unknown", str(file))
    assert code == 1
    suggestion = f"{EMBEDDED_PROVIDER}:{EMBEDDED_MODEL}"
    assert found == [{"provider": "openai", "name": "gpt-4o", "nodes": ["Ask"], "suggestion": suggestion}]

    code, rows = call("alias", "langgenius/openai/openai:gpt-4o", f"embedded:{EMBEDDED_MODEL}")
    assert rows == [
        {"provider": "openai", "name": "gpt-4o", "to_provider": EMBEDDED_PROVIDER, "to_name": EMBEDDED_MODEL}
    ]
    assert call("unknown", str(file)) == (0, [])
    assert call("alias", "openai:gpt-4o", "--remove") == (0, [])
    assert call("alias", "openai:gpt-4o", "--remove", json_out=False)[0] == 2
    assert call("fallback", "on") == (0, {"fallback": True})
    assert call("unknown", str(file)) == (0, [])


@pytest.mark.parametrize(
    "words",
    [
        ["alias", "nonsense"],
        ["alias", "a:b"],
        ["alias", "a:b", "nobody:x"],
        ["default", "nobody:x"],
        ["add", "nobody"],
        ["add", "openai", "--key-env", "NOT_THERE"],
        ["add", "gguf", "--file", "/no/such/file.gguf"],
        ["test", "nobody"],
        ["remove", "nobody"],
        ["fallback", "perhaps"],
    ],
)
def test_mistakes_end_with_a_sentence(call: Any, words: list[str]) -> None:
    assert call(*words, json_out=False)[0] in (1, 2)


def test_lists_for_people(call: Any) -> None:
    assert EMBEDDED_MODEL in call("list", json_out=False)[1]
    assert "OpenRouter" in call("kinds", json_out=False)[1]
    assert any(k["id"] == "anthropic" and k["needs_key"] for k in call("kinds")[1])
