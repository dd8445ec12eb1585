"""The one owner of a run's state (engine spec, sections 2 to 4): readiness, edges, results, errors, retries, ends.

Everything happens on one asyncio loop. A node whose behaviour answers at once costs no task; one that waits gets a
task, and its answer comes back through `_inbox`. Containers hold nothing while their rounds run. What a run is asked
from outside is in `control.py`, rounds in `containers.py`, the way out in `outbox.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import deque
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Final

from engine.logs import get_logger
from engine.nodes.base import NodeContext, NodeResult, PauseRun
from engine.ports.bundle import Ports
from engine.ports.tape import ASKED, Asked
from engine.run.containers import Invocation, prepared
from engine.run.debug import DebugGate, Held
from engine.run.failures import Failures
from engine.run.frames import SKIPPED, TAKEN, UNKNOWN, Execution, Frame
from engine.run.graph import CompiledEdge, CompiledGraph, CompiledNode
from engine.run.limits import Limits
from engine.run.nodeevents import NodeEvents
from engine.run.outbox import Outbox
from engine.run.overrides import Overrides, take_over
from engine.run.request import ReusedNode, RunPlan
from engine.run.streaming import make_filter
from engine.run.variables.segments import SegmentProblem, plain

log = get_logger(__name__)

SUCCESS_HANDLES: Final = ("source", "success-branch")
SLICE_SECONDS: Final = 0.004
"""How long a run may work without letting the loop breathe."""

Task = tuple[Frame, CompiledNode] | tuple[Invocation, Mapping[str, Any]]


class Scheduler:
    """Runs the frames of one run to an end, a pause or an error. Not thread-safe."""

    def __init__(
        self,
        graph: CompiledGraph,
        ports: Ports,
        limits: Limits,
        outbox: Outbox,
        facts: Mapping[str, Any],
        *,
        overrides: Overrides,
        plan: RunPlan | None = None,
        gate: DebugGate | None = None,
        single_node: bool = False,
    ) -> None:
        self.graph = graph
        self.ports = ports
        self.limits = limits
        self.outbox = outbox
        self.facts = facts
        self.overrides = overrides
        self.plan = plan
        self.gate = gate or DebugGate(None)
        self.single_node = single_node
        self.new_id = ports.ids.uuid
        self.monotonic = ports.clock.monotonic
        self.loop = asyncio.get_running_loop()
        self.events = NodeEvents(outbox, ports, limits)
        self.failures = Failures(self)

        self.root: Frame
        self.frames: dict[str, Frame] = {}
        self.invocations: dict[str, Invocation] = {}
        self.ready: deque[Task] = deque()
        self.deferred: list[Task] = []
        self.running: set[Execution] = set()
        self.retrying: set[Execution] = set()
        self._inbox: deque[tuple[Execution, NodeResult | PauseRun | None]] = deque()
        self._waker: asyncio.Future[None] | None = None

        self.steps = 0
        self.exceptions_count = 0
        self.error: str | None = None
        self.error_node: str = ""
        self.error_type: str = ""
        self.aborted: str | None = None
        self.pausing = False
        self.reasons: list[dict[str, Any]] = []
        self.stopping = False
        self.idle_seconds = 0.0
        self.idle_since: float | None = None
        """Set while nothing happens because a person looks at held nodes; that time is not the run's."""
        self.before_turn: Any = None
        """Called at the start of every turn while it is set: the control applies waiting commands."""

    # -- frames ----------------------------------------------------------------------------------------------------

    def open_frame(self, frame: Frame, *, start: bool = True) -> None:
        """Make a frame part of the run, and start its root."""
        self.frames[frame.id] = frame
        frame.started = self.monotonic()
        frame.started_at = self.outbox.now()
        if not self.single_node:
            frame.filter = make_filter(frame, self.events.response, self.new_id, self.graph.nodes)
        if start:
            if frame.filter is not None:
                frame.filter.start()
            self._enqueue(frame, frame.scope.root)

    def _frame_done(self, frame: Frame) -> None:
        if frame.invocation is not None:
            del self.frames[frame.id]
            frame.invocation.frame_done(frame)

    # -- the loop --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until the run is aborted, failed, complete or paused; the caller reads which from the fields."""
        turns, slice_end = 0, time.perf_counter() + SLICE_SECONDS
        while True:
            if self.before_turn is not None:
                self.before_turn()
            if self.aborted is not None or self.error is not None or not self.root.unfinished:
                return
            if self._inbox:
                self._answer(*self._inbox.popleft())
            elif self.ready:
                task = self.ready.popleft()
                if isinstance(task[0], Invocation):
                    task[0].resume(task[1])
                elif self.gate.is_open or (why := self.gate.before(task[0], task[1])) is None:
                    self._start(task[0], task[1])
                else:
                    self._held(task[0], task[1], why)
            elif self.pausing and not self.running:
                return
            else:
                await self._wait()
                slice_end = time.perf_counter() + SLICE_SECONDS
                continue
            turns += 1
            if not turns & 15 and time.perf_counter() > slice_end:
                await asyncio.sleep(0)
                if self.outbox.is_full(self.limits.max_waiting_events):
                    await self.outbox.room(self.limits.max_waiting_events)
                slice_end = time.perf_counter() + SLICE_SECONDS

    def wake(self) -> None:
        """Let a waiting loop look around; on the loop's thread."""
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    async def _wait(self) -> None:
        self._waker = self.loop.create_future()
        held = bool(self.gate.held) and not self.running and not self.retrying
        self.idle_since = self.monotonic() if held else None
        try:
            await self._waker
        finally:
            self._waker = None
            if self.idle_since is not None:
                self.idle_seconds += self.monotonic() - self.idle_since
                self.idle_since = None

    def enqueue_resume(self, invocation: Invocation, result: Mapping[str, Any]) -> None:
        """Let a container go on when its turn comes."""
        if self.pausing:
            self.deferred.append((invocation, result))
        else:
            self.ready.append((invocation, result))

    def _enqueue(self, frame: Frame, node: CompiledNode) -> None:
        frame.nodes[node.i] = TAKEN
        frame.unfinished += 1
        if self.pausing:
            self.deferred.append((frame, node))
        else:
            self.ready.append((frame, node))

    # -- starting --------------------------------------------------------------------------------------------------

    def _held(self, frame: Frame, node: CompiledNode, why: Mapping[str, Any]) -> None:
        self.tell_held(self._execution(frame, node), why)

    def tell_held(self, execution: Execution, why: Mapping[str, Any]) -> None:
        """Say that a node waits at the debug gate, why, and what it reads."""
        frame, node = execution.frame, execution.node
        reads: dict[str, Any] = {}
        selectors: dict[str, list[str]] = {}
        if node.cls is not None:
            try:
                for key, selector in node.behaviour.variable_mapping().items():
                    reads[key] = plain(frame.pool.get_value(selector))
                    selectors[key] = list(map(str, selector))
            except Exception as problem:  # noqa: BLE001 - a wrong configuration shows when the node runs
                reads["error"] = str(problem)
        self.events.send("NodeHeld", execution, {"inputs": reads, "selectors": selectors, "why": dict(why)})

    def let_go(self, held: Held, *, again: bool = False) -> None:
        """A held node begins; after a failure, it takes its course or (`again`) the node runs once more."""
        self.events.send("NodeReleased", self._execution(held.frame, held.node), {})
        if held.failed is None:
            self.ready.append((held.frame, held.node))
        elif again:
            self.failures.again(*held.failed)
        else:
            self.failures.settle(*held.failed)

    def _execution(self, frame: Frame, node: CompiledNode) -> Execution:
        execution = frame.executions.get(node.i)
        if execution is None:
            execution_id = frame.exec_ids.pop(node.i, None) or self.new_id()
            execution = frame.executions[node.i] = Execution(execution_id, frame, node)
            if frame.filter is not None:
                frame.exec_ids[node.i] = execution_id
        return execution

    def _start(self, frame: Frame, node: CompiledNode) -> None:
        if node.hidden:
            at = self.outbox.now()
            for edge in node.out_edges:
                self._take(frame, edge, at)
            self.leave(frame)
            return
        execution = self._execution(frame, node)
        frame.nodes[node.i] = TAKEN
        if execution.attempt > 1 and execution.pending_error is not None:
            execution.pending_error = None
            self._attempt(execution)
            return
        reused = self._reused(frame, node)
        if reused is None:
            self.steps += 1
            frame.steps += 1
        execution.start_at = at = self.outbox.now()
        execution.began = self.monotonic()
        self.outbox.send(self.events.started("NodeRunStarted", execution, at))
        if reused is not None:
            take_over(self, execution, reused)
        else:
            self._attempt(execution)

    def _attempt(self, execution: Execution) -> None:
        tape = self.ports.tape
        if tape is None:
            self._try(execution)
            return
        token = ASKED.set(Asked(tape, execution))  # a task that the node becomes takes it along
        try:
            self._try(execution)
        finally:
            ASKED.reset(token)

    def _try(self, execution: Execution) -> None:
        node, frame = execution.node, execution.frame
        stand_in = None
        try:
            if self.overrides:
                stand_in = self.overrides.take(node)
            context = NodeContext(
                node.id,
                node.type,
                node.title,
                execution.id,
                frame.id,
                execution.attempt,
                frame.pool,
                self.ports,
                self.limits,
                self.facts,
                partial(self.events.emit, execution),
                self.is_cancelled,
                partial(self.events.update_variable, execution),
            )
            invocation = prepared(self, execution) if node.is_container and stand_in is None else None
            outcome = node.behaviour.run(context) if stand_in is None and invocation is None else None
        except PauseRun as pause:
            self._pause_requested(execution, pause)
            return
        except Exception as problem:  # noqa: BLE001 - whatever a node raises is that node's failure
            self._result(execution, _escaped(problem))
            return
        if type(outcome) is NodeResult or isinstance(outcome, NodeResult):
            self._result(execution, outcome)
        elif stand_in is not None:
            self._stand_in(execution, *stand_in)
        elif invocation is not None:
            invocation.begin()
        elif outcome is None:
            self._result(execution, NodeResult.failed("The node gave no result.", "WorkflowNodeError"))
        else:
            self.running.add(execution)
            execution.awaitable = outcome
            execution.task = self.loop.create_task(self._drive(execution, outcome))

    def _stand_in(self, execution: Execution, result: NodeResult, chunks: list[str]) -> None:
        selector = [execution.node.id, "text"]
        for chunk in chunks:
            self.events.emit(execution, "NodeRunStreamChunk", {"selector": selector, "chunk": chunk, "is_final": False})
        if chunks:
            self.events.emit(execution, "NodeRunStreamChunk", {"selector": selector, "chunk": "", "is_final": True})
        self._result(execution, result)

    async def _drive(self, execution: Execution, awaitable: Awaitable[NodeResult]) -> None:
        answer: NodeResult | PauseRun | None
        try:
            answer = await awaitable
        except PauseRun as pause:
            answer = pause
        except asyncio.CancelledError:
            if execution.dropped or self.stopping:
                raise
            answer = NodeResult.failed("The node was cancelled.", "WorkflowNodeError")
        except Exception as problem:  # noqa: BLE001 - whatever a node raises is that node's failure
            answer = _escaped(problem)
        self.answer(execution, answer)

    def answer(self, execution: Execution, answer: NodeResult | PauseRun | None) -> None:
        """Take what a waiting node answered, or None when its wait before a retry is over."""
        self._inbox.append((execution, answer))
        self.wake()

    def _answer(self, execution: Execution, answer: NodeResult | PauseRun | None) -> None:
        self.running.discard(execution)
        execution.task = execution.awaitable = None
        if answer is None:
            self.failures.retry(execution)
        elif isinstance(answer, PauseRun):
            self._pause_requested(execution, answer)
        else:
            self._result(execution, answer)

    def is_cancelled(self) -> bool:
        """Is the run being stopped?"""
        return self.stopping

    def _reused(self, frame: Frame, node: CompiledNode) -> ReusedNode | None:
        if self.plan is None:
            return None
        return self.plan.reuse.get(frame.path, {}).get(node.id)

    # -- results ---------------------------------------------------------------------------------------------------

    def finish_container(self, execution: Execution, result: NodeResult, run_outputs: dict[str, Any]) -> None:
        """The end of a container: its result goes the normal way, what its answers said is merged outside."""
        if run_outputs:
            execution.frame.merge_outputs(run_outputs)
        self.invocations.pop(execution.id, None)
        self._result(execution, result, {"run_outputs": plain(run_outputs)} if run_outputs else None)

    def _result(self, execution: Execution, result: NodeResult, extra: Mapping[str, Any] | None = None) -> None:
        frame = execution.frame
        if self.events.streams:
            self.events.end_streams(execution)
        usage = result.usage
        if usage is not None and usage.total_tokens > 0:
            frame.usage = frame.usage.plus(usage)
        if result.status == "failed":
            self.failures.attempt_failed(execution, result)
            return
        self.complete(execution, result, "NodeRunSucceeded", None, extra)

    def fail(self, error: str, node_id: str = "", error_type: str = "") -> None:
        """The run has failed; the first error counts."""
        if self.error is None:
            self.error, self.error_node, self.error_type = error, node_id, error_type

    def lost_the_tape(self) -> bool:
        """Whether a strict replay asked what its recording does not hold: nothing may make good for that."""
        tape = self.ports.tape
        if tape is None or tape.mismatch is None:
            return False
        self.fail(tape.mismatch.message, tape.mismatch.place.node, "ReplayMismatch")
        return True

    def complete(
        self,
        execution: Execution,
        result: NodeResult,
        name: str,
        handles: tuple[str, ...] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Completion of a node in the order of section 2.5. `handles` None = what the result says."""
        frame, node = execution.frame, execution.node
        try:
            told = self.events.result_fields(execution, result)
            if result.outputs:
                frame.pool.add_outputs(node.id, result.outputs)
        except (SegmentProblem, RecursionError) as problem:
            # A value that no variable can hold: nothing has happened yet, so the node simply fails.
            self.exceptions_count += 1
            self.failures.unhandled(execution, _escaped(problem))
            return
        at = self.outbox.now()
        if node.is_branch:
            if handles is None:
                handles = (result.handle,) if node.native_branch else SUCCESS_HANDLES
            if not self.single_node and (not handles or not handles[0]):
                self.failures.no_branch(execution, result)
                return
            for edge in node.out_edges:
                if edge.handle not in handles:
                    self._skip(frame, edge, at)
            for edge in node.out_edges:
                if edge.handle in handles:
                    self._take(frame, edge, at)
        else:
            for edge in node.out_edges:
                self._take(frame, edge, at)
        if node.is_response and result.outputs:
            frame.merge_outputs(dict(result.outputs))
        if node.type == "loop-end":
            self._reach_loop_end(frame, node)
        del frame.executions[node.i]
        if frame.filter is not None:
            frame.filter.before_end(node)
        self.events.ended(name, execution, told, result.handle, at, extra)
        if name != "NodeRunException":
            self.check_limits()
        self.leave(frame)

    def leave(self, frame: Frame) -> None:
        """A node of the frame is over."""
        frame.unfinished -= 1
        if not frame.unfinished:
            self._frame_done(frame)

    def _reach_loop_end(self, frame: Frame, node: CompiledNode) -> None:
        wanted = node.data.get("loop_id")
        scope: Frame | None = frame
        while scope is not None and scope.invocation is not None:
            container = scope.invocation.node
            if container.type == "loop" and (not wanted or container.id == wanted):
                scope.reached_break = True
                return
            scope = scope.parent

    # -- edges -----------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, edge: CompiledEdge, at: str) -> None:
        head = edge.head
        i = head.i
        if frame.edges[edge.i] == UNKNOWN:
            frame.unknown[i] -= 1
        frame.edges[edge.i] = TAKEN
        frame.came_from[i] = edge.tail
        self.outbox.send({"seq": 0, "event": "GraphEdgeTaken", "at": at, "run_id": "", **edge.fields, **frame.fields})
        if frame.filter is not None:
            frame.filter.edge_taken(edge.i, edge.tail.i, head)
        if not frame.unknown[i]:
            self._enqueue(frame, head)

    def _skip(self, frame: Frame, edge: CompiledEdge, at: str) -> None:
        """Skip an edge and what hangs on it, depth first in file order (section 2.6)."""
        stack = [edge]
        while stack:
            edge = stack.pop()
            if frame.edges[edge.i] != UNKNOWN:
                continue
            frame.edges[edge.i] = SKIPPED
            self.outbox.send(
                {"seq": 0, "event": "GraphEdgeSkipped", "at": at, "run_id": "", **edge.fields, **frame.fields}
            )
            head = edge.head
            frame.unknown[head.i] -= 1
            if frame.unknown[head.i]:
                continue
            if frame.came_from[head.i] is not None:
                self._enqueue(frame, head)
            else:
                frame.nodes[head.i] = SKIPPED
                stack.extend(reversed(head.out_edges))

    # -- pauses and limits -----------------------------------------------------------------------------------------

    def _pause_requested(self, execution: Execution, pause: PauseRun) -> None:
        reason = pause.reason
        told = {
            "TYPE": "hitl_required",
            "session_id": reason.session_id,
            "node_id": reason.node_id,
            "node_title": reason.node_title,
        }
        self.reasons.append(told)
        execution.frame.nodes[execution.node.i] = UNKNOWN
        self.events.send(
            "NodeRunPauseRequested",
            execution,
            {"reason": {**told, "form": plain(dict(reason.form))}, "status": "paused"},
        )
        self.begin_pause(by_node=True)
        self.deferred.append((execution.frame, execution.node))

    def begin_pause(self, *, by_node: bool = False) -> None:
        """Start nothing more. When a node asks, the nodes that are ready beside it still start, as they would on
        workers of their own; when a person asks, they wait too (section 9.4)."""
        if self.pausing:
            return
        self.pausing = True
        waiting, self.ready = self.ready, deque()
        for task in waiting:
            if by_node and not isinstance(task[0], Invocation):
                self.ready.append(task)
            else:
                self.deferred.append(task)
        for held in self.gate.release():
            if held.failed is not None:
                self.failures.settle(*held.failed)
            else:
                self.deferred.append((held.frame, held.node))
        for execution in list(self.retrying):
            self.failures.defer(execution)
        self.wake()

    def check_limits(self) -> None:
        """Stop the run when it has taken too many steps; asked when a node ends (section 9.3)."""
        if self.steps > self.limits.max_steps and self.aborted is None:
            self.abort(f"Maximum execution steps exceeded: {self.steps} > {self.limits.max_steps}")

    def abort(self, reason: str) -> None:
        """Stop the run; the first reason counts."""
        if self.aborted is None:
            self.aborted = f"Aborted: {reason}"
            self.stopping = True
            self.wake()

    async def drop_running(self) -> None:
        """Cancel what still runs and wait for it, for no longer than the grace time."""
        self.stopping = True
        for execution in self.retrying:
            if execution.timer is not None:
                execution.timer.cancel()
        tasks = []
        for execution in self.running:
            execution.dropped = True
            if execution.task is not None:
                execution.task.cancel()
                tasks.append(execution.task)
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=self.limits.stop_grace_seconds)
            if left:
                log.warning("%d node(s) did not stop in time and were abandoned", len(left))
            for execution in self.running:
                # A task that is cancelled before its first step leaves its coroutine unopened.
                if execution.task not in left and inspect.iscoroutine(execution.awaitable):
                    execution.awaitable.close()
        self.running.clear()
        self.retrying.clear()

    # -- totals ----------------------------------------------------------------------------------------------------

    def conversation(self) -> dict[str, Any]:
        """The conversation variables as they are now, as plain data."""
        return {name: plain(segment) for name, segment in self.root.pool.node("conversation").items()}


def _escaped(problem: Exception) -> NodeResult:
    message = "A value is nested too deeply." if isinstance(problem, RecursionError) else str(problem)
    return NodeResult.failed(message or type(problem).__name__, "WorkflowNodeError")


__all__ = ["Scheduler"]
