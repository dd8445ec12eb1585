"""The llm node by the statements of nodes-ai section 19."""

from __future__ import annotations

import asyncio
import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from engine.adapters.models.prices import priced_usage
from engine.adapters.models.setup import ModelSettings
from engine.dsl.read import read
from engine.dsl.write import write
from engine.nodes.llm_call import Answer
from engine.nodes.llm_config import AiProblem
from engine.nodes.llm_polling import PollState, poll
from engine.ports.memory import StoredTurn
from engine.ports.models import ChatDelta, ChatRequest, ContentPart, ModelError, ModelRef
from engine.run.fold import RunState
from engine.run.variables.segments import SecretSegment
from tests.helpers.model import dsl, node
from tests.helpers.models import MODEL, USAGE, FakeMemory, ScriptedModel
from tests.helpers.nodes import Ran, Shelf, run_node
from tests.helpers.run import begin, build, finish, until
from tests.helpers.run import end as end_of
from tests.helpers.run import run as run_graph

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "number"}},
    "required": ["a"],
    "additionalProperties": False,
}


def llm(*messages: Any, **data: Any) -> dict[str, Any]:
    template = [{"role": "user", "text": m} if isinstance(m, str) else m for m in messages]
    return {"type": "llm", "model": MODEL, "prompt_template": template, **data}


def go(model: ScriptedModel, data: dict[str, Any], values: Any = None, **more: Any) -> Ran:
    memory = {"memory": more.pop("memory")} if "memory" in more else {}
    files = {"files": more.pop("files")} if "files" in more else {}
    return run_node(data, values, ports=model.ports(**memory, **files), **more)


def texts(model: ScriptedModel) -> list[tuple[str, str]]:
    return [(m.role, m.text) for m in model.messages]


# -- prompt ------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.21")
def test_a_reference_that_is_not_there_fails() -> None:
    ran = go(ScriptedModel(), llm("Hi {{#s.name#}}"))
    assert ran.failure == "VariableNotFoundError"
    assert ran.error == "Variable #s.name# not found"


@pytest.mark.spec("ai.22")
def test_a_null_is_empty() -> None:
    model = ScriptedModel()
    ran = go(model, llm("Hi {{#s.name#}}!"), {"s.name": None})
    assert texts(model) == [("user", "Hi !")]
    assert ran.inputs["#s.name#"] == ""


@pytest.mark.spec("ai.23")
@pytest.mark.parametrize("edition", ["basic", "jinja2"])
def test_context_is_filled_in_and_never_rendered(edition: str) -> None:
    model = ScriptedModel()
    text = "Use: {{#context#}}"
    message = {"role": "user", "edition_type": edition, "text": text, "jinja2_text": text}
    data = llm(message, context={"enabled": True, "variable_selector": ["k", "doc"]})
    values = {"k.doc": "{{#env.K#}} {{ 7*7 }} {{#context#}}", "env.K": SecretSegment("hush-hush-hush")}
    ran = go(model, data, values)
    assert ran.status == "succeeded", ran.error
    assert texts(model) == [("user", "Use: {{#env.K#}} {{ 7*7 }} {{#context#}}")]


@pytest.mark.spec("ai.24")
def test_context_of_mappings() -> None:
    model = ScriptedModel()
    data = llm("{{#context#}}", context={"enabled": True, "variable_selector": ["k", "docs"]})
    ran = go(model, data, {"k.docs": [{"content": "one"}, {"content": "two"}, {"content": "three"}]})
    assert texts(model) == [("user", "one\ntwo\nthree")]
    assert ran.inputs["#context#"] == "one\ntwo\nthree"
    ran = go(model, data, {"k.docs": [{"content": "one"}, {"title": "two"}]})
    assert ran.failure == "InvalidContextStructureError"
    assert ran.error.startswith("Invalid context structure: ")


@pytest.mark.spec("ai.25")
def test_context_tells_its_resources() -> None:
    data = llm("{{#context#}}", context={"enabled": True, "variable_selector": ["k", "docs"]})
    item = {"content": "x", "title": "t", "metadata": {"_source": "knowledge", "segment_hit_count": 4, "score": 0.5}}
    ran = go(ScriptedModel(), data, {"k.docs": [item]})
    (event,) = ran.sent("NodeRunRetrieverResource")
    (resource,) = event["retriever_resources"]
    assert (resource["hit_count"], resource["score"], resource["content"]) == (4, 0.5, "x")
    ran = go(ScriptedModel(), data, {"k.docs": "just text"})
    (event,) = ran.sent("NodeRunRetrieverResource")
    assert event["retriever_resources"] == []


