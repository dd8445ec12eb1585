"""A sentence in a prompt: taken back word by word in its editor, and as one step from the canvas; by the keys of the
real window, in every editor that prompts are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit, QWidget

from editor.canvas.lexical import to_plain
from tests.helpers.hands import write_in
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

CTRL = Qt.KeyboardModifier.ControlModifier
MODEL = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
Read = Callable[[dict[str, Any]], str]

PLACES: dict[str, tuple[dict[str, Any], str, Read]] = {
    "a model's prompt": (
        {"type": "llm", "model": MODEL, "prompt_template": [{"id": "1", "role": "system", "text": ""}]},
        "Prompt message 1",
        lambda data: str(data["prompt_template"][0]["text"]),
    ),
    "a prompt in Jinja": (
        {
            "type": "llm",
            "model": MODEL,
            "prompt_template": [
                {"id": "1", "role": "user", "edition_type": "jinja2", "text": "", "jinja2_text": ""}
            ],
        },
        "Prompt message 1",
        lambda data: str(data["prompt_template"][0]["jinja2_text"]),
    ),
    "a template": (
        {"type": "template-transform", "template": "", "variables": []},
        "Template",
        lambda data: str(data["template"]),
    ),
    "an answer": ({"type": "answer", "answer": "", "variables": []}, "Answer", lambda data: str(data["answer"])),
    "an instruction": (
        {"type": "question-classifier", "model": MODEL, "instruction": "", "classes": [{"id": "1", "name": "a"}]},
        "Instruction",
        lambda data: str(data.get("instruction", "")),
    ),
}  # fmt: skip


def opened(studio: Studio, name: str) -> tuple[QWidget, Callable[[], str]]:
    data, field, read = PLACES[name]
    kind = data["type"]
    mode = "advanced-chat" if kind == "answer" else "workflow"
    step = node("step", kind, x=400, **{k: v for k, v in data.items() if k != "type"})
    flow = made([node("s", "start", variables=[]), step], [("s", "step")], mode=mode)
    page = studio.open_app(studio.services.workflows.create(mode, "App", workflow=flow))
    studio.activate()
    page.canvas.fit()
    studio.hand.click(studio.hand.at_node("step"))
    studio.settle()
    if kind == "question-classifier":
        studio.click(field)  # the section is folded while it is empty
        studio.settle()
    found = [
        w
        for kind in (QTextEdit, QPlainTextEdit)
        for w in page.inspector.findChildren(kind)
        if w.isVisible() and w.accessibleName() == field
    ]
    assert found, {w.accessibleName() for w in page.inspector.findChildren(QWidget) if w.isVisible()}
    found[0].setFocus()
    QApplication.processEvents()
    return found[0], lambda: read(dict(page.session.document.graph.node("step").data))


@pytest.mark.spec("editor.27")
@pytest.mark.parametrize("name", list(PLACES))
def test_a_sentence_goes_word_by_word_and_at_once_from_the_canvas(studio: Studio, name: str) -> None:
    edit, text = opened(studio, name)
    document = studio.page.session.document
    steps = document.steps()[1]
    write_in(edit, "Tell me about rivers, please")
    assert text() == "Tell me about rivers, please"
    left = []
    for _ in range(3):
        QTest.keyClick(edit, Qt.Key.Key_Z, CTRL)
        left.append(text())
    assert left == ["Tell me about rivers, ", "Tell me about ", "Tell me "]
    QTest.keyClick(edit, Qt.Key.Key_Y, CTRL)
    assert text() == "Tell me about "
    QTest.keyClick(edit, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert text() == "Tell me about rivers, "
    write_in(edit, "seas")
    assert document.steps()[1] == steps + 1

    canvas = studio.page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert text() == ""
    assert document.steps()[1] == steps
    QTest.keyClick(canvas, Qt.Key.Key_Y, CTRL)
    assert text() == "Tell me about rivers, seas"


@pytest.mark.spec("editor.27")
@pytest.mark.parametrize("name", list(PLACES))
def test_chinese_goes_word_by_word_as_it_was_committed(studio: Studio, name: str) -> None:
    edit, text = opened(studio, name)
    write_in(edit, "Say 你好 twice")
    left = []
    for _ in range(4):
        QTest.keyClick(edit, Qt.Key.Key_Z, CTRL)
        left.append(text())
    assert left == ["Say 你好 ", "Say 你", "Say ", ""]
    studio.page.canvas.setFocus()


@pytest.mark.spec("editor.27")
def test_two_visits_to_a_prompt_are_two_steps_of_the_canvas(studio: Studio) -> None:
    edit, text = opened(studio, "a model's prompt")
    canvas = studio.page.canvas
    write_in(edit, "One thing")
    canvas.setFocus()
    edit.setFocus()
    write_in(edit, " more")
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert text() == "One thing"
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert text() == ""


@pytest.mark.spec("editor.27")
def test_a_note_goes_word_by_word_while_it_is_written(studio: Studio) -> None:
    flow = made([node("s", "start", variables=[])])
    page = studio.open_app(studio.services.workflows.create("workflow", "App", workflow=flow))
    studio.activate()
    canvas = page.canvas
    made_note = canvas.edits.add_node("note", 300, 300)
    assert made_note is not None
    canvas.fit()
    studio.hand.double_click(canvas.node_rect(made_note).center())
    paper = canvas.findChild(QTextEdit)
    assert paper is not None
    write_in(paper, "Ask the desk")
    QTest.keyClick(paper, Qt.Key.Key_Z, CTRL)
    assert paper.toPlainText() == "Ask the "
    write_in(paper, "office")
    QTest.keyClick(paper, Qt.Key.Key_Escape)
    studio.settle()
    words = lambda: to_plain(str(page.session.document.graph.nodes[made_note].data["text"]))  # noqa: E731
    assert words() == "Ask the office"
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert words() == ""


@pytest.mark.spec("editor.25", "editor.27")
def test_two_visits_to_a_list_of_lines_are_two_steps(studio: Studio) -> None:
    source = {"type": "constant", "selector": [], "value": ["a"]}
    form = {
        "form_content": "Which? {{#$output.which#}}",
        "inputs": [{"output_variable_name": "which", "type": "select", "option_source": source}],
        "user_actions": [{"id": "yes", "title": "Yes", "button_style": "primary"}],
        "delivery_methods": [{"id": "d", "type": "webapp", "enabled": True}],
    }
    flow = made([node("s", "start", variables=[]), node("ask", "human-input", title="Ask", **form)], [("s", "ask")])
    page = studio.open_app(studio.services.workflows.create("workflow", "App", workflow=flow))
    studio.activate()
    page.canvas.select(["ask"])
    studio.settle()
    lines = studio.field("Choices")
    assert isinstance(lines, QPlainTextEdit)
    for word in ("be", "sea"):
        lines.moveCursor(QTextCursor.MoveOperation.End)
        lines.setFocus()
        QTest.keyClick(lines, Qt.Key.Key_Return)
        write_in(lines, word)
        page.canvas.setFocus()

    def choices() -> list[str]:
        return list(page.session.document.graph.nodes["ask"].data["inputs"][0]["option_source"]["value"])

    assert choices() == ["a", "be", "sea"]
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert choices() == ["a", "be"]
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert choices() == ["a"]
