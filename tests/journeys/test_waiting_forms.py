"""A run that waits for people: its forms in the run panel, their time, their answers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QWidget

from editor.panels.waiting_form import WaitingForm, time_left, time_out_words
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.workflow import Workflow
from tests.engine.services.test_recovery import asking_flow
from tests.helpers.asking import two_forms
from tests.helpers.studio import Studio, opened_studio


def until(condition: object, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)  # type: ignore[arg-type]


def asked(studio: Studio, workflow: Workflow, count: int) -> WorkflowPage:
    """The page of a workflow whose run waits with that many forms."""
    app_id = studio.services.workflows.create(workflow.mode, "Asks", workflow=workflow)
    page = studio.open_app(app_id)
    studio.window.running.start(page, {}, "hello" if workflow.mode == "advanced-chat" else "")
    until(lambda: len(page.run_panel.forms.cards) == count)
    return page


def card(page: WorkflowPage, title: str) -> WaitingForm:
    return next(c for c in page.run_panel.forms.cards.values() if c.accessibleName() == title)


def ended(page: WorkflowPage) -> dict[str, Any]:
    state = page.session.whole_state
    until(lambda: page.session.whole_state is not None and page.session.whole_state.is_over)
    assert state is not None
    return dict(page.session.whole_state.outputs)  # type: ignore[union-attr]


def status(page: WorkflowPage, node_id: str) -> str:
    state = page.session.whole_state
    assert state is not None
    return state.nodes[node_id].status


def end_time(folder: Path, column: str = "expiration_time") -> None:
    """Let the time of all forms be over."""
    with sqlite3.connect(folder / "penstock.db") as connection:
        if column == "expiration_time":
            connection.execute("update human_input_forms set expiration_time = '2020-01-01T00:00:00.000000Z'")
        else:
            connection.execute(
                "update human_input_forms set form_definition ="
                " json_set(form_definition, '$.global_expires_at', '2020-01-01T00:00:00.000000Z')"
            )
    connection.close()


@pytest.mark.spec("editor.70")
def test_all_forms_are_listed_and_each_is_answered_by_keys_in_the_panel(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)
    forms = page.run_panel.forms
    assert forms.isVisible()
    assert forms.words.text() == "2 forms wait for an answer."
    assert page.run_panel._status.text() == "Waiting for an answer"
    assert (status(page, "check"), status(page, "pay")) == ("paused", "paused")
    first = card(page, "Check the letter")
    studio.field("comment", QPlainTextEdit, first).setFocus()
    QTest.keyClick(studio.field("comment", QPlainTextEdit, first), Qt.Key.Key_End)
    QTest.keyClicks(studio.field("comment", QPlainTextEdit, first), " Really.")

    button = next(b for b in card(page, "Release the payment").findChildren(QWidget) if b.accessibleName() == "Pay")
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)

    until(lambda: len(forms.cards) == 1 and page.session.whole_state.status == "paused")  # type: ignore[union-attr]
    assert card(page, "Check the letter") is first, "a form that still waits keeps what was typed"
    chosen = studio.field("team", QComboBox, first)
    studio.click("Approve", first)
    assert chosen.property("wrong") is True, "nobody has chosen yet"
    chosen.setFocus()
    for _ in ("red", "blue"):
        QTest.keyClick(chosen, Qt.Key.Key_Down)
    studio.click("Approve", first)

    assert ended(page) == {"team": "blue"}
    assert not forms.isVisible()
    assert page.run_panel.text.isVisible()
    assert page.session.whole_state.nodes["check"].outputs["comment"] == "Looks good. Really."  # type: ignore[union-attr]


def test_a_form_says_its_time_and_what_comes_after_and_counts_down(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)
    check, pay = card(page, "Check the letter"), card(page, "Release the payment")
    assert check.after.text() == "If nobody answers in time, this path of the run ends here."
    assert pay.after.text() == "If nobody answers in time, the run goes on at: Remind them"
    assert check.left.text().startswith("Time left: 1 day 23 h") or check.left.text() == "Time left: 2 days 0 h"
    before = pay.left.text()
    assert "min" in before or "1 h" in before
    until(lambda: pay.left.text() != before)

    page.hide_drawer()
    assert not page.run_panel.forms._clock.isActive()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3661, "1 h 1 min"),
        (90_000, "1 day 1 h"),
        (180_000, "2 days 2 h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_the_limit_for_all_forms_wins_over_the_time_out() -> None:
    record = {"node_id": "pay", "expires_at": "2030-01-02T00:00:00Z", "global_expires_at": "2030-01-01T00:00:00Z"}
    assert time_out_words(record, two_forms().graph) == "If nobody answers in time, the run is stopped."


@pytest.mark.spec("editor.70")
def test_the_run_goes_on_by_itself_when_the_time_is_over(studio: Studio, tmp_path: Path) -> None:
    page = asked(studio, asking_flow(), 1)
    end_time(tmp_path)
    (form,) = page.run_panel.forms.cards.values()
    form.record = {**form.record, "expires_at": "2020-01-01T00:00:00Z"}

    page.run_panel.forms.tick()

    assert form.left.text() == "The time for an answer is over."
    assert ended(page) == {"o": "too late"}


@pytest.mark.spec("editor.70")
def test_time_that_ends_while_the_program_is_closed_takes_its_path_when_it_opens_again(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        asked(studio, asking_flow(), 1)
    end_time(tmp_path)
    with opened_studio(tmp_path) as studio:
        studio.window.studio.runs.host.warm_up()  # as the program does soon after its window stands
        until(lambda: [run.status for run in studio.services.runs.list().runs] == ["succeeded"])
        (run,) = studio.services.runs.list().runs
        assert studio.services.runs.get(run.id)["outputs"] == {"o": "too late"}


def test_the_limit_for_all_forms_stops_the_run_before_the_eyes(studio: Studio, tmp_path: Path) -> None:
    page = asked(studio, asking_flow(), 1)
    end_time(tmp_path, "global")
    (form,) = page.run_panel.forms.cards.values()
    form.record = {**form.record, "global_expires_at": "2020-01-01T00:00:00Z"}

    page.run_panel.forms.tick()

    ended(page)
    assert page.run_panel._status.text() == "Stopped"
    assert "Nobody answered its form in time" in page.run_panel._error.text()
    assert status(page, "2") == "stopped"


def test_an_answer_that_is_refused_says_why_and_keeps_what_was_typed(studio: Studio) -> None:
    page = asked(studio, asking_flow(), 1)
    (form,) = page.run_panel.forms.cards.values()
    studio.services.forms.submit(form.session_id, "yes", {})

    studio.click("Yes", form)

    until(lambda: form.fault.isVisible())
    assert form.fault.text() == "The form has been answered already."
    assert form.isEnabled()


def test_what_is_required_is_marked_and_nothing_is_sent(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)
    form = card(page, "Check the letter")
    form.form.findChild(QComboBox).setCurrentIndex(-1)

    studio.click("Approve", form)

    assert form.form.findChild(QComboBox).property("wrong")
    assert len(page.run_panel.forms.cards) == 2
    assert form.isEnabled()


def test_a_run_that_waits_can_be_stopped(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)

    QTest.mouseClick(page.run_panel._stop, Qt.MouseButton.LeftButton)

    ended(page)
    assert (status(page, "check"), status(page, "pay")) == ("stopped", "stopped")
    assert not page.run_panel.forms.isVisible()
    assert [run.status for run in studio.services.runs.list().runs] == ["stopped"]


def test_the_node_says_that_it_waits_and_leads_to_its_form(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)
    page.hide_drawer()
    page.canvas.select(["pay"])
    page.inspector.tabs.setCurrentIndex(1)
    studio.settle()

    studio.click("Answer the form")

    until(lambda: page.drawer.isVisible())
    focused = studio.window.focusWidget()
    assert focused is not None
    assert card(page, "Release the payment").isAncestorOf(focused)
    assert focused.accessibleName() == "Pay"


def test_a_chat_flow_asks_in_the_chat(studio: Studio) -> None:
    app_id = studio.services.workflows.create("advanced-chat", "Asks", workflow=two_forms("advanced-chat"))
    page = studio.open_app(app_id)
    page.show_drawer("run")
    assert page.chat is not None
    page.chat.send("hello")
    chat = page.chat
    until(lambda: len(chat.forms.cards) == 2)
    assert chat.forms.isVisible()

    studio.click("Pay", chat.forms)
    until(lambda: len(chat.forms.cards) == 1 and status(page, "pay") == "succeeded")
    until(lambda: page.session.whole_state.status == "paused")  # type: ignore[union-attr]
    chosen = studio.field("team", QComboBox, chat.forms)
    assert isinstance(chosen, QComboBox)
    QTest.keyClick(chosen, Qt.Key.Key_Down)
    assert chosen.currentText() == "red"
    studio.click("Approve", chat.forms)

    until(lambda: page.session.whole_state is not None and page.session.whole_state.is_over)
    until(lambda: chat.turns[-1].answers[-1].text == "Team red")
    assert not chat.forms.isVisible()


def test_a_past_run_is_answered_on_its_page_and_the_draft_follows(studio: Studio) -> None:
    page = asked(studio, asking_flow(), 1)
    state = page.session.whole_state
    assert state is not None
    studio.window.running.open_past(state.run_id)
    until(lambda: studio.page is not page and len(studio.page.run_panel.forms.cards) == 1)
    past = studio.page

    studio.click("Yes", past.run_panel.forms)

    until(lambda: past.session.whole_state is not None and past.session.whole_state.is_over)
    assert dict(past.session.whole_state.outputs) == {"o": "agreed"}  # type: ignore[union-attr]
    assert ended(page) == {"o": "agreed"}
    assert page.run_panel.forms.cards == {}


def test_forms_read_in_chinese_and_fit_a_narrow_panel(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = asked(studio, two_forms(), 2)
        pay = card(page, "Release the payment")
        assert pay.left.text().startswith("剩余时间：")
        assert pay.after.text() == "如果无人按时填写，运行将继续到：Remind them"
        forms = page.run_panel.forms
        forms.setParent(None)
        forms.resize(320, 600)
        forms.show()
        studio.settle()
        assert forms.horizontalScrollBar().maximum() == 0
        for button in card(page, "Check the letter").buttons.findChildren(QWidget):
            assert button.geometry().right() <= forms.viewport().width()
        forms.close()
        forms.deleteLater()


def test_the_drawer_makes_room_for_a_form(studio: Studio) -> None:
    page = asked(studio, two_forms(), 2)
    until(lambda: page.drawer.height() >= 400)
    assert page.canvas_box.height() >= 200