@pytest.mark.spec("ai.26")
def test_summary_precedes_content() -> None:
    model = ScriptedModel()
    data = llm("{{#context#}}", context={"enabled": True, "variable_selector": ["k", "docs"]})
    go(model, data, {"k.docs": [{"content": "body", "summary": "short"}]})
    assert texts(model) == [("user", "short\nbody")]


@pytest.mark.spec("ai.27")
def test_a_file_in_a_message_becomes_a_second_message() -> None:
    model, shelf = ScriptedModel(), Shelf()
    image = shelf.put("a.png", b"pixels", mime_type="image/png")
    go(model, llm("look {{#s.img#}} ok"), {"s.img": image}, files=shelf.store)
    assert texts(model) == [("user", "look  ok"), ("user", "")]
    content = model.messages[1].content
    assert isinstance(content, tuple)
    (part,) = content
    assert (part.kind, part.data, part.mime_type) == ("image", base64.b64encode(b"pixels").decode(), "image/png")
    go(model, llm("{{#s.img#}}"), {"s.img": image}, files=shelf.store)
    assert len(model.messages) == 1
    assert not isinstance(model.messages[0].content, str)


@pytest.mark.spec("ai.28")
def test_vision_files_stand_before_the_text() -> None:
    model, shelf = ScriptedModel(), Shelf()
    image = shelf.put("a.png", b"1", mime_type="image/png")
    data = llm(
        "describe", vision={"enabled": True, "configs": {"variable_selector": ["sys", "files"], "detail": "low"}}
    )
    ran = go(model, data, {"sys.files": [image]}, files=shelf.store)
    (message,) = model.messages
    assert isinstance(message.content, tuple)
    assert (message.content[0].kind, message.content[0].detail) == ("image", "low")
    assert message.text == "describe"
    assert ran.inputs["#files#"][0]["filename"] == "a.png"
    data = llm("a", {"role": "assistant", "text": "b"}, vision={"enabled": True})
    go(model, data, {"sys.files": [image]}, files=shelf.store)
    assert [m.role for m in model.messages] == ["user", "assistant", "user"]
    assert model.messages[2].text == ""


@pytest.mark.spec("ai.29")
def test_a_model_without_vision_gets_plain_text() -> None:
    model, shelf = ScriptedModel(features=frozenset({"tool-call"})), Shelf()
    image = shelf.put("a.png", b"1", mime_type="image/png")
    go(model, llm("describe", vision={"enabled": True}), {"sys.files": [image]}, files=shelf.store)
    assert [m.content for m in model.messages] == ["describe"]


@pytest.mark.spec("ai.30")
def test_vision_without_a_selector() -> None:
    shelf = Shelf()
    image = shelf.put("a.png", b"1", mime_type="image/png")
    for configs, sent in (({"variable_selector": []}, 0), (None, 1), ({"detail": "high"}, 1)):
        model = ScriptedModel()
        data = llm("x", vision={"enabled": True, "configs": configs})
        go(model, data, {"sys.files": [image]}, files=shelf.store)
        content = model.messages[0].content
        assert (0 if isinstance(content, str) else len(content) - 1) == sent
    ran = go(ScriptedModel(), llm("x", vision={"enabled": True}), {"sys.files": "not a file"})
    assert ran.failure == "InvalidVariableTypeError"


@pytest.mark.spec("ai.31")
def test_nothing_to_say_is_a_failure() -> None:
    ran = go(ScriptedModel(), llm("", {"role": "system", "text": ""}))
    assert ran.failure == "NoPromptFoundError"
    assert ran.error.startswith("No prompt found in the LLM configuration.")


