"""From a file to a workflow in three steps: parse, describe (collecting problems), build. Bad files give problems,
never exceptions; what is not understood is kept (dsl spec, sections 3, 7 and 14)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.dsl import versions
from engine.dsl.datasets import is_dataset_id
from engine.dsl.edges import read_edges, text_id
from engine.dsl.repair import repair_data, repair_selectors
from engine.dsl.report import Report
from engine.dsl.text import LARGEST_FILE, DslError, Parsed, parse
from engine.dsl.upgrade import upgrade
from engine.dsl.variables import read_variables
from engine.errors import FilePlace
from engine.model.graph import Graph, Node
from engine.model.problems import Notice, Problem
from engine.model.workflow import AppInfo, Workflow

MODES = frozenset({"workflow", "advanced-chat", "chat", "agent-chat", "completion", "agent"})
TRANSIENT_KEYS = frozenset({"dragging", "resizing"})
WORKFLOW_KEYS = frozenset(
    {"conversation_variables", "environment_variables", "features", "graph", "rag_pipeline_variables"}
)
TOP_KEYS = frozenset({"kind", "version", "app", "workflow", "dependencies"})
PIPELINE_KEYS = ("name", "icon", "icon_type", "icon_background", "description")
NODE_WORDS = {
    "repair.transient": "{n} mark(s) of a drag that was under way were left out.",
    "upgrade.wrapper": "{n} node(s) did not say how they are drawn; they are drawn as usual.",
}
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
    if len(source) > LARGEST_FILE:
        return parse(source)
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


class _Reader(Report):
    def __init__(self, parsed: Parsed, result: ReadResult, name: str) -> None:
        super().__init__(parsed, result.problems, result.notices)
        self.result, self.name = result, name
        self.root = parsed.root
        self._seen: Counter[str] = Counter()

    def stop(self, code: str, message: str, *path: str | int, hint: str = "") -> _Stop:
        """An error after which nothing sensible can be read, noted and ready to be raised."""
        self.fail(code, message, *path, hint=hint)
        return _Stop()

    # -- the whole ---------------------------------------------------------------------------------------------------

    def workflow(self) -> Workflow:
        root = self.root
        if not isinstance(root, dict):
            found = {list: "a list", str: "text", type(None): "nothing"}.get(type(root), "a single value")
            raise self.stop("parse.expected_mapping", f"The content must be a mapping, but the file holds {found}.")
        kind = self._kind()
        version = self._version(kind)
        if kind == "rag_pipeline":
            info = self._pipeline()
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
        if not isinstance(mode, str) or mode not in MODES:
            raise self.stop("app.mode_unknown", f"The app mode {mode!r} is not known.", "app", "mode")
        return AppInfo.from_config({**app, "name": self._named(app.get("name"))})

    def _named(self, name: Any) -> Any:
        """The app's name, or one to go by."""
        if name:
            return name
        given = self.name or "Untitled"
        self.notice("import.name", f"The file names no app; it is called “{given}”.")
        return given

    def _pipeline(self) -> AppInfo:
        """Name and icon of a pipeline, kept in the words of an app; the block itself stays in the payload."""
        block = self.root.get("rag_pipeline")
        if block is not None and not isinstance(block, dict):
            raise self.stop("pipeline.invalid", "The pipeline block must be a mapping.", "rag_pipeline")
        known = {k: block[k] for k in PIPELINE_KEYS if block.get(k) is not None} if block else {}
        return AppInfo.from_config({**known, "name": self._named(known.get("name")), "mode": "rag_pipeline"})

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
        listed = block.get("rag_pipeline_variables")
        if listed is not None and not isinstance(listed, list):
            place = ("workflow", "rag_pipeline_variables")
            raise self.stop("runtime_variables.invalid", "The pipeline inputs must be a list.", *place)
        if isinstance(view, dict):
            present |= {f"viewport.{k}" for k in ("x", "y", "zoom") if k in view} | {"viewport"}
        return Workflow(
            **{
                **base,
                "graph": graph,
                "features": features if isinstance(features, dict) else {},
                "environment_variables": read_variables(block, "environment_variables", self),
                "conversation_variables": read_variables(block, "conversation_variables", self),
                "rag_pipeline_variables": tuple(v for v in listed or [] if isinstance(v, dict)),
                "extras": {k: v for k, v in block.items() if k not in WORKFLOW_KEYS},
                "graph_extras": {k: v for k, v in graph_block.items() if k not in ("nodes", "edges", "viewport")},
                "viewport_extras": view_extras,
                "present": frozenset(present),
            }
        )

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
        self._agent_packages(nodes)
        graph = Graph(
            nodes,
            read_edges(edges_block or [], nodes, self),
            Graph.from_config({**block, "nodes": [], "edges": []}).viewport,
        )
        first = next((n for n in nodes_block if isinstance(n, dict)), None)
        no_positions = first is not None and not isinstance(first.get("position"), dict)
        graph = upgrade(graph, no_positions, self.notices)
        self._places(graph, nodes_block)
        return graph

    def _places(self, graph: Graph, block: list[Any]) -> None:
        """Say how many places on the canvas were worked out anew (dsl spec 7.1)."""
        count = 0
        for entry in block:
            node_id = text_id(entry.get("id")) if isinstance(entry, dict) else ""
            if node_id not in graph.nodes:
                continue
            x, y = graph.absolute(node_id)
            told = entry.get("positionAbsolute")
            if not isinstance(told, dict) or told.get("x") != x or told.get("y") != y:
                count += 1
        if count:
            words = f"The place on the canvas was worked out anew for {count} node(s)."
            self.notice("upgrade.absolute", words, count=count)

    def _agent_packages(self, nodes: Mapping[str, Node]) -> None:
        """Nodes that name an agent package must find it in the file (dsl spec 10)."""
        packages = self.root.get("agent_packages")
        for node in nodes.values():
            binding = node.data.get("agent_binding")
            name = binding.get("package_ref") if isinstance(binding, dict) else None
            if name and (not isinstance(packages, dict) or name not in packages):
                index = self.result._indexes[node.id]  # noqa: SLF001 - the reader fills its own result
                words = f"{node.title or node.id}: the agent package {name!r} is not in the file."
                at = ("workflow", "graph", "nodes", index, "data", "agent_binding")
                self.fail("agent.package_missing", words, *at, node_id=node.id)

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
        for code, words in NODE_WORDS.items():
            if self._seen[code]:
                self.notice(code, words.format(n=self._seen[code]), count=self._seen[code])
        self._unbound_datasets(nodes)
        return self._with_text_ids(nodes)

    def _unbound_datasets(self, nodes: Mapping[str, Node]) -> None:
        """Knowledge bases that are named in a way only their own workspace can read (dsl spec 11.2)."""
        for node in nodes.values():
            ids = node.data.get("dataset_ids")
            foreign = [i for i in ids if not is_dataset_id(i)] if isinstance(ids, list) else []
            if foreign:
                words = (
                    f"{node.title or node.id}: {len(foreign)} knowledge base(s) of another workspace are not resolved."
                )
                self.notice("import.datasets", words, node.id, len(foreign))

    def _node(self, entry: Any, at: tuple[str | int, ...]) -> Node | None:
        if not isinstance(entry, dict):
            self.fail("graph.invalid_node", "A node must be a mapping.", *at)
            return None
        node_id = text_id(entry.get("id"))
        if not node_id:
            self.fail("graph.invalid_node_id", "A node has no id.", *at)
            return None
        data = entry.get("data")
        if not isinstance(data, dict):
            self.fail("graph.invalid_node_data", f"The node “{node_id}” has no data.", *at, node_id=node_id)
            return None
        if data.get("_isTempNode"):
            self.notice("import.temporary", "A temporary node of the editor was left out.", node_id)
            return None
        config = {k: v for k, v in entry.items() if k not in TRANSIENT_KEYS}
        self._seen["repair.transient"] += len(entry) - len(config)
        self._seen["upgrade.wrapper"] += "type" not in entry
        config["id"] = node_id
        if entry.get("parentId") is not None:
            config["parentId"] = text_id(entry["parentId"])
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
        return repair_data(node_id, data, self.notices)

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

    def _mode_rules(self, graph: Graph, mode: str) -> None:
        """Graph rules that refuse an import (dsl spec 3.3, 9)."""
        starts = [n for n in graph.nodes.values() if n.type == "start" and not n.is_note]
        triggers = [n for n in graph.nodes.values() if n.type in TRIGGERS]
        if starts and triggers:
            names = ", ".join(f"“{n.title or n.id}”" for n in (*starts, *triggers))
            self.fail("START_WITH_TRIGGER", f"A start node and triggers cannot stand together: {names}.")
        if mode == "rag_pipeline" and not any(n.type == "knowledge-index" for n in graph.nodes.values()):
            self.fail("pipeline.no_index", "The pipeline has no knowledge base node.")
