"""The checklist: everything that should be right before a workflow is published, with a place for each problem.

Rules of the whole and of the graph (engine spec 1.6), of each node type (its description's `check`), of references
(nodes-logic spec 1.7, nodes-ai spec 16). Messages are English sentences; the editor translates what it shows.
Linear in nodes and edges: it runs after every pause in typing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.errors import FilePlace
from engine.model.containers import START_TYPES, TRIGGER_TYPES, cycle_edges, fits_in
from engine.model.edits import Edit, RemoveEdge, RemoveNode, SetField
from engine.model.graph import Edge, Graph, Node
from engine.model.problems import Problem, Sentence, Severity
from engine.model.refs import forget
from engine.model.scope import Ancestors, Dangling, dangling
from engine.model.types import FieldPath
from engine.model.workflow import Workflow
from engine.nodes import registry
from engine.nodes.settings import Fault, unreadable

ENTRY_TYPES = TRIGGER_TYPES | {"start", "datasource"}
PLACEHOLDERS = frozenset({"start-placeholder", "datasource-empty"})
DEEPEST = 50
"""Nodes one after the other on the longest path before a warning."""
MOST_WEBHOOKS = 5
PlaceOf = Callable[[str, FieldPath], FilePlace | None]


def check(workflow: Workflow, place_of: PlaceOf | None = None) -> list[Problem]:
    """All problems: those of the whole first, then by node in the order of the file. `place_of(node id, path)` gives
    line and column of a setting when the workflow came from a file."""
    if not workflow.has_graph:
        return []
    graph = workflow.graph
    reachable = _reachable(graph)
    by_node: dict[str, list[Problem]] = defaultdict(list)
    for problem in (*_edges(graph), *_names(graph)):
        by_node[problem.node_id or ""].append(problem)
    unresolved: dict[str, Problem] = {}
    for found in dangling(workflow, Ancestors(graph)):
        if found.reference.node_id not in unresolved:  # its cure goes through the whole node
            unresolved[found.reference.node_id] = _unresolved(workflow, found)
    problems = list(_whole(workflow, reachable))
    for node in graph.nodes.values():
        if node.is_note:
            continue
        problems += _node(workflow, node)
        problems += by_node.get(node.id, ())
        problems += _connections(graph, node, reachable)
        if node.id in unresolved:
            problems.append(unresolved[node.id])
    return [_placed(problem, place_of) for problem in problems] if place_of is not None else problems


def _placed(problem: Problem, place_of: PlaceOf) -> Problem:
    if problem.node_id is None:
        return problem
    steps = tuple(int(s) if s.isdigit() else s for s in problem.field.split(".")) if problem.field else ()
    place = place_of(problem.node_id, steps)
    return problem if place is None else replace(problem, line=place.line, column=place.column)


# -- the whole ---------------------------------------------------------------------------------------------------------


def _whole(workflow: Workflow, reachable: set[str]) -> Iterator[Problem]:
    graph = workflow.graph
    nodes = [n for n in graph.nodes.values() if not n.is_note]
    entries = [n for n in nodes if n.type in ENTRY_TYPES]
    if not entries and not any(n.type in PLACEHOLDERS for n in nodes):
        yield Problem("error", "NO_ROOT", "At least one start node must be added.")
    starts = [n for n in entries if n.type == "start"]
    triggers = [n for n in entries if n.type in TRIGGER_TYPES]
    if starts and triggers:
        message = "A start node and triggers cannot stand in one workflow."
        yield Problem("error", "START_WITH_TRIGGER", message, triggers[0].id)
    for extra in [n for n in triggers if n.type == "trigger-webhook"][MOST_WEBHOOKS:]:
        message = Sentence.of("A workflow can have {count} webhooks at most.", count=MOST_WEBHOOKS)
        yield Problem("error", "TOO_MANY_WEBHOOKS", message, extra.id)
    for extra in starts[1:]:
        fix = _fix("Delete this start node", RemoveNode(extra.id))
        yield Problem("error", "SEVERAL_STARTS", "There can be only one start node.", extra.id, fixes=(fix,))
    yield from _required(workflow.mode, nodes, reachable)
    if _depth(graph) > DEEPEST:
        message = Sentence.of("The longest path has more than {count} nodes.", count=DEEPEST)
        yield Problem("warning", "TOO_DEEP", message)


def _required(mode: str, nodes: list[Node], reachable: set[str]) -> Iterator[Problem]:
    """Types that an app of this kind cannot do without (nodes-ai spec 16)."""
    kinds = {n.type for n in nodes}
    if mode == "rag_pipeline":
        for kind in ("datasource", "knowledge-index"):
            spec = registry.spec(kind)
            if kind not in kinds and spec is not None:
                wanted = Sentence.of("A node of the type “{type}” must be added.", type=spec.title)
                yield Problem("error", "REQUIRED_NODE", wanted)
        return
    if mode == "advanced-chat" and "answer" not in kinds:
        yield Problem("error", "REQUIRED_NODE", "An answer node must be added.")
    elif not any(n.type in ("end", "answer") and n.id in reachable for n in nodes):
        message = "No output or answer node is ever reached: a run would give nothing back."
        yield Problem("warning", "NO_RESPONSE_NODE", message)


def _depth(graph: Graph) -> int:
    """Nodes on the longest path of one scope; edges that close a circle do not count."""
    skipped = set(cycle_edges(graph))
    waiting = dict.fromkeys(graph.nodes, 0)
    for edge in graph.edges.values():
        if edge.id not in skipped and edge.target in waiting:
            waiting[edge.target] += 1
    depth = {n: 1 for n, count in waiting.items() if not count}
    ready = list(depth)
    for node_id in ready:
        for edge in graph.out_edges(node_id):
            if edge.id in skipped or edge.target not in waiting:
                continue
            depth[edge.target] = max(depth.get(edge.target, 1), depth[node_id] + 1)
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                ready.append(edge.target)
    return max(depth.values(), default=0)


def _names(graph: Graph) -> Iterator[Problem]:
    """Outputs of the workflow with one name twice."""
    found: list[tuple[str, int, str]] = []
    for node in graph.nodes.values():
        outputs = node.data.get("outputs")
        if node.type == "end" and isinstance(outputs, list):
            for index, output in enumerate(outputs):
                name = str(output.get("variable") or "") if isinstance(output, Mapping) else ""
                if name:
                    found.append((node.id, index, name))
    counts = Counter(name for _, _, name in found)
    inside = Counter((node_id, name) for node_id, _, name in found)
    for node_id, index, name in found:
        if counts[name] > 1:
            message = Sentence.of(
                'Duplicate Output node variable "{name}". Output node variable names must be unique.', name=name
            )
            # Ends of branches that exclude each other may well share a name: the run is right.
            severity: Severity = "error" if inside[node_id, name] > 1 else "warning"
            yield Problem(severity, "DUPLICATE_OUTPUT", message, node_id, f"outputs.{index}.variable")


# -- edges -------------------------------------------------------------------------------------------------------------


def _reachable(graph: Graph) -> set[str]:
    """Nodes that some run reaches: from every entry, and inside a container that is reached from its start."""
    found: set[str] = set()
    stack = [n.id for n in graph.nodes.values() if n.type in ENTRY_TYPES | PLACEHOLDERS and not n.is_note]
    while stack:
        node_id = stack.pop()
        if node_id in found:
            continue
        found.add(node_id)
        stack.extend(edge.target for edge in graph.out_edges(node_id) if edge.target in graph.nodes)
        node = graph.nodes[node_id]
        start = node.data.get("start_node_id")
        if node.is_container and isinstance(start, str) and start in graph.nodes:
            stack.append(start)
    return found


def _edges(graph: Graph) -> Iterator[Problem]:
    for edge_id in cycle_edges(graph):
        edge = graph.edges[edge_id]
        yield _edge_problem("CYCLE", "This connection closes a circle.", edge)
    for edge in graph.edges.values():
        source, target = graph.nodes.get(edge.source), graph.nodes.get(edge.target)
        if source is None or target is None or source.is_note or target.is_note:
            yield _edge_problem("MISSING_NODE", "A connection leads to something that is not a node.", edge)
        elif source.parent != target.parent:
            yield _edge_problem("CROSS_SCOPE_EDGE", "A connection crosses the border of a container.", edge)


def _edge_problem(code: str, message: str, edge: Edge) -> Problem:
    return Problem("error", code, message, edge.source, fixes=(_fix("Remove the connection", RemoveEdge(edge.id)),))


def _fix(label: str, edit: Edit) -> dict[str, Any]:
    """An edit that puts a problem right, and what it is called."""
    return {"label": label, "edit": edit.to_json()}


def _connections(graph: Graph, node: Node, reachable: set[str]) -> Iterator[Problem]:
    if node.id not in reachable:
        if not node.is_container_start:
            yield Problem("warning", "UNREACHABLE_NODE", "This step is not connected to anything.", node.id)
        return
    if any(edge.source not in reachable for edge in graph.in_edges(node.id)):
        message = "A node before this one never runs, so this one would wait for ever."
        yield Problem("error", "UNREACHABLE_PREDECESSOR", message, node.id)
    spec = registry.spec(node.type)
    if spec is None:
        return
    strategy = node.data.get("error_strategy")
    if strategy == "default-value" and spec.execution_type == "branch":
        message = "A branching node cannot go on with default values."
        fix = _fix("Stop on errors instead", SetField(node.id, ("error_strategy",)))
        yield Problem("error", "DEFAULT_VALUE_ON_BRANCH", message, node.id, "error_strategy", fixes=(fix,))
    taken = {edge.source_handle for edge in graph.out_edges(node.id)}
    for handle in spec.handles(node.data):
        if handle.id in taken:
            continue
        if handle.kind == "fail":
            message = "The fail branch leads nowhere."
            fix = _fix("Stop on errors instead", SetField(node.id, ("error_strategy",)))
            yield Problem("warning", "FAIL_BRANCH_WITHOUT_EDGE", message, node.id, "error_strategy", fixes=(fix,))
        elif handle.kind == "case":
            message = Sentence.of("The branch “{name}” leads nowhere.", name=handle.label)
            yield Problem("warning", "BRANCH_WITHOUT_EDGE", message, node.id)


# -- nodes -------------------------------------------------------------------------------------------------------------


def _node(workflow: Workflow, node: Node) -> Iterator[Problem]:
    spec = registry.spec(node.type)
    if spec is None:
        message = Sentence.of("Penstock does not know the node type “{type}”.", type=node.type)
        yield Problem("error", "UNKNOWN_NODE_TYPE", message, node.id)
        return
    if workflow.mode not in spec.modes:
        yield Problem("error", "WRONG_MODE", "This kind of node belongs to another kind of app.", node.id)
    reason = "" if node.is_container_start else fits_in(workflow.graph, node.type, node.parent)
    if reason:
        yield Problem("warning", "WRONG_PLACE", reason, node.id)
    faults = unreadable(node.data)
    yield from _unreadable(node, [f for f in faults if f.is_shape])
    listed = () if any(f.is_shape for f in faults) else spec.check(node.data)[:1]
    if not listed:
        yield from _unreadable(node, [f for f in faults if not f.is_shape])
    for found in listed:
        fixes = (_delivery(node),) if found.code == "node.delivery_missing" else ()
        yield Problem(found.severity, found.code, found.message, node.id, found.field, fixes=fixes)
    if node.is_container:
        yield from _container(workflow.graph, node)
    yield from _defaults(node)


def _unreadable(node: Node, faults: Iterable[Fault]) -> Iterator[Problem]:
    """Settings without which the node cannot start; its run says the same."""
    for fault in faults:
        message = Sentence.of(fault.template, **fault.values)
        yield Problem("error", "node.settings", message, node.id, fault.field)


def _delivery(node: Node) -> dict[str, Any]:
    """The form of a human input is shown here: its own way for that is switched on, or added."""
    listed: Any = node.data.get("delivery_methods")
    methods = [dict(m) for m in listed if isinstance(m, Mapping)] if isinstance(listed, list) else []
    own = next((m for m in methods if m.get("type") == "webapp"), None)
    if own is None:
        own = {"id": f"{node.id}-webapp", "type": "webapp"}
        methods.append(own)
    own["enabled"] = True
    return _fix("Show the form in this program", SetField(node.id, ("delivery_methods",), methods))


def _container(graph: Graph, node: Node) -> Iterator[Problem]:
    start = node.data.get("start_node_id")
    first = graph.nodes.get(start) if isinstance(start, str) else None
    if first is None or first.type != START_TYPES[node.type]:
        yield Problem("error", "CONTAINER_START", "The container has no start node.", node.id, "start_node_id")
    elif not graph.out_edges(first.id):
        yield Problem("warning", "EMPTY_CONTAINER", "There is nothing to do in this container.", node.id)


def _defaults(node: Node) -> Iterator[Problem]:
    """Default values must be a list of key, type and value (nodes-logic spec 18.2)."""
    if node.data.get("error_strategy") != "default-value":
        return
    values: Any = node.data.get("default_value")
    if not isinstance(values, list) or not all(isinstance(v, Mapping) and v.get("key") for v in values):
        message = "Default values must name each output with its type and value."
        yield Problem("error", "DEFAULT_VALUE_SHAPE", message, node.id, "default_value")


def _unresolved(workflow: Workflow, found: Dangling) -> Problem:
    reference, graph = found.reference, workflow.graph
    source, name = reference.selector[0], ".".join(reference.selector[1:])
    node = graph.nodes.get(source)
    title = (node.title or node.type) if node is not None else source
    if found.reason == "no_node":
        pattern = "The node {source}, whose {name} is read, is not in the workflow."
    elif found.reason == "not_upstream":
        pattern = "“{source}”, whose {name} is read, does not run before this node."
    elif node is None:
        pattern = "There is no variable {source}.{name}."
    else:
        pattern = "“{source}” gives no variable {name}."
    message = Sentence.of(pattern, source=title, name=name)
    cure = forget(workflow, reference.selector, reference.node_id)
    fixes = (_fix("Remove the broken reference", cure),) if cure.edits else ()
    return Problem("warning", "UNRESOLVED_REFERENCE", message, reference.node_id, reference.field, fixes=fixes)
