"""The form of a plugin trigger: which event it waits for, its subscription and parameters (nodes-logic spec 15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from editor.i18n import language, tr
from editor.panels.forms.beginnings import add_beginnings
from editor.panels.forms.common import Form, add_outputs
from editor.panels.forms.context import Path
from editor.panels.forms.fields import ChoiceField, Field, JsonField, NumberField, SwitchField, TextField
from editor.panels.forms.parts import labelled
from engine.model.edits import Edit, SetField

PARAMETERS = "event_parameters"


class PluginTriggerForm(Form):
    """What the plugin is called is read only: it comes with the event that was chosen."""

    def build(self) -> None:
        ctx = self.ctx
        ctx.follow = self._typed
        event = self.section(tr("Event"))
        facts = [
            (tr("Event"), ctx.get(("event_label",)) or ctx.get(("event_name",), "")),
            (tr("Plugin"), ctx.get(("plugin_id",), "")),
            (tr("Version"), ctx.get(("plugin_unique_identifier",), "")),
        ]
        for word, value in facts:
            if value:
                event.add(labelled(word, self._words(str(value), "code")))
        event.add(
            self._words(
                tr("Penstock receives no events of plugins: a run is started by hand with the values of an event."),
                "small",
            )
        )
        subscription = TextField(ctx, ("subscription_id",), tr("Subscription"), tr("id of the subscription"))
        help_text = tr("It belongs to one installation of Dify and is chosen anew after an import there.")
        event.add(labelled(tr("Subscription"), subscription, help_text, required=True))
        parameters = self._parameters()
        if parameters:
            section = self.section(tr("Parameters"))
            for schema in parameters:
                section.add(self._parameter(schema))
        add_outputs(self)
        add_beginnings(self)

    @staticmethod
    def _words(text: str, kind: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("kind", kind)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _parameters(self) -> list[Mapping[str, Any]]:
        """Those that the event declares, and after them those that only the file has."""
        declared = [s for s in self.ctx.get(("parameters_schema",), []) if isinstance(s, Mapping) and s.get("name")]
        names = {str(schema["name"]) for schema in declared}
        given = self.ctx.get((PARAMETERS,), {})
        others = [{"name": name} for name in given if name not in names] if isinstance(given, Mapping) else []
        return [*declared, *others]

    def _parameter(self, schema: Mapping[str, Any]) -> QWidget:
        name = str(schema["name"])
        kind = str(self.ctx.get((PARAMETERS, name, "type"), "constant"))
        word, help_text = said(schema.get("label")) or name, said(schema.get("description"))
        if kind != "constant":
            help_text = tr("A {kind} is not resolved when a run starts; write a constant.", kind=kind)
        field = self._field(schema, (PARAMETERS, name, "value"), word)
        return labelled(word, field, help_text, required=bool(schema.get("required")))

    def _field(self, schema: Mapping[str, Any], path: Path, word: str) -> Field:
        value = self.ctx.get(path, schema.get("default"))
        options = [o for o in schema.get("options") or [] if isinstance(o, Mapping) and "value" in o]
        match str(schema.get("type") or ""):
            case "boolean" | "checkbox":
                return SwitchField(self.ctx, path, word, default=bool(schema.get("default", False)))
            case "number":
                return NumberField(self.ctx, path, word, -1e12, 1e12, decimals=4, default=schema.get("default") or 0)
            case "select" if options:
                choices = [
                    ("", tr("Choose")),
                    *((o["value"], said(o.get("label")) or str(o["value"])) for o in options),
                ]
                return ChoiceField(self.ctx, path, word, choices, default=schema.get("default") or "")
            case _ if isinstance(value, str | None):
                return TextField(self.ctx, path, word, tr("Value"))
        return JsonField(self.ctx, path, word, rows=3)

    def _typed(self, key: str, value: Any) -> list[Edit]:
        """A parameter that gets its first value is a constant."""
        if key != PARAMETERS or not isinstance(value, Mapping):
            return []
        whole = {n: {"type": "constant", **p} if isinstance(p, Mapping) else p for n, p in value.items()}
        return [SetField(self.ctx.node_id, (PARAMETERS,), whole)] if whole != value else []


def said(text: Any) -> str:
    """A text of a plugin in the language of the window; plugins write one text or one a language."""
    if isinstance(text, Mapping):
        wanted = "zh_Hans" if language() == "zh_CN" else "en_US"
        return str(text.get(wanted) or text.get("en_US") or next(iter(text.values()), ""))
    return str(text or "")
