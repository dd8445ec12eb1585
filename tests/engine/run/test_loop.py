"""Loops (engine spec 5.3; statements 63 to 74)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers.run import (
    add,
    answer,
    build,
    condition,
    end,
    fail,
    iterate,
    loop,
    run,
    stub,
    variable,
)


def counting(count: int = 5, limit: str = "2", **more: Any) -> dict[str, Any]:
    return loop(
        "inc",
        count,
        loop_variables=[variable("counter", 0)],
        break_conditions=[condition("lp.counter", "≥", limit)],
        **more,
    )


@pytest.mark.spec("engine.63")
def test_counter_with_a_break() -> None:
    done = run(
        build("start -> lp -> end", lp=counting(), inc=add("lp.counter"), end=end(c="lp.counter", r="lp.loop_round"))
    )
    assert done.outputs == {"c": 2, "r": 2}
    assert [e["index"] for e in done.named("NodeRunLoopNext")] == [1]
    succeeded = done.named("NodeRunLoopSucceeded")[0]
    assert (succeeded["steps"], succeeded["metadata"]["completed_reason"]) == (5, "loop_break")
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_break"
    i = done.short.index("St lp")
    assert done.short[i : i + 2] == ["St lp", "LpStarted lp"]
    assert done.short[done.short.index("LpSucceeded lp") :][:3] == ["LpSucceeded lp", "+lp->end", "Ok lp"]
    assert done.named("NodeRunLoopStarted")[0]["inputs"] == {"loop_count": 5, "counter": 0}
    assert done.named("NodeRunLoopNext")[0]["pre_loop_output"] == {"counter": 1, "loop_round": 1}


@pytest.mark.spec("engine.64")
def test_break_before_the_first_round() -> None:
    done = run(build("start -> lp -> end", lp=counting(limit="0"), inc=add("lp.counter")))
    assert "inc" not in done.started()
    assert done.ended("lp")["outputs"] == {}
    succeeded = done.named("NodeRunLoopSucceeded")[0]
    assert (succeeded["steps"], succeeded["metadata"]["completed_reason"]) == (0, "loop_break")
    assert done.status == "succeeded"


@pytest.mark.spec("engine.65")
def test_all_rounds() -> None:
    done = run(build("start -> lp -> end", lp=loop("c", 3), end=end(r="lp.loop_round")))
    assert [e["index"] for e in done.named("NodeRunLoopNext")] == [1, 2]
    assert done.outputs == {"r": 3}
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_completed"


@pytest.mark.spec("engine.66")
def test_loop_end() -> None:
    done = run(build("start -> lp -> end", lp=loop("c -> loopend", 3), end=end(r="lp.loop_round")))
    assert done.outputs == {"r": 1}
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_break"


@pytest.mark.spec("engine.66")
def test_loop_end_in_a_nested_iteration() -> None:
    graph = build(
        "start -> lp -> end",
        lp=loop("it", 3),
        it=iterate("c -> loopend", "start.items", "c.text"),
        loopend={"type": "loop-end", "loop_id": "lp"},
        end=end(r="lp.loop_round"),
    )
    done = run(graph, items=[1, 2])
    assert done.outputs == {"r": 1}
    assert done.started().count("loopend") == 2


@pytest.mark.spec("engine.67")
def test_conditions_on_values_that_are_not_there() -> None:
    late = loop("c", 3, break_conditions=[condition("c.n", "≥", "1")])
    done = run(build("start -> lp -> end", lp=late, c=stub(outs={"n": 5}), end=end(r="lp.loop_round")))
    assert done.outputs == {"r": 1}
    never = loop("c", 3, break_conditions=[condition("c.never", "≥", "1")])
    done = run(build("start -> lp -> end", lp=never))
    assert done.short[-3:] == ["LpFailed lp", "Fa lp", "RUN failed"]
    assert done.summary["exceptions_count"] == 1


@pytest.mark.spec("engine.68")
def test_failing_child() -> None:
    done = run(build("start -> lp", lp=loop("end; c", 4), c=fail(), end=end(x="start.q")), q=1)
    failed = done.named("NodeRunLoopFailed")[0]
    assert (failed["metadata"]["completed_reason"], failed["steps"], failed["outputs"]) == ("error", 4, {})
    assert done.status == "failed"
    assert done.summary["exceptions_count"] == 2
    assert "Ok end" in done.short
    assert done.outputs == {}


@pytest.mark.spec("engine.69")
def test_loop_variable_from_nowhere() -> None:
    done = run(build("start -> lp", lp=loop("c", 2, loop_variables=[variable("x", "@a.b")])))
    assert "Invalid value for loop variable x" in done.ended("lp")["error"]
    assert not any(s.startswith("Lp") for s in done.short)


@pytest.mark.spec("engine.70")
@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("array[string]", '["a"]', ["a"]),
        ("array[string]", ["a"], ["a"]),
        ("array[object]", [{"a": 1}], [{"a": 1}]),
        ("array[number]", "", []),
        ("number", "1", 1),
        ("boolean", "true", True),
        ("object", '{"a": 1}', {"a": 1}),
        ("object", None, {}),
        ("string", None, ""),
        ("string", "5", "5"),
    ],
)
def test_constants(kind: str, value: Any, wanted: Any) -> None:
    done = run(
        build("start -> lp -> end", lp=loop("c", 1, loop_variables=[variable("x", value, kind)]), end=end(x="lp.x"))
    )
    assert done.outputs == {"x": wanted}


@pytest.mark.parametrize(("kind", "value"), [("number", ""), ("number", "x"), ("object", "[1]"), ("string", 5)])
def test_constants_of_a_wrong_kind(kind: str, value: Any) -> None:
    done = run(build("start -> lp", lp=loop("c", 1, loop_variables=[variable("x", value, kind)])))
    assert done.status == "failed"
    assert "x" in done.ended("lp")["error"]


@pytest.mark.spec("engine.71")
def test_what_stays_and_what_is_cleared() -> None:
    graph = build(
        "start -> lp -> end",
        lp=loop("look -> c", 2, loop_variables=[variable("v", 7)]),
        look=stub(echo=["c", "text"]),
        c=stub(outs={"text": "left"}),
        end=end(c="c.text", v="lp.v", look="look.text"),
    )
    assert run(graph).outputs == {"c": "left", "v": 7, "look": None}


@pytest.mark.spec("engine.72")
def test_conversation_variables() -> None:
    graph = build("start -> lp -> end", lp=loop("c", 3), c=add("conversation.n"), end=end(x="conversation.n"))
    variables = [{"name": "n", "value_type": "number", "value": 0}]
    assert run(graph, mode="advanced-chat", conversation_variables=variables).outputs == {"x": 3}


@pytest.mark.spec("engine.73")
def test_answers_of_all_rounds() -> None:
    graph = build(
        "start -> lp -> ans2",
        lp=loop("d -> ans", 2),
        d=stub(outs={"text": "D"}),
        ans=answer("<{{#d.text#}}>"),
        ans2=answer("end"),
    )
    assert run(graph).outputs["answer"] == "<D><D>end"


@pytest.mark.spec("engine.74")
def test_maps_of_the_rounds() -> None:
    lp = loop("inc", 2, loop_variables=[variable("counter", 0)])
    metadata = run(build("start -> lp", lp=lp, inc=add("lp.counter"))).ended("lp")["metadata"]
    assert metadata["loop_variable_map"] == {"0": {"counter": 1}, "1": {"counter": 2}}
    assert set(metadata["loop_duration_map"]) == {"0", "1"}


def test_loop_in_an_iteration_in_a_loop() -> None:
    graph = build(
        "start -> lp -> end",
        lp=loop("it", 2, loop_variables=[variable("seen", 0)]),
        it=iterate("inner", "start.items", "inner.k"),
        inner=loop("inc", 3, loop_variables=[variable("k", 0)]),
        inc=add("inner.k"),
        end=end(x="it.output"),
    )
    done = run(graph, items=[1, 2])
    assert done.outputs == {"x": [3, 3]}
    one = next(e for e in done.named("NodeRunSucceeded") if e["node_id"] == "inc")
    assert (one["in_iteration_id"], one["in_loop_id"]) == ("it", "inner")
