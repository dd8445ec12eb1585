"""Tab reaches every control in the order in which they are seen, each can be seen to have the keyboard, each has a
name; what a form builds later is no exception."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QTabWidget, QWidget

from editor.canvas.view import CanvasView
from editor.screenshot import wait_until
from editor.tabbing import step, tab_order
from editor.theme import set_theme
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path, size=(1280, 720)) as opened:
        yield opened


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> QWidget:
    """A key for what has the keyboard, and what has it then."""
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifiers)
    now = QApplication.focusWidget()
    assert now is not None, "nothing has the keyboard"
    return now


def round_trip(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> list[QWidget]:
    """The stops of one way round the window, from the tabs of workflows; on the canvas Tab walks from node to node."""
    first = studio.window.tab_bar
    first.setFocus()
    stops: list[QWidget] = [first]
    for _ in range(300):
        if isinstance(stops[-1], CanvasView):  # as after its last node, without choosing all others on the way
            step(studio.window, forward=key == Qt.Key.Key_Tab)
            now = QApplication.focusWidget()
            assert now is not None
        else:
            now = press(key, modifiers)
        if now is first:
            return stops
        stops.append(now)
    pytest.fail("Tab never comes back")


def opened_all(studio: Studio) -> None:
    """A page with everything that can stand beside the canvas."""
    workflow = made(
        [
            node("s", "start", variables=[]),
            node("c", "question-classifier", x=320, classes=[{"id": "1", "name": "A"}, {"id": "2", "name": "B"}]),
            node("e", "end", x=640, outputs=[]),
        ],
        [("s", "c"), ("c", "e", "1")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "All", workflow=workflow))
    page.show_drawer("run")
    page.canvas.select(["c"])
    studio.activate()
    assert wait_until(lambda: page.inspector.isVisible() and bool(page.session.problems), 20)


def controls(studio: Studio) -> set[QWidget]:
    """What Tab has to reach: everything that takes the keyboard by itself. In a group of which one is chosen, arrows
    go from one to the next."""
    return {
        w
        for w in studio.window.findChildren(QWidget)
        if w.isVisible()
        and w.isEnabled()
        and w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and w.focusProxy() is None
        and not isinstance(w, QTabWidget)  # its tabs have the keyboard
        and not (isinstance(w, QAbstractButton) and w.group() is not None and not w.isChecked())
    }


def named(widgets: list[QWidget] | set[QWidget]) -> list[str]:
    return [f"{type(w).__name__} {w.accessibleName() or getattr(w, 'text', str)()}" for w in widgets]


@pytest.mark.spec("editor.81")
def test_tab_reaches_every_control_forth_and_back_in_reading_order(studio: Studio) -> None:
    opened_all(studio)
    forth = round_trip(studio, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier)
    missing = Counter(named(controls(studio))) - Counter(named(forth))
    assert not missing
    page = studio.page
    assert len(forth) == len(set(forth)), "each once"
    places = [
        next(i for i, stop in enumerate(forth) if stop is part or part.isAncestorOf(stop))
        for part in (page.rail, page.left, page.canvas, page.drawer, page.inspector)
    ]
    assert places == sorted(places), "from left to right"
    back = round_trip(studio, Qt.Key.Key_Backtab, SHIFT)
    assert named(back[1:]) == named(forth[:0:-1])


@pytest.mark.spec("editor.81")
def test_what_a_form_builds_later_stands_where_it_is_seen(studio: Studio) -> None:
    opened_all(studio)
    form = studio.page.inspector
    add = studio.field("Add class", QAbstractButton, form)
    before = named(tab_order(form)).index(named([add])[0])
    add.setFocus()
    press(Qt.Key.Key_Space)
    studio.settle()
    order = tab_order(form)
    again = studio.field("Add class", QAbstractButton, form)
    assert order.index(again) > before, "the fields of the third class come before the button"
    heights = [stop.mapTo(studio.window, QPoint(0, 0)).y() for stop in order[order.index(form.tabs) + 2 :]]
    assert all(low <= high + 60 for low, high in pairwise(heights)), heights


@pytest.mark.spec("editor.81", "editor.82")
def test_the_control_that_has_the_keyboard_can_be_seen_and_has_a_name(studio: Studio) -> None:
    opened_all(studio)
    faults = []
    studio.window.tab_bar.setFocus()
    for _ in range(len(tab_order(studio.window))):
        step(studio.window, forward=True)
        stop = QApplication.focusWidget()
        assert stop is not None
        studio.settle()
        name, with_focus = named([stop])[0], grab(studio, stop)
        stop.clearFocus()
        studio.settle()
        if with_focus == grab(studio, stop):
            faults.append(f"{name}: looks the same with the keyboard")
        if not stop.accessibleName() and not (isinstance(stop, QAbstractButton) and stop.text()):
            faults.append(f"{name}: has no name")
        stop.setFocus(Qt.FocusReason.TabFocusReason)
    assert not faults, "\n".join(faults)


def grab(studio: Studio, widget: QWidget) -> object:
    """A control with a little of what is round it."""
    corner = widget.mapTo(studio.window, QPoint(0, 0))
    return studio.window.grab(QRect(corner, widget.size()).adjusted(-4, -4, 4, 4)).toImage()


@pytest.mark.parametrize(("size", "scale"), [((1280, 720), 2.0), ((960, 500), 1.0)], ids=["text 200 %", "screen 200 %"])
@pytest.mark.spec("editor.83")
def test_nothing_is_out_of_reach_with_large_text_and_on_small_screens(
    tmp_path: Path, size: tuple[int, int], scale: float
) -> None:
    """960 x 500 is what a screen of 1,920 x 1,080 has at a display scaling of 200 %, less the bars of the desktop."""
    (tmp_path / "preferences.json").write_text(json.dumps({"text_scale": scale}), "utf-8")
    try:
        with opened_studio(tmp_path, size=size) as studio:
            opened_all(studio)
            assert (studio.window.width(), studio.window.height()) == size
            hidden = []
            studio.window.tab_bar.setFocus()
            for _ in range(len(tab_order(studio.window))):
                step(studio.window, forward=True)
                studio.settle()
                stop = QApplication.focusWidget()
                assert stop is not None
                seen = stop.visibleRegion().boundingRect()
                if seen.width() < min(stop.width(), 48) or seen.height() < min(stop.height(), 24):
                    hidden.append(f"{named([stop])[0]}: {seen.width()} x {seen.height()} of {stop.size().toTuple()}")
            assert not hidden, "\n".join(hidden)
    finally:
        set_theme("dark", text_scale=1.0)
