"""Organizing (statement 29) and spacing (30) by keys and menus, on graphs as files may hold them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.windows.page import WorkflowPage
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio
from tests.helpers.whole import whole

CTRL = Qt.KeyboardModifier.ControlModifier


def opened(studio: Studio, tmp_path: Path, nodes: list[dict[str, Any]], edges: list[tuple[str, ...]]) -> WorkflowPage:
    path = tmp_path / "flow.yml"
    path.write_text(dsl(nodes, edges), encoding="utf-8")
    page = studio.open_file(path)
    studio.activate()
    page.canvas.setFocus()
    return page


def note(node_id: str, parent: str | None = None, **place: float) -> dict[str, Any]:
    made = node(node_id, "", parent=parent, text="", **place)
    return {**made, "type": "custom-note", "width": 240, "height": 88}


def inside(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "parentId": "room", "data": {**config["data"], "isInLoop": True, "loop_id": "room"}}


@pytest.mark.spec("editor.29")
def test_a_heap_with_a_circle_a_container_and_notes_becomes_tidy_in_one_step(studio: Studio, tmp_path: Path) -> None:
    cases = [{"case_id": c, "id": c, "logical_operator": "and", "conditions": []} for c in ("one", "two")]
    nodes = [
        node("start", "start", variables=[]),
        node("if", "if-else", x=10, y=10, cases=cases),
        *(node(n, "template-transform", x=20, y=20, template="x", variables=[]) for n in ("a", "b", "c")),
        node("room", "loop", x=30, y=30, start_node_id="first", loop_count=3, logical_operator="and",
             break_conditions=[], loop_variables=[], width=300, height=200),
        inside(node("first", "loop-start", x=24, y=68)),
        *(inside(node(n, "code", x=60, y=60, code="", variables=[], outputs={})) for n in ("in1", "in2")),
        note("free", x=25, y=25),
        note("held", parent="room", x=-40, y=-40),
    ]  # fmt: skip
    edges = [
        ("start", "if"), ("if", "false", "c"), ("if", "two", "b"), ("if", "one", "a"), ("a", "room"),
        ("room", "a"), ("first", "in1"), ("in1", "in2"), ("in2", "in1"),
    ]  # fmt: skip
    page = opened(studio, tmp_path, nodes, edges)
    document, canvas = page.session.document, page.canvas
    before, steps = whole(document.workflow), document.position
    QTest.keyClick(canvas, Qt.Key.Key_O, CTRL)
    studio.settle()
    assert document.position == steps + 1
    graph = document.graph
    for one, other in combinations(graph.nodes.values(), 2):
        if one.parent == other.parent:
            boxes = canvas.scene.items[one.id].box, canvas.scene.items[other.id].box
            assert not boxes[0].touches(boxes[1]), (one.id, other.id)
    room = canvas.scene.items["room"].box
    for child in graph.children("room"):
        box = canvas.scene.items[child.id].box
        assert room.left < box.left, child.id
        assert room.top < box.top, child.id
        assert box.right < room.right, child.id
        assert box.bottom < room.bottom, child.id
    assert graph.nodes["b"].y < graph.nodes["c"].y, "branches stand in the order of their sockets"
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert whole(document.workflow) == before


def offered(studio: Studio, words: str) -> bool:
    """Whether a row of the open menu “Arrange” can be chosen."""
    menus = [m for m in studio.window.findChildren(QMenu) if any(a.text().split("\t")[0] == words for a in m.actions())]
    menu = menus[0]
    menu.popup(studio.window.mapToGlobal(QPoint(200, 40)))
    QApplication.processEvents()
    found = next(a for a in menu.actions() if a.text().split("\t")[0] == words).isEnabled()
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    QApplication.processEvents()
    return found


@pytest.mark.spec("editor.30")
def test_spacing_is_greyed_below_three_nodes_and_without_room(studio: Studio, tmp_path: Path) -> None:
    places = {"a": (0, 0), "b": (400, 600), "c": (1200, 1200), "d": (120, 40)}
    nodes = [node("start", "start", x=-900, variables=[])]
    nodes += [node(n, "code", x=x, y=y, code="", variables=[], outputs={}) for n, (x, y) in places.items()]
    page = opened(studio, tmp_path, nodes, [])
    across = "Space evenly across"
    for chosen, can in ((["a", "b"], False), (["a", "b", "c"], True), (["a", "d", "b"], False)):
        page.canvas.select(chosen)
        studio.settle()
        assert offered(studio, across) is can, chosen
    page.canvas.select(["a", "b", "c"])
    studio.activate()
    studio.window.do("space_horizontal")
    graph = page.session.document.graph
    assert [graph.nodes[n].x for n in "abc"] == [0, 600, 1200]
