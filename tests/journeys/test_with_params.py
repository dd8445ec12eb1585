"""“Test with params” of the run log, for every kind of input and for talks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from editor.panels.file_pick import FilePick
from editor.screenshot import wait_until
from editor.windows.logs import LogsWindow
from engine.model.edits import SetApp
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_chat import answered, say, talking_flow
from tests.journeys.test_logs import click_row, open_log

LEFT = Qt.MouseButton.LeftButton
VARIABLES: list[dict[str, Any]] = [
    {"variable": "text", "label": "Text", "type": "text-input", "required": True},
    {"variable": "long", "label": "Long", "type": "paragraph", "required": True},
    {"variable": "count", "label": "Count", "type": "number", "required": True},
    {"variable": "kind", "label": "Kind", "type": "select", "options": ["a", "乙"], "required": True},
    {"variable": "sure", "label": "Sure", "type": "checkbox", "required": False},
    {"variable": "data", "label": "Data", "type": "json_object", "required": False},
    {"variable": "paper", "label": "Paper", "type": "file", "allowed_file_types": ["document"], "required": True},
]


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


def press_test(log: LogsWindow, row: int, words: str) -> None:
    click_row(log, row)
    until(lambda: any(b.text() == words for b in log.preview.findChildren(QPushButton)))
    QTest.mouseClick(next(b for b in log.preview.findChildren(QPushButton) if b.text() == words), LEFT)


@pytest.mark.parametrize(("language", "words"), [("en", "Test with params"), ("zh_CN", "用此参数测试")])
@pytest.mark.spec("editor.76")
def test_every_kind_of_input_is_filled_in_again(tmp_path: Path, language: str, words: str) -> None:
    paper = tmp_path / "纸.txt"
    paper.write_text("hello")
    with opened_studio(tmp_path / "data", language=language) as studio:
        outputs = [{"variable": v["variable"], "value_selector": ["1", v["variable"]]} for v in VARIABLES]
        flow = made([node("1", "start", variables=VARIABLES), node("3", "end", outputs=outputs)], [("1", "3")])
        page = studio.open_app(studio.services.workflows.create("workflow", "Kinds", workflow=flow))
        page.show_drawer("run")
        form: Any = page.run_panel.form
        inputs = {"text": "一", "long": "two\nlines", "count": 3.5, "kind": "乙", "sure": True, "data": {"a": [1]}}
        form.load(inputs)
        form.findChildren(FilePick)[0].set_paths([paper])
        QTest.mouseClick(page.run_panel.start, LEFT)
        until(lambda: page.session.run is not None and page.session.run.is_over)
        assert page.session.run is not None
        first = (page.session.run.summary or {})["outputs"]
        form.load({"text": "other", "long": "other", "count": 1, "kind": "a", "sure": False, "data": {}})
        page.session.submit(SetApp("name", "Renamed"), "Rename")

        log = open_log(studio)
        press_test(log, 0, words)
        until(lambda: studio.page.run_panel.form.typed()["text"] == "一")
        assert not studio.page.session.read_only
        before = studio.page.session.run
        QTest.mouseClick(studio.page.run_panel.start, LEFT)
        until(lambda: studio.page.session.run is not before and bool(studio.page.session.run.is_over))
        again = (studio.page.session.run.summary or {})["outputs"]
        for name in ("text", "long", "count", "kind", "sure", "data"):
            assert again[name] == first[name], name
        assert again["paper"]["filename"] == "纸.txt"


@pytest.mark.spec("editor.76")
def test_a_talk_is_filled_in_with_its_question_and_inputs(studio: Studio) -> None:
    who = {"variable": "who", "type": "text-input", "label": "Who", "required": True}
    app = studio.services.workflows.create("advanced-chat", "Talk", workflow=talking_flow(variables=[who]))
    page = studio.open_app(app)
    QTest.mouseClick(studio.window.top.run, LEFT)
    studio.settle()
    chat: Any = page.chat
    QTest.keyClicks(chat.form.findChild(object, "input who"), "Ann")
    say(chat, "How far?")
    answered(chat, 1)
    studio.window.do("close_tab")
    log = open_log(studio)
    press_test(log, 0, "Test with params")
    until(lambda: studio.window.page is not None)
    fresh: Any = studio.page.chat
    until(lambda: fresh.edit.toPlainText() == "How far?")
    assert fresh.form.typed()["who"] == "Ann"
    studio.activate()
    fresh.edit.setFocus()
    QTest.keyClick(fresh.edit, Qt.Key.Key_Return)
    until(lambda: bool(fresh.turns) and fresh.turns[-1].answers[-1].over)
    assert fresh.turns[-1].text.text().endswith("How far?")
