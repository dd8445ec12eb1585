"""The check before a run (engine spec 1.6): traps of a graph, each with its level.

E refuses the run, E* warns loudly (the run may go on and does what the specification says), W is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.errors import NodePlace
from engine.model.ancestry import marks_before
from engine.run.graph import (
    CONTAINER_TYPES,
    START_TYPES,
    CompiledGraph,
    CompiledNode,
    GraphError,
    compile_graph,
    declared_parents,
)
from engine.run.request import NodeClass
from engine.run.variables.pool import RESERVED_PREFIXES
from engine.run.variables.templates import VariableSegment

Level = Literal["E", "E*", "W"]
REFERABLE: Final = re.compile(r"[a-zA-Z0-9_]{1,50}")
"""Ids that references in texts can name (engine spec 6.4)."""
MARKS_AT_ONCE: Final = 4096
"""How many of the ids that nodes read are looked for in one pass over the graph."""
TRIGGERS: Final = tuple(name for name in START_TYPES if name.startswith("trigger-"))


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `level` is E, E* or W."""

    code: str
    level: Level
    message: str
    node_id: str = ""
    edge_id: str = ""


def lint(config: Mapping[str, Any], node_class: NodeClass, root_node_id: str | None = None) -> list[Issue]:
    """Every issue of a graph config, errors of its shape included, in a stable order. Never raises for bad graphs."""
    try:
        graph = compile_graph(config, node_class, root_node_id=root_node_id)
        issues = _shape(config, graph.configs)
    except GraphError as problem:
        listed = problem.details.get("issues") or [[problem.code, problem.message]]
        where = problem.where.node_id if isinstance(problem.where, NodePlace) else ""
        return [Issue(code, "E", message, where) for code, message in listed]
    return [*issues, *_errors(graph, {}), *_warnings(graph)]


def refuse_errors(config: Mapping[str, Any], graph: CompiledGraph, stand_ins: Mapping[str, Any]) -> None:
    """Raise GraphError when the graph has issues of level E."""
    issues = [i for i in (*_shape(config, graph.configs), *_errors(graph, stand_ins)) if i.level == "E"]
    if issues:
        raise GraphError(
            "; ".join(f"[{i.code}] {i.message}" for i in issues),
            code=issues[0].code,
            where=NodePlace(issues[0].node_id) if issues[0].node_id else None,
            details={"issues": [[i.code, i.message] for i in issues]},
        )


