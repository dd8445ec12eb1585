"""Single runs, mocks, pins, debugging, taking over results (engine spec 10.3, 10.4; statements 118 to 120)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.run.drafts import DUMMY, draft_values
from engine.run.fold import fold
from engine.run.plan import plan_from, plan_resume
from engine.run.records import Records, facts_of, fold_rows
from engine.run.request import DebugSettings, RunPlan, RunRefused
from tests.helpers.run import (
    Desk,
    Done,
    add,
    answer,
    ask,
    begin,
    build,
    end,
    fail,
    finish,
    iterate,
    loop,
    pick,
    retry,
    run,
    stub,
    template,
    until,
    variable,
)


def single(graph: dict[str, Any], node_id: str, inputs: dict[str, Any] | None = None, **options: Any) -> Done:
    return run(graph, kind="node", node_id=node_id, inputs=inputs or {}, **options)


ECHO = build("start -> a -> b -> end", b=stub(echo=["a", "text"]))


# -- single nodes ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("engine.118")
def test_values_of_a_single_node() -> None:
    drafts = {"a": {"text": "from before"}}
    assert single(ECHO, "b", draft_variables=drafts).outputs == {"text": "from before"}
    assert single(ECHO, "b", {"b.#a.text#": "mine"}, draft_variables=drafts).outputs == {"text": "mine"}
    assert single(ECHO, "b", {"#a.text#": "short"}).outputs == {"text": "short"}
    with pytest.raises(RunRefused, match=r"Variable key b\.#a\.text# not found in user inputs\.") as caught:
        single(ECHO, "b")
    assert caught.value.details == {"key": "b.#a.text#", "selector": ["a", "text"]}
    env = build("start -> b", b=stub(echo=["env", "k"]))
    environment = [{"name": "k", "value_type": "string", "value": "fixed"}]
    assert single(env, "b", {"#env.k#": "other"}, environment=environment).outputs == {"text": "fixed"}


@pytest.mark.spec("engine.119")
def test_record_of_a_single_node() -> None:
    done = single(ECHO, "b", {"#a.text#": "x"})
    records = Records(facts_of(done.request))
    tables = fold_rows(change for event in done.events for change in records.apply(event))
    assert tables["run"] == {}
    (row,) = tables["node"].values()
    assert (row["index"], row["workflow_run_id"], row["triggered_from"]) == (1, None, "single-step")
    (draft,) = draft_values(done.ended("b"))
    assert (draft.node_id, draft.name, draft.value, draft.value_type) == ("b", "text", "x", "string")
    inner = {**done.ended("b"), "in_iteration_id": "it"}
    assert draft_values(inner) == []


@pytest.mark.spec("engine.119")
def test_what_becomes_a_draft_variable() -> None:
    ended = {"node_id": "n", "outputs": {"text": "t", "finish_reason": "stop", "loop_round": 2}, "inputs": {}}
    assert [d.name for d in draft_values({**ended, "node_type": "llm"})] == ["text", "loop_round"]
    assert [d.name for d in draft_values({**ended, "node_type": "loop"})] == ["text", "finish_reason"]
    nothing = draft_values({**ended, "node_type": "code", "outputs": {}})
    assert [(d.name, d.visible) for d in nothing] == [(DUMMY, False)]
    updates = [{"selector": ["conversation", "n"], "value": 3}, {"selector": ["lp", "x"], "value": 4}]
    assigned = draft_values({**ended, "node_type": "assigner"}, updates)
    assert [(d.node_id, d.name, d.value) for d in assigned] == [("conversation", "n", 3), ("n", DUMMY, None)]
    start = draft_values(
        {**ended, "node_type": "start", "outputs": {"q": "x"}}, system={"sys.query": "hi", "sys.user_id": "u"}
    )
    assert {(d.node_id, d.name, d.editable) for d in start} == {
        ("n", "q", True),
        ("sys", "query", True),
        ("sys", "user_id", False),
    }


def test_a_single_node_does_not_retry_and_applies_its_strategy() -> None:
    graph = build("start -> f -> end", f=fail(error_strategy="fail-branch", **retry(3)))
    done = single(graph, "f")
    assert done.short[1:] == ["St f", "Ex f", "RUN partial(1)"]
    assert done.ended("f")["outputs"] == {"error_message": "boom", "error_type": "FakeError"}
    plainly = single(build("start -> f", f=fail()), "f")
    assert plainly.status == "failed"


def test_a_single_branch_and_a_node_in_a_container() -> None:
    assert single(build("start -> p -a-> x", p=pick("a")), "p").ended("p")["handle"] == "a"
    graph = build("start -> it", it=iterate("c", "start.items", "c.text"), c=stub(echo=["it", "item"]))
    assert single(graph, "c", {"#it.item#": 5}).outputs == {"text": 5}


def test_an_unknown_node() -> None:
    with pytest.raises(RunRefused, match="nope"):
        single(ECHO, "nope")


@pytest.mark.spec("engine.120")
def test_a_single_iteration() -> None:
    graph = build(
        "start -> before -> it -> end",
        it=iterate("c -> d", "before.items", "d.text"),
        c=stub(echo=["before", "more"]),
        d=stub(echo=["it", "item"]),
        end=end(x="it.output"),
    )
    done = run(graph, kind="iteration", node_id="it", inputs={"input_selector": ["x", "y"], "#before.more#": 1})
    assert {e["node_id"] for e in done.named("NodeRunStarted")} == {"it", "c", "d"}
    assert done.outputs == {}
    assert done.ended("it")["outputs"] == {"output": ["x", "y"]}
    _, nodes = rows(done)
    assert nodes["it"]["outputs"] == {"output": ["x", "y"]}
    with pytest.raises(RunRefused, match="input_selector"):
        run(graph, kind="iteration", node_id="it", inputs={})


@pytest.mark.spec("engine.120")
def test_a_single_loop_with_a_nested_iteration() -> None:
    graph = build(
        "start -> lp -> end",
        lp=loop("it", 2, loop_variables=[variable("k", "@start.k")]),
        it=iterate("c", "start.items", "c.text"),
        c=stub(echo=["lp", "k"]),
    )
    inputs = {"lp.k": 7, "it.it.input_selector": [1, 2]}
    done = run(graph, kind="loop", node_id="lp", inputs=inputs)
    assert done.ended("lp")["outputs"] == {"k": 7, "loop_round": 2}
    assert done.started().count("c") == 4


def rows(done: Done) -> tuple[dict[str, Any], dict[str, Any]]:
    records = Records(facts_of(done.request))
    tables = fold_rows(change for event in done.events for change in records.apply(event))
    return tables["run"], {row["node_id"]: row for row in tables["node"].values()}


# -- mocks and pins --------------------------------------------------------------------------------------------------


def test_mocks_go_the_normal_way() -> None:
    graph = build(
        "start -> llm -> p; p -a-> x -> ans; p -b-> y -> ans; llm -fail-branch-> bad",
        llm={"type": "llm", "error_strategy": "fail-branch"},
        p=pick("b"),
        ans=answer("<{{#llm.text#}}>"),
    )
    mocks = {"llm": {"outputs": {"text": "hello"}}, "p": {"handle": "a", "outputs": {}}}
    done = run(graph, mocks=mocks)
    assert "x" in done.started()
    assert "y" not in done.started()
    assert done.summary["stream_text"] == "<hello>"
    assert [e["chunk"] for e in done.named("NodeRunStreamChunk")] == ["hello", ""]
    failed = run(graph, mocks={**mocks, "llm": {"error": "no net", "error_type": "NetError"}})
    assert failed.ended("llm")["outputs"] == {"error_message": "no net", "error_type": "NetError"}
    assert "bad" in failed.started()


def test_mocks_in_turn() -> None:
    graph = build("start -> it -> end", it=iterate("c", "start.items", "c.text"), c=stub(), end=end(x="it.output"))
    mocks = {"c": [{"outputs": {"text": "one"}}, {"outputs": {"text": "two"}}]}
    assert run(graph, items=[1, 2, 3], mocks=mocks).outputs == {"x": ["one", "two", "two"]}
    again = build("start -> f -> end", f=stub(**retry(1)), end=end(x="f.x"))
    assert run(again, mocks={"f": [{"error": "once"}, {"outputs": {"x": 2}}]}).outputs == {"x": 2}


def test_a_mocked_container_runs_no_rounds() -> None:
    graph = build("start -> it -> end", it=iterate("c", "start.items", "c.text"), c=fail(), end=end(x="it.output"))
    done = run(graph, items=[1], mocks={"it": {"outputs": {"output": [9]}}})
    assert done.outputs == {"x": [9]}
    assert "c" not in done.started()


def test_bad_mocks_are_refused() -> None:
    mocks: tuple[Any, ...] = ({"output": {}}, "text")
    for mock in mocks:
        with pytest.raises(RunRefused, match="mock"):
            run(build("start -> a"), mocks={"a": mock})


def test_pins() -> None:
    done = run(build("start -> a -> end", a=fail(), end=end(x="a.x")), pins={"a": {"x": 4}})
    assert done.outputs == {"x": 4}


# -- debugging -------------------------------------------------------------------------------------------------------


def test_breakpoint_edit_and_continue() -> None:
    async def main() -> None:
        graph = build(
            "start -> a -> b -> c -> end", a=stub(outs={"x": 1}), b=stub(echo=["a", "x"]), end=end(v="b.text")
        )
        done = begin(graph, debug=DebugSettings(frozenset({"b"})))
        held = await until(done, "NodeHeld")
        assert (held["node_id"], held["inputs"]) == ("b", {"b.#a.x#": 1})
        assert fold(done.events).nodes["b"].status == "held"
        assert done.handle.value_at("root", ["a", "x"]) == 1
        done.handle.send({"command": "update_variables", "variables": [{"selector": ["a", "x"], "value": 99}]})
        done.handle.send({"command": "continue"})
        await finish(done)
        assert done.outputs == {"v": 99}
        started = next(e for e in done.named("NodeRunStarted") if e["node_id"] == "b")
        assert started["id"] == held["id"]

    asyncio.run(main())


def test_stepping() -> None:
    async def main() -> None:
        done = begin(build("start -> a -> b"), debug=DebugSettings(step=True))
        seen = []
        for _ in range(3):
            held = await until(done, "NodeHeld")
            seen.append(held["node_id"])
            assert done.started() == seen[:-1]
            done.handle.send({"command": "resume_step", "node_id": held["node_id"]})
        await finish(done)
        assert seen == ["start", "a", "b"]
        assert done.status == "succeeded"

    asyncio.run(main())


def test_a_held_node_holds_no_other_branch_and_its_time_does_not_count() -> None:
    async def main() -> None:
        graph = build("start -> a; start -> b -> c")
        from engine.run.limits import Limits

        done = begin(graph, debug=DebugSettings(frozenset({"a"})), limits=Limits(max_seconds=0.1))
        await until(done, "NodeRunSucceeded", "c")
        await asyncio.sleep(0.25)
        done.handle.send({"command": "continue"})
        await finish(done)
        assert done.status == "succeeded"
        assert done.summary["elapsed_time"] < 0.1

    asyncio.run(main())


def test_breakpoint_in_a_round_and_abort_while_held() -> None:
    async def main() -> None:
        graph = build("start -> it", it=iterate("c", "start.items", "c.text"), c=stub(echo=["it", "item"]))
        done = begin(graph, debug=DebugSettings(frozenset({"c"})), items=[5, 6])
        first = await until(done, "NodeHeld")
        assert first["iteration_index"] == 0
        change = {"selector": ["it", "item"], "value": 50}
        done.handle.send({"command": "update_variables", "frame_id": first["frame_id"], "variables": [change]})
        done.handle.send({"command": "continue", "node_id": "c"})
        second = await until(done, "NodeHeld")
        assert done.ended("c")["outputs"] == {"text": 50}
        assert second["iteration_index"] == 1
        done.handle.send({"command": "abort"})
        await finish(done)
        assert done.status == "stopped"

    asyncio.run(main())


# -- taking over results ---------------------------------------------------------------------------------------------


def again(done: Done, plan: RunPlan, desk: Desk | None = None, **options: Any) -> Done:
    """The same request with a plan, which goes through JSON as it would through a process."""
    plan = RunPlan.from_json(plan.to_json())
    request = done.request
    return run(request.graph, plan=plan, desk=desk, inputs=request.inputs, run_id="run-2", **options)


def test_continue_after_a_failure() -> None:
    graph = build(
        "start -> a -> f -> end; start -> p -x-> k -> end",
        a=stub(outs={"x": 1}, tokens=5),
        p=pick("x"),
        f=fail(1, outs={"y": 2}),
        end=end(x="a.x", y="f.y"),
    )
    first = run(graph)
    assert first.status == "failed"
    plan = plan_resume(graph, first.events)
    assert plan.rerun == ("f",)
    assert set(plan.reuse["root"]) == {"start", "a", "p"}
    assert plan.source_run_id == "run-1"
    second = again(first, plan, Desk(failures={"f": 1}))
    assert second.outputs == {"x": 1, "y": 2}
    assert second.desk.attempts == ["f", "k"]
    assert second.summary["total_tokens"] == 0
    assert second.summary["total_steps"] == 3
    assert second.ended("a")["metadata"]["reused_from"] == first.ended("a")["id"]
    assert second.short[:4] == ["RUN started(initial)", "St start", "+start->a", "+start->p"]


def test_continue_inside_an_iteration() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("c -> d", "start.items", "d.text"),
        c=stub(echo=["it", "item"]),
        d=stub(echo=["c", "text"]),
        end=end(x="it.output"),
    )
    first = run(graph, items=["a", "b", "c"], mocks={"d": [{"outputs": {"text": "a"}}, {"error": "boom"}]})
    assert first.status == "failed"
    plan = plan_resume(graph, first.events)
    assert set(plan.reuse) == {"root", "root/it[0]", "root/it[1]"}
    assert set(plan.reuse["root/it[1]"]) == {"c"}
    second = again(first, plan)
    assert second.outputs == {"x": ["a", "b", "c"]}
    assert second.desk.attempts == ["d", "c", "d"]


def test_continue_inside_a_loop_with_conversation_variables() -> None:
    graph = build(
        "start -> lp -> end",
        lp=loop("inc -> k -> w", 3, loop_variables=[variable("n", 0)]),
        inc=add("lp.n"),
        k=add("conversation.total"),
        w=stub(),
        end=end(n="lp.n", t="conversation.total"),
    )
    options: dict[str, Any] = {
        "mode": "advanced-chat",
        "conversation_variables": [{"name": "total", "value_type": "number", "value": 0}],
    }
    first = run(graph, mocks={"w": [{"outputs": {}}, {"error": "boom"}]}, **options)
    assert first.status == "failed"
    second = again(first, plan_resume(graph, first.events), **options)
    assert second.outputs == {"n": 3, "t": 3}
    # A finished loop is taken over as a whole, with all that it left behind.
    third = again(second, plan_from(graph, second.events, "end"), **options)
    assert third.outputs == {"n": 3, "t": 3}
    assert third.desk.attempts == []


def test_run_from_a_node_with_edited_values() -> None:
    graph = build(
        "start -> a -> b -> c -> end; start -> side -> end",
        a=stub(outs={"x": 1}),
        b=stub(echo=["a", "x"]),
        c=stub(echo=["b", "text"]),
        end=end(v="c.text"),
    )
    first = run(graph)
    plan = plan_from(graph, first.events, "b", values=[{"selector": ["a", "x"], "value": 42}])
    assert set(plan.reuse["root"]) == {"start", "a", "side"}
    second = again(first, plan)
    assert second.outputs == {"v": 42}
    assert second.desk.attempts == ["b", "c"]


def test_run_from_a_node_in_a_container() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("c -> d", "start.items", "d.text"),
        c=stub(echo=["it", "item"]),
        d=stub(echo=["c", "text"]),
        end=end(x="it.output"),
    )
    first = run(graph, items=[1, 2])
    second = again(first, plan_from(graph, first.events, "d"))
    assert second.desk.attempts == ["d", "d"]
    assert second.outputs == {"x": [1, 2]}
    looped = build("start -> lp", lp=loop("c -> d", 2), c=stub(), d=stub())
    before = run(looped)
    assert again(before, plan_from(looped, before.events, "d")).desk.attempts == ["d", "c", "d"]


def test_masked_values_are_not_taken_over() -> None:
    secret = "sk-abcdefgh"
    graph = build(
        "start -> a -> b -> f -> end",
        a=stub(echo=["env", "k"]),
        b=stub(echo=["a", "text"]),
        f=fail(1),
        end=end(x="b.text"),
    )
    environment = [{"name": "k", "value_type": "secret", "value": secret}]
    first = run(graph, environment=environment)
    plan = plan_resume(graph, first.events)
    assert set(plan.reuse["root"]) == {"start"}
    second = again(first, plan, Desk(failures={"f": 1}), environment=environment)
    assert second.handle.pool.get_value(("b", "text")) == secret


def test_reused_answers_and_handled_failures() -> None:
    graph = build(
        "start -> it -> f; f -fail-branch-> ans -> g",
        it=iterate("inner", "start.items", "inner.answer"),
        inner=answer("<{{#it.item#}}>"),
        f=fail(error_strategy="fail-branch"),
        ans=answer("{{#f.error_message#}}"),
        g=fail(1),
    )
    first = run(graph, items=["a"])
    second = again(first, plan_resume(graph, first.events), Desk(failures={"g": 1}))
    assert second.status == "partial-succeeded"
    assert second.outputs["answer"] == "<a>boom"
    assert second.summary["stream_text"] == "boom"
    assert second.desk.attempts == ["g"]


def test_a_killed_run_goes_on_from_its_last_event() -> None:
    graph = build(
        "start -> a -> q -ok-> c -> end; a -> b -> end",
        a=stub(outs={"x": 1}),
        q=ask(),
        c=template("{{ v }}", v="a.x"),
        end=end(x="c.output", y="b.text"),
        b=stub(chunks=["hi"]),
    )
    desk = Desk(answers={"q": "y"})
    whole = run(graph, desk=desk)
    for cut in range(1, len(whole.events)):
        plan = plan_resume(graph, whole.events[:cut])
        assert again(whole, plan, Desk(answers={"q": "y"})).outputs == whole.outputs, cut


def test_edited_nodes_run_again_when_a_run_is_continued() -> None:
    text = "start -> a -> b -> c -> f -> end; start -> side -> end"
    nodes = {"a": stub(outs={"x": 1}), "c": stub(echo=["b", "text"]), "f": fail(1), "end": end(v="c.text")}
    graph = build(text, b=stub(echo=["a", "x"]), **nodes)
    first = run(graph)
    edited = build(text, b=stub(outs={"text": "new"}), **nodes)
    edited["nodes"][1]["data"]["title"] = "another title"
    plan = plan_resume(edited, first.events, before=graph)
    assert set(plan.reuse["root"]) == {"start", "a", "side"}
    assert plan.rerun == ("b", "c", "f")
    second = run(edited, plan=plan, desk=Desk(failures={"f": 1}))
    assert second.outputs == {"v": "new"}
    assert set(plan_resume(graph, first.events, before=graph).reuse["root"]) == {"start", "a", "b", "c", "side"}


def test_an_edit_inside_a_container_runs_it_again() -> None:
    text = "start -> it -> end"

    def graph(words: str) -> dict[str, Any]:
        return build(
            text,
            it=iterate("c -> d", "start.items", "d.output"),
            c=stub(echo=["it", "item"]),
            d=template(words, x="c.text"),
            end=end(x="it.output"),
        )

    first = run(graph("{{ x }}?"), items=["a"])
    plan = plan_resume(graph("{{ x }}!"), first.events, before=first.request.graph)
    second = run(graph("{{ x }}!"), items=["a"], plan=plan)
    assert second.outputs == {"x": ["a!"]}
    assert second.desk.attempts == []


def test_a_plan_keeps_no_rounds_of_what_is_taken_over_as_a_whole() -> None:
    graph = build("start -> it -> f", it=iterate("c", "start.items", "c.text"), c=stub(), f=fail(1))
    plan = plan_resume(graph, run(graph, items=[1, 2, 3]).events)
    assert set(plan.reuse) == {"root"}
