"""How the entries of a panel's list are drawn: a title, and below it in muted words what there is to say of it.

An item's text holds both, parted by its first line break, so that screen readers and searches have all of it.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QPainter, QTextLayout, QTextOption
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from editor.theme import theme

ICON = 16
LEFT = 16
GAP = 10
ABOVE = 8
BETWEEN = 2

Index = QModelIndex | QPersistentModelIndex


class EntryDelegate(QStyledItemDelegate):
    """Titles are cut at the right, words below them wrap and are never cut."""

    @classmethod
    def serve(cls, view: QListView) -> None:
        """Draw the entries of a list from now on; they follow its width."""
        view.setItemDelegate(cls(view))
        view.setIconSize(QSize(ICON, ICON))
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = self._width()
        _, words = _parts(index)
        height = 2 * ABOVE + QFontMetrics(_title_font()).height()
        if words:
            height += BETWEEN + math.ceil(_wrapped(words, width - 2 * LEFT - ICON - GAP)[1])
        return QSize(width, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        drawing = QIcon(shown.icon)
        shown.text, shown.icon = "", QIcon()
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        title, words = _parts(index)
        box = option.rect
        left = box.left() + LEFT
        metrics = QFontMetrics(_title_font())
        line = QRect(left + ICON + GAP, box.top() + ABOVE, box.width() - 2 * LEFT - ICON - GAP, metrics.height())
        drawing.paint(painter, QRect(left, line.center().y() - ICON // 2 + 1, ICON, ICON))
        painter.save()
        painter.setFont(_title_font())
        painter.setPen(theme().color("text"))
        painter.drawText(
            line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, Qt.TextElideMode.ElideRight, line.width())
        )
        if words:
            painter.setPen(theme().color("muted"))
            _wrapped(words, line.width())[0].draw(painter, QPointF(line.left(), line.bottom() + 1 + BETWEEN))
        painter.restore()

    def _width(self) -> int:
        view = self.parent()
        return view.viewport().width() if isinstance(view, QListView) else 0


def _title_font() -> QFont:
    return theme().font("base", 600)


def _words_font() -> QFont:
    return theme().font("small", 400)


def _wrapped(words: str, width: int) -> tuple[QTextLayout, float]:
    """Words laid out between words where they can be, within one where it is too long, and how high that is."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout = QTextLayout(words.replace("\n", "\u2028"), _words_font())
    layout.setTextOption(option)
    layout.beginLayout()
    height = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(width, 40))
        line.setPosition(QPointF(0, height))
        height += line.height()
    layout.endLayout()
    return layout, height


def _parts(index: Index) -> tuple[str, str]:
    title, _, words = str(index.data(Qt.ItemDataRole.DisplayRole) or "").partition("\n")
    return title, words
