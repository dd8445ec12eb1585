"""A graph config made ready for running (engine spec, section 1): nodes, edges, scopes, root choice, inactive roots.

Compiling costs one pass over the file's nodes and edges; behaviours are built at their first use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from engine.errors import NodePlace, UserError
from engine.logs import get_logger
from engine.nodes.base import ExecutionType, Node
from engine.nodes.settings import in_words
from engine.run.frames import SKIPPED, UNKNOWN
from engine.run.request import NodeClass, RunRefused
from engine.run.streaming import FilterPlan
from engine.run.variables.segments import is_valid

log = get_logger(__name__)

START_TYPES: Final = ("start", "datasource", "trigger-webhook", "trigger-schedule", "trigger-plugin")
CONTAINER_STARTS: Final = ("iteration-start", "loop-start")
CONTAINER_TYPES: Final = ("iteration", "loop")
UI_ONLY_TYPES: Final = ("start-placeholder", "datasource-empty")
ABORT_WORDS: Final = (None, "", "none", "abort", "retry")
DEFAULT_RETRIES: Final = 3
DEFAULT_RETRY_INTERVAL_MS: Final = 100


class GraphError(RunRefused):
    """A graph that cannot be run; `details["issues"]` lists `[code, message]` pairs."""

    default_code = "graph.validation_failed"


class CompiledEdge:
    """One edge; `i` is its place in its scope's arrays, `id` the run-time id, `config_id` the id in the file."""

    __slots__ = ("config_id", "fields", "handle", "head", "i", "id", "tail")

    def __init__(self, edge_id: str, config_id: str, tail: CompiledNode, head: CompiledNode, handle: str) -> None:
        self.id = edge_id
        self.config_id = config_id
        self.tail = tail
        self.head = head
        self.handle = handle
        self.i = -1
        self.fields = {
            "edge_id": edge_id,
            "config_id": config_id,
            "source_node_id": tail.id,
            "target_node_id": head.id,
            "source_handle": handle,
        }


class CompiledNode:
    """One node as the scheduler sees it; `i` is its place in its scope's arrays."""

    __slots__ = (
        "_behaviour",
        "cls",
        "data",
        "defaults",
        "extras",
        "fields",
        "hidden",
        "i",
        "id",
        "in_edges",
        "is_branch",
        "is_container",
        "is_response",
        "is_root",
        "max_retries",
        "native_branch",
        "out_edges",
        "retry_seconds",
        "scope",
        "strategy",
        "title",
        "type",
        "version",
    )

    def __init__(
        self, node_id: str, data: Mapping[str, Any], cls: type[Node[Any]] | None, *, mock_branch: bool
    ) -> None:
        self.id = node_id
        self.data = data
        self.type = str(data.get("type") or "")
        self.title = str(data.get("title") or "")
        self.version = str(data.get("version") or "1")
        self.cls = cls
        execution = cls.execution_type if cls is not None else ExecutionType.EXECUTABLE
        self.strategy = _strategy(node_id, data)
        self.native_branch = execution == ExecutionType.BRANCH or mock_branch
        self.is_branch = self.native_branch or self.strategy == "fail-branch"
        self.is_container = execution == ExecutionType.CONTAINER
        self.is_response = execution == ExecutionType.RESPONSE
        self.is_root = execution == ExecutionType.ROOT
        self.hidden = self.type in CONTAINER_STARTS
        self.defaults = _default_values(node_id, data) if self.strategy == "default-value" else {}
        self.max_retries, self.retry_seconds = _retries(data) if cls is not None and cls.supports_retry else (0, 0.0)
        self.in_edges: list[CompiledEdge] = []
        self.out_edges: list[CompiledEdge] = []
        self.scope: Scope | None = None
        self.i = -1
        strategy = data.get("agent_strategy_name")
        self.extras: dict[str, Any] = {"agent_strategy": strategy} if strategy else {}
        self._behaviour: Node[Any] | None = None
        self.fields = {
            "node_id": node_id,
            "node_type": self.type,
            "node_title": self.title,
            "node_version": self.version,
        }

    @property
    def behaviour(self) -> Node[Any]:
        """The node's behaviour, made from its data at first use. Raises UserError when its settings cannot be read."""
        if self._behaviour is None:
            if self.cls is None:
                raise UserError(f"There is no node type {self.type!r} here.", code="node.unknown_type")
            try:
                config = self.cls.config_model.model_validate(dict(self.data))
            except ValidationError as problem:
                raise UserError(in_words(problem), code="node.settings", where=NodePlace(self.id)) from None
            self._behaviour = self.cls(self.id, self.title, config)
        return self._behaviour


