"""Nodes over the system clipboard by keys: between workflows and windows, from and to the web editor, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.canvas import lexical
from editor.canvas.minimap import Minimap
from editor.canvas.view import CanvasView
from editor.screenshot import wait_until
from engine.dsl.read import read
from engine.dsl.write import write
from engine.model.scope import dangling
from tests.helpers.dify_clipboard import clipboard, iteration, web_node
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

CTRL = Qt.KeyboardModifier.ControlModifier


def press(canvas: CanvasView, key: Qt.Key) -> None:
    """A key with Ctrl, on a canvas of the active window."""
    canvas.window().activateWindow()
    assert wait_until(canvas.window().isActiveWindow, 10)
    canvas.setFocus()
    QTest.keyClick(canvas, key, CTRL)


def held() -> dict[str, Any]:
    """What the clipboard holds."""
    return dict(json.loads(QGuiApplication.clipboard().text()))


@pytest.mark.spec("editor.20")
@pytest.mark.parametrize("other_window", [False, True])
def test_a_container_goes_from_one_workflow_to_another(studio: Studio, other_window: bool) -> None:
    page = studio.sample("for-each-item")
    graph = page.session.document.graph
    room = next(n for n in graph.nodes.values() if n.is_container)
    reader = next(n for n in graph.nodes.values() if n.type == "template-transform" and n.parent is None)
    canvas = page.canvas
    canvas.fit()
    hand = studio.hand
    rect = canvas.node_rect(room.id)
    hand.click(QPointF(rect.left() + 30, rect.top() + 14))
    hand.click(hand.at_node(reader.id), keys=CTRL)
    assert set(canvas.selected_nodes()) == {room.id, reader.id}
    press(canvas, Qt.Key.Key_C)

    window = studio.window.another() if other_window else studio.window
    before = len(window.workflow_pages())
    outcome = studio.services.workflows.create("workflow", "Elsewhere")
    window.open_app(outcome)
    assert wait_until(lambda: len(window.workflow_pages()) > before, 20)
    there = window.page
    assert there is not None
    first = write(there.session.document.workflow)
    press(there.canvas, Qt.Key.Key_V)

    arrived = {n.title: n for n in there.session.document.graph.nodes.values()}
    each = arrived[room.title]
    inside = [n for n in graph.children(room.id) if not n.is_container_start]
    for child in inside:
        copy = arrived[child.title]
        assert copy.parent == each.id
        assert {k: v for k, v in copy.data.items() if k == "template"} == (
            {"template": child.data["template"]} if "template" in child.data else {}
        )
    copied = {n.id for n in (room, reader, *graph.children(room.id))}
    links = [e for e in graph.edges.values() if {e.source, e.target} <= copied]
    assert len(there.session.document.graph.edges) == len(links)
    assert each.data["output_selector"][0] in {n.id for n in arrived.values()}
    # What was left behind is told and marked, and found by the checklist.
    left = [d for d in dangling(there.session.document.workflow) if d.reason == "no_node"]
    assert left
    assert any("left behind" in words for words in studio.messages.told)
    assert wait_until(lambda: any(p.node_id == each.id for p in there.session.problems), 10)
    press(there.canvas, Qt.Key.Key_Z)
    assert write(there.session.document.workflow) == first
    if other_window:
        window.close()


def pasted_group(studio: Studio) -> QRectF:
    """Where nodes that are pasted stand in the view, all of them, seen from its middle."""
    canvas = studio.page.canvas
    studio.settle()
    middle = QPointF(canvas.rect().center())
    press(canvas, Qt.Key.Key_V)
    around = QRectF()
    for node_id in canvas.selected_nodes():
        around |= canvas.node_rect(node_id)
    press(canvas, Qt.Key.Key_Z)
    return around.translated(-middle)


@pytest.mark.spec("editor.22")
@pytest.mark.parametrize("zoom", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("titles", [("Senior desk",), ("Start", "Which desk?", "Senior desk", "General reply")])
def test_pasting_goes_to_the_pointer_or_to_the_middle(studio: Studio, titles: tuple[str, ...], zoom: float) -> None:
    page = studio.sample("branch-on-a-condition")
    canvas, hand = page.canvas, studio.hand
    canvas.look_at(zoom, 40, 40)
    canvas.select([studio.node(title) for title in titles])
    press(canvas, Qt.Key.Key_C)
    spot = QPointF(411, 533)
    studio.settle()
    hand.hover(spot)
    corner = pasted_group(studio).topLeft() - (spot - QPointF(canvas.rect().center()))
    assert max(abs(corner.x()), abs(corner.y())) <= 1

    minimap = canvas.findChild(Minimap)
    assert minimap is not None
    inside = QPointF(minimap.rect().center())
    hand.hover(QPointF(minimap.geometry().topLeft()) - QPointF(3, 3))
    QApplication.sendEvent(minimap, QEnterEvent(inside, inside, minimap.mapToGlobal(inside)))
    aside = pasted_group(studio).center()  # the minimap lies on the canvas and is none
    assert max(abs(aside.x()), abs(aside.y())) <= 1.5 * max(1.0, zoom)

    QApplication.sendEvent(minimap, QEvent(QEvent.Type.Leave))
    hand.leave()
    aside = pasted_group(studio).center()
    assert max(abs(aside.x()), abs(aside.y())) <= 1.5 * max(1.0, zoom)


@pytest.mark.spec("editor.20", "editor.21")
def test_nodes_of_the_web_editor_are_pasted_moved_copied_and_undone(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    canvas, document = page.canvas, page.session.document
    first = write(document.workflow)
    nodes, edges = iteration(start=False)
    QGuiApplication.clipboard().setText(clipboard(nodes, edges))
    studio.hand.hover(QPointF(300, 500))
    press(canvas, Qt.Key.Key_V)
    assert not studio.messages.told
    after = write(document.workflow)
    assert document.steps()[1] == 1
    list_node, each = canvas.selected_nodes()

    press(canvas, Qt.Key.Key_C)  # what was pasted goes back to the web editor
    tree = held()
    assert [n["data"]["title"] for n in tree["nodes"] if n["data"]["type"] == "llm"] == ["Ask"]
    assert {n["id"] for n in tree["nodes"]} >= {list_node, each}
    assert len(tree["edges"]) == 3

    press(canvas, Qt.Key.Key_Z)
    assert write(document.workflow) == first
    press(canvas, Qt.Key.Key_Y)
    assert write(document.workflow) == after


@pytest.mark.spec("editor.21")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("just words", "holds no nodes"),
        ("", "holds no nodes"),
        (clipboard([{"id": 5}, None]), "could be read"),
        (clipboard([web_node(1, "start", 0, 0)]), "can stand here"),
        (clipboard([{}] * 6_000), "too many"),
    ],
)
def test_what_cannot_be_pasted_changes_nothing_and_says_why(studio: Studio, text: str, words: str) -> None:
    page = studio.sample("branch-on-a-condition")
    QGuiApplication.clipboard().setText(text)
    press(page.canvas, Qt.Key.Key_V)
    assert not page.session.document.can_undo
    assert len(studio.messages.told) == 1
    assert words in studio.messages.told[0]


@pytest.mark.spec("editor.21")
def test_what_was_left_out_is_counted_in_one_message(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    nodes = [web_node(1, "code", 0, 0), {"broken": True}, "x", web_node(2, "answer", 300, 0)]
    QGuiApplication.clipboard().setText(clipboard(nodes, version=3))
    press(page.canvas, Qt.Key.Key_V)
    (said,) = studio.messages.told
    assert said.splitlines() == [
        "Copied by another version (3); some settings may be missing.",
        "2 damaged entries were left out.",
        "1 node cannot stand here and was left out.",
    ]
    press(page.canvas, Qt.Key.Key_Z)
    assert not page.session.document.can_undo


@pytest.mark.spec("editor.34")
def test_a_note_comes_the_same_by_every_way(studio: Studio) -> None:
    say = lexical.text_node
    link = lexical.block_node("link", [say("there")], url="https://example.org", rel="noreferrer", target=None)
    marked = say("two  spaces", flags=lexical.BOLD | lexical.STRIKE, size=16)
    text = lexical.document([lexical.block_node("paragraph", [marked, link])])
    data = {"type": "", "title": "", "text": text, "theme": "violet", "author": "Ann", "showAuthor": True}
    note = {**node("n", "", y=300, **data), "type": "custom-note", "width": 321, "height": 187}
    flow = made([node("s", "start", title="Start", variables=[]), note], [])
    page = studio.open_app(studio.services.workflows.create("workflow", "Notes", workflow=flow))
    canvas = page.canvas
    studio.hand.look(1.0, 60, 60)

    def notes() -> list[tuple[Any, ...]]:
        return [(n.data, n.width, n.height) for n in canvas.graph.nodes.values() if n.is_note]

    (before,) = notes()
    for keys, count in ((Qt.Key.Key_C, 2), (Qt.Key.Key_D, 2), (Qt.Key.Key_X, 1)):
        canvas.select(["n"])
        press(canvas, keys)
        if keys != Qt.Key.Key_D:
            studio.hand.hover(QPointF(500, 420))
            press(canvas, Qt.Key.Key_V)
        assert notes() == [before] * count
        while page.session.document.can_undo:
            press(canvas, Qt.Key.Key_Z)
        assert notes() == [before]
    again = read(write(page.session.document.workflow)).workflow
    assert again is not None
    assert [(n.data, n.width, n.height) for n in again.graph.nodes.values() if n.is_note] == [before]
