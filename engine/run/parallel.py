"""Which nodes stand in parallel branches, worked out from the graph alone (engine spec 10.6, DEC-19). Display only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from engine.run.graph import declared_parents, edge_configs, node_configs

END: Final = ""


def parallel_ids(graph: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Node id to `parallel_id`, `parallel_start_node_id` and, in nested groups, the same of the parent group.

    A node that forks two or more edges of one handle opens a group; it ends where all its branches meet.
    """
    edges = edge_configs(graph)
    if len({(edge[2], edge[4]) for edge in edges}) == len(edges):
        return {}  # nothing forks
    nodes = {str(node["id"]): node for node in node_configs(graph)}
    homes = {node_id: _home(node, nodes) for node_id, node in nodes.items()}
    after: dict[str, list[tuple[str, str]]] = {node_id: [] for node_id in nodes}
    for _, _, source, target, handle in edges:
        home = homes.get(source)
        if home is not None and home == homes.get(target):
            after[source].append((handle, target))
    order = _topological(after)
    meets = _Meetings(after, order)
    found: dict[str, dict[str, str]] = {}
    for node_id in order:
        if len(after[node_id]) < 2:
            continue
        heads_of: dict[str, list[str]] = {}
        for handle, target in after[node_id]:
            heads_of.setdefault(handle, []).append(target)
        for handle, heads in heads_of.items():
            heads = list(dict.fromkeys(heads))
            if len(heads) > 1:
                _mark(node_id, handle, heads, meets.of(heads), after, found)
    return found


def _home(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """The container that a node stands in; this is asked for every node of a run, most of which name none."""
    data = node.get("data") or {}
    if "parentId" not in node and "iteration_id" not in data and "loop_id" not in data:
        return ""
    return next(iter(declared_parents(node, nodes)), "")


def _mark(
    fork: str,
    handle: str,
    heads: list[str],
    join: str,
    after: Mapping[str, list[tuple[str, str]]],
    found: dict[str, dict[str, str]],
) -> None:
    group = hashlib.sha256(f"{fork}\0{handle}".encode()).hexdigest()[:32]
    outer = found.get(fork, {})
    marked: set[str] = set()
    for head in heads:
        stack = [head]
        while stack:
            node_id = stack.pop()
            if node_id == join or node_id in marked:
                continue
            marked.add(node_id)
            entry = {"parallel_id": group, "parallel_start_node_id": head}
            if outer:
                entry["parent_parallel_id"] = outer["parallel_id"]
                entry["parent_parallel_start_node_id"] = outer["parallel_start_node_id"]
            found[node_id] = entry
            stack.extend(target for _, target in after[node_id])


def _topological(after: Mapping[str, list[tuple[str, str]]]) -> list[str]:
    """Nodes before their successors; what lies on or behind a cycle is left out."""
    counts = dict.fromkeys(after, 0)
    for edges in after.values():
        for _, target in edges:
            counts[target] += 1
    ready = [node_id for node_id, count in counts.items() if not count]
    order = []
    while ready:
        node_id = ready.pop()
        order.append(node_id)
        for _, target in after[node_id]:
            counts[target] -= 1
            if not counts[target]:
                ready.append(target)
    return order


class _Meetings:
    """Where paths meet for good: a tree of each node's nearest unavoidable successor (its post-dominator)."""

    def __init__(self, after: Mapping[str, list[tuple[str, str]]], order: list[str]) -> None:
        self._next: dict[str, str] = {}
        self._depth: dict[str, int] = {END: 0}
        known = after if len(order) == len(after) else set(order)
        following, depth = self._next, self._depth
        for node_id in reversed(order):
            edges = after[node_id]
            if len(edges) == 1 and edges[0][1] in known:
                meeting = edges[0][1]
            else:
                meeting = self.of([target for _, target in edges if target in known])
            following[node_id] = meeting
            depth[node_id] = depth[meeting] + 1

    def of(self, heads: list[str]) -> str:
        """The first node that every path from each head meets; END when there is none."""
        following, depth = self._next, self._depth
        heads = [head for head in heads if head in depth]
        if not heads:
            return END
        found = heads[0]
        for other in heads[1:]:
            while found != other:
                if depth[found] >= depth[other]:
                    found = following[found]
                else:
                    other = following[other]
        return found
