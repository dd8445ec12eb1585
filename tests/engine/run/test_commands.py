"""Commands, limits, pause and resume (engine spec, section 9; statements 100 to 112)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.run.fold import fold
from engine.run.limits import Limits
from engine.run.request import RunRefused
from engine.run.snapshot import SnapshotProblem
from tests.helpers.run import (
    Desk,
    Done,
    ask,
    begin,
    build,
    end,
    finish,
    iterate,
    loop,
    pick,
    retry,
    run,
    stub,
    until,
)


def interrupted(graph: dict[str, Any], command: dict[str, Any], node_id: str = "a", **options: Any) -> Done:
    """Send a command while `node_id` runs, then let it go on."""

    async def main() -> Done:
        desk = options.pop("desk", None) or Desk()
        done = begin(graph, desk=desk, **options)
        await until(done, "NodeRunStarted", node_id)
        done.handle.send(command)
        await asyncio.sleep(0)
        desk.signal("go").set()
        return await finish(done)

    return asyncio.run(main())


SLOW = stub(wait_for="go", outs={"x": 1})


@pytest.mark.spec("engine.100")
def test_abort() -> None:
    done = interrupted(build("start -> a -> b", a=stub(sleep=30)), {"command": "abort", "reason": "because"})
    assert "b" not in done.started()
    assert done.events[-1]["event"] == "GraphRunAborted"
    assert done.events[-1]["reason"] == "Aborted: because"
    assert done.status == "stopped"
    assert fold(done.events).nodes["a"].status == "stopped"
    assert done.desk.cancelled == ["a"]
    assert done.desk.running == set()


@pytest.mark.expects_log
def test_stop_is_quick_even_when_a_node_does_not_listen(caplog: pytest.LogCaptureFixture) -> None:
    from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
    from tests.helpers.run import DOUBLES

    release = asyncio.Event()

    class Deaf(Node[NodeConfig]):
        node_type = "deaf"

        async def run(self, ctx: NodeContext) -> NodeResult:
            while not release.is_set():
                try:
                    await asyncio.wait_for(release.wait(), 5)
                except asyncio.CancelledError:
                    continue
            return NodeResult()

    async def main() -> tuple[Done, float]:
        done = begin(build("start -> a", a={"type": "deaf"}), limits=Limits(stop_grace_seconds=0.2))
        await until(done, "NodeRunStarted", "a")
        await asyncio.sleep(0)
        begun = time.perf_counter()
        done.handle.send({"command": "abort"})
        await finish(done)
        took = time.perf_counter() - begun
        release.set()
        await asyncio.sleep(0)
        return done, took

    DOUBLES["deaf"] = Deaf
    try:
        done, took = asyncio.run(main())
    finally:
        del DOUBLES["deaf"]
    assert took < 1
    assert done.status == "stopped"
    assert done.events[-1]["reason"] == "Aborted: User requested abort"
    assert "did not stop in time" in caplog.text


@pytest.mark.spec("engine.101")
def test_step_limit() -> None:
    done = run(build("start -> a -> b -> c"), limits=Limits(max_steps=2))
    assert done.events[-1]["reason"] == "Aborted: Maximum execution steps exceeded: 3 > 2"
    assert done.status == "stopped"
    assert "c" not in done.started()


def test_time_limit_catches_a_hung_node() -> None:
    done = run(build("start -> a", a=stub(sleep=60)), limits=Limits(max_seconds=0.05))
    assert done.status == "stopped"
    assert done.events[-1]["reason"].startswith("Aborted: Maximum execution time exceeded: 0.")
    assert done.events[-1]["reason"].endswith("s > 0.05s")


def test_call_depth() -> None:
    with pytest.raises(RunRefused, match="Max workflow call depth 5 reached"):
        run(build("start -> a"), call_depth=6)


@pytest.mark.spec("engine.102")
def test_pause() -> None:
    done = interrupted(build("start -> a -> b -> end", a=SLOW), {"command": "pause", "reason": "lunch"})
    assert "Ok a" in done.short
    assert "b" not in done.started()
    assert done.short[-1] == "RUN paused"
    assert done.events[-1]["reasons"] == [{"TYPE": "scheduled_pause", "message": "lunch"}]
    snapshot = done.snapshot
    assert snapshot["version"] == "2.0"
    assert snapshot["node_run_steps"] == 2
    assert snapshot["outputs"] == {}
    assert snapshot["ready_queue"] == {"version": "2.0", "items": []}
    assert snapshot["deferred_ready_tasks"]["items"] == [{"kind": "start", "frame_id": "root", "node_id": "b"}]
    states = {"start": "taken", "a": "taken", "b": "taken", "end": "unknown"}
    assert snapshot["graph_node_states"] == states
    assert snapshot["graph_edge_states"] == {"edge_0": "taken", "edge_1": "taken", "edge_2": "unknown"}
    assert json.loads(json.dumps(snapshot)) == snapshot


@pytest.mark.spec("engine.102")
def test_pause_defers_what_is_ready() -> None:
    done = begin_paused(build("start -> a -> b -> end"))
    assert done.snapshot["deferred_ready_tasks"]["items"] == [{"kind": "start", "frame_id": "root", "node_id": "start"}]


def begin_paused(graph: dict[str, Any]) -> Done:
    async def main() -> Done:
        done = begin(graph)
        done.handle.send({"command": "pause"})
        return await finish(done)

    return asyncio.run(main())


@pytest.mark.spec("engine.103")
def test_resume_in_another_process() -> None:
    """The snapshot goes through JSON and a fresh interpreter's worth of objects."""
    graph = build("start -> a -> b -> end", a=SLOW, b=stub(echo=["a", "x"]), end=end(v="b.text", q="start.q"))
    paused = interrupted(graph, {"command": "pause"}, q="hello")
    stored = json.loads(json.dumps({"snapshot": paused.snapshot, "graph": graph}))
    done = run(stored["graph"], snapshot=stored["snapshot"])
    assert done.short[0] == "RUN started(resumption)"
    assert done.started() == ["b", "end"]
    assert done.outputs == {"v": 1, "q": "hello"}
    assert done.events[0]["seq"] == paused.events[-1]["seq"] + 1
    assert done.summary["total_steps"] == 4
    state = fold([*paused.events, *done.events])
    assert (state.status, state.nodes["a"].status) == ("succeeded", "succeeded")


