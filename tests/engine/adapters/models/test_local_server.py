"""A real llama.cpp server on the loopback with the model that comes with the program: the adapter, the OpenAI
protocol, and the nodes that ask models. The model is small, so the tests look at forms, never at knowledge."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from engine.adapters.models import embedded
from engine.adapters.models.catalog import EMBEDDED, EMBEDDED_MODEL, EMBEDDED_PROVIDER
from engine.adapters.models.registry import ModelRegistry
from engine.adapters.models.setup import ModelSetup, ProviderConfig
from engine.adapters.models.shelf import SHELF
from engine.clock import SeededIds, SystemClock
from engine.nodes.llm_structured import validate
from engine.ports.bundle import Ports
from engine.ports.models import ChatRequest, ContentPart, Message, ModelRef, ToolSpec
from engine.ports.outside import ToolParameter
from tests.engine.adapters.models.talk import SCHEMA, ask
from tests.helpers.models import FakeTools
from tests.helpers.nodes import Ran, Shelf, run_node

pytestmark = [
    pytest.mark.skipif(embedded.bundled_file() is None, reason="the embedded model is not installed"),
    pytest.mark.timeout(120),
]
LOCAL = ProviderConfig(EMBEDDED_PROVIDER, EMBEDDED, "Embedded model")
MODEL = {"provider": EMBEDDED_PROVIDER, "name": EMBEDDED_MODEL, "mode": "chat"}
MOOD = {**SCHEMA, "properties": {"mood": {"enum": ["glad", "sad"]}, "sure": {"type": "boolean"}}}
SHORT = {"max_tokens": 24, "temperature": 0, "seed": 1}


@pytest.fixture(scope="module")
def endpoint() -> ProviderConfig:
    """The same server as anybody's OpenAI-compatible endpoint."""
    file = embedded.bundled_file()
    assert file is not None
    loaded = SHELF.get(file, embedded.CONTEXT)
    return ProviderConfig("box", "openai_api_compatible", "Box", f"{loaded.base_url}/v1", loaded.key)


def ports(**more: Any) -> Ports:
    registry = ModelRegistry(ModelSetup((LOCAL,)))
    return Ports(clock=SystemClock(), ids=SeededIds(1), models=registry, **more)


def go(data: dict[str, Any], values: dict[str, Any] | None = None, **more: Any) -> Ran:
    parameters = {**SHORT, **data.pop("parameters", {})}
    return run_node({"model": {**MODEL, "completion_params": parameters}, **data}, values, ports=ports(**more))


def test_a_chat_streams_and_is_counted_exactly() -> None:
    said = ask(LOCAL, EMBEDDED_MODEL, Message("user", "Say hello."), parameters=SHORT)

    assert said.error is None
    assert len([d for d in said.deltas if d.text]) > 2, "the answer comes piece by piece"
    assert said.text.strip()
    assert 0 < said.usage.completion_tokens <= 24
    assert said.usage.prompt_tokens > 5
    assert said.usage.total_price == Decimal(0)


def test_the_limit_of_tokens_and_stop_words_are_kept(endpoint: ProviderConfig) -> None:
    question = Message("user", "Tell me a long story about a river and a mill.")
    cut = ask(endpoint, "any", question, parameters={**SHORT, "max_tokens": 6})
    assert (cut.finish, cut.usage.completion_tokens) == ("length", 6)

    schema = {"type": "object", "properties": {"a": {"const": "one two three"}}, "required": ["a"]}
    stopped = ask(endpoint, "any", Message("user", "Go"), stop=["two"], schema=schema, parameters=SHORT)
    assert stopped.finish == "stop"
    assert "one" in stopped.text
    assert "two" not in stopped.text


@pytest.mark.parametrize("where", ["embedded", "endpoint"])
def test_a_grammar_holds_the_model_to_a_schema(where: str, endpoint: ProviderConfig) -> None:
    config, name = (LOCAL, EMBEDDED_MODEL) if where == "embedded" else (endpoint, "any")
    message = Message("user", "I am so happy today! What is my mood?")

    said = ask(config, name, message, schema=MOOD, parameters={**SHORT, "max_tokens": 60})

    validate(json.loads(said.text), MOOD)


