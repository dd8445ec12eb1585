"""Which runs of the log are wanted, and in which order: plain data that can be kept as a saved filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from engine.clock import iso

SORTS: Final = ("started", "elapsed", "tokens", "price", "status", "workflow", "version", "trigger")
STATUSES: Final = ("succeeded", "partial-succeeded", "failed", "stopped", "running", "paused", "scheduled")

PERIODS: Final = ("today", "7-days", "4-weeks", "3-months", "12-months", "month", "quarter", "year")

Cursor = tuple[Any, str, str]
"""Where the next page begins: the sorted value, the start and the id of the last row before."""


@dataclass(frozen=True)
class RunFilter:
    """Every condition that is given must hold. Times are UTC texts; `keyword` is looked for in inputs, outputs, errors
    and names of steps, `node` is the id of a step or a part of its title, `error` a part of the error's text."""

    app_id: str = ""
    statuses: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    keyword: str = ""
    version: str = ""
    node: str = ""
    error: str = ""
    trigger: str = ""
    conversation_id: str = ""
    pinned: bool | None = None
    period: str = ""
    """One of PERIODS, counted back from the moment of asking."""

    @property
    def is_empty(self) -> bool:
        """Does it let everything through?"""
        return self == RunFilter()

    def resolved(self, now: datetime) -> RunFilter:
        """The same with `since` instead of `period`; `now` carries the time zone of the person who asks."""
        if not self.period:
            return self
        begin = iso(period_begin(self.period, now).astimezone(UTC))
        return replace(self, period="", since=max(self.since, begin))

    def to_json(self) -> dict[str, Any]:
        """What is not at its default."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunFilter:
        """The inverse of `to_json`; what is not known is left out."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return cls(**values)


def period_begin(name: str, now: datetime) -> datetime:
    """When a period began, on the clock of `now`; month, quarter and year are those that are running."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    back = {"today": 0, "7-days": 7, "4-weeks": 28, "3-months": 91, "12-months": 365}
    if name in back:
        return day - timedelta(days=back[name])
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[name]
    return day.replace(month=month, day=1)
