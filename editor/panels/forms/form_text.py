"""The text of a form that a person fills: Markdown with variables and places for the form's fields, which are inserted
at the caret, and a preview (editor spec, P20 and the key Mod+/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import LocalKeys, with_keys
from editor.panels.forms.common import line
from editor.panels.forms.context import FormContext
from editor.panels.forms.fields import TemplateField, name_it
from engine.model.human_input import place_of

Fresh = Callable[[str], dict[str, Any]]
"""A new field of a kind, with a name that is free."""


class FormText(QWidget):
    """`kinds` are the kinds of fields with their words, `fresh` makes a field of one of them."""

    def __init__(self, ctx: FormContext, kinds: tuple[tuple[str, str], ...], fresh: Fresh) -> None:
        super().__init__()
        self._ctx, self._kinds, self._fresh = ctx, kinds, fresh
        self.field = TemplateField(ctx, ("form_content",), tr("Form text"), tr("Markdown with variables"), lowest=120)
        self.insert = QPushButton(tr("Insert a field"))
        self.insert.setIcon(icon("plus", "muted"))
        self.insert.setProperty("kind", "add")
        self.insert.setToolTip(with_keys(tr("Insert a field"), "insert_field"))
        name_it(self.insert, tr("Insert a field"))
        self.insert.clicked.connect(self.offer)
        self.preview = QPushButton(tr("Preview"))
        self.preview.setIcon(icon("eye", "muted"))
        self.preview.setProperty("kind", "add")
        name_it(self.preview, tr("Preview of the form"))
        self.preview.clicked.connect(self._preview)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self.field)
        box.addWidget(line(self.insert, self.preview, QWidget(), stretch=(0, 0, 1)))
        LocalKeys(self, "insert_field", self.offer)
        self.insert.setEnabled(not ctx.read_only)
        self.setFocusProxy(self.field)

    def _fields(self) -> list[Mapping[str, Any]]:
        return [field for field in self._ctx.get(("inputs",), []) if isinstance(field, Mapping)]

    def offer(self) -> None:
        """Show what can be inserted at the caret: the fields that have no place yet, and a new one of each kind."""
        if self._ctx.read_only:
            return
        menu = QMenu(self)
        menu.setAccessibleName(tr("Insert a field"))
        text = self.field.edit.text()
        for field in self._fields():
            name = str(field.get("output_variable_name") or "")
            if name and place_of(name) not in text:
                menu.addAction(icon("human-input", "accent"), name).triggered.connect(
                    lambda _=False, name=name: self._insert(name, None)
                )
        if not menu.isEmpty():
            menu.addSeparator()
        for kind, word in self._kinds:
            menu.addAction(icon("plus", "muted"), tr("New field: {kind}", kind=tr(word))).triggered.connect(
                lambda _=False, kind=kind: self._new(kind)
            )
        menu.aboutToHide.connect(menu.deleteLater)
        menu.setActiveAction(menu.actions()[0])
        edit = self.field.edit
        corner = edit.cursorRect().bottomLeft() if edit.hasFocus() else edit.rect().bottomLeft()
        menu.popup(edit.viewport().mapToGlobal(corner))

    def _new(self, kind: str) -> None:
        field = self._fresh(kind)
        self._insert(str(field["output_variable_name"]), field)

    def _insert(self, name: str, field: Mapping[str, Any] | None) -> None:
        """The place of a field at the caret, and the field itself where it is new: one step of undo."""
        self._ctx.end_typing()
        self.field.edit.insert_reference(f"$output.{name}", silently=True)
        values: dict[str, Any] = {"form_content": self.field.edit.text()}
        if field is not None:
            values["inputs"] = [*self._ctx.get(("inputs",), []), dict(field)]
        self._ctx.set_many(values, tr("Insert the field {name}", name=name))

    def _preview(self) -> None:
        from editor.dialogs.form_preview import FormPreview
        from editor.panels.inspector import Inspector

        place: QWidget | None = self
        while place is not None and not isinstance(place, Inspector):
            place = place.parentWidget()
        # It stays when another step is shown, and goes with the page.
        FormPreview(self._ctx.session, self._ctx.node_id, place or self.window()).show()
