"""What must hold for any workflow and any sequence of edits: undo, deltas, JSON, export and import, layout."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.dsl.read import read
from engine.dsl.write import to_tree, write
from engine.errors import UserError
from engine.model.document import Delta, Document
from engine.model.edits import (
    AddEdge,
    AddNode,
    Edit,
    Group,
    MoveNodes,
    ReconnectEdge,
    RemoveEdge,
    RemoveNode,
    ResizeNode,
    SetApp,
    SetFeature,
    SetField,
    SetParent,
    SetVariables,
    edit_from_json,
)
from engine.model.graph import Edge, Graph, Node
from engine.model.types import MISSING
from engine.model.workflow import Variable, Workflow
from tests.helpers.model import made, node

IDS = [f"n{number}" for number in range(7)]
ROOMS = ["n5", "n6"]
texts = st.text(alphabet="ab{}#.: '\"\n\té字🤖-0", max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
places = st.integers(-500, 500)
node_ids = st.sampled_from(IDS)
edge_ids = st.builds(lambda a, b: f"{a}-{b}", node_ids, node_ids)
edges = st.builds(
    lambda a, b, handle, data: Edge(f"{a}-{b}", a, b, handle, data=data),
    node_ids,
    node_ids,
    st.sampled_from(["source", "true", "fail-branch"]),
    st.dictionaries(st.sampled_from(["isInLoop", "why"]), plain, max_size=2),
)
nodes = st.builds(
    lambda node_id, kind, x, y, parent, data: Node(node_id, {"title": "t", **data, "type": kind}, x, y, parent),
    node_ids,
    st.sampled_from(["code", "llm", "end", "loop", "odd-type"]),
    places,
    places,
    st.none() | st.sampled_from(ROOMS),
    st.dictionaries(texts.filter(lambda t: not t.startswith("_") and t not in ("type", "title")), plain, max_size=3),
)
paths = st.lists(st.sampled_from(["title", "a", "b", 0, 1]), min_size=1, max_size=3).map(tuple)
variables = st.builds(
    lambda name, value: Variable(f"id-{name}", name, "string", value), st.sampled_from(["x", "y", "z"]), texts
)
single: st.SearchStrategy[Edit] = st.one_of(
    st.builds(AddNode, nodes, st.none() | st.integers(0, 8)),
    st.builds(RemoveNode, node_ids),
    st.builds(SetField, node_ids, paths, plain | st.just(MISSING)),
    st.builds(MoveNodes, st.dictionaries(node_ids, st.tuples(places, places), max_size=3)),
    st.builds(ResizeNode, node_ids, places, places, st.none() | places, st.none() | places),
    st.builds(SetParent, node_ids, st.none() | st.sampled_from(ROOMS), places, places),
    st.builds(AddEdge, edges, st.none() | st.integers(0, 8)),
    st.builds(RemoveEdge, edge_ids),
    st.builds(ReconnectEdge, edge_ids, node_ids, st.just("source"), node_ids),
    st.builds(SetApp, st.sampled_from(["name", "description", "icon"]), texts),
    st.builds(SetFeature, paths.filter(lambda p: isinstance(p[0], str)), plain | st.just(MISSING)),
    st.builds(
        SetVariables, st.sampled_from(["environment", "conversation"]), st.lists(variables, max_size=2).map(tuple)
    ),
)
edits = st.one_of(single, st.builds(Group, st.just("group"), st.lists(single, max_size=4).map(tuple)))


def beginning() -> Workflow:
    entries = [node("n0", "start"), node("n1", "code"), node("n5", "loop", width=400, height=200)]
    return made(entries, [("n0", "n1"), ("n1", "n5")])


def applied(document: Document, chosen: list[Edit]) -> int:
    """Apply what fits; how many did."""
    count = 0
    for edit in chosen:
        before = document.workflow
        try:
            document.apply(edit)
            count += 1
        except UserError:
            assert document.workflow is before
    return count


FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(st.lists(edits, max_size=25))
def test_undoing_everything_gives_the_beginning_and_redoing_the_end(chosen: list[Edit]) -> None:
    document = Document(beginning())
    first = document.workflow.to_json()
    applied(document, chosen)
    last = document.workflow

    while document.undo():
        pass
    assert document.workflow.to_json() == first
    assert document.workflow == beginning()
    while document.redo():
        pass
    assert document.workflow == last


@FEW
@given(st.lists(edits, max_size=15))
def test_edits_replayed_from_their_json_give_the_same_workflow(chosen: list[Edit]) -> None:
    document, again = Document(beginning()), Document(beginning())
    done: list[Delta] = []
    document.subscribe(done.append)
    applied(document, chosen)

    for delta in done:
        assert delta.edit is not None
        again.apply(edit_from_json(json.loads(json.dumps(delta.edit.to_json()))))

    assert again.workflow == document.workflow


def described(before: Workflow, after: Workflow) -> dict[str, Any]:
    """The difference, worked out the slow way."""
    found: dict[str, Any] = {}
    for name, old, new in (
        ("nodes", before.graph.nodes, after.graph.nodes),
        ("edges", before.graph.edges, after.graph.edges),
    ):
        found[f"{name}_added"] = {k for k in new if k not in old}
        found[f"{name}_removed"] = {k for k in old if k not in new}
        found[f"{name}_changed"] = {k for k in new if k in old and new[k] != old[k]}
    found["app_changed"] = before.app != after.app
    found["features_changed"] = before.features != after.features
    found["variables_changed"] = (
        before.environment_variables != after.environment_variables
        or before.conversation_variables != after.conversation_variables
    )
    return found


@FEW
@given(st.lists(edits, max_size=15))
def test_a_delta_describes_exactly_the_difference(chosen: list[Edit]) -> None:
    document = Document(beginning())
    seen = [document.workflow]

    def listen(delta: Delta) -> None:
        wanted = described(seen[-1], document.workflow)
        assert {name: getattr(delta, name) for name in wanted} == wanted
        assert delta.moved <= delta.nodes_changed
        seen.append(document.workflow)

    document.subscribe(listen)
    applied(document, chosen)
    while document.undo():
        pass


@FEW
@given(st.lists(edits, max_size=20))
def test_indexes_are_those_of_a_fresh_graph(chosen: list[Edit]) -> None:
    document = Document(beginning())
    for edit in chosen:
        for node_id in document.graph.nodes:  # builds the indexes, so that edits must keep them right
            document.graph.out_edges(node_id)
            document.graph.in_edges(node_id)
            document.graph.children(node_id)
        applied(document, [edit])
        graph = document.graph
        fresh = Graph(dict(graph.nodes), dict(graph.edges))
        for node_id in graph.nodes:
            assert graph.out_edges(node_id) == fresh.out_edges(node_id)
            assert graph.in_edges(node_id) == fresh.in_edges(node_id)
            assert graph.children(node_id) == fresh.children(node_id)


@FEW
@given(st.lists(edits, max_size=20))
def test_the_stored_form_is_lossless(chosen: list[Edit]) -> None:
    document = Document(beginning())
    applied(document, chosen)

    assert Workflow.from_json(json.loads(json.dumps(document.workflow.to_json()))) == document.workflow


@pytest.mark.spec("dsl.13", "dsl.26")
@FEW
@given(st.lists(edits, max_size=20))
def test_export_then_import_then_export_is_the_same(chosen: list[Edit]) -> None:
    document = Document(beginning())
    applied(document, chosen)
    text = write(document.workflow, with_secrets=True)

    result = read(text)

    if result.workflow is not None:  # a generated graph may be one that an import refuses
        once = write(result.workflow, with_secrets=True)
        again = read(once).workflow
        assert again is not None
        assert write(again, with_secrets=True) == once
        if not result.notices:
            assert to_tree(result.workflow, with_secrets=True) == to_tree(document.workflow, with_secrets=True)
