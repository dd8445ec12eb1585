"""What a node asks of time and chance, so that a run can be repeated: who asks is known, and a tape may stand between.

The engine's own times (of events and records) are not asked this way: only what may become part of an output is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from engine.clock import Clock, IdSource, iso, parse_iso


class Place(NamedTuple):
    """A node in a frame (`root`, `root/<container>[<round>]`, ...): the same in every run of a graph."""

    node: str = ""
    frame: str = ""

    def __str__(self) -> str:
        return f"node {self.node} in {self.frame}" if self.node else "the run itself"


class Mismatch(NamedTuple):
    """Something that was asked in a strict replay and is not in its recording."""

    message: str
    place: Place


class Tape(Protocol):
    """A recording that is being made or given back."""

    mismatch: Mismatch | None

    def once(self, ask: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, as JSON data, or what it gave when the same place asked the same last time. `ask` names
        the question. Raises PortError in a strict replay that has no (further) answer."""
        ...


class HasPlace(Protocol):
    """A node execution."""

    @property
    def place(self) -> Place: ...


class Asked(NamedTuple):
    """The tape and the node execution that runs now."""

    tape: Tape
    by: HasPlace


ASKED: ContextVar[Asked | None] = ContextVar("asked", default=None)
"""Set while a node runs (also in its tasks and threads) and a tape is there."""


def current_place() -> Place:
    """Who is asking now."""
    asked = ASKED.get()
    return asked.by.place if asked is not None else Place()


def once(ask: str, make: Callable[[], Any]) -> Any:
    """`make()`, through the tape of the node that runs now. The answer is JSON data."""
    asked = ASKED.get()
    return make() if asked is None else asked.tape.once(ask, make)


class AskedClock:
    """A clock for nodes; what they read is on the tape."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner

    def now(self) -> datetime:
        if ASKED.get() is None:
            return self._inner.now()
        return parse_iso(once("now", lambda: iso(self._inner.now())))

    def monotonic(self) -> float:
        return float(once("monotonic", self._inner.monotonic))


class AskedIds:
    """Ids for nodes; what they get is on the tape."""

    def __init__(self, inner: IdSource) -> None:
        self._inner = inner

    def uuid(self) -> str:
        return str(once("uuid", self._inner.uuid))
