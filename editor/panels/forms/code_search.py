"""The search bar of a code editor: Ctrl+F opens it, Enter and Shift+Enter go through the places, Esc closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.panels.forms.code_edit import CodeEdit


class CodeSearch(QFrame):
    """Lies over the top right corner of its editor while one searches."""

    def __init__(self, edit: CodeEdit) -> None:
        super().__init__(edit)
        self._edit = edit
        self.setProperty("kind", "raised")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 4, 8, 4)
        row.setSpacing(8)
        self.words = QLineEdit()
        self.words.setPlaceholderText(tr("Find"))
        self.words.setAccessibleName(tr("Find in code"))
        self.words.setFixedWidth(148)
        self.words.textChanged.connect(self._typed)
        self.words.installEventFilter(self)
        row.addWidget(self.words)
        self.count = QLabel()
        self.count.setProperty("kind", "tiny")
        row.addWidget(self.count)
        self.hide()

    def open(self) -> None:
        """Show the bar with what is selected and take the keyboard."""
        chosen = self._edit.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.words.setText(chosen)
        self.show()
        self.place()
        self.words.setFocus()
        self.words.selectAll()
        self._count()

    def place(self) -> None:
        """Keep to the corner when the editor's size changes."""
        self.adjustSize()
        self.move(max(0, self._edit.width() - self.width() - 16), 6)

    def step(self, *, back: bool = False) -> bool:
        """Select the next place, beginning anew at the end; False when there is none."""
        words = self.words.text()
        if not words:
            return False
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if not self._edit.find(words, flags):
            cursor = self._edit.textCursor()
            cursor.movePosition(QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start)
            self._edit.setTextCursor(cursor)
            if not self._edit.find(words, flags):
                return False
        return True

    def _typed(self) -> None:
        cursor = self._edit.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._edit.setTextCursor(cursor)
        self.step()
        self._count()

    def _count(self) -> None:
        words = self.words.text().casefold()
        found = self._edit.toPlainText().casefold().count(words) if words else 0
        self.count.setText(str(found) if words else "")
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.hide()
                self._edit.setFocus()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.step(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
        return super().eventFilter(watched, event)
