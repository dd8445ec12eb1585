"""What the recorder leaves on disk: the very events, rows that follow from them, and no more waiting in memory than
the disk can take."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from engine.ports.bundle import Ports
from engine.run.engine import start_run
from engine.run.fold import fold
from engine.run.limits import Limits
from engine.run.records import Records, facts_of, fold_rows
from engine.run.request import RunRequest
from engine.services import recorder as recorders
from engine.services.context import Services
from engine.services.recorder import RunRecorder
from engine.store.bulk import RowWriter, update_rows
from engine.store.tables import settings, workflow_node_executions
from tests.helpers.run import Desk, build, end, fail, iterate, loop, node_class, retry, stub, variable
from tests.helpers.stored import run_graph, sql


def mixed() -> dict[str, Any]:
    """Rounds, a retry, a handled failure, a branch of two."""
    return build(
        "start -> it -> lp -> end; start -> f -fail-branch-> x -> end",
        it=iterate("c -> d", "start.items", "d.text", is_parallel=True, parallel_nums=3),
        c=stub(echo=["it", "item"], fail_times=1, **retry(1)),
        d=stub(echo=["c", "text"]),
        lp=loop("inc", 3, loop_variables=[variable("n", 0)]),
        inc={"type": "mutate", "target": ["lp", "n"], "add": 1},
        f=fail(error_strategy="fail-branch"),
        x=stub(outs={"text": "x"}, tokens=7),
        end=end(x="it.output", n="lp.n"),
        start={"type": "start", "variables": [{"variable": "items", "type": "json"}]},
    )


def test_stored_events_and_rows_are_those_of_the_run(services: Services) -> None:
    done = run_graph(services, mixed(), inputs={"items": [1, 2, 3, 4]})
    run_id = done["run_id"]

    assert services.runs.events(run_id) == json.loads(json.dumps(done["events"]))
    assert fold(services.runs.events(run_id)).status == "partial-succeeded"
    records = Records(facts_of(done["request"]))
    wanted = fold_rows(change for event in done["events"] for change in records.apply(event))
    stored = {row["id"]: services.runs.node(row["id"]) for row in services.runs.nodes(run_id)}
    assert stored.keys() == wanted["node"].keys()
    for key, row in wanted["node"].items():
        assert {name: stored[key][name] for name in row} == json.loads(json.dumps(row)), row["title"]
    run = services.runs.get(run_id)
    for name, value in wanted["run"][run_id].items():
        assert run[name] == json.loads(json.dumps(value)), name


def test_events_of_early_workspaces_are_read(services: Services) -> None:
    run_id = run_graph(services, build("start -> end"))["run_id"]
    before = services.runs.events(run_id)
    sql(services, "delete from run_events")
    for event in before:
        text = json.dumps(event)
        sql(services, "insert into run_events (run_id, seq, event) values (?, ?, ?)", (run_id, event["seq"], text))

    assert services.runs.events(run_id) == before


def test_a_run_waits_when_the_disk_is_far_behind(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "BATCH_EVENTS", 20)
    graph = build("start -> lp", lp=loop("c", 2000), c=stub())
    gate = threading.Event()

    async def main() -> tuple[int, dict[str, Any]]:
        asked = RunRequest(graph=graph, run_id=services.ids.uuid(), limits=Limits(max_steps=10_000))
        recorder = RunRecorder(
            services.database, services.run_store, services.debug_store, facts_of(asked), owner=services.owner
        )
        services.database.submit(lambda _: gate.wait(30))
        ports = Ports(extras={"desk": Desk()})
        handle = start_run(asked, ports, recorder, node_class=node_class)
        handle.discard_events()
        steady = seen = -1
        while seen != steady or not recorder.is_behind():
            await asyncio.sleep(0.05)
            steady, seen = seen, len(recorder._unwritten)
        gate.set()
        return steady, await handle.result()

    waiting, summary = asyncio.run(main())

    assert summary["status"] == "succeeded"
    assert waiting < 200, "the run went on although nothing was written"
    assert len(services.runs.nodes(summary["run_id"])) == 2002


def test_batches_of_large_events_are_short(services: Services) -> None:
    graph = build("start -> lp", lp=loop("c", 30), c=stub(outs={"text": "x" * 1_000_000}))

    async def main() -> int:
        asked = RunRequest(graph=graph, run_id=services.ids.uuid())
        recorder = RunRecorder(
            services.database, services.run_store, services.debug_store, facts_of(asked), owner=services.owner
        )
        handle = start_run(asked, Ports(extras={"desk": Desk()}), recorder, node_class=node_class)
        handle.discard_events()
        assert (await handle.result())["status"] == "succeeded"
        return recorder._batch

    assert asyncio.run(main()) < 100


def test_rows_go_in_by_blocks_and_singly(services: Services) -> None:
    writer = RowWriter(settings, ("key", "value"))
    rows = [{"key": f"k{i}", "value": str(i), "more": None} for i in range(77)]

    services.database.write(lambda c: writer.add(c, rows))
    services.database.write(lambda c: writer.add(c, [{"key": "k1", "value": "late"}, {"key": "new", "value": "n"}]))

    found = dict(sql(services, "select key, value from settings where key like 'k%' or key = 'new'"))
    assert found == {**{f"k{i}": str(i) for i in range(77)}, "new": "n"}


def test_rows_are_changed_by_id(services: Services) -> None:
    done = run_graph(services, build("start -> a -> end"))
    ids = [row["id"] for row in services.runs.nodes(done["run_id"])]

    services.database.write(
        lambda c: update_rows(
            c, workflow_node_executions, [(ids[0], {"title": "One"}), (ids[1], {}), (ids[2], {"title": "Three"})]
        )
    )

    assert [row["title"] for row in services.runs.nodes(done["run_id"])] == ["One", "a", "Three"]
