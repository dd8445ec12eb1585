"""A workflow that was made from words put into one that is open: in its place, or beside what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.containers import TRIGGER_TYPES, may_connect
from engine.model.factory import new_edge, unique_title
from engine.model.graph import Graph, Node
from engine.model.selectors import Selector, changed_data
from engine.model.workflow import Variable, Workflow

GAP = 120.0
"""Room between what is there and what comes."""


def in_place(present: Workflow, made: Workflow) -> Workflow:
    """The present workflow with the other's graph; name, features and variables stay, further ones come."""
    variables = _variables(present.conversation_variables, made.conversation_variables)
    return replace(present, graph=made.graph.with_viewport(present.graph.viewport), conversation_variables=variables)


def beside(present: Workflow, made: Workflow, heights: Mapping[str, float] | None = None) -> Workflow:
    """The present workflow with the other's nodes below its own. There is one start: inputs that it does not ask for
    yet come to it, and what followed the other's start follows it. Beside triggers nothing starts the new nodes."""
    graph = present.graph
    start = next((n for n in graph.nodes.values() if n.type == "start"), None)
    own = next((n for n in made.graph.nodes.values() if n.type == "start"), None)
    triggered = any(n.type in TRIGGER_TYPES for n in graph.nodes.values())
    drop = own if own is not None and (start is not None or triggered) else None
    if start is not None and own is not None:
        start = replace(start, data={**start.data, "variables": _inputs(start, own)})
        graph = graph.with_nodes([start])
    low = _below(graph, heights or {})
    for node in made.graph.nodes.values():
        if drop is not None and node.id == drop.id:
            continue
        graph = graph.with_nodes([_coming(graph, node, drop, start, low)])
    for edge in made.graph.edges.values():
        if drop is None or drop.id not in (edge.source, edge.target):
            graph = graph.with_edge(edge)
        elif start is not None and edge.source == drop.id and not may_connect(graph, start.id, "source", edge.target):
            graph = graph.with_edge(new_edge(start, "source", graph.nodes[edge.target], graph))
    variables = _variables(present.conversation_variables, made.conversation_variables)
    return replace(present, graph=graph, conversation_variables=variables)


def _coming(graph: Graph, node: Node, drop: Node | None, start: Node | None, low: float) -> Node:
    def change(selector: Selector) -> Selector:
        is_start = drop is not None and start is not None and selector[0] == drop.id
        return (start.id, *selector[1:]) if is_start and start is not None else selector

    data = changed_data(node, change)
    if node.title:
        data["title"] = unique_title(graph, node.title)
    return replace(node, data=data, y=node.y + (low if node.parent is None else 0.0))


def _inputs(start: Node, own: Node) -> list[object]:
    there = start.data.get("variables")
    there = list(there) if isinstance(there, list) else []
    names = {v.get("variable") for v in there if isinstance(v, Mapping)}
    return [*there, *(v for v in own.data.get("variables") or [] if v.get("variable") not in names)]


def _below(graph: Graph, heights: Mapping[str, float]) -> float:
    """How far what comes has to move down, from where a new workflow begins."""
    tops = [n for n in graph.nodes.values() if n.parent is None]
    return max((n.y + heights.get(n.id, n.height or 100.0) for n in tops), default=-GAP) + GAP


def _variables(there: tuple[Variable, ...], come: tuple[Variable, ...]) -> tuple[Variable, ...]:
    names = {v.name for v in there}
    return (*there, *(v for v in come if v.name not in names))