@pytest.mark.spec("ai.32")
def test_jinja_messages_get_native_values() -> None:
    model = ScriptedModel()
    message = {"role": "user", "edition_type": "jinja2", "jinja2_text": "{% for i in items %}[{{ i.n }}]{% endfor %}"}
    config = {"jinja2_variables": [{"variable": "items", "value_selector": ["s", "list"]}]}
    ran = go(model, llm(message, prompt_config=config), {"s.list": [{"n": 1}, {"n": 2}]})
    assert texts(model) == [("user", "[1][2]")], ran.error
    assert ran.inputs["items"] == '{"n": 1}\n{"n": 2}'
    ran = go(model, llm(message, prompt_config=config))
    assert (ran.failure, ran.error) == ("VariableNotFoundError", "Variable items not found")


def test_a_broken_jinja_message_fails() -> None:
    ran = go(ScriptedModel(), llm({"role": "user", "edition_type": "jinja2", "jinja2_text": "{% for %}"}))
    assert ran.failure == "TemplateRenderError"


@pytest.mark.spec("ai.33")
def test_parameters_with_references() -> None:
    model = ScriptedModel()
    data = llm("x") | {"model": {**MODEL, "completion_params": {"temperature": "{{#a.t#}}", "note": "{{#a.l#}}"}}}
    go(model, data, {"a.t": "0.3", "a.l": "y" * 2000})
    assert model.requests[0].parameters == {"temperature": 0.3, "note": "y" * 1024}


@pytest.mark.spec("ai.34")
def test_stop_words_are_no_parameter() -> None:
    model = ScriptedModel()
    go(model, llm("x") | {"model": {**MODEL, "completion_params": {"stop": ["###"], "top_p": 1}}})
    assert list(model.requests[0].stop) == ["###"]
    assert model.requests[0].parameters == {"top_p": 1}


@pytest.mark.spec("ai.35")
def test_nulls_load() -> None:
    data = llm("x", prompt_config=None, vision={"enabled": True, "configs": None}, memory=None)
    assert go(ScriptedModel(), data).status == "succeeded"


@pytest.mark.spec("ai.36")
@pytest.mark.parametrize("key", ["structured_output_enabled", "structured_output_switch_on"])
def test_both_names_of_the_switch(key: str) -> None:
    model = ScriptedModel('{"a": 1}', features=frozenset({"structured-output"}))
    ran = go(model, llm("x", structured_output={"schema": SCHEMA}, **{key: True}))
    assert ran.outputs["structured_output"] == {"a": 1}
    off = llm("x", structured_output={"schema": SCHEMA}, structured_output_enabled=True)
    off["structured_output_switch_on"] = False
    assert "structured_output" not in go(ScriptedModel(), off).outputs


@pytest.mark.spec("ai.36")
@pytest.mark.parametrize(
    ("switches", "on"),
    [
        ({"structured_output_switch_on": True}, True),
        ({"structured_output_switch_on": False, "structured_output_enabled": True}, False),
        ({"structured_output_switch_on": None, "structured_output_enabled": True}, True),
        ({"structured_output_enabled": True}, True),
    ],
)
def test_the_switch_leaves_under_the_name_that_files_have(switches: dict[str, Any], on: bool) -> None:
    data = {k: v for k, v in llm("x", structured_output={"schema": SCHEMA}, **switches).items() if k != "type"}
    result = read(dsl([node("1", "start"), node("m", "llm", **data)], [("1", "m")]))
    assert result.workflow is not None
    kept = result.workflow.graph.nodes["m"].data
    assert kept["structured_output_enabled"] is on
    assert "structured_output_switch_on" not in write(result.workflow)
    again = read(write(result.workflow))
    assert again.workflow is not None
    assert again.workflow.graph.nodes["m"].data == kept


# -- memory ------------------------------------------------------------------------------------------------------------

CHAT = {"conversation_id": "c", "mode": "advanced-chat"}


def with_memory(size: int | None = None, **more: Any) -> dict[str, Any]:
    window = {"enabled": size is not None, "size": size or 10}
    return llm({"role": "system", "text": "S"}, memory={"window": window, **more})


