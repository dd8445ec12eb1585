"""The inputs of a workflow: the dialog of one input, its kinds, its checks; renaming, moving and removing."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPushButton

from editor.panels.forms.entry import InputDialog
from engine.model.workflow import Workflow
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node


def flow() -> Workflow:
    """start -> template, which reads an input."""
    return made(
        [
            node(
                "start",
                "start",
                variables=[
                    {"variable": "q", "label": "Question", "type": "text-input", "required": True, "max_length": 48},
                    {"variable": "n", "label": "Number", "type": "number", "required": False},
                ],
            ),
            node(
                "t",
                "template-transform",
                title="Tell",
                template="{{ a }}",
                variables=[{"variable": "a", "value_selector": ["start", "q"]}],
            ),
        ],
        [("start", "t")],
    )


def dialog(here: Desk) -> InputDialog:
    """The dialog that is open."""
    QApplication.processEvents()
    return next(d for d in here.inspector.findChildren(InputDialog) if d.isVisible())


def save(asked: InputDialog) -> None:
    """Click Save."""
    buttons = asked.findChild(QDialogButtonBox)
    assert buttons is not None
    QTest.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def kind(asked: InputDialog, name: str) -> None:
    """Choose a type."""
    asked.kind.setCurrentIndex(asked.kind.findData(name))
    QApplication.processEvents()


def test_an_input_is_added_in_one_step(desk: Open) -> None:
    here = desk(flow(), "start")
    before = here.steps()
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "city")
    save(asked)
    added = here.data["variables"][2]
    assert (added["variable"], added["label"], added["type"], added["required"]) == ("city", "city", "text-input", True)
    assert here.steps() == before + 1
    assert here.all(QPushButton, "Input city")


@pytest.mark.spec("editor.43")
def test_a_renamed_input_is_followed(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Input q")
    asked = dialog(here)
    asked.name.selectAll()
    QTest.keyClicks(asked.name, "question")
    save(asked)
    assert here.data["variables"][0]["variable"] == "question"
    assert here.document.graph.node("t").data["variables"][0]["value_selector"] == ["start", "question"]
    here.document.undo()
    assert here.document.graph.node("t").data["variables"][0]["value_selector"] == ["start", "q"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("1x", "starts with a letter"), ("q", "already"), ("", "starts with a letter"), ("a b", "letter")],
)
def test_names_that_cannot_be_are_refused(desk: Open, name: str, said: str) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, name)
    save(asked)
    assert asked.isVisible()
    assert said in asked.fault.text()
    asked.reject()
    assert len(here.data["variables"]) == 2


def test_a_choice_needs_options_that_differ(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "colour")
    kind(asked, "select")
    save(asked)
    assert "at least one option" in asked.fault.text()
    asked.options.setPlainText("red\nred")
    save(asked)
    assert "the same" in asked.fault.text()
    asked.options.setPlainText("red\ngreen")
    save(asked)
    assert here.data["variables"][2]["options"] == ["red", "green"]


def test_the_kinds_of_files_are_chosen(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "docs")
    kind(asked, "file-list")
    assert asked.count.isVisible()
    assert not asked.length.isVisible()
    for name in ("image", "document", "custom"):
        asked.file_types[name].click()
    save(asked)
    assert "extension" in asked.fault.text()
    QTest.keyClicks(asked.extensions, ".dat .bin")
    asked.count.setValue(3)
    save(asked)
    added: dict[str, Any] = here.data["variables"][2]
    assert added["allowed_file_types"] == ["document", "custom"]
    assert added["allowed_file_extensions"] == [".dat", ".bin"]
    assert added["max_length"] == 3


def test_a_schema_is_checked(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "data")
    kind(asked, "json_object")
    asked.schema.setPlainText("{")
    save(asked)
    assert "line 1, column 2" in asked.fault.text()
    asked.schema.setPlainText('{"type": "array"}')
    save(asked)
    assert "object" in asked.fault.text()
    asked.schema.setPlainText('{"type": "object"}')
    save(asked)
    assert here.data["variables"][2]["json_schema"] == '{"type": "object"}'


def test_inputs_are_moved(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Move down", 0)
    assert [v["variable"] for v in here.data["variables"]] == ["n", "q"]
    assert [b.accessibleName() for b in here.all(QPushButton) if b.accessibleName().startswith("Input ")] == [
        "Input n",
        "Input q",
    ]


@pytest.mark.spec("editor.44")
def test_an_input_that_is_read_goes_only_when_confirmed(desk: Open) -> None:
    here = desk(flow(), "start")
    asked: list[str] = []
    answer = here.messages.confirm
    here.messages.confirm = lambda _t, text, *_r, **_m: asked.append(text) or len(asked) > 1  # type: ignore[method-assign]
    try:
        here.click("Remove", 0)
        assert [v["variable"] for v in here.data["variables"]] == ["q", "n"]
        here.click("Remove", 0)
    finally:
        here.messages.confirm = answer  # type: ignore[method-assign]
    assert "Tell" in asked[0]
    assert [v["variable"] for v in here.data["variables"]] == ["n"]


def test_the_default_has_the_editor_of_its_type(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "about")
    kind(asked, "paragraph")
    asked.length.setValue(400)
    QTest.keyClicks(asked.default.words, "one")
    QTest.keyClick(asked.default.words, Qt.Key.Key_Return)
    QTest.keyClicks(asked.default.words, "two")
    save(asked)
    assert here.data["variables"][2]["default"] == "one\ntwo"

    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "colour")
    kind(asked, "select")
    QTest.keyClicks(asked.options, "red")
    QTest.keyClick(asked.options, Qt.Key.Key_Return)
    QTest.keyClicks(asked.options, "green")
    asked.default.choice.setFocus()
    QTest.keyClicks(asked.default.choice, "green")
    save(asked)
    assert here.data["variables"][3]["default"] == "green"

    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "loud")
    kind(asked, "checkbox")
    QTest.mouseClick(asked.default.check, Qt.MouseButton.LeftButton, pos=QPoint(8, asked.default.check.height() // 2))
    save(asked)
    assert here.data["variables"][4]["default"] is True


def test_a_default_that_does_not_fit_is_refused(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "age")
    kind(asked, "number")
    QTest.keyClicks(asked.default.line, "old")
    save(asked)
    assert "no number" in asked.fault.text()
    kind(asked, "text-input")
    asked.length.setValue(2)
    save(asked)
    assert "longer" in asked.fault.text()
    asked.length.setValue(3)
    save(asked)
    assert here.data["variables"][2]["default"] == "old"


def test_where_files_come_from_is_chosen(desk: Open) -> None:
    here = desk(flow(), "start")
    here.click("Add input")
    asked = dialog(here)
    QTest.keyClicks(asked.name, "photo")
    kind(asked, "file")
    for box in asked.methods.values():
        box.click()
    save(asked)
    assert "at least one way" in asked.fault.text()
    asked.methods["local_file"].click()
    save(asked)
    assert here.data["variables"][2]["allowed_file_upload_methods"] == ["local_file"]


def test_the_name_of_an_input_is_not_cut_for_the_words_beside_it(desk: Open) -> None:
    flow_ = made(
        [node("start", "start", variables=[
            {"variable": name, "label": name, "type": "paragraph", "required": True} for name in ("message", "amount")
        ])],
        [],
    )  # fmt: skip
    here = desk(flow_, "start")
    here.inspector.resize(380, 800)
    QApplication.processEvents()
    assert [b.text() for b in here.all(QPushButton) if b.accessibleName().startswith("Input ")] == ["message", "amount"]
