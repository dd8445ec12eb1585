"""Forms of the nodes that call models: llm, question classifier, parameter extractor, agent, tool, knowledge."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.common import (
    Form,
    SwitchedPart,
    add_memory,
    add_outputs,
    add_tail,
    add_vision,
    column,
    input_table,
    line,
)
from editor.panels.forms.fields import (
    ChoiceField,
    CodeField,
    Field,
    JsonField,
    MultilineField,
    NumberField,
    RowList,
    SelectorField,
    SwitchField,
    TemplateField,
    TextField,
    add_button,
    labelled,
)
from editor.panels.forms.model_field import add_model

ROLES = (("system", "System"), ("user", "User"), ("assistant", "Assistant"))


class LlmForm(Form):
    """Model, context, prompt messages, memory, vision, structured output."""

    def build(self) -> None:
        ctx = self.ctx
        add_model(self.section(tr("Model")), ctx)
        context = self.section(tr("Context"), folded=not ctx.get(("context", "enabled"), False))
        context.add(
            SwitchedPart(
                SwitchField(ctx, ("context", "enabled"), tr("Give the model a context")),
                labelled(
                    tr("Variable"),
                    SelectorField(ctx, ("context", "variable_selector"), tr("Context")),
                    tr("Stands where the prompt says {{#context#}}."),
                ),
            )
        )
        prompt = self.section(tr("Prompt"))
        if isinstance(ctx.get(("prompt_template",), []), Mapping):
            prompt.add(TemplateField(ctx, ("prompt_template", "text"), tr("Prompt"), lowest=160))
        else:
            prompt.add(
                RowList(
                    ctx,
                    ("prompt_template",),
                    lambda index: PromptMessage(ctx, index),
                    self._new_message,
                    tr("Add message"),
                    lowest=1,
                    key=lambda item: (item.get("id"), item.get("edition_type")) if isinstance(item, Mapping) else None,
                )
            )
        self._jinja_inputs()
        add_memory(self)
        add_vision(self)
        self._structured()
        reasoning = self.section(tr("Reasoning"), folded=True)
        reasoning.add(
            labelled(
                tr("Thoughts of the model"),
                ChoiceField(
                    ctx,
                    ("reasoning_format",),
                    tr("Thoughts of the model"),
                    [("tagged", tr("Stay in the text")), ("separated", tr("Go to reasoning_content"))],
                ),
            )
        )
        add_tail(self)

    def _new_message(self) -> dict[str, Any]:
        last = (self.ctx.get(("prompt_template",), []) or [{}])[-1].get("role")
        return {"id": str(uuid.uuid4()), "role": "assistant" if last == "user" else "user", "text": ""}

    def _jinja_inputs(self) -> None:
        """The named inputs of jinja prompts; shown only when there are such prompts."""
        section = self.section(tr("Jinja inputs"))
        section.add(input_table(self.ctx, ("prompt_config", "jinja2_variables")))

        def show() -> None:
            messages = self.ctx.get(("prompt_template",), [])
            messages = [messages] if isinstance(messages, Mapping) else messages
            section.setVisible(any(m.get("edition_type") == "jinja2" for m in messages if isinstance(m, Mapping)))

        self.ctx.changed.connect(show)
        show()

    def _structured(self) -> None:
        section = self.section(tr("Structured output"), folded=not self.ctx.get(("structured_output_enabled",), False))
        fresh = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        section.add(
            SwitchedPart(
                SwitchField(self.ctx, ("structured_output_enabled",), tr("Answer as an object of this shape")),
                SchemaEditor(self.ctx, ("structured_output", "schema"), fresh),
            )
        )


class PromptMessage(QWidget):
    """One message: role, plain or Jinja, text, length."""

    def __init__(self, ctx: Any, index: int) -> None:
        super().__init__()
        self.ctx, self.path = ctx, ("prompt_template", index)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        role = ChoiceField(ctx, (*self.path, "role"), tr("Role"), [(r, tr(w)) for r, w in ROLES])
        role.setFixedWidth(128)
        jinja = SwitchField(ctx, (*self.path, "edition_type"), "Jinja")
        jinja.box.clicked.disconnect()
        jinja.box.clicked.connect(self._switch)
        is_jinja = ctx.get((*self.path, "edition_type"), "basic") == "jinja2"
        jinja.load = lambda: jinja.box.setChecked(  # type: ignore[method-assign]
            ctx.get((*self.path, "edition_type"), "basic") == "jinja2"
        )
        jinja.load()
        self._count = QLabel()
        self._count.setProperty("kind", "tiny")
        head = QHBoxLayout()
        head.addWidget(role)
        head.addWidget(jinja)
        head.addWidget(self._count, 0, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(head)
        name = tr("Prompt message {number}", number=index + 1)
        self.editor: Field
        if is_jinja:
            self.editor = CodeField(ctx, (*self.path, "jinja2_text"), name, "jinja2", rows=7)
        else:
            self.editor = TemplateField(ctx, (*self.path, "text"), name, tr("Write here; / or { inserts a variable"))
        layout.addWidget(self.editor)
        ctx.changed.connect(self._counted)
        self._counted()

    def _counted(self) -> None:
        key = "jinja2_text" if self.ctx.get((*self.path, "edition_type"), "basic") == "jinja2" else "text"
        self._count.setText(tr("{count} characters", count=len(str(self.ctx.get((*self.path, key), "")))))

    def _switch(self, on: bool) -> None:
        message = dict(self.ctx.get(self.path, {}))
        message["edition_type"] = "jinja2" if on else "basic"
        if on:
            message.setdefault("jinja2_text", message.get("text", ""))
        self.ctx.set(self.path, message)


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
        from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

        from editor.panels.forms.fields import calm, name_it, small_button

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


class ClassifierForm(Form):
    """Classes, each with its own socket."""

    def build(self) -> None:
        ctx = self.ctx
        add_model(self.section(tr("Model")), ctx)
        self.section(tr("Input")).add(
            SelectorField(ctx, ("query_variable_selector",), tr("Text to classify"), lambda t: t in ("string", "any"))
        )
        classes = self.section(tr("Classes"))
        self.rows = RowList(
            ctx,
            ("classes",),
            lambda index: column(
                labelled(
                    tr("Class {number}", number=index + 1),
                    TemplateField(
                        ctx, ("classes", index, "name"), tr("Class {number}", number=index + 1), tr("What belongs here")
                    ),
                )
            ),
            lambda: {"id": str(int(time.time() * 1000)), "name": ""},  # ids of this kind are moments in milliseconds
            tr("Add class"),
            lowest=1,
            on_remove=self._remove,
            key=lambda item: item.get("id") if isinstance(item, Mapping) else None,
        )
        classes.add(self.rows)
        more = self.section(tr("Instruction"), folded=not ctx.get(("instruction",), ""))
        more.add(TemplateField(ctx, ("instruction",), tr("Instruction"), tr("How to decide in hard cases")))
        add_memory(self, with_query=False)
        add_vision(self)
        add_outputs(self)

    def _remove(self, index: int) -> bool:
        from engine.model.edits import RemoveEdge

        classes = self.rows.items()
        class_id = str(classes.pop(index).get("id"))
        edges = self.ctx.session.document.graph.out_edges(self.ctx.node_id)
        gone = [RemoveEdge(edge.id) for edge in edges if edge.source_handle == class_id]
        self.ctx.set_many({"classes": classes}, tr("Remove a class of {title}", title=self.ctx.node.title), gone)
        return True


PARAMETER_TYPES = ("string", "number", "boolean", "array[string]", "array[number]", "array[object]", "array[boolean]")


class ExtractorForm(Form):
    """Values with names and types out of a text."""

    def build(self) -> None:
        ctx = self.ctx
        add_model(self.section(tr("Model")), ctx)
        self.section(tr("Input")).add(
            SelectorField(ctx, ("query",), tr("Text to read"), lambda t: t in ("string", "any"))
        )
        self.section(tr("Parameters")).add(
            RowList(
                ctx,
                ("parameters",),
                self._parameter,
                lambda: {"description": "", "name": self._fresh(), "required": False, "type": "string"},
                tr("Add parameter"),
                empty=tr("Name what should be found in the text."),
            )
        )
        more = self.section(tr("Instruction"), folded=not ctx.get(("instruction",), ""))
        more.add(TemplateField(ctx, ("instruction",), tr("Instruction"), tr("What to watch for")))
        mode = self.section(tr("How to ask"), folded=True)
        mode.add(
            ChoiceField(
                ctx,
                ("reasoning_mode",),
                tr("How to ask"),
                [("prompt", tr("With a prompt")), ("function_call", tr("With a function call"))],
            )
        )
        add_memory(self, with_query=False)
        add_vision(self)
        add_outputs(self)

    def _fresh(self) -> str:
        taken = {item.get("name") for item in self.ctx.get(("parameters",), [])}
        return next(n for i in range(1, 1000) if (n := f"value{i}") not in taken)

    def _parameter(self, index: int) -> QWidget:
        path = ("parameters", index)
        return column(
            line(
                TextField(self.ctx, (*path, "name"), tr("Name"), tr("name")),
                ChoiceField(self.ctx, (*path, "type"), tr("Type"), [(t, t) for t in PARAMETER_TYPES]),
            ),
            TextField(self.ctx, (*path, "description"), tr("Description"), tr("What it means")),
            SwitchField(self.ctx, (*path, "required"), tr("Required")),
            spacing=6,
        )


class ParameterRow(QWidget):
    """One tool or strategy parameter `{type, value}`: text with variables, a variable, or a constant."""

    def __init__(self, ctx: Any, path: tuple[str | int, ...], label: str, help_text: str, required: bool) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        stored = ctx.get(path)
        kind = stored.get("type", "mixed") if isinstance(stored, Mapping) else "constant"
        value = (*path, "value") if isinstance(stored, Mapping) else path
        editor: QWidget
        if kind == "variable":
            editor = SelectorField(ctx, value, label)
        elif isinstance(ctx.get(value), bool):
            editor = SwitchField(ctx, value, label)
        elif isinstance(ctx.get(value), int | float):
            editor = NumberField(ctx, value, label, -1e12, 1e12, decimals=3)
        elif isinstance(ctx.get(value), list | Mapping):
            editor = JsonField(ctx, value, label, rows=4)
        else:
            editor = TemplateField(ctx, value, label, lowest=34, highest=160)
        layout.addWidget(labelled(label, editor, help_text, required=required))


class ToolForm(Form):
    """A tool's inputs and settings; an unknown tool shows what the file knows of it."""

    def build(self) -> None:
        ctx = self.ctx
        head = self.section(tr("Tool"))
        name = QLabel(f"{ctx.get(('tool_label',), '') or ctx.get(('tool_name',), '')}")
        name.setProperty("kind", "title")
        head.add(name)
        source = QLabel(f"{ctx.get(('provider_name',), '')}  ·  {ctx.get(('provider_type',), '')}")
        source.setProperty("kind", "small")
        head.add(source)
        missing = ctx.session.tool_problem(ctx.data)
        if missing:
            note = QLabel(missing)
            note.setProperty("kind", "warn")
            note.setWordWrap(True)
            head.add(note)
        inputs = self.section(tr("Inputs"))
        self._parameters(inputs, "tool_parameters", "llm")
        settings = self.section(tr("Settings"), folded=True)
        self._parameters(settings, "tool_configurations", "form")
        add_tail(self)

    def _parameters(self, section: Any, key: str, form: str) -> None:
        """Rows for what is set and for what the tool declares in the file or in the installed tool."""
        stored = dict(self.ctx.get((key,), {}))
        declared = {
            str(p.get("name")): p
            for p in self.ctx.session.tool_parameters(self.ctx.data)
            if p.get("form", "llm") == form
        }
        names = [*declared, *(n for n in stored if n not in declared)]
        if not names:
            empty = QLabel(tr("Nothing to set."))
            empty.setProperty("kind", "small")
            section.add(empty)
        for name in names:
            parameter = declared.get(name, {})
            if self.ctx.get((key, name)) is None:
                section.add(_UnsetParameter(self.ctx, (key, name), _word(parameter.get("label")) or name))
                continue
            section.add(
                ParameterRow(
                    self.ctx,
                    (key, name),
                    _word(parameter.get("label")) or name,
                    _word(parameter.get("human_description") or parameter.get("description")),
                    bool(parameter.get("required")),
                )
            )


