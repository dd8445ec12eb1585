"""Shapes that hand-written and generated files use, put right one by one, each with a notice (nodes-logic spec 18.2).

A repair changes node data only where the format's own engine would refuse it; everything else stays as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.model.problems import Notice

OPERATORS: Mapping[str, str] = {
    "starts_with": "start with",
    "ends_with": "end with",
    "start_with": "start with",
    "end_with": "end with",
    "not_contains": "not contains",
    "is_not": "is not",
    "is_empty": "empty",
    "is empty": "empty",
    "is_not_empty": "not empty",
    "is not empty": "not empty",
    "not_empty": "not empty",
    "is null": "null",
    "is not null": "not null",
    ">=": "≥",
    "<=": "≤",
    "!=": "≠",
    "==": "=",
}

Say = Callable[[str, str], None]


def repair_data(node_id: str, data: Mapping[str, Any], notices: list[Notice]) -> dict[str, Any]:
    """The node's data with known faults put right; what was done is appended to `notices`."""
    fixed = dict(data)
    title = str(data.get("title") or node_id)

    def say(code: str, message: str) -> None:
        notices.append(Notice(code, f"{title}: {message}", node_id))

    _base_fields(fixed, say)
    kind = fixed.get("type")
    if kind in ("code", "template-transform"):
        _named_inputs(fixed, say)
    if kind == "if-else":
        cases = fixed.get("cases")
        for case in cases if isinstance(cases, list) else ():
            if isinstance(case, dict):
                case["conditions"] = _conditions(case.get("conditions"), say)
        if fixed.get("conditions"):
            fixed["conditions"] = _conditions(fixed["conditions"], say)
    if kind == "loop" and fixed.get("break_conditions"):
        fixed["break_conditions"] = _conditions(fixed["break_conditions"], say)
    if kind == "http-request":
        _form_body(fixed, say)
    return fixed


def _base_fields(data: dict[str, Any], say: Say) -> None:
    strategy = data.get("error_strategy")
    if strategy in ("none", "abort", ""):
        del data["error_strategy"]
        say("repair.error_strategy", f"the error strategy “{strategy}” means none and was taken out.")
    elif strategy == "retry":
        del data["error_strategy"]
        data["retry_config"] = {**(data.get("retry_config") or {}), "retry_enabled": True}
        say("repair.error_strategy", "the error strategy “retry” became retry on failure.")
    if "title" in data and data["title"] is None:
        data["title"] = ""
        say("repair.title", "an empty title was written as null.")
    elif "title" in data and not isinstance(data["title"], str):
        data["title"] = str(data["title"])
        say("repair.title", "the title was not text.")
    if "retry_config" in data and data["retry_config"] is None:
        del data["retry_config"]
        say("repair.retry", "an empty retry setting was taken out.")
    config: Any = data.get("retry_config")
    if (
        isinstance(config, dict)
        and "retry_enabled" not in config
        and ("max_retries" in config or "retry_interval" in config)
    ):
        say("repair.retry_off", "has retry settings but retry is not switched on; it stays off.")
    version = data.get("version")
    if isinstance(version, int | float) and not isinstance(version, bool):
        data["version"] = str(version)
        say("repair.version", "the version number was put into quotes.")


def _named_inputs(data: dict[str, Any], say: Say) -> None:
    variables = data.get("variables")
    if not isinstance(variables, list):
        return
    fixed = []
    for item in variables:
        if isinstance(item, list) and len(item) >= 2 and all(isinstance(p, str) for p in item):
            fixed.append({"variable": item[-1], "value_selector": item})
        else:
            fixed.append(item)
    if fixed != variables:
        data["variables"] = fixed
        say("repair.inputs", "bare selectors became named inputs.")


def _conditions(conditions: Any, say: Say) -> Any:
    if not isinstance(conditions, list):
        return conditions
    return [_condition(c, say) if isinstance(c, dict) else c for c in conditions]


def _condition(condition: dict[str, Any], say: Say) -> dict[str, Any]:
    fixed = dict(condition)
    operator = fixed.get("comparison_operator")
    if isinstance(operator, str) and operator in OPERATORS:
        fixed["comparison_operator"] = OPERATORS[operator]
        say("repair.operator", f"the operator “{operator}” became “{OPERATORS[operator]}”.")
    value = fixed.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        fixed["value"] = str(value)
        say("repair.condition_value", "a number to compare with was put into quotes.")
    sub = fixed.get("sub_variable_condition")
    if isinstance(sub, dict) and isinstance(sub.get("conditions"), list):
        fixed["sub_variable_condition"] = {**sub, "conditions": _conditions(sub["conditions"], say)}
    return fixed


def _form_body(data: dict[str, Any], say: Say) -> None:
    """A form body written as text becomes one item a line (nodes-logic spec 5.3)."""
    body = data.get("body")
    if not isinstance(body, dict) or body.get("type") not in ("form-data", "x-www-form-urlencoded"):
        return
    text = body.get("data")
    if not isinstance(text, str) or not text.strip():
        return
    items = []
    for number, line in enumerate(text.splitlines()):
        if line.strip():
            key, _, value = line.partition(":")
            items.append({"id": f"key-value-{number}", "key": key.strip(), "type": "text", "value": value.strip()})
    data["body"] = {**body, "data": items}
    say("repair.form_body", "the form body became a list of fields.")


def repair_selectors(data: Any, ids: Mapping[str, Any]) -> tuple[Any, int]:
    """`data` with numeric node ids in selectors as text, and how many there were."""
    if isinstance(data, dict):
        changed, count = {}, 0
        for key, value in data.items():
            changed[key], more = repair_selectors(value, ids)
            count += more
        return (changed, count) if count else (data, 0)
    if isinstance(data, list):
        if len(data) >= 2 and type(data[0]) is int and str(data[0]) in ids and isinstance(data[1], str):
            return [str(data[0]), *data[1:]], 1
        pairs = [repair_selectors(item, ids) for item in data]
        count = sum(n for _, n in pairs)
        return ([item for item, _ in pairs], count) if count else (data, 0)
    return data, 0