@pytest.mark.spec("ai.37")
def test_the_window_counts_the_open_turn() -> None:
    memory = FakeMemory(("q1", "a1"), ("q2", "a2"), ("q3", "a3"), ("q4", "a4"), ("now", ""))
    model = ScriptedModel()
    go(model, with_memory(3), {"sys.query": "now"}, memory=memory, facts=CHAT)
    assert [t for _, t in texts(model)] == ["S", "q3", "a3", "q4", "a4", "now"]
    go(model, with_memory(), {"sys.query": "now"}, memory=memory, facts=CHAT)
    everything = [word for n in range(1, 5) for word in (f"q{n}", f"a{n}")]
    assert [t for _, t in texts(model)] == ["S", *everything, "now"]


@pytest.mark.spec("ai.37")
def test_not_more_than_five_hundred_rows_are_read() -> None:
    memory = FakeMemory(*[(f"q{n}", f"a{n}") for n in range(600)], ("now", ""))
    model = ScriptedModel()
    go(model, with_memory(), {"sys.query": "now"}, memory=memory, facts=CHAT)
    said = [t for _, t in texts(model)]
    assert (said[1], len(said)) == ("q101", 1 + 2 * 499 + 1), "the open turn is one of the 500"


@pytest.mark.spec("ai.38")
def test_only_the_thread_of_the_current_message() -> None:
    memory = FakeMemory(
        StoredTurn("1", "first", "answer"),
        StoredTurn("2", "second", "old answer", "1"),
        StoredTurn("3", "second", "new answer", "1"),
        StoredTurn("4", "now", "", "3"),
    )
    model = ScriptedModel()
    go(model, with_memory(), {"sys.query": "now"}, memory=memory, facts=CHAT)
    assert [t for _, t in texts(model)] == ["S", "first", "answer", "second", "new answer", "now"]


@pytest.mark.spec("ai.39")
def test_history_that_is_too_long_loses_its_oldest() -> None:
    memory = FakeMemory(("a b c", "d e f"), ("g h i", "j k l"), ("now", ""))
    model = ScriptedModel(context_size=7)
    go(model, with_memory(), {"sys.query": "now"}, memory=memory, facts=CHAT)
    assert [t for _, t in texts(model)] == ["S", "g h i", "j k l", "now"]
    model = ScriptedModel(context_size=1)
    go(model, with_memory(), {"sys.query": "now"}, memory=memory, facts=CHAT)
    assert [t for _, t in texts(model)] == ["S", "j k l", "now"]


@pytest.mark.spec("ai.40")
def test_the_question_with_and_without_a_template() -> None:
    model, shelf = ScriptedModel(), Shelf()
    go(model, with_memory(), {"sys.query": "{{#env.K#}}", "env.K": "secret"})
    assert model.messages[-1].text == "{{#env.K#}}"
    image = shelf.put("a.png", b"1", mime_type="image/png")
    data = with_memory(query_prompt_template="Q: {{#sys.query#}}\n\n{{#sys.files#}}")
    data["vision"] = {"enabled": True}
    go(model, data, {"sys.query": "hello", "sys.files": [image]}, files=shelf.store)
    assert ("user", "Q: hello\n\n") in texts(model)
    parts = [p for m in model.messages if not isinstance(m.content, str) for p in m.content if p.kind == "image"]
    assert len(parts) == 1


@pytest.mark.spec("ai.41")
def test_completion_prompts_need_role_prefixes() -> None:
    data = {**llm(), "prompt_template": {"text": "x"}, "memory": {"window": {"enabled": False}}}
    ran = go(ScriptedModel(), data, {"sys.query": "q"})
    assert ran.failure == "MemoryRolePrefixRequiredError"
    assert ran.error == "Memory role prefix is required for completion model."


@pytest.mark.spec("ai.42")
def test_histories_are_placed_without_leftovers() -> None:
    memory = FakeMemory(("q1", "a1"), ("now", ""))
    prefix = {"role_prefix": {"user": "U", "assistant": "A"}, "window": {"enabled": False}}
    for mark in ("{{#histories#}}", "#histories#"):
        model = ScriptedModel()
        data = {**llm(), "prompt_template": {"text": f"<{mark}>"}, "memory": prefix}
        go(model, data, {"sys.query": "now"}, memory=memory, facts=CHAT)
        assert texts(model) == [("user", "now<U: q1\nA: a1>")]
    model = ScriptedModel()
    data = {**llm(), "prompt_template": {"text": "P"}, "memory": prefix}
    go(model, data, {"sys.query": "now"}, memory=memory, facts=CHAT)
    assert texts(model) == [("user", "nowU: q1\nA: a1\nP")]


