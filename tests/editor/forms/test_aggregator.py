"""The aggregator's form with mouse and keys: groups on and off, names, types."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton

from engine.model.workflow import Workflow
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node


def flow(**data: Any) -> Workflow:
    inputs = [
        {"variable": "a", "label": "a", "type": "text-input"},
        {"variable": "b", "label": "b", "type": "text-input"},
        {"variable": "n", "label": "n", "type": "number"},
    ]
    settings = {"output_type": "string", "variables": [["start", "a"]], **data}
    return made(
        [
            node("start", "start", variables=inputs),
            node("agg", "variable-aggregator", **settings),
            node("end", "end", outputs=[{"variable": "r", "value_selector": ["agg", "output"]}]),
        ],
        [("start", "agg"), ("agg", "end")],
    )


@pytest.mark.spec("logic.122")
def test_groups_on_and_off_are_one_step_each(desk: Open) -> None:
    here = desk(flow(), "agg")
    before, steps = here.document.workflow, here.steps()
    here.click("Several groups")
    assert here.steps() == steps + 1
    assert here.document.graph.node("end").data["outputs"][0]["value_selector"] == ["agg", "Group1", "output"]
    assert here.one(QLineEdit, "Group name").text() == "Group1"
    here.session.undo()
    assert here.document.workflow == before
    assert not here.one(QCheckBox, "Several groups").isChecked()
    here.session.redo()
    here.click("Several groups")
    assert here.document.graph.node("end").data["outputs"][0]["value_selector"] == ["agg", "output"]


@pytest.mark.spec("logic.122")
def test_other_groups_that_are_read_are_asked_about(desk: Open) -> None:
    here = desk(flow(), "agg")
    here.click("Several groups")
    here.click("Add group")
    names = here.all(QLineEdit, "Group name")
    assert [name.text() for name in names] == ["Group1", "Group2"]
    names[1].setFocus()
    names[1].selectAll()
    QTest.keyClicks(names[1], "Sources")
    QTest.keyClick(names[1], Qt.Key.Key_Return)
    from engine.model.edits import SetField

    here.session.submit(SetField("end", ("outputs", 0, "value_selector"), ["agg", "Sources", "output"]), "read it")
    here.messages.answers.append(False)
    here.click("Several groups")
    assert here.one(QCheckBox, "Several groups").isChecked()
    here.messages.answers.append(True)
    here.click("Several groups")
    assert here.document.graph.node("end").data["outputs"][0]["value_selector"] == []
    assert not here.one(QCheckBox, "Several groups").isChecked()


def test_a_name_that_cannot_be_one_goes_back(desk: Open) -> None:
    here = desk(flow(), "agg")
    here.click("Several groups")
    name = here.one(QLineEdit, "Group name")
    for wrong in ("1 a", ""):
        name.setFocus()
        name.selectAll()
        QTest.keyClicks(name, wrong) if wrong else QTest.keyClick(name, Qt.Key.Key_Delete)
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert name.text() == "Group1"


def test_the_first_variable_decides_the_type(desk: Open) -> None:
    here = desk(flow(variables=[], output_type="any"), "agg")
    here.click("Add variable")
    here.click("Variable")
    here.picker().picked.emit(["start", "n"])
    here.picker().close()
    assert (here.data["variables"], here.data["output_type"]) == ([["start", "n"]], "number")
    here.click("Add variable")
    fields = here.all(QPushButton, "Variable")
    assert fields[1].hasFocus(), "whoever adds a row goes on in its field, not at its grip"
    QTest.mouseClick(fields[1], Qt.MouseButton.LeftButton)
    here.picker().close()
    here.click("Remove", 1)
    assert here.data["output_type"] == "number"
    here.click("Remove")
    assert (here.data["variables"], here.data["output_type"]) == ([], "any")
