"""Forms of if-else, iteration, loop, aggregator, assigner, list operator, document extractor and template."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, SwitchedPart, add_outputs, column, input_table, line
from editor.panels.forms.conditions import ConditionList
from editor.panels.forms.fields import (
    ChoiceField,
    CodeField,
    Field,
    JsonField,
    JsonTextField,
    NumberField,
    SelectorField,
    SwitchField,
    TemplateField,
    TextField,
    name_it,
)
from editor.panels.forms.jinja_pick import JinjaPick
from editor.panels.forms.name_field import NameField, variable_problem
from editor.panels.forms.parts import RowList, labelled
from editor.panels.forms.sub_conditions import FILE_CHOICES, WITHOUT_VALUE, ListedChoice
from engine.model.types import VALUE_TYPES


def is_array(kind: str) -> bool:
    """Whether a type is a list."""
    return kind.startswith("array")


class IfElseForm(Form):
    """Cases in order; the first that holds decides the socket."""

    def build(self) -> None:
        section = self.section(tr("Cases"))
        self.rows = RowList(
            self.ctx,
            ("cases",),
            self._case,
            self._new_case,
            tr("Add ELIF"),
            on_remove=self._remove,
            key=lambda item: item.get("case_id") if isinstance(item, Mapping) else None,
        )
        section.add(self.rows)
        otherwise = QLabel(tr("ELSE: taken when no case holds."))
        otherwise.setProperty("kind", "small")
        section.add(otherwise)
        add_outputs(self)

    def _case(self, index: int) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        title = QLabel("IF" if index == 0 else "ELIF")
        title.setProperty("kind", "title")
        layout.addWidget(title)
        layout.addWidget(ConditionList(self.ctx, ("cases", index)))
        return box

    def _new_case(self) -> dict[str, Any]:
        case_id = str(uuid.uuid4()) if self.rows.items() else "true"
        return {"case_id": case_id, "conditions": [], "id": case_id, "logical_operator": "and"}

    def _remove(self, index: int) -> bool:
        """A case takes the edges of its socket with it, in one step."""
        from engine.model.edits import RemoveEdge

        cases = self.rows.items()
        case_id = cases.pop(index).get("case_id")
        edges = self.ctx.session.document.graph.out_edges(self.ctx.node_id)
        gone = [RemoveEdge(edge.id) for edge in edges if edge.source_handle == case_id]
        self.ctx.set_many({"cases": cases}, tr("Remove a case of {title}", title=self.ctx.node.title), gone)
        return True


class TemplateForm(Form):
    """Jinja text with named inputs."""

    def build(self) -> None:
        self.section(tr("Inputs")).add(input_table(self.ctx))
        field = CodeField(self.ctx, ("template",), tr("Template"), "jinja2", rows=12)
        JinjaPick(field, ("variables",))
        self.section(tr("Template")).add(field)
        add_outputs(self)


OPERATIONS: dict[str, tuple[str, ...]] = {
    "number": ("over-write", "clear", "set", "+=", "-=", "*=", "/="),
    "array": ("over-write", "clear", "append", "extend", "remove-first", "remove-last"),
    "other": ("over-write", "clear", "set"),
}
OPERATION_WORDS = {
    "over-write": "Overwrite",
    "clear": "Clear",
    "set": "Set",
    "append": "Append",
    "extend": "Extend",
    "remove-first": "Remove first",
    "remove-last": "Remove last",
    "+=": "Add  +=",
    "-=": "Subtract  −=",
    "*=": "Multiply  ×=",
    "/=": "Divide  ÷=",
}
WITH_CONSTANT = frozenset({"set", "+=", "-=", "*=", "/="})
WITHOUT_OPERAND = frozenset({"clear", "remove-first", "remove-last"})


class AssignerForm(Form):
    """Writes conversation and loop variables, row by row."""

    def build(self) -> None:
        section = self.section(tr("Assignments"))
        self._older, self._items = self._old_parts(), self._rows()
        section.add(self._older)
        section.add(self._items)
        self.ctx.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        # As when it is run: items tell the present kind, whatever the version says.
        older = str(self.ctx.get(("version",), "1")) != "2" and not self.ctx.get(("items",), [])
        self._older.setVisible(older)
        self._items.setVisible(not older)

    def _rows(self) -> RowList:
        return RowList(
            self.ctx,
            ("items",),
            lambda index: _Assignment(self.ctx, index),
            lambda: {"input_type": "variable", "operation": "over-write", "value": [], "variable_selector": []},
            tr("Add assignment"),
            empty=tr("Nothing is written yet."),
        )

    def _old_parts(self) -> QWidget:
        """The one assignment of an older node; it becomes one of the present kind when somebody asks for it."""
        ctx = self.ctx
        note = QLabel(
            tr(
                "This node has the older form with one assignment, which checks no types. The present form takes "
                "several and checks that each value fits."
            )
        )
        note.setProperty("kind", "small")
        note.setWordWrap(True)
        convert = QPushButton(tr("Change to the present form"))
        name_it(convert, tr("Change to the present form"))
        convert.clicked.connect(self._convert)
        choices = [("over-write", tr("Overwrite")), ("append", tr("Append")), ("clear", tr("Clear"))]
        value = labelled(tr("Value"), SelectorField(ctx, ("input_variable_selector",), tr("Value")))
        if ctx.get(("write_mode",), "over-write") == "clear":
            value.hide()
        ctx.changed.connect(lambda: value.setVisible(ctx.get(("write_mode",), "over-write") != "clear"))
        return column(
            note,
            line(convert, QWidget(), stretch=(0, 1)),
            labelled(tr("Variable"), SelectorField(ctx, ("assigned_variable_selector",), tr("Variable"))),
            labelled(tr("Operation"), ChoiceField(ctx, ("write_mode",), tr("Operation"), choices)),
            value,
        )

    def _convert(self) -> None:
        from engine.model.assigner import upgrade

        edit = upgrade(self.ctx.session.document.workflow, self.ctx.node_id)
        self.ctx.session.submit(edit, tr("Present form of {title}", title=self.ctx.node.title))


class _Assignment(QWidget):
    """One row: target, operation, and a value that fits both."""

    def __init__(self, ctx: Any, index: int) -> None:
        super().__init__()
        self.ctx, self.path = ctx, ("items", index)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        target = SelectorField(ctx, (*self.path, "variable_selector"), tr("Variable"))
        self._layout.addWidget(target)
        self._inside: QWidget | None = None
        self._shape: Any = None
        ctx.changed.connect(self._build)
        self._build()

    def _build(self) -> None:
        selector = self.ctx.get((*self.path, "variable_selector"), [])
        kind = self.ctx.variable_type([str(s) for s in selector]) if selector else ""
        operation = str(self.ctx.get((*self.path, "operation"), "over-write"))
        shape = (kind, operation)
        if shape == self._shape:
            return
        self._shape = shape
        if self._inside is not None:
            self._inside.hide()
            self._inside.deleteLater()
        menu = OPERATIONS["array" if is_array(kind) else kind if kind == "number" else "other"]
        if operation not in menu:
            menu = (*menu, operation)
        choice = ChoiceField(
            self.ctx,
            (*self.path, "operation"),
            tr("Operation"),
            [(name, tr(OPERATION_WORDS.get(name, name))) for name in menu],
            write=lambda operation: self._operation_chosen(operation, kind),
        )
        widgets: list[QWidget] = [choice]
        if operation in WITH_CONSTANT:
            widgets.append(self._constant(kind))
        elif operation not in WITHOUT_OPERAND:
            wanted = kind.removeprefix("array[").removesuffix("]") if operation == "append" else kind
            widgets.append(
                SelectorField(
                    self.ctx,
                    (*self.path, "value"),
                    tr("Value"),
                    (lambda t: t == wanted or wanted in ("", "any") or t == "any") if wanted else None,
                )
            )
        # A JSON value needs the whole width.
        wide = isinstance(widgets[-1], JsonField)
        self._inside = column(*widgets, spacing=6) if wide else line(*widgets, stretch=(2, 3))
        self._layout.addWidget(self._inside)

    def _constant(self, kind: str) -> QWidget:
        path = (*self.path, "value")
        if kind == "number":
            return NumberField(self.ctx, path, tr("Value"), -1e12, 1e12, decimals=4)
        if kind == "boolean":
            return SwitchField(self.ctx, path, tr("Value"))
        if kind == "string":
            return TextField(self.ctx, path, tr("Value"), tr("Value"))
        return JsonField(self.ctx, path, tr("Value"), rows=3)

    def _operation_chosen(self, operation: str, kind: str) -> None:
        """The operand goes with the operation, in the same step: a variable is no constant."""
        source = "constant" if operation in WITH_CONSTANT else "variable"
        item = {**self.ctx.get(self.path, {}), "operation": operation}
        if item.get("input_type") != source:
            item |= {"input_type": source, "value": [] if source == "variable" else _zero(kind or "string")}
        self.ctx.set(self.path, item, name=tr("Operation"))


_TEXTS = (
    *("contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "not empty"),
)
FILTERS: Mapping[str, tuple[str, ...]] = {
    "string": _TEXTS,
    "number": ("=", "≠", ">", "<", "≥", "≤", "empty", "not empty"),
    "boolean": ("is", "is not"),
    "choice": ("in", "not in"),
}
ALL_FILTERS = (*_TEXTS, "=", "≠", ">", "<", "≥", "≤")
FILE_FILTERS: Mapping[str, str] = {
    "name": "string",
    "extension": "string",
    "type": "choice",
    "size": "number",
    "mime_type": "string",
    "transfer_method": "choice",
    "url": "string",
    "related_id": "string",
}


class ListOperatorForm(Form):
    """Filter, sort, take one, or limit a list."""

    def build(self) -> None:
        ctx = self.ctx
        first = self.section(tr("List"))
        first.add(SelectorField(ctx, ("variable",), tr("List"), is_array, write=self._list_chosen))
        steps = self.section(tr("Steps"))
        steps.add(
            SwitchedPart(
                SwitchField(ctx, ("filter_by", "enabled"), tr("Filter")),
                RowList(
                    ctx,
                    ("filter_by", "conditions"),
                    self._condition,
                    self._new_condition,
                    tr("Add condition"),
                    movable=False,
                    key=self._shape,
                ),
            )
        )
        steps.add(
            SwitchedPart(
                SwitchField(ctx, ("extract_by", "enabled"), tr("Take one item")),
                labelled(
                    tr("Position"),
                    TemplateField(ctx, ("extract_by", "serial"), tr("Position"), "1", single_line=True),
                    tr("1 is the first."),
                ),
            )
        )
        steps.add(
            SwitchedPart(
                SwitchField(ctx, ("order_by", "enabled"), tr("Sort")),
                line(
                    *self._sort_key(),
                    ChoiceField(
                        ctx, ("order_by", "value"), tr("Order"), [("asc", tr("Ascending")), ("desc", tr("Descending"))]
                    ),
                ),
            )
        )
        steps.add(
            SwitchedPart(
                SwitchField(ctx, ("limit", "enabled"), tr("Limit")),
                labelled(tr("At most"), NumberField(ctx, ("limit", "size"), tr("At most"), 1, 20, default=10)),
            )
        )
        add_outputs(self)

    def _sort_key(self) -> list[QWidget]:
        """What files are sorted by; other items are sorted by themselves."""
        path = ("order_by", "key")
        if self._kind() == "file":
            return [ChoiceField(self.ctx, path, tr("Sort key"), [(k, k) for k in FILE_FILTERS])]
        if self._kind():
            return []
        return [TextField(self.ctx, path, tr("Sort key"), tr("attribute of files"))]

    def _kind(self) -> str:
        """The type of the list's items as far as it is known, else an empty text."""
        kind = self.ctx.variable_type([str(part) for part in self.ctx.get(("variable",), [])])
        return kind.removeprefix("array[").removesuffix("]") if is_array(kind) else ""

    def _condition(self, index: int) -> QWidget:
        path = ("filter_by", "conditions", index)
        kind, key = self._kind(), str(self.ctx.get((*path, "key"), ""))
        words = FILTERS.get(FILE_FILTERS.get(key, "string") if kind == "file" else kind, ALL_FILTERS)
        operator = ChoiceField(
            self.ctx, (*path, "comparison_operator"), tr("Operator"), [(w, tr(w)) for w in words], default="contains"
        )
        value: Field = TemplateField(self.ctx, (*path, "value"), tr("Value"), tr("Value"), single_line=True)
        if kind == "boolean":
            value = SwitchField(self.ctx, (*path, "value"), tr("true"))
        elif kind == "file" and key in FILE_CHOICES:
            value = ListedChoice(self.ctx, (*path, "value"), FILE_CHOICES[key])
        if self.ctx.get((*path, "comparison_operator"), "") in WITHOUT_VALUE:
            value.setEnabled(False)
        if kind not in ("file", ""):
            return line(operator, value)
        attribute: Field = (
            ChoiceField(
                self.ctx,
                (*path, "key"),
                tr("Attribute"),
                [(k, k) for k in FILE_FILTERS],
                write=lambda chosen: self._key_chosen(path, chosen),
            )
            if kind == "file"
            else TextField(self.ctx, (*path, "key"), tr("Attribute"), tr("attribute of files"))
        )
        return column(line(attribute, operator), value, spacing=6)

    def _list_chosen(self, selector: list[str]) -> None:
        """The types that the format's editor keeps beside the list are written with it."""
        kind = self.ctx.variable_type(selector)
        values: dict[str, Any] = {"variable": selector}
        if is_array(kind):
            item = kind.removeprefix("array[").removesuffix("]")
            values |= {"var_type": kind, "item_var_type": item}
            values |= self._fitted(self._kind(), item)
        self.ctx.set_many(values, tr("List of {title}", title=self.ctx.node.title))

    def _fitted(self, before: str, kind: str) -> dict[str, Any]:
        """What is set for items of another type begins anew, and that is said."""
        conditions = self.ctx.get(("filter_by", "conditions"), [])
        if before in ("", kind) or not conditions:
            return {}
        fresh = [self._new_condition(kind) for _ in conditions]
        words = tr("The operator was reset to fit the type {type}.", type=kind)
        self.ctx.session.studio.messages.tell(words)
        key = "name" if kind == "file" else ""
        return {
            "filter_by": {**self.ctx.get(("filter_by",), {}), "conditions": fresh},
            "order_by": {**self.ctx.get(("order_by",), {}), "key": key},
        }

    def _key_chosen(self, path: tuple[str | int, ...], key: str) -> None:
        """An attribute of another kind begins with its own first operator, in the same step."""
        item, old = {**self.ctx.get(path, {}), "key": key}, str(self.ctx.get((*path, "key"), ""))
        words = FILTERS[FILE_FILTERS[key]]
        if item.get("comparison_operator") not in words:
            item["comparison_operator"] = words[0]
        if key in FILE_CHOICES or old in FILE_CHOICES:
            item["value"] = [] if key in FILE_CHOICES else ""
        self.ctx.set(path, item, name=tr("Attribute"))

    def _shape(self, item: Any) -> Any:
        """What the row of a condition is built for."""
        key = item.get("key") if isinstance(item, Mapping) else None
        operator = item.get("comparison_operator") if isinstance(item, Mapping) else None
        return (self._kind(), key, operator in WITHOUT_VALUE)

    def _new_condition(self, kind: str | None = None) -> dict[str, Any]:
        kind = self._kind() if kind is None else kind
        words = FILTERS.get("string" if kind == "file" else kind, ALL_FILTERS)
        value = False if kind == "boolean" else ""
        return {"comparison_operator": words[0], "key": "name" if kind == "file" else "", "value": value}


