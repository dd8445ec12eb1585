"""`runs ...`: the run log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.cli.files import write_whole
from engine.services.context import Services

runs = typer.Typer(help="The run log.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = [
    ("id", "run"),
    ("app_name", "workflow"),
    ("status", "status"),
    ("created_at", "started"),
    ("elapsed_time", "seconds"),
    ("total_tokens", "tokens"),
    ("version", "version"),
    ("error", "error"),
]


def _open(context: typer.Context) -> Services:
    return Services.open(context.obj["data"])


def _show(found: list[dict[str, Any]], json: bool) -> None:
    if json:
        say.out(found, pretty=True)
    else:
        for row in found:
            row["elapsed_time"] = f"{row['elapsed_time']:.3f}"
        say.table(found, COLUMNS)


@runs.command("list")
def list_runs(
    context: typer.Context,
    app: Annotated[str, typer.Option(help="Only of this workflow.")] = "",
    status: Annotated[str, typer.Option(help="Only of this status.")] = "",
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    json: Json = False,
) -> None:
    """The newest runs."""
    services = _open(context)
    page = services.runs.list(app or None, status=status or None, limit=limit)
    _show([r.to_json() for r in page.runs], json)
    services.close()


@runs.command("search")
def search_runs(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Words in inputs, outputs or errors.")],
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    json: Json = False,
) -> None:
    """Runs whose inputs, outputs or errors hold a text."""
    services = _open(context)
    _show([r.to_json() for r in services.runs.list(search=text, limit=limit).runs], json)
    services.close()


@runs.command("show")
def show_run(context: typer.Context, run: Annotated[str, typer.Argument(help="Run id.")], json: Json = False) -> None:
    """One run with its trace."""
    services = _open(context)
    record, nodes = services.runs.get(run), list(services.runs.nodes(run))
    if json:
        say.out({**record, "nodes": nodes}, pretty=True)
    else:
        for key in ("id", "app_name", "status", "version", "created_at", "finished_at", "elapsed_time", "total_tokens"):
            say.line(f"{key}: {record[key]}")
        if record["error"]:
            say.line(f"error: {record['error']}")
        say.line(f"inputs: {record['inputs']}")
        say.line(f"outputs: {record['outputs']}")
        say.table(
            nodes, [("index", "#"), ("title", "node"), ("node_type", "type"), ("status", "status"), ("error", "error")]
        )
    services.close()


@runs.command("events")
def show_events(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="Run id.")],
    json: Json = False,  # noqa: ARG001 - events are JSON either way
) -> None:
    """The events of a run, one JSON object a line."""
    services = _open(context)
    services.runs.get(run)
    for event in services.runs.events(run):
        say.out(event)
    services.close()


@runs.command("export")
def export_run(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="Run id.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the JSON file.")],
    json: Json = False,
) -> None:
    """Write a run with trace and events as one JSON document."""
    import json as jsonlib

    services = _open(context)
    write_whole(output, jsonlib.dumps(services.runs.export(run), ensure_ascii=False, indent=1, default=str) + "\n")
    services.close()
    if json:
        say.out({"run": run, "file": str(output)})
    say.note(f"Written to {output}")


@runs.command("resume")
def resume_run(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="Run id.")],
    events: Annotated[str, typer.Option("--events", help="Print events.", show_default=False)] = "",
    json: Json = False,  # noqa: ARG001 - the summary is JSON either way
) -> None:
    """Go on with a paused run."""
    from engine.cli.running import EXIT_CODES, follow

    services = _open(context)

    async def play() -> dict[str, Any]:
        return await follow(services, services.runs.resume(run), events)

    try:
        summary = asyncio.run(play())
    finally:
        services.close()
    raise typer.Exit(EXIT_CODES.get(summary["status"], say.FAILED))


@runs.command("stop")
def stop_run(context: typer.Context, run: Annotated[str, typer.Argument(help="Run id.")], json: Json = False) -> None:
    """Stop a paused run."""
    services = _open(context)
    services.runs.stop(run)
    services.close()
    if json:
        say.out({"run": run, "status": "stopped"})
    say.note("Stopped")


@runs.command("delete")
def delete_runs(
    context: typer.Context,
    run: Annotated[list[str], typer.Argument(help="Run ids.")],
    json: Json = False,
) -> None:
    """Delete runs that are not active."""
    services = _open(context)
    count = services.runs.delete(run)
    services.close()
    if json:
        say.out({"deleted": count})
    say.note(f"{count} run(s) deleted")
