"""Nodes, edges and the graph: immutable values that name each other by id and keep the order of the file.

A change makes a new graph that shares everything it did not touch. What the file said and we do not read stays in
`extras`, so that nothing is lost on the way through (dsl spec, sections 7 and 14).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import NodePlace, UserError
from engine.model.types import EdgeId, FieldPath, Json, Missing, NodeId, get_path

CONTAINER_TYPES = frozenset({"iteration", "loop"})
CONTAINER_START_TYPES = frozenset({"iteration-start", "loop-start"})
NOTE_WRAPPER = "custom-note"
MOST_PATCHED = 64
"""Beyond so many edges at once an index is made anew at its next use."""
_NODE_KEYS = frozenset({"id", "data", "position", "positionAbsolute", "parentId", "type", "width", "height"})
_EDGE_KEYS = frozenset({"id", "source", "target", "sourceHandle", "targetHandle", "data"})


def _public(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` without the keys of a running editor, which begin with an underscore (dsl spec 7.4)."""
    return {key: value for key, value in data.items() if not str(key).startswith("_")}


@dataclass(frozen=True, slots=True)
class Viewport:
    """What part of the canvas was in view; `zoom` 0.25 to 2."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `x` and `y` are relative to the parent for children, in canvas coordinates otherwise.

    `width` and `height` are what the file said; only containers and notes are drawn by them.
    """

    id: NodeId
    data: Mapping[str, Any]
    x: float = 0.0
    y: float = 0.0
    parent: NodeId | None = None
    wrapper: str = "custom"
    width: float | None = None
    height: float | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        value = self.data.get("type")
        return value if isinstance(value, str) else ""

    @property
    def title(self) -> str:
        value = self.data.get("title")
        return value if isinstance(value, str) else ""

    @property
    def is_note(self) -> bool:
        return self.wrapper == NOTE_WRAPPER

    @property
    def is_container(self) -> bool:
        return self.type in CONTAINER_TYPES and not self.is_note

    @property
    def is_container_start(self) -> bool:
        return self.type in CONTAINER_START_TYPES

    def field(self, path: FieldPath) -> Json | Missing:
        """The setting at `path` of the node's data, or MISSING."""
        return get_path(self.data, path)

    def moved(self, x: float, y: float) -> Node:
        """The same node at another place."""
        return replace(self, x=x, y=y)

    def to_config(self, absolute: tuple[float, float]) -> dict[str, Any]:
        """The node as the file holds it; `absolute` is its place on the canvas."""
        config: dict[str, Any] = dict(self.extras)
        config["id"] = self.id
        config["data"] = dict(self.data)
        config["position"] = {"x": self.x, "y": self.y}
        config["positionAbsolute"] = {"x": absolute[0], "y": absolute[1]}
        config["type"] = self.wrapper
        if self.parent is not None:
            config["parentId"] = self.parent
        if self.width is not None:
            config["width"] = self.width
        if self.height is not None:
            config["height"] = self.height
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Node:
        """A node from the file's mapping, which must have an `id`; other keys may be missing or odd."""
        position = config.get("position")
        position = position if isinstance(position, Mapping) else {}
        data = config.get("data")
        parent = config.get("parentId")
        return cls(
            id=str(config["id"]),
            data=_public(data) if isinstance(data, Mapping) else {},
            x=_number(position.get("x"), 0.0),
            y=_number(position.get("y"), 0.0),
            parent=str(parent) if parent else None,
            wrapper=str(config.get("type") or "custom"),
            width=_number(config.get("width"), None),
            height=_number(config.get("height"), None),
            extras={k: v for k, v in config.items() if k not in _NODE_KEYS},
        )


def _number(value: Any, default: Any) -> Any:
    """A number as it is (whole numbers stay whole, so that text comparisons stay small), else the default."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection from a source socket to a target socket."""

    id: EdgeId
    source: NodeId
    target: NodeId
    source_handle: str = "source"
    target_handle: str = "target"
    data: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    def to_config(self) -> dict[str, Any]:
        """The edge as the file holds it."""
        config: dict[str, Any] = dict(self.extras)
        config.update(
            {
                "id": self.id,
                "source": self.source,
                "target": self.target,
                "sourceHandle": self.source_handle,
                "targetHandle": self.target_handle,
                "data": dict(self.data),
            }
        )
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Edge:
        """An edge from the file's mapping, which must have `id`, `source` and `target`."""
        data = config.get("data")
        return cls(
            id=str(config["id"]),
            source=str(config["source"]),
            target=str(config["target"]),
            source_handle=str(config.get("sourceHandle") or "source"),
            target_handle=str(config.get("targetHandle") or "target"),
            data=_public(data) if isinstance(data, Mapping) else {},
            extras={k: v for k, v in config.items() if k not in _EDGE_KEYS},
        )


