"""What the store costs: saving and publishing a draft, and a log of 20,000 runs. Recording is in `bench_engine`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from engine.clock import iso
from engine.model.edits import SetField
from engine.services.context import Services
from engine.store.tables import graph_snapshots, run_events, workflow_node_executions, workflow_runs

RUNS = 20_000


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
