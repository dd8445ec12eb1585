"""What opening a graph normalises: older shapes become today's, in memory, each with a notice (dsl spec, section 3.5).

Provider names, retry of old HTTP nodes and tool versions are left as the file has them: the engine reads both forms
(nodes-ai spec 1.2 and AI-07, nodes-logic spec 1.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.containers import START_TYPES, cycle_edges, start_node
from engine.model.graph import Edge, Graph, Node
from engine.model.problems import Notice

CONTAINER_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "iteration": {"is_parallel": False, "parallel_nums": 10, "error_handle_mode": "terminated"},
    "loop": {"error_handle_mode": "terminated"},
}

SWITCH = "structured_output_switch_on"

OLD_INPUTS: Mapping[str, str] = {
    "external_data_tool": "text-input",
    "contexts": "json",
    "iterator": "json",
    "loop": "json",
}


def upgrade(graph: Graph, positions_missing: bool, notices: list[Notice]) -> Graph:
    """The graph in today's shape."""
    graph = _container_starts(graph, notices)
    if positions_missing:
        graph = _in_a_row(graph, notices)
    changed = []
    for node in graph.nodes.values():
        data = _upgraded(node, notices)
        if data is not node.data:
            changed.append(replace(node, data=data))
    graph = graph.with_nodes(changed) if changed else graph
    graph = _membership(graph, notices)
    return _without_cycles(graph, notices)


def _container_starts(graph: Graph, notices: list[Notice]) -> Graph:
    nodes = list(graph.nodes.items())
    edges = dict(graph.edges)
    changed = False
    for container in graph.nodes.values():
        if not container.is_container:
            continue
        start_id = container.data.get("start_node_id")
        present = graph.nodes.get(start_id) if isinstance(start_id, str) else None
        if present is not None and present.type == START_TYPES[container.type]:
            continue
        existing = next((c for c in graph.children(container.id) if c.type == START_TYPES[container.type]), None)
        changed = True
        if existing is not None:
            helper_id = existing.id
        else:
            helper_id = _free_id(f"{container.id}start", {k for k, _ in nodes})
            nodes.append((helper_id, start_node(container, helper_id)))
        data = {**container.data, "start_node_id": helper_id}
        nodes = [(k, replace(n, data=data) if k == container.id else n) for k, n in nodes]
        if present is not None and present.parent == container.id:
            edge = _edge(helper_id, START_TYPES[container.type], present, container)
            edges[edge.id] = edge
        title = container.title or container.id
        notices.append(Notice("upgrade.container_start", f"{title}: a start node was added inside.", container.id))
    return Graph(dict(nodes), edges, graph.viewport) if changed else graph


def _free_id(stem: str, taken: set[str]) -> str:
    return next(f"{stem}{n}" for n in range(len(taken) + 1) if f"{stem}{n}" not in taken)


def _edge(source: str, source_type: str, target: Node, container: Node) -> Edge:
    inside = container.type == "iteration"
    data: dict[str, Any] = {
        "isInIteration": inside,
        "isInLoop": not inside,
        "sourceType": source_type,
        "targetType": target.type,
    }
    data["iteration_id" if inside else "loop_id"] = container.id
    return Edge(
        f"{source}-source-{target.id}-target", source, target.id, data=data, extras={"type": "custom", "zIndex": 1002}
    )


def _in_a_row(graph: Graph, notices: list[Notice]) -> Graph:
    tops = [n for n in graph.nodes.values() if n.parent is None]
    placed = [node.moved(80 + 300 * index, 282) for index, node in enumerate(tops)]
    notices.append(Notice("upgrade.positions", "The nodes had no positions and were laid out in a row."))
    return graph.with_nodes(placed)


