"""Forms of start, end and answer, and the dialog of one input variable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import accept_or_cancel, complaint, dialog_column
from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.beginnings import add_beginnings
from editor.panels.forms.common import Form, add_outputs, line
from editor.panels.forms.common import column as stacked
from editor.panels.forms.fields import ElidedButton, SelectorField, TemplateField, TextField, name_it
from editor.panels.forms.input_default import DefaultValue
from editor.panels.forms.json_edit import JsonEdit, fault_line
from editor.panels.forms.parts import RowList, labelled
from editor.panels.parts import ElidedLabel

INPUT_TYPES: tuple[tuple[str, str, str], ...] = (
    ("text-input", "Short text", "type-string"),
    ("paragraph", "Paragraph", "type-string"),
    ("select", "Choice", "list"),
    ("number", "Number", "type-number"),
    ("checkbox", "Check box", "type-boolean"),
    ("file", "One file", "type-file"),
    ("file-list", "Several files", "type-array"),
    ("json_object", "JSON object", "type-object"),
)
FILE_TYPES = (
    ("image", "Images"),
    ("document", "Documents"),
    ("audio", "Audio"),
    ("video", "Video"),
    ("custom", "Other"),
)
METHODS = (("local_file", "From this machine"), ("remote_url", "From an address"))
NAME_ROOM, BUTTON_SIDES = 168, 56
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")


def type_word(kind: str) -> str:
    """The word for an input type."""
    return next((tr(word) for name, word, _ in INPUT_TYPES if name == kind), kind)


class InputDialog(FittingDialog):
    """Asks for everything about one input of the start node; `value()` is the entity as the file holds it."""

    def __init__(self, entity: Mapping[str, Any], taken: set[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entity, self._taken = dict(entity), taken
        self.setMinimumWidth(420)
        column = dialog_column(self, tr("Input"))
        column.setSpacing(12)
        self.kind = QComboBox()
        for name, word, picture in INPUT_TYPES:
            self.kind.addItem(icon(picture, "accent"), tr(word), name)
        present = str(entity.get("type", "text-input"))
        if self.kind.findData(present) < 0:
            self.kind.addItem(present, present)
        self.kind.setCurrentIndex(self.kind.findData(present))
        name_it(self.kind, tr("Type"))
        column.addWidget(labelled(tr("Type"), self.kind))
        self.name = QLineEdit(str(entity.get("variable", "")))
        self.name.setMaxLength(30)
        name_it(self.name, tr("Variable name"))
        column.addWidget(labelled(tr("Variable name"), self.name, required=True))
        self.label = QLineEdit(str(entity.get("label", "")))
        name_it(self.label, tr("Label"))
        column.addWidget(labelled(tr("Label"), self.label, tr("What people see above the field.")))
        self.length = QSpinBox()
        self.length.setRange(1, 1_000_000)
        self.length.setValue(48 if present == "file-list" else int(entity.get("max_length") or 48))
        name_it(self.length, tr("Longest length"))
        self._length_part = labelled(tr("Longest length"), self.length)
        column.addWidget(self._length_part)
        self.count = QSpinBox()
        self.count.setRange(1, 50)
        self.count.setValue(min(50, int(entity.get("max_length") or 5)) if present == "file-list" else 5)
        name_it(self.count, tr("Most files"))
        self._count_part = labelled(tr("Most files"), self.count)
        column.addWidget(self._count_part)
        self.options = QPlainTextEdit("\n".join(map(str, entity.get("options") or [])))
        self.options.setFixedHeight(92)
        name_it(self.options, tr("Options"))
        self._options_part = labelled(tr("Options"), self.options, tr("One a line."), required=True)
        column.addWidget(self._options_part)
        self._files_part = self._file_types()
        column.addWidget(self._files_part)
        self.schema = JsonEdit()
        schema = stacked(self.schema, fault_line(self.schema), spacing=4)
        schema.setFocusProxy(self.schema)
        self.schema.load(_schema_text(entity.get("json_schema")))
        self.schema.setTabChangesFocus(True)
        self.schema.setFixedHeight(110)
        name_it(self.schema, tr("JSON schema"))
        self._schema_part = labelled(tr("JSON schema"), schema, tr("Optional; the value is checked against it."))
        column.addWidget(self._schema_part)
        self.default = DefaultValue(entity.get("default"))
        self.options.textChanged.connect(lambda: self.default.offer(self._options()))
        self._default_part = labelled(tr("Default"), self.default)
        column.addWidget(self._default_part)
        self.required = QCheckBox(tr("Required"))
        self.required.setChecked(bool(entity.get("required", True)))
        self.hidden = QCheckBox(tr("Hidden: the caller gives the value"))
        self.hidden.setChecked(bool(entity.get("hide", False)))
        column.addWidget(self.required)
        column.addWidget(self.hidden)
        self.fault = complaint()
        column.addWidget(self.fault)
        column.addWidget(accept_or_cancel(tr("Save"), self._save, self))
        self.kind.currentIndexChanged.connect(self._show_parts)
        self._show_parts()
        self.name.setFocus()

    def _file_types(self) -> QWidget:
        box = QWidget()
        inside = QVBoxLayout(box)
        inside.setContentsMargins(0, 0, 0, 0)
        allowed = self._entity.get("allowed_file_types") or ["image"]
        self.file_types: dict[str, QCheckBox] = {}
        for name, word in FILE_TYPES:
            check = QCheckBox(tr(word))
            check.setChecked(name in allowed)
            self.file_types[name] = check
            inside.addWidget(check)
        methods = self._entity.get("allowed_file_upload_methods") or [name for name, _ in METHODS]
        self.methods: dict[str, QCheckBox] = {}
        self.extensions = QLineEdit(" ".join(self._entity.get("allowed_file_extensions") or []))
        self.extensions.setPlaceholderText(".pdf .csv")
        name_it(self.extensions, tr("Extensions"))
        inside.addWidget(labelled(tr("Extensions"), self.extensions, tr("For the kind “Other”.")))
        sources = QWidget()
        below = QVBoxLayout(sources)
        below.setContentsMargins(0, 0, 0, 0)
        for name, word in METHODS:
            check = QCheckBox(tr(word))
            check.setChecked(name in methods)
            self.methods[name] = check
            below.addWidget(check)
        inside.addWidget(labelled(tr("Where files come from"), sources))
        return labelled(tr("File types"), box)

    def _show_parts(self) -> None:
        kind = self.kind.currentData()
        self._length_part.setVisible(kind in ("text-input", "paragraph"))
        self._count_part.setVisible(kind == "file-list")
        self._options_part.setVisible(kind == "select")
        self._files_part.setVisible(kind in ("file", "file-list"))
        self._schema_part.setVisible(kind == "json_object")
        self.default.show_kind(str(kind), self._options())
        self._default_part.setVisible(kind not in ("file", "file-list", "json_object"))
        self.adjustSize()

    def _options(self) -> list[str]:
        return [o.strip() for o in self.options.toPlainText().splitlines() if o.strip()]

    def _problem(self) -> str:
        name = self.name.text().strip()
        if not NAME.fullmatch(name):
            return tr("The name starts with a letter or _ and has letters, digits and _ only, at most 30.")
        if name in self._taken:
            return tr("There is an input of this name already.")
        options = self._options()
        if self.kind.currentData() == "select" and not options:
            return tr("A choice needs at least one option.")
        if len(set(options)) != len(options):
            return tr("Two options are the same.")
        if self.kind.currentData() in ("file", "file-list"):
            chosen = [n for n, c in self.file_types.items() if c.isChecked()]
            if not chosen:
                return tr("Choose at least one file type.")
            if "custom" in chosen and not self.extensions.text().split():
                return tr("“Other” needs at least one extension.")
            if not any(c.isChecked() for c in self.methods.values()):
                return tr("Files have to come from somewhere: choose at least one way.")
        elif self.kind.currentData() != "json_object":
            return self.default.fault(self.length.value())
        if self.kind.currentData() == "json_object" and self.schema.toPlainText().strip():
            return _schema_problem(self.schema.toPlainText())
        return ""

    def _save(self) -> None:
        problem = self._problem()
        self.fault.setText(problem)
        self.fault.setVisible(bool(problem))
        if not problem:
            self.accept()

    def value(self) -> dict[str, Any]:
        """The entity; keys that the dialog does not know stay as they were."""
        kind = self.kind.currentData()
        entity = dict(self._entity)
        entity.update(
            {
                "type": kind,
                "variable": self.name.text().strip(),
                "label": self.label.text().strip() or self.name.text().strip(),
                "required": self.required.isChecked(),
                "options": self._options(),
                "max_length": self.count.value() if kind == "file-list" else self.length.value(),
            }
        )
        if self.hidden.isChecked() or "hide" in entity:
            entity["hide"] = self.hidden.isChecked()
        if kind in ("file", "file-list"):
            entity["allowed_file_types"] = [n for n, c in self.file_types.items() if c.isChecked()]
            entity["allowed_file_extensions"] = self.extensions.text().split()
            entity["allowed_file_upload_methods"] = [n for n, c in self.methods.items() if c.isChecked()]
            entity.pop("default", None)
        elif kind == "json_object":
            entity["json_schema"] = self.schema.toPlainText().strip()
        else:
            value = self.default.value()
            if value not in (None, False) or "default" in entity:
                entity["default"] = "" if value is None else value
        return entity


def _schema_text(schema: Any) -> str:
    import json

    return schema if isinstance(schema, str) else json.dumps(schema, ensure_ascii=False, indent=2) if schema else ""


def _schema_problem(text: str) -> str:
    import json

    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        return tr("The schema is not valid JSON: line {line}, column {column}.", line=error.lineno, column=error.colno)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return tr("The schema must be an object whose type is “object”.")
    return ""


class StartForm(Form):
    """The inputs of the workflow."""

    def build(self) -> None:
        section = self.section(tr("Inputs"))
        self.rows = RowList(
            self.ctx,
            ("variables",),
            self._row,
            dict,
            tr("Add input"),
            empty=tr("People are asked for these values before a run. Without any, the run starts at once."),
            on_remove=self._remove,
            key=lambda item: (item.get("variable"), item.get("label"), item.get("type"), item.get("required")),
        )
        self.rows.add_button.clicked.disconnect()
        self.rows.add_button.clicked.connect(self.add_input)
        section.add(self.rows)
        add_outputs(self)
        add_beginnings(self)

    def _row(self, index: int) -> QWidget:
        entity = self.ctx.get(("variables", index), {})
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        kind = str(entity.get("type", ""))
        picture = next((p for name, _, p in INPUT_TYPES if name == kind), "type-any")
        button = ElidedButton()
        name = str(entity.get("variable", ""))
        button.set_whole(name)
        # The name is what one looks for: the type beside it is shortened first.
        button.setMinimumWidth(min(NAME_ROOM, button.fontMetrics().horizontalAdvance(name) + BUTTON_SIDES))
        button.setIcon(icon(picture, "accent"))
        button.setProperty("kind", "field")
        button.setToolTip(tr("Edit this input"))
        name_it(button, tr("Input {name}", name=str(entity.get("variable", ""))))
        button.clicked.connect(lambda: self.edit_input(index))
        row.addWidget(button, 1)
        row.addWidget(
            ElidedLabel(type_word(kind) + ("  ·  " + tr("required") if entity.get("required") else ""), "small")
        )
        return box

    def add_input(self) -> None:
        """Ask for a new input."""
        self._ask(None)

    def edit_input(self, index: int) -> None:
        """Change an input; a new name is followed by every use of it."""
        self._ask(index)

    def _ask(self, index: int | None) -> None:
        items = self.rows.items()
        entity = items[index] if index is not None else {"type": "text-input", "required": True, "max_length": 48}
        taken = {str(item.get("variable")) for at, item in enumerate(items) if at != index}
        dialog = InputDialog(entity, taken, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._store(index, dialog.value()))
        dialog.open()

    def _store(self, index: int | None, value: dict[str, Any]) -> None:
        items = self.rows.items()
        more = []
        if index is None:
            items.append(value)
        else:
            old = str(items[index].get("variable", ""))
            items[index] = value
            if old and old != value["variable"]:
                more = self.ctx.renamed(old, value["variable"])
        self.ctx.set_many({"variables": items}, tr("Inputs of {title}", title=self.ctx.node.title), more)

    def _remove(self, index: int) -> bool:
        """Ask before an input goes that others read."""
        return not self.ctx.may_go(str(self.ctx.get(("variables", index, "variable"), "")))


class EndForm(Form):
    """What the workflow gives back."""

    def build(self) -> None:
        section = self.section(tr("Outputs"))
        section.add(
            RowList(
                self.ctx,
                ("outputs",),
                lambda index: line(
                    TextField(self.ctx, ("outputs", index, "variable"), tr("Output name"), tr("name")),
                    SelectorField(self.ctx, ("outputs", index, "value_selector"), tr("Output value")),
                    stretch=(2, 3),
                ),
                lambda: {"value_selector": [], "value_type": "string", "variable": self._fresh()},
                tr("Add output"),
                empty=tr("A run without outputs ends with an empty result."),
            )
        )

    def _fresh(self) -> str:
        taken = {item.get("variable") for item in self.ctx.get(("outputs",), [])}
        return next(name for n in range(1, 1000) if (name := "result" if n == 1 else f"result{n}") not in taken)


class AnswerForm(Form):
    """What the chat shows."""

    def build(self) -> None:
        section = self.section(tr("Answer"))
        section.add(
            TemplateField(
                self.ctx, ("answer",), tr("Answer"), tr("Text and variables, shown in this order"), lowest=140
            )
        )
        add_outputs(self)
