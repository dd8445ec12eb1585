"""Organizing any graph (statement 29): containers in containers, branches, circles of a file, notes everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.document import Document
from engine.model.graph import Graph, Node
from engine.model.layout import organize
from engine.model.workflow import Workflow
from engine.nodes import registry
from tests.engine.model.test_layout import assert_tidy
from tests.helpers.model import edge, node

CASES = ("one", "two", "three")
KINDS = ("code", "if-else", "question-classifier", "http-request", "iteration", "loop", "note")


def _data(kind: str) -> dict[str, Any]:
    if kind == "if-else":
        return {"cases": [{"case_id": case, "id": case, "conditions": [], "logical_operator": "and"} for case in CASES]}
    if kind == "question-classifier":
        return {"classes": [{"id": case, "name": case} for case in CASES]}
    return {"error_strategy": "fail-branch"} if kind == "http-request" else {}


def handles(kind: str, data: Mapping[str, Any]) -> list[str]:
    found = registry.spec(kind)
    return [handle.id for handle in found.handles(data)] if found is not None else []


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, dict[str, tuple[float, float]]]:
    """A graph as a file may hold it; edges go anywhere within one room, so circles come too."""
    count = draw(st.integers(1, 16))
    nodes: list[dict[str, Any]] = []
    rooms: list[str | None] = [None]
    kinds: dict[str, str] = {}
    members: dict[str | None, list[str]] = {None: []}
    depth = {None: 0}
    sizes: dict[str, tuple[float, float]] = {}
    for number in range(count):
        name, kind = f"n{number}", draw(st.sampled_from(KINDS))
        room = draw(st.sampled_from(rooms))
        if kind in ("iteration", "loop") and depth[room] >= 2:
            kind = "code"
        place = {"x": float(draw(st.integers(-300, 900))), "y": float(draw(st.integers(-300, 900)))}
        if kind == "note":
            made = node(name, "", **place, parent=room, text="")
            made |= {"type": "custom-note", "width": draw(st.integers(240, 500)), "height": draw(st.integers(88, 300))}
        else:
            made = node(name, kind, **place, parent=room, **_data(kind))
            members[room].append(name)
        if kind in ("iteration", "loop"):
            made |= {"width": draw(st.integers(100, 1500)), "height": draw(st.integers(100, 900))}
            rooms.append(name)
            depth[name] = depth[room] + 1
            first = node(f"{name}start", f"{kind}-start", x=24, y=68, parent=name)
            nodes_first = {**first, "type": f"custom-{kind}-start"}
            members[name] = [f"{name}start"]
            kinds[f"{name}start"] = f"{kind}-start"
            nodes += [made, nodes_first]
        else:
            nodes.append(made)
            if kind != "note":
                sizes[name] = (240.0, float(draw(st.integers(40, 400))))
        kinds[name] = kind
    edges: dict[str, dict[str, Any]] = {}
    for inside in members.values():
        if len(inside) < 2:
            continue
        for _ in range(draw(st.integers(0, 2 * len(inside)))):
            a, b = draw(st.sampled_from(inside)), draw(st.sampled_from(inside))
            choices = handles(kinds[a], _data(kinds[a])) or ["source"]
            handle = draw(st.sampled_from(choices))
            if a != b and not kinds[b].endswith("-start"):
                edges[f"{a}-{handle}-{b}"] = {**edge(a, handle, b), "id": f"{a}-{handle}-{b}"}
    return Graph.from_config({"nodes": nodes, "edges": list(edges.values())}), sizes


def in_order(graph: Graph) -> None:
    """Branches that lead to a node of their own stand in the order of their sockets."""
    entered = Counter(e.target for e in graph.edges.values())
    for item in graph.nodes.values():
        order = {handle: at for at, handle in enumerate(handles(item.type, item.data))}
        own = [e for e in graph.out_edges(item.id) if entered[e.target] == 1]
        own.sort(key=lambda e: order.get(e.source_handle, 99))
        tops = [(order.get(e.source_handle, 99), graph.nodes[e.target].y) for e in own]
        for (a, above), (b, below) in pairwise(tops):
            assert a == b or above < below, (item.id, tops)


@pytest.mark.spec("editor.29")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_any_graph_becomes_tidy_with_its_branches_in_order(made: tuple[Graph, dict[str, tuple[float, float]]]) -> None:
    graph, sizes = made
    document = Document(Workflow(graph=graph))
    before = document.workflow
    edit = organize(graph, sizes)
    if edit is None:
        assert_tidy(graph, sizes)
        return
    document.apply(edit)
    assert_tidy(document.graph, sizes)
    in_order(document.graph)
    assert nothing_else_changed(graph, document.graph)
    document.undo()
    assert document.workflow == before


def nothing_else_changed(before: Graph, after: Graph) -> bool:
    """Only places and sizes are others."""

    def bare(item: Node) -> Any:
        data = {k: v for k, v in item.data.items() if k not in ("width", "height")}
        return item.id, item.type, item.parent, data

    same = [bare(n) for n in before.nodes.values()] == [bare(n) for n in after.nodes.values()]
    return same and before.edges == after.edges
