"""Failed attempts (engine spec, section 4): retries that wait without holding anybody up, strategies, and giving up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from engine.nodes.base import NodeResult
from engine.run.frames import UNKNOWN, Execution
from engine.run.nodeevents import add_usage
from engine.run.origins import explained

if TYPE_CHECKING:
    from engine.run.scheduler import Scheduler

FAIL_HANDLE: Final = ("fail-branch",)


class Failures:
    """What happens to failures of one run."""

    def __init__(self, run: Scheduler) -> None:
        self._run = run

    def attempt_failed(self, execution: Execution, result: NodeResult) -> None:
        """An attempt has failed: try again, apply the strategy, or give up (section 4.1)."""
        run = self._run
        node = execution.node
        if run.lost_the_tape():
            self.unhandled(execution, result)
            return
        if not run.single_node and execution.attempt <= node.max_retries and not run.stopping:
            execution.pending_error = {"result": result}
            run.retrying.add(execution)
            if run.pausing:
                self.defer(execution)
            else:
                execution.timer = run.loop.call_later(node.retry_seconds, self._due, execution)
            return
        why = run.gate.after_failure(execution, result) if not (run.stopping or run.pausing) else None
        if why is not None:
            run.tell_held(execution, why)
        else:
            self.settle(execution, result)

    def settle(self, execution: Execution, result: NodeResult) -> None:
        """A failure takes its course: the node's strategy, or the end of the run."""
        self._run.exceptions_count += 1
        told = explained(self._run, execution, result)
        if execution.node.strategy is not None:
            self._handled(execution, result, told.error)
        else:
            self.unhandled(execution, told)

    def _due(self, execution: Execution) -> None:
        execution.timer = None
        self._run.answer(execution, None)

    def defer(self, execution: Execution) -> None:
        """A retry that waits when the run pauses becomes a start after the pause."""
        run = self._run
        if execution.timer is not None:
            execution.timer.cancel()
            execution.timer = None
        run.retrying.discard(execution)
        execution.attempt += 1
        execution.pending_error = None
        execution.frame.nodes[execution.node.i] = UNKNOWN
        run.deferred.append((execution.frame, execution.node))

    def retry(self, execution: Execution) -> None:
        """The wait before a new attempt is over."""
        run = self._run
        if execution not in run.retrying:
            return  # the pause has already deferred it
        if run.pausing:
            self.defer(execution)
            return
        run.retrying.discard(execution)
        pending = execution.pending_error
        assert pending is not None
        self.again(execution, pending["result"])

    def again(self, execution: Execution, result: NodeResult) -> None:
        """Begin a new attempt after one that failed with `result`."""
        run = self._run
        execution.pending_error = {"result": result}
        run.steps += 1
        execution.frame.steps += 1
        at = run.outbox.now()
        event = run.events.started("NodeRunRetry", execution, at)
        event.update(run.events.result_fields(execution, result))
        event["retry_index"] = execution.attempt
        execution.attempt += 1
        run.outbox.send(event)
        run.ready.append((execution.frame, execution.node))

    def _handled(self, execution: Execution, result: NodeResult, error: str) -> None:
        """An error strategy makes an outcome of a failure (sections 4.4, 4.5, 4.7); `error` is what people read of it,
        while the outputs hold the bare message."""
        run = self._run
        node = execution.node
        told: dict[str, Any] = {"error_message": result.error, "error_type": result.error_type}
        # A node that branches by itself has no choice to offer when its defaults stand in (section 4.5).
        handle: tuple[str, ...] | None = () if node.native_branch else None
        if node.strategy == "default-value":
            outputs = {**told, **node.defaults} if run.single_node else {**node.defaults, **told}
        else:
            outputs, handle = told, FAIL_HANDLE
        metadata = {**result.metadata, "error_strategy": node.strategy}
        if result.usage is not None and result.usage.total_tokens > 0:
            # The outcome has no usage (it counted with the attempt), but the record says what the attempt cost.
            add_usage(metadata, result.usage)
        converted = NodeResult(
            inputs=result.inputs,
            process_data=result.process_data,
            outputs=outputs,
            metadata=metadata,
            error=error,
            error_type=result.error_type,
        )
        run.complete(execution, converted, "NodeRunException", handle)

    def unhandled(self, execution: Execution, result: NodeResult) -> None:
        """A failure that no strategy handles ends the run, or spoils the round it happened in."""
        run = self._run
        frame, node = execution.frame, execution.node
        frame.executions.pop(node.i, None)
        told = run.events.result_fields(execution, result)
        run.events.ended("NodeRunFailed", execution, told, result.handle, run.outbox.now())
        if frame.is_root:
            run.fail(result.error, node.id, result.error_type)
        else:
            frame.errors.append(result.error)
        run.check_limits()
        run.leave(frame)

    def no_branch(self, execution: Execution, result: NodeResult) -> None:
        """A branching node ended without a choice: that fails the run."""
        run = self._run
        error = f"Branch node {execution.node.id} completed without selecting a branch"
        failed = NodeResult.failed(
            error,
            result.error_type,
            inputs=result.inputs,
            process_data=result.process_data,
            metadata=result.metadata,
            usage=result.usage,
        )
        if not result.error:
            run.exceptions_count += 1
        run.fail(error, execution.node.id, result.error_type)
        self.unhandled(execution, failed)
