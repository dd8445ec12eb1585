"""Commands to a run and its clock (engine spec 9.1 to 9.3): what comes from outside becomes calls on the scheduler."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.logs import get_logger
from engine.run.debug import EVERYWHERE
from engine.run.scheduler import Scheduler
from engine.run.variables.files import input_value
from engine.run.variables.pool import SelectorProblem
from engine.run.variables.segments import SegmentProblem, build_segment, build_with_type, plain

log = get_logger(__name__)


class Control:
    """Applies commands between two steps of the scheduler, and stops the run when its time is over."""

    def __init__(self, scheduler: Scheduler, spent_seconds: float = 0.0) -> None:
        self._scheduler = scheduler
        self._commands: deque[Mapping[str, Any]] = deque()
        self._spent = spent_seconds
        self._since = scheduler.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()

    # -- commands --------------------------------------------------------------------------------------------------

    def send(self, command: Mapping[str, Any]) -> None:
        """Take a command; from any thread."""
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.send, command)
            return
        self._commands.append(command)
        self._scheduler.before_turn = self.apply
        self._scheduler.wake()

    def apply(self) -> None:
        """Do what waits; a command that fails or is not known is logged and left."""
        self._scheduler.before_turn = None
        while self._commands:
            command = self._commands.popleft()
            handler = _HANDLERS.get(str(command.get("command")))
            if handler is None:
                log.warning("unknown command %r", command.get("command"))
                continue
            try:
                handler(self, command)
            except Exception:
                log.exception("the command %r failed", command.get("command"))

    def _abort(self, command: Mapping[str, Any]) -> None:
        self._scheduler.abort(str(command.get("reason") or "User requested abort"))

    def _pause(self, command: Mapping[str, Any]) -> None:
        scheduler = self._scheduler
        if scheduler.aborted is not None:
            log.info("a stopped run cannot pause")
            return
        message = str(command.get("reason") or "unknown reason")
        reason = {"TYPE": "scheduled_pause", "message": message}
        scheduler.reasons.append(
            {**reason, **{key: command[key] for key in ("resume_at", "internal") if key in command}}
        )
        scheduler.begin_pause()

    def _update_variables(self, command: Mapping[str, Any]) -> None:
        scheduler = self._scheduler
        frame = scheduler.frames.get(str(command.get("frame_id") or "root"), scheduler.root)
        done = []
        for variable in command.get("variables", ()):
            try:
                value = input_value(variable.get("value"))
                kind = variable.get("value_type")
                segment = build_with_type(kind, value) if kind else build_segment(value)
                frame.pool.add(tuple(variable["selector"]), segment)
            except (SelectorProblem, SegmentProblem, KeyError, TypeError):
                continue
            done.append({"selector": list(variable["selector"]), "value": plain(segment), "value_type": segment.type})
        if done:
            event = {"seq": 0, "event": "VariablesUpdated", "at": scheduler.outbox.now(), "run_id": ""}
            scheduler.outbox.send({**event, "variables": done, "frame_id": frame.id})

    # -- the debugger ----------------------------------------------------------------------------------------------

    def _set_breakpoints(self, command: Mapping[str, Any]) -> None:
        gate = self._scheduler.gate
        gate.set_breakpoints(command.get("breakpoints") or command.get("node_ids", ()))
        gate.any_failure = bool(command.get("any_failure"))

    def _step(self, command: Mapping[str, Any]) -> None:
        """Let the held nodes go (or the one that is named) and hold what comes next: `how` over, into or out of it."""
        node_id, frame_id = command.get("node_id"), command.get("frame_id")
        if node_id is not None and not self._holds(command):
            return  # asked for a node that has gone on meanwhile
        self._scheduler.gate.step(str(command.get("how") or "into"), node_id, frame_id)
        self._release(command)

    def _continue(self, command: Mapping[str, Any]) -> None:
        """Let everything go; breakpoints stay."""
        if command.get("node_id") is None:
            self._scheduler.gate.depth = None
        self._release(command)

    def _run_to(self, command: Mapping[str, Any]) -> None:
        """Let everything go until one of the nodes is reached; breakpoints on the way hold, too."""
        gate = self._scheduler.gate
        gate.run_to, gate.depth = set(map(str, command.get("node_ids", ()))), None
        self._release({})

    def _hold_all(self, command: Mapping[str, Any]) -> None:  # noqa: ARG002 - all handlers look alike
        self._scheduler.gate.depth = EVERYWHERE

    def _try_again(self, command: Mapping[str, Any]) -> None:
        """Run a node that failed and is held once more, with the values as they are now."""
        if self._holds(command):
            self._release(command, again=True)

    def _holds(self, command: Mapping[str, Any]) -> bool:
        node_id, frame_id = command.get("node_id"), command.get("frame_id")
        return any(key[1] == node_id and frame_id in (None, key[0]) for key in self._scheduler.gate.held)

    def _release(self, command: Mapping[str, Any], *, again: bool = False) -> None:
        scheduler = self._scheduler
        for held in scheduler.gate.release(command.get("node_id"), command.get("frame_id")):
            scheduler.let_go(held, again=again and held.failed is not None)
        scheduler.wake()

    # -- time ------------------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Active seconds of the run so far, earlier segments included; waiting at the debug gate does not count."""
        scheduler = self._scheduler
        now = scheduler.monotonic()
        idle = scheduler.idle_seconds + (now - scheduler.idle_since if scheduler.idle_since is not None else 0.0)
        return self._spent + now - self._since - idle

    def arm(self) -> None:
        """Stop the run when its time is over, even when no node ends."""
        left = max(0.0, self._scheduler.limits.max_seconds - self._spent)
        self._timer = self._loop.call_later(left, self._time_over)

    def disarm(self) -> None:
        """The run has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_over(self) -> None:
        scheduler = self._scheduler
        limit = scheduler.limits.max_seconds
        elapsed = self.elapsed
        if elapsed < limit:
            # A person looked at a held node meanwhile, or the clock is not the loop's: look again later.
            self._timer = self._loop.call_later(max(limit - elapsed, 0.01), self._time_over)
        else:
            scheduler.abort(f"Maximum execution time exceeded: {elapsed:.2f}s > {limit:g}s")


_HANDLERS: Final[Mapping[str, Callable[[Control, Mapping[str, Any]], None]]] = {
    "abort": Control._abort,  # noqa: SLF001
    "pause": Control._pause,  # noqa: SLF001
    "update_variables": Control._update_variables,  # noqa: SLF001
    "set_breakpoints": Control._set_breakpoints,  # noqa: SLF001
    "step": Control._step,  # noqa: SLF001
    "resume_step": Control._step,  # noqa: SLF001
    "continue": Control._continue,  # noqa: SLF001
    "run_to": Control._run_to,  # noqa: SLF001
    "try_again": Control._try_again,  # noqa: SLF001
    "hold_all": Control._hold_all,  # noqa: SLF001
}
