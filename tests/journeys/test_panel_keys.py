"""Keys while the keyboard is in a panel: what is listed there is meant, never the nodes of the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from editor.keymap import native
from editor.panels.changes import Changes
from editor.panels.forms.fields import SelectorField
from tests.helpers.studio import Studio

CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.mark.spec("editor.1")
@pytest.mark.parametrize(
    ("key", "keys"), [(Qt.Key.Key_Delete, NONE), (Qt.Key.Key_Backspace, NONE), (Qt.Key.Key_X, CTRL)]
)
def test_keys_that_take_nodes_do_not_from_a_panel(studio: Studio, key: Qt.Key, keys: Qt.KeyboardModifier) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    node_id = studio.node("Senior desk")
    studio.hand.click(studio.hand.at_node(node_id))
    page.show_panel("changes")
    changes = page.panels["changes"]
    assert isinstance(changes, Changes)
    changes.list.setFocus()
    before = page.session.document.graph
    QTest.keyClick(changes.list, key, keys)
    assert page.session.document.graph is before
    assert "Esc goes back" in studio.window._toast.words.text()

    QTest.keyClick(changes.list, Qt.Key.Key_Escape)
    assert page.canvas.hasFocus()
    studio.messages.answers = [True]  # what reads the node is named first
    QTest.keyClick(page.canvas, key, keys)
    assert node_id not in page.session.document.graph.nodes


def test_copying_in_a_panel_copies_what_is_chosen_there(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    studio.hand.click(studio.hand.at_node(studio.node("Senior desk")))
    QTest.keyClick(page.canvas, Qt.Key.Key_Right)
    page.show_panel("changes")
    changes = page.panels["changes"]
    assert isinstance(changes, Changes)
    changes.list.setFocus()
    QTest.keyClick(changes.list, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text().startswith("Move node")
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_C, CTRL)
    assert "dify-workflow-clipboard" in QGuiApplication.clipboard().text()


def test_the_menu_of_a_start_offers_nothing_that_a_start_does_not_do(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    page.menus.node_menu(studio.node("Start"), page.mapToGlobal(page.rect().center()))
    menu = next(m for m in page.findChildren(QMenu) if m.isVisible())
    rows = {a.text().split("\t")[0]: a.text().partition("\t")[2] for a in menu.actions() if a.text()}
    assert not {"Copy", "Cut", "Duplicate", "Change the type…"} & set(rows)
    assert rows["Run this step"] == native("F10")
    menu.close()


def test_a_chosen_variable_leads_to_its_node_and_can_be_taken_away(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    studio.hand.click(studio.hand.at_node(studio.node("End")))
    field = page.inspector.findChildren(SelectorField)[0]
    field.button.customContextMenuRequested.emit(QPoint(4, 4))
    menu = next(m for m in field.findChildren(QMenu) if m.isVisible())
    rows = {a.text(): a for a in menu.actions()}
    assert list(rows) == ["Choose a variable", "Go to The one reply", "Copy the reference", "Clear"]
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(rows["Clear"]).center())
    end = page.session.document.graph.nodes[studio.node("End")]
    assert end.data["outputs"][0]["value_selector"] == []
    page.session.undo()
    field.button.customContextMenuRequested.emit(QPoint(4, 4))
    menu = next(m for m in field.findChildren(QMenu) if m.isVisible())
    go = next(a for a in menu.actions() if a.text() == "Go to The one reply")
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(go).center())
    assert page.canvas.selected_nodes() == [studio.node("The one reply")]
