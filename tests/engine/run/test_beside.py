"""Runs beside each other: each does what it does alone, and is recorded as if it were alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import FixedClock, SeededIds
from engine.ports.bundle import Ports
from engine.run.fold import fold
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.engine.run.test_property import Draw, outcome
from tests.engine.run.test_property import go as go_alone
from tests.helpers.model import made, node
from tests.helpers.run import Desk, Done, begin, build, finish, short, stub, until
from tests.helpers.virtual import run_virtual


def started(seed: int, timing: int, inputs: dict[str, Any]) -> Done:
    desk = Desk()
    return begin(
        Draw(seed, timing).graph(),
        desk=desk,
        ports=Ports(clock=FixedClock(step=0.001), ids=SeededIds(1), extras={"desk": desk}),
        mode="advanced-chat",
        conversation_variables=[{"name": "n", "value_type": "number", "value": 0}],
        inputs=inputs,
    )


def words(done: Done) -> list[str]:
    """What happened in a run; the order of branches is a matter of timing."""
    return sorted(filter(None, map(short, done.events)))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_ten_runs_at_once_come_to_what_they_come_to_alone(seed: int) -> None:
    chance = random.Random(seed)
    drawn = [(chance.randrange(10**6), chance.randrange(5)) for _ in range(9)]
    drawn.append(drawn[0])  # the same workflow twice at once, too
    inputs = {"items": [1, 2, 3]}

    async def together() -> list[Done]:
        return list(await asyncio.gather(*(finish(started(s, t, inputs)) for s, t in drawn)))

    for (graph_seed, timing), done in zip(drawn, run_virtual(together()), strict=True):
        alone = go_alone(Draw(graph_seed, timing).graph())
        assert outcome(done) == outcome(alone)
        if done.status != "failed":  # with a failure the siblings are cut off wherever they are
            assert words(done) == words(alone)
            assert done.summary["total_tokens"] == alone.summary["total_tokens"]
            assert len(done.summary["stream_text"]) == len(alone.summary["stream_text"])
        assert fold(done.events).total_steps == done.summary["total_steps"]


def test_the_failure_and_the_stop_of_some_leave_the_others_alone() -> None:
    def graph(**more: Any) -> dict[str, Any]:
        return build("start -> a -> b", a=stub(wait_for="go"), b=stub(outs={"text": "b"}, **more))

    async def main() -> None:
        desks = [Desk() for _ in range(10)]
        runs = [
            begin(graph(fail_times=9 if i % 3 == 0 else 0), desk=desk, run_id=f"run-{i}")
            for i, desk in enumerate(desks)
        ]
        for done in runs:
            await until(done, "NodeRunStarted", "a")
        for done in runs[1::3]:
            done.handle.send({"command": "abort", "reason": "this one"})
        for desk in desks:
            desk.signal("go").set()
        ended = await asyncio.gather(*map(finish, runs))
        assert [done.status for done in ended] == (["failed", "stopped", "succeeded"] * 4)[:10]
        for i, done in enumerate(ended):
            assert {event["run_id"] for event in done.events} == {f"run-{i}"}
            assert done.events[-1].get("reason", "") == ("Aborted: this one" if i % 3 == 1 else "")
            assert ("b" in done.desk.attempts) == (i % 3 != 1)

    asyncio.run(main())


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path / "workspace")
    opened.open_workspace()
    yield opened
    opened.close()


def test_ten_recorded_runs_of_one_app_keep_their_own(services: Services) -> None:
    """One workspace, one app, two conversations that are written by turns: events, rows, variables of each its own."""
    flow = made(
        [
            node("1", "start", variables=[{"variable": "n", "label": "n", "type": "number", "required": True}]),
            node(
                "2", "code", title="Say", code="def main(n):\n    return {'t': f'number {int(n)}'}\n",
                code_language="python3", variables=[{"variable": "n", "value_selector": ["1", "n"]}],
                outputs={"t": {"type": "string", "children": None}},
            ),
            node("3", "template-transform", title="Twice", template="{{ t }}, {{ t }}",
                 variables=[{"variable": "t", "value_selector": ["2", "t"]}]),
            node("4", "end", title="End", outputs=[{"variable": "o", "value_selector": ["3", "output"]}]),
        ],
        [("1", "2"), ("2", "3"), ("3", "4")],
    )  # fmt: skip
    app_id = services.workflows.create("workflow", "Ten")

    async def main() -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        async def one(number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            handle = services.runs.start(StartRun(flow, app_id=app_id, inputs={"n": number}))
            events = [event async for event in handle.events()]
            return await handle.result(), events

        try:
            return list(await asyncio.gather(*map(one, range(10))))
        finally:
            await services.runs.drain()
            await services.close_ports()

    for number, (summary, events) in enumerate(asyncio.run(main())):
        text = f"number {number}, number {number}"
        assert (summary["status"], summary["outputs"]) == ("succeeded", {"o": text})
        run_id = summary["run_id"]
        assert services.runs.events(run_id) == events
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        row = services.runs.get(run_id)
        assert (row["status"], row["outputs"], row["inputs"]["n"]) == ("succeeded", {"o": text}, number)
        steps = services.runs.nodes(run_id)
        assert [(step["index"], step["node_id"], step["status"]) for step in steps] == [
            (i, str(i), "succeeded") for i in range(1, 5)
        ]
    assert len(services.runs.list(app_id, limit=50).runs) == 10
