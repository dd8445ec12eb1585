"""The find bar over the canvas: type, Enter for the next node, Shift+Enter for the one before, Esc to close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import tool_button
from editor.search import NodeSearch

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView
    from engine.model.document import Document

WIDTH = 480


class FindBar(QFrame):
    """Finds nodes of the document by title, type, text in the settings, variable names and id."""

    def __init__(self, canvas: CanvasView, document: Document, search: NodeSearch, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Find"))
        self._canvas, self._document, self._search = canvas, document, search
        self._found: list[str] = []
        self._at = -1
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 6, 6)
        row.setSpacing(4)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(tr("Title, type, text, variable or id"))
        self.edit.setAccessibleName(tr("Find in this workflow"))
        self.edit.setClearButtonEnabled(True)
        self.edit.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.edit.textChanged.connect(self._typed)
        self.edit.installEventFilter(self)
        row.addWidget(self.edit, 1)
        self.count = QLabel()
        self.count.setProperty("kind", "small")
        self.count.setMinimumWidth(72)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self.count)
        row.addWidget(tool_button("chevron-up", tr("The one before"), lambda: self.go(-1)))
        row.addWidget(tool_button("chevron-down", tr("The next one"), lambda: self.go(1)))
        row.addWidget(tool_button("close", tr("Close"), self.close_bar))
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    @property
    def found(self) -> list[str]:
        """Ids of the nodes that fit, as they are read."""
        return list(self._found)

    def open(self) -> None:
        """Show the bar with the words of last time selected."""
        self.show()
        self.raise_()
        self.edit.setFocus()
        self.edit.selectAll()
        self._look(keep=True)

    def close_bar(self) -> None:
        """Hide the bar and give the canvas the keyboard."""
        self.hide()
        self._canvas.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.KeyPress:
                self.close_bar()
            event.accept()  # also when a shortcut of the window would like to have it
            return True
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.go(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
        return super().eventFilter(watched, event)

    def _typed(self, _text: str) -> None:
        self._look(keep=False)
        if self._found:
            self._canvas.center_on(self._found[0])

    def _look(self, *, keep: bool) -> None:
        here = self._found[self._at] if keep and 0 <= self._at < len(self._found) else ""
        self._found = [node.id for node in self._search.find(self._document.graph, self.edit.text())]
        self._at = self._found.index(here) if here in self._found else -1
        self._say()

    def _say(self) -> None:
        if not self.edit.text().strip():
            text = ""
        elif not self._found:
            text = tr("No match found")
        else:
            text = tr("{at} of {count}", at=max(self._at, 0) + 1, count=len(self._found))
        self.count.setText(text)

    def go(self, by: int) -> None:
        """To the next or the previous match: selected, centred, flashed. Behind the last comes the first."""
        self._look(keep=True)  # the graph may have changed meanwhile
        if not self._found:
            return
        self._at = (self._at + by) % len(self._found) if self._at >= 0 else (0 if by > 0 else len(self._found) - 1)
        self._say()
        node_id = self._found[self._at]
        self._canvas.select([node_id])
        self._canvas.center_on(node_id)
        self.edit.setFocus()
