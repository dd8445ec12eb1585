"""Before a run goes on from an earlier one its plan stands on the canvas, and values can be changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from editor.dialogs.plan_values import PlanValues
from engine.model.edits import SetField
from tests.helpers.studio import Studio
from tests.journeys.test_debugging import CTRL, SHIFT, failing_flow, opened, press, rounds_flow, until

LEFT = Qt.MouseButton.LeftButton


def over(studio: Studio, before: object) -> None:
    """Wait until another run than `before` is over."""
    session = studio.page.session
    until(lambda: session.run is not before and session.run is not None and session.run.is_over)


def outputs(studio: Studio) -> object:
    run = studio.page.session.run
    assert run is not None
    assert run.summary is not None
    return run.summary["outputs"]


def test_the_plan_shows_what_is_taken_over_and_runs_when_it_is_confirmed(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    first = page.session.run
    page.canvas.select(["after"])
    press(studio, Qt.Key.Key_F10, CTRL | SHIFT)
    until(lambda: page.planning.bar.isVisible())
    marks = page.canvas.state.diff
    assert {i for i, mark in marks.items() if mark == "again"} == {"after", "end"}
    assert {"start", "list", "each", "once", "twice"} <= {i for i, mark in marks.items() if mark == "reused"}
    assert "2" in page.planning.bar.again.text()

    QTest.keyClick(page.planning.bar.run, Qt.Key.Key_Return)
    over(studio, first)
    assert not page.planning.bar.isVisible()
    assert not page.canvas.state.diff
    assert outputs(studio) == {"o": "3"}
    assert page.canvas.state.runs["each"].taken == "reused"
    assert page.canvas.state.runs["after"].taken == ""


def test_escape_forgets_the_plan(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    first = page.session.run
    page.canvas.select(["after"])
    studio.window.do("run_from")
    until(lambda: page.planning.bar.isVisible())
    QTest.keyClick(page.planning.bar.run, Qt.Key.Key_Escape)
    assert not page.planning.bar.isVisible()
    assert not page.canvas.state.diff
    assert page.session.run is first


def test_values_that_are_taken_over_can_be_changed_for_this_run(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    first = page.session.run
    page.canvas.select(["after"])
    studio.window.do("run_from")
    until(lambda: page.planning.bar.isVisible())
    QTest.mouseClick(page.planning.bar.values, LEFT)
    dialog = studio.dialog(PlanValues)
    assert isinstance(dialog, PlanValues)
    field = studio.field("output", QPlainTextEdit, dialog)
    assert isinstance(field, QPlainTextEdit)
    field.setPlainText("{")
    QTest.mouseClick(dialog.use, LEFT)
    assert dialog.fault.isVisible()
    field.setPlainText('["a"]')
    QTest.mouseClick(dialog.use, LEFT)
    assert "1" in page.planning.bar.values.text()
    QTest.mouseClick(page.planning.bar.run, LEFT)
    over(studio, first)
    assert outputs(studio) == {"o": "1"}


def test_an_edit_while_the_plan_stands_there_changes_it(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.canvas.select(["end"])
    studio.window.do("run_from")
    until(lambda: page.canvas.state.diff.get("end") == "again")
    assert page.canvas.state.diff["list"] == "reused"
    code = page.session.document.graph.nodes["list"].data["code"]
    page.session.submit(SetField("list", ("code",), code.replace("3]", "3, 4]")), "Longer")
    until(lambda: page.canvas.state.diff.get("list") == "again")
    first = page.session.run
    QTest.mouseClick(page.planning.bar.run, LEFT)
    over(studio, first)
    assert outputs(studio) == {"o": "4"}


def test_a_failed_run_goes_on_by_a_plan_from_the_menu(studio: Studio) -> None:
    opened(studio, failing_flow())
    page = studio.page
    studio.window.do("run_rest")
    assert studio.window._toast.isVisible()
    assert studio.run({"n": 0})["status"] == "failed"
    first = page.session.run
    code = "def main(n):\n    return {'r': 1}\n"
    page.session.submit(SetField("divide", ("code",), code), "Repair")
    studio.window.do("run_rest")
    until(lambda: page.planning.bar.isVisible())
    assert page.canvas.state.diff == {"start": "reused", "divide": "again", "end": "again"}
    QTest.mouseClick(page.planning.bar.run, LEFT)
    over(studio, first)
    assert outputs(studio) == {"r": 1}
