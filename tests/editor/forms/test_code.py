"""The code editor and the form of the code node, by keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QToolButton

from editor.panels.forms.code_edit import CodeEdit
from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node


def work(code: str, **data: Any) -> Workflow:
    """start -> code."""
    settings = {
        "code": code,
        "code_language": "python3",
        "variables": [{"variable": "q", "value_selector": ["start", "q"]}],
        "outputs": {"result": {"type": "string", "children": None}},
        **data,
    }
    start = node("start", "start", variables=[{"variable": "q", "label": "q", "type": "text-input", "required": True}])
    return made([start, node("code", "code", title="Work", **settings)], [("start", "code")])


def editor(here: Desk) -> CodeEdit:
    """The code editor of the form, with the keyboard."""
    edit = here.one(CodeEdit, "Code")
    edit.setFocus()
    return edit


def colours(edit: CodeEdit, line: int) -> set[str]:
    """The colours of a line's parts."""
    layout = edit.document().findBlockByNumber(line).layout()
    return {part.format.foreground().color().name() for part in layout.formats()}


@pytest.mark.spec("editor.48")
def test_code_is_coloured_and_numbered(desk: Open) -> None:
    here = desk(work('def main(q):\n    # note\n    return {"result": 12}\n'), "code")
    edit = editor(here)
    assert wait_until(lambda: len(colours(edit, 0)) >= 2, 10)
    assert len(colours(edit, 2)) >= 3
    assert edit.gutter_width() > 20
    ink = edit.grab(edit.rect().adjusted(0, 0, edit.gutter_width() - edit.width(), 0)).toImage()
    assert len({ink.pixel(x, y) for x in range(0, ink.width(), 2) for y in range(60)}) > 3


@pytest.mark.spec("editor.48")
def test_enter_keeps_and_deepens_the_indent(desk: Open) -> None:
    here = desk(work(""), "code")
    edit = editor(here)
    QTest.keyClicks(edit, "def main(q):")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "x = 1")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "return x")
    assert here.data["code"] == "def main(q):\n    x = 1\n    return x"


@pytest.mark.spec("editor.48")
def test_brackets_come_in_pairs_and_are_skipped(desk: Open) -> None:
    here = desk(work(""), "code")
    edit = editor(here)
    QTest.keyClicks(edit, "f(a[1])")
    assert here.data["code"] == "f(a[1])"
    QTest.keyClick(edit, Qt.Key.Key_Left)
    assert len(edit.extraSelections()) >= 2


@pytest.mark.spec("editor.48")
def test_tab_indents_the_chosen_lines_and_back(desk: Open) -> None:
    here = desk(work("a\nb"), "code")
    edit = editor(here)
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    assert here.data["code"] == "    a\n    b"
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert here.data["code"] == "a\nb"
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert here.data["code"] == "# a\n# b"


