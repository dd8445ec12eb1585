"""Settings become edits: one undo step each, without a button; lists, prompts, schemas, conditions, error handling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
)

from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.conditions import operators
from editor.panels.forms.parts import Grip
from editor.panels.forms.prompt_message import about_tokens
from editor.panels.forms.template_edit import TemplateEdit
from engine.model.edits import SetField
from engine.model.workflow import Workflow
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node


def llm(**data: Any) -> Workflow:
    """start -> llm, with two messages."""
    settings: dict[str, Any] = {
        "model": {"provider": "local", "name": "small", "mode": "chat", "completion_params": {"temperature": 0.7}},
        "prompt_template": [
            {"id": "m1", "role": "system", "text": "Be brief"},
            {"id": "m2", "role": "user", "text": "{{#start.q#}}"},
        ],
        "context": {"enabled": False, "variable_selector": []},
        "vision": {"enabled": False},
        **data,
    }
    start = node("start", "start", variables=[{"variable": "q", "label": "q", "type": "text-input", "required": True}])
    return made([start, node("llm", "llm", title="Model", **settings)], [("start", "llm")])


@pytest.mark.spec("editor.41")
def test_what_is_typed_is_kept_at_once_and_is_one_step(desk: Open) -> None:
    here = desk(llm(), "llm")
    before = here.steps()
    here.inspector.title.setFocus()
    here.inspector.title.selectAll()
    QTest.keyClicks(here.inspector.title, "Writer")
    assert here.data["title"] == "Writer"
    assert here.steps() == before + 1
    here.inspector.show_node("start")
    assert here.document.graph.node("llm").title == "Writer"
    here.document.undo()
    assert here.document.graph.node("llm").title == "Model"


@pytest.mark.spec("editor.41")
def test_fields_left_in_between_are_steps_of_their_own(desk: Open) -> None:
    here = desk(llm(), "llm")
    before = here.steps()
    texts = here.all(TemplateEdit)
    texts[0].setFocus()
    QTest.keyClicks(texts[0], "Ok. ")
    texts[1].setFocus()
    QTest.keyClicks(texts[1], "See ")
    assert here.steps() == before + 2
    assert [m["text"] for m in here.data["prompt_template"]] == ["Ok. Be brief", "See {{#start.q#}}"]


@pytest.mark.spec("editor.41")
def test_undo_shows_the_old_value_in_the_field(desk: Open) -> None:
    here = desk(llm(), "llm")
    edit = here.all(TemplateEdit)[0]
    QTest.keyClicks(edit, "x")
    here.session.undo()
    assert edit.text() == "Be brief"


@pytest.mark.spec("editor.47")
def test_messages_are_added_moved_and_removed(desk: Open) -> None:
    here = desk(llm(), "llm")
    states = [here.data["prompt_template"]]

    def roles() -> list[str]:
        states.append(here.data["prompt_template"])
        assert here.steps() == len(states)
        return [m["role"] for m in states[-1]]

    here.click("Add message")
    assert roles() == ["system", "user", "assistant"]
    here.click("Move up", 2)
    assert roles() == ["system", "assistant", "user"]
    here.click("Move down", 0)
    assert roles() == ["assistant", "system", "user"]
    here.click("Jinja", 1)
    assert [bool(e.isVisible()) for e in here.all(CodeEdit)] == [True]
    assert roles() == ["assistant", "system", "user"]
    grip = here.all(Grip)[1]
    grip.setFocus()
    QTest.keyClick(grip, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert roles() == ["assistant", "user", "system"]
    assert [m.get("edition_type") for m in here.data["prompt_template"]][2] == "jinja2"
    remove = here.all(QToolButton, "Remove")[0]
    remove.setFocus()
    QTest.keyClick(remove, Qt.Key.Key_Space)
    assert roles() == ["user", "system"]
    add = here.one(QPushButton, "Add message")
    add.setFocus()
    QTest.keyClick(add, Qt.Key.Key_Space)
    assert roles() == ["user", "system", "user"]
    assert len({m["id"] for m in here.data["prompt_template"]}) == 3
    for before in reversed(states[:-1]):
        here.session.undo()
        assert here.data["prompt_template"] == before
        QApplication.processEvents()
        assert len(here.all(Grip)) == len(before)


def test_moves_that_lead_nowhere_are_not_offered(desk: Open) -> None:
    here = desk(llm(), "llm")
    ups = here.all(QToolButton, "Move up")
    downs = here.all(QToolButton, "Move down")
    assert [b.isEnabled() for b in ups] == [False, True]
    assert [b.isEnabled() for b in downs] == [True, False]


def test_a_prompt_tells_about_how_many_tokens_it_has(desk: Open) -> None:
    assert about_tokens("") == 0
    assert about_tokens("word") == 1
    assert about_tokens("变量") == 2
    here = desk(llm(), "llm")
    count = here.all(QLabel, "Length")[0]
    assert count.text() == "about 2 tokens"
    edit = here.all(TemplateEdit)[0]
    QTest.keyClicks(edit, "abcd")
    assert count.text() == "about 3 tokens"


def test_the_large_editor_and_the_form_stay_in_step(desk: Open) -> None:
    here = desk(llm(), "llm")
    here.click("Open large")
    dialog = next(d for d in here.inspector.findChildren(QDialog) if d.isVisible())
    large = here.one(TemplateEdit, "Prompt message 1", dialog)
    assert large.height() > 400
    large.setFocus()
    QTest.keyClicks(large, "Now: ")
    assert here.data["prompt_template"][0]["text"] == "Now: Be brief"
    assert here.all(TemplateEdit, "Prompt message 1")[0].text() == "Now: Be brief"
    dialog.close()


def test_a_jinja_prompt_has_its_own_text_and_colours(desk: Open) -> None:
    here = desk(llm(), "llm")
    here.all(QCheckBox, "Jinja")[0].click()
    QApplication.processEvents()
    assert here.data["prompt_template"][0]["edition_type"] == "jinja2"
    code = here.one(CodeEdit, "Prompt message 1")
    code.setFocus()
    code.selectAll()
    QTest.keyClick(code, Qt.Key.Key_Delete)
    QTest.keyClicks(code, "{% if q %}x{% endif %}")
    assert here.data["prompt_template"][0]["jinja2_text"].startswith("{% if q %}")
    assert here.data["prompt_template"][0]["text"] == "Be brief"
    code._highlighter.renew()
    assert code.document().firstBlock().layout().formats()


@pytest.mark.spec("editor.49")
def test_schema_fields_and_json_stay_in_step(desk: Open) -> None:
    here = desk(llm(structured_output_enabled=True, structured_output={"schema": {}}), "llm")
    here.click("Add field")
    schema = here.data["structured_output"]["schema"]
    assert schema["properties"] == {"field1": {"type": "string"}}
    assert schema["required"] == ["field1"]
    name = here.one(QLineEdit, "Field name")
    name.setFocus()
    name.selectAll()
    QTest.keyClicks(name, "city")
    QTest.keyClick(name, Qt.Key.Key_Return)
    here.click("Show JSON")
    text = here.one(CodeEdit, "JSON schema")
    assert json.loads(text.toPlainText())["required"] == ["city"]
    text.setFocus()
    text.setPlainText('{"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "string"}}}')
    assert list(here.data["structured_output"]["schema"]["properties"]) == ["a", "b"]
    here.click("Show JSON")
    assert [e.text() for e in here.all(QLineEdit, "Field name")] == ["a", "b"]


@pytest.mark.spec("editor.49")
def test_wrong_json_is_refused_with_its_place(desk: Open) -> None:
    fields = {"type": "object", "properties": {"a": {"type": "string"}}, "required": []}
    here = desk(llm(structured_output_enabled=True, structured_output={"schema": fields}), "llm")
    here.click("Show JSON")
    text = here.one(CodeEdit, "JSON schema")
    text.setFocus()
    text.setPlainText('{"type":\n "object",,}')
    assert here.data["structured_output"]["schema"] == fields
    words = " ".join(label.text() for label in here.all(QLabel))
    assert "line 2" in words
    assert "column 11" in words
    # Who looks something up meanwhile finds it as it was left, until the setting is another one.
    for after in (fields, {**fields, "required": ["a"]}):
        here.session.submit(SetField("llm", ("structured_output", "schema"), after), "elsewhere")
        here.inspector.show_node(None)
        here.inspector.show_node("llm")
        here.click("Show JSON")
        text = here.one(CodeEdit, "JSON schema")
        assert (text.toPlainText() == '{"type":\n "object",,}') == (after == fields)
    assert json.loads(text.toPlainText())["required"] == ["a"]


@pytest.mark.spec("editor.49")
def test_a_second_field_of_the_same_name_is_refused(desk: Open) -> None:
    fields = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": []}
    here = desk(llm(structured_output_enabled=True, structured_output={"schema": fields}), "llm")
    name = here.all(QLineEdit, "Field name")[1]
    name.setFocus()
    name.selectAll()
    QTest.keyClicks(name, "a")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert here.data["structured_output"]["schema"] == fields
    assert any("“a” already" in label.text() for label in here.all(QLabel))


def branching() -> Workflow:
    """start -> if-else on a text."""
    start = node(
        "start",
        "start",
        variables=[
            {"variable": "q", "label": "q", "type": "text-input", "required": True},
            {"variable": "n", "label": "n", "type": "number", "required": True},
            {"variable": "on", "label": "on", "type": "checkbox", "required": False},
        ],
    )
    condition = {
        "id": "c1",
        "comparison_operator": "contains",
        "value": "a",
        "varType": "string",
        "variable_selector": ["start", "q"],
    }
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}
    return made([start, node("if", "if-else", cases=[case])], [("start", "if")])


@pytest.mark.spec("editor.50")
@pytest.mark.parametrize(
    ("kind", "some", "never"),
    [
        ("string", "start with", ">"),
        ("number", "≥", "contains"),
        ("boolean", "is", "empty"),
        ("file", "exists", "is"),
        ("array[string]", "contains", "is"),
        ("array[object]", "empty", "contains"),
    ],
)
def test_operators_fit_the_type(kind: str, some: str, never: str) -> None:
    assert some in operators(kind)
    assert never not in operators(kind)


@pytest.mark.spec("editor.50")
def test_a_variable_of_another_type_resets_the_operator_and_says_so(desk: Open) -> None:
    here = desk(branching(), "if")
    before = here.steps()
    assert here.one(QComboBox, "Operator").findText("start with") >= 0
    here.click("Variable")
    picker = here.picker()
    QTest.keyClicks(picker.search, "n")
    for _ in range(10):
        current = picker.tree.currentItem()
        if current is not None and current.text(0) == "n":
            break
        QTest.keyClick(picker.search, Qt.Key.Key_Down)
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    QApplication.processEvents()
    condition = here.data["cases"][0]["conditions"][0]
    assert condition["variable_selector"] == ["start", "n"]
    assert condition["varType"] == "number"
    assert condition["comparison_operator"] == "="
    assert condition["value"] == ""
    assert here.one(QComboBox, "Operator").findText("contains") < 0
    assert any("reset" in label.text() and "number" in label.text() for label in here.all(QLabel))
    assert here.steps() == before + 1
    here.document.undo()
    assert here.data["cases"][0]["conditions"][0]["comparison_operator"] == "contains"


@pytest.mark.spec("editor.51")
def test_the_fail_branch_comes_and_goes_with_its_edges(desk: Open) -> None:
    from engine.model.edits import AddEdge
    from engine.model.graph import Edge
    from engine.nodes.registry import spec

    workflow = made(
        [
            node("start", "start", variables=[]),
            node(
                "code",
                "code",
                title="Work",
                code="def main():\n    return {}\n",
                code_language="python3",
                variables=[],
                outputs={"x": {"type": "string", "children": None}},
            ),
            node("rescue", "end", outputs=[]),
        ],
        [("start", "code")],
    )
    here = desk(workflow, "code")
    here.click("Error handling")
    box = here.one(QComboBox, "When this step fails")
    box.setFocus()
    box.activated.emit(box.findText("Take the fail branch"))
    found = spec("code")
    assert found is not None
    assert here.data["error_strategy"] == "fail-branch"
    assert "fail-branch" in [h.id for h in found.handles(here.data)]
    assert {"error_message", "error_type"} <= {o.name for o in found.outputs(here.data)}
    here.session.submit(AddEdge(Edge("e", "code", "rescue", "fail-branch", "target")), "Connect")
    before = here.steps()
    box.activated.emit(box.findText("Stop the run"))
    assert here.document.graph.out_edges("code") == ()
    assert "fail-branch" not in [h.id for h in found.handles(here.data)]
    assert here.steps() == before + 1
    here.document.undo()
    assert [e.source_handle for e in here.document.graph.out_edges("code")] == ["fail-branch"]


def http(**data: Any) -> Workflow:
    """start -> http-request."""
    settings: dict[str, Any] = {
        "method": "get",
        "url": "https://example.org",
        "headers": "Accept:text/plain",
        "params": "",
        "authorization": {"type": "no-auth", "config": None},
        "body": {"type": "none", "data": []},
        "timeout": {},
        "variables": [],
        **data,
    }
    return made([node("start", "start", variables=[]), node("web", "http-request", **settings)], [("start", "web")])


def test_headers_are_a_table_that_grows(desk: Open) -> None:
    here = desk(http(), "web")
    assert here.one(TemplateEdit, "Header 1").text() == "Accept"
    key, value = here.one(TemplateEdit, "Header 2"), here.one(TemplateEdit, "Value of Header 2")
    key.setFocus()
    QTest.keyClicks(key, "X-A")
    value.setFocus()
    QApplication.processEvents()
    QTest.keyClicks(value, "1:2")
    assert here.data["headers"] == "Accept:text/plain\nX-A:1:2"


def test_a_curl_command_fills_the_request_in_one_step(desk: Open) -> None:
    here = desk(http(), "web")
    before = here.steps()
    here.click("Import from cURL")
    text = here.one(QPlainTextEdit, "cURL command")
    QApplication.clipboard().setText(
        "curl -X PUT 'https://api.example.org/v1/items?page=2' -H 'Content-Type: application/json' \\\n -d '{\"a\": 1}'"
    )
    text.setFocus()
    text.paste()
    dialog = text.window()
    ok = next(b for b in dialog.findChildren(QPushButton) if b.text().replace("&", "") == "Import")
    QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
    data = here.data
    assert (data["method"], data["url"], data["params"]) == ("put", "https://api.example.org/v1/items", "page:2")
    assert data["headers"] == "Content-Type:application/json"
    assert data["body"]["type"] == "json"
    assert data["body"]["data"][0]["value"] == '{"a": 1}'
    assert here.steps() == before + 1


def test_a_body_of_another_kind_has_another_editor(desk: Open) -> None:
    here = desk(http(), "web")
    box = here.one(QComboBox, "Body kind")
    box.activated.emit(box.findText("JSON"))
    QApplication.processEvents()
    body = here.one(TemplateEdit, "Body")
    body.setFocus()
    QTest.keyClicks(body, "[1]")
    assert here.data["body"]["data"][0]["value"] == "[1]"
    box.activated.emit(box.findText("Form data"))
    QApplication.processEvents()
    here.click("Add field")
    name = here.one(TemplateEdit, "Field name")
    name.setFocus()
    QTest.keyClicks(name, "file")
    assert here.data["body"]["type"] == "form-data"
    assert here.data["body"]["data"][0]["key"] == "file"


def test_model_parameters_are_sent_only_while_ticked(desk: Open) -> None:
    here = desk(llm(), "llm")
    here.click("Parameters")
    box = here.one(QCheckBox, "Top P")
    box.click()
    assert here.data["model"]["completion_params"] == {"temperature": 0.7, "top_p": 1}
    here.one(QCheckBox, "Temperature").click()
    assert here.data["model"]["completion_params"] == {"top_p": 1}


def test_a_model_that_is_not_here_is_named_with_a_warning(desk: Open) -> None:
    here = desk(llm(), "llm")
    box = here.one(QComboBox, "Model")
    assert box.currentText().startswith("small")
    assert any("small" in label.text() and label.property("kind") == "warn" for label in here.all(QLabel))


def test_a_loop_variable_changes_its_type_and_value_in_one_step(desk: Open) -> None:
    start = {"id": "v", "label": "level", "value": "x", "value_type": "constant", "var_type": "string"}
    here = desk(made([node("loop", "loop", loop_variables=[start], break_conditions=[], loop_count=3)]), "loop")
    before = here.steps()
    box = here.one(QComboBox, "Type")
    box.activated.emit(box.findText("number"))
    assert here.data["loop_variables"][0] == {**start, "var_type": "number", "value": 0}
    assert here.steps() == before + 1
    QApplication.processEvents()
    source = here.one(QComboBox, "Source")
    source.activated.emit(source.findText("Variable"))
    assert here.data["loop_variables"][0]["value"] == []
    here.document.undo()
    here.document.undo()
    assert here.data["loop_variables"][0] == start


def test_an_assignment_changes_its_operation_and_operand_in_one_step(desk: Open) -> None:
    item = {
        "variable_selector": ["conversation", "count"],
        "operation": "over-write",
        "input_type": "variable",
        "value": ["start", "n"],
    }
    variable = {"id": "v", "name": "count", "value": 0, "value_type": "number", "selector": ["conversation", "count"]}
    workflow = made(
        [node("start", "start", variables=[]), node("set", "assigner", version="2", items=[item])],
        [("start", "set")],
        mode="advanced-chat",
        conversation_variables=[{**variable, "description": ""}],
    )
    here = desk(workflow, "set")
    before = here.steps()
    box = here.one(QComboBox, "Operation")
    box.activated.emit(box.findData("set"))
    assert here.data["items"][0] == {**item, "operation": "set", "input_type": "constant", "value": 0}
    assert here.steps() == before + 1
    here.document.undo()
    assert here.data["items"][0] == item


def test_a_list_of_files_is_noted_with_the_variable_in_one_step(desk: Open) -> None:
    files = {"variable": "docs", "label": "docs", "type": "file-list", "required": True}
    workflow = made(
        [
            node("start", "start", variables=[files]),
            node("read", "document-extractor", variable_selector=[], is_array_file=False),
        ],
        [("start", "read")],
    )
    here = desk(workflow, "read")
    before = here.steps()
    QTest.mouseClick(here.one(QPushButton, "File"), Qt.MouseButton.LeftButton)
    picker = here.picker()
    QTest.keyClicks(picker.search, "docs")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert here.data["variable_selector"] == ["start", "docs"]
    assert here.data["is_array_file"] is True
    assert here.steps() == before + 1
