"""Dates, times and time zones."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked, fixed
from engine.ports.outside import ToolParameter

FORMAT = "%Y-%m-%d %H:%M:%S"
ZONES = (
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Sao_Paulo",
    "Asia/Shanghai",
    "Asia/Ho_Chi_Minh",
    "Asia/Tokyo",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Moscow",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Africa/Cairo",
)


def zone(name: str) -> tzinfo:
    """A time zone by its name. Raises ToolFailed."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ToolFailed(f"Invalid timezone: {name}") from problem


def _zone_or_local(name: str) -> tzinfo | None:
    return zone(name) if name else None


def _read(text: str) -> datetime:
    try:
        return datetime.strptime(text, FORMAT)  # noqa: DTZ007 - the zone is put in by the caller
    except ValueError as problem:
        raise ToolFailed(f"The time {text!r} must have the form 2024-01-31 12:00:00.") from problem


async def current_time(call: ToolCall) -> str:
    """Now, in a zone and a format."""
    name = call.text("timezone") or "UTC"
    try:
        place = zone(name)
    except ToolFailed as problem:
        return problem.message  # Dify: an unknown zone is an answer, not a failure
    return call.ports.clock.now().astimezone(place).strftime(call.text("format") or f"{FORMAT} %Z")


async def localtime_to_timestamp(call: ToolCall) -> str:
    """Seconds since 1970 of a local time."""
    moment = _read(call.needed("localtime"))
    place = _zone_or_local(call.text("timezone"))
    return str(int((moment.replace(tzinfo=place) if place else moment.astimezone()).timestamp()))


async def timestamp_to_localtime(call: ToolCall) -> str:
    """The local time of seconds since 1970."""
    seconds = call.integer("timestamp")
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(_zone_or_local(call.text("timezone"))).strftime(FORMAT)
    except (OverflowError, ValueError, OSError) as problem:
        raise ToolFailed(f"{seconds} is no moment that a calendar knows.") from problem


async def timezone_conversion(call: ToolCall) -> str:
    """A time of one zone in another."""
    moment = _read(call.needed("current_time")).replace(tzinfo=zone(call.text("current_timezone") or "Asia/Shanghai"))
    return moment.astimezone(zone(call.text("target_timezone") or "Asia/Tokyo")).strftime(FORMAT)


async def weekday(call: ToolCall) -> str:
    """The day of the week of a date."""
    year, month, day = call.integer("year"), call.integer("month"), call.integer("day")
    try:
        moment = datetime(year, month, day, tzinfo=UTC)
    except (ValueError, OverflowError):
        return f"Invalid date: Year {year}, Month {month}, Day {day}."
    return f"{calendar.month_name[month]} {day}, {year} is {calendar.day_name[moment.weekday()]}."


def _zone(name: str, label: str, default: str, *, required: bool = False) -> ToolParameter:
    return asked(name, label, "An IANA time zone such as Asia/Tokyo", default=default, required=required)


PROVIDER = BuiltinProvider(
    "time",
    "Time",
    "The current time, time zones and week days.",
    "clock",
    (
        BuiltinTool(
            "current_time",
            "Current time",
            "A tool for getting the current time.",
            current_time,
            (
                fixed("format", "Format", "A strftime format", default=FORMAT),
                fixed("timezone", "Time zone", kind="select", default="UTC", options=ZONES),
            ),
        ),
        BuiltinTool(
            "localtime_to_timestamp",
            "Local time to timestamp",
            "A tool for converting a local time to a timestamp in seconds.",
            localtime_to_timestamp,
            (
                asked("localtime", "Local time", "A time such as 2024-01-01 00:00:00", required=True),
                _zone("timezone", "Time zone", "Asia/Shanghai"),
            ),
        ),
        BuiltinTool(
            "timestamp_to_localtime",
            "Timestamp to local time",
            "A tool for converting a timestamp in seconds to a local time.",
            timestamp_to_localtime,
            (
                asked("timestamp", "Timestamp", "Seconds since 1970", "number", required=True),
                _zone("timezone", "Time zone", "Asia/Shanghai"),
            ),
        ),
        BuiltinTool(
            "timezone_conversion",
            "Convert time zone",
            "A tool for converting a time from one time zone to another.",
            timezone_conversion,
            (
                asked("current_time", "Time", "A time such as 2024-01-01 00:00:00", required=True),
                _zone("current_timezone", "Its time zone", "Asia/Shanghai", required=True),
                _zone("target_timezone", "Target time zone", "Asia/Tokyo", required=True),
            ),
        ),
        BuiltinTool(
            "weekday",
            "Weekday calculator",
            "A tool for finding the weekday of a date.",
            weekday,
            (
                asked("year", "Year", kind="number", required=True),
                asked("month", "Month", kind="number", required=True),
                asked("day", "Day", kind="number", required=True),
            ),
        ),
    ),
)
