"""What somebody does in the first hour: build a flow by mouse, run it, find it in the log, publish, restore."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QWidget

from editor.dialogs.publish import PublishDialog
from editor.panels.palette import BlockSelector, Palette
from editor.panels.variable_picker import VariablePicker
from editor.screenshot import wait_until
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def choose_in_list(blocks: QListWidget, title: str) -> None:
    item = next(blocks.item(row) for row in range(blocks.count()) if blocks.item(row).text() == title)
    blocks.scrollToItem(item)
    QTest.mouseClick(blocks.viewport(), LEFT, pos=blocks.visualItemRect(item).center())


def popup(kind: type[QWidget]) -> QWidget:
    assert wait_until(lambda: any(isinstance(w, kind) and w.isVisible() for w in QApplication.topLevelWidgets()), 10)
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())


def pick_variable(studio: Studio, field: str, name: str) -> None:
    """Open a selector field and choose a variable by typing its name."""
    studio.click(field)
    picker = popup(VariablePicker)
    assert isinstance(picker, VariablePicker)
    QTest.keyClicks(picker.search, name)
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert wait_until(lambda: not picker.isVisible(), 5)


def build_greeting(studio: Studio) -> None:
    """Start -> Template -> Output, with the mouse."""
    QTest.keyClick(studio.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert wait_until(lambda: studio.window.page is not None, 20)
    studio.click("Start")
    studio.settle()
    page, hand = studio.page, studio.hand
    hand.look(1.0, 60, 160)
    palette = page.panels["palette"]
    assert isinstance(palette, Palette)
    choose_in_list(palette.list, "Template")
    hand.move(QPointF(460, 300), Qt.MouseButton.NoButton)
    hand.click(QPointF(460, 300))
    start, template = studio.node("Start"), studio.node("Template")
    hand.drag(hand.at_socket(start), hand.at_socket(template, "target"))

    hand.click(hand.at_node(start, 60, 20))
    studio.settle()
    hand.click(hand.at_node(template, 60, 20))
    studio.settle()
    studio.click("Remove")
    studio.settle()
    code = studio.field("Template")
    code.setFocus()
    QTest.keyClick(code, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(code, "Hello from the canvas")

    hand.drag(hand.at_socket(template), QPointF(780, 420))
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    choose_in_list(selector.list, "Output")
    end = studio.node("Output")
    hand.click(hand.at_node(end, 60, 20))
    studio.settle()
    studio.click("Add output")
    studio.settle()
    pick_variable(studio, "Output value", "output")


@pytest.mark.spec("editor.11", "editor.16")
def test_a_flow_is_built_by_mouse_run_found_in_the_log_published_and_restored(studio: Studio) -> None:
    build_greeting(studio)
    page = studio.page
    graph = page.session.document.graph
    assert [(graph.node(e.source).type, graph.node(e.target).type) for e in graph.edges.values()] == [
        ("start", "template-transform"),
        ("template-transform", "end"),
    ]

    QTest.mouseClick(studio.window.top.run, LEFT)
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 30)
    assert page.session.run_state is not None
    assert (page.session.run_state.status, page.session.run_state.outputs) == (
        "succeeded",
        {"result": "Hello from the canvas"},
    )
    assert page.run_panel.text.toPlainText() == "Hello from the canvas"

    QTest.mouseClick(page.rail_buttons["history"], LEFT)
    history = page.panels["history"]
    runs = history.findChild(QListWidget)
    assert wait_until(lambda: runs.count() == 1, 10)
    QTest.mouseClick(runs.viewport(), LEFT, pos=runs.visualItemRect(runs.item(0)).center())
    assert wait_until(lambda: studio.page is not page, 10)
    past = studio.page
    assert past.session.read_only
    assert past.banner.isVisible()
    model = past.trace.model
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["Start", "Template", "Output"]
    QTest.mouseClick(past.banner_back, LEFT)
    assert wait_until(lambda: studio.window.page is page, 10)

    publish(studio, "First words")
    template = studio.node("Template")
    studio.hand.click(studio.hand.at_node(template, 60, 20))
    studio.settle()
    code = studio.field("Template")
    code.setFocus()
    QTest.keyClick(code, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(code, "Other words")
    assert page.session.document.graph.node(template).data["template"] == "Other words"

    studio.messages.answers = [True]
    page.show_panel("versions")
    versions = page.panels["versions"].findChild(QListWidget)
    assert wait_until(lambda: versions.count() == 2, 10)
    page.panels["versions"].restore.emit(versions.item(1).data(Qt.ItemDataRole.UserRole))
    assert wait_until(
        lambda: page.session.document.graph.node(template).data["template"] == "Hello from the canvas", 10
    )
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.session.document.graph.node(template).data["template"] == "Other words"


def publish(studio: Studio, name: str) -> None:
    QTest.mouseClick(studio.window.top.publish, LEFT)
    dialog = studio.dialog(PublishDialog)
    assert isinstance(dialog, PublishDialog)
    QTest.keyClicks(dialog.name, name)
    QTest.mouseClick(dialog.publish, LEFT)
    page = studio.page
    assert wait_until(lambda: [v.name for v in studio.services.versions.list(page.session.app_id)] == [name], 10)


def test_the_library_offers_nothing_that_needs_a_workflow(studio: Studio) -> None:
    top = studio.window.top
    assert not top.tools.isVisible()
    studio.sample("question-answering")
    assert top.run.isVisible()
    studio.window.tab_bar.setCurrentIndex(0)
    assert not top.tools.isVisible()
