"""Edits: what each does, that it can be taken back exactly, that it travels as JSON, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import UserError
from engine.model.document import compare
from engine.model.edits import (
    AddEdge,
    AddNode,
    Edit,
    Group,
    MoveNodes,
    ReconnectEdge,
    RemoveEdge,
    RemoveNode,
    ReplaceWorkflow,
    ResizeNode,
    SetApp,
    SetFeature,
    SetField,
    SetParent,
    SetVariables,
    SetViewport,
    edit_from_json,
)
from engine.model.graph import Edge, Node, Viewport
from engine.model.types import MISSING
from engine.model.workflow import Variable, Workflow
from tests.helpers.model import made, node


def sample() -> Workflow:
    nodes = [
        node("1", "start"),
        node(
            "2", "code", variables=[{"variable": "a", "value_selector": ["1", "q"]}], outputs={"r": {"type": "string"}}
        ),
        node("3", "loop", x=400, y=0, width=500, height=300),
        node("4", "llm", parent="3", x=120, y=80),
        node("5", "end", outputs=[]),
    ]
    return made(nodes, [("1", "2"), ("2", "3"), ("3", "5"), ("2", "5")], features={"opening_statement": "Hi"})


START = "3start0"  # made by the import
EDITS: list[Edit] = [
    AddNode(Node("9", {"type": "code", "title": "New"}, 1, 2)),
    AddNode(Node("9", {"type": "code", "title": "New"}, parent="3"), 2),
    RemoveNode("2"),
    RemoveNode("3"),
    SetField("2", ("title",), "Other"),
    SetField("2", ("variables", 0, "value_selector"), ["1", "x"]),
    SetField("2", ("variables", 1), {"variable": "b"}),
    SetField("2", ("deep", "new", "path"), {"k": 1}),
    SetField("2", ("outputs", "r"), MISSING),
    SetField("2", ("absent",), MISSING),
    SetField("2", (), {"type": "code", "title": "All"}),
    MoveNodes({"1": (5, 6), "4": (1.5, 2.5)}),
    ResizeNode("3", 800, 400),
    ResizeNode("2", 800, 400, 7, 8),
    SetParent("2", "3", 30, 90),
    SetParent("4", None, 30, 90),
    AddEdge(Edge("e", "4", "5", "source")),
    AddEdge(Edge("e", "4", "5", "source"), 1),
    RemoveEdge("2-source-3-target"),
    ReconnectEdge("2-source-3-target", "1", "source", "5"),
    SetApp("name", "Renamed"),
    SetApp("description", None),
    SetFeature(("opening_statement",), "Ho"),
    SetFeature(("speech_to_text", "enabled"), True),
    SetFeature(("opening_statement",), MISSING),
    SetFeature((), {"a": 1}),
    SetVariables("environment", (Variable("i", "KEY", "secret", "x"),)),
    SetVariables("conversation", (Variable("i", "memory", "array[string]", []),)),
    SetVariables("rag", ({"variable": "a", "belong_to_node_id": "shared"},)),
    SetViewport(Viewport(1, 2, 0.5)),
    ReplaceWorkflow(made([node("x", "start")])),
    Group("two", (SetField("2", ("title",), "B"), RemoveNode("2"))),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.kind)
def test_an_edit_changes_something_or_nothing_and_is_taken_back_exactly(edit: Edit) -> None:
    before = sample()
    kept = before.to_json()

    after, inverse = edit.apply(before)
    back, again = inverse.apply(after)

    assert back == before
    assert before.to_json() == kept  # nothing was changed in place
    assert again.apply(back)[0] == after


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.kind)
def test_an_edit_and_its_inverse_travel_as_json(edit: Edit) -> None:
    before = sample()
    sent = edit_from_json(json.loads(json.dumps(edit.to_json())))
    after, inverse = edit.apply(before)

    assert sent == edit
    assert sent.apply(before)[0] == after
    assert edit_from_json(json.loads(json.dumps(inverse.to_json()))).apply(after)[0] == before


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (AddNode(Node("2", {"type": "code"})), "model.duplicate_node"),
        (AddNode(Node("9", {"type": "code"}, parent="nowhere")), "model.refused"),
        (RemoveNode("nowhere"), "model.unknown_node"),
        (SetField("nowhere", ("title",), "x"), "model.unknown_node"),
        (SetField("2", ("title", "deep"), "x"), "model.bad_path"),
        (SetField("2", ("variables", 9), "x"), "model.bad_path"),
        (SetField("2", (), "x"), "model.bad_path"),
        (MoveNodes({"1": (0, 0), "nowhere": (0, 0)}), "model.unknown_node"),
        (SetParent("3", "3", 0, 0), "model.refused"),
        (SetParent("3", "nowhere", 0, 0), "model.unknown_node"),
        (AddEdge(Edge("1-source-2-target", "1", "2")), "model.duplicate_edge"),
        (AddEdge(Edge("e", "1", "nowhere")), "model.unknown_node"),
        (RemoveEdge("nowhere"), "model.unknown_edge"),
        (ReconnectEdge("1-source-2-target", "1", "source", "nowhere"), "model.unknown_node"),
        (SetApp("mode", "workflow"), "model.bad_path"),
        (SetFeature((), 1), "model.bad_path"),
        (SetFeature(("opening_statement", "x"), 1), "model.bad_path"),
        (SetVariables("environment", (Variable("a", "X"), Variable("b", "X"))), "model.duplicate_variable"),
        (Group("", (SetField("2", ("title",), "B"), RemoveNode("nowhere"))), "model.unknown_node"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_what_does_not_fit_is_refused(edit: Edit, code: str) -> None:
    with pytest.raises(UserError) as refusal:
        edit.apply(sample())

    assert refusal.value.code == code


@pytest.mark.parametrize("data", [{}, {"edit": "Nonsense"}, {"edit": "RemoveNode"}, {"edit": "MoveNodes", "places": 5}])
def test_damaged_json_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError) as refusal:
        edit_from_json(data)

    assert refusal.value.code == "model.bad_edit"


@pytest.mark.spec("editor.18")
def test_removing_a_node_takes_its_edges_and_gives_all_back_in_place() -> None:
    before = sample()

    after, inverse = RemoveNode("2").apply(before)

    assert list(after.graph.edges) == ["3-source-5-target"]
    assert list(inverse.apply(after)[0].graph.edges) == list(before.graph.edges)


def test_removing_a_container_takes_what_is_in_it() -> None:
    after, _ = RemoveNode("3").apply(sample())

    assert set(after.graph.nodes) == {"1", "2", "5"}


def test_moving_into_a_container_sets_the_marks_and_out_takes_them() -> None:
    inside, _ = SetParent("2", "3", 10, 20).apply(sample())
    data = inside.graph.node("2").data
    assert (data["isInLoop"], data["loop_id"], inside.graph.node("2").extras["zIndex"]) == (True, "3", 1002)
    assert inside.graph.absolute("2") == (410, 20)

    outside, _ = SetParent("2", None, 0, 0).apply(inside)
    assert not {"isInLoop", "loop_id", "isInIteration", "iteration_id"} & set(outside.graph.node("2").data)


def test_the_delta_names_exactly_what_changed() -> None:
    before = sample()
    after, _ = Group(
        "",
        (
            MoveNodes({"1": (9, 9)}),
            SetField("5", ("title",), "Z"),
            RemoveEdge("1-source-2-target"),
            AddNode(Node("9", {"type": "code"})),
            SetApp("name", "N"),
        ),
    ).apply(before)

    delta = compare(before, after)

    assert (delta.nodes_added, delta.nodes_removed, delta.nodes_changed) == ({"9"}, set(), {"1", "5"})
    assert delta.moved == {"1"}
    assert (delta.edges_added, delta.edges_removed, delta.edges_changed) == (set(), {"1-source-2-target"}, set())
    assert (delta.app_changed, delta.features_changed, delta.variables_changed) == (True, False, False)
    assert compare(before, replace(before)).is_empty
