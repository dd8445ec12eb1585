"""The quick actions above a card under the pointer (run this, more), and the plus and delete at the middle of an
edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.hit import Hit
from editor.canvas.paint.cards import paint_sockets
from editor.canvas.paint.context import Canvas, Level
from editor.canvas.paint.edges import path_of
from editor.canvas.paint.rooms import ROUND_BUTTON, rounds_rect
from editor.canvas.renderer import linked_sockets
from editor.theme import theme

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_BUTTON = 26.0
_GAP = 2.0
_LIFT = 6.0


def bar_rect(view: CanvasView, node_id: str) -> QRectF:
    """Where the bar stands, in the widget's pixels; empty when it is not offered."""
    item = view.scene.items.get(node_id)
    if item is None or item.kind in ("start", "note") or view.camera.zoom < m.ZOOM_TITLES:
        return QRectF()
    box = view.camera.box_to_view(item.box)
    count = len(bar_buttons(view, node_id))
    width = count * _BUTTON + (count + 1) * _GAP
    return QRectF(round(box.right - width), round(box.top - _BUTTON - 2 * _GAP - _LIFT), width, _BUTTON + 2 * _GAP)


def bar_buttons(view: CanvasView, node_id: str) -> list[tuple[str, str]]:
    """(kind of hit, icon) of each button, left to right."""
    buttons = []
    if view.can_run_node(node_id):
        run = view.state.runs.get(node_id)
        buttons.append(("run", "stop" if run is not None and run.active else "play"))
    buttons.append(("more", "more"))
    return buttons


def hit_bar(view: CanvasView, node_id: str, x: float, y: float) -> Hit | None:
    """The button under the point; a hit on the node itself for the space between."""
    rect = bar_rect(view, node_id)
    if rect.isEmpty() or not rect.adjusted(-4, -4, 4, _LIFT + 2).contains(x, y):
        return None
    for position, (kind, _icon) in enumerate(bar_buttons(view, node_id)):
        left = rect.left() + _GAP + position * (_BUTTON + _GAP)
        if left - 1 <= x <= left + _BUTTON + 1 and y <= rect.bottom():
            return Hit(kind, node_id)  # type: ignore[arg-type]
    return Hit("node", node_id, zone="card")


def paint_bar(view: CanvasView, painter: QPainter, node_id: str, over: Hit) -> None:
    """Draws the bar; the button under the pointer is lit."""
    rect = bar_rect(view, node_id)
    if rect.isEmpty():
        return
    current = theme()
    painter.setPen(QPen(current.color("line_strong"), 1))
    painter.setBrush(current.color("raised"))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    for position, (kind, icon) in enumerate(bar_buttons(view, node_id)):
        left = rect.left() + _GAP + position * (_BUTTON + _GAP)
        button = QRectF(left, rect.top() + _GAP, _BUTTON, _BUTTON)
        lit = over.kind == kind and over.id == node_id
        if lit:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(current.color("accent_soft"))
            painter.drawRoundedRect(button, 6, 6)
        _icon(view, painter, icon, "accent" if lit else "text", button.center(), 16)


def _icon(view: CanvasView, painter: QPainter, name: str, tone: str, centre: QPointF, size: int) -> None:
    picture = icons.pixmap(name, tone, size, view.camera.ratio)
    painter.drawPixmap(QPointF(round(centre.x() - size / 2), round(centre.y() - size / 2)), picture)


def paint_hover_line(view: CanvasView, painter: QPainter, node_id: str) -> None:
    """A card under the pointer has a stronger border."""
    item = view.scene.items.get(node_id)
    if item is None or node_id in view.state.selected or item.kind == "note":
        return
    box = view.camera.box_to_view(item.box)
    radius = theme().radius("room" if item.kind == "room" else "card") * view.camera.zoom
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme().color("line_strong"), 1))
    rect = QRectF(round(box.left) + 0.5, round(box.top) + 0.5, round(box.width) - 1, round(box.height) - 1)
    painter.drawRoundedRect(rect, radius, radius)
    if view.camera.zoom >= m.ZOOM_TITLES:
        camera = view.camera
        canvas = Canvas(painter, camera.zoom, camera.x, camera.y, 1.0, view.state, Level.TITLES)
        paint_sockets(canvas, item, linked_sockets(view.scene, item.id))


MOST_EDGES = 60
"""A node with more edges than this keeps them as they are: lighting them all says nothing."""


