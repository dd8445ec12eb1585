"""Forms of the nodes that call models: llm, question classifier, parameter extractor, agent, tool."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

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
    SelectorField,
    SwitchField,
    TemplateField,
    TextField,
)
from editor.panels.forms.model_field import add_model
from editor.panels.forms.name_field import NameField, variable_problem
from editor.panels.forms.parts import RowList, labelled
from editor.panels.forms.prompt_message import PromptMessage
from editor.panels.forms.schema_edit import SchemaEditor
from editor.panels.forms.tool_form import AgentTools, ParameterRow


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


EXTRACTED = frozenset({"__is_success", "__reason", "__usage"})
"""What an extractor gives besides the values that are asked for."""
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
                on_remove=self._remove,
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

    def _remove(self, index: int) -> bool:
        """Ask before a value goes that others read."""
        return not self.ctx.may_go(str(self.ctx.get(("parameters", index, "name"), "")))

    def _name_problem(self, index: int, new: str) -> str:
        items = self.ctx.get(("parameters",), [])
        taken = {str(p.get("name")) for at, p in enumerate(items) if at != index and isinstance(p, Mapping)}
        return variable_problem(new, taken | EXTRACTED)

    def _rename(self, index: int, old: str, new: str) -> None:
        """What reads the value follows its new name."""
        items = [dict(item) for item in self.ctx.get(("parameters",), [])]
        items[index]["name"] = new
        self.ctx.set_many({"parameters": items}, tr("Rename {name}", name=old or new), self.ctx.renamed(old, new))

    def _parameter(self, index: int) -> QWidget:
        path = ("parameters", index)
        name = NameField(
            self.ctx,
            (*path, "name"),
            tr("Name"),
            lambda new: self._name_problem(index, new),
            lambda old, new: self._rename(index, old, new),
            tr("name"),
        )
        return column(
            line(
                name,
                ChoiceField(self.ctx, (*path, "type"), tr("Type"), [(t, t) for t in PARAMETER_TYPES]),
            ),
            TextField(self.ctx, (*path, "description"), tr("Description"), tr("What it means")),
            SwitchField(self.ctx, (*path, "required"), tr("Required")),
            spacing=6,
        )


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
        tools.add(AgentTools(ctx))
        add_memory(self, with_query=False)
        add_tail(self)
