"""A snippet that sticks to the pointer until a click places it, or that is dragged in from the panel of blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.canvas import metrics as m
from editor.canvas.gestures.base import Pointer
from editor.canvas.gestures.ghost import GhostGesture, paint_ghost_card
from editor.canvas.hit import edge_near, room_at
from editor.canvas.inserting import Laid, Piece, lay, misfit
from editor.canvas.paint.edges import path_of
from editor.canvas.scene import CanvasScene
from editor.i18n import ntr
from editor.theme import theme
from engine.model.graph import Graph

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

MOST_CARDS = 60
"""A larger snippet shows that many of its cards while it is carried."""


class CarryGesture(GhostGesture):
    """Shows where the blocks would stand, the edge that they would split and the container that they would go into."""

    def __init__(self, view: CanvasView, block: str, piece: Piece) -> None:
        super().__init__(view, block)
        self.piece = piece
        self.left_out = ""
        self._laid: dict[str | None, tuple[Laid | None, CanvasScene]] = {}

    @property
    def laid(self) -> Laid | None:
        """What would be added in the container under the pointer, or on the canvas."""
        return self._in(self.room)[0]

    def _in(self, room: str | None) -> tuple[Laid | None, CanvasScene]:
        found = self._laid.get(room)
        if found is None:
            laid, scene = lay(self.view, self.piece, room), CanvasScene()
            shown = laid if laid is not None else lay(self.view, self.piece, None)
            if shown is not None:
                left, top = self.view.graph.absolute(shown.room) if shown.room is not None else (0.0, 0.0)
                tops = set(shown.pasted.tops)
                nodes = [
                    replace(n, parent=None, x=n.x + left, y=n.y + top) if n.id in tops else n
                    for n in shown.pasted.nodes
                ]
                scene.load(Graph({n.id: n for n in nodes}, {e.id: e for e in shown.pasted.edges}))
            found = self._laid[room] = (laid, scene)
        return found

    def move(self, at: Pointer) -> None:
        scene, camera = self.view.scene, self.view.camera
        self._at = (at.scene_x, at.scene_y)
        self._pointer = (at.x, at.y)
        self.room = room_at(scene, at.scene_x, at.scene_y, set())
        laid = self.laid
        self.refusal = misfit(laid, into=False, onward=False)
        self.left_out = ""
        self.edge_id = None
        if laid is not None:
            refused = laid.pasted.refused
            if refused:
                self.left_out = ntr("{n} node cannot stand here.", "{n} nodes cannot stand here.", refused)
            edge = edge_near(scene, camera, at.scene_x, at.scene_y)
            if edge and self._splits(edge, laid):
                self.edge_id = edge
        self.view.update()

    def _splits(self, edge_id: str, laid: Laid) -> bool:
        edge = self.view.graph.edges[edge_id]
        return self.view.graph.nodes[edge.source].parent == laid.room and not misfit(laid, into=True, onward=True)

    def place(self) -> tuple[float, float]:
        """The upper left corner in scene units: the pointer holds the first card by its header's middle."""
        x, y = self._at or (0.0, 0.0)
        laid = self.laid
        first = min(laid.boxes.values(), key=lambda box: (box.left, box.top)) if laid is not None else None
        dx, dy = (first.left - laid.around.left, first.top - laid.around.top) if first and laid else (0.0, 0.0)
        return round(x - dx - m.CARD_WIDTH / 2), round(y - dy - m.HEADER / 2)

    def finish(self, at: Pointer) -> None:
        self.move(at)
        if self.refusal:
            self.view.say(self.refusal)
            return
        x, y = self.place()
        self.view.edits.insert_piece(self.piece, x, y, container=self.room, split=self.edge_id)
        self.view.update()

    @property
    def remark(self) -> str:
        """What stands beside the pointer: why nothing can stand here, or how much cannot."""
        return self.refusal or self.left_out

    def paint_load(self, painter: QPainter) -> None:
        camera, current = self.view.camera, theme()
        x, y = camera.to_view(*self.place())
        scene = self._in(self.room)[1]
        refused = bool(self.refusal)
        painter.save()
        painter.translate(x, y)
        painter.scale(camera.zoom, camera.zoom)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(current.color("bad" if refused else "accent"), m.EDGE))
        for edge in list(scene.edges.values())[: 2 * MOST_CARDS]:
            painter.drawPath(path_of(edge))
        painter.restore()
        for item in list(scene.items.values())[:MOST_CARDS]:
            left, top = x + item.box.left * camera.zoom, y + item.box.top * camera.zoom
            if item.kind == "card":
                paint_ghost_card(
                    painter,
                    item.node.type,
                    left,
                    top,
                    camera.zoom,
                    refused=refused,
                    title=item.node.title,
                    high=item.box.height,
                )
                continue
            painter.save()
            painter.setOpacity(0.85)
            painter.setPen(QPen(current.color("bad" if refused else "accent"), 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(current.color("note_blue" if item.kind == "note" else "room"))
            radius = current.radius("room" if item.kind == "room" else "card") * camera.zoom
            size = (item.box.width * camera.zoom, item.box.height * camera.zoom)
            painter.drawRoundedRect(QRectF(left, top, *size), radius, radius)
            painter.restore()