def _shape(config: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> list[Issue]:
    twice = _twice(str(node["id"]) for node in nodes)
    issues = [Issue("DUPLICATE_NODE_ID", "E", f"Two nodes have the id {node_id}.", node_id) for node_id in twice]
    ids = (e["id"] for e in config["edges"] if isinstance(e, Mapping) and isinstance(e.get("id"), str))
    issues += [Issue("DUPLICATE_EDGE_ID", "E", f"Two edges have the id {i}.", edge_id=i) for i in _twice(ids)]
    kinds = {(node.get("data") or {}).get("type") for node in nodes}
    if "start" in kinds and kinds & set(TRIGGERS):
        message = "Start node and trigger nodes cannot coexist in the same workflow"
        issues.append(Issue("START_WITH_TRIGGER", "E", message))
    return issues


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    found = []
    for name in names:
        if name in seen and name not in found:
            found.append(name)
        seen.add(name)
    return found


def _errors(graph: CompiledGraph, stand_ins: Mapping[str, Any]) -> list[Issue]:
    """Level E issues that need the compiled graph; what the run cannot reach is left alone."""
    issues: list[Issue] = []
    reached = _reached(graph)
    for node in graph.nodes.values():
        if node.id not in reached or node.id in stand_ins:
            continue
        if node.cls is None:
            message = f"The node {_name(node)} is of the unknown type {node.type!r}."
            issues.append(Issue("UNKNOWN_NODE_TYPE", "E", message, node.id))
        if node.is_container and node.id not in graph.scopes:
            message = f"The container {_name(node)} has no start node inside."
            issues.append(Issue("CONTAINER_START", "E", message, node.id))
    return [*issues, *_cross_scope(graph)]


def _cross_scope(graph: CompiledGraph) -> list[Issue]:
    if not graph.scopes:
        return []
    configs = {str(node["id"]): node for node in graph.configs}
    config_ids = {edge.id: edge.config_id for edge in graph.edges}
    issues = []
    for edge_id, _, source, target, _ in graph.edge_list:
        tail, head = graph.nodes[source], graph.nodes[target]
        declared = {node_id: set(declared_parents(configs[node_id], graph.nodes)) for node_id in (source, target)}
        inside = tail.scope is head.scope
        home = head.scope.container.id if head.scope is not None and head.scope.container is not None else ""
        # An undeclared node that a mistaken edge pulled into a container still stands outside of it for the file.
        strays = inside and home and declared[source] and not declared[target]
        foreign = inside and not home and (declared[source] != declared[target]) and _names_container(declared, graph)
        if not inside or strays or foreign:
            message = f"The edge from {_name(tail)} to {_name(head)} crosses the border of a container."
            issues.append(Issue("CROSS_SCOPE_EDGE", "E", message, source, config_ids.get(edge_id, "")))
    return issues


def _names_container(declared: Mapping[str, set[str]], graph: CompiledGraph) -> bool:
    return any(graph.nodes[name].is_container for names in declared.values() for name in names)


def _reached(graph: CompiledGraph) -> set[str]:
    """Nodes that some run could start: from any root, and from the start of every container that is reached."""
    found: set[str] = set()
    stack = [graph.root, *(n for n in graph.root_scope.nodes if n.is_root)]
    while stack:
        node = stack.pop()
        if node.id in found:
            continue
        found.add(node.id)
        stack.extend(edge.head for edge in node.out_edges)
        if node.id in graph.scopes:
            stack.append(graph.scopes[node.id].root)
    return found


def _name(node: CompiledNode) -> str:
    return f"'{node.title}' ({node.id})" if node.title else node.id


def _warnings(graph: CompiledGraph) -> list[Issue]:
    reached = _reached(graph)
    issues: list[Issue] = []
    for node in graph.nodes.values():
        if node.id not in reached:
            message = f"The node {_name(node)} is never reached."
            issues.append(Issue("UNREACHABLE_NODE", "W", message, node.id))
            continue
        lost = [e.tail for e in node.in_edges if e.tail.id not in reached]
        if lost:
            message = f"The node {_name(node)} waits for {_name(lost[0])}, which is never reached: it would not run."
            issues.append(Issue("UNREACHABLE_PREDECESSOR", "E*", message, node.id))
        issues += _node_warnings(node)
    for scope in (graph.root_scope, *graph.scopes.values()):
        issues += [
            Issue("CYCLE", "E*", f"The node {_name(node)} is part of a cycle.", node.id)
            for node in _cyclic(scope.nodes)
            if node.id in reached
        ]
    if not any(node.is_response for node in graph.nodes.values() if node.id in reached):
        issues.append(Issue("NO_RESPONSE_NODE", "W", "No end or answer node is reached: the run has no outputs."))
    return [*issues, *_unreadable_ids(graph, reached), *_references(graph, reached)]


def _unreadable_ids(graph: CompiledGraph, reached: set[str]) -> list[Issue]:
    """Nodes that texts mean to reference and cannot, because of their ids: such a reference stays as it is written."""
    odd = [node for node in graph.nodes.values() if node.id in reached and not REFERABLE.fullmatch(node.id)]
    if not odd:
        return []
    said = json.dumps([config.get("data") for config in graph.configs], ensure_ascii=False, default=str)
    return [
        Issue(
            "UNREADABLE_ID",
            "W",
            f"Texts cannot reference the node {_name(node)}: only ids of at most 50 letters, digits and _ can be read.",
            node.id,
        )
        for node in odd
        if f"{{{{#{node.id}." in said
    ]


def _node_warnings(node: CompiledNode) -> list[Issue]:
    issues = []
    if node.strategy == "default-value" and node.native_branch:
        message = f"The branching node {_name(node)} cannot have default values."
        issues.append(Issue("DEFAULT_VALUE_ON_BRANCH", "E*", message, node.id))
    handles = {edge.handle for edge in node.out_edges}
    if node.strategy == "fail-branch" and "fail-branch" not in handles:
        message = f"The fail branch of {_name(node)} leads nowhere."
        issues.append(Issue("FAIL_BRANCH_WITHOUT_EDGE", "W", message, node.id))
    wanted = _branch_handles(node)
    for handle in wanted:
        if handle not in handles:
            message = f"The branch {handle!r} of {_name(node)} leads nowhere."
            issues.append(Issue("BRANCH_WITHOUT_EDGE", "W", message, node.id))
    return issues


def _branch_handles(node: CompiledNode) -> list[str]:
    """The handles that a branching node's settings declare."""
    data = node.data
    if node.type == "if-else":
        return [str(c.get("case_id")) for c in data.get("cases") or () if isinstance(c, Mapping)] + ["false"]
    if node.type == "question-classifier":
        return [str(c.get("id")) for c in data.get("classes") or () if isinstance(c, Mapping)]
    if node.type == "human-input":
        return [str(a.get("id")) for a in data.get("user_actions") or () if isinstance(a, Mapping)]
    return []


def _cyclic(nodes: list[CompiledNode]) -> list[CompiledNode]:
    """Nodes that lie on a cycle of one scope: what cannot be peeled off from either end."""
    left = {node.id: node for node in nodes}
    for sources, targets in (("in_edges", "out_edges"), ("out_edges", "in_edges")):
        end = "head" if targets == "out_edges" else "tail"
        start = "tail" if end == "head" else "head"
        counts = {
            node_id: sum(1 for e in getattr(node, sources) if getattr(e, start).id in left)
            for node_id, node in left.items()
        }
        stack = [node for node_id, node in left.items() if not counts[node_id]]
        while stack:
            node = stack.pop()
            if left.pop(node.id, None) is None:
                continue
            for edge in getattr(node, targets):
                other = getattr(edge, end)
                if other.id in left:
                    counts[other.id] -= 1
                    if not counts[other.id]:
                        stack.append(other)
    return list(left.values())


def _references(graph: CompiledGraph, reached: set[str]) -> list[Issue]:
    """What nodes read and nothing gives them: the first such selector of each node."""
    read: dict[str, list[tuple[str, ...]]] = {}
    for node in graph.nodes.values():
        if node.id in reached and node.cls is not None:
            selectors = [s for s in _selectors(node) if s and s[0] not in RESERVED_PREFIXES]
            if selectors:
                read[node.id] = selectors
    given = _given(graph, {node_id: {s[0] for s in selectors} for node_id, selectors in read.items()})
    issues = []
    for node_id, selectors in read.items():
        lost = next((s for s in selectors if s[0] not in given[node_id]), None)
        if lost is not None:
            message = f"The node {_name(graph.nodes[node_id])} reads {'.'.join(lost)}, which no node before it gives."
            issues.append(Issue("UNRESOLVED_REFERENCE", "W", message, node_id))
    return issues


def _selectors(node: CompiledNode) -> list[tuple[str, ...]]:
    try:
        found = [tuple(s) for s in node.behaviour.variable_mapping().values()]
        found += [p.selector for p in node.behaviour.response_template() if isinstance(p, VariableSegment)]
    except Exception:  # noqa: BLE001 - a configuration that cannot be read is reported by the node's own check
        return []
    return found


def _given(graph: CompiledGraph, wanted: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Of the ids that each node wants, those that it can see: itself, what stands before it in its own scope and around
    the containers it stands in, and what is inside of the containers among these."""
    before = {node.id: _before(node) for node in graph.nodes.values()}
    found: dict[str, set[str]] = {node_id: set() for node_id in wanted}
    names = list(dict.fromkeys(name for names in wanted.values() for name in names))
    # In parts, so that a large graph does not take the square of its size in memory.
    for first in range(0, len(names), MARKS_AT_ONCE):
        bits = {name: 1 << i for i, name in enumerate(names[first : first + MARKS_AT_ONCE])}
        marks = {node.id: _gives(graph, node, bits) for node in graph.nodes.values()}
        met = marks_before(before, marks)
        for node_id, wants in wanted.items():
            seen = met[node_id] | marks[node_id]
            found[node_id].update(name for name in wants if seen & bits.get(name, 0))
    return found


def _before(node: CompiledNode) -> list[str]:
    ids = [edge.tail.id for edge in node.in_edges]
    if node.scope is not None and node.scope.container is not None:
        ids.append(node.scope.container.id)
    return ids


def _gives(graph: CompiledGraph, node: CompiledNode, bits: Mapping[str, int]) -> int:
    """The bits of a node, and of what is inside when it is a container."""
    found = bits.get(node.id, 0)
    if node.type in CONTAINER_TYPES and node.id in graph.scopes:
        for inner in graph.scopes[node.id].nodes:
            found |= bits.get(inner.id, 0)
    return found
