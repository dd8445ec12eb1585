"""Which results of an earlier run a new run takes over: continue after a failure, or run again from a chosen node.

Works on the events of the earlier run alone (a killed run has no more), so it is as good as the log. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.run.events import NODE_END
from engine.run.graph import CONTAINER_TYPES, edge_configs, node_configs
from engine.run.request import ReusedNode, RunPlan
from engine.run.single import container_members

COSMETIC: Final = ("title", "desc", "selected", "width", "height")


@dataclass
class _Past:
    """What the events say of the earlier run, by frame path."""

    run_id: str = ""
    finished: dict[str, dict[str, ReusedNode]] = field(default_factory=dict)
    begun: dict[str, set[str]] = field(default_factory=dict)
    spoiled: dict[str, set[str]] = field(default_factory=dict)
    """Finished nodes whose values cannot be taken over: secrets were masked in them."""


def plan_resume(
    graph: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    *,
    values: Sequence[Mapping[str, Any]] = (),
    before: Mapping[str, Any] | None = None,
) -> RunPlan:
    """Continue a failed, stopped or interrupted run: every node that ended well is taken over, all others run.

    `values` (`{selector, value}`) replace outputs of nodes that are taken over. With `before`, the graph of the earlier
    run, nodes that were changed since then run again, too, and so does what lies behind them.
    """
    changed = changed_nodes(before, graph) if before is not None else set()
    return _make(graph, _Reader(graph).read(events), changed, values)


def plan_from(
    graph: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    node_id: str,
    *,
    values: Sequence[Mapping[str, Any]] = (),
    before: Mapping[str, Any] | None = None,
) -> RunPlan:
    """Run again from `node_id`: it and what lies behind it run, everything else that ended well is taken over.

    For a node in a container, the container runs again and its rounds take over what lies before the node.
    """
    changed = changed_nodes(before, graph) if before is not None else set()
    return _make(graph, _Reader(graph).read(events), changed | {node_id}, values)


def changed_nodes(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Nodes of `now` that would run differently than in `before`: other settings, or other edges into them."""
    old, new = _essence(before), _essence(now)
    return {node_id for node_id, essence in new.items() if old.get(node_id) != essence}


