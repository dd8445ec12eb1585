"""Conditions on the metadata of documents: a field by its name, an operator that fits its kind, and a value that is
written down, mixed with variables, or a variable (nodes-ai spec 8.1, 8.3)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.layouts import widgets_of
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import TemplateField, TextField, calm, name_it
from editor.panels.forms.parts import RowList
from editor.panels.forms.sub_conditions import LogicButton, OperatorField, narrow
from editor.panels.parts import Words

OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": (
        *("is", "is not", "contains", "not contains", "start with", "end with", "empty", "not empty", "in", "not in"),
    ),
    "number": ("=", "≠", ">", "<", "≥", "≤", "empty", "not empty"),
    "time": ("is", "before", "after", "empty", "not empty"),
}
NUMERIC: Final = frozenset({"=", "≠", ">", "<", "≥", "≤", ">=", "<="})
BUILT_IN: Final[Mapping[str, str]] = {
    "document_name": "string",
    "uploader": "string",
    "source": "string",
    "upload_date": "time",
    "last_update_date": "time",
}
"""The fields that every knowledge base can have (nodes-ai spec 9.1)."""
WITHOUT_VALUE: Final = frozenset({"empty", "not empty"})
MOMENTS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
FIRST_MOMENT: Final = 100_000_000
"""Seconds: numbers below, of 1973 and before, are not taken for moments where nothing else says so."""


def kind_of(condition: Mapping[str, Any]) -> str:
    """The kind of field that a condition is about. It is not written down: the operator tells, then the name of a
    built-in field, then the value."""
    operator, value = condition.get("comparison_operator"), condition.get("value")
    if operator in NUMERIC:
        return "number"
    if operator in ("before", "after"):
        return "time"
    named = BUILT_IN.get(str(condition.get("name") or ""), "")
    if named and operator in (*OPERATORS[named], None, ""):
        return named
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "time" if operator == "is" and is_number and value is not None and value >= FIRST_MOMENT else "string"


def written(value: Any, kind: str) -> str:
    """A value as it stands in its field; moments in the time zone of this computer."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if kind == "time" and isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError, ValueError, OSError):
            moment = datetime.fromtimestamp(value, UTC).astimezone()
            for form in MOMENTS:
                text = moment.strftime(form)
                if read(text, kind) == value:
                    return text
    return json.dumps(value, ensure_ascii=False)


def read(text: str, kind: str) -> Any:
    """What is stored for a text: of numbers and moments a number where it is one, else the text as it is, which may
    hold variables."""
    bare = text.strip()
    if kind == "time":
        for form in MOMENTS:
            with suppress(ValueError, OverflowError, OSError):
                return int(datetime.strptime(bare, form).astimezone().timestamp())
    if kind in ("number", "time"):
        with suppress(ValueError):
            return int(bare)
        with suppress(ValueError):
            number = float(bare)
            # Neither infinity nor "not a number" can stand in a file.
            return number if abs(number) < float("inf") else text
    return text


def new_condition() -> dict[str, Any]:
    """A condition as the editor makes it."""
    return {"comparison_operator": "is", "id": str(uuid.uuid4()), "name": "", "value": ""}


class ConditionValue(TemplateField):
    """The value of one condition; numbers and moments are stored as numbers."""

    def __init__(self, ctx: FormContext, path: Path, kind: str, placeholder: str) -> None:
        self._kind = kind
        super().__init__(ctx, path, tr("Value"), placeholder, single_line=True)
        self.edit.edited.disconnect()
        self.edit.edited.connect(lambda text: self.put(read(text, kind), typing=True))

    def load(self) -> None:
        value = self.ctx.get(self.path, "")
        if read(self.edit.text(), self._kind) != value:  # else it is being typed, or is spelled otherwise
            self.edit.load(written(value, self._kind))


