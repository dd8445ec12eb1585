"""`runs ...`: the run log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.cli.files import write_whole
from engine.errors import UserError
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
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)  # also when the command ends with an error
    return services


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


def _answer(services: Any, run: str, form: str, action: str, values: str) -> None:
    """Submit the form that the run waits for. Raises UserError when there is not exactly one."""
    from engine.cli.running import json_argument

    given = json_argument(values, "--values")
    if not isinstance(given, dict):
        raise UserError("--values must be a JSON object.", code="cli.bad_json")
    waiting = [record["session_id"] for record in services.forms.waiting(run)]
    if not form and len(waiting) != 1:
        raise UserError(
            f"The run waits for {len(waiting)} forms{': ' if waiting else ''}{', '.join(waiting)}.",
            code="form.which",
            hint="Name one with --form.",
        )
    services.forms.submit(form or waiting[0], action, given)


@runs.command("forms")
def list_forms(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="Run id; all runs when left out.")] = "",
    json: Json = False,
) -> None:
    """List the forms that wait for an answer."""
    services = _open(context)
    found = services.forms.waiting(run or None)
    services.close()
    if json:
        say.out(found)
        return
    for record in found:
        say.note(f"{record['session_id']}  {record['node_title']}  until {record['expires_at']}")
        say.note(record["definition"]["form_content"])
        say.note("buttons: " + ", ".join(f"{a['id']} ({a['title']})" for a in record["definition"]["actions"]))


@runs.command("resume")
def resume_run(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="Run id.")],
    events: Annotated[str, typer.Option("--events", help="Print events.", show_default=False)] = "",
    action: Annotated[str, typer.Option("--action", help="Answer the waiting form with this button.")] = "",
    values: Annotated[str, typer.Option("--values", help="The form's fields, as a JSON object or @FILE.")] = "{}",
    form: Annotated[str, typer.Option("--form", help="Which form, when several wait.")] = "",
    json: Json = False,  # noqa: ARG001 - the summary is JSON either way
) -> None:
    """Go on with a paused run, after answering its form if --action names a button."""
    from engine.cli.running import EXIT_CODES, follow

    services = _open(context)
    if action:
        _answer(services, run, form, action, values)

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
