"""Environment and conversation variables: what the dialog checks, secrets that stay hidden, undo."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLineEdit

from editor.panels.variables import VariableDialog, Variables
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def panel(studio: Studio) -> Variables:
    flow = made(
        [
            node("1", "start", variables=[]),
            node("2", "answer", answer="{{#env.key#}} {{#conversation.mood#}}", variables=[]),
        ],
        [("1", "2")],
        mode="advanced-chat",
        environment_variables=[
            {"id": "a", "name": "key", "value_type": "secret", "value": "sk-very-secret"},
            {"id": "b", "name": "limit", "value_type": "number", "value": 3},
        ],
        conversation_variables=[{"id": "c", "name": "mood", "value_type": "string", "value": "fine"}],
    )  # fmt: skip
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "App", workflow=flow))
    page.show_panel("variables")
    studio.settle()
    found = page.panels["variables"]
    assert isinstance(found, Variables)
    return found


def asked(studio: Studio) -> VariableDialog:
    found = studio.dialog(VariableDialog)
    assert isinstance(found, VariableDialog)
    return found


def save(dialog: VariableDialog) -> None:
    button = dialog.findChildren(QDialogButtonBox)[0].button(QDialogButtonBox.StandardButton.Ok)
    QTest.mouseClick(button, LEFT)
    QApplication.processEvents()


def environment(studio: Studio) -> dict[str, Any]:
    return {v.name: v.value for v in studio.page.session.document.workflow.environment_variables}


@pytest.mark.spec("editor.77")
def test_the_dialog_checks_name_uniqueness_type_and_value(studio: Studio) -> None:
    place = panel(studio)
    place.edit("environment", None)
    dialog = asked(studio)
    for name, words in (("", "starts with a letter"), ("1x", "starts with a letter"), ("a-b", "starts with a letter"),
                        ("limit", "of this name")):  # fmt: skip
        dialog.name.setText(name)
        save(dialog)
        assert words in dialog.fault.text()
        assert dialog.isVisible()
    dialog.name.setText("depth")
    dialog.type.setCurrentIndex(dialog.type.findData("number"))
    dialog.line.setText("many")
    save(dialog)
    assert "Not valid JSON" in dialog.fault.text()
    dialog.line.setText('"3"')
    save(dialog)
    assert "not of the type number" in dialog.fault.text()
    dialog.line.setText("7")
    save(dialog)
    assert environment(studio)["depth"] == 7

    place.edit("conversation", None)
    dialog = asked(studio)
    dialog.name.setText("things")
    dialog.type.setCurrentIndex(dialog.type.findData("array[number]"))
    dialog.area.setPlainText('["a"]')
    save(dialog)
    assert "not of the type" in dialog.fault.text()
    dialog.area.setPlainText("[1, 2]")
    save(dialog)
    assert studio.page.session.document.workflow.conversation_variables[-1].value == [1, 2]


@pytest.mark.spec("editor.77", "editor.66")
def test_a_secret_is_shown_only_when_asked_for(studio: Studio) -> None:
    place = panel(studio)
    rows = place.lists["environment"]
    assert "sk-very-secret" not in "".join(rows.item(n).text() + rows.item(n).toolTip() for n in range(rows.count()))
    place.edit("environment", 0)
    dialog = asked(studio)
    assert dialog.line.echoMode() == QLineEdit.EchoMode.Password
    assert "sk-very-secret" not in dialog.line.displayText()
    dialog._eye.trigger()
    assert dialog.line.displayText() == "sk-very-secret"
    dialog.type.setCurrentIndex(dialog.type.findData("string"))
    assert dialog.line.text() == ""  # another type is no way to see it
    dialog.reject()


@pytest.mark.spec("editor.77", "editor.25")
def test_changes_are_steps_and_a_new_name_is_followed(studio: Studio) -> None:
    place = panel(studio)
    document = studio.page.session.document
    before = document.workflow
    place.edit("conversation", 0)
    dialog = asked(studio)
    dialog.name.setText("temper")
    save(dialog)
    assert document.graph.node("2").data["answer"] == "{{#env.key#}} {{#conversation.temper#}}"
    studio.page.session.undo()
    assert document.workflow == before

    rows = place.lists["environment"]
    rows.setCurrentRow(1)
    place.remove("environment")
    assert list(environment(studio)) == ["key"]
    studio.page.session.undo()
    assert document.workflow == before
    rows.setCurrentRow(0)
    studio.messages.answers.append(False)
    place.remove("environment")  # it is used: the answer was no
    assert list(environment(studio)) == ["key", "limit"]
