"""Bodies of cards that use models, tools or knowledge (editor inventory, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from editor.canvas import metrics as m
from editor.canvas.body_parts import Data, chips, lack_of, model_row
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, first_line, items_of, mapping_of, mappings_of, selector_of, text_of
from editor.i18n import ntr, tr

AGENT_TOOLS: Final = 2
"""How many tools of an agent a card names."""


def prompt_texts(data: Data) -> list[tuple[str, str]]:
    """(role, text) of each prompt message of a model node, chat or completion form."""
    template = data.get("prompt_template")
    if isinstance(template, Mapping):
        return [("", text_of(template, "jinja2_text") or text_of(template, "text"))]
    found = []
    for message in mappings_of(data, "prompt_template"):
        text = text_of(message, "jinja2_text") if message.get("edition_type") == "jinja2" else ""
        found.append((text_of(message, "role"), text or text_of(message, "text")))
    return found


def llm(data: Data, naming: Naming) -> list[Row]:
    rows = [model_row(mapping_of(data, "model"))]
    for _role, text in prompt_texts(data):
        line = first_line(text)
        if line:
            rows.append(Row(naming.inline(line)))
            break
    return rows


def question_classifier(data: Data, naming: Naming) -> list[Row]:
    rows = [model_row(mapping_of(data, "model"))]
    query = selector_of(data.get("query_variable_selector"))
    if query:
        rows.append(chips(naming.variable(query)))
    for position, entry in enumerate(mappings_of(data, "classes"), 1):
        name = first_line(text_of(entry, "name")) or tr("Class {n}", n=position)
        rows.append(Row((Part("text", name, tone="text"),), m.ROW_CHIP, handle=text_of(entry, "id") or None))
    return rows


def parameter_extractor(data: Data, naming: Naming) -> list[Row]:
    rows = [model_row(mapping_of(data, "model"))]
    query = selector_of(data.get("query"))
    if query:
        rows.append(chips(naming.variable(query)))
    names = [text_of(entry, "name") for entry in mappings_of(data, "parameters")]
    names = [name for name in names if name]
    if names:
        shown = [Part("chip", name, tone="text") for name in names[:3]]
        if len(names) > 3:
            shown.append(Part("text", f"+{len(names) - 3}", tone="faint"))
        rows.append(chips(*shown))
    return rows


def agent(data: Data, naming: Naming) -> list[Row]:
    parameters = mapping_of(data, "agent_parameters")
    strategy = text_of(data, "agent_strategy_label") or text_of(data, "agent_strategy_name")
    model = mapping_of(parameters, "model").get("value")
    rows = [model_row(model if isinstance(model, Mapping) else {})]
    tools = [t for t in items_of(mapping_of(parameters, "tools"), "value") if isinstance(t, Mapping)]
    enabled = [t for t in tools if t.get("enabled") is not False]
    parts = []
    if strategy:
        parts.append(Part("chip", strategy, tone="muted"))
    if enabled:
        parts.append(Part("chip", ntr("{n} tool", "{n} tools", len(enabled)), tone="text", icon="tool"))
    if parts:
        rows.append(chips(*parts))
    if tools:
        rows.append(chips(*_tools(tools, naming)))
    line = first_line(str(mapping_of(parameters, "instruction").get("value") or ""))
    if line:
        rows.append(Row(naming.inline(line)))
    return rows


def _tools(tools: list[Mapping[str, Any]], naming: Naming) -> list[Part]:
    """The tools that an agent has: first those that cannot be called here, then the others, then those that are
    switched off; each with an icon that says so."""
    shown = []
    for index, tool in enumerate(tools):
        name = tr(text_of(tool, "tool_label") or text_of(tool, "tool_name") or "?")
        if tool.get("enabled") is False:
            shown.append((2, Part("chip", name, tone="faint", icon="bypass")))
        elif lack_of(naming, f"agent_parameters.tools.value.{index}"):
            shown.append((0, Part("chip", name, tone="warn", icon="warning")))
        else:
            shown.append((1, Part("chip", name, tone="text", icon="tool")))
    parts = [part for _, part in sorted(shown, key=lambda entry: entry[0])]
    if len(parts) > AGENT_TOOLS:
        parts[AGENT_TOOLS:] = [Part("text", f"+{len(parts) - AGENT_TOOLS}", tone="faint")]
    return parts
