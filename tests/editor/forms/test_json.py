"""JSON in forms: what is wrong is said with its place while one types, and a key or a button lays it out in lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from editor.i18n import set_language
from editor.panels.forms.json_edit import JsonEdit, fault_line
from editor.panels.forms.json_text import fault_in, laid_out, same_place
from editor.panels.forms.template_edit import TemplateEdit
from editor.screenshot import wait_until
from tests.editor.forms.conftest import Desk, Open
from tests.editor.forms.test_schema import NESTED, opened
from tests.helpers.model import made, node

FORMAT = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_a_text_is_laid_out_as_people_expect_and_stays_what_it_says(value: Any) -> None:
    short = json.dumps(value, separators=(",", ":"))
    assert laid_out(short) == json.dumps(value, indent=2)
    assert laid_out(laid_out(short)) == laid_out(short)


def test_nothing_but_blanks_is_changed() -> None:
    text = '{"a":1.10,"a" : 1e400, "b":"\\u00e9 [,] {:}", "c": [ ], "d":{ },"e":[[],{}]}'
    assert laid_out(text).split() == [
        '{', '"a":', '1.10,', '"a":', '1e400,', '"b":', '"\\u00e9', '[,]', '{:}",',
        '"c":', '[],', '"d":', '{},', '"e":', '[', '[],', '{}', ']', '}',
    ]  # fmt: skip


@given(VALUES, st.integers(0, 200))
def test_the_caret_stays_at_its_letter(value: Any, at: int) -> None:
    short = json.dumps(value, separators=(",", ":"))
    at = min(at, len(short) - 1)
    long = laid_out(short)
    assert long[same_place(short, long, at)] == short[at]


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ('{"a": }', 1, 7, "a value is missing"),
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3, "a comma or a closing bracket is missing"),
        ('{"a" 1}', 1, 6, "a colon is missing"),
        ("{a: 1}", 1, 2, "a name in double quotes is missing"),
        ('["a', 1, 2, "a text does not end"),
        ("[1] 2", 1, 5, "something follows after the end"),
        ('["\t"]', 1, 3, "a line break or another control character stands in a text"),
        ('["\\q"]', 1, 3, "a backslash with a wrong letter stands in a text"),
    ],
)
def test_what_is_wrong_is_said_in_words_with_its_place(text: str, line: int, column: int, what: str) -> None:
    fault = fault_in(text)
    assert fault is not None
    assert (fault.line, fault.column, fault.what) == (line, column, what)


def test_an_empty_text_is_not_wrong_and_a_bottomless_one_is_told() -> None:
    assert fault_in(" \n") is None
    deep = fault_in("[" * 100_000 + "]" * 100_000)
    assert deep is not None
    assert "deep" in deep.words


@pytest.fixture
def edit(qtbot: Any) -> JsonEdit:
    made = JsonEdit()
    qtbot.addWidget(made)
    made.resize(320, 160)
    made.show()
    made.setFocus()
    return made


def marked(edit: JsonEdit) -> list[int]:
    """The lines that lie on the colour of faults, from 1."""
    full = [s for s in edit.extraSelections() if s.format.property(0x06000) is not None]
    return [s.cursor.blockNumber() + 1 for s in full]


def test_a_key_lays_the_text_out_and_one_undo_takes_it_back(edit: JsonEdit) -> None:
    said: list[str] = []
    edit.edited.connect(said.append)
    QTest.keyClicks(edit, "[1,2")
    assert edit.toPlainText() == "[1,2]", "the bracket closes itself"
    QTest.keyClick(edit, Qt.Key.Key_F, FORMAT)
    assert edit.toPlainText() == "[\n  1,\n  2\n]"
    assert said[-1] == edit.toPlainText()
    assert edit.textCursor().blockNumber() == 3, "before the bracket, as it was"
    edit.undo()
    assert edit.toPlainText() == "[1,2]"


def test_a_wrong_text_stays_and_the_caret_goes_to_the_place(edit: JsonEdit) -> None:
    edit.setPlainText('{\n"a": 1,\n"b" 2\n}')
    QTest.mouseClick(edit.layout_button, Qt.MouseButton.LeftButton)
    assert edit.toPlainText() == '{\n"a": 1,\n"b" 2\n}'
    cursor = edit.textCursor()
    assert (cursor.blockNumber() + 1, cursor.positionInBlock() + 1) == (3, 5)


def test_the_line_below_tells_the_fault_as_long_as_there_is_one(edit: JsonEdit, qtbot: Any) -> None:
    line: QLabel = fault_line(edit)
    qtbot.addWidget(line)
    QTest.keyClicks(edit, "[1,")
    assert line.text() == "Not valid JSON: a value is missing (line 1, column 4)"
    assert line.isVisible()
    assert edit._fault_line == 1
    QTest.keyClicks(edit, "2")
    assert not line.isVisible()
    assert edit._fault_line is None


def test_who_only_reads_has_no_button_and_no_key(edit: JsonEdit) -> None:
    edit.setPlainText("[1,2]")
    edit.setReadOnly(True)
    assert not edit.layout_button.isVisible()
    QTest.keyClick(edit, Qt.Key.Key_F, FORMAT)
    assert edit.toPlainText() == "[1,2]"


def test_the_button_never_lies_on_the_text(edit: JsonEdit) -> None:
    edit.setPlainText("[" + ", ".join(map(str, range(200))) + "]")
    text = edit.viewport().geometry()
    assert not text.intersects(edit.layout_button.geometry())
    assert edit.rect().contains(edit.layout_button.geometry())


def test_the_fault_is_told_in_the_language(edit: JsonEdit) -> None:
    set_language("zh_CN")
    try:
        edit.setPlainText("{")
        fault = edit.fault()
        assert fault is not None
        assert fault.words == "不是有效的 JSON：缺少用双引号括起的名称（第 1 行，第 2 列）"
    finally:
        set_language("en")


def test_a_setting_is_laid_out_without_a_change_of_the_node(desk: Open) -> None:
    here = opened(desk, NESTED)
    QTest.mouseClick(here.one(QPushButton, "Show JSON"), Qt.MouseButton.LeftButton)
    edit = here.one(JsonEdit, "JSON schema")
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    edit.left.emit()
    steps = here.steps()
    QTest.keyClicks(edit, '{"type": "object", "properties": {}')
    assert here.data["structured_output"]["schema"] == {"type": "object", "properties": {}}
    QTest.keyClick(edit, Qt.Key.Key_F, FORMAT)
    assert edit.toPlainText() == '{\n  "type": "object",\n  "properties": {}\n}'
    assert here.steps() == steps + 1, "typing is a step, layout is none"
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, "[1,]")
    assert any("line 1, column 4" in label.text() for label in here.all(QLabel))
    empty = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert here.data["structured_output"]["schema"] == empty, "what is no schema of an object is never taken"


def body_of(desk: Open, text: str) -> Desk:
    item = {"id": "1", "key": "", "type": "text", "value": text}
    request = node("h", "http-request", method="post", url="http://a", body={"type": "json", "data": [item]})
    here = desk(made([node("s", "start", variables=[]), request], [("s", "h")]), "h")
    here.inspector.activateWindow()
    assert wait_until(here.inspector.isActiveWindow, 10)
    return here


def stored(here: Desk) -> str:
    return str(here.data["body"]["data"][0]["value"])


def test_a_body_with_variables_is_laid_out_around_them_in_one_step(desk: Open) -> None:
    here = body_of(desk, '{"a":"x {{#s.q#}} y","n":{{#s.count#}},"l":[{{#s.one#}},2]}')
    assert not [label.text() for label in here.all(QLabel) if "JSON:" in label.text()]
    steps = here.steps()
    here.one(TemplateEdit, "Body").setFocus()
    QTest.keyClick(here.one(TemplateEdit, "Body"), Qt.Key.Key_F, FORMAT)
    wanted = '{\n  "a": "x {{#s.q#}} y",\n  "n": {{#s.count#}},\n  "l": [\n    {{#s.one#}},\n    2\n  ]\n}'
    assert stored(here) == wanted
    assert here.steps() == steps + 1
    here.document.undo()
    assert stored(here).startswith('{"a":"x')
    here.click("Format the JSON")
    assert stored(here) == wanted


def test_a_body_tells_the_line_at_fault_and_stays(desk: Open) -> None:
    here = body_of(desk, '{"a": "{{#s.q#}}",\n "b" }')
    assert [label.text() for label in here.all(QLabel) if "JSON:" in label.text()] == [
        "Not valid JSON: a colon is missing (line 2)"
    ]
    here.click("Format the JSON")
    assert stored(here) == '{"a": "{{#s.q#}}",\n "b" }'
