"""The condition builder of if-else and loop: variable, operator by its type, value or variable, AND or OR."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, SelectorField, TemplateField, calm, name_it
from editor.panels.forms.parts import RowList

TEXT = ("contains", "not contains", "start with", "end with", "is", "is not", "empty", "not empty")
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
FILE_MENUS: dict[str, tuple[str, ...]] = {
    "name": TEXT,
    "mime_type": TEXT,
    "url": TEXT,
    "type": ("in", "not in"),
    "transfer_method": ("in", "not in"),
    "size": (">", "≥", "<", "≤"),
    "extension": ("is", "is not", "contains", "not contains"),
    "related_id": ("is", "is not", "contains", "not contains", "start with", "end with", "empty", "not empty"),
}
FILE_CHOICES = {
    "type": ("image", "document", "audio", "video"),
    "transfer_method": ("local_file", "remote_url"),
}
WITHOUT_VALUE = frozenset({"empty", "not empty", "null", "not null", "exists", "not exists"})


def operators(type_name: str, selector: Sequence[str] = ()) -> tuple[str, ...]:
    """The operators offered for a variable (nodes-logic spec 2.3)."""
    if len(selector) == 3 and selector[2] in FILE_MENUS and type_name in ("", "string", "number"):
        return FILE_MENUS[selector[2]]
    return MENUS.get(type_name, OTHER)


def new_condition() -> dict[str, Any]:
    """A condition as the editor makes it."""
    return {
        "comparison_operator": "contains",
        "id": str(uuid.uuid4()),
        "value": "",
        "varType": "string",
        "variable_selector": [],
    }


class _Operator(Field):
    """The operator of one condition; its menu follows the variable's type, and keeps an odd present value."""

    def __init__(self, ctx: FormContext, path: Path, menu: tuple[str, ...], key: str = "comparison_operator") -> None:
        super().__init__(ctx, (*path, key))
        self.box = QComboBox()
        name_it(self.box, tr("Operator"))
        calm(self.box)
        self._menu = menu
        self.box.activated.connect(lambda index: ctx.set(self.path, self.box.itemData(index)))
        self.row.addWidget(self.box)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, "")
        self.box.clear()
        for operator in self._menu if value in self._menu or not value else (*self._menu, value):
            self.box.addItem(tr(operator), operator)
        self.box.setCurrentIndex(max(0, self.box.findData(value)))


class _BoolValue(Field):
    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        self.box = QComboBox()
        name_it(self.box, tr("Value"))
        calm(self.box)
        self.box.addItem(tr("true"), True)
        self.box.addItem(tr("false"), False)
        self.box.activated.connect(lambda index: ctx.set(self.path, self.box.itemData(index)))
        self.row.addWidget(self.box)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, False)
        self.box.setCurrentIndex(0 if value in (True, "true", "True", "1") else 1)


