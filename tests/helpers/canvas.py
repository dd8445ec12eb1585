"""A hand for the canvas: small graphs, and real mouse and key events sent to nodes, sockets and edges by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from editor.canvas.commands import BlockRequest, DocumentCommands
from editor.canvas.view import CanvasView
from engine.model.document import Document
from engine.model.factory import new_edge
from engine.model.graph import Edge, Graph, Node
from engine.model.workflow import AppInfo, Workflow

NO_KEYS = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton
MIDDLE = Qt.MouseButton.MiddleButton
RIGHT = Qt.MouseButton.RightButton


def node(
    node_id: str, x: float = 0, y: float = 0, node_type: str = "code", *, parent: str | None = None, **data: Any
) -> Node:
    """A node; `width` and `height` in `data` become the wrapper's size of containers and notes."""
    width, height = data.get("width"), data.get("height")
    title = data.pop("title", node_id)
    wrapper = "custom-note" if node_type == "note" else "custom"
    full = {"type": "" if node_type == "note" else node_type, "title": title, **data}
    return Node(node_id, full, x, y, parent, wrapper, width, height)


def graph_of(*nodes: Node, edges: tuple[tuple[str, ...], ...] = ()) -> Graph:
    """A graph; edges as (source, target) or (source, handle, target)."""
    known = {n.id: n for n in nodes}
    graph = Graph(known, {})
    made: dict[str, Edge] = {}
    for entry in edges:
        source, handle, target = (entry[0], "source", entry[1]) if len(entry) == 2 else entry
        edge = new_edge(known[source], handle, known[target], graph)
        made[edge.id] = edge
    return Graph(known, made)


def document_of(graph: Graph, mode: str = "workflow") -> Document:
    """A document around a graph."""
    return Document(Workflow(app=AppInfo(name="test", mode=mode), graph=graph))


class CanvasHand:
    """Owns a shown canvas on a document; every method sends the events that a person would cause."""

    def __init__(
        self, graph: Graph, *, mode: str = "workflow", read_only: bool = False, size: tuple[int, int] = (1000, 700)
    ) -> None:
        self.document = document_of(graph, mode)
        self.commands = DocumentCommands(self.document)
        self.view = CanvasView(commands=self.commands)
        self.view.resize(*size)
        self.view.show()
        self.view.set_document(self.document, read_only)
        self.requests: list[BlockRequest] = []
        self.refusals: list[str] = []
        self.view.blockSelectorRequested.connect(self.requests.append)
        self.view.refused.connect(self.refusals.append)
        self.look(1.0, 60, 60)

    @classmethod
    def on(cls, view: CanvasView, document: Document) -> CanvasHand:
        """A hand for a canvas that stands in a window."""
        hand = cls.__new__(cls)
        hand.view, hand.document, hand.requests, hand.refusals = view, document, [], []
        return hand

    @property
    def graph(self) -> Graph:
        return self.document.graph

    def look(self, zoom: float, x: float = 60, y: float = 60) -> None:
        """Sets zoom and where the scene's origin stands."""
        self.view.look_at(zoom, x, y)
        self.settle()

    def settle(self) -> None:
        """Lets Qt paint and deliver what waits."""
        QApplication.processEvents()

    def close(self) -> None:
        """Puts the canvas away."""
        self.view.set_document(None)
        self.view.close()
        self.view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QApplication.processEvents()

    # -- events -----------------------------------------------------------------------------------------------

    def mouse(
        self,
        kind: QEvent.Type,
        at: QPointF,
        button: Qt.MouseButton = LEFT,
        buttons: Qt.MouseButton = LEFT,
        keys: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        """Sends one mouse event."""
        event = QMouseEvent(kind, at, self.view.mapToGlobal(at), button, buttons, keys)
        QApplication.sendEvent(self.view, event)

    def press(self, at: QPointF, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.mouse(QEvent.Type.MouseButtonPress, at, button, button, keys)

    def move(self, at: QPointF, held: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.mouse(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, held, keys)
        self.settle()

    def hover(self, at: QPointF) -> None:
        """Moves the pointer with no button held."""
        self.move(at, Qt.MouseButton.NoButton)

    def leave(self) -> None:
        """Moves the pointer off the canvas."""
        QApplication.sendEvent(self.view, QEvent(QEvent.Type.Leave))

    def release(self, at: QPointF, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.mouse(QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, keys)
        self.settle()

    def click(self, at: QPointF, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.press(at, button, keys)
        self.release(at, button, keys)

    def double_click(self, at: QPointF) -> None:
        self.click(at)
        self.mouse(QEvent.Type.MouseButtonDblClick, at)
        self.release(at)

    def drag(
        self,
        start: QPointF,
        end: QPointF,
        *,
        button: Qt.MouseButton = LEFT,
        keys: Qt.KeyboardModifier = NO_KEYS,
        steps: int = 6,
        drop: bool = True,
    ) -> None:
        """Presses, moves in steps and lets go (unless `drop` is False)."""
        self.press(start, button, keys)
        for step in range(1, steps + 1):
            self.move(start + (end - start) * (step / steps), button, keys)
        if drop:
            self.release(end, button, keys)

    def wheel(self, at: QPointF, steps: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Turns the wheel; positive is away from the hand."""
        event = QWheelEvent(
            at,
            self.view.mapToGlobal(at),
            QPoint(0, 0),
            QPoint(0, round(120 * steps)),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.view, event)
        self.settle()

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS, *, text: str = "", let_go: bool = True) -> None:
        """Presses a key and lets it go."""
        QApplication.sendEvent(self.view, QKeyEvent(QEvent.Type.KeyPress, key, keys, text))
        if let_go:
            self.key_up(key, keys)
        self.settle()

    def key_up(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        QApplication.sendEvent(self.view, QKeyEvent(QEvent.Type.KeyRelease, key, keys))
        self.settle()

    # -- places -----------------------------------------------------------------------------------------------

    def at_node(self, node_id: str, dx: float = 0, dy: float = 0) -> QPointF:
        """The middle of a node's header, moved by some pixels."""
        rect = self.view.node_rect(node_id)
        return QPointF(rect.center().x() + dx, rect.top() + 26 * self.view.zoom + dy)

    def at_socket(self, node_id: str, handle: str = "source") -> QPointF:
        return QPointF(self.view.socket_pos(node_id, handle))

    def at_edge(self, edge_id: str) -> QPointF:
        return QPointF(self.view.edge_pos(edge_id))

    def at_scene(self, x: float, y: float) -> QPointF:
        return QPointF(*self.view.camera.to_view(x, y))

    def place_of(self, node_id: str) -> tuple[float, float]:
        """Where the document says that the node stands."""
        found = self.graph.nodes[node_id]
        return found.x, found.y


@contextmanager
def canvas_hand(graph: Graph, **options: Any) -> Iterator[CanvasHand]:
    """A hand that is put away at the end."""
    hand = CanvasHand(graph, **options)
    try:
        yield hand
    finally:
        hand.close()


IF_ELSE: Mapping[str, Any] = {
    "cases": [
        {
            "case_id": "true",
            "id": "true",
            "logical_operator": "and",
            "conditions": [
                {"id": "c1", "variable_selector": ["start", "x"], "comparison_operator": "contains", "value": "yes"}
            ],
        },
        {
            "case_id": "second",
            "id": "second",
            "logical_operator": "or",
            "conditions": [
                {"id": "c2", "variable_selector": ["sys", "query"], "comparison_operator": "empty", "value": ""},
                {"id": "c3", "variable_selector": ["start", "n"], "comparison_operator": ">", "value": "3"},
            ],
        },
    ]
}
