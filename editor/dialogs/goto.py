"""One search for everything: type, arrow, Enter. What can be found comes from a source; scopes narrow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTabBar,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.fitting import screen_room
from editor.dialogs.found import DETAIL, PICTURE, TITLE, FoundDelegate
from editor.i18n import tr
from editor.icons import icon

SHOWN = 60
COMMANDS = "command"
"""The scope that a slash at the beginning means."""


@dataclass(frozen=True)
class Entry:
    """Something one can go to; `words` is what it is found by, in lower case."""

    title: str
    detail: str
    picture: str
    words: str
    then: Callable[[], object]


class Source(Protocol):
    """Where entries come from."""

    scopes: Sequence[tuple[str, str]]
    """Id and English name of each scope; the first is everything. `@id` at the beginning of the words chooses one."""

    def find(self, text: str, scope: str) -> list[Entry]:
        """The best entries for some words, best first."""
        ...

    def more(self, text: str, scope: str, then: Callable[[], None]) -> None:
        """Look where looking takes time; `then` says that `find` knows more now."""
        ...


class FixedEntries:
    """A source of a few known entries."""

    scopes: Sequence[tuple[str, str]] = ()

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def find(self, text: str, scope: str) -> list[Entry]:
        return fitting(self._entries, text)

    def more(self, text: str, scope: str, then: Callable[[], None]) -> None:
        """Everything is known already."""


def fitting(entries: Sequence[Entry], text: str) -> list[Entry]:
    """Entries that hold all words; those whose title begins with the text first, then those that hold it there."""
    wanted = text.strip().lower()
    words = wanted.split()
    found = [e for e in entries if all(w in e.words for w in words)]
    found.sort(key=lambda e: (not e.title.lower().startswith(wanted), wanted not in e.title.lower()))
    return found


class GoTo(QDialog):
    """Type, arrow, Enter; Tab goes to the next scope, Esc closes and leaves no trace."""

    def __init__(self, source: Source, parent: QWidget, placeholder: str) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("goTo")
        self.setProperty("kind", "raised")
        self.setAccessibleName(placeholder)
        self._source = source
        self._entries: list[Entry] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.search = QLineEdit()
        self.search.setPlaceholderText(placeholder)
        self.search.setAccessibleName(placeholder)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._typed)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.scopes = QTabBar()
        self.scopes.setDrawBase(False)
        self.scopes.setExpanding(False)
        self.scopes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scopes.setAccessibleName(tr("What to look for"))
        for name, word in source.scopes:
            self.scopes.setTabToolTip(
                self.scopes.addTab(tr(word)), f"@{name}" + (" /" if name == COMMANDS else "") if name else ""
            )
        self.scopes.currentChanged.connect(lambda _: self._typed(self.search.text()))
        column.addWidget(self.scopes)
        self.scopes.setVisible(bool(source.scopes))
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(FoundDelegate(self.list))
        self.list.setAccessibleName(tr("Found"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(lambda _: self._take())
        self.list.itemClicked.connect(lambda _: self._take())
        column.addWidget(self.list, 1)
        self.resize(QSize(600, 420).boundedTo(screen_room(parent)))
        self._typed("")

    def scope(self) -> tuple[str, str]:
        """The scope in force and the words without it."""
        text = self.search.text()
        head, _, rest = text.partition(" ")
        names = [name for name, _ in self._source.scopes]
        if text.startswith("/") and COMMANDS in names:
            return COMMANDS, text[1:]
        if head.startswith("@") and head[1:] in names:
            return head[1:], rest
        index = self.scopes.currentIndex()
        return (names[index] if 0 <= index < len(names) else ""), text

    def retell(self) -> None:
        """What was found in another language."""
        for place, (_, word) in enumerate(self._source.scopes):
            self.scopes.setTabText(place, tr(word))
        again = getattr(self._source, "retell", None)
        if callable(again):
            again()
            self._typed(self.search.text())

    def _typed(self, _text: str) -> None:
        self._fill()
        scope, words = self.scope()
        self._source.more(words, scope, self._arrived)

    def _arrived(self) -> None:
        if isValid(self) and self.isVisible():
            row = self.list.currentRow()
            self._fill()
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))

    def _fill(self) -> None:
        scope, words = self.scope()
        self._entries = self._source.find(words, scope)[:SHOWN]
        self.list.clear()
        for entry in self._entries:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.title}, {entry.detail}".rstrip(", "))
            item.setData(TITLE, entry.title)
            item.setData(DETAIL, entry.detail)
            item.setData(PICTURE, entry.picture or "chevron-right")
            self.list.addItem(item)
        if not self._entries:
            item = QListWidgetItem(tr("Nothing found"))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    @property
    def entries(self) -> list[Entry]:
        """What is listed now."""
        return list(self._entries)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: 8,
            Qt.Key.Key_PageUp: -8,
        }
        if key in steps:
            row = self.list.currentRow() + steps[Qt.Key(key)]
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))
            return True
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and self.scopes.count():
            by = 1 if key == Qt.Key.Key_Tab else -1
            self.scopes.setCurrentIndex((self.scopes.currentIndex() + by) % self.scopes.count())
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
            return True
        return False

    def _take(self) -> None:
        row = self.list.currentRow()
        if not 0 <= row < len(self._entries):
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
