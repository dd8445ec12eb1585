"""Drawing a connection from a socket, and giving an existing edge another end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.canvas import metrics as m
from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.hit import Hit, Side, hit_at, room_at
from editor.canvas.overlays.bubble import paint_bubble
from editor.canvas.paint.edges import curve
from editor.canvas.routes import route
from editor.i18n import tr
from editor.theme import theme
from engine.model.edits import AddEdge, Edit, ReconnectEdge

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView


class ConnectGesture(Gesture):
    """From a socket to another. `edge_id` names the edge whose end is being moved, if any.

    The target under the pointer is ringed; when the connection is not allowed the reason stands beside the pointer.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, node_id: str, handle: str, side: Side, edge_id: str | None = None) -> None:
        super().__init__(view)
        self.node_id, self.handle, self.side, self.edge_id = node_id, handle, side, edge_id
        self.over: str | None = None
        self.over_handle = ""
        self.refusal = ""

    def begin(self, at: Pointer) -> None:
        self._at = (at.scene_x, at.scene_y)
        if self.edge_id is not None:
            self.view.hide_items(set(), {self.edge_id})
        self.move(at)

    def move(self, at: Pointer) -> None:
        self._at = (at.scene_x, at.scene_y)
        self._pointer = (at.x, at.y)
        self.over, self.over_handle, self.refusal = None, "", ""
        hit = hit_at(self.view.scene, self.view.camera, at.x, at.y, editable=False)
        if hit.kind in ("node", "socket") and hit.id != self.node_id and self._counts(hit):
            self.over = hit.id
            if self.side == "source":
                self.over_handle = "target"
                self.refusal = self._ask(self.node_id, self.handle, hit.id)
            else:
                self.over_handle = self._source_handle(hit.id, hit.handle if hit.side == "source" else "")
                self.refusal = self._ask(hit.id, self.over_handle, self.node_id)
        self.view.update()

    def _counts(self, hit: Hit) -> bool:
        """Whether the hit is meant as an end: the floor of a container is free ground for what stands inside it."""
        return hit.zone != "floor" or self.view.scene.items[self.node_id].parent != hit.id

    def _ask(self, source: str, handle: str, target: str) -> str:
        return self.view.rules.may_connect(source, handle, target, instead_of=self.edge_id)

    def _source_handle(self, node_id: str, hinted: str) -> str:
        """The source socket of a node that is meant when its card was hit: the hinted one, else the nearest in
        height."""
        sockets = self.view.scene.items[node_id].content.sockets
        if hinted and any(socket.handle == hinted for socket in sockets):
            return hinted
        if not sockets:
            return "source"
        return min(sockets, key=lambda s: abs(self.view.scene.source_socket(node_id, s.handle)[1] - self._at[1])).handle

    def finish(self, at: Pointer) -> None:
        self.move(at)
        self.view.hide_items(set(), set())
        if self.over is not None:
            if self.refusal:
                self.view.say(self.refusal)
            else:
                self._connect(self.over)
        elif self.edge_id is None:
            self.view.keep_seen(self)  # so that one sees from where the block will be reached
            self.view.ask_for_block(
                at,
                source_node=self.node_id if self.side == "source" else None,
                source_handle=self.handle if self.side == "source" else None,
                target_node=self.node_id if self.side == "target" else None,
                container_id=room_at(self.view.scene, at.scene_x, at.scene_y, set()),
            )
        self.view.update()

    def _connect(self, other: str) -> None:
        if self.side == "source":
            source, handle, target = self.node_id, self.handle, other
        else:
            source, handle, target = other, self.over_handle, self.node_id
        edit: Edit
        if self.edge_id is not None:
            edge = self.view.graph.edges[self.edge_id]
            if (edge.source, edge.source_handle, edge.target) == (source, handle, target):
                return
            edit = ReconnectEdge(self.edge_id, source, handle, target)
            self.view.commands.submit(edit, tr("Reconnect"))
            return
        edit = AddEdge(self.view.rules.new_edge(source, handle, target))
        if self.view.commands.submit(edit, tr("Connect")):
            self.view.connected.emit(source, target)

    def cancel(self) -> None:
        self.view.hide_items(set(), set())
        self.view.update()

    def paint(self, painter: QPainter) -> None:
        scene, camera, current = self.view.scene, self.view.camera, theme()
        if self.node_id not in scene.items:
            return
        own = (
            scene.source_socket(self.node_id, self.handle)
            if self.side == "source"
            else scene.target_socket(self.node_id)
        )
        other = self._at
        if self.over is not None and not self.refusal:
            other = (
                scene.target_socket(self.over)
                if self.side == "source"
                else scene.source_socket(self.over, self.over_handle)
            )
        start, end = (own, other) if self.side == "source" else (other, own)
        tone = "bad" if self.refusal else "accent"
        painter.save()
        painter.translate(camera.x, camera.y)
        painter.scale(camera.zoom, camera.zoom)
        pen = QPen(current.color(tone), m.EDGE_ACTIVE / max(camera.zoom, 0.6))
        if self.refusal or self.over is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(curve(route(*start, *end)))
        painter.restore()
        self._paint_target(painter, tone)
        end_view = QPointF(*camera.to_view(*other))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current.color(tone))
        painter.drawEllipse(end_view, 5, 5)
        if self.refusal:
            paint_bubble(painter, self.refusal, *self._pointer, self.view.rect(), tone="bad")

    def _paint_target(self, painter: QPainter, tone: str) -> None:
        if self.over is None or self.over not in self.view.scene.items:
            return
        item = self.view.scene.items[self.over]
        box = self.view.camera.box_to_view(item.box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color(tone), m.RING))
        radius = theme().radius("room" if item.kind == "room" else "card") * self.view.camera.zoom + 2
        painter.drawRoundedRect(QRectF(box.left - 2, box.top - 2, box.width + 4, box.height + 4), radius, radius)
