"""Rows of the run log, totals and statuses (engine spec 10.5, 10.6, 11, 12; statements 113 to 117, 121 to 125)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import parse_iso
from engine.ports.models import Usage
from engine.run.dify import DifyNames
from engine.run.parallel import parallel_ids
from engine.run.records import RETRY_HISTORY, Records, facts_of, fold_rows
from tests.helpers.run import (
    Desk,
    Done,
    add,
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
)


def rows_of(*runs: Done) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The run row and the node rows by node id (the last of each), over all segments."""
    records = Records(facts_of(runs[0].request))
    tables = fold_rows(change for done in runs for event in done.events for change in records.apply(event))
    return tables["run"].get(runs[0].request.run_id, {}), {row["node_id"]: row for row in tables["node"].values()}


@pytest.mark.spec("engine.113")
def test_rows_of_a_plain_run() -> None:
    done = run(build("start -> a -> end", a=stub(outs={"x": 1}), end=end(x="a.x")))
    records = Records(facts_of(done.request))
    first = records.apply(done.events[0])[0]
    assert (first.table, first.insert, first.values["status"]) == ("run", True, "running")
    row, nodes = rows_of(done)
    assert (row["status"], row["outputs"]) == ("succeeded", {"x": 1})
    assert row["finished_at"] == done.events[-1]["at"]
    assert [(n, nodes[n]["index"], nodes[n]["predecessor_node_id"]) for n in nodes] == [
        ("start", 1, None),
        ("a", 2, "start"),
        ("end", 3, "a"),
    ]
    assert nodes["a"]["id"] == nodes["a"]["node_execution_id"] == done.ended("a")["id"]
    assert {n["triggered_from"] for n in nodes.values()} == {"workflow-run"}
    assert nodes["a"]["workflow_run_id"] == "run-1"


@pytest.mark.spec("engine.113")
def test_predecessor_is_the_tail_that_made_the_node_ready() -> None:
    done = run(build("start -> a -> j; start -> b -> j", a=stub(sleep=0.01)))
    _, nodes = rows_of(done)
    assert nodes["j"]["predecessor_node_id"] == "a"


@pytest.mark.spec("engine.114")
def test_inputs_of_the_run_row() -> None:
    graph = build("start -> end")
    done = run(graph, mode="advanced-chat", conversation_id="c1", query="hi", q="x", version="2024-01-15 10:30:45")
    row, nodes = rows_of(done)
    assert row["inputs"]["q"] == "x"
    assert "sys.files" in row["inputs"]
    assert row["inputs"]["sys.workflow_run_id"] == "run-1"
    assert "sys.conversation_id" not in row["inputs"]
    assert row["version"] == "2024-01-15 10:30:45"
    assert row["graph"] is done.request.graph
    assert row["type"] == "chat"
    assert nodes["start"]["inputs"]["sys.query"] == "hi"
    assert nodes["start"]["outputs"] == {"q": "x"}


@pytest.mark.spec("engine.115")
def test_one_row_for_all_attempts() -> None:
    done = run(build("start -> a", a=stub(fail_times=2, outs={"x": 1}, **retry(2))))
    records = Records(facts_of(done.request))
    statuses = []
    tables: list[Any] = []
    for event in done.events:
        for change in records.apply(event):
            tables.append(change)
            if change.table == "node" and "status" in change.values and change.key == done.ended("a")["id"]:
                statuses.append(change.values["status"])
    assert statuses == ["running", "retry", "retry", "succeeded"]
    row = fold_rows(tables)["node"][done.ended("a")["id"]]
    history = row["process_data"][RETRY_HISTORY]
    assert [h["retry_index"] for h in history] == [1, 2]
    assert history[0]["error"] == "boom"
    assert isinstance(history[0]["created_at"], int)
    assert row["attempt"] == 3


@pytest.mark.spec("engine.116")
def test_handled_failure() -> None:
    done = run(build("start -> f; f -fail-branch-> x", f=fail(error_strategy="fail-branch")))
    row, nodes = rows_of(done)
    f = nodes["f"]
    assert (f["status"], f["error"]) == ("exception", "boom")
    assert f["execution_metadata"]["error_strategy"] == "fail-branch"
    assert (row["status"], row["exceptions_count"]) == ("partial-succeeded", 1)


@pytest.mark.spec("engine.117")
def test_rows_of_children() -> None:
    graph = build("start -> it", it=iterate("c", "start.items", "c.text", is_parallel=True), c=stub())
    done = run(graph, items=[1, 2])
    records = Records(facts_of(done.request))
    tables = fold_rows(change for event in done.events for change in records.apply(event))
    rows = list(tables["node"].values())
    assert not any(r["node_id"] == "itstart" for r in rows)
    children = [r for r in rows if r["node_id"] == "c"]
    assert [(r["execution_metadata"]["iteration_id"], r["iteration_index"]) for r in children] == [("it", 0), ("it", 1)]
    assert children[0]["predecessor_node_id"] is None
    assert children[0]["execution_metadata"]["parallel_mode_run_id"] == children[0]["frame_id"]
    container = next(r for r in rows if r["node_id"] == "it")
    assert set(container["execution_metadata"]["iteration_duration_map"]) == {"0", "1"}


