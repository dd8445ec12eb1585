"""Readiness, skips, joins and order (engine spec, section 2; statements 14 to 28)."""

from __future__ import annotations

import asyncio

import pytest

from tests.helpers.run import Desk, answer, begin, build, end, finish, iterate, pick, run, stub, template, until


@pytest.mark.spec("engine.14")
def test_the_minimal_run() -> None:
    done = run(build("start -> answer", answer=answer("Hello {{#start.name#}}")), name="X")
    assert done.short == [
        "RUN started(initial)",
        "St start",
        "+start->answer",
        "Ok start",
        "St answer",
        "Ok answer",
        "RUN ok",
    ]
    assert done.outputs == {"answer": "Hello X", "files": []}
    assert done.named("GraphRunSucceeded")[0]["outputs"] == done.outputs


@pytest.mark.spec("engine.15")
def test_a_join_waits_for_all() -> None:
    done = run(build("start -> a -> j -> end; start -> b -> j", b=stub(sleep=0.01)))
    assert done.started().count("j") == 1
    assert done.short.index("St j") > max(done.short.index("Ok a"), done.short.index("Ok b"))


@pytest.mark.spec("engine.16")
def test_skip_through_a_diamond() -> None:
    done = run(build("start -> b; start -> z; b -a-> x -> j; b -b-> y -> j; z -> j -> end", b=pick("a")))
    i = done.short.index("-b->y")
    assert done.short[i : i + 4] == ["-b->y", "-y->j", "+b->x", "Ok b"]
    assert done.started().count("j") == 1


@pytest.mark.spec("engine.17")
def test_a_handle_without_edges_ends_the_path() -> None:
    done = run(build("start -> p -a-> x; p -b-> y", p=pick("zzz")))
    assert (done.status, done.outputs) == ("succeeded", {})
    assert done.started() == ["start", "p"]
    assert [s for s in done.short if "->" in s] == ["+start->p", "-p->x", "-p->y"]
    assert done.short[-1] == "RUN ok"


@pytest.mark.spec("engine.18")
def test_both_handles_into_one_node() -> None:
    done = run(build("start -> p; p -a-> x; p -b-> x", p=pick("a")))
    i = done.short.index("-p->x")
    assert done.short[i : i + 2] == ["-p->x", "+p->x"]
    assert done.started().count("x") == 1


@pytest.mark.spec("engine.19")
def test_skip_chain() -> None:
    done = run(build("start -> p -a-> x; p -b-> y -> y2 -> y3", p=pick("a")))
    assert [s for s in done.short if s.startswith("-")] == ["-p->y", "-y->y2", "-y2->y3"]
    assert not any(e.get("node_id") in ("y", "y2", "y3") for e in done.events)


@pytest.mark.spec("engine.20")
def test_a_skip_can_make_a_node_ready() -> None:
    graph = build(
        "start -> p -a-> x; p -b-> m; start -> q -> m",
        p={"type": "stub", "wait_for": "go", "error_strategy": "fail-branch"},
    )
    for edge in graph["edges"]:
        if edge["source"] == "p":
            edge["sourceHandle"] = {"a": "success-branch", "b": "fail-branch"}[edge["sourceHandle"]]

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "NodeRunSucceeded", "q")
        desk.signal("go").set()
        await finish(done)
        assert done.started().count("m") == 1
        assert done.short.index("-p->m") < done.short.index("St m")
        assert done.status == "succeeded"

    asyncio.run(main())


@pytest.mark.spec("engine.21")
def test_two_edges_with_the_chosen_handle() -> None:
    done = run(build("start -> p; p -a-> x; p -a-> y", p=pick("a")))
    assert {"x", "y"} <= set(done.started())


@pytest.mark.spec("engine.22")
def test_two_ends_are_merged_the_later_wins() -> None:
    graph = build(
        "start -> a -> end1; start -> b -> end2",
        a=stub(outs={"v": 1}),
        b=stub(outs={"v": 2}, sleep=0.01),
        end1=end(x="a.v", k="a.v"),
        end2=end(y="b.v", k="b.v"),
    )
    done = run(graph)
    assert done.outputs == {"x": 1, "y": 2, "k": 2}
    assert done.short.count("RUN ok") == 1


@pytest.mark.spec("engine.23")
def test_an_end_stops_nothing() -> None:
    done = run(build("start -> end; start -> slow -> end2", slow=stub(sleep=0.02)))
    assert done.short.index("Ok end") < done.short.index("Ok slow")
    assert done.short[-2:] == ["Ok end2", "RUN ok"]


@pytest.mark.spec("engine.24")
def test_an_answer_in_mid_flow() -> None:
    done = run(
        build("start -> a -> ans -> b -> end", a=stub(outs={"t": "A"}), ans=answer("<{{#a.t#}}>"), end=end(z="a.t"))
    )
    assert done.outputs == {"answer": "<A>", "files": [], "z": "A"}
    assert done.short.index("Ok ans") < done.short.index("St b") < done.short.index("Ok b") < done.short.index("St end")


