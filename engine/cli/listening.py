"""`listen`: one workflow file, run on the first fitting request to its webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.cli.running import EXIT_CODES, check_events, json_argument, mapping, pair, play, read_workflow
from engine.services.context import Services
from engine.services.runs import StartRun
from engine.services.webhooks import curl_example, webhook_of


def listen(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A DSL file with a webhook.")],
    node: Annotated[str, typer.Option(help="The webhook node, where there are several.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of this machine; 0 takes a free one.")] = 0,
    wait: Annotated[float | None, typer.Option(help="Give up after this many seconds without a request.")] = None,
    mocks: Annotated[Path | None, typer.Option(help="JSON file of answers for nodes that are not to run.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of an environment variable.")] = None,
    events: Annotated[
        str, typer.Option("--events", help="Print events: `penstock` or `dify` names.", show_default=False)
    ] = "",
    record: Annotated[
        bool | None, typer.Option("--record/--no-record", help="Keep the run in the log (default: only with --data).")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Stop the run after this many seconds.")] = None,
) -> None:
    """Wait for one request to a webhook of the workflow, on this machine only, and run with it. Exit code as for
    `run`; 1 when no request came."""
    check_events(events)
    services = Services.open(context.obj["data"])
    keep = bool(record if record is not None else context.obj["data"])
    workflow, app_id = read_workflow(services, file, keep=keep, anyway=True)
    start = StartRun(
        workflow,
        app_id=app_id,
        mocks=mapping(json_argument(f"@{mocks}", "The mocks file"), "The mocks file") if mocks else None,
        environment=dict(pair(item) for item in env or []),
        root_node_id=webhook_of(workflow.graph, node).id,
        timeout=timeout,
        record=keep,
    )
    try:
        status = asyncio.run(_wait_and_play(services, start, port, wait, events))
    finally:
        services.close()
    raise typer.Exit(EXIT_CODES.get(status, say.FAILED))


async def _wait_and_play(services: Services, start: StartRun, port: int, wait: float | None, events: str) -> str:
    inputs = await _heard(services, start, port, wait)
    if inputs is None:
        say.note("No request came.")
        return "failed"
    start.inputs = inputs
    summary = await play(services, start, events)
    return str(summary["status"])


async def _heard(services: Services, start: StartRun, port: int, wait: float | None) -> dict[str, Any] | None:
    """The inputs that the first fitting request gives; None when none came in time."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[dict[str, Any]] = loop.create_future()
    node = start.workflow.graph.node(str(start.root_node_id))

    def heard(inputs: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(lambda: None if came.done() else came.set_result(inputs))

    def turned(status: int, reason: str) -> None:
        say.note(f"refused with {status}: {reason}")

    ear = services.listen(node, heard, turned, port=port)
    say.note(f"Listening for one request:\n    {ear.url}\nfor example\n    {curl_example(node, ear.url)}")
    try:
        return await asyncio.wait_for(came, wait)
    except TimeoutError:
        return None
    finally:
        await asyncio.to_thread(ear.close)
