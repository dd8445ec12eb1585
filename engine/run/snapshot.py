"""The state of a paused run as JSON data, and back (engine spec 9.5 to 9.7). Secrets are in it in clear.

Version "2.0" is written; "1.0" (from before frames) is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.ports.models import Usage
from engine.run.containers import Invocation, make_invocation
from engine.run.frames import STATE_NAMES, TAKEN, Execution, Frame
from engine.run.graph import CompiledNode
from engine.run.request import RunPlan, RunRefused, RunRequest
from engine.run.streaming import FilterProblem, make_filter
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import plain

if TYPE_CHECKING:
    from engine.run.scheduler import Scheduler

VERSION: Final = "2.0"
_STATES: Final = {name: number for number, name in enumerate(STATE_NAMES)}


class SnapshotProblem(RunRefused):
    """A snapshot that cannot be resumed here."""

    default_code = "run.snapshot"


# -- writing ---------------------------------------------------------------------------------------------------------


def capture(scheduler: Scheduler, active_seconds: float, seq: int, request: RunRequest) -> dict[str, Any]:
    """Everything that is needed to go on in another process, beside the run's own graph and request."""
    root = scheduler.root
    children = [frame for frame in scheduler.frames.values() if not frame.is_root]
    return {
        "version": VERSION,
        "start_at": root.started_at,
        "node_run_steps": scheduler.steps,
        "llm_usage": root.usage.to_json(),
        "outputs": plain(root.outputs),
        "variable_pool": root.pool.dump(),
        "ready_queue": {"version": VERSION, "items": []},
        "deferred_ready_tasks": {"version": VERSION, "items": [_task(task) for task in scheduler.deferred]},
        "graph_execution": {
            "version": VERSION,
            "workflow_id": request.workflow_id,
            "started": True,
            "completed": False,
            "aborted": False,
            "paused": True,
            "pause_reasons": list(scheduler.reasons),
            "error": None,
            "exceptions_count": scheduler.exceptions_count,
            "node_executions": [
                {
                    "frame_id": frame.id,
                    "node_id": execution.node.id,
                    "retry_count": execution.attempt - 1,
                    "execution_id": execution.id,
                    "start_at": execution.start_at,
                }
                for frame in scheduler.frames.values()
                for execution in frame.executions.values()
            ],
        },
        "container_runs": [invocation.dump() for invocation in scheduler.invocations.values()],
        "container_frames": [_frame(frame) for frame in sorted(children, key=_depth)],
        **_states(root),
        # Ours, beside the reference's keys.
        "response_filters": {f.id: f.filter.dump() for f in scheduler.frames.values() if f.filter is not None},
        "root_node_id": root.scope.root.id,
        "active_execution_seconds": active_seconds,
        "seq": seq,
        "stream_text": "".join(scheduler.events.stream_text),
        "mock_calls": dict(scheduler.overrides.calls),
        "plan": scheduler.plan.to_json() if scheduler.plan is not None else None,
    }


def _depth(frame: Frame) -> int:
    return frame.path.count("/")


def _task(task: Any) -> dict[str, Any]:
    first, second = task
    if isinstance(first, Invocation):
        return {"kind": "resume", "invocation_id": first.id, "result": dict(second)}
    return {"kind": "start", "frame_id": first.id, "node_id": second.id}


def _states(frame: Frame) -> dict[str, Any]:
    return {
        "graph_node_states": {node.id: STATE_NAMES[frame.nodes[node.i]] for node in frame.scope.nodes},
        "graph_edge_states": {edge.id: STATE_NAMES[frame.edges[edge.i]] for edge in frame.scope.edges},
    }


def _frame(frame: Frame) -> dict[str, Any]:
    assert frame.invocation is not None
    shares = frame.pool is frame.invocation.frame.pool
    return {
        "kind": frame.invocation.kind,
        "frame_id": frame.id,
        "parent_invocation_id": frame.invocation.id,
        "root_node_id": frame.scope.root.id,
        "index": frame.index,
        "started_at": frame.started_at,
        "errors": list(frame.errors),
        "reached_break": frame.reached_break,
        "runtime_data": {
            "variable_pool": "parent" if shares else frame.pool.dump(),
            "outputs": plain(frame.outputs),
            "llm_usage": frame.usage.to_json(),
            "node_run_steps": frame.steps,
            **_states(frame),
        },
    }


# -- reading ---------------------------------------------------------------------------------------------------------


