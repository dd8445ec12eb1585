"""Workflow files let fall on the window, and files on inputs, as the window system does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from editor.panels.file_pick import FilePick
from editor.screenshot import wait_until
from engine.model.hashing import content_hash
from tests.helpers.model import made, node
from tests.helpers.studio import TEMPLATES, Studio, opened_studio

LEFT, NO_KEYS, COPY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
FILE = TEMPLATES / "code-with-an-error-branch.yml"
PLACES: dict[str, Callable[[Studio], QWidget]] = {
    "canvas": lambda studio: studio.page.canvas,
    "top bar": lambda studio: studio.window.top,
    "panel": lambda studio: studio.page.panels["palette"],
    "inspector": lambda studio: studio.page.inspector,
    "trace": lambda studio: studio.page.trace,
}


def drop(studio: Studio, target: QWidget, *files: Path) -> None:
    """From the edge of a part into it, and let go; Qt finds who takes it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    place = QPoint(12, 12)
    enter = QDragEnterEvent(place, COPY, data, LEFT, NO_KEYS)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted(), "nobody takes the file here"
    QApplication.sendEvent(target, QDragMoveEvent(place, COPY, data, LEFT, NO_KEYS))
    let_go = QDropEvent(QPointF(place), COPY, data, LEFT, NO_KEYS)
    QApplication.sendEvent(target, let_go)
    assert let_go.isAccepted()
    studio.settle()


def types(studio: Studio) -> set[str]:
    return {n.type for n in studio.page.session.document.graph.nodes.values()}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.spec("editor.79")
def test_a_workflow_file_is_offered_as_new_or_over_the_open_app(studio: Studio, place: str) -> None:
    page = studio.sample("branch-on-a-condition")
    page.show_drawer("trace")
    page.canvas.select([studio.node("Start")])
    studio.settle()
    before = content_hash(page.session.document.workflow)

    studio.messages.answers = [None]
    drop(studio, PLACES[place](studio), FILE)
    assert "Open as a new workflow" in studio.messages.asked[-1]
    assert "Import over “Branch on a condition”" in studio.messages.asked[-1]
    assert content_hash(page.session.document.workflow) == before, "it was left alone"

    studio.messages.answers = [1]
    drop(studio, PLACES[place](studio), FILE)
    assert wait_until(lambda: "code" in types(studio), 20)
    assert studio.page is page
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert content_hash(page.session.document.workflow) == before

    studio.messages.answers = [0]
    drop(studio, PLACES[place](studio), FILE)
    assert wait_until(lambda: len(studio.window.workflow_pages()) == 2, 20)
    assert studio.page is not page
    assert "code" in types(studio)
    assert content_hash(page.session.document.workflow) == before


@pytest.mark.spec("editor.79")
def test_what_is_no_workflow_is_told_and_several_come_in_together(studio: Studio, tmp_path: Path) -> None:
    studio.sample("branch-on-a-condition")
    text, broken = tmp_path / "notes.txt", tmp_path / "broken.yml"
    text.write_text("x")
    broken.write_text("app: [unclosed")
    drop(studio, studio.window.top, text)
    assert studio.messages.asked == []
    studio.messages.answers = [0]
    drop(studio, studio.page.canvas, broken)
    assert wait_until(lambda: bool(studio.messages.errors), 20)
    count = len(studio.services.workflows.list())
    drop(studio, studio.window.top, FILE, TEMPLATES / "chat-companion.yml")
    assert wait_until(lambda: len(studio.services.workflows.list()) == count + 2, 20)


@pytest.mark.spec("editor.79")
def test_a_file_over_a_past_state_opens_as_new_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = studio.sample("branch-on-a-condition")
        name = page.session.name
        studio.messages.answers = [0]
        drop(studio, page.canvas, FILE)
        asked = studio.messages.asked[-1]
        assert "作为新工作流打开" in asked
        assert name in asked
        assert "Import" not in asked
        assert wait_until(lambda: len(studio.window.workflow_pages()) == 2, 20)


@pytest.mark.spec("editor.79")
def test_files_dropped_on_inputs_fill_them(studio: Studio, tmp_path: Path) -> None:
    variables = [
        {"variable": "one", "label": "One", "type": "file", "allowed_file_types": ["document"], "required": True},
        {
            "variable": "many", "label": "Many", "type": "file-list", "max_length": 3, "required": True,
            "allowed_file_types": ["document", "image"],
        },
    ]  # fmt: skip
    outputs = [
        {"variable": "one", "value_selector": ["1", "one"]},
        {"variable": "many", "value_selector": ["1", "many"]},
    ]
    flow = made([node("1", "start", variables=variables), node("3", "end", outputs=outputs)], [("1", "3")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Files", workflow=flow))
    QTest.keyClick(studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    studio.settle()
    form = page.run_panel.form
    assert form is not None
    one, many = form.findChildren(FilePick)
    paths = [tmp_path / name for name in ("一.txt", "b.txt", "c.png")]
    for path in paths:
        path.write_bytes(b"hello")
    drop(studio, one, paths[0])
    drop(studio, many, *paths[1:])
    assert "一.txt" in one.label.text()
    assert "b.txt, c.png" in many.label.text()
    assert studio.messages.asked == [], "the input takes them, not the window"
    QTest.mouseClick(page.run_panel.start, LEFT)
    assert wait_until(lambda: page.session.run is not None and page.session.run.is_over, 60)
    assert page.session.run is not None
    outputs_of = (page.session.run.summary or {})["outputs"]
    assert outputs_of["one"]["filename"] == "一.txt"
    assert [f["filename"] for f in outputs_of["many"]] == ["b.txt", "c.png"]
