"""The form that a person will fill, made with mouse and keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPlainTextEdit, QPushButton

from engine.model.workflow import Workflow
from engine.nodes.human_input.config import HumanInputConfig
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node


def flow(**data: Any) -> Workflow:
    settings: dict[str, Any] = {
        "delivery_methods": [{"id": "1", "type": "webapp", "enabled": True}],
        "inputs": [],
        "user_actions": [{"id": "ok", "title": "OK"}],
        **data,
    }
    return made([node("start", "start", variables=[]), node("ask", "human-input", **settings)], [("start", "ask")])


def test_a_field_has_what_its_kind_needs(desk: Open) -> None:
    here = desk(flow(), "ask")
    here.click("Add field")
    first = here.one(QLineEdit, "First value")
    QTest.keyClicks(first, "hi")
    assert here.data["inputs"][0]["default"]["value"] == "hi"
    HumanInputConfig.model_validate(here.data)
    steps = here.steps()
    here.choose("Kind", "Choice")
    assert here.steps() == steps + 1
    choices = here.one(QPlainTextEdit, "Choices")
    choices.setFocus()
    for word in ("red", "blue"):
        QTest.keyClicks(choices, word)
        QTest.keyClick(choices, Qt.Key.Key_Return)
    assert here.data["inputs"][0]["option_source"] == {"type": "constant", "selector": [], "value": ["red", "blue"]}
    HumanInputConfig.model_validate(here.data)
    here.choose("Source", "From a variable")
    assert here.one(QPushButton, "Variable")
    assert here.data["inputs"][0]["option_source"]["value"] == ["red", "blue"]


def test_a_field_for_files_takes_some_kinds(desk: Open) -> None:
    here = desk(flow(inputs=[{"type": "file", "output_variable_name": "f", "allowed_file_types": ["image"]}]), "ask")
    here.click("Documents")
    assert here.data["inputs"][0]["allowed_file_types"] == ["image", "document"]
    here.click("Images")
    here.click("Documents")
    assert here.data["inputs"][0]["allowed_file_types"] == ["document"]
    assert here.one(QCheckBox, "Documents").isChecked()
