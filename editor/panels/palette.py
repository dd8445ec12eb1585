"""The blocks one can add: dragged onto the canvas, clicked and placed, or chosen by keyboard; and the popup that offers
the same blocks at a socket, on an edge, or where a connection was dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon, tile
from editor.panels.parts import PanelTitle
from editor.theme import theme
from engine.nodes.registry import SPECS
from engine.nodes.spec import NodeSpec

MIME = "application/x-penstock-node-type"
TYPE = int(Qt.ItemDataRole.UserRole)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Begin and end", ("start", "trigger-webhook", "trigger-schedule", "end", "answer")),
    ("Models", ("llm", "agent", "question-classifier", "parameter-extractor", "knowledge-retrieval")),
    ("Logic", ("if-else", "iteration", "loop", "loop-end", "human-input")),
    (
        "Data",
        ("code", "template-transform", "variable-aggregator", "assigner", "list-operator", "document-extractor"),
    ),
    ("Outside", ("http-request", "tool")),
)
GROUP_SPACE = 12
Allowed = Callable[[str], bool]


def blocks(mode: str, allowed: Allowed | None = None) -> Iterable[tuple[str, list[NodeSpec]]]:
    """Groups of node types that may be offered."""
    for title, names in GROUPS:
        found = [SPECS[n] for n in names if mode in SPECS[n].modes and (allowed is None or allowed(n))]
        if found:
            yield title, found


class BlockList(QListWidget):
    """Blocks under group titles, filtered by words; `chosen` comes with a click or Enter."""

    chosen = Signal(str)

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
        self.setAccessibleName(tr("Blocks"))
        self.itemActivated.connect(self._activated)
        if not draggable:
            self.itemClicked.connect(self._activated)

    def fill(self, mode: str, allowed: Allowed | None = None, words: str = "", *, notes: bool = True) -> None:
        """Show what may be added and holds the words."""
        self.clear()
        wanted = words.strip().lower()
        for title, found in blocks(mode, allowed):
            fitting = [s for s in found if not wanted or _matches(s, wanted)]
            if fitting:
                self._add_title(tr(title))
            for entry in fitting:
                self._add(entry.type, tr(entry.title), tr(entry.description), entry.icon, entry.family)
        if notes and (not wanted or wanted in tr("Note").lower() or wanted in "note"):
            self._add_title(tr("Canvas"))
            self._add("note", tr("Note"), tr("Words on the canvas, for people."), "note", "note")
        if wanted or not self._draggable:
            self._select_first()

    def _add_title(self, text: str) -> None:
        """A group's title: more space above than below, so that it belongs to its rows."""
        if self.count():
            space = QListWidgetItem()
            space.setFlags(Qt.ItemFlag.NoItemFlags)
            space.setSizeHint(QSize(0, GROUP_SPACE))
            self.addItem(space)
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(theme().font("tiny", 600))
        item.setForeground(theme().color("muted"))
        item.setSizeHint(QSize(0, 28))
        item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.addItem(item)

    def _add(self, name: str, title: str, tip: str, picture: str, family: str) -> None:
        item = QListWidgetItem(title)
        item.setData(TYPE, name)
        item.setToolTip(tip)
        item.setIcon(QIcon(tile(picture, family, 24)))
        item.setSizeHint(QSize(0, 36))
        self.addItem(item)

    def _select_first(self) -> None:
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

    def _activated(self, item: QListWidgetItem) -> None:
        if item.data(TYPE):
            self.chosen.emit(str(item.data(TYPE)))

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
        data.setData(MIME, QByteArray(str(item.data(TYPE)).encode()))
        drag.setMimeData(data)
        blank = QPixmap(1, 1)
        blank.fill(Qt.GlobalColor.transparent)
        drag.setPixmap(blank)
        drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        super().mouseReleaseEvent(event)
        if self._press is not None and self._draggable:
            item = self.itemAt(event.position().toPoint())
            if item is not None and item is self.itemAt(self._press):
                self._activated(item)
        self._press = None


def _matches(entry: NodeSpec, wanted: str) -> bool:
    texts = (entry.type, entry.title, entry.description, tr(entry.title), tr(entry.description))
    return any(wanted in text.lower() for text in texts)


class Palette(QWidget):
    """The panel with all blocks. `placeRequested` asks for a block that sticks to the pointer."""

    placeRequested = Signal(str)

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Blocks")))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search blocks"))
        self.search.setAccessibleName(tr("Search blocks"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        holder = QVBoxLayout()
        holder.setContentsMargins(16, 0, 16, 4)
        holder.addWidget(self.search)
        column.addLayout(holder)
        self.list = BlockList(draggable=True)
        self.list.chosen.connect(self.placeRequested)
        self.list.chosen.connect(lambda _: self.list.setCurrentRow(-1))
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 8)
        inset.addWidget(self.list)
        column.addLayout(inset, 1)
        self.list.fill(mode)

    def _search(self, text: str) -> None:
        self.list.fill(self._mode, words=text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return _search_key(event, self.list)
        return super().eventFilter(watched, event)


def _search_key(event: QKeyEvent, blocks_list: BlockList) -> bool:
    """Arrows and Enter in the search field move in the list."""
    if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
        blocks_list.step(1 if event.key() == Qt.Key.Key_Down else -1)
        return True
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        item = blocks_list.currentItem() if blocks_list.currentRow() >= 0 else None
        if item is not None and item.data(TYPE):
            blocks_list.chosen.emit(str(item.data(TYPE)))
        return True
    return False


class BlockSelector(QFrame):
    """The popup at a socket, an edge or an empty place. Esc closes it and leaves no trace."""

    chosen = Signal(str)

    def __init__(self, mode: str, allowed: Allowed, parent: QWidget, *, notes: bool = False) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("blockSelector")
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Choose a block"))
        self._mode, self._allowed, self._notes = mode, allowed, notes
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search blocks"))
        self.search.setAccessibleName(tr("Search blocks"))
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.list = BlockList(draggable=False)
        self.list.chosen.connect(self._chosen)
        column.addWidget(self.list, 1)
        self.nothing = QLabel(tr("No match found"))
        self.nothing.setProperty("kind", "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        column.addWidget(self.nothing)
        self._fill("")
        self.resize(264, 380)

    def _fill(self, words: str) -> None:
        self.list.fill(self._mode, self._allowed, words, notes=self._notes)
        empty = self.list.count() == 0
        self.list.setVisible(not empty)
        self.nothing.setVisible(empty)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return _search_key(event, self.list)
        return super().eventFilter(watched, event)

    def _chosen(self, name: str) -> None:
        self.close()
        self.chosen.emit(name)

    def popup(self, point: QPoint) -> None:
        """Open beside a point, inside the screen."""
        screen = self.screen().availableGeometry()
        x = min(point.x() + 8, screen.right() - self.width() - 8)
        y = min(max(point.y() - 40, screen.top() + 8), screen.bottom() - self.height() - 8)
        self.move(x, y)
        self.show()
        self.search.setFocus()
