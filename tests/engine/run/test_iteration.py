"""Iterations (engine spec 5.2; statements 48 to 62)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.helpers.run import (
    Desk,
    add,
    begin,
    build,
    end,
    fail,
    finish,
    iterate,
    pick,
    run,
    stub,
    template,
    until,
)

BANG = template("{{ x }}!", x="it.item")


def each(output: str = "c.output", **config: Any) -> dict[str, Any]:
    return iterate("c", "start.items", output, **config)


@pytest.mark.spec("engine.48")
def test_order_of_events() -> None:
    done = run(build("start -> it -> end", it=each(), c=BANG, end=end(x="it.output")), items=["alpha", "beta"])
    i = done.short.index("St it")
    assert done.short[i:] == [
        "St it",
        "ItStarted it",
        "ItNext(0)",
        "+itstart->c",
        "St c",
        "Ok c",
        "ItNext(1)",
        "+itstart->c",
        "St c",
        "Ok c",
        "ItSucceeded it",
        "+it->end",
        "Ok it",
        "St end",
        "Ok end",
        "RUN ok",
    ]
    assert done.outputs == {"x": ["alpha!", "beta!"]}
    assert done.named("NodeRunIterationSucceeded")[0]["steps"] == 2
    started = done.named("NodeRunIterationStarted")[0]
    assert started["inputs"] == {"iterator_selector": ["alpha", "beta"]}
    assert started["metadata"] == {"iteration_length": 2}
    assert all(e["pre_iteration_output"] is None for e in done.named("NodeRunIterationNext"))
    metadata = done.ended("it")["metadata"]
    assert set(metadata["iteration_duration_map"]) == {"0", "1"}


@pytest.mark.spec("engine.49")
def test_no_items() -> None:
    done = run(build("start -> it -> end", it=each(), c=BANG, end=end(x="it.output")), items=[])
    assert [s for s in done.short if s.startswith("It")] == ["ItStarted it", "ItSucceeded it"]
    assert done.named("NodeRunIterationStarted")[0]["metadata"] == {"iteration_length": 0}
    succeeded = done.named("NodeRunIterationSucceeded")[0]
    assert (succeeded["steps"], succeeded["metadata"]) == (0, {})
    assert done.outputs == {"x": []}


@pytest.mark.spec("engine.49")
def test_an_empty_list_keeps_its_type() -> None:
    from engine.run.variables.segments import build_with_type

    graph = build("start -> a -> it", a=stub(), it=iterate("c", "a.items", "c.output"), c=BANG)
    done = begin_with(graph, {"a": {"items": build_with_type("array[string]", [])}})
    found = done.handle.pool.get(("it", "output"))
    assert found is not None
    assert (found.type, found.value) == ("array[string]", [])


def begin_with(graph: dict[str, Any], outputs: dict[str, dict[str, Any]]) -> Any:
    """A run in which nodes answer segments."""
    from engine.nodes.base import NodeResult
    from engine.run.overrides import Overrides

    async def main() -> Any:
        done = begin(graph)
        scheduler = done.handle._scheduler
        take = Overrides.take

        class Typed(Overrides):
            def __bool__(self) -> bool:
                return True

            def take(self, node: Any) -> Any:
                if node.id in outputs:
                    return NodeResult(outputs=outputs[node.id]), []
                return take(self, node)

        scheduler.overrides = Typed(None, None)
        return await finish(done)

    return asyncio.run(main())


@pytest.mark.spec("engine.50")
def test_items_that_are_no_list() -> None:
    graph = build("start -> it -> end", it=each(), c=BANG, end=end(x="it.output"))
    null = run(graph, items=None)
    assert null.outputs == {"x": []}
    found = null.handle.pool.get(("it", "output"))
    assert found is not None
    assert found.type == "array[any]"
    absent = run(graph)
    assert absent.ended("it")["error"] == "iterator variable ['start', 'items'] not found"
    text = run(graph, items="abc")
    assert "please provide a list" in text.ended("it")["error"]
    for done in (absent, text):
        assert done.ended("it")["event"] == "NodeRunFailed"
        assert done.ended("it")["error_type"] == "WorkflowNodeError"
        assert not any(s.startswith("It") for s in done.short)


@pytest.mark.spec("engine.51")
def test_index_item_and_what_is_left() -> None:
    graph = build(
        "start -> it -> end", it=each("it.index"), c=BANG, end=end(x="it.output", item="it.item", c="c.output")
    )
    assert run(graph, items=["a", "b"]).outputs == {"x": [0, 1], "item": None, "c": None}
    names = build("start -> it -> end", it=each("c.text"), c=stub(echo=["it", "item", "name"]), end=end(x="it.output"))
    assert run(names, items=[{"name": "n1"}, {"name": "n2"}]).outputs == {"x": ["n1", "n2"]}


@pytest.mark.spec("engine.52")
def test_parallel_rounds_keep_index_order() -> None:
    graph = build(
        "start -> it -> end",
        it=each("c.text", is_parallel=True, parallel_nums=2),
        c={"type": "paced"},
        end=end(x="it.output"),
    )

    async def main() -> None:
        desk = Desk(held={"r0"})
        done = begin(graph, desk=desk, items=[{"v": "r0"}, {"v": "r1"}, {"v": "r2"}])
        await until(done, "NodeRunSucceeded", "c")
        assert [e["index"] for e in done.named("NodeRunIterationNext")] == [0, 1]
        await until(done, "NodeRunIterationNext")
        assert done.events[-1]["index"] == 2
        desk.signal("r0").set()
        await finish(done)
        assert done.outputs == {"x": ["r0", "r1", "r2"]}

    asyncio.run(main())


@pytest.mark.spec("engine.53")
def test_terminated_sequential() -> None:
    done = run(build("start -> it", it=each("c.text"), c=fail()), items=[1, 2])
    assert len(done.named("NodeRunIterationNext")) == 1
    failed = done.named("NodeRunIterationFailed")[0]
    assert (failed["outputs"], failed["error"]) == ({"output": []}, "boom")
    assert done.short[-3:] == ["ItFailed it", "Fa it", "RUN failed"]
    assert done.summary["exceptions_count"] == 2


@pytest.mark.spec("engine.54")
def test_terminated_parallel_lets_started_rounds_end() -> None:
    graph = build(
        "start -> it", it=each("c.text", is_parallel=True, parallel_nums=2), c={"type": "paced", "fails": ["r0"]}
    )

    async def main() -> None:
        desk = Desk(held={"r1"})
        done = begin(graph, desk=desk, items=[{"v": f"r{i}"} for i in range(4)])
        await until(done, "NodeRunFailed", "c")
        desk.signal("r1").set()
        await finish(done)
        assert [e["index"] for e in done.named("NodeRunIterationNext")] == [0, 1]
        assert [e["iteration_index"] for e in done.named("NodeRunSucceeded") if e["node_id"] == "c"] == [1]
        assert done.named("NodeRunIterationFailed")[0]["outputs"] == {"output": ["r1"]}
        assert done.status == "failed"

    asyncio.run(main())


@pytest.mark.spec("engine.55")
@pytest.mark.spec("logic.169")
@pytest.mark.parametrize(("mode", "wanted"), [("continue-on-error", [None, "ok"]), ("remove-abnormal-output", ["ok"])])
def test_tolerant_modes(mode: str, wanted: list[Any]) -> None:
    graph = build(
        "start -> it -> end",
        it=each("c.text", error_handle_mode=mode),
        c=fail(1, outs={"text": "ok"}),
        end=end(x="it.output"),
    )
    done = run(graph, items=[1, 2])
    assert done.outputs == {"x": wanted}
    assert done.short[-1] == "RUN partial(1)"


@pytest.mark.spec("engine.56")
@pytest.mark.parametrize("mode", ["terminated", "continue-on-error", "remove-abnormal-output"])
def test_output_on_a_skipped_branch(mode: str) -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("p -a-> x; p -b-> y", "start.items", "x.text", error_handle_mode=mode),
        p=pick("b"),
        end=end(x="it.output"),
    )
    done = run(graph, items=[1, 2])
    assert (done.outputs, done.status) == ({"x": [None, None]}, "succeeded")


@pytest.mark.spec("engine.57")
@pytest.mark.parametrize(
    ("items", "flatten", "wanted"),
    [
        ([["a"], ["b", "c"]], True, ["a", "b", "c"]),
        ([["a"], ["b", "c"]], False, [["a"], ["b", "c"]]),
        (["x", [1]], True, ["x", [1]]),
        ([None, None], True, [None, None]),
        ([["a"], None], True, ["a"]),
    ],
)
def test_flatten(items: list[Any], flatten: bool, wanted: list[Any]) -> None:
    graph = build("start -> it -> end", it=each("it.item", flatten_output=flatten), c=stub(), end=end(x="it.output"))
    assert run(graph, items=items).outputs == {"x": wanted}


@pytest.mark.spec("engine.58")
def test_iteration_with_default_value() -> None:
    strategy = {
        "error_strategy": "default-value",
        "default_value": [{"key": "output", "type": "array[string]", "value": ["d"]}],
    }
    done = run(build("start -> it -> end", it=each("c.text", **strategy), c=fail(), end=end(x="it.output")), items=[1])
    assert done.ended("it")["event"] == "NodeRunException"
    assert done.ended("it")["outputs"] == {"output": ["d"], "error_message": "boom", "error_type": ""}
    assert done.summary["exceptions_count"] == 2
    assert done.outputs == {"x": ["d"]}


@pytest.mark.spec("engine.59")
def test_conversation_variables_survive_the_round() -> None:
    graph = build("start -> it -> end", it=each("c.text"), c=add("conversation.n"), end=end(x="conversation.n"))
    variables = [{"id": "v1", "name": "n", "value_type": "number", "value": 0}]
    done = run(graph, items=[1, 2], mode="advanced-chat", conversation_variables=variables)
    assert done.outputs == {"x": 2}
    assert done.summary["conversation_variables"] == {"n": 2}


@pytest.mark.spec("engine.60")
def test_nested_iterations() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("inner", "start.items", "inner.output", flatten_output=False),
        inner=iterate("c", "it.item", "c.text"),
        c=stub(echo=["inner", "item"]),
        end=end(x="it.output"),
    )
    done = run(graph, items=[["a", "b"], ["c"]])
    assert done.outputs == {"x": [["a", "b"], ["c"]]}
    assert {e["in_iteration_id"] for e in done.named("NodeRunSucceeded") if e["node_id"] == "c"} == {"inner"}
    assert {e["in_iteration_id"] for e in done.named("NodeRunIterationStarted") if e["node_id"] == "inner"} == {"it"}


@pytest.mark.spec("engine.61")
def test_children_say_where_they_are() -> None:
    done = run(build("start -> it", it=each(), c=BANG), items=["a", "b"])
    found = [e["metadata"] for e in done.named("NodeRunSucceeded") if e["node_id"] == "c"]
    assert [(m["iteration_id"], m["iteration_index"]) for m in found] == [("it", 0), ("it", 1)]
    assert not any(e.get("node_id") == "itstart" for e in done.events)


@pytest.mark.spec("engine.62")
def test_execution_ids() -> None:
    done = run(build("start -> it", it=each(), c=BANG), items=["a", "b"])
    children = [e["id"] for e in done.named("NodeRunStarted") if e["node_id"] == "c"]
    assert len(set(children)) == 2
    assert len({e["id"] for e in done.events if e.get("node_id") == "it"}) == 1


def test_rounds_do_not_see_each_other() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("look -> c", "start.items", "look.text"),
        look=stub(echo=["c", "text"]),
        c=stub(outs={"text": "left"}),
        end=end(x="it.output"),
    )
    assert run(graph, items=[1, 2, 3]).outputs == {"x": [None, None, None]}


def test_answers_of_the_last_round_only() -> None:
    from tests.helpers.run import answer

    graph = build(
        "start -> it -> ans2",
        it=iterate("ans", "start.items", "ans.answer"),
        ans=answer("<{{#it.item#}}>"),
        ans2=answer("!"),
    )
    assert run(graph, items=["a", "b"]).outputs["answer"] == "<b>!"
