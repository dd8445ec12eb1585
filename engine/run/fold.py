"""From events to the state at a moment. Pure and free of the rest of the engine: the canvas, the store, the scrubber
and the comparison of runs all use this one function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.model.prices import plain_price
from engine.run.events import NODE_END, RUN_END

LIVE: Final = frozenset({"waiting", "running", "retry", "held", "paused"})
_TRY: Final = ("retry_index", "error", "error_type", "inputs", "process_data", "outputs", "elapsed_time", "at")
ROUND_NAMES: Final = {"NodeRunIterationNext": "iteration_index", "NodeRunLoopNext": "loop_index"}


@dataclass(slots=True)
class NodeRunState:
    """One node execution. `status`: waiting, running, succeeded, failed, exception, skipped, stopped, paused, retry
    or held. Times are the events' texts, `elapsed` seconds. `rounds` (containers): round index to execution ids."""

    node_id: str
    execution_id: str = ""
    node_type: str = ""
    title: str = ""
    status: str = "waiting"
    index: int = 0
    frame_id: str = "root"
    predecessor: str | None = None
    iteration_id: str = ""
    loop_id: str = ""
    iteration_index: int | None = None
    loop_index: int | None = None
    started_at: str = ""
    finished_at: str = ""
    elapsed: float = 0.0
    tokens: int = 0
    price: str = "0"
    currency: str = ""
    attempt: int = 1
    error: str = ""
    error_type: str = ""
    handle: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    process_data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    retries: list[Mapping[str, Any]] = field(default_factory=list)
    logs: list[Mapping[str, Any]] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    reasoning_chunks: list[str] = field(default_factory=list)
    rounds: dict[int, list[str]] = field(default_factory=dict)
    round_count: int = 0
    """How many rounds a container expects; 0 when it has not said."""
    form: Mapping[str, Any] | None = None
    loading: float | None = None
    """The share of its model that is loaded, while it waits for that."""

    @property
    def text(self) -> str:
        """What the node has streamed so far."""
        if len(self.chunks) > 1:
            self.chunks[:] = ["".join(self.chunks)]
        return self.chunks[0] if self.chunks else ""

    @property
    def reasoning(self) -> str:
        """The reasoning that the node has streamed so far."""
        return "".join(self.reasoning_chunks)

    @property
    def is_live(self) -> bool:
        """Is it not over yet?"""
        return self.status in LIVE


@dataclass(slots=True)
class RunState:
    """A run at a moment. `nodes` holds the newest execution of each node (what a card shows), `executions` all of
    them in the order they began, `edges` the newest state of each edge by its id in the file."""

    run_id: str = ""
    status: str = "waiting"
    seq: int = 0
    started_at: str = ""
    at: str = ""
    finished_at: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    error_node_id: str = ""
    reasons: list[Mapping[str, Any]] = field(default_factory=list)
    exceptions_count: int = 0
    elapsed: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    total_price: str = "0"
    currency: str = ""
    nodes: dict[str, NodeRunState] = field(default_factory=dict)
    executions: dict[str, NodeRunState] = field(default_factory=dict)
    edges: dict[str, str] = field(default_factory=dict)
    held: dict[str, NodeRunState] = field(default_factory=dict)
    """Executions that wait at the debug gate, in the order they were held."""
    variables: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Variables written by nodes while they ran (conversation and loop variables), newest value."""
    answer: list[str] = field(default_factory=list)
    kind: str = "full"
    pins: tuple[str, ...] = ()
    """Nodes whose pinned outputs the run was started with."""
    answered_by: str = ""
    """What gave the answer if not the graph: output_moderation, input_moderation or annotation."""

    @property
    def stream_text(self) -> str:
        """The response text of the root graph as a reader has seen it so far."""
        if len(self.answer) > 1:
            self.answer[:] = ["".join(self.answer)]
        return self.answer[0] if self.answer else ""

    @property
    def is_over(self) -> bool:
        """Has it ended for good (a paused run has not)?"""
        return self.status in ("succeeded", "partial-succeeded", "failed", "stopped")

    def apply(self, event: Mapping[str, Any]) -> set[str]:
        """Take one event; the ids of nodes and edges (ids of the file) whose state changed. Events that were already
        taken (same or lower `seq`) change nothing."""
        seq = event.get("seq", 0)
        if seq and seq <= self.seq:
            return set()
        self.seq = max(self.seq, seq)
        self.at = event.get("at", self.at)
        handler = _HANDLERS.get(event["event"])
        return handler(self, event) if handler is not None else set()

    # -- looking up ------------------------------------------------------------------------------------------------

    def round_nodes(self, container_id: str, index: int) -> list[NodeRunState]:
        """The executions of one round of a container's newest execution, in the order they began."""
        container = self.nodes.get(container_id)
        return [self.executions[i] for i in container.rounds.get(index, ())] if container is not None else []

    def find(self, event: Mapping[str, Any]) -> NodeRunState | None:
        """The execution that an event speaks of."""
        return self.executions.get(event["id"])


