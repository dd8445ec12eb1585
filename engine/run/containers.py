"""Rounds of iterations and loops (engine spec, section 5). An invocation is one execution of a container node.

It opens frames, hears when they end, and hands in the container's result; between those moments it holds nothing.
What a container's configuration means (items, variables, conditions) is in `engine.nodes.iteration` and `.loop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from engine.model.prices import plain_price
from engine.nodes.base import NodeResult
from engine.ports.models import Usage
from engine.run.frames import NO_USAGE, Execution, Frame
from engine.run.roundmap import RoundMap
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment, build_segment, plain, restore_segment

if TYPE_CHECKING:
    from engine.nodes.iteration import IterationNode
    from engine.nodes.loop import LoopNode
    from engine.run.scheduler import Scheduler


class Invocation:
    """What both kinds of containers share. `id` is the container's execution id."""

    kind: ClassVar[str]

    def __init__(self, scheduler: Scheduler, execution: Execution) -> None:
        self.scheduler = scheduler
        self.execution = execution
        self.id = execution.id
        self.frame = execution.frame
        self.node = execution.node
        self.usage: Usage = NO_USAGE
        self.durations: dict[str, float] = {}
        self.completed = 0
        self.errors: list[str] = []
        scheduler.invocations[self.id] = self

    # -- for the scheduler -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Look up what the rounds need. Raises what makes the node fail before any event of the container."""
        raise NotImplementedError

    def begin(self) -> None:
        """Say that the container starts, and start the first rounds."""
        raise NotImplementedError

    def resume(self, result: Mapping[str, Any]) -> None:
        """Go on after a frame has ended; `result` is what was handed to `enqueue_resume`."""
        raise NotImplementedError

    def frame_done(self, frame: Frame) -> None:
        """A round has no unfinished node any more."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """JSON data of the invocation (section 9.6)."""
        return {
            "kind": self.kind,
            "invocation_id": self.id,
            "frame_id": self.frame.id,
            "node_id": self.node.id,
            "started_at": self.execution.start_at,
            "root_node_id": self.node.data.get("start_node_id"),
            "duration_map": self.durations,
            "usage": self.usage.to_json(),
            "completed_count": self.completed,
            "errors": self.errors,
        }

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over dumped data."""
        self.durations = dict(data.get("duration_map", {}))
        self.usage = Usage.from_json(data.get("usage", {}))
        self.completed = int(data.get("completed_count", 0))
        self.errors = list(data.get("errors", ()))

    # -- for the subclasses ----------------------------------------------------------------------------------------

    def make_frame(self, index: int, pool: VariablePool) -> Frame:
        """The frame of round `index`, not yet part of the run."""
        raise NotImplementedError

    def _new_frame(self, index: int, pool: VariablePool, own: dict[str, Any], metadata: dict[str, Any]) -> Frame:
        frame = Frame(f"{self.id}:{self.kind}:{index}", self.scheduler.graph.scopes[self.node.id], pool, self, index)
        frame.fields = {**self.frame.fields, "frame_id": frame.id, **own}
        frame.metadata = {**self.frame.metadata, **metadata}
        return frame

    def _close_round(self, frame: Frame) -> None:
        self.completed += 1
        self.durations[str(frame.index)] = round(self.scheduler.monotonic() - frame.started, 6)
        if frame.usage.total_tokens > 0:
            self.usage = self.usage.plus(frame.usage)

    def _usage_metadata(self) -> dict[str, Any]:
        return {
            "total_tokens": self.usage.total_tokens,
            "total_price": plain_price(self.usage.total_price),
            "currency": self.usage.currency,
        }

    def _send(self, name: str, **fields: Any) -> None:
        self.scheduler.events.send(name, self.execution, fields)

    def _predecessor(self) -> str | None:
        before = self.frame.came_from[self.node.i]
        return before.id if before is not None and not before.hidden else None