def _essence(graph: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in node_configs(graph):
        data = node.get("data") or {}
        kept = {k: v for k, v in data.items() if k not in COSMETIC and not k.startswith("_")}
        found[str(node["id"])] = (kept, set())
    for _, _, source, target, handle in edge_configs(graph):
        if target in found:
            found[target][1].add((source, handle))
    return found


def _make(graph: Mapping[str, Any], past: _Past, starts: set[str], values: Sequence[Mapping[str, Any]]) -> RunPlan:
    """The plan in which `starts` and all that depends on them run again."""
    edges = _edges(graph)
    around = {c for c in _containers(graph) if starts and starts & container_members(graph, c)}
    again = _behind(starts | around, edges)
    reuse = {
        path: _sound({k: v for k, v in nodes.items() if k not in again}, edges, _stale(past, path) | again)
        for path, nodes in past.finished.items()
    }
    loops = _loops(graph)
    for path in reuse:
        for part in path.split("/")[1:]:
            container, index = part[:-1].rsplit("[", 1)
            # Rounds of a container behind the node are new; in a loop around it, only the first can be kept.
            if container in again and (container not in around or (container in loops and index != "0")):
                reuse[path] = {}
    _drop_after_gap(reuse, past, graph)
    _drop_unsound_containers(reuse, past)
    return _plan(past, reuse, values, again)


class _Reader:
    """Goes through the events of a run and keeps what every finished node gave and left behind."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        self.past = _Past()
        self._loop_nodes: dict[str, list[str]] = {}
        self._kinds: dict[str, str] = {}
        for node in node_configs(graph):
            data = node.get("data") or {}
            self._kinds[str(node["id"])] = str(data.get("type"))
            self._loop_nodes.setdefault(str(data.get("loop_id")), []).append(str(node["id"]))
        self._paths = {"root": "root"}
        self._owners: dict[str, tuple[str, str]] = {}  # execution id of a node -> its frame id and node id
        self._updates: dict[str, dict[tuple[str, ...], Mapping[str, Any]]] = {}
        self._left: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._failures: dict[str, int] = {}
        self._masked: set[str] = set()

    def read(self, events: Iterable[Mapping[str, Any]]) -> _Past:
        """Everything that the events say."""
        for event in events:
            name = event["event"]
            if name == "GraphRunStarted":
                self.past.run_id = event.get("run_id", "")
            if event.get("id") is not None and not name.startswith("Response"):
                self._take(name, event)
        return self.past

    def _take(self, name: str, event: Mapping[str, Any]) -> None:
        execution_id, frame_id = event["id"], event.get("frame_id", "root")
        if event.get("masked"):
            self._masked.add(execution_id)
            self._masked.update(self._around(frame_id))
        if name == "NodeRunStarted":
            self._owners[execution_id] = (frame_id, event["node_id"])
            self.past.begun.setdefault(self._path(frame_id), set()).add(event["node_id"])
        elif name == "NodeRunVariableUpdated":
            self._update(execution_id, frame_id, event["variable"])
        elif name in ("NodeRunLoopStarted", "NodeRunLoopNext"):
            for container in (execution_id, *self._sharing(frame_id)):
                for node_id in self._loop_nodes.get(event["node_id"], ()):
                    self._left.get(container, {}).pop(node_id, None)
        elif name in NODE_END:
            self._end(name, event, execution_id, frame_id)

    def _end(self, name: str, event: Mapping[str, Any], execution_id: str, frame_id: str) -> None:
        if name != "NodeRunSucceeded":
            for container in self._around(frame_id):
                self._failures[container] = self._failures.get(container, 0) + 1
        if name == "NodeRunFailed":
            return
        path = self._path(frame_id)
        left = dict(event.get("left") or self._left.get(execution_id, {}))
        for container in self._sharing(frame_id):
            self._left.setdefault(container, {}).update({**left, event["node_id"]: event.get("outputs", {})})
        inside = event.get("inside", 0)
        for container in self._around(frame_id) if inside else ():
            self._failures[container] = self._failures.get(container, 0) + inside
        if execution_id in self._masked:
            self.past.spoiled.setdefault(path, set()).add(event["node_id"])
            return
        self.past.finished.setdefault(path, {})[event["node_id"]] = ReusedNode(
            outputs=event.get("outputs", {}),
            status=NODE_END[name],
            handle=event.get("handle", "source"),
            inputs=event.get("inputs", {}),
            process_data=event.get("process_data", {}),
            metadata=event.get("metadata", {}),
            error=event.get("error", ""),
            error_type=event.get("error_type", ""),
            updates=tuple(self._updates.get(execution_id, {}).values()),
            execution_id=execution_id,
            run_outputs=event.get("run_outputs", {}),
            exceptions=inside or self._failures.get(execution_id, 0),
            left=left,
        )

    def _update(self, execution_id: str, frame_id: str, variable: Mapping[str, Any]) -> None:
        selector = tuple(variable["selector"])
        reaching = self._around(frame_id) if selector[0] == "conversation" else self._sharing(frame_id)
        for holder in (execution_id, *reaching):
            # The newest value counts, and it counts where it stood: put it at the end.
            updates = self._updates.setdefault(holder, {})
            updates.pop(selector, None)
            updates[selector] = variable

    def _path(self, frame_id: str) -> str:
        found = self._paths.get(frame_id)
        if found is None:
            invocation, _, index = frame_id.split(":")
            outer, node_id = self._owners[invocation]
            found = self._paths[frame_id] = f"{self._path(outer)}/{node_id}[{index}]"
        return found

    def _around(self, frame_id: str) -> list[str]:
        """Execution ids of the containers around a frame, the innermost first."""
        found = []
        while ":" in frame_id:
            invocation = frame_id.split(":", 1)[0]
            found.append(invocation)
            frame_id = self._owners[invocation][0]
        return found

    def _sharing(self, frame_id: str) -> list[str]:
        """The same, as long as they share their variables with what is outside: up to the first iteration."""
        found = []
        for execution_id in self._around(frame_id):
            if self._kinds.get(self._owners[execution_id][1]) != "loop":
                break
            found.append(execution_id)
        return found


def _containers(graph: Mapping[str, Any]) -> list[str]:
    return [str(n["id"]) for n in node_configs(graph) if (n.get("data") or {}).get("type") in CONTAINER_TYPES]


def _loops(graph: Mapping[str, Any]) -> set[str]:
    return {str(n["id"]) for n in node_configs(graph) if (n.get("data") or {}).get("type") == "loop"}


def _edges(graph: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(source, target) for _, _, source, target, _ in edge_configs(graph)]


def _stale(past: _Past, path: str) -> set[str]:
    """Nodes of a frame that began and gave nothing that can be taken over."""
    return past.begun.get(path, set()) - set(past.finished.get(path, {}))


def _sound(nodes: Mapping[str, ReusedNode], edges: Sequence[tuple[str, str]], stale: set[str]) -> dict[str, ReusedNode]:
    """Without the nodes behind one that runs again."""
    behind = _behind(stale, edges)
    return {node_id: reused for node_id, reused in nodes.items() if node_id not in behind}


def _drop_after_gap(reuse: dict[str, dict[str, ReusedNode]], past: _Past, graph: Mapping[str, Any]) -> None:
    """Rounds of a loop see each other's values: behind a round with a gap none is taken over."""
    loops = _loops(graph)
    first_gap: dict[str, int] = {}
    for path in reuse:
        if "/" not in path:
            continue
        container, index = path.rsplit("[", 1)
        if container.rsplit("/", 1)[-1] in loops and len(reuse[path]) < len(past.begun.get(path, ())):
            first_gap[container] = min(first_gap.get(container, int(index[:-1])), int(index[:-1]))
    for path in reuse:
        for container, gap in first_gap.items():
            if path.startswith(container + "[") and int(path[len(container) + 1 :].split("]")[0]) > gap:
                reuse[path] = {}


def _drop_unsound_containers(reuse: dict[str, dict[str, ReusedNode]], past: _Past) -> None:
    """A container is taken over only together with all of its finished rounds."""
    for path in sorted(reuse, key=lambda p: -p.count("/")):
        if "/" in path and len(reuse[path]) < len(past.finished.get(path, {})):
            outer, container = path.rsplit("/", 1)
            reuse.get(outer, {}).pop(container.split("[")[0], None)


def _behind(starts: set[str], edges: Sequence[tuple[str, str]]) -> set[str]:
    """The nodes and everything that lies behind them."""
    found = set(starts)
    stack = list(starts)
    after: dict[str, list[str]] = {}
    for source, target in edges:
        after.setdefault(source, []).append(target)
    while stack:
        for target in after.get(stack.pop(), ()):
            if target not in found:
                found.add(target)
                stack.append(target)
    return found


def _plan(
    past: _Past,
    reuse: Mapping[str, Mapping[str, ReusedNode]],
    values: Sequence[Mapping[str, Any]],
    again: set[str],
) -> RunPlan:
    edited = {path: dict(nodes) for path, nodes in reuse.items() if nodes and not _inside_reused(path, reuse)}
    root = edited.get("root", {})
    for value in values:
        node_id, name = value["selector"][0], value["selector"][1]
        if node_id in root:
            root[node_id] = replace(root[node_id], outputs={**root[node_id].outputs, name: value["value"]})
    begun = past.begun.get("root", set())
    return RunPlan(edited, tuple(sorted((begun - set(root)) | (begun & again))), past.run_id)


def _inside_reused(path: str, reuse: Mapping[str, Mapping[str, ReusedNode]]) -> bool:
    """Does a frame belong to a container that is taken over as a whole?"""
    while "/" in path:
        path, last = path.rsplit("/", 1)
        if last.split("[")[0] in reuse.get(path, {}):
            return True
    return False
