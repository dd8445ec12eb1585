"""From a file to a workflow in three steps: parse, describe (collecting problems), build. Bad files give problems,
never exceptions; what is not understood is kept (dsl spec, sections 3, 7 and 14)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.dsl import versions
from engine.dsl.repair import repair_data, repair_selectors
from engine.dsl.text import DslError, Parsed, parse
from engine.dsl.upgrade import upgrade
from engine.errors import FilePlace
from engine.model.graph import Edge, Graph, Node
from engine.model.problems import Notice, Problem
from engine.model.workflow import AppInfo, Variable, Workflow

MODES = frozenset({"workflow", "advanced-chat", "chat", "agent-chat", "completion", "agent"})
LARGEST_VARIABLE = 204_800
DATA_WRAPPER_KEYS = frozenset({"dragging", "resizing"})
WORKFLOW_KEYS = frozenset(
    {"conversation_variables", "environment_variables", "features", "graph", "rag_pipeline_variables"}
)
TOP_KEYS = frozenset({"kind", "version", "app", "workflow", "dependencies"})
ID_SPACE = uuid.UUID("6f1c2f0e-5a4e-4a0a-9a53-0e1f7c2d9b11")
TRIGGERS = ("trigger-webhook", "trigger-schedule", "trigger-plugin")


@dataclass
class ReadResult:
    """What a file gave. `workflow` is None when there is an error that stops the import; `status` is `completed`,
    `completed-with-warnings`, `pending` (a version that wants a confirmation) or `failed`."""

    workflow: Workflow | None
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    status: str = "failed"
    version: str = ""
    original: bytes = b""
    parsed: Parsed | None = None

    @property
    def importable(self) -> bool:
        return self.workflow is not None

    def place_of(self, node_id: str, path: tuple[str | int, ...] = ()) -> FilePlace | None:
        """Line and column of a node, or of a setting below its data."""
        if self.parsed is None or node_id not in self._indexes:
            return None
        steps: tuple[str | int, ...] = (*self._prefix, self._indexes[node_id])
        return self.parsed.place(*steps, "data", *path) if path else self.parsed.place(*steps)

    _indexes: dict[str, int] = field(default_factory=dict)
    _prefix: tuple[str, ...] = ("workflow", "graph", "nodes")


class _Stop(Exception):
    """An error after which nothing sensible can be read."""


def read(source: bytes | str, *, name: str = "") -> ReadResult:
    """Read a DSL file. Never raises for what a file may hold; `name` is used where the file names no app."""
    original = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    result = ReadResult(None, original=original)
    try:
        parsed = _parsed(source, result)
        result.parsed = parsed
        result.workflow = _Reader(parsed, result, name).workflow()
    except DslError as error:
        where = error.where if isinstance(error.where, FilePlace) else FilePlace()
        result.problems.append(
            Problem("error", error.code, error.message, line=where.line, column=where.column, hint=error.hint)
        )
    except _Stop:
        pass
    if any(p.severity == "error" and not p.code.startswith("check.") for p in result.problems):
        result.workflow = None
    if result.workflow is None:
        result.status = "failed"
    return result


def _parsed(source: bytes | str, result: ReadResult) -> Parsed:
    """The plain document; a JSON answer that wraps the YAML text in `data` is unwrapped."""
    text = source.decode("utf-8-sig", "replace") if isinstance(source, bytes) else source
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and isinstance(value.get("data"), str) and len(value) == 1:
            result.notices.append(
                Notice("import.envelope", "The workflow was wrapped in a JSON answer; it was unwrapped.")
            )
            return parse(value["data"])
    return parse(source)


class _Reader:
    def __init__(self, parsed: Parsed, result: ReadResult, name: str) -> None:
        self.parsed, self.result, self.name = parsed, result, name
        self.root = parsed.root

    # -- telling -----------------------------------------------------------------------------------------------------

    def fail(self, code: str, message: str, *path: str | int, hint: str = "", node_id: str | None = None) -> None:
        """Note an error at a place of the file."""
        place = self.parsed.place(*path)
        self.result.problems.append(
            Problem("error", code, message, node_id, line=place.line, column=place.column, hint=hint)
        )

    def stop(self, code: str, message: str, *path: str | int, hint: str = "") -> _Stop:
        self.fail(code, message, *path, hint=hint)
        return _Stop()

    def warn(self, code: str, message: str, *path: str | int) -> None:
        place = self.parsed.place(*path)
        self.result.problems.append(Problem("warning", code, message, line=place.line, column=place.column))

    def notice(self, code: str, message: str, node_id: str | None = None, count: int = 1) -> None:
        self.result.notices.append(Notice(code, message, node_id, count))

    # -- the whole ---------------------------------------------------------------------------------------------------

    def workflow(self) -> Workflow:
        root = self.root
        if not isinstance(root, dict):
            found = {list: "a list", str: "text", type(None): "nothing"}.get(type(root), "a single value")
            raise self.stop("parse.expected_mapping", f"The content must be a mapping, but the file holds {found}.")
        kind = self._kind()
        version = self._version(kind)
        if kind == "rag_pipeline":
            block = root.get("rag_pipeline")
            info = AppInfo(
                name=str(block.get("name") or self.name) if isinstance(block, dict) else self.name, mode="rag_pipeline"
            )
        else:
            info = self._app()
        payload = {k: v for k, v in root.items() if k not in TOP_KEYS}
        if kind == "rag_pipeline" and "app" in root:
            payload["app"] = root["app"]
        dependencies = root.get("dependencies")
        base: dict[str, Any] = {
            "app": info,
            "kind": kind,
            "dsl_version": version,
            "dependencies": tuple(dependencies) if isinstance(dependencies, list) else None,
            "payload": payload,
            "features": {},
        }
        if (kind == "app" and info.mode in ("workflow", "advanced-chat")) or kind == "rag_pipeline":
            return self._with_graph(base)
        self._configuration(info.mode, payload)
        if "workflow" in root:
            base["payload"] = {**payload, "workflow": root["workflow"]}
        return Workflow(**base)

    def _kind(self) -> str:
        kind = self.root.get("kind")
        if kind in ("app", "rag_pipeline"):
            return str(kind)
        if kind is None:
            if "rag_pipeline" in self.root and "app" not in self.root:
                self.notice("import.kind", "The file does not say its kind; it was read as a pipeline.")
                return "rag_pipeline"
            self.notice("import.kind", "The file does not say its kind; it was read as an app.")
            return "app"
        self.notice("import.kind", f"The file says kind “{kind}”; it was read as an app.")
        return "app"

    def _version(self, kind: str) -> str:
        version = self.root.get("version")
        if version in (None, ""):
            self.notice("import.version", "The file does not say its version; 0.1.0 is assumed.")
            self.warn("version.missing", "The file does not say its version; 0.1.0 is assumed.")
            version = versions.ASSUMED
        if not isinstance(version, str):
            raise self.stop(
                "version.type",
                f"The version must be text, but it is the number {version!r}.",
                "version",
                hint=f"Put it into quotes: version: '{version}'",
            )
        current = versions.CURRENT_PIPELINE if kind == "rag_pipeline" else versions.CURRENT_APP
        try:
            self.result.status = versions.compare(version, current)
        except DslError as error:
            raise self.stop(error.code, error.message, "version") from error
        self.result.version = version
        if self.result.status == "pending":
            self.warn("version.other", f"The file has version {version}; this program knows {current}.", "version")
        return version

    def _app(self) -> AppInfo:
        app = self.root.get("app")
        if not isinstance(app, dict) or not app:
            raise self.stop(
                "app.missing",
                "The file has no app data, so it is not a Dify workflow file.",
                hint="A workflow file begins with “app:” and its name and mode.",
            )
        mode = app.get("mode")
        if not mode:
            raise self.stop("app.mode_missing", "The app does not say its mode.", "app")
        if mode == "channel":
            raise self.stop(
                "app.mode_unsupported", "Channel apps hold no workflow and cannot be opened.", "app", "mode"
            )
        if mode not in MODES:
            raise self.stop("app.mode_unknown", f"The app mode {mode!r} is not known.", "app", "mode")
        return AppInfo.from_config({**app, "name": app.get("name") or self.name or "Untitled"})

    def _configuration(self, mode: str, payload: Mapping[str, Any]) -> None:
        """Apps without a graph: only what an import cannot do without (dsl spec 3.3, 10)."""
        if mode == "agent":
            agent, packages = payload.get("agent"), payload.get("agent_packages")
            reference = agent.get("package_ref") if isinstance(agent, dict) else None
            if reference and (not isinstance(packages, dict) or reference not in packages):
                self.fail("agent.package_missing", f"The agent package {reference!r} is not in the file.", "agent")
            return
        config = payload.get("model_config")
        if not isinstance(config, dict):
            self.fail("app.config_missing", "The app has no model configuration.", "model_config")
        elif "pre_prompt" not in config:
            self.warn("app.pre_prompt_missing", "The model configuration has no pre_prompt.", "model_config")

    # -- the workflow block ------------------------------------------------------------------------------------------

    def _with_graph(self, base: dict[str, Any]) -> Workflow:
        block = self.root.get("workflow")
        if not isinstance(block, dict) or not block:
            raise self.stop("workflow.missing", "The file has no workflow data.", "workflow")
        graph_block = block.get("graph")
        if graph_block is None:
            graph_block = {}
        if not isinstance(graph_block, dict):
            raise self.stop("graph.invalid", "The graph must be a mapping with nodes and edges.", "workflow", "graph")
        features = block.get("features")
        graph = self._graph(graph_block)
        mode = base["app"].mode
        self._mode_rules(graph, mode)
        view = graph_block.get("viewport")
        view_extras = {k: v for k, v in view.items() if k not in ("x", "y", "zoom")} if isinstance(view, dict) else {}
        present = {k for k in block if k in WORKFLOW_KEYS}
        if isinstance(view, dict):
            present |= {f"viewport.{k}" for k in ("x", "y", "zoom") if k in view} | {"viewport"}
        return Workflow(
            **{
                **base,
                "graph": graph,
                "features": features if isinstance(features, dict) else {},
                "environment_variables": self._variables(block, "environment_variables", "env"),
                "conversation_variables": self._variables(block, "conversation_variables", "conversation"),
                "rag_pipeline_variables": tuple(
                    v for v in block.get("rag_pipeline_variables") or [] if isinstance(v, dict)
                ),
                "extras": {k: v for k, v in block.items() if k not in WORKFLOW_KEYS},
                "graph_extras": {k: v for k, v in graph_block.items() if k not in ("nodes", "edges", "viewport")},
                "viewport_extras": view_extras,
                "present": frozenset(present),
            }
        )

    def _variables(self, block: Mapping[str, Any], key: str, prefix: str) -> tuple[Variable, ...]:
        entries = block.get(key)
        if not entries:
            return ()
        if not isinstance(entries, list):
            self.fail("runtime_variables.invalid", "Variables must be a list.", "workflow", key)
            return ()
        found: list[Variable] = []
        names: set[str] = set()
        for index, entry in enumerate(entries):
            variable = self._variable(entry, key, index, prefix)
            if variable is None:
                continue
            if variable.name in names:
                self.fail(
                    "runtime_variables.duplicate",
                    f"There are two variables named “{variable.name}”.",
                    "workflow",
                    key,
                    index,
                )
            names.add(variable.name)
            found.append(variable)
        return tuple(found)

    def _variable(self, entry: Any, key: str, index: int, prefix: str) -> Variable | None:
        at = ("workflow", key, index)
        if not isinstance(entry, dict):
            self.fail("runtime_variables.invalid_item", "A variable must be a mapping.", *at)
            return None
        name = entry.get("name")
        if not isinstance(name, str) or not name:
            self.fail("runtime_variables.invalid_name", "A variable has no name.", *at)
            return None
        if entry.get("value") is None:
            self.fail("runtime_variables.no_value", f"The variable “{name}” has no value.", *at)
            return None
        if not entry.get("value_type"):
            self.fail("runtime_variables.no_type", f"The variable “{name}” has no type.", *at)
            return None
        if len(json.dumps(entry["value"], ensure_ascii=False, default=str).encode()) > LARGEST_VARIABLE:
            self.fail("runtime_variables.too_large", f"The value of “{name}” is larger than 200 KiB.", *at)
            return None
        if not entry.get("id"):
            # Made from the name, so that importing the same file twice gives the same id.
            entry = {**entry, "id": str(uuid.uuid5(ID_SPACE, f"{prefix}.{name}"))}
            self.notice("upgrade.variable_id", f"The variable “{name}” got an id.")
        return Variable.from_config(entry)

    # -- the graph ---------------------------------------------------------------------------------------------------

    def _graph(self, block: Mapping[str, Any]) -> Graph:
        nodes_block, edges_block = block.get("nodes"), block.get("edges")
        if nodes_block is None:
            nodes_block = []
        if not isinstance(nodes_block, list):
            raise self.stop("graph.invalid_nodes", "The nodes must be a list.", "workflow", "graph", "nodes")
        if edges_block is not None and not isinstance(edges_block, list):
            raise self.stop("graph.invalid_edges", "The edges must be a list.", "workflow", "graph", "edges")
        nodes = self._nodes(nodes_block)
        graph = Graph(
            nodes,
            self._edges(edges_block or [], nodes),
            Graph.from_config({**block, "nodes": [], "edges": []}).viewport,
        )
        first = next((n for n in nodes_block if isinstance(n, dict)), None)
        no_positions = first is not None and not isinstance(first.get("position"), dict)
        return upgrade(graph, no_positions, self.result.notices)

    def _nodes(self, block: list[Any]) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        for index, entry in enumerate(block):
            at = ("workflow", "graph", "nodes", index)
            node = self._node(entry, at)
            if node is None:
                continue
            if node.id in nodes:
                title = nodes[node.id].title or node.id
                self.fail(
                    "graph.duplicate_node_id",
                    f"Two nodes have the id “{node.id}” ({title}, {node.title or node.id}).",
                    *at,
                    node_id=node.id,
                )
                continue
            nodes[node.id] = node
            self.result._indexes[node.id] = index  # noqa: SLF001 - the reader fills its own result
        return self._with_text_ids(nodes)

    def _node(self, entry: Any, at: tuple[str | int, ...]) -> Node | None:
        if not isinstance(entry, dict):
            self.fail("graph.invalid_node", "A node must be a mapping.", *at)
            return None
        node_id = entry.get("id")
        if isinstance(node_id, int | float) and not isinstance(node_id, bool):
            node_id = str(node_id)
        if not isinstance(node_id, str) or not node_id:
            self.fail("graph.invalid_node_id", "A node has no id.", *at)
            return None
        data = entry.get("data")
        if not isinstance(data, dict):
            self.fail("graph.invalid_node_data", f"The node “{node_id}” has no data.", *at, node_id=node_id)
            return None
        if data.get("_isTempNode"):
            self.notice("import.temporary", "A temporary node of the editor was left out.", node_id)
            return None
        config = {k: v for k, v in entry.items() if k not in DATA_WRAPPER_KEYS}
        config["id"] = node_id
        if isinstance(entry.get("parentId"), int):
            config["parentId"] = str(entry["parentId"])
        config["data"] = self._node_data(node_id, config, data, at)
        return Node.from_config(config)

    def _node_data(
        self, node_id: str, config: dict[str, Any], data: dict[str, Any], at: tuple[str | int, ...]
    ) -> dict[str, Any]:
        """The node's own settings; hand-written files put the type on the wrapper."""
        wrapper = str(config.get("type") or "custom")
        data = {k: v for k, v in data.items() if not str(k).startswith("_")}
        kind = data.get("type")
        if not kind and not wrapper.startswith("custom"):
            data["type"] = wrapper
            config["type"] = "custom"
            self.notice("repair.type", f"{data.get('title') or node_id}: the type was moved to its place.", node_id)
        elif kind is not None and not isinstance(kind, str):
            self.fail("graph.invalid_node_type", f"The type of “{node_id}” is not text.", *at, node_id=node_id)
        elif not kind and wrapper != "custom-note":
            self.fail("graph.invalid_node_type", f"The node “{node_id}” has no type.", *at, node_id=node_id)
        if wrapper == "custom-note":
            return data
        return repair_data(node_id, data, self.result.notices)

    def _with_text_ids(self, nodes: dict[str, Node]) -> dict[str, Node]:
        """Selectors that name nodes by number name them by text."""
        count = 0
        for node_id, node in nodes.items():
            data, found = repair_selectors(dict(node.data), nodes)
            if found:
                from dataclasses import replace

                nodes[node_id] = replace(node, data=data)
                count += found
        if count:
            self.notice("repair.selectors", "Numeric node ids in selectors were put into quotes.", count=count)
        return nodes

    def _edges(self, block: list[Any], nodes: Mapping[str, Node]) -> dict[str, Edge]:
        edges: dict[str, Edge] = {}
        lost = renamed = named = aliases = 0
        for entry in block:
            if not isinstance(entry, dict) or (isinstance(entry.get("data"), dict) and entry["data"].get("_isTemp")):
                lost += not isinstance(entry, dict)
                continue
            source, target = _text_id(entry.get("source")), _text_id(entry.get("target"))
            if source not in nodes or target not in nodes:
                lost += 1
                continue
            handle = _text_id(entry.get("sourceHandle")) or "source"
            if handle == "success-branch" or (handle == "loop" and nodes[source].is_container):
                handle, aliases = "source", aliases + 1
            target_handle = _text_id(entry.get("targetHandle")) or "target"
            edge_id = _text_id(entry.get("id"))
            if not edge_id:
                edge_id, named = f"{source}-{handle}-{target}-{target_handle}", named + 1
            if edge_id in edges:
                edge_id, renamed = _unused(edge_id, edges), renamed + 1
            edges[edge_id] = _edge(entry, edge_id, source, handle, target, target_handle, nodes)
        self._edge_notices(lost, renamed, named, aliases)
        return edges

    def _edge_notices(self, lost: int, renamed: int, named: int, aliases: int) -> None:
        if lost:
            words = f"{lost} connection(s) named nodes that are not in the file and were left out."
            self.notice("import.edges_lost", words, count=lost)
        if renamed:
            self.notice(
                "import.edges_renamed", f"{renamed} connection(s) had an id twice and got another.", count=renamed
            )
        if named:
            self.notice("upgrade.edge_ids", f"{named} connection(s) had no id and got one.", count=named)
        if aliases:
            words = f"{aliases} connection(s) used an older name of the success socket."
            self.notice("repair.handles", words, count=aliases)

    def _mode_rules(self, graph: Graph, mode: str) -> None:
        """Graph rules that refuse an import (dsl spec 3.3, 9)."""
        starts = [n for n in graph.nodes.values() if n.type == "start" and not n.is_note]
        triggers = [n for n in graph.nodes.values() if n.type in TRIGGERS]
        if starts and triggers:
            names = ", ".join(f"“{n.title or n.id}”" for n in (*starts, *triggers))
            self.fail("START_WITH_TRIGGER", f"A start node and triggers cannot stand together: {names}.")
        if mode == "rag_pipeline" and not any(n.type == "knowledge-index" for n in graph.nodes.values()):
            self.fail("pipeline.no_index", "The pipeline has no knowledge base node.")


def _text_id(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def _unused(edge_id: str, edges: Mapping[str, Edge]) -> str:
    return next(f"{edge_id}-{n}" for n in range(2, len(edges) + 3) if f"{edge_id}-{n}" not in edges)


def _edge(
    entry: Mapping[str, Any],
    edge_id: str,
    source: str,
    handle: str,
    target: str,
    target_handle: str,
    nodes: Mapping[str, Node],
) -> Edge:
    data = entry.get("data")
    data = dict(data) if isinstance(data, dict) else {}
    data.setdefault("sourceType", nodes[source].type)
    data.setdefault("targetType", nodes[target].type)
    config = {
        **entry,
        "type": entry.get("type") or "custom",
        "id": edge_id,
        "source": source,
        "target": target,
        "sourceHandle": handle,
        "targetHandle": target_handle,
        "data": data,
    }
    return Edge.from_config(config)
