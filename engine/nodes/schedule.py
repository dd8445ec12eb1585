"""When a schedule fires (nodes-logic spec 14.2, 14.3): the visual settings as a cron text, and the next times.

The cron library is imported when the first text is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.errors import UserError

WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
WORDS: Final[Mapping[str, str]] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
VISUAL_DEFAULTS: Final[Mapping[str, Any]] = {
    "time": "12:00 AM",
    "weekdays": ["sun"],
    "on_minute": 0,
    "monthly_days": [1],
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})\s+([AaPp][Mm])")
_LAST_WEEKDAY = re.compile(r"([0-7])[Ll]")


class ScheduleProblem(UserError):
    """A schedule that cannot be kept; `details["field"]` is the setting to look at."""

    default_code = "schedule.invalid"

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message, details={"field": field})
        self.field = field


def cron_of(data: Mapping[str, Any]) -> str:
    """The cron text of a schedule node's data, five fields. Raises ScheduleProblem."""
    mode = data.get("mode") or "visual"
    if mode == "cron":
        return normal_cron(str(data.get("cron_expression") or ""))
    if mode != "visual":
        raise ScheduleProblem(f"A schedule is visual or a cron text, not {mode!r}.", "mode")
    config = data.get("visual_config")
    if not isinstance(config, Mapping):
        raise ScheduleProblem("The schedule says nothing of when it fires.", "visual_config")
    frequency = data.get("frequency")
    if frequency == "hourly":
        return f"{_minute(config.get('on_minute', 0))} * * * *"
    if frequency not in ("daily", "weekly", "monthly"):
        raise ScheduleProblem("Choose how often the schedule fires: hourly, daily, weekly or monthly.", "frequency")
    hour, minute = read_time(config.get("time"))
    if frequency == "weekly":
        return f"{minute} {hour} * * {_weekdays(config.get('weekdays'))}"
    days = _days(config.get("monthly_days")) if frequency == "monthly" else "*"
    return f"{minute} {hour} {days} * *"


def _minute(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 59:
        raise ScheduleProblem("The minute of an hourly schedule is a number from 0 to 59.", "visual_config.on_minute")
    return value


def read_time(value: Any) -> tuple[int, int]:
    """Hour (0-23) and minute of a time such as `9:05 PM`. Raises ScheduleProblem."""
    text = "12:00 AM" if value is None else str(value)
    found = _TIME.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2])) if found else (0, 0)
    if found is None or not 1 <= hour <= 12 or minute > 59:
        raise ScheduleProblem(f"{text!r} is not a time such as 9:05 PM.", "visual_config.time")
    return hour % 12 + (12 if found[3].upper() == "PM" else 0), minute


def _weekdays(value: Any) -> str:
    names = value if isinstance(value, (list, tuple)) else []
    if not names or any(name not in WEEKDAYS for name in names):
        raise ScheduleProblem("A weekly schedule needs days from sun to sat.", "visual_config.weekdays")
    return ",".join(str(number) for number in sorted({WEEKDAYS.index(name) for name in names}))


def _days(value: Any) -> str:
    days = value if isinstance(value, (list, tuple)) else []
    numbers = sorted({day for day in days if isinstance(day, int) and not isinstance(day, bool)})
    rest = [day for day in days if day not in numbers and day != "last"]
    if not days or rest or any(not 1 <= day <= 31 for day in numbers):
        raise ScheduleProblem(
            "A monthly schedule needs days from 1 to 31, or the last one.", "visual_config.monthly_days"
        )
    return ",".join([*map(str, numbers), *(["L"] if "last" in days else [])])


def normal_cron(text: str) -> str:
    """A cron text checked and as five fields; `5L` is read as `L5`. Raises ScheduleProblem."""
    text = " ".join(text.split())
    if not text:
        raise ScheduleProblem("A cron expression is required.", "cron_expression")
    if text.startswith("@"):
        if text.lower() not in WORDS:
            raise ScheduleProblem(f"{text!r} is not one of {', '.join(WORDS)}.", "cron_expression")
        return WORDS[text.lower()]
    fields = text.split(" ")
    if len(fields) != 5:
        raise ScheduleProblem(
            f"A cron expression has five fields (minute, hour, day, month, weekday), not {len(fields)}.",
            "cron_expression",
        )
    fields[4] = ",".join(_LAST_WEEKDAY.sub(r"L\1", part) for part in fields[4].split(","))
    found = " ".join(fields)
    from croniter import CroniterError, croniter

    try:
        croniter(found, datetime(2026, 1, 1, tzinfo=UTC))
    except (CroniterError, ValueError) as problem:
        raise ScheduleProblem(f"The cron expression cannot be read: {problem}", "cron_expression") from None
    return found


def zone_of(data: Mapping[str, Any]) -> ZoneInfo:
    """The schedule's time zone. Raises ScheduleProblem."""
    name = str(data.get("timezone") or "UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ScheduleProblem(f"{name!r} is not a time zone.", "timezone") from None


def next_times(data: Mapping[str, Any], after: datetime, count: int = 5) -> list[datetime]:
    """The next `count` times after `after` (with a zone), in UTC, fewer when no more come. Raises ScheduleProblem."""
    from croniter import CroniterBadDateError, croniter

    zone = zone_of(data)
    steps = croniter(cron_of(data), after.astimezone(zone))
    found: list[datetime] = []
    try:
        for _ in range(count):
            moment: datetime = steps.get_next(datetime)
            found.append(moment.astimezone(UTC))
    except CroniterBadDateError:
        pass
    return found


def next_time(data: Mapping[str, Any], after: datetime) -> datetime | None:
    """The next time after `after`, or None. Times that passed while nobody looked are not given again."""
    return next(iter(next_times(data, after, 1)), None)
