"""A step that asks a person: run alone with its form, and in a whole run that writes to people."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton

from editor.dialogs.form_step import FormStep
from editor.dialogs.preferences import PreferencesDialog
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.workflow import Workflow
from engine.services.mail import Account
from tests.helpers.asking import two_forms
from tests.helpers.model import made, node
from tests.helpers.smtp import mail_server
from tests.helpers.studio import Studio


def opened(studio: Studio, workflow: Workflow) -> WorkflowPage:
    return studio.open_app(studio.services.workflows.create("workflow", "Asks", workflow=workflow))


def form_of(studio: Studio, page: WorkflowPage, node_id: str) -> FormStep:
    """Run a step by its key; the form that it shows."""
    page.canvas.select([node_id])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    found: list[FormStep] = []

    def shown() -> bool:
        found[:] = [d for d in studio.window.findChildren(FormStep) if d.isVisible()]
        return bool(found)

    assert wait_until(shown, 30), studio.messages.__dict__
    return found[0]


def press(dialog: FormStep, words: str) -> None:
    button = next(b for b in dialog.findChildren(QPushButton) if b.accessibleName() == words or b.text() == words)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def ended(page: WorkflowPage) -> dict[str, Any]:
    assert wait_until(lambda: page.session.run is not None and page.session.run.is_over, 60)
    run = page.session.run
    assert run is not None
    return dict(run.summary or {})


@pytest.mark.spec("editor.65")
def test_a_step_that_asks_shows_its_form_and_takes_the_answer(studio: Studio) -> None:
    page = opened(studio, two_forms())
    dialog = form_of(studio, page, "check")
    words = "\n".join(w.text() for w in dialog.findChildren(QLabel))
    assert "Check the letter" in words
    note = dialog.findChild(QPlainTextEdit, "input comment")
    assert isinstance(note, QPlainTextEdit)
    assert note.toPlainText() == "Looks good."
    note.setFocus()
    note.selectAll()
    QTest.keyClicks(note, "No.")
    team = dialog.findChild(QComboBox, "input team")
    assert isinstance(team, QComboBox)
    team.setFocus()
    QTest.keyClick(team, Qt.Key.Key_End)
    press(dialog, "Send back")
    assert ended(page)["status"] == "succeeded"
    state = page.session.run_state
    assert state is not None
    outputs = state.nodes["check"].outputs
    assert (outputs["comment"], outputs["team"], outputs["__action_id"]) == ("No.", "blue", "reject")
    assert state.nodes["check"].handle == "reject"
    assert studio.services.forms.waiting() == []
    # The answer is what the next step reads when that runs alone.
    kept = {(v["node_id"], v["name"]): v["value"] for v in studio.services.runs.draft_variables(page.session.app_id)}
    assert kept["check", "team"] == "blue"


def test_a_step_whose_form_is_put_away_does_not_run(studio: Studio) -> None:
    page = opened(studio, two_forms())
    dialog = form_of(studio, page, "check")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert page.session.run is None
    assert not page.session.is_running


def test_an_answer_that_is_refused_stays_in_the_form(studio: Studio) -> None:
    page = opened(studio, two_forms())
    dialog = form_of(studio, page, "check")
    team = dialog.findChild(QComboBox, "input team")
    assert isinstance(team, QComboBox)
    team.setCurrentIndex(-1)
    press(dialog, "Approve")
    assert wait_until(lambda: not studio.window.studio.tasks.busy)
    assert dialog.isVisible()
    assert page.session.run is None


def test_a_form_that_cannot_be_is_said_before_the_step_runs(studio: Studio) -> None:
    twice = [{"id": "ok", "title": "a"}, {"id": "ok", "title": "b"}]
    asking = node("ask", "human-input", title="Ask", user_actions=twice, delivery_methods=[])
    page = opened(studio, made([node("s", "start", variables=[]), asking], [("s", "ask")]))
    page.canvas.select(["ask"])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    assert wait_until(lambda: bool(studio.messages.errors))
    assert "two actions are named 'ok'" in studio.messages.errors[0]


# -- by e-mail ---------------------------------------------------------------------------------------------------------


def writing() -> Workflow:
    mail = {
        "subject": "Please",
        "body": "{{#url#}}",
        "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
    }
    methods = [{"id": "m", "type": "email", "enabled": True, "config": mail}]
    actions = [{"id": "ok", "title": "OK"}]
    asking = node("ask", "human-input", title="Ask", user_actions=actions, delivery_methods=methods, form_content="?")
    return made([node("s", "start", variables=[]), asking], [("s", "ask")])


def waiting_words(page: WorkflowPage) -> str:
    assert wait_until(lambda: len(page.run_panel.forms.cards) == 1, 60)
    (card,) = page.run_panel.forms.cards.values()
    return "\n".join(w.text() for w in card.findChildren(QLabel) if not w.isHidden())


def test_a_run_that_waits_says_to_whom_it_has_written(studio: Studio) -> None:
    page = opened(studio, writing())
    with mail_server() as server:
        studio.services.mail.save(Account("127.0.0.1", server.port, "none", "", "me@example.com"))
        studio.window.running.start(page, {}, "")
        assert "Sent by e-mail to ann@example.com." in waiting_words(page)
    assert [m.to for m in server.messages] == ["ann@example.com"]
    assert studio.messages.told == []


def test_a_mail_that_did_not_go_is_told_and_the_form_waits(studio: Studio) -> None:
    page = opened(studio, writing())
    with mail_server(refused=("ann@example.com",)) as server:
        studio.services.mail.save(Account("127.0.0.1", server.port, "none", "", "me@example.com"))
        studio.window.running.start(page, {}, "")
        words = waiting_words(page)
    assert "The e-mail to ann@example.com was not sent: The server refused this address: 550 nobody here" in words
    assert studio.messages.told == ["The e-mail of “Ask” was not sent."]
    action, then = studio.messages.offers[0]
    assert action == "Mail settings"
    then()
    dialog = studio.dialog(PreferencesDialog)
    assert isinstance(dialog, PreferencesDialog)
    assert dialog.mail.isVisible()
    dialog.reject()


def test_what_did_not_go_is_sent_again_with_a_click(studio: Studio) -> None:
    page = opened(studio, writing())
    with mail_server(refused=("ann@example.com",)) as server:
        studio.services.mail.save(Account("127.0.0.1", server.port, "none", "", "me@example.com"))
        studio.window.running.start(page, {}, "")
        assert "was not sent" in waiting_words(page)
        (card,) = page.run_panel.forms.cards.values()
        button = next(b for b in card.findChildren(QPushButton) if b.text() == "Send the e-mail again")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: not studio.window.studio.tasks.busy)
        assert "was not sent" in waiting_words(page)
        server.refused = ()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: "Sent by e-mail to ann@example.com." in waiting_words(page))
        assert "was not sent" not in waiting_words(page)
        assert not button.isVisible()
    assert [m.to for m in server.messages] == ["ann@example.com"]


def test_without_an_account_the_form_says_that_nothing_was_sent(studio: Studio) -> None:
    page = opened(studio, writing())
    studio.window.running.start(page, {}, "")
    assert "No e-mail was sent: this workspace has no mail account." in waiting_words(page)
    assert studio.messages.told == []
