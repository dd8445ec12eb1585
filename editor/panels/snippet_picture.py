"""A snippet at the size of a stamp: its blocks in the colours of their families and the ways between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPainterPath, QPen, QPixmap

from editor.canvas import metrics as m
from editor.theme import theme
from engine.nodes import registry

if TYPE_CHECKING:
    from engine.model.graph import Graph, Node

WIDTH, HEIGHT = 64, 40
PAD = 5
CARD = 96.0
"""How high a card counts here, in scene units."""
LARGEST_ZOOM = 0.1
LEAST = 3.0
MOST = 300
MOST_KEPT = 600


_kept: dict[tuple[str, str, float], QPixmap] = {}


def _made(graph: Graph, ratio: float) -> QPixmap:
    picture = QPixmap(round(WIDTH * ratio), round(HEIGHT * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    current = theme()
    painter.setPen(QPen(current.color("line"), 1))
    painter.setBrush(current.color("canvas"))
    painter.drawRoundedRect(QRectF(0.5, 0.5, WIDTH - 1, HEIGHT - 1), 6, 6)
    _paint(painter, graph)
    painter.end()
    return picture


def stamp(key: str, graph: Graph) -> QPixmap:
    """The picture of a graph; `key` tells different graphs apart."""
    app = QGuiApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    whole = (key, theme().name, ratio)
    if whole not in _kept:
        while len(_kept) >= MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[whole] = _made(graph, ratio)
    return _kept[whole]


def _paint(painter: QPainter, graph: Graph) -> None:
    nodes = [n for n in graph.nodes.values() if not n.is_container_start][:MOST]
    boxes = {n.id: _box(n, graph) for n in nodes}
    around = QRectF()
    for box in boxes.values():
        around = around.united(box)
    if around.isEmpty():
        return
    room = QRectF(PAD, PAD, WIDTH - 2 * PAD, HEIGHT - 2 * PAD)
    zoom = min(room.width() / around.width(), room.height() / around.height(), LARGEST_ZOOM)
    middle = around.center()

    def shown(box: QRectF) -> QRectF:
        x = room.center().x() + (box.left() - middle.x()) * zoom
        y = room.center().y() + (box.top() - middle.y()) * zoom
        return QRectF(x, y, max(LEAST, box.width() * zoom), max(LEAST, box.height() * zoom))

    current = theme()
    for node in sorted(nodes, key=lambda n: not n.is_container):
        colour = QColor(current.family(_family(node)))
        place = shown(boxes[node.id])
        painter.setPen(Qt.PenStyle.NoPen)
        if node.is_container:
            painter.setPen(QPen(colour, 1))
            colour.setAlphaF(0.16)
        painter.setBrush(colour)
        round_off = min(2.0, place.height() / 3)
        painter.drawRoundedRect(place, round_off, round_off)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(current.color("edge"), 1))
    for edge in list(graph.edges.values())[:MOST]:
        if edge.source in boxes and edge.target in boxes:
            one, other = shown(boxes[edge.source]), shown(boxes[edge.target])
            begin, end = QPointF(one.right(), one.center().y()), QPointF(other.left(), other.center().y())
            reach = max(2.0, abs(end.x() - begin.x()) / 2)
            path = QPainterPath(begin)
            path.cubicTo(begin + QPointF(reach, 0), end - QPointF(reach, 0), end)
            painter.drawPath(path)


def _box(node: Node, graph: Graph) -> QRectF:
    x, y = graph.absolute(node.id)
    sized = node.is_container or node.is_note
    width = (node.width or m.ROOM_MIN[0]) if sized else m.CARD_WIDTH
    height = (node.height or m.ROOM_MIN[1]) if sized else CARD
    return QRectF(x, y, width, height)


def _family(node: Node) -> str:
    spec = registry.spec(node.type)
    return "note" if node.is_note else spec.family if spec is not None else "unknown"
