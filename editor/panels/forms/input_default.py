"""The value that an input of the start node has before somebody fills it in: an editor for each type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.fields import calm, name_it
from editor.panels.items_edit import as_number

TRUE = ("true", "1", "yes", "on")


class DefaultValue(QWidget):
    """One of the editors is shown; `value()` is None where there is no default."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._kind = "text-input"
        text = "" if value is None else str(value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.line = QLineEdit(text)
        self.words = QPlainTextEdit(text)
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(84)
        self.choice = QComboBox()
        calm(self.choice)
        self.check = QCheckBox(tr("Ticked at first"))
        self.check.setChecked(text.lower() in TRUE)
        self._wanted = text
        for editor in (self.line, self.words, self.choice, self.check):
            name_it(editor, tr("Default"))
            column.addWidget(editor)

    def show_kind(self, kind: str, options: Sequence[str]) -> None:
        """Show the editor of a type; the choice offers the options of now."""
        before, self._kind = self._kind, kind
        if before != kind and kind in ("paragraph", "text-input"):
            # What was written goes along between the two kinds of text.
            if kind == "paragraph" and before == "text-input":
                self.words.setPlainText(self.line.text())
            elif before == "paragraph":
                self.line.setText(self.words.toPlainText().replace("\n", " "))
        if kind == "select":
            self.offer(options)
        self.line.setVisible(kind in ("text-input", "number"))
        self.words.setVisible(kind == "paragraph")
        self.choice.setVisible(kind == "select")
        self.check.setVisible(kind == "checkbox")

    def offer(self, options: Sequence[str]) -> None:
        """The options have changed; the chosen one stays if it is still there."""
        chosen = self.choice.currentData() if self.choice.count() else self._wanted
        self.choice.clear()
        self.choice.addItem(tr("None"), "")
        for option in options:
            self.choice.addItem(option, option)
        self.choice.setCurrentIndex(max(0, self.choice.findData(chosen)))

    def fault(self, longest: int) -> str:
        """What is wrong with it, empty for nothing; `longest` counts the characters of a text."""
        value = self.value()
        if self._kind == "number" and value is not None and as_number(str(value).strip()) is None:
            return tr("The default is no number.")
        if self._kind in ("text-input", "paragraph") and value is not None and len(value) > longest:
            return tr("The default is longer than the longest length.")
        return ""

    def value(self) -> Any:
        """What is written or chosen; whether the box is ticked; None for nothing."""
        if self._kind == "checkbox":
            return self.check.isChecked()
        if self._kind == "select":
            return self.choice.currentData() or None
        text = self.words.toPlainText() if self._kind == "paragraph" else self.line.text()
        return text or None
