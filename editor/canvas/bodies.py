"""The body of a card per node type: which rows tell what this node does (editor inventory, section 4).

Each builder takes the node's data and a `Naming`, and returns rows; sockets that no row claims are added by
`card.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from editor.canvas import metrics as m
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, first_line, items_of, lines_of, mapping_of, mappings_of, selector_of, text_of
from editor.i18n import ntr, tr

Data = Mapping[str, Any]
Body = Callable[[Data, Naming], list[Row]]

_TYPE_ICONS: Final[Mapping[str, str]] = {
    "text-input": "type-string",
    "paragraph": "type-string",
    "string": "type-string",
    "secret": "type-secret",
    "number": "type-number",
    "integer": "type-number",
    "select": "list",
    "checkbox": "type-boolean",
    "boolean": "type-boolean",
    "file": "type-file",
    "file-list": "type-array",
    "json_object": "type-object",
    "json": "type-object",
    "object": "type-object",
}

_OPERATORS: Final[Mapping[str, str]] = {
    "contains": "contains",
    "not contains": "does not contain",
    "start with": "starts with",
    "end with": "ends with",
    "is": "is",
    "is not": "is not",
    "empty": "is empty",
    "not empty": "is not empty",
    "in": "is in",
    "not in": "is not in",
    "all of": "has all of",
    "exists": "exists",
    "not exists": "does not exist",
    "null": "is null",
    "not null": "is not null",
    "before": "is before",
    "after": "is after",
}
_UNARY: Final = frozenset({"empty", "not empty", "exists", "not exists", "null", "not null"})

_ASSIGN: Final[Mapping[str, str]] = {
    "over-write": "overwrite",
    "overwrite": "overwrite",
    "clear": "clear",
    "set": "set",
    "append": "append",
    "extend": "extend",
    "+=": "add",
    "-=": "subtract",
    "*=": "multiply",
    "/=": "divide",
    "remove-first": "remove first",
    "remove-last": "remove last",
}


def type_icon(type_name: str) -> str:
    """The icon of a variable or input type."""
    if type_name.startswith("array"):
        return "type-array"
    return _TYPE_ICONS.get(type_name, "type-any")


def chips(*parts: Part, handle: str | None = None, label: str = "", space: float = 0.0) -> Row:
    """A row of chips."""
    return Row(parts, m.ROW_CHIP, handle, label, space=space)


def said(text: str, tone: Any = "muted") -> Row:
    """A row of plain text."""
    return Row((Part("text", text, tone=tone),))


def more(count: int) -> Row:
    """The last row of a long list."""
    return said(ntr("and {n} more", "and {n} more", count), "faint")


def model_row(model: Mapping[str, Any]) -> Row:
    """The chip of a chosen model, or the call to choose one."""
    name = text_of(model, "name") or text_of(model, "model")
    if not name:
        return chips(Part("chip", tr("Choose a model"), tone="warn", icon="warning"))
    return chips(Part("chip", name, tone="text", icon="model", middle=True))


def start(data: Data, naming: Naming) -> list[Row]:
    del naming
    rows = []
    inputs = mappings_of(data, "variables")
    for entry in inputs[:6]:
        kind = text_of(entry, "type")
        name = text_of(entry, "variable") or text_of(entry, "label")
        note = tr("required") if entry.get("required") is True else ""
        rows.append(Row((Part("chip", name, tone="text", icon=type_icon(kind)),), m.ROW_CHIP, label=note))
    if len(inputs) > 6:
        rows.append(more(len(inputs) - 6))
    return rows


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


def _operator(name: str) -> str:
    return tr(_OPERATORS[name]) if name in _OPERATORS else name


def condition_parts(condition: Mapping[str, Any], naming: Naming) -> tuple[Part, ...]:
    """A condition as chips: variable, operator, value."""
    operator = text_of(condition, "comparison_operator")
    parts = [naming.variable(selector_of(condition.get("variable_selector")))]
    sub = mappings_of(mapping_of(condition, "sub_variable_condition"), "conditions")
    if sub:
        parts.append(Part("op", ntr("{n} rule", "{n} rules", len(sub)), tone="muted"))
        return tuple(parts)
    parts.append(Part("op", _operator(operator), tone="accent"))
    if operator in _UNARY:
        return tuple(parts)
    value = condition.get("value")
    if isinstance(value, str):
        parts.extend(naming.inline(first_line(value), "text") or (Part("text", "“”", tone="faint"),))
    elif isinstance(value, bool):
        parts.append(Part("text", tr("true") if value else tr("false"), tone="text"))
    elif isinstance(value, list | tuple):
        parts.append(Part("text", ", ".join(str(item) for item in value), tone="text"))
    elif value is not None:
        parts.append(Part("text", str(value), tone="text"))
    return tuple(parts)


def _case_rows(word: str, handle: str, case: Mapping[str, Any], naming: Naming, *, space: float) -> list[Row]:
    conditions = mappings_of(case, "conditions")
    keyword = Part("keyword", word, tone="text")
    if not conditions:
        return [chips(keyword, Part("text", tr("no condition yet"), tone="warn"), handle=handle, space=space)]
    joined = tr("any of") if text_of(case, "logical_operator") == "or" else tr("all of")
    head: tuple[Part, ...] = (keyword,)
    if len(conditions) > 1:
        head = (keyword, Part("text", joined, tone="faint"))
    rows = [Row(head, m.ROW_TEXT, handle=handle, space=space)]
    rows += [Row(condition_parts(c, naming), m.ROW_CHIP, optional=False) for c in conditions[:3]]
    if len(conditions) > 3:
        rows.append(more(len(conditions) - 3))
    return rows


def if_else(data: Data, naming: Naming) -> list[Row]:
    cases = mappings_of(data, "cases")
    if not cases and items_of(data, "conditions"):
        cases = [
            {"case_id": "true", "conditions": data["conditions"], "logical_operator": data.get("logical_operator")}
        ]
    elif data.get("cases") is None:
        cases = [{"case_id": "true"}]
    rows: list[Row] = []
    for position, case in enumerate(cases):
        handle = text_of(case, "case_id") or text_of(case, "id")
        word = tr("IF") if position == 0 else tr("ELIF")
        rows += _case_rows(word, handle, case, naming, space=4.0 if position else 0.0)
    rows.append(
        Row((Part("keyword", tr("ELSE"), tone="text"),), m.ROW_TEXT, handle="false", space=4.0 if cases else 0.0)
    )
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


_LANGUAGES: Final[Mapping[str, str]] = {"python3": "Python", "javascript": "JavaScript", "jinja2": "Jinja"}


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
        parts = [Part("chip", name or provider, tone="text", icon="tool")]
        if name and provider:
            parts.append(Part("text", provider, tone="faint"))
        rows.append(chips(*parts))
    shown = 0
    for key, value in mapping_of(data, "tool_parameters").items():
        given = value.get("value") if isinstance(value, Mapping) else value
        if given not in (None, "", [], {}) and shown < 2:
            rows.append(_parameter(str(key), given, naming))
            shown += 1
    return rows


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
    line = first_line(str(mapping_of(parameters, "instruction").get("value") or ""))
    if line:
        rows.append(Row(naming.inline(line)))
    return rows


def knowledge_retrieval(data: Data, naming: Naming) -> list[Row]:
    rows = []
    query = selector_of(data.get("query_variable_selector"))
    if query:
        rows.append(chips(naming.variable(query)))
    sets = items_of(data, "dataset_ids")
    if sets:
        top = mapping_of(data, "multiple_retrieval_config").get("top_k")
        parts = [
            Part(
                "chip", ntr("{n} knowledge base", "{n} knowledge bases", len(sets)), tone="text", icon="knowledge-index"
            )
        ]
        if isinstance(top, int):
            parts.append(Part("text", tr("top {n}", n=top), tone="faint"))
        rows.append(chips(*parts))
    else:
        rows.append(chips(Part("chip", tr("Choose knowledge"), tone="warn", icon="warning")))
    return rows


def aggregator(data: Data, naming: Naming) -> list[Row]:
    settings = mapping_of(data, "advanced_settings")
    groups = mappings_of(settings, "groups") if settings.get("group_enabled") else []
    rows: list[Row] = []
    if groups:
        for position, group in enumerate(groups[:3]):
            head = (
                Part("keyword", text_of(group, "group_name") or "?", tone="text"),
                Part("text", text_of(group, "output_type"), tone="faint"),
            )
            rows.append(Row(head, m.ROW_TEXT, space=4.0 if position else 0.0))
            rows += _aggregated(items_of(group, "variables"), naming, 2)
        if len(groups) > 3:
            rows.append(more(len(groups) - 3))
        return rows
    rows = _aggregated(items_of(data, "variables"), naming, 4)
    return rows or [said(tr("No variables yet"), "faint")]


def _aggregated(selectors: list[Any], naming: Naming, limit: int) -> list[Row]:
    rows = [chips(naming.variable(selector_of(entry))) for entry in selectors[:limit]]
    if len(selectors) > limit:
        rows.append(more(len(selectors) - limit))
    return rows


def assigner(data: Data, naming: Naming) -> list[Row]:
    entries = mappings_of(data, "items")
    if not entries and data.get("assigned_variable_selector"):
        target = naming.variable(selector_of(data.get("assigned_variable_selector")))
        return [_assignment(target, text_of(data, "write_mode"))]
    rows = [
        _assignment(naming.variable(selector_of(entry.get("variable_selector"))), text_of(entry, "operation"))
        for entry in entries[:4]
    ]
    if len(entries) > 4:
        rows.append(more(len(entries) - 4))
    return rows or [said(tr("No assignments yet"), "faint")]


def _assignment(target: Part, operation: str) -> Row:
    return chips(
        target, Part("op", tr(_ASSIGN.get(operation, operation)) if operation else tr("overwrite"), tone="accent")
    )


def document_extractor(data: Data, naming: Naming) -> list[Row]:
    return [chips(naming.variable(selector_of(data.get("variable_selector"))))]


def list_operator(data: Data, naming: Naming) -> list[Row]:
    rows = [chips(naming.variable(selector_of(data.get("variable"))))]
    steps = []
    if mapping_of(data, "filter_by").get("enabled"):
        steps.append(Part("chip", tr("filter"), tone="muted", icon="filter"))
    if mapping_of(data, "order_by").get("enabled"):
        steps.append(Part("chip", tr("sort"), tone="muted", icon="sort"))
    limit = mapping_of(data, "limit")
    if limit.get("enabled"):
        steps.append(Part("chip", tr("first {n}", n=limit.get("size", "?")), tone="muted"))
    if mapping_of(data, "extract_by").get("enabled"):
        steps.append(Part("chip", tr("one item"), tone="muted"))
    if steps:
        rows.append(chips(*steps))
    return rows


def iteration(data: Data, naming: Naming) -> list[Row]:
    parts = [naming.variable(selector_of(data.get("iterator_selector")))]
    if data.get("is_parallel"):
        parts.append(Part("chip", tr("parallel {n}", n=data.get("parallel_nums", "")), tone="muted", icon="parallel"))
    return [chips(*parts)]


def loop(data: Data, naming: Naming) -> list[Row]:
    del naming
    parts = [Part("chip", ntr("at most {n} round", "at most {n} rounds", _whole(data.get("loop_count"))), tone="muted")]
    rules = items_of(data, "break_conditions")
    if rules:
        parts.append(Part("chip", ntr("{n} exit rule", "{n} exit rules", len(rules)), tone="muted"))
    return [chips(*parts)]


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def human_input(data: Data, naming: Naming) -> list[Row]:
    rows = []
    line = first_line(text_of(data, "form_content"))
    if line:
        rows.append(Row(naming.inline(line)))
    methods = [
        text_of(entry, "type") for entry in mappings_of(data, "delivery_methods") if entry.get("enabled") is not False
    ]
    if methods:
        rows.append(
            chips(
                *(Part("chip", name, tone="muted", icon="mail" if "mail" in name else "user") for name in methods[:3])
            )
        )
    for action in mappings_of(data, "user_actions"):
        title = text_of(action, "title") or text_of(action, "id")
        rows.append(Row((Part("text", title, tone="text"),), m.ROW_CHIP, handle=text_of(action, "id") or None))
    return rows


def schedule(data: Data, naming: Naming) -> list[Row]:
    del naming
    config = mapping_of(data, "config") or data
    cron = text_of(data, "cron_expression") or text_of(config, "cron_expression")
    if cron and text_of(config, "mode") == "cron":
        return [chips(Part("code", cron))]
    frequency = text_of(data, "frequency") or text_of(config, "frequency")
    time = text_of(mapping_of(config, "visual_config"), "time")
    parts = [Part("chip", tr(frequency or "daily"), tone="text", icon="clock")]
    if time:
        parts.append(Part("text", time))
    return [chips(*parts)]


def webhook(data: Data, naming: Naming) -> list[Row]:
    del naming
    method = (text_of(data, "method") or "post").upper()
    address = text_of(data, "webhook_url") or text_of(data, "content_type")
    return [chips(Part("chip", method, tone="text"), Part("text", address, middle=True))]


def plugin_trigger(data: Data, naming: Naming) -> list[Row]:
    del naming
    name = text_of(data, "event_label") or text_of(data, "event_name") or text_of(data, "plugin_id")
    return [chips(Part("chip", name, tone="text", icon="trigger-plugin"))] if name else []


def knowledge_index(data: Data, naming: Naming) -> list[Row]:
    rows = []
    source = selector_of(data.get("index_chunk_variable_selector"))
    if source:
        rows.append(chips(naming.variable(source)))
    shown = [text_of(data, "chunk_structure"), text_of(data, "indexing_technique")]
    parts = [Part("chip", text.replace("_", " "), tone="muted") for text in shown if text]
    rows.append(chips(*parts) if parts else said(tr("Not configured"), "warn"))
    return rows


def datasource(data: Data, naming: Naming) -> list[Row]:
    del naming
    name = text_of(data, "datasource_label") or text_of(data, "datasource_name")
    if not name:
        return [said(tr("Not configured"), "warn")]
    extensions = [str(item) for item in items_of(data, "fileExtensions")]
    parts = [Part("chip", name, tone="text", icon="datasource")]
    if extensions:
        parts.append(Part("text", ", ".join(extensions[:6]), tone="faint"))
    return [chips(*parts)]


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
