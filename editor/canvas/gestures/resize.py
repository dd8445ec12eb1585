"""Resizing containers and notes by their borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.canvas import metrics as m
from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.hit import Hit
from editor.canvas.index import Box, union
from editor.i18n import tr
from editor.theme import theme
from engine.model.edits import Edit, Group, MoveNodes, ResizeNode
from engine.model.types import whole

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

CURSORS = {
    "l": Qt.CursorShape.SizeHorCursor,
    "r": Qt.CursorShape.SizeHorCursor,
    "t": Qt.CursorShape.SizeVerCursor,
    "b": Qt.CursorShape.SizeVerCursor,
    "rb": Qt.CursorShape.SizeFDiagCursor,
    "lt": Qt.CursorShape.SizeFDiagCursor,
    "rt": Qt.CursorShape.SizeBDiagCursor,
    "lb": Qt.CursorShape.SizeBDiagCursor,
}


class ResizeGesture(Gesture):
    """Moves the borders named by the hit. A container never gets smaller than its children need."""

    def __init__(self, view: CanvasView, hit: Hit) -> None:
        super().__init__(view)
        self.id = hit.id
        self.zone = hit.zone
        self.cursor = CURSORS.get(hit.zone, Qt.CursorShape.SizeFDiagCursor)

    def begin(self, at: Pointer) -> None:
        self._from = (at.scene_x, at.scene_y)
        self._start = self.view.scene.items[self.id].box
        self.box = self._start

    def move(self, at: Pointer) -> None:
        dx, dy = at.scene_x - self._from[0], at.scene_y - self._from[1]
        box = self._start
        left = box.left + dx if "l" in self.zone else box.left
        top = box.top + dy if "t" in self.zone else box.top
        right = box.right + dx if "r" in self.zone else box.right
        bottom = box.bottom + dy if "b" in self.zone else box.bottom
        self.box = self._allowed(Box(round(left), round(top), round(right), round(bottom)))
        self.view.update()

    def _allowed(self, wanted: Box) -> Box:
        least_width, least_height = m.ROOM_MIN if self._is_room else m.NOTE_MIN
        left, top, right, bottom = wanted
        if self._is_room:
            children = self.view.graph.children(self.id)
            items = self.view.scene.items
            needed = union(items[child.id].box for child in children if child.id in items)
            if needed is not None:
                left = min(left, needed.left - m.ROOM_PAD_LEFT) if "l" in self.zone else left
                top = min(top, needed.top - m.ROOM_PAD_TOP) if "t" in self.zone else top
                right = max(right, needed.right + m.ROOM_PAD_RIGHT) if "r" in self.zone else right
                bottom = max(bottom, needed.bottom + m.ROOM_PAD_BOTTOM) if "b" in self.zone else bottom
        if right - left < least_width:
            left, right = (right - least_width, right) if "l" in self.zone else (left, left + least_width)
        if bottom - top < least_height:
            top, bottom = (bottom - least_height, bottom) if "t" in self.zone else (top, top + least_height)
        return Box(left, top, right, bottom)

    @property
    def _is_room(self) -> bool:
        return self.view.scene.items[self.id].kind == "room"

    def finish(self, at: Pointer) -> None:
        self.move(at)
        if self.box != self._start:
            label = tr("Resize")
            self.view.commands.submit(Group(label, tuple(self._edits())), label)
        self.view.update()

    def _edits(self) -> list[Edit]:
        node = self.view.graph.nodes[self.id]
        dx, dy = self.box.left - self._start.left, self.box.top - self._start.top
        edits: list[Edit] = [
            ResizeNode(self.id, whole(self.box.width), whole(self.box.height), whole(node.x + dx), whole(node.y + dy))
        ]
        children = self.view.graph.children(self.id)
        if (dx or dy) and children:
            # Children keep their place on the canvas when the left or upper border moves.
            edits.append(MoveNodes({child.id: (whole(child.x - dx), whole(child.y - dy)) for child in children}))
        return edits

    def cancel(self) -> None:
        self.view.update()

    def paint(self, painter: QPainter) -> None:
        box = self.view.camera.box_to_view(self.box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color("accent"), 1.5, Qt.PenStyle.DashLine))
        radius = theme().radius("room" if self._is_room else "tile") * self.view.camera.zoom
        painter.drawRoundedRect(QRectF(box.left, box.top, box.width, box.height), radius, radius)
