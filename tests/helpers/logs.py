"""A run log with many runs, straight into the tables: what lists, filters and searches are measured on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from engine.services.context import Services
from engine.store.tables import graph_snapshots, run_events, workflow_node_executions, workflow_runs

GRAPH = {"sha256": "0" * 64, "json": '{"nodes": [], "edges": []}'}
STATUSES = ("succeeded", "succeeded", "failed", "stopped", "partial-succeeded")
TRIGGERS = ("debugging", "debugging", "batch", "app-run")
TITLES = ("Fetch order", "翻译", "Send mail")


def fill(services: Services, count: int, apps: list[str], *, steps: int = 3) -> list[dict[str, Any]]:
    """Runs of the given apps, one a minute from 2026-01-01 on; answers their rows, the oldest first."""
    runs: list[dict[str, Any]] = []
    nodes: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    filler = "lorem ipsum dolor sit amet " * 20
    for number in range(count):
        run_id = f"run-{number:06d}"
        day, minute = divmod(number, 1440)
        month, day = divmod(day, 28)
        at = f"2026-{1 + month:02d}-{1 + day:02d}T{minute // 60:02d}:{minute % 60:02d}:00.{number % 1000000:06d}Z"
        status = STATUSES[number % 5]
        error = f"The service of order {number} did not answer" if status == "failed" else ""
        runs.append(
            {
                "id": run_id, "app_id": apps[number % len(apps)], "type": "workflow", "kind": "full",
                "triggered_from": TRIGGERS[number % 4], "version": "draft" if number % 3 else "2026-01-01 00:00:00",
                "graph_sha256": GRAPH["sha256"], "status": status, "error": error,
                "inputs": f'{{"order": {number}, "note": "{filler}"}}',
                "outputs": f'{{"text": "订单 {number} 已处理"}}',
                "elapsed_time": (number * 7919 % 10_000) / 1000, "total_tokens": number * 104_729 % 5_000,
                "total_price": f"{(number * 31 % 997) / 10_000}", "total_steps": steps,
                "pinned": number % 1000 == 0, "created_at": at, "finished_at": at,
            }
        )  # fmt: skip
        for place in range(steps):
            failed = status == "failed" and place == steps - 1
            key = f"{run_id}-{place}"
            nodes.append(
                {
                    "id": key, "node_execution_id": key, "workflow_run_id": run_id, "app_id": apps[number % len(apps)],
                    "node_id": f"n{place}", "node_type": "code", "title": TITLES[place % 3], "index": place + 1,
                    "status": "failed" if failed else "succeeded", "error": error if failed else "",
                    "created_at": at, "triggered_from": "workflow-run", "workflow_id": "",
                }
            )  # fmt: skip
        events.extend({"run_id": run_id, "seq": i, "event": f'{{"seq": {i}, "event": "x"}}'} for i in (1, 2, 3))
    with services.database.engine.connect() as connection:
        connection.exec_driver_sql("begin immediate")
        connection.execute(insert(graph_snapshots).prefix_with("or ignore"), [GRAPH])
        for table, rows in ((workflow_runs, runs), (workflow_node_executions, nodes), (run_events, events)):
            connection.execute(insert(table), rows)
        connection.exec_driver_sql(
            "insert into run_search (run_id, app_id, body) select r.id, r.app_id, r.inputs || ' ' || r.outputs || ' ' "
            "|| r.error || ' ' || (select group_concat(title || ' ' || error, ' ') from workflow_node_executions n "
            "where n.workflow_run_id = r.id) from workflow_runs r"
        )
        connection.exec_driver_sql("commit")
    return runs
