"""Selecting with a box: whatever it touches is taken."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.index import Box
from editor.theme import theme


class BoxSelectGesture(Gesture):
    """Left drag on the ground. With Ctrl or Shift the box adds to what is selected already."""

    cursor = Qt.CursorShape.CrossCursor

    def begin(self, at: Pointer) -> None:
        self._before = self.view.selection.nodes
        self._kept = self._before if at.adds else []
        self._from = (at.scene_x, at.scene_y)
        self._to = self._from

    @property
    def box(self) -> Box:
        """The box in scene units."""
        (x1, y1), (x2, y2) = self._from, self._to
        return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    def move(self, at: Pointer) -> None:
        self._to = (at.scene_x, at.scene_y)
        self.view.selection.set(dict.fromkeys([*self._kept, *self.view.touched_by(self.box)]))
        self.view.update()

    def finish(self, at: Pointer) -> None:
        self.move(at)

    def cancel(self) -> None:
        self.view.selection.set(self._before)

    def paint(self, painter: QPainter) -> None:
        current = theme()
        box = self.view.camera.box_to_view(self.box)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(current.color("accent"), 1))
        painter.setBrush(current.color("accent_soft"))
        painter.drawRect(QRectF(round(box.left), round(box.top), round(box.width), round(box.height)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
