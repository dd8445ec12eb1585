"""Reading the edges: what is half drawn goes, what is missing is filled in, each kind with one notice (dsl 7.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from engine.dsl.report import Report
from engine.model.graph import Edge, Node

SHOWN = 5
"""How many lost connections are named."""
_WORDS = {
    "import.edges_lost": "{n} connection(s) named nodes that are not in the file and were left out.",
    "import.edges_renamed": "{n} connection(s) had an id twice and got another.",
    "import.edges_temporary": "{n} temporary connection(s) of the editor were left out.",
    "upgrade.edge_ids": "{n} connection(s) had no id and got one.",
    "upgrade.edge_fields": "{n} connection(s) lacked sockets or types, which were filled in.",
    "repair.edge_types": "{n} connection(s) named outdated node types, which were put right.",
    "repair.handles": "{n} connection(s) used an older name of the success socket.",
}


def read_edges(block: list[Any], nodes: Mapping[str, Node], report: Report) -> dict[str, Edge]:
    """The edges of the file by id, in file order."""
    edges: dict[str, Edge] = {}
    seen: Counter[str] = Counter()
    lost: list[str] = []
    for entry in block:
        if not isinstance(entry, dict):
            seen["import.edges_lost"] += 1
            continue
        data = entry.get("data")
        if isinstance(data, dict) and data.get("_isTemp"):
            seen["import.edges_temporary"] += 1
            continue
        source, target = text_id(entry.get("source")), text_id(entry.get("target"))
        if not all(end in nodes and not nodes[end].is_note for end in (source, target)):
            seen["import.edges_lost"] += 1
            lost.append(f"{_name(source, nodes)} → {_name(target, nodes)}")
            continue
        edge = _edge(entry, nodes[source], nodes[target], edges, seen)
        edges[edge.id] = edge
    for code, words in _WORDS.items():
        if seen[code]:
            said = words.format(n=seen[code])
            if code == "import.edges_lost" and lost:
                more = ", ..." if len(lost) > SHOWN else ""
                said = f"{said.removesuffix('.')}: {', '.join(lost[:SHOWN])}{more}."
            report.notice(code, said, count=seen[code])
    return edges


def _name(node_id: str, nodes: Mapping[str, Node]) -> str:
    known = nodes.get(node_id)
    return f"{known.title} ({node_id})" if known is not None and known.title else node_id or "nothing"


def _edge(entry: Mapping[str, Any], source: Node, target: Node, edges: Mapping[str, Edge], seen: Counter[str]) -> Edge:
    handle = text_id(entry.get("sourceHandle")) or "source"
    if handle == "success-branch" or (handle == "loop" and source.is_container):
        handle = "source"
        seen["repair.handles"] += 1
    elif handle == "__timeout__" and source.type == "human-input":
        handle = "__timeout"
        seen["repair.handles"] += 1
    target_handle = text_id(entry.get("targetHandle")) or "target"
    edge_id = text_id(entry.get("id"))
    if not edge_id:
        edge_id = f"{source.id}-{handle}-{target.id}-{target_handle}"
        seen["upgrade.edge_ids"] += 1
    if edge_id in edges:
        edge_id = next(f"{edge_id}-{n}" for n in range(2, len(edges) + 3) if f"{edge_id}-{n}" not in edges)
        seen["import.edges_renamed"] += 1
    data = entry.get("data")
    data = dict(data) if isinstance(data, dict) else {}
    types = {"sourceType": source.type, "targetType": target.type}
    filled = ("sourceHandle", "targetHandle", "type", "data")
    if any(not entry.get(key) for key in filled) or any(key not in data for key in types):
        seen["upgrade.edge_fields"] += 1
    elif any(data[key] != kind for key, kind in types.items()):
        seen["repair.edge_types"] += 1
    config = {
        **entry,
        "type": entry.get("type") or "custom",
        "id": edge_id,
        "source": source.id,
        "target": target.id,
        "sourceHandle": handle,
        "targetHandle": target_handle,
        "data": {**data, **types},
    }
    return Edge.from_config(config)


def text_id(value: Any) -> str:
    """An id or a handle as text: numbers and truth values that YAML made of unquoted words are words again."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""