class Scope:
    """The nodes and edges of one frame graph, with what every frame of it starts from."""

    __slots__ = (
        "container",
        "edges",
        "filter_plan",
        "initial_edges",
        "initial_nodes",
        "initial_unknown",
        "nodes",
        "root",
    )

    def __init__(self, root: CompiledNode, nodes: Iterable[CompiledNode], container: CompiledNode | None) -> None:
        self.root = root
        self.container = container
        self.nodes = list(nodes)
        self.edges: list[CompiledEdge] = []
        for i, node in enumerate(self.nodes):
            node.scope, node.i = self, i
        for node in self.nodes:
            for edge in node.out_edges:
                edge.i = len(self.edges)
                self.edges.append(edge)
        self.initial_nodes = bytes(len(self.nodes))
        self.initial_edges = bytes(len(self.edges))
        self.initial_unknown = [len(node.in_edges) for node in self.nodes]
        self.filter_plan: FilterPlan | None = None

    def skip_inactive_roots(self) -> None:
        """Only one root is active: the others and what only they reach start as skipped (section 1.4)."""
        others = [n for n in self.nodes if n.is_root and n is not self.root]
        if not self.root.is_root or not others:
            return
        nodes, edges, unknown = bytearray(self.initial_nodes), bytearray(self.initial_edges), self.initial_unknown
        stack = others
        while stack:
            node = stack.pop()
            nodes[node.i] = SKIPPED
            for edge in node.out_edges:
                if edges[edge.i] == UNKNOWN:
                    edges[edge.i] = SKIPPED
                    unknown[edge.head.i] -= 1
                    if unknown[edge.head.i] == 0:
                        stack.append(edge.head)
        self.initial_nodes, self.initial_edges = bytes(nodes), bytes(edges)


class CompiledGraph:
    """All scopes of a graph. `scopes` maps a container's id to the scope of its rounds."""

    def __init__(self, nodes: dict[str, CompiledNode], edges: list[CompiledEdge], root: CompiledNode) -> None:
        self.nodes = nodes
        self.edges = edges
        self.root = root
        self.scopes: dict[str, Scope] = {}
        self.root_scope: Scope
        self.configs: list[Mapping[str, Any]] = []
        self.edge_list: list[tuple[str, str, str, str, str]] = []
        """Both as read from the file, for checks that look at more than a run needs."""
        self.loop_nodes: dict[str, list[str]] = {}
        """Loop id to the nodes whose values are cleared before each of its rounds."""


# -- reading the config ----------------------------------------------------------------------------------------------


def _is_mapping(value: Any) -> bool:
    """`isinstance` with `Mapping` costs a microsecond; nearly everything here is a plain dict."""
    return type(value) is dict or isinstance(value, Mapping)


def is_note(node: Mapping[str, Any]) -> bool:
    """Is it a note or another thing that only the canvas knows?"""
    data = node.get("data") or {}
    return node.get("type") == "custom-note" or data.get("type") in UI_ONLY_TYPES


