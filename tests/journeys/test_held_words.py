"""A run that is held in the debugger is called so wherever its state is said, and its values are those it has then."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from editor.panels.history import History
from tests.helpers.studio import Studio
from tests.journeys.test_debugging import begin, held, opened, rounds_flow, until
from tests.journeys.test_values import groups

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


def run_words(studio: Studio) -> str:
    return studio.page.run_panel._status.text()


def test_a_held_run_is_not_called_running(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    page.session.toggle_breakpoint("after")
    live = begin(studio)
    until(lambda: held(studio) == "after")
    assert run_words(studio) == "Held"
    page.run_panel.tabs.setCurrentIndex(2)
    details = [label.text() for label in page.run_panel._details.findChildren(QLabel)]
    assert "Status: Held" in details
    page.inspector.tabs.setCurrentIndex(1)
    assert "Held" in [label.text() for label in page.inspector.findChildren(QLabel)]

    page.show_panel("history")
    history = page.panels["history"]
    assert isinstance(history, History)
    until(lambda: history.list.count() == 1)
    assert history.list.item(0).text().startswith("Held\n")
    log = studio.window.past.show_logs()
    until(lambda: log.model.total == 1)
    column = [log.model.headerData(i, Qt.Orientation.Horizontal) for i in range(log.model.columnCount())]
    cell = log.model.index(0, column.index("Status"))
    assert log.model.data(cell) == "Held"
    log.close()
    studio.activate()

    page.session.debugging.go_on()
    until(lambda: live.is_over)
    assert run_words(studio) == "Succeeded"
    until(lambda: not history.list.item(0).text().startswith("Held"))


def test_the_values_of_a_held_run_are_those_so_far(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.session.toggle_breakpoint("after")
    live = begin(studio)
    until(lambda: held(studio) == "after")

    page.show_drawer("values")

    values = page.values
    until(lambda: "List" in groups(values))
    assert values.words.text() == "What the run has given so far."
    assert "After" not in groups(values), "the run before this one gave it"
    assert not values.forget.isEnabled()
    page.session.debugging.go_on()
    until(lambda: live.is_over)
    until(lambda: "After" in groups(values))
    assert not values.when.isVisible()
    assert values.forget.isEnabled()


def test_values_are_those_of_the_moment_that_is_shown(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.show_drawer("values")
    values = page.values
    until(lambda: "After" in groups(values))
    assert not values.when.isVisible()
    values.select("each", "output")
    newest = values.editor.field.property("plainText")
    page.session.moments.wanted(lambda: None)
    until(lambda: page.session.moments.replay is not None)

    for _ in range(2):
        QTest.keyClick(studio.window, Qt.Key.Key_Left, ALT)
    while "After" in groups(values):
        QTest.mouseClick(values.back, LEFT)
        studio.settle()
    assert values.words.text().startswith("As they were at this moment of the run: ")
    assert "Each" in groups(values)
    assert values.editor.field.property("plainText") == newest
    assert not values.editor.use.isVisible()
    while "Each" in groups(values):
        QTest.mouseClick(values.back, LEFT)
        studio.settle()
    assert values.editor.value is None, "nothing had given it yet"
    values.select("once", "output")
    assert values.editor.field.property("plainText") == "3"
    for _ in range(5):
        QTest.mouseClick(values.back, LEFT)
    studio.settle()
    assert values.editor.field.property("plainText") in ("1", "2"), "the round of that moment"

    QTest.mouseClick(values.newest, LEFT)

    until(lambda: "After" in groups(values))
    assert not values.when.isVisible()
    assert page.session.moment_seconds is None
    values.select("each", "output")
    assert values.editor.value is not None
    assert values.editor.value.editable


def test_a_past_run_shows_its_own_values(studio: Studio) -> None:
    opened(studio, rounds_flow("[7]"))
    page = studio.page
    summary = studio.run()
    studio.run()
    studio.window.running.open_past(summary["run_id"])
    until(lambda: studio.page is not page)
    past = studio.page

    QTest.mouseClick(past.tabs.tabBar(), LEFT, pos=past.tabs.tabBar().tabRect(2).center())

    values = past.values
    until(lambda: "List" in groups(values))
    assert values.words.text() == "As the run left them."
    QTest.mouseClick(values.back, LEFT)
    assert values.words.text().startswith("As they were at this moment of the run: ")
    values.select("list", "found")
    assert not values.editor.use.isVisible()
    while groups(values):
        QTest.mouseClick(values.back, LEFT)
        studio.settle()
    assert values.pages.currentIndex() == 2
