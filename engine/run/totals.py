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

from engine.model.prices import plain_price
from engine.run.events import NODE_END, RUN_END


@dataclass
class Totals:
    """Columns of a run's row. Seconds are those in which the run was active; `last_at` is when the last event was."""

    elapsed_time: float = 0.0
    total_tokens: int = 0
    total_price: Decimal = Decimal(0)
    total_steps: int = 0
    exceptions_count: int = 0
    last_at: str = ""

    def to_row(self) -> dict[str, Any]:
        """The values as the store keeps them."""
        row = {name: value for name, value in vars(self).items() if name != "last_at"}
        return {**row, "total_price": plain_price(self.total_price)}


def totals_of(events: Iterable[Mapping[str, Any]]) -> Totals:
    """The totals up to the last event."""
    found, began = Totals(), ""
    for event in events:
        name, last = event["event"], event["at"]
        found.last_at = last
        if name == "GraphRunStarted":
            began = last
        elif name in RUN_END:
            found.elapsed_time += seconds_between(began, last)
            began = ""
            _take(found, event)
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
        found.elapsed_time += seconds_between(began, found.last_at)
    return found


def _take(found: Totals, event: Mapping[str, Any]) -> None:
    """The end of a segment says itself what it has cost, more exactly than the events before it: an attempt that
    waited for its next try when the run paused has no event of its own."""
    if "total_tokens" in event:
        found.total_tokens = int(event["total_tokens"])
        found.total_price = Decimal(plain_price(event.get("total_price")))
        found.total_steps = int(event.get("total_steps", found.total_steps))
        found.exceptions_count = int(event.get("exceptions_count", found.exceptions_count))


def _add_usage(found: Totals, event: Mapping[str, Any]) -> None:
    if event.get("frame_id", "root") != "root":
        return
    told = event.get("usage") or event.get("metadata") or {}
    found.total_tokens += int(told.get("total_tokens") or 0)
    found.total_price += Decimal(plain_price(told.get("total_price")))


def seconds_between(began: str, ended: str) -> float:
    """The seconds from one moment to another, as events and rows tell them; never less than none."""
    return max((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds(), 0.0)
