"""The end and the answer node, and the checklist of an llm node, by the statements of nodes-ai section 19."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from engine.model.validate import check
from engine.nodes.end import EndConfig
from engine.nodes.registry import spec
from engine.ports.models import ModelError
from tests.helpers.model import made, node
from tests.helpers.models import MODEL, ScriptedModel
from tests.helpers.nodes import Shelf, run_node
from tests.helpers.run import answer, build, end, go, make_ports, stub


@pytest.mark.spec("ai.15")
def test_an_output_without_a_value_is_null() -> None:
    ran = run_node(
        {
            "type": "end",
            "outputs": [
                {"variable": "there", "value_selector": ["n", "a"]},
                {"variable": "gone", "value_selector": ["n", "missing"]},
            ],
        },
        {"n.a": 1},
    )

    assert ran.status == "succeeded"
    assert ran.outputs == {"there": 1, "gone": None}
    assert ran.inputs == ran.outputs


@pytest.mark.spec("ai.16")
@pytest.mark.parametrize(
    ("written", "read"), [("Array[String]", "array[string]"), ("Number", "number"), (None, "any"), ("file", "file")]
)
def test_older_spellings_of_types(written: Any, read: str) -> None:
    data = {"outputs": [{"variable": "a", "value_selector": ["n", "a"], "value_type": written}]}
    found = spec("end")
    assert found is not None

    assert EndConfig.model_validate(data).outputs[0].value_type == read
    assert [o.type for o in found.outputs(data)] == [read]


@pytest.mark.spec("ai.17")
def test_one_output_name_in_two_ends_is_reported_for_both() -> None:
    outputs = [{"variable": "summary", "value_selector": ["s", "q"]}]
    question = {"variable": "q", "label": "q", "type": "text-input"}
    flow = made(
        [
            node("s", "start", variables=[question]),
            node("a", "end", outputs=outputs),
            node("b", "end", outputs=[*outputs, {"variable": "other", "value_selector": ["s", "q"]}]),
        ],
        [("s", "a"), ("s", "b")],
    )

    found = [p for p in check(flow) if p.code == "DUPLICATE_OUTPUT"]

    assert [(p.node_id, p.field) for p in found] == [("a", "outputs.0.variable"), ("b", "outputs.0.variable")]
    assert {str(p.message) for p in found} == {
        'Duplicate Output node variable "summary". Output node variable names must be unique.'
    }


@pytest.mark.spec("ai.18")
def test_files_in_an_answer_become_links_and_images() -> None:
    shelf = Shelf()
    picture = shelf.put("a.png", b"1", mime_type="image/png")
    paper, sheet = shelf.put("b.pdf", b"2"), shelf.put("c.xlsx", b"3")
    from engine.run.variables.files import url_resolver

    token = url_resolver.set(shelf.store.url)
    try:
        ran = run_node(
            {"type": "answer", "answer": "See {{#n.one#}} and {{#n.many#}}."},
            {"n.one": picture, "n.many": [paper, sheet]},
            ports=shelf.ports(),
        )
    finally:
        url_resolver.reset(token)

    assert ran.outputs["answer"] == (
        f"See ![a.png](file:///files/{picture.reference}) and [b.pdf](file:///files/{paper.reference})\n"
        f"[c.xlsx](file:///files/{sheet.reference})."
    )
    assert [f.filename for f in ran.outputs["files"]] == ["a.png", "b.pdf", "c.xlsx"]


@pytest.mark.spec("ai.19")
def test_an_answer_streams_in_the_order_of_its_template() -> None:
    graph = build(
        "start -> a -> b -> answer",
        a=stub(chunks=["one ", "two"]),
        b=stub(chunks=["three"]),
        answer=answer("Before {{#b.text#}} between {{#a.text#}} after."),
    )

    done = asyncio.run(go(graph, mode="advanced-chat", query="?"))

    said = "".join(e["chunk"] for e in done.named("ResponseChunk"))
    assert said == "Before three between one two after."
    assert said == done.outputs["answer"]


@pytest.mark.spec("ai.20")
def test_an_unknown_reference_in_an_answer_is_its_bare_name() -> None:
    graph = build("start -> answer", answer=answer("Hello {{#nobody.name#}}!"))

    done = asyncio.run(go(graph, mode="advanced-chat", query="?"))

    assert done.status == "succeeded"
    assert done.outputs["answer"] == "Hello nobody.name!"


def test_the_checklist_of_end_and_answer() -> None:
    assert words("end", {"outputs": []}) == ["output variable is required."]
    assert words("end", {"outputs": [{"variable": " ", "value_selector": ["a", "b"]}]}) == [
        "output variable is required."
    ]
    assert words("end", {"outputs": [{"variable": "a", "value_selector": []}]}) == ["output variable is required."]
    assert words("answer", {"answer": " \n"}) == ["Answer is required."]


def words(kind: str, data: Mapping[str, Any]) -> list[str]:
    """The sentences of the checklist about one node."""
    found = spec(kind)
    assert found is not None
    return [problem.message for problem in found.check({"type": kind, **data})]


class Broken(ScriptedModel):
    """A workspace without the model that is asked for."""

    def resolve(self, ref: Any) -> Any:
        raise ModelError("ModelNotExistError", "No model is chosen.")


@pytest.mark.spec("ai.57")
def test_a_model_that_is_missing_on_a_branch_never_taken_does_not_matter() -> None:
    nothing = {"provider": "", "name": "", "mode": "chat", "completion_params": {}}
    asking = {"type": "llm", "model": nothing, "prompt_template": [{"role": "user", "text": "Hi"}]}
    condition = {
        "comparison_operator": "is",
        "variable_selector": ["start", "way"],
        "value": "left",
        "varType": "string",
    }
    graph = build(
        """
        start -> way
        way -true-> left
        way -false-> ask -> right
        """,
        way={
            "type": "if-else",
            "cases": [{"id": "true", "case_id": "true", "logical_operator": "and", "conditions": [condition]}],
        },
        ask=asking,
        left=end(o=["start", "way"]),
        right=end(o=["ask", "text"]),
    )

    def go_way(way: str) -> Any:
        ports = make_ports(models=Broken())
        return asyncio.run(go(graph, way=way, ports=ports))

    taken, other = go_way("left"), go_way("right")

    assert (taken.status, taken.outputs) == ("succeeded", {"o": "left"})
    assert other.status == "failed"
    assert other.ended("ask")["error_type"] == "ModelNotExistError"


PROMPT = [{"role": "user", "text": "Hi"}]
JINJA = [{"role": "user", "edition_type": "jinja2", "jinja2_text": "{{ a }}", "text": ""}]
NO_FILES = {"enabled": True, "configs": {"detail": "high", "variable_selector": []}}
NO_QUERY = {"window": {"enabled": False}, "query_prompt_template": "only words"}


@pytest.mark.spec("ai.58")
def test_the_checklist_of_an_llm_names_its_first_problem() -> None:
    everything_wrong: dict[str, Any] = {
        "model": {"provider": "", "name": "", "mode": "chat"},
        "prompt_template": [{"role": "system", "text": "  "}],
        "vision": NO_FILES,
    }
    found = words("llm", everything_wrong)
    assert found == ["Model is required."]

    everything_wrong["model"] = MODEL
    assert words("llm", everything_wrong) == ["prompt is required."]

    everything_wrong["memory"] = NO_QUERY
    everything_wrong["prompt_template"] = JINJA
    everything_wrong["prompt_config"] = {"jinja2_variables": [{"variable": "", "value_selector": ["a", "b"]}]}
    assert words("llm", everything_wrong) == ["sys.query in user message is required."]

    everything_wrong["memory"] = {**NO_QUERY, "query_prompt_template": "Say: {{#sys.query#}}"}
    assert words("llm", everything_wrong) == ["Variable Name is required."]

    everything_wrong["prompt_config"] = {"jinja2_variables": [{"variable": "a", "value_selector": []}]}
    assert words("llm", everything_wrong) == ["Variable Value is required."]

    everything_wrong["prompt_config"] = {"jinja2_variables": [{"variable": "a", "value_selector": ["s", "a"]}]}
    assert words("llm", everything_wrong) == ["Vision Variable is required."]

    assert words("llm", {**everything_wrong, "vision": {"enabled": False}}) == []


def test_what_the_checklist_of_an_llm_lets_through() -> None:
    assert words("llm", {"model": MODEL, "prompt_template": PROMPT}) == []
    completion = {**MODEL, "mode": "completion"}
    assert words("llm", {"model": completion, "prompt_template": {"text": "x"}, "memory": NO_QUERY}) == []
    assert words("llm", {"model": MODEL, "prompt_template": [], "memory": {"window": {"enabled": True}}}) == []
    assert words("llm", {"model": MODEL, "prompt_template": PROMPT, "vision": {"enabled": True}}) == []
