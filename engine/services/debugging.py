"""What the window asks about debugging without running anything: whether a condition can be read, and what a run that
goes on from an earlier one would take over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.model.graph import Graph
    from engine.model.workflow import Workflow
    from engine.run.request import RunPlan


def condition_problem(text: str) -> str:
    """Why the condition of a breakpoint cannot be read; empty when it can."""
    from engine.run.debug_condition import ConditionProblem, condition

    try:
        condition(text)
    except ConditionProblem as problem:
        return str(problem)
    return ""


CONTAINER_STARTS = ("iteration-start", "loop-start")
"""Nobody counts them as steps."""


@dataclass(frozen=True)
class PlanPreview:
    """`reused` nodes are taken over, `again` nodes run if the run comes to them; others are not reached by either.

    `read` holds the outputs of reused nodes that a node which runs again reads: node id -> name -> value.
    """

    reused: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    read: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def preview_of(workflow: Workflow, plan: RunPlan) -> PlanPreview:
    """What a plan means for the nodes of a workflow. A node in a container counts as reused when every round that the
    plan knows of takes it over."""
    graph = workflow.graph
    root = set(plan.reuse.get("root", {}))
    reused = {i for i in root if i in graph.nodes}
    for container in [i for i in reused if graph.nodes[i].is_container]:
        reused.update(n.id for n in graph.descendants(container))
    rounds: dict[str, list[Mapping[str, Any]]] = {}
    for path, nodes in plan.reuse.items():
        if path != "root":
            rounds.setdefault(path.rsplit("/", 1)[1].split("[")[0], []).append(nodes)
    for node in graph.nodes.values():
        known = rounds.get(node.parent or "")
        if known and all(node.id in nodes for nodes in known):
            reused.add(node.id)
    starts = set(plan.rerun) | {n.id for n in graph.nodes.values() if n.parent is None and not graph.in_edges(n.id)}
    again = {i for i in _behind(graph, starts - reused) if i in graph.nodes} - reused
    again -= {i for i in again if graph.nodes[i].is_note}
    for container in [i for i in again if graph.nodes[i].is_container]:
        again.update(n.id for n in graph.descendants(container) if n.id not in reused)
    starting = {n.id for n in graph.nodes.values() if n.type in CONTAINER_STARTS}
    return PlanPreview(frozenset(reused - starting), frozenset(again - starting), _read(graph, plan, root, again))


def _behind(graph: Graph, starts: Iterable[str]) -> set[str]:
    found, stack = set(starts), list(starts)
    while stack:
        node_id = stack.pop()
        if node_id not in graph.nodes:
            continue
        for edge in graph.out_edges(node_id):
            if edge.target not in found:
                found.add(edge.target)
                stack.append(edge.target)
    return found


def _read(graph: Graph, plan: RunPlan, root: set[str], again: set[str]) -> dict[str, dict[str, Any]]:
    from engine.model.refs import references

    values: dict[str, dict[str, Any]] = {}
    for node_id in [i for i in graph.nodes if i in again]:
        for reference in references(graph.nodes[node_id]):
            source, *rest = reference.selector
            outputs = plan.reuse["root"][source].outputs if source in root else {}
            if rest and rest[0] in outputs:
                values.setdefault(source, {})[rest[0]] = outputs[rest[0]]
    return values