class IterationInvocation(Invocation):
    """One run of an iteration: rounds in private copies of the pool, in turn or several at once."""

    kind = "iteration"

    def __init__(self, scheduler: Scheduler, execution: Execution) -> None:
        super().__init__(scheduler, execution)
        self.behaviour: IterationNode = execution.node.behaviour  # type: ignore[assignment]
        self.config = self.behaviour.config
        self.source: Segment
        self.items: list[Any] = []
        self.values: dict[int, Any] = {}
        self.failed: set[int] = set()
        self.scheduled = 0
        self.resume_pending = False
        self.last_outputs: dict[str, Any] = {}

    def prepare(self) -> None:
        self.source = self.behaviour.items(self.frame.pool)
        self.items = self.source.value or []

    def begin(self) -> None:
        inputs = {"iterator_selector": plain(self.items)}
        self._send(
            "NodeRunIterationStarted",
            start_at=self.execution.start_at,
            inputs=inputs,
            metadata={"iteration_length": len(self.items)},
            predecessor_node_id=self._predecessor(),
        )
        if not self.items:
            self._finish(self.source if self.source.type.startswith("array") else build_segment([]))
            return
        self._schedule()

    def _schedule(self) -> None:
        wanted = min(len(self.items), self.completed + self.behaviour.capacity)
        indexes = range(self.scheduled, wanted)
        self.scheduled = max(self.scheduled, wanted)
        frames = []
        for index in indexes:
            self._send("NodeRunIterationNext", index=index, pre_iteration_output=None)
            frames.append(self._round(index))
        for frame in frames:
            self.scheduler.open_frame(frame)

    def _round(self, index: int) -> Frame:
        pool = self.frame.pool.copy()
        pool.add((self.node.id, "index"), index)
        pool.add((self.node.id, "item"), self.items[index])
        return self.make_frame(index, pool)

    def make_frame(self, index: int, pool: VariablePool) -> Frame:
        place = {"iteration_id": self.node.id, "iteration_index": index}
        return self._new_frame(index, pool, {"in_iteration_id": self.node.id, "iteration_index": index}, place)

    def frame_done(self, frame: Frame) -> None:
        self._close_round(frame)
        if frame.errors:
            self.failed.add(frame.index)
            self.errors.append(frame.errors[0])
            if self.config.error_handle_mode == "continue-on-error":
                self.values[frame.index] = None
        else:
            self.values[frame.index] = frame.pool.get(self.config.output_selector)
            if frame.index == len(self.items) - 1:
                self.last_outputs = frame.outputs
        if not self.resume_pending:
            self.resume_pending = True
            self.scheduler.enqueue_resume(self, {"kind": self.kind, "index": self._next_index()})

    def _next_index(self) -> int | None:
        stopped = self.errors and self.config.error_handle_mode == "terminated"
        return None if stopped or self.scheduled >= len(self.items) else self.scheduled

    def resume(self, result: Mapping[str, Any]) -> None:  # noqa: ARG002 - the state says it all
        self.resume_pending = False
        if self._next_index() is not None:
            self._schedule()
        elif self.completed == self.scheduled:
            self._finish(None)

    def _finish(self, empty: Segment | None) -> None:
        values = [self.values[index] for index in sorted(self.values)]
        ended_badly = bool(self.errors) and self.config.error_handle_mode == "terminated"
        joined = list(map(_value, values))
        output: Any = empty if empty is not None else joined if ended_badly else self.behaviour.joined(joined)
        inputs = {"iterator_selector": plain(self.items)}
        metadata = {**self._usage_metadata(), "iteration_duration_map": self.durations} if empty is None else {}
        fields = {
            "start_at": self.execution.start_at,
            "inputs": inputs,
            "outputs": {"output": plain(output)},
            "metadata": metadata,
            "steps": len(self.items),
        }
        if ended_badly:
            self._send("NodeRunIterationFailed", **fields, error=self.errors[0])
            result = NodeResult.failed(self.errors[0], inputs=inputs, metadata=metadata, usage=self._paid())
        else:
            self._send("NodeRunIterationSucceeded", **fields)
            outputs = {"output": output}
            result = NodeResult(inputs=inputs, outputs=outputs, metadata=metadata, usage=self._paid())
        self.scheduler.finish_container(self.execution, result, {} if ended_badly else self.last_outputs)

    def _paid(self) -> Usage | None:
        return self.usage if self.usage.total_tokens else None

    def dump(self) -> dict[str, Any]:
        return {
            **super().dump(),
            "items": plain(self.items),
            "output_selector": list(self.config.output_selector),
            "error_handle_mode": self.config.error_handle_mode,
            "flatten_output": self.config.flatten_output,
            "parallel_nums": self.behaviour.capacity,
            "outputs": {str(i): plain(_value(v)) for i, v in self.values.items()},
            "scheduled_count": self.scheduled,
            "resume_pending": self.resume_pending,
            "last_outputs": plain(self.last_outputs),
        }

    def load(self, data: Mapping[str, Any]) -> None:
        super().load(data)
        self.items = restore_segment("array[any]", data.get("items", [])).value
        self.values = {int(i): restore_segment("any", v).value for i, v in data.get("outputs", {}).items()}
        self.scheduled = int(data.get("scheduled_count", 0))
        self.resume_pending = bool(data.get("resume_pending"))
        self.last_outputs = dict(data.get("last_outputs", {}))