def test_failed_run_ends_its_running_rows() -> None:
    done = run(build("start -> slow; start -> f", slow=stub(sleep=30), f=fail(sleep=0.005)))
    row, nodes = rows_of(done)
    assert (row["status"], row["error"], row["error_node_id"]) == ("failed", "boom", "f")
    assert (nodes["slow"]["status"], nodes["slow"]["error"]) == ("failed", "boom")


@pytest.mark.spec("engine.30", "engine.100")
def test_stopped_run_ends_its_running_rows() -> None:
    async def main() -> Done:
        done = begin(build("start -> a", a=stub(sleep=30)))
        await until(done, "NodeRunStarted", "a")
        done.handle.send({"command": "abort", "reason": "because"})
        return await finish(done)

    row, nodes = rows_of(asyncio.run(main()))
    assert (row["status"], row["error"]) == ("stopped", "Aborted: because")
    assert (nodes["a"]["status"], nodes["a"]["error"]) == ("stopped", "Aborted: because")


@pytest.mark.spec("engine.121")
def test_tokens() -> None:
    graph = build(
        "start -> it -> b",
        it=iterate("c", "start.items", "c.text"),
        c=stub(tokens=5),
        b=stub(tokens=3, fail_times=1, **retry(1)),
    )
    done = run(graph, items=[1, 2, 3])
    row, nodes = rows_of(done)
    assert row["total_tokens"] == 21
    assert nodes["it"]["total_tokens"] == 15
    assert nodes["c"]["total_tokens"] == 5
    assert done.summary["total_price"] == "0.05"


@pytest.mark.spec("engine.122")
def test_steps() -> None:
    done = run(build("start -> it -> end", it=iterate("c", "start.items", "c.text"), c=stub()), items=[1, 2, 3])
    assert done.summary["total_steps"] == 6
    retried = run(build("start -> a", a=stub(fail_times=2, **retry(2))))
    assert retried.summary["total_steps"] == 4


@pytest.mark.spec("engine.123")
def test_a_pause_in_the_rows() -> None:
    from engine.clock import FixedClock, SeededIds
    from engine.ports.bundle import Ports

    graph = build("start -> q -ok-> end", q=ask(), end=end(x="q.value"))
    clock = FixedClock(step=0.5)
    first = run(graph, ports=Ports(clock=clock, ids=SeededIds(1)))
    clock.advance(3600)
    desk = Desk(answers={"q": "yes"})
    ports = Ports(clock=clock, ids=SeededIds(2), extras={"desk": desk})
    second = run(graph, ports=ports, desk=desk, snapshot=first.snapshot)
    records = Records(facts_of(first.request))
    before = fold_rows(change for event in first.events for change in records.apply(event))
    assert before["run"]["run-1"]["status"] == "paused"
    assert before["run"]["run-1"]["finished_at"] is None
    paused = next(r for r in before["node"].values() if r["node_id"] == "q")
    assert (paused["status"], paused["index"]) == ("paused", 2)
    row, nodes = rows_of(first, second)
    assert row["created_at"] == before["run"]["run-1"]["created_at"]
    assert row["elapsed_time"] < 100
    assert parse_iso(row["finished_at"]).timestamp() - parse_iso(row["created_at"]).timestamp() > 3600
    assert (nodes["q"]["index"], nodes["end"]["index"]) == (3, 4)
    assert nodes["q"]["status"] == "succeeded"


@pytest.mark.spec("engine.123")
def test_records_go_on_in_another_process() -> None:
    graph = build("start -> q -ok-> end", q=ask())
    first = run(graph)
    records = Records(facts_of(first.request))
    before = fold_rows(change for event in first.events for change in records.apply(event))
    second = run(graph, desk=Desk(answers={"q": "yes"}), snapshot=first.snapshot)
    open_rows = [row for row in before["node"].values() if row["status"] == "paused"]
    later = Records(facts_of(first.request), next_index=records.next_index, open_rows=open_rows)
    changes = [change for event in second.events for change in later.apply(event)]
    assert changes[0].values == {"status": "running"}
    again = next(c for c in changes if c.table == "node")
    assert (again.insert, again.values) == (False, {"status": "running", "index": 3})
    assert [c.key for c in changes if c.insert] == [second.ended("end")["id"]]


@pytest.mark.spec("engine.124")
def test_conversation_variables_are_kept_although_the_run_fails() -> None:
    graph = build("start -> inc -> f", inc=add("conversation.n"), f=fail())
    variables = [{"id": "v1", "name": "n", "value_type": "number", "value": 4}]
    done = run(graph, mode="advanced-chat", conversation_id="c1", conversation_variables=variables)
    assert done.status == "failed"
    records = Records(facts_of(done.request))
    changes = [change for event in done.events for change in records.apply(event)]
    (change,) = [c for c in changes if c.table == "conversation_variable"]
    assert (change.key, change.values["value"], change.values["id"]) == ("n", 5, "v1")
    assert change.values["conversation_id"] == "c1"
    assert done.summary["conversation_variables"] == {"n": 5}


