"""The inputs of a run: one control a type, required ones checked, the last run's values offered again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.file_pick import FilePick
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.long_text import LongText
from editor.theme import restyle
from engine.services.inputs import input_fault


class RunForm(QWidget):
    """Fields for the variables of a start node."""

    submitted = Signal()

    def __init__(self, variables: list[Mapping[str, Any]], *, chat: bool = False) -> None:
        super().__init__()
        named = [v for v in variables if v.get("variable")]
        self._variables = [v for v in named if not v.get("hide")]
        self._hidden = [v for v in named if v.get("hide")]
        self._editors: dict[str, QWidget] = {}
        self._faults: dict[str, QLabel] = {}
        self._texts: dict[QPlainTextEdit, LongText] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for variable in self._variables:
            column.addWidget(self._field(variable))
        self.query: QPlainTextEdit | None = None
        if chat:
            self.query = QPlainTextEdit()
            self.query.setFixedHeight(72)
            self.query.setPlaceholderText(tr("Say something"))
            self.query.setAccessibleName(tr("Message"))
            column.addWidget(self.query)
        column.addStretch(1)

    def _field(self, variable: Mapping[str, Any]) -> QWidget:
        name = str(variable["variable"])
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        editor = self._editor(variable)
        editor.setAccessibleName(str(variable.get("label") or name))
        editor.setObjectName(f"input {name}")
        if not isinstance(editor, QCheckBox):
            label = QLabel(str(variable.get("label") or name) + (" *" if variable.get("required") else ""))
            label.setProperty("kind", "small")
            label.setBuddy(editor)
            column.addWidget(label)
        column.addWidget(editor)
        fault = QLabel()
        fault.setProperty("kind", "bad")
        fault.setWordWrap(True)
        fault.hide()
        column.addWidget(fault)
        self._editors[name], self._faults[name] = editor, fault
        if isinstance(editor, JsonEdit):
            editor.checked.connect(lambda words: self._tell(name, words))
        return box

    def _editor(self, variable: Mapping[str, Any]) -> QWidget:
        kind, default = str(variable.get("type")), variable.get("default")
        text = _as_text(default)
        if kind in ("paragraph", "json_object", "json"):
            area = QPlainTextEdit() if kind == "paragraph" else JsonEdit()
            area.setPlainText(text)
            area.setFixedHeight(88)
            area.setTabChangesFocus(True)
            area.setPlaceholderText("{ }" if kind != "paragraph" else "")
            return area
        if kind == "select":
            choices = QComboBox()
            if not variable.get("required"):
                choices.addItem("", None)
            for option in variable.get("options") or []:
                choices.addItem(str(option), str(option))
            choices.setPlaceholderText(tr("Choose one."))
            choices.setCurrentIndex(choices.findData(default) if default else _first(choices))
            return choices
        if kind == "number":
            # A line, not a spin box: no number is something else than zero.
            number = QLineEdit(text)
            number.setPlaceholderText("0")
            number.returnPressed.connect(self.submitted)
            return number
        if kind == "checkbox":
            check = QCheckBox(str(variable.get("label") or variable["variable"]))
            check.setChecked(str(default).lower() in ("true", "1", "yes", "on"))
            return check
        if kind in ("file", "file-list", "files"):
            return FilePick(several=kind != "file", rules=variable)
        line = QLineEdit(text)
        if variable.get("max_length"):
            line.setMaxLength(int(variable["max_length"]))
        line.returnPressed.connect(self.submitted)
        return line

    def _tell(self, name: str, fault: str) -> None:
        """Mark a field as wrong, or no longer."""
        self._faults[name].setText(fault)
        self._faults[name].setVisible(bool(fault))
        _mark(self._editors[name], bool(fault))

    def load(self, values: Mapping[str, Any]) -> None:
        """Fill in values, of the last run for example."""
        for name, editor in self._editors.items():
            if name not in values or values[name] is None:
                continue
            value = values[name]
            text = _as_text(value)
            if isinstance(editor, QPlainTextEdit):
                self._long(editor).put(text)
            elif isinstance(editor, QLineEdit):
                editor.setText(text)
            elif isinstance(editor, QComboBox):
                index = editor.findData(value)
                editor.setCurrentIndex(index if index >= 0 else _first(editor))
            elif isinstance(editor, QCheckBox):
                editor.setChecked(bool(value))
            elif isinstance(editor, FilePick):
                found = value if isinstance(value, list) else [value]
                editor.set_kept([item for item in found if isinstance(item, Mapping)])

    def fill(self, values: Mapping[str, Any]) -> list[str]:
        """Take the inputs of an earlier run as they were: also what was left empty then is empty. An input that the
        run did not have yet keeps its default. Answers the names of those that have no place here any more."""
        known = {str(v["variable"]) for v in self._hidden} | set(self._editors)
        left = [name for name, value in values.items() if name not in known and value not in (None, "")]
        for name, value in values.items():
            if name not in self._editors:
                continue
            editor = self._editors[name]
            self._empty(editor)
            if value is not None and value != "" and not self._takes(editor, value):
                left.append(name)
                continue
            self.load({name: value})
        return left

    def _long(self, editor: QPlainTextEdit) -> LongText:
        if editor not in self._texts:
            self._texts[editor] = LongText.below(editor)
        return self._texts[editor]

    def _empty(self, editor: QWidget) -> None:
        if isinstance(editor, QPlainTextEdit):
            self._long(editor).put("")
        elif isinstance(editor, QLineEdit):
            editor.clear()
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(_first(editor))
        elif isinstance(editor, QCheckBox):
            editor.setChecked(False)
        elif isinstance(editor, FilePick):
            editor.set_kept([])

    @staticmethod
    def _takes(editor: QWidget, value: Any) -> bool:
        """Whether a value that the input took once still fits its control."""
        parts = value if isinstance(value, list) else [value]
        files = bool(parts) and all(isinstance(item, Mapping) and "transfer_method" in item for item in parts)
        if isinstance(editor, QComboBox):
            return editor.findData(value) >= 0
        if isinstance(editor, QCheckBox):
            return isinstance(value, bool)
        return files == isinstance(editor, FilePick) or value == []

    def refuse(self, name: str, fault: str) -> None:
        """Mark a field whose value cannot be taken, and go there."""
        self._tell(name, fault)
        self._editors[name].setFocus()

    def take_over(self, other: RunForm) -> None:
        """Take what stands in a form that this one replaces, files included."""
        self.load(other.typed())
        for name, editor in self._editors.items():
            before = other._editors.get(name)
            if isinstance(editor, FilePick) and isinstance(before, FilePick):
                editor.take_over(before)

    def typed(self) -> dict[str, Any]:
        """What stands in the fields as it is, for a form that takes this one's place."""
        return {
            name: self._value(variable, self._editors[name], raw=True)[0]
            for variable in self._variables
            if not isinstance(self._editors[name := str(variable["variable"])], FilePick)
        }

    def values(self) -> dict[str, Any] | None:
        """The inputs, or None when a field is at fault, which is then marked."""
        found: dict[str, Any] = {}
        first: QWidget | None = None
        for variable in self._variables:
            name = str(variable["variable"])
            value, fault = self._value(variable, self._editors[name])
            self._tell(name, fault)
            if fault and first is None:
                first = self._editors[name]
            found[name] = value
        if first is not None:
            first.setFocus()
            return None
        return found

    def _value(self, variable: Mapping[str, Any], editor: QWidget, *, raw: bool = False) -> tuple[Any, str]:
        required = bool(variable.get("required"))
        if isinstance(editor, QCheckBox):
            return editor.isChecked(), ""
        if isinstance(editor, QComboBox):
            return editor.currentData(), tr("Choose one.") if required and editor.currentData() is None else ""
        if isinstance(editor, FilePick):
            files = editor.value()
            if not files:
                return None, tr("Choose a file.") if required else ""
            return files if editor.several else files[0], editor.fault()
        text = self._long(editor).text if isinstance(editor, QPlainTextEdit) else str(editor.property("text"))
        if raw:
            return text, ""
        if required and not text.strip():
            return text, tr("This is required.")
        if str(variable.get("type")) == "number":
            return number_of(text)
        longest = int(variable.get("max_length") or 0)
        if longest and len(text) > longest and str(variable.get("type")) in ("text-input", "paragraph"):
            return text, tr("At most {count} characters.", count=longest)
        if isinstance(editor, JsonEdit) and (wrong := editor.fault()) is not None:
            return None, wrong.words
        kind = str(variable.get("type"))
        value, fault = _json(text, lists=kind == "json") if kind in ("json_object", "json") else (text, "")
        if not fault and value and kind in ("json_object", "json", "url"):
            fault = told(input_fault(variable, value))
        return value, fault


