"""Failures, retries and error strategies (engine spec, section 4; statements 29 to 47)."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.run.fold import fold
from engine.run.graph import GraphError
from engine.run.lint import lint
from engine.run.records import Records, facts_of, fold_rows
from tests.helpers.run import begin, build, end, fail, finish, iterate, node_class, pick, retry, run, stub, template

FAIL_BRANCH = {"error_strategy": "fail-branch"}


def defaults(*items: tuple[str, str, object]) -> dict[str, object]:
    listed = [{"key": key, "type": kind, "value": value} for key, kind, value in items]
    return {"error_strategy": "default-value", "default_value": listed}


@pytest.mark.spec("engine.29")
def test_unhandled_failure() -> None:
    done = run(build("start -> f -> end", f=fail()))
    assert done.short[-2:] == ["Fa f", "RUN failed"]
    assert done.events[-1]["error"] == "boom"
    assert done.events[-1]["exceptions_count"] == 1
    assert done.summary["error_node_id"] == "f"


@pytest.mark.spec("engine.30")
def test_failure_does_not_wait_for_a_slow_sibling() -> None:
    begun = time.perf_counter()
    done = run(build("start -> slow; start -> f", slow=stub(sleep=30), f=fail(sleep=0.005)))
    assert time.perf_counter() - begun < 2
    assert done.short[-1] == "RUN failed"
    assert "Ok slow" not in done.short
    assert done.desk.cancelled == ["slow"]
    records = Records(facts_of(done.request))
    rows = fold_rows(change for event in done.events for change in records.apply(event))["node"]
    told = {row["node_id"]: (row["status"], row["error"]) for row in rows.values()}
    assert told == {"start": ("succeeded", ""), "slow": ("failed", "boom"), "f": ("failed", "boom")}
    assert fold(done.events).nodes["slow"].status == "failed"


@pytest.mark.spec("engine.31")
def test_retries_then_failure() -> None:
    done = run(build("start -> f", f=fail(**retry(2))))
    assert [s for s in done.short if s.endswith(("f", "f(1)", "f(2)")) and "->" not in s] == [
        "St f",
        "Re f(1)",
        "Re f(2)",
        "Fa f",
    ]
    ids = {e["id"] for e in done.events if e.get("node_id") == "f"}
    assert len(ids) == 1
    assert done.desk.attempts.count("f") == 3
    assert done.ended("f")["retry_index"] == 2


@pytest.mark.spec("engine.32")
def test_a_retry_that_helps_is_no_exception() -> None:
    done = run(build("start -> f -> end", f=fail(1, outs={"x": 1}, **retry(3)), end=end(x="f.x")))
    assert [s for s in done.short if " f" in s and "->" not in s] == ["St f", "Re f(1)", "Ok f"]
    assert done.short[-1] == "RUN ok"
    assert done.summary["exceptions_count"] == 0
    assert done.outputs == {"x": 1}


@pytest.mark.spec("engine.33")
def test_disabled_retry() -> None:
    done = run(build("start -> f", f=fail(**retry(3, enabled=False))))
    assert done.named("NodeRunRetry") == []
    assert done.desk.attempts == ["f"]
    assert done.short[-2:] == ["Fa f", "RUN failed"]


@pytest.mark.spec("engine.34")
def test_retry_on_a_node_that_does_not_support_it() -> None:
    done = run(build("start -> t", t={**template("{{ 1 / 0 }}"), **retry(3)}))
    assert done.named("NodeRunRetry") == []
    assert done.status == "failed"


@pytest.mark.spec("engine.35")
def test_the_retry_wait_blocks_nobody() -> None:
    names = [f"n{i}" for i in range(5)]
    graph = build(
        "start -> f; start -> " + " -> ".join(names),
        f=fail(1, **retry(1, 300)),
        **{n: stub(sleep=0.001) for n in names},
    )
    done = run(graph)
    assert done.short.index("Ok n4") < done.short.index("Re f(1)")


@pytest.mark.spec("engine.36")
def test_fail_branch_taken() -> None:
    graph = build("start -> f; f -success-branch-> ok -> end; f -fail-branch-> bad -> end", f={**fail(), **FAIL_BRANCH})
    done = run(graph)
    i = done.short.index("-f->ok")
    assert done.short[i : i + 4] == ["-f->ok", "-ok->end", "+f->bad", "Ex f"]
    assert done.handle.pool.values("f") == {"error_message": "boom", "error_type": "FakeError"}
    assert done.short[-1] == "RUN partial(1)"
    ended = done.ended("f")
    assert ended["metadata"]["error_strategy"] == "fail-branch"
    assert ended["error"] == "boom"


@pytest.mark.spec("engine.37", "engine.38")
@pytest.mark.parametrize("handle", ["success-branch", "source"])
def test_fail_branch_success(handle: str) -> None:
    graph = build(f"start -> f; f -{handle}-> ok; f -fail-branch-> bad", f={**stub(), **FAIL_BRANCH})
    done = run(graph)
    assert "+f->ok" in done.short
    assert "-f->bad" in done.short
    assert done.short[-1] == "RUN ok"
    assert "error_message" not in done.handle.pool.values("f")


@pytest.mark.spec("engine.39")
def test_fail_branch_without_an_edge() -> None:
    done = run(build("start -> f -> end", f={**fail(), **FAIL_BRANCH}))
    assert "Ex f" in done.short
    assert done.short[-1] == "RUN partial(1)"
    assert done.outputs == {}


@pytest.mark.spec("engine.40")
def test_fail_branch_after_retries() -> None:
    done = run(build("start -> f; f -fail-branch-> bad", f={**fail(**retry(2)), **FAIL_BRANCH}))
    own = [s for s in done.short if " f" in s and "->" not in s]
    assert own == ["St f", "Re f(1)", "Re f(2)", "Ex f"]
    assert done.summary["exceptions_count"] == 1


@pytest.mark.spec("engine.41")
def test_default_values() -> None:
    f = {**fail(), **defaults(("text", "string", "d"), ("n", "number", "3"))}
    done = run(build("start -> f -> next", f=f))
    wanted = {"text": "d", "n": 3.0, "error_message": "boom", "error_type": "FakeError"}
    assert done.ended("f")["outputs"] == wanted
    assert isinstance(done.ended("f")["outputs"]["n"], float)
    assert "next" in done.started()
    assert done.short[-1] == "RUN partial(1)"


@pytest.mark.spec("engine.42")
def test_a_default_named_like_the_error() -> None:
    f = {**fail(), **defaults(("error_message", "string", "mine"))}
    assert run(build("start -> f", f=f)).ended("f")["outputs"]["error_message"] == "boom"
    single = run(build("start -> f", f=f), kind="node", node_id="f")
    assert single.ended("f")["outputs"] == {"error_message": "mine", "error_type": "FakeError"}
    assert single.ended("f")["event"] == "NodeRunException"


@pytest.mark.spec("engine.43")
def test_default_value_on_a_branch() -> None:
    graph = build("start -> p -a-> x", p={**pick("a", fail=True), **defaults(("v", "string", "d"))})
    done = run(graph)
    assert done.status == "failed"
    assert "Branch node p completed without selecting a branch" in done.summary["error"]
    assert any(i.code == "DEFAULT_VALUE_ON_BRANCH" and i.level == "E*" for i in lint(graph, node_class))


@pytest.mark.spec("engine.44")
def test_fail_branch_on_a_branch() -> None:
    done = run(build("start -> p; p -a-> x; p -fail-branch-> bad", p={**pick("a", fail=True), **FAIL_BRANCH}))
    assert done.started() == ["start", "p", "bad"]
    assert [s for s in done.short if s[1:].startswith("p->")] == ["-p->x", "+p->bad"]
    assert done.short[-1] == "RUN partial(1)"


@pytest.mark.spec("engine.45")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("array[number]", '[1,"a"]'),
        ("number", "three"),
        ("object", "{"),
        ("array[string]", {"a": 1}),
        ("string", 5),
        ("object", "[1]"),
    ],
)
def test_defaults_are_checked_when_the_graph_is_loaded(kind: str, value: object) -> None:
    with pytest.raises(GraphError):
        run(build("start -> f", f={**fail(), **defaults(("v", kind, value))}))


@pytest.mark.parametrize(("kind", "value", "wanted"), [("boolean", True, True), ("array[boolean]", "[true]", [True])])
def test_boolean_defaults_are_accepted(kind: str, value: object, wanted: object) -> None:
    done = run(build("start -> f", f={**fail(), **defaults(("v", kind, value))}))
    assert done.ended("f")["outputs"]["v"] == wanted


@pytest.mark.spec("engine.46")
@pytest.mark.parametrize("word", ["none", "abort", "retry", "", None])
def test_words_for_no_strategy(word: str | None) -> None:
    done = run(build("start -> f", f={**fail(), "error_strategy": word}))
    assert done.short[-2:] == ["Fa f", "RUN failed"]


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(GraphError):
        run(build("start -> f", f={**fail(), "error_strategy": "shrug"}))


@pytest.mark.spec("engine.47")
def test_failing_child_of_a_tolerant_iteration() -> None:
    graph = build(
        "start -> it", it=iterate("c", "start.items", "c.text", error_handle_mode="continue-on-error"), c=fail()
    )
    done = run(graph, items=[1])
    assert "Fa c" in done.short
    assert done.short[-1] == "RUN partial(1)"


def test_the_first_error_counts() -> None:
    async def main() -> None:
        done = await finish(begin(build("start -> a; start -> b", a=fail(error="one"), b=fail(error="two"))))
        assert done.summary["error"] == "one"
        assert done.short.count("RUN failed") == 1

    asyncio.run(main())


def test_zero_retries_and_missing_keys() -> None:
    done = run(build("start -> f", f=fail(retry_config={"retry_enabled": True})))
    assert len(done.named("NodeRunRetry")) == 3
    done = run(build("start -> f", f=fail(**retry(0))))
    assert done.named("NodeRunRetry") == []
