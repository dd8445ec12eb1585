"""Runs of one node, one iteration or one loop (engine spec 10.3, 10.4): the part of the graph, and its variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.errors import NodePlace
from engine.ports.bundle import Ports
from engine.run.graph import (
    CONTAINER_TYPES,
    START_TYPES,
    CompiledGraph,
    declared_parents,
    edge_configs,
    node_configs,
)
from engine.run.inputs import add_conversation, add_environment, system_values
from engine.run.request import RunRefused, RunRequest
from engine.run.variables.files import FileProblem, input_value
from engine.run.variables.pool import RESERVED_PREFIXES, VariablePool

Mapped = dict[str, tuple[str, ...]]
MEMORY_TYPES: Final = ("llm", "question-classifier", "parameter-extractor")


def single_graph(request: RunRequest) -> tuple[dict[str, Any], str]:
    """The graph config of a single run and its root's id; the request's kind follows the node's type.

    Raises RunRefused when the node is not there.
    """
    configs = {str(node["id"]): node for node in node_configs(request.graph)}
    node_id = request.node_id or ""
    if node_id not in configs:
        raise RunRefused(f"There is no node {node_id} in the graph.", code="run.unknown_node", where=NodePlace(node_id))
    kind = (configs[node_id].get("data") or {}).get("type")
    if kind in CONTAINER_TYPES and not _stands_in(request, node_id):
        request.kind = kind
        wanted = container_members(request.graph, node_id) | {node_id}
    else:
        request.kind = "node"
        wanted = {node_id}
    nodes = [node for id_, node in configs.items() if id_ in wanted]
    edges = [
        {"id": config_id, "source": source, "target": target, "sourceHandle": handle}
        for _, config_id, source, target, handle in edge_configs(request.graph)
        if source in wanted and target in wanted and node_id not in (source, target)
    ]
    return {"nodes": nodes, "edges": edges}, node_id


def _stands_in(request: RunRequest, node_id: str) -> bool:
    return node_id in (request.mocks or {}) or node_id in (request.pins or {})


def container_members(graph: Mapping[str, Any], container_id: str) -> set[str]:
    """Ids of everything inside a container, nested containers and their children included."""
    configs = {str(node["id"]): node for node in node_configs(graph)}
    after: dict[str, list[str]] = {}
    for _, _, source, target, _ in edge_configs(graph):
        after.setdefault(source, []).append(target)
    parents = {node_id: set(declared_parents(node, configs)) for node_id, node in configs.items()}
    found: set[str] = set()
    containers = [container_id]
    while containers:
        current = containers.pop()
        start = (configs[current].get("data") or {}).get("start_node_id")
        stack = [str(start)] if start in configs else []
        stack += [node_id for node_id, names in parents.items() if current in names]
        while stack:
            node_id = stack.pop()
            if node_id in found or node_id == container_id or node_id not in configs:
                continue
            found.add(node_id)
            stack.extend(after.get(node_id, ()))
            if (configs[node_id].get("data") or {}).get("type") in CONTAINER_TYPES:
                containers.append(node_id)
    return found


def needed_variables(graph: CompiledGraph) -> Mapped:
    """What a single run reads: `<node>.<key>` to selector, without what it makes itself (section 6.7)."""
    root = graph.root
    mapping: Mapped = dict(_mapping_of(graph, root.id))
    for node in graph.nodes.values():
        if node is not root:
            mapping.update({f"{node.id}.{key}": selector for key, selector in _mapping_of(graph, node.id).items()})
    inner = set(graph.nodes) if root.is_container else set()
    return {key: selector for key, selector in mapping.items() if len(selector) > 1 and selector[0] not in inner}


def _mapping_of(graph: CompiledGraph, node_id: str) -> Mapped:
    node = graph.nodes[node_id]
    if node.cls is None:
        return {}
    mapping = {key: tuple(selector) for key, selector in node.behaviour.variable_mapping().items()}
    if node.type == "llm" and isinstance(node.data.get("memory"), Mapping):
        mapping.setdefault(f"{node_id}.#sys.query#", ("sys", "query"))
    return mapping


def single_pool(request: RunRequest, ports: Ports, graph: CompiledGraph) -> VariablePool:
    """The variables of a single run: explicit inputs win, then what the pool has, then earlier runs.

    Raises RunRefused, naming the variable, when one has no value anywhere.
    """
    pool = VariablePool()
    _base_values(pool, request, ports, graph)
    drafts = request.draft_variables or {}
    inputs = request.inputs
    wanted = {} if _stands_in(request, graph.root.id) else needed_variables(graph)
    for key, selector in wanted.items():
        given, value = _given(inputs, key, selector)
        if given and selector[0] != "env":
            if value is not None:
                _put(pool, selector, value, key)
            continue
        if pool.has(selector):
            continue
        stored = drafts.get(selector[0], {})
        if selector[1] in stored:
            pool.add(selector[:2], _revived(stored[selector[1]]))
        if not pool.has(selector):
            raise RunRefused(
                f"Variable key {key} not found in user inputs.",
                code="run.missing_input",
                where=NodePlace(graph.root.id, title=graph.root.title),
                hint="Give a value, or run the nodes before this one first.",
                details={"key": key, "selector": list(selector)},
            )
    return pool


def _base_values(pool: VariablePool, request: RunRequest, ports: Ports, graph: CompiledGraph) -> None:
    if graph.root.type in START_TYPES:
        for name, value in system_values(request, ports).items():
            pool.add(("sys", name), value)
        for name, value in request.inputs.items():
            pool.add((graph.root.id, name), input_value(value))
    else:
        pool.add(("sys", "workflow_run_id"), request.run_id)
        pool.add(("sys", "files"), [])
        for name, value in request.system.items():
            pool.add(("sys", name), input_value(value))
    add_environment(pool, request)
    add_conversation(pool, request)
    for name, value in (request.draft_variables or {}).get("conversation", {}).items():
        pool.add(("conversation", name), _revived(value))
    memory = graph.root.data.get("memory")
    if request.conversation_id and graph.root.type in MEMORY_TYPES and isinstance(memory, Mapping):
        pool.add(("sys", "conversation_id"), request.conversation_id)


def _given(inputs: Mapping[str, Any], key: str, selector: tuple[str, ...]) -> tuple[bool, Any]:
    """Was a value given for this key? By its key, by the key without node ids, or by the selector itself."""
    dotted = ".".join(selector)
    names = [key, dotted, f"#{dotted}#"]
    rest = key
    while "." in rest and not rest.startswith("#"):
        rest = rest.split(".", 1)[1]
        names.append(rest)
    for name in names:
        if name in inputs:
            return True, inputs[name]
    return False, None


def _put(pool: VariablePool, selector: tuple[str, ...], value: Any, key: str) -> None:
    value = _revived(value)
    if len(selector) == 2:
        pool.add(selector, value)
    elif len(selector) == 3 and selector[1] == "structured_output":
        present = pool.get_value(selector[:2], {})
        pool.add(selector[:2], {**(present if isinstance(present, Mapping) else {}), selector[2]: value})
    elif selector[0] not in RESERVED_PREFIXES:
        # A value for a part of an object: the object is built around it.
        pool.add(selector[:2], _nested(pool.get_value(selector[:2], {}), selector[2:], value))
    else:
        raise RunRefused(f"The input {key} cannot be set.", code="run.bad_input")


def _nested(present: Any, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    base = dict(present) if isinstance(present, Mapping) else {}
    base[path[0]] = value if len(path) == 1 else _nested(base.get(path[0]), path[1:], value)
    return base


def _revived(value: Any) -> Any:
    try:
        return input_value(value)
    except FileProblem as problem:
        raise RunRefused(str(problem), code="run.bad_file") from None
