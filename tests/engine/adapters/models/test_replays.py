"""Every provider protocol against recorded exchanges: what is sent, how answers are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.ports.models import ContentPart, Message, ToolCall, ToolSpec
from tests.engine.adapters.models.exchanges import (
    CALLS,
    SAYS,
    anthropic_block,
    anthropic_end,
    anthropic_start,
    openai_chunk,
    openai_says,
    openai_usage,
)
from tests.engine.adapters.models.talk import SCHEMA, Answer, replay

ALL = sorted(SAYS)
WEATHER = ToolSpec(
    "weather",
    "Tells the weather.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@pytest.mark.parametrize("kind", ALL)
def test_an_answer_streams_and_is_counted(kind: str) -> None:
    said, server = replay(kind, SAYS[kind]("Good ", "day"), parameters={"temperature": 0.2, "nonsense": 1})

    assert [d.text for d in said.deltas if d.text] == ["Good ", "day"]
    assert (said.usage.prompt_tokens, said.usage.completion_tokens, said.usage.total_tokens) == (12, 4, 16)
    assert said.finish == "stop"
    assert said.usage.time_to_first_token is not None
    assert "nonsense" not in json.dumps(server.seen[0].body)
    assert "key-of-the-test" in json.dumps(server.seen[0].headers)


@pytest.mark.parametrize("kind", ALL)
def test_thoughts_are_folded_into_the_text(kind: str) -> None:
    said, _ = replay(kind, SAYS[kind]("Blue", thoughts=["Sky ", "is"]))

    assert said.text == "<think>\nSky is\n</think>\nBlue"


@pytest.mark.parametrize("kind", ALL)
def test_a_tool_is_offered_called_and_answered(kind: str) -> None:
    said, server = replay(kind, CALLS[kind]("weather", {"city": "Bern"}), tools=[WEATHER])

    (call,) = said.calls
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Bern"})
    assert said.finish == "tool_calls"
    offered = json.dumps(server.seen[0].body["tools"])
    assert '"weather"' in offered
    assert '"city"' in offered

    messages = [
        Message("user", "Weather?"),
        Message("assistant", "", (call,)),
        Message("tool", "Rain", tool_call_id=call.id, name="weather"),
    ]
    again, server = replay(kind, SAYS[kind]("It rains"), messages=messages, tools=[WEATHER])
    assert again.text == "It rains"
    sent = json.dumps(server.seen[0].body)
    assert "Rain" in sent
    assert "Bern" in sent


@pytest.mark.parametrize("kind", ALL)
def test_a_schema_is_asked_for_in_the_providers_own_way(kind: str) -> None:
    answer = {"mood": "glad", "sure": True}
    if kind == "anthropic":
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(answer)}]
        block = anthropic_block(0, {"type": "tool_use", "id": "t", "name": "give_answer", "input": {}}, *deltas)
        reply = Answer(events=[anthropic_start(), *block, *anthropic_end("tool_use")])
    else:
        reply = SAYS[kind](json.dumps(answer))

    said, server = replay(kind, reply, schema=SCHEMA, parameters={"thinking": {"type": "enabled"}})

    assert json.loads(said.text) == answer
    assert (said.calls, said.finish) == ((), "stop")
    body = server.seen[0].body
    if kind == "anthropic":
        assert body["tool_choice"] == {"type": "tool", "name": "give_answer"}
        assert body["tools"][0]["input_schema"] == SCHEMA
        assert "thinking" not in body
    elif kind == "gemini":
        assert body["generationConfig"]["responseMimeType"] == "application/json"
        assert body["generationConfig"]["responseJsonSchema"] == SCHEMA
    elif kind == "ollama":
        assert body["format"] == SCHEMA
    else:
        wanted = {"name": "llm_response", "schema": SCHEMA, "strict": True}
        assert body["response_format"] == {"type": "json_schema", "json_schema": wanted}


@pytest.mark.parametrize("kind", ALL)
def test_pictures_go_along(kind: str) -> None:
    picture = ContentPart("image", data="cGl4ZWxz", mime_type="image/png", filename="a.png", detail="low")
    message = Message("user", (ContentPart("text", "What is it?"), picture))

    _, server = replay(kind, SAYS[kind]("A cat"), messages=[message])

    sent = json.dumps(server.seen[0].body)
    assert "cGl4ZWxz" in sent
    assert "image/png" in sent or kind == "ollama", "only Ollama finds out itself what kind of picture it is"


# -- what is special to one --------------------------------------------------------------------------------------------


def test_openai_addresses_and_headers() -> None:
    _, server = replay("openai", openai_says("x"), base="/v1", headers={"X-Team": "blue"}, stop=["END"], user="u1")
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == "Bearer key-of-the-test"
    assert seen.headers["x-team"] == "blue"
    assert seen.body["stream_options"] == {"include_usage": True}
    assert (seen.body["stop"], seen.body["user"]) == (["END"], "u1")

    _, server = replay("openai_api_compatible", openai_says("x"), base="/any/chat/completions")
    assert server.seen[0].path == "/any/chat/completions"


def test_openai_reasoning_models_get_their_own_parameters() -> None:
    given = {"max_tokens": 50, "temperature": 0.3, "top_p": 0.5, "reasoning_effort": "low"}
    _, server = replay("openai", openai_says("x"), name="o4-mini", parameters=given)
    body = server.seen[0].body
    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (50, "low")
    assert not {"max_tokens", "temperature", "top_p"} & set(body)

    _, server = replay("openai", openai_says("x"), name="gpt-4o", parameters=given)
    assert {"max_tokens", "temperature", "top_p"} <= set(server.seen[0].body)


def test_a_schema_that_leaves_fields_open_is_not_called_strict() -> None:
    loose = {"type": "object", "properties": {"a": {"type": "string"}}, "required": []}
    _, server = replay("openai", openai_says('{"a": "b"}'), schema=loose)
    assert "strict" not in server.seen[0].body["response_format"]["json_schema"]


def test_openai_answers_that_come_in_one_piece() -> None:
    call = {"id": "c9", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
    whole = {
        "choices": [{"message": {"role": "assistant", "content": "Hi", "tool_calls": [call]}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    said, server = replay("openai", Answer(body=whole), stream=False)
    assert server.seen[0].body["stream"] is False
    assert (said.text, said.calls[0].id, said.usage.total_tokens) == ("Hi", "c9", 5)
    assert said.usage.time_to_first_token is None


def test_openai_servers_that_do_not_count() -> None:
    events = [openai_chunk({"content": "Some words"}), openai_chunk({}, "stop"), "[DONE]"]
    said, _ = replay("openai_api_compatible", Answer(events=events))
    assert said.usage.prompt_tokens > 0
    assert said.usage.completion_tokens > 0

    last = {**openai_usage(), "choices": None}
    said, _ = replay("openai", Answer(events=[openai_chunk({"content": "x"}, "stop"), last, "[DONE]"]))
    assert said.usage.total_tokens == 16


def test_azure_names_the_deployment_and_the_version() -> None:
    _, server = replay("azure_openai", openai_says("x"), name="my-deployment", options={"api_version": "2025-01-01"})
    (seen,) = server.seen
    assert seen.path == "/openai/deployments/my-deployment/chat/completions?api-version=2025-01-01"
    assert seen.headers["api-key"] == "key-of-the-test"
    assert "authorization" not in seen.headers

    _, server = replay("azure_openai", openai_says("x"), base="/openai/v1")
    assert server.seen[0].path == "/openai/v1/chat/completions"


def test_anthropic_headers_and_turns() -> None:
    messages = [
        Message("system", "One."),
        Message("user", "a"),
        Message("user", "b"),
        Message("assistant", "", (ToolCall("t1", "weather", '{"city": "Bern"}'),)),
        Message("tool", "Rain", tool_call_id="t1", name="weather"),
    ]
    given = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048, "seed": 1}
    _, server = replay("anthropic", SAYS["anthropic"]("x"), messages=messages, parameters=given, stop=["END", " "])
    (seen,) = server.seen
    assert seen.path == "/v1/messages"
    assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == ("key-of-the-test", "2023-06-01")
    body = seen.body
    assert (body["system"], body["max_tokens"], body["stop_sequences"]) == ("One.", 2048, ["END"])
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "t1", "content": "Rain"}]
    assert "seed" not in body
    assert "thinking" not in body, "thoughts that were not kept cannot go back beside a call"


def test_gemini_addresses_and_signatures() -> None:
    call = ToolCall("c", "weather", '{"city": "Bern"}', "c2lnbmVk")
    messages = [Message("user", "?"), Message("assistant", "", (call,)), Message("tool", "Rain", name="weather")]
    given = {"top_k": 5, "max_tokens": 9, "frequency_penalty": 0.1}
    _, server = replay("gemini", SAYS["gemini"]("x"), name="gemini-2.5-flash", messages=messages, parameters=given)
    (seen,) = server.seen
    assert seen.path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert seen.headers["x-goog-api-key"] == "key-of-the-test"
    assert seen.body["generationConfig"] == {"topK": 5, "maxOutputTokens": 9, "frequencyPenalty": 0.1}
    assert seen.body["contents"][1]["parts"][0]["thoughtSignature"] == "c2lnbmVk"

    said, _ = replay("gemini", CALLS["gemini"]("weather", {"city": "Bern"}))
    assert said.calls[0].signature == "c2lnbmVk"


@pytest.mark.parametrize("kind", ["lmstudio", "deepseek", "groq", "openrouter", "mistralai", "zhipuai"])
def test_everybody_who_speaks_openai(kind: str) -> None:
    said, server = replay(kind, openai_says("Hi"), base="/v1", parameters={"top_k": 3})
    assert said.text == "Hi"
    assert server.seen[0].path == "/v1/chat/completions"
    assert server.seen[0].body["top_k"] == 3


def test_lists_of_models() -> None:
    import asyncio

    from engine.adapters.models.registry import protocol
    from tests.engine.adapters.models.talk import ModelServer, provider

    def listed(kind: str, answer: Any, base: str = "") -> tuple[list[str], str]:
        with ModelServer(Answer(body=answer)) as server:
            config = provider(kind, server.url + base)
            names = asyncio.run(protocol(config).list_models(config))
            return names, server.seen[0].path

    assert listed("openai", {"data": [{"id": "b"}, {"id": "a"}]}, "/v1") == (["a", "b"], "/v1/models")
    assert listed("anthropic", {"data": [{"id": "claude"}]}) == (["claude"], "/v1/models?limit=1000")
    rows = [
        {"name": "models/gemini-pro", "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]},
    ]
    assert listed("gemini", {"models": rows}) == (["gemini-pro"], "/v1beta/models?pageSize=1000")
