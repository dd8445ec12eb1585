"""The condition builder of if-else and loop: variable, operator by its type, value or variable, AND or OR."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, SelectorField, TemplateField, calm, name_it
from editor.panels.forms.parts import RowList
from editor.panels.forms.sub_conditions import (
    FILE_CHOICES,
    FILE_MENUS,
    TEXT,
    WITHOUT_VALUE,
    ListedChoice,
    LogicButton,
    OperatorField,
    SubConditions,
    narrow,
)

NUMBER = ("=", "≠", ">", "<", "≥", "≤", "empty", "not empty")
MENUS: dict[str, tuple[str, ...]] = {
    "string": TEXT,
    "secret": TEXT,
    "number": NUMBER,
    "integer": NUMBER,
    "float": NUMBER,
    "boolean": ("is", "is not"),
    "file": ("exists", "not exists"),
    "array[string]": ("contains", "not contains", "empty", "not empty"),
    "array[number]": ("contains", "not contains", "empty", "not empty"),
    "array[boolean]": ("contains", "not contains", "empty", "not empty"),
    "array[file]": ("contains", "not contains", "all of", "empty", "not empty"),
    "array": ("empty", "not empty"),
    "array[object]": ("empty", "not empty"),
    "array[any]": ("contains", "not contains", "empty", "not empty"),
}
OTHER = ("is", "is not", "empty", "not empty")


def operators(type_name: str, selector: Sequence[str] = ()) -> tuple[str, ...]:
    """The operators offered for a variable (nodes-logic spec 2.3)."""
    if len(selector) == 3 and selector[2] in FILE_MENUS and type_name in ("", "string", "number"):
        return FILE_MENUS[selector[2]]
    return MENUS.get(type_name, OTHER)


def fitted(
    condition: Mapping[str, Any],
    selector: Sequence[str],
    before: str,
    kind: str,
    had: Sequence[str] | None = None,
) -> tuple[dict[str, Any], bool]:
    """A condition for a variable of a type, which was of another one (`had` are the operators that it had the choice
    of), and whether its operator and value began anew."""
    menu = operators(kind, selector)
    had = operators(before, selector) if had is None and before else had
    new = {**condition, "varType": kind}
    other = had is not None and (menu != had or (kind != before and menu not in (NUMBER, TEXT)))
    if not other and new.get("comparison_operator", "") in menu:
        return new, False
    new |= {"comparison_operator": menu[0], "value": False if kind == "boolean" else ""}
    new.pop("sub_variable_condition", None)
    return new, True


def new_condition() -> dict[str, Any]:
    """A condition as the editor makes it."""
    return {
        "comparison_operator": "contains",
        "id": str(uuid.uuid4()),
        "value": "",
        "varType": "string",
        "variable_selector": [],
    }


class _BoolValue(Field):
    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        self.box = QComboBox()
        name_it(self.box, tr("Value"))
        calm(self.box)
        narrow(self.box)
        self.box.addItem(tr("true"), True)
        self.box.addItem(tr("false"), False)
        self.setFocusProxy(self.box)
        self.box.activated.connect(lambda index: self.put(self.box.itemData(index)))
        self.row.addWidget(self.box)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, False)
        self.box.setCurrentIndex(0 if value in (True, "true", "True", "1") else 1)


class ConditionRow(QWidget):
    """One condition at `path` of the node."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.variable = SelectorField(ctx, (*path, "variable_selector"), tr("Variable"), write=self._variable_chosen)
        self._column.addWidget(self.variable)
        self._line = QHBoxLayout()
        self._line.setSpacing(6)
        self._column.addLayout(self._line)
        self._files: QWidget | None = None
        self._note = QLabel()
        self._note.setProperty("kind", "small")
        self._note.setWordWrap(True)
        self._note.hide()
        self._noted: list[str] | None = None
        """The variable with which the operator was reset."""
        self._column.addWidget(self._note)
        self._fault = QLabel(tr("Write a number, or choose a variable with /."))
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._column.addWidget(self._fault)
        self._shape: Any = None
        ctx.changed.connect(self._build)
        self._build()

    def _facts(self) -> tuple[str, tuple[str, ...], str]:
        selector = [str(s) for s in self.ctx.get((*self.path, "variable_selector"), [])]
        stored = str(self.ctx.get((*self.path, "varType"), ""))
        type_name = (self.ctx.variable_type(selector) if selector else "") or stored or "string"
        return type_name, operators(type_name, selector), str(self.ctx.get((*self.path, "comparison_operator"), ""))

    def _build(self) -> None:
        type_name, menu, operator = self._facts()
        selector = self.ctx.get((*self.path, "variable_selector"), [])
        attribute = selector[2] if len(selector) == 3 and selector[2] in FILE_CHOICES else ""
        self._fault.setVisible(bool(self._wrong_number(menu, operator)))
        # What was said of one variable is not said of another, nor after it was taken back.
        self._note.setVisible(bool(selector) and self._noted == selector)
        shape = (menu, operator in WITHOUT_VALUE, type_name == "boolean", attribute, type_name == "array[file]")
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._line.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        if self._files is not None:
            self._files.hide()
            self._files.deleteLater()
            self._files = None
        chooser = OperatorField(self.ctx, self.path, menu)
        self._line.addWidget(chooser, 1)
        if operator in WITHOUT_VALUE:
            self._line.addStretch(1)
        elif type_name == "array[file]":
            self._line.addWidget(QLabel(tr("files that match")), 1)
            self._files = SubConditions(self.ctx, (*self.path, "sub_variable_condition"))
            self._column.insertWidget(2, self._files)
        elif type_name == "boolean":
            self._line.addWidget(_BoolValue(self.ctx, (*self.path, "value")), 1)
        elif attribute:
            self._line.addWidget(ListedChoice(self.ctx, (*self.path, "value"), FILE_CHOICES[attribute]), 1)
        else:
            value = TemplateField(self.ctx, (*self.path, "value"), tr("Value"), tr("Value"), single_line=True)
            if menu == NUMBER:
                value.edit.edited.disconnect()
                value.edit.edited.connect(self._number_typed)
            self._line.addWidget(value, 1)

    def _number_typed(self, text: str) -> None:
        """The format's editor shows a number box or a variable by what `numberVarType` says."""
        kind = "variable" if "{{#" in text else "constant"
        condition = {**self.ctx.get(self.path, {}), "value": text, "numberVarType": kind}
        self.ctx.set(self.path, condition, typing=True, name=tr("Value"))

    def _wrong_number(self, menu: tuple[str, ...], operator: str) -> bool:
        value = self.ctx.get((*self.path, "value"), "")
        if menu != NUMBER or operator in WITHOUT_VALUE or not isinstance(value, str) or not value or "{{#" in value:
            return False
        try:
            float(value)
        except ValueError:
            return True
        return False

    def _variable_chosen(self, selector: list[str]) -> None:
        """Another variable of another type: start with that type's first operator, and say so."""
        had = bool(self.ctx.get((*self.path, "variable_selector"), []))
        before = self._facts()[0] if had else ""
        type_name = self.ctx.variable_type(selector) or "string"
        present = {**self.ctx.get(self.path, {}), "variable_selector": selector}
        old = [str(part) for part in self.ctx.get((*self.path, "variable_selector"), [])]
        condition, reset = fitted(present, selector, before, type_name, operators(before, old) if had else None)
        self._noted = list(selector) if reset else None
        if reset:
            self._note.setText(tr("The operator was reset to fit the type {type}.", type=type_name))
        self.ctx.set(self.path, condition, name=tr("Variable"))


class ConditionList(QWidget):
    """The conditions of one case, joined by AND or OR; a click on the word changes it."""

    def __init__(self, ctx: FormContext, path: Path, *, conditions: str = "conditions") -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        items = (*path, conditions)
        self.logic = LogicButton(ctx, (*path, "logical_operator"), items)
        column.addWidget(self.logic, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(
            RowList(
                ctx,
                items,
                lambda index: ConditionRow(ctx, (*items, index)),
                new_condition,
                tr("Add condition"),
                movable=False,
                key=lambda item: item.get("id") if isinstance(item, dict) else None,
            )
        )
