"""Going through a run in time: the state after any number of its events, by the same fold as everything else.

Kept states stand every so many events, so that no moment is far from one. Pure, and of no thread: a long run is read
away from the window's thread and handed over.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from engine.run.events import NODE_END, RUN_END
from engine.run.fold import NodeRunState, RunState

KEPT: Final = 24
LEAST: Final = 500
STOPS: Final = frozenset(
    {
        "GraphRunStarted",
        "NodeRunStarted",
        "NodeRunRetry",
        "NodeRunPauseRequested",
        "NodeRunIterationNext",
        "NodeRunLoopNext",
        "NodeHeld",
        "NodeReleased",
        *NODE_END,
        *RUN_END,
    }
)
"""Events after which something is told apart by eye: the places where one stops on the way through a run."""


class Replay:
    """The moments of a run. `events` may not change any more."""

    def __init__(
        self, events: Sequence[Mapping[str, Any]], progress: Callable[[float], bool | None] | None = None
    ) -> None:
        """Reads all events; `progress` hears the share that is done and may say False to stop (then `is_whole` is
        False and the rest is missing)."""
        self.events = events
        self.is_whole = True
        self.stops = [0]
        """Numbers of events after which one stops; the first is the moment before the run."""
        self._every = max(LEAST, len(events) // KEPT)
        self._kept: list[RunState] = []
        self._times: list[float] = []
        state = RunState()
        for count, event in enumerate(events):
            if count % self._every == 0:
                self._kept.append(copy_of(state))
                if progress is not None and progress(count / max(1, len(events))) is False:
                    self.is_whole = False
                    break
            state.apply(event)
            self._times.append(_seconds(event, self._times[-1] if self._times else 0.0))
            if event["event"] in STOPS:
                self.stops.append(count + 1)
        if not self._kept:
            self._kept.append(copy_of(state))
        self.last = state
        """The state after all events."""

    # -- moments ---------------------------------------------------------------------------------------------------

    def at(self, count: int) -> RunState:
        """The state after the first `count` events, for the caller alone."""
        count = min(max(0, count), len(self._times))
        place = min(count // self._every, len(self._kept) - 1)
        state = copy_of(self._kept[place])
        for event in self.events[place * self._every : count]:
            state.apply(event)
        return state

    def forward(self, state: RunState, begin: int, end: int) -> set[str]:
        """Bring a state that was `at(begin)` to `end`; the ids of nodes and edges that changed."""
        changed: set[str] = set()
        for event in self.events[begin:end]:
            changed |= state.apply(event)
        return changed

    def clock(self, count: int) -> float | None:
        """The time on the clock (seconds) of the `count`-th event; None before the first."""
        return self._times[min(count, len(self._times)) - 1] if count > 0 and self._times else None

    def elapsed(self, count: int) -> float:
        """Seconds from the first event to the `count`-th."""
        now = self.clock(count)
        return 0.0 if now is None else max(0.0, now - self._times[0])

    def stop_at(self, clock: float) -> int:
        """The index of the last stop that is not later than a time on the clock."""
        count = bisect_right(self._times, clock)
        return max(0, bisect_right(self.stops, count) - 1)

    def event_of(self, stop: int) -> Mapping[str, Any] | None:
        """The event that a stop stands behind; None before the run."""
        count = self.stops[stop]
        return self.events[count - 1] if count else None


def copy_of(state: RunState) -> RunState:
    """A state that further events do not change with the first."""
    twins: dict[int, NodeRunState] = {}

    def twin(node: NodeRunState) -> NodeRunState:
        made = twins.get(id(node))
        if made is None:
            made = twins[id(node)] = copy.copy(node)
            made.retries, made.logs = list(node.retries), list(node.logs)
            made.chunks, made.reasoning_chunks = list(node.chunks), list(node.reasoning_chunks)
            made.rounds = {index: list(ids) for index, ids in node.rounds.items()}
        return made

    made = copy.copy(state)
    made.executions = {key: twin(node) for key, node in state.executions.items()}
    made.nodes = {key: twin(node) for key, node in state.nodes.items()}
    made.held = {key: twin(node) for key, node in state.held.items()}
    made.edges, made.variables = dict(state.edges), dict(state.variables)
    made.answer, made.reasons = list(state.answer), list(state.reasons)
    return made


def _seconds(event: Mapping[str, Any], before: float) -> float:
    """When an event was, on the clock; never earlier than the one before it."""
    try:
        return max(before, datetime.fromisoformat(str(event.get("at", ""))).timestamp())
    except ValueError:
        return before
