"""What may stand where and what may be connected, for every pair of types that the registry knows."""

from __future__ import annotations

import itertools

import pytest

from engine.errors import UserError
from engine.model.containers import change_parent, may_connect, may_enter, may_stand
from engine.model.edits import Group
from engine.model.workflow import Workflow
from engine.nodes import registry
from tests.helpers.model import made, node


def flow() -> Workflow:
    nodes = [
        node("1", "start"),
        node("2", "if-else", cases=[{"case_id": "true"}]),
        node("3", "loop", x=400, y=100, width=600, height=300),
        node("4", "code", parent="3", x=100, y=80),
        node("5", "loop-end", parent="3"),
        node("6", "end"),
        node("7", "iteration"),
        node("8", "code", x=10, y=900),
        {**node("n", ""), "type": "custom-note"},
    ]
    return made(nodes, [("1", "2"), ("2", "true", "3"), ("3", "6"), ("3start0", "4"), ("4", "5")])


NEVER_INSIDE = {
    "start", "end", "datasource", "knowledge-index", "human-input", "iteration", "loop",
    "trigger-webhook", "trigger-schedule", "trigger-plugin", "start-placeholder", "datasource-empty",
}  # fmt: skip


@pytest.mark.spec("editor.14")
@pytest.mark.parametrize("room", ["3", "7"])
@pytest.mark.parametrize("kind", sorted(registry.SPECS))
def test_what_may_stand_in_a_container(kind: str, room: str) -> None:
    graph = made([node("3", "loop"), node("7", "iteration")]).graph
    if kind in ("iteration-start", "loop-start"):
        return
    mode = "workflow" if "workflow" in registry.SPECS[kind].modes else next(iter(registry.SPECS[kind].modes))

    allowed = not may_stand(graph, mode, kind, room)

    assert allowed == (kind not in NEVER_INSIDE and (kind != "loop-end" or room == "3"))


@pytest.mark.spec("editor.14")
@pytest.mark.parametrize(
    ("mode", "kind", "allowed"),
    [
        ("workflow", "end", True),
        ("workflow", "answer", False),
        ("workflow", "trigger-webhook", True),
        ("advanced-chat", "answer", True),
        ("advanced-chat", "end", False),
        ("advanced-chat", "trigger-schedule", False),
        ("workflow", "knowledge-index", False),
        ("rag_pipeline", "datasource", True),
        ("workflow", "loop-end", False),
    ],
)
def test_what_may_stand_in_which_app(mode: str, kind: str, allowed: bool) -> None:
    assert (not may_stand(made([]).graph, mode, kind, None)) is allowed


def test_one_start_and_no_triggers_beside_it() -> None:
    assert may_stand(flow().graph, "workflow", "start", None)
    assert may_stand(flow().graph, "workflow", "trigger-webhook", None)
    hooks = made([node("1", "trigger-webhook")]).graph
    assert may_stand(hooks, "workflow", "start", None)
    assert not may_stand(hooks, "workflow", "trigger-schedule", None)


@pytest.mark.spec("editor.17")
@pytest.mark.parametrize(
    ("source", "handle", "target", "allowed"),
    [
        ("8", "source", "6", True),
        ("2", "false", "6", True),
        ("2", "true", "3", False),  # there already
        ("2", "source", "6", False),  # no such socket
        ("8", "source", "8", False),  # itself
        ("8", "source", "1", False),  # into a start
        ("8", "source", "3start0", False),
        ("6", "source", "8", False),  # from an end
        ("5", "source", "4", False),  # from an exit
        ("8", "source", "4", False),  # over a border
        ("4", "source", "6", False),
        ("8", "source", "n", False),  # notes
        ("3", "source", "2", False),  # a circle
        ("8", "source", "nowhere", False),
    ],
)
def test_which_connections_are_allowed(source: str, handle: str, target: str, allowed: bool) -> None:
    reason = may_connect(flow().graph, source, handle, target)

    assert (reason == "") is allowed
    assert allowed or reason.endswith(".")


def test_a_circle_over_many_nodes_is_seen() -> None:
    ids = [f"c{n}" for n in range(400)]
    graph = made([node(i, "code") for i in ids], list(itertools.pairwise(ids))).graph

    assert may_connect(graph, ids[-1], "source", ids[0])
    assert not may_connect(graph, ids[0], "source", ids[-1])


@pytest.mark.parametrize(("node_id", "allowed"), [("8", True), ("6", False), ("7", False), ("n", False), ("4", True)])
def test_what_may_move_into_a_container(node_id: str, allowed: bool) -> None:
    assert (may_enter(flow().graph, node_id, "3") == "") is allowed


def test_moving_in_cuts_edges_over_the_border_and_keeps_the_place() -> None:
    workflow = made(
        [node("1", "start"), node("a", "code"), node("b", "code"), node("3", "loop", x=400, y=100), node("6", "end")],
        [("1", "a"), ("a", "b"), ("b", "6"), ("1", "3")],
    )

    edits = change_parent(workflow.graph, {"a": (450, 200), "b": (700, 200)}, "3")
    after, inverse = Group("", tuple(edits)).apply(workflow)

    graph = after.graph
    assert graph.absolute("a") == (450, 200)
    assert (graph.node("a").x, graph.node("a").y, graph.node("b").parent) == (50, 100, "3")
    assert [(e.source, e.target) for e in graph.edges.values()] == [("a", "b"), ("1", "3")]
    inner = graph.edges["a-source-b-target"]
    assert (inner.data["isInLoop"], inner.data["loop_id"], inner.extras["zIndex"]) == (True, "3", 1002)
    assert inverse.apply(after)[0] == workflow

    out = Group("", tuple(change_parent(graph, {"a": (1, 2), "b": (3, 4)}, None)))
    outside = out.apply(after)[0].graph
    assert outside.node("a").parent is None
    assert outside.edges["a-source-b-target"].data["isInLoop"] is False
    assert "loop_id" not in outside.edges["a-source-b-target"].data


def test_nodes_that_are_there_already_only_move() -> None:
    workflow = flow()

    after, _ = Group("", tuple(change_parent(workflow.graph, {"4": (520, 200)}, "3"))).apply(workflow)

    assert (after.graph.node("4").x, after.graph.node("4").y) == (120, 100)
    assert after.graph.edges == workflow.graph.edges


def test_an_unknown_node_is_told() -> None:
    with pytest.raises(UserError):
        may_enter(flow().graph, "nowhere", "3")
