"""The form that a person fills while a run waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, add_outputs, column, line
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.delivery import DeliveryPart
from editor.panels.forms.fields import (
    ChoiceField,
    Field,
    NumberField,
    SelectorField,
    TextField,
    name_it,
)
from editor.panels.forms.form_text import FormText
from editor.panels.forms.name_field import NameField, variable_problem
from editor.panels.forms.parts import RowList, labelled
from engine.model.human_input import MAX_ACTION_ID, MAX_ACTION_TITLE, is_action_id

KINDS = (
    ("paragraph", "Paragraph"),
    ("select", "Choice"),
    ("file", "One file"),
    ("file-list", "Several files"),
)
STYLES = (("default", "Normal"), ("primary", "Primary"), ("accent", "Accent"), ("ghost", "Ghost"))
FILE_KINDS = (("image", "Images"), ("document", "Documents"), ("audio", "Audio"), ("video", "Video"))
CONTENTS = 8
"""How many letters of a choice have room beside a name, also where letters are large."""
_FILES: Mapping[str, Any] = {
    "allowed_file_types": ["image"],
    "allowed_file_extensions": [],
    "allowed_file_upload_methods": ["local_file", "remote_url"],
}
FRESH: Mapping[str, Mapping[str, Any]] = {
    "select": {"option_source": {"type": "constant", "selector": [], "value": []}},
    "file": _FILES,
    "file-list": {**_FILES, "number_limits": 5},
}


class HumanInputForm(Form):
    """The form a person fills, its actions, and what happens when nobody answers."""

    def build(self) -> None:
        ctx = self.ctx
        content = self.section(tr("Form"))
        self.text = FormText(ctx, KINDS, self._new_field)
        content.add(labelled(tr("Text"), self.text, tr("A chip of a field is where people will read its answer.")))
        fields = self.section(tr("Fields"))
        fields.add(
            RowList(
                ctx,
                ("inputs",),
                self._field,
                lambda: self._new_field("paragraph"),
                tr("Add field"),
                empty=tr("Without fields people only press a button."),
                on_remove=lambda index: not ctx.may_go(str(ctx.get(("inputs", index, "output_variable_name"), ""))),
                key=lambda item: item.get("type") if isinstance(item, Mapping) else None,
            )
        )
        actions = self.section(tr("Buttons"))
        self.buttons = RowList(
            ctx,
            ("user_actions",),
            self._action,
            self._new_action,
            tr("Add button"),
            empty=tr("A form needs at least one button; each is a socket of the card."),
            on_remove=self._remove_action,
        )
        actions.add(self.buttons)
        self.section(tr("How people are asked")).add(DeliveryPart(ctx))
        limit = self.section(tr("When nobody answers"))
        unit = [("hour", tr("Hours")), ("day", tr("Days"))]
        limit.add(
            labelled(
                tr("The run goes on by “Time-out” after"),
                line(
                    NumberField(ctx, ("timeout",), tr("After"), 1, 1000, default=36),
                    ChoiceField(ctx, ("timeout_unit",), tr("Unit"), unit),
                ),
                tr("Every form ends after 7 days at the latest, and then stops its run."),
            )
        )
        add_outputs(self)

    def _action(self, index: int) -> QWidget:
        """Text and look of a button, and below the id by which the run leaves."""
        path: Path = ("user_actions", index)
        title = TextField(self.ctx, (*path, "title"), tr("Button text"), tr("Text"))
        title.edit.setMaxLength(MAX_ACTION_TITLE)
        looks = [(style, tr(word)) for style, word in STYLES]
        ident = NameField(
            self.ctx,
            (*path, "id"),
            tr("Button id"),
            lambda new: self._id_problem(index, new),
            lambda _old, new: self._rename_action(index, new),
            "approve",
        )
        caption = QLabel(tr("Id"))
        caption.setProperty("kind", "small")
        caption.setToolTip(tr("What __action_id holds when this button was pressed, and the name of its socket."))
        caption.setBuddy(ident)
        look = ChoiceField(self.ctx, (*path, "button_style"), tr("Style"), looks)
        look.box.setMinimumContentsLength(CONTENTS)
        # The tools beside are three buttons high; the rest of the room stays below.
        return column(line(title, look, stretch=(3, 2)), line(caption, ident, stretch=(0, 1)), QWidget(), spacing=6)

    def _id_problem(self, index: int, new: str) -> str:
        if not is_action_id(new):
            return tr("An id is letters, digits and _, no digit first, at most {n} signs.", n=MAX_ACTION_ID)
        taken = {item.get("id") for at, item in enumerate(self.buttons.items()) if at != index}
        return tr("“{name}” is taken already; choose another name.", name=new) if new in taken else ""

    def _rename_action(self, index: int, new: str) -> None:
        """The edges that leave by the button stay."""
        from engine.model.human_input import rename_action

        edit = rename_action(self.ctx.session.document.workflow, self.ctx.node_id, index, new)
        self.ctx.session.submit(edit, tr("Id of a button of {title}", title=self.ctx.node.title))

    def _field(self, index: int) -> QWidget:
        """Name and kind, and below what the kind needs."""
        ctx, path = self.ctx, ("inputs", index)
        kinds = [(kind, tr(word)) for kind, word in KINDS]
        name = NameField(
            ctx,
            (*path, "output_variable_name"),
            tr("Field name"),
            lambda new: self._field_problem(index, new),
            lambda _old, new: self._rename_field(index, new),
            tr("name"),
        )
        choice = ChoiceField(ctx, (*path, "type"), tr("Kind"), kinds, write=lambda kind: self._kind_chosen(index, kind))
        choice.box.setMinimumContentsLength(CONTENTS)
        parts: list[QWidget] = [line(name, choice)]
        match ctx.get((*path, "type"), "paragraph"):
            case "select":
                parts.append(Sourced(ctx, (*path, "option_source"), self._options(path), is_texts))
            case "paragraph":
                text = TextField(ctx, (*path, "default", "value"), tr("First value"), tr("first value"))
                parts.append(Sourced(ctx, (*path, "default"), text, None))
            case _:
                parts.append(FileKinds(ctx, (*path, "allowed_file_types")))
        return column(*parts, spacing=6)

    def _field_problem(self, index: int, new: str) -> str:
        items = [item for at, item in enumerate(self.ctx.get(("inputs",), [])) if at != index]
        return variable_problem(new, {str(i.get("output_variable_name")) for i in items if isinstance(i, Mapping)})

    def _rename_field(self, index: int, new: str) -> None:
        """Its place in the text and what reads it follow."""
        from engine.model.human_input import rename_field

        edit = rename_field(self.ctx.session.document.workflow, self.ctx.node_id, index, new)
        self.ctx.session.submit(edit, tr("Name of a field of {title}", title=self.ctx.node.title))

    def _options(self, path: Path) -> QWidget:
        return LinesField(self.ctx, (*path, "option_source", "value"), tr("Choices"), tr("one choice a line"))

    def _kind_chosen(self, index: int, kind: str) -> None:
        """A field of another kind gets what that kind needs, in the same step."""
        item = {**self.ctx.get(("inputs", index), {}), "type": kind}
        for key, value in FRESH.get(kind, {}).items():
            item.setdefault(key, value)
        self.ctx.set(("inputs", index), item, name=tr("Kind"))

    def _new_field(self, kind: str) -> dict[str, Any]:
        return {"output_variable_name": self._fresh(), "type": kind, **FRESH.get(kind, {})}

    def _fresh(self) -> str:
        taken = {item.get("output_variable_name") for item in self.ctx.get(("inputs",), [])}
        return next(n for i in range(1, 1000) if (n := f"field{i}") not in taken)

    def _new_action(self) -> dict[str, Any]:
        taken = {item.get("id") for item in self.buttons.items()}
        number = next(i for i in range(1, 1000) if f"action_{i}" not in taken)
        return {
            "button_style": "default",
            "id": f"action_{number}",
            "title": tr("Button {number}", number=number),
        }

    def _remove_action(self, index: int) -> bool:
        from engine.model.human_input import remove_action

        edit = remove_action(self.ctx.session.document.workflow, self.ctx.node_id, index)
        self.ctx.session.submit(edit, self.ctx.label(tr("Remove a button")))
        return True


class Sourced(QWidget):
    """A value written here, or one of a variable; both are kept when the kind changes."""

    def __init__(self, ctx: FormContext, path: Path, constant: QWidget, accept: Callable[[str], bool] | None) -> None:
        super().__init__()
        self.ctx, self._path = ctx, path
        words = [("constant", tr("Written here")), ("variable", tr("From a variable"))]
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(ChoiceField(ctx, (*path, "type"), tr("Source"), words, write=self._chosen))
        self._constant = constant
        self._variable = SelectorField(ctx, (*path, "selector"), tr("Variable"), accept)
        box.addWidget(constant)
        box.addWidget(self._variable)
        ctx.changed.connect(self._show)
        self._show()

    def _chosen(self, kind: str) -> None:
        value = {"selector": [], "value": "", **self.ctx.get(self._path, {}), "type": kind}
        self.ctx.set(self._path, value, name=tr("Source"))

    def _show(self) -> None:
        on = self.ctx.get((*self._path, "type"), "constant") == "variable"
        self._constant.setVisible(not on)
        self._variable.setVisible(on)


def is_texts(kind: str) -> bool:
    """Whether a type can give the choices of a field."""
    return kind in ("array[string]", "array[any]", "any")


class LinesField(Field):
    """A list of texts, one a line."""

    def __init__(self, ctx: FormContext, path: Path, name: str, placeholder: str) -> None:
        super().__init__(ctx, path)
        self.edit = QPlainTextEdit()
        self.edit.setPlaceholderText(placeholder)
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(73)
        name_it(self.edit, name)
        self.edit.textChanged.connect(self._edited)
        self.row.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        self.load()

    def _lines(self) -> list[str]:
        return [text for line in self.edit.toPlainText().splitlines() if (text := line.strip())]

    def _edited(self) -> None:
        if self._lines() != self._stored():
            self.put(self._lines(), typing=True)

    def _stored(self) -> list[str]:
        value = self.ctx.get(self.path, [])
        return [str(item) for item in value] if isinstance(value, list) else []

    def load(self) -> None:
        if self._lines() != self._stored():
            self.edit.setPlainText("\n".join(self._stored()))


class FileKinds(Field):
    """Which kinds of files a field takes; at least one."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        self.boxes: dict[str, QCheckBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for index, (kind, word) in enumerate(FILE_KINDS):
            box = QCheckBox(tr(word))
            name_it(box, tr(word))
            box.clicked.connect(self._picked)
            grid.addWidget(box, index // 2, index % 2)
            self.boxes[kind] = box
        grid.setColumnStretch(2, 1)
        self.row.addLayout(grid, 1)
        self.load()

    def _picked(self) -> None:
        known = self.ctx.get(self.path, ["image"])
        others = [kind for kind in known if kind not in self.boxes] if isinstance(known, list) else []
        chosen = [kind for kind, box in self.boxes.items() if box.isChecked()] + others
        if chosen:
            self.ctx.set(self.path, chosen, name=tr("File types"))
        else:
            self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, ["image"])
        for kind, box in self.boxes.items():
            box.setChecked(isinstance(value, list) and kind in value)