def test_a_wrong_key_and_a_too_long_text_are_told_apart(endpoint: ProviderConfig) -> None:
    from dataclasses import replace

    refused = ask(replace(endpoint, api_key="wrong"), "any")
    assert refused.failure == "InvokeAuthorizationError"

    long = ask(LOCAL, EMBEDDED_MODEL, Message("user", "word " * 12_000), parameters=SHORT)
    assert long.failure == "InvokeBadRequestError"
    assert long.error is not None
    assert "longer than the model can read" in long.error.hint


def test_pictures_are_refused_clearly() -> None:
    picture = ContentPart("image", data="cGl4ZWxz", mime_type="image/png", filename="a.png")
    said = ask(LOCAL, EMBEDDED_MODEL, Message("user", (ContentPart("text", "What is it?"), picture)))
    assert said.failure == "InvokeBadRequestError"
    assert said.error is not None
    assert "reads text only" in said.error.message

    shelf = Shelf()
    image = shelf.put("cat.png", b"1", mime_type="image/png")
    vision = {"enabled": True, "configs": {"variable_selector": ["s", "img"], "detail": "high"}}
    prompt = [{"role": "user", "text": "What is it?"}]
    ran = go({"type": "llm", "prompt_template": prompt, "vision": vision}, {"s.img": image}, files=shelf.store)
    assert ran.status == "succeeded", ran.error
    assert ran.process_data["warnings"][0] == f"{EMBEDDED_MODEL} does not take image files: cat.png was left out."


def test_exact_counts_once_it_is_loaded(endpoint: ProviderConfig) -> None:
    registry = ModelRegistry(ModelSetup((LOCAL,)))
    ref = ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL)
    one = registry.count_tokens(ref, [Message("user", "hello")])
    two = registry.count_tokens(ref, [Message("user", "hello hello")])
    assert two - one == 1
    assert endpoint.base_url.startswith("http://127.0.0.1:")


# -- the nodes ---------------------------------------------------------------------------------------------------------


def test_an_llm_node_streams() -> None:
    ran = go(
        {"type": "llm", "prompt_template": [{"role": "user", "text": "Say hello to {{#s.name#}}."}]}, {"s.name": "Ada"}
    )

    assert ran.status == "succeeded", ran.error
    chunks = [c for c in ran.sent("NodeRunStreamChunk") if c["selector"] == ["node", "text"]]
    assert len(chunks) > 2
    assert "".join(c["chunk"] for c in chunks) == ran.outputs["text"]
    assert ran.outputs["usage"]["total_tokens"] > 0


def test_an_llm_node_gives_an_object() -> None:
    data = {
        "type": "llm",
        "prompt_template": [{"role": "user", "text": "Mood of: I love it"}],
        "structured_output_enabled": True,
        "structured_output": {"schema": MOOD},
        "parameters": {"max_tokens": 60},
    }
    ran = go(data)
    assert ran.status == "succeeded", ran.error
    assert set(ran.outputs["structured_output"]) == {"mood", "sure"}
    assert "structured_output_repaired" not in ran.process_data


def test_a_classifier_always_chooses_a_class() -> None:
    classes = [{"id": "sport", "name": "Sports"}, {"id": "food", "name": "Food and cooking"}]
    data = {"type": "question-classifier", "query_variable_selector": ["s", "q"], "classes": classes}
    ran = go({**data, "parameters": {"max_tokens": 48}}, {"s.q": "Which pan is best for pancakes?"})
    assert ran.status == "succeeded", ran.error
    assert ran.handle in ("sport", "food")
    assert ran.outputs["class_id"] == ran.handle


@pytest.mark.parametrize("mode", ["prompt", "function_call"])
def test_an_extractor_finds_values_of_the_right_kind(mode: str) -> None:
    parameters = [
        {"name": "city", "type": "string", "description": "The city", "required": True},
        {"name": "days", "type": "number", "description": "How many days", "required": True},
    ]
    data = {"type": "parameter-extractor", "query": ["s", "q"], "parameters": parameters, "reasoning_mode": mode}
    ran = run_node(
        {**data, "model": {**MODEL, "completion_params": {**SHORT, "max_tokens": 60}}},
        {"s.q": "I will stay in Bern for 3 days."},
        ports=ports(),
    )
    assert ran.status == "succeeded", ran.error
    if ran.outputs["__is_success"]:
        assert isinstance(ran.outputs["city"], str)
        assert isinstance(ran.outputs["days"], int | float)
    assert ran.outputs["__usage"]["total_tokens"] > 0


