"""What a run holds follows from its live values, not from how long it has been running."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
from engine.run.limits import Limits
from engine.run.roundmap import RoundMap
from engine.run.variables.truncation import size
from tests.helpers.run import DOUBLES, Done, answer, begin, build, iterate, loop, retry, run, stub, variable

LARGE = 100_000
LIMITS = replace(Limits(), max_steps=100_000)


class Large(Node[NodeConfig]):
    """Makes another text of 100 KB each time; fails the first time in every second round when it may be retried."""

    supports_retry = True

    def run(self, ctx: NodeContext) -> NodeResult:
        text = f"{ctx.execution_id}{'x' * LARGE}"
        if ctx.attempt == 1 and "retry_config" in self.config.model_fields_set | set(self.config.model_extra or ()):
            return NodeResult.failed("again", outputs={"text": text})
        ctx.stream_text(text, is_final=True)
        return NodeResult(outputs={"text": text})


def peak(graph: dict[str, Any], count: int) -> float:
    """The most MB that a run held, with a reader that looks at each event and keeps none."""

    class Blind:
        def event(self, event: Any, payload: Any) -> None: ...

        def is_behind(self) -> bool:
            return False

        async def flush(self) -> None: ...

    async def main() -> None:
        done = begin(graph, memory=Blind(), limits=LIMITS, items=list(range(count)))  # type: ignore[arg-type]
        async for _ in done.handle.events():
            pass
        assert (await done.handle.result())["status"] == "succeeded"

    tracemalloc.start()
    try:
        asyncio.run(main())
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def rounds_of(kind: str, count: int) -> dict[str, Any]:
    """A container of rounds that each make some values of 100 KB, say one of them and keep one for the next round."""
    body = "big -> hand -> ans -> set"
    nodes: dict[str, dict[str, Any]] = {
        "big": {"type": "large", **(retry(1) if kind == "retries" else {})},
        "hand": stub(echo=["big", "text"]),
        "ans": answer("{{#big.text#}}."),
    }
    if kind == "iteration":
        body = "big -> hand -> ans -> small"
        nodes |= {"small": stub(outs={"text": "s"}), "c": iterate(body, "start.items", "small.text")}
    else:
        nodes["set"] = {"type": "mutate", "target": ["c", "v"], "source": ["hand", "text"]}
        nodes["c"] = loop(body.replace("ans -> ", "") if kind != "loop" else body, count)
        nodes["c"]["loop_variables"] = [variable("v", "", "string")]
        if kind == "loop":
            # What the answers of all rounds say together is a live value; it is kept small here.
            nodes["ans"] = answer("{{#c.loop_round#}}")
    return build("start -> c", **nodes)


@pytest.mark.parametrize("kind", ["loop", "retries", "iteration"])
def test_a_long_run_holds_no_more_than_a_short_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DOUBLES, "large", Large)
    peak(rounds_of(kind, 3), 3)  # what is imported and compiled once
    few, many = (peak(rounds_of(kind, count), count) for count in (25, 200))
    # 175 rounds more with at least 300 KB each; the map of a loop's variables may grow to its bound of 1 MB.
    assert many < few + 3, (few, many)


# -- the record of a loop's variables ----------------------------------------------------------------------------------


def lasting(count: int, length: int) -> Done:
    graph = build(
        "start -> lp",
        lp=loop("a -> set", count, loop_variables=[variable("v", "", "string"), variable("n", 7)]),
        a=stub(outs={"text": "x" * length}),
        set={"type": "mutate", "target": ["lp", "v"], "source": ["a", "text"]},
    )
    return run(graph, limits=LIMITS)


@pytest.mark.spec("engine.74")
def test_small_loop_variables_are_recorded_whole_for_every_round() -> None:
    done = lasting(40, 50)
    metadata = done.ended("lp")["metadata"]
    assert metadata["loop_variable_map"] == {str(i): {"v": "x" * 50, "n": 7} for i in range(40)}
    assert "loop_variable_map_truncated" not in metadata


@pytest.mark.spec("engine.74", "engine.87")
def test_large_loop_variables_are_cut_short_once_their_record_is_large() -> None:
    done = lasting(30, 100_000)
    metadata = done.ended("lp")["metadata"]
    told = metadata["loop_variable_map"]
    assert list(told) == [str(i) for i in range(30)]
    assert metadata["loop_variable_map_truncated"] is True
    assert told["0"] == {"v": "x" * 100_000, "n": 7}
    assert told["29"]["v"].endswith("...")
    assert set(told["29"]["v"].removesuffix("...")) == {"x"}
    assert told["29"]["n"] == 7
    assert size(told) < 1_100_000
    # Nothing is lost: each round's event has its values, and the outputs are those of the last one.
    assert done.outputs == {}
    assert done.ended("lp")["outputs"]["v"] == "x" * 100_000
    assert [len(e["pre_loop_output"]["v"]) for e in done.named("NodeRunLoopNext")] == [100_000] * 29


def test_a_saved_map_goes_on_where_it_was() -> None:
    first, second = RoundMap(Limits()), RoundMap(Limits())
    for index in range(20):
        first.add(index, {"v": f"{index}" * 60_000})
    second.load(json.loads(json.dumps(first.rounds)))
    for held in (first, second):
        held.add(20, {"v": "y" * 60_000, "n": 1})
    assert first.is_cut
    assert second.rounds == first.rounds
    assert size(first.rounds) < 1_100_000
