"""Whatever comes to stand in a container stands within its padding: dragged, pasted, added, inserted, shifted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt

from editor.canvas import metrics as m
from editor.canvas.commands import BlockRequest
from engine.model.edits import ResizeNode, SetField
from engine.model.graph import Graph
from tests.helpers.canvas import CTRL, IF_ELSE, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]


def room_graph() -> Graph:
    return graph_of(
        node("out", 0, 0),
        node("room", 300, 0, "loop", width=560, height=320, start_node_id="start"),
        node("start", 24, 68, "loop-start", parent="room"),
        node("in", 200, 120, parent="room"),
        node("far", 300, 500),
        node("away", 620, 500),
        edges=(("start", "in"),),
    )


def all_inside(hand: CanvasHand, room: str = "room") -> bool:
    items = hand.view.scene.items
    box = items[room].box
    return all(
        box.left + m.ROOM_PAD_LEFT <= items[child.id].box.left
        and items[child.id].box.right <= box.right - m.ROOM_PAD_RIGHT
        and box.top + m.ROOM_PAD_TOP <= items[child.id].box.top
        and items[child.id].box.bottom <= box.bottom - m.ROOM_PAD_BOTTOM
        for child in hand.graph.children(room)
    )


def once_back(hand: CanvasHand, before: Graph, steps: int = 1) -> None:
    """All of it was one step."""
    after = hand.graph
    assert hand.document.steps()[1] == steps
    hand.view.setFocus()
    hand.document.undo()
    assert hand.graph == before
    hand.document.redo()
    assert hand.graph == after


@pytest.mark.spec("editor.10")
@pytest.mark.parametrize("place", [(850, 310), (305, 5), (840, 20), (310, 315)])
def test_a_node_dropped_near_a_border_stands_within(canvas: Make, place: tuple[int, int]) -> None:
    hand = canvas(room_graph())
    hand.drag(hand.at_node("far"), hand.at_scene(*place), steps=10)
    assert hand.graph.nodes["far"].parent == "room"
    assert all_inside(hand)
    assert hand.graph.nodes["room"].width == 560, "there is room enough"
    once_back(hand, room_graph())


@pytest.mark.spec("editor.10")
def test_a_container_grows_for_a_group_that_is_larger(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.view.select(["far", "away"])
    hand.drag(hand.at_node("far"), hand.at_scene(700, 200), steps=10)
    assert {hand.graph.nodes[n].parent for n in ("far", "away")} == {"room"}
    assert all_inside(hand)
    assert hand.graph.nodes["room"].width == 592
    assert hand.graph.nodes["room"].data["width"] == 592
    once_back(hand, room_graph())


@pytest.mark.spec("editor.10")
def test_a_node_added_behind_the_last_one_makes_its_container_grow(canvas: Make) -> None:
    hand = canvas(room_graph())
    before = hand.graph
    hand.click(hand.at_socket("in"))
    made = hand.view.edits.place(hand.requests[-1], "code")
    assert made is not None
    assert hand.graph.nodes[made].parent == "room"
    assert hand.view.scene.items[made].box.left - hand.view.scene.items["in"].box.right == 60
    assert all_inside(hand)
    once_back(hand, before)


@pytest.mark.spec("editor.10", "editor.13")
def test_what_is_inserted_inside_shifts_the_rest_and_the_container_grows(canvas: Make) -> None:
    hand = canvas(room_graph())
    before = hand.graph
    edge = next(e.id for e in hand.graph.edges.values() if e.source == "start")
    middle = hand.at_edge(edge)
    hand.hover(middle)
    hand.click(middle - QPointF(12, 0))
    made = hand.view.edits.place(hand.requests[-1], "template-transform")
    assert made is not None
    assert hand.place_of(made) == (200, 120)
    assert hand.place_of("in") == (500, 120)
    assert all_inside(hand)
    once_back(hand, before)


@pytest.mark.spec("editor.10")
@pytest.mark.parametrize("place", [(1200, 900), (-300, -200), (840, 300)])
def test_what_is_pasted_into_a_chosen_container_stands_within(canvas: Make, place: tuple[int, int]) -> None:
    hand = canvas(room_graph())
    before = hand.graph
    hand.click(hand.at_node("far"))
    hand.view.copy()
    hand.click(hand.at_scene(320, 20))
    assert hand.view.selected_nodes() == ["room"]
    assert hand.view.paste(place)
    (made,) = hand.view.selected_nodes()
    assert hand.graph.nodes[made].parent == "room"
    assert hand.graph.nodes[made].data["loop_id"] == "room"
    assert all_inside(hand)
    once_back(hand, before)


def test_what_is_pasted_over_the_floor_of_a_container_goes_into_it(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.view.select(["far"])
    hand.view.copy()
    hand.view.select([])
    hand.hover(hand.at_scene(500, 260))
    assert hand.view.paste()
    (made,) = hand.view.selected_nodes()
    assert hand.graph.nodes[made].parent == "room"
    assert all_inside(hand)


@pytest.mark.spec("editor.20")
def test_a_container_is_copied_while_it_is_chosen_and_stands_beside_itself(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.click(hand.at_scene(320, 20))
    hand.view.copy()
    assert hand.view.paste((1000, 40))
    (made,) = hand.view.selected_nodes()
    assert hand.graph.nodes[made].parent is None
    assert hand.place_of(made) == (1000, 40)
    assert [n.type for n in hand.graph.children(made)] == ["loop-start", "code"]
    assert not hand.refusals
    hand.view.select(["room"])
    assert hand.view.duplicate()
    (other,) = hand.view.selected_nodes()
    assert hand.place_of(other) == (340, 40)
    assert hand.graph.nodes[other].parent is None


def test_a_child_is_duplicated_in_its_container(canvas: Make) -> None:
    hand = canvas(room_graph())
    before = hand.graph
    hand.click(hand.at_node("in"))
    assert hand.view.duplicate()
    (made,) = hand.view.selected_nodes()
    assert hand.graph.nodes[made].parent == "room"
    assert hand.place_of(made) == (240, 160)
    assert all_inside(hand)
    once_back(hand, before)


def test_what_cannot_stand_in_the_chosen_container_stands_on_the_canvas(canvas: Make) -> None:
    hand = canvas(graph_of(*room_graph().nodes.values(), node("end", 900, 500, "end")))
    hand.view.select(["far", "end"])
    hand.view.copy()
    hand.view.select(["room"])
    assert hand.view.paste((0, 700))
    assert {hand.graph.nodes[n].parent for n in hand.view.selected_nodes()} == {None}
    assert len(hand.view.selected_nodes()) == 2
    assert not hand.refusals


@pytest.mark.spec("editor.10")
def test_a_block_chosen_on_the_floor_of_a_container_stands_within(canvas: Make) -> None:
    hand = canvas(room_graph())
    request = BlockRequest(855, 318, 0, 0, container_id="room", exact=True)
    made = hand.view.edits.place(request, "llm")
    assert made is not None
    assert all_inside(hand)


@pytest.mark.spec("editor.10", "editor.16")
def test_a_connection_dropped_outside_adds_within(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.drag(hand.at_socket("in"), hand.at_scene(900, 600), steps=8)
    made = hand.view.edits.place(hand.requests[-1], "code")
    assert made is not None
    assert hand.graph.nodes[made].parent == "room"
    assert all_inside(hand)


@pytest.mark.spec("editor.10")
@pytest.mark.parametrize("room_type", ["loop", "iteration"])
def test_a_child_that_grows_makes_its_container_grow(canvas: Make, room_type: str) -> None:
    start = {"loop": "loop-start", "iteration": "iteration-start"}[room_type]
    hand = canvas(
        graph_of(
            node("room", 300, 0, room_type, width=400, height=260, start_node_id="start"),
            node("start", 24, 68, start, parent="room"),
            node("choice", 120, 120, "if-else", parent="room", **IF_ELSE),
        )
    )
    before = hand.graph
    cases = [{**IF_ELSE["cases"][0], "case_id": f"case {n}", "id": f"case {n}"} for n in range(6)]
    hand.document.apply(SetField("choice", ("cases",), cases), label="More cases")
    assert all_inside(hand)
    assert hand.graph.nodes["room"].height > 260
    assert hand.graph.nodes["room"].data["height"] == hand.graph.nodes["room"].height
    grown = hand.graph
    once_back(hand, before)
    hand.document.apply(SetField("choice", ("desc",), "A long word on what is decided here. " * 12), label="Words")
    assert all_inside(hand)
    hand.document.undo()
    assert hand.graph == grown


@pytest.mark.spec("editor.10")
def test_typing_that_makes_a_child_grow_stays_one_step(canvas: Make) -> None:
    graph = room_graph()
    asks = node("in", 200, 120, "question-classifier", parent="room", classes=[{"id": "1", "name": "first"}])
    hand = canvas(Graph({**graph.nodes, "in": asks}, graph.edges))
    items = hand.view.scene.items
    least = round(items["in"].box.bottom - items["room"].box.top + m.ROOM_PAD_BOTTOM)
    hand.document.apply(ResizeNode("room", 480, least), label="Resize")
    small = hand.graph
    classes = [{"id": str(n), "name": f"Class {n}"} for n in range(1, 9)]
    for count in range(2, 9):
        hand.document.apply(SetField("in", ("classes",), classes[:count]), label="Edit", merge_key="in:classes")
        assert all_inside(hand)
    assert hand.document.steps()[1] == 2
    height = hand.graph.nodes["room"].height
    assert height is not None
    assert height > least
    hand.document.undo()
    assert hand.graph == small
    hand.document.redo()
    assert all_inside(hand)


def test_keys_keep_children_within(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.click(hand.at_node("in"))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
        for _ in range(40):
            hand.key(key, Qt.KeyboardModifier.ShiftModifier)
    assert all_inside(hand)
    hand.key(Qt.Key.Key_A, CTRL)