class LoopInvocation(Invocation):
    """One run of a loop: rounds one after the other in the pool of the frame it runs in."""

    kind = "loop"

    def __init__(self, scheduler: Scheduler, execution: Execution) -> None:
        super().__init__(scheduler, execution)
        self.behaviour: LoopNode = execution.node.behaviour  # type: ignore[assignment]
        self.initial: dict[str, Segment] = {}
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.variables = RoundMap(scheduler.limits)
        self.broken = False
        self.run_outputs: dict[str, Any] = {}

    def prepare(self) -> None:
        self.initial = self.behaviour.initial_variables(self.frame.pool)

    def begin(self) -> None:
        pool = self.frame.pool
        initial = self.initial
        for label, segment in initial.items():
            pool.add((self.node.id, label), segment)
        self.inputs = {"loop_count": self.behaviour.rounds, **{k: plain(v) for k, v in initial.items()}}
        self._send(
            "NodeRunLoopStarted",
            start_at=self.execution.start_at,
            inputs=self.inputs,
            metadata={"loop_length": self.behaviour.rounds},
            predecessor_node_id=self._predecessor(),
        )
        try:
            self.broken = self.behaviour.reached_before_start(pool)
        except Exception as problem:  # noqa: BLE001 - values may be missing at this point, but not of a wrong kind
            self._fail(str(problem), type(problem).__name__)
            return
        if self.broken:
            self._succeed(steps=0)
        else:
            self._round(0)

    def _round(self, index: int) -> None:
        pool = self.frame.pool
        for node_id in self.scheduler.graph.loop_nodes.get(self.node.id, ()):
            pool.remove([node_id])
        self.scheduler.open_frame(self.make_frame(index, pool))

    def make_frame(self, index: int, pool: VariablePool) -> Frame:
        place = {"loop_id": self.node.id, "loop_index": index}
        return self._new_frame(index, pool, {"in_loop_id": self.node.id, "loop_index": index}, place)

    def frame_done(self, frame: Frame) -> None:
        self._close_round(frame)
        current = {label: self.frame.pool.get((self.node.id, label)) for label in self.behaviour.labels}
        values = {label: _value(segment) for label, segment in current.items()}
        self.variables.add(frame.index, {label: plain(v) for label, v in values.items()})
        self.outputs = {**values, "loop_round": frame.index + 1}
        if frame.errors:
            self.errors.append(frame.errors[0])
        else:
            self._merge(frame.outputs)
            self.broken = frame.reached_break
        self.scheduler.enqueue_resume(self, {"kind": self.kind, "index": frame.index + 1})

    def _merge(self, outputs: dict[str, Any]) -> None:
        for key, value in outputs.items():
            before = self.run_outputs.get(key)
            joins = key == "answer" and isinstance(before, str) and isinstance(value, str)
            self.run_outputs[key] = before + value if joins else value

    def resume(self, result: Mapping[str, Any]) -> None:
        index = int(result["index"])
        if self.errors:
            self._fail(self.errors[0], "")
            return
        if not self.broken:
            try:
                self.broken = self.behaviour.reached(self.frame.pool)
            except Exception as problem:  # noqa: BLE001 - from the first round on every error of a condition counts
                self._fail(str(problem), type(problem).__name__)
                return
        if self.broken or index >= self.behaviour.rounds:
            self._succeed(steps=self.behaviour.rounds)
            return
        self._send("NodeRunLoopNext", index=index, pre_loop_output=plain(self.outputs))
        self._round(index)

    def _metadata(self, reason: str) -> dict[str, Any]:
        return {
            **self._usage_metadata(),
            "loop_duration_map": self.durations,
            "loop_variable_map": self.variables.rounds,
            **({"loop_variable_map_truncated": True} if self.variables.is_cut else {}),
            "completed_reason": reason,
        }

    def _fail(self, error: str, error_type: str) -> None:
        metadata = self._metadata("error")
        self._send(
            "NodeRunLoopFailed",
            start_at=self.execution.start_at,
            inputs=self.inputs,
            outputs={},
            metadata=metadata,
            steps=self.behaviour.rounds,
            error=error,
        )
        result = NodeResult.failed(error, error_type, inputs=self.inputs, metadata=metadata, usage=self._paid())
        self.scheduler.finish_container(self.execution, result, {})

    def _succeed(self, *, steps: int) -> None:
        metadata = self._metadata("loop_break" if self.broken else "loop_completed")
        self._send(
            "NodeRunLoopSucceeded",
            start_at=self.execution.start_at,
            inputs=self.inputs,
            outputs=plain(self.outputs),
            metadata=metadata,
            steps=steps,
        )
        result = NodeResult(inputs=self.inputs, outputs=self.outputs, metadata=metadata, usage=self._paid())
        self.scheduler.finish_container(self.execution, result, self.run_outputs)

    def _paid(self) -> Usage | None:
        return self.usage if self.usage.total_tokens else None

    def dump(self) -> dict[str, Any]:
        return {
            **super().dump(),
            "inputs": self.inputs,
            "outputs": plain(self.outputs),
            "loop_count": self.behaviour.rounds,
            "loop_variable_selectors": {label: [self.node.id, label] for label in self.behaviour.labels},
            "loop_node_ids": list(self.scheduler.graph.loop_nodes.get(self.node.id, ())),
            "variable_map": self.variables.rounds,
            "reached_break": self.broken,
            "run_outputs": plain(self.run_outputs),
        }

    def load(self, data: Mapping[str, Any]) -> None:
        super().load(data)
        self.inputs = dict(data.get("inputs", {}))
        self.outputs = restore_segment("object", data.get("outputs", {})).value
        self.variables.load(data.get("variable_map", {}))
        self.broken = bool(data.get("reached_break"))
        self.run_outputs = dict(data.get("run_outputs", {}))


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Segment) else value


def prepared(scheduler: Scheduler, execution: Execution) -> Invocation:
    """The invocation of a container, ready to begin. Raises what makes the node fail at once."""
    if execution.node.id not in scheduler.graph.scopes:
        raise ValueError(f"The container {execution.node.title or execution.node.id} has no start node inside.")
    _ = execution.node.behaviour  # settings that cannot be read fail the node before anything is kept of it
    invocation = make_invocation(scheduler, execution)
    try:
        invocation.prepare()
    except Exception:
        del scheduler.invocations[invocation.id]
        raise
    return invocation


def make_invocation(scheduler: Scheduler, execution: Execution) -> IterationInvocation | LoopInvocation:
    """The invocation object of a container's execution, nothing started yet."""
    if execution.node.type == "iteration":
        return IterationInvocation(scheduler, execution)
    return LoopInvocation(scheduler, execution)