class DocumentForm(Form):
    """Text out of files."""

    def build(self) -> None:
        section = self.section(tr("File"))
        field = SelectorField(
            self.ctx,
            ("variable_selector",),
            tr("File"),
            lambda kind: kind in ("file", "array[file]", "any", "array[any]"),
            write=lambda selector: self.ctx.set_many(
                {"variable_selector": selector, "is_array_file": is_array(self.ctx.variable_type(selector))},
                self.ctx.label(tr("File")),
            ),
        )
        section.add(
            labelled(
                tr("File or files"),
                field,
                tr("PDF, Word, Excel, PowerPoint, Markdown, HTML, CSV, JSON, XML, EPUB, e-mail and plain text."),
            )
        )
        add_outputs(self)


class IterationForm(Form):
    """Once for each item of a list."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Input"))
        section.add(labelled(tr("List"), SelectorField(ctx, ("iterator_selector",), tr("List"), is_array)))
        result = self.section(tr("Output"))
        result.add(
            labelled(
                tr("Value of each round"),
                _InnerSelector(ctx, ("output_selector",), tr("Value of each round")),
                tr("A variable of a node inside."),
            )
        )
        result.add(SwitchField(ctx, ("flatten_output",), tr("Join lists of lists into one"), default=True))
        rounds = self.section(tr("Rounds"))
        rounds.add(
            SwitchedPart(
                SwitchField(ctx, ("is_parallel",), tr("Several rounds at a time")),
                labelled(tr("At most"), NumberField(ctx, ("parallel_nums",), tr("At most"), 1, 10, default=10)),
            )
        )
        rounds.add(
            labelled(
                tr("When a round fails"),
                ChoiceField(
                    ctx,
                    ("error_handle_mode",),
                    tr("When a round fails"),
                    [
                        ("terminated", tr("Stop")),
                        ("continue-on-error", tr("Go on, with nothing in its place")),
                        ("remove-abnormal-output", tr("Go on, and leave it out")),
                    ],
                ),
            )
        )
        add_outputs(self)


class _InnerSelector(SelectorField):
    """A variable of a node inside the container."""

    def open_picker(self) -> None:
        from editor.panels.variable_picker import VariablePicker

        inner = [n.id for n in self.ctx.session.document.graph.children(self.ctx.node_id)]
        picker = VariablePicker(self.ctx.session, self.ctx.node_id, self._accept, self, sources=inner)
        picker.picked.connect(self._picked)
        picker.popup_at(self.button)


class LoopForm(Form):
    """Round after round until a condition holds."""

    def build(self) -> None:
        ctx = self.ctx
        variables = self.section(tr("Loop variables"))
        variables.add(
            RowList(
                ctx,
                ("loop_variables",),
                self._variable,
                self._fresh,
                tr("Add variable"),
                empty=tr("Loop variables keep their value from round to round."),
                on_remove=lambda index: not ctx.may_go(str(ctx.get(("loop_variables", index, "label"), ""))),
                key=lambda item: (item.get("id"), item.get("var_type"), item.get("value_type")),
            )
        )
        ends = self.section(tr("End the loop when"))
        ends.add(ConditionList(ctx, (), conditions="break_conditions"))
        rounds = self.section(tr("Rounds"))
        rounds.add(labelled(tr("At most"), NumberField(ctx, ("loop_count",), tr("At most"), 1, 100, default=10)))
        add_outputs(self)

    def _fresh(self) -> dict[str, Any]:
        taken = {item.get("label") for item in self.ctx.get(("loop_variables",), [])}
        label = next(n for i in range(1, 1000) if (n := f"var{i}") not in taken)
        return {"id": str(uuid.uuid4()), "label": label, "value": "", "value_type": "constant", "var_type": "string"}

    def _label_problem(self, index: int, new: str) -> str:
        taken = {str(v.get("label")) for at, v in enumerate(self.ctx.get(("loop_variables",), [])) if at != index}
        return variable_problem(new, taken | {"loop_round"})

    def _rename(self, index: int, old: str, new: str) -> None:
        """What reads or writes the variable follows its new name."""
        items = [dict(item) for item in self.ctx.get(("loop_variables",), [])]
        items[index]["label"] = new
        self.ctx.set_many({"loop_variables": items}, tr("Rename {name}", name=old or new), self.ctx.renamed(old, new))

    def _variable(self, index: int) -> QWidget:
        path = ("loop_variables", index)
        kind = str(self.ctx.get((*path, "var_type"), "string"))
        value: QWidget
        if self.ctx.get((*path, "value_type"), "constant") == "variable":
            value = SelectorField(self.ctx, (*path, "value"), tr("Value"), lambda t: t in (kind, "any"))
        elif kind == "number":
            value = NumberField(self.ctx, (*path, "value"), tr("Value"), -1e12, 1e12, decimals=4)
        elif kind == "boolean":
            value = SwitchField(self.ctx, (*path, "value"), tr("Value"))
        elif kind == "string":
            value = TextField(self.ctx, (*path, "value"), tr("Value"), tr("Value"))
        elif kind == "array[boolean]":
            value = JsonField(self.ctx, (*path, "value"), tr("Value"), rows=3)
        else:
            value = JsonTextField(self.ctx, (*path, "value"), tr("Value"), rows=3)

        def change(setting: str, **new: Any) -> None:
            """The value goes with its type and source, in the same step."""
            item = {**self.ctx.get(path, {}), **new}
            constant = item.get("value_type", "constant") == "constant"
            kind = str(item.get("var_type"))
            zero = _zero(kind) if kind in ("string", "number", "boolean", "array[boolean]") else None
            text = "{}" if kind == "object" else "[]"
            value = (text if zero is None else zero) if constant else []
            self.ctx.set(path, {**item, "value": value}, name=setting)

        types = ChoiceField(
            self.ctx,
            (*path, "var_type"),
            tr("Type"),
            [(t, t) for t in VALUE_TYPES],
            write=lambda kind: change(tr("Type"), var_type=kind),
        )
        sources = ChoiceField(
            self.ctx,
            (*path, "value_type"),
            tr("Source"),
            [("constant", tr("Constant")), ("variable", tr("Variable"))],
            write=lambda source: change(tr("Source"), value_type=source),
        )
        label = NameField(
            self.ctx,
            (*path, "label"),
            tr("Name"),
            lambda new: self._label_problem(index, new),
            lambda old, new: self._rename(index, old, new),
            tr("name"),
        )
        return column(
            line(label, types),
            *((sources, value) if isinstance(value, JsonField) else (line(sources, value, stretch=(2, 3)),)),
            spacing=6,
        )


def _zero(kind: str) -> Any:
    return {"number": 0, "boolean": False, "object": {}, "string": ""}.get(kind, [])