def _began(state: RunState, event: Mapping[str, Any]) -> NodeRunState:
    node = NodeRunState(
        node_id=event["node_id"],
        execution_id=event["id"],
        node_type=event.get("node_type", ""),
        title=event.get("node_title", ""),
        index=len(state.executions) + 1,
        frame_id=event.get("frame_id", "root"),
        iteration_id=event.get("in_iteration_id", ""),
        loop_id=event.get("in_loop_id", ""),
        iteration_index=event.get("iteration_index"),
        loop_index=event.get("loop_index"),
    )
    state.executions[node.execution_id] = node
    owner = state.executions.get(node.frame_id.split(":", 1)[0]) if ":" in node.frame_id else None
    if owner is not None:
        owner.rounds.setdefault(int(node.frame_id.rsplit(":", 1)[1]), []).append(node.execution_id)
    return node


def _run_started(state: RunState, event: Mapping[str, Any]) -> set[str]:
    state.run_id = event.get("run_id", state.run_id)
    state.status = "running"
    state.kind = event.get("kind", state.kind)
    state.reasons = []
    if event.get("reason") != "resumption":
        state.started_at = event.get("at", "")
        state.inputs = event.get("inputs", {})
        state.pins = tuple(event.get("pins", ()))
    return set()


def _answer_replaced(state: RunState, event: Mapping[str, Any]) -> set[str]:
    state.answer = [str(event.get("answer", ""))]
    state.answered_by = str(event.get("reason", ""))
    return set()


def _answered(state: RunState, event: Mapping[str, Any]) -> set[str]:
    """An answer for which nothing ran: by moderation of what was said, or by an annotation."""
    _answer_replaced(state, event)
    state.status = "succeeded"
    state.outputs = {"answer": event.get("answer", "")}
    return set()


def _run_ended(state: RunState, event: Mapping[str, Any]) -> set[str]:
    state.status = RUN_END[event["event"]]
    state.outputs = event.get("outputs", {})
    state.error = event.get("error") or (event.get("reason") if state.status == "stopped" else "") or ""
    state.error_node_id = event.get("error_node_id", "")
    state.reasons = list(event.get("reasons", ()))
    state.exceptions_count = event.get("exceptions_count", 0)
    state.elapsed = event.get("elapsed_time", 0.0)
    state.total_tokens = event.get("total_tokens", 0)
    state.total_steps = event.get("total_steps", 0)
    state.total_price = plain_price(event.get("total_price"))
    state.currency = event.get("currency", "")
    if state.status == "paused":
        let_go = {node.node_id for node in state.held.values()}
        for node in state.held.values():
            node.status = "waiting"  # it is asked for anew when the run goes on
        state.held.clear()
        return let_go
    state.finished_at = event.get("at", "")
    changed = {node.node_id for node in state.held.values()}
    for node in state.held.values():
        node.status = "stopped"
    state.held.clear()
    # Abandoned nodes end with their run (engine spec 4.6, DEC-13).
    for node in state.executions.values():
        if node.is_live:
            node.status = "failed" if state.status == "failed" else "stopped"
            node.error = state.error
            node.finished_at = state.finished_at
            changed.add(node.node_id)
    return changed


