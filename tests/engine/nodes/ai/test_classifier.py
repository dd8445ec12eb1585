"""The question-classifier node by the statements of nodes-ai section 19."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.dsl.read import read
from engine.dsl.write import write
from engine.ports.models import ChatDelta, ModelError
from engine.run.variables.segments import SecretSegment
from tests.helpers.model import dsl, node
from tests.helpers.models import MODEL, USAGE, FakeMemory, ScriptedModel
from tests.helpers.nodes import Ran, run_node

CLASSES = [{"id": "a", "name": "Apples", "label": "Fruit"}, {"id": "b", "name": "Boats {{#s.x#}}"}]


def go(reply: Any, query: Any = "I want a boat", **data: Any) -> tuple[Ran, ScriptedModel]:
    model = ScriptedModel(reply, **({"features": data.pop("features")} if "features" in data else {}))
    memory = {"memory": data.pop("chat")} if "chat" in data else {}
    node = {
        "type": "question-classifier",
        "model": MODEL,
        "query_variable_selector": ["s", "q"],
        "classes": CLASSES,
        **data,
    }
    values = {"s.x": "and ships", "env.KEY": SecretSegment("hush-hush-hush")}
    if query is not None:
        values["s.q"] = query
    facts = {"conversation_id": "c"} if memory else {}
    return run_node(node, values, ports=model.ports(**memory), facts=facts), model


def said(class_id: Any, name: str = "x") -> str:
    return f'```json\n{{"keywords": [], "category_id": {json.dumps(class_id)}, "category_name": "{name}"}}\n```'


@pytest.mark.spec("ai.59")
def test_a_class_is_chosen_by_its_id() -> None:
    ran, _ = go(said("b"))
    assert ran.handle == "b"
    assert ran.outputs["class_name"] == "Boats and ships"
    assert ran.outputs["class_id"] == "b"


@pytest.mark.spec("ai.60")
@pytest.mark.parametrize("answer", [said("zzz"), '{"category_id": "b"}', "{}"])
def test_an_unknown_class_is_the_first_one(answer: str) -> None:
    ran, _ = go(answer)
    assert (ran.status, ran.handle) == ("succeeded", "a")


@pytest.mark.spec("ai.61")
def test_an_answer_that_is_no_json() -> None:
    ran, _ = go("It is about boats.")
    assert (ran.failure, ran.error) == ("ValueError", "could not find json block in the output.")
    assert ran.result.metadata["total_tokens"] == 15
    ran, _ = go('{"category_id": "b", ')
    assert ran.failure == "OutputParserError"
    assert ran.error.startswith("got invalid json object. error:")


@pytest.mark.spec("ai.62")
@pytest.mark.parametrize("tag", ["think", "THINK"])
def test_thoughts_do_not_disturb(tag: str) -> None:
    ran, _ = go(f"<{tag}>maybe {{a}} or `b`</{tag}>{said('b')}")
    assert ran.handle == "b"


@pytest.mark.spec("ai.63")
def test_lists_of_one_and_two() -> None:
    one = '{"category_id": "b", "category_name": "x"}'
    assert go(f"[{one}]")[0].handle == "b"
    assert go(f"```json\n[{one}]\n```")[0].handle == "b"
    assert go(f"[{one}, {one}]")[0].failure == "OutputParserError"
    ran, _ = go(f"```json\n[{one}, {one}]\n```")
    assert ran.failure == "OutputParserError"
    assert ran.error.startswith("got invalid return object. obj:")


@pytest.mark.spec("ai.64")
def test_labels() -> None:
    assert go(said("a"))[0].outputs["class_label"] == "Fruit"
    ran, _ = go(said("b"))
    assert ran.outputs["class_label"] == "CLASS 2"
    assert ran.outputs["usage"]["total_tokens"] == 15


@pytest.mark.spec("ai.65")
def test_names_are_rendered_in_the_prompt() -> None:
    ran, model = go(said("b"))
    assert ran.outputs["class_name"] == "Boats and ships"
    asked = json.loads(model.messages[-1].text)
    assert asked["categories"][1] == {"category_id": "b", "category_name": "Boats and ships"}


@pytest.mark.spec("ai.66")
def test_the_question_is_never_a_template() -> None:
    ran, model = go(said("a"), 'He said "hi" {{#env.KEY#}}')
    assert ran.status == "succeeded"
    assert json.loads(model.messages[-1].text)["input_text"] == ['He said "hi" {{#env.KEY#}}']


@pytest.mark.spec("ai.67")
def test_nothing_is_streamed() -> None:
    ran, _ = go(said("a"))
    assert ran.events == []


@pytest.mark.spec("ai.68")
def test_a_missing_question() -> None:
    ran, model = go(said("a"), None)
    assert ran.status == "succeeded"
    assert ran.inputs["query"] is None
    assert json.loads(model.messages[-1].text)["input_text"] == [""]


@pytest.mark.spec("ai.69")
def test_legacy_keys_are_ignored() -> None:
    assert go(said("a"), topics=["x"], instructions="y")[0].handle == "a"

    old = node("c", "question-classifier", topics=["x"], instructions="y", classes=[{"id": "a", "name": "A"}])
    result = read(dsl([node("1", "start"), old], [("1", "c")]))
    assert result.workflow is not None
    again = read(write(result.workflow))
    assert again.workflow is not None
    kept = again.workflow.graph.nodes["c"].data
    assert (kept["topics"], kept["instructions"]) == (["x"], "y")


def test_numeric_ids_match() -> None:
    ran, _ = go('{"category_id": 2, "category_name": "x"}', classes=[{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])
    assert ran.handle == "2"


def test_the_prompt_has_six_messages_and_the_history() -> None:
    ran, model = go(said("a"), chat=FakeMemory(("earlier", "yes"), ("now", "")), memory={"window": {"enabled": False}})
    assert [m.role for m in model.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "<histories>\nHuman: earlier\nAssistant: yes\n</histories>" in model.messages[0].text
    assert len(ran.process_data["prompts"]) == 6


def test_instructions_are_rendered() -> None:
    _, model = go(said("a"), instruction="Mind {{#s.x#}}")
    assert json.loads(model.messages[-1].text)["classification_instructions"] == ["Mind and ships"]


def test_a_model_error_is_the_nodes_failure() -> None:
    ran, _ = go(ModelError("InvokeServerUnavailableError", "down", usage=USAGE))
    assert ran.failure == "InvokeServerUnavailableError"
    assert ran.inputs["model_name"] == "scripted"
    assert ran.result.usage == USAGE


def test_an_answer_that_was_cut_off_says_so() -> None:
    ran, _ = go([ChatDelta("I think that"), ChatDelta("", (), USAGE, "length")])
    assert ran.failure == "ValueError"
    assert ran.error.startswith("could not find json block in the output. The answer was cut off at its limit of")
