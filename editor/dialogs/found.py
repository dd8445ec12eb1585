"""How a found entry is drawn: its picture and title at the left, what it is at the right.

Drawn without a widget of its own: sixty widgets would take longer to make than the search itself.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from editor.icons import icon
from editor.theme import theme

TITLE: Final = int(Qt.ItemDataRole.UserRole)
DETAIL: Final = TITLE + 1
PICTURE: Final = TITLE + 2
_ICON, _LEFT, _RIGHT, _GAP = 16, 12, 16, 12
_DETAIL_SHARE: Final = 0.4
"""What is said at the right never takes more of the row than this."""


def row_height() -> int:
    """The height of a row at the present text size."""
    return max(32, round(theme().pixels("base")) + 18)


class FoundDelegate(QStyledItemDelegate):
    """Draws items that have a title; others, such as the words for an empty list, look as usual."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, row_height())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        title = index.data(TITLE)
        if title is None:
            super().paint(painter, option, index)
            return
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        shown.text = ""
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        current = theme()
        box = option.rect.adjusted(_LEFT, 0, -_RIGHT, 0)
        icon(index.data(PICTURE), "muted").paint(
            painter, QRect(box.left(), box.center().y() - _ICON // 2 + 1, _ICON, _ICON)
        )
        painter.save()
        painter.setFont(current.font("small"))
        painter.setPen(current.color("muted"))
        metrics = QFontMetrics(painter.font())
        detail = metrics.elidedText(index.data(DETAIL), Qt.TextElideMode.ElideRight, round(box.width() * _DETAIL_SHARE))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), detail)
        line = box.adjusted(_ICON + _GAP, 0, -(metrics.horizontalAdvance(detail) + _GAP if detail else 0), 0)
        painter.setFont(current.font("base"))
        painter.setPen(current.color("text"))
        text = QFontMetrics(painter.font()).elidedText(title, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()
