"""What dialogs share: a title with room round it, fields below their labels, what is wrong, and the two buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.parts import labelled
from editor.panels.parts import Words

MARGIN = 20
GAP = 16
FIELD_GAP = 12


def dialog_column(dialog: QDialog, title: str) -> QVBoxLayout:
    """The column of a dialog, with its title on top; the frame of the window says the same."""
    dialog.setWindowTitle(title)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
    column.setSpacing(GAP)
    words = heading(title)
    # Words that wrap say how high they are for a width only: it must not be less than the dialog's.
    words.setMinimumWidth(max(0, dialog.minimumWidth() - 2 * MARGIN))
    column.addWidget(words)
    return column


def heading(text: str) -> QLabel:
    """A title that goes on in the next line where it is long."""
    return Words(text, "heading")


def side_by_side(first: QWidget, *rest: QWidget) -> QWidget:
    """A field with buttons at its right, as one field."""
    part = QWidget()
    row = QHBoxLayout(part)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(first, 1)
    for widget in rest:
        row.addWidget(widget)
    part.setFocusProxy(first)
    return part


def scrolling(inside: QWidget) -> QScrollArea:
    """A part that scrolls where it is higher than there is room; what it holds stays at the top."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 8, 0)
    column.addWidget(inside)
    column.addStretch(1)
    scroll = QScrollArea()
    scroll.setWidget(holder)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return scroll


class FieldColumn(QWidget):
    """Fields one below the other, each with its label above it; a field can be hidden together with its label."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(FIELD_GAP)
        self._rows: dict[QWidget, QWidget] = {}

    def add(self, text: str, field: QWidget, help_text: str = "") -> None:
        """One more field."""
        row = self._rows[field] = labelled(text, field, help_text) if text else field
        self._column.addWidget(row)

    def show_row(self, field: QWidget, shown: bool) -> None:
        """Show a field with its label, or not."""
        self._rows[field].setVisible(shown)


def complaint() -> QLabel:
    """Where a dialog says what is wrong; hidden while nothing is."""
    line = QLabel()
    line.setProperty("kind", "bad")
    line.setWordWrap(True)
    line.hide()
    return line


def accept_or_cancel(words: str, accept: Callable[[], Any], dialog: QDialog) -> QDialogButtonBox:
    """The two buttons below a dialog: one with these words that does `accept`, and one that leaves it."""
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setText(words)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("kind", "primary")
    buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
    buttons.accepted.connect(accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
