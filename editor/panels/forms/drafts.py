"""What a model is told when it is to write for a form: the node's values and types, what is there, its last run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.panels.forms.code_form import FRESH
from editor.panels.forms.context import FormContext, Path
from engine.services.drafting import Draft, Wish

LONGEST: Final = 8_000
"""Characters of a last run that a model is told."""


def write_prompt(ctx: FormContext, path: Path, parent: QWidget) -> None:
    """Let a model write the message at `path`."""
    values = _jinja_values(ctx) if path[-1] == "jinja2_text" else _references(ctx)
    wish = Wish("prompt", "", str(ctx.get(path, "")), values=values, last_run=_last_run(ctx))
    _open(ctx, parent, wish, lambda draft: ctx.set(path, draft.text, name=tr("Prompt")))


def write_code(ctx: FormContext, parent: QWidget) -> None:
    """Let a model write the code of a code node."""
    language = str(ctx.get(("code_language",), "python3"))
    code = str(ctx.get(("code",), ""))
    current = "" if code.strip() in ("", *(c.strip() for c in FRESH.values())) else code
    inputs = []
    for item in ctx.get(("variables",), []):
        if isinstance(item, Mapping):
            selector = [str(part) for part in item.get("value_selector") or []]
            inputs.append((str(item.get("variable") or ""), ctx.variable_type(selector) if selector else ""))
    outputs = ctx.get(("outputs",), {})
    given = [(str(n), str(s.get("type") or "") if isinstance(s, Mapping) else "") for n, s in outputs.items()]
    wish = Wish("code", "", current, language, inputs, given, _last_run(ctx))
    _open(ctx, parent, wish, lambda draft: ctx.set(("code",), draft.text, name=tr("Code")))


def write_schema(ctx: FormContext, path: Path, parent: QWidget) -> None:
    """Let a model lay out the fields of an answer."""
    present = ctx.get(path, {})
    has_fields = isinstance(present, Mapping) and bool(present.get("properties"))
    current = json.dumps(present, ensure_ascii=False, indent=2) if has_fields else ""
    wish = Wish("schema", "", current, last_run=_last_run(ctx))
    _open(ctx, parent, wish, lambda draft: ctx.set(path, dict(draft.schema or {}), name=tr("Structured output")))


def _open(ctx: FormContext, parent: QWidget, wish: Wish, take: Any) -> None:
    from editor.dialogs.drafting import open_drafting

    model = ctx.get(("model",), {})
    named = (str(model.get("provider") or ""), str(model.get("name") or "")) if isinstance(model, Mapping) else ("", "")

    def taken(draft: Draft) -> None:
        ctx.end_typing()
        take(draft)

    open_drafting(ctx.session.studio, parent, wish, taken, named)


def _references(ctx: FormContext) -> list[tuple[str, str]]:
    """What the node may read, as references with the words of who gives it."""
    from engine.model.refs import available_variables

    found = []
    for group in available_variables(ctx.session.document.workflow, ctx.node_id):
        for variable in group.variables:
            about = f"{variable.type}, {variable.name} of {group.title or group.source}"
            found.append(("{{#" + ".".join(variable.selector) + "#}}", about))
    return found


def _jinja_values(ctx: FormContext) -> list[tuple[str, str]]:
    """What a Jinja message may name."""
    found = ctx.get(("prompt_config", "jinja2_variables"), [])
    return [("{{ " + str(v.get("variable")) + " }}", "") for v in found if isinstance(v, Mapping) and v.get("variable")]


def _last_run(ctx: FormContext) -> str:
    """The last run of the node as a text; empty where there was none."""
    state = ctx.session.node_state(ctx.node_id)
    if not state:
        return ""
    facts = [("Inputs", state.get("inputs")), ("Outputs", state.get("outputs")), ("Error", state.get("error"))]
    return "\n".join(_lines(facts))


def _lines(facts: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for name, value in facts:
        if value:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            yield f"{name}: {text[:LONGEST]}"
