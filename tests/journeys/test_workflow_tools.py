"""A workflow that is called as a tool: its run stands in the trace of the caller, and is opened from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest

from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from tests.engine.services.test_tools import SHOUT, end, published, start, tool, workflow
from tests.helpers.studio import Studio, opened_studio

OUTER = workflow(
    "Outer", start(), {**tool("workflow", "", "shout", word="hello"), "title": "Call it"}, end(said=["1", "loud"])
)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        opened.services.open_workspace()
        published(opened.services, SHOUT)
        opened.window.studio.tools.refresh()
        assert wait_until(lambda: any(g.kind == "workflow" for g in opened.window.studio.tools.groups), 30)
        yield opened


def ran(studio: Studio) -> tuple[WorkflowPage, QModelIndex]:
    """The caller after its run, with the line of the called run in its trace."""
    studio.open_app(studio.services.workflows.create("workflow", "Outer", workflow=OUTER))
    page = studio.page
    summary = studio.run()
    assert summary["outputs"] == {"said": "HELLO!"}, summary
    page.show_drawer("trace")
    model = page.trace.model
    step = next(i for row in range(model.rowCount()) if (i := model.index(row, 0, QModelIndex())).data() == "Call it")
    assert wait_until(lambda: model.rowCount(step) == 1, 30)
    page.trace.tree.expand(step)
    return page, model.index(0, 0, step)


def opened(studio: Studio, before: WorkflowPage) -> WorkflowPage:
    """The page that came up instead."""
    assert wait_until(lambda: studio.page is not before, 60)
    return studio.page


def test_the_called_run_is_nested_in_the_trace(studio: Studio) -> None:
    page, child = ran(studio)
    tree, model = page.trace.tree, page.trace.model
    assert child.data() == "Run of the workflow"
    tree.setFocus()
    tree.setCurrentIndex(child)
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert wait_until(lambda: model.rowCount(child) == 3, 60)
    titles = [model.index(row, 0, child).data() for row in range(3)]
    assert titles == ["start", "template-transform", "end"]
    canvas_node = page.session.document.graph.node("1")
    QTest.keyClick(tree, Qt.Key.Key_Down)
    assert model.entry(tree.currentIndex()).kind == "inner"  # type: ignore[union-attr]
    assert canvas_node.title == "Call it"


def test_the_called_run_is_opened_with_a_click(studio: Studio) -> None:
    page, child = ran(studio)
    page.trace.tree.setCurrentIndex(child.parent())
    studio.settle()
    studio.click("Open the run of the workflow", page.trace.details)
    past = opened(studio, page)
    assert past.session.read_only
    assert past.session.name.startswith("Shout")
    state = past.session.whole_state
    assert state is not None
    assert [n.node_type for n in state.executions.values()] == ["start", "template-transform", "end"]


def test_the_called_run_is_opened_with_a_double_click(studio: Studio) -> None:
    page, child = ran(studio)
    tree = page.trace.tree
    tree.scrollTo(child)
    place = tree.visualRect(child).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened(studio, page).session.name.startswith("Shout")
