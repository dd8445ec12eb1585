"""What hands do on the canvas, with real mouse and key events."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from editor.canvas import metrics as m
from engine.model.document import Document
from tests.helpers.canvas import ALT, CTRL, IF_ELSE, MIDDLE, SHIFT, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]

ROW = graph_of(node("a", 0, 0), node("b", 320, 0), node("c", 640, 220), edges=(("a", "b"),))


def loop_graph() -> object:
    return graph_of(
        node("out", 0, 0),
        node("room", 300, 0, "loop", width=560, height=320),
        node("start", 24, 68, "loop-start", parent="room"),
        node("in", 200, 120, parent="room"),
        node("far", 300, 500),
        edges=(("start", "in"),),
    )


def unchanged(document: Document) -> bool:
    return not document.can_undo


# -- view ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.3")
@pytest.mark.parametrize("steps", [1, -1, 3])
def test_wheel_zoom_keeps_the_point_under_the_pointer(canvas: Make, steps: int) -> None:
    hand = canvas(ROW)
    at = QPointF(431, 287)
    before = hand.view.camera.to_scene(at.x(), at.y())
    hand.wheel(at, steps, CTRL)
    after = hand.view.camera.to_view(*before)
    assert abs(after[0] - at.x()) <= 1
    assert abs(after[1] - at.y()) <= 1


@pytest.mark.spec("editor.3")
def test_zoom_stays_within_its_limits(canvas: Make) -> None:
    hand = canvas(ROW)
    for _ in range(40):
        hand.wheel(QPointF(300, 300), -1, CTRL)
    assert hand.view.zoom == 0.25
    for _ in range(60):
        hand.wheel(QPointF(300, 300), 1, CTRL)
    assert hand.view.zoom == 2.0


@pytest.mark.spec("editor.4")
def test_fit_shows_all_nodes_with_a_margin(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.look(1.7, -900, 400)
    hand.view.fit()
    for node_id in ("a", "b", "c"):
        assert hand.view.rect().adjusted(20, 20, -20, -20).contains(hand.view.node_rect(node_id).toRect())


@pytest.mark.spec("editor.4")
def test_fit_does_nothing_without_nodes(canvas: Make) -> None:
    hand = canvas(graph_of())
    hand.look(0.8, 10, 20)
    hand.view.fit()
    assert (hand.view.camera.zoom, hand.view.camera.x, hand.view.camera.y) == (0.8, 10, 20)


def test_the_wheel_pans_and_zooms_by_mode(canvas: Make) -> None:
    hand = canvas(ROW)
    y = hand.view.camera.y
    hand.wheel(QPointF(300, 300), 1)
    assert hand.view.camera.y > y
    assert hand.view.zoom == 1.0
    hand.view.set_mode("hand")
    hand.wheel(QPointF(300, 300), 1)
    assert hand.view.zoom > 1.0


@pytest.mark.spec("editor.5")
def test_pointer_mode_boxes_and_touching_any_part_takes_a_node(canvas: Make) -> None:
    hand = canvas(ROW)
    corner = hand.view.node_rect("b").bottomRight()
    hand.drag(corner + QPointF(60, 60), corner - QPointF(3, 3))
    assert hand.view.selected_nodes() == ["b"]
    hand.drag(QPointF(5, 5), QPointF(900, 600))
    assert hand.view.selected_nodes() == ["a", "b", "c"]


@pytest.mark.spec("editor.5")
def test_hand_mode_pans_on_left_drag(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.view.set_mode("hand")
    x = hand.view.camera.x
    hand.drag(QPointF(500, 600), QPointF(560, 610))
    assert hand.view.camera.x == x + 60
    assert hand.view.selected_nodes() == []


@pytest.mark.spec("editor.5")
@pytest.mark.parametrize("mode", ["pointer", "hand"])
def test_space_drag_and_middle_drag_pan_in_both_modes(canvas: Make, mode: str) -> None:
    hand = canvas(ROW)
    hand.view.set_mode(mode)  # type: ignore[arg-type]
    x = hand.view.camera.x
    hand.key(Qt.Key.Key_Space, let_go=False)
    hand.drag(hand.at_node("a"), hand.at_node("a", 50, 0))
    hand.key_up(Qt.Key.Key_Space)
    assert hand.view.camera.x == x + 50
    hand.drag(QPointF(500, 600), QPointF(530, 600), button=MIDDLE)
    assert hand.view.camera.x == x + 80
    assert unchanged(hand.document)


def test_escape_takes_panning_back(canvas: Make) -> None:
    hand = canvas(ROW)
    x = hand.view.camera.x
    hand.drag(QPointF(500, 600), QPointF(590, 600), button=MIDDLE, drop=False)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.camera.x == x


# -- selection ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.6")
def test_ctrl_click_adds_and_removes(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.click(hand.at_node("a"))
    hand.click(hand.at_node("b"), keys=CTRL)
    assert hand.view.selected_nodes() == ["a", "b"]
    hand.click(hand.at_node("a"), keys=CTRL)
    assert hand.view.selected_nodes() == ["b"]
    hand.click(hand.at_node("c"), keys=SHIFT)
    assert hand.view.selected_nodes() == ["b", "c"]


@pytest.mark.spec("editor.6")
def test_select_all_and_escape(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.view.select_all()
    assert sorted(hand.view.selected_nodes()) == ["a", "b", "c"]
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.selected_nodes() == []


def test_ctrl_box_adds_to_the_selection(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.click(hand.at_node("c"))
    corner = hand.view.node_rect("a").bottomLeft()
    hand.drag(corner + QPointF(-30, 40), corner + QPointF(10, -5), keys=CTRL)
    assert hand.view.selected_nodes() == ["c", "a"]


def test_escape_takes_a_box_selection_back(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.click(hand.at_node("c"))
    hand.drag(QPointF(5, 5), QPointF(600, 300), drop=False)
    assert "a" in hand.view.selected_nodes()
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.selected_nodes() == ["c"]


def test_clicking_an_edge_selects_it_and_delete_removes_it(canvas: Make) -> None:
    hand = canvas(ROW)
    edge = next(iter(hand.graph.edges))
    course = hand.view.scene.edges[edge].route
    near_start = hand.at_scene(*course.points[4])
    hand.click(near_start)
    assert hand.view.selected_edge() == edge
    assert hand.view.selected_nodes() == []
    hand.key(Qt.Key.Key_Delete)
    assert not hand.graph.edges
    hand.document.undo()
    assert list(hand.graph.edges) == [edge]


# -- moving -------------------------------------------------------------------------------------------------------


def test_dragging_moves_a_node_in_one_step(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_node("c"), hand.at_node("c", 90, 170))
    assert hand.place_of("c") == (730, 390)
    assert len(hand.document.history()) == 2
    hand.document.undo()
    assert hand.place_of("c") == (640, 220)
    assert hand.view.scene.items["c"].box.left == 640


def test_nothing_changes_before_the_button_is_let_go_and_escape_leaves_no_trace(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_node("c"), hand.at_node("c", 90, 170), drop=False)
    assert hand.place_of("c") == (640, 220)
    assert hand.view.state.hidden == {"c"}
    hand.key(Qt.Key.Key_Escape)
    assert unchanged(hand.document)
    assert not hand.view.state.hidden
    hand.release(hand.at_node("c"))
    assert unchanged(hand.document)


def test_a_selection_moves_together(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.view.select(["a", "c"])
    hand.drag(hand.at_node("a"), hand.at_node("a", 100, 330))
    assert hand.place_of("a") == (100, 330)
    assert hand.place_of("c") == (740, 550)
    assert hand.place_of("b") == (320, 0)


@pytest.mark.spec("editor.9")
def test_tops_and_lefts_snap_within_five_units(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_node("c"), hand.at_node("c", 3, -216), drop=False)
    assert hand.view.gesture is not None
    assert len(hand.view.gesture.lines) == 1  # type: ignore[attr-defined]
    hand.release(hand.at_node("c"))
    hand.document.undo()
    hand.drag(hand.at_node("c"), hand.at_node("c", 30, -216))
    assert hand.place_of("c") == (670, 0)


@pytest.mark.spec("editor.9")
@pytest.mark.parametrize(
    ("dx", "dy", "end"),
    [
        (35, -216, (675, 0)),  # tops, 4 apart
        (35, -215, (675, 0)),  # 5 apart
        (35, -214, (675, 6)),  # 6 apart
        (-316, 200, (320, 420)),  # lefts, 4 apart
        (-326, 200, (314, 420)),  # 6 apart
        (-317, -217, (320, 0)),  # both at once
    ],
)
@pytest.mark.parametrize("zoom", [1.0, 0.5])
def test_within_five_units_and_no_further(canvas: Make, dx: int, dy: int, end: tuple[int, int], zoom: float) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 320, 0), node("c", 640, 220)))
    hand.look(zoom)
    start = hand.at_node("c")
    hand.drag(start, start + QPointF(dx, dy) * zoom, steps=8, drop=False)
    lines = list(hand.view.gesture.lines)  # type: ignore[union-attr]
    hand.release(start + QPointF(dx, dy) * zoom)
    assert hand.place_of("c") == end
    snapped = [end[0] - 640 != dx or end[0] in (0, 320), end[1] - 220 != dy or end[1] == 0]
    assert len(lines) == sum(snapped)


@pytest.mark.spec("editor.9")
@pytest.mark.parametrize("entry", ["start", "trigger-webhook", "trigger-schedule"])
def test_entry_nodes_are_compared_21_lower(canvas: Make, entry: str) -> None:
    hand = canvas(graph_of(node("go", 0, 0, entry), node("c", 640, 220)))
    hand.drag(hand.at_node("c"), hand.at_node("c", 35, -202), steps=8)
    assert hand.place_of("c") == (675, 21)
    hand.drag(hand.at_node("go"), hand.at_node("go", 30, 3), steps=8)
    assert hand.place_of("go") == (30, 0)
    hand.document.undo()
    hand.drag(hand.at_node("c"), hand.at_node("c", 0, -18), steps=8)
    assert hand.place_of("c") == (675, 3), "nothing is at its own top"


@pytest.mark.spec("editor.9")
def test_nodes_in_containers_neither_snap_nor_are_snapped_to(canvas: Make) -> None:
    graph = loop_graph()
    hand = canvas(graph)
    hand.drag(hand.at_node("in"), hand.at_node("in", 3, -50), drop=False)
    assert hand.view.gesture is not None
    assert not hand.view.gesture.lines  # type: ignore[attr-defined]
    hand.release(hand.at_node("in", 3, -50))
    assert hand.place_of("in") == (203, 70)
    hand.document.undo()
    # A child's left is at 500, that of its container at 300.
    hand.drag(hand.at_node("far"), hand.at_node("far", 203, 30), steps=8)
    assert hand.place_of("far") == (503, 530)


@pytest.mark.spec("editor.9")
def test_alt_turns_snapping_off(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_node("c"), hand.at_node("c", 30, -216), keys=ALT)
    assert hand.place_of("c") == (670, 4)


@pytest.mark.spec("editor.9")
def test_alt_pressed_on_the_way_lets_go_and_pulls_again(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_node("c"), hand.at_node("c", 30, -216), drop=False)
    assert hand.view.gesture is not None
    assert hand.view.gesture.lines  # type: ignore[attr-defined]
    hand.move(QPointF(hand.at_scene(640, 220).x() + 120 + 31, hand.at_scene(640, 220).y() + 26 - 216), keys=ALT)
    assert not hand.view.gesture.lines  # type: ignore[attr-defined]
    hand.move(QPointF(hand.at_scene(640, 220).x() + 120 + 31, hand.at_scene(640, 220).y() + 26 - 216))
    assert hand.view.gesture.lines  # type: ignore[attr-defined]
    hand.key(Qt.Key.Key_Escape)
    assert unchanged(hand.document)


@pytest.mark.spec("editor.10")
def test_a_child_stays_within_the_padding_of_its_container(canvas: Make) -> None:
    hand = canvas(loop_graph())
    hand.drag(hand.at_node("in"), hand.at_node("in", -300, -100))
    room, box = hand.view.scene.items["room"].box, hand.view.scene.items["in"].box
    assert box.left == room.left + m.ROOM_PAD_LEFT
    assert box.top == room.top + m.ROOM_PAD_TOP


@pytest.mark.spec("editor.10")
def test_a_container_does_not_get_smaller_than_its_children_need(canvas: Make) -> None:
    hand = canvas(loop_graph())
    corner = hand.view.node_rect("room").bottomRight()
    hand.drag(corner - QPointF(2, 2), corner - QPointF(500, 300))
    room, box = hand.view.scene.items["room"].box, hand.view.scene.items["in"].box
    assert room.right == box.right + m.ROOM_PAD_RIGHT
    assert room.bottom == box.bottom + m.ROOM_PAD_BOTTOM
    assert hand.graph.nodes["room"].data["width"] == room.width
    hand.document.undo()
    assert hand.graph.nodes["room"].width == 560


def test_children_keep_their_place_when_the_left_border_moves(canvas: Make) -> None:
    hand = canvas(loop_graph())
    before = hand.view.scene.items["in"].box
    rect = hand.view.node_rect("room")
    hand.drag(QPointF(rect.left(), rect.center().y() + 40), QPointF(rect.left() - 60, rect.center().y() + 40))
    assert hand.view.scene.items["room"].box.left == 240
    assert hand.view.scene.items["in"].box == before


def test_a_node_dropped_on_a_container_moves_into_it(canvas: Make) -> None:
    hand = canvas(loop_graph())
    inside = hand.at_scene(600, 280)
    hand.drag(hand.at_node("far"), inside, steps=10)
    assert hand.graph.nodes["far"].parent == "room"
    assert hand.graph.nodes["far"].data["loop_id"] == "room"
    hand.document.undo()
    assert hand.graph.nodes["far"].parent is None
    assert hand.place_of("far") == (300, 500)


def test_a_child_pulled_far_outside_leaves_its_container_and_its_inner_edges(canvas: Make) -> None:
    hand = canvas(loop_graph())
    hand.drag(hand.at_node("in"), hand.at_scene(500, 480), steps=10)
    assert hand.graph.nodes["in"].parent is None
    assert not hand.graph.edges
    hand.document.undo()
    assert hand.graph.nodes["in"].parent == "room"
    assert len(hand.graph.edges) == 1


def test_the_start_inside_a_container_stays(canvas: Make) -> None:
    hand = canvas(loop_graph())
    centre = hand.view.node_rect("start").center()
    hand.drag(centre, centre + QPointF(60, 60))
    assert unchanged(hand.document)


def test_the_view_moves_along_when_a_drag_comes_to_its_border(canvas: Make, qtbot: QtBot) -> None:
    hand = canvas(ROW)
    x = hand.view.camera.x
    hand.drag(hand.at_node("c"), QPointF(996, 400), drop=False)
    qtbot.waitUntil(lambda: hand.view.camera.x < x - 100, timeout=3000)
    hand.release(QPointF(996, 400))
    assert hand.place_of("c")[0] > 640 + 260
    moved = hand.view.camera.x
    qtbot.wait(50)
    assert hand.view.camera.x == moved


# -- connecting ---------------------------------------------------------------------------------------------------


def test_dragging_from_a_socket_connects(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_socket("b"), hand.at_node("c"))
    edge = next(e for e in hand.graph.edges.values() if e.source == "b")
    assert (edge.target, edge.source_handle, edge.data["sourceType"]) == ("c", "source", "code")
    assert edge.id in hand.view.scene.edges


def test_dragging_backwards_from_an_input_takes_the_nearest_branch(canvas: Make) -> None:
    hand = canvas(graph_of(node("if", 0, 0, "if-else", **IF_ELSE), node("t", 500, 0)))
    place = hand.at_socket("if", "false") - QPointF(40, 0)
    hand.drag(hand.at_socket("t", "target"), place, steps=8)
    assert [e.source_handle for e in hand.graph.edges.values()] == ["false"]


@pytest.mark.spec("editor.17")
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("b", "a"),  # would close a circle
        ("a", "b"),  # is there already
        ("b", "note"),
        ("a", "entry"),
        ("a", "inner"),  # crosses the border of a container
    ],
)
def test_connections_that_are_not_allowed_are_refused_with_a_reason(canvas: Make, start: str, end: str) -> None:
    hand = canvas(
        graph_of(
            node("a", 0, 0),
            node("b", 320, 0),
            node("note", 0, 200, "note", width=200, height=100),
            node("entry", 320, 200, "start"),
            node("room", 0, 340, "loop", width=500, height=260),
            node("inner", 100, 100, parent="room"),
            edges=(("a", "b"),),
        )
    )
    target = hand.view.node_rect(end).center() if end == "note" else hand.at_node(end)
    hand.drag(hand.at_socket(start), target, steps=12)
    assert len(hand.graph.edges) == 1
    assert hand.refusals


@pytest.mark.spec("editor.17")
def test_nothing_leaves_an_end_node(canvas: Make) -> None:
    hand = canvas(graph_of(node("end", 0, 0, "end"), node("b", 400, 0)))
    assert hand.view.scene.items["end"].content.sockets == ()
    hand.drag(hand.at_socket("b", "target"), hand.at_node("end"), steps=10)
    assert not hand.graph.edges
    assert hand.refusals


@pytest.mark.spec("editor.16")
def test_a_connection_dropped_on_the_ground_asks_for_a_block(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_socket("b"), hand.at_scene(700, 480))
    (request,) = hand.requests
    assert (request.source_node, request.source_handle, request.exact) == ("b", "source", True)
    assert (round(request.scene_x), round(request.scene_y)) == (700, 480)
    made = hand.view.edits.place(request, "template-transform")
    assert made is not None
    assert [e.target for e in hand.graph.out_edges("b")] == [made]
    assert hand.view.selected_nodes() == [made]


@pytest.mark.spec("editor.16")
def test_escape_while_connecting_leaves_no_trace(canvas: Make) -> None:
    hand = canvas(ROW)
    hand.drag(hand.at_socket("b"), hand.at_node("c"), drop=False)
    hand.key(Qt.Key.Key_Escape)
    hand.release(hand.at_node("c"))
    assert unchanged(hand.document)
    assert not hand.requests


def test_an_edge_end_can_be_moved_to_another_node(canvas: Make) -> None:
    hand = canvas(ROW)
    edge = next(iter(hand.graph.edges))
    near_end = hand.at_scene(*hand.view.scene.edges[edge].route.points[-6])
    hand.drag(near_end, hand.at_node("c"), steps=8)
    assert hand.graph.edges[edge].target == "c"
    hand.document.undo()
    assert hand.graph.edges[edge].target == "b"


def test_an_edge_shows_a_plus_and_a_delete_under_the_pointer(canvas: Make) -> None:
    hand = canvas(ROW)
    edge = next(iter(hand.graph.edges))
    middle = hand.at_edge(edge)
    hand.hover(middle)
    assert hand.view.hover.id == edge
    hand.hover(middle - QPointF(12, 0))
    assert hand.view.hover.kind == "edge-add"
    hand.click(middle - QPointF(12, 0))
    assert hand.requests[-1].edge_id == edge
    hand.hover(middle + QPointF(12, 0))
    hand.click(middle + QPointF(12, 0))
    assert not hand.graph.edges


@pytest.mark.spec("editor.11")
def test_clicking_a_source_socket_asks_and_the_new_node_stands_right_with_gap_60(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0)))
    hand.click(hand.at_socket("a"))
    (request,) = hand.requests
    assert not request.exact
    made = hand.view.edits.place(request, "llm")
    assert made is not None
    assert hand.place_of(made) == (240 + 60, 0)
    assert hand.view.selected_nodes() == [made]
    assert [e.target for e in hand.graph.out_edges("a")] == [made]


@pytest.mark.spec("editor.12")
def test_a_third_branch_lands_below_the_lowest_and_overlaps_nothing(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 300, 0), node("c", 300, 200), edges=(("a", "b"), ("a", "c"))))
    hand.click(hand.at_socket("a"))
    made = hand.view.edits.place(hand.requests[0], "code")
    assert made is not None
    lower = hand.view.scene.items["c"].box
    assert hand.place_of(made) == (300, round(lower.bottom + 39))
    new = hand.view.scene.items[made].box
    assert not any(new.touches(hand.view.scene.items[other].box) for other in ("a", "b", "c"))


@pytest.mark.spec("editor.13")
def test_inserting_on_an_edge_takes_the_targets_place_and_shifts_what_follows(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 300, 0), node("c", 600, 0), edges=(("a", "b"), ("b", "c"))))
    made = hand.view.edits.insert_on_edge(next(iter(hand.graph.edges)), "code")
    assert made is not None
    assert hand.place_of(made) == (300, 0)
    assert hand.place_of("b") == (600, 0)
    assert hand.place_of("c") == (900, 0)
    assert [e.target for e in hand.graph.out_edges("a")] == [made]
    assert [e.target for e in hand.graph.out_edges(made)] == ["b"]
    hand.document.undo()
    assert len(hand.graph.nodes) == 3
    assert hand.place_of("c") == (600, 0)


@pytest.mark.spec("editor.13")
def test_a_branching_type_on_an_edge_keeps_only_the_incoming_one(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 300, 0), edges=(("a", "b"),)))
    made = hand.view.edits.insert_on_edge(next(iter(hand.graph.edges)), "if-else")
    assert [(e.source, e.target) for e in hand.graph.edges.values()] == [("a", made)]


# -- ghosts -------------------------------------------------------------------------------------------------------


def test_a_ghost_is_placed_by_a_click_and_dropped_by_escape(canvas: Make) -> None:
    hand = canvas(graph_of())
    hand.view.start_ghost("code")
    hand.hover(QPointF(300, 300))
    hand.key(Qt.Key.Key_Escape)
    assert not hand.graph.nodes
    hand.view.start_ghost("code")
    hand.hover(QPointF(300, 300))
    hand.click(QPointF(300, 300))
    (made,) = hand.graph.nodes.values()
    assert made.type == "code"
    assert hand.view.node_rect(made.id).contains(QPointF(300, 300))
    assert hand.view.gesture is None


def test_a_ghost_over_an_edge_splits_it(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 200), node("b", 600, 200), edges=(("a", "b"),)))
    middle = hand.at_edge(next(iter(hand.graph.edges)))
    hand.view.start_ghost("code")
    hand.hover(middle)
    hand.click(middle)
    made = next(n for n in hand.graph.nodes if n not in ("a", "b"))
    assert [(e.source, e.target) for e in hand.graph.edges.values()] == [("a", made), (made, "b")]


def test_comment_mode_places_a_note(canvas: Make) -> None:
    hand = canvas(graph_of())
    hand.view.set_mode("comment")
    hand.hover(QPointF(300, 300))
    hand.click(QPointF(300, 300))
    (made,) = hand.graph.nodes.values()
    assert made.is_note
    assert hand.view.mode == "pointer"


# -- the rest -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.18")
def test_deleting_a_node_takes_its_edges_and_one_undo_brings_all_back(canvas: Make) -> None:
    hand = canvas(ROW)
    before = hand.graph
    hand.click(hand.at_node("b"))
    hand.key(Qt.Key.Key_Delete)
    assert list(hand.graph.nodes) == ["a", "c"]
    assert not hand.graph.edges
    hand.document.undo()
    assert hand.graph == before


@pytest.mark.spec("editor.19")
def test_deleting_a_container_with_several_children_asks_and_names_the_count(canvas: Make) -> None:
    hand = canvas(
        graph_of(
            node("room", 0, 0, "loop", width=600, height=300),
            node("x", 20, 70, parent="room"),
            node("y", 300, 70, parent="room"),
        )
    )
    asked: list[str] = []
    hand.view.edits.confirm = lambda question: bool(asked.append(question))
    hand.view.select(["room"])
    hand.key(Qt.Key.Key_Delete)
    assert len(hand.graph.nodes) == 3
    assert "2" in asked[0]
    hand.view.edits.confirm = lambda _question: True
    hand.key(Qt.Key.Key_Delete)
    assert not hand.graph.nodes


def test_double_click_opens_a_node_and_zooms_on_the_ground(canvas: Make) -> None:
    hand = canvas(ROW)
    opened: list[str] = []
    hand.view.nodeActivated.connect(opened.append)
    hand.double_click(hand.at_node("a"))
    assert opened == ["a"]
    hand.double_click(QPointF(100, 600))
    assert hand.view.zoom > 1.0


def test_the_bar_above_a_card_runs_it_and_opens_its_menu(canvas: Make) -> None:
    hand = canvas(ROW)
    ran: list[str] = []
    menus: list[tuple[str, str]] = []
    hand.view.runNodeRequested.connect(ran.append)
    hand.view.contextMenuRequested.connect(lambda kind, name, *_: menus.append((kind, name)))
    hand.hover(hand.at_node("b"))
    rect = hand.view.node_rect("b")
    run_button = QPointF(rect.right() - 45, rect.top() - 20)
    hand.hover(run_button)
    assert hand.view.hover.kind == "run"
    hand.click(run_button)
    assert ran == ["b"]
    more = QPointF(rect.right() - 15, rect.top() - 20)
    hand.hover(more)
    hand.click(more)
    assert menus == [("node", "b")]


def test_read_only_canvases_change_nothing(canvas: Make) -> None:
    hand = canvas(ROW, read_only=True)
    hand.drag(hand.at_node("a"), hand.at_node("a", 200, 100))
    hand.drag(hand.at_socket("b"), hand.at_node("c"))
    hand.click(hand.at_node("a"))
    hand.key(Qt.Key.Key_Delete)
    hand.key(Qt.Key.Key_Right)
    assert unchanged(hand.document)
    assert hand.graph == ROW