class _Name(TextField):
    """The name of the field. The id of the field that it meant before goes with another name, in the same step."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, (*path, "name"), tr("Metadata field"), tr("Metadata field"))
        self.edit.textEdited.disconnect()
        self.edit.textEdited.connect(self._typed)

    def _typed(self, text: str) -> None:
        held = self.ctx.get(self.path[:-1], {})
        kept = {key: value for key, value in held.items() if key != "metadata_id"}
        self.ctx.set(self.path[:-1], {**kept, "name": text}, typing=True, name=self.setting_name())


class ConditionRow(QWidget):
    """One condition at `path` of the node."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.kind = QComboBox()
        name_it(self.kind, tr("Kind of field"))
        calm(self.kind)
        narrow(self.kind)
        for kind, word in (("string", tr("Text")), ("number", tr("Number")), ("time", tr("Time"))):
            self.kind.addItem(word, kind)
        self.kind.activated.connect(lambda index: self._kind_chosen(str(self.kind.itemData(index))))
        self.kind.setEnabled(not ctx.read_only)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(_Name(ctx, path), 3)
        head.addWidget(self.kind, 2)
        self._column.addLayout(head)
        self._line = QHBoxLayout()
        self._line.setSpacing(6)
        self._column.addLayout(self._line)
        self._values: QWidget | None = None
        self._fault = Words(kind="bad")
        self._fault.hide()
        self._column.addWidget(self._fault)
        self._wish = ""
        self._shape: Any = None
        ctx.changed.connect(self._build)
        self._build()

    def _condition(self) -> Mapping[str, Any]:
        held = self.ctx.get(self.path, {})
        return held if isinstance(held, Mapping) else {}

    def _kind(self) -> str:
        """What was wished for while the operator leaves it open, else what the condition tells."""
        held = self._condition()
        if held.get("comparison_operator") in OPERATORS.get(self._wish, ()):
            return self._wish
        kind = kind_of(held)
        if kind == "time" and isinstance(held.get("value"), int | float):
            self._wish = kind  # also while the moment is typed anew and is none yet
        return kind

    def _kind_chosen(self, kind: str) -> None:
        """Another kind of field: it begins with its first operator where the present one does not fit, and a value
        that can be one of that kind becomes one."""
        held, before = self._condition(), self._kind()
        self._wish = kind
        changed = dict(held)
        if held.get("comparison_operator") not in OPERATORS[kind]:
            changed["comparison_operator"] = OPERATORS[kind][0]
        if "value" in held and not isinstance(held["value"], list | None):
            changed["value"] = read(written(held["value"], before), kind)
        self.ctx.set(self.path, changed, name=tr("Type"))
        self._build()

    def _build(self) -> None:
        held, kind = self._condition(), self._kind()
        operator = str(held.get("comparison_operator") or "")
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self._tell_fault(held.get("value"), kind, operator)
        shape = (kind, operator in WITHOUT_VALUE, isinstance(held.get("value"), list), operator in ("in", "not in"))
        if shape == self._shape:
            return
        had = self._shape is not None and self._has_focus()
        self._shape = shape
        while (entry := self._line.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        if self._values is not None:
            self._values.hide()
            self._values.deleteLater()
            self._values = None
        chooser = OperatorField(self.ctx, self.path, OPERATORS[kind])
        self._line.addWidget(chooser, 2)
        self._add_value(kind, operator, held.get("value"))
        if had:
            chooser.box.setFocus()

    def _has_focus(self) -> bool:
        focused: QWidget | None = self.window().focusWidget()
        return focused is not None and any(widget.isAncestorOf(focused) for widget in widgets_of(self._line))

    def _add_value(self, kind: str, operator: str, value: Any) -> None:
        path = (*self.path, "value")
        if operator in WITHOUT_VALUE:
            self._line.addStretch(3)
        elif isinstance(value, list):
            self._line.addStretch(3)
            self._values = RowList(
                self.ctx,
                path,
                lambda index: ConditionValue(self.ctx, (*path, index), kind, tr("Value")),
                str,
                tr("Add value"),
                movable=False,
            )
            self._column.insertWidget(2, self._values)
        else:
            self._line.addWidget(ConditionValue(self.ctx, path, kind, _hint(kind, operator)), 3)

    def _tell_fault(self, value: Any, kind: str, operator: str) -> None:
        """A text that is neither a number nor a variable where only those can be compared."""
        is_text = isinstance(value, str) and bool(value) and "{{#" not in value
        wrong = kind != "string" and operator not in WITHOUT_VALUE and is_text and isinstance(read(value, kind), str)
        words = {
            "number": tr("Write a number, or choose a variable with /."),
            "time": tr("Write a day such as 2025-01-31, with 09:30 behind it if it matters, or choose a variable."),
        }
        self._fault.setText(words.get(kind, "") if wrong else "")
        self._fault.setVisible(wrong)


def _hint(kind: str, operator: str) -> str:
    if kind == "time":
        return "2025-01-31"
    return tr("Separated by commas") if operator in ("in", "not in") else tr("Value")


class MetadataConditions(QWidget):
    """The conditions at `path` (`metadata_filtering_conditions`), joined by AND or OR."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        items = (*path, "conditions")
        self.logic = LogicButton(ctx, (*path, "logical_operator"), items)
        column.addWidget(self.logic, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows = _Conditions(
            ctx,
            items,
            lambda index: ConditionRow(ctx, (*items, index)),
            new_condition,
            tr("Add condition"),
            empty=tr("All documents are searched until there is a condition."),
            movable=False,
            key=lambda item: item.get("id") if isinstance(item, Mapping) else None,
        )
        column.addWidget(self.rows)


class _Conditions(RowList):
    """The first condition brings the group that it stands in."""

    def add_item(self) -> None:
        if self.items():
            super().add_item()
            return
        group = self.ctx.get(self.path[:-1], {})
        made = {"logical_operator": "and", **(group if isinstance(group, Mapping) else {})}
        self.ctx.set(self.path[:-1], {**made, "conditions": [new_condition()]}, name=self.add_button.text())
        self._focus_row(0)
