"""Variables in forms: what the picker offers, chips in texts, renaming and removing what others use."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QTreeWidgetItem

from editor.panels.forms.template_edit import TemplateEdit
from engine.model.workflow import Workflow
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node


def flow(**answer: Any) -> Workflow:
    """start -> code -> end, with a second code after it and variables of the workflow."""
    return made(
        [
            node(
                "start",
                "start",
                variables=[
                    {"variable": "question", "label": "question", "type": "text-input", "required": True},
                    {"variable": "photo", "label": "photo", "type": "file", "required": False},
                ],
            ),
            node(
                "code",
                "code",
                title="Compute",
                code_language="python3",
                code="def main():\n    return {}\n",
                variables=[],
                outputs={"total": {"type": "number", "children": None}},
            ),
            node(
                "tell",
                "template-transform",
                title="Tell",
                template="{{ arg }}",
                variables=[{"variable": "arg", "value_selector": ["code", "total"]}],
            ),
            node(
                "branch",
                "if-else",
                title="Branch",
                cases=[
                    {
                        "case_id": "true",
                        "id": "true",
                        "logical_operator": "and",
                        "conditions": [
                            {
                                "id": "c1",
                                "comparison_operator": ">",
                                "value": "{{#code.total#}}",
                                "varType": "number",
                                "variable_selector": ["code", "total"],
                            }
                        ],
                    }
                ],
            ),
            node(
                "later",
                "code",
                title="Later",
                code_language="python3",
                code="",
                variables=[],
                outputs={"late": {"type": "string", "children": None}},
            ),
            node(
                "end", "end", outputs=[{"variable": "r", "value_selector": ["code", "total"], "value_type": "number"}]
            ),
        ],
        [("start", "code"), ("code", "tell"), ("tell", "branch"), ("branch", "true", "later"), ("later", "end")],
        environment_variables=[
            {
                "id": "e1",
                "name": "base",
                "value": "x",
                "value_type": "string",
                "selector": ["env", "base"],
                "description": "",
            }
        ],
    )


def chat() -> Workflow:
    """start -> llm -> answer."""
    return made(
        [
            node("start", "start", variables=[]),
            node(
                "code",
                "code",
                title="Compute",
                code="",
                code_language="python3",
                variables=[],
                outputs={"total": {"type": "number", "children": None}},
            ),
            node("answer", "answer", answer="Sum: {{#code.total#}} and {{#gone.x#}}"),
        ],
        [("start", "code"), ("code", "answer")],
        mode="advanced-chat",
        conversation_variables=[
            {
                "id": "v1",
                "name": "topics",
                "value": [],
                "value_type": "array[string]",
                "selector": ["conversation", "topics"],
                "description": "",
            }
        ],
    )


def offered(desk: Desk) -> set[str]:
    """The selectors that the open picker offers, dotted."""
    found: set[str] = set()

    def walk(item: QTreeWidgetItem) -> None:
        selector = item.data(0, int(Qt.ItemDataRole.UserRole))
        if selector:
            found.add(".".join(selector))
        for index in range(item.childCount()):
            walk(item.child(index))

    tree = desk.picker().tree
    for index in range(tree.topLevelItemCount()):
        item = tree.topLevelItem(index)
        assert item is not None
        walk(item)
    return found


@pytest.mark.spec("editor.42")
def test_the_picker_offers_what_runs_before_and_nothing_else(desk: Open) -> None:
    here = desk(flow(), "tell")
    here.click("Input value")
    names = offered(here)
    assert {"start.question", "code.total", "env.base"} <= names
    assert any(name.startswith("start.photo") for name in names), names
    assert any(name.startswith("sys.") for name in names)
    assert not any(name.startswith(("later.", "tell.", "branch.")) for name in names)
    here.picker().close()


@pytest.mark.spec("editor.42")
def test_a_file_has_its_attributes_below_it(desk: Open) -> None:
    here = desk(flow(), "tell")
    here.click("Input value")
    assert {"start.photo.name", "start.photo.size"} <= offered(here)
    here.picker().close()


@pytest.mark.spec("editor.42")
def test_a_field_for_files_offers_files_only(desk: Open) -> None:
    workflow = made(
        [
            node(
                "start",
                "start",
                variables=[
                    {"variable": "q", "label": "q", "type": "text-input", "required": True},
                    {"variable": "doc", "label": "doc", "type": "file", "required": True},
                ],
            ),
            node("read", "document-extractor", variable_selector=[]),
        ],
        [("start", "read")],
    )
    here = desk(workflow, "read")
    QTest.mouseClick(here.one(QPushButton, "File"), Qt.MouseButton.LeftButton)
    names = offered(here)
    assert "start.doc" in names
    assert "start.q" not in names
    here.picker().close()


def branching_chat() -> Workflow:
    """A chat with two branches that meet, an iteration, and something behind."""
    model = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
    shape = {
        "type": "object",
        "required": [],
        "properties": {
            "city": {"type": "string"},
            "place": {"type": "object", "properties": {"street": {"type": "string"}}},
        },
    }

    def inside(config: dict[str, Any]) -> dict[str, Any]:
        mark = {"isInIteration": True, "iteration_id": "each"}
        return {**config, "parentId": "each", "data": {**config["data"], **mark}}

    variable = {"variable": "files", "label": "files", "type": "file-list", "required": False}
    nodes = [
        node("start", "start", variables=[variable]),
        node("if", "if-else", cases=[{"case_id": "true", "id": "true", "logical_operator": "and", "conditions": []}]),
        node("left", "llm", model=model, prompt_template=[{"id": "1", "role": "user", "text": ""}],
             structured_output_enabled=True, structured_output={"schema": shape}),
        node("right", "code", code="", code_language="python3", variables=[],
             outputs={"list": {"type": "array[string]", "children": None}}),
        node("each", "iteration", start_node_id="first", iterator_selector=["start", "files"], output_selector=[],
             width=500, height=300),
        inside(node("first", "iteration-start")),
        inside(node("before", "template-transform", template="x", variables=[])),
        inside(node("within", "template-transform", template="x",
                    variables=[{"variable": "a", "value_selector": []}])),
        inside(node("beside", "template-transform", template="x", variables=[])),
        node("join", "template-transform", template="x", variables=[{"variable": "a", "value_selector": []}]),
        node("after", "answer", answer="x"),
    ]  # fmt: skip
    edges = [
        ("start", "if"), ("if", "true", "left"), ("if", "false", "right"), ("left", "each"), ("each", "join"),
        ("right", "join"), ("join", "after"), ("first", "before"), ("before", "within"), ("first", "beside"),
    ]  # fmt: skip
    said = {"id": "1", "name": "said", "value_type": "string", "value": "", "description": "",
            "selector": ["conversation", "said"]}  # fmt: skip
    return made(nodes, edges, mode="advanced-chat", conversation_variables=[said])


@pytest.mark.spec("editor.42")
def test_in_a_chat_both_branches_the_fields_of_an_answer_and_the_conversation_are_offered(desk: Open) -> None:
    here = desk(branching_chat(), "join")
    here.click("Input value")
    names = offered(here)
    fields = {"left.structured_output.city", "left.structured_output.place", "left.structured_output.place.street"}
    assert fields | {"left.text", "right.list", "each.output", "conversation.said", "sys.query"} <= names
    assert not any(name.split(".")[0] in ("after", "join", "before", "within", "beside") for name in names)
    here.picker().close()


@pytest.mark.spec("editor.42")
def test_inside_a_container_its_rounds_and_what_runs_before_are_offered(desk: Open) -> None:
    here = desk(branching_chat(), "within")
    here.click("Input value")
    names = offered(here)
    assert {"each.item", "each.item.name", "each.index", "before.output", "left.text", "start.files"} <= names
    assert not any(name.startswith(("each.output", "beside.", "right.", "join.", "after.")) for name in names)
    here.picker().close()


@pytest.mark.spec("editor.42")
def test_picking_by_keys_writes_the_selector_in_one_step(desk: Open) -> None:
    here = desk(flow(), "tell")
    before = here.steps()
    here.click("Input value")
    picker = here.picker()
    QTest.keyClicks(picker.search, "question")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert here.data["variables"][0]["value_selector"] == ["start", "question"]
    assert here.steps() == before + 1
    here.document.undo()
    assert here.data["variables"][0]["value_selector"] == ["code", "total"]
    assert "total" in here.one(QPushButton, "Input value").text()


def test_the_picker_says_that_nothing_fits_the_search(desk: Open) -> None:
    here = desk(flow(), "tell")
    here.click("Input value")
    picker = here.picker()
    QTest.keyClicks(picker.search, "zzz")
    assert picker.nothing.isVisible()
    assert "zzz" in picker.nothing.text()
    QTest.keyClick(picker, Qt.Key.Key_Escape)
    assert here.data["variables"][0]["value_selector"] == ["code", "total"]


@pytest.mark.spec("editor.45")
@pytest.mark.parametrize("sign", ["/", "{"])
def test_a_sign_opens_the_picker_and_a_chip_takes_its_place(desk: Open, sign: str) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, "Hi ")
    QTest.keyClicks(edit, sign)
    picker = here.picker()
    caret = edit.viewport().mapToGlobal(edit.cursorRect().bottomLeft())
    assert abs(picker.x() - caret.x()) < 400
    QTest.keyClicks(picker.search, "total")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert here.data["answer"] == "Hi {{#code.total#}}"


@pytest.mark.spec("editor.45")
def test_one_backspace_takes_a_chip_away(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert here.data["answer"] == "Sum: {{#code.total#}} and "


@pytest.mark.spec("editor.45")
def test_a_copied_chip_stays_a_chip_in_another_editor(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.selectAll()
    edit.copy()
    other = TemplateEdit(edit.describe)
    other.paste()
    assert other.text() == "Sum: {{#code.total#}} and {{#gone.x#}}"
    assert "{{#" not in other.toPlainText()
    other.deleteLater()


@pytest.mark.spec("editor.46")
def test_pasted_references_become_chips_and_unknown_ones_warn(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.selectAll()
    QApplication.clipboard().setText("{{#code.total#}} {{#nobody.x#}}")
    edit.paste()
    assert here.data["answer"] == "{{#code.total#}} {{#nobody.x#}}"
    assert "{{#" not in edit.toPlainText()
    assert not edit.describe("code.total").broken
    assert edit.describe("nobody.x").broken
    assert "nobody" in edit.describe("nobody.x").tip


@pytest.mark.spec("editor.43")
def test_a_renamed_output_is_followed_everywhere_in_one_step(desk: Open) -> None:
    here = desk(flow(), "code")
    before, steps = here.document.workflow, here.steps()
    name = here.one(QLineEdit, "Output name")
    name.selectAll()
    QTest.keyClicks(name, "amount")
    QTest.keyClick(name, Qt.Key.Key_Return)
    graph = here.document.graph
    assert list(here.data["outputs"]) == ["amount"]
    assert graph.node("tell").data["variables"][0]["value_selector"] == ["code", "amount"]
    condition = graph.node("branch").data["cases"][0]["conditions"][0]
    assert condition["variable_selector"] == ["code", "amount"]
    assert condition["value"] == "{{#code.amount#}}"
    assert graph.node("end").data["outputs"][0]["value_selector"] == ["code", "amount"]
    assert here.steps() == steps + 1
    here.document.undo()
    assert here.document.workflow == before


@pytest.mark.spec("editor.44")
def test_removing_a_used_output_asks_and_leaves_broken_chips(desk: Open) -> None:
    here = desk(flow(), "code")
    asked: list[str] = []
    messages = here.messages
    answer = messages.confirm

    def confirm(title: str, text: str, *rest: Any, **more: Any) -> bool:
        asked.append(text)
        return len(asked) > 1

    messages.confirm = confirm  # type: ignore[method-assign]
    try:
        row = here.one(QLineEdit, "Output name").parentWidget()
        assert row is not None
        remove = here.one(QToolButton, "Remove", row)
        QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
        assert list(here.data["outputs"]) == ["total"]
        QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
    finally:
        messages.confirm = answer  # type: ignore[method-assign]
    assert "Tell" in asked[0]
    assert "Branch" in asked[0]
    assert here.data["outputs"] == {}
    here.inspector.show_node("tell")
    assert here.one(QPushButton, "Input value").property("state") == "broken"
