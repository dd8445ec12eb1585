"""The view goes along with the step that runs while that is switched on, until a hand moves the view."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.helpers.model import made, node
from tests.helpers.studio import Studio
from tests.journeys.test_debugging import begin, opened, until

LEFT = Qt.MouseButton.LeftButton


def far_flow() -> object:
    """Two steps that are never in one view."""
    return made(
        [
            node("start", "start"),
            node("far", "template-transform", title="Far", template="x", variables=[], x=9000, y=4000),
            node("end", "end", outputs=[{"variable": "o", "value_selector": ["far", "output"]}], x=9400, y=4000),
        ],
        [("start", "far"), ("far", "end")],
    )


def is_seen(studio: Studio, node_id: str) -> bool:
    canvas = studio.page.canvas
    return canvas.rect().contains(canvas.node_rect(node_id).toRect())


def test_the_view_follows_until_a_hand_moves_it(studio: Studio) -> None:
    opened(studio, far_flow())  # type: ignore[arg-type]
    page = studio.page
    page.canvas.zoom_to(1.0)
    page.canvas.center_on("start", flash=False)
    QTest.mouseClick(page.tools.follow_button, LEFT)
    assert page.canvas.runs.follows
    page.session.debugging.target = "far"
    live = begin(studio)
    until(lambda: page.session.debugging.current is not None)
    page.session.debugging.go_on()
    until(lambda: live.is_over)
    until(lambda: is_seen(studio, "far"))

    page.canvas.setFocus()
    page.canvas.select([])
    QTest.keyClick(page.canvas, Qt.Key.Key_Left)
    assert not page.canvas.runs.follows
    assert not page.tools.follow_button.isChecked()
    again = begin(studio)
    assert page.canvas.runs.follows, "the choice holds for the next run"
    until(lambda: again.is_over)
    QTest.mouseClick(page.tools.follow_button, LEFT)
    assert not page.canvas.runs.follows
