"""Pinned results: taken by the next runs instead of running a step, marked, listed, kept with the workspace."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from editor.dialogs.pin_editor import PinEditor
from engine.model.edits import SetField
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_debugging import begin, failing_flow, opened, press, rounds_flow, status, until

LEFT = Qt.MouseButton.LeftButton


def test_a_pinned_step_does_not_run_and_the_run_says_so(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    assert studio.run()["outputs"] == {"o": "3"}
    page.canvas.select(["each"])
    press(studio, Qt.Key.Key_P)
    assert page.session.pins.pins["each"].outputs == {"output": ["11", "22", "33"]}
    assert page.canvas.state.marks["each"].pinned

    page.session.submit(SetField("after", ("template",), "{{ all[0] }}"), "Other words")
    live = begin(studio)
    until(lambda: live.is_over)
    assert live.summary is not None
    assert live.summary["outputs"] == {"o": "11"}
    assert live.state.pins == ("each",)
    assert "once" not in live.state.nodes, "nothing inside a pinned container runs"
    assert page.canvas.state.runs["each"].taken == "pinned"
    page.show_drawer("run")
    assert "Each" in page.run_panel._pins.text()
    stored = next(n for n in studio.services.runs.nodes(live.run_id) if n["node_id"] == "each")
    assert stored["status"] == "succeeded"

    press(studio, Qt.Key.Key_P)
    assert not page.session.pins.pins
    assert studio.run()["outputs"] == {"o": "11"}
    assert status(studio, "twice") == "succeeded"


def test_a_pinned_value_can_be_written_by_hand(studio: Studio) -> None:
    opened(studio, failing_flow())
    page = studio.page
    assert studio.run({"n": 4})["outputs"] == {"r": 2.5}
    page.canvas.select(["divide"])
    studio.window.do("edit_pin")
    dialog = studio.dialog(PinEditor)
    assert isinstance(dialog, PinEditor)
    field = studio.field("r", QPlainTextEdit, dialog)
    assert isinstance(field, QPlainTextEdit)
    field.setPlainText("[1,")
    QTest.mouseClick(dialog.pin, LEFT)
    assert dialog.fault.isVisible()
    field.setPlainText("7")
    QTest.mouseClick(dialog.pin, LEFT)
    assert page.session.pins.pins["divide"].edited

    studio.activate()
    assert studio.run({"n": 0})["outputs"] == {"r": 7}


def test_a_pin_is_stale_when_its_step_was_changed(studio: Studio) -> None:
    opened(studio, failing_flow())
    page = studio.page
    studio.run({"n": 4})
    page.debug.toggle_pin("divide")
    assert not page.canvas.state.marks["divide"].stale
    page.session.submit(SetField("divide", ("title",), "Share"), "Rename")
    assert not page.canvas.state.marks["divide"].stale, "a title changes no result"
    page.session.submit(SetField("divide", ("code",), "def main(n):\n    return {'r': 1}\n"), "Other code")
    assert page.canvas.state.marks["divide"].stale
    page.session.undo()
    assert not page.canvas.state.marks["divide"].stale


def test_pins_are_kept_listed_and_taken_away_together(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        app_id = opened(studio, rounds_flow())
        studio.run()
        for node_id in ("list", "after"):
            studio.page.debug.toggle_pin(node_id)

    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)
        until(lambda: set(page.session.pins.pins) == {"list", "after"})
        page.show_panel("breakpoints")
        pinned = page.debug.pinned
        assert [pinned.list.item(i).text().split("\n")[0] for i in range(2)] == ["List", "After"]
        QTest.mouseClick(pinned.list.viewport(), LEFT, pos=pinned.list.visualItemRect(pinned.list.item(1)).center())
        assert page.canvas.selected_nodes() == ["after"]
        QTest.keyClick(pinned.list, Qt.Key.Key_Delete)
        assert set(page.session.pins.pins) == {"list"}
        studio.messages.answers.append(True)
        QTest.mouseClick(pinned.clear, LEFT)
        assert not page.session.pins.pins
        assert studio.run()["outputs"] == {"o": "3"}


def test_what_the_log_knows_can_be_pinned_after_a_restart(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        app_id = opened(studio, rounds_flow())
        studio.run()

    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)
        page.canvas.select(["list"])
        press(studio, Qt.Key.Key_P)
        until(lambda: "list" in page.session.pins.pins)
        assert page.session.pins.pins["list"].outputs == {"found": [1, 2, 3]}


def test_a_step_that_never_ran_cannot_be_pinned(studio: Studio) -> None:
    opened(studio, rounds_flow())
    studio.page.canvas.select(["list"])
    press(studio, Qt.Key.Key_P)
    until(lambda: bool(studio.messages.told))
    assert not studio.page.session.pins.pins
