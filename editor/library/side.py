"""The left column of the library: places with how much they hold, and the tags, of which several may be wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import amount, tr
from editor.icons import icon
from editor.library.shelf import PLACES
from editor.library.tagmarks import dot
from editor.panels.parts import tool_button
from editor.theme import theme
from engine.services.library import Tag

WIDTH = 208
ROW = 34
PICTURES = {
    "all": "library",
    "recent": "clock",
    "pinned": "pin",
    "workflow": "blocks",
    "advanced-chat": "chat",
    "other": "agent",
    "samples": "star",
    "trash": "trash",
}
NAME = int(Qt.ItemDataRole.UserRole)
COUNT = NAME + 1
TEXT_GAP = 12
"""What stands between a row's picture and its words, about."""
CHECKED = QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator


class Side(QFrame):
    """`placeChosen` carries a place of PLACES, `tagsChosen` the names of the wanted tags; `manageTags` wants their
    dialog."""

    placeChosen = Signal(str)
    tagsChosen = Signal(object)
    manageTags = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "chrome")
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 20, 10, 12)
        column.setSpacing(4)
        self.places = _list(tr("Places"))
        for place, word in PLACES.items():
            item = QListWidgetItem(icon(PICTURES[place], "muted"), tr(word))
            item.setData(NAME, place)
            item.setSizeHint(QSize(0, ROW))
            self.places.addItem(item)
        self.places.setFixedHeight(len(PLACES) * ROW + 4)
        self.places.currentItemChanged.connect(lambda item, _: self.placeChosen.emit(item.data(NAME)) if item else None)
        column.addWidget(self.places)
        head = QHBoxLayout()
        head.setContentsMargins(12, 12, 0, 0)
        words = QLabel(tr("Tags"))
        words.setProperty("kind", "section")
        head.addWidget(words)
        head.addStretch(1)
        head.addWidget(tool_button("settings", tr("Manage tags"), self.manageTags.emit))
        column.addLayout(head)
        self.none = QLabel(tr("Tags group workflows: make some here, then put them on from a card's menu."))
        self.none.setProperty("kind", "small")
        self.none.setWordWrap(True)
        self.none.setContentsMargins(12, 0, 4, 0)
        column.addWidget(self.none)
        self.tags = _list(tr("Tags"))
        self.tags.itemChanged.connect(lambda _: self.tagsChosen.emit(self.wanted()))
        self.tags.itemActivated.connect(self._turn)
        column.addWidget(self.tags, 1)
        self._rest = QWidget()
        column.addWidget(self._rest, 1)

    def wanted(self) -> frozenset[str]:
        """The names of the ticked tags."""
        items = [self.tags.item(row) for row in range(self.tags.count())]
        return frozenset(i.data(NAME) for i in items if i.checkState() == Qt.CheckState.Checked)

    def _turn(self, item: QListWidgetItem) -> None:
        on = item.checkState() == Qt.CheckState.Checked
        item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def set_place(self, place: str) -> None:
        """Mark a place as the present one; nothing is emitted."""
        self.places.blockSignals(True)
        self.places.setCurrentRow(list(PLACES).index(place))
        self.places.blockSignals(False)

    def fill(
        self, counts: Mapping[str, int], tags: Sequence[Tag], marks: Mapping[str, int], wanted: frozenset[str]
    ) -> None:
        """Show how much there is of everything. `marks` counts the apps of each tag."""
        for row, (place, word) in enumerate(PLACES.items()):
            item = self.places.item(row)
            number = counts.get(place, 0)
            item.setText(tr(word))
            item.setData(COUNT, number)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tr(word)}, {amount(number)}" if number else tr(word))
            item.setHidden(place == "other" and not number)
        hidden = sum(self.places.item(row).isHidden() for row in range(self.places.count()))
        self.places.setFixedHeight((len(PLACES) - hidden) * ROW + 4)
        self.tags.blockSignals(True)
        current = self.tags.currentRow()
        self.tags.clear()
        for tag in tags:
            used = marks.get(tag.name, 0)
            item = QListWidgetItem(dot(tag.colour), tag.name)
            item.setData(NAME, tag.name)
            item.setData(COUNT, used)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tag.name}, {amount(used)}")
            item.setToolTip(tag.name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if tag.name in wanted else Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, ROW - 4))
            self.tags.addItem(item)
        self.tags.setCurrentRow(current)
        self.tags.blockSignals(False)
        self.tags.setVisible(bool(tags))
        self.none.setVisible(not tags)
        self._rest.setVisible(not tags)


class _CountedRows(QStyledItemDelegate):
    """Rows with what they hold at the right, in a column of its own."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        count = amount(index.data(COUNT)) if index.data(COUNT) else ""
        metrics = QFontMetrics(theme().font("small"))
        room = metrics.horizontalAdvance(count) + 12 if count else 0
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        text = QFontMetrics(theme().font("base"))
        taken = (shown.decorationSize.width() + TEXT_GAP) * (1 + bool(shown.features & CHECKED)) + TEXT_GAP
        shown.text = text.elidedText(shown.text, Qt.TextElideMode.ElideRight, option.rect.width() - taken - room)
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        painter.save()
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("muted"))
        place = option.rect.adjusted(0, 0, -12, 0)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), count)
        painter.restore()


def _list(name: str) -> QListWidget:
    made = QListWidget()
    made.setItemDelegate(_CountedRows(made))
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setTextElideMode(Qt.TextElideMode.ElideRight)
    made.setIconSize(QSize(16, 16))
    made.setAccessibleName(name)
    return made
