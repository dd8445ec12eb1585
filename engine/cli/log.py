"""`runs ...`: the run log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.cli.files import write_text
from engine.errors import UserError
from engine.services.context import Services
from engine.services.logs import PERIODS, SORTS, STATUSES, RunFilter

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


def _filter(services: Services, **given: Any) -> RunFilter:
    """The options of `list` and `export` as a filter. Raises UserError for a workflow or a day that does not exist."""
    app = given.pop("app")
    if app:
        found = [a for a in services.workflows.list() if app in (a.id, a.name)]
        if not found:
            raise UserError(f"There is no workflow “{app}”.", code="cli.unknown_workflow")
        given["app_id"] = found[0].id
    statuses = tuple(word for word in (given.pop("status") or "").split(",") if word)
    if wrong := [word for word in statuses if word not in STATUSES]:
        raise UserError(f"There is no status “{wrong[0]}”.", code="cli.status", hint=f"One of {', '.join(STATUSES)}.")
    for name in ("since", "until"):
        if given[name]:
            given[name] = utc_text(given[name])
    if given["period"] not in ("", *PERIODS):
        raise UserError("There is no such period.", code="cli.period", hint=f"One of {', '.join(PERIODS)}.")
    return RunFilter(statuses=statuses, pinned=True if given.pop("pinned") else None, **given)


def utc_text(text: str) -> str:
    """A day or a time on the clock of this place, as the log writes times. Raises UserError."""
    from datetime import UTC, datetime

    from engine.clock import iso

    try:
        return iso(datetime.fromisoformat(text).astimezone(UTC))
    except ValueError as error:
        raise UserError(
            f"“{text}” is no date.", code="cli.date", hint="Write it like 2026-01-31 or 2026-01-31T18:00."
        ) from error


App = Annotated[str, typer.Option(help="Only of this workflow (id or name).")]
Status = Annotated[str, typer.Option(help="Only of these statuses, with commas between them.")]
Since = Annotated[str, typer.Option(help="Started at this day or time or later.")]
Until = Annotated[str, typer.Option(help="Started before this day or time.")]
Period = Annotated[str, typer.Option(help=f"Started in this period: {', '.join(PERIODS)}.")]
Keyword = Annotated[str, typer.Option(help="In inputs, outputs, errors or names of steps.")]
Version = Annotated[str, typer.Option(help="Only of this version; `draft` for the draft.")]
Node = Annotated[str, typer.Option(help="A step with this id or title took part.")]
Error = Annotated[str, typer.Option(help="The run or a step failed with these words.")]
Trigger = Annotated[str, typer.Option(help="What started it: debugging, app-run, batch, webhook, schedule ...")]
Pinned = Annotated[bool, typer.Option("--pinned", help="Only pinned runs.")]


@runs.command("list")
def list_runs(
    context: typer.Context,
    app: App = "",
    status: Status = "",
    since: Since = "",
    until: Until = "",
    period: Period = "",
    keyword: Keyword = "",
    version: Version = "",
    node: Node = "",
    error: Error = "",
    trigger: Trigger = "",
    pinned: Pinned = False,
    sort: Annotated[str, typer.Option(help=f"The order: {', '.join(SORTS)}.")] = "started",
    up: Annotated[bool, typer.Option("--up", help="The smallest first.")] = False,
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    json: Json = False,
) -> None:
    """Runs of the log, the newest first; every filter that is given must hold."""
    services = _open(context)
    wanted = _filter(
        services, app=app, status=status, since=since, until=until, period=period, keyword=keyword, version=version,
        node=node, error=error, trigger=trigger, pinned=pinned,
    )  # fmt: skip
    _show([r.to_json() for r in services.logs.page(wanted, sort=sort, up=up, limit=limit).runs], json)
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
def export_runs(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    run: Annotated[list[str] | None, typer.Argument(help="Run ids; without any, all that the filters find.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="json (one run), jsonl or csv; by default by the file's ending.")
    ] = "",
    app: App = "",
    status: Status = "",
    since: Since = "",
    until: Until = "",
    period: Period = "",
    keyword: Keyword = "",
    version: Version = "",
    node: Node = "",
    error: Error = "",
    trigger: Trigger = "",
    pinned: Pinned = False,
    json: Json = False,
) -> None:
    """Write runs into a file: whole with trace and events (JSON, JSON Lines), or a row each (CSV)."""
    import json as jsonlib

    services = _open(context)
    wanted = _filter(
        services, app=app, status=status, since=since, until=until, period=period, keyword=keyword, version=version,
        node=node, error=error, trigger=trigger, pinned=pinned,
    )  # fmt: skip
    ids = list(run or services.logs.ids(wanted))
    kind = form or output.suffix.lower().lstrip(".")
    if kind not in ("jsonl", "csv"):
        if len(ids) != 1:
            raise UserError(
                f"{len(ids)} runs do not fit one JSON document.", code="cli.format", hint="Write .jsonl or .csv."
            )
        write_text(
            output, jsonlib.dumps(services.runs.export(ids[0]), ensure_ascii=False, indent=1, default=str) + "\n"
        )
        count = 1
    else:
        for run_id in run or ():
            services.runs.get(run_id)  # one that does not exist is said, not left out
        count = services.logs.export(ids, output, "csv" if kind == "csv" else "jsonl")
    services.close()
    if json:
        say.out({"runs": count, "file": str(output)})
    say.note(f"{count} run(s) written to {output}")


@runs.command("compare")
def compare_runs(
    context: typer.Context,
    left: Annotated[str, typer.Argument(help="Run id.")],
    right: Annotated[str, typer.Argument(help="Run id.")],
    json: Json = False,
) -> None:
    """Where two runs went apart: inputs, outputs, and step by step."""
    services = _open(context)
    found = services.logs.compare(left, right).to_json()
    services.close()
    if json:
        say.out(found, pretty=True)
        return
    say.line("same graph" if found["same_graph"] else "different graphs")
    for change in found["facts"]:
        say.line(f"{change['path']}: {change['before']} -> {change['after']}")
    rows = [
        {**step, "differences": ", ".join(change["path"] for change in step["differences"])} for step in found["steps"]
    ]
    say.table(rows, [("title", "step"), ("rounds", "round"), ("verdict", "verdict"), ("differences", "differences")])


def _answer(services: Any, run: str, form: str, action: str, values: str) -> None:
    """Submit the form that the run waits for. Raises UserError when there is not exactly one."""
    from engine.cli.running import json_argument

    given = json_argument(values, "--values")
    if not isinstance(given, dict):
        raise UserError("--values must be a JSON object.", code="cli.bad_json")
    waiting = [record["session_id"] for record in services.forms.waiting(run)]
    if not form and not waiting:
        raise UserError("The run waits for no answer.", code="form.none")
    if not form and len(waiting) != 1:
        raise UserError(
            f"The run waits for {len(waiting)} forms: {', '.join(waiting)}.",
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
    from engine.cli.forms import show

    for record in found:
        say.note(f"{record['session_id']}  until {record['expires_at']}")
        show(record, record["node_title"])


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