class _UnsetParameter(QWidget):
    """A parameter that has no value yet: a click gives it an empty one."""

    def __init__(self, ctx: Any, path: tuple[str | int, ...], label: str) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        button = QPushButton(tr("Set {name}", name=label))
        button.setProperty("kind", "quiet")
        button.clicked.connect(lambda: (ctx.set(path, {"type": "mixed", "value": ""}), ctx.session.rebuild_form()))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)


def _word(value: Any) -> str:
    """A text, or the English one of a mapping by language."""
    if isinstance(value, Mapping):
        return str(value.get("en_US") or value.get("zh_Hans") or "")
    return str(value or "")


class AgentForm(Form):
    """Strategy, its parameters, tools."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Strategy"))
        section.add(
            ChoiceField(
                ctx,
                ("agent_strategy_name",),
                tr("Strategy"),
                [("function_calling", tr("Function calling")), ("ReAct", "ReAct")],
            )
        )
        if isinstance(ctx.get(("agent_parameters", "model")), Mapping):
            add_model(self.section(tr("Model")), ctx, ("agent_parameters", "model", "value"))
        inputs = self.section(tr("Parameters"))
        parameters = dict(ctx.get(("agent_parameters",), {}))
        for name in [n for n in parameters if n not in ("model", "tools")]:
            inputs.add(ParameterRow(ctx, ("agent_parameters", name), name.replace("_", " "), "", False))
        tools = self.section(tr("Tools"))
        listed = ctx.get(("agent_parameters", "tools", "value"), [])
        for index, tool in enumerate(listed if isinstance(listed, list) else []):
            label = str(tool.get("tool_label") or tool.get("tool_name")) if isinstance(tool, Mapping) else str(tool)
            tools.add(SwitchField(ctx, ("agent_parameters", "tools", "value", index, "enabled"), label, default=True))
        if not listed:
            empty = QLabel(tr("No tools."))
            empty.setProperty("kind", "small")
            tools.add(empty)
        add_memory(self, with_query=False)
        add_tail(self)


class KnowledgeForm(Form):
    """The query and the knowledge bases the file names."""

    def build(self) -> None:
        ctx = self.ctx
        self.section(tr("Query")).add(SelectorField(ctx, ("query_variable_selector",), tr("Query")))
        bases = self.section(tr("Knowledge bases"))
        bases.add(
            RowList(
                ctx,
                ("dataset_ids",),
                lambda index: TextField(ctx, ("dataset_ids", index), tr("Knowledge base")),
                str,
                tr("Add knowledge base"),
                empty=tr("None chosen."),
            )
        )
        search = self.section(tr("Search"))
        search.add(
            labelled(
                tr("Best results"),
                NumberField(ctx, ("multiple_retrieval_config", "top_k"), tr("Best results"), 1, 10, default=4),
            )
        )
        add_outputs(self)


class HumanInputForm(Form):
    """The form a person fills, its actions, and what happens when nobody answers."""

    def build(self) -> None:
        ctx = self.ctx
        content = self.section(tr("Form"))
        content.add(
            labelled(
                tr("Text"),
                TemplateField(ctx, ("form_content",), tr("Form text"), tr("Markdown with variables"), lowest=120),
                tr("{{#$output.name#}} is where the field “name” stands."),
            )
        )
        fields = self.section(tr("Fields"))
        fields.add(
            RowList(
                ctx,
                ("inputs",),
                lambda index: line(
                    TextField(ctx, ("inputs", index, "output_variable_name"), tr("Field name"), tr("name")),
                    ChoiceField(
                        ctx,
                        ("inputs", index, "type"),
                        tr("Kind"),
                        [
                            ("paragraph", tr("Paragraph")),
                            ("select", tr("Choice")),
                            ("file", tr("One file")),
                            ("file-list", tr("Several files")),
                        ],
                    ),
                ),
                lambda: {"output_variable_name": self._fresh(), "type": "paragraph"},
                tr("Add field"),
            )
        )
        actions = self.section(tr("Buttons"))
        self.buttons = RowList(
            ctx,
            ("user_actions",),
            lambda index: line(
                TextField(ctx, ("user_actions", index, "title"), tr("Button text"), tr("Text")),
                ChoiceField(
                    ctx,
                    ("user_actions", index, "button_style"),
                    tr("Style"),
                    [(s, tr(s.title())) for s in ("default", "primary", "accent", "ghost")],
                ),
            ),
            self._new_action,
            tr("Add button"),
            key=lambda item: item.get("id") if isinstance(item, Mapping) else None,
            on_remove=self._remove_action,
        )
        actions.add(self.buttons)
        limit = self.section(tr("When nobody answers"))
        limit.add(
            line(
                NumberField(ctx, ("timeout",), tr("After"), 1, 1000, default=3),
                ChoiceField(ctx, ("timeout_unit",), tr("Unit"), [("hour", tr("Hours")), ("day", tr("Days"))]),
            )
        )
        add_outputs(self)

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
        from engine.model.edits import RemoveEdge

        actions = self.buttons.items()
        action_id = actions.pop(index).get("id")
        edges = self.ctx.session.document.graph.out_edges(self.ctx.node_id)
        gone = [RemoveEdge(edge.id) for edge in edges if edge.source_handle == action_id]
        self.ctx.set_many({"user_actions": actions}, tr("Remove a button"), gone)
        return True


class ScheduleForm(Form):
    """When a schedule fires."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Schedule"))
        section.add(
            ChoiceField(ctx, ("mode",), tr("Mode"), [("visual", tr("Simple")), ("cron", tr("Cron expression"))])
        )
        section.add(
            labelled(
                tr("How often"),
                ChoiceField(
                    ctx,
                    ("frequency",),
                    tr("How often"),
                    [
                        ("daily", tr("Every day")),
                        ("hourly", tr("Every hour")),
                        ("weekly", tr("Every week")),
                        ("monthly", tr("Every month")),
                    ],
                ),
            )
        )
        section.add(labelled(tr("Time"), TextField(ctx, ("visual_config", "time"), tr("Time"), "12:00 AM")))
        section.add(
            labelled(tr("Cron expression"), TextField(ctx, ("cron_expression",), tr("Cron expression"), "0 9 * * 1-5"))
        )
        section.add(labelled(tr("Time zone"), TextField(ctx, ("timezone",), tr("Time zone"), "UTC")))
        add_outputs(self)