def test_the_recorder_gets_the_clear_value_of_a_conversation_variable() -> None:
    secret = "sk-abcdefgh"
    graph = build("start -> set", set={"type": "mutate", "target": ["conversation", "n"], "source": ["env", "k"]})
    done = run(
        graph,
        mode="advanced-chat",
        environment=[{"name": "k", "value_type": "secret", "value": secret}],
        conversation_variables=[{"name": "n", "value_type": "string", "value": ""}],
    )
    assert secret not in repr(done.events)
    (payload,) = done.memory.payloads
    assert payload["variable"]["value"] == secret


@pytest.mark.spec("engine.125")
def test_usage_plus() -> None:
    one = Usage(total_tokens=1, total_price=Decimal("0.1"), currency="EUR", latency=1.0, prompt_unit_price=Decimal(1))
    two = Usage(total_tokens=2, total_price=Decimal("0.2"), currency="USD", latency=2.0, prompt_unit_price=Decimal(2))
    assert Usage().plus(one) == one
    both = one.plus(two)
    assert (both.total_tokens, both.total_price, both.latency) == (3, Decimal("0.3"), 3.0)
    assert (both.currency, both.prompt_unit_price) == ("USD", Decimal(2))
    assert Usage.from_json({"prompt_tokens": 2, "completion_tokens": 3}).total_tokens == 5


def test_parallel_ids() -> None:
    graph = build("start -> f -> a -> a2 -> j; f -> b -> j -> end; b -> b1 -> bj; b -> b2 -> bj -> j")
    found = parallel_ids(graph)
    assert "start" not in found
    assert "j" not in found
    assert "end" not in found
    assert found["a"]["parallel_id"] == found["a2"]["parallel_id"] == found["b"]["parallel_id"]
    assert found["a2"]["parallel_start_node_id"] == "a"
    assert found["b1"]["parent_parallel_id"] == found["b"]["parallel_id"]
    assert found["b1"]["parent_parallel_start_node_id"] == "b"
    assert parallel_ids(build("start -> p -a-> x -> j; p -b-> y -> j", p=pick("a"))) == {}
    assert parallel_ids(build("start -> a -> b -> a")) == {}
    assert found == parallel_ids(graph)


def test_dify_names() -> None:
    graph = build(
        "start -> it -> a -> lp -> end",
        it=iterate("c", "start.items", "c.output"),
        c=template("{{ x }}", x="it.item"),
        a=stub(chunks=["hi"], fail_times=1, **retry(1)),
        lp=loop("d", 2),
        end=end(x="a.text"),
    )
    done = run(graph, items=[1])
    names = DifyNames()
    found = [t for t in map(names.translate, done.events) if t is not None]
    kinds = [f["event"] for f in found]
    assert kinds[0] == "workflow_started"
    assert kinds[-1] == "workflow_finished"
    assert {"node_started", "node_retry", "node_finished", "text_chunk"} <= set(kinds)
    assert {"iteration_started", "iteration_next", "iteration_completed"} <= set(kinds)
    assert {"loop_started", "loop_next", "loop_completed"} <= set(kinds)
    assert found[-1]["data"]["status"] == "succeeded"
    assert all(f["workflow_run_id"] == "run-1" for f in found)
    inner = next(f for f in found if f["event"] == "node_started" and f["data"]["node_id"] == "c")
    assert inner["data"]["iteration_id"] == "it"
    chat = DifyNames(is_chat=True)
    assert [t["answer"] for t in map(chat.translate, done.events) if t and t["event"] == "message"][:1] == ["hi"]
    paused = run(build("start -> q", q=ask()))
    assert DifyNames().translate(paused.events[-1])["event"] == "workflow_paused"  # type: ignore[index]


def test_pause_reasons_as_they_are_stored() -> None:
    from engine.run.records import stored_reason

    row, _ = rows_of(run(build("start -> q", q=ask())))
    (stored,) = row["pause_reasons"]
    assert stored["type"] == "human_input_required"
    assert stored["form_id"] == stored["session_id"]
    assert stored_reason({"TYPE": "scheduled_pause", "message": "lunch"}) == {
        "type": "scheduling_pause",
        "message": "lunch",
    }
    assert stored_reason({"TYPE": "human_input_required", "form_id": "f1"})["session_id"] == "f1"
    assert stored_reason({"type": "scheduling_pause", "message": "x"}) == {"type": "scheduling_pause", "message": "x"}


def test_a_batch_says_of_each_row_once() -> None:
    from engine.run.records import coalesce

    done = run(build("start -> a -> b", a=stub(fail_times=1, outs={"x": "h" * 2_000_000}, **retry(1))))
    records = Records(facts_of(done.request))
    changes = [change for event in done.events for change in records.apply(event)]
    few = coalesce(changes)
    assert fold_rows(few) == fold_rows(changes)
    assert [c.table for c in few] == ["run", "node", "node", "node"]
    assert len({frozenset(c.values) for c in few if c.table == "node"}) == 1
    assert all(c.insert for c in few)
    assert few[2].whole == {"outputs": {"x": "h" * 2_000_000}}