def test_a_function_is_called_by_its_schema() -> None:
    tool = ToolSpec(
        "get_weather",
        "Tells the weather of a city.",
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    said = ask(
        LOCAL,
        EMBEDDED_MODEL,
        Message("user", "Call get_weather for Paris."),
        tools=[tool],
        parameters={**SHORT, "max_tokens": 60},
    )
    assert said.error is None
    (call,) = said.calls
    assert call.name == "get_weather"
    assert isinstance(json.loads(call.arguments)["city"], str)
    assert said.finish == "tool_calls"


def test_a_call_that_is_cut_off_is_not_made() -> None:
    text = {"type": "object", "properties": {"text": {"type": "string", "minLength": 200}}, "required": ["text"]}
    said = ask(
        LOCAL,
        EMBEDDED_MODEL,
        Message("user", "Write a story with save."),
        tools=[ToolSpec("save", "Saves a text.", text)],
        parameters={**SHORT, "max_tokens": 30},
    )
    if said.calls or not said.error:  # the model chose to answer, which it was free to do
        assert said.text
        assert not said.text.startswith("{")
        assert said.finish == "length"
    else:
        assert said.failure == "InvokeError"
        assert "cut off at its limit of tokens before the call" in said.error.message


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"answer": "It is lo', "It is lo"), ('{"answer": "a \\"b\\" c\\', 'a "b" c'), ('{ "answer":"a\\nb', "a\nb")],
)
def test_words_that_are_cut_off_are_words(text: str, said: str) -> None:
    words, end = embedded._tool_answer(text, "length")
    assert (words.text, end.finish) == (said, "length")


def test_an_answer_beside_tools_is_never_empty() -> None:
    request = embedded._tool_request(ChatRequest(ModelRef("p", "m"), [], tools=[ToolSpec("t", "", {})]))
    assert request.schema is not None
    assert request.schema["anyOf"][-1]["properties"]["answer"]["minLength"] == 1


@pytest.mark.parametrize("strategy", ["function_calling", "ReAct"])
def test_an_agent_calls_a_tool_and_answers(strategy: str) -> None:
    tools = FakeTools().add(
        "get_weather", lambda **_: "Rain, 7 degrees", ToolParameter("city", "string", required=True)
    )
    given = {
        "model": {
            "provider": EMBEDDED_PROVIDER,
            "model": EMBEDDED_MODEL,
            "mode": "chat",
            "completion_params": {**SHORT, "max_tokens": 60},
        },
        "tools": [
            {"enabled": True, "type": "builtin", "provider_name": "p", "tool_name": "get_weather", "parameters": {}}
        ],
        "instruction": "Use get_weather.",
        "query": "Call get_weather for Paris.",
        "maximum_iterations": 2,
    }
    data = {
        "type": "agent",
        "agent_strategy_provider_name": "langgenius/agent/agent",
        "agent_strategy_name": strategy,
        "agent_strategy_label": strategy,
        "agent_parameters": {k: {"type": "constant", "value": v} for k, v in given.items()},
    }
    ran = run_node(data, {}, ports=ports(tools=tools))

    assert ran.status == "succeeded", ran.error
    assert [name for name, _, _ in tools.calls] == ["get_weather"]
    assert "city" in tools.calls[0][1]
    assert ran.outputs["usage"]["total_tokens"] > 0


def test_closing_the_stream_stops_the_model() -> None:
    import time

    from engine.ports.models import ChatRequest

    async def work() -> float:
        registry = ModelRegistry(ModelSetup((LOCAL,)))
        ref = ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL)
        stream = registry.stream(ChatRequest(ref, [Message("user", "Tell a very long story.")], {"max_tokens": 2000}))
        async for delta in stream:
            assert delta.text
            break
        began = time.monotonic()
        await stream.aclose()
        return time.monotonic() - began

    assert asyncio.run(work()) < 2