@pytest.mark.spec("engine.25")
def test_order_of_ends_edges_and_starts() -> None:
    graph = build("start -> p; p -a-> x -> j; p -b-> y -> j; start -> z -> j -> end", p=pick("a"), z=stub(sleep=0.005))
    done = run(graph)
    after: dict[str, list[str]] = {e["source"]: [] for e in graph["edges"]}
    for edge in graph["edges"]:
        after[edge["source"]].append(edge["target"])
    for node_id in done.started():
        ended = done.short.index(f"Ok {node_id}")
        for target in after.get(node_id, []):
            if target in done.started():
                assert ended < done.short.index(f"St {target}")
    for place, word in enumerate(done.short):
        if word[0] in "+-":
            following = next(w for w in done.short[place:] if w[0] not in "+-")
            assert following.startswith("Ok ")


@pytest.mark.spec("engine.26")
def test_parallel_rounds_never_block_each_other() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("c", "start.items", "c.output", is_parallel=True, parallel_nums=2),
        c=template("{{ x }}!", x="it.item"),
        end=end(x="it.output"),
    )
    assert run(graph, items=["a", "b"]).outputs == {"x": ["a!", "b!"]}


@pytest.mark.spec("engine.27")
@pytest.mark.parametrize("sleep", [None, 0.001])
def test_an_exception_in_a_node(sleep: float | None) -> None:
    done = run(build("start -> a", a=stub(raises="kaput", sleep=sleep)))
    failed = done.ended("a")
    assert (failed["event"], failed["error_type"], failed["error"]) == ("NodeRunFailed", "WorkflowNodeError", "kaput")
    assert done.status == "failed"


@pytest.mark.spec("engine.28")
def test_outputs_are_readable_behind_and_missing_ones_are_null() -> None:
    done = run(
        build("start -> a -> b -> end", a=stub(outs={"x": 5}), b=stub(echo=["a", "x"]), end=end(v="b.text", w="b.no"))
    )
    assert done.outputs == {"v": 5, "w": None}


def test_a_wide_and_a_long_graph() -> None:
    wide = "; ".join(f"start -> n{i} -> join" for i in range(300))
    done = run(build(wide))
    assert done.short[-3:] == ["St join", "Ok join", "RUN ok"]


def test_an_unsupported_output_fails_the_node_not_the_process() -> None:
    done = run(build("start -> a -> end", a=stub(outs={"x": 1})), mocks={"a": {"outputs": {"x": {1, 2}}}})
    assert done.status == "failed"
    assert "not supported value" in done.ended("a")["error"]


def test_a_configuration_that_cannot_be_read_fails_its_node() -> None:
    done = run(build("start -> a -> end", a={"type": "stub", "fail_times": "many"}))
    assert done.status == "failed"
    assert done.ended("a")["error_type"] == "WorkflowNodeError"


def test_runs_at_once_do_not_disturb_each_other() -> None:
    async def main() -> None:
        runs = [
            begin(build("start -> a -> b -> end", a=stub(echo=["start", "n"], sleep=0.001), end=end(x="a.text")), n=i)
            for i in range(10)
        ]
        for number, done in enumerate(await asyncio.gather(*map(finish, runs))):
            assert done.outputs == {"x": number}

    asyncio.run(main())


def test_a_value_nested_too_deeply_fails_its_node() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    done = run(build("start -> a; start -> b", a=stub(outs={"x": 1})), mocks={"a": {"outputs": {"x": deep}}})
    assert done.status == "failed"
    assert done.ended("a")["error"] == "A value is nested too deeply."


def test_settings_that_cannot_be_read_are_told_by_field() -> None:
    done = run(build("start -> it -> end", it={"type": "iteration", "parallel_nums": 0, "_body": "c"}))
    assert "parallel_nums" in done.ended("it")["error"]
    broken = run(build("start -> end", end={"type": "end", "outputs": 5}))
    assert broken.status in ("failed", "succeeded")


def test_events_and_variables_from_a_thread() -> None:
    from collections.abc import Awaitable

    from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
    from tests.helpers.run import DOUBLES

    class Threaded(Node[NodeConfig]):
        node_type = "threaded"

        def run(self, ctx: NodeContext) -> Awaitable[NodeResult]:
            def work() -> NodeResult:
                ctx.stream_text("from afar")
                ctx.update_variable(("conversation", "n"), 7)
                return NodeResult(outputs={"text": "from afar"})

            return asyncio.to_thread(work)

    DOUBLES["threaded"] = Threaded
    try:
        done = run(build("start -> a -> end", a={"type": "threaded"}, end=end(n="conversation.n")))
    finally:
        del DOUBLES["threaded"]
    assert done.outputs == {"n": 7}
    words = [e["event"] for e in done.events]
    assert words.index("NodeRunStreamChunk") < words.index("NodeRunVariableUpdated") < words.index("GraphEdgeTaken", 4)


@pytest.mark.expects_log
def test_an_error_of_the_engine_itself_still_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.run import snapshot

    def broken(*_: object) -> dict[str, object]:
        raise ValueError("cannot capture")

    monkeypatch.setattr(snapshot, "capture", broken)
    done = run(build("start -> q", q={"type": "ask"}))
    assert done.status == "failed"
    assert "cannot capture" in done.summary["error"]


def test_a_conversation_variable_has_a_limit() -> None:
    done = run(build("start -> a", a=stub(updates=[[["conversation", "n"], "x" * 300_000]])))
    assert done.status == "failed"
    assert "larger than 204800 bytes" in done.summary["error"]
