"""The ground behind everything: the canvas colour and its dot grid, which fades away below 50 %."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from editor.canvas import metrics as m
from editor.canvas.paint.context import Canvas, pixel_of
from editor.theme import theme

_FEW = 48


def paint_background(canvas: Canvas, area: QRectF) -> None:
    """Fills `area` (device space) and puts the dots of the grid into it."""
    canvas.painter.fillRect(area, theme().color("canvas"))
    paint_dots(canvas, area, 0.0, 0.0)


def paint_dots(canvas: Canvas, area: QRectF, origin_x: float, origin_y: float) -> None:
    """Grid dots within `area` (device space), counted from a scene point."""
    strength = min(1.0, max(0.0, (canvas.zoom - 0.22) / (m.GRID_FADE - 0.22)))
    if strength <= 0:
        return
    step = m.GRID * canvas.scale
    while step < 14 * canvas.pixel:
        step *= 2
    base_x, base_y = canvas.device(origin_x, origin_y)
    first_x, last_x = ceil((area.left() - base_x) / step), floor((area.right() - base_x) / step)
    first_y, last_y = ceil((area.top() - base_y) / step), floor((area.bottom() - base_y) / step)
    if last_x < first_x or last_y < first_y:
        return
    colour = theme().color("grid") if strength == 1.0 else theme().mix("grid", strength)
    size = max(1, round(m.GRID_DOT * canvas.pixel))
    columns = [pixel_of(base_x + step * column) - size // 2 for column in range(first_x, last_x + 1)]
    rows = [pixel_of(base_y + step * row) - size // 2 for row in range(first_y, last_y + 1)]
    painter = canvas.painter
    if len(columns) * len(rows) <= _FEW:
        for y in rows:
            for x in columns:
                painter.fillRect(x, y, size, size, colour)
        return
    # Thousands of dots: a row of them is painted once, then put down for each row.
    strip = QPixmap(columns[-1] + size - columns[0], size)
    strip.fill(Qt.GlobalColor.transparent)
    brush = QPainter(strip)
    for x in columns:
        brush.fillRect(x - columns[0], 0, size, size, colour)
    brush.end()
    for y in rows:
        painter.drawPixmap(columns[0], y, strip)
