"""The last runs of a workflow as small marks, told apart by their shape as well as by their colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor.panels.parts import STATUS_ICON
from editor.theme import theme


def paint_run_mark(painter: QPainter, box: QRectF, status: str) -> None:
    """A disc for a success, a cross for a failure, a triangle for a failure that was handled, a square for a stop,
    bars for a pause, a ring for what still runs."""
    colour = theme().color(STATUS_ICON.get(status, ("", "faint"))[1])
    pen = QPen(colour, 1.75)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = box.adjusted(1, 1, -1, -1)
    if status == "failed":
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.bottomLeft(), inner.topRight())
        return
    if status in ("paused", "held"):
        for x in (box.left() + 2, box.right() - 2):
            painter.drawLine(QPointF(x, inner.top()), QPointF(x, inner.bottom()))
        return
    if status in ("running", "waiting", "retry"):
        painter.drawEllipse(inner)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if status in ("partial-succeeded", "exception"):
        painter.drawPolygon([QPointF(box.center().x(), box.top() - 0.5), box.bottomRight(), box.bottomLeft()])
    elif status == "stopped":
        painter.drawRect(inner)
    else:
        painter.drawEllipse(box)
