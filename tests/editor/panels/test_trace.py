"""The trace of a run: nesting to any depth, ten thousand entries, its bond with the canvas."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton

from editor.panels.trace import Trace
from editor.panels.value_view import ValueView
from engine.run.fold import fold
from tests.helpers.flows import ONE_BAD_TRY, long_events, nested_flow
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def texts(trace: Trace, index: QModelIndex | None = None) -> list[str]:
    """The lines below an index, without their counts."""
    model, place = trace.model, index or QModelIndex()
    return [str(model.index(row, 0, place).data()).split("  ·  ")[0] for row in range(model.rowCount(place))]


def below(trace: Trace, *path: str) -> QModelIndex:
    """The line that is reached by beginnings of its texts."""
    index = QModelIndex()
    for text in path:
        rows = texts(trace, index)
        row = next((n for n, found in enumerate(rows) if found.startswith(text)), None)
        assert row is not None, f"{text!r} is not among {rows}"
        index = trace.model.index(row, 0, index)
    return index


def click(trace: Trace, index: QModelIndex, *, twice: bool = False) -> None:
    trace.tree.scrollTo(index)
    place = trace.tree.visualRect(index).center()
    place = QPoint(trace.tree.visualRect(index).left() + 30, place.y())
    press = QTest.mouseDClick if twice else QTest.mouseClick
    if twice:
        QTest.mouseClick(trace.tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    press(trace.tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)


def said(trace: Trace) -> str:
    """All words of the details."""
    labels = [w.text() for kind in (QLabel, QToolButton) for w in trace.details.findChildren(kind)]
    values = [str(view.value()) for view in trace.details.findChildren(ValueView)]
    return "\n".join([*labels, *values])


def nested_run(studio: Studio) -> Trace:
    app_id = studio.services.workflows.create("workflow", "Nested", workflow=nested_flow())
    page = studio.open_app(app_id)
    live = studio.window.running.start(page, {"texts": "one two"}, "", mocks=ONE_BAD_TRY)
    assert live is not None
    from editor.screenshot import wait_until

    assert wait_until(lambda: live.is_over, 60)
    assert live.summary is not None
    assert live.summary["status"] == "succeeded", live.summary
    page.show_drawer("trace")
    studio.settle()
    return page.trace


@pytest.mark.spec("editor.60")
def test_rounds_branches_tries_and_loops_are_nested(studio: Studio) -> None:
    trace = nested_run(studio)

    assert texts(trace) == ["Start", "Split", "Each", "End"]
    assert texts(trace, below(trace, "Each")) == ["Round 1", "Round 2"]
    first = below(trace, "Each", "Round 1")
    assert texts(trace, first) == ["2 parallel branches", "Join", "Count"]
    assert texts(trace, below(trace, "Each", "Round 1", "2 par")) == ["Branch A: Loud", "Branch B: Long"]
    assert texts(trace, below(trace, "Each", "Round 1", "2 par", "Branch A")) == ["Loud"]
    assert texts(trace, below(trace, "Each", "Round 1", "Join")) == ["Try 1: no luck"]
    assert texts(trace, below(trace, "Each", "Round 1", "Count")) == ["Round 1", "Round 2"]
    assert texts(trace, below(trace, "Each", "Round 1", "Count", "Round 2")) == ["Up"]

    click(trace, below(trace, "Each", "Round 1", "Count", "Round 2"))
    assert "Loop variables of this round" in said(trace)
    assert "'n': 2" in said(trace)
    click(trace, below(trace, "Each", "Round 2"))
    assert "two" in said(trace)
    click(trace, below(trace, "Each", "Round 1", "Join", "Try 1"))
    assert "Unlucky" in said(trace)


@pytest.mark.spec("editor.60")
def test_back_returns_to_the_same_place(studio: Studio) -> None:
    trace = nested_run(studio)
    studio.page.session.show_past(fold(long_events(200)))
    trace.tree.expand(below(trace, "Each"))
    studio.settle()
    bar = trace.tree.verticalScrollBar()
    bar.setValue(120)
    studio.settle()
    place, round_line = bar.value(), trace.tree.indexAt(QPoint(60, 40))
    assert place == 120
    name = str(round_line.data())

    click(trace, round_line, twice=True)
    assert trace.inside.isVisible()
    assert texts(trace, trace.tree.rootIndex()) == [f"N{n}" for n in range(9)]
    QTest.mouseClick(trace.back, LEFT)

    assert not trace.inside.isVisible()
    assert bar.value() == place
    assert str(trace.tree.currentIndex().data()) == name

    trace.tree.setFocus()
    QTest.keyClick(trace.tree, Qt.Key.Key_Return)
    assert trace.inside.isVisible()
    QTest.keyClick(trace.tree, Qt.Key.Key_Backspace)
    assert not trace.inside.isVisible()
    assert bar.value() == place


@pytest.mark.spec("editor.61")
def test_ten_thousand_entries_open_at_once(studio: Studio) -> None:
    trace = nested_run(studio)
    events = long_events(1000)
    state = fold(events)
    studio.page.session.show_past(state)
    trace.tree.expandAll()
    trace.tree.scrollToBottom()
    trace.grab()

    assert len(state.executions) == 9001
    assert trace.model.rowCount(below(trace, "Each")) == 1000  # with the rounds, 10,001 lines


@pytest.mark.spec("editor.62")
def test_an_entry_and_its_node_find_each_other(studio: Studio) -> None:
    trace = nested_run(studio)
    page = studio.page
    page.canvas.look_at(1.0, -5000, -5000)
    studio.settle()

    click(trace, below(trace, "Each", "Round 2", "Join"))
    assert page.canvas.selected_nodes() == ["join"]
    centre = page.canvas.node_rect("join").center()
    assert abs(centre.x() - page.canvas.width() / 2) < 60
    assert abs(centre.y() - page.canvas.height() / 2) < 60

    page.canvas.fit()
    studio.hand.click(studio.hand.at_node("list"))
    assert str(trace.tree.currentIndex().data()) == "Split"
    assert "one" in said(trace)


def test_a_running_step_keeps_the_chosen_line(studio: Studio) -> None:
    trace = nested_run(studio)
    events: list[dict[str, Any]] = long_events(3)
    state = fold(events[:8])
    studio.page.session.show_past(state)
    trace.tree.expandAll()
    click(trace, below(trace, "Each", "Round 1", "N0"))
    fold(events[8:], state)
    studio.page.session.runChanged.emit()

    assert str(trace.tree.currentIndex().data()) == "N0"
    assert texts(trace, below(trace, "Each")) == ["Round 1", "Round 2", "Round 3"]
