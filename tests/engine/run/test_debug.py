"""The debug gate: conditions, counts, failures, steps over, into and out of containers, running to a node."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.model.breakpoints import Breakpoint
from engine.run.debug_condition import ConditionProblem, condition
from engine.run.fold import fold
from engine.run.request import DebugSettings, RunRequest
from tests.helpers.run import Done, begin, build, end, fail, finish, iterate, loop, stub, until

ROUNDS = build("start -> it -> z", it=iterate("c -> d", "start.items", "c.text"), c=stub(echo=["it", "item"]))


def at(*points: Breakpoint | str, **more: Any) -> DebugSettings:
    return DebugSettings(frozenset(points), **more)


async def held(done: Done, count: int) -> dict[str, Any]:
    """The `count`-th time that something is held."""
    while len(done.named("NodeHeld")) < count:
        await until(done, "NodeHeld")
    return done.named("NodeHeld")[count - 1]


async def walk(done: Done, how: str) -> list[str]:
    """Steps until the run ends; the nodes that were held, rounds with their index."""
    places = []
    async for event in done.handle.events():
        done.events.append(event)
        if event["event"] == "NodeHeld":
            index = event.get("iteration_index", event.get("loop_index"))
            places.append(event["node_id"] + ("" if index is None else f"[{index}]"))
            done.handle.send(
                {"command": "step", "how": how, "node_id": event["node_id"], "frame_id": event["frame_id"]}
            )
    await finish(done)
    return places


def test_steps_over_and_into_a_container() -> None:
    async def main() -> None:
        over = begin(ROUNDS, debug=at(step=True), items=[1, 2])
        assert await walk(over, "over") == ["start", "it", "z"]
        into = begin(ROUNDS, debug=at(step=True), items=[1, 2])
        assert await walk(into, "into") == ["start", "it", "c[0]", "d[0]", "c[1]", "d[1]", "z"]

    asyncio.run(main())


def test_a_step_over_in_a_round_goes_to_the_next_round_and_a_step_out_behind_the_container() -> None:
    async def main() -> None:
        over = begin(ROUNDS, debug=at(Breakpoint("c", hits=1, hit_mode="at")), items=[1, 2])
        assert await walk(over, "over") == ["c[0]", "d[0]", "c[1]", "d[1]", "z"]
        out = begin(ROUNDS, debug=at(Breakpoint("c", hits=1, hit_mode="at")), items=[1, 2])
        assert await walk(out, "out") == ["c[0]", "z"]

    asyncio.run(main())


def test_a_step_that_comes_too_late_does_nothing() -> None:
    async def main() -> None:
        done = begin(build("start -> a -> b"), debug=at(step=True))
        first = await held(done, 1)
        command = {"command": "step", "how": "over", "node_id": first["node_id"], "frame_id": first["frame_id"]}
        for _ in range(5):
            done.handle.send(command)
        second = await held(done, 2)
        await asyncio.sleep(0.05)
        assert second["node_id"] == "a"
        assert done.started() == ["start"]
        assert list(fold(done.events).held) == [second["id"]]
        done.handle.send({"command": "continue"})
        await finish(done)
        assert done.status == "succeeded"

    asyncio.run(main())


def test_run_to_a_node_holds_there_once() -> None:
    async def main() -> None:
        done = begin(ROUNDS, debug=at(run_to=frozenset({"d"})), items=[1, 2])
        event = await held(done, 1)
        assert (event["node_id"], event["iteration_index"], event["why"]["kind"]) == ("d", 0, "run_to")
        done.handle.send({"command": "run_to", "node_ids": ["z"]})
        assert (await held(done, 2))["node_id"] == "z"
        done.handle.send({"command": "continue"})
        await finish(done)
        assert done.status == "succeeded"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("point", "places"),
    [
        (Breakpoint("c", "{{#it.item#}} > 2"), [2, 3]),
        (Breakpoint("c", "round == 1"), [1]),
        (Breakpoint("c", "{{#start.items#}}|length == 9"), []),
        (Breakpoint("c", hits=3), [2, 3]),
        (Breakpoint("c", hits=3, hit_mode="at"), [2]),
        (Breakpoint("c", hits=2, hit_mode="every"), [1, 3]),
        (Breakpoint("c", "{{#it.item#}} > 1", hits=2, hit_mode="at"), [2]),
    ],
)
def test_conditions_and_counts(point: Breakpoint, places: list[int]) -> None:
    async def main() -> None:
        done = begin(ROUNDS, debug=at(point), items=[1, 2, 3, 4])
        for count in range(1, len(places) + 1):
            await held(done, count)
            done.handle.send({"command": "continue"})
        await finish(done)
        assert [e["iteration_index"] for e in done.named("NodeHeld")] == places

    asyncio.run(main())


def test_a_condition_that_cannot_be_evaluated_holds_and_says_so() -> None:
    async def main() -> None:
        done = begin(build("start -> a"), debug=at(Breakpoint("a", "1 / 0")))
        why = (await held(done, 1))["why"]
        assert why["kind"] == "condition_error"
        assert "ZeroDivisionError" in why["problem"]
        done.handle.send({"command": "continue"})
        await finish(done)

    asyncio.run(main())
    with pytest.raises(ConditionProblem):
        condition("1 +")


def test_conditions_read_no_attributes_that_lead_out() -> None:
    async def main() -> None:
        done = begin(build("start -> a"), debug=at(Breakpoint("a", "''.__class__.__mro__")))
        assert (await held(done, 1))["why"]["kind"] == "condition_error"
        done.handle.send({"command": "continue"})
        await finish(done)

    asyncio.run(main())


def test_a_failure_is_held_and_tried_again_with_another_value() -> None:
    async def main() -> None:
        graph = build("start -> a -> end", a=fail(1, outs={"x": 1}), end=end(v="a.x"))
        done = begin(graph, debug=at(Breakpoint("a", on_failure=True)))
        event = await held(done, 1)
        assert event["why"]["kind"] == "failure"
        state = fold(done.events)
        assert state.nodes["a"].status == "held"
        assert state.nodes["a"].error
        done.handle.send({"command": "try_again", "node_id": "a", "frame_id": "root"})
        await finish(done)
        assert (done.status, done.outputs) == ("succeeded", {"v": 1})
        assert fold(done.events).nodes["a"].attempt == 2

    asyncio.run(main())


def test_a_held_failure_takes_its_course() -> None:
    async def main() -> None:
        done = begin(build("start -> a -> end", a=fail()), debug=at(any_failure=True))
        await held(done, 1)
        done.handle.send({"command": "continue"})
        await finish(done)
        assert done.status == "failed"
        assert not fold(done.events).held

    asyncio.run(main())


def test_a_pause_lets_a_held_failure_take_its_course() -> None:
    async def main() -> None:
        done = begin(build("start -> a -> end", a=fail()), debug=at(any_failure=True))
        await held(done, 1)
        done.handle.send({"command": "pause"})
        await finish(done)
        assert done.status == "failed"

    asyncio.run(main())


def test_steps_out_of_a_loop() -> None:
    async def main() -> None:
        graph = build("start -> l -> z", l=loop("c", 3), c=stub())
        done = begin(graph, debug=at("c"))
        first = await held(done, 1)
        assert first["loop_index"] == 0
        done.handle.send({"command": "set_breakpoints", "breakpoints": []})
        done.handle.send({"command": "step", "how": "out", "node_id": "c", "frame_id": first["frame_id"]})
        assert (await held(done, 2))["node_id"] == "z"
        done.handle.send({"command": "continue"})
        await finish(done)

    asyncio.run(main())


def test_settings_travel_as_json() -> None:
    debug = at("b", Breakpoint("a", "x > 1", 3, "every", on_failure=True), run_to=frozenset({"z"}), any_failure=True)
    request = RunRequest(graph={}, debug=debug)
    again = RunRequest.from_json(request.to_json()).debug
    assert again is not None
    assert {Breakpoint.of(b) for b in again.breakpoints} == {Breakpoint.of(b) for b in debug.breakpoints}
    assert (again.run_to, again.any_failure, again.step) == (debug.run_to, True, False)
