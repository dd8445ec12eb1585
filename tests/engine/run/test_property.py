"""What holds for every run, over generated graphs: branches, joins, containers, failures, retries, random timings.

The generator draws a graph from a seed. Nodes read only what is certain to be decided before them, so that the result
of a run does not depend on timing; the tests then vary timing, kill and pause at will.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import FixedClock, SeededIds
from engine.ports.bundle import Ports
from engine.run.fold import RunState, fold
from engine.run.frames import STATE_NAMES, TAKEN, UNKNOWN
from engine.run.plan import plan_resume
from engine.run.records import Records, facts_of, fold_rows
from engine.run.request import RunPlan
from tests.helpers.run import (
    Desk,
    Done,
    Memory,
    add,
    answer,
    begin,
    build,
    end,
    finish,
    iterate,
    loop,
    pick,
    retry,
    stub,
    variable,
)
from tests.helpers.virtual import run_virtual

SEEDS = st.integers(min_value=0, max_value=10**9)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Draw:
    """One graph from one seed; `timing` changes only how long nodes take."""

    def __init__(self, seed: int, timing: int = 0) -> None:
        self.random = random.Random(seed)
        self.clock = random.Random(seed * 31 + timing)
        self.nodes: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.has_answer = False
        self.has_counter = False
        self.may_fail = self.random.random() < 0.25

    def graph(self) -> dict[str, Any]:
        text = self._scope("start", [["start", "items"]], 0, counting=True)
        return build(text, **self.nodes)

    def _name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def _scope(self, root: str | None, outer: list[list[str]], depth: int, *, counting: bool) -> str:
        """The text of one scope: a graph of a few nodes in layers."""
        lines = [root] if root else []
        made: list[str] = []
        above: dict[str, set[str]] = {root: set()} if root else {}
        for _ in range(self.random.randint(2, 6 if depth == 0 else 3)):
            parents = self._parents(root, made)
            ancestors = {a for p in parents for a in above[p]} | set(parents)
            readable = outer + [s for a in sorted(ancestors) for s in self._outputs(a)]
            name = self._node(readable, depth, counting)
            above[name] = ancestors
            lines += [f"{p} -{self._handle(p)}-> {name}" for p in parents] or [name]
            made.append(name)
        if depth == 0:
            for number, name in enumerate(made):
                if self.random.random() < 0.5:
                    last = self._name("end")
                    reads = [s for a in sorted(above[name] | {name}) for s in self._outputs(a)]
                    self.nodes[last] = end(**{f"k{number}_{i}": s for i, s in enumerate(reads)})
                    lines.append(f"{name} -{self._handle(name)}-> {last}")
        return "\n".join(line for line in lines if line)

    def _parents(self, root: str | None, made: list[str]) -> list[str]:
        choices = ([root] if root else []) + made
        if not choices:
            return []
        return self.random.sample(choices, min(len(choices), self.random.choice([1, 1, 1, 2])))

    def _handle(self, name: str) -> str:
        data = self.nodes.get(name, {})
        if data.get("type") == "pick":
            return self.random.choice(["a", "b"])
        if data.get("error_strategy") == "fail-branch":
            return self.random.choice(["success-branch", "fail-branch"])
        return "source"

    def _outputs(self, name: str) -> list[list[str]]:
        kind = self.nodes.get(name, {}).get("type")
        if kind == "iteration":
            return [[name, "output"]]
        if kind == "loop":
            return [[name, "loop_round"], [name, "v"]]
        return [[name, "text"]] if kind == "stub" else []

    def _node(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        kinds = ["stub"] * 5 + ["pick"] * 2 + ["handled", "retry", "default"]
        kinds += ["iteration", "loop", "answer"] if depth < 2 else []
        kinds += ["count"] if counting and not self.has_counter else []
        kinds += ["fail"] if self.may_fail and depth == 0 else []
        kind = self.random.choice(kinds)
        maker = getattr(self, f"_make_{kind}")
        name: str = maker(readable, depth, counting)
        return name

    def _work(self, readable: list[list[str]], **more: Any) -> dict[str, Any]:
        sleep = self.clock.choice([None, None, self.clock.random() * 5])
        data = stub(
            echo=self.random.choice(readable) if readable else None, sleep=sleep, tokens=self.random.choice([0, 3])
        )
        if self.random.random() < 0.3:
            data["chunks"] = ["x", "y"]
            data["echo"] = None
        return {**data, **more}

    def _add(self, kind: str, data: dict[str, Any]) -> str:
        name = self._name(kind)
        self.nodes[name] = data
        return name

    def _make_stub(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        return self._add("n", self._work(readable))

    def _make_pick(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        return self._add("p", pick(self.random.choice(["a", "b"])))

    def _make_handled(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        times = self.random.choice([0, 1000])
        return self._add("h", self._work(readable, fail_times=times, error_strategy="fail-branch"))

    def _make_default(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        value = [{"key": "text", "type": "string", "value": "d"}]
        return self._add(
            "d", self._work(readable, fail_times=1000, error_strategy="default-value", default_value=value)
        )

    def _make_retry(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        wait = self.clock.choice([0, 400, 3000])
        return self._add("r", self._work(readable, fail_times=1, **retry(2, wait)))

    def _make_fail(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        return self._add("f", self._work(readable, fail_times=1000))

    def _make_count(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        self.has_counter = True
        return self._add("c", add("conversation.n"))

    def _make_answer(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        if self.has_answer or depth:
            return self._make_stub(readable, depth, counting)
        self.has_answer = True
        text = "".join(f"{{{{#{'.'.join(s)}#}}}}," for s in readable)
        return self._add("a", answer(text + "!"))

    def _make_iteration(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        name = self._name("it")
        parallel = self.random.random() < 0.5
        body = self._scope(
            None, [*readable, [name, "item"], [name, "index"]], depth + 1, counting=counting and not parallel
        )
        inside = body.split()[-1]
        failing = self.random.random() < 0.3
        if failing:
            self.nodes.setdefault(inside, self._work([[name, "item"]]))
        self.nodes[name] = iterate(
            body,
            "start.items",
            f"{inside}.text",
            is_parallel=parallel,
            parallel_nums=self.random.randint(1, 4),
            error_handle_mode=self.random.choice(["continue-on-error", "remove-abnormal-output"]),
            flatten_output=self.random.random() < 0.5,
        )
        if failing and self.nodes[inside].get("type") == "stub" and "error_strategy" not in self.nodes[inside]:
            self.nodes[inside]["fail_times"] = 1000
            self.nodes[inside].pop("retry_config", None)
        return name

    def _make_loop(self, readable: list[list[str]], depth: int, counting: bool) -> str:
        name = self._name("lp")
        body = self._scope(None, [*readable, [name, "v"]], depth + 1, counting=counting)
        if self.random.random() < 0.4:
            body += f"\n{body.split()[-1]} -> loopend{name}"
        self.nodes[f"loopend{name}"] = {"type": "loop-end", "loop_id": name}
        self.nodes[name] = loop(body, self.random.randint(1, 3), loop_variables=[variable("v", 1)])
        return name


class Trip(Memory):
    """A recorder that sends a command when the run reaches an event."""

    def __init__(self, at: int, command: str) -> None:
        super().__init__()
        self.at = at
        self.command = command
        self.handle: Any = None

    def event(self, event: Any, payload: Any) -> None:
        super().event(event, payload)
        if event["seq"] == self.at and self.handle is not None:
            self.handle.send({"command": self.command})


def go(
    graph: dict[str, Any], *, desk: Desk | None = None, memory: Memory | None = None, ids: int = 1, **options: Any
) -> Done:
    """Run a generated graph in virtual time, with a clock and ids that repeat."""
    desk = desk or Desk()
    ports = Ports(clock=FixedClock(step=0.001), ids=SeededIds(ids), extras={"desk": desk})
    options.setdefault("inputs", {"items": [1, 2, 3]})

    async def main() -> Done:
        done = begin(
            graph,
            desk=desk,
            ports=ports,
            memory=memory,
            mode="advanced-chat",
            conversation_variables=[{"name": "n", "value_type": "number", "value": 0}],
            **options,
        )
        if isinstance(memory, Trip):
            memory.handle = done.handle
        return await finish(done)

    return run_virtual(main())


def outcome(done: Done) -> Any:
    """What must not depend on timing: with an unhandled failure only that it failed, for siblings are cut off."""
    if done.status == "failed":
        return "failed"
    return done.status, done.outputs, done.summary["exceptions_count"], done.summary["conversation_variables"]


def compare_with_engine(done: Done, state: RunState) -> None:
    """The folded state against the scheduler's own."""
    scheduler = done.handle._scheduler
    assert state.status == done.status
    assert state.outputs == done.outputs
    assert state.exceptions_count == scheduler.exceptions_count
    assert state.total_steps == scheduler.steps
    assert not any(node.is_live for node in state.executions.values())
    root = scheduler.root
    for edge in root.scope.edges:
        assert state.edges.get(edge.config_id, "unknown") == STATE_NAMES[root.edges[edge.i]]
    if done.status != "failed":
        for node in root.scope.nodes:
            begun = node.id in state.nodes
            assert begun == (root.nodes[node.i] == TAKEN), node.id
            assert root.nodes[node.i] != UNKNOWN or not node.in_edges or not begun
        assert scheduler.frames == {"root": root}
        assert not scheduler.invocations
    assert not scheduler.running


