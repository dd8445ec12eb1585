"""The text about a block, asked for wherever there are blocks, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton, QWidget

from editor.dialogs.block_help import BlockHelpWindow
from editor.i18n import set_language
from editor.panels.block_list import TYPE, DragList
from editor.panels.palette import BlockSelector, Palette
from editor.retelling import retell
from editor.screenshot import wait_until
from tests.engine.services.test_tools import SHOUT, end, published, start, tool, workflow
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_favourites import offered
from tests.journeys.test_first_hour import popup

LEFT = Qt.MouseButton.LeftButton
HELP = Qt.KeyboardModifier.ShiftModifier
OUTER = workflow("Outer", start(), {**tool("workflow", "", "shout", word="hello"), "title": "Call"}, end(said=["1"]))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language("en")


def shown(within: QWidget) -> BlockHelpWindow:
    """The window about a block."""
    found = lambda: [w for w in within.findChildren(BlockHelpWindow) if w.isVisible()]  # noqa: E731
    assert wait_until(lambda: len(found()) == 1, 10), found()
    assert wait_until(found()[0].isActiveWindow, 10)
    return found()[0]


def select(studio: Studio, node_type: str) -> str:
    nodes = studio.page.session.document.graph.nodes.values()
    node_id = next(n.id for n in nodes if n.type == node_type)
    studio.page.canvas.select([node_id])
    studio.settle()
    return node_id


def choose(menu: QWidget, words: str) -> None:
    """Click the row of a menu."""
    assert isinstance(menu, QMenu)
    row = next(a for a in menu.actions() if a.text().partition("\t")[0] == words)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(row).center())


def row_of(blocks: DragList, name: str) -> int:
    return next(r for r in range(blocks.count()) if blocks.item(r).data(TYPE) == name)


def test_from_the_inspector_and_back_with_escape(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    select(studio, "llm")
    page.inspector.title.setFocus()
    QTest.keyClick(page.inspector.title, Qt.Key.Key_F1, HELP)
    window = shown(studio.window)
    assert window.node_type == "llm"
    assert "reasoning_content" in window.view.text()
    assert window.windowTitle() == "About LLM"
    QTest.keyClick(window.area, Qt.Key.Key_Escape)
    assert wait_until(lambda: page.inspector.title.hasFocus(), 10)

    studio.click("About this block")
    assert shown(studio.window).node_type == "llm"


def test_from_the_menu_of_a_node(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    node_id = select(studio, "start")
    page.canvas.ensure_visible(node_id)
    at = studio.hand.at_node(node_id).toPoint()
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, page.canvas.mapToGlobal(at))
    QApplication.sendEvent(page.canvas, asked)
    choose(popup(QMenu), "About this block")
    window = shown(studio.window)
    assert window.node_type == "start"
    page.menus.node_menu(select(studio, "llm"), page.canvas.mapToGlobal(page.canvas.rect().center()))
    choose(popup(QMenu), "About this block")
    assert shown(studio.window) is window, "one window is enough"
    assert window.node_type == "llm"


def test_related_blocks_lead_on_and_back(studio: Studio) -> None:
    studio.sample("parallel-summaries")
    select(studio, "llm")
    studio.click("About this block")
    window = shown(studio.window)
    assert not window.back.isVisible()
    names = [b.text() for b in window.related.findChildren(QPushButton) if b.isVisible()]
    assert names == ["Agent", "Question classifier", "Parameter extractor", "Answer"]
    studio.click("About Question classifier", window)
    assert window.node_type == "question-classifier"
    studio.click("About If / Else", window)
    assert window.node_type == "if-else"
    QTest.mouseClick(window.back, LEFT)
    QTest.keyClick(window.area, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert window.node_type == "llm"
    assert not window.back.isVisible()


def test_another_language_is_spoken_at_once(studio: Studio) -> None:
    studio.sample("parallel-summaries")
    select(studio, "llm")
    studio.click("About this block")
    window = shown(studio.window)
    set_language("zh_CN")
    retell()
    assert "## 何时使用" in window.view.text()
    assert window.windowTitle() == "关于LLM"
    assert "问题分类器" in [b.text() for b in window.related.findChildren(QPushButton)]
    closers = [b.accessibleName() for b in window.findChildren(QToolButton) if b.isVisible()]
    assert "关闭" in closers


def test_from_the_panel_of_blocks_by_menu_and_key(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Blocks"))
    blocks = page.findChildren(Palette)[0].list
    row = row_of(blocks, "loop")
    blocks.scrollToItem(blocks.item(row))
    blocks.customContextMenuRequested.emit(blocks.visualItemRect(blocks.item(row)).center())
    choose(popup(QMenu), "About this block")
    window = shown(studio.window)
    assert window.node_type == "loop"
    window.reject()

    studio.activate()
    blocks.setFocus()
    blocks.setCurrentRow(row_of(blocks, "code"))
    QTest.keyClick(blocks, Qt.Key.Key_F1, HELP)
    assert shown(studio.window).node_type == "code"


def test_from_the_popup_of_blocks_which_stays_open(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "Blocks"))
    selector: BlockSelector = offered(studio)
    QTest.keyClicks(selector.search, "http")
    QTest.keyClick(selector.search, Qt.Key.Key_F1, HELP)
    window = shown(selector)
    assert window.node_type == "http-request"
    QTest.keyClick(window.area, Qt.Key.Key_Escape)
    assert wait_until(lambda: not window.isVisible(), 10)
    assert selector.isVisible()
    assert selector.search.text() == "http"
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    assert any(n.type == "http-request" for n in studio.page.session.document.graph.nodes.values())


def test_nothing_selected_is_said(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    page.canvas.select([])
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_F1, HELP)
    assert studio.messages.told[-1] == "Select a node, or a block in the list."
    assert not studio.window.findChildren(BlockHelpWindow)


def test_a_tool_tells_of_itself_and_its_workflow_is_opened(studio: Studio) -> None:
    published(studio.services, SHOUT)
    studio.window.studio.tools.refresh()
    assert wait_until(lambda: any(g.kind == "workflow" for g in studio.window.studio.tools.groups), 30)
    outer = studio.open_app(studio.services.workflows.create("workflow", "Outer", workflow=OUTER))
    node_id = studio.node("Call")
    outer.canvas.select([node_id])
    studio.settle()
    studio.click("About this block")
    window = shown(studio.window)
    assert "## Parameters" in window.tool_view.text()
    assert "- `word` (string, required)" in window.tool_view.text()
    assert "## When to use it" in window.view.text(), "what tools are is told, too"
    studio.click("Open workflow", window)
    assert wait_until(lambda: studio.page is not outer, 30)
    assert studio.page.session.name.startswith("Shout")

    studio.window.show_page(outer)
    outer.menus.node_menu(node_id, outer.canvas.mapToGlobal(outer.canvas.rect().center()))
    choose(popup(QMenu), "Open workflow")
    assert wait_until(lambda: studio.page is not outer, 30)
    assert QApplication.activePopupWidget() is None


def test_a_tool_in_the_panel_tells_of_itself(studio: Studio) -> None:
    studio.window.studio.tools.refresh()
    assert wait_until(lambda: bool(studio.window.studio.tools.groups), 30)
    page = studio.open_app(studio.services.workflows.create("workflow", "Blocks"))
    palette = page.findChildren(Palette)[0]
    palette.parts.tabs.setCurrentIndex(1)
    studio.activate()
    palette.search.setFocus()
    QTest.keyClicks(palette.search, "current_time")
    QTest.keyClick(palette.search, Qt.Key.Key_F1, HELP)
    window = shown(studio.window)
    assert window.node_type == "tool"
    assert "Provider: " in window.tool_view.text()
    assert not window.opener.isVisible()