@pytest.mark.spec("editor.48")
def test_the_key_for_finding_searches_the_code(desk: Open) -> None:
    here = desk(work("one = 1\ntwo = one\nthree = one\n"), "code")
    edit = editor(here)
    QTest.keyClick(edit, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    words = here.one(QLineEdit, "Find in code")
    QTest.keyClicks(words, "one")
    assert edit.search.count.text() == "3"
    lines = []
    for _ in range(4):
        assert edit.textCursor().selectedText() == "one"
        lines.append(edit.textCursor().blockNumber())
        QTest.keyClick(words, Qt.Key.Key_Return)
    assert lines == [0, 1, 2, 0]
    QTest.keyClick(words, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert edit.textCursor().blockNumber() == 0
    QTest.keyClick(words, Qt.Key.Key_Escape)
    assert not edit.search.isVisible()
    assert edit.window().focusWidget() is edit
    assert here.steps() == 1


def said(here: Desk, place: QDialog | None = None) -> list[str]:
    """What stands below the code about its faults."""
    return [label.text() for label in here.all(QLabel, within=place) if label.text().startswith("Line ")]


@pytest.mark.spec("editor.48")
@pytest.mark.parametrize(
    ("language", "code", "typed"),
    [
        ("python3", "def main(q):\n    return {}\n", "x = = 2"),
        ("javascript", "function main({q}) {\n    return {}\n}\n", "x = = 2"),
        ("javascript", "function main({q}) {\n    return {}\n}\n", "while (true) {} return 1"),
    ],
)
def test_a_syntax_error_is_marked_at_its_line(desk: Open, language: str, code: str, typed: str) -> None:
    here = desk(work(code, code_language=language), "code")
    edit = editor(here)
    assert (edit._fault_line, said(here)) == (None, [])
    line = code.count("\n") + 1
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(edit, typed)
    assert edit._fault_line == line
    assert [words.partition(":")[0] for words in said(here)] == [f"Line {line}"]
    QTest.keyClick(edit, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert edit._fault_line == line + 1
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    for _ in typed:
        QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert (edit._fault_line, said(here)) == (None, [])


@pytest.mark.spec("editor.48")
def test_brackets_alone_go_together_and_give_way_to_what_is_typed_over_them(desk: Open) -> None:
    here = desk(work("(ab)"), "code")
    edit = editor(here)
    QTest.keyClick(edit, Qt.Key.Key_Right)
    for _ in "ab":
        QTest.keyClick(edit, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(edit, ")")
    assert here.data["code"] == "())", "the sign takes the place of what was selected"
    QTest.keyClick(edit, Qt.Key.Key_Left)
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert here.data["code"] == ")"
    QTest.keyClick(edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert here.data["code"] == "())"


@pytest.mark.spec("editor.48")
def test_the_large_window_writes_the_same_code(desk: Open) -> None:
    here = desk(work("a = 1\nb = 2"), "code")
    edit = editor(here)
    small = edit.width()
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    here.click("Open large")
    dialog = next(d for d in here.inspector.findChildren(QDialog) if d.isVisible())
    large = here.one(CodeEdit, "Code", dialog)
    assert large.width() > 2 * small, "it takes what the screen has"
    QTest.keyClicks(large, "3 +")
    assert here.data["code"] == "a = 1\nb = 23 +", "the caret stands where it stood"
    assert (large._fault_line, edit._fault_line) == (2, 2)
    assert len(said(here, dialog)) == 1
    QTest.keyClick(large, Qt.Key.Key_Home)
    assert edit.toPlainText() == "a = 1\nb = 23 +"
    QTest.keyClick(large, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert here.inspector.focusWidget() is edit
    QTest.keyClicks(edit, "#")
    assert here.data["code"] == "a = 1\n#b = 23 +"
    assert (edit._fault_line, said(here)) == (None, [])


def test_match_inputs_writes_the_signature(desk: Open) -> None:
    here = desk(work("def main(old):\n    return {}\n"), "code")
    here.click("Match inputs")
    assert here.data["code"] == "def main(q: str) -> dict:\n    return {}\n"


@pytest.mark.spec("logic.72")
def test_another_language_brings_its_own_code_and_undo_the_old(desk: Open) -> None:
    here = desk(work("def main(q):\n    return {}\n"), "code")
    box = here.one(QComboBox, "Language")
    box.activated.emit(box.findText("JavaScript"))
    assert here.data["code_language"] == "javascript"
    assert here.data["code"].startswith("function main")
    here.document.undo()
    assert here.data["code"] == "def main(q):\n    return {}\n"
    QApplication.processEvents()
    assert box.currentText() == "Python 3"
    edit = editor(here)
    QTest.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert here.data["code"].startswith("# def"), "the editor knows the language again"


def test_outputs_are_added_typed_and_removed(desk: Open) -> None:
    here = desk(work(""), "code")
    here.click("Add output")
    assert list(here.data["outputs"]) == ["result", "result2"]
    box = here.all(QComboBox, "Output type")[1]
    box.activated.emit(box.findText("array[number]"))
    assert here.data["outputs"]["result2"]["type"] == "array[number]"
    row = here.all(QLineEdit, "Output name")[0].parentWidget()
    assert row is not None
    QTest.mouseClick(here.one(QToolButton, "Remove", row), Qt.MouseButton.LeftButton)
    assert list(here.data["outputs"]) == ["result2"]


def test_a_name_that_cannot_be_is_put_back(desk: Open) -> None:
    here = desk(work(""), "code")
    name = here.one(QLineEdit, "Output name")
    name.selectAll()
    QTest.keyClicks(name, "1 bad")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert list(here.data["outputs"]) == ["result"]
    assert name.text() == "result"


def test_the_run_button_asks_for_this_node(desk: Open) -> None:
    here = desk(work("def main(q):\n    return {}\n"), "code")
    asked: list[str] = []
    here.inspector.runNodeRequested.connect(asked.append)
    here.click("Run this step")
    assert asked == ["code"]
    assert here.inspector.tabs.currentIndex() == 1


def test_an_input_has_the_first_free_name(desk: Open) -> None:
    here = desk(work(""), "code")
    here.click("Add input")
    here.click("Add input")
    assert [v["variable"] for v in here.data["variables"]] == ["q", "arg1", "arg2"]
    assert all(b.property("state") == "empty" for b in here.all(QPushButton, "Input value")[1:])


@pytest.mark.spec("editor.48")
def test_inputs_and_words_of_the_language_are_offered(desk: Open) -> None:
    inputs = [{"variable": name, "value_selector": ["start", "q"]} for name in ("question", "quantity")]
    here = desk(work("", variables=inputs), "code")
    edit = editor(here)
    offered = edit.completion
    assert offered is not None
    QTest.keyClicks(edit, "x = q")
    assert not offered.popup.isVisible()
    QTest.keyClicks(edit, "u")
    assert offered.popup.isVisible()
    model = offered.completer.completionModel()
    words = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    assert words[:2] == ["question", "quantity"]
    assert "quit" in words
    QTest.keyClick(edit, Qt.Key.Key_Down)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert here.data["code"] == "x = quantity"
    assert not offered.popup.isVisible()
    assert here.steps() == 2
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "ret")
    assert offered.popup.isVisible()
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert here.data["code"] == "x = quantity\nret\n"


@pytest.mark.parametrize("before", ["# que", "'que", "a.que", "x = 'it\\'s que"])
def test_nothing_is_offered_in_texts_comments_and_after_dots(desk: Open, before: str) -> None:
    here = desk(work(before, variables=[{"variable": "question", "value_selector": []}]), "code")
    edit = editor(here)
    QTest.keyClick(edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(edit, "s")
    assert edit.completion is not None
    assert not edit.completion.popup.isVisible()


def test_javascript_has_words_of_its_own_and_a_key_asks_for_them(desk: Open) -> None:
    here = desk(work("", code_language="javascript", variables=[]), "code")
    edit = editor(here)
    QTest.keyClick(edit, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert edit.completion is not None
    assert edit.completion.popup.isVisible()
    assert {"function", "JSON"} <= set(edit.completion.words())
    assert "elif" not in edit.completion.words()
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not edit.completion.popup.isVisible()
