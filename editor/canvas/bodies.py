"""The body of a card per node type: which rows tell what this node does (editor inventory, section 4).

Each builder takes the node's data and a `Naming`, and returns rows; sockets that no row claims are added by `card.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from editor.canvas import metrics as m
from editor.canvas.bodies_knowledge import datasource, knowledge_index, knowledge_retrieval
from editor.canvas.bodies_logic import (
    aggregator,
    assigner,
    document_extractor,
    human_input,
    if_else,
    iteration,
    list_operator,
    loop,
)
from editor.canvas.bodies_model import (
    agent,
    llm,
    parameter_extractor,
    question_classifier,
)
from editor.canvas.body_parts import Body, Data, chips, lack_of, more, said, type_icon
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, first_line, lines_of, mapping_of, mappings_of, selector_of, text_of
from editor.i18n import tr
from engine.errors import UserError

_LANGUAGES: Final[Mapping[str, str]] = {"python3": "Python", "javascript": "JavaScript", "jinja2": "Jinja"}


_HIDDEN: Final = "••••••"
TOOL_VALUES = 4
"""How many parameters of a tool a card shows."""


def start_placeholder(data: Data, naming: Naming) -> list[Row]:
    del data, naming
    return [Row((Part("text", tr("Choose what starts a run"), tone="warn"),))]


def start(data: Data, naming: Naming) -> list[Row]:
    del naming
    rows = []
    inputs = mappings_of(data, "variables")
    for entry in inputs[:6]:
        kind = text_of(entry, "type")
        label = text_of(entry, "label")
        name = text_of(entry, "variable") or label
        note = tr("required") if entry.get("required") is True else ""
        parts = [Part("chip", name, tone="text", icon=type_icon(kind))]
        if label and label.lower() != name.lower():
            parts.append(Part("text", label, tone="faint"))
        rows.append(Row(tuple(parts), m.ROW_CHIP, label=note))
    if len(inputs) > 6:
        rows.append(more(len(inputs) - 6))
    return rows


def answer(data: Data, naming: Naming) -> list[Row]:
    lines = lines_of(text_of(data, "answer"), 2)
    if not lines:
        return [said(tr("Nothing to say yet"), "warn")]
    return [Row(naming.inline(line)) for line in lines]


def end(data: Data, naming: Naming) -> list[Row]:
    outputs = mappings_of(data, "outputs")
    if not outputs:
        return [said(tr("No outputs yet"), "faint")]
    rows = [
        chips(
            Part("text", text_of(entry, "variable") or "?", tone="text"),
            naming.variable(selector_of(entry.get("value_selector"))),
        )
        for entry in outputs[:5]
    ]
    if len(outputs) > 5:
        rows.append(more(len(outputs) - 5))
    return rows


def _code_line(text: str) -> str:
    """The line that says most: the first that is neither an import nor a comment nor a bare bracket."""
    fallback = ""
    quotes = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(('"""', "'''")):
            quotes = not quotes if line.count(line[:3]) == 1 else quotes
            continue
        if quotes or len(line) < 3:
            continue
        fallback = fallback or line
        if not line.startswith(("import ", "from ", "#", "//", "/*", "*", "@", "const require")):
            return line[:120]
    return fallback[:120]


def code(data: Data, naming: Naming) -> list[Row]:
    del naming
    language = text_of(data, "code_language")
    line = _code_line(text_of(data, "code"))
    parts = [Part("chip", _LANGUAGES.get(language, language or tr("Code")), tone="text")]
    if line:
        parts.append(Part("code", line))
    return [chips(*parts)]


def template(data: Data, naming: Naming) -> list[Row]:
    del naming
    line = first_line(text_of(data, "template"))
    if not line:
        return [said(tr("Empty template"), "warn")]
    return [chips(Part("chip", "Jinja", tone="text"), Part("code", line))]


def http_request(data: Data, naming: Naming) -> list[Row]:
    method = (text_of(data, "method") or "get").upper()
    url = first_line(text_of(data, "url"))
    if not url:
        return [chips(Part("chip", method, tone="text"), Part("text", tr("No address yet"), tone="warn"))]
    if "{{#" in url:
        return [chips(Part("chip", method, tone="text"), *naming.inline(url))]
    split = urlsplit(url) if "://" in url else None
    shown = f"{split.netloc}{split.path}" if split and split.netloc else url
    return [chips(Part("chip", method, tone="text"), Part("text", shown, middle=True))]


def tool(data: Data, naming: Naming) -> list[Row]:
    name = text_of(data, "tool_label") or text_of(data, "tool_name")
    provider = (text_of(data, "provider_name") or text_of(data, "provider_id")).rsplit("/", 1)[-1]
    rows = []
    if name or provider:
        parts = [Part("chip", tr(name or provider), tone="text", icon="tool")]
        if name and provider:
            parts.append(Part("text", provider, tone="faint"))
        rows.append(chips(*parts))
    if lack := lack_of(naming, "tool_name"):
        rows.append(chips(Part("chip", lack, tone="warn", icon="warning")))
    given = [(key, value) for key, value in _given(data) if value not in (None, "", [], {})]
    rows += [_parameter(key, value, naming) for key, value in given[:TOOL_VALUES]]
    if len(given) > TOOL_VALUES:
        rows.append(more(len(given) - TOOL_VALUES))
    return rows


