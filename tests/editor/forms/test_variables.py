"""Variables in forms: what the picker offers, chips in texts, renaming and removing what others use."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QTreeWidgetItem

from editor.panels.forms.template_edit import TemplateEdit
from editor.panels.variable_picker import VariablePicker
from editor.theme import theme
from engine.model.edits import RemoveEdge, SetField
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
            node("start", "start", variables=[{"variable": "doc", "label": "doc", "type": "file", "required": False}]),
            node(
                "code",
                "code",
                title="Compute",
                code="",
                code_language="python3",
                variables=[],
                outputs={
                    "total": {"type": "number", "children": None},
                    "thing": {"type": "object", "children": None},
                },
            ),
            node("answer", "answer", answer="Sum: {{#code.total#}} and {{#gone.x#}}"),
            node("shout", "answer", answer=""),
        ],
        [("start", "code"), ("code", "answer"), ("answer", "shout")],
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


def requesting() -> Workflow:
    """start -> code -> http request."""
    body = {"type": "json", "data": [{"id": "1", "key": "", "type": "text", "value": ""}]}
    ask = node("ask", "http-request", method="post", url="", headers="", params="", body=body, timeout={},
               authorization={"type": "no-auth", "config": None})  # fmt: skip
    code = node("code", "code", title="Compute", code="", code_language="python3", variables=[],
                outputs={"total": {"type": "number", "children": None}})  # fmt: skip
    base = {"id": "e", "name": "base", "value": "x", "value_type": "string", "selector": ["env", "base"],
            "description": ""}  # fmt: skip
    nodes = [node("start", "start", variables=[]), code, ask]
    return made(nodes, [("start", "code"), ("code", "ask")], environment_variables=[base])


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


def press(words: str) -> None:
    """Press keys where the keyboard is: in the picker that is open, else in the text."""
    keys = {"\n": Qt.Key.Key_Return, "\b": Qt.Key.Key_Backspace, "\x1b": Qt.Key.Key_Escape}
    for sign in words:
        picker = open_picker()
        place = picker.search if picker is not None else QApplication.focusWidget()
        if sign in keys:
            QTest.keyClick(place, keys[sign])
        else:
            QTest.keyClicks(place, sign)
        QApplication.processEvents()


def open_picker() -> VariablePicker | None:
    """The picker that is open, if one is."""
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, VariablePicker) and w.isVisible()), None)


def emptied(here: Desk, name: str) -> TemplateEdit:
    """A text field with nothing in it, with the keyboard."""
    edit = here.one(TemplateEdit, name)
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    return edit


@pytest.mark.spec("editor.45")
@pytest.mark.parametrize("sign", ["/", "{", "{{"])
def test_a_sign_opens_the_picker_and_a_chip_takes_its_place(desk: Open, sign: str) -> None:
    here = desk(chat(), "answer")
    edit = emptied(here, "Answer")
    press("Hi " + sign)
    picker = here.picker()
    caret = edit.viewport().mapToGlobal(edit.cursorRect().bottomLeft())
    assert abs(picker.x() - caret.x()) < 400
    press("total\n")
    assert here.data["answer"] == "Hi {{#code.total#}}"
    assert open_picker() is None
    press("!")
    assert here.data["answer"] == "Hi {{#code.total#}}!"


SIGNS_THAT_STAY = [
    "https://api.example.com/v1/users",
    "/etc/passwd",
    "and/or 1/2",
    '{"a": {"b": ["/", 1]}, "c": {}}',
    "</b>",
    "{% if x %}",
    "/usr\nx",
]


@pytest.mark.spec("editor.45")
@pytest.mark.parametrize("words", SIGNS_THAT_STAY)
def test_signs_that_ask_for_no_variable_are_written_as_they_are_typed(desk: Open, words: str) -> None:
    here = desk(chat(), "answer")
    emptied(here, "Answer")
    press(words)
    assert here.data["answer"] == words
    assert open_picker() is None


@pytest.mark.spec("editor.45")
def test_the_sign_stays_after_escape_and_goes_with_backspace(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = emptied(here, "Answer")
    press("a /tot\x1b")
    assert here.data["answer"] == "a /"
    assert edit.window().focusWidget() is edit
    press("b {to\b\b\bc")
    assert here.data["answer"] == "a /b c"
    assert open_picker() is None


@pytest.mark.spec("editor.45")
def test_an_address_begins_with_a_chip_and_a_header_keeps_the_blank_before_one(desk: Open) -> None:
    here = desk(requesting(), "ask")
    emptied(here, "URL")
    press("/base\n/users/{total\n/x")
    assert here.data["url"] == "{{#env.base#}}/users/{{#code.total#}}/x"
    here.one(TemplateEdit, "Header 1").setFocus()
    press("Authorization")
    here.one(TemplateEdit, "Value of Header 1").setFocus()
    press("Bearer /base\n")
    assert here.data["headers"] == "Authorization:Bearer {{#env.base#}}"
    emptied(here, "Body")
    press('{"sum": "/total\n"}')
    assert here.data["body"]["data"][0]["value"] == '{"sum": "{{#code.total#}}"}'


@pytest.mark.spec("editor.45")
def test_one_key_takes_a_chip_away_from_either_side(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert here.data["answer"] == "Sum: {{#code.total#}} and "
    QTest.keyClick(edit, Qt.Key.Key_Home)
    for _ in "Sum: ":
        QTest.keyClick(edit, Qt.Key.Key_Right)
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    assert here.data["answer"] == "Sum:  and "
    for back in ("Sum: {{#code.total#}} and ", "Sum: {{#code.total#}} and {{#gone.x#}}"):
        QTest.keyClick(edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert here.data["answer"] == back
    assert "{{#" not in edit.toPlainText(), "a chip comes back as a chip"


@pytest.mark.spec("editor.45")
def test_a_copied_chip_stays_a_chip_in_another_editor(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    edit.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_C):
        QTest.keyClick(edit, key, Qt.KeyboardModifier.ControlModifier)
    here.inspector.show_node("shout")
    other = here.one(TemplateEdit, "Answer")
    other.setFocus()
    QTest.keyClick(other, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert here.document.graph.node("shout").data["answer"] == "Sum: {{#code.total#}} and {{#gone.x#}}"
    assert "{{#" not in other.toPlainText()


@pytest.mark.spec("editor.46")
def test_pasted_references_become_chips_and_unknown_ones_warn(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = emptied(here, "Answer")
    known = ["code.total", "code.thing.any.field", "conversation.topics", "sys.query", "start.doc.name"]
    strange = {
        "nobody.x": "nobody",
        "code.other": "other",
        "start.doc.colour": "doc.colour",
        "conversation.gone": "conversation.gone",
        "env.gone": "env.gone",
        "sys.gone": "sys.gone",
        "shout.answer": "before",
    }
    text = (
        "a " + "".join("{{#" + name + "#}}" for name in known) + " b\n" + " ".join("{{#" + n + "#}}" for n in strange)
    )
    QApplication.clipboard().setText(text)
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert here.data["answer"] == text
    assert "{{#" not in edit.toPlainText()
    assert [name for name in (*known, *strange) if edit.describe(name).broken] == list(strange)
    for name, word in strange.items():
        assert word in edit.describe(name).tip
    bad = theme().color("bad")
    picture = edit.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert bad.name() in colours, "a warning is seen"


@pytest.mark.spec("editor.46")
def test_a_chip_warns_as_soon_as_its_node_no_longer_runs_before(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = here.one(TemplateEdit, "Answer")
    assert not edit.describe("code.total").broken
    edge = next(e for e in here.document.graph.edges.values() if e.target == "code")
    here.session.submit(RemoveEdge(edge.id), "cut")
    assert not edit.describe("code.total").broken
    edge = next(e for e in here.document.graph.edges.values() if e.target == "answer")
    here.session.submit(RemoveEdge(edge.id), "cut")
    assert edit.describe("code.total").broken


@pytest.mark.spec("editor.46")
def test_a_reference_written_by_hand_is_a_chip_at_its_last_sign(desk: Open) -> None:
    here = desk(chat(), "answer")
    edit = emptied(here, "Answer")
    press("{{#code.total#}} left")
    assert here.data["answer"] == "{{#code.total#}} left"
    assert edit.toPlainText() == "\ufffc left"


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


def chip_places(edit: TemplateEdit) -> tuple[QPoint, QPoint]:
    """Where the first chip of a text says which node, and which of its variables."""
    at = edit.toPlainText().index("\ufffc")
    box = edit._chip_rect(at)
    middle = round(box.center().y())
    return QPoint(round(box.left()) + 16, middle), QPoint(round(box.right()) - 12, middle)


@pytest.mark.spec("editor.42", "editor.45")
def test_a_click_on_a_chip_changes_it_and_one_on_its_node_goes_there(desk: Open) -> None:
    here = desk(chat(), "answer")
    shown: list[str] = []
    here.session.revealWanted.connect(lambda node_id, _field: shown.append(node_id))
    edit = emptied(here, "Answer")
    QApplication.clipboard().setText("so: {{#code.total#}} and {{#sys.query#}}")
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    source, name = chip_places(edit)
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=source)
    assert shown == ["code"]
    assert open_picker() is None
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=name)
    picker = here.picker()
    QTest.keyClick(picker.search, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert here.data["answer"] == "so: {{#code.total#}} and {{#sys.query#}}", "Esc leaves it"
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=name)
    QTest.keyClicks(here.picker().search, "topics")
    QTest.keyClick(here.picker().search, Qt.Key.Key_Return)
    assert here.data["answer"] == "so: {{#conversation.topics#}} and {{#sys.query#}}"
    here.document.undo()
    assert here.data["answer"] == "so: {{#code.total#}} and {{#sys.query#}}"
    # Words beside a chip, a drag over it and a chip without a node: no jump, and no picker but for the last.
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(8, source.y()))
    assert open_picker() is None
    assert shown == ["code"]


@pytest.mark.spec("editor.45")
def test_a_prompt_offers_the_context_that_is_switched_on(desk: Open) -> None:
    prompt = [{"id": "1", "role": "user", "text": "x"}]
    model = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
    nodes = [
        node("start", "start"),
        node("llm", "llm", model=model, prompt_template=prompt, context={"enabled": False}),
    ]
    here = desk(made(nodes, [("start", "llm")]), "llm")
    edit = emptied(here, "Prompt message 1")
    press("/")
    tree = here.picker().tree
    assert "Of the prompt" not in [item.text(0) for n in range(9) if (item := tree.topLevelItem(n)) is not None]
    press("\x1b")
    here.session.submit(SetField("llm", ("context",), {"enabled": True, "variable_selector": ["start", "x"]}), "on")
    emptied(here, "Prompt message 1")
    press("Use /context\n")
    assert here.data["prompt_template"][0]["text"] == "Use {{#context#}}"
    assert edit.isVisible()
