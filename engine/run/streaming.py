"""The response filter (engine spec, section 8): from the chunks of all nodes to the text that a reader sees.

One filter per frame. `FilterPlan` is what every frame of a scope shares; `ResponseFilter` is one frame's state.
It emits `ResponseChunk` events and never looks at time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UserError
from engine.run.frames import SKIPPED, TAKEN
from engine.run.variables.pool import RESERVED_PREFIXES
from engine.run.variables.templates import TemplateSegment, TextSegment, VariableSegment

if TYPE_CHECKING:
    from engine.run.frames import Frame
    from engine.run.graph import CompiledNode, Scope

Selector = tuple[str, ...]
Send = Callable[["Frame", dict[str, Any]], None]
VERSION: Final = "1.0"


class FilterProblem(ValueError):
    """A saved filter state that does not fit the graph."""


class _Group:
    """Response nodes that share one set of blocking edges; `members` by their number in the scope."""

    __slots__ = ("blocking", "members", "nodes")

    def __init__(self, blocking: bytes) -> None:
        self.blocking = blocking
        self.nodes: list[CompiledNode] = []
        self.members: set[int] = set()


class FilterPlan:
    """Templates, wanted selectors and blocking edges of a scope's response nodes."""

    __slots__ = ("by_id", "groups", "producers", "reasoning", "scope", "selectors", "templates")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.by_id = {node.id: node for node in scope.nodes}
        self.templates: dict[str, tuple[TemplateSegment, ...]] = {}
        self.selectors: set[Selector] = set()
        self.groups: list[_Group] = []
        groups: dict[frozenset[str], _Group] = {}
        writers = _writers(scope)
        for node in sorted((n for n in scope.nodes if n.is_response), key=lambda n: n.id):
            template = _template(node)
            self.templates[node.id] = template
            selectors = {s.selector for s in template if isinstance(s, VariableSegment)}
            self.selectors |= selectors
            read = {s[:2] for s in selectors}
            before = frozenset(node_id for node_id, written in writers.items() if not read.isdisjoint(written))
            group = groups.get(before)
            if group is None:
                group = groups[before] = _Group(_blocking(scope, before))
                self.groups.append(group)
            group.nodes.append(node)
            group.members.add(node.i)
        self.producers = {s[0] for s in self.selectors}


def _writers(scope: Scope) -> dict[str, set[Selector]]:
    """Nodes that write outside their own outputs, with the selectors."""
    from engine.nodes.base import Node

    found: dict[str, set[Selector]] = {}
    for node in scope.nodes:
        if node.cls is not None and node.cls.writes is not Node.writes:
            with suppress(UserError):
                found[node.id] = {tuple(s[:2]) for s in node.behaviour.writes()}
    return found


def _template(node: CompiledNode) -> tuple[TemplateSegment, ...]:
    """What the node will say; nothing when its settings cannot be read, for then it fails when it runs."""
    try:
        return tuple(node.behaviour.response_template())
    except UserError:
        return ()


def _blocking(scope: Scope, writers: frozenset[str]) -> bytes:
    """A mark for each edge behind a branch, a container, an answer, or one of the `writers`."""
    marks = bytearray(len(scope.edges))
    for node in scope.nodes:
        if node.is_branch or node.is_container or node.is_response or node.id in writers:
            for edge in node.out_edges:
                marks[edge.i] = 1
    return bytes(marks)


def make_filter(
    frame: Frame, send: Send, new_id: Callable[[], str], nodes: Mapping[str, CompiledNode]
) -> ResponseFilter | None:
    """The filter of a new frame, or None when its scope has no response node. `send` hands over finished events,
    `nodes` are those of the whole graph."""
    scope = frame.scope
    plan = scope.filter_plan
    if plan is None:
        plan = scope.filter_plan = FilterPlan(scope)
    return ResponseFilter(plan, frame, send, new_id, nodes) if plan.templates else None