def unwrap(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot itself, out of an envelope if it is in one, upgraded to the present version.

    Raises SnapshotProblem for an unknown version.
    """
    data: Any = stored.get("serialized_graph_runtime_state", stored)
    if isinstance(data, str):
        data = json.loads(data)
    found = dict(data)
    for key in ("active_execution_seconds", "root_node_id"):
        if key in stored:
            found.setdefault(key, stored[key])
    if found.get("version") == "1.0":
        return _from_1_0(found)
    if found.get("version") != VERSION:
        raise SnapshotProblem(f"Run state of version {found.get('version')!r} cannot be read.")
    return found


def _from_1_0(data: dict[str, Any]) -> dict[str, Any]:
    """Before frames: paused nodes, then deferred ones, become deferred starts in the root frame."""
    names = dict.fromkeys([*data.get("paused_nodes", ()), *data.get("deferred_nodes", ())])
    execution = data.get("graph_execution") or {}
    if isinstance(execution, str):
        execution = json.loads(execution)
    nodes = execution.get("node_executions", [])
    if isinstance(nodes, Mapping):
        nodes = [{"node_id": node_id, **entry} for node_id, entry in nodes.items()]
    pool = data.get("variable_pool") or {}
    queue = data.get("ready_queue") or {}
    if isinstance(queue, str):
        queue = json.loads(queue)
    ready = [i if isinstance(i, Mapping) else {"node_id": str(i)} for i in queue.get("items", ())]
    starts = [{"kind": "start", "frame_id": "root", "node_id": str(name)} for name in names]
    return {
        **{k: v for k, v in data.items() if k not in ("paused_nodes", "deferred_nodes")},
        "version": VERSION,
        "variable_pool": json.loads(pool) if isinstance(pool, str) else pool,
        "ready_queue": {
            "version": VERSION,
            "items": [{"kind": "start", "frame_id": "root", "node_id": item["node_id"]} for item in ready],
        },
        "deferred_ready_tasks": {"version": VERSION, "items": starts},
        "graph_execution": {
            **execution,
            "node_executions": [{"frame_id": "root", **dict(entry)} for entry in nodes],
        },
        "container_runs": [],
        "container_frames": [],
    }


def restore(scheduler: Scheduler, data: Mapping[str, Any]) -> None:
    """Put a fresh scheduler (its root frame made, its pool loaded) into the saved state; starts nothing.

    Raises SnapshotProblem when the rebuilt graph lacks something that the state speaks of.
    """
    _check_graph(scheduler, data)
    root = scheduler.root
    _fill(scheduler, root, {**data, "node_run_steps": 0})
    root.started_at = str(data.get("start_at", ""))
    scheduler.steps = int(data.get("node_run_steps", 0))
    execution = data.get("graph_execution") or {}
    scheduler.exceptions_count = int(execution.get("exceptions_count", 0))
    scheduler.events.stream_text = [str(data.get("stream_text", ""))]
    scheduler.overrides.calls.update(data.get("mock_calls", {}))
    if scheduler.plan is None and data.get("plan"):
        scheduler.plan = RunPlan.from_json(data["plan"])
    executions: dict[str, list[Mapping[str, Any]]] = {}
    for entry in execution.get("node_executions", ()):
        executions.setdefault(str(entry.get("frame_id", "root")), []).append(entry)
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for run in data.get("container_runs", ()):
        runs.setdefault(str(run["frame_id"]), []).append(run)
    _executions(scheduler, root, executions, runs)
    for saved in data.get("container_frames", ()):
        invocation = scheduler.invocations[saved["parent_invocation_id"]]
        runtime = saved["runtime_data"]
        own = runtime.get("variable_pool")
        pool = invocation.frame.pool if own == "parent" else VariablePool.load(own)
        frame = invocation.make_frame(int(saved["index"]), pool)
        frame.id = saved["frame_id"]
        frame.fields["frame_id"] = frame.id
        frame.errors = list(saved.get("errors", ()))
        frame.reached_break = bool(saved.get("reached_break"))
        frame.started_at = str(saved.get("started_at", ""))
        _fill(scheduler, frame, runtime)
        _executions(scheduler, frame, executions, runs)
    _filters(scheduler, data.get("response_filters", {}))
    _tasks(scheduler, data)


def _check_graph(scheduler: Scheduler, data: Mapping[str, Any]) -> None:
    graph = scheduler.graph
    nodes, edges = set(graph.nodes), {edge.id for edge in graph.edges}
    lost_nodes, lost_edges = set(), set()
    for states in (data, *(frame["runtime_data"] for frame in data.get("container_frames", ()))):
        lost_nodes |= set(states.get("graph_node_states", {})) - nodes
        lost_edges |= set(states.get("graph_edge_states", {})) - edges
    lost_nodes |= {str(run["node_id"]) for run in data.get("container_runs", ())} - nodes
    if lost_nodes or lost_edges:
        raise SnapshotProblem(
            "The saved run does not match rebuilt graph: "
            f"missing node ids={sorted(lost_nodes)}, missing edge ids={sorted(lost_edges)}"
        )


def _fill(scheduler: Scheduler, frame: Frame, data: Mapping[str, Any]) -> None:
    nodes, edges = data.get("graph_node_states", {}), data.get("graph_edge_states", {})
    frame.load_states(
        bytes(_STATES[nodes.get(node.id, "unknown")] for node in frame.scope.nodes),
        bytes(_STATES[edges.get(edge.id, "unknown")] for edge in frame.scope.edges),
    )
    frame.outputs = dict(data.get("outputs", {}))
    frame.usage = Usage.from_json(data.get("llm_usage", {}))
    frame.steps = int(data.get("node_run_steps", 0))
    frame.started = scheduler.monotonic()
    scheduler.frames[frame.id] = frame


def _executions(
    scheduler: Scheduler,
    frame: Frame,
    executions: Mapping[str, list[Mapping[str, Any]]],
    runs: Mapping[str, list[Mapping[str, Any]]],
) -> None:
    """Executions that are not over; those of containers become invocations and count as unfinished."""
    for entry in executions.get(frame.id, ()):
        node = scheduler.graph.nodes.get(str(entry["node_id"]))
        if node is None or node.scope is not frame.scope:
            continue
        execution = Execution(str(entry["execution_id"]), frame, node)
        execution.attempt = int(entry.get("retry_count", 0)) + 1
        execution.start_at = str(entry.get("start_at", ""))
        execution.began = scheduler.monotonic()
        frame.executions[node.i] = execution
    for run in runs.get(frame.id, ()):
        node = scheduler.graph.nodes[str(run["node_id"])]
        execution = frame.executions.setdefault(node.i, Execution(str(run["invocation_id"]), frame, node))
        execution.start_at = str(run.get("started_at", ""))
        execution.began = scheduler.monotonic()
        invocation = make_invocation(scheduler, execution)
        invocation.load(run)
        frame.unfinished += 1
    waiting = set(_run_nodes(runs.get(frame.id, ())))
    for node_i in [i for i, e in frame.executions.items() if e.node.id not in waiting and frame.nodes[i] == TAKEN]:
        # A node that was abandoned in the middle keeps its id for the case that it is started again.
        frame.exec_ids[node_i] = frame.executions[node_i].id


def _run_nodes(runs: Any) -> list[str]:
    return [str(run["node_id"]) for run in runs]


def _filters(scheduler: Scheduler, saved: Mapping[str, Any]) -> None:
    for frame in scheduler.frames.values():
        frame.filter = make_filter(frame, scheduler.events.response, scheduler.new_id, scheduler.graph.nodes)
        if frame.filter is None or frame.id not in saved:
            continue
        try:
            frame.filter.load(saved[frame.id])
        except FilterProblem as problem:
            raise SnapshotProblem(str(problem)) from None


def _tasks(scheduler: Scheduler, data: Mapping[str, Any]) -> None:
    """Ready tasks first, then the deferred ones, in their order; all wait until the run has begun."""
    items = [*(data.get("ready_queue") or {}).get("items", ())]
    items += (data.get("deferred_ready_tasks") or {}).get("items", ())
    for item in items:
        if item["kind"] == "resume":
            invocation = scheduler.invocations[item["invocation_id"]]
            scheduler.deferred.append((invocation, dict(item.get("result") or {})))
            continue
        frame = scheduler.frames[item["frame_id"]]
        node: CompiledNode = scheduler.graph.nodes[item["node_id"]]
        if not _queued(scheduler, frame, node):
            frame.unfinished += 1
            scheduler.deferred.append((frame, node))


def _queued(scheduler: Scheduler, frame: Frame, node: CompiledNode) -> bool:
    return any(task[0] is frame and task[1] is node for task in scheduler.deferred)


def enqueue(scheduler: Scheduler) -> None:
    """Let a restored run go on."""
    for frame in scheduler.frames.values():
        if frame.filter is not None:
            frame.filter.go_on()
    waiting, scheduler.deferred = scheduler.deferred, []
    scheduler.ready.extend(waiting)
