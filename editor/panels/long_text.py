"""Texts of megabytes in a field: Qt would lay them out for minutes, so the beginning is shown, and the field stays as
it is until it is emptied."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.result_text import PREVIEW, too_long
from editor.panels.value_view import size_text


class LongText(QWidget):
    """Stands below its field while that holds such a text."""

    def __init__(self, field: QPlainTextEdit) -> None:
        super().__init__()
        self._field = field
        self._whole: str | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.words = QLabel()
        self.words.setProperty("kind", "small")
        row.addWidget(self.words)
        self.clear = QPushButton(tr("Empty the field"))
        self.clear.setProperty("kind", "link")
        self.clear.setAccessibleName(self.clear.text())
        self.clear.clicked.connect(lambda: self.put(""))
        row.addWidget(self.clear)
        row.addStretch(1)
        self.hide()

    def put(self, text: str) -> None:
        """Let the field hold a text."""
        self._whole = text if too_long(text) else None
        held = self._whole is not None
        if isinstance(self._field, JsonEdit):
            self._field.is_part = held
        self._field.setPlainText(text[:PREVIEW] if held else text)
        self._field.setReadOnly(held)
        self.words.setText(tr("The beginning of {size}; it cannot be edited here.", size=size_text(len(text))))
        self.setVisible(held)

    @property
    def text(self) -> str:
        """What the field holds, whole."""
        return self._field.toPlainText() if self._whole is None else self._whole

    @classmethod
    def below(cls, field: QPlainTextEdit) -> LongText:
        """One for a field that stands in a column."""
        made, box = cls(field), field.parentWidget()
        column = box.layout() if box is not None else None
        if isinstance(column, QVBoxLayout):
            column.insertWidget(column.indexOf(field) + 1, made)
        return made