def compare_with_rows(done: Done, state: RunState) -> None:
    """The stored rows against the folded state."""
    records = Records(facts_of(done.request))
    tables = fold_rows(change for event in done.events for change in records.apply(event))
    row = tables["run"]["run-1"]
    assert (row["status"], row["outputs"], row["error"]) == (state.status, state.outputs, state.error)
    assert row["total_tokens"] == state.total_tokens
    rows = tables["node"]
    assert list(rows) == list(state.executions)
    for key, node in state.executions.items():
        stored = rows[key]
        assert (stored["status"], stored["error"], stored["index"]) == (node.status, node.error, node.index)
        if node.status != "failed" and node.status != "stopped":
            assert stored["outputs"] == node.outputs
            assert stored["elapsed_time"] == node.elapsed


@MANY
@given(SEEDS)
def test_every_run_ends_and_its_events_say_it_all(seed: int) -> None:
    done = go(Draw(seed).graph())
    assert done.status in ("succeeded", "partial-succeeded", "failed", "stopped")
    state = fold(done.events)
    compare_with_engine(done, state)
    compare_with_rows(done, state)
    assert json.loads(json.dumps(done.events)) == done.events


@MANY
@given(SEEDS)
def test_the_same_seed_gives_the_same_events(seed: int) -> None:
    one, two = go(Draw(seed).graph()), go(Draw(seed).graph())
    assert one.events == two.events
    other = go(Draw(seed, timing=7).graph())
    assert outcome(other) == outcome(one)


