"""Two states of a workflow in one graph: what is there now, and what was removed at the place where it stood."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.model.diff import WorkflowDiff
from engine.model.graph import Edge, Graph, Node
from engine.model.workflow import Workflow

CARD: Final = (244.0, 120.0)
"""Width and height of a card, about; what was removed steps aside where something stands now."""
STEP: Final = 24.0


def _overlap(one: Node, other: Node) -> bool:
    return (
        abs(one.x - other.x) < max(CARD[0], float((one if one.x < other.x else other).width or 0))
        and abs(one.y - other.y) < max(CARD[1], float((one if one.y < other.y else other).height or 0))
        and one.parent == other.parent
    )


def _aside(node: Node, others: list[Node]) -> Node:
    """The node, moved down until it covers none of the others."""
    while (found := next((o for o in others if _overlap(node, o)), None)) is not None:
        node = replace(node, y=found.y + max(CARD[1], float(found.height or 0)) + STEP)
    return node


def overlaid(before: Workflow, after: Workflow, found: WorkflowDiff) -> Workflow:
    """`after`, with the nodes and connections of `before` that are gone. A picture to look at, not a graph to run."""
    graph = after.graph
    nodes = dict(graph.nodes)
    for node_id in found.removed:
        gone = before.graph.nodes[node_id]
        if gone.parent not in nodes and gone.parent not in found.removed:
            gone = replace(gone, parent=None)
        nodes[node_id] = _aside(gone, list(nodes.values()))
    edges = dict(graph.edges)
    for edge_id in found.edges_removed:
        edge = before.graph.edges[edge_id]
        if edge.source in nodes and edge.target in nodes and not _same_way(edge, edges):
            edges[edge_id] = edge
    return after.with_graph(Graph(nodes, edges, graph.viewport))


def _same_way(edge: Edge, edges: dict[str, Edge]) -> bool:
    """Whether a connection between the same sockets is there already, under another id."""
    way = (edge.source, edge.source_handle, edge.target)
    return any((e.source, e.source_handle, e.target) == way for e in edges.values())
