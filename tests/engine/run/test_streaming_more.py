"""Streams that break off, are stopped, come in another order, or stand in containers (engine spec, section 8); and what
holds for every stream, over generated graphs."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
from tests.engine.run.test_property import Draw
from tests.engine.run.test_property import go as go_virtual
from tests.helpers.run import (
    DOUBLES,
    Desk,
    Done,
    answer,
    begin,
    build,
    desk_of,
    finish,
    iterate,
    loop,
    mutate,
    pick,
    retry,
    run,
    short,
    stub,
    until,
)

CHUNKS = ("NodeRunStreamChunk", "ResponseChunk")


def said(done: Done, response: str) -> str:
    """What one answer said."""
    return "".join(e["chunk"] for e in done.named("ResponseChunk") if e["response_node_id"] == response)


# -- order -------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("engine.88", "engine.89")
def test_variables_are_said_in_the_order_of_the_template_whatever_comes_first() -> None:
    graph = build(
        "start -> a -> ans; start -> b -> ans; start -> c -> ans",
        a=stub(chunks=["A1", "A2"], wait_for="a"),
        b=stub(chunks=["B1", "B2"], wait_for="b"),
        c=stub(outs={"text": "C"}, wait_for="c"),
        ans=answer("<{{#a.text#}}|{{#b.text#}}|{{#c.text#}}>"),
    )

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        for name in ("c", "b"):
            await until(done, "NodeRunStarted", "c") if name == "c" else None
            desk.signal(name).set()
            await until(done, "NodeRunSucceeded", name)
        assert said(done, "ans") == "<"  # later values wait for the first one
        desk.signal("a").set()
        await finish(done)
        assert [w[3:] for w in done.chunks] == [
            '"<"(ans)',
            '"A1"(a)',
            '"A2"(a)',
            '""(a)!',
            '"|"(ans)',
            '"B1"(b)',
            '"B2"(b)',
            '""(b)!',
            '"|"(ans)',
            '"C"(c)',
            '">"(ans)!',
        ]
        assert done.summary["stream_text"] == done.outputs["answer"] == "<A1A2|B1B2|C>"

    asyncio.run(main())


class Lingering(Node[NodeConfig]):
    """Ends its stream and works on until the desk says go."""

    node_type = "lingering"

    async def run(self, ctx: NodeContext) -> NodeResult:
        ctx.stream_text("done", is_final=True)
        await desk_of(ctx).signal("go").wait()
        return NodeResult(outputs={"text": "done"})


@pytest.mark.spec("engine.88")
def test_the_final_chunk_of_a_node_that_works_on_lets_the_answer_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DOUBLES, "lingering", Lingering)
    graph = build("start -> a -> ans", a={"type": "lingering"}, ans=answer("{{#a.text#}}, and more"))

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "ResponseChunk", "ans")
        assert said(done, "ans") == "done, and more"
        assert done.named("NodeRunSucceeded")[-1]["node_id"] == "start"
        desk.signal("go").set()
        await finish(done)
        assert done.summary["stream_text"] == "done, and more"

    asyncio.run(main())


@pytest.mark.spec("engine.92")
def test_three_waiting_answers_speak_in_the_order_of_their_activation() -> None:
    graph = build(
        "start -> a -> ans2; start -> b -> ans1; start -> p -x-> ans0; p -y-> other",
        a=stub(chunks=["A"], wait_for="a"),
        b=stub(chunks=["B"], wait_for="b"),
        p=pick("x"),
        ans0=answer("0"),
        ans1=answer("1{{#b.text#}}"),
        ans2=answer("2{{#a.text#}}"),
    )

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "NodeRunSucceeded", "ans0")
        assert done.chunks == ['Ch "1"(ans1)']  # 0 became reachable last, though its node is over
        desk.signal("a").set()
        await until(done, "NodeRunSucceeded", "ans2")
        assert done.chunks == ['Ch "1"(ans1)']
        desk.signal("b").set()
        await finish(done)
        assert done.summary["stream_text"] == "1B2A0"
        assert done.outputs["answer"] == "02A1B"

    asyncio.run(main())


@pytest.mark.spec("engine.91")
def test_a_variable_is_shown_as_it_is_when_its_turn_comes() -> None:
    graph = build(
        "start -> ans1 -> set -> ans2",
        ans1=answer("{{#conversation.n#}},"),
        set=mutate("conversation.n", set="new"),
        ans2=answer("{{#conversation.n#}}"),
    )
    variables = [{"name": "n", "value_type": "string", "value": "old"}]
    done = run(graph, mode="advanced-chat", conversation_variables=variables)
    assert (said(done, "ans1"), said(done, "ans2")) == ("old,", "new")
    assert done.summary["stream_text"] == done.outputs["answer"] == "old,new"
    # The reader learns the value as one of the answer, for a conversation is no node.
    chunk = next(e for e in done.named("ResponseChunk") if e["chunk"] == "new")
    assert (chunk["node_id"], chunk["selector"]) == ("ans2", ["conversation", "n"])


@pytest.mark.spec("engine.91")
def test_two_writers_in_a_row_both_hold_the_answer_back() -> None:
    graph = build(
        "start -> one -> a -> two -> ans",
        one=mutate("conversation.n", set="first"),
        a=stub(chunks=["x"]),
        two=mutate("conversation.n", set="second"),
        ans=answer("{{#conversation.n#}}"),
    )
    variables = [{"name": "n", "value_type": "string", "value": "old"}]
    done = run(graph, mode="advanced-chat", conversation_variables=variables)
    assert done.summary["stream_text"] == "second"


@pytest.mark.spec("engine.98")
def test_outputs_without_a_selector_still_part_the_others() -> None:
    ends = {
        "type": "end",
        "outputs": [
            {"variable": "x", "value_selector": ["a", "text"]},
            {"variable": "none", "value_selector": []},
            {"variable": "y", "value_selector": ["start", "q"]},
            {"variable": "last", "value_selector": []},
        ],
    }
    done = run(build("start -> a -> end", a=stub(chunks=["A"]), end=ends), q="hi")
    assert done.summary["stream_text"] == "A\n\nhi"
    assert done.chunks[-1] == 'Ch "hi"(start)!'


# -- branches ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("engine.96")
def test_text_around_skipped_variables_is_shown() -> None:
    graph = build(
        "start -> p -x-> a -> ans; p -y-> b -> ans",
        p=pick("y"),
        a=stub(chunks=["A"]),
        b=stub(chunks=["B"]),
        ans=answer("1{{#a.text#}}2{{#b.text#}}3{{#a.text#}}4"),
    )
    done = run(graph)
    assert done.summary["stream_text"] == "12B34"
    assert done.outputs["answer"] == "1a.text2B3a.text4"


@pytest.mark.spec("engine.96")
def test_variables_of_skipped_nodes_around_a_container_are_left_out_inside() -> None:
    graph = build(
        "start -> p -x-> a -> it; p -y-> it",
        p=pick("y"),
        a=stub(chunks=["A"]),
        it=iterate("c -> ans", "start.items", "c.text"),
        c=stub(chunks=["c"]),
        ans=answer("[{{#a.text#}}]{{#c.text#}}"),
    )
    done = run(graph, items=[1, 2])
    assert said(done, "ans") == "[]c[]c"


@pytest.mark.spec("engine.96")
def test_variables_inside_of_a_skipped_container_are_left_out() -> None:
    graph = build(
        "start -> p -x-> lp -> ans; p -y-> ans",
        p=pick("y"),
        lp=loop("c", 2),
        c=stub(chunks=["c"]),
        ans=answer("[{{#c.text#}}|{{#lp.loop_round#}}]"),
    )
    assert run(graph).summary["stream_text"] == "[|]"


@pytest.mark.spec("engine.90")
def test_an_answer_on_the_branch_that_is_not_chosen_says_nothing() -> None:
    graph = build("start -> p -x-> yes; p -y-> no", p=pick("y"), yes=answer("yes"), no=answer("no"))
    done = run(graph)
    assert done.summary["stream_text"] == done.outputs["answer"] == "no"


# -- containers --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("engine.97")
def test_rounds_beside_each_other_have_streams_of_their_own() -> None:
    graph = build(
        "start -> it -> after",
        it=iterate("c -> ans", "start.items", "c.text", is_parallel=True, parallel_nums=2),
        c=stub(chunks=["x", "y"], wait_for="go"),
        ans=answer("<{{#it.index#}}:{{#c.text#}}>"),
        after=answer("after"),
    )

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk, items=["a", "b"])
        await until(done, "NodeRunStarted", "c")
        desk.signal("go").set()
        await finish(done)
        by_round: dict[int, list[str]] = {}
        for event in done.named("ResponseChunk"):
            if event["response_node_id"] == "ans":
                assert event["in_iteration_id"] == "it"
                by_round.setdefault(event["iteration_index"], []).append(event["chunk"])
        assert {index: "".join(chunks) for index, chunks in by_round.items()} == {0: "<0:xy>", 1: "<1:xy>"}
        frames = {e["frame_id"] for e in done.named("ResponseChunk") if e["response_node_id"] == "ans"}
        assert len(frames) == 2
        assert done.summary["stream_text"] == "after"

    asyncio.run(main())


@pytest.mark.spec("engine.97", "engine.73")
def test_an_answer_after_a_loop_reads_what_its_inside_left() -> None:
    graph = build(
        "start -> lp -> after",
        lp=loop("c -> ans", 2),
        c=stub(chunks=["x", "y"]),
        ans=answer("<{{#c.text#}}>"),
        after=answer("last {{#c.text#}}"),
    )
    done = run(graph)
    assert said(done, "ans") == "<xy><xy>"
    assert done.summary["stream_text"] == "last xy"
    assert done.outputs["answer"] == "<xy><xy>last xy"
    assert [e["chunk"] for e in done.named("ResponseChunk") if e["response_node_id"] == "after"] == ["last ", "xy"]


# -- errors and stops in mid-stream ------------------------------------------------------------------------------------


@pytest.mark.spec("engine.88")
@pytest.mark.parametrize("strategy", ["fail-branch", "default-value"])
def test_a_stream_that_breaks_off_and_is_handled_is_closed(strategy: str) -> None:
    defaults = [{"key": "text", "type": "string", "value": "default"}]
    graph = build(
        "start -> a -fail-branch-> ans" if strategy == "fail-branch" else "start -> a -> ans",
        a=stub(
            chunks=["par"],
            fail_times=9,
            fail_streams=True,
            error_strategy=strategy,
            **({"default_value": defaults} if strategy == "default-value" else {}),
        ),
        ans=answer("({{#a.text#}}) {{#a.error_message#}}"),
    )
    done = run(graph)
    assert done.status == "partial-succeeded"
    # What was said stays said, the default does not follow it, and the rest of the answer is not held back.
    assert done.summary["stream_text"] == "(par) boom"


@pytest.mark.spec("engine.88")
def test_a_retry_that_streams_again_goes_on_behind_what_was_said() -> None:
    graph = build(
        "start -> a -> ans",
        a=stub(chunks=["x", "y"], fail_times=2, fail_streams=True, **retry(2)),
        ans=answer("({{#a.text#}})"),
    )
    done = run(graph)
    assert done.summary["stream_text"] == "(xyxyxy)"
    assert done.outputs["answer"] == "(xy)"
    # Each attempt ended its stream, and so did the answer.
    assert [e["is_final"] for e in done.named("ResponseChunk")].count(True) == 4


@pytest.mark.spec("engine.29", "engine.88")
def test_nothing_is_said_after_a_run_has_failed() -> None:
    graph = build(
        "start -> a -> ans; start -> f -> ans",
        a=stub(chunks=["late"], wait_for="never"),
        f=stub(fail_times=9, chunks=["f"], fail_streams=True, sleep=0),
        ans=answer("before {{#f.text#}}{{#a.text#}}"),
    )
    done = run(graph)
    assert done.status == "failed"
    assert done.summary["stream_text"] == "before f"
    names = [e["event"] for e in done.events]
    assert not set(names[names.index("NodeRunFailed") :]) & set(CHUNKS)
    assert done.desk.cancelled == ["a"]


@pytest.mark.spec("engine.100")
def test_a_stop_in_mid_stream_keeps_what_was_said_and_adds_nothing() -> None:
    graph = build(
        "start -> a -> ans; start -> b -> ans",
        a=stub(chunks=["said"]),
        b=stub(chunks=["late"], wait_for="go"),
        ans=answer("{{#a.text#}}, {{#b.text#}}."),
    )

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "NodeRunSucceeded", "a")
        await until(done, "NodeRunStarted", "b") if "b" not in done.started() else None
        done.handle.send({"command": "abort", "reason": "enough"})
        await until(done, "GraphRunAborted")
        desk.signal("go").set()
        await finish(done)
        assert done.status == "stopped"
        assert done.summary["stream_text"] == "said, "
        assert [short(e) for e in done.events][-1] == "RUN aborted"
        assert desk.cancelled == ["b"]

    asyncio.run(main())


@pytest.mark.spec("engine.99")
def test_without_a_saved_filter_the_answers_are_said_again_from_the_beginning() -> None:
    graph = build(
        "start -> a -> hold -ok-> b -> ans",
        a=stub(chunks=["A"]),
        hold={"type": "ask"},
        b=stub(chunks=["B"]),
        ans=answer("{{#a.text#}}-{{#b.text#}}."),
    )
    first = run(graph)
    snapshot = {key: value for key, value in first.snapshot.items() if key != "response_filters"}
    second = run(graph, desk=Desk(answers={"hold": "yes"}), snapshot={**snapshot, "stream_text": ""})
    assert first.summary["stream_text"] == ""  # the answer stands behind the question
    assert second.summary["stream_text"] == "A-B."
    waiting = build("start -> ans1 -> hold -ok-> ans2", ans1=answer("one "), hold={"type": "ask"}, ans2=answer("two"))
    paused = run(waiting)
    bare = {key: value for key, value in paused.snapshot.items() if key not in ("response_filters", "stream_text")}
    again = run(waiting, desk=Desk(answers={"hold": "yes"}), snapshot=bare)
    assert paused.summary["stream_text"] == "one "
    assert again.summary["stream_text"] == "one two"


@pytest.mark.spec("engine.99")
def test_a_pause_in_the_middle_of_a_round_loses_no_chunk() -> None:
    graph = build(
        "start -> it -> ans",
        it=iterate("c -> hold; hold -ok-> inner", "start.items", "c.text"),
        c=stub(chunks=["x", "y"]),
        hold={"type": "ask"},
        inner=answer("<{{#it.item#}}{{#c.text#}}>"),
        ans=answer("{{#it.output#}}!"),
    )
    whole = run(graph, desk=Desk(answers={"hold": "yes"}), items=["a", "b"])
    first = run(graph, items=["a", "b"])
    assert first.status == "paused"
    second = run(graph, desk=Desk(answers={"hold": "yes"}), snapshot=first.snapshot, items=["a", "b"])
    told = [*first.named("ResponseChunk"), *second.named("ResponseChunk")]
    assert [e["chunk"] for e in told] == [e["chunk"] for e in whole.named("ResponseChunk")]
    assert said(whole, "inner") == "<axy><bxy>"


# -- many answers on a long way ----------------------------------------------------------------------------------------


def test_every_answer_of_a_long_chain_is_said_once() -> None:
    names = [f"ans{i:03}" for i in range(120)]
    text = " -> ".join(["start", *names])
    done = run(build(text, **{name: answer(f"{name};") for name in names}))
    assert done.summary["stream_text"] == "".join(f"{name};" for name in names) == done.outputs["answer"]


# -- what holds for every stream ---------------------------------------------------------------------------------------


class Talk(Draw):
    """Graphs with answers everywhere, their parts told apart in the finished text; nodes that stream and fail."""

    def _make_answer(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        parts = [f"«{{{{#{'.'.join(selector)}#}}}}»" for selector in readable]
        self.random.shuffle(parts)
        return self._add("a", answer(f"{self.count}:" + "".join(parts[:4]) + "."))

    def _make_stub(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        if self.random.random() < 0.3:
            return self._make_answer(readable, depth, counting)
        return super()._make_stub(readable, depth, counting)

    def _work(self, readable: list[list[str]], **more: Any) -> dict[str, Any]:
        data = super()._work(readable, **more)
        if data.get("chunks"):
            data["fail_streams"] = self.random.random() < 0.5
            data["final"] = self.random.random() < 0.7
        return data


def expected(done: Done, graph: dict[str, Any], response: dict[str, Any]) -> tuple[str, bool]:
    """What an ended answer should have said, by its finished text and by what was streamed to its frame; and whether
    it is held up for ever by something that never came."""
    frame = response["frame_id"]
    text = next(n["data"]["answer"] for n in graph["nodes"] if n["id"] == response["node_id"])
    finished = re.findall("«(.*?)»", response["outputs"]["answer"], re.DOTALL)
    shown = text.split(":")[0] + ":"
    for selector, value in zip(re.findall(r"\{\{#(.*?)#\}\}", text), finished, strict=True):
        shown += "«"
        source = selector.split(".")[0]
        streamed = [
            e["chunk"]
            for e in done.named("NodeRunStreamChunk")
            if e["frame_id"] == frame and ".".join(e["selector"]) == selector
        ]
        others = [
            e
            for e in done.named("ResponseChunk")
            if e["frame_id"] == frame and e["source_node_id"] == source and ".".join(e["selector"]) == selector
        ]
        if streamed:
            first = {e["response_node_id"] for e in others}
            shown += "".join(streamed) if first == {response["node_id"]} else ""
            assert len(first) <= 1, "a stream was said twice"
        elif value != selector:
            shown += value
        elif not _was_skipped(done, frame, source):
            return shown, True
        shown += "»"
    return shown + ".", False


def _was_skipped(done: Done, frame: str, node_id: str) -> bool:
    """Whether a node ran neither in the frame of that id nor in one around it; generated graphs read only what is
    decided before."""
    frames = {e["frame_id"] for e in done.named("NodeRunStarted") if e["node_id"] == node_id}
    around = frame
    while around not in frames and around != "root":
        container = around.split(":")[0]
        around = next(e["frame_id"] for e in done.named("NodeRunStarted") if e["id"] == container)
    return around not in frames


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.integers(0, 5))
def test_answers_of_generated_graphs(seed: int, timing: int) -> None:
    graph = Talk(seed, timing).graph()
    done = go_virtual(graph)
    runs: dict[str, list[str]] = {}
    for event in done.named("ResponseChunk"):
        order = runs.setdefault(event["frame_id"], [])
        if not order or order[-1] != event["response_node_id"]:
            order.append(event["response_node_id"])
    for order in runs.values():
        assert len(order) == len(set(order)), "answers of one frame interleave"
    held: dict[str, bool] = {}
    short_of: dict[str, list[str]] = {}
    for event in done.named("NodeRunSucceeded"):
        if event["node_type"] != "answer":
            continue
        frame = event["frame_id"]
        wanted, is_held = expected(done, graph, event)
        told = "".join(
            e["chunk"]
            for e in done.named("ResponseChunk")
            if e["frame_id"] == frame and e["response_node_id"] == event["node_id"]
        )
        assert wanted.startswith(told)
        held[frame] = held.get(frame, False) or is_held
        if told != wanted:
            short_of.setdefault(frame, []).append(event["node_id"])
    if done.status == "failed":
        return
    for frame, names in short_of.items():
        waits = held[frame] or _open_ended(done, graph, frame)
        assert waits, f"{names} of {frame} are not said to their end, and nothing holds them up"


def _open_ended(done: Done, graph: dict[str, Any], frame: str) -> bool:
    """Whether an end node or an answer that did not run waits in front."""
    ran = {e["node_id"] for e in done.named("NodeRunSucceeded") if e["frame_id"] == frame}
    kinds = {n["id"]: n["data"]["type"] for n in graph["nodes"]}
    if frame != "root":
        return False
    scheduler = done.handle._scheduler
    assert scheduler.root.filter is not None
    active = scheduler.root.filter.dump()["active_session"]
    return active is not None and (kinds[active["node_id"]] == "end" or active["node_id"] not in ran)


def test_the_generator_of_answers_draws_what_it_should() -> None:
    seen: dict[str, int] = dict.fromkeys(("several", "inner", "retried", "left out"), 0)
    for seed in range(150):
        chance = random.Random(seed)
        graph = Talk(seed, chance.randrange(5)).graph()
        done = go_virtual(graph)
        frames = {e["frame_id"] for e in done.named("ResponseChunk")}
        roots = {e["response_node_id"] for e in done.named("ResponseChunk") if e["frame_id"] == "root"}
        seen["several"] += len(roots) > 1
        seen["inner"] += any(frame != "root" for frame in frames)
        again = {e["node_id"] for e in done.named("NodeRunRetry")}
        seen["retried"] += any(e["source_node_id"] in again for e in done.named("ResponseChunk"))
        seen["left out"] += any("«»" in e["chunk"] or e["chunk"].startswith("»") for e in done.named("ResponseChunk"))
    assert all(seen.values()), seen


pytestmark = pytest.mark.timeout(300)