def _upgraded(node: Node, notices: list[Notice]) -> Mapping[str, Any]:
    data = node.data
    title = node.title or node.id
    if node.type == "if-else" and data.get("cases") is None and "conditions" in data:
        case = {
            "case_id": "true",
            "id": "true",
            "logical_operator": data.get("logical_operator") or "and",
            "conditions": data.get("conditions") or [],
        }
        notices.append(Notice("upgrade.cases", f"{title}: the conditions became one case.", node.id))
        kept = {k: v for k, v in data.items() if k not in ("conditions", "logical_operator")}
        return {**kept, "cases": [case]}
    if node.type == "start":
        return _inputs(node, notices)
    if node.type == "llm" and SWITCH in data:
        # The engine's own name of a switch that files call otherwise; said out loud, it wins (nodes-ai spec 5.1).
        on = data[SWITCH] if data[SWITCH] is not None else data.get("structured_output_enabled")
        notices.append(Notice("upgrade.switch", f"{title}: the switch of the structured output got its name.", node.id))
        return {**{k: v for k, v in data.items() if k != SWITCH}, "structured_output_enabled": bool(on)}
    if node.type == "tool" and "version" not in data and "tool_node_version" not in data:
        return _tool_settings(node, notices)
    missing = {k: v for k, v in CONTAINER_DEFAULTS.get(node.type, {}).items() if k not in data}
    if missing and not node.is_note:
        names = ", ".join(sorted(missing))
        notices.append(Notice("upgrade.container", f"{title}: the settings {names} got their defaults.", node.id))
        return {**data, **missing}
    return data


def _tool_settings(node: Node, notices: list[Notice]) -> Mapping[str, Any]:
    """Settings of tools were plain values once (nodes-ai spec 12.2). Those that are not set stay so (AI-05)."""
    stored = node.data.get("tool_configurations")
    settings = stored if isinstance(stored, Mapping) else {}
    wrapped = {
        name: value if value is None or isinstance(value, Mapping) else {"type": "constant", "value": value}
        for name, value in settings.items()
    }
    title = node.title or node.id
    notices.append(
        Notice("upgrade.tool_settings", f"{title}: the settings of the tool got their present form.", node.id)
    )
    return {**node.data, "tool_configurations": wrapped, "tool_node_version": "2"}


def _inputs(node: Node, notices: list[Notice]) -> Mapping[str, Any]:
    """Kinds of inputs that no run form knows are read as the nearest one that does (nodes-ai spec AI-16, AI-17)."""
    listed = node.data.get("variables")
    found, changed = [], False
    for entity in listed if isinstance(listed, list) else []:
        kind = entity.get("type") if isinstance(entity, Mapping) else None
        now = OLD_INPUTS.get(kind) if isinstance(kind, str) else None
        if now is None:
            found.append(entity)
            continue
        changed = True
        found.append({**entity, "type": now})
        name, title = entity.get("variable"), node.title or node.id
        words = f"{title}: the input {name} has the type {kind} of an older version; it is read as {now}."
        notices.append(Notice("upgrade.input", words, node.id))
    return {**node.data, "variables": found} if changed else node.data


def _membership(graph: Graph, notices: list[Notice]) -> Graph:
    """`parentId` decides who stands in a container; the flags in the data follow (dsl spec 7.2)."""
    changed = []
    for node in graph.nodes.values():
        container = graph.nodes.get(node.parent) if node.parent else None
        if container is None or not container.is_container or node.is_container_start or node.is_note:
            continue
        key = "iteration_id" if container.type == "iteration" else "loop_id"
        flag = "isInIteration" if container.type == "iteration" else "isInLoop"
        if node.data.get(key) != container.id or not node.data.get(flag):
            changed.append(replace(node, data={**node.data, flag: True, key: container.id}))
    if changed:
        words = "The marks of nodes inside containers were put right."
        notices.append(Notice("upgrade.membership", words, count=len(changed)))
    return graph.with_nodes(changed) if changed else graph


def _without_cycles(graph: Graph, notices: list[Notice]) -> Graph:
    closing = cycle_edges(graph)
    if not closing:
        return graph
    for edge_id in closing:
        edge = graph.edges[edge_id]
        names = [graph.nodes[n].title or n for n in (edge.source, edge.target)]
        words = (
            f"The connection from {names[0]} to {names[1]} closed a circle and was taken out; the file is untouched."
        )
        notices.append(Notice("upgrade.cycle", words, edge.source))
    return graph.without((), closing)
