"""Tidying: nothing overlaps, branches keep their order, containers fit, doing it twice changes nothing."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dsl.read import read
from engine.model.document import Document
from engine.model.graph import Graph, Node
from engine.model.layering import HEADER
from engine.model.layout import CARD, CONTAINER_START, GAP_X, GAP_Y, INNER_GAP_X, INNER_GAP_Y, organize
from engine.model.workflow import Workflow
from engine.nodes import registry
from tests.benchmarks.bench_model import graph_of
from tests.helpers.model import CORPUS, edge, made, node

Sizes = dict[str, tuple[float, float]]


def size(item: Node, sizes: Sizes) -> tuple[float, float]:
    if item.is_container or item.is_note:
        return (item.width or 240, item.height or 100)
    return sizes.get(item.id) or (CONTAINER_START if item.is_container_start else CARD)


def tidy(graph: Graph, sizes: Sizes | None = None) -> Graph:
    edit = organize(graph, sizes or {})
    return edit.apply(Workflow(graph=graph))[0].graph if edit else graph


def assert_tidy(graph: Graph, sizes: Sizes | None = None) -> None:
    """No overlaps in any scope, nothing outside of its container, nothing more to do."""
    sizes = sizes or {}
    rooms: dict[str | None, list[Node]] = defaultdict(list)
    for item in graph.nodes.values():
        rooms[item.parent].append(item)
    for parent, items in rooms.items():
        boxes = sorted((i.x, i.y, *size(i, sizes), i.id) for i in items)
        for index, (x, y, w, h, name) in enumerate(boxes):
            for ox, oy, _, oh, other in boxes[index + 1 :]:
                if ox >= x + w:
                    break
                assert not (oy < y + h and y < oy + oh), (name, other)
            if parent is not None:
                room = graph.nodes[parent]
                assert x >= 16, name
                assert y >= 65, name
                assert x + w + 16 <= (room.width or 0), name
                assert y + h + 20 <= (room.height or 0), name
    assert organize(graph, sizes) is None


def test_a_chain_stands_in_one_line_with_the_gaps_of_the_design() -> None:
    graph = tidy(made([node(n, "code", x=9, y=7) for n in "abc"], [("a", "b"), ("b", "c")]).graph)

    assert [(n.x, n.y) for n in graph.nodes.values()] == [(9, 7), (9 + 240 + GAP_X, 7), (9 + 2 * (240 + GAP_X), 7)]


def test_branches_stand_below_each_other_in_the_order_of_their_sockets() -> None:
    cases = [{"case_id": name, "conditions": []} for name in ("x", "y", "z")]
    nodes = [node("a", "if-else", cases=cases), *(node(n, "code") for n in "zyxf")]
    graph = tidy(made(nodes, [("a", "z", "z"), ("a", "false", "f"), ("a", "y", "y"), ("a", "x", "x")]).graph)

    ys = [graph.node(n).y for n in "xyzf"]
    assert ys == sorted(ys)
    assert {b - a for a, b in itertools.pairwise(ys)} == {100 + GAP_Y}
    # The middle of the branching node faces the middle of where its branches are entered.
    assert graph.node("a").y + 100 / 2 == (ys[0] + ys[-1]) / 2 + HEADER


@pytest.mark.spec("editor.29")
def test_a_chain_of_cards_of_different_heights_is_a_straight_line() -> None:
    heights = {"a": (240.0, 60.0), "b": (240.0, 300.0), "c": (240.0, 110.0)}
    graph = tidy(made([node(n, "code") for n in "abc"], [("a", "b"), ("b", "c")]).graph, heights)
    assert len({graph.node(n).y for n in "abc"}) == 1


def test_links_that_need_not_cross_do_not() -> None:
    pairs = [("a", "b"), ("a", "c"), ("b", "y"), ("c", "x"), ("a", "z")]
    nodes = [node(n, "code") for n in "abcxyz"]
    graph = tidy(made(nodes, [*pairs, ("y", "z")]).graph)

    assert (graph.node("b").y < graph.node("c").y) == (graph.node("y").y < graph.node("x").y)


def test_sizes_of_the_drawn_cards_count() -> None:
    sizes = {"a": (300.0, 400.0), "b": (240.0, 60.0), "c": (240.0, 500.0)}
    graph = tidy(made([node(n, "code") for n in "abc"], [("a", "b"), ("a", "c")]).graph, sizes)

    assert_tidy(graph, sizes)
    assert graph.node("b").x == graph.node("a").x + 300 + GAP_X
    assert graph.node("c").y - graph.node("b").y == 60 + GAP_Y


def test_containers_are_fitted_to_what_they_hold() -> None:
    nodes = [node("1", "start"), node("2", "loop", width=2000, height=1500)]
    nodes += [node(n, "code", parent="2", x=900, y=900) for n in "abc"]
    workflow = made(nodes, [("1", "2"), ("2start0", "a"), ("a", "b"), ("a", "c")])
    graph = workflow.graph.with_edges(
        {e["id"]: _edge(e) for e in (edge("1", "2"), edge("2start0", "a"), edge("a", "b"), edge("a", "c"))}
    )

    graph = tidy(graph)

    assert_tidy(graph)
    assert graph.node("a").x == 16 + 44 + INNER_GAP_X
    assert graph.node("c").y - graph.node("b").y == 100 + INNER_GAP_Y
    assert graph.node("2").width == 16 + 44 + INNER_GAP_X + 240 + INNER_GAP_X + 240 + 16
    assert graph.node("2").height == 65 + 200 + INNER_GAP_Y + 20
    assert graph.node("2").data["width"] == graph.node("2").width


def _edge(config: dict[str, Any]) -> Any:
    from engine.model.graph import Edge

    return Edge.from_config(config)


def test_unconnected_parts_stand_below_each_other_and_single_nodes_in_rows() -> None:
    nodes = [node(f"s{n}", "code") for n in range(12)] + [node(n, "code") for n in "abcd"]
    graph = tidy(made(nodes, [("a", "b"), ("c", "d")]).graph)

    assert_tidy(graph)
    assert graph.node("a").y < graph.node("c").y < graph.node("s0").y
    assert len({graph.node(f"s{n}").y for n in range(12)}) == 3


def note(node_id: str, x: float, y: float, width: float = 240, height: float = 88) -> dict[str, Any]:
    return {**node(node_id, "", x=x, y=y, text=""), "type": "custom-note", "width": width, "height": height}


def test_notes_stay_unless_something_would_lie_under_them() -> None:
    nodes = [node("a", "code"), node("b", "code", x=50, y=3000), note("n", 5000, 900), note("m", 340, 10)]
    graph = tidy(made(nodes, [("a", "b")]).graph)

    assert_tidy(graph)
    assert (graph.node("n").x, graph.node("n").y) == (5000, 900)
    assert (graph.node("m").x, graph.node("m").y) != (340, 10)


def test_a_note_beside_a_card_moves_along() -> None:
    nodes = [node("a", "code"), node("b", "code", x=900, y=3000), note("n", 900, 2880)]
    graph = tidy(made(nodes, [("a", "b")]).graph)

    assert (graph.node("n").x - graph.node("b").x, graph.node("n").y - graph.node("b").y) == (0, -120)


def test_it_is_one_undo_step() -> None:
    workflow = made([node(n, "code") for n in "abc"], [("a", "b"), ("b", "c")])
    document = Document(workflow)
    edit = organize(document.graph)
    assert edit is not None
    document.apply(edit)
    document.undo()

    assert document.workflow == workflow


def test_a_circle_and_an_empty_graph_do_no_harm() -> None:
    assert organize(Graph()) is None
    graph = Graph.from_config({"nodes": [node(n, "code") for n in "abc"], "edges": [edge("a", "b"), edge("b", "a")]})
    assert_tidy(tidy(graph))


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 14),
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13), st.sampled_from(["true", "false"])), max_size=30),
    st.lists(st.integers(40, 400), min_size=14, max_size=14),
)
def test_any_graph_becomes_tidy(count: int, pairs: list[tuple[int, int, str]], heights: list[int]) -> None:
    nodes = [node(str(n), "if-else", cases=[{"case_id": "true"}], x=n * 7 % 5, y=n * 13 % 7) for n in range(count)]
    edges = {f"{a}-{h}-{b}": edge(str(a), h, str(b)) for a, b, h in pairs if a != b and max(a, b) < count}
    graph = Graph.from_config({"nodes": nodes, "edges": [{**e, "id": k} for k, e in edges.items()]})
    sizes: Sizes = {str(n): (240.0, float(heights[n])) for n in range(count)}

    assert_tidy(tidy(graph, sizes), sizes)


@pytest.mark.spec("editor.29")
def test_five_hundred_nodes_in_under_two_seconds() -> None:
    graph = Graph.from_config(graph_of(500))
    began = time.perf_counter()
    after = tidy(graph)
    took = time.perf_counter() - began

    assert took < 2.0
    assert_tidy(after)


@pytest.mark.spec("editor.29")
@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
def test_every_real_file_becomes_tidy_with_its_branches_in_order() -> None:
    for file in sorted(CORPUS.glob("*.yml")):
        workflow = read(file.read_bytes()).workflow
        if workflow is None:
            continue
        graph = tidy(workflow.graph)
        assert_tidy(graph)
        for item in graph.nodes.values():
            spec = registry.spec(item.type)
            order = {h.id: i for i, h in enumerate(spec.handles(item.data))} if spec else {}
            edges = sorted(graph.out_edges(item.id), key=lambda e: order.get(e.source_handle, 99))
            targets = [graph.nodes[e.target] for e in edges]
            if len({t.id for t in targets}) == len(targets) and len({t.x for t in targets}) == 1:
                assert [t.y for t in targets] == sorted(t.y for t in targets), (file.name, item.id)
