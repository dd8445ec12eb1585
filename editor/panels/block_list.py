"""A list of things that can be put onto the canvas: dragged, clicked, or chosen by keyboard, under group titles."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QKeySequence, QPalette, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import in_force, pressed
from editor.theme import theme

MIME = "application/x-penstock-node-type"
GROUP_SPACE = 12
TYPE = int(Qt.ItemDataRole.UserRole)


class BlockRows(QStyledItemDelegate):
    """Group titles are smaller and muted, and never look switched off although nobody can choose them."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.data(TYPE) is None:
            option.state |= QStyle.StateFlag.State_Enabled
            option.state &= ~QStyle.StateFlag.State_MouseOver
            option.font = theme().font("tiny", 600)
            option.palette.setColor(QPalette.ColorRole.Text, theme().color("muted"))


class DragList(QListWidget):
    """`chosen` carries the name of a block and comes with a click or Enter, `dropped` when it was dragged somewhere,
    `helpWanted` when somebody asks what it is."""

    chosen = Signal(str)
    dropped = Signal(str)
    helpWanted = Signal(str)

    def __init__(self, *, draggable: bool) -> None:
        super().__init__()
        self._draggable = draggable
        self._press: QPoint | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIconSize(QSize(24, 24))
        self.setUniformItemSizes(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(BlockRows(self))
        self.itemActivated.connect(self.activate)
        if not draggable:
            self.itemClicked.connect(self.activate)

    def add_title(self, text: str) -> None:
        """A group's title: more space above than below, so that it belongs to its rows."""
        if self.count():
            space = QListWidgetItem()
            space.setFlags(Qt.ItemFlag.NoItemFlags)
            space.setSizeHint(QSize(0, GROUP_SPACE))
            self.addItem(space)
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setSizeHint(QSize(0, 28))
        item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.addItem(item)

    def select_first(self) -> None:
        for row in range(self.count()):
            if self.item(row).data(TYPE):
                self.setCurrentRow(row)
                return

    def step(self, direction: int) -> None:
        """Select the next or the previous block."""
        row = self.currentRow() + direction
        while 0 <= row < self.count():
            if self.item(row).data(TYPE):
                self.setCurrentRow(row)
                return
            row += direction

    def activate(self, item: QListWidgetItem) -> None:
        if item.data(TYPE):
            self.chosen.emit(str(item.data(TYPE)))

    def ask_help(self) -> None:
        """Ask for the text about the selected block."""
        item = self.currentItem() if self.currentRow() >= 0 else None
        if item is not None and item.data(TYPE):
            self.helpWanted.emit(str(item.data(TYPE)))

    def add_help(self, menu: QMenu) -> None:
        """The row of a menu that asks for it."""
        action = menu.addAction(icon("help", "muted"), tr("About this block"))
        action.setShortcuts([QKeySequence(keys) for keys in in_force("about_block")])
        action.triggered.connect(self.ask_help)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if pressed(event, "about_block"):
            self.ask_help()
            return
        super().keyPressEvent(event)

    # Dragging is done by hand, so that a click without a drag can place the block too.

    def mousePressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position().toPoint()

    def mouseMoveEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if self._press is None or not self._draggable or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        if (event.position().toPoint() - self._press).manhattanLength() < 8:
            return
        item = self.itemAt(self._press)
        self._press = None
        if item is None or not item.data(TYPE):
            return
        drag = QDrag(self)
        data = QMimeData()
        name = str(item.data(TYPE))
        data.setData(MIME, QByteArray(name.encode()))
        drag.setMimeData(data)
        blank = QPixmap(1, 1)
        blank.fill(Qt.GlobalColor.transparent)
        drag.setPixmap(blank)
        if drag.exec(Qt.DropAction.CopyAction) != Qt.DropAction.IgnoreAction:
            self.dropped.emit(name)

    def mouseReleaseEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        super().mouseReleaseEvent(event)
        if self._press is not None and self._draggable:
            item = self.itemAt(event.position().toPoint())
            if item is not None and item is self.itemAt(self._press):
                self.activate(item)
        self._press = None