RESUMES = """
import json, sys
from tests.helpers.run import run
stored = json.load(sys.stdin)
done = run(stored["graph"], snapshot=stored["snapshot"])
print(json.dumps([done.short[0], done.started(), done.outputs, done.events[0]["seq"]]))
"""


@pytest.mark.spec("engine.103")
def test_resume_in_an_interpreter_of_its_own() -> None:
    graph = build("start -> a -> b -> end", a=SLOW, b=stub(echo=["a", "x"]), end=end(v="b.text", q="start.q"))
    paused = interrupted(graph, {"command": "pause", "reason": "lunch"}, q="hello")
    done = subprocess.run(
        [sys.executable, "-c", RESUMES],
        input=json.dumps({"snapshot": paused.snapshot, "graph": graph}),
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    begun, started, outputs, seq = json.loads(done.stdout)
    assert (begun, started) == ("RUN started(resumption)", ["b", "end"])
    assert outputs == {"v": 1, "q": "hello"}
    assert seq == paused.events[-1]["seq"] + 1


@pytest.mark.spec("engine.109")
def test_resume_in_the_same_loop() -> None:
    graph = build("start -> a -> b -> end", a=SLOW, end=end(v="a.x"))

    async def main() -> None:
        desk = Desk()
        first = begin(graph, desk=desk)
        await until(first, "NodeRunStarted", "a")
        first.handle.send({"command": "pause"})
        desk.signal("go").set()
        await finish(first)
        second = await finish(begin(graph, desk=desk, snapshot=first.snapshot))
        assert second.outputs == {"v": 1}

    asyncio.run(main())


@pytest.mark.spec("engine.104")
def test_update_variables() -> None:
    graph = build("start -> a -> b -> end", a=SLOW, b=stub(echo=["conversation", "n"]), end=end(v="b.text"))
    command = {
        "command": "update_variables",
        "variables": [
            {"selector": ["conversation", "n"], "value": "new"},
            {"selector": ["too", "many", "parts"], "value": 1},
        ],
    }
    variables = [{"name": "n", "value_type": "string", "value": "old"}]
    done = interrupted(graph, command, mode="advanced-chat", conversation_variables=variables)
    assert done.outputs == {"v": "new"}
    assert done.named("VariablesUpdated")[0]["variables"] == [
        {"selector": ["conversation", "n"], "value": "new", "value_type": "string"}
    ]


@pytest.mark.spec("engine.105")
def test_human_input_pauses() -> None:
    done = run(build("start -> q -ok-> end", q=ask()))
    assert done.short[-3:] == ["St q", "Pa q", "RUN paused"]
    (reason,) = done.events[-1]["reasons"]
    started = next(e for e in done.named("NodeRunStarted") if e["node_id"] == "q")
    session = f"form-{started['id']}"
    assert reason == {"TYPE": "hitl_required", "session_id": session, "node_id": "q", "node_title": "q"}
    assert fold(done.events).nodes["q"].status == "paused"
    assert fold(done.events).nodes["q"].form == {"content": "?"}
    assert done.snapshot["graph_node_states"]["q"] == "unknown"


@pytest.mark.spec("engine.106")
def test_two_questions_at_once() -> None:
    graph = build(
        "start -> q1; start -> q2; start -> w -> after; q1 -ok-> end; q2 -ok-> end2; after -> end3",
        q1=ask(),
        q2=ask(),
        w=stub(sleep=0.005),
        end=end(one="q1.value"),
        end2=end(two="q2.value"),
    )
    first = run(graph)
    assert [r["node_id"] for r in first.events[-1]["reasons"]] == ["q1", "q2"]
    assert "Ok w" in first.short
    assert "after" not in first.started()
    second = run(graph, snapshot=first.snapshot, desk=Desk(answers={"q1": "A"}))
    assert second.status == "paused"
    assert [r["node_id"] for r in second.events[-1]["reasons"]] == ["q2"]
    third = run(graph, snapshot=second.snapshot, desk=Desk(answers={"q1": "A", "q2": "B"}))
    assert third.status == "succeeded"
    assert third.outputs == {"one": "A", "two": "B"}
    ids = {e["id"] for r in (first, second, third) for e in r.named("NodeRunStarted") if e["node_id"] == "q2"}
    assert len(ids) == 1


@pytest.mark.spec("engine.107")
def test_a_question_in_a_loop() -> None:
    graph = build("start -> lp -> end", lp=loop("pre -> q -ok-> post", 3), q=ask(), end=end(r="lp.loop_round"))

    def answered(*rounds: str) -> Desk:
        return Desk(answers=dict.fromkeys(rounds, "yes"))

    first = run(graph)
    id0 = first.named("NodeRunPauseRequested")[0]["id"]
    second = run(graph, snapshot=first.snapshot, desk=answered(id0))
    assert second.named("NodeRunLoopStarted") == []
    assert [e["index"] for e in second.named("NodeRunLoopNext")] == [1]
    id1 = second.named("NodeRunPauseRequested")[0]["id"]
    third = run(graph, snapshot=json.loads(json.dumps(second.snapshot)), desk=answered(id0, id1))
    id2 = third.named("NodeRunPauseRequested")[0]["id"]
    assert {e["loop_index"] for e in third.named("NodeRunStarted") if e["node_id"] == "q"} == {1, 2}
    last = run(graph, snapshot=third.snapshot, desk=answered(id0, id1, id2))
    assert last.outputs == {"r": 3}
    ends = first.named("NodeRunStarted") + last.named("NodeRunSucceeded")
    assert len({e["id"] for e in ends if e["node_id"] == "lp"}) == 1


@pytest.mark.spec("engine.108")
def test_a_question_in_a_parallel_iteration() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("p -work-> w -> j; p -ask-> q -ok-> j", "start.items", "j.text", is_parallel=True, parallel_nums=2),
        p=pick(read=["it", "item", "do"]),
        w=stub(sleep=0.005),
        q=ask(),
        j=stub(echo=["it", "item", "name"]),
        end=end(x="it.output"),
    )
    # The working branch ends in its own round while the other one asks.
    names = [("work", "r0"), ("ask", "r1"), ("work", "r2")]
    items = [{"do": do, "name": name} for do, name in names]
    simple = build(
        "start -> it -> end",
        it=iterate("p -work-> w; p -ask-> q", "start.items", "it.item", is_parallel=True, parallel_nums=2),
        p=pick(read=["it", "item", "do"]),
        w=stub(sleep=0.005),
        q=ask(),
        end=end(x="it.output"),
    )
    first = run(simple, items=items)
    snapshot = first.snapshot
    (container,) = snapshot["container_runs"]
    assert (container["scheduled_count"], container["completed_count"]) == (2, 1)
    assert container["outputs"] == {"0": items[0]}
    tasks = snapshot["deferred_ready_tasks"]["items"]
    assert [t["kind"] for t in tasks] == ["start", "resume"]
    assert tasks[0]["frame_id"].endswith(":iteration:1")
    assert tasks[1]["result"]["index"] == 2
    done = run(simple, snapshot=json.loads(json.dumps(snapshot)), desk=Desk(answers={"q": "y"}))
    assert done.outputs == {"x": items}
    assert run(graph, items=items, desk=Desk(answers={"q": "y"})).outputs == {"x": ["r0", "r1", "r2"]}