@MANY
@given(SEEDS, st.floats(0, 1))
def test_resume_after_a_kill_at_any_event(seed: int, part: float) -> None:
    graph = Draw(seed).graph()
    whole = go(graph)
    cut = 1 + int(part * (len(whole.events) - 2))
    plan = RunPlan.from_json(json.loads(json.dumps(plan_resume(graph, whole.events[:cut]).to_json())))
    again = go(graph, plan=plan, ids=2)
    assert outcome(again) == outcome(whole)
    # A second interruption, of the run that took things over.
    cut = 1 + int(part * (len(again.events) - 2))
    third = go(graph, plan=plan_resume(graph, again.events[:cut]), ids=3)
    assert outcome(third) == outcome(whole)


@MANY
@given(SEEDS, st.floats(0, 1))
def test_resume_from_a_pause_at_any_event(seed: int, part: float) -> None:
    graph = Draw(seed).graph()
    whole = go(graph)
    at = 1 + int(part * (len(whole.events) - 2))
    desk = Desk()
    done = go(graph, desk=desk, memory=Trip(at, "pause"))
    segments = [done]
    while done.status == "paused":
        snapshot = json.loads(json.dumps(done.snapshot))
        later = done.events[-1]["seq"] + at
        memory = Trip(later, "pause") if len(segments) < 3 else None
        done = go(graph, desk=desk, snapshot=snapshot, memory=memory, ids=len(segments) + 1)
        segments.append(done)
    assert outcome(done) == outcome(whole)
    if done.status != "failed":
        responses = [n for n in graph["nodes"] if n["data"]["type"] in ("end", "answer")]
        if len(responses) < 2:
            # Several answers are shown in the order in which they became reachable, which is a matter of timing.
            assert done.summary["stream_text"] == whole.summary["stream_text"]
        assert done.summary["total_tokens"] == whole.summary["total_tokens"]
    events = [event for segment in segments for event in segment.events]
    state = fold(events)
    assert (state.status, state.outputs) == (done.status, done.outputs)
    records = Records(facts_of(done.request))
    rows = fold_rows(change for event in events for change in records.apply(event))["node"]
    assert {k: r["status"] for k, r in rows.items()} == {k: n.status for k, n in state.executions.items()}


@MANY
@given(SEEDS, st.floats(0, 1))
def test_an_abort_at_any_event_ends_the_run(seed: int, part: float) -> None:
    graph = Draw(seed).graph()
    whole = go(graph)
    done = go(graph, memory=Trip(1 + int(part * (len(whole.events) - 2)), "abort"))
    assert done.status in ("stopped", whole.status)
    assert not any(node.is_live for node in fold(done.events).executions.values())
    assert done.desk.running == set()


def test_the_generator_draws_what_it_should() -> None:
    """Over a few hundred seeds every kind of thing has been seen."""
    seen: set[str] = set()
    for seed in range(120):
        done = go(Draw(seed).graph())
        seen |= {e["event"] for e in done.events}
    assert {
        "NodeRunRetry",
        "NodeRunException",
        "NodeRunFailed",
        "GraphEdgeSkipped",
        "NodeRunIterationNext",
        "NodeRunLoopNext",
        "ResponseChunk",
        "GraphRunPartialSucceeded",
        "GraphRunFailed",
        "NodeRunVariableUpdated",
    } <= seen


def test_runs_beside_each_other_in_virtual_time() -> None:
    async def main() -> None:
        runs = [begin(Draw(seed).graph(), inputs={"items": [1]}, mode="advanced-chat") for seed in range(20)]
        for done in await asyncio.gather(*map(finish, runs), return_exceptions=True):
            assert isinstance(done, Done), done

    run_virtual(main())


pytestmark = pytest.mark.timeout(300)