def _given(data: Data) -> list[tuple[str, Any]]:
    """Parameters of a tool by name, then its settings; of secrets only that there is one."""
    secret = {
        text_of(schema, "name") for schema in mappings_of(data, "paramSchemas") if schema.get("type") == "secret-input"
    }
    found = []
    for block in ("tool_parameters", "tool_configurations"):
        for key, entry in mapping_of(data, block).items():
            value = entry.get("value") if isinstance(entry, Mapping) else entry
            found.append((str(key), _HIDDEN if value and isinstance(value, str) and key in secret else value))
    return found


def _parameter(name: str, given: Any, naming: Naming) -> Row:
    label = Part("text", name, tone="faint")
    if isinstance(given, str):
        return chips(label, *naming.inline(first_line(given)))
    selector = selector_of(given)
    if selector:
        return chips(label, naming.variable(selector))
    if isinstance(given, bool | int | float):
        return chips(label, Part("text", str(given).lower() if isinstance(given, bool) else str(given)))
    return chips(label, Part("text", "–", tone="faint"))


def schedule(data: Data, naming: Naming) -> list[Row]:
    del naming
    config = mapping_of(data, "config") or data
    cron = text_of(data, "cron_expression") or text_of(config, "cron_expression")
    coming = _next_time(data)
    if cron and text_of(config, "mode") == "cron":
        return [chips(Part("code", cron)), *coming]
    frequency = text_of(data, "frequency") or text_of(config, "frequency")
    time = text_of(mapping_of(config, "visual_config"), "time")
    parts = [Part("chip", tr(frequency or "daily"), tone="text", icon="clock")]
    if time:
        parts.append(Part("text", time))
    return [chips(*parts), *coming]


def _next_time(data: Data) -> list[Row]:
    """When a schedule fires next, in its own time zone; nothing for settings that lead to no time."""
    from engine.services.schedules import upcoming

    try:
        times = upcoming(data, datetime.now(UTC), 1)
    except (UserError, TypeError, ValueError, AttributeError):  # odd data is the checklist's business
        return []
    return [Row((Part("text", tr("Next: {time}", time=f"{times[0]:%Y-%m-%d %H:%M}")),))] if times else []


def webhook(data: Data, naming: Naming) -> list[Row]:
    del naming
    method = (text_of(data, "method") or "post").upper()
    address = text_of(data, "webhook_url") or text_of(data, "content_type")
    return [chips(Part("chip", method, tone="text"), Part("text", address, middle=True))]


def plugin_trigger(data: Data, naming: Naming) -> list[Row]:
    del naming
    name = text_of(data, "event_label") or text_of(data, "event_name") or text_of(data, "plugin_id")
    rows = [chips(Part("chip", name, tone="text", icon="trigger-plugin"))] if name else []
    subscription = text_of(data, "subscription_id")
    if not subscription:
        return [*rows, said(tr("No subscription"), "warn")]
    return [*rows, chips(Part("text", tr("Subscription"), tone="faint"), Part("text", subscription, middle=True))]


def unknown(data: Data, naming: Naming) -> list[Row]:
    """An unknown type: its name in monospace and the kept settings, readable."""
    rows = [Row((Part("code", text_of(data, "type") or tr("no type"), tone="warn"),))]
    kept = [(k, v) for k, v in data.items() if k not in ("type", "title", "desc", "selected") and not k.startswith("_")]
    for key, value in kept[:3]:
        shown = first_line(value) if isinstance(value, str) else _brief(value)
        rows.append(Row((Part("text", str(key), tone="faint"), *naming.inline(shown))))
    if len(kept) > 3:
        rows.append(more(len(kept) - 3))
    return rows


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{…}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{len(value)}]"
    return "" if value is None else str(value)


def nothing(data: Data, naming: Naming) -> list[Row]:
    del data, naming
    return []


BODIES: Final[Mapping[str, Body]] = {
    "start": start,
    "start-placeholder": start_placeholder,
    "end": end,
    "answer": answer,
    "llm": llm,
    "agent": agent,
    "question-classifier": question_classifier,
    "parameter-extractor": parameter_extractor,
    "if-else": if_else,
    "code": code,
    "template-transform": template,
    "http-request": http_request,
    "tool": tool,
    "knowledge-retrieval": knowledge_retrieval,
    "knowledge-index": knowledge_index,
    "datasource": datasource,
    "variable-aggregator": aggregator,
    "variable-assigner": aggregator,
    "assigner": assigner,
    "document-extractor": document_extractor,
    "list-operator": list_operator,
    "iteration": iteration,
    "loop": loop,
    "human-input": human_input,
    "trigger-schedule": schedule,
    "trigger-webhook": webhook,
    "trigger-plugin": plugin_trigger,
    "iteration-start": nothing,
    "loop-start": nothing,
    "loop-end": nothing,
}