# -- result ------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.43")
def test_outputs_of_a_plain_answer() -> None:
    ran = go(ScriptedModel(["Hel", "lo"]), llm("x"))
    assert set(ran.outputs) == {"text", "reasoning_content", "usage", "finish_reason"}
    assert (ran.outputs["text"], ran.outputs["finish_reason"]) == ("Hello", "stop")


@pytest.mark.spec("ai.44")
def test_usage_and_metadata() -> None:
    ran = go(ScriptedModel("x"), llm("x"))
    assert ran.outputs["usage"]["total_price"] == "0.0000223"
    assert ran.result.metadata == {
        "total_tokens": 15,
        "total_price": "0.0000223",
        "currency": "USD",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "latency": 0.5,
        "time_to_first_token": 0.1,
    }
    assert ran.result.usage == USAGE


@pytest.mark.spec("ai.44")
def test_prices_are_rounded_to_seven_places() -> None:
    cheap = ModelSettings("m", input_price=Decimal("0.123456"), output_price=Decimal("0.987654"))
    usage = priced_usage(3, 7, settings=cheap)
    assert usage.to_json()["prompt_price"] == "0.0000004"
    assert usage.to_json()["completion_price"] == "0.0000069"
    assert usage.to_json()["total_price"] == "0.0000073"
    ran = go(ScriptedModel([ChatDelta("x"), ChatDelta("", (), usage, "stop")]), llm("x"))
    assert ran.outputs["usage"]["total_price"] == ran.result.metadata["total_price"] == "0.0000073"


@pytest.mark.spec("ai.45")
def test_reasoning_tagged_and_separated() -> None:
    said = "<think>a</think>b"
    ran = go(ScriptedModel(said), llm("x"))
    assert (ran.outputs["text"], ran.outputs["reasoning_content"]) == (said, "")
    ran = go(ScriptedModel(said), llm("x", reasoning_format="separated"))
    assert (ran.outputs["text"], ran.outputs["reasoning_content"]) == ("b", "a")


def streamed(ran: Ran) -> list[tuple[str, str, bool]]:
    names = {"NodeRunStreamChunk": "text", "NodeRunReasoningChunk": "reasoning"}
    return [(names[n], f["chunk"], f["is_final"]) for n, f in ran.events if n in names]


@pytest.mark.spec("ai.46")
def test_tags_that_are_cut_anywhere() -> None:
    ran = go(ScriptedModel(["<thi", "nk>x</th", "ink>y"]), llm("x", reasoning_format="separated"))
    assert streamed(ran) == [
        ("reasoning", "x", False),
        ("text", "y", False),
        ("reasoning", "", True),
        ("text", "", True),
    ]


@pytest.mark.spec("ai.47")
def test_a_thought_that_does_not_end() -> None:
    ran = go(ScriptedModel("<think>x"), llm("x", reasoning_format="separated"))
    assert (ran.outputs["text"], ran.outputs["reasoning_content"]) == ("", "x")


@pytest.mark.spec("ai.48")
def test_the_last_chunk_is_empty_and_final() -> None:
    ran = go(ScriptedModel(["a", "b"]), llm("x"))
    assert streamed(ran) == [("text", "a", False), ("text", "b", False), ("text", "", True)]


@pytest.mark.spec("ai.49")
def test_an_image_of_the_model_becomes_a_file() -> None:
    part = ContentPart("image", data=base64.b64encode(b"pixels").decode(), mime_type="image/png")
    shelf = Shelf()
    ran = go(ScriptedModel([ChatDelta("Here: ", parts=(part,)), ChatDelta(usage=USAGE)]), llm("x"), files=shelf.store)
    (file,) = ran.outputs["files"]
    assert (file.type, file.transfer_method, file.size) == ("image", "tool_file", 6)
    assert ran.outputs["text"] == f"Here: ![](file:///files/{file.reference})"