def paint_hover_edges(view: CanvasView, painter: QPainter, node_id: str) -> None:
    """The edges of the card under the pointer stand out, so that one sees where it stands in the flow."""
    graph = view.graph
    edges = [view.scene.edges.get(e.id) for e in (*graph.in_edges(node_id), *graph.out_edges(node_id))]
    shown = [e for e in edges if e is not None and e.id not in view.state.hidden_edges and not view.covers_cards(e)]
    if not shown or len(shown) > MOST_EDGES or view.camera.zoom < m.ZOOM_TITLES:
        return
    camera = view.camera
    painter.save()
    painter.translate(camera.x, camera.y)
    painter.scale(camera.zoom, camera.zoom)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(theme().color("accent"), max(m.EDGE, 1.5 / camera.zoom))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for edge in shown:
        painter.drawPath(path_of(edge))
    painter.restore()


def paint_hover_socket(view: CanvasView, painter: QPainter, hit: Hit) -> None:
    """A socket under the pointer grows and shows a plus."""
    scene = view.scene
    if hit.id not in scene.items:
        return
    place = scene.target_socket(hit.id) if hit.side == "target" else scene.source_socket(hit.id, hit.handle)
    x, y = view.camera.to_view(*place)
    current = theme()
    radius = m.SOCKET_HOVER / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.color("accent"))
    painter.drawEllipse(QPointF(x, y), radius, radius)
    pen = QPen(current.color("on_accent"), 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
    painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))


def hit_rounds(view: CanvasView, x: float, y: float) -> Hit | None:
    """The button of a round stepper under the point."""
    if view.camera.zoom < m.ZOOM_FULL:
        return None
    scene_x, scene_y = view.camera.to_scene(x, y)
    for room_id, rounds in view.state.rounds.items():
        shown, total = rounds.shown, rounds.total
        item = view.scene.items.get(room_id)
        if item is None or not item.box.contains(scene_x, scene_y):
            continue
        rect = rounds_rect(item, rounds, view.camera.zoom).translated(item.box.left, item.box.top)
        if rect.contains(scene_x, scene_y):
            button = ROUND_BUTTON * rect.height() / (m.CHIP + 2)
            if scene_x <= rect.left() + button and shown > 1:
                return Hit("round-back", room_id)
            if scene_x >= rect.right() - button and shown < total:
                return Hit("round-on", room_id)
            return Hit("round-pick", room_id)
    return None


def edge_button_size(view: CanvasView) -> float:
    """The side of an edge's buttons in logical pixels: smaller on a small canvas, where edges are short."""
    return max(m.EDGE_BUTTON * 0.7, min(m.EDGE_BUTTON, m.EDGE_BUTTON * view.camera.zoom))


def edge_buttons(view: CanvasView, edge_id: str) -> dict[str, QPointF]:
    """Centres of the plus and delete buttons of an edge, in the widget's pixels; none from afar and where
    nothing can be changed."""
    edge = view.scene.edges.get(edge_id)
    if edge is None or view.camera.zoom < m.ZOOM_TITLES or view.read_only:
        return {}
    x, y = view.camera.to_view(*edge.route.middle())
    half = edge_button_size(view) / 2 + 2
    return {"edge-add": QPointF(x - half, y), "edge-delete": QPointF(x + half, y)}


def hit_edge_buttons(view: CanvasView, edge_id: str, x: float, y: float) -> Hit | None:
    """The edge button under the point."""
    reach = edge_button_size(view) / 2 + 2
    for kind, centre in edge_buttons(view, edge_id).items():
        if abs(centre.x() - x) <= reach and abs(centre.y() - y) <= reach:
            return Hit(kind, edge_id)  # type: ignore[arg-type]
    return None


def paint_hover_edge(view: CanvasView, painter: QPainter, edge_id: str, over: Hit) -> None:
    """An edge under the pointer is stronger, with a plus and a delete at its middle."""
    edge = view.scene.edges.get(edge_id)
    if edge is None:
        return
    current, camera = theme(), view.camera
    painter.save()
    painter.translate(camera.x, camera.y)
    painter.scale(camera.zoom, camera.zoom)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(current.color("accent"), max(m.EDGE_ACTIVE, 1.5 / camera.zoom))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    if not view.covers_cards(edge):
        painter.drawPath(path_of(edge))
    painter.restore()
    side = edge_button_size(view)
    for kind, centre in edge_buttons(view, edge_id).items():
        lit = over.kind == kind
        tone = "bad" if kind == "edge-delete" else "accent"
        painter.setPen(QPen(current.color(tone if lit else "line_strong"), 1))
        painter.setBrush(current.color(tone if lit else "raised"))
        painter.drawEllipse(centre, side / 2, side / 2)
        icon = "trash" if kind == "edge-delete" else "plus"
        ink = ("on_status" if kind == "edge-delete" else "on_accent") if lit else "muted"
        _icon(view, painter, icon, ink, centre, round(side * 0.6))
