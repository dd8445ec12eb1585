"""Where the keyboard is, and what that means for actions that keys ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage

TEXT_ACTIONS = frozenset({"undo", "redo", "cut", "copy", "paste", "select_all"})
"""What means something else while text is edited."""
TAKING = frozenset({"cut", "delete", "dissolve"})
"""What takes nodes away: keys do it only where one sees that nodes are meant."""


def is_text(widget: QWidget) -> bool:
    """Whether people write in a widget."""
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        return not getattr(widget, "isReadOnly", lambda: False)()
    if isinstance(widget, QAbstractSpinBox):
        return not widget.isReadOnly()
    return isinstance(widget, QComboBox) and widget.isEditable()


def text_action(widget: QWidget, name: str) -> None:
    """Carry out an edit action inside a text field."""
    field = widget.lineEdit() if isinstance(widget, QComboBox | QAbstractSpinBox) else widget
    getattr(field, "selectAll" if name == "select_all" else name)()


class Typing(QObject):
    """Ends a step of typing when the keyboard goes to another part of the same window, whatever field it was in: coming
    back and writing on is another step. A popup, such as a list of variables, belongs to what is written."""

    def __init__(self, page: WorkflowPage) -> None:
        super().__init__(page)
        self._page = page
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._moved)

    def _moved(self, old: QWidget | None, new: QWidget | None) -> None:
        page = self._page
        if old is None or new is None or old.window() is not page.window() or new.window() is not page.window():
            return
        if page.isAncestorOf(old):
            page.session.document.end_merge()


def in_panel(page: WorkflowPage, focused: QWidget | None) -> bool:
    """Whether the keyboard is in a panel beside the canvas, where Del would mean what is listed there."""
    panels = [part for part in page.parts() if part is not page.canvas]
    return focused is not None and any(part.isAncestorOf(focused) for part in panels)


def copied_text(page: WorkflowPage, focused: QWidget | None) -> bool:
    """Copies what is chosen in a panel as text: the rows of a list, or the marked words of a label. False when the
    keyboard is not in such a thing, so that nodes are meant."""
    if not in_panel(page, focused):
        return False
    text = ""
    if isinstance(focused, QLabel):
        text = focused.selectedText()
    elif isinstance(focused, QAbstractItemView):
        chosen = focused.selectionModel().selectedIndexes() if focused.selectionModel() is not None else []
        rows: list[tuple[QModelIndex, int, list[str]]] = []
        for index in chosen:
            if not rows or (index.parent(), index.row()) != rows[-1][:2]:
                rows.append((index.parent(), index.row(), []))
            rows[-1][2].append(str(index.data(Qt.ItemDataRole.DisplayRole) or ""))
        text = "\n".join("\t".join(cell for cell in cells if cell) for _, _, cells in rows)
    if not text:
        return False
    QGuiApplication.clipboard().setText(text)
    return True
