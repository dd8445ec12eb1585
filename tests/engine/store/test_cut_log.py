"""A process that dies at any moment leaves a log that ends after some event: it opens, is put right, and goes on.

For generated workflows the stored log is cut after every event, as a crash would leave it: whole batches up to there
and nothing behind. Then the store recovers, and the run is continued from what the store holds.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import FixedClock, iso, parse_iso
from engine.run.fold import fold
from engine.run.plan import plan_resume
from engine.run.records import facts_of
from engine.run.totals import Totals, seconds_between, totals_of
from engine.services.context import Services
from engine.services.recorder import RunRecorder
from engine.store.owners import new_owner
from engine.store.runs import INTERRUPTED
from tests.engine.run.test_property import Draw, Trip, go, outcome
from tests.helpers.run import Desk, Done, build, retry, stub
from tests.helpers.stored import sql

SEEDS = (14, 16, 17, 38, 39, 59, 75, 103, 105)
"""Graphs with parallel and nested rounds, loops, counters, answers, retries, and each sort of failure."""
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def dead_owner() -> str:
    """The mark of a process that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    machine = new_owner().split(":")[0]
    return f"{machine}:{gone.pid}:x"


def leave(services: Services, done: Done, cut: int, chance: random.Random, owner: str) -> str:
    """Write the first `cut` events of a run by the real recorder in batches of chance; the run's id."""

    async def work() -> None:
        recorder = RunRecorder(
            services.database, services.run_store, services.debug_store, facts_of(done.request), owner=owner
        )
        for number, event in enumerate(done.events[:cut], 1):
            recorder.event(dict(event), None)
            if number == cut or chance.random() < 0.2:
                await recorder.flush()

    asyncio.run(work())
    return str(done.request.run_id)


