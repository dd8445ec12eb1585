"""Where the keyboard is, and what that means for actions that keys ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

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


def in_panel(page: WorkflowPage, focused: QWidget | None) -> bool:
    """Whether the keyboard is in a panel beside the canvas, where Del would mean what is listed there."""
    panels = [part for part in page.parts() if part is not page.canvas]
    return focused is not None and any(part.isAncestorOf(focused) for part in panels)
