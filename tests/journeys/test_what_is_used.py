"""Statements 43 and 44 for everything that others can read: renaming is followed, and taking it away asks first."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from editor.panels.forms.template_edit import TemplateEdit
from editor.windows.page import WorkflowPage
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio
from tests.helpers.whole import whole

CTRL = Qt.KeyboardModifier.ControlModifier
SCHEMA = {
    "type": "object", "required": ["city"], "additionalProperties": False,
    "properties": {
        "city": {"type": "string"},
        "place": {"type": "object", "properties": {"street": {"type": "string"}}, "required": []},
    },
}  # fmt: skip
MODEL = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
GIVERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "code": ({"type": "code", "code": "", "code_language": "python3", "variables": [],
              "outputs": {"out": {"type": "string", "children": None}}}, "Output name", "out"),
    "extractor": ({"type": "parameter-extractor", "model": MODEL, "query": ["start", "q"], "reasoning_mode": "prompt",
                   "parameters": [{"name": "out", "type": "string", "description": "", "required": True}]},
                  "Name", "out"),
    "form": ({"type": "human-input", "form_content": "{{#$output.out#}}", "user_actions": [{"id": "ok", "title": "OK"}],
              "inputs": [{"output_variable_name": "out", "type": "paragraph"}], "delivery_methods": [],
              "timeout": 3, "timeout_unit": "day"}, "Field name", "out"),
    "aggregator": ({"type": "variable-aggregator", "output_type": "string", "variables": [],
                    "advanced_settings": {"group_enabled": True, "groups": [
                        {"groupId": "1", "group_name": "out", "output_type": "string", "variables": [["start", "q"]]},
                        {"groupId": "2", "group_name": "b", "output_type": "string", "variables": [["start", "q"]]}]}},
                   "Group name", "out.output"),
    "loop": ({"type": "loop", "start_node_id": "first", "loop_count": 3, "logical_operator": "and", "width": 400,
              "height": 200, "break_conditions": [], "loop_variables": [
                  {"id": "1", "label": "out", "var_type": "string", "value_type": "constant", "value": ""}]},
             "Name", "out"),
    "schema": ({"type": "llm", "model": MODEL, "prompt_template": [{"id": "1", "role": "system", "text": ""}],
                "structured_output_enabled": True,
                "structured_output": {"schema": {**SCHEMA, "properties": {"out": {"type": "string"}}}}},
               "Field name", "structured_output.out"),
}  # fmt: skip
"""What gives a variable, the control that names it, and how others read it."""


def flow(giver: dict[str, Any], used: str) -> str:
    """Start, the giver, and one node of each kind that can read it."""
    mark, way = f"{{{{#give.{used}#}}}}", ["give", *used.split(".")]
    kind = giver["type"]
    more = [node("first", "loop-start", x=24, y=68)] if kind == "loop" else []
    for each in more:
        each["parentId"] = "give"
        each["data"] |= {"isInLoop": True, "loop_id": "give"}
    condition = {"id": "c", "variable_selector": way, "comparison_operator": "is", "value": mark, "varType": "string"}
    nodes = [
        node("start", "start", variables=[{"variable": "q", "label": "q", "type": "text-input", "required": True}]),
        node("give", x=350, title="Giver", kind=kind, **{k: v for k, v in giver.items() if k != "type"}),
        *more,
        node("prompt", "llm", x=1200, title="Prompt", model=MODEL,
             prompt_template=[{"id": "1", "role": "user", "text": f"About {mark}"}]),
        node("branch", "if-else", x=1500, title="Branch", cases=[
            {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}]),
        node("compute", "code", x=1800, title="Compute", code="", code_language="python3", outputs={},
             variables=[{"variable": "a", "value_selector": way}]),
        node("words", "template-transform", x=2100, title="Words", template="{{ a }}",
             variables=[{"variable": "a", "value_selector": way}]),
        node("ask", "http-request", x=2400, title="Ask", method="get", url=f"https://example.com/{mark}", headers="",
             params="", body={"type": "none", "data": []}, authorization={"type": "no-auth", "config": None}),
        node("end", "end", x=2700, title="Result", outputs=[{"variable": "r", "value_selector": way}]),
    ]  # fmt: skip
    handle = ("ok",) if kind == "human-input" else ()
    chain = ["prompt", "branch", "compute", "words", "ask", "end"]
    edges = [("start", "give"), ("give", *handle, "prompt")]
    edges += [(a, "true", b) if a == "branch" else (a, b) for a, b in pairwise(chain)]
    return dsl(nodes, edges)


READERS = ("Prompt", "Branch", "Compute", "Words", "Ask", "Result")


def opened(studio: Studio, tmp_path: Path, name: str) -> WorkflowPage:
    giver, _, used = GIVERS[name]
    path = tmp_path / "flow.yml"
    path.write_text(flow(giver, used), encoding="utf-8")
    page = studio.open_file(path)
    page.canvas.select(["give"])
    studio.settle()
    return page


def row_of(studio: Studio, name: str) -> QWidget:
    """The control that holds the name, and what removes it."""
    return studio.field(GIVERS[name][1], QLineEdit)


@pytest.mark.spec("editor.43")
@pytest.mark.parametrize("name", list(GIVERS))
def test_a_new_name_is_followed_by_every_use_in_one_step(studio: Studio, tmp_path: Path, name: str) -> None:
    page = opened(studio, tmp_path, name)
    document = page.session.document
    before, steps = whole(document.workflow), document.position
    edit = row_of(studio, name)
    assert isinstance(edit, QLineEdit)
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(edit, "renamed")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    studio.settle()
    new = GIVERS[name][2].replace("out", "renamed", 1) if name != "schema" else "structured_output.renamed"
    way, mark = ["give", *new.split(".")], f"{{{{#give.{new}#}}}}"
    data = {n.id: n.data for n in document.graph.nodes.values()}
    assert data["prompt"]["prompt_template"][0]["text"] == f"About {mark}"
    condition = data["branch"]["cases"][0]["conditions"][0]
    assert (condition["variable_selector"], condition["value"]) == (way, mark)
    assert data["compute"]["variables"][0]["value_selector"] == way
    assert data["words"]["variables"][0]["value_selector"] == way
    assert data["ask"]["url"] == f"https://example.com/{mark}"
    assert data["end"]["outputs"][0]["value_selector"] == way
    assert document.position == steps + 1
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert whole(document.workflow) == before


def remove(studio: Studio, name: str) -> None:
    """Press the button that takes it away, the one beside or nearest below its name."""
    edit = row_of(studio, name)
    place: QWidget | None = edit.parentWidget()
    while place is not None:
        found = [w for w in place.findChildren(QWidget) if w.isVisible() and w.accessibleName() == "Remove"]
        if found:
            QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)
            studio.settle()
            return
        place = place.parentWidget()
    raise AssertionError("nothing removes it")


@pytest.mark.spec("editor.44")
@pytest.mark.parametrize("name", [name for name in GIVERS if name != "aggregator"])
def test_removing_what_others_read_asks_names_them_and_marks_the_chips(
    studio: Studio, tmp_path: Path, name: str
) -> None:
    page = opened(studio, tmp_path, name)
    document = page.session.document
    before = whole(document.workflow)
    remove(studio, name)
    assert whole(document.workflow) == before
    assert len(studio.messages.asked) == 1
    assert all(title in studio.messages.asked[0] for title in READERS), studio.messages.asked
    studio.messages.answers.append(True)
    remove(studio, name)
    assert whole(document.workflow) != before
    page.canvas.select(["end"])
    studio.settle()
    assert studio.field("Output value", QPushButton).property("state") == "broken"
    page.canvas.select(["prompt"])
    studio.settle()
    assert broken(studio.field("Prompt message 1", TemplateEdit))
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert whole(document.workflow) == before
    assert not broken(studio.field("Prompt message 1", TemplateEdit))


def broken(edit: QWidget) -> bool:
    """Whether the chip of a text is a warning."""
    assert isinstance(edit, TemplateEdit)
    reference = edit.text().split("{{#")[1].split("#}}")[0]
    return edit.describe(reference).broken


@pytest.mark.spec("editor.44")
@pytest.mark.parametrize("how", ["key", "cut", "menu"])
def test_deleting_a_node_that_others_read_asks_and_names_them(studio: Studio, tmp_path: Path, how: str) -> None:
    page = opened(studio, tmp_path, "code")
    document = page.session.document
    before = whole(document.workflow)

    def delete() -> None:
        page.canvas.select(["give"])
        studio.activate()
        page.canvas.setFocus()
        if how == "menu":
            studio.window.do("delete")
        elif how == "cut":
            QTest.keyClick(page.canvas, Qt.Key.Key_X, CTRL)
        else:
            QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
        studio.settle()

    delete()
    assert whole(document.workflow) == before
    assert len(studio.messages.asked) == 1
    assert "Giver" in studio.messages.asked[0]
    assert all(title in studio.messages.asked[0] for title in READERS)
    studio.messages.answers.append(True)
    delete()
    assert "give" not in document.graph.nodes
    page.canvas.select(["words"])
    studio.settle()
    assert studio.field("Input value", QPushButton).property("state") == "broken"
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert whole(document.workflow) == before


@pytest.mark.spec("editor.44")
def test_a_node_that_nobody_reads_goes_without_a_question(studio: Studio, tmp_path: Path) -> None:
    page = opened(studio, tmp_path, "code")
    page.canvas.select(["end"])
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
    assert "end" not in page.session.document.graph.nodes
    assert studio.messages.asked == []


@pytest.mark.spec("editor.19")
def test_the_window_asks_before_a_container_goes_with_what_it_holds(studio: Studio) -> None:
    page = studio.sample("for-each-item")
    graph = page.session.document.graph
    room = next(n for n in graph.nodes.values() if n.is_container)
    page.canvas.select([n.id for n in graph.children(room.id) if not n.is_container_start])
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_D, CTRL)
    inside = [n for n in page.session.document.graph.children(room.id) if not n.is_container_start]
    page.canvas.select([room.id])
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
    assert room.id in page.session.document.graph.nodes
    assert f"{room.title} holds {len(inside)} nodes" in studio.messages.asked[-1]
    studio.messages.answers.append(True)
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
    assert room.id not in page.session.document.graph.nodes
