"""The shape of a model's answer: a JSON schema as a tree of fields, and as JSON, in step with each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import accept_or_cancel, complaint, dialog_column
from editor.i18n import tr
from editor.keymap import LocalKeys
from editor.panels.forms import schema_ops as ops
from editor.panels.forms.common import column, line
from editor.panels.forms.context import with_path
from editor.panels.forms.fields import Field, JsonField, calm, name_it
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.forms.json_text import JsonFault, doubled
from editor.panels.forms.parts import add_button, small_button
from editor.panels.forms.schema_ops import Place
from engine.model.types import VALUE_TYPES

if TYPE_CHECKING:
    from engine.model.edits import Edit

INDENT = 16
PLACE, STORED = "schemaPlace", "schemaStored"


class SchemaEditor(Field):
    """A JSON schema as a tree of fields, with the JSON itself behind a switch; the two stay in step."""

    def __init__(self, ctx: Any, path: tuple[str | int, ...], fresh: dict[str, Any]) -> None:
        super().__init__(ctx, path)
        self._fresh = fresh
        self._shape: Any = None
        self._open: set[Place] = set()
        self._moved: dict[str, str] = {}
        self._unnamed: QLineEdit | None = None
        """The name that is open because it cannot be taken."""
        self._box = QVBoxLayout()
        self._box.setSpacing(8)
        self.row.addLayout(self._box, 1)
        self._fields = QWidget()
        self._fields_layout = QVBoxLayout(self._fields)
        self._fields_layout.setContentsMargins(0, 0, 0, 0)
        self._fields_layout.setSpacing(8)
        self._json = JsonField(ctx, path, tr("JSON schema"), rows=12, default=fresh)
        self._json.edit.also = _schema_fault
        self._json.hide()
        self._toggle = QPushButton(tr("Show JSON"))
        self._toggle.setAccessibleName(tr("Show JSON"))
        self._toggle.setProperty("kind", "quiet")
        self._toggle.setCheckable(True)
        self._toggle.toggled.connect(self._switch)
        self._add_button = add_button(tr("Add field"), partial(self._add, ()))
        sample = QPushButton(tr("From a sample…"))
        name_it(sample, tr("From a sample…"))
        sample.setProperty("kind", "quiet")
        sample.setToolTip(tr("Make the fields from an example of the answer"))
        sample.clicked.connect(self.ask_sample)
        self._fault = QLabel()
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._fault.hide()
        self._box.addWidget(self._fields)
        self._box.addWidget(self._fault)
        self._box.addWidget(self._json)
        words = QPushButton(tr("From words…"))
        name_it(words, tr("From words…"))
        words.setProperty("kind", "quiet")
        words.setToolTip(tr("Let a model lay out the fields"))
        words.clicked.connect(self.draft)
        self._reset = QPushButton(tr("Reset"))
        name_it(self._reset, tr("Reset"))
        self._reset.setProperty("kind", "quiet")
        self._reset.setToolTip(tr("Take all fields away"))
        self._reset.clicked.connect(self.reset)
        # Two lines: all of them beside each other are wider than the panel of a narrow window.
        self._box.addWidget(line(self._add_button, QWidget(), self._toggle, stretch=(0, 1, 0)))
        self._box.addWidget(line(sample, words, self._reset))
        LocalKeys(self, "confirm", self._confirm)
        self.load()

    def _switch(self, on: bool) -> None:
        """Show the JSON or the fields; what is wrong in the one that is shown is put right before."""
        if on and self.refuses():
            self._toggle.setChecked(False)
        elif not on and self._json.edit.fault() is not None:
            self._toggle.setChecked(True)
            self._json.edit.setFocus()
        else:
            self._json.setVisible(on)
            self._fields.setVisible(not on)

    def _confirm(self) -> None:
        """Take what is being typed and go on to the next field."""
        self._add_button.setFocus()
        self.refuses()

    def refuses(self) -> bool:
        """Whether a field is still open because its name cannot be taken: it gets the keyboard, and what is wrong is
        said. Saving, another field and the JSON wait for that."""
        name = self._unnamed
        if name is None or not name.isVisible():
            return False
        name.setFocus()
        name.selectAll()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and event.type() == QEvent.Type.KeyPress and isinstance(watched, QLineEdit):
            stored = str(watched.property(STORED))
            if watched.text() != stored:
                watched.setText(stored)
                self._unnamed = None
                self._say("")
                return True
        return super().eventFilter(watched, event)

    def _schema(self) -> dict[str, Any]:
        value = self.ctx.get(self.path, {})
        return dict(value) if isinstance(value, Mapping) and value else json.loads(json.dumps(self._fresh))

    # -- drawing -----------------------------------------------------------------------------------------------------

    def load(self) -> None:
        schema = self._schema()
        shape = json.dumps(schema, default=str)
        if shape == self._shape:
            return
        self._shape = shape
        self._unnamed = None
        self._reset.setEnabled(schema != self._fresh and not self.ctx.read_only)
        focus = QApplication.focusWidget()
        held = str(focus.property(PLACE) or "") if focus is not None and self.isAncestorOf(focus) else ""
        while (entry := self._fields_layout.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        if not ops.fields(schema):
            empty = QLabel(tr("No fields yet."))
            empty.setProperty("kind", "small")
            self._fields_layout.addWidget(empty)
        self._draw(schema, (), 0)
        if held:
            # The row that is written in was made anew: the keyboard goes where it was.
            QTimer.singleShot(0, self, partial(self._focus, self._moved.get(held, held)))
        self._moved = {}

    def _draw(self, schema: Mapping[str, Any], place: Place, depth: int) -> None:
        whole = ops.at(schema, place)
        must = ops.required(whole)
        for name, field in ops.fields(whole).items():
            here = (*place, "properties", name)
            self._fields_layout.addWidget(self._one(place, name, field, name in must, depth))
            inner = ops.inside(field, here)
            if inner is not None and depth < ops.DEEPEST:
                self._draw(schema, inner, depth + 1)
                add = add_button(tr("Add a field to {name}", name=name), partial(self._add, inner))
                self._fields_layout.addWidget(_indented(add, depth + 1))

    def _one(self, place: Place, name: str, field: Mapping[str, Any], must_be: bool, depth: int) -> QWidget:
        here = (*place, "properties", name)
        edit = self._line(here, "name", name, tr("Field name"))
        edit.setProperty(STORED, name)
        edit.installEventFilter(self)
        edit.editingFinished.connect(lambda: self._rename(place, name, edit))
        kind = QComboBox()
        name_it(kind, tr("Field type"))
        kind.setProperty(PLACE, _key(here, "type"))
        calm(kind)
        present = ops.type_of(field)
        for option in VALUE_TYPES if present in VALUE_TYPES else (*VALUE_TYPES, present):
            kind.addItem(option, option)
        kind.setCurrentText(present)
        kind.activated.connect(lambda index: self._retype(here, kind.itemData(index), field))
        words = self._line(here, "description", str(field.get("description", "")), tr("Field description"))
        words.setPlaceholderText(tr("What the model should put here"))
        words.editingFinished.connect(lambda: self._describe(here, field, words.text()))
        must = QCheckBox(tr("Required"))
        name_it(must, tr("Required"))
        must.setProperty(PLACE, _key(here, "required"))
        must.setChecked(must_be)
        must.clicked.connect(
            lambda on: self._write(ops.needed(self._schema(), place, name, on=on), tr("Required"), name)
        )
        more = small_button("list", tr("Allowed values"), partial(self._flip, here))
        if present not in ("string", "number"):
            more.hide()
        remove = small_button("trash", tr("Remove"), lambda: self._remove(place, name))
        parts = [line(edit, kind, remove, stretch=(3, 2, 0)), line(words, must, more, stretch=(1, 0, 0))]
        if present in ("string", "number") and (here in self._open or field.get("enum")):
            values = ", ".join(str(v) for v in field.get("enum") or ())
            allowed = self._line(here, "enum", values, tr("Allowed values"))
            allowed.setPlaceholderText(tr("Separated by commas; empty = any"))
            allowed.editingFinished.connect(lambda: self._allow(here, field, allowed.text()))
            parts.append(allowed)
        return _indented(column(*parts, spacing=4), depth)

    @staticmethod
    def _line(here: Place, role: str, text: str, name: str) -> QLineEdit:
        edit = QLineEdit(text)
        name_it(edit, name)
        edit.setProperty(PLACE, _key(here, role))
        return edit

    def _focus(self, place: str) -> None:
        form: QWidget | None = self
        while form is not None and not isinstance(form, QScrollArea):
            form = form.parentWidget()
        focus = QApplication.focusWidget()
        if focus is not None and form is not None and not form.isAncestorOf(focus):
            return  # whoever wrote went somewhere else meanwhile
        for widget in self._fields.findChildren(QWidget):
            if widget.isVisible() and widget.property(PLACE) == place:
                widget.setFocus()
                return

    def _flip(self, here: Place) -> None:
        self._open ^= {here}
        self._shape = None
        self.load()

    # -- changing ----------------------------------------------------------------------------------------------------

    def _write(self, schema: dict[str, Any], what: str, field: str = "", more: Sequence[Edit] = ()) -> None:
        """Store another schema; the step is called after what was changed and of which field. What reads the fields
        follows in the same step."""
        self._say("")
        top = str(self.path[0])
        if schema != self._schema():
            value = with_path(self.ctx.data.get(top), self.path[1:], schema)
            self.ctx.set_many(
                {top: value}, self.ctx.label(tr("{what} of {name}", what=what, name=field) if field else what), more
            )

    def _say(self, fault: str) -> None:
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))

    def _add(self, place: Place) -> None:
        if self.refuses():
            return
        schema, name = ops.added(self._schema(), place)
        names = [part for part in place[1::2] if part != "items"]
        self._write(schema, tr("Add a field to {name}", name=names[-1]) if names else tr("Add field"))
        QTimer.singleShot(0, self, partial(self._select, _key((*place, "properties", name), "name")))

    def _select(self, place: str) -> None:
        """The name of a new field is ready to be typed over."""
        self._focus(place)
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit) and focus.property(PLACE) == place:
            focus.selectAll()

    def _rename(self, place: Place, old: str, edit: QLineEdit) -> None:
        new = edit.text().strip()
        schema = self._schema()
        known = ops.fields(ops.at(schema, place))
        if self._unnamed is edit:
            self._unnamed = None
            self._say("")
        if new == old or old not in known:
            return
        if not new or new in known:
            self._unnamed = edit
            self._say(tr("There is a field called “{name}” already.", name=new) if new else tr("A field needs a name."))
            return
        before, after = (*place, "properties", old), (*place, "properties", new)
        self._moved = {_key(before, role): _key(after, role) for role in ("name", "type", "description", "required")}
        self._write(ops.renamed(schema, place, old, new), tr("Field name"), old, self._followed(place, old, new))

    def _change(self, here: Place, field: Mapping[str, Any], what: str) -> None:
        self._write(ops.put(self._schema(), here, field), what, here[-1])

    def _retype(self, here: Place, kind: str, field: Mapping[str, Any]) -> None:
        """Another type; what reads the fields of an object that is one no more is told of before."""
        if ops.type_of(field) == "object" != kind and not self._may_go([(*here, "properties", "")], here[-1]):
            self._shape = None
            self.load()
            return
        self._change(here, ops.with_type(kind, field), tr("Field type"))

    # -- what reads the fields ---------------------------------------------------------------------------------------

    def _selector(self, here: Place) -> tuple[str, ...] | None:
        """How others read the field at a place; None where it cannot be read: the fields of a list's items."""
        if "items" in here[::2]:
            return None
        return (self.ctx.node_id, str(self.path[0]), *(name for name in here[1::2] if name))

    def _followed(self, place: Place, old: str, new: str) -> Sequence[Edit]:
        from engine.model.refs import redirect

        selector = self._selector((*place, "properties", old))
        if selector is None:
            return ()
        return redirect(self.ctx.session.document.workflow, selector, (*selector[:-1], new)).edits

    def _may_go(self, places: Sequence[Place], name: str) -> bool:
        """Whether fields may go: asks, with the names of the nodes, when others read them."""
        from engine.model.refs import find_uses

        workflow = self.ctx.session.document.workflow
        selectors = [s for place in places if (s := self._selector(place)) is not None]
        uses = [use for selector in selectors for use in find_uses(workflow, selector) if use.selector != selector[:2]]
        return not uses or self.ctx.session.confirm_removal(name, uses)

    def _remove(self, place: Place, name: str) -> None:
        if self._may_go([(*place, "properties", name)], name):
            self._write(ops.removed(self._schema(), place, name), tr("Remove"), name)

    def reset(self) -> None:
        """Begin anew without a field, in one step."""
        names = list(ops.fields(self._schema()))
        if self._may_go([("properties", name) for name in names], ", ".join(names)):
            self._write(json.loads(json.dumps(self._fresh)), tr("Reset"))

    def _describe(self, here: Place, field: Mapping[str, Any], words: str) -> None:
        if words != str(field.get("description", "")):
            kept = {k: v for k, v in field.items() if k != "description"}
            self._change(here, {**kept, "description": words} if words else kept, tr("Field description"))

    def _allow(self, here: Place, field: Mapping[str, Any], text: str) -> None:
        """The values that a field may have; numbers where it is one."""
        words = [w.strip() for w in text.split(",") if w.strip()]
        values: list[Any] = list(dict.fromkeys(words))
        if ops.type_of(field) == "number":
            try:
                values = [json.loads(w) for w in values]
            except ValueError:
                values = ["?"]
            if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
                self._say(tr("The allowed values of a number are numbers."))
                return
        if values == list(field.get("enum") or ()):
            return
        kept = {k: v for k, v in field.items() if k != "enum"}
        self._change(here, {**kept, "enum": values} if values else kept, tr("Allowed values"))

    # -- from a sample -----------------------------------------------------------------------------------------------

    def draft(self) -> None:
        """Say in words what the answer should hold, and let a model lay out the fields."""
        from editor.panels.forms.drafts import write_schema

        write_schema(self.ctx, self.path, self)

    def ask_sample(self) -> None:
        """Ask for an example of the answer; its fields take the place of those that are there, in one step."""
        dialog = SampleDialog(self._take_sample, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _take_sample(self, value: Mapping[str, Any]) -> None:
        self._write(ops.from_sample(value), tr("From a sample"))


class SampleDialog(FittingDialog):
    """Takes an example as JSON; what is wrong with it is said with its place."""

    def __init__(self, take: Callable[[Mapping[str, Any]], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._take = take
        self.resize(520, 440)
        box = dialog_column(self, tr("From a sample"))
        box.setSpacing(8)
        about = QLabel(tr("Paste an example of the answer as JSON. Its fields replace those that are there now."))
        about.setProperty("kind", "small")
        about.setWordWrap(True)
        box.addWidget(about)
        self.edit = JsonEdit()
        self.edit.checked.connect(self._tell)
        name_it(self.edit, tr("Sample"))
        box.addWidget(self.edit, 1)
        self.fault = complaint()
        box.addWidget(self.fault)
        buttons = accept_or_cancel(tr("Make fields"), self._accept, self)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        box.addWidget(buttons)

    def _accept(self) -> None:
        text, wrong = self.edit.toPlainText(), self.edit.fault()
        value = json.loads(text) if wrong is None and text.strip() else None
        fault = wrong.words if wrong is not None else ""
        if not fault and not isinstance(value, Mapping):
            fault = tr("The sample must be an object: { … }.")
        self._tell(fault)
        if isinstance(value, Mapping):
            self._take(value)
            self.accept()

    def _tell(self, fault: str) -> None:
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))


def _schema_fault(text: str) -> JsonFault | None:
    """What makes JSON no schema of fields: a name that stands twice, or no object."""
    if not text.strip():
        return None
    if ops.is_schema(json.loads(text)):
        return doubled(text)
    return JsonFault(tr("a schema is an object whose type is “object”"), 1, 1, 0)


def _indented(widget: QWidget, depth: int) -> QWidget:
    if not depth:
        return widget
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(INDENT * min(depth, 6), 0, 0, 0)
    row.addWidget(widget)
    return box


def _key(here: Place, role: str) -> str:
    return "/".join((*here, f"@{role}"))
