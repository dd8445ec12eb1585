"""The dialog of a variable, by clicks and keys: what it asks for, what it refuses, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QToolButton, QWidget

from tests.editor.panels.test_variables_panel import asked, panel, save
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton


def choose(box: QComboBox, data: str) -> None:
    """Choose with the keyboard."""
    QTest.keyClick(box, Qt.Key.Key_Home)
    while box.currentData() != data:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, f"{data} is not offered"


def write(edit: QWidget, text: str) -> None:
    """Type over all that stands in a field."""
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    if text.isascii():
        QTest.keyClicks(edit, text)
    else:  # as an input method gives it
        event = QInputMethodEvent()
        event.setCommitString(text)
        QApplication.sendEvent(edit, event)


@pytest.mark.parametrize(
    ("kind", "type_name", "typed", "fault", "kept"),
    [
        ("environment", "string", "", "Enter a value.", None),
        ("environment", "secret", "", "Enter a value.", None),
        ("environment", "number", "", "Enter a value.", None),
        ("environment", "number", "NaN", "The value is not of the type number.", None),
        ("environment", "number", "1e999", "The value is not of the type number.", None),
        ("environment", "number", "true", "The value is not of the type number.", None),
        ("environment", "number", "-2.5", "", -2.5),
        ("environment", "secret", "密码 1", "", "密码 1"),
        ("conversation", "string", "", "", ""),
        ("conversation", "number", "", "", 0),
        ("conversation", "boolean", "", "", False),
        ("conversation", "object", "[1]", "The value is not of the type object.", None),
        ("conversation", "object", '{"a": 1}', "", {"a": 1}),
        ("conversation", "array[string]", '["a", 1]', "The value is not of the type array[string].", None),
        ("conversation", "array[string]", "", "", []),
        ("conversation", "array[object]", '[{"a": "中"}]', "", [{"a": "中"}]),
    ],
)
@pytest.mark.spec("editor.77")
def test_a_value_has_to_fit_its_type(
    studio: Studio, kind: str, type_name: str, typed: str, fault: str, kept: Any
) -> None:
    place = panel(studio)
    add = [b for b in place.findChildren(QToolButton) if b.accessibleName() == "Add a variable"]
    QTest.mouseClick(add[0 if kind == "environment" else 1], LEFT)
    dialog = asked(studio)
    write(dialog.name, "fresh")
    choose(dialog.type, type_name)
    field = next((w for w in (dialog.line, dialog.words) if w.isVisible()), None)
    if field is not None:
        write(field, typed)
    elif not dialog.truth.isVisible():
        if not dialog.area.isVisible():
            QTest.mouseClick(dialog.as_json, LEFT)
        dialog.area.setPlainText(typed)  # its brackets come in pairs as they are typed
    save(dialog)
    workflow = studio.page.session.document.workflow
    variables = workflow.environment_variables if kind == "environment" else workflow.conversation_variables
    if fault:
        assert dialog.fault.text() == fault
        assert dialog.isVisible()
        assert "fresh" not in {v.name for v in variables}
        dialog.reject()
        return
    fresh = next(v for v in variables if v.name == "fresh")
    assert (fresh.value_type, fresh.value) == (type_name, kept)
    studio.activate()
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    workflow = studio.page.session.document.workflow
    assert "fresh" not in {v.name for v in (*workflow.environment_variables, *workflow.conversation_variables)}


@pytest.mark.spec("editor.77")
def test_the_dialogs_of_both_kinds_refuse_names_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        place = panel(studio)
        for number, taken in ((0, "limit"), (1, "mood")):
            add = [b for b in place.findChildren(QToolButton) if b.accessibleName() == "添加变量"]
            QTest.mouseClick(add[number], LEFT)
            dialog = asked(studio)
            write(dialog.words, "1")
            for name, words in (("名字", "字母"), ("9a", "字母"), ("a b-c", "字母"), (taken, "已有")):
                write(dialog.name, name)
                save(dialog)
                assert words in dialog.fault.text()
                assert dialog.isVisible()
            dialog.reject()


@pytest.mark.spec("editor.77")
def test_a_secret_that_was_saved_is_hidden_again(studio: Studio) -> None:
    place = panel(studio)
    rows = place.lists["environment"]
    QTest.mouseClick(rows.viewport(), LEFT, pos=rows.visualItemRect(rows.item(0)).center())
    dialog = asked(studio)
    dialog._eye.trigger()
    assert dialog.line.displayText() == "sk-very-secret"
    write(dialog.about, "For the shop")
    save(dialog)
    rows = place.lists["environment"]
    QTest.mouseClick(rows.viewport(), LEFT, pos=rows.visualItemRect(rows.item(0)).center())
    dialog = asked(studio)
    assert dialog.line.echoMode() == QLineEdit.EchoMode.Password, "the next time it has to be asked for again"
    dialog.line.setFocus()
    dialog.line.selectAll()
    QGuiApplication.clipboard().setText("before")
    for keys in (Qt.Key.Key_C, Qt.Key.Key_X):
        QTest.keyClick(dialog.line, keys, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "before"
    dialog.reject()
