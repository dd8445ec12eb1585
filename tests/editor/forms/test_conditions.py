"""Conditions on files, numbers and lists; loop variables; the older assigner: with clicks and keys, one step each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QScrollArea

from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.conditions import operators
from editor.panels.forms.template_edit import TemplateEdit
from engine.model.edits import SetVariables
from engine.model.workflow import Workflow
from engine.nodes.loop import LoopConfig
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node

INPUTS = [
    {"variable": "q", "label": "q", "type": "text-input"},
    {"variable": "n", "label": "n", "type": "number"},
    {"variable": "docs", "label": "docs", "type": "file-list"},
]


def flow(asked: dict[str, Any], **more: Any) -> Workflow:
    """start -> the node."""
    return made([node("start", "start", variables=INPUTS), asked], [("start", asked["id"])], **more)


def branching(selector: list[str], kind: str, operator: str, value: Any = "", **more: Any) -> Workflow:
    condition = {
        "id": "c",
        "variable_selector": selector,
        "varType": kind,
        "comparison_operator": operator,
        "value": value,
        **more,
    }
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}
    return flow(node("if", "if-else", cases=[case]))


def condition(here: Desk) -> dict[str, Any]:
    return dict(here.data["cases"][0]["conditions"][0])


@pytest.mark.spec("editor.50")
def test_conditions_on_each_file_are_made_by_hand(desk: Open) -> None:
    here = desk(branching(["start", "docs"], "array[file]", "contains"), "if")
    assert not here.all(QPushButton, "AND or OR")
    here.click("Add file rule")
    group = condition(here)["sub_variable_condition"]
    assert group["logical_operator"] == "and"
    assert group["case_id"]
    assert [(c["key"], c["comparison_operator"], c["value"]) for c in group["conditions"]] == [("name", "contains", "")]
    box, steps = here.one(QComboBox, "Attribute"), here.steps()
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_T)
    assert (box.currentText(), here.steps()) == ("type", steps + 1)
    first = condition(here)["sub_variable_condition"]["conditions"][0]
    assert (first["key"], first["comparison_operator"], first["value"]) == ("type", "in", [])
    here.choose("Value", "document")
    assert condition(here)["sub_variable_condition"]["conditions"][0]["value"] == ["document"]
    here.click("Add file rule")
    here.click("AND or OR")
    assert condition(here)["sub_variable_condition"]["logical_operator"] == "or"
    while here.document.can_undo:
        here.session.undo()
    assert "sub_variable_condition" not in condition(here)


def test_several_listed_values_of_a_file_are_kept(desk: Open) -> None:
    sub = {"id": "s", "key": "type", "comparison_operator": "in", "value": ["image", "audio"]}
    group = {"case_id": "x", "logical_operator": "and", "conditions": [sub]}
    here = desk(branching(["start", "docs"], "array[file]", "contains", sub_variable_condition=group), "if")
    assert here.one(QComboBox, "Value").currentText() == "image, audio"
    assert (here.steps(), condition(here)["sub_variable_condition"]) == (1, group)


@pytest.mark.parametrize("width", [320, 380])
def test_conditions_fit_into_a_narrow_panel(desk: Open, width: int) -> None:
    sub = {"id": "s", "key": "mime_type", "comparison_operator": "not contains", "value": "x"}
    group = {"case_id": "x", "logical_operator": "and", "conditions": [sub]}
    here = desk(branching(["start", "docs"], "array[file]", "not contains", sub_variable_condition=group), "if")
    here.inspector.resize(width, 900)
    for area in here.all(QScrollArea):
        inside = area.widget()
        assert inside is None or inside.width() <= area.viewport().width() + 1


@pytest.mark.spec("editor.50")
def test_a_number_is_compared_with_a_number_or_a_variable(desk: Open) -> None:
    here = desk(branching(["start", "n"], "number", "≥"), "if")
    value = here.one(TemplateEdit, "Value")
    value.setFocus()
    QTest.keyClicks(value, "x")
    assert any(label.text() == "Write a number, or choose a variable with /." for label in here.all(QLabel))
    QTest.keyClick(value, Qt.Key.Key_Backspace)
    QTest.keyClicks(value, "7.5")
    assert (condition(here)["value"], condition(here)["numberVarType"]) == ("7.5", "constant")
    assert not any(label.text().startswith("Write a number") for label in here.all(QLabel))
    assert here.steps() == 2
    value.selectAll()
    value.insert_reference("start.n")
    assert (condition(here)["value"], condition(here)["numberVarType"]) == ("{{#start.n#}}", "variable")
    assert not any(label.text().startswith("Write a number") for label in here.all(QLabel))


def test_files_of_a_list_are_filtered_by_what_they_may_be(desk: Open) -> None:
    steps_off = {
        "order_by": {"enabled": False, "key": "", "value": "asc"},
        "limit": {"enabled": False, "size": 10},
        "extract_by": {"enabled": False, "serial": "1"},
    }
    item = {"key": "name", "comparison_operator": "contains", "value": "a"}
    filtered = {"enabled": True, "conditions": [item]}
    here = desk(flow(node("l", "list-operator", variable=["start", "docs"], filter_by=filtered, **steps_off)), "l")
    here.choose("Attribute", "type")
    assert here.data["filter_by"]["conditions"] == [{"key": "type", "comparison_operator": "in", "value": []}]
    here.choose("Value", "image")
    assert here.data["filter_by"]["conditions"][0]["value"] == ["image"]
    here.choose("Attribute", "size")
    assert here.data["filter_by"]["conditions"] == [{"key": "size", "comparison_operator": "=", "value": ""}]


def test_the_types_of_a_chosen_list_are_kept_beside_it(desk: Open) -> None:
    here = desk(flow(node("l", "list-operator", variable=[])), "l")
    here.click("List", 1)
    picker = here.picker()
    QTest.keyClicks(picker.search, "docs")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert here.data["variable"] == ["start", "docs"]
    assert (here.data["var_type"], here.data["item_var_type"]) == ("array[file]", "file")
    assert here.steps() == 2


def looping(*variables: dict[str, Any]) -> Workflow:
    rule = {
        "id": "b",
        "variable_selector": ["lp", "score"],
        "varType": "number",
        "comparison_operator": "≥",
        "value": "8",
    }
    return flow(node("lp", "loop", loop_count=3, logical_operator="and", break_conditions=[rule],
                     loop_variables=list(variables), start_node_id=""))  # fmt: skip


SCORE = {"id": "1", "label": "score", "var_type": "number", "value_type": "constant", "value": 0}
TAGS = {"id": "2", "label": "tags", "var_type": "array[string]", "value_type": "constant", "value": '["a"]'}


def test_a_loop_variable_is_renamed_with_what_reads_it(desk: Open) -> None:
    here = desk(looping(SCORE, TAGS), "lp")
    name = here.one(QLineEdit, "Name")
    for typed, words in (("tags", "taken"), ("1st", "starts with a letter"), ("loop_round", "taken")):
        name.setFocus()
        name.selectAll()
        QTest.keyClicks(name, typed)
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert any(words in label.text() for label in here.all(QLabel)), typed
        assert (name.text(), here.steps()) == ("score", 1)
    name.selectAll()
    QTest.keyClicks(name, "points")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert here.data["loop_variables"][0]["label"] == "points"
    assert here.data["break_conditions"][0]["variable_selector"] == ["lp", "points"]
    assert here.steps() == 2


@pytest.mark.spec("logic.174")
def test_a_list_of_a_loop_stays_the_text_that_the_format_reads(desk: Open) -> None:
    """A real list would be read as an empty one by Dify."""
    here = desk(looping(TAGS), "lp")
    edit = here.one(CodeEdit, "Value")
    assert edit.toPlainText() == '["a"]'
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, "[")
    QTest.keyClicks(edit, '"b"')
    assert here.data["loop_variables"][0]["value"] == '["b"]'
    here.choose("Type", "array[object]")
    assert here.data["loop_variables"][0]["value"] == "[]"
    here.choose("Type", "object")
    assert here.data["loop_variables"][0]["value"] == "{}"
    LoopConfig.model_validate(here.data)


@pytest.mark.spec("logic.140")
def test_an_older_assigner_is_changed_on_request_only(desk: Open) -> None:
    older = {
        "assigned_variable_selector": ["conversation", "c"],
        "input_variable_selector": ["start", "q"],
        "write_mode": "over-write",
    }
    memory = [{"id": "v", "name": "c", "value_type": "string", "value": ""}]
    here = desk(flow(node("a", "assigner", **older), mode="advanced-chat", conversation_variables=memory), "a")
    assert (here.steps(), "items" in here.data) == (1, False)
    here.click("Change to the present form")
    assert here.data["version"] == "2"
    assert here.data["items"] == [
        {
            "input_type": "variable",
            "operation": "over-write",
            "value": ["start", "q"],
            "variable_selector": ["conversation", "c"],
        }
    ]
    assert here.all(QPushButton, "Add assignment")
    assert not here.all(QPushButton, "Change to the present form")
    assert here.steps() == 2
    here.session.undo()
    assert here.all(QPushButton, "Change to the present form")


def typed_variables() -> Workflow:
    """Start, a code node with an output of each type, and an if-else on the first text."""
    types = ("string", "number", "boolean", "object", "array[string]", "array[number]", "array[object]")
    outputs = {kind.replace("[", "_").rstrip("]"): {"type": kind, "children": None} for kind in types}
    condition = {
        "id": "c", "variable_selector": ["give", "string"], "comparison_operator": "contains", "value": "word",
        "varType": "string",
    }  # fmt: skip
    inputs = [
        {"variable": "one", "label": "one", "type": "file", "required": False},
        {"variable": "many", "label": "many", "type": "file-list", "required": False},
    ]
    return made(
        [
            node("start", "start", variables=inputs),
            node("give", "code", code="", code_language="python3", variables=[], outputs=outputs),
            node("if", "if-else", cases=[
                {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}]),
        ],
        [("start", "give"), ("give", "if")],
    )  # fmt: skip


def pick(here: Desk, name: str) -> None:
    """Choose a variable by writing its name."""
    here.click("Variable")
    picker = here.picker()
    QTest.keyClicks(picker.search, name)
    for _ in range(40):
        current = picker.tree.currentItem()
        if current is not None and current.text(0) == name:
            break
        QTest.keyClick(picker.search, Qt.Key.Key_Down)
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    QApplication.processEvents()


def reset_said(here: Desk) -> str:
    found = [label.text() for label in here.all(QLabel) if "reset" in label.text() or "重置" in label.text()]
    return " ".join(found)


@pytest.mark.spec("editor.50")
@pytest.mark.parametrize(
    ("name", "kind", "first", "value"),
    [
        ("number", "number", "=", ""),
        ("boolean", "boolean", "is", False),
        ("object", "object", "is", ""),
        ("array_string", "array[string]", "contains", ""),
        ("array_object", "array[object]", "empty", ""),
        ("one", "file", "exists", ""),
        ("many", "array[file]", "contains", ""),
    ],
)
def test_each_other_type_resets_the_operator_and_the_value_and_says_so(
    desk: Open, name: str, kind: str, first: str, value: object
) -> None:
    here = desk(typed_variables(), "if")
    pick(here, name)
    condition = here.data["cases"][0]["conditions"][0]
    assert (condition["varType"], condition["comparison_operator"], condition["value"]) == (kind, first, value)
    box = here.one(QComboBox, "Operator")
    assert [box.itemData(i) for i in range(box.count())] == list(operators(kind, condition["variable_selector"]))
    assert kind in reset_said(here)
    here.document.undo()
    condition = here.data["cases"][0]["conditions"][0]
    assert (condition["comparison_operator"], condition["value"]) == ("contains", "word")
    assert not reset_said(here), "what was taken back is not said any more"


@pytest.mark.spec("editor.50")
def test_another_variable_of_the_same_type_keeps_the_operator_and_the_value(desk: Open) -> None:
    here = desk(typed_variables(), "if")
    pick(here, "user_id")
    condition = here.data["cases"][0]["conditions"][0]
    assert condition["variable_selector"] == ["sys", "user_id"]
    assert (condition["comparison_operator"], condition["value"]) == ("contains", "word")
    assert not reset_said(here)


def reading() -> Workflow:
    """A code whose output a branch and a loop behind it read; the loop reads a variable of the conversation too."""
    outputs = {"alike": {"type": "string", "children": None}, "total": {"type": "string", "children": None}}
    code = node("code", "code", title="Compute", code="", code_language="python3", variables=[], outputs=outputs)

    def asked(name: str, selector: list[str], operator: str) -> dict[str, Any]:
        return {"id": name, "variable_selector": selector, "varType": "string", "comparison_operator": operator,
                "value": "a"}  # fmt: skip

    total = ["code", "total"]
    conditions = [asked("a", ["code", "alike"], "contains"), asked("b", total, "contains"), asked("c", total, "empty")]
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": conditions}
    loop = node("loop", "loop", title="Again", start_node_id="first", loop_count=3, loop_variables=[],
                break_conditions=[asked("d", ["conversation", "said"], "is"), asked("e", total, "is")])  # fmt: skip
    said = {"id": "1", "name": "said", "value_type": "string", "value": "", "description": "",
            "selector": ["conversation", "said"]}  # fmt: skip
    nodes = [node("start", "start", variables=[]), code, node("if", "if-else", title="Branch", cases=[case]), loop]
    return made(nodes, [("start", "code"), ("code", "if"), ("if", "true", "loop")], mode="advanced-chat",
                conversation_variables=[said])  # fmt: skip


@pytest.mark.spec("editor.50")
def test_conditions_follow_an_output_that_gets_another_type_in_the_same_step(desk: Open) -> None:
    here = desk(reading(), "code")
    before, steps = here.document.workflow, here.steps()
    told = len(here.messages.told)

    def stored() -> list[tuple[str, str, Any]]:
        nodes = here.document.graph.nodes
        found = [*nodes["if"].data["cases"][0]["conditions"], *nodes["loop"].data["break_conditions"]]
        return [(c["varType"], c["comparison_operator"], c["value"]) for c in found]

    box = here.all(QComboBox, "Output type")[1]
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_N)
    assert box.currentText() == "number"
    text, number = ("string", "contains", "a"), ("number", "=", "")
    assert stored() == [text, number, number, ("string", "is", "a"), number]
    assert here.steps() == steps + 1
    assert here.messages.told[told:] == ["The operator was reset to fit the type number: Branch, Again"]
    here.session.undo()
    assert here.document.workflow == before
    here.session.redo()
    assert stored()[1] == number

    kept = here.document.workflow.conversation_variables[0]
    here.session.submit(SetVariables("conversation", (replace(kept, value_type="boolean", value=False),)), "Edit")
    assert stored()[3] == ("boolean", "is", False)
    assert here.messages.told[-1] == "The operator was reset to fit the type boolean: Again"
    here.session.undo()
    assert stored()[3] == ("string", "is", "a")
    name = here.all(QLineEdit, "Output name")[1]
    name.selectAll()
    QTest.keyClicks(name, "sum")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert stored()[1] == number
    assert len(here.messages.told) == told + 2, "another name is no other type"
