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
from engine.model.edits import SetApp, SetField
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
def test_a_talk_is_filled_in_with_its_question_inputs_and_files(studio: Studio, tmp_path: Path) -> None:
    who = {"variable": "who", "type": "text-input", "label": "Who", "required": True}
    upload = {"file_upload": {"enabled": True, "allowed_file_types": ["document"], "number_limits": 2}}
    flow = talking_flow(upload, answer="{{#sys.query#}} with {{#sys.files#}}", variables=[who])
    app = studio.services.workflows.create("advanced-chat", "Talk", workflow=flow)
    paper = tmp_path / "纸.txt"
    paper.write_text("hello")
    page = studio.open_app(app)
    QTest.mouseClick(studio.window.top.run, LEFT)
    studio.settle()
    chat: Any = page.chat
    QTest.keyClicks(chat.form.findChild(object, "input who"), "Ann")
    chat.composer.add_paths([paper])
    say(chat, "How far?")
    answered(chat, 1)
    log = open_log(studio)
    press_test(log, 0, "Test with params")  # into a conversation that goes on, whose inputs are folded away
    until(lambda: chat.edit.toPlainText() == "How far?")
    assert chat.form.isVisible()
    studio.window.do("close_tab")
    press_test(log, 0, "Test with params")
    until(lambda: studio.window.page is not None)
    fresh: Any = studio.page.chat
    until(lambda: fresh.edit.toPlainText() == "How far?")
    assert fresh.form.typed()["who"] == "Ann"
    assert [chip.accessibleName() for chip in fresh.composer.chips.findChildren(QPushButton)] == ["Remove 纸.txt"]
    studio.activate()
    fresh.edit.setFocus()
    QTest.keyClick(fresh.edit, Qt.Key.Key_Return)
    until(lambda: bool(fresh.turns) and fresh.turns[-1].answers[-1].over)
    assert fresh.turns[-1].text.text().startswith("How far? with")
    assert "纸.txt" in fresh.turns[-1].text.text()
    files = [studio.services.runs.get(run.id)["inputs"]["sys.files"] for run in studio.services.runs.list().runs]
    assert [[f["filename"] for f in given] for given in files] == [["纸.txt"], ["纸.txt"]]


def one_field(variables: list[dict[str, Any]]) -> Any:
    outputs = [{"variable": "t", "value_selector": ["1", "t"]}]
    return made([node("1", "start", variables=variables), node("3", "end", outputs=outputs)], [("1", "3")])


@pytest.mark.spec("editor.76")
def test_what_was_empty_is_empty_and_what_has_no_place_any_more_is_told(studio: Studio, tmp_path: Path) -> None:
    kinds = {"n": "number", "s": "select", "c": "checkbox", "f": "file-list", "o": "paragraph"}
    more = [{"variable": k, "label": k, "type": t, "options": ["a", "b"]} for k, t in kinds.items()]
    text = {"variable": "t", "label": "T", "type": "text-input", "required": True}
    page = studio.open_app(studio.services.workflows.create("workflow", "Later", workflow=one_field([text, *more])))
    page.show_drawer("run")
    paper = tmp_path / "paper.txt"
    paper.write_text("hello")
    later = {"t": "second", "n": 5, "s": "b", "c": True, "o": "more"}
    for values, files in (({"t": "first"}, []), (later, [paper])):
        page.run_panel.tabs.setCurrentIndex(0)
        form: Any = page.run_panel.form
        form.load(values)
        form.findChildren(FilePick)[0].set_paths(files)
        before = page.session.run
        QTest.mouseClick(page.run_panel.start, LEFT)
        until(lambda before=before: page.session.run is not before and bool(page.session.run.is_over))
    studio.activate()
    log = open_log(studio)
    press_test(log, 1, "Test with params")
    until(lambda: page.run_panel.form.typed()["t"] == "first")
    form = page.run_panel.form
    assert form.typed() == {"t": "first", "n": "", "s": None, "c": False, "o": ""}
    assert form.findChildren(FilePick)[0].value() == []
    assert studio.messages.told == []

    other = {"variable": "s", "label": "S", "type": "select", "options": ["x", "y"], "required": True}
    fresh = {"variable": "u", "label": "U", "type": "text-input", "default": "yes"}
    page.session.submit(SetField("1", ("variables",), [other, fresh]), "Inputs")
    press_test(log, 0, "Test with params")
    until(lambda: bool(studio.messages.told))
    assert studio.messages.told == ["Not filled in, for the workflow has changed since: t, n, c, f, o, s"]
    assert page.run_panel.form.typed() == {"s": None, "u": "yes"}, "nothing is chosen in place of what is gone"


@pytest.mark.spec("editor.76")
def test_a_workflow_in_the_trash_is_brought_back_first(studio: Studio) -> None:
    text = {"variable": "t", "label": "T", "type": "text-input", "required": True}
    app = studio.services.workflows.create("workflow", "Gone", workflow=one_field([text]))
    studio.open_app(app)
    studio.run({"t": "first"})
    studio.window.do("close_tab")
    studio.services.workflows.delete(app)
    log = open_log(studio)
    press_test(log, 0, "Test with params")
    until(lambda: bool(studio.messages.asked))
    assert studio.messages.asked[0].startswith("“Gone” is in the trash.: Restore it")
    assert studio.window.page is None
    assert studio.services.workflows.get(app).deleted_at is not None

    studio.messages.answers.append(True)
    press_test(log, 0, "Test with params")
    until(lambda: studio.window.page is not None and studio.page.run_panel.form.typed() == {"t": "first"})
    assert studio.services.workflows.get(app).deleted_at is None
    assert [item.id for item in studio.services.workflows.list()] == [app]
    assert studio.messages.offers[-1][0] == "Undo"


@pytest.mark.spec("editor.76")
def test_what_came_in_from_outside_can_be_given_to_the_draft_again(studio: Studio) -> None:
    body = [{"name": "a", "type": "string", "required": False}]
    hook = node("w", "trigger-webhook", title="Hook", method="post", content_type="application/json", body=body)
    end = node("3", "end", outputs=[{"variable": "t", "value_selector": ["w", "a"]}])
    flow = made([hook, end], [("w", "3")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Hears", workflow=flow))
    data = {"webhook_data": {"body": {"a": "hi"}, "headers": {}, "query_params": {}}}
    first = studio.window.running.start_heard(page, "w", data)
    until(lambda: first is not None and first.is_over)
    press_test(open_log(studio), 0, "Test with params")
    until(lambda: bool(studio.messages.offers))
    assert studio.messages.told == ["This run began at “Hook”."]
    studio.messages.offers[-1][1]()
    until(lambda: page.session.run is not first and page.session.run is not None and page.session.run.is_over)
    assert page.session.run is not None
    assert (page.session.run.summary or {})["outputs"] == {"t": "hi"}
