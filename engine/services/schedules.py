"""When a schedule fires next, for people to see before they publish."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def upcoming(data: Mapping[str, Any], after: datetime, count: int = 5) -> list[datetime]:
    """The next times of a schedule node's settings, in its own time zone. Raises UserError for settings that are
    wrong."""
    from engine.nodes.schedule import next_times, zone_of

    zone = zone_of(data)
    return [moment.astimezone(zone) for moment in next_times(data, after, count)]


def time_zones() -> list[str]:
    """The names of all time zones."""
    from zoneinfo import available_timezones

    return sorted(available_timezones())
