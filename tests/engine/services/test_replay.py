"""Moments of a run: the state at any of them is that of the fold, whichever way one came there."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.run.fold import RunState, fold
from engine.services import replay as module
from engine.services.replay import Replay, copy_of
from tests.helpers.run import build, fail, iterate, run, stub


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    graph = build(
        "start -> it -> f -> end",
        it=iterate("c -> d", "start.items", "c.text"),
        c=stub(echo=["it", "item"], chunks=["a", "b"]),
        f=fail(),
    )
    return run(graph, items=list(range(120))).events


def same(one: RunState, other: RunState) -> bool:
    return (one.nodes, one.executions, one.edges, one.status, one.seq) == (
        other.nodes,
        other.executions,
        other.edges,
        other.status,
        other.seq,
    )


def test_every_moment_is_the_fold_of_its_events(events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 50)
    replay = Replay(events)
    assert same(replay.last, fold(events))
    chance = random.Random(4)
    for count in [0, 1, 50, len(events), *chance.sample(range(len(events)), 25)]:
        assert same(replay.at(count), fold(events[:count]))
    assert same(replay.last, fold(events)), "looking back changed the end"


def test_going_forward_is_the_same_as_going_there(events: list[dict[str, Any]]) -> None:
    replay = Replay(events)
    state = replay.at(10)
    changed = replay.forward(state, 10, 200)
    assert same(state, fold(events[:200]))
    assert changed


def test_stops_are_ordered_and_found_by_the_clock(events: list[dict[str, Any]]) -> None:
    replay = Replay(events)
    assert replay.stops[0] == 0
    assert replay.stops[-1] == len(events)
    assert replay.stops == sorted(set(replay.stops))
    assert replay.event_of(0) is None
    first = replay.event_of(1)
    assert first is not None
    assert first["event"] == "GraphRunStarted"
    last = replay.clock(len(events))
    assert last is not None
    assert replay.stop_at(last + 1) == len(replay.stops) - 1
    assert replay.stop_at(0) == 0


def test_a_copy_does_not_change_with_the_first(events: list[dict[str, Any]]) -> None:
    state = fold(events[:100])
    kept = copy_of(state)
    for event in events[100:]:
        state.apply(event)
    assert same(kept, fold(events[:100]))


def test_reading_can_be_given_up(events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 50)
    told: list[float] = []

    def progress(share: float) -> bool:
        told.append(share)
        return len(told) < 3

    replay = Replay(events, progress)
    assert not replay.is_whole
    assert told == sorted(told)


def test_a_run_without_events_has_one_moment() -> None:
    replay = Replay([])
    assert replay.stops == [0]
    assert replay.at(5).run_id == ""
    assert replay.clock(0) is None
