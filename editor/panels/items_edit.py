"""The items of a list or the entries of an object as rows, for people who do not write JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.layouts import widgets_of
from editor.panels.forms.fields import calm, name_it
from editor.panels.forms.parts import add_button, small_button

ROWS: Final = {"array[string]": "string", "array[number]": "number", "array[boolean]": "boolean", "object": ""}
"""Types that have rows, with the type of each; an entry of an object says its own."""
KINDS: Final = ("string", "number", "boolean")


class Wrong(ValueError):
    """A row whose value is not of its type, or a key that is missing or there twice; the words say which."""


def fits_rows(kind: str, value: Any) -> bool:
    """Whether a value can be shown as rows without losing anything."""
    if kind not in ROWS:
        return False
    if kind == "object":
        return isinstance(value, Mapping) and all(_kind(v) for v in value.values())
    return isinstance(value, list) and all(_kind(v) == ROWS[kind] for v in value)


def truth_box(value: object) -> QComboBox:
    """A choice of true and false."""
    box = QComboBox()
    box.addItem(tr("true"), True)
    box.addItem(tr("false"), False)
    box.setCurrentIndex(0 if value is True else 1)
    calm(box)
    return box


class ItemsEdit(QWidget):
    """Rows for the values of a list, or for key, type and value of an object. `value()` raises `Wrong`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._kind = "array[string]"
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        column.addLayout(self._rows)
        self.add = add_button(tr("Add item"), lambda: self._append(None, focus=True))
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def load(self, kind: str, value: Any) -> None:
        """Show a value that fits, see `fits_rows`."""
        self._kind = kind
        while (entry := self._rows.takeAt(0)) is not None:
            if row := entry.widget():
                row.hide()
                row.deleteLater()
        pairs = value.items() if isinstance(value, Mapping) else ((None, v) for v in value)
        for key, item in pairs:
            self._append(item, "" if key is None else str(key))

    @property
    def rows(self) -> list[_Row]:
        """The rows from top to bottom."""
        return [widget for widget in widgets_of(self._rows) if isinstance(widget, _Row)]

    def value(self) -> Any:
        """The list or the object."""
        if self._kind != "object":
            return [row.value() for row in self.rows]
        made: dict[str, Any] = {}
        for row in self.rows:
            key = row.key.text().strip() if row.key is not None else ""
            if not key:
                raise Wrong(tr("Every entry needs a key."))
            if key in made:
                raise Wrong(tr("The key “{key}” is there twice.", key=key))
            made[key] = row.value()
        return made

    def _append(self, item: Any, key: str = "", *, focus: bool = False) -> None:
        kind = ROWS[self._kind] or _kind(item) or "string"
        row = _Row(kind, item, key if self._kind == "object" else None)
        row.gone.connect(lambda: self._remove(row))
        self._rows.addWidget(row)
        if focus:
            row.setFocus()
            self.changed.emit()

    def _remove(self, row: _Row) -> None:
        place = self.rows.index(row)
        self._rows.removeWidget(row)
        row.hide()
        row.deleteLater()
        left = self.rows
        (left[min(place, len(left) - 1)] if left else self.add).setFocus()
        self.changed.emit()


class _Row(QWidget):
    """One value, with its key and type where it stands in an object."""

    gone = Signal()

    def __init__(self, kind: str, value: Any, key: str | None) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._kind = kind
        self.key: QLineEdit | None = None
        if key is not None:
            self.key = QLineEdit(key)
            self.key.setPlaceholderText(tr("key"))
            name_it(self.key, tr("Entry key"))
            row.addWidget(self.key, 2)
            self.type = QComboBox()
            for name in KINDS:
                self.type.addItem(name, name)
            self.type.setCurrentIndex(KINDS.index(kind))
            name_it(self.type, tr("Type"))
            calm(self.type)
            self.type.activated.connect(self._retyped)
            row.addWidget(self.type)
        self.line = QLineEdit("" if value is None or isinstance(value, bool) else str(value))
        self.truth = truth_box(value)
        for widget in (self.line, self.truth):
            name_it(widget, tr("Value"))
            row.addWidget(widget, 3)
        row.addWidget(small_button("trash", tr("Remove"), self.gone.emit))
        self.setFocusProxy(self.key if self.key is not None else self.truth if kind == "boolean" else self.line)
        self._show()

    def _retyped(self) -> None:
        self._kind = str(self.type.currentData())
        self._show()

    def _show(self) -> None:
        self.line.setVisible(self._kind != "boolean")
        self.truth.setVisible(self._kind == "boolean")

    def value(self) -> Any:
        if self._kind == "boolean":
            return bool(self.truth.currentData())
        text = self.line.text()
        if self._kind == "string":
            return text
        number = as_number(text)
        if number is None:
            raise Wrong(tr("“{text}” is no number.", text=text))
        return number


def as_number(text: str) -> int | float | None:
    """A number as people write it, None for something else."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else ""
