"""Edits of the form that a person fills: its buttons with the edges that leave by them, its fields with their places in
the text (nodes-logic spec 12.3, 12.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.model.edits import Edit, Group, ReconnectEdge, RemoveEdge, SetField
from engine.model.graph import Node
from engine.model.refs import rename_variable
from engine.model.workflow import Workflow

MAX_ACTION_ID = 20
MAX_ACTION_TITLE = 100
_ACTION_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_action_id(text: str) -> bool:
    """Whether a text can be the id of a button."""
    return len(text) <= MAX_ACTION_ID and _ACTION_ID.fullmatch(text) is not None


def _entries(node: Node, key: str) -> list[dict[str, Any]]:
    value = node.data.get(key)
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def rename_action(workflow: Workflow, node_id: str, index: int, new: str) -> Edit:
    """Another id for a button; the edges that leave by it stay connected."""
    actions = _entries(workflow.graph.node(node_id), "user_actions")
    old = actions[index].get("id")
    actions[index]["id"] = new
    moved = [
        ReconnectEdge(edge.id, node_id, new, edge.target, edge.target_handle, dict(edge.data))
        for edge in workflow.graph.out_edges(node_id)
        if edge.source_handle == old
    ]
    return Group("", (SetField(node_id, ("user_actions",), actions), *moved))


def remove_action(workflow: Workflow, node_id: str, index: int) -> Edit:
    """A button goes, and so do the edges that leave by it."""
    actions = _entries(workflow.graph.node(node_id), "user_actions")
    gone = actions.pop(index).get("id")
    edges = [RemoveEdge(edge.id) for edge in workflow.graph.out_edges(node_id) if edge.source_handle == gone]
    return Group("", (SetField(node_id, ("user_actions",), actions), *edges))


def place_of(field: str) -> str:
    """How the text of the form says where a field stands."""
    return f"{{{{#$output.{field}#}}}}"


def rename_field(workflow: Workflow, node_id: str, index: int, new: str) -> Edit:
    """Another name for a field; its place in the text and everything that reads it follow."""
    node = workflow.graph.node(node_id)
    fields = _entries(node, "inputs")
    old = str(fields[index].get("output_variable_name") or "")
    fields[index]["output_variable_name"] = new
    edits: list[Edit] = [SetField(node_id, ("inputs",), fields)]
    text = node.data.get("form_content")
    if old and isinstance(text, str) and place_of(old) in text:
        edits.append(SetField(node_id, ("form_content",), text.replace(place_of(old), place_of(new))))
    if old:
        edits.append(rename_variable(workflow, node_id, old, new))
    return Group("", tuple(edits))
