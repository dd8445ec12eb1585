"""Through a run in time: slider, keys, the canvas and the values of a step at any moment, for stored runs, too."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.helpers.studio import Studio
from tests.journeys.test_debugging import opened, rounds_flow, status, until

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


def ready(studio: Studio) -> None:
    page = studio.page
    page.show_drawer("trace")
    page.session.moments.wanted(lambda: None)
    until(lambda: page.session.moments.replay is not None)


def test_the_slider_goes_through_a_run_and_the_canvas_follows(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    ready(studio)
    scrubber = page.trace.scrubber
    assert scrubber.isVisible()
    assert scrubber.slider.value() == scrubber.slider.maximum()

    QTest.mouseClick(scrubber.first, LEFT)
    assert not page.canvas.state.runs
    scrubber.slider.setFocus()
    seen = []
    for _ in range(scrubber.slider.maximum()):
        QTest.keyClick(scrubber.slider, Qt.Key.Key_Right)
        seen.append({i: s for i in ("list", "each", "once", "after") if (s := status(studio, i))})
        shown = page.canvas.state.runs
        assert {i: shown[i].status for i in seen[-1]} == seen[-1]
    assert {"list": "running"} in seen
    assert any(s.get("each") == "running" and s.get("once") == "succeeded" for s in seen)
    assert seen[-1] == {"list": "succeeded", "each": "succeeded", "once": "succeeded", "after": "succeeded"}
    assert page.session.run_state is page.session.whole_state
    assert page.session.moment_seconds is None


def test_a_step_back_shows_what_was_known_then(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    ready(studio)
    page.canvas.select(["after"])
    page.inspector.tabs.setCurrentIndex(1)
    assert page.session.node_state("after") is not None
    while status(studio, "after") != "":
        QTest.keyClick(studio.window, Qt.Key.Key_Left, ALT)
        studio.settle()
    assert page.session.moment_seconds is not None
    assert page.session.node_state("after") is None, "what came later is not shown"
    assert page.trace.bars.moment == page.session.moment_seconds
    assert page.trace.model.rowCount() == 5, "the trace keeps the whole run"
    before = page.trace.scrubber.slider.value()
    QTest.keyClick(studio.window, Qt.Key.Key_Right, ALT)
    assert page.trace.scrubber.slider.value() == before + 1
    until(lambda: status(studio, "after") != "")


def test_a_new_run_leaves_the_past(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    ready(studio)
    page.trace.scrubber.slider.setValue(3)
    assert page.session.moment_seconds is not None
    studio.run()
    assert page.session.moment_seconds is None
    assert page.session.run_state is page.session.whole_state
    assert status(studio, "end") == "succeeded"


def test_a_stored_run_is_gone_through_with_the_mouse(studio: Studio) -> None:
    opened(studio, rounds_flow("list(range(40))"))
    page = studio.page
    summary = studio.run()
    studio.window.running.open_past(summary["run_id"])
    until(lambda: studio.page is not page)
    past = studio.page
    assert status(studio, "end") == "succeeded"
    scrubber = past.trace.scrubber
    until(scrubber.isVisible)
    studio.settle()
    place = scrubber.slider.rect().center()
    QTest.mouseClick(scrubber.slider, LEFT, pos=place)
    assert status(studio, "each") == "running"
    assert status(studio, "end") == ""
    index = past.trace.model.entry(past.trace.tree.currentIndex())
    assert index is not None
    assert index.execution is not None
    assert index.execution.node_id in ("once", "twice", "each")


def test_playing_ends_at_the_end(studio: Studio) -> None:
    opened(studio, rounds_flow("[1]"))
    page = studio.page
    studio.run()
    ready(studio)
    scrubber = page.trace.scrubber
    QTest.mouseClick(scrubber.play, LEFT)
    assert scrubber.slider.value() == 0
    until(lambda: scrubber.slider.value() == scrubber.slider.maximum())
    until(lambda: not scrubber.is_playing)
    assert page.session.run_state is page.session.whole_state


def test_a_click_on_the_bars_goes_to_that_time(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    ready(studio)
    studio.settle()
    tree = page.trace.tree
    index = page.trace.model.index(0, 3)
    rect = tree.visualRect(index)
    QTest.mouseClick(tree.viewport(), LEFT, pos=rect.topLeft() + (rect.center() - rect.topLeft()) / 1)
    until(lambda: page.session.moment_seconds is not None)
    assert 0 < page.trace.scrubber.slider.value() < page.trace.scrubber.slider.maximum()
