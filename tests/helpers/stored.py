"""Recorded runs for tests of the store: through the services, or of test nodes with a recorder of the real store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.model.workflow import Workflow
from engine.ports.bundle import Ports
from engine.run.engine import start_run
from engine.run.limits import Limits
from engine.run.records import facts_of
from engine.run.request import RunRequest
from engine.services.context import Services
from engine.services.recorder import RunRecorder
from engine.services.runs import StartRun
from tests.helpers.model import made, node
from tests.helpers.run import Desk, node_class


def echo_flow(text: str = "hello", **variables: Any) -> Workflow:
    """Start, a template that says `text`, end."""
    return made(
        [
            node("1", "start", variables=[]),
            node("2", "template-transform", title="Say", template=text, variables=[]),
            node("3", "end", title="End", outputs=[{"variable": "o", "value_selector": ["2", "output"]}]),
        ],
        [("1", "2"), ("2", "3")],
        **variables,
    )


async def ended(handle: Any) -> dict[str, Any]:
    """The summary of a run whose events were read to the end."""
    async for _ in handle.events():
        pass
    return dict(await handle.result())


def run_app(services: Services, app_id: str, **start: Any) -> dict[str, Any]:
    """Run the draft of an app to its end and answer the summary; `start` are fields of StartRun."""

    async def work() -> dict[str, Any]:
        workflow = start.pop("workflow", None) or services.workflows.load(app_id).workflow
        summary = await ended(services.runs.start(StartRun(workflow, app_id=app_id, **start)))
        await services.runs.drain()
        await services.close_ports()
        return summary

    return asyncio.run(work())


def run_graph(
    services: Services,
    graph: Mapping[str, Any],
    *,
    app_id: str = "",
    run_id: str = "",
    watch: Callable[[dict[str, Any]], None] | None = None,
    triggered_from: str = "debugging",
    desk: Desk | None = None,
    policy: str | None = None,
    **request: Any,
) -> dict[str, Any]:
    """Run a graph of test nodes with the real recorder; the summary with the events under `events`."""

    async def work() -> dict[str, Any]:
        ports = Ports(clock=services.clock, ids=services.ids, extras={"desk": desk or Desk()})
        asked = RunRequest(
            graph=dict(graph), run_id=run_id or services.ids.uuid(), app_id=app_id, **{"limits": Limits(), **request}
        )
        recorder = RunRecorder(
            services.database,
            services.run_store,
            services.debug_store,
            facts_of(asked, triggered_from=triggered_from),
            owner=services.owner,
            more={"kind": asked.kind},
            limits=asked.limits,
            policy=policy,
            keep_drafts=bool(app_id) and triggered_from == "debugging",
        )
        handle = start_run(asked, ports, recorder, node_class=node_class)
        events = []
        async for event in handle.events():
            events.append(event)
            if watch is not None:
                watch(event)
        return {**await handle.result(), "events": events, "request": asked}

    return asyncio.run(work())


def sql(services: Services, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    """What a statement of the test's own finds, or its change, past the store."""
    path: Path = services.data_dir / "penstock.db"
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute("pragma foreign_keys = on")
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()