@pytest.mark.spec("ai.50")
def test_prompts_are_recorded_with_short_media() -> None:
    model, shelf = ScriptedModel(), Shelf()
    image = shelf.put("a.png", b"0123456789" * 9, mime_type="image/png")
    ran = go(model, llm("describe", vision={"enabled": True}), {"sys.files": [image]}, files=shelf.store)
    (entry,) = ran.process_data["prompts"]
    assert (entry["role"], entry["text"]) == ("user", "describe")
    (shown,) = entry["files"]
    whole = base64.b64encode(b"0123456789" * 9).decode()
    assert shown["data"].startswith(whole[:10] + ".")
    assert shown["data"].endswith("." + whole[-10:])
    assert (shown["type"], shown["detail"]) == ("image", "high")


@pytest.mark.spec("ai.51")
def test_native_structured_output() -> None:
    native = frozenset({"structured-output"})
    model = ScriptedModel('{"a": 1}', features=native)
    ran = go(model, llm("x", structured_output={"schema": SCHEMA}, structured_output_enabled=True))
    assert model.requests[0].schema == SCHEMA
    assert texts(model) == [("user", "x")]
    assert ran.outputs["structured_output"] == {"a": 1}
    model = ScriptedModel('{"b": 1}', features=native)
    ran = go(model, llm("x", structured_output={"schema": SCHEMA}, structured_output_enabled=True))
    assert ran.failure == "LLMNodeError"
    assert "stage=result" in ran.error
    assert ran.result.usage == USAGE


@pytest.mark.spec("ai.52")
def test_structured_output_by_words_and_repair() -> None:
    model = ScriptedModel("Sure: {'a': 1,}", features=frozenset())
    data = llm({"role": "system", "text": "one"}, {"role": "system", "text": "two"}, "x")
    ran = go(model, data | {"structured_output": {"schema": SCHEMA}, "structured_output_enabled": True})
    assert ran.outputs["structured_output"] == {"a": 1}
    assert ran.process_data["structured_output_repaired"] is True
    first, second, _ = model.messages
    assert json.dumps(SCHEMA, indent=2) in first.text
    assert first.text.endswith("one")
    assert second.text == "two"
    assert model.requests[0].schema is None


def test_an_answer_without_an_object_fails() -> None:
    model = ScriptedModel("I would rather not.", features=frozenset())
    ran = go(model, llm("x", structured_output={"schema": SCHEMA}, structured_output_enabled=True))
    assert ran.failure == "LLMNodeError"
    assert ran.error.startswith("Failed to parse structured output (stage=result, path=$)")


@pytest.mark.spec("ai.53")
def test_a_schema_that_is_none_fails_before_the_call() -> None:
    model = ScriptedModel()
    for schema in ({"type": 5}, "text"):
        ran = go(model, llm("x", structured_output={"schema": schema}, structured_output_enabled=True))
        assert ran.failure == "LLMNodeError"
        assert "stage=schema" in ran.error
    assert model.requests == []


@pytest.mark.spec("ai.54")
def test_booleans_in_a_schema() -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    model = ScriptedModel('{"ok": true}', features=frozenset({"structured-output"}))
    ran = go(model, llm("x", structured_output={"schema": schema}, structured_output_enabled=True))
    assert ran.outputs["structured_output"] == {"ok": True}
    assert [r.schema for r in model.requests] == [schema], "unchanged, and asked once"
    assert "structured_output_booleans" not in ran.result.metadata


