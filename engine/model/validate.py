"""The checklist: everything that should be right before a workflow is published, with a place for each problem.

Three kinds of rules: of the graph (engine spec 1.6), of each node type (its description's `check`), and of references
(nodes-logic spec 1.7, nodes-ai spec 16). Messages are English sentences; the editor translates what it shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.model.containers import TRIGGER_TYPES, cycle_edges, upstream
from engine.model.graph import Graph, Node
from engine.model.problems import Problem
from engine.model.refs import PREFIXES, Reference, node_variables, references, special_groups
from engine.model.workflow import Workflow
from engine.nodes import registry

ENTRY_TYPES = TRIGGER_TYPES | {"start", "datasource"}
DEEPEST = 50


def check(workflow: Workflow) -> list[Problem]:
    """All problems, those of the whole first, then by node in the order of the file."""
    if not workflow.has_graph:
        return []
    problems = [*_whole(workflow), *_graph(workflow.graph)]
    reachable = _reachable(workflow.graph)
    for node in workflow.graph.nodes.values():
        if node.is_note:
            continue
        problems.extend(_node(workflow, node, reachable))
    return problems


# -- the whole ---------------------------------------------------------------------------------------------------------


def _whole(workflow: Workflow) -> Iterator[Problem]:
    graph = workflow.graph
    nodes = [n for n in graph.nodes.values() if not n.is_note]
    entries = [n for n in nodes if n.type in ENTRY_TYPES]
    if not entries and not any(n.type in ("start-placeholder", "datasource-empty") for n in nodes):
        yield Problem("error", "NO_ROOT", "At least one start node must be added.")
    starts = [n for n in entries if n.type == "start"]
    triggers = [n for n in entries if n.type in TRIGGER_TYPES]
    if starts and triggers:
        yield Problem(
            "error", "START_WITH_TRIGGER", "A start node and triggers cannot stand in one workflow.", starts[0].id
        )
    for extra in starts[1:]:
        yield Problem("error", "SEVERAL_STARTS", "There can be only one start node.", extra.id)
    response = {"workflow": ("end",), "advanced-chat": ("answer",)}.get(workflow.mode, ())
    if response and nodes and not any(n.type in response for n in nodes):
        name = "an output" if workflow.mode == "workflow" else "an answer"
        yield Problem("warning", "NO_RESPONSE_NODE", f"The workflow has {name} node nowhere.")
    yield from _duplicate_outputs(nodes)


def _duplicate_outputs(nodes: list[Node]) -> Iterator[Problem]:
    names: Counter[str] = Counter()
    by_node: list[tuple[Node, int, str]] = []
    for node in nodes:
        outputs = node.data.get("outputs")
        if node.type != "end" or not isinstance(outputs, list):
            continue
        for index, output in enumerate(outputs):
            name = str(output.get("variable") or "") if isinstance(output, dict) else ""
            if name:
                names[name] += 1
                by_node.append((node, index, name))
    for node, index, name in by_node:
        if names[name] > 1:
            message = f"The output name “{name}” is used more than once."
            yield Problem("error", "DUPLICATE_OUTPUT", message, node.id, f"outputs.{index}.variable")


# -- the graph ---------------------------------------------------------------------------------------------------------


def _reachable(graph: Graph) -> set[str]:
    """Nodes that some entry leads to, in every scope."""
    seen: set[str] = set()
    stack = [n.id for n in graph.nodes.values() if n.type in ENTRY_TYPES or n.is_container_start]
    while stack:
        node_id = stack.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        stack.extend(edge.target for edge in graph.out_edges(node_id))
    return seen


def _graph(graph: Graph) -> Iterator[Problem]:
    for edge_id in cycle_edges(graph):
        edge = graph.edges[edge_id]
        yield Problem("error", "CYCLE", "This connection closes a circle.", edge.source)
    for edge in graph.edges.values():
        if graph.nodes[edge.source].parent != graph.nodes[edge.target].parent:
            message = "A connection crosses the border of a container."
            yield Problem("error", "CROSS_SCOPE_EDGE", message, edge.source)


def _node(workflow: Workflow, node: Node, reachable: set[str]) -> Iterator[Problem]:
    spec = registry.spec(node.type)
    if spec is None:
        message = f"Penstock does not know the node type “{node.type}”."
        yield Problem("error", "UNKNOWN_NODE_TYPE", message, node.id)
        return
    mode = workflow.mode
    if mode not in spec.modes and node.wrapper.startswith("custom"):
        yield Problem("error", "WRONG_MODE", "This kind of node belongs to another kind of app.", node.id)
    for found in spec.check(node.data)[:1]:
        yield Problem(found.severity, found.code, found.message, node.id, found.field)
    if node.is_container:
        start = node.data.get("start_node_id")
        if not isinstance(start, str) or start not in workflow.graph.nodes:
            yield Problem("error", "CONTAINER_START", "The container has no start node.", node.id, "start_node_id")
    yield from _connections(workflow.graph, node, reachable)
    yield from _references(workflow, node)


def _connections(graph: Graph, node: Node, reachable: set[str]) -> Iterator[Problem]:
    spec = registry.spec(node.type)
    assert spec is not None
    if node.id not in reachable:
        if node.type not in ("start-placeholder", "datasource-empty"):
            yield Problem("warning", "UNREACHABLE_NODE", "This node is not connected to anything before it.", node.id)
        return
    for edge in graph.in_edges(node.id):
        if edge.source not in reachable:
            message = "A node before this one never runs, so this one would wait for ever."
            yield Problem("error", "UNREACHABLE_PREDECESSOR", message, node.id)
            break
    handles = spec.handles(node.data)
    taken = {edge.source_handle for edge in graph.out_edges(node.id)}
    strategy = node.data.get("error_strategy")
    if strategy == "default-value" and spec.execution_type == "branch":
        message = "A branching node cannot go on with default values."
        yield Problem("error", "DEFAULT_VALUE_ON_BRANCH", message, node.id, "error_strategy")
    for handle in handles:
        if handle.id in taken:
            continue
        if handle.kind == "fail":
            message = "The fail branch leads nowhere."
            yield Problem("warning", "FAIL_BRANCH_WITHOUT_EDGE", message, node.id)
        elif handle.kind == "case":
            yield Problem("warning", "BRANCH_WITHOUT_EDGE", f"The branch “{handle.label}” leads nowhere.", node.id)


# -- references --------------------------------------------------------------------------------------------------------


def _references(workflow: Workflow, node: Node) -> Iterator[Problem]:
    """The first reference of a node that cannot be read at its place."""
    graph = workflow.graph
    before: set[str] | None = None
    names = {g.source: {v.name for v in g.variables} for g in special_groups(workflow)}
    for reference in references(node):
        source = reference.selector[0]
        if source in PREFIXES:
            if source in ("env", "conversation") and reference.selector[1] not in names.get(source, set()):
                yield _unresolved(reference, f"The variable {source}.{reference.selector[1]} does not exist.")
                return
            continue
        if source == node.id or source in graph.ancestors(node.id):
            continue
        if before is None:
            before = set(upstream(graph, node.id)) | {n.id for n in graph.descendants(node.id)}
        if source not in graph.nodes:
            if _certain(reference):
                yield _unresolved(reference, f"The node {source} is not in the workflow.")
                return
        elif source not in before:
            title = graph.nodes[source].title or source
            yield _unresolved(reference, f"“{title}” does not run before this node.")
            return
        elif not _known(workflow, reference):
            title = graph.nodes[source].title or source
            name = ".".join(reference.selector[1:])
            yield _unresolved(reference, f"“{title}” gives no variable {name}.")
            return


def _certain(reference: Reference) -> bool:
    """Whether something is a reference for sure: a template is, and a selector under a key that says so."""
    last = next((s for s in reversed(reference.path) if isinstance(s, str)), "")
    return reference.kind == "text" or last.endswith("selector")


def _known(workflow: Workflow, reference: Reference) -> bool:
    source, name = reference.selector[0], reference.selector[1]
    node = workflow.graph.nodes[source]
    if registry.spec(node.type) is None or name.startswith("sys."):
        return True
    outputs = {v.name for v in node_variables(workflow, source).variables}
    if node.type in ("tool", "agent", "datasource", "trigger-plugin"):
        return True
    if node.type == "iteration":
        outputs |= {"item", "index"}
    return name in outputs | {"error_message", "error_type"}


def _unresolved(reference: Reference, message: str) -> Problem:
    field = ".".join(str(step) for step in reference.path)
    return Problem("warning", "UNRESOLVED_REFERENCE", message, reference.node_id, field)
