"""The shape of a model's answer: a JSON schema as a list of fields, and as JSON, in step with each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.common import column, line
from editor.panels.forms.fields import Field, JsonField, calm, name_it
from editor.panels.forms.parts import add_button, small_button

FIELD_TYPES = (
    "string",
    "number",
    "boolean",
    "object",
    "array[string]",
    "array[number]",
    "array[object]",
)


class SchemaEditor(Field):
    """A JSON schema as a list of fields, with the JSON itself behind a switch; the two stay in step."""

    def __init__(self, ctx: Any, path: tuple[str | int, ...], fresh: dict[str, Any]) -> None:
        super().__init__(ctx, path)
        self._fresh = fresh
        self._box = QVBoxLayout()
        self._box.setSpacing(8)
        self.row.addLayout(self._box, 1)
        self._fields = QWidget()
        self._fields_layout = QVBoxLayout(self._fields)
        self._fields_layout.setContentsMargins(0, 0, 0, 0)
        self._fields_layout.setSpacing(6)
        self._json = JsonField(ctx, path, tr("JSON schema"), rows=10, default=fresh)
        self._json.hide()
        self._toggle = QPushButton(tr("Show JSON"))
        self._toggle.setAccessibleName(tr("Show JSON"))
        self._toggle.setProperty("kind", "quiet")
        self._toggle.setCheckable(True)
        self._toggle.toggled.connect(self._switch)
        add = add_button(tr("Add field"), self._add)
        self._fault = QLabel()
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._fault.hide()
        self._box.addWidget(self._fields)
        self._box.addWidget(self._fault)
        self._box.addWidget(self._json)
        self._box.addWidget(line(add, self._toggle))
        self._shape: Any = None
        self.load()

    def _switch(self, on: bool) -> None:
        self._json.setVisible(on)
        self._fields.setVisible(not on)

    def _schema(self) -> dict[str, Any]:
        value = self.ctx.get(self.path, {})
        return dict(value) if isinstance(value, Mapping) and value else json.loads(json.dumps(self._fresh))

    def load(self) -> None:
        schema = self._schema()
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        shape = json.dumps([properties, required], sort_keys=True, default=str)
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._fields_layout.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        if not properties:
            empty = QLabel(tr("No fields yet."))
            empty.setProperty("kind", "small")
            self._fields_layout.addWidget(empty)
        for name, field in properties.items():
            self._fields_layout.addWidget(self._one(str(name), field if isinstance(field, Mapping) else {}, required))

    def _one(self, name: str, field: Mapping[str, Any], required: list[str]) -> QWidget:
        edit = QLineEdit(name)
        name_it(edit, tr("Field name"))
        edit.editingFinished.connect(lambda: self._rename(name, edit))
        kind = QComboBox()
        name_it(kind, tr("Field type"))
        calm(kind)
        present = type_of(field)
        for option in FIELD_TYPES if present in FIELD_TYPES else (*FIELD_TYPES, present):
            kind.addItem(option, option)
        kind.setCurrentText(present)
        kind.activated.connect(lambda index: self._change(name, as_schema(kind.itemData(index), field)))
        words = QLineEdit(str(field.get("description", "")))
        words.setPlaceholderText(tr("What the model should put here"))
        name_it(words, tr("Field description"))
        words.editingFinished.connect(lambda: self._change(name, {**field, "description": words.text()}))
        must = QCheckBox(tr("Required"))
        must.setChecked(name in required)
        must.clicked.connect(lambda on: self._require(name, on))
        return column(
            line(edit, kind, small_button("trash", tr("Remove"), lambda: self._remove(name)), stretch=(3, 2, 0)),
            line(words, must, stretch=(1, 0)),
            spacing=4,
        )

    def _write(self, schema: dict[str, Any]) -> None:
        self.ctx.set(self.path, schema)

    def _add(self) -> None:
        schema = self._schema()
        properties = dict(schema.get("properties") or {})
        name = next(n for i in range(1, 1000) if (n := f"field{i}") not in properties)
        properties[name] = {"type": "string"}
        schema["properties"] = properties
        schema["required"] = [*(schema.get("required") or []), name]
        self._write(schema)

    def _remove(self, name: str) -> None:
        schema = self._schema()
        schema["properties"] = {k: v for k, v in (schema.get("properties") or {}).items() if k != name}
        schema["required"] = [r for r in schema.get("required") or [] if r != name]
        self._write(schema)

    def _rename(self, old: str, edit: Any) -> None:
        new = edit.text().strip()
        schema = self._schema()
        properties = schema.get("properties") or {}
        if new == old or old not in properties:
            return
        if not new or new in properties:
            edit.setText(old)
            self._fault.setText(
                tr("There is a field called “{name}” already.", name=new) if new else tr("A field needs a name.")
            )
            self._fault.show()
            return
        self._fault.hide()
        schema["properties"] = {(new if k == old else k): v for k, v in properties.items()}
        schema["required"] = [new if r == old else r for r in schema.get("required") or []]
        self._write(schema)

    def _change(self, name: str, field: Mapping[str, Any]) -> None:
        schema = self._schema()
        schema["properties"] = {**(schema.get("properties") or {}), name: dict(field)}
        self._write(schema)

    def _require(self, name: str, on: bool) -> None:
        schema = self._schema()
        required = [r for r in schema.get("required") or [] if r != name]
        schema["required"] = [*required, name] if on else required
        self._write(schema)


def type_of(field: Mapping[str, Any]) -> str:
    """A schema field's type in the words of the format."""
    kind = str(field.get("type", "string"))
    if kind != "array":
        return kind
    items = field.get("items")
    return f"array[{items.get('type', 'string')}]" if isinstance(items, Mapping) else "array[string]"


def as_schema(kind: str, field: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a field after its type changed."""
    kept = {k: v for k, v in field.items() if k in ("description", "enum")}
    if kind.startswith("array["):
        return {**kept, "type": "array", "items": {"type": kind[6:-1]}}
    if kind == "object":
        return {**kept, "type": "object", "properties": {}, "required": [], "additionalProperties": False}
    return {**kept, "type": kind}
