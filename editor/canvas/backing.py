"""The painted picture of the canvas, kept between frames: scrolled by moving pixels, repaired where something
changed.

While the zoom changes, the last sharp picture is drawn scaled; a repaint follows when the hand rests.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import cast

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QPixmap, QRegion, QTransform

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import Level, level_for
from editor.canvas.renderer import Renderer
from editor.theme import theme

_MANY_AREAS = 24
_CHEAP_MS = 6.0
_BLEED = 14.0
_BLEED_SHAPES = 4.0


class Backing:
    """One pixmap of the widget's size in device pixels, with the camera it was painted for."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._pixmap = QPixmap()
        self._camera = Camera()
        self._dirty = QRegion()
        self._valid = False
        self.last_full_ms = 0.0
        """How long the last complete repaint took, in milliseconds."""

    def resize(self, size: QSize, ratio: float) -> None:
        """Fits the picture to the widget; what was painted is lost."""
        wanted = QSize(max(1, round(size.width() * ratio)), max(1, round(size.height() * ratio)))
        if self._pixmap.size() != wanted:
            self._pixmap = QPixmap(wanted)
            self._valid = False

    def invalidate(self) -> None:
        """Everything must be painted again."""
        self._valid = False

    def mark(self, area: Box) -> None:
        """An area of the scene must be painted again."""
        if not self._valid:
            return
        left, top = self._camera.to_view(area.left, area.top)
        right, bottom = self._camera.to_view(area.right, area.bottom)
        ratio = self._camera.ratio
        bleed = _BLEED_SHAPES if level_for(self._camera.zoom) is Level.SHAPES else _BLEED
        rect = QRectF(
            (left - bleed) * ratio,
            (top - bleed) * ratio,
            (right - left + 2 * bleed) * ratio,
            (bottom - top + 2 * bleed) * ratio,
        ).toAlignedRect()
        self._dirty += rect & self._pixmap.rect()

    @property
    def sharp_for(self) -> Camera:
        """The camera of the picture."""
        return self._camera

    def shows(self, camera: Camera) -> bool:
        """Whether the picture is sharp and complete for this camera."""
        return self._valid and self._dirty.isEmpty() and self._camera.same_as(camera)

    def is_zoomed_from(self, camera: Camera) -> bool:
        """Whether the picture was made for another zoom."""
        return self._valid and self._camera.zoom != camera.zoom

    def bring_to(self, camera: Camera) -> None:
        """Makes the picture right for this camera, with as little painting as possible."""
        if not self._valid or self._camera.zoom != camera.zoom or self._camera.ratio != camera.ratio:
            self._paint_all(camera)
            return
        dx = round((camera.x - self._camera.x) * camera.ratio)
        dy = round((camera.y - self._camera.y) * camera.ratio)
        if dx or dy:
            self._scroll(dx, dy)
        self._camera = camera.copy()
        self._repair()

    def _paint_all(self, camera: Camera) -> None:
        self._camera = camera.copy()
        self._dirty = QRegion()
        self._valid = True
        started = perf_counter()
        self._paint(QRectF(self._pixmap.rect()))
        self.last_full_ms = (perf_counter() - started) * 1000.0

    def _scroll(self, dx: int, dy: int) -> None:
        bounds = self._pixmap.rect()
        if abs(dx) >= bounds.width() or abs(dy) >= bounds.height():
            self._dirty = QRegion(bounds)
            return
        self._pixmap.scroll(dx, dy, bounds)
        moved = self._dirty.translated(dx, dy)
        kept = bounds.translated(dx, dy) & bounds
        self._dirty = (moved & QRegion(bounds)) + (QRegion(bounds) - QRegion(kept))

    def _repair(self) -> None:
        if self._dirty.isEmpty():
            return
        region, self._dirty = self._dirty, QRegion()
        rects = [QRect(rect) for rect in cast(Iterable[QRect], region)]
        whole = self._pixmap.width() * self._pixmap.height()
        covered = sum(rect.width() * rect.height() for rect in rects)
        cheap = len(rects) > _MANY_AREAS and self.last_full_ms < _CHEAP_MS
        if covered > 0.6 * whole or cheap:
            self._paint_all(self._camera)
            return
        if len(rects) > _MANY_AREAS:
            rects = _merged(rects)
        for rect in rects:
            self._paint(QRectF(rect))

    def _paint(self, area: QRectF) -> None:
        painter = QPainter(self._pixmap)
        try:
            self._renderer.paint(painter, self._camera, area)
        finally:
            painter.end()

    def draw(self, painter: QPainter, area: QRect, camera: Camera) -> None:
        """Puts the picture on the widget; scaled and shifted if it was made for another camera."""
        ratio = camera.ratio
        if self._camera.zoom == camera.zoom:
            source = QRect(
                round(area.x() * ratio),
                round(area.y() * ratio),
                round(area.width() * ratio),
                round(area.height() * ratio),
            )
            painter.drawPixmap(QRectF(area), self._pixmap, QRectF(source))
            return
        factor = camera.zoom / self._camera.zoom
        painter.fillRect(area, theme().color("canvas"))
        if factor < 1.0:
            self._renderer.paint_outlines(painter, camera, 1.0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, factor < 1.0)
        painter.setTransform(
            QTransform(
                factor / ratio,
                0,
                0,
                factor / ratio,
                camera.x - self._camera.x * factor,
                camera.y - self._camera.y * factor,
            ),
            True,
        )
        painter.drawPixmap(QPoint(0, 0), self._pixmap)
        painter.restore()

    def image_size(self) -> QSize:
        """The picture's size in device pixels."""
        return self._pixmap.size()


def _merged(rects: list[QRect]) -> list[QRect]:
    """Fewer, larger rectangles: those of one coarse cell become one."""
    cells: dict[tuple[int, int], QRect] = {}
    for rect in rects:
        key = (rect.center().x() // 320, rect.center().y() // 240)
        cells[key] = cells[key].united(rect) if key in cells else rect
    return list(cells.values())
