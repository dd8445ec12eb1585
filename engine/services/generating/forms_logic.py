"""Plans of conditions, containers, aggregator, assigner and list operator (see `forms`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.model.types import VALUE_TYPES
from engine.nodes.specs.logic import KNOWN_OPERATORS, MOST_ROUNDS, WITHOUT_VALUE
from engine.services.generating.values import (
    by,
    is_reference,
    mapping,
    mark,
    marked,
    name,
    pick,
    reference,
    rows,
    text,
    whole,
    yes,
)

Settings = Mapping[str, Any]
OPERATORS: Final = {
    "==": "is", "equals": "is", "equal": "is", "eq": "is", "!=": "is not", "<>": "is not", "not equals": "is not",
    "not equal": "is not", "ne": "is not", ">=": "≥", "<=": "≤", "gt": ">", "lt": "<", "gte": "≥", "lte": "≤",
    "greater than": ">", "less than": "<", "starts with": "start with", "begins with": "start with",
    "ends with": "end with", "does not contain": "not contains", "not contain": "not contains", "contain": "contains",
    "includes": "contains", "is empty": "empty", "is not empty": "not empty", "exists": "not empty",
}  # fmt: skip
OPERATIONS: Final = {"set": "over-write", "overwrite": "over-write", "assign": "over-write", "write": "over-write",
                     "add": "+=", "subtract": "-=", "=": "over-write", "++": "+="}  # fmt: skip
_KNOWN_OPERATIONS: Final = frozenset(
    {"over-write", "clear", "append", "extend", "set", "+=", "-=", "*=", "/=", "remove-first", "remove-last"}
)


def operator(value: Any) -> str:
    """The operator of a condition that is meant, `is` where none is."""
    said = text(value).strip().lower().replace("_", " ")
    said = OPERATORS.get(said, said)
    return said if said in KNOWN_OPERATORS else "is"


def conditions(listed: Any, node_id: str) -> list[dict[str, Any]]:
    """Conditions of the format."""
    made = []
    for number, row in enumerate(rows(listed, first="value"), 1):
        sign = operator(pick(row, "is", "operator", "comparison_operator", "op"))
        condition: dict[str, Any] = {
            "id": f"{node_id}-{number}",
            "variable_selector": reference(pick(row, "value", "variable", "variable_selector", "left")),
            "comparison_operator": sign,
            "value": "" if sign in WITHOUT_VALUE else marked(pick(row, "to", "compare", "right", "expected")),
            "varType": "string",
        }
        made.append(condition)
    return made


def told_conditions(listed: Any) -> list[dict[str, Any]]:
    """Conditions of a plan."""
    found = []
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, Mapping):
            told = {"value": mark(row.get("variable_selector") or ()), "is": row.get("comparison_operator")}
            found.append(told if row.get("value") in (None, "") else {**told, "to": row["value"]})
    return found


def _match(value: Any) -> str:
    return "or" if text(value).strip().lower() in ("any", "or") else "and"


# -- if and else -------------------------------------------------------------------------------------------------------


def write_if(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The cases; one whose conditions did not change keeps all of theirs."""
    listed = settings.get("cases")
    if listed is None and settings.get("conditions") is not None:
        listed = [{"id": "true", "match": settings.get("match"), "conditions": settings["conditions"]}]
    if listed is None:
        return
    old = by(data.get("cases"), "case_id")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(listed, first="id", second="conditions"):
        called = text(pick(row, "id", "case_id", "name")).strip()[:60]
        if called in ("", "false", "else") or called in made:
            called = "true" if not made else f"case_{len(made) + 1}"
        before = old.get(called, {})
        given = row.get("conditions")
        given = [row] if given is None and ("value" in row or "variable" in row) else given
        same = before and told_conditions(before.get("conditions")) == given
        made[called] = {
            **before,
            "case_id": called,
            "id": called,
            "logical_operator": _match(pick(row, "match", "logical_operator")),
            "conditions": before["conditions"] if same else conditions(given, called),
        }
    if made:
        data["cases"] = list(made.values())


def tell_if(data: Settings, _mode: str) -> dict[str, Any]:
    """The cases."""
    cases = []
    for called, row in by(data.get("cases"), "case_id").items():
        match = "any" if row.get("logical_operator") == "or" else "all"
        cases.append({"id": called, "match": match, "conditions": told_conditions(row.get("conditions"))})
    return {"cases": cases}


# -- containers --------------------------------------------------------------------------------------------------------


