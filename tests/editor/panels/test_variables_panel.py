"""Environment and conversation variables: what the dialog checks, secrets that stay hidden, undo."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLineEdit, QToolButton

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
    assert "not of the type number" in dialog.fault.text()
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
    QTest.mouseClick(dialog.as_json, LEFT)
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


def row_at(studio: Studio, words: str, place: Variables, kind: str = "conversation") -> None:
    """The row of a list gets the keyboard."""
    found = place.lists[kind]
    found.setCurrentRow(next(n for n in range(found.count()) if found.item(n).text().startswith(words)))
    found.setFocus()
    studio.settle()


def test_a_text_of_several_lines_stays_one(studio: Studio) -> None:
    place = panel(studio)
    row_at(studio, "mood", place)
    QTest.keyClick(place.lists["conversation"], Qt.Key.Key_Return)
    dialog = asked(studio)
    dialog.words.selectAll()
    QTest.keyClicks(dialog.words, "one")
    QTest.keyClick(dialog.words, Qt.Key.Key_Return)
    QTest.keyClicks(dialog.words, "two")
    save(dialog)
    assert studio.page.session.document.workflow.conversation_variables[0].value == "one\ntwo"


@pytest.mark.spec("editor.77")
def test_lists_and_objects_are_written_in_rows_or_as_json(studio: Studio) -> None:
    place = panel(studio)
    place.edit("conversation", None)
    dialog = asked(studio)
    dialog.name.setText("marks")
    dialog.type.setCurrentIndex(dialog.type.findData("array[number]"))
    for text in ("3", "x"):
        QTest.mouseClick(dialog.items.add, LEFT)
        QTest.keyClicks(dialog.items.rows[-1].line, text)
    save(dialog)
    assert dialog.isVisible()
    assert "“x” is no number" in dialog.fault.text()
    QTest.keyClick(dialog.items.rows[1].line, Qt.Key.Key_Backspace)
    QTest.keyClicks(dialog.items.rows[1].line, "4.5")
    QTest.mouseClick(dialog.as_json, LEFT)
    assert dialog.area.isVisible()
    assert "4.5" in dialog.area.toPlainText()
    dialog.area.setPlainText("[3, 4.5, 6]")
    QTest.mouseClick(dialog.as_json, LEFT)
    assert [row.line.text() for row in dialog.items.rows] == ["3", "4.5", "6"]
    save(dialog)
    assert studio.page.session.document.workflow.conversation_variables[-1].value == [3, 4.5, 6]

    place.edit("conversation", None)
    dialog = asked(studio)
    dialog.name.setText("who")
    dialog.type.setCurrentIndex(dialog.type.findData("object"))
    QTest.mouseClick(dialog.items.add, LEFT)
    row = dialog.items.rows[0]
    save(dialog)
    assert "needs a key" in dialog.fault.text()
    assert row.key is not None
    QTest.keyClicks(row.key, "adult")
    row.type.setFocus()
    QTest.keyClicks(row.type, "boolean")
    save(dialog)
    assert studio.page.session.document.workflow.conversation_variables[-1].value == {"adult": False}


def test_a_value_that_has_no_rows_stays_json_and_whole(studio: Studio) -> None:
    place = panel(studio)
    place.edit("conversation", None)
    dialog = asked(studio)
    dialog.name.setText("deep")
    dialog.type.setCurrentIndex(dialog.type.findData("object"))
    QTest.mouseClick(dialog.as_json, LEFT)
    dialog.area.setPlainText('{"a": {"b": [1]}}')
    QTest.mouseClick(dialog.as_json, LEFT)
    assert dialog.area.isVisible()
    assert "has no rows" in dialog.fault.text()
    save(dialog)
    assert studio.page.session.document.workflow.conversation_variables[-1].value == {"a": {"b": [1]}}


def test_del_in_the_list_removes_the_variable_and_no_node(studio: Studio) -> None:
    place = panel(studio)
    studio.activate()
    studio.hand.click(studio.hand.at_node("2"))
    row_at(studio, "limit", place, "environment")
    QTest.keyClick(place.lists["environment"], Qt.Key.Key_Delete)
    assert list(environment(studio)) == ["key"]
    assert "2" in studio.page.session.document.graph.nodes


def test_system_variables_are_listed_with_what_they_mean(studio: Studio) -> None:
    place = panel(studio)
    heads = [b for b in place.findChildren(QToolButton) if b.text() == "System variables"]
    assert not place.system.isVisible()
    QTest.mouseClick(heads[0], LEFT)
    assert place.system.isVisible()
    rows = [place.system.item(n).text().split("\n") for n in range(place.system.count())]
    assert rows[0] == ["query", "string", "What was written in this turn."]
    assert all(len(row) == 3 for row in rows)
    place.system.setCurrentRow(0)
    place.system.setFocus()
    QTest.keyClick(place.system, Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == "{{#sys.query#}}"
