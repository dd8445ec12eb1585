"""The minimap: the whole graph as small coloured shapes, and the part in view as a frame that can be dragged."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from editor.canvas import metrics as m
from editor.canvas.index import Box
from editor.canvas.runview import TONES
from editor.canvas.surface import CanvasSurface
from editor.i18n import tr
from editor.theme import theme, theme_signal

_SIZE = QSize(200, 132)
_INSET = 8.0
_REDRAW_MS = 200
_MOST_SHARE = 0.06
"""Of the view: a larger map would cover what one looks at."""


class Minimap(QWidget):
    """Follows one canvas. Drag moves the view, the wheel zooms it.

    Wanted or not is the person's choice; while everything is in view the map has nothing to tell and steps aside.
    """

    def __init__(self, view: CanvasSurface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.setFixedSize(_SIZE)
        self.setAccessibleName(tr("Minimap"))
        self.setToolTip(tr("Drag to move the view"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.wanted = True
        self._picture: QPixmap | None = None
        self._key: tuple[object, ...] = ()
        self._box = Box(0, 0, 1, 1)
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self._forget)
        view.viewChanged.connect(self._view_changed)
        view.runChanged.connect(self.refresh)
        theme_signal().changed.connect(self._forget)

    def refresh(self) -> None:
        """The graph or its run changed; draws it again soon."""
        if not self._redraw.isActive():
            self._redraw.start()

    def _forget(self) -> None:
        self._picture = None
        self.update()

    def set_wanted(self, wanted: bool) -> None:
        """Whether the map is to be seen whenever it has something to tell."""
        self.wanted = wanted
        self._show_or_hide()

    @property
    def has_more(self) -> bool:
        """Whether a part of the graph lies outside a view that has room for a map."""
        bounds = self.view.scene.bounds()
        if bounds is None or self.width() * self.height() > _MOST_SHARE * self.view.width() * self.view.height():
            return False
        return not self.view.visible_box().covers(bounds)

    def _show_or_hide(self) -> None:
        shown = self.wanted and self.has_more
        if shown != self.isVisibleTo(self.view):
            self.setVisible(shown)

    def _view_changed(self) -> None:
        graph = self.view.scene.graph
        key = (id(graph.nodes), id(graph.edges)) if graph is not None else ()
        if key != self._key:
            self._key = key
            self.refresh()
        self._show_or_hide()
        self.update()

    # -- painting ---------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = theme()
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(current.color("line"), 1))
        painter.setBrush(current.color("surface"))
        painter.drawRoundedRect(frame, current.radius("menu"), current.radius("menu"))
        if self._picture is None:
            self._draw_picture()
        if self._picture is not None:
            painter.drawPixmap(0, 0, self._picture)
            self._paint_frame(painter)
        painter.end()

    def _draw_picture(self) -> None:
        bounds = self.view.scene.bounds()
        if bounds is None:
            return
        self._box = bounds.grown(120.0)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self._paint_shapes(painter)
        painter.end()
        self._picture = picture

    def _paint_shapes(self, painter: QPainter) -> None:
        current, runs = theme(), self.view.state.runs
        groups: dict[tuple[int, str], list[QRectF]] = {}
        for item in self.view.scene.items.values():
            left, top = self._to_map(item.box.left, item.box.top)
            right, bottom = self._to_map(item.box.right, item.box.bottom)
            rect = QRectF(left, top, max(1.5, right - left), max(1.5, bottom - top))
            run = runs.get(item.id)
            if item.kind == "note":
                groups.setdefault((0, "note"), []).append(rect)
            elif item.kind == "room":
                groups.setdefault((1, "room"), []).append(rect)
            elif run is not None and run.status not in ("waiting", "skipped"):
                groups.setdefault((2, f"run:{TONES[run.status]}"), []).append(rect)
            else:
                groups.setdefault((2, item.content.family), []).append(rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for (_, name), rects in sorted(groups.items()):
            if name == "note":
                painter.setBrush(current.color("note_blue"))
            elif name == "room":
                painter.setBrush(current.mix("line_strong", 0.35))
            elif name.startswith("run:"):
                painter.setBrush(current.color(name[4:]))
            else:
                painter.setBrush(current.family(name))
            painter.drawRects(rects)

    def _paint_frame(self, painter: QPainter) -> None:
        shown = self.view.visible_box()
        left, top = self._to_map(shown.left, shown.top)
        right, bottom = self._to_map(shown.right, shown.bottom)
        inside = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        rect = QRectF(QPointF(left, top), QPointF(right, bottom)).intersected(inside)
        if rect.isEmpty():
            return
        current = theme()
        painter.setPen(QPen(current.color("accent"), 1.5))
        painter.setBrush(current.mix("accent", 0.10))
        painter.drawRoundedRect(rect, 4, 4)

    # -- geometry and hands -----------------------------------------------------------------------------------

    @property
    def _scale(self) -> float:
        return min((self.width() - 2 * _INSET) / self._box.width, (self.height() - 2 * _INSET) / self._box.height)

    def _to_map(self, x: float, y: float) -> tuple[float, float]:
        scale = self._scale
        centre_x, centre_y = self._box.center
        return self.width() / 2 + (x - centre_x) * scale, self.height() / 2 + (y - centre_y) * scale

    def _to_scene(self, x: float, y: float) -> tuple[float, float]:
        scale = self._scale
        centre_x, centre_y = self._box.center
        return centre_x + (x - self.width() / 2) / scale, centre_y + (y - self.height() / 2) / scale

    def _go_to(self, x: float, y: float) -> None:
        view = self.view
        scene_x, scene_y = self._to_scene(x, y)
        zoom = view.camera.zoom
        view.runs.moved_by_hand()
        view.look_from(view.width() / 2 - scene_x * zoom, view.height() / 2 - scene_y * zoom)
        view.viewport_settled()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go_to(event.position().x(), event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().x(), event.position().y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120.0
        self.view.zoom_to(self.view.camera.zoom * (1.0 + m.ZOOM_STEP * steps))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()
