"""Keys while the keyboard is in a panel: what is listed there is meant, never the nodes of the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.panels.changes import Changes
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
    QTest.keyClick(page.canvas, key, keys)
    assert node_id not in page.session.document.graph.nodes
