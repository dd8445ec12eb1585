"""Bodies of cards that decide, repeat, collect or assign (editor inventory, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from editor.canvas import metrics as m
from editor.canvas.body_parts import Data, chips, more, said
from editor.canvas.content import Part, Row
from editor.canvas.reading import (
    Naming,
    first_line,
    items_of,
    mapping_of,
    mappings_of,
    plain_lines,
    selector_of,
    text_of,
)
from editor.i18n import ntr, tr

FORM_LINES: Final = 2
"""How many lines of its form a human-input card shows."""
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

_WAYS: Final[Mapping[str, str]] = {"webapp": "in the program", "email": "e-mail"}

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


def _operator(name: str) -> str:
    return tr(_OPERATORS[name]) if name in _OPERATORS else name


def condition_parts(condition: Mapping[str, Any], naming: Naming) -> tuple[Part, ...]:
    """A condition as chips: variable, operator, value."""
    operator = text_of(condition, "comparison_operator")
    parts = [naming.variable(selector_of(condition.get("variable_selector")))]
    sub = mappings_of(mapping_of(condition, "sub_variable_condition"), "conditions")
    if len(sub) == 1:
        parts.append(Part("text", text_of(sub[0], "key"), tone="muted"))
        parts.append(Part("op", _operator(text_of(sub[0], "comparison_operator")), tone="accent"))
        if text_of(sub[0], "comparison_operator") not in _UNARY:
            parts.extend(_value(sub[0].get("value"), naming))
        return tuple(parts)
    if sub:
        parts.append(Part("op", ntr("{n} file rule", "{n} file rules", len(sub)), tone="muted"))
        return tuple(parts)
    parts.append(Part("op", _operator(operator), tone="accent"))
    if operator in _UNARY:
        return tuple(parts)
    parts.extend(_value(condition.get("value"), naming))
    return tuple(parts)


def _value(value: Any, naming: Naming) -> tuple[Part, ...]:
    """A constant, or text with variables, as chips."""
    if isinstance(value, str):
        return tuple(naming.inline(first_line(value), "text")) or (Part("text", "“”", tone="faint"),)
    if isinstance(value, bool):
        return (Part("text", tr("true") if value else tr("false"), tone="text"),)
    if isinstance(value, list | tuple):
        return (Part("text", ", ".join(str(item) for item in value), tone="text"),)
    return () if value is None else (Part("text", str(value), tone="text"),)


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
    if not rows:
        return [said(tr("No variables yet"), "faint")]
    return [replace(rows[0], label=text_of(data, "output_type")), *rows[1:]]


def _aggregated(selectors: list[Any], naming: Naming, limit: int) -> list[Row]:
    rows = [chips(naming.variable(selector_of(entry))) for entry in selectors[:limit]]
    if len(selectors) > limit:
        rows.append(more(len(selectors) - limit))
    return rows


def assigner(data: Data, naming: Naming) -> list[Row]:
    entries = mappings_of(data, "items")
    if not entries and data.get("assigned_variable_selector"):
        target = naming.variable(selector_of(data.get("assigned_variable_selector")))
        source = selector_of(data.get("input_variable_selector"))
        mode = text_of(data, "write_mode")
        operand = (naming.variable(source),) if source and mode != "clear" else ()
        return [_assignment(target, mode, operand)]
    rows = [
        _assignment(
            naming.variable(selector_of(entry.get("variable_selector"))),
            text_of(entry, "operation"),
            _operand(entry, naming),
        )
        for entry in entries[:4]
    ]
    if len(entries) > 4:
        rows.append(more(len(entries) - 4))
    return rows or [said(tr("No assignments yet"), "faint")]


def _operand(entry: Mapping[str, Any], naming: Naming) -> tuple[Part, ...]:
    """What is written: a variable, or a constant as far as it is short."""
    if text_of(entry, "operation") in ("clear", "remove-first", "remove-last"):
        return ()
    value = entry.get("value")
    if entry.get("input_type") == "variable" or (isinstance(value, list) and entry.get("input_type") != "constant"):
        return (naming.variable(selector_of(value)),) if selector_of(value) else ()
    if isinstance(value, Mapping):
        return (Part("text", "{…}" if value else "{}", tone="text"),)
    return _value(value, naming)


def _assignment(target: Part, operation: str, operand: tuple[Part, ...]) -> Row:
    word = tr(_ASSIGN.get(operation, operation)) if operation else tr("overwrite")
    return chips(target, Part("op", word, tone="accent"), *operand)


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
    rows += [chips(*steps[at : at + 2]) for at in range(0, len(steps), 2)]
    return rows


def iteration(data: Data, naming: Naming) -> list[Row]:
    parts = [naming.variable(selector_of(data.get("iterator_selector")))]
    if data.get("is_parallel"):
        parts.append(Part("chip", f"×{data.get('parallel_nums', '')}", tone="muted", icon="parallel"))
    return [chips(*parts)]


def loop(data: Data, naming: Naming) -> list[Row]:
    del naming
    parts = [Part("chip", tr("max {n}", n=_whole(data.get("loop_count"))), tone="muted")]
    rules = items_of(data, "break_conditions")
    if rules:
        parts.append(Part("chip", ntr("{n} exit rule", "{n} exit rules", len(rules)), tone="muted"))
    return [chips(*parts)]


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def human_input(data: Data, naming: Naming) -> list[Row]:
    rows = [Row(naming.inline(line)) for line in plain_lines(text_of(data, "form_content"), FORM_LINES)]
    methods = [
        text_of(entry, "type") for entry in mappings_of(data, "delivery_methods") if entry.get("enabled") is not False
    ]
    if methods:
        rows.append(
            chips(
                *(
                    Part("chip", tr(_WAYS.get(name, name)), tone="muted", icon="mail" if "mail" in name else "user")
                    for name in methods[:3]
                )
            )
        )
    for action in mappings_of(data, "user_actions"):
        title = text_of(action, "title") or text_of(action, "id")
        rows.append(Row((Part("text", title, tone="text"),), m.ROW_CHIP, handle=text_of(action, "id") or None))
    return rows
