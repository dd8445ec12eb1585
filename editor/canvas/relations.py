"""Which nodes a node reads from and which read it, for the view of relations while Shift is held."""

from __future__ import annotations

from engine.model.graph import Graph
from engine.model.refs import references


def related_nodes(graph: Graph, node_id: str) -> list[str]:
    """Nodes that `node_id` reads from, then nodes that read it, each once."""
    found: dict[str, None] = {}
    if node_id in graph.nodes:
        for reference in references(graph.nodes[node_id]):
            if reference.selector and reference.selector[0] in graph.nodes and reference.selector[0] != node_id:
                found[reference.selector[0]] = None
    for other in graph.nodes.values():
        if other.id != node_id and any(r.selector and r.selector[0] == node_id for r in references(other)):
            found[other.id] = None
    return list(found)
