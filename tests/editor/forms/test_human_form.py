"""The builder of a form that a person fills: fields put into its text, its preview, how it is delivered and tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QMenu, QPushButton, QSpinBox

from editor.dialogs.form_preview import FormPreview
from editor.dialogs.preferences import PreferencesDialog
from editor.panels.forms.delivery import SendingPart
from editor.panels.forms.template_edit import TemplateEdit
from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from engine.services.mail import Account
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node
from tests.helpers.smtp import MailServer, mail_server

MAIL = {
    "id": "m",
    "type": "email",
    "enabled": True,
    "config": {
        "subject": "Check {{#start.topic#}}",
        "body": "Hello\n\n{{#url#}}",
        "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
    },
}


def flow(first: str = "start", **data: Any) -> Workflow:
    settings: dict[str, Any] = {
        "title": "Approval",
        "delivery_methods": [{"id": "1", "type": "webapp", "enabled": True}],
        "form_content": "About {{#start.topic#}}: ",
        "inputs": [],
        "user_actions": [{"id": "ok", "title": "OK", "button_style": "primary"}],
        "timeout": 3,
        "timeout_unit": "day",
        **data,
    }
    topic = [{"variable": "topic", "type": "text-input", "label": "Topic"}]
    return made(
        [node("start", first, title="Start", variables=topic), node("ask", "human-input", **settings)],
        [("start", "ask")],
    )


# -- fields in the text ------------------------------------------------------------------------------------------------


def menu() -> QMenu:
    found: list[QMenu] = []

    def opened() -> bool:
        found[:] = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible()]
        return bool(found)

    assert wait_until(opened)
    return found[-1]


def take(word: str) -> None:
    """Take an entry of the open menu by keys."""
    here = menu()
    for _ in here.actions():
        active = here.activeAction()
        if active and active.text() == word:
            break
        QTest.keyClick(here, Qt.Key.Key_Down)
    active = here.activeAction()
    assert active is not None
    assert active.text() == word, [a.text() for a in here.actions()]
    QTest.keyClick(here, Qt.Key.Key_Return)
    QApplication.processEvents()


def caret_at_end(here: Desk) -> TemplateEdit:
    edit = here.one(TemplateEdit, "Form text")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    return edit


def test_a_key_inserts_a_new_field_at_the_caret_in_one_step(desk: Open) -> None:
    here = desk(flow(), "ask")
    before = here.data
    edit = caret_at_end(here)
    steps = here.steps()
    QTest.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    take("New field: Choice")
    assert here.data["form_content"] == "About {{#start.topic#}}: {{#$output.field1#}}"
    assert here.data["inputs"] == [
        {
            "output_variable_name": "field1",
            "type": "select",
            "option_source": {"type": "constant", "selector": [], "value": []},
        }
    ]
    assert here.steps() == steps + 1
    assert here.inspector.window().focusWidget() is edit
    QTest.keyClicks(edit, "!")
    assert here.data["form_content"].endswith("{{#$output.field1#}}!")
    while here.document.can_undo:
        here.session.undo()
    assert here.data == before
    assert edit.text() == before["form_content"]
    here.session.redo()
    assert edit.text().endswith("{{#$output.field1#}}")


def test_a_field_without_a_place_is_offered(desk: Open) -> None:
    fields = [{"type": "paragraph", "output_variable_name": name} for name in ("note", "used")]
    here = desk(flow(inputs=fields, form_content="{{#$output.used#}} "), "ask")
    caret_at_end(here)
    here.click("Insert a field")
    words = [a.text() for a in menu().actions() if a.text()]
    assert words == ["note", *(f"New field: {k}" for k in ("Paragraph", "Choice", "One file", "Several files"))]
    take("note")
    assert here.data["form_content"] == "{{#$output.used#}} {{#$output.note#}}"
    assert len(here.data["inputs"]) == 2


@pytest.mark.parametrize("sign", ["/", "{"])
def test_a_sign_picks_a_variable(desk: Open, sign: str) -> None:
    here = desk(flow(form_content=""), "ask")
    edit = caret_at_end(here)
    QTest.keyClicks(edit, sign)
    picker = here.picker()
    QTest.keyClicks(picker.search, "topic")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert wait_until(lambda: here.data["form_content"] == "{{#start.topic#}}")


# -- the preview -------------------------------------------------------------------------------------------------------


@pytest.fixture
def closing() -> Iterator[None]:
    """Previews that a test opened go with it."""
    yield
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, FormPreview):
            widget.close()
    QApplication.sendPostedEvents()
    QApplication.processEvents()


def preview(here: Desk) -> FormPreview:
    here.click("Preview of the form")
    found = [w for w in here.inspector.findChildren(FormPreview) if w.isVisible()]
    assert wait_until(lambda: bool(found and found[-1].card))
    return found[-1]


def texts(dialog: FormPreview) -> str:
    return "\n".join(w.text() for w in dialog.findChildren(QLabel) if w.isVisible())


def buttons(dialog: FormPreview) -> dict[str, str]:
    assert dialog.card is not None
    return {b.text(): str(b.property("kind")) for b in dialog.card.findChildren(QPushButton) if b.isVisible()}


@pytest.mark.usefixtures("closing")
def test_the_preview_follows_what_is_edited(desk: Open) -> None:
    actions = [{"id": s, "title": s.title(), "button_style": s} for s in ("primary", "default", "accent", "ghost")]
    here = desk(flow(user_actions=actions), "ask")
    dialog = preview(here)
    assert buttons(dialog) == {"Primary": "primary", "Default": "", "Accent": "accent", "Ghost": "quiet"}
    assert "Time left: 3 days" in texts(dialog)
    edit = caret_at_end(here)
    QTest.keyClicks(edit, "please")
    first = dialog.card
    assert wait_until(lambda: dialog.card is not first)
    QTest.mouseClick(here.one(QSpinBox, "After"), Qt.MouseButton.LeftButton)
    here.choose("Unit", "Hours")
    assert wait_until(lambda: "Time left: 3 h" in texts(dialog))
    assert dialog.card is not None
    QTest.mouseClick(dialog.card.findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
    assert dialog.card.isEnabled()


@pytest.mark.usefixtures("closing")
def test_the_preview_stays_while_another_step_is_shown_and_goes_with_its_own(desk: Open) -> None:
    from engine.model.edits import RemoveNode, SetField

    here = desk(flow(), "ask")
    dialog = preview(here)
    here.inspector.show_node("start")
    here.session.submit(SetField("ask", ("form_content",), "Something else"), "edit")
    first = dialog.card
    assert wait_until(lambda: dialog.card is not first)
    here.session.submit(RemoveNode("ask"), "remove")
    assert wait_until(lambda: not [w for w in here.inspector.findChildren(FormPreview) if w.isVisible()])


@pytest.mark.usefixtures("closing")
def test_a_form_that_cannot_be_says_why(desk: Open) -> None:
    here = desk(flow(user_actions=[{"id": "ok"}, {"id": "ok"}]), "ask")
    here.click("Preview of the form")
    dialog = here.inspector.findChildren(FormPreview)[-1]
    assert wait_until(lambda: dialog.fault.isVisible())
    assert "two actions are named" in dialog.fault.text()


# -- delivery ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "offered"), [("start", True), ("trigger-webhook", False)])
def test_the_program_is_not_offered_behind_a_trigger(desk: Open, first: str, offered: bool) -> None:
    here = desk(flow(first, delivery_methods=[MAIL]), "ask")
    assert bool(here.all(QCheckBox, "In the program")) is offered
    kept = desk(flow(first), "ask")
    assert kept.one(QCheckBox, "In the program").isChecked()


def test_what_is_in_the_file_twice_can_be_taken_out(desk: Open) -> None:
    here = desk(flow(delivery_methods=[MAIL, {**MAIL, "id": "n"}]), "ask")
    assert len(here.all(TemplateEdit, "Subject")) == 1
    here.click("Remove email")
    assert here.data["delivery_methods"] == [MAIL]
    here.session.undo()
    assert len(here.data["delivery_methods"]) == 2


def sending(here: Desk) -> SendingPart:
    return here.all(SendingPart)[0]


def test_without_an_account_it_is_said_and_the_settings_are_a_click_away(desk: Open) -> None:
    here = desk(flow(delivery_methods=[MAIL]), "ask")
    studio = here.studio.window.studio
    assert wait_until(lambda: studio.mail.account is not None)
    assert "no mail account" in sending(here).words.text()
    assert not here.all(QPushButton, "Send a test to me")
    here.click("Set up a mail account")
    dialog = here.studio.dialog(PreferencesDialog)
    assert isinstance(dialog, PreferencesDialog)
    assert dialog.mail.isVisible()
    dialog.reject()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
def account(forms_studio: Any, server: MailServer) -> Iterator[None]:
    studio = forms_studio.window.studio
    studio.mail.save(Account("127.0.0.1", server.port, "none", "", "me@example.com"), None, lambda: None, None)
    assert wait_until(lambda: studio.mail.own_address == "me@example.com")
    yield
    studio.mail.forget()
    assert wait_until(lambda: not studio.mail.own_address)


@pytest.mark.usefixtures("account")
def test_a_test_goes_to_oneself_and_says_so_in_place(desk: Open, server: MailServer) -> None:
    here = desk(flow(delivery_methods=[MAIL]), "ask")
    before = here.steps()
    assert "Sent from me@example.com" in sending(here).words.text()
    here.click("Send a test to me")
    verdict = sending(here).trial.verdict
    assert wait_until(lambda: verdict.text() == "Sent to me@example.com.")
    (taken,) = server.messages
    assert (taken.to, taken.subject) == ("me@example.com", "Check [Start / topic]")
    assert "“Approval”" in taken.body()
    assert here.steps() == before


@pytest.mark.usefixtures("account")
def test_a_test_that_fails_says_why_in_place(desk: Open, server: MailServer) -> None:
    server.refused = ("me@example.com",)
    here = desk(flow(delivery_methods=[MAIL]), "ask")
    here.click("Send a test to me")
    verdict = sending(here).trial.verdict
    assert wait_until(lambda: verdict.property("kind") == "bad")
    assert "550 nobody here" in verdict.text()


@pytest.mark.usefixtures("account")
def test_a_test_is_given_up_when_another_step_is_shown(desk: Open, server: MailServer) -> None:
    server.hang = "data"
    here = desk(flow(delivery_methods=[MAIL]), "ask")
    here.click("Send a test to me")
    assert server.reached.wait(10)
    here.inspector.show_node("start")
    assert server.gone.wait(10)
    assert wait_until(lambda: not here.studio.window.studio.tasks.busy)
