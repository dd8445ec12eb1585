"""The painted picture of the canvas, kept between frames: scrolled by moving pixels, repaired where something
changed.

While the zoom changes, the last sharp picture is drawn scaled; a repaint follows when the hand rests.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor
from time import perf_counter

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QPixmap, QTransform

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import Level, level_for
from editor.canvas.renderer import Renderer
from editor.theme import theme

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in device pixels; the right and the bottom edge do not belong to it."""

_MANY_AREAS = 24
_SOME_AREAS = 4
_TOO_MANY = 400
_WASTE = 1.15
_REACH = 16.0
_CHEAP_MS = 6.0
_BLEED = 12.0
_BLEED_EDGE = 5.0
_BLEED_SHAPES = 4.0
"""So many logical pixels beyond its box something may be drawn: badges and rings of a card, the stroke of an edge."""


class Backing:
    """One pixmap of the widget's size in device pixels, with the camera it was painted for."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._pixmap = QPixmap()
        self._camera = Camera()
        self._dirty: list[Rect] = []
        self._valid = False
        self._things = 0
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

    def mark(self, area: Box, *, edge: bool = False) -> None:
        """An area of the scene must be painted again: that of a card, or of an edge."""
        if not self._valid:
            return
        left, top = self._camera.to_view(area.left, area.top)
        right, bottom = self._camera.to_view(area.right, area.bottom)
        ratio = self._camera.ratio
        small = level_for(self._camera.zoom) is Level.SHAPES
        bleed = _BLEED_SHAPES if small else _BLEED_EDGE if edge else _BLEED
        size = self._pixmap.size()
        rect = (
            max(0, floor((left - bleed) * ratio)),
            max(0, floor((top - bleed) * ratio)),
            min(size.width(), ceil((right + bleed) * ratio)),
            min(size.height(), ceil((bottom + bleed) * ratio)),
        )
        if rect[0] < rect[2] and rect[1] < rect[3]:
            self._dirty.append(rect)
            if len(self._dirty) > _TOO_MANY:
                self._valid = False

    @property
    def sharp_for(self) -> Camera:
        """The camera of the picture."""
        return self._camera

    def shows(self, camera: Camera) -> bool:
        """Whether the picture is sharp and complete for this camera."""
        return self._valid and not self._dirty and self._camera.same_as(camera)

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
        self._dirty = []
        self._valid = True
        started = perf_counter()
        area = QRectF(self._pixmap.rect())
        self._paint(area)
        self._things = self._renderer.count(camera, area)
        self.last_full_ms = (perf_counter() - started) * 1000.0

    def _scroll(self, dx: int, dy: int) -> None:
        bounds = self._pixmap.rect()
        width, height = bounds.width(), bounds.height()
        if abs(dx) >= width or abs(dy) >= height:
            self._dirty = [(0, 0, width, height)]
            return
        self._pixmap.scroll(dx, dy, bounds)
        moved = (
            (max(0, left + dx), max(0, top + dy), min(width, right + dx), min(height, bottom + dy))
            for left, top, right, bottom in self._dirty
        )
        self._dirty = [rect for rect in moved if rect[0] < rect[2] and rect[1] < rect[3]]
        if dy:
            self._dirty.append((0, 0, width, dy) if dy > 0 else (0, height + dy, width, height))
        if dx:
            top, bottom = max(0, dy), min(height, height + dy)
            self._dirty.append((0, top, dx, bottom) if dx > 0 else (width + dx, top, width, bottom))

    def _repair(self) -> None:
        if not self._dirty:
            return
        rects, self._dirty = joined(self._dirty), []
        whole = self._pixmap.width() * self._pixmap.height()
        # What reaches into an area is painted with it, so that a small one costs more than its pixels.
        reach = 2 * _REACH * self._camera.ratio
        covered = sum((right - left + reach) * (bottom - top + reach) for left, top, right, bottom in rects)
        cheap = len(rects) > _MANY_AREAS and self.last_full_ms < _CHEAP_MS
        if covered > 0.6 * whole or cheap or self._paints_more(rects):
            self._paint_all(self._camera)
            return
        for left, top, right, bottom in rects:
            self._paint(QRectF(left, top, right - left, bottom - top))

    def _paints_more(self, rects: list[Rect]) -> bool:
        """Whether the areas one by one hold more things than the whole picture: near areas share what they touch."""
        if len(rects) < _SOME_AREAS:
            return False
        left = self._things
        for x, y, right, bottom in rects:
            left -= self._renderer.count(self._camera, QRectF(x, y, right - x, bottom - y))
            if left < 0:
                return True
        return False

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


def _area(rect: Rect) -> int:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def joined(rects: Iterable[Rect]) -> list[Rect]:
    """Rectangles that cover the same and hardly more: those that meet become one where that wastes little."""
    found: list[Rect] = []
    for rect in rects:
        current, again = rect, True
        while again:
            again = False
            for index, other in enumerate(found):
                if current[0] > other[2] or other[0] > current[2] or current[1] > other[3] or other[1] > current[3]:
                    continue
                both = (
                    min(current[0], other[0]),
                    min(current[1], other[1]),
                    max(current[2], other[2]),
                    max(current[3], other[3]),
                )
                if _area(both) <= _WASTE * (_area(current) + _area(other)):
                    current, again = both, True
                    del found[index]
                    break
        found.append(current)
    return found
