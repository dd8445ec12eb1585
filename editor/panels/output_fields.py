"""Fields for the outputs of steps: text as text, everything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.fields import name_it
from editor.panels.forms.json_edit import JsonEdit, fault_line


class BadValue(ValueError):
    """A field whose text is not what it should be; the message says which and where."""


class OutputFields(QScrollArea):
    """One field a value, by any key; `titles` stand above the keys they belong to."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        box = QWidget()
        self._column = QVBoxLayout(box)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self.setWidget(box)
        self._read: dict[Any, tuple[str, Callable[[], Any]]] = {}

    def _put(self, widget: QWidget) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)

    def add_words(self, text: str, kind: str = "title") -> None:
        """A line of words between the fields."""
        words = QLabel(text)
        words.setProperty("kind", kind)
        words.setWordWrap(True)
        self._put(words)

    def add_values(self, values: Mapping[str, Any], key: Callable[[str], Any] = str) -> None:
        """A field for each value; `values()` gives it back under `key(name)`."""
        for name, value in values.items():
            self.add_words(name, "small")
            edit: QPlainTextEdit
            if isinstance(value, str):
                edit = QPlainTextEdit(value)
                self._read[key(name)] = (name, edit.toPlainText)
            else:
                code = edit = JsonEdit()
                code.load(json.dumps(value, ensure_ascii=False, indent=2))
                self._read[key(name)] = (name, _json_of(code))
            edit.setTabChangesFocus(True)
            edit.setFixedHeight(16 + min(10, max(2, edit.blockCount())) * 19)
            name_it(edit, name)
            self._put(edit)
            if isinstance(edit, JsonEdit):
                self._put(fault_line(edit))

    def values(self) -> dict[Any, Any]:
        """What stands in the fields. Raises BadValue."""
        found = {}
        for key, (name, read) in self._read.items():
            try:
                found[key] = read()
            except json.JSONDecodeError as error:
                words = tr(
                    "{name}: not valid JSON in line {line}, column {column}",
                    name=name,
                    line=error.lineno,
                    column=error.colno,
                )
                raise BadValue(words) from error
        return found


def _json_of(code: JsonEdit) -> Callable[[], Any]:
    return lambda: json.loads(code.toPlainText())
