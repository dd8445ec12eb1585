"""Clipboard, arranging, keys and the walk through the canvas without a mouse."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from engine.model.graph import Graph
from tests.helpers.canvas import SHIFT, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]
GRID = graph_of(
    node("start", 0, 0, "start"),
    node("a", 300, 0, "agent", note="{{#start.x#}}", title="Say"),
    node("b", 600, 0, title="Do"),
    edges=(("start", "a"), ("a", "b")),
)


def room_graph() -> Graph:
    return graph_of(
        node("room", 0, 0, "loop", width=700, height=300, title="Repeat"),
        node("inner-start", 24, 68, "loop-start", parent="room"),
        node("x", 120, 90, parent="room", title="Step"),
        node("y", 420, 90, parent="room", title="Then"),
        edges=(("inner-start", "x"), ("x", "y")),
    )


# -- the clipboard --------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.20")
def test_copy_and_paste_between_two_canvases(canvas: Make) -> None:
    first, second = canvas(room_graph()), canvas(graph_of())
    first.view.select(["room"])
    assert first.view.copy()
    assert second.view.paste((40, 50))
    nodes = list(second.graph.nodes.values())
    room = next(n for n in nodes if n.type == "loop")
    assert (room.x, room.y) == (40, 50)
    assert {n.title for n in nodes if n.parent == room.id} >= {"Step", "Then"}
    assert len(second.graph.edges) >= 1
    assert second.view.selected_nodes() == [room.id]
    second.document.undo()
    assert not second.graph.nodes


@pytest.mark.spec("editor.21")
def test_the_clipboard_holds_the_formats_own_json_and_other_versions_warn(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.select(["a"])
    hand.view.copy()
    tree = json.loads(QGuiApplication.clipboard().text())
    assert (tree["kind"], tree["version"]) == ("dify-workflow-clipboard", 1)
    tree["version"] = 9
    tree["nodes"].append({"broken": True})
    assert hand.view.edits.paste_text(json.dumps(tree), (0, 300))
    assert hand.refusals
    assert "1" in hand.refusals[-1]


@pytest.mark.spec("editor.22")
def test_paste_puts_the_top_left_of_the_group_at_the_place(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.select(["a", "b"])
    hand.view.copy()
    hand.view.paste((1000, 500))
    new = hand.view.selected_nodes()
    assert min(hand.place_of(n)[0] for n in new) == 1000
    assert min(hand.place_of(n)[1] for n in new) == 500


@pytest.mark.spec("editor.23")
def test_pasted_titles_and_ids_are_unique(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.select(["a", "b"])
    hand.view.copy()
    for turn in range(5):
        assert hand.view.paste((0, 300 * (turn + 1)))
    titles = [n.title for n in hand.graph.nodes.values()]
    assert len(titles) == len(set(titles)) == 13


@pytest.mark.spec("editor.24")
def test_start_nodes_are_never_copied_the_rest_is(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.select_all()
    hand.view.copy()
    hand.view.paste((0, 400))
    assert [n.type for n in hand.graph.nodes.values()].count("start") == 1
    assert len(hand.graph.nodes) == 5


def test_cut_and_duplicate(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.select(["b"])
    assert hand.view.duplicate()
    (copy,) = hand.view.selected_nodes()
    assert hand.place_of(copy) == (640, 40)
    hand.view.select(["a"])
    assert hand.view.cut()
    assert "a" not in hand.graph.nodes
    assert hand.view.paste((0, 500))


def test_text_that_holds_no_nodes_is_not_pasted(canvas: Make) -> None:
    hand = canvas(GRID)
    assert not hand.view.edits.paste_text("hello")
    assert hand.refusals
    assert not hand.document.can_undo


# -- arranging ------------------------------------------------------------------------------------------------

SPREAD = graph_of(node("a", 0, 0), node("b", 400, 130), node("c", 900, 300))


@pytest.mark.spec("editor.30")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("left", [(0, 0), (0, 130), (0, 300)]),
        ("right", [(900, 0), (900, 130), (900, 300)]),
        ("center", [(450, 0), (450, 130), (450, 300)]),
        ("top", [(0, 0), (400, 0), (900, 0)]),
        ("bottom", [(0, 300), (400, 300), (900, 300)]),
        ("middle", [(0, 150), (400, 150), (900, 150)]),
    ],
)
def test_align(canvas: Make, kind: str, expected: list[tuple[int, int]]) -> None:
    hand = canvas(SPREAD)
    hand.view.select_all()
    assert hand.view.align(kind)
    assert [hand.place_of(n) for n in "abc"] == expected
    hand.document.undo()
    assert hand.graph == SPREAD


@pytest.mark.spec("editor.30")
def test_distribute_makes_equal_gaps_and_refuses_without_room(canvas: Make) -> None:
    hand = canvas(SPREAD)
    hand.view.select(["a", "b"])
    assert not hand.view.edits.can_distribute("horizontal")
    hand.view.select_all()
    assert hand.view.distribute("horizontal")
    assert hand.place_of("b") == (450, 130)
    crowded = canvas(graph_of(node("a", 0, 0), node("b", 50, 0), node("c", 100, 0)))
    crowded.view.select_all()
    assert not crowded.view.edits.can_distribute("horizontal")
    assert not crowded.view.distribute("horizontal")
    assert not crowded.document.can_undo


@pytest.mark.spec("editor.29")
def test_organize_leaves_no_overlap_and_is_one_step(canvas: Make) -> None:
    hand = canvas(
        graph_of(
            *(node(f"n{i}", 5 * i, 3 * i, "llm") for i in range(12)),
            edges=tuple((f"n{i}", f"n{i + 1}") for i in range(11)),
        )
    )
    assert hand.view.organize()
    boxes = [item.box for item in hand.view.scene.items.values()]
    assert not any(a.touches(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert len(hand.document.history()) == 2


# -- keys -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.1")
def test_arrows_move_by_5_and_with_shift_by_20_as_one_step(canvas: Make) -> None:
    hand = canvas(GRID)
    said: list[str] = []
    hand.view.announced.connect(said.append)
    hand.click(hand.at_node("b"))
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Down)
    assert hand.place_of("b") == (605, 5)
    hand.key(Qt.Key.Key_Left, SHIFT)
    assert hand.place_of("b") == (585, 5)
    assert said[-1] == "Moved left by 20"
    assert len(hand.document.history()) == 2


def test_arrows_stay_inside_a_container(canvas: Make) -> None:
    hand = canvas(room_graph())
    hand.view.select(["x"])
    for _ in range(40):
        hand.key(Qt.Key.Key_Left, SHIFT)
    assert hand.place_of("x") == (16, 90)


def test_arrows_without_a_selection_pan(canvas: Make) -> None:
    hand = canvas(GRID)
    x = hand.view.camera.x
    hand.key(Qt.Key.Key_Right)
    assert hand.view.camera.x < x


@pytest.mark.spec("editor.1", "editor.82")
def test_tab_walks_nodes_and_edges_and_speaks(canvas: Make) -> None:
    hand = canvas(GRID)
    hand.view.setFocus()
    said: list[str] = []
    hand.view.announced.connect(said.append)
    walked = []
    for _ in range(5):
        hand.key(Qt.Key.Key_Tab)
        walked.append(hand.view.selected_edge() or hand.view.selected_nodes()[0])
    edges = list(hand.graph.edges)
    assert walked == ["start", edges[0], "a", edges[1], "b"]
    assert said[0].startswith("start, ")
    assert said[1] == "Connection from start to Say"
    hand.key(Qt.Key.Key_Backtab, SHIFT)
    assert hand.view.selected_edge() == edges[1]


@pytest.mark.spec("editor.1")
def test_enter_opens_and_space_selects_the_focused_node(canvas: Make) -> None:
    hand = canvas(GRID)
    opened: list[str] = []
    hand.view.nodeActivated.connect(opened.append)
    hand.view.setFocus()
    hand.key(Qt.Key.Key_Tab)
    hand.key(Qt.Key.Key_Space)
    assert hand.view.selected_nodes() == []
    hand.key(Qt.Key.Key_Space)
    assert hand.view.selected_nodes() == ["start"]
    hand.key(Qt.Key.Key_Return)
    assert opened == ["start"]


@pytest.mark.spec("editor.31")
def test_holding_shift_dims_unrelated_nodes_and_letting_go_restores(canvas: Make) -> None:
    graph = Graph({**GRID.nodes, "z": node("z", 0, 400)}, GRID.edges)
    hand = canvas(graph)
    hand.view.select(["a"])
    hand.key(Qt.Key.Key_Shift, let_go=False)
    assert hand.view.state.dimmed == {"b", "z"}
    assert hand.view.runs.relations == [("a", "start")]
    hand.key_up(Qt.Key.Key_Shift)
    assert not hand.view.state.dimmed
    assert not hand.view.runs.relations
    assert not hand.document.can_undo


def test_the_viewport_is_remembered_but_never_a_step_of_undo(canvas: Make, qtbot: object) -> None:
    hand = canvas(GRID)
    hand.wheel(QPointF(300, 300), -2)
    qtbot.waitUntil(lambda: hand.graph.viewport.y == hand.view.camera.y, timeout=3000)  # type: ignore[attr-defined]
    assert not hand.document.can_undo
    assert hand.document.revision == 0


def test_disconnect_and_disable(canvas: Make) -> None:
    hand = canvas(GRID)
    assert hand.view.edits.disconnect("a")
    assert not hand.graph.edges
    hand.document.undo()
    assert hand.view.edits.toggle_disabled(["a"])
    assert hand.graph.nodes["a"].data["disabled"] is True
    assert hand.view.scene.items["a"].content.disabled
    assert hand.view.edits.toggle_disabled(["a"])
    assert hand.graph.nodes["a"].data["disabled"] is False
