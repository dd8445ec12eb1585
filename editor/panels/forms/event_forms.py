"""The form that a person fills while a run waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from editor.i18n import tr
from editor.panels.forms.common import Form, add_outputs, line
from editor.panels.forms.fields import ChoiceField, NumberField, TemplateField, TextField
from editor.panels.forms.parts import RowList, labelled


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