@pytest.mark.spec("engine.110")
def test_a_graph_that_lost_a_node_is_refused() -> None:
    graph = build("start -> lp -> end", lp=loop("q -ok-> post", 2), q=ask())
    first = run(graph)
    smaller = {
        "nodes": [n for n in graph["nodes"] if n["id"] != "post"],
        "edges": [e for e in graph["edges"] if e["target"] != "post"],
    }
    with pytest.raises(SnapshotProblem, match="does not match rebuilt graph") as caught:
        run(smaller, snapshot=first.snapshot)
    assert "'post'" in str(caught.value)
    assert "edge_" in str(caught.value)


@pytest.mark.spec("engine.111")
def test_stopping_a_paused_run_is_a_change_of_state() -> None:
    from engine.run.records import can_become

    assert can_become("paused", "stopped")
    assert can_become("paused", "running")
    assert not can_become("stopped", "running")
    assert not can_become("paused", "succeeded")


@pytest.mark.spec("engine.112")
def test_snapshot_1_0() -> None:
    graph = build("start -> a -> q -ok-> end; a -> b -> end2", a=SLOW, q=ask(), end=end(v="q.value", x="a.x"))
    first = interrupted(graph, {"command": "pause"})
    present = first.snapshot
    old = {
        "version": "1.0",
        "variable_pool": json.dumps(present["variable_pool"]),
        "outputs": {},
        "node_run_steps": 2,
        "ready_queue": json.dumps({"version": "1.0", "items": []}),
        "paused_nodes": ["q"],
        "deferred_nodes": ["b", "q"],
        "graph_execution": json.dumps({"exceptions_count": 0, "node_executions": {}}),
        "graph_node_states": present["graph_node_states"],
        "graph_edge_states": present["graph_edge_states"],
    }
    done = run(graph, snapshot=old, desk=Desk(answers={"q": "yes"}))
    assert sorted(done.started()) == ["b", "end", "end2", "q"]
    assert done.outputs == {"v": "yes", "x": 1}
    with pytest.raises(SnapshotProblem, match="version"):
        run(graph, snapshot={"version": "9"})


