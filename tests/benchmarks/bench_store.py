"""What the store costs: a recorded node, saving and publishing a draft, and a log of 20,000 runs."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from engine.clock import iso
from engine.model.edits import SetField
from engine.ports.bundle import Ports
from engine.run.engine import start_run
from engine.run.records import facts_of
from engine.run.request import RunRequest
from engine.services.context import Services
from engine.services.recorder import RunRecorder
from engine.store.tables import graph_snapshots, run_events, workflow_node_executions, workflow_runs
from tests.benchmarks.bench_engine import LIMITS, chain, large, loops, node_class, picks, rounds, run_once, wide
from tests.helpers.run import Desk

RUNS = 20_000


async def recorded(
    services: Services, graph: dict[str, Any], app_id: str, inputs: dict[str, Any] | None = None
) -> float:
    """Seconds of one run that is recorded, until its end is on disk."""
    ports = Ports()
    ports.extras["desk"] = Desk()
    request = RunRequest(graph=graph, inputs=inputs or {}, limits=LIMITS, run_id=services.ids.uuid(), app_id=app_id)
    recorder = RunRecorder(
        services.database, services.run_store, services.debug_store, facts_of(request), owner=services.owner
    )
    begin = time.perf_counter()
    handle = start_run(request, ports, recorder, node_class=node_class)
    async for _ in handle.events():
        pass
    await handle.result()
    return time.perf_counter() - begin


def rows() -> list[tuple[str, dict[str, Any], int, dict[str, Any]]]:
    """Name, graph, units and inputs of the runs to measure."""
    few, many = {"items": list(range(100))}, {"items": list(range(1000))}
    wide_rounds = {"is_parallel": True, "parallel_nums": 10}
    found: list[tuple[str, dict[str, Any], int, dict[str, Any]]] = []
    found += [(f"chain of {n:,}", chain(n), n, {}) for n in (10, 100, 1_000, 10_000)]
    found += [(f"wide of {n:,}", wide(n), n, {}) for n in (100, 1_000)]
    found += [("branches, chain of 100", picks(100), 200, {})]
    found += [("iteration of 100", rounds(100), 100, few), ("iteration of 1,000", rounds(1000), 1000, many)]
    found += [("the same, 10 at once", rounds(1000, **wide_rounds), 1000, many)]
    found += [(f"loop of {n:,}", loops(n), n, {}) for n in (100, 1_000)]
    return [*found, ("1 MB through 20 nodes", large(20), 20, {})]


def milliseconds(job: Callable[[], Any], times: int = 15) -> float:
    """The median time of a call."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        job()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1000


def fill(services: Services) -> None:
    """A log of many runs with two steps and three events each, straight into the tables."""
    graph = {"sha256": "0" * 64, "json": '{"nodes": [], "edges": []}'}
    runs, steps, events = [], [], []
    for number in range(RUNS):
        run_id = f"run-{number:06d}"
        at = f"2026-01-{1 + number // 1000:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.{number:06d}Z"
        status = ("succeeded", "succeeded", "failed", "stopped")[number % 4]
        error = f"The service of order {number} did not answer" if status == "failed" else ""
        runs.append(
            {"id": run_id, "app_id": "bench", "type": "workflow", "triggered_from": "debugging", "version": "draft",
             "graph_sha256": graph["sha256"], "status": status, "inputs": f'{{"order": {number}}}', "error": error,
             "outputs": f'{{"text": "订单 {number} 已处理"}}', "created_at": at, "finished_at": at}
        )  # fmt: skip
        steps.extend(
            {"id": f"{run_id}-{i}", "node_execution_id": f"{run_id}-{i}", "workflow_run_id": run_id, "app_id": "bench",
             "node_id": f"n{i}", "node_type": "code", "title": f"Step {i}", "index": i, "status": "succeeded",
             "created_at": at, "triggered_from": "workflow-run", "workflow_id": ""}
            for i in (1, 2)
        )  # fmt: skip
        events.extend({"run_id": run_id, "seq": i, "event": f'{{"seq": {i}, "event": "x"}}'} for i in (1, 2, 3))
    with services.database.engine.connect() as connection:
        connection.exec_driver_sql("begin immediate")
        connection.execute(insert(graph_snapshots), [graph])
        connection.execute(insert(workflow_runs), runs)
        known = {c.name for c in workflow_node_executions.c}
        connection.execute(
            insert(workflow_node_executions), [{k: v for k, v in s.items() if k in known} for s in steps]
        )
        connection.execute(insert(run_events), events)
        connection.exec_driver_sql(
            "insert into run_search (run_id, app_id, body) "
            "select id, app_id, inputs || ' ' || outputs || ' ' || error from workflow_runs"
        )
        connection.exec_driver_sql("commit")


def main() -> int:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(Path(folder))
        app_id = services.workflows.create("workflow", "Bench")
        print("recorded runs, microseconds a node (not recorded; ratio; beyond the engine):")
        for name, graph, count, given in rows():
            kept = min(asyncio.run(recorded(services, graph, app_id, given)) for _ in range(3)) / count * 1e6
            bare = min(asyncio.run(run_once(graph, given)) for _ in range(3)) / count * 1e6
            print(f"  {name:24} {kept:7.1f}  ({bare:6.1f}; x{kept / bare:.1f}; {kept - bare:6.1f})", flush=True)

        loaded = services.workflows.load(app_id)
        workflow, revision = loaded.workflow, loaded.revision
        start = next(iter(workflow.graph.nodes))

        def save() -> None:
            nonlocal revision
            revision = services.workflows.save_draft(app_id, workflow, revision)

        edit = SetField(start, ("desc",), "words").to_json()
        print("drafts, median milliseconds:")
        print(f"  save           {milliseconds(save):7.2f}")
        print(f"  journal        {milliseconds(lambda: services.workflows.journal(app_id, edit).result()):7.2f}")
        print(f"  load           {milliseconds(lambda: services.workflows.load(app_id)):7.2f}")
        print(f"  publish        {milliseconds(lambda: services.versions.publish(app_id, name='v')):7.2f}")

        fill(services)
        now = iso(services.clock.now())
        print(f"the log with {RUNS:,} runs, median milliseconds (budget 100):")
        for name, options in (
            ("newest page", {}),
            ("failed ones", {"status": "failed"}),
            ("a word", {"search": "order 19999"}),
            ("Chinese", {"search": "订单 12345"}),
            ("a period", {"since": "2026-01-05T00:00:00", "until": now}),
            ("nothing", {"search": "no such thing"}),
        ):
            print(f"  {name:14} {milliseconds(lambda o=options: services.runs.list('bench', **o)):7.2f}")  # type: ignore[misc]
        newest = services.runs.list("bench").runs[0].id
        print(
            f"  open a run     {milliseconds(lambda: (services.runs.get(newest), services.runs.events(newest))):7.2f}"
        )
        services.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
