"""Tidying moves the cards before one's eyes, unless motion is not wanted, and never stands in anybody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.canvas.view import CanvasView
from editor.screenshot import wait_until
from editor.theme import set_motion
from tests.helpers.canvas import CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PENSTOCK_NO_MOTION", raising=False)
    set_motion(True)
    yield
    set_motion(None)


def scattered() -> object:
    cards = [node(f"n{i}", 700 - 90 * i, 40 * i, "code", title=f"Code {i}") for i in range(6)]
    return graph_of(*cards, edges=[(f"n{i}", f"n{i + 1}") for i in range(5)])


def places(view: CanvasView) -> dict[str, tuple[float, float]]:
    """Where the document has the nodes."""
    return {n: view.graph.absolute(n) for n in view.graph.nodes}


def drawn(view: CanvasView) -> dict[str, tuple[float, float]]:
    return {i.id: (i.box.left, i.box.top) for i in view.scene.items.values()}


def fresh_routes(view: CanvasView) -> dict[str, object]:
    """The edges as a canvas draws them that never saw them anywhere else."""
    shown = {e.id: e.route for e in view.scene.edges.values()}
    view.scene.load(view.graph)
    return {"shown": shown, "fresh": {e.id: e.route for e in view.scene.edges.values()}}


def test_cards_glide_to_their_places_and_end_exactly_there(canvas: Make, moving: None) -> None:
    hand: CanvasHand = canvas(scattered())
    view = hand.view
    before = drawn(view)
    assert view.organize()
    assert places(view) != before
    assert view.gliding.is_on
    assert drawn(view) == before
    assert wait_until(lambda: drawn(view) not in (before, places(view)) or not view.gliding.is_on, 30)
    assert wait_until(lambda: not view.gliding.is_on, 30)
    assert drawn(view) == places(view)
    routes = fresh_routes(view)
    assert routes["shown"] == routes["fresh"]


@pytest.mark.parametrize("interruption", ["key", "press", "undo", "another"])
def test_whatever_one_does_ends_the_gliding(canvas: Make, moving: None, interruption: str) -> None:
    hand: CanvasHand = canvas(scattered())
    view = hand.view
    before = places(view)
    assert view.organize()
    assert view.gliding.is_on
    if interruption == "key":
        QTest.keyClick(view, Qt.Key.Key_Shift)
    elif interruption == "press":
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    elif interruption == "undo":
        assert view.document is not None
        view.document.undo()
        assert places(view) == before
    else:
        view.set_document(None)
    assert not view.gliding.is_on
    assert drawn(view) == places(view)


def test_without_motion_everything_is_in_place_at_once(canvas: Make) -> None:
    hand: CanvasHand = canvas(scattered())
    assert hand.view.organize()
    assert not hand.view.gliding.is_on
    assert drawn(hand.view) == places(hand.view)