class Graph:
    """An immutable graph; indexes are made at first use and belong to this value only."""

    __slots__ = ("_children", "_in", "_out", "edges", "nodes", "viewport")

    def __init__(
        self,
        nodes: Mapping[NodeId, Node] | None = None,
        edges: Mapping[EdgeId, Edge] | None = None,
        viewport: Viewport | None = None,
    ) -> None:
        self.nodes: Mapping[NodeId, Node] = nodes if nodes is not None else {}
        self.edges: Mapping[EdgeId, Edge] = edges if edges is not None else {}
        self.viewport = viewport or Viewport()
        self._out: dict[NodeId, tuple[Edge, ...]] | None = None
        self._in: dict[NodeId, tuple[Edge, ...]] | None = None
        self._children: dict[NodeId, tuple[Node, ...]] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return (
            list(self.nodes.items()) == list(other.nodes.items())
            and list(self.edges.items()) == list(other.edges.items())
            and self.viewport == other.viewport
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.edges)} edges)"

    # -- reading -----------------------------------------------------------------------------------------------------

    def node(self, node_id: NodeId) -> Node:
        """The node of that id. Raises UserError `model.unknown_node`."""
        try:
            return self.nodes[node_id]
        except KeyError:
            raise UserError(
                "This node is not in the workflow any more.", code="model.unknown_node", where=NodePlace(node_id)
            ) from None

    def edge(self, edge_id: EdgeId) -> Edge:
        """The edge of that id. Raises UserError `model.unknown_edge`."""
        try:
            return self.edges[edge_id]
        except KeyError:
            raise UserError("This connection is not in the workflow any more.", code="model.unknown_edge") from None

    def out_edges(self, node_id: NodeId) -> tuple[Edge, ...]:
        """Edges that leave a node, in file order."""
        if self._out is None:
            self._out = _grouped(self.edges.values(), lambda edge: edge.source)
        return self._out.get(node_id, ())

    def in_edges(self, node_id: NodeId) -> tuple[Edge, ...]:
        """Edges that enter a node, in file order."""
        if self._in is None:
            self._in = _grouped(self.edges.values(), lambda edge: edge.target)
        return self._in.get(node_id, ())

    def children(self, container_id: NodeId) -> tuple[Node, ...]:
        """The nodes that stand directly in a container."""
        if self._children is None:
            inside = (node for node in self.nodes.values() if node.parent is not None)
            self._children = _grouped(inside, lambda node: node.parent or "")
        return self._children.get(container_id, ())

    def descendants(self, container_id: NodeId) -> list[Node]:
        """Everything in a container, also in containers within."""
        found: list[Node] = []
        for child in self.children(container_id):
            found.append(child)
            if child.id != container_id:
                found.extend(self.descendants(child.id))
        return found

    def ancestors(self, node_id: NodeId) -> list[NodeId]:
        """The containers around a node, innermost first."""
        found: list[NodeId] = []
        node = self.nodes.get(node_id)
        while node is not None and node.parent is not None and node.parent not in found:
            found.append(node.parent)
            node = self.nodes.get(node.parent)
        return found

    def absolute(self, node_id: NodeId) -> tuple[float, float]:
        """Where a node's top left corner is on the canvas."""
        node = self.node(node_id)
        x, y = node.x, node.y
        for parent in self.ancestors(node_id):
            container = self.nodes.get(parent)
            if container is not None:
                x, y = x + container.x, y + container.y
        return x, y

    # -- changing (a new graph each time) ----------------------------------------------------------------------------

    def with_nodes(self, changed: Iterable[Node]) -> Graph:
        """Nodes of known ids replaced, new ones appended."""
        nodes = dict(self.nodes)
        parents: set[NodeId | None] = set()
        for node in changed:
            before = nodes.get(node.id)
            parents |= {node.parent, before.parent if before is not None else None}
            nodes[node.id] = node
        graph = Graph(nodes, self.edges, self.viewport)
        # Edges did not change, so what was indexed of them still holds.
        graph._out, graph._in = self._out, self._in
        if parents <= {None}:
            graph._children = self._children
        return graph

    def with_inserted(self, nodes: Iterable[tuple[int, Node]], edges: Iterable[tuple[int, Edge]] = ()) -> Graph:
        """New nodes and edges at places of the file order, each counted with those before it already there."""
        new_nodes, new_edges = list(nodes), list(edges)
        graph = Graph(
            _inserted(self.nodes, ((i, n.id, n) for i, n in new_nodes)) if new_nodes else self.nodes,
            _inserted(self.edges, ((i, e.id, e) for i, e in new_edges)) if new_edges else self.edges,
            self.viewport,
        )
        if all(n.parent is None for _, n in new_nodes):
            graph._children = self._children
        self._hand_over_edges(graph, [], [e for _, e in new_edges])
        return graph

    def without(self, node_ids: Iterable[NodeId] = (), edge_ids: Iterable[EdgeId] = ()) -> Graph:
        """Without those nodes and edges; edges of the nodes are the caller's to name."""
        drop_nodes, drop_edges = set(node_ids) & self.nodes.keys(), set(edge_ids) & self.edges.keys()
        graph = Graph(
            _dropped(self.nodes, drop_nodes) if drop_nodes else self.nodes,
            _dropped(self.edges, drop_edges) if drop_edges else self.edges,
            self.viewport,
        )
        if all(self.nodes[n].parent is None for n in drop_nodes):
            graph._children = self._children
        self._hand_over_edges(graph, [self.edges[e] for e in drop_edges], [])
        return graph

    def with_edge(self, edge: Edge) -> Graph:
        """An edge of a known id replaced at its place, a new one appended."""
        before = self.edges.get(edge.id)
        graph = Graph(self.nodes, {**self.edges, edge.id: edge}, self.viewport)
        graph._children = self._children
        self._hand_over_edges(graph, [] if before is None else [before], [edge], at_end=before is None)
        return graph

    def with_edges(self, edges: Mapping[EdgeId, Edge]) -> Graph:
        """All edges given anew, in that order."""
        graph = Graph(self.nodes, edges, self.viewport)
        graph._children = self._children
        return graph

    def _hand_over_edges(self, graph: Graph, gone: list[Edge], come: list[Edge], *, at_end: bool = False) -> None:
        """Give the indexes of edges to a graph made from this one; only lists that changed are made anew."""
        if not gone and not come:
            graph._out, graph._in = self._out, self._in
        elif len(gone) + len(come) <= MOST_PATCHED:
            if self._out is not None:
                graph._out = _patched(self._out, graph.edges, gone, come, lambda e: e.source, at_end)
            if self._in is not None:
                graph._in = _patched(self._in, graph.edges, gone, come, lambda e: e.target, at_end)

    def with_viewport(self, viewport: Viewport) -> Graph:
        """The same graph seen from elsewhere."""
        graph = Graph(self.nodes, self.edges, viewport)
        graph._out, graph._in, graph._children = self._out, self._in, self._children
        return graph

    # -- the file's shape --------------------------------------------------------------------------------------------

    def to_config(self) -> dict[str, Any]:
        """`{"nodes", "edges", "viewport"}` as the file holds it, JSON-able."""
        return {
            "nodes": [node.to_config(self.absolute(node.id)) for node in self.nodes.values()],
            "edges": [edge.to_config() for edge in self.edges.values()],
            "viewport": {"x": self.viewport.x, "y": self.viewport.y, "zoom": self.viewport.zoom},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """The inverse of `to_config`; ids must be unique and edges must have their ends (the reader sees to that)."""
        nodes = [Node.from_config(entry) for entry in config.get("nodes") or []]
        edges = [Edge.from_config(entry) for entry in config.get("edges") or []]
        view = config.get("viewport")
        view = view if isinstance(view, Mapping) else {}
        viewport = Viewport(_number(view.get("x"), 0), _number(view.get("y"), 0), _number(view.get("zoom"), 1))
        return cls({node.id: node for node in nodes}, {edge.id: edge for edge in edges}, viewport)


def _inserted(mapping: Mapping[str, Any], entries: Iterable[tuple[int, str, Any]]) -> dict[str, Any]:
    """A copy with entries put in at their places, in the order given."""
    items = list(mapping.items())
    for index, key, value in entries:
        items.insert(index, (key, value))
    return dict(items)


def _dropped(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    left = dict(mapping)
    for key in keys:
        del left[key]
    return left


def _patched(
    index: Mapping[NodeId, tuple[Edge, ...]],
    edges: Mapping[EdgeId, Edge],
    gone: list[Edge],
    come: list[Edge],
    end_of: Callable[[Edge], NodeId],
    at_end: bool,
) -> dict[NodeId, tuple[Edge, ...]]:
    """An index of edges without those that are gone and with those that came, each list in file order."""
    fresh = dict(index)
    for edge in gone:
        end = end_of(edge)
        left = tuple(e for e in fresh.get(end, ()) if e.id != edge.id)
        if left:
            fresh[end] = left
        else:
            fresh.pop(end, None)
    for edge in come:
        fresh[end_of(edge)] = (*fresh.get(end_of(edge), ()), edge)
    mixed = {end_of(edge) for edge in come if len(fresh[end_of(edge)]) > 1}
    if mixed and not at_end:
        wanted = {edge.id for end in mixed for edge in fresh[end]}
        place = {edge_id: number for number, edge_id in enumerate(edges) if edge_id in wanted}
        for end in mixed:
            fresh[end] = tuple(sorted(fresh[end], key=lambda e: place[e.id]))
    return fresh


def _grouped(items: Iterable[Any], key: Any) -> dict[str, tuple[Any, ...]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: tuple(group) for name, group in groups.items()}
