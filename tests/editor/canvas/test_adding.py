"""Where new nodes come to stand and what they are connected to, for every type, at the top and in containers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF

from engine.model.graph import Graph
from engine.nodes import registry
from tests.helpers.canvas import IF_ELSE, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]
NEVER = {"start-placeholder", "iteration-start", "loop-start", "datasource", "datasource-empty", "knowledge-index"}
TYPES = [
    (mode, kind, inside)
    for mode in ("workflow", "advanced-chat")
    for inside in (False, True)
    for kind, spec in sorted(registry.SPECS.items())
    if mode in spec.modes and spec.has_input and kind not in NEVER
    if not (inside and (not spec.in_containers or kind in ("iteration", "loop")))
    if inside or kind != "loop-end"
]
BRANCHING = {"if-else", "question-classifier", "human-input", "loop-end"}


def row(inside: bool) -> Graph:
    """Three nodes in a row, at the top or in a loop."""
    parent = "room" if inside else None
    nodes = [
        node("a", 100, 100, parent=parent),
        node("b", 400, 100, parent=parent),
        node("c", 700, 100, parent=parent),
        node("other", 100, 900),
    ]
    if inside:
        room = node("room", 0, 0, "loop", width=1000, height=420, start_node_id="in")
        nodes = [room, node("in", 24, 68, "loop-start", parent="room"), *nodes]
    return graph_of(*nodes, edges=(("a", "b"), ("b", "c")))


def overlaps(hand: CanvasHand, made: str) -> list[str]:
    items = hand.view.scene.items
    mine = items[made]
    return [
        i.id
        for i in items.values()
        if i.id not in (made, mine.parent) and i.parent == mine.parent and i.box.touches(mine.box)
    ]


@pytest.mark.spec("editor.13")
@pytest.mark.parametrize(("mode", "kind", "inside"), TYPES)
def test_each_type_inserted_on_an_edge(canvas: Make, mode: str, kind: str, inside: bool) -> None:
    hand = canvas(row(inside), mode=mode, size=(1400, 900))
    before = hand.graph
    edge = next(e.id for e in hand.graph.edges.values() if e.source == "a")
    middle = hand.at_edge(edge)
    hand.hover(middle)
    hand.hover(middle - QPointF(12, 0))
    hand.click(middle - QPointF(12, 0))
    (request,) = hand.requests
    if not hand.view.rules.may_insert(kind, edge):
        assert kind == "end", "all that leads on, and an exit"
        return
    made = hand.view.edits.place(request, kind)
    assert made is not None
    assert hand.place_of(made) == (400, 100), "the place of the target"
    assert hand.place_of("b") == (700, 100)
    assert hand.place_of("c") == (1000, 100)
    assert hand.place_of("a") == (100, 100)
    assert hand.place_of("other") == (100, 900)
    assert [e.target for e in hand.graph.out_edges("a")] == [made]
    onward = [e.target for e in hand.graph.out_edges(made)]
    assert onward == ([] if kind in BRANCHING else ["b"])
    assert len(hand.graph.edges) == len(before.edges) + (0 if kind in BRANCHING else 1)
    assert hand.graph.nodes[made].parent == ("room" if inside else None)
    after = hand.graph
    hand.document.undo()
    assert hand.graph == before
    hand.document.redo()
    assert hand.graph == after


@pytest.mark.spec("editor.11")
@pytest.mark.parametrize(("mode", "kind", "inside"), TYPES)
def test_each_type_added_behind_a_socket(canvas: Make, mode: str, kind: str, inside: bool) -> None:
    hand = canvas(row(inside), mode=mode, size=(1400, 900))
    hand.hover(hand.at_node("c"))
    hand.click(hand.at_socket("c"))
    (request,) = hand.requests
    made = hand.view.edits.place(request, kind)
    assert made is not None
    assert hand.place_of(made) == (700 + 240 + 60, 100)
    assert [e.target for e in hand.graph.out_edges("c")] == [made]
    assert hand.view.selected_nodes() == [made]
    assert not overlaps(hand, made)
    hand.document.undo()
    assert hand.graph == row(inside)


@pytest.mark.spec("editor.12")
@pytest.mark.parametrize(("mode", "kind", "inside"), TYPES)
@pytest.mark.parametrize("gap", [60, 165])
def test_each_type_as_third_branch(canvas: Make, mode: str, kind: str, inside: bool, gap: int) -> None:
    parent = "room" if inside else None
    nodes = [
        node("if", 100, 100, "if-else", parent=parent, **IF_ELSE),
        node("up", 440, 100, parent=parent),
        node("down", 440, 300, "question-classifier", parent=parent, classes=[{"id": str(n)} for n in range(5)]),
    ]
    if inside:
        room = node("room", 0, 0, "loop", width=1000, height=820, start_node_id="in")
        nodes = [room, node("in", 24, 68, "loop-start", parent="room"), *nodes]
    graph = graph_of(*nodes, edges=(("if", "true", "up"), ("if", "second", "down")))
    bottom = canvas(graph, mode=mode).view.scene.items["down"].box.bottom
    # Something else stands where a usual card would just touch it, or only a high one.
    graph = Graph({**graph.nodes, "block": node("block", 520, round(bottom) + gap, parent=parent)}, graph.edges)
    hand = canvas(graph, mode=mode, size=(1400, 950))
    hand.hover(hand.at_node("if"))
    hand.click(hand.at_socket("if", "false"))
    made = hand.view.edits.place(hand.requests[-1], kind)
    assert made is not None
    items = hand.view.scene.items
    assert items[made].box.left == items["down"].box.left
    lower = items["down"].box.bottom + 39
    # Where the first place is taken, the next free one below: again with the gap.
    assert items[made].box.top in (round(lower), round(items["block"].box.bottom + 39))
    assert not overlaps(hand, made)
    assert [e.target for e in hand.graph.out_edges("if") if e.source_handle == "false"] == [made]