def test_an_envelope_is_unpacked() -> None:
    graph = build("start -> a -> b -> end", a=SLOW, end=end(v="a.x"))
    snapshot = interrupted(graph, {"command": "pause"}).snapshot
    envelope = {"version": "1", "serialized_graph_runtime_state": json.dumps(snapshot), "active_execution_seconds": 7}
    done = run(graph, snapshot=envelope)
    assert done.outputs == {"v": 1}


def test_a_pause_when_nothing_is_left_pauses_and_resumes_to_the_end() -> None:
    graph = build("start -> a", a=SLOW)
    first = interrupted(graph, {"command": "pause"})
    assert first.status == "paused"
    assert run(graph, snapshot=first.snapshot).status == "succeeded"


def test_a_retry_that_waits_is_kept_over_a_pause() -> None:
    graph = build("start -> a -> end", a=stub(fail_times=1, outs={"x": 1}, **retry(1, 60_000)), end=end(x="a.x"))

    async def main() -> Done:
        desk = Desk()
        done = begin(graph, desk=desk)
        await until(done, "NodeRunStarted", "a")
        await asyncio.sleep(0.01)
        done.handle.send({"command": "pause"})
        return await finish(done)

    first = asyncio.run(main())
    assert first.status == "paused"
    done = run(graph, snapshot=first.snapshot, desk=Desk(failures={"a": 1}))
    assert done.outputs == {"x": 1}
    assert run(graph, snapshot=first.snapshot).status == "failed"
    assert {e["id"] for r in (first, done) for e in r.named("NodeRunStarted") if e["node_id"] == "a"} == {
        first.named("NodeRunStarted")[1]["id"]
    }