@pytest.mark.spec("ai.54")
def test_a_provider_that_refuses_booleans_is_asked_for_texts() -> None:
    schema = {
        "type": "object",
        "properties": {
            "ok": {"type": "boolean"},
            "word": {"type": "string"},
            "all": {"type": "array", "items": {"$ref": "#/$defs/flag"}},
            "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        },
        "$defs": {"flag": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    refused = ModelError("InvokeBadRequestError", "Box answered 400: response_schema: type boolean is not supported")
    answer = '{"ok": "true", "word": "true", "all": ["false", "true"], "maybe": "false"}'
    model = ScriptedModel(refused, answer, features=frozenset({"structured-output"}))

    ran = go(model, llm("x", structured_output={"schema": schema}, structured_output_enabled=True))

    assert ran.status == "succeeded", ran.error
    assert ran.outputs["structured_output"] == {"ok": True, "word": "true", "all": [False, True], "maybe": False}
    first, second = (r.schema for r in model.requests)
    assert first == schema
    assert second is not None
    assert "boolean" not in json.dumps(second)
    assert second["properties"]["ok"] == {"type": "string", "enum": ["true", "false"]}
    assert second["additionalProperties"] is False
    assert ran.result.metadata["structured_output_booleans"] == "text"

    model = ScriptedModel(ModelError("InvokeBadRequestError", "Box answered 400: no booleans"), features=model.features)
    ran = go(model, llm("x", structured_output={"schema": SCHEMA}, structured_output_enabled=True))
    assert ran.failure == "InvokeBadRequestError"
    assert len(model.requests) == 1, "a schema without booleans is not to blame"


@pytest.mark.spec("ai.55")
def test_a_rate_limit_keeps_what_is_known() -> None:
    model = ScriptedModel(ModelError("InvokeRateLimitError", "slow down", usage=USAGE))
    ran = go(model, llm("Hi {{#s.n#}}"), {"s.n": "Ann"})
    assert (ran.failure, ran.error) == ("InvokeRateLimitError", "slow down")
    assert ran.inputs == {"#s.n#": "Ann", "model_provider": "fake", "model_name": "scripted"}
    assert ran.process_data["prompts"] == [{"role": "user", "text": "Hi Ann", "files": []}]
    assert ran.process_data["model_mode"] == "chat"
    assert ran.result.usage == USAGE


@pytest.mark.spec("ai.55")
@pytest.mark.parametrize(("tries", "status"), [(2, "succeeded"), (1, "failed")])
def test_a_rate_limit_is_tried_again_as_the_node_says(tries: int, status: str) -> None:
    limit = ModelError("InvokeRateLimitError", "slow down")
    model = ScriptedModel(limit, limit, "at last")
    retry = {"retry_enabled": True, "max_retries": tries, "retry_interval": 1}
    done = run_graph(
        build("start -> m -> end", m=llm("Hi", retry_config=retry), end=end_of(text=["m", "text"])), ports=model.ports()
    )
    assert done.summary["status"] == status
    assert len(model.requests) == tries + 1
    tried = [e for e in done.events if e["event"] == "NodeRunRetry"]
    assert [(e["retry_index"], e["error_type"]) for e in tried] == [
        (n, "InvokeRateLimitError") for n in range(1, tries + 1)
    ]
    assert tried[0]["process_data"]["prompts"] == [{"role": "user", "text": "Hi", "files": []}]


class _Polled(ScriptedModel):
    def __init__(self, *states: PollState) -> None:
        super().__init__()
        self.states = list(states)

    def poller(self, ref: Any) -> _Polled:
        return self

    async def start(self, request: Any) -> PollState:
        return self.states.pop(0)

    async def check(self, request: Any, state: Any) -> PollState:
        return self.states.pop(0)


@pytest.mark.spec("ai.56")
def test_a_polled_model() -> None:
    running = PollState("running", {"id": 1}, interval=0.001, max_checks=1)
    ran = go(_Polled(running, PollState("succeeded", answer=Answer("done", usage=USAGE))), llm("x"))
    assert ran.outputs["text"] == "done"
    assert len(ran.sent("NodeRunModelPollingProgress")) == 1
    ran = go(_Polled(running, running), llm("x"))
    assert (ran.failure, ran.error) == ("LLMNodeError", "LLM polling exceeded max attempts")
    ran = go(_Polled(PollState("running")), llm("x"))
    assert ran.error == "LLM polling is running without plugin_state"
    ran = go(_Polled(PollState("failed", {"id": 1})), llm("x"))
    assert ran.error == "LLM polling failed without an error"


@pytest.mark.spec("ai.56")
def test_waiting_for_a_polled_model_ends_with_the_run() -> None:
    """The model asks for half a minute between two looks; nobody waits for that who is stopped."""
    model = _Polled(PollState("running", {"id": 1}, interval=30))

    async def work() -> list[dict[str, Any]]:
        run = begin(build("start -> m -> end", m=llm("Hi")), ports=model.ports())
        await until(run, "NodeRunStarted", "m")
        await asyncio.sleep(0.05)
        run.handle.send({"command": "abort", "reason": "enough"})
        await asyncio.wait_for(finish(run), 20)
        return run.events

    events = asyncio.run(work())
    assert events[-1]["event"] == "GraphRunAborted"
    assert model.states == [], "asked once, and never again"


@pytest.mark.spec("ai.56")
def test_a_node_whose_run_ends_while_it_waits_says_so() -> None:
    """What the node itself answers when it looks up from its wait and its run is over."""

    class Ended:
        def is_cancelled(self) -> bool:
            return True

    waiting: Any = Ended()
    model = _Polled(PollState("running", {"id": 1}, interval=30))
    with pytest.raises(AiProblem, match=r"^workflow execution was aborted$") as caught:
        asyncio.run(poll(model, ChatRequest(ModelRef("p", "m"), []), waiting))
    assert caught.value.error_type == "LLMNodeError"


def test_the_mapping_of_a_single_step() -> None:
    from tests.helpers.nodes import make_node

    data = llm(
        "{{#a.b#}}",
        {"role": "user", "edition_type": "jinja2", "jinja2_text": "{{ v }}"},
        prompt_config={"jinja2_variables": [{"variable": "v", "value_selector": ["c", "d"]}]},
        context={"enabled": True, "variable_selector": ["k", "r"]},
        vision={"enabled": True},
        memory={"window": {"enabled": False}, "query_prompt_template": "{{#sys.query#}}"},
    )
    assert make_node(data).variable_mapping() == {
        "node.#a.b#": ("a", "b"),
        "node.#sys.query#": ("sys", "query"),
        "node.#context#": ("k", "r"),
        "node.#files#": ("sys", "files"),
        "node.v": ("c", "d"),
    }


# -- answers that were not let to their end, or hold nothing -----------------------------------------------------------


def cut(*texts: str) -> list[ChatDelta]:
    return [*(ChatDelta(t) for t in texts), ChatDelta("", (), USAGE, "length")]


def test_an_answer_that_was_cut_off_says_so() -> None:
    ran = go(ScriptedModel(cut("A river is")), llm("Go"))
    assert (ran.status, ran.outputs["text"], ran.outputs["finish_reason"]) == ("succeeded", "A river is", "length")
    warning = "The answer was cut off at its limit of tokens, after 5; set a larger max_tokens in the node's settings."
    assert ran.process_data["warnings"] == [warning]
    assert ran.result.metadata["warnings"] == [warning]


def test_an_object_that_was_cut_off_says_what_to_do() -> None:
    model = {**MODEL, "completion_params": {"max_tokens": 5}}
    data = llm("Go", model=model, structured_output_enabled=True, structured_output={"schema": SCHEMA})
    ran = go(ScriptedModel(cut('{"b": ')), data)
    assert ran.failure == "LLMNodeError"
    assert ran.error.endswith("after 5; raise max_tokens in the node's settings.")
    assert "stage=result" in ran.error


def test_an_empty_answer_is_an_empty_text_and_is_told() -> None:
    ran = go(ScriptedModel([ChatDelta("", (), USAGE, "stop")]), llm("Go"))
    assert (ran.status, ran.outputs["text"]) == ("succeeded", "")
    assert ran.process_data["warnings"] == ["The model gave an empty answer."]


def test_a_whole_answer_has_no_warning() -> None:
    assert "warnings" not in go(ScriptedModel("A river."), llm("Go")).process_data


def test_how_far_a_model_is_loaded_is_told_beside_the_answer() -> None:
    model = ScriptedModel(
        [ChatDelta(loading=0.0), ChatDelta(loading=0.5), ChatDelta("Hi"), ChatDelta("", (), USAGE, "stop")]
    )
    done = run_graph(build("start -> m -> end", m=llm("Go"), end=end_of(text=["m", "text"])), ports=model.ports())
    assert done.outputs == {"text": "Hi"}
    assert [(e["node_id"], e["share"]) for e in done.named("NodeRunModelLoading")] == [("m", 0.0), ("m", 0.5)]
    state = RunState()
    shown = []
    for event in done.events:
        state.apply(event)
        if "m" in state.nodes:
            shown.append((event["event"], state.nodes["m"].loading))
    assert ("NodeRunModelLoading", 0.5) in shown
    assert ("NodeRunStreamChunk", None) in shown
    assert state.nodes["m"].loading is None
