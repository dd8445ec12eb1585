"""Snippets on the canvas: where they come to stand, what they are connected to, what is left out, and undoing it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt

from editor.canvas.blocks import snippet_block
from editor.canvas.commands import BlockRequest
from editor.canvas.gestures.carry import CarryGesture
from editor.canvas.inserting import Piece
from engine.model.clipboard import copy_nodes
from engine.model.clipboard_read import read_clipboard
from engine.model.graph import Graph, Node
from tests.helpers.canvas import IF_ELSE, CanvasHand, canvas_hand, graph_of, node

BLOCK = snippet_block("any")


def piece_of(graph: Graph, mode: str = "workflow") -> Piece:
    return Piece("Kept", read_clipboard(copy_nodes(graph, list(graph.nodes)), mode))


def two() -> Piece:
    return piece_of(graph_of(node("x"), node("y", 300, 40), edges=(("x", "y"),)))


@pytest.fixture
def hand() -> Iterator[CanvasHand]:
    graph = graph_of(
        node("s", node_type="start"),
        node("a", 300),
        node("b", 600),
        node("room", 300, 400, "loop", start_node_id="in", width=700, height=300),
        node("in", 20, 80, "loop-start", parent="room"),
        node("c", 120, 70, parent="room"),
        edges=(("s", "a"), ("a", "b"), ("in", "c")),
    )
    with canvas_hand(graph, size=(1300, 800)) as found:
        yield found


def titled(hand: CanvasHand, title: str) -> Node:
    return next(n for n in hand.graph.nodes.values() if n.title == title)


def links(hand: CanvasHand) -> set[tuple[str, str]]:
    nodes = hand.graph.nodes
    return {(nodes[e.source].title, nodes[e.target].title) for e in hand.graph.edges.values()}


def edge_id(hand: CanvasHand, source: str, target: str) -> str:
    return next(e.id for e in hand.graph.edges.values() if (e.source, e.target) == (source, target))


def test_into_an_edge_it_takes_the_targets_place_and_the_rest_moves_on(hand: CanvasHand) -> None:
    first = hand.graph
    request = BlockRequest(0, 0, 1, 1, edge_id=edge_id(hand, "a", "b"))
    assert hand.view.edits.piece_misfit(request, two()) == ""
    assert hand.view.edits.place_piece(request, two())
    assert {("a", "x"), ("x", "y"), ("y", "b")} <= links(hand)
    assert ("a", "b") not in links(hand)
    assert (titled(hand, "x").x, titled(hand, "x").y) == (600, 0)
    assert hand.place_of("b") == (600 + 300 + 240 + 60, 0)
    assert set(hand.view.selected_nodes()) == {titled(hand, "x").id, titled(hand, "y").id}
    assert hand.document.steps()[1] == 1
    hand.document.undo()
    assert hand.graph.to_config() == first.to_config()


def test_in_a_container_the_container_grows_and_marks_are_right(hand: CanvasHand) -> None:
    assert hand.view.edits.place_piece(BlockRequest(0, 0, 1, 1, edge_id=edge_id(hand, "in", "c")), two())
    x = titled(hand, "x")
    assert x.parent == "room"
    assert x.data["isInLoop"]
    edges = [e for e in hand.graph.edges.values() if e.target in (x.id, "c")]
    assert all(e.data["loop_id"] == "room" for e in edges)
    boxes = {n: hand.view.scene.items[n].box for n in ("room", "c", x.id)}
    assert boxes["room"].covers(boxes["c"])
    assert boxes["room"].covers(boxes[x.id])


def test_behind_a_socket_and_before_a_node(hand: CanvasHand) -> None:
    edits = hand.view.edits
    assert edits.place_piece(BlockRequest(0, 0, 1, 1, source_node="b", source_handle="source"), two())
    assert ("b", "x") in links(hand)
    assert titled(hand, "x").x == 900
    hand.document.undo()
    assert edits.place_piece(BlockRequest(0, 0, 1, 1, target_node="a"), two())
    assert ("y", "a") in links(hand)
    assert titled(hand, "y").y == 0  # level with what it leads to
    assert hand.place_of("a")[0] == 300 + 600


def test_it_covers_nothing(hand: CanvasHand) -> None:
    tall = piece_of(graph_of(node("x"), node("y", 0, 300), node("z", 300), edges=(("x", "y"), ("x", "z"))))
    for request in (
        BlockRequest(0, 0, 1, 1, source_node="s", source_handle="source"),
        BlockRequest(320, 20, 1, 1, exact=True),
    ):
        assert hand.view.edits.place_piece(request, tall)
        items = hand.view.scene.items
        tops = [items[n] for n in hand.view.selected_nodes()]
        others = [i for i in items.values() if i not in tops and i.parent is None]
        assert not [(a.id, b.id) for a in tops for b in others if a.box.touches(b.box)]
        hand.document.undo()


@pytest.mark.parametrize(
    ("nodes", "edges", "into", "onward"),
    [
        ((node("x"), node("y", 300)), (), "It has several ways in.", "It has several ways out."),
        ((node("x"), node("e", 300, 0, "end")), (("x", "e"),), "", "It has no way out."),
        ((node("i", 0, 0, "if-else", **IF_ELSE),), (), "", "It has several ways out."),
        ((node("n", node_type="note"),), (), "It has no way in.", "It has no way out."),
    ],
)
def test_where_it_does_not_fit_it_says_why_and_changes_nothing(
    hand: CanvasHand, nodes: tuple[Node, ...], edges: tuple[tuple[str, ...], ...], into: str, onward: str
) -> None:
    piece, edits = piece_of(graph_of(*nodes, edges=edges)), hand.view.edits
    after = BlockRequest(0, 0, 1, 1, source_node="b", source_handle="source")
    before = BlockRequest(0, 0, 1, 1, target_node="a")
    between = BlockRequest(0, 0, 1, 1, edge_id=edge_id(hand, "a", "b"))
    assert edits.piece_misfit(after, piece) == into
    assert edits.piece_misfit(before, piece) == onward
    assert edits.piece_misfit(between, piece) == (into or onward)
    first = hand.graph
    assert not edits.place_piece(between, piece)
    assert hand.refusals == [into or onward]
    assert hand.graph is first
    assert edits.piece_misfit(BlockRequest(0, 0, 1, 1), piece) == ""
    assert edits.insert_piece(piece, 0, 900)


def test_what_may_not_stand_there_is_left_out_counted_and_told(hand: CanvasHand) -> None:
    mixed = piece_of(
        graph_of(node("x"), node("l", 300, node_type="loop"), node("e", 900, node_type="end"), edges=(("x", "l"),))
    )
    assert hand.view.edits.insert_piece(mixed, 450, 500, container="room")
    assert titled(hand, "x").parent == "room"
    assert not any(n.title in ("l", "e") for n in hand.graph.nodes.values())
    assert hand.refusals == ["2 nodes cannot stand here and were left out."]
    answer = piece_of(graph_of(node("x", node_type="answer")), "advanced-chat")
    before = hand.graph
    assert not hand.view.edits.insert_piece(answer, 0, 0)
    assert hand.refusals[1:] == ["None of these nodes can stand here."]
    assert hand.graph is before


def test_references_follow_and_those_to_what_stayed_behind_are_told(hand: CanvasHand) -> None:
    source = graph_of(
        node("gone"),
        node("x", outputs={"result": {"type": "string", "children": None}}),
        node("y", 300, node_type="template-transform", template="", variables=[
            {"variable": "one", "value_selector": ["x", "result"]},
            {"variable": "two", "value_selector": ["gone", "text"]},
        ]),
        edges=(("gone", "x"), ("x", "y")),
    )  # fmt: skip
    piece = Piece("Kept", read_clipboard(copy_nodes(source, ["x", "y"]), "workflow"))
    assert hand.view.edits.insert_piece(piece, 0, 900)
    assert hand.view.edits.insert_piece(piece, 0, 1200)
    ids = {n.title: n.id for n in hand.graph.nodes.values()}
    assert {"x", "y", "x 2", "y 2"} <= set(ids)
    found = [v["value_selector"] for v in hand.graph.nodes[ids["y 2"]].data["variables"]]
    assert found == [[ids["x 2"], "result"], ["gone", "text"]]
    assert "1 variable was left behind: text" in hand.refusals[0]


# -- with the pointer --------------------------------------------------------------------------------------------------


def carried(hand: CanvasHand, piece: Piece) -> CarryGesture:
    hand.view.rules.piece = lambda block: piece if block == BLOCK else None
    hand.view.start_ghost(BLOCK)
    gesture = hand.view.gesture
    assert isinstance(gesture, CarryGesture)
    return gesture


def test_it_sticks_to_the_pointer_until_a_click_places_it(hand: CanvasHand) -> None:
    carried(hand, two())
    hand.hover(QPointF(700, 400))
    hand.click(QPointF(900, 300))
    assert hand.view.gesture is None
    x = titled(hand, "x")
    assert hand.view.node_rect(x.id).contains(QPointF(900, 300))
    assert titled(hand, "y").x == x.x + 300
    assert hand.document.steps()[1] == 1
    carried(hand, two())
    hand.hover(QPointF(700, 300))
    before = hand.graph
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.gesture is None
    assert hand.graph is before


def test_a_key_places_it_in_the_middle(hand: CanvasHand) -> None:
    hand.look(1.0, 60, -900)
    hand.leave()
    carried(hand, two())
    hand.key(Qt.Key.Key_Return)
    assert hand.view.node_rect(titled(hand, "x").id).contains(QPointF(hand.view.rect().center()))


def test_over_an_edge_it_is_put_into_it_and_over_a_container_inside(hand: CanvasHand) -> None:
    gesture = carried(hand, two())
    hand.hover(hand.at_edge(edge_id(hand, "a", "b")))
    assert gesture.edge_id == edge_id(hand, "a", "b")
    hand.view.grab()  # the edge and the cards are drawn
    hand.click(hand.at_edge(edge_id(hand, "a", "b")))
    assert {("a", "x"), ("y", "b")} <= links(hand)
    hand.document.undo()

    mixed = piece_of(graph_of(node("x"), node("n", 0, 200, "note"), node("l", 300, 0, "loop", width=500, height=300)))
    gesture = carried(hand, mixed)
    spot = hand.at_scene(600, 560)
    hand.hover(spot)
    assert gesture.room == "room"
    assert gesture.remark == "1 node cannot stand here."
    hand.view.grab()
    hand.click(spot)
    assert titled(hand, "x").parent == "room"

    ends = piece_of(graph_of(node("e", node_type="end")))
    gesture = carried(hand, ends)
    hand.hover(spot)
    hand.view.grab()
    assert gesture.remark == "None of these nodes can stand here."
    before = hand.graph
    hand.click(spot)
    assert hand.graph is before


def test_one_that_is_gone_says_so(hand: CanvasHand) -> None:
    hand.view.start_ghost(BLOCK)
    assert hand.view.gesture is None
    assert hand.refusals == ["This snippet is damaged or was deleted; it cannot be inserted."]


def test_in_a_container_it_stands_beside_its_steps_and_not_over_them(hand: CanvasHand) -> None:
    wide = piece_of(graph_of(node("x"), node("y", 300), node("z", 600), edges=(("x", "y"), ("y", "z"))))
    for request in (
        BlockRequest(0, 0, 1, 1, source_node="c", source_handle="source"),
        BlockRequest(440, 480, 1, 1, container_id="room", exact=True),
    ):
        assert hand.view.edits.place_piece(request, wide)
        items = hand.view.scene.items
        x, room = titled(hand, "x"), items["room"].box
        assert x.parent == "room"
        tops = [items[n].box for n in hand.view.selected_nodes()]
        assert all(room.covers(box) for box in tops)
        assert not any(box.touches(items["c"].box) for box in tops)
        if request.source_node:
            assert items[x.id].box.top == items["c"].box.top  # level with what leads to it
        hand.document.undo()