class WebhookForm(Form):
    """What a webhook takes."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Request"))
        section.add(
            labelled(
                tr("Method"),
                ChoiceField(
                    ctx, ("method",), tr("Method"), [(m, m) for m in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")]
                ),
            )
        )
        kinds = (
            "application/json",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/octet-stream",
        )
        section.add(
            labelled(
                tr("Content type"), ChoiceField(ctx, ("content_type",), tr("Content type"), [(k, k) for k in kinds])
            )
        )
        for key, word in (("params", tr("Parameters")), ("headers", tr("Headers")), ("body", tr("Body"))):
            self.section(word).add(
                RowList(
                    ctx,
                    (key,),
                    partial(self._row, key),
                    lambda: {"name": "", "required": False, "type": "string"},
                    tr("Add"),
                )
            )
        answer = self.section(tr("Response"), folded=True)
        answer.add(labelled(tr("Status"), NumberField(ctx, ("status_code",), tr("Status"), 200, 399, default=200)))
        answer.add(labelled(tr("Body"), MultilineField(ctx, ("response_body",), tr("Response body"))))
        add_outputs(self)

    def _row(self, key: str, index: int) -> QWidget:
        return line(
            TextField(self.ctx, (key, index, "name"), tr("Name"), tr("name")),
            SwitchField(self.ctx, (key, index, "required"), tr("Required")),
        )
