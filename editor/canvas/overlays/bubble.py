"""A short sentence in a small bubble beside the pointer or over the canvas."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.canvas.paint.reading import font_metrics
from editor.theme import theme

_WIDEST = 280


def paint_bubble(
    painter: QPainter, text: str, x: float, y: float, within: QRect, *, tone: str = "text", centred: bool = False
) -> QRectF:
    """Draws `text` beside (or centred on) a place of the widget, kept inside `within`; answers where."""
    current = theme()
    metrics = font_metrics("small")
    bounds = metrics.boundingRect(QRectF(0, 0, _WIDEST, 400), int(Qt.TextFlag.TextWordWrap), text)
    # Whole pixels, never fewer than the words need: a fraction less and the last of them goes to a line of its own.
    width, height = ceil(bounds.width()) + 24, ceil(bounds.height()) + 14
    left = x - width / 2 if centred else x + 16
    top = y if centred else y + 16
    left = min(max(within.left() + 8.0, left), max(within.left() + 8.0, within.right() - width - 8))
    top = min(max(within.top() + 8.0, top), max(within.top() + 8.0, within.bottom() - height - 8))
    rect = QRectF(round(left), round(top), width, height)
    painter.setPen(QPen(current.color(tone if tone != "text" else "line"), 1))
    painter.setBrush(current.color("raised"))
    painter.drawRoundedRect(rect, 8, 8)
    painter.setFont(current.font("small"))
    painter.setPen(current.color(tone))
    inner = rect.adjusted(11, 7, -11, -7)
    painter.drawText(inner, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter), text)
    return rect
