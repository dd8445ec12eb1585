"""What the canvas says when it has nothing to show, and sentences that come and go."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from editor import icons
from editor.canvas.paint.reading import font_metrics
from editor.i18n import tr
from editor.theme import theme


def paint_empty(painter: QPainter, rect: QRectF, ratio: float, *, read_only: bool) -> None:
    """The hint on an empty canvas: one sentence and the way on."""
    current = theme()
    centre = rect.center()
    side = 48
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.color("accent_soft"))
    painter.drawRoundedRect(QRectF(centre.x() - side / 2, centre.y() - 84, side, side), 14, 14)
    picture = icons.pixmap("blocks", "accent", 24, ratio)
    painter.drawPixmap(QPointF(round(centre.x() - 12), round(centre.y() - 72)), picture)
    painter.setFont(current.font("heading"))
    painter.setPen(current.color("text"))
    title = tr("Nothing here yet")
    painter.drawText(QRectF(rect.left(), centre.y() - 24, rect.width(), 24), Qt.AlignmentFlag.AlignCenter, title)
    if read_only:
        return
    painter.setFont(current.font("base"))
    painter.setPen(current.color("muted"))
    text = tr("Choose where it begins, drag a block in from the left, or right-click to add one.")
    painter.drawText(QRectF(rect.left(), centre.y() + 4, rect.width(), 24), Qt.AlignmentFlag.AlignCenter, text)


def paint_message(painter: QPainter, rect: QRectF, text: str, ratio: float, tone: str = "warn") -> None:
    """A sentence at the top of the canvas that says why something did not happen."""
    current = theme()
    metrics = font_metrics("base")
    width = min(rect.width() - 32, metrics.horizontalAdvance(text) + 52)
    box = QRectF(round(rect.center().x() - width / 2), rect.top() + 16, round(width), 36)
    painter.setPen(current.color("line"))
    painter.setBrush(current.color("raised"))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
    picture = icons.pixmap("warning", tone, 16, ratio)
    painter.drawPixmap(QPointF(box.left() + 12, box.top() + 10), picture)
    painter.setFont(current.font("base"))
    painter.setPen(current.color("text"))
    inner = box.adjusted(36, 0, -12, 0)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
