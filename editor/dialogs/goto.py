"""One search for everything: commands, nodes of the open workflow, and workflows; and the sheet of shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.actions import ACTIONS, MENUS
from editor.i18n import tr
from editor.icons import icon

ENTRY = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class Entry:
    """Something one can go to; `words` is what it is found by."""

    title: str
    detail: str
    picture: str
    words: str
    then: Callable[[], object]


class GoTo(QDialog):
    """Type, arrow, Enter."""

    def __init__(self, entries: list[Entry], parent: QWidget, placeholder: str) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("goTo")
        self.setAccessibleName(placeholder)
        self._entries = entries
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(placeholder)
        self.search.setAccessibleName(placeholder)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(16, 16))
        self.list.itemActivated.connect(self._chosen)
        self.list.itemClicked.connect(self._chosen)
        column.addWidget(self.list, 1)
        self.resize(560, 400)
        self._fill("")

    def _fill(self, text: str) -> None:
        self.list.clear()
        words = text.strip().lower().split()
        found = [e for e in self._entries if all(w in e.words for w in words)]
        found.sort(key=lambda e: not e.title.lower().startswith(text.strip().lower()))
        for entry in found[:60]:
            item = QListWidgetItem(icon(entry.picture or "chevron-right", "muted"), f"{entry.title}    {entry.detail}")
            item.setData(ENTRY, self._entries.index(entry))
            self.list.addItem(item)
        if not found:
            item = QListWidgetItem(tr("Nothing found"))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                item = self.list.currentItem()
                if item is not None:
                    self._chosen(item)
                return True
        return super().eventFilter(watched, event)

    def _chosen(self, item: QListWidgetItem) -> None:
        row = item.data(ENTRY)
        if row is None:
            return
        entry = self._entries[row]
        self.close()
        entry.then()

    def popup(self) -> None:
        """Open in the upper middle of the window."""
        parent = self.parentWidget()
        if parent is not None:
            corner = parent.mapToGlobal(parent.rect().topLeft())
            self.move(corner.x() + (parent.width() - self.width()) // 2, corner.y() + 96)
        self.show()
        self.search.setFocus()


class ShortcutSheet(QDialog):
    """Every action with its keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.resize(560, 620)
        outer = QVBoxLayout(self)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        grid = QGridLayout(page)
        grid.setHorizontalSpacing(24)
        row = 0
        for menu in (*MENUS, ""):
            title = QLabel(tr(menu) if menu else tr("Everywhere"))
            title.setProperty("kind", "title")
            grid.addWidget(title, row, 0)
            row += 1
            for action in ACTIONS:
                if action.menu != menu or not action.keys:
                    continue
                keys = "  ·  ".join(
                    QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in action.keys
                )
                grid.addWidget(QLabel(tr(action.text)), row, 0)
                shown = QLabel(keys)
                shown.setProperty("kind", "code")
                grid.addWidget(shown, row, 1)
                row += 1
        grid.setColumnStretch(0, 1)
        area.setWidget(page)
        outer.addWidget(area)
