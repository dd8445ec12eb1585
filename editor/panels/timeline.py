"""When each step of a run began and how long it took, as bars in a column of the trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from editor.panels.trace_model import SPAN, TraceModel
from editor.theme import theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

HEIGHT = 8.0
PAD = 6.0


class BarDelegate(QStyledItemDelegate):
    """Paints a bar on the time axis of the whole run; `moment` (seconds) is a line through all of them."""

    def __init__(self, model: TraceModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.moment: float | None = None

    def place(self, rect: QRectF, at: float) -> float:
        """Where a time stands within a cell."""
        span = self._model.extent()
        if span is None or span[1] <= span[0]:
            return rect.left() + PAD
        share = (at - span[0]) / (span[1] - span[0])
        return rect.left() + PAD + min(1.0, max(0.0, share)) * (rect.width() - 2 * PAD)

    def time(self, rect: QRectF, x: float) -> float | None:
        """The time that stands at a place within a cell."""
        span = self._model.extent()
        if span is None:
            return None
        share = (x - rect.left() - PAD) / max(1.0, rect.width() - 2 * PAD)
        return span[0] + min(1.0, max(0.0, share)) * (span[1] - span[0])

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        rect = QRectF(option.rect)
        span = self._model.extent()
        bar = index.data(SPAN)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if bar is not None and span is not None:
            begin, end, colour = bar
            left, right = self.place(rect, begin), self.place(rect, span[1] if end is None else end)
            tone = theme().color(colour)
            later = self.moment is not None and begin > self.moment
            painter.setOpacity(0.35 if later else 1.0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tone)
            y = rect.center().y() - HEIGHT / 2
            painter.drawRoundedRect(QRectF(left, y, max(3.0, right - left), HEIGHT), 2, 2)
            painter.setOpacity(1.0)
        if self.moment is not None:
            x = self.place(rect, self.moment)
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.drawLine(int(x), int(rect.top()), int(x), int(rect.bottom()) + 1)
        painter.restore()
