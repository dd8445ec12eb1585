"""Edits of a webhook's tables, together with the list `variables` that repeats them in the file and from which the
format's editor offers the outputs (nodes-logic spec 13.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.model.edits import Edit, Group, SetField
from engine.model.refs import rename_variable
from engine.model.workflow import Workflow

RAW = "_webhook_raw"
PARTS: Mapping[str, str] = {"headers": "header", "params": "param", "body": "body"}
"""A table of the node and the label of its entries in the list."""


def output_name(part: str, name: str) -> str:
    """The output that a value of a table becomes."""
    return name.replace("-", "_") if part == "headers" else name


def _raw() -> dict[str, Any]:
    return {"label": "raw", "required": True, "value_selector": [], "value_type": "object", "variable": RAW}


def mirror(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The list for the tables of `data`. Entries that are there keep their place and what else they hold, new ones come
    at the end, and those whose value is gone go."""
    wanted: dict[str, dict[str, Any]] = {RAW: _raw()}
    for part, label in PARTS.items():
        for item in _mappings(data.get(part)):
            name = output_name(part, str(item.get("name") or ""))
            if name and name not in wanted:
                wanted[name] = {
                    "label": label,
                    "required": bool(item.get("required", False)),
                    "value_selector": [],
                    "value_type": "string" if part == "headers" else str(item.get("type") or "string"),
                    "variable": name,
                }
    present = _mappings(data.get("variables"))
    names = [str(item.get("variable") or "") for item in present]
    kept = []
    for name, item in zip(names, present, strict=True):
        if name == RAW:
            wanted.pop(name, None)
            kept.append(dict(item))
        elif name in wanted:
            fresh = wanted.pop(name)
            kept.append({**item, **fresh, "value_selector": item.get("value_selector", [])})
    if RAW in wanted:
        return [wanted.pop(RAW), *kept, *wanted.values()]
    return [*kept, *wanted.values()]


def rename_value(workflow: Workflow, node_id: str, part: str, index: int, new: str) -> Edit:
    """Another name for a value of a table; what reads its output follows, and so does its entry of the list."""
    data = workflow.graph.node(node_id).data
    items = [dict(item) for item in _mappings(data.get(part))]
    old, after = output_name(part, str(items[index].get("name") or "")), output_name(part, new)
    items[index]["name"] = new
    listed = [
        {**item, "variable": after} if old and item.get("variable") == old else item
        for item in _mappings(data.get("variables"))
    ]
    tables = {**data, part: items, "variables": listed}
    edits: list[Edit] = [
        SetField(node_id, (part,), items),
        SetField(node_id, ("variables",), mirror(tables)),
    ]
    if old and old != after:
        edits.append(rename_variable(workflow, node_id, old, after))
    return Group("", tuple(edits))


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [item for item in value if isinstance(item, Mapping)]
