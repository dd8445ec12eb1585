"""The selector at every kind of place, opened by real clicks: it offers what may stand there, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.panels.block_list import TYPE
from editor.panels.palette import BlockSelector
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

STEPS = {
    "llm", "agent", "question-classifier", "parameter-extractor", "knowledge-retrieval", "if-else", "code",
    "template-transform", "variable-aggregator", "assigner", "list-operator", "document-extractor", "http-request",
    "tool",
}  # fmt: skip
"""What stands anywhere and leads on."""
OUTSIDE = {"iteration", "loop", "human-input"}
LAST = {"workflow": {"end"}, "advanced-chat": {"answer"}}
ON = {"workflow": set[str](), "advanced-chat": {"answer"}}
"""The last steps of a mode after which something can follow."""


def container(kind: str, y: float, last: str) -> list[dict[str, Any]]:
    start = f"{kind}-start"
    inner = [
        node(f"{kind}-in", start, x=24, y=68, parent=kind),
        node(f"{kind}-a", "code", x=120, y=70, parent=kind, code="", outputs={}, variables=[]),
        node(f"{kind}-b", last, x=420, y=70, parent=kind),
    ]
    room = node(kind, kind, y=y, start_node_id=f"{kind}-in")
    return [{**room, "width": 760, "height": 240}, *inner]


def flow(mode: str) -> Workflow:
    nodes = [
        node("s", "start", y=0, variables=[]),
        node("a", "if-else", x=320, cases=[]),
        node("b", "code", x=640, code="", outputs={}, variables=[]),
        node("last", "end" if mode == "workflow" else "answer", x=960, outputs=[], answer=""),
        *container("loop", 300, "code"),
        *container("iteration", 620, "template-transform"),
    ]
    edges = [("s", "a"), ("a", "false", "b"), ("b", "last")]
    edges += [(f"{kind}-in", f"{kind}-a") for kind in ("loop", "iteration")]
    edges += [(f"{kind}-a", f"{kind}-b") for kind in ("loop", "iteration")]
    return made(nodes, edges, mode=mode)


def opened(studio: Studio, mode: str) -> None:
    page = studio.open_app(studio.services.workflows.create(mode, "App", workflow=flow(mode)))
    studio.activate()
    page.close_inspector()
    page.canvas.fit()
    QApplication.processEvents()


def offered(studio: Studio) -> set[str]:
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    rows = selector.list
    found = {str(rows.item(row).data(TYPE)) for row in range(rows.count()) if rows.item(row).data(TYPE)}
    tools = selector.parts.tools
    if tools is not None and selector._allowed is not None and selector._allowed("tool"):
        found.add("tool")
    QTest.keyClick(selector.search, Qt.Key.Key_Escape)
    QApplication.processEvents()
    studio.activate()
    return found


def at_source(studio: Studio, name: str) -> set[str]:
    hand = studio.hand
    hand.hover(hand.at_node(name))
    hand.click(hand.at_socket(name, "false" if name == "a" else "source"))
    return offered(studio)


def at_target(studio: Studio, name: str) -> set[str]:
    hand = studio.hand
    hand.hover(hand.at_node(name))
    hand.click(hand.at_socket(name, "target"))
    return offered(studio)


def on_edge(studio: Studio, source: str) -> set[str]:
    hand, page = studio.hand, studio.page
    edge = next(e.id for e in page.session.document.graph.edges.values() if e.source == source)
    middle = hand.at_edge(edge)
    hand.hover(middle)
    hand.hover(middle - QPointF(12, 0))
    hand.click(middle - QPointF(12, 0))
    return offered(studio)


def by_key(studio: Studio, *names: str) -> set[str]:
    studio.page.canvas.select(list(names))
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_A)
    return offered(studio)


@pytest.mark.spec("editor.14", "editor.15")
@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_the_selector_offers_what_may_stand_there(studio: Studio, mode: str) -> None:
    opened(studio, mode)
    top, inside = STEPS | OUTSIDE, STEPS | ON[mode]
    for name in ("s", "a", "b"):
        assert at_source(studio, name) == top | LAST[mode], name
        assert on_edge(studio, name) == top | ON[mode], name
        assert by_key(studio, name) == top | LAST[mode], name
    for name in ("a", "b", "last"):
        assert at_target(studio, name) == top | ON[mode], name
    for kind, exits in (("loop", {"loop-end"}), ("iteration", set[str]())):
        assert at_source(studio, f"{kind}-a") == inside | exits
        assert at_source(studio, f"{kind}-b") == inside | exits
        assert on_edge(studio, f"{kind}-in") == inside | exits
        assert on_edge(studio, f"{kind}-a") == inside | exits
        assert at_target(studio, f"{kind}-b") == inside
        assert by_key(studio, f"{kind}-b") == inside | exits
        assert at_source(studio, kind) == top | LAST[mode]


@pytest.mark.spec("editor.15")
@pytest.mark.parametrize(("typed", "first"), [("if", "if-else"), ("list", "list-operator")])
def test_the_block_that_is_meant_comes_first(studio: Studio, typed: str, first: str) -> None:
    """`if` is in "classifier" too, which stands above it while nothing is typed."""
    opened(studio, "workflow")
    hand = studio.hand
    hand.hover(hand.at_node("s"))
    hand.click(hand.at_socket("s", "source"))
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    QTest.keyClicks(selector.search, typed)
    assert selector.list.currentItem().data(TYPE) == first
    QTest.keyClick(selector.search, Qt.Key.Key_Escape)


@pytest.mark.spec("editor.16")
def test_a_dropped_connection_is_seen_until_its_block_is_chosen(studio: Studio) -> None:
    opened(studio, "workflow")
    canvas, hand = studio.page.canvas, studio.hand
    hand.hover(QPointF(5, 5))
    before = canvas.grab().toImage()
    socket = hand.at_socket("a", "false")
    hand.drag(socket, socket + QPointF(30, 60))
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    assert canvas.grab().toImage() != before
    QTest.keyClick(selector.search, Qt.Key.Key_Escape)
    studio.activate()
    hand.hover(QPointF(5, 5))
    assert canvas.grab().toImage() == before, "and Esc leaves no trace"
