"""What a workflow begins with: the place for a start in a new one, the empty canvas, another beginning, and what stays
when one deletes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget

from editor.panels.forms.beginnings import BeginningButton
from editor.screenshot import wait_until
from editor.windows.beginning import Beginning
from editor.windows.page import WorkflowPage
from engine.model.factory import new_workflow
from engine.model.graph import Graph, Node
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


def kinds(studio: Studio) -> list[str]:
    return [n.type for n in studio.page.session.document.graph.nodes.values()]


def opened(studio: Studio, flow: Workflow) -> WorkflowPage:
    page = studio.open_app(studio.services.workflows.create(flow.mode, "App", workflow=flow))
    studio.activate()
    page.canvas.setFocus()
    return page


def undo(studio: Studio) -> None:
    studio.activate()
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_Z, CTRL)
    studio.settle()


def menu_texts(studio: Studio) -> list[str]:
    menu = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())
    texts = [a.text().split("\t")[0] for a in menu.actions() if a.text()]
    menu.close()
    return texts


# -- a new workflow ----------------------------------------------------------------------------------------------------


def fresh(studio: Studio) -> WorkflowPage:
    studio.activate()
    QTest.keyClick(studio.window, Qt.Key.Key_N, CTRL)
    assert wait_until(lambda: studio.window.page is not None, 20)
    studio.settle()
    return studio.page


@pytest.mark.parametrize("name", ["start", "trigger-webhook", "trigger-schedule"])
def test_in_a_new_workflow_one_chooses_first_what_it_begins_with(studio: Studio, name: str) -> None:
    page = fresh(studio)
    assert kinds(studio) == ["start-placeholder"]
    (place,) = page.session.document.graph.nodes.values()
    assert place.title == "Workflow start"
    assert page.inspector.node_id == place.id, "its panel is there at once"
    offers = {b.accessibleName(): b for b in page.inspector.findChildren(BeginningButton) if b.isVisible()}
    assert list(offers) == ["Start", "Webhook", "Schedule"]
    chosen = dict(zip(("start", "trigger-webhook", "trigger-schedule"), offers.values(), strict=True))[name]
    chosen.setFocus()
    QTest.keyClick(chosen, Qt.Key.Key_Space)
    studio.settle()
    (begin,) = page.session.document.graph.nodes.values()
    assert (begin.type, begin.x, begin.y) == (name, place.x, place.y)
    assert page.inspector.node_id == begin.id
    assert not [b for b in page.inspector.findChildren(BeginningButton) if b.isVisible()]
    undo(studio)
    assert kinds(studio) == ["start-placeholder"]


def test_what_is_connected_to_the_place_stays_so_and_a_start_from_the_list_takes_it(studio: Studio) -> None:
    flow = made([node("1", "start-placeholder", title="Workflow start"), node("2", "end")], [("1", "2")])
    page = opened(studio, flow)
    page.canvas.select(["1"])
    studio.settle()
    page.canvas.start_ghost("trigger-webhook")
    hand = studio.hand
    hand.move(QPointF(700, 500), Qt.MouseButton.NoButton)
    hand.click(QPointF(700, 500))
    studio.settle()
    assert sorted(kinds(studio)) == ["end", "trigger-webhook"]
    graph = page.session.document.graph
    assert [(e.source, e.target) for e in graph.edges.values()] == [("1", "2")]
    undo(studio)
    assert sorted(kinds(studio)) == ["end", "start-placeholder"]


def test_the_menu_of_the_place_says_what_it_can_become(studio: Studio) -> None:
    page = fresh(studio)
    (place,) = page.session.document.graph.nodes
    page.menus.node_menu(place, page.mapToGlobal(page.rect().center()))
    texts = menu_texts(studio)
    assert texts[:3] == ["Begin with: Start", "Begin with: Webhook", "Begin with: Schedule"]
    assert not {"Copy", "Delete", "Change the type…"} & set(texts)


# -- another beginning -------------------------------------------------------------------------------------------------


def test_a_start_becomes_a_trigger_in_its_panel_and_what_others_read_is_named_before(studio: Studio) -> None:
    inputs = [{"variable": "city", "label": "City", "type": "text-input", "required": True}]
    flow = made(
        [node("1", "start", title="Start", variables=inputs), node("2", "template-transform", title="Say",
         template="{{ c }}", variables=[{"variable": "c", "value_selector": ["1", "city"]}])],
        [("1", "2")],
    )  # fmt: skip
    page = opened(studio, flow)
    page.canvas.select(["1"])
    studio.settle()
    title = next(
        b
        for b in page.inspector.findChildren(QWidget)
        if b.accessibleName() == "Begins with" and not isinstance(b, QPushButton)
    )
    QTest.mouseClick(title, LEFT)
    studio.settle()
    field = next(b for b in page.inspector.findChildren(QPushButton) if b.accessibleName() == "Begins with")
    for answer in (False, True):
        studio.messages.answers.append(answer)
        QTest.mouseClick(field, LEFT)
        menu = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())
        webhook = next(a for a in menu.actions() if a.text() == "Webhook")
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(webhook).center())
        studio.settle()
        assert "Say" in studio.messages.asked[-1]
        assert kinds(studio)[0] == ("trigger-webhook" if answer else "start")
    assert [(e.source, e.target) for e in page.session.document.graph.edges.values()] == [("1", "2")]
    undo(studio)
    assert kinds(studio)[0] == "start"


# -- what stays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_the_start_is_neither_copied_nor_deleted_nor_changed(studio: Studio, mode: str) -> None:
    page = opened(studio, new_workflow(mode, "App"))
    canvas, graph = page.canvas, page.session.document.graph
    start = next(n.id for n in graph.nodes.values() if n.type == "start")
    canvas.select([start])
    studio.settle()
    before = page.session.document.workflow
    for key, held in ((Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_Delete, CTRL),
                      (Qt.Key.Key_X, CTRL), (Qt.Key.Key_D, CTRL)):  # fmt: skip
        canvas.setFocus()
        QTest.keyClick(canvas, key, held)
        studio.settle()
        assert page.session.document.workflow == before
    assert any("stays" in text for text in studio.messages.told)
    page.menus.node_menu(start, page.mapToGlobal(page.rect().center()))
    assert not {"Copy", "Cut", "Duplicate", "Delete", "Change the type…"} & set(menu_texts(studio))
    QTest.keyClick(canvas, Qt.Key.Key_A, CTRL)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    studio.settle()
    assert kinds(studio) == ["start"], "the rest goes"
    undo(studio)
    assert page.session.document.workflow == before


def test_a_start_beside_a_trigger_or_another_start_may_go(studio: Studio) -> None:
    lone = new_workflow("workflow", "App")
    begins = [
        Node(str(n), {"type": kind, "title": kind}, 300.0 * n, 0.0)
        for n, kind in enumerate(("start", "start", "trigger-webhook"), 1)
    ]
    page = opened(studio, replace(lone, graph=Graph().with_nodes(begins)))
    for name in ("1", "2", "3"):
        page.canvas.select([name])
        QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
        studio.settle()
    assert kinds(studio) == [], "the last trigger goes too; the empty canvas offers what to begin with"
    offer = page.canvas.findChild(Beginning)
    assert offer is not None
    assert offer.isVisible()


# -- the empty canvas --------------------------------------------------------------------------------------------------


def emptied(studio: Studio, mode: str) -> Beginning:
    """A workflow whose canvas is empty, and what it offers then."""
    opened(studio, replace(new_workflow(mode, "Empty"), graph=Graph()))
    offer = studio.page.canvas.findChild(Beginning)
    assert isinstance(offer, Beginning)
    assert wait_until(offer.isVisible, 5)
    return offer


@pytest.mark.parametrize("name", ["start", "trigger-webhook", "trigger-schedule"])
def test_a_click_begins_the_workflow_and_undo_offers_it_again(studio: Studio, name: str) -> None:
    offer = emptied(studio, "workflow")
    QTest.mouseClick(offer.buttons[name], LEFT)
    studio.settle()
    canvas, nodes = studio.page.canvas, studio.page.session.document.graph.nodes
    (begin,) = nodes.values()
    assert begin.type == name
    assert canvas.selected_nodes() == [begin.id]
    assert canvas.hasFocus()
    assert canvas.rect().contains(canvas.node_rect(begin.id).toRect())
    assert not offer.isVisible()
    undo(studio)
    assert not studio.page.session.document.graph.nodes
    assert offer.isVisible()


def test_a_chat_flow_begins_with_what_is_said_alone_and_the_space_key_is_enough(studio: Studio) -> None:
    offer = emptied(studio, "advanced-chat")
    assert list(offer.buttons) == ["start"]
    offer.buttons["start"].setFocus()
    QTest.keyClick(offer.buttons["start"], Qt.Key.Key_Space)
    studio.settle()
    assert kinds(studio) == ["start"]
