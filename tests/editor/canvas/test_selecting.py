"""Choosing nodes by clicks and keys, also within containers, in both modes of the mouse and of the app."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt

from engine.model.graph import Graph
from tests.helpers.canvas import CTRL, SHIFT, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]


def rooms() -> Graph:
    return graph_of(
        node("a", 0, 0),
        node("note", 300, 0, "note", width=200, height=80),
        node("room", 0, 200, "loop", width=760, height=260, start_node_id="in"),
        node("in", 24, 68, "loop-start", parent="room"),
        node("x", 120, 80, parent="room"),
        node("y", 440, 80, parent="room"),
    )


@pytest.mark.spec("editor.6")
@pytest.mark.parametrize("mode", ["pointer", "hand"])
@pytest.mark.parametrize("keys", [CTRL, SHIFT])
def test_modifiers_add_and_take_away_in_both_modes(canvas: Make, mode: str, keys: Qt.KeyboardModifier) -> None:
    hand = canvas(rooms())
    hand.view.set_mode(mode)  # type: ignore[arg-type]
    hand.click(hand.at_node("x"), keys=keys)
    assert hand.view.selected_nodes() == ["x"]
    hand.click(hand.at_node("y"), keys=keys)
    hand.click(hand.view.node_rect("note").center(), keys=keys)
    hand.click(hand.at_node("a"), keys=keys)
    assert hand.view.selected_nodes() == ["x", "y", "note", "a"]
    hand.click(hand.at_node("y"), keys=keys)
    hand.click(hand.view.node_rect("note").center(), keys=keys)
    assert hand.view.selected_nodes() == ["x", "a"]
    hand.click(hand.at_node("a"))
    assert hand.view.selected_nodes() == ["a"], "without a modifier only that one"
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.selected_nodes() == []
    assert not hand.document.can_undo


@pytest.mark.spec("editor.5")
@pytest.mark.parametrize("corner", ["topLeft", "topRight", "bottomLeft", "bottomRight"])
@pytest.mark.parametrize("zoom", [1.0, 0.4])
def test_a_box_that_touches_any_corner_takes_the_node(canvas: Make, corner: str, zoom: float) -> None:
    hand = canvas(graph_of(node("a", 300, 300)))
    hand.look(zoom, 60, 60)
    rect = hand.view.node_rect("a")
    at = QPointF(getattr(rect, corner)())
    out = QPointF(40 if "Right" in corner else -40, 40 if "bottom" in corner else -40)
    hand.drag(at + out, at - out * 0.1)
    assert hand.view.selected_nodes() == ["a"]
    hand.drag(at + out, at + out * 0.2)
    assert hand.view.selected_nodes() == [], "a box beside it takes nothing"


@pytest.mark.spec("editor.24")
@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_starts_stay_when_all_is_copied(canvas: Make, mode: str) -> None:
    graph = graph_of(
        node("go", 0, 0, "start"),
        *rooms().nodes.values(),
        node("last", 900, 0, "end" if mode == "workflow" else "answer"),
        edges=(("go", "a"), ("in", "x"), ("x", "y")),
    )
    hand = canvas(graph, mode=mode)
    hand.view.select_all()
    assert "go" in hand.view.selected_nodes()
    hand.view.copy()
    hand.view.paste((0, 900))
    types = [n.type for n in hand.graph.nodes.values() if not n.is_note]
    assert types.count("start") == 1
    assert types.count("loop-start") == 2, "the copy of a loop has one of its own"
    assert types.count("loop") == 2
    assert types.count("code") == 6
    # Inner starts by themselves never come along.
    hand.view.select(["in", "x"])
    hand.view.copy()
    hand.view.select([])
    hand.view.paste((0, 1500))
    types = [n.type for n in hand.graph.nodes.values() if not n.is_note]
    assert types.count("loop-start") == 2
    assert types.count("code") == 7