class _ChoiceValue(Field):
    """One value of a fixed list, stored as a list of one, as the editor of the format does."""

    def __init__(self, ctx: FormContext, path: Path, choices: tuple[str, ...]) -> None:
        super().__init__(ctx, path)
        self.box = QComboBox()
        name_it(self.box, tr("Value"))
        calm(self.box)
        for choice in choices:
            self.box.addItem(choice, choice)
        self.box.activated.connect(lambda index: ctx.set(self.path, [self.box.itemData(index)]))
        self.row.addWidget(self.box)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, [])
        first = value[0] if isinstance(value, list) and value else value
        self.box.setCurrentIndex(self.box.findData(first))


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
        self._note = QLabel()
        self._note.setProperty("kind", "small")
        self._note.hide()
        self._column.addWidget(self._note)
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
        shape = (menu, operator in WITHOUT_VALUE, type_name == "boolean", attribute, type_name == "array[file]")
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._line.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        chooser = _Operator(self.ctx, self.path, menu)
        chooser.setFixedWidth(132)
        self._line.addWidget(chooser)
        if operator in WITHOUT_VALUE:
            self._line.addStretch(1)
        elif type_name == "array[file]":
            self._line.addWidget(QLabel(tr("files that match")), 1)
            self._add_sub_conditions()
        elif type_name == "boolean":
            self._line.addWidget(_BoolValue(self.ctx, (*self.path, "value")), 1)
        elif attribute:
            self._line.addWidget(_ChoiceValue(self.ctx, (*self.path, "value"), FILE_CHOICES[attribute]), 1)
        else:
            self._line.addWidget(
                TemplateField(self.ctx, (*self.path, "value"), tr("Value"), tr("Value"), single_line=True), 1
            )

    def _add_sub_conditions(self) -> None:
        group = SubConditions(self.ctx, (*self.path, "sub_variable_condition"))
        self._line.addWidget(group, 2)

    def _variable_chosen(self, selector: list[str]) -> None:
        """Another variable of another type: start with that type's first operator, and say so."""
        type_name = self.ctx.variable_type(selector) or "string"
        menu = operators(type_name, selector)
        condition = {**self.ctx.get(self.path, {}), "variable_selector": selector, "varType": type_name}
        reset = condition.get("comparison_operator", "") not in menu
        if reset:
            condition |= {"comparison_operator": menu[0], "value": False if type_name == "boolean" else ""}
        self.ctx.set(self.path, condition)
        if reset:
            self._note.setText(tr("The operator was reset to fit the type {type}.", type=type_name))
            self._note.show()
        else:
            self._note.hide()


class SubConditions(QWidget):
    """Conditions on the attributes of each file of a list."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            RowList(
                ctx,
                (*path, "conditions"),
                lambda index: self._row((*path, "conditions", index)),
                lambda: {"comparison_operator": "contains", "id": str(uuid.uuid4()), "key": "name", "value": ""},
                tr("Add"),
                movable=False,
                key=lambda item: item.get("key"),
            )
        )

    def _row(self, path: Path) -> QWidget:
        from editor.panels.forms.fields import ChoiceField, TextField

        box = QWidget()
        line = QVBoxLayout(box)
        line.setContentsMargins(0, 0, 0, 0)
        key = str(self.ctx.get((*path, "key"), "name"))
        line.addWidget(ChoiceField(self.ctx, (*path, "key"), tr("Attribute"), [(k, k) for k in FILE_MENUS]))
        line.addWidget(_Operator(self.ctx, path, FILE_MENUS.get(key, TEXT)))
        if key in FILE_CHOICES:
            line.addWidget(_ChoiceValue(self.ctx, (*path, "value"), FILE_CHOICES[key]))
        else:
            line.addWidget(TextField(self.ctx, (*path, "value"), tr("Value"), tr("Value")))
        return box


class ConditionList(QWidget):
    """The conditions of one case, joined by AND or OR; a click on the word changes it."""

    def __init__(self, ctx: FormContext, path: Path, *, conditions: str = "conditions") -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.logic = QPushButton()
        self.logic.setProperty("kind", "link")
        self.logic.setToolTip(tr("Click to change between AND and OR"))
        name_it(self.logic, tr("AND or OR"))
        self.logic.clicked.connect(self._flip)
        column.addWidget(self.logic, 0, Qt.AlignmentFlag.AlignLeft)
        self._conditions = (*path, conditions)
        column.addWidget(
            RowList(
                ctx,
                self._conditions,
                lambda index: ConditionRow(ctx, (*self._conditions, index)),
                new_condition,
                tr("Add condition"),
                movable=False,
                key=lambda item: item.get("id") if isinstance(item, dict) else None,
            )
        )
        ctx.changed.connect(self.load)
        self.load()

    def load(self) -> None:
        word = str(self.ctx.get((*self.path, "logical_operator"), "and"))
        self.logic.setText(tr("All must hold (AND)") if word == "and" else tr("One is enough (OR)"))
        self.logic.setVisible(len(self.ctx.get(self._conditions, [])) > 1)

    def _flip(self) -> None:
        word = str(self.ctx.get((*self.path, "logical_operator"), "and"))
        self.ctx.set((*self.path, "logical_operator"), "or" if word == "and" else "and")
