"""Connections that may not be: refused with a sentence at the pointer and a red ring, for every kind of end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage

from editor.theme import theme
from engine.model.graph import Graph
from tests.helpers.canvas import IF_ELSE, CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]


def flow() -> Graph:
    return graph_of(
        node("go", 0, 0, "start"),
        node("a", 300, 0),
        node("b", 600, 0, "if-else", **IF_ELSE),
        node("far", 900, 0),
        node("hook", 0, 200, "trigger-webhook"),
        node("plan", 0, 400, "trigger-schedule"),
        node("note", 300, 330, "note", width=200, height=100),
        node("end", 900, 300, "end"),
        node("loop", 0, 640, "loop", width=700, height=260, start_node_id="in"),
        node("in", 24, 68, "loop-start", parent="loop"),
        node("inner", 120, 80, parent="loop"),
        node("exit", 420, 80, "loop-end", parent="loop"),
        node("iteration", 760, 640, "iteration", width=500, height=260, start_node_id="in2"),
        node("in2", 24, 68, "iteration-start", parent="iteration"),
        node("other", 120, 80, parent="iteration"),
        edges=(("go", "a"), ("a", "b"), ("b", "true", "far"), ("in", "inner")),
    )


CASES = [
    ("b", "false", "a", "circle"),
    ("far", "source", "a", "circle"),
    ("a", "source", "b", "already"),
    ("b", "true", "far", "already"),
    ("a", "source", "note", "Notes"),
    ("a", "source", "go", "begins here"),
    ("a", "source", "hook", "begins here"),
    ("a", "source", "plan", "begins here"),
    ("a", "source", "inner", "border"),
    ("inner", "source", "a", "border"),
    ("inner", "source", "other", "border"),
    ("inner", "source", "end", "border"),
    ("other", "source", "iteration", ""),
    ("inner", "source", "in", "begins here"),
    ("go", "source", "inner", "border"),
]


def reddish(picture: QImage, at: QPointF) -> bool:
    """Whether the colour of what is wrong is seen near a place."""
    bad = theme().color("bad")
    ratio = picture.devicePixelRatio()
    close = lambda c: sum(abs(x - y) for x, y in zip(c.getRgb()[:3], bad.getRgb()[:3], strict=True)) < 60  # noqa: E731
    xs = range(round(at.x()) - 8, round(at.x()) + 8)
    ys = range(round(at.y()) - 8, round(at.y()) + 8)
    return any(close(QColor(picture.pixel(round(x * ratio), round(y * ratio)))) for x in xs for y in ys)


@pytest.mark.spec("editor.17")
@pytest.mark.parametrize(("source", "handle", "target", "words"), CASES)
@pytest.mark.parametrize("back", [False, True])
def test_each_refusal_is_seen_and_said(
    canvas: Make, source: str, handle: str, target: str, words: str, back: bool
) -> None:
    hand = canvas(flow(), size=(1400, 1000))
    hand.look(0.9, 40, 40)
    has_input = hand.view.scene.items[target].kind == "room" or target in ("a", "b", "far", "inner", "other", "end")
    if back and not has_input:
        return  # it has no socket to drag from
    before = hand.graph
    if back:
        start, end = hand.at_socket(target, "target"), hand.at_socket(source, handle)
    else:
        start = hand.at_socket(source, handle)
        rect = hand.view.node_rect(target)
        end = rect.center() if target in ("note", "in") else hand.at_node(target)
    hand.drag(start, end, steps=14, drop=False)
    gesture = hand.view.gesture
    assert gesture is not None
    if words:
        assert words in gesture.refusal  # type: ignore[attr-defined]
        picture = hand.view.grab().toImage()
        assert reddish(picture, end), "the end of the line is in the colour of what is wrong"
    hand.release(end)
    assert hand.graph == before
    if words:
        assert words in hand.refusals[-1]


@pytest.mark.spec("editor.17")
@pytest.mark.parametrize("last", ["end", "exit"])
def test_nothing_can_be_drawn_from_what_ends(canvas: Make, last: str) -> None:
    hand = canvas(flow(), size=(1400, 1000))
    hand.look(0.9, 40, 40)
    before = hand.graph
    rect = hand.view.node_rect(last)
    hand.drag(QPointF(rect.right(), rect.center().y()), hand.at_node("far"), steps=10)
    assert hand.graph.edges == before.edges
    goal = "inner" if last == "exit" else "far"
    if last == "end":
        hand.document.undo()
    hand.refusals.clear()
    hand.drag(hand.at_socket(goal, "target"), hand.at_node(last), steps=10)
    assert hand.graph.edges == before.edges
    assert hand.refusals, "said why"
