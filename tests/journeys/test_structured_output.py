"""The editor of structured output in the real window (statement 49 and P10): both sides, open fields, reset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton

from editor.windows.page import WorkflowPage
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio
from tests.helpers.whole import whole

CTRL = Qt.KeyboardModifier.ControlModifier
FIELDS: dict[str, Any] = {
    "type": "object", "required": ["city"], "additionalProperties": False,
    "properties": {"city": {"type": "string"}, "size": {"type": "number"}},
}  # fmt: skip


@pytest.fixture
def page(studio: Studio, tmp_path: Path) -> WorkflowPage:
    llm = node(
        "llm", "llm", x=350, title="Model",
        model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}},
        prompt_template=[{"id": "1", "role": "system", "text": "Hello"}], structured_output_enabled=True,
        structured_output={"schema": FIELDS},
    )  # fmt: skip
    path = tmp_path / "flow.yml"
    path.write_text(dsl([node("start", "start", variables=[]), llm], [("start", "llm")]), encoding="utf-8")
    opened = studio.open_file(path)
    opened.canvas.select(["llm"])
    studio.settle()
    return opened


def schema(page: WorkflowPage) -> dict[str, Any]:
    return dict(page.session.document.graph.nodes["llm"].data["structured_output"]["schema"])


def names(page: WorkflowPage) -> list[QLineEdit]:
    found = page.inspector.findChildren(QLineEdit, "Field name")
    return [edit for edit in found if edit.isVisible()]


def said(page: WorkflowPage) -> str:
    return "\n".join(label.text() for label in page.inspector.findChildren(QLabel) if label.isVisible())


def write(edit: QLineEdit | QPlainTextEdit, text: str) -> None:
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, CTRL)
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, text)
    QApplication.processEvents()


def json_side(studio: Studio) -> QPlainTextEdit:
    studio.click("Show JSON")
    studio.settle()
    edit = studio.field("JSON schema", QPlainTextEdit)
    assert isinstance(edit, QPlainTextEdit)
    return edit


def paste(edit: QPlainTextEdit, text: str) -> None:
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, CTRL)
    QApplication.clipboard().setText(text)
    QTest.keyClick(edit, Qt.Key.Key_V, CTRL)
    QApplication.processEvents()


@pytest.mark.spec("editor.49")
def test_both_sides_stay_in_step_there_and_back(studio: Studio, page: WorkflowPage) -> None:
    write(names(page)[0], "town")
    QTest.keyClick(names(page)[0], Qt.Key.Key_Return)
    text = json_side(studio)
    assert json.loads(text.toPlainText()) == schema(page)
    assert "town" in text.toPlainText()
    new = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": []}
    paste(text, json.dumps(new))
    assert schema(page) == new
    studio.click("Show JSON")
    studio.settle()
    assert [edit.text() for edit in names(page)] == ["a"]
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    QApplication.processEvents()
    assert [edit.text() for edit in names(page)] == ["town", "size"]


@pytest.mark.spec("editor.49")
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{\n  "type": "object",\n  "properties": {"a" {}}\n}', 3, 22),
        ('{"type": "object",\n "properties": {"a": {"type": "string"},\n  "a": {"type": "number"}}}', 3, 3),
        ("[1, 2]", 1, 1),
        ('{"type": "string"}', 1, 1),
    ],
    ids=["no JSON", "a field twice", "no object", "another type"],
)
def test_wrong_json_is_refused_with_its_place_and_keeps_the_side(
    studio: Studio, page: WorkflowPage, text: str, line: int, column: int
) -> None:
    before = whole(page.session.document.workflow)
    edit = json_side(studio)
    paste(edit, text)
    assert whole(page.session.document.workflow) == before
    assert f"(line {line}, column {column})" in said(page)
    studio.click("Show JSON")
    studio.settle()
    assert edit.isVisible(), "what is wrong is put right before the fields are shown"
    paste(edit, json.dumps(FIELDS))
    studio.click("Show JSON")
    studio.settle()
    assert [each.text() for each in names(page)] == ["city", "size"]


@pytest.mark.spec("editor.49")
@pytest.mark.parametrize("how", ["Return", "Ctrl+Return", "Add field", "Show JSON", "Ctrl+S", "leave"])
def test_a_name_that_stands_twice_is_refused_and_the_field_stays_open(
    studio: Studio, page: WorkflowPage, how: str
) -> None:
    studio.activate()
    before = whole(page.session.document.workflow)
    name = names(page)[1]
    write(name, "city")
    match how:
        case "Return":
            QTest.keyClick(name, Qt.Key.Key_Return)
        case "Ctrl+Return":
            QTest.keyClick(name, Qt.Key.Key_Return, CTRL)
        case "Ctrl+S":
            QTest.keyClick(name, Qt.Key.Key_S, CTRL)
            assert "open" in " ".join(w.text() for w in studio.window.findChildren(QLabel) if w.isVisible())
        case "leave":
            page.inspector.title.setFocus()
        case _:
            studio.click(how)
    studio.settle()
    assert whole(page.session.document.workflow) == before
    assert "“city” already" in said(page)
    assert name.isVisible()
    assert name.text() == "city"
    if how != "leave":
        assert name.hasFocus()
    QTest.keyClick(name, Qt.Key.Key_Escape)
    assert name.text() == "size"
    assert "already" not in said(page)


@pytest.mark.spec("editor.49")
def test_what_is_being_written_is_saved_with_the_rest(studio: Studio, page: WorkflowPage) -> None:
    studio.activate()
    name = names(page)[1]
    write(name, "area")
    QTest.keyClick(name, Qt.Key.Key_S, CTRL)
    studio.settle()
    assert list(schema(page)["properties"]) == ["city", "area"]
    assert page.session.save_state == "saved"


@pytest.mark.spec("editor.49")
def test_control_and_enter_confirm_and_go_on_to_the_next(studio: Studio, page: WorkflowPage) -> None:
    studio.activate()
    write(names(page)[1], "area")
    QTest.keyClick(names(page)[1], Qt.Key.Key_Return, CTRL)
    studio.settle()
    assert list(schema(page)["properties"]) == ["city", "area"]
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "Add field"


@pytest.mark.spec("editor.49", "editor.25")
def test_reset_takes_all_fields_away_in_one_step(studio: Studio, page: WorkflowPage) -> None:
    document = page.session.document
    before, steps = whole(document.workflow), document.position
    studio.click("Reset")
    studio.settle()
    assert schema(page) == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert names(page) == []
    assert document.position == steps + 1
    assert document.undo_label == "Model: Reset"
    assert not studio.field("Reset", QPushButton).isEnabled()
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert whole(document.workflow) == before