def test_abort_beats_a_pause() -> None:
    async def main() -> Done:
        done = begin(build("start -> a -> b", a=stub(sleep=30)))
        await until(done, "NodeRunStarted", "a")
        done.handle.send({"command": "pause"})
        await asyncio.sleep(0.01)
        done.handle.send({"command": "abort"})
        return await finish(done)

    assert asyncio.run(main()).status == "stopped"


@pytest.mark.expects_log
def test_unknown_commands_are_logged_and_left(caplog: pytest.LogCaptureFixture) -> None:
    done = interrupted(build("start -> a", a=SLOW), {"command": "dance"})
    assert done.status == "succeeded"
    assert "dance" in caplog.text


def test_commands_from_another_thread() -> None:
    async def main() -> Done:
        done = begin(build("start -> a", a=stub(sleep=30)))
        await until(done, "NodeRunStarted", "a")
        await asyncio.to_thread(done.handle.send, {"command": "abort", "reason": "afar"})
        return await finish(done)

    assert asyncio.run(main()).events[-1]["reason"] == "Aborted: afar"


def test_cancelling_the_task_of_a_run_stops_it_in_order() -> None:
    async def main() -> Done:
        done = begin(build("start -> a", a=stub(sleep=30)))
        await until(done, "NodeRunStarted", "a")
        done.handle._task.cancel()
        async for event in done.handle.events():
            done.events.append(event)
        return done

    done = asyncio.run(main())
    assert done.events[-1]["event"] == "GraphRunAborted"


def test_a_lagging_reader_slows_the_run_down() -> None:
    names = [f"n{i}" for i in range(400)]

    async def main() -> None:
        graph = build(" -> ".join(["start", *names]))
        done = begin(graph, limits=Limits(max_waiting_events=100))
        reader = done.handle.events()
        await anext(reader)
        await asyncio.sleep(0.05)
        assert len(done.memory.events) < 1300
        async for _ in reader:
            pass
        assert (await done.handle.result())["status"] == "succeeded"

    asyncio.run(main())


@pytest.mark.expects_log
def test_a_recorder_that_fails_never_breaks_a_run(caplog: pytest.LogCaptureFixture) -> None:
    from collections.abc import Mapping

    from engine.run.engine import start_run
    from tests.helpers.run import make_ports, node_class, request

    class Broken:
        def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
            raise OSError("disk full")

        def is_behind(self) -> bool:
            return False

        async def flush(self) -> None:
            raise OSError("disk full")

    async def main() -> None:
        handle = start_run(request(build("start -> a")), make_ports(), Broken(), node_class=node_class)
        assert (await handle.result())["status"] == "succeeded"

    asyncio.run(main())
    assert "disk full" in caplog.text
