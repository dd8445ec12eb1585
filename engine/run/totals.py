"""What a run has cost so far, from its events: for runs whose end nobody could tell (storage spec, section 10.6).

The rules are those of the running engine (engine spec, section 12): rounds count when their container ends, and what
was taken over from an earlier run counts as a failure that it was, not as work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.run.events import NODE_END, RUN_END


@dataclass
class Totals:
    """Columns of a run's row. Seconds are those in which the run was active."""

    elapsed_time: float = 0.0
    total_tokens: int = 0
    total_price: Decimal = Decimal(0)
    total_steps: int = 0
    exceptions_count: int = 0

    def to_row(self) -> dict[str, Any]:
        """The values as the store keeps them."""
        return {**self.__dict__, "total_price": str(self.total_price)}


def totals_of(events: Iterable[Mapping[str, Any]]) -> Totals:
    """The totals up to the last event."""
    found, began, last = Totals(), "", ""
    for event in events:
        name, last = event["event"], event["at"]
        if name == "GraphRunStarted":
            began = last
        elif name in RUN_END:
            found.elapsed_time += _seconds(began, last)
            began = ""
        elif name == "NodeRunStarted":
            found.total_steps += 1
        elif name == "NodeRunRetry":
            found.total_steps += 1
            _add_usage(found, event)
        elif name in NODE_END:
            reused = "reused_from" in (event.get("metadata") or {})
            if reused:
                found.total_steps -= 1
                found.exceptions_count += int(event.get("inside") or 0)
            else:
                _add_usage(found, event)
            found.exceptions_count += name != "NodeRunSucceeded"
    if began:
        found.elapsed_time += _seconds(began, last)
    return found


def _add_usage(found: Totals, event: Mapping[str, Any]) -> None:
    if event.get("frame_id", "root") != "root":
        return
    told = event.get("usage") or event.get("metadata") or {}
    found.total_tokens += int(told.get("total_tokens") or 0)
    found.total_price += Decimal(str(told.get("total_price") or 0))


def _seconds(began: str, ended: str) -> float:
    return max((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds(), 0.0)
