"""Conditions on the attributes of each file of a list, inside of one condition (nodes-logic spec 2.2, 2.4)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.common import column, line
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import ChoiceField, Field, TextField, calm, name_it
from editor.panels.forms.parts import RowList
from editor.panels.parts import show_in_place

TEXT = ("contains", "not contains", "start with", "end with", "is", "is not", "empty", "not empty")
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
FILE_CHOICES: Mapping[str, Sequence[str]] = {
    "type": ("image", "document", "audio", "video"),
    "transfer_method": ("local_file", "remote_url"),
}
WITHOUT_VALUE = frozenset({"empty", "not empty", "null", "not null", "exists", "not exists"})


def narrow(box: QComboBox) -> None:
    """Let the panel, not the longest word, say how wide a box is."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumWidth(72)


class OperatorField(Field):
    """The operator of a condition; its menu follows what is compared, and keeps an odd present value."""

    def __init__(self, ctx: FormContext, path: Path, menu: Sequence[str]) -> None:
        super().__init__(ctx, (*path, "comparison_operator"))
        self.box = QComboBox()
        name_it(self.box, tr("Operator"))
        calm(self.box)
        narrow(self.box)
        self._menu = tuple(menu)
        self.box.activated.connect(lambda index: self.put(self.box.itemData(index)))
        self.row.addWidget(self.box)
        self.setFocusProxy(self.box)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, "")
        self.box.clear()
        for operator in self._menu if value in self._menu or not value else (*self._menu, value):
            self.box.addItem(tr(operator), operator)
        self.box.setCurrentIndex(max(0, self.box.findData(value)))


class ListedChoice(Field):
    """One value of a fixed list, stored as a list of one, as the editor of the format does. More than one, which files
    may hold, are shown as they are."""

    def __init__(self, ctx: FormContext, path: Path, choices: Sequence[str]) -> None:
        super().__init__(ctx, path)
        self.box = QComboBox()
        name_it(self.box, tr("Value"))
        calm(self.box)
        narrow(self.box)
        self.box.setPlaceholderText(tr("Choose"))
        for choice in choices:
            self.box.addItem(choice, choice)
        self._known = len(choices)
        self.box.activated.connect(self._picked)
        self.row.addWidget(self.box)
        self.setFocusProxy(self.box)
        self.load()

    def _picked(self, index: int) -> None:
        if index < self._known:
            self.put([self.box.itemData(index)])

    def load(self) -> None:
        value = self.ctx.get(self.path, [])
        values = [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []
        while self.box.count() > self._known:
            self.box.removeItem(self._known)
        index = self.box.findData(values[0]) if len(values) == 1 else -1
        if values and index < 0:
            self.box.addItem(", ".join(values), values)
            index = self._known
        self.box.setCurrentIndex(index)


class LogicButton(QPushButton):
    """AND or OR at `path`; a click changes it."""

    def __init__(self, ctx: FormContext, path: Path, items: Path) -> None:
        super().__init__()
        self.ctx, self._path, self._items = ctx, path, items
        self.setProperty("kind", "link")
        self.setToolTip(tr("Click to change between AND and OR"))
        name_it(self, tr("AND or OR"))
        self.clicked.connect(self._flip)
        self.setEnabled(not ctx.read_only)
        ctx.changed.connect(self.load)
        self.load()

    def load(self) -> None:
        word = str(self.ctx.get(self._path, "and"))
        self.setText(tr("All must hold (AND)") if word == "and" else tr("One is enough (OR)"))
        show_in_place(self, len(self.ctx.get(self._items, [])) > 1)

    def _flip(self) -> None:
        other = "or" if str(self.ctx.get(self._path, "and")) == "and" else "and"
        self.ctx.set(self._path, other, name=tr("AND or OR"))


class SubConditions(QWidget):
    """The conditions on each file, at `path` (`sub_variable_condition`) of a condition."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 0, 0, 0)
        box.setSpacing(8)
        items = (*path, "conditions")
        box.addWidget(LogicButton(ctx, (*path, "logical_operator"), items), 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(
            _SubList(
                ctx,
                items,
                lambda index: self._row((*items, index)),
                dict,
                tr("Add file rule"),
                empty=tr("Any file matches; add what a file must be like."),
                movable=False,
                key=lambda item: (item.get("key"), item.get("comparison_operator") in WITHOUT_VALUE),
            )
        )

    def _row(self, path: Path) -> QWidget:
        key = str(self.ctx.get((*path, "key"), "name"))
        attribute = ChoiceField(
            self.ctx,
            (*path, "key"),
            tr("Attribute"),
            [(k, k) for k in FILE_MENUS],
            write=lambda chosen: self._key_chosen(path, chosen),
        )
        operator = OperatorField(self.ctx, path, FILE_MENUS.get(key, TEXT))
        if self.ctx.get((*path, "comparison_operator"), "") in WITHOUT_VALUE:
            return column(attribute, operator, spacing=6)
        value: Field = TextField(self.ctx, (*path, "value"), tr("Value"), tr("Bytes") if key == "size" else tr("Value"))
        if key in FILE_CHOICES:
            value = ListedChoice(self.ctx, (*path, "value"), FILE_CHOICES[key])
        return column(attribute, line(operator, value), spacing=6)

    def _key_chosen(self, path: Path, key: str) -> None:
        """An attribute of another kind begins with its own first operator, in the same step."""
        item = {**self.ctx.get(path, {}), "key": key}
        old = self.ctx.get((*path, "key"), "name")
        if item.get("comparison_operator") not in FILE_MENUS[key]:
            item["comparison_operator"] = FILE_MENUS[key][0]
        if (key in FILE_CHOICES) or (old in FILE_CHOICES):
            item["value"] = [] if key in FILE_CHOICES else ""
        self.ctx.set(path, item, name=tr("Attribute"))


class _SubList(RowList):
    """The first condition brings the group that it stands in."""

    def add_item(self) -> None:
        if self.ctx.read_only:
            return
        self._shape = None
        fresh = {
            "comparison_operator": "contains",
            "id": str(uuid.uuid4()),
            "key": "name",
            "value": "",
            "varType": "string",
        }
        group: Any = self.ctx.get(self.path[:-1], {})
        made = {"case_id": str(uuid.uuid4()), "logical_operator": "and", **group}
        self.ctx.set(self.path[:-1], {**made, "conditions": [*self.items(), fresh]}, name=tr("Add file rule"))
        self._focus_row(self._rows.count() - 1)