def went_well(events: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often each node has ended well."""
    return Counter(e["node_id"] for e in events if e["event"] == "NodeRunSucceeded")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.spec("store.21")
def test_the_log_cut_after_any_event(services: Services, dead_owner: str, seed: int) -> None:
    graph = Draw(seed).graph()
    whole = go(graph, desk=Desk())
    chance = random.Random(seed)
    steady = {n["id"] for n in graph["nodes"] if n["data"]["type"] == "stub" and not n["data"].get("fail_times")}
    in_all = Counter(node for node in whole.desk.attempts if node in steady)
    for cut in range(1, len(whole.events)):
        run_id = leave(services, whole, cut, chance, dead_owner)
        before = whole.events[:cut]
        assert services.run_store.recover() == [run_id]

        # What is there is what was told, and nothing of it is alive any more.
        assert services.run_store.events(run_id) == before
        record = services.run_store.get(run_id)
        assert (record["status"], record["error"]) == ("stopped", INTERRUPTED)
        # It ended when it was found, its time is that up to the last thing that is known of it.
        assert record["finished_at"] >= before[-1]["at"]
        assert record["elapsed_time"] == pytest.approx(seconds_between(before[0]["at"], before[-1]["at"]))
        steps = services.run_store.trace(run_id)
        live = fold(before)
        assert [step["id"] for step in steps] == list(live.executions)
        for step in steps:
            execution = live.executions[step["id"]]
            wanted = ("stopped", INTERRUPTED) if execution.is_live else (execution.status, execution.error)
            assert (step["status"], step["error"]) == wanted
            if execution.is_live:
                assert step["finished_at"] == record["finished_at"]
                assert step["elapsed_time"] == pytest.approx(seconds_between(step["created_at"], before[-1]["at"]))
        totals = totals_of(before)
        assert [record[k] for k in ("total_steps", "total_tokens", "exceptions_count")] == [
            totals.total_steps, totals.total_tokens, totals.exceptions_count,
        ]  # fmt: skip
        assert services.run_store.recover() == []

        # It goes on to the same end, and no node that had ended well runs again.
        plan = plan_resume(record["graph"], services.run_store.events(run_id), before=record["graph"])
        desk = Desk()
        again = go(graph, desk=desk, plan=plan, ids=2)
        assert outcome(again) == outcome(whole), cut
        if whole.status != "failed":
            ran = Counter(node for node in desk.attempts if node in steady)
            well = went_well(before)
            assert ran == Counter({node: count - well[node] for node, count in in_all.items() if count > well[node]})
        services.run_store.delete([run_id])
        assert sql(services, "SELECT count(*) FROM run_events")[0][0] == 0
    assert sql(services, "PRAGMA quick_check") == [("ok",)]


@pytest.mark.parametrize("seed", range(60))
def test_totals_from_events_are_those_of_the_engine(seed: int) -> None:
    done = go(Draw(seed).graph())
    last = done.events[-1]
    compare(totals_of(done.events[:-1]), last)
    compare(totals_of(done.events), last)


@pytest.mark.parametrize("seed", range(40))
def test_totals_of_a_run_that_was_cut_off_after_a_pause(seed: int) -> None:
    graph, desk = Draw(seed).graph(), Desk()
    whole = go(graph)
    memory = Trip(1 + len(whole.events) * (seed % 7 + 1) // 9, "pause")
    first = go(graph, desk=desk, memory=memory)
    events = list(first.events)
    if first.status == "paused":
        second = go(graph, desk=desk, snapshot=json.loads(json.dumps(first.snapshot)), ids=2)
        assert second.events[-1]["total_tokens"] == whole.events[-1]["total_tokens"] or whole.status == "failed"
        events += second.events
    compare(totals_of(events[:-1]), events[-1])


def compare(found: Totals, last: dict[str, Any]) -> None:
    """What was added up from the events against what the run itself says at its end."""
    assert (found.total_steps, found.exceptions_count) == (last["total_steps"], last["exceptions_count"])
    assert found.total_tokens == last["total_tokens"]
    assert found.total_price == Decimal(last["total_price"])


@pytest.mark.spec("engine.121")
@pytest.mark.parametrize("strategy", ["fail-branch", "default-value"])
def test_the_tokens_of_attempts_that_failed_and_were_made_good_count(strategy: str) -> None:
    text = "start -> a -fail-branch-> end" if strategy == "fail-branch" else "start -> a -> end"
    done = go(build(text, a=stub(tokens=5, fail_times=9, error_strategy=strategy, **retry(2))), inputs={})
    last = done.events[-1]
    assert done.status == "partial-succeeded"
    assert (last["total_tokens"], last["total_price"]) == (15, "0.03")
    told = done.named("NodeRunException")[0]
    assert told["usage"] is None
    assert (told["metadata"]["total_tokens"], told["metadata"]["total_price"]) == (5, "0.01")
    compare(totals_of(done.events[:-1]), last)
    # A reader that was cut off before the last attempt was over counts those before it.
    cut = next(i for i, e in enumerate(done.events) if e["event"] == "NodeRunException")
    assert totals_of(done.events[:cut]).total_tokens == 10


def test_the_price_and_the_active_time_of_two_segments() -> None:
    clock = FixedClock()

    def at(seconds: float) -> str:
        return iso(parse_iso(iso(clock.now())) + timedelta(seconds=seconds))

    def ended(name: str, when: float, **fields: Any) -> dict[str, Any]:
        return {"event": name, "at": at(when), "frame_id": "root", **fields}

    usage = {"total_tokens": 10, "total_price": "0.000013"}
    found = totals_of(
        [
            ended("GraphRunStarted", 0),
            ended("NodeRunStarted", 0),
            ended("NodeRunRetry", 1, usage=usage),
            ended("NodeRunSucceeded", 2, usage=usage),
            ended("GraphRunPaused", 3),
            ended("GraphRunStarted", 100),
            ended("NodeRunStarted", 100),
            ended("NodeRunSucceeded", 101, usage=usage, frame_id="x:loop:0"),
            ended("NodeRunFailed", 104, metadata={"total_tokens": 1, "total_price": "1E-7"}),
        ]
    )
    assert found.to_row() == {
        "elapsed_time": 7.0, "total_tokens": 21, "total_price": "0.0000261", "total_steps": 3, "exceptions_count": 1,
    }  # fmt: skip
