"""The empty canvas: it says where to begin, and a click or a key begins there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.windows.beginning import Beginning
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def emptied(studio: Studio, mode: str) -> Beginning:
    """A workflow whose canvas was cleared by keys, and what it offers then."""
    studio.open_app(studio.services.workflows.create(mode, "Cleared"))
    studio.activate()
    canvas = studio.page.canvas
    offer = canvas.findChild(Beginning)
    assert isinstance(offer, Beginning)
    assert not offer.isVisible(), "a canvas with nodes offers no beginning"
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    studio.settle()
    assert not studio.page.session.document.graph.nodes
    assert offer.isVisible()
    return offer


@pytest.mark.parametrize("name", ["start", "trigger-webhook", "trigger-schedule"])
def test_a_click_begins_the_workflow_and_undo_offers_it_again(studio: Studio, name: str) -> None:
    offer = emptied(studio, "workflow")
    QTest.mouseClick(offer.buttons[name], LEFT)
    studio.settle()
    canvas, nodes = studio.page.canvas, studio.page.session.document.graph.nodes
    (node,) = nodes.values()
    assert node.type == name
    assert canvas.selected_nodes() == [node.id]
    assert canvas.hasFocus()
    assert canvas.rect().contains(canvas.node_rect(node.id).toRect())
    assert not offer.isVisible()
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    studio.settle()
    assert not studio.page.session.document.graph.nodes
    assert offer.isVisible()


def test_a_chat_flow_begins_with_what_is_said_alone_and_the_space_key_is_enough(studio: Studio) -> None:
    offer = emptied(studio, "advanced-chat")
    assert list(offer.buttons) == ["start"]
    offer.buttons["start"].setFocus()
    QTest.keyClick(offer.buttons["start"], Qt.Key.Key_Space)
    studio.settle()
    assert [node.type for node in studio.page.session.document.graph.nodes.values()] == ["start"]
