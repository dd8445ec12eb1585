"""A graph to look at: the cards as the canvas paints them, moved by hand and zoomed, nothing to change."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from editor.canvas.scene import CanvasScene
from editor.canvas.surface import CanvasSurface
from editor.i18n import tr
from editor.theme import theme
from engine.model.graph import Graph

_ZOOM_PER_STEP = 1.12
_WHEEL_STEP = 120.0
_KEY_STEP = 60.0
_KEYS = {
    Qt.Key.Key_Left: (_KEY_STEP, 0.0),
    Qt.Key.Key_Right: (-_KEY_STEP, 0.0),
    Qt.Key.Key_Up: (0.0, _KEY_STEP),
    Qt.Key.Key_Down: (0.0, -_KEY_STEP),
}


def card_sizes(graph: Graph) -> Mapping[str, tuple[float, float]]:
    """How large the canvas draws each node of a graph, for laying it out."""
    scene = CanvasScene()
    scene.load(graph)
    items = scene.items.values()
    return {i.id: (i.box.width, i.full.height if i.kind == "card" else i.box.height) for i in items}


class GraphPreview(CanvasSurface):
    """Drag to move, wheel or + and - to zoom, arrows to move, 0 to fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Preview of the workflow"))
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._held: QPointF | None = None

    def show_whole(self, graph: Graph) -> None:
        """Show another graph, all of it."""
        self.show_graph(graph)
        self.fit()

    def paint_overlays(self, painter: QPainter) -> None:
        super().paint_overlays(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme().color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._held = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            way = event.position() - self._held
            self._held = event.position()
            self.pan_by(way.x(), way.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        amount = event.angleDelta().y() or event.angleDelta().x()
        place = event.position()
        self.zoom_at(self.camera.zoom * _ZOOM_PER_STEP ** (amount / _WHEEL_STEP), place.x(), place.y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            super().keyPressEvent(event)
        elif key in _KEYS:
            self.pan_by(*_KEYS[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)
