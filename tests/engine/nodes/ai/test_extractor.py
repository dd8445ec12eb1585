"""The parameter-extractor node by the statements of nodes-ai section 19."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.ports.models import ChatDelta, ModelError
from tests.helpers.models import MODEL, USAGE, ScriptedModel, call
from tests.helpers.nodes import Ran, run_node

AMOUNT = {"name": "amount", "type": "number", "description": "to pay", "required": True}
ITEMS = {"name": "items", "type": "array[string]", "description": "names", "required": False}
PLAIN: frozenset[str] = frozenset()


def go(reply: Any, *parameters: dict[str, Any], query: Any = "text", **data: Any) -> tuple[Ran, ScriptedModel]:
    facts = {"features": data.pop("features")} if "features" in data else {}
    model = ScriptedModel(reply, **facts)
    node = {
        "type": "parameter-extractor",
        "model": MODEL,
        "query": ["s", "q"],
        "parameters": list(parameters) or [AMOUNT],
        "reasoning_mode": "prompt",
        **data,
    }
    values = {"s.q": query, "s.cur": "EUR", "env.K": "hush"}
    return run_node(node, values, ports=model.ports()), model


@pytest.mark.spec("ai.70")
@pytest.mark.parametrize(("mode", "tools"), [(None, 1), ("function_call", 1), ("prompt", 0)])
def test_the_way_is_chosen(mode: str | None, tools: int) -> None:
    _, model = go(call("extract_parameters", {"amount": 1}), reasoning_mode=mode)
    assert [t.name for t in model.requests[0].tools] == ["extract_parameters"] * tools
    assert model.requests[0].stream is False


def test_a_model_without_tools_is_asked_in_words() -> None:
    _, model = go('{"amount": 1}', reasoning_mode="function_call", features=PLAIN)
    assert model.requests[0].tools == ()


@pytest.mark.spec("ai.71")
def test_a_number_in_quotes_is_read_but_not_approved() -> None:
    ran, _ = go(call("extract_parameters", {"amount": "12.5"}), reasoning_mode="function_call")
    assert ran.outputs["__is_success"] == 0
    assert ran.outputs["amount"] == 12.5
    assert ran.outputs["__reason"] == "Invalid value for parameter amount, expected segment type: number"


@pytest.mark.spec("ai.72")
def test_an_object_in_prose_or_none() -> None:
    ran, _ = go('Sure: {"amount": 3} anything else?')
    assert (ran.outputs["__is_success"], ran.outputs["__reason"], ran.outputs["amount"]) == (1, None, 3)
    ran, _ = go("There is none.")
    assert ran.status == "succeeded"
    assert ran.outputs["__is_success"] == 0
    assert ran.outputs["__reason"] == (
        "Failed to extract result from function call or text response, using empty result."
    )
    ran, _ = go("There is none.", AMOUNT, ITEMS)
    assert ran.outputs["__reason"] == "Invalid number of parameters"


@pytest.mark.spec("ai.73")
def test_an_optional_parameter_left_out() -> None:
    ran, _ = go('{"amount": 3}', AMOUNT, ITEMS)
    assert ran.outputs["__is_success"] == 0
    assert ran.outputs["__reason"] == "Invalid number of parameters"
    assert ran.outputs["items"].value == []
    assert ran.outputs["items"].type == "array[string]"


@pytest.mark.spec("ai.74")
def test_types_old_and_unknown() -> None:
    ran, _ = go('{"a": true, "b": "x"}', {"name": "a", "type": "bool"}, {"name": "b", "type": "select"})
    assert (ran.outputs["a"], ran.outputs["b"], ran.outputs["__is_success"]) == (True, "x", 1)
    for bad in ({"name": "a", "type": "date"}, {"name": "__reason", "type": "string"}, {"name": "", "type": "string"}):
        assert go("{}", bad)[0].invalid


@pytest.mark.spec("ai.75")
def test_a_value_outside_the_options() -> None:
    ran, model = go('{"u": "mid"}', {"name": "u", "type": "string", "options": ["low", "high"], "required": True})
    assert ran.outputs["__reason"] == "Invalid `select` value for parameter u"
    assert '"enum": ["low", "high"]' in model.messages[-1].text


@pytest.mark.spec("ai.76")
def test_a_list_of_numbers_is_tidied() -> None:
    ran, _ = go('{"n": ["1", 2, "x"]}', {"name": "n", "type": "array[number]", "required": True})
    assert ran.outputs["n"].value == [1, 2]


@pytest.mark.spec("ai.77")
def test_a_model_error() -> None:
    ran, _ = go(ModelError("InvokeConnectionError", "no line"))
    assert ran.failure == "InvokeConnectionError"
    assert ran.outputs == {"__is_success": 0, "__reason": "Failed to invoke model", "__error": "no line"}


@pytest.mark.spec("ai.78")
def test_braces_in_thoughts_and_in_texts() -> None:
    ran, model = go('<THINK>{"amount": 9}</THINK>{"amount": 4}', query="{{#env.K#}}")
    assert ran.outputs["amount"] == 4
    assert "{{#env.K#}}" in model.messages[-1].text
    ran, _ = go('{"a": "br } ace"}', {"name": "a", "type": "string", "required": True})
    assert ran.outputs["a"] == "br } ace"


@pytest.mark.spec("ai.79")
def test_what_is_recorded() -> None:
    ran, model = go(
        call("extract_parameters", {"amount": 1}), reasoning_mode="function_call", instruction="in {{#s.cur#}}"
    )
    assert ran.process_data["function"]["name"] == "extract_parameters"
    assert ran.process_data["tool_call"]["function"]["arguments"] == json.dumps({"amount": 1})
    assert ran.process_data["llm_text"] == ""
    assert ran.inputs["instruction"] == "in {{#s.cur#}}"
    assert "in EUR" in model.messages[0].text
    assert ran.outputs["__usage"]["total_tokens"] == 15
    assert ran.events == []


def test_an_answer_that_was_cut_off_says_so() -> None:
    ran, _ = go([ChatDelta('{"amount"'), ChatDelta("", (), USAGE, "length")])
    assert ran.outputs["__is_success"] == 0
    assert ran.process_data["warnings"][0].startswith("The answer was cut off at its limit of tokens, after 5;")
