"""Ollama's own protocol: what only it has."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.models import ollama
from engine.ports.models import ContentPart, Message, ToolCall, ToolSpec
from tests.engine.adapters.models.exchanges import ollama_end, ollama_error, ollama_line, ollama_says
from tests.engine.adapters.models.talk import SCHEMA, Answer, ModelServer, ModelSettings, ask, provider, replay

WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def sent(*messages: Message, **more: Any) -> dict[str, Any]:
    """The body of a call."""
    _, server = replay("ollama", ollama_says("x"), messages=messages, **more)
    assert isinstance(server.seen[0].body, dict)
    return server.seen[0].body


@pytest.mark.parametrize("base", ["", "/", "/v1", "/api", "/api/chat"])
def test_every_way_to_write_its_address(base: str) -> None:
    said, server = replay("ollama", ollama_says("Hi"), base=base)
    assert said.text == "Hi"
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/api/chat")


def test_parameters_become_options() -> None:
    given = {
        "max_tokens": 50,
        "temperature": 0.3,
        "top_k": 5,
        "num_gpu": 1,
        "keep_alive": "10m",
        "presence_penalty": None,
        "logit_bias": {"1": 2},
    }
    body = sent(parameters=given, stop=["END"])
    assert body["options"] == {"num_predict": 50, "temperature": 0.3, "top_k": 5, "num_gpu": 1, "stop": ["END"]}
    assert body["keep_alive"] == "10m"
    assert body["stream"] is True
    assert not {"format", "think", "tools", "logit_bias"} & set(body)

    assert sent(parameters={"keep_alive": "-1"})["keep_alive"] == -1
    assert sent(options={"keep_alive": "30"})["keep_alive"] == 30, "the provider's own word, where the node has none"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"think": True}, True),
        ({"enable_thinking": False}, False),
        ({"enable_thinking": "true"}, True),
        ({"reasoning_effort": "high"}, "high"),
        ({"reasoning_effort": "none"}, False),
        ({}, None),
    ],
)
def test_thinking_by_any_of_its_names(given: dict[str, Any], wanted: Any) -> None:
    assert sent(parameters=given).get("think") == wanted


def test_json_without_and_with_a_schema() -> None:
    assert sent(parameters={"format": "json"})["format"] == "json"
    assert sent(parameters={"response_format": "json_object"})["format"] == "json"
    assert "format" not in sent(parameters={"response_format": "text"})
    named = json.dumps({"name": "x", "schema": SCHEMA})
    assert sent(parameters={"response_format": "json_schema", "json_schema": named})["format"] == SCHEMA
    assert sent(parameters={"format": "json"}, schema=SCHEMA)["format"] == SCHEMA, "the node's schema says more"

    said, _ = replay("ollama", ollama_says("x"), parameters={"response_format": "json_schema", "json_schema": "{"})
    assert said.failure == "InvokeBadRequestError"


def test_a_long_prompt_gets_a_context_that_holds_it() -> None:
    """Its own default is 4096 tokens, and it cuts what is longer without a word."""
    short, long = Message("user", "Hello"), Message("user", "word " * 8000)
    assert "num_ctx" not in sent(short)["options"]
    assert sent(long)["options"]["num_ctx"] == 16384
    assert sent(long, parameters={"num_predict": 9000})["options"]["num_ctx"] == 32768
    assert sent(long, parameters={"num_ctx": 2048})["options"]["num_ctx"] == 2048
    assert sent(short, options={"num_ctx": "8192"})["options"]["num_ctx"] == 8192
    small = (ModelSettings("m", context_size=8192),)
    assert sent(long, models=small)["options"]["num_ctx"] == 8192, "no more than the model can read"


def test_calls_and_results_of_tools() -> None:
    call = ToolCall("c7", "weather", '{"city": "Bern"}')
    result = Message("tool", "Rain", tool_call_id="c7", name="weather")
    body = sent(Message("user", "?"), Message("assistant", "", (call,)), result, tools=[WEATHER])
    assert body["tools"][0]["function"]["name"] == "weather"
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c7", "function": {"name": "weather", "arguments": {"city": "Bern"}}}],
        },
        {"role": "tool", "content": "Rain", "tool_name": "weather", "tool_call_id": "c7"},
    ]

    asked = [{"function": {"name": "weather", "arguments": {"city": c}}} for c in ("Bern", "Rom")]
    lines = [ollama_line(tool_calls=asked[:1]), ollama_line(tool_calls=asked[1:]), ollama_end()]
    said, _ = replay("ollama", Answer(lines=lines), tools=[WEATHER])
    assert [json.loads(c.arguments)["city"] for c in said.calls] == ["Bern", "Rom"]
    assert len({c.id for c in said.calls}) == 2
    assert said.finish == "tool_calls"


def test_pictures_stand_beside_the_text() -> None:
    picture = ContentPart("image", data="cGl4ZWxz", mime_type="image/png")
    body = sent(Message("user", (ContentPart("text", "What?"), picture)))
    assert body["messages"] == [{"role": "user", "content": "What?", "images": ["cGl4ZWxz"]}]

    for part in (ContentPart("image", url="http://x/a.png"), ContentPart("document", data="eA==")):
        said, server = replay("ollama", ollama_says("x"), messages=[Message("user", (part,))])
        assert said.failure == "InvokeBadRequestError"
        assert said.error is not None
        assert said.error.hint
        assert server.seen == [], "nothing is sent without what was asked about"


def test_an_answer_in_one_piece_and_a_text_model() -> None:
    whole = {**ollama_end(), "message": {"role": "assistant", "content": "Hi", "thinking": "so"}}
    said, server = replay("ollama", Answer(body=whole), stream=False)
    assert server.seen[0].body["stream"] is False
    assert (said.text, said.usage.total_tokens) == ("<think>\nso\n</think>\nHi", 16)

    lines = [{"model": "m", "response": "Once", "done": False}, {"model": "m", "response": "", "done": True}]
    said, server = replay(
        "ollama", Answer(lines=lines), models=(ModelSettings("m", mode="completion"),), messages=[Message("user", "A")]
    )
    assert said.text == "Once"
    assert (server.seen[0].path, server.seen[0].body["prompt"]) == ("/api/generate", "A")
    assert said.usage.prompt_tokens > 0, "counted here when the server did not"


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (404, "model 'm' not found", "ollama pull m"),
        (400, "registry.ollama.ai/library/m does not support tools", "call tools"),
        (400, '"m" does not support thinking', "thinking"),
        (500, "model requires more system memory (9.5 GiB) than is available (4.2 GiB)", "too large"),
    ],
)
def test_refusals_say_what_to_do(status: int, words: str, hint: str) -> None:
    said, _ = replay("ollama", ollama_error(status, words), retries=0)
    assert said.error is not None
    assert words in said.error.message
    assert hint in said.error.hint


def test_an_error_in_the_middle_keeps_what_was_said() -> None:
    lines = [ollama_line(content="Half"), {"error": "an error was encountered while running the model: CUDA error"}]
    said, _ = replay("ollama", Answer(lines=lines))
    assert (said.text, said.failure) == ("Half", "InvokeServerUnavailableError")
    assert said.usage.total_tokens > 0


def test_what_the_server_tells_of_its_models() -> None:
    tags = {
        "models": [
            {"name": "qwen3:8b", "details": {"families": ["qwen3"]}},
            {"name": "nomic-embed-text:latest", "details": {"families": ["nomic-bert"]}},
            {"name": "llava:7b", "details": {"families": ["llama", "clip"]}},
            {"name": "old:latest"},
            {"name": "embeddinggemma:latest", "details": {"families": ["gemma3"]}},
        ]
    }
    shown = {
        "embeddinggemma:latest": {"capabilities": ["embedding"], "model_info": {}},
        "llava:7b": {"capabilities": ["completion", "vision"], "model_info": {"llama.context_length": 32768}},
        "qwen3:8b": {
            "capabilities": ["completion", "tools", "thinking"],
            "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
        },
    }
    answers = [Answer(body=tags), *(Answer(body=shown[n]) for n in sorted(shown)[:2])]
    answers += [Answer(404, {"error": "gone"}), Answer(body=shown["qwen3:8b"])]
    with ModelServer(*answers) as server:
        told = asyncio.run(ollama.describe_models(provider("ollama", server.url)))
        assert [s.body for s in server.seen[1:]] == [
            {"model": n} for n in ("embeddinggemma:latest", "llava:7b", "old:latest", "qwen3:8b")
        ]

    known = {m.name: (m.features, m.context_size) for m in told}
    assert known == {
        "llava:7b": (frozenset({"structured-output", "vision"}), 32768),
        "old:latest": (None, None),
        "qwen3:8b": (
            frozenset({"structured-output", "agent-thought", *ollama.CAPABILITIES["tools"]}),
            40960,
        ),
    }

    config = replace(provider("ollama", server.url), facts=tuple(told))
    from engine.adapters.models.registry import ModelRegistry
    from engine.adapters.models.setup import ModelSetup
    from engine.ports.models import ModelRef

    info = ModelRegistry(ModelSetup((config,))).resolve(ModelRef("ollama", "llava:7b"))
    assert info.features == {"structured-output", "vision"}
    assert info.context_size == 32768


def test_a_key_goes_along_only_where_there_is_one() -> None:
    _, server = replay("ollama", ollama_says("x"))
    assert server.seen[0].headers["authorization"] == "Bearer key-of-the-test"
    with ModelServer(ollama_says("x")) as server:
        ask(provider("ollama", server.url, api_key=""))
        assert "authorization" not in server.seen[0].headers