def write_iteration(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The list, and what each round gives."""
    for said, field in (("list", "iterator_selector"), ("result", "output_selector")):
        selector = reference(pick(settings, said, field))
        if selector:
            data[field] = selector
    if "parallel" in settings:
        data["is_parallel"] = yes(settings["parallel"])


def tell_iteration(data: Settings, _mode: str) -> dict[str, Any]:
    """The list, and what each round gives."""
    return {
        "list": mark(data.get("iterator_selector") or ()),
        "result": mark(data.get("output_selector") or ()),
        "parallel": bool(data.get("is_parallel")),
    }


def write_loop(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """Rounds, variables and the end."""
    count = pick(settings, "count", "loop_count", "max")
    if count is not None:
        data["loop_count"] = whole(count, 1, MOST_ROUNDS, 10)
    if settings.get("variables") is not None:
        old = by(data.get("loop_variables"), "label")
        made: dict[str, dict[str, Any]] = {}
        for row in rows(settings["variables"]):
            called = name(pick(row, "name", "label"))
            if called and called not in made:
                made[called] = {"id": f"variable_{called}", **old.get(called, {}), **_loop_variable(called, row)}
        data["loop_variables"] = list(made.values())
    until = pick(settings, "until", "break_conditions", "conditions")
    if until is not None and told_conditions(data.get("break_conditions")) != until:
        data["break_conditions"] = conditions(until, "until")
    if settings.get("match") is not None:
        data["logical_operator"] = _match(settings["match"])


def _loop_variable(called: str, row: Settings) -> dict[str, Any]:
    kind = text(row.get("type"), "string").strip().lower()
    value = row.get("value")
    made: dict[str, Any] = {"label": called, "var_type": kind if kind in VALUE_TYPES else "string"}
    if is_reference(value):
        return {**made, "value_type": "variable", "value": reference(value)}
    if made["var_type"].startswith("array") or made["var_type"] == "object":
        return {**made, "value_type": "constant", "value": value if isinstance(value, list | dict) else ""}
    return {**made, "value_type": "constant", "value": text(value)}


def tell_loop(data: Settings, _mode: str) -> dict[str, Any]:
    """Rounds, variables and the end."""
    variables = []
    for called, row in by(data.get("loop_variables"), "label").items():
        value = row.get("value")
        value = mark(value) if row.get("value_type") == "variable" and isinstance(value, list) else value
        variables.append({"name": called, "type": row.get("var_type"), "value": value})
    return {
        "count": data.get("loop_count"),
        "variables": variables,
        "until": told_conditions(data.get("break_conditions")),
        "match": "any" if data.get("logical_operator") == "or" else "all",
    }


# -- aggregator, assigner, list ----------------------------------------------------------------------------------------


def write_aggregator(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The values of which the first is taken."""
    listed = pick(settings, "values", "variables")
    if isinstance(listed, Mapping):
        listed = list(listed.values())
    if isinstance(listed, list):
        found = [reference(pick(v, "value", "value_selector") if isinstance(v, Mapping) else v) for v in listed[:100]]
        data["variables"] = [selector for selector in found if selector]


def tell_aggregator(data: Settings, _mode: str) -> dict[str, Any]:
    """The values of which the first is taken; groups are not told."""
    if mapping(data.get("advanced_settings")).get("group_enabled"):
        return {}
    return {"values": [mark(v) for v in data.get("variables") or [] if isinstance(v, list)]}


def write_assigner(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """What is written where."""
    listed = pick(settings, "items", "assignments")
    if listed is None:
        return
    made = []
    for row in rows(listed, first="target"):
        target = reference(pick(row, "target", "variable", "variable_selector"))
        said = text(pick(row, "operation", "op"), "over-write").strip().lower()
        said = OPERATIONS.get(said, said)
        said = said if said in _KNOWN_OPERATIONS else "over-write"
        value = row.get("value")
        if is_reference(value):
            made.append(_item(target, said, "variable", reference(value)))
        else:
            # Only numbers are counted up by a constant; a text that is written over is a constant that is set.
            made.append(_item(target, "set" if said == "over-write" else said, "constant", value))
    data.update(version="2", items=made)


def _item(target: list[str], operation: str, kind: str, value: Any) -> dict[str, Any]:
    value = "" if value is None else value
    return {"variable_selector": target, "operation": operation, "input_type": kind, "value": value}


def tell_assigner(data: Settings, _mode: str) -> dict[str, Any]:
    """What is written where."""
    found = []
    for row in data.get("items") or []:
        if isinstance(row, Mapping):
            value = row.get("value")
            value = mark(value) if row.get("input_type") == "variable" and isinstance(value, list) else value
            target = mark(row.get("variable_selector") or ())
            found.append({"target": target, "operation": row.get("operation"), "value": value})
    return {"items": found} if found else {}


def write_list(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The list and the steps that are on."""
    selector = reference(pick(settings, "list", "variable"))
    if selector:
        data["variable"] = selector
    chosen = mapping(settings.get("filter"))
    if chosen:
        sign = operator(pick(chosen, "is", "operator"))
        row = {"key": "", "comparison_operator": sign, "value": text(pick(chosen, "to", "value"))}
        data["filter_by"] = {"enabled": True, "conditions": [row]}
    order = text(settings.get("order")).strip().lower()
    if order:
        data["order_by"] = {"enabled": True, "key": "", "value": "desc" if order.startswith("desc") else "asc"}
    if settings.get("limit") is not None:
        data["limit"] = {"enabled": True, "size": whole(settings["limit"], 1, 20, 10)}


def tell_list(data: Settings, _mode: str) -> dict[str, Any]:
    """The list and the steps that are on."""
    told: dict[str, Any] = {"list": mark(data.get("variable") or ())}
    chosen, order, limit = (mapping(data.get(k)) for k in ("filter_by", "order_by", "limit"))
    listed = chosen.get("conditions")
    if chosen.get("enabled") and isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        told["filter"] = {"is": listed[0].get("comparison_operator"), "to": listed[0].get("value")}
    if order.get("enabled"):
        told["order"] = order.get("value")
    if limit.get("enabled"):
        told["limit"] = limit.get("size")
    return told