def node_configs(graph: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The node configs that can run. Raises GraphError when the graph has not the shape of one (section 1.1)."""
    if "nodes" not in graph or "edges" not in graph:
        raise GraphError("nodes or edges not found in workflow graph", code="graph.missing")
    for key in ("nodes", "edges"):
        if not isinstance(graph[key], list):
            raise GraphError(f"{key} in workflow graph must be a list", code=f"graph.invalid_{key}")
    found: list[Mapping[str, Any]] = []
    for node in graph["nodes"]:
        if not _is_mapping(node) or not _is_mapping(node.get("data", {})):
            raise GraphError("A node of the graph is not a mapping with data.", code="graph.invalid_node")
        if is_note(node):
            continue
        if not isinstance(node.get("id"), str) or not node["id"]:
            raise GraphError("A node of the graph has no id.", code="graph.invalid_node_id")
        found.append(node)
    if not found:
        raise GraphError("Graph must have at least one node")
    return found


def edge_configs(graph: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """`(run-time id, config id, source, target, handle)` of every complete edge, in file order (section 1.2)."""
    found: list[tuple[str, str, str, str, str]] = []
    for edge in graph["edges"]:
        if not _is_mapping(edge):
            continue
        source, target = edge.get("source"), edge.get("target")
        if not isinstance(source, str) or not isinstance(target, str):
            continue
        handle = edge.get("sourceHandle")
        config_id = edge.get("id")
        edge_id = f"edge_{len(found)}"
        found.append(
            (
                edge_id,
                config_id if isinstance(config_id, str) else edge_id,
                source,
                target,
                "source" if handle is None else str(handle),
            )
        )
    return found


def choose_root(configs: Sequence[Mapping[str, Any]], root_node_id: str | None) -> str:
    """The id of the active root (section 1.3). Raises GraphError when there is none."""
    if root_node_id is not None:
        if all(node["id"] != root_node_id for node in configs):
            raise GraphError(f"Root node id {root_node_id} not found in the graph", code="graph.root_unknown")
        return root_node_id
    for node in configs:
        if node.get("data", {}).get("type") in START_TYPES:
            return str(node["id"])
    raise GraphError(
        "The workflow has no start node.", code="NO_ROOT", hint="Add a start node or a trigger and connect it."
    )


def _strategy(node_id: str, data: Mapping[str, Any]) -> str | None:
    word = data.get("error_strategy")
    if word in ABORT_WORDS:
        return None
    if word not in ("fail-branch", "default-value"):
        raise GraphError(f"Unknown error strategy {word!r}", where=NodePlace(node_id, "error_strategy"))
    return str(word)


def _retries(data: Mapping[str, Any]) -> tuple[int, float]:
    config = data.get("retry_config")
    if not isinstance(config, Mapping) or not config.get("retry_enabled"):
        return 0, 0.0
    count, interval = config.get("max_retries"), config.get("retry_interval")
    retries = int(count) if isinstance(count, (int, float)) else DEFAULT_RETRIES
    wait = float(interval) if isinstance(interval, (int, float)) else DEFAULT_RETRY_INTERVAL_MS
    return max(0, retries), max(0.0, wait / 1000)


def _default_values(node_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    items = data.get("default_value")
    values: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("key"), str):
            values[item["key"]] = default_value(node_id, str(item.get("type", "string")), item.get("value"))
    return values


def default_value(node_id: str, type_name: str, value: Any) -> Any:
    """A configured default, converted and checked (section 4.5). Raises GraphError."""
    if isinstance(value, str) and type_name != "string":
        try:
            value = float(value) if type_name == "number" else json.loads(value)
        except ValueError:
            kind = "Cannot convert to number" if type_name == "number" else "Invalid JSON format for value"
            raise _default_problem(node_id, f"{kind}: {value}") from None
    if type_name == "array[file]":
        return value
    if type_name.startswith("array[") and not isinstance(value, list):
        raise _default_problem(node_id, f"Value must be {type_name} type for {value!r}")
    if not is_valid(type_name, value):
        start = "All elements must be" if type_name.startswith("array[") else "Value must be"
        raise _default_problem(node_id, f"{start} {type_name} type for {value!r}")
    return value


def _default_problem(node_id: str, message: str) -> GraphError:
    return GraphError(message, code="graph.default_value", where=NodePlace(node_id, "default_value"))


# -- compiling -------------------------------------------------------------------------------------------------------


class _Compiler:
    def __init__(self, config: Mapping[str, Any], node_class: NodeClass, mocks: Mapping[str, Any]) -> None:
        self.config = config
        self.node_class = node_class
        self.mocks = mocks
        self.classes: dict[tuple[str, str], type[Node[Any]] | None] = {}
        self.issues: list[tuple[str, str]] = []
        self.edge_list: list[tuple[str, str, str, str, str]] = []

    def compile(self, root_node_id: str | None, *, validate: bool) -> CompiledGraph:
        configs = node_configs(self.config)
        root_id = choose_root(configs, root_node_id)
        nodes = {str(node["id"]): self._node(node) for node in configs}
        edges = self._edges(nodes)
        self._check_root(nodes[root_id], validate)
        if self.issues:
            text = "; ".join(f"[{code}] {message}" for code, message in self.issues)
            raise GraphError(text, code=self.issues[0][0], details={"issues": [list(i) for i in self.issues]})
        graph = CompiledGraph(nodes, edges, nodes[root_id])
        graph.configs, graph.edge_list = configs, self.edge_list
        self._scopes(graph, {str(node["id"]): node for node in configs})
        return graph

    def _node(self, config: Mapping[str, Any]) -> CompiledNode:
        data = config.get("data") or {}
        kind = data.get("type")
        if not isinstance(kind, str) or not kind:
            raise GraphError(
                f"The node {config['id']} has no type.", code="graph.invalid_node_type", where=NodePlace(config["id"])
            )
        cls = self._class(kind, str(data.get("version") or "1"))
        mock = self.mocks.get(config["id"])
        first = mock[0] if isinstance(mock, list) and mock else mock
        mock_branch = cls is None and isinstance(first, Mapping) and "handle" in first
        return CompiledNode(str(config["id"]), data, cls, mock_branch=mock_branch)

    def _class(self, kind: str, version: str) -> type[Node[Any]] | None:
        key = (kind, version)
        if key not in self.classes:
            try:
                self.classes[key] = self.node_class(kind, version)
            except UserError:
                self.classes[key] = None
            except ImportError as problem:
                log.warning("the node type %s cannot be loaded: %s", kind, problem)
                self.classes[key] = None
        return self.classes[key]

    def _edges(self, nodes: Mapping[str, CompiledNode]) -> list[CompiledEdge]:
        edges = []
        self.edge_list = edge_configs(self.config)
        for edge_id, config_id, source, target, handle in self.edge_list:
            tail, head = nodes.get(source), nodes.get(target)
            for word, node_id, node in (("source", source, tail), ("target", target, head)):
                if node is None:
                    self.issues.append(("MISSING_NODE", f"Edge {edge_id} references unknown {word} node '{node_id}'."))
            if tail is not None and head is not None:
                edge = CompiledEdge(edge_id, config_id, tail, head, handle)
                tail.out_edges.append(edge)
                head.in_edges.append(edge)
                edges.append(edge)
        return edges

    def _check_root(self, root: CompiledNode, validate: bool) -> None:
        if validate and not root.is_root and not root.hidden and root.type not in START_TYPES:
            self.issues.append(("INVALID_ROOT", f"Root node '{root.id}' must declare execution type 'root'."))

    def _scopes(self, graph: CompiledGraph, configs: Mapping[str, Mapping[str, Any]]) -> None:
        owner: dict[str, str] = {}
        for node in graph.nodes.values():
            loop_id = node.data.get("loop_id")
            if isinstance(loop_id, str):
                graph.loop_nodes.setdefault(loop_id, []).append(node.id)
            if node.is_container:
                start = graph.nodes.get(str(node.data.get("start_node_id") or ""))
                if start is not None:
                    self._own(start, node.id, owner, graph.root)
        for node_id, config in configs.items():
            if node_id not in owner:
                declared = next(iter(declared_parents(config, graph.nodes)), None)
                if declared is not None and graph.nodes[declared].is_container and declared != node_id:
                    owner[node_id] = declared
        members: dict[str, list[CompiledNode]] = {}
        for node in graph.nodes.values():
            members.setdefault(owner.get(node.id, ""), []).append(node)
        for container_id, inside in members.items():
            if container_id:
                container = graph.nodes[container_id]
                start = graph.nodes.get(str(container.data.get("start_node_id") or ""))
                if start is not None and owner.get(start.id) == container_id:
                    graph.scopes[container_id] = Scope(start, inside, container)
        outer_id = owner.get(graph.root.id, "")
        outer = members[outer_id]
        placed = {id(n) for scope in graph.scopes.values() for n in scope.nodes}
        if outer_id in graph.scopes:
            graph.root_scope = graph.scopes[outer_id]
        else:
            # Children of a container that has no usable start stay here: never reached, but known to snapshots.
            outer_ids = {id(n) for n in outer}
            stray = [n for n in graph.nodes.values() if id(n) not in placed and id(n) not in outer_ids]
            graph.root_scope = Scope(graph.root, [*outer, *stray], None)
        graph.root_scope.skip_inactive_roots()

    @staticmethod
    def _own(start: CompiledNode, container_id: str, owner: dict[str, str], root: CompiledNode) -> None:
        stack = [start]
        while stack:
            node = stack.pop()
            if node.id in owner or node is root or node.id == container_id:
                continue
            owner[node.id] = container_id
            stack.extend(edge.head for edge in node.out_edges)


def declared_parents(config: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """The containers that a node names as its own, the innermost guess first."""
    data = config.get("data") or {}
    names = (config.get("parentId"), data.get("iteration_id"), data.get("loop_id"))
    return [name for name in names if isinstance(name, str) and name in known]


def compile_graph(
    config: Mapping[str, Any],
    node_class: NodeClass,
    *,
    root_node_id: str | None = None,
    mocks: Mapping[str, Any] | None = None,
    validate: bool = True,
) -> CompiledGraph:
    """The runnable form of a graph config. Raises GraphError with every issue found (section 1.6)."""
    return _Compiler(config, node_class, mocks or {}).compile(root_node_id, validate=validate)
