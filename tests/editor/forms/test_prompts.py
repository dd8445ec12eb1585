"""Prompts: messages moved by dragging and by keys, typing undone in words and in one step, environment dialogs."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea

from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.parts import Grip
from editor.panels.forms.template_edit import TemplateEdit
from editor.panels.variable_picker import VariablePicker
from editor.screenshot import wait_until
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def opened(desk: Open, *texts: str) -> Desk:
    prompt = [{"id": str(n), "role": "user", "text": text} for n, text in enumerate(texts)]
    model = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
    llm = node("llm", "llm", model=model, prompt_template=prompt)
    here = desk(made([node("s", "start", variables=[]), llm], [("s", "llm")]), "llm")
    here.inspector.resize(420, 1400)
    QApplication.processEvents()
    return here


def order(here: Desk) -> list[str]:
    return [str(m["text"]) for m in here.data["prompt_template"]]


@pytest.mark.spec("editor.47")
def test_a_message_is_dragged_to_another_place(desk: Open) -> None:
    here = opened(desk, "one", "two", "three")
    grips: list[Any] = here.all(Grip)
    assert len(grips) == 3
    steps = here.steps()
    below = grips[2].mapToGlobal(QPoint(0, 200))

    QTest.mousePress(grips[0], LEFT, NONE, QPoint(5, 5))
    QTest.mouseMove(grips[0], grips[0].mapFromGlobal(below))
    QTest.mouseRelease(grips[0], LEFT, NONE, grips[0].mapFromGlobal(below))
    QApplication.processEvents()

    assert order(here) == ["two", "three", "one"]
    assert here.steps() == steps + 1
    here.document.undo()
    assert order(here) == ["one", "two", "three"]


@pytest.mark.spec("editor.47")
def test_a_message_that_is_held_at_the_border_brings_the_others_into_view(desk: Open) -> None:
    here = opened(desk, *"abcdef")
    here.inspector.resize(420, 700)
    QApplication.processEvents()
    grips: list[Any] = here.all(Grip)
    bar = next(a for a in here.inspector.findChildren(QScrollArea) if a.isAncestorOf(grips[0])).verticalScrollBar()
    bar.setValue(bar.maximum())
    last = here.all(Grip)[5]
    QTest.mousePress(last, LEFT, NONE, QPoint(5, 5))
    top = last.mapFromGlobal(here.inspector.mapToGlobal(QPoint(40, 0)))
    QTest.mouseMove(last, top)
    assert wait_until(lambda: grips[0].visibleRegion().boundingRect().height() > 0, 10)
    QTest.mouseMove(last, last.mapFromGlobal(grips[0].mapToGlobal(QPoint(5, -10))))
    QTest.mouseRelease(last, LEFT, NONE, last.mapFromGlobal(grips[0].mapToGlobal(QPoint(5, -10))))
    assert order(here) == list("fabcde")


@pytest.mark.spec("editor.47")
def test_a_message_is_moved_with_keys(desk: Open) -> None:
    here = opened(desk, "one", "two", "three")
    grips: list[Any] = here.all(Grip)
    grips[2].setFocus()
    QTest.keyClick(grips[2], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert order(here) == ["one", "three", "two"]
    moved = here.all(Grip)[1]
    assert here.inspector.focusWidget() is moved
    QTest.keyClick(moved, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert order(here) == ["three", "one", "two"]
    QTest.keyClick(here.all(Grip)[0], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert order(here) == ["three", "one", "two"]


def test_a_drag_that_is_given_up_leaves_no_trace(desk: Open) -> None:
    here = opened(desk, "one", "two")
    grips: list[Any] = here.all(Grip)
    QTest.mousePress(grips[0], LEFT, NONE, QPoint(5, 5))
    QTest.mouseMove(grips[0], QPoint(5, 400))
    QTest.keyClick(grips[0], Qt.Key.Key_Escape)
    QTest.mouseRelease(grips[0], LEFT, NONE, QPoint(5, 400))
    assert order(here) == ["one", "two"]


@pytest.mark.spec("editor.27")
def test_typing_is_undone_in_words_in_the_editor_and_in_one_step_from_the_canvas(desk: Open) -> None:
    here = opened(desk, "")
    edit = here.one(TemplateEdit, "Prompt message 1")
    steps = here.steps()
    edit.setFocus()
    QTest.keyClicks(edit, "Tell me about rivers")
    assert order(here) == ["Tell me about rivers"]

    QTest.keyClick(edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert order(here) == ["Tell me about "]
    QTest.keyClick(edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert order(here) == ["Tell me "]
    QTest.keyClick(edit, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert order(here) == ["Tell me about "]
    QTest.keyClicks(edit, "seas")
    assert here.steps() == steps + 1

    here.session.undo()
    assert order(here) == [""]
    assert edit.text() == ""
    here.session.redo()
    assert order(here) == ["Tell me about seas"]


def templated(desk: Open) -> Desk:
    outputs = {"total": {"type": "number", "children": None}}
    code = node("c", "code", title="Sum", code="", code_language="python3", variables=[], outputs=outputs)
    template = node("t", "template-transform", template="", variables=[])
    return desk(made([node("s", "start", variables=[]), code, template], [("s", "c"), ("c", "t")]), "t")


@pytest.mark.parametrize("sign", ["/", "{{"])
def test_a_sign_in_jinja_text_opens_the_picker_and_names_an_input(desk: Open, sign: str) -> None:
    here = templated(desk)
    edit = here.one(CodeEdit, "Template")
    edit.setFocus()
    QTest.keyClicks(edit, "Sum: ")
    QTest.keyClicks(edit, sign)
    picker = here.picker()
    QTest.keyClicks(picker.search, "total")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert here.data["template"] == "Sum: {{ total }}"
    assert here.data["variables"] == [{"variable": "total", "value_selector": ["c", "total"]}]

    QTest.keyClicks(edit, " ")
    QTest.keyClicks(edit, "/")
    picker = here.picker()
    QTest.keyClicks(picker.search, "total")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert here.data["template"] == "Sum: {{ total }} {{ total }}"
    assert len(here.data["variables"]) == 1  # known by that name already


def test_a_slash_within_a_word_is_a_slash(desk: Open) -> None:
    here = templated(desk)
    edit = here.one(CodeEdit, "Template")
    edit.setFocus()
    QTest.keyClicks(edit, "a/b")
    QApplication.processEvents()
    assert here.data["template"] == "a/b"
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, VariablePicker) and w.isVisible()]


def test_a_message_is_copied_with_its_references_and_pasted_as_chips(desk: Open) -> None:
    here = opened(desk, "Ask {{#s.q#}}!", "")
    here.click("Copy the message")
    assert QApplication.clipboard().text() == "Ask {{#s.q#}}!"
    second = here.one(TemplateEdit, "Prompt message 2")
    second.setFocus()
    second.paste()
    assert here.data["prompt_template"][1]["text"] == "Ask {{#s.q#}}!"
