"""The response filter (engine spec, section 8; statements 88 to 99)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.helpers.run import (
    Desk,
    answer,
    begin,
    build,
    end,
    finish,
    iterate,
    make_ports,
    mutate,
    pick,
    run,
    short,
    stub,
    until,
)


def filtered(done: Any) -> list[str]:
    """What a reader behind the filter gets: no raw chunks, no edges."""
    words = [short(e) for e in done.events if e["event"] != "NodeRunStreamChunk"]
    return [w for w in words if w and w[0] not in "+-"]


@pytest.mark.spec("engine.88")
def test_two_answers_event_for_event() -> None:
    graph = build(
        "start -> a -> ans1 -> b -> ans2",
        a=stub(chunks=["A1", "A2"]),
        b=stub(chunks=["B1"]),
        ans1=answer("P:{{#a.text#}}."),
        ans2=answer("Q:{{#b.text#}}|{{#a.text#}}"),
    )
    done = run(graph)
    assert filtered(done) == [
        "RUN started(initial)",
        'Ch "P:"(ans1)',
        "St start",
        "Ok start",
        "St a",
        'Ch "A1"(a)',
        'Ch "A2"(a)',
        'Ch ""(a)!',
        'Ch "."(ans1)!',
        "Ok a",
        "St ans1",
        'Ch "Q:"(ans2)',
        "Ok ans1",
        "St b",
        'Ch "B1"(b)',
        'Ch ""(b)!',
        'Ch "|"(ans2)',
        "Ok b",
        "St ans2",
        "Ok ans2",
        "RUN ok",
    ]
    assert done.outputs["answer"] == "P:A1A2.Q:B1|A1A2"
    assert done.summary["stream_text"] == "P:A1A2.Q:B1|"
    early = next(e for e in done.events if e["event"] == "ResponseChunk" and e["chunk"] == "P:")
    assert early["id"] == next(e["id"] for e in done.named("NodeRunStarted") if e["node_id"] == "ans1")
    streamed = next(e for e in done.events if e["event"] == "ResponseChunk" and e["chunk"] == "A1")
    assert streamed["id"] == next(e["id"] for e in done.named("NodeRunStarted") if e["node_id"] == "a")
    assert streamed["response_node_id"] == "ans1"


@pytest.mark.spec("engine.89")
def test_a_prefix_is_shown_at_once() -> None:
    done = run(build("start -> a -> ans", a=stub(chunks=["x"]), ans=answer("Hi {{#a.text#}}")))
    assert filtered(done)[:2] == ["RUN started(initial)", 'Ch "Hi "(ans)']


@pytest.mark.spec("engine.90")
def test_nothing_behind_an_undecided_branch() -> None:
    graph = build(
        "start -> a -> p; p -x-> ans; p -y-> other", a=stub(chunks=["A"]), p=pick("x"), ans=answer("Hi {{#a.text#}}!")
    )
    done = run(graph)
    assert done.chunks == ['Ch "Hi "(ans)', 'Ch "A"(a)', 'Ch ""(a)!', 'Ch "!"(ans)!']
    words = [short(e) for e in done.events]
    assert words.index('Ch "Hi "(ans)') > words.index("+p->ans")
    assert words.index('Ch "!"(ans)!') < words.index("Ok p")


@pytest.mark.spec("engine.91")
def test_an_answer_behind_an_assignment_shows_the_new_value() -> None:
    graph = build(
        "start -> set -> ans", set=mutate("conversation.n", set="new"), ans=answer("now {{#conversation.n#}}")
    )
    variables = [{"name": "n", "value_type": "string", "value": "old"}]
    done = run(graph, mode="advanced-chat", conversation_variables=variables)
    assert done.summary["stream_text"] == "now new"
    assert [w for w in done.chunks if "new" in w] == ['Ch "new"(ans)!']


@pytest.mark.spec("engine.92")
def test_parallel_answers_never_interleave() -> None:
    graph = build(
        "start -> a -> ans1; start -> b -> ans2",
        a=stub(chunks=["A"], wait_for="go"),
        b=stub(chunks=["B"]),
        ans1=answer("1:{{#a.text#}}"),
        ans2=answer("2:{{#b.text#}}"),
    )

    async def main() -> None:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "NodeRunSucceeded", "ans2")
        desk.signal("go").set()
        await finish(done)
        assert done.summary["stream_text"] == "1:A2:B"
        assert done.outputs["answer"] == "2:B1:A"

    asyncio.run(main())


@pytest.mark.spec("engine.93")
def test_unreferenced_chunks_are_raw_only() -> None:
    done = run(build("start -> a -> ans", a=stub(chunks=["x"]), ans=answer("fixed")))
    assert [e["chunk"] for e in done.named("NodeRunStreamChunk")] == ["x", ""]
    assert done.chunks == ['Ch "fixed"(ans)!']


@pytest.mark.spec("engine.94")
def test_an_unresolved_variable_stops_the_stream() -> None:
    done = run(build("start -> ans", ans=answer("a {{#x.nope#}} b")))
    assert done.summary["stream_text"] == "a "
    assert done.outputs["answer"] == "a x.nope b"


@pytest.mark.spec("engine.95")
def test_values_that_were_not_streamed() -> None:
    a = stub(outs={"o": {"k": 1}, "l": ["a", "b"]})
    done = run(build("start -> a -> ans", a=a, ans=answer("{{#a.o#}}{{#a.l#}}")))
    assert [(e["chunk"], e["is_final"]) for e in done.named("ResponseChunk")] == [
        ('{\n  "k": 1\n}', False),
        ("- a\n- b", True),
    ]


@pytest.mark.spec("engine.96")
def test_variables_of_skipped_nodes_are_left_out() -> None:
    graph = build(
        "start -> p -x-> a -> ans; p -y-> b -> ans", p=pick("y"), a=stub(), b=stub(), ans=answer("[{{#a.text#}}]")
    )
    assert run(graph).summary["stream_text"] == "[]"


@pytest.mark.spec("engine.97")
def test_answers_inside_an_iteration() -> None:
    graph = build(
        "start -> it",
        it=iterate("c -> ans", "start.items", "c.text"),
        c=stub(chunks=["x", "y"]),
        ans=answer("<{{#c.text#}}>"),
    )
    done = run(graph, items=[1, 2])
    chunks = done.named("ResponseChunk")
    assert "".join(e["chunk"] for e in chunks) == "<xy><xy>"
    assert {e["in_iteration_id"] for e in chunks} == {"it"}
    assert done.status == "succeeded"
    assert done.summary["stream_text"] == ""


@pytest.mark.spec("engine.98")
def test_end_nodes_stream_their_outputs() -> None:
    graph = build("start -> a -> end", a=stub(chunks=["A1", "A2"]), end=end(x="a.text", k="start.q"))
    done = run(graph, q="hi")
    assert done.chunks == ['Ch "A1"(a)', 'Ch "A2"(a)', 'Ch ""(a)!', 'Ch "\n"(end)', 'Ch "hi"(start)!']
    separator = done.named("ResponseChunk")[3]
    assert separator["selector"] == ["end", "answer"]


@pytest.mark.spec("engine.99")
def test_the_filter_survives_a_pause_in_mid_answer() -> None:
    graph = build(
        "start -> a -> hold -ok-> b -> ans",
        a=stub(chunks=["A1", "A2"]),
        hold={"type": "ask"},
        b=stub(chunks=["B"]),
        ans=answer("{{#a.text#}}-{{#b.text#}}."),
    )
    whole = run(graph, desk=Desk(answers={"hold": "yes"}))
    first = run(graph)
    assert first.status == "paused"
    second = run(graph, desk=Desk(answers={"hold": "yes"}), snapshot=first.snapshot)
    assert second.summary["stream_text"] == whole.summary["stream_text"] == "A1A2-B."
    assert first.chunks + second.chunks == whole.chunks


@pytest.mark.spec("engine.99")
def test_filter_state_that_does_not_fit_is_refused() -> None:
    from engine.run.engine import LocalRun
    from engine.run.streaming import FilterProblem

    async def main() -> None:
        done = begin(build("start -> a -> ans", a=stub(wait_for="go"), ans=answer("x{{#a.text#}}")), ports=make_ports())
        await until(done, "NodeRunStarted", "a")
        assert isinstance(done.handle, LocalRun)
        found = done.handle._scheduler.root.filter
        assert found is not None
        before = found.dump()
        with pytest.raises(FilterProblem):
            found.load({**before, "waiting_sessions": ["gone"]})
        assert found.dump() == before
        assert before["active_session"] == {"node_id": "ans", "index": 1}
        done.handle.send({"command": "abort"})
        await finish(done)

    asyncio.run(main())


def test_a_stream_without_an_end_is_closed_with_its_node() -> None:
    done = run(build("start -> a -> ans", a=stub(chunks=["x"], final=False), ans=answer("{{#a.text#}}!")))
    assert done.summary["stream_text"] == "x!"


def test_reasoning_passes_beside_the_answer() -> None:
    from collections.abc import Mapping

    from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
    from tests.helpers.run import DOUBLES

    class Thinker(Node[NodeConfig]):
        node_type = "thinker"

        def run(self, ctx: NodeContext) -> NodeResult:
            told: Mapping[str, Any] = {"selector": ["x", "y"], "chunk": "hm", "is_final": False}
            ctx.emit("NodeRunReasoningChunk", told)
            ctx.stream_text("out", is_final=True)
            return NodeResult(outputs={"text": "out"})

    DOUBLES["thinker"] = Thinker
    try:
        shown = run(build("start -> a -> ans", a={"type": "thinker"}, ans=answer("{{#a.text#}}")))
        hidden = run(build("start -> a -> ans", a={"type": "thinker"}, ans=answer("fixed")))
    finally:
        del DOUBLES["thinker"]
    assert [e["chunk"] for e in shown.named("ResponseReasoningChunk")] == ["hm"]
    assert shown.named("NodeRunReasoningChunk")[0]["selector"] == ["a", "reasoning_content"]
    assert hidden.named("ResponseReasoningChunk") == []
    assert shown.outputs["answer"] == "out"


def test_a_retried_stream_goes_on_behind_what_was_shown() -> None:
    from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
    from tests.helpers.run import DOUBLES, retry

    class Shaky(Node[NodeConfig]):
        node_type = "shaky"
        supports_retry = True

        def run(self, ctx: NodeContext) -> NodeResult:
            ctx.stream_text(f"try{ctx.attempt} ")
            if ctx.attempt == 1:
                return NodeResult.failed("boom")
            ctx.stream_text("", is_final=True)
            return NodeResult(outputs={"text": "done"})

    DOUBLES["shaky"] = Shaky
    try:
        done = run(build("start -> a -> ans", a={"type": "shaky", **retry(1)}, ans=answer("{{#a.text#}}")))
    finally:
        del DOUBLES["shaky"]
    assert done.summary["stream_text"] == "try1 try2 "


def test_a_secret_that_is_streamed_in_pieces_is_masked() -> None:
    environment = [{"name": "k", "value_type": "secret", "value": "sk-1234567890"}]
    a = stub(chunks=["The key is sk-1", "2345678", "90, not sk-12", "."], final=False)
    done = run(build("start -> a -> ans", a=a, ans=answer("{{#a.text#}}")), environment=environment)
    assert "2345678" not in repr(done.events)
    shown = "The key is sk-123" + "*" * 12 + "90, not sk-12."
    assert done.summary["stream_text"] == shown
    assert "".join(e["chunk"] for e in done.named("NodeRunStreamChunk")) == shown
    torn = run(
        build("start -> a -> ans", a=stub(chunks=["x sk-12"], final=False), ans=answer("{{#a.text#}}")),
        environment=environment,
    )
    assert torn.summary["stream_text"] == "x sk-12"
