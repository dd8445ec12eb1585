"""Which moment of the shown run the window looks at: its newest state, or an earlier one of a run that is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.services.replay import Replay

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class Moments(QObject):
    """Belongs to a session. The moments of a run are read in the background when they are first wanted."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session)
        self._session = session
        self.replay: Replay | None = None
        self.stop = 0
        """The index of the stop that is shown."""
        self._then: list[Callable[[], None]] = []

    @property
    def can_scrub(self) -> bool:
        """Whether the shown run is over and its events are here."""
        session = self._session
        if self.replay is not None:
            return True
        run = session.run
        return run is not None and run.is_over and bool(run.events) and session.whole_state is run.state

    def reset(self, replay: Replay | None = None) -> None:
        """Another run is shown, at its end."""
        self.replay = replay
        self.stop = len(replay.stops) - 1 if replay is not None else 0
        self._then.clear()
        self._session.moment_seconds = None

    def wanted(self, then: Callable[[], None]) -> None:
        """Call `then` when the moments of the run are known, at once if they are."""
        if self.replay is not None:
            then()
            return
        if not self.can_scrub:
            return
        self._then.append(then)
        if len(self._then) > 1:
            return
        run = self._session.run
        assert run is not None
        events = list(run.events)
        self._session.studio.tasks.run(Replay, events, done=lambda replay: self._read(run, replay))

    def _read(self, run: object, replay: Replay) -> None:
        session = self._session
        if session.is_closed or session.run is not run or self.replay is not None:
            return
        self.replay, self.stop = replay, len(replay.stops) - 1
        waiting, self._then = self._then, []
        session.runChanged.emit()
        for then in waiting:
            then()

    def go(self, stop: int) -> None:
        """Show the run as it was at a stop; at the last one as it is."""
        replay, session = self.replay, self._session
        if replay is None:
            return
        stop = min(max(0, stop), len(replay.stops) - 1)
        if stop == self.stop:
            return
        before, self.stop = self.stop, stop
        last = stop == len(replay.stops) - 1
        changed: set[str] = set()
        state = session.run_state
        if last:
            session.run_state, session.moment_seconds = session.whole_state, None
        else:
            if stop > before and state is not None and state is not session.whole_state:
                changed = replay.forward(state, replay.stops[before], replay.stops[stop])
            else:
                session.run_state = replay.at(replay.stops[stop])
            # Before the first event the line stands where the run begins.
            session.moment_seconds = replay.clock(max(1, replay.stops[stop]))
        if changed or state is not session.run_state:
            session.runShapeChanged.emit(changed)
        session.runChanged.emit()

    def go_to_clock(self, clock: float) -> None:
        """Show the run as it was at a time on the clock (seconds)."""
        self.wanted(lambda: self.go(self.replay.stop_at(clock)) if self.replay is not None else None)
