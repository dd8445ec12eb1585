"""Builds the parts of a run and lets it go: request -> compiled graph, pool, scheduler, control, outbox -> handle.

Wiring only. What happens in a run is in `scheduler.py` and `containers.py`; a new idea gets a module of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from engine.errors import PenstockError
from engine.logs import get_logger
from engine.model.prices import plain_price
from engine.ports.bundle import Ports
from engine.run import snapshot as snapshots
from engine.run.answer_guard import REPLACED, AnswerGuard
from engine.run.control import Control
from engine.run.debug import DebugGate
from engine.run.frames import Frame
from engine.run.graph import CompiledGraph, compile_graph
from engine.run.inputs import build_pool, recorded_inputs
from engine.run.lint import refuse_errors
from engine.run.outbox import Masker, Outbox
from engine.run.overrides import Overrides
from engine.run.request import NodeClass, Recorder, RunHandle, RunRefused, RunRequest
from engine.run.scheduler import Scheduler
from engine.run.single import single_graph, single_pool
from engine.run.variables.files import url_resolver
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import plain

log = get_logger(__name__)


def start_run(
    request: RunRequest,
    ports: Ports,
    recorder: Recorder | None = None,
    *,
    node_class: NodeClass | None = None,
    guard: AnswerGuard | None = None,
) -> RunHandle:
    """Start a run on the running asyncio loop and give back its handle at once.

    `node_class` finds behaviours; the registry of node types is the default. `guard` watches over the answer of a chat
    run. Raises RunRefused (GraphError for the
    graph itself) when the run cannot start; nothing was emitted then.
    """
    if node_class is None:
        from engine.nodes.registry import node_class as registered

        node_class = registered
    if request.call_depth > request.limits.max_call_depth:
        raise RunRefused(f"Max workflow call depth {request.limits.max_call_depth} reached.", code="run.call_depth")
    if not request.run_id:
        request.run_id = ports.ids.uuid()
    return LocalRun(request, ports, recorder, node_class, guard)


class LocalRun:
    """A run in this process. Made and used on the loop's thread, except `send`."""

    def __init__(
        self,
        request: RunRequest,
        ports: Ports,
        recorder: Recorder | None,
        node_class: NodeClass,
        guard: AnswerGuard | None = None,
    ) -> None:
        self.run_id = request.run_id
        self.request = request
        self._ports = ports
        self._saved = snapshots.unwrap(request.snapshot) if request.snapshot is not None else None
        self.graph = _compile(request, node_class, self._saved)
        pool = self._pool()
        masker = Masker(
            pool.secrets()
            | {str(v["value"]) for v in request.environment if v.get("value_type") == "secret"}
            | set(request.credentials),
            request.limits.min_masked_secret_length,
        )
        saved = self._saved or {}
        self._outbox = Outbox(
            request.run_id,
            ports.clock,
            recorder,
            masker,
            seq=int(saved.get("seq", 0)),
            keep=request.limits.max_waiting_events,
        )
        self._scheduler = Scheduler(
            self.graph,
            ports,
            request.limits,
            self._outbox,
            _facts(request),
            overrides=Overrides(request.mocks, request.pins),
            plan=request.plan,
            gate=DebugGate(request.debug),
            single_node=request.kind == "node",
        )
        self._guard = self._scheduler.events.guard = guard
        self._scheduler.events.on_replaced = lambda: self._scheduler.abort(REPLACED)
        self._control = Control(self._scheduler, float(saved.get("active_execution_seconds", 0.0)))
        self._scheduler.root = Frame("root", self.graph.root_scope, pool)
        if self._saved is not None:
            snapshots.restore(self._scheduler, self._saved)
        self._summary: dict[str, Any] = {}
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"run {self.run_id}")

    # -- the handle ------------------------------------------------------------------------------------------------

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Events from the first on, for one reader; a run waits for a reader that lags far behind. Whoever comes late
        to a long run finds the last `Limits.max_waiting_events` only: the rest is in the log."""
        return self._outbox.read()

    def discard_events(self) -> None:
        """Say that nobody will read the events, so that none are kept."""
        self._outbox.discard()

    def send(self, command: Mapping[str, Any]) -> None:
        """Give the run a command; from any thread."""
        if not self._task.done():
            self._control.send(command)

    async def result(self) -> dict[str, Any]:
        """The summary, when the run has ended."""
        await asyncio.shield(self._task)
        return self._summary

    # -- for tests and the debugger --------------------------------------------------------------------------------

    @property
    def pool(self) -> VariablePool:
        """The root frame's variables."""
        return self._scheduler.root.pool

    def value_at(self, frame_id: str, selector: list[str]) -> Any:
        """A value as a held node's frame sees it now, as JSON data; None when there is none."""
        frame = self._scheduler.frames.get(frame_id, self._scheduler.root)
        found = frame.pool.get(selector)
        return None if found is None else plain(found)

    # -- the run ---------------------------------------------------------------------------------------------------

    def _pool(self) -> VariablePool:
        if self._saved is not None:
            return VariablePool.load(self._saved.get("variable_pool", {}))
        if self.request.kind == "full":
            return build_pool(self.request, self._ports, self.graph.root)
        return single_pool(self.request, self._ports, self.graph)

    async def _run(self) -> None:
        if self._ports.files is not None:
            url_resolver.set(self._ports.files.url)
        cancelled = False
        try:
            self._begin()
            await self._scheduler.run()
        except asyncio.CancelledError:
            cancelled = True
            self._scheduler.abort("the engine is shutting down")
        except Exception as problem:
            log.exception("run %s broke", self.run_id)
            self._scheduler.fail(f"Internal error: {problem}", error_type=type(problem).__name__)
        finally:
            self._control.disarm()
        try:
            await self._conclude()
        except Exception as problem:
            log.exception("run %s could not end in order", self.run_id)
            await self._end_anyhow(f"Internal error: {problem}")
        if cancelled:
            raise asyncio.CancelledError

    async def _end_anyhow(self, error: str) -> None:
        """Nobody may wait for ever for a run that broke while it ended."""
        self._scheduler.pausing, self._scheduler.aborted = False, None
        self._scheduler.fail(error)
        self._scheduler.root.outputs = {}
        await self._conclude()

    def _begin(self) -> None:
        scheduler = self._scheduler
        request = self.request
        self._control.arm()
        resumed = self._saved is not None
        event: dict[str, Any] = {
            "seq": 0,
            "event": "GraphRunStarted",
            "at": self._outbox.now(),
            "run_id": "",
            "reason": "resumption" if resumed else "initial",
            "kind": request.kind,
            "mode": request.mode,
            "app_id": request.app_id,
            "workflow_id": request.workflow_id,
            "version": request.version,
            "conversation_id": request.conversation_id,
        }
        if request.pins:
            event["pins"] = sorted(request.pins)
        if not resumed:
            event["inputs"] = plain(recorded_inputs(request, scheduler.root.pool))
        self._outbox.send(event)
        if resumed:
            snapshots.enqueue(scheduler)
        else:
            scheduler.open_frame(scheduler.root)

    async def _check_answer(self) -> None:
        """The whole answer is looked at once more before the run counts as succeeded."""
        scheduler = self._scheduler
        if self._guard is None or scheduler.aborted is not None or scheduler.error is not None or scheduler.pausing:
            return
        try:
            text = await self._guard.whole(str(plain(dict(scheduler.root.outputs)).get("answer") or ""))
        except PenstockError as problem:
            scheduler.fail(problem.message, error_type=type(problem).__name__)
            return
        if text is not None:
            scheduler.events.replace_answer(text)

    async def _conclude(self) -> None:
        scheduler = self._scheduler
        await self._check_answer()
        if scheduler.aborted is None:
            scheduler.lost_the_tape()
        if scheduler.aborted is not None or scheduler.error is not None:
            await scheduler.drop_running()
        outputs = plain(dict(scheduler.root.outputs))
        if self.request.kind == "node":
            outputs = plain(scheduler.root.pool.values(self.graph.root.id)) if scheduler.error is None else {}
        if scheduler.events.replaced is not None:
            outputs = {**outputs, "answer": scheduler.events.replaced}
        event: dict[str, Any] = {"seq": 0, "event": "", "at": self._outbox.now(), "run_id": "", "outputs": outputs}
        payload = None
        # A run that failed or was stopped while it drained for a pause could never be resumed: it is not paused.
        if scheduler.aborted is not None:
            status, event["event"], event["reason"] = "stopped", "GraphRunAborted", scheduler.aborted
        elif scheduler.error is not None:
            status, event["event"], event["error"] = "failed", "GraphRunFailed", scheduler.error
            event["error_node_id"], event["error_type"] = scheduler.error_node, scheduler.error_type
        elif scheduler.pausing:
            status, event["event"], event["reasons"] = "paused", "GraphRunPaused", list(scheduler.reasons)
        elif scheduler.exceptions_count:
            status, event["event"] = "partial-succeeded", "GraphRunPartialSucceeded"
        else:
            status, event["event"] = "succeeded", "GraphRunSucceeded"
        usage = scheduler.root.usage
        elapsed = self._control.elapsed
        event.update(
            {
                "exceptions_count": scheduler.exceptions_count,
                "elapsed_time": elapsed,
                "total_tokens": usage.total_tokens,
                "total_steps": scheduler.steps,
                "total_price": plain_price(usage.total_price),
                "currency": usage.currency,
            }
        )
        if status == "paused":
            payload = {"snapshot": snapshots.capture(scheduler, elapsed, self._outbox.seq + 1, self.request)}
        self._summary = self._summarize(status, event)
        await self._outbox.send_last(event, payload)

    def _summarize(self, status: str, event: Mapping[str, Any]) -> dict[str, Any]:
        scheduler = self._scheduler
        masker = self._outbox.masker
        summary = {
            "event": "Summary",
            "run_id": self.run_id,
            "status": status,
            "outputs": event["outputs"],
            "error": event.get("error") or event.get("reason") or "",
            "error_node_id": event.get("error_node_id", ""),
            "elapsed_time": event["elapsed_time"],
            "total_tokens": event["total_tokens"],
            "total_steps": event["total_steps"],
            "total_price": event["total_price"],
            "currency": event["currency"],
            "exceptions_count": event["exceptions_count"],
            "stream_text": "".join(scheduler.events.stream_text),
            "conversation_variables": scheduler.conversation(),
        }
        if scheduler.events.replaced is not None:
            summary["answer_replaced"] = True
        if status == "paused":
            summary["reasons"] = event["reasons"]
        masked: dict[str, Any] = masker.data(summary) if masker else summary
        return masked


def _compile(request: RunRequest, node_class: NodeClass, saved: Mapping[str, Any] | None) -> CompiledGraph:
    stand_ins = {**(request.pins or {}), **(request.mocks or {})}
    if request.kind != "full":
        config, root = single_graph(request)
        return compile_graph(config, node_class, root_node_id=root, mocks=stand_ins, validate=False)
    root_id = request.root_node_id or (saved or {}).get("root_node_id")
    graph = compile_graph(request.graph, node_class, root_node_id=root_id, mocks=stand_ins)
    if request.check:
        refuse_errors(request.graph, graph, stand_ins)
    return graph


def _facts(request: RunRequest) -> dict[str, Any]:
    return {
        "run_id": request.run_id,
        "app_id": request.app_id,
        "workflow_id": request.workflow_id,
        "version": request.version,
        "mode": request.mode,
        "kind": request.kind,
        "user_id": request.user_id,
        "conversation_id": request.conversation_id,
        "call_depth": request.call_depth,
        "strict_upstream": request.strict_upstream,
        "invoke_from": request.invoke_from,
    }


Starter = Callable[[RunRequest, Ports], RunHandle]