def _first(choices: QComboBox) -> int:
    """What is chosen while nobody chose: the empty entry, or nothing where one must be chosen."""
    return 0 if choices.count() and choices.itemData(0) is None else -1


def _as_text(value: Any) -> str:
    """A value as its field shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mark(editor: QWidget, wrong: bool) -> None:
    """The red line round a field at fault."""
    parts = (editor.button, editor.address) if isinstance(editor, FilePick) else (editor,)
    for part in (editor, *parts):
        restyle(part, wrong=wrong)


def number_of(text: str) -> tuple[int | float | None, str]:
    """A number as people write it, None for nothing; and what is wrong with it. Whole numbers keep all their digits."""
    plain = text.strip().replace("\u2212", "-")
    if not plain:
        return None, ""
    try:
        return (int(plain), "") if "_" not in plain else (None, tr("This is not a number."))
    except ValueError:
        pass
    try:
        value = float(plain)
    except ValueError:
        return None, tr("This is not a number.")
    if not math.isfinite(value):
        return None, tr("This is not a number.")
    return (int(value) if value.is_integer() else value), ""


def _json(text: str, *, lists: bool) -> tuple[Any, str]:
    if not text.strip():
        return None, ""
    value = json.loads(text)
    if isinstance(value, dict) or (lists and isinstance(value, list)):
        return value, ""
    return None, tr("This must be an object in braces: {example}", example='{"name": "value"}')
