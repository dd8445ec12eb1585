"""The older variable assigner made one of the present kind (nodes-logic spec 7.4). Only on request: the older one
checks no types, so that the change can make a run fail that did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model.edits import Edit, Group, SetField
from engine.model.workflow import Workflow

OPERATIONS = frozenset({"over-write", "append", "clear"})


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is written: one item that does what the older node does. Its older settings stay beside it."""
    mode = data.get("write_mode")
    source = data.get("input_variable_selector")
    item = {
        "input_type": "variable",
        "operation": mode if mode in OPERATIONS else "over-write",
        "value": list(source) if isinstance(source, list | tuple) else [],
        "variable_selector": list(data.get("assigned_variable_selector") or []),
    }
    return {"version": "2", "items": [item]}


def upgrade(workflow: Workflow, node_id: str) -> Edit:
    """The edit of one node."""
    values = upgraded(workflow.graph.node(node_id).data)
    return Group("", tuple(SetField(node_id, (key,), value) for key, value in values.items()))
