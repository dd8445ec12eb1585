"""Which node may stand where, and which may be connected: the rules that the canvas asks first.

Every refusal is one English sentence for people; an empty text means yes (editor spec, sections 2 C10 and 3; dsl 7.5).
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.edits import Edit, ReconnectEdge, RemoveEdge, SetParent
from engine.model.graph import Edge, Graph, Node
from engine.nodes import registry

PADDING_TOP, PADDING_RIGHT, PADDING_BOTTOM, PADDING_LEFT = 65, 16, 20, 16
START_WRAPPERS = {"iteration": "custom-iteration-start", "loop": "custom-loop-start"}
START_TYPES = {"iteration": "iteration-start", "loop": "loop-start"}
TRIGGER_TYPES = frozenset({"trigger-webhook", "trigger-schedule", "trigger-plugin"})


def may_stand(graph: Graph, mode: str, node_type: str, container: str | None) -> str:
    """Why a new node of this type cannot stand at the top (None) or in a container."""
    spec = registry.spec(node_type)
    if spec is None:
        return ""
    if mode not in spec.modes:
        return "This kind of node belongs to another kind of app."
    if spec.singleton and any(n.type == node_type for n in graph.nodes.values()):
        return "There can be only one node of this kind."
    types = {n.type for n in graph.nodes.values() if not n.is_note}
    if node_type == "start" and types & TRIGGER_TYPES:
        return "A start node and triggers cannot stand in one workflow."
    if node_type in TRIGGER_TYPES and "start" in types:
        return "A start node and triggers cannot stand in one workflow."
    return _inside(graph, node_type, container)


def _inside(graph: Graph, node_type: str, container: str | None) -> str:
    spec = registry.spec(node_type)
    if container is None:
        return "An exit belongs into a loop." if node_type == "loop-end" else ""
    if spec is not None and not spec.in_containers:
        return "This kind of node cannot stand inside a container."
    if node_type == "loop-end":
        around = [container, *graph.ancestors(container)]
        if not any(graph.nodes[c].type == "loop" for c in around if c in graph.nodes):
            return "An exit belongs into a loop."
    return ""


def may_enter(graph: Graph, node_id: str, container: str) -> str:
    """Why an existing node cannot move into a container."""
    node = graph.nodes[node_id]
    if node.is_note:
        return "A note stays on the canvas."
    if node.is_container_start:
        return "The start of a container stays in it."
    if node_id == container or node_id in graph.ancestors(container):
        return "A container cannot stand in itself."
    return _inside(graph, node.type, container)


def change_parent(graph: Graph, places: Mapping[str, tuple[float, float]], container: str | None) -> list[Edit]:
    """The edits that move nodes (id to absolute place) into a container, or to the top level for None.

    Edges that would then cross a container's border go.
    """
    base = graph.absolute(container) if container is not None else (0.0, 0.0)
    moving = set(places)
    edits: list[Edit] = []
    for node_id in places:
        for edge in (*graph.out_edges(node_id), *graph.in_edges(node_id)):
            other = edge.target if edge.source == node_id else edge.source
            if other not in moving and graph.nodes[other].parent != container:
                edit = RemoveEdge(edge.id)
                if edit not in edits:
                    edits.append(edit)
    for node_id, (x, y) in places.items():
        edits.append(SetParent(node_id, container, x - base[0], y - base[1]))
    for node_id in places:
        edits.extend(_restamped(edge, graph, container) for edge in graph.out_edges(node_id) if edge.target in moving)
    return edits


def _restamped(edge: Edge, graph: Graph, container: str | None) -> Edit:
    """An edge that moved with its nodes says the new container."""
    data = {k: v for k, v in edge.data.items() if k not in ("iteration_id", "loop_id")}
    kind = graph.nodes[container].type if container is not None else ""
    data.update(isInIteration=kind == "iteration", isInLoop=kind == "loop")
    if container is not None:
        data["iteration_id" if kind == "iteration" else "loop_id"] = container
    return ReconnectEdge(edge.id, edge.source, edge.source_handle, edge.target, edge.target_handle, data)


def may_connect(graph: Graph, source: str, handle: str, target: str) -> str:
    """Why an edge from a socket of `source` to `target` cannot be made."""
    if source == target:
        return "A node cannot be connected to itself."
    a, b = graph.nodes.get(source), graph.nodes.get(target)
    if a is None or b is None:
        return "This node is not in the workflow any more."
    if a.is_note or b.is_note:
        return "Notes cannot be connected."
    if a.parent != b.parent:
        return "A connection cannot cross the border of a container."
    spec_a, spec_b = registry.spec(a.type), registry.spec(b.type)
    if spec_b is not None and not spec_b.has_input:
        return "Nothing leads into this node; a run begins here."
    if spec_a is not None and not spec_a.handles(a.data):
        return "Nothing leads out of this node."
    if any(e.target == target and e.source_handle == handle for e in graph.out_edges(source)):
        return "These two are connected this way already."
    if reaches(graph, target, source):
        return "This connection would close a circle. Use a loop to repeat steps."
    return ""


def reaches(graph: Graph, start: str, goal: str) -> bool:
    """Whether some path leads from `start` to `goal`."""
    seen = {start}
    stack = [start]
    while stack:
        node_id = stack.pop()
        if node_id == goal:
            return True
        for edge in graph.out_edges(node_id):
            if edge.target not in seen:
                seen.add(edge.target)
                stack.append(edge.target)
    return False


def upstream(graph: Graph, node_id: str) -> list[str]:
    """Every node that may run before `node_id`, in its own scope and in the scopes around, nearest first."""
    found: dict[str, None] = {}
    scope: str | None = node_id
    while scope is not None and scope in graph.nodes:
        stack = [scope]
        while stack:
            for edge in graph.in_edges(stack.pop()):
                if edge.source not in found and edge.source != node_id:
                    found[edge.source] = None
                    stack.append(edge.source)
        scope = graph.nodes[scope].parent
    return list(found)


def start_node(container: Node, node_id: str) -> Node:
    """The hidden first node of a container, as the format's editor makes it (dsl spec 7.5)."""
    kind = container.type
    flag = "isInIteration" if kind == "iteration" else "isInLoop"
    return Node(
        id=node_id,
        data={"desc": "", flag: True, "selected": False, "title": "", "type": START_TYPES[kind]},
        x=24,
        y=68,
        parent=container.id,
        wrapper=START_WRAPPERS[kind],
        width=44,
        height=48,
        extras={
            "draggable": False,
            "selectable": False,
            "sourcePosition": "right",
            "targetPosition": "left",
            "zIndex": 1002,
        },
    )


def cycle_edges(graph: Graph) -> list[str]:
    """The ids of edges that close a cycle, found in file order from the roots on."""
    state: dict[str, int] = {}
    closing: list[str] = []
    roots = [n.id for n in graph.nodes.values() if not graph.in_edges(n.id)]
    for root in (*roots, *graph.nodes):
        if root in state:
            continue
        stack = [(root, iter(graph.out_edges(root)))]
        state[root] = 1
        while stack:
            node_id, edges = stack[-1]
            edge = next(edges, None)
            if edge is None:
                state[node_id] = 2
                stack.pop()
            elif state.get(edge.target) == 1:
                closing.append(edge.id)
            elif edge.target not in state:
                state[edge.target] = 1
                stack.append((edge.target, iter(graph.out_edges(edge.target))))
    return closing
