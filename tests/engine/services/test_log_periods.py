"""The periods of the run log, counted back on the clock and in the time zone of the person who asks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from engine.services.logs import PERIODS, RunFilter

NOW = datetime(2026, 8, 16, 1, 30, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("period", "since"),
    [
        ("today", "2026-08-15T16:00"),
        ("7-days", "2026-08-08T16:00"),
        ("4-weeks", "2026-07-18T16:00"),
        ("month", "2026-07-31T16:00"),
        ("quarter", "2026-06-30T16:00"),
        ("year", "2025-12-31T16:00"),
    ],
)
@pytest.mark.spec("editor.75")
def test_a_period_begins_at_midnight_of_the_persons_zone(period: str, since: str) -> None:
    resolved = RunFilter(period=period).resolved(NOW)
    assert resolved.period == ""
    assert resolved.since.startswith(since)


@pytest.mark.spec("editor.75")
def test_longer_periods_begin_earlier_and_a_given_begin_stays_when_it_is_later() -> None:
    begins = {period: RunFilter(period=period).resolved(NOW).since for period in PERIODS}
    assert begins["12-months"] < begins["year"] < begins["3-months"] < begins["4-weeks"] < begins["today"]
    assert RunFilter(period="year", since="2026-08-01T00:00").resolved(NOW).since == "2026-08-01T00:00"
