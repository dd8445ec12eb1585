"""Time, ids and randomness, so that runs can be repeated: nothing else calls `time.time()` or `uuid4()`."""

from __future__ import annotations

import os
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The present moment, aware, UTC, microseconds kept."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...


class IdSource(Protocol):
    """Where ids come from."""

    def uuid(self) -> str:
        """A new UUID as 36 characters of text."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.perf_counter()


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class SystemIds:
    """Version 7 UUIDs, as newer Dify makes them: milliseconds, then 74 random bits. What is made one after the other
    lies side by side in an index, so that a large log takes new rows as fast as a small one."""

    def uuid(self) -> str:
        # Spelled out, because every step of a run takes one and the uuid module needs three times as long.
        at, text = f"{time.time_ns() // 1_000_000:012x}", os.urandom(10).hex()
        return f"{at[:8]}-{at[8:12]}-7{text[:3]}-{_VARIANT[text[3]]}{text[4:7]}-{text[7:19]}"


class FixedClock:
    """A clock that moves only when told to; each `now()` may advance it by `step` seconds."""

    def __init__(self, start: datetime | None = None, step: float = 0.0) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._step = step
        self._elapsed = 0.0

    def now(self) -> datetime:
        moment = self._now
        self.advance(self._step)
        return moment

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds


class SeededIds:
    """UUID-shaped ids from a seed, the same sequence every time."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable ids, not secrets

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def iso(moment: datetime) -> str:
    """UTC time as text of always 27 characters, so that text order is time order (storage spec, section 2)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso(text: str) -> datetime:
    """The inverse of `iso`. Raises ValueError on other shapes."""
    return datetime.fromisoformat(text)
