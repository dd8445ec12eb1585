"""Starting a run by Alt+R (statement 55), relations under Shift (31), the picture of a workflow (35), in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.hashing import content_hash
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio

ALT = Qt.KeyboardModifier.AltModifier


def opened(studio: Studio, tmp_path: Path, nodes: list[dict[str, Any]], edges: list[tuple[str, ...]]) -> WorkflowPage:
    path = tmp_path / "flow.yml"
    path.write_text(dsl(nodes, edges), encoding="utf-8")
    page = studio.open_file(path)
    studio.activate()
    page.canvas.setFocus()
    return page


def chain(variables: list[dict[str, Any]], template: str, selector: list[str] | None) -> list[dict[str, Any]]:
    names = [{"variable": "q", "value_selector": selector}] if selector else []
    return [
        node("start", "start", variables=variables),
        node("say", "template-transform", x=350, title="Say", template=template, variables=names),
        node("end", "end", x=700, outputs=[{"variable": "r", "value_selector": ["say", "output"]}]),
    ]


EDGES = [("start", "say"), ("say", "end")]


@pytest.mark.spec("editor.55")
def test_without_inputs_the_key_runs_at_once(studio: Studio, tmp_path: Path) -> None:
    page = opened(studio, tmp_path, chain([], "Hello", None), EDGES)
    QTest.keyClick(page.canvas, Qt.Key.Key_R, ALT)
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 60)
    assert page.session.run_state is not None
    assert page.session.run_state.status == "succeeded"


@pytest.mark.spec("editor.55")
def test_with_inputs_the_form_offers_the_values_of_the_last_run(studio: Studio, tmp_path: Path) -> None:
    asked = [{"variable": "q", "label": "Question", "type": "paragraph", "required": True}]
    page = opened(studio, tmp_path, chain(asked, "{{ q }}", ["start", "q"]), EDGES)

    def text() -> QPlainTextEdit:
        QTest.keyClick(page.canvas, Qt.Key.Key_R, ALT)
        studio.settle()
        assert page.run_panel.form is not None
        assert page.drawer.isVisible()
        return next(w for w in page.run_panel.form.findChildren(QPlainTextEdit) if w.isVisible())

    edit = text()
    assert page.session.run is None, "it asks before it runs"
    edit.setFocus()
    QTest.keyClicks(edit, "What is a river?")
    QTest.mouseClick(page.run_panel.start, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 60)
    page.hide_drawer()
    page.canvas.setFocus()
    assert text().toPlainText() == "What is a river?"

    app_id = page.session.app_id
    studio.window.do("close_tab")
    page = studio.open_app(app_id)
    studio.activate()
    page.canvas.setFocus()
    edit = text()
    assert edit.toPlainText() == "What is a river?", "also where it was closed meanwhile"
    assert studio.window.focusWidget() is edit
    edit.setFocus()
    QTest.keyClicks(edit, "x")
    page.hide_drawer()
    page.canvas.setFocus()
    assert text().toPlainText() == "xWhat is a river?"


@pytest.mark.spec("editor.31")
def test_relations_under_shift_are_dashed_and_saving_keeps_none_of_them(studio: Studio, tmp_path: Path) -> None:
    asked = [{"variable": "q", "label": "Question", "type": "paragraph", "required": True}]
    nodes = chain(asked, "{{ q }}", ["start", "q"])
    nodes[2]["data"]["outputs"].append({"variable": "s", "value_selector": ["start", "q"]})
    nodes.append(node("apart", "template-transform", x=350, y=300, title="Apart", template="x", variables=[]))
    page = opened(studio, tmp_path, nodes, EDGES)
    canvas, document = page.canvas, page.session.document
    canvas.fit()
    before = content_hash(document.workflow)
    canvas.select(["end"])
    studio.settle()
    canvas.setFocus()
    plain = canvas.grab().toImage()
    QTest.keyPress(canvas, Qt.Key.Key_Shift)
    studio.settle()
    assert canvas.state.dimmed == {"apart"}
    assert set(canvas.runs.relations) == {("end", "say"), ("end", "start")}
    assert canvas.grab().toImage() != plain
    studio.window.do("save")
    stored = studio.services.workflows.load(page.session.app_id)
    assert content_hash(stored.workflow) == before
    assert "dimmed" not in str(stored.workflow.to_json())
    QTest.keyRelease(canvas, Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier)
    studio.settle()
    assert not canvas.state.dimmed
    assert not canvas.runs.relations
    assert not document.can_undo
    assert wait_until(lambda: canvas.grab().toImage() == plain, 10)


@pytest.mark.spec("editor.35")
def test_the_picture_has_every_node_where_it_stands_whatever_is_seen_of_it(studio: Studio, tmp_path: Path) -> None:
    nodes = chain([], "Hello", None)
    nodes += [node(f"far{n}", "code", x=4000 * n, y=2500 * n, code="", variables=[], outputs={}) for n in (-1, 1)]
    page = opened(studio, tmp_path, nodes, EDGES)
    canvas = page.canvas
    canvas.select(["say"])
    picture = canvas.render_image(2.0)
    bounds = canvas.scene.bounds()
    assert bounds is not None
    ground = picture.pixelColor(2, 2)
    for node_id, item in canvas.scene.items.items():
        box = item.box
        at = QPointF((box.left - bounds.left + 40 + 12) * 2, (box.top - bounds.top + 40 + 12) * 2)
        assert picture.pixelColor(round(at.x()), round(at.y())) != ground, node_id
    canvas.select([])
    assert canvas.render_image(2.0) == picture, "no marks of what is chosen"