def _node_started(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.executions.get(event["id"]) or _began(state, event)
    if node.status in ("succeeded", "failed", "exception"):
        return set()
    node.status = "running"
    node.predecessor = event.get("predecessor_node_id") or node.predecessor
    node.started_at = node.started_at or event.get("start_at") or event.get("at", "")
    state.nodes[node.node_id] = node
    return {node.node_id}


def _node_retry(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.executions.get(event["id"]) or _began(state, event)
    node.status = "retry"
    node.attempt = int(event.get("retry_index", 0)) + 1
    node.error = event.get("error", "")
    node.retries.append({key: event.get(key) for key in _TRY})
    state.nodes[node.node_id] = node
    return {node.node_id}


def _node_ended(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.executions.get(event["id"]) or _began(state, event)
    node.status = NODE_END[event["event"]]
    node.loading = None
    node.finished_at = event.get("finished_at") or event.get("at", "")
    node.elapsed = event.get("elapsed_time", 0.0)
    node.inputs = event.get("inputs", {})
    node.outputs = event.get("outputs", {})
    node.process_data = event.get("process_data", {})
    node.metadata = event.get("metadata", {})
    node.error = event.get("error", "")
    node.error_type = event.get("error_type", "")
    node.handle = event.get("handle", "")
    node.tokens = node.metadata.get("total_tokens") or 0
    node.price = plain_price(node.metadata.get("total_price"))
    node.currency = node.metadata.get("currency") or ""
    state.nodes[node.node_id] = node
    return {node.node_id}


def _chunk(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None or not event["chunk"]:
        return set()
    node.chunks.append(event["chunk"])
    node.loading = None
    return {node.node_id}


def _loading(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    share = float(event["share"])
    node.loading = share if share < 1 else None
    return {node.node_id}


def _reasoning(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    node.reasoning_chunks.append(event["chunk"])
    return {node.node_id}


def _response(state: RunState, event: Mapping[str, Any]) -> set[str]:
    if event.get("frame_id") == "root":
        state.answer.append(event["chunk"])
    return {event.get("response_node_id", event["node_id"])}


def _log(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    message_id = event.get("message_id")
    for place, old in enumerate(node.logs):
        if message_id is not None and old.get("message_id") == message_id:
            node.logs[place] = event
            break
    else:
        node.logs.append(event)
    return {node.node_id}


def _held(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.executions.get(event["id"])
    if node is None:
        # A held node has not begun: it gets its number when it does.
        node = NodeRunState(event["node_id"], event["id"], event.get("node_type", ""), event.get("node_title", ""))
        node.frame_id = event.get("frame_id", "root")
    node.status = "held"
    why = event.get("why", {})
    node.inputs = event.get("inputs", {})
    node.error, node.error_type = why.get("error", ""), why.get("error_type", "")
    node.metadata = {"selectors": event.get("selectors", {}), "why": why}
    for name in ("iteration_index", "loop_index"):
        setattr(node, name, event.get(name))
    node.iteration_id, node.loop_id = event.get("in_iteration_id", ""), event.get("in_loop_id", "")
    state.nodes[node.node_id] = node
    state.held[node.execution_id] = node
    return {node.node_id}


def _released(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.held.pop(event["id"], None)
    if node is not None and node.status == "held":
        # One that is held after its failure has begun long since.
        node.status = "running" if node.started_at else "waiting"
    return {event["node_id"]}


def _paused(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    node.status = "paused"
    node.form = (event.get("reason") or {}).get("form")
    return {node.node_id}


def _rounds_started(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    metadata = event.get("metadata", {})
    node.round_count = int(metadata.get("iteration_length") or metadata.get("loop_length") or 0)
    node.inputs = event.get("inputs", {})
    if event["event"] == "NodeRunLoopStarted":
        node.rounds.setdefault(0, [])
    return {node.node_id}


def _round_next(state: RunState, event: Mapping[str, Any]) -> set[str]:
    node = state.find(event)
    if node is None:
        return set()
    node.rounds.setdefault(int(event["index"]), [])
    return {node.node_id}


def _variable(state: RunState, event: Mapping[str, Any]) -> set[str]:
    variable = event["variable"]
    state.variables[(variable["selector"][0], variable["selector"][1])] = variable.get("value")
    return {event["node_id"]}


def _taken(state: RunState, event: Mapping[str, Any]) -> set[str]:
    state.edges[event["config_id"]] = "taken"
    return {event["config_id"]}


def _skipped(state: RunState, event: Mapping[str, Any]) -> set[str]:
    state.edges[event["config_id"]] = "skipped"
    return {event["config_id"]}


_HANDLERS: Final = {
    "GraphRunStarted": _run_started,
    **dict.fromkeys(RUN_END, _run_ended),
    "GraphEdgeTaken": _taken,
    "GraphEdgeSkipped": _skipped,
    "NodeRunStarted": _node_started,
    "NodeRunRetry": _node_retry,
    **dict.fromkeys(NODE_END, _node_ended),
    "NodeRunStreamChunk": _chunk,
    "NodeRunReasoningChunk": _reasoning,
    "NodeRunModelLoading": _loading,
    "ResponseChunk": _response,
    "ResponseReplaced": _answer_replaced,
    "MessageAnswered": _answered,
    "NodeRunAgentLog": _log,
    "NodeRunVariableUpdated": _variable,
    "NodeRunPauseRequested": _paused,
    "NodeRunIterationStarted": _rounds_started,
    "NodeRunLoopStarted": _rounds_started,
    "NodeRunIterationNext": _round_next,
    "NodeRunLoopNext": _round_next,
    "NodeHeld": _held,
    "NodeReleased": _released,
}


def fold(events: Iterable[Mapping[str, Any]], state: RunState | None = None) -> RunState:
    """The state after `events`, from the start or from an earlier state (which is changed)."""
    state = state if state is not None else RunState()
    for event in events:
        state.apply(event)
    return state
