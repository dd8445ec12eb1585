"""Which parameters the models of each provider take, and that the protocols send what is offered."""

from __future__ import annotations

import json

import pytest

from engine.adapters.models.catalog import KINDS, kind_of
from engine.adapters.models.rules import rules_for, texts
from tests.engine.adapters.models.exchanges import SAYS
from tests.engine.adapters.models.talk import replay

NAMES = ("m", "gpt-4o", "o4-mini", "gpt-5", "claude-sonnet-4", "gemini-2.5-pro", "qwen3-32b", "deepseek-reasoner")


def names_of(kind: str, name: str = "m") -> list[str]:
    return [str(rule["name"]) for rule in rules_for(kind_of(kind), name)]


@pytest.mark.parametrize("kind", [k.id for k in KINDS])
def test_every_rule_is_whole(kind: str) -> None:
    for name in NAMES:
        rules = rules_for(kind_of(kind), name)
        found = [r["name"] for r in rules]
        assert len(found) == len(set(found))
        assert "stop" in found
        for rule in rules:
            assert rule["label"] in texts()
            assert rule["type"] in ("float", "int", "boolean", "string", "list")
            if rule["type"] in ("float", "int"):
                assert rule["min"] <= rule["default"] <= rule["max"]
            if rule.get("options"):
                assert rule["default"] in rule["options"]


def test_what_only_some_take() -> None:
    assert "top_k" not in names_of("openai", "gpt-4o")
    assert "temperature" not in names_of("openai", "o4-mini")
    assert {"reasoning_effort", "verbosity"} <= set(names_of("openai", "gpt-5"))
    assert {"num_ctx", "keep_alive", "think"} <= set(names_of("ollama"))
    assert "enable_thinking" in names_of("siliconflow", "Qwen/Qwen3-32B")
    assert "enable_thinking" not in names_of("siliconflow", "internlm2_5-7b-chat")
    assert "thinking_budget" in names_of("anthropic")
    (claude,) = [r for r in rules_for(kind_of("anthropic"), "x") if r["name"] == "temperature"]
    assert claude["max"] == 1


def test_no_answer_is_longer_than_what_is_read() -> None:
    (longest,) = [r for r in rules_for(kind_of("gguf"), "x", 512) if r["name"] == "max_tokens"]
    assert (longest["max"], longest["default"]) == (512, 512)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini", "ollama", "deepseek"])
def test_what_is_offered_is_sent(kind: str) -> None:
    """Each parameter at another value than its default, alone: the body of the call differs by it."""
    says = SAYS.get(kind, SAYS["openai"])
    _, server = replay(kind, says("x"), name="m")
    plain = json.dumps(server.seen[0].body, sort_keys=True)
    for rule in rules_for(kind_of(kind), "m"):
        name, value = str(rule["name"]), rule["default"]
        if name == "stop":
            continue
        if rule["type"] in ("float", "int"):
            value = rule["max"]
        elif rule.get("options"):
            value = rule["options"][-1]
        given = {name: value, **({"thinking": True} if name == "thinking_budget" and kind == "anthropic" else {})}
        _, server = replay(kind, says("x"), name="m", parameters=given)
        assert json.dumps(server.seen[0].body, sort_keys=True) != plain, f"{name} is not sent to {kind}"


def test_thinking_as_files_say_it() -> None:
    _, server = replay("anthropic", SAYS["anthropic"]("x"), parameters={"thinking": True, "thinking_budget": 2048})
    body = server.seen[0].body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert body["max_tokens"] > 2048
    _, server = replay("anthropic", SAYS["anthropic"]("x"), parameters={"thinking": False, "temperature": 0.2})
    assert "thinking" not in server.seen[0].body
    assert server.seen[0].body["temperature"] == 0.2
