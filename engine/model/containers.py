"""Which node may stand where, and which may be connected: the rules that the canvas asks first.

Every refusal is one English sentence for people; an empty text means yes (editor spec, sections 2 C10 and 3; dsl 7.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.model.edits import AddEdge, Edit, MoveNodes, RemoveEdge, SetParent
from engine.model.graph import CONTAINER_TYPES, Edge, Graph, Node
from engine.model.types import whole
from engine.nodes import registry

PADDING_TOP, PADDING_RIGHT, PADDING_BOTTOM, PADDING_LEFT = 65, 16, 20, 16
SMALLEST_ROOM = (296, 148)
"""Least width and height of a container."""
START_WRAPPERS = {"iteration": "custom-iteration-start", "loop": "custom-loop-start"}
START_TYPES = {"iteration": "iteration-start", "loop": "loop-start"}
TRIGGER_TYPES = frozenset({"trigger-webhook", "trigger-schedule", "trigger-plugin"})
OUTSIDE_ONLY = TRIGGER_TYPES | {"start", "start-placeholder", "end", "datasource", "knowledge-index", "human-input"}

BEGINNINGS = TRIGGER_TYPES | {"start"}
"""What a run can begin with outside of a pipeline."""
STARTS, SOURCES, INDEXES = (
    frozenset({"start", "start-placeholder"}),
    frozenset({"datasource-empty"}),
    frozenset({"knowledge-index"}),
)
LASTING = (
    (STARTS, STARTS | TRIGGER_TYPES, "A run begins here, so the start of a workflow stays."),
    (SOURCES, SOURCES | {"datasource"}, "A pipeline begins here, so the place for its data source stays."),
    (INDEXES, INDEXES, "A pipeline ends here, so its knowledge base stays."),
)
"""Types of which the last one stays, what makes up for it, and why (nodes-logic spec 16.3; nodes-ai spec, section on
knowledge-index)."""


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
    return fits_in(graph, node_type, container)


def must_stay(graph: Graph, node_ids: Iterable[str]) -> dict[str, str]:
    """Which of the nodes that are to be deleted stay, and why: id to a sentence (editor spec C13 and section 5).

    A run has to begin somewhere, so the last start node, or the place for one, stays; what stands beside another
    beginning may go. The start in a container goes with its container alone.
    """
    going = {n: graph.nodes[n] for n in node_ids if n in graph.nodes}
    kept = {
        n: "The start inside a container cannot be deleted."
        for n, node in going.items()
        if node.is_container_start and node.parent not in going
    }
    for types, instead, reason in LASTING:
        if any(n.type in instead and n.id not in going and not n.is_note for n in graph.nodes.values()):
            continue
        last = next((n for n in going.values() if n.type in types and not n.is_note), None)
        if last is not None:
            kept[last.id] = reason
    return kept


def may_run_alone(graph: Graph, node_id: str) -> str:
    """Why a node cannot run as a single step (nodes-logic spec 1.9; editor spec, section 5)."""
    node = graph.nodes.get(node_id)
    spec = registry.spec(node.type) if node is not None and not node.is_note else None
    if node is None or spec is None or not spec.can_single_step:
        return "A step of this kind does not run alone."
    if node.type == "assigner" and node.parent is not None:
        # What it writes into is the container's, and there is none while it would run alone.
        return "An assigner in a container does not run alone; run the container."
    return ""


def fits_in(graph: Graph, node_type: str, container: str | None) -> str:
    """Why a node of this type does not fit on the canvas (None) or in a container, whatever else stands there."""
    spec = registry.spec(node_type)
    if container is None:
        return "An exit belongs into a loop." if node_type == "loop-end" else ""
    room = graph.nodes.get(container)
    if room is None or not room.is_container:
        return "This is not a container."
    if node_type in CONTAINER_TYPES:
        return "A container cannot stand in another container."
    if node_type in OUTSIDE_ONLY or (spec is not None and not spec.in_containers):
        return "This kind of node cannot stand inside a container."
    if node_type == "loop-end" and room.type != "loop":
        return "An exit belongs into a loop."
    return ""


def may_enter(graph: Graph, node_id: str, container: str) -> str:
    """Why an existing node cannot move into a container."""
    node = graph.node(node_id)
    if node.parent == container:
        return ""
    if node.is_note:
        return "A note stays on the canvas."
    if node.is_container_start:
        return "The start of a container stays in it."
    if node_id == container or node_id in graph.ancestors(container):
        return "A container cannot stand in itself."
    return fits_in(graph, node.type, container)


def change_parent(graph: Graph, places: Mapping[str, tuple[float, float]], container: str | None) -> list[Edit]:
    """The edits that move nodes (id to absolute place) into a container, or to the top level for None.

    Edges that would then cross a container's border go; those between nodes that move together stay and learn where
    they are.
    """
    origin = graph.absolute(container) if container is not None else (0.0, 0.0)
    entering = [n for n in places if graph.node(n).parent != container]
    inside = {n: (whole(x - origin[0]), whole(y - origin[1])) for n, (x, y) in places.items() if n not in entering}
    touched = {e.id: e for n in entering for e in (*graph.out_edges(n), *graph.in_edges(n))}
    order = {edge_id: index for index, edge_id in enumerate(graph.edges) if edge_id in touched}
    kept = [
        edge
        for edge in sorted(touched.values(), key=lambda e: order[e.id])
        if all(end in entering or graph.node(end).parent == container for end in (edge.source, edge.target))
    ]
    lost = sorted(order[edge_id] for edge_id in touched.keys() - {e.id for e in kept})
    edits: list[Edit] = [RemoveEdge(edge_id) for edge_id in order]
    edits += [
        SetParent(n, container, whole(places[n][0] - origin[0]), whole(places[n][1] - origin[1])) for n in entering
    ]
    for edge in kept:
        # Back at its old place, counted without those before it that are gone for good.
        index = order[edge.id] - sum(1 for other in lost if other < order[edge.id])
        edits.append(AddEdge(placed_edge(edge, graph, container), index))
    if inside:
        edits.append(MoveNodes(inside))
    return edits


def placed_edge(edge: Edge, graph: Graph, container: str | None) -> Edge:
    """The edge with the marks and the z order of the container that it runs in (dsl spec 7.3)."""
    marks = ("isInIteration", "isInLoop", "iteration_id", "loop_id")
    data = {k: v for k, v in edge.data.items() if k not in marks}
    kind = graph.nodes[container].type if container is not None else ""
    data |= {"isInIteration": kind == "iteration", "isInLoop": kind == "loop"}
    if container is not None:
        data["iteration_id" if kind == "iteration" else "loop_id"] = container
    return replace(edge, data=data, extras={**edge.extras, "zIndex": 0 if container is None else 1002})


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
    if spec_a is not None and handle not in {h.id for h in spec_a.handles(a.data)}:
        return "This node has no such output socket."
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