class ResponseFilter:
    """Orders the response of one frame. Fed by the scheduler: start, taken edges, chunks, ends of nodes."""

    __slots__ = (
        "_active",
        "_buffers",
        "_closed",
        "_frame",
        "_index",
        "_is_loaded",
        "_new_id",
        "_nodes",
        "_plan",
        "_reached",
        "_seen",
        "_send",
        "_started",
        "_waiting",
    )

    def __init__(
        self,
        plan: FilterPlan,
        frame: Frame,
        send: Send,
        new_id: Callable[[], str],
        nodes: Mapping[str, CompiledNode],
    ) -> None:
        self._plan = plan
        self._frame = frame
        self._send = send
        self._new_id = new_id
        self._nodes = nodes
        self._is_loaded = False
        self._active: CompiledNode | None = None
        self._index = 0
        self._waiting: deque[CompiledNode] = deque()
        self._started: set[str] = set()
        self._buffers: dict[Selector, deque[dict[str, Any]]] = {}
        self._seen: set[Selector] = set()
        self._closed: set[Selector] = set()
        self._reached = [bytearray(len(plan.scope.nodes)) for _ in plan.groups]

    # -- feeding ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The frame begins: answers that nothing blocks may speak at once."""
        fresh: list[CompiledNode] = []
        for group, reached in zip(self._plan.groups, self._reached, strict=True):
            fresh += self._spread(group, reached, self._plan.scope.root)
        self._open(fresh)

    def go_on(self) -> None:
        """The frame goes on after a pause; without a saved state its answers are said again (section 8.7)."""
        if not self._is_loaded:
            self.start()

    def edge_taken(self, i: int, tail_i: int, head: CompiledNode) -> None:
        """An edge was taken: answers behind it may have become reachable."""
        fresh: list[CompiledNode] = []
        for group, reached in zip(self._plan.groups, self._reached, strict=True):
            if group.blocking[i] and reached[tail_i] and not reached[head.i]:
                fresh += self._spread(group, reached, head)
        if fresh:
            self._open(fresh)

    def chunk(self, event: Mapping[str, Any]) -> None:
        """A raw chunk of a node of this frame; kept only when some answer wants exactly its selector."""
        selector = tuple(event["selector"])
        if selector not in self._plan.selectors:
            return
        self._seen.add(selector)
        buffer = self._buffers.get(selector)
        if buffer is None:
            buffer = self._buffers[selector] = deque()
        buffer.append({key: event[key] for key in _KEPT if key in event})
        self.flush()

    def reasoning(self, event: Mapping[str, Any]) -> None:
        """A raw reasoning chunk: passed on at once while an open answer speaks of its node."""
        node_id = event["node_id"]
        if tuple(event["selector"][:2]) != (node_id, "reasoning_content"):
            return
        node = self._plan.by_id.get(node_id)
        if node is None or self._frame.nodes[node.i] == SKIPPED:
            return
        open_nodes = [self._active, *self._waiting] if self._active is not None else []
        for response in open_nodes:
            for part in self._plan.templates[response.id]:
                if isinstance(part, VariableSegment) and part.selector[:2] in (
                    (node_id, "reasoning_content"),
                    (node_id, "text"),
                ):
                    kept = {key: event[key] for key in _KEPT if key in event}
                    self._send(self._frame, {"event": "ResponseReasoningChunk", **kept, "source_node_id": node_id})
                    return

    def before_end(self, node: CompiledNode) -> None:
        """A node has ended well; its values are in the pool and its streams are over."""
        if node.id in self._plan.producers:
            for selector in self._seen:
                if selector[0] == node.id:
                    # A stream without a final chunk would hold back the rest of the answer for ever.
                    self._closed.add(selector)
        if self._active is not None:
            self.flush()

    # -- sessions --------------------------------------------------------------------------------------------------

    def _spread(self, group: _Group, reached: bytearray, start: CompiledNode) -> list[CompiledNode]:
        """Mark what is reachable from `start` over edges that do not block or were taken; the new answers of it."""
        edges = self._frame.edges
        blocking = group.blocking
        reached[start.i] = 1
        stack = [start]
        fresh = []
        while stack:
            node = stack.pop()
            if node.i in group.members:
                fresh.append(node)
            for edge in node.out_edges:
                if not reached[edge.head.i] and (not blocking[edge.i] or edges[edge.i] == TAKEN):
                    reached[edge.head.i] = 1
                    stack.append(edge.head)
        return fresh

    def _open(self, nodes: list[CompiledNode]) -> None:
        for node in sorted(nodes, key=lambda n: n.id):
            if node.id in self._started:
                continue
            self._started.add(node.id)
            if self._active is None:
                self._active, self._index = node, 0
                self.flush()
            else:
                self._waiting.append(node)

    def flush(self) -> None:
        """Say everything that can be said now (section 8.5)."""
        while self._active is not None:
            template = self._plan.templates[self._active.id]
            while self._index < len(template):
                if not self._say(template[self._index], is_final=self._index == len(template) - 1):
                    return
                self._index += 1
            self._active = self._waiting.popleft() if self._waiting else None
            self._index = 0

    def _say(self, part: TemplateSegment, *, is_final: bool) -> bool:
        """Say one segment; False when it must be waited for."""
        response = self._active
        assert response is not None
        if isinstance(part, TextSegment):
            self._emit(response, (response.id, "answer"), part.text, is_final, response)
            return True
        selector = part.selector
        if self._is_skipped(selector[0]):
            return True
        buffer = self._buffers.get(selector)
        while buffer:
            self._relay(buffer.popleft(), selector, response)
        if selector in self._closed:
            return True
        if selector in self._seen:
            return False
        value = self._frame.pool.get(selector)
        if value is None:
            return False
        source = None if selector[0] in RESERVED_PREFIXES else self._plan.by_id.get(selector[0])
        self._emit(source or response, selector, value.markdown, is_final, response)
        return True

    def _is_skipped(self, node_id: str) -> bool:
        """Whether a node will never run: a node of this frame or of one around it, or inside a container of these."""
        node = self._plan.by_id.get(node_id) or self._nodes.get(node_id)
        while node is not None and node.scope is not None:
            frame: Frame | None = self._frame
            while frame is not None:
                if frame.scope is node.scope:
                    return frame.nodes[node.i] == SKIPPED
                frame = frame.parent
            node = node.scope.container
        return False

    def _relay(self, event: dict[str, Any], selector: Selector, response: CompiledNode) -> None:
        producer = self._plan.by_id.get(event["node_id"])
        # What may fail and stream again is closed by the node's end only: the new pieces follow the old ones.
        if event["is_final"] and not (producer is not None and producer.max_retries):
            self._closed.add(selector)
        own = selector[0] in RESERVED_PREFIXES
        source_id = response.id if own else event["node_id"]
        if own:
            event = {**event, **response.fields, "id": self._execution_id(response)}
        self._send(
            self._frame,
            {"event": "ResponseChunk", **event, "source_node_id": source_id, "response_node_id": response.id},
        )

    def _emit(self, node: CompiledNode, selector: Selector, chunk: str, final: bool, response: CompiledNode) -> None:
        self._send(
            self._frame,
            {
                "event": "ResponseChunk",
                "id": self._execution_id(node),
                **node.fields,
                **self._frame.fields,
                "selector": list(selector),
                "chunk": chunk,
                "is_final": final,
                "source_node_id": node.id,
                "response_node_id": response.id,
            },
        )

    def _execution_id(self, node: CompiledNode) -> str:
        """The execution id that `node` has, or will get when it starts."""
        found = self._frame.exec_ids.get(node.i)
        if found is None:
            found = self._frame.exec_ids[node.i] = self._new_id()
        return found

    # -- saving ----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """JSON data of the state (section 8.7)."""
        scope = self._plan.scope
        blocked = {
            node.id: [e.id for e in scope.edges if group.blocking[e.i] and self._frame.edges[e.i] != TAKEN]
            for group in self._plan.groups
            for node in group.nodes
            if node.id not in self._started
        }
        return {
            "type": "ResponseStreamFilter",
            "version": VERSION,
            "response_nodes": sorted(self._plan.templates),
            "active_session": {"node_id": self._active.id, "index": self._index} if self._active else None,
            "waiting_sessions": [node.id for node in self._waiting],
            "pending_sessions": sorted(set(self._plan.templates) - self._started),
            "node_execution_ids": {scope.nodes[i].id: value for i, value in self._frame.exec_ids.items()},
            "blocking_edges": blocked,
            "stream_buffers": [{"selector": list(s), "events": list(b)} for s, b in self._buffers.items()],
            "stream_positions": [{"selector": list(s), "position": 0} for s in self._buffers],
            "seen_streams": sorted(list(s) for s in self._seen),
            "closed_streams": sorted(list(s) for s in self._closed),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a dumped state. Raises FilterProblem (nothing changed) when it names an unknown response node."""
        active = state.get("active_session")
        names = [*state.get("waiting_sessions", ()), *state.get("pending_sessions", ())]
        names += [active["node_id"]] if active else []
        unknown = sorted(set(names) - set(self._plan.templates))
        if unknown:
            raise FilterProblem(f"The saved stream speaks of unknown response nodes: {', '.join(unknown)}")
        self._started = set(self._plan.templates) - set(state.get("pending_sessions", ()))
        self._active = self._plan.by_id[active["node_id"]] if active else None
        self._index = int(active["index"]) if active else 0
        self._waiting = deque(self._plan.by_id[name] for name in state.get("waiting_sessions", ()))
        positions = {tuple(p["selector"]): int(p["position"]) for p in state.get("stream_positions", ())}
        self._buffers = {
            tuple(b["selector"]): deque(list(b["events"])[positions.get(tuple(b["selector"]), 0) :])
            for b in state.get("stream_buffers", ())
        }
        self._closed = {tuple(s) for s in state.get("closed_streams", ())}
        self._seen = {tuple(s) for s in state.get("seen_streams", ())} | set(self._buffers) | self._closed
        for node_id, execution_id in state.get("node_execution_ids", {}).items():
            if node_id in self._plan.by_id:
                self._frame.exec_ids[self._plan.by_id[node_id].i] = execution_id
        self._is_loaded = True
        for group, reached in zip(self._plan.groups, self._reached, strict=True):
            reached[:] = bytes(len(reached))
            self._spread(group, reached, self._plan.scope.root)


_KEPT: Final = (
    "id",
    "node_id",
    "node_type",
    "node_title",
    "node_version",
    "frame_id",
    "in_iteration_id",
    "in_loop_id",
    "iteration_index",
    "loop_index",
    "selector",
    "chunk",
    "is_final",
)
