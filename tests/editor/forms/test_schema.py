"""The editor of structured output: nested fields, samples, keys, and the pure functions below it."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLineEdit, QPushButton

from editor.panels.forms import schema_ops as ops
from editor.panels.forms.schema_edit import SampleDialog
from editor.screenshot import wait_until
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node

NESTED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "home": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "name": {"type": "string", "description": "who"},
        "pets": {
            "type": "array",
            "items": {"type": "object", "properties": {"kind": {"type": "string"}}, "required": []},
        },
    },
    "required": ["name"],
    "additionalProperties": False,
}  # fmt: skip


def opened(desk: Open, schema: dict[str, Any]) -> Desk:
    llm = node(
        "llm", "llm", model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}},
        prompt_template=[{"id": "1", "role": "system", "text": ""}], structured_output_enabled=True,
        structured_output={"schema": schema},
    )  # fmt: skip
    flow = made([node("s", "start", variables=[]), llm], [("s", "llm")])
    here = desk(flow, "llm")
    here.inspector.resize(420, 1600)
    here.inspector.activateWindow()
    assert wait_until(here.inspector.isActiveWindow, 10)
    return here


def schema(here: Desk) -> dict[str, Any]:
    return dict(here.data["structured_output"]["schema"])


def names(here: Desk) -> list[str]:
    return [e.text() for e in here.all(QLineEdit, "Field name")]


@pytest.mark.spec("editor.49")
def test_fields_of_fields_are_shown_added_and_removed(desk: Open) -> None:
    here = opened(desk, NESTED)
    assert names(here) == ["home", "city", "name", "pets", "kind"]
    steps = here.steps()
    here.click("Add a field to pets")
    items = schema(here)["properties"]["pets"]["items"]
    assert list(items["properties"]) == ["kind", "field1"]
    assert items["required"] == ["field1"]
    here.click("Remove", 1)  # city
    assert schema(here)["properties"]["home"]["properties"] == {}
    assert schema(here)["properties"]["home"]["required"] == []
    assert here.steps() == steps + 2
    here.document.undo()
    here.document.undo()
    assert schema(here) == NESTED


@pytest.mark.spec("editor.49")
def test_control_and_enter_confirm_a_field(desk: Open) -> None:
    here = opened(desk, NESTED)
    edit = here.all(QLineEdit, "Field name")[1]
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, "town")
    assert "city" in schema(here)["properties"]["home"]["properties"]  # still being typed
    QTest.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    QApplication.processEvents()
    assert list(schema(here)["properties"]["home"]["properties"]) == ["town"]
    assert schema(here)["properties"]["home"]["required"] == ["town"]
    assert here.inspector.focusWidget() is here.one(QPushButton, "Add field")


@pytest.mark.spec("editor.49")
def test_the_keyboard_stays_in_the_row_that_is_written(desk: Open) -> None:
    here = opened(desk, NESTED)
    edit = here.all(QLineEdit, "Field name")[0]
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, "house")
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    QTest.qWait(30)
    focus = here.inspector.focusWidget()
    assert isinstance(focus, QComboBox)
    assert focus.property("schemaPlace") == "properties/house/@type"


@pytest.mark.spec("editor.49")
def test_an_example_makes_the_fields(desk: Open) -> None:
    here = opened(desk, NESTED)
    here.click("From a sample…")
    dialog = next(d for d in here.inspector.findChildren(QDialog) if isinstance(d, SampleDialog))
    dialog.edit.setPlainText('{"a": 1,\n "b": }')
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    assert "line 2" in dialog.fault.text()
    dialog.edit.setPlainText("[1]")
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    assert "object" in dialog.fault.text()
    dialog.edit.setPlainText('{"a": 1, "b": {"c": true}, "d": [{"x": "1"}, {"x": "2", "y": 3}]}')
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert names(here) == ["a", "b", "c", "d", "x", "y"]
    assert schema(here)["properties"]["d"]["items"]["required"] == ["x"]
    here.document.undo()
    assert schema(here) == NESTED


def test_values_that_are_allowed_are_of_the_type(desk: Open) -> None:
    here = opened(desk, {"type": "object", "properties": {"n": {"type": "number"}}, "required": []})
    here.click("Allowed values")
    edit = here.one(QLineEdit, "Allowed values")
    edit.setFocus()
    QTest.keyClicks(edit, "1, two")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert "enum" not in schema(here)["properties"]["n"]
    edit.selectAll()
    QTest.keyClicks(edit, "1, 2.5")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert schema(here)["properties"]["n"]["enum"] == [1, 2.5]


def test_a_type_that_changes_keeps_what_still_fits() -> None:
    home = NESTED["properties"]["home"]
    listed = ops.with_type("array[object]", {**home, "description": "d"})
    assert listed["items"]["properties"] == home["properties"]
    assert listed["description"] == "d"
    assert ops.with_type("object", listed)["properties"] == home["properties"]
    assert ops.with_type("string", listed) == {"description": "d", "type": "string"}
    assert ops.with_type("array[number]", {}) == {"type": "array", "items": {"type": "number"}}
    assert ops.type_of({"type": "array"}) == "array[string]"


def test_an_example_may_be_deep_mixed_and_empty() -> None:
    assert ops.from_sample([]) == {"type": "array", "items": {"type": "string"}}
    assert ops.from_sample([1, "a"])["items"] == {"type": "string"}
    assert ops.from_sample(None) == {"type": "string"}
    assert ops.from_sample(True) == {"type": "boolean"}
    deep: Any = 1
    for _ in range(30):
        deep = {"a": deep}
    assert ops.from_sample(deep)["type"] == "object"
