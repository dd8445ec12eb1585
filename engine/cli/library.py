"""`workflows ...`: drafts and versions of the workspace."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import say
from engine.cli.files import load, write_text
from engine.services.context import Services

workflows = typer.Typer(help="Workflows of the workspace: drafts and versions.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AppId = Annotated[str, typer.Argument(metavar="ID", help="Workflow id.")]


def _open(context: typer.Context) -> Services:
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)  # also when the command ends with an error
    return services


@workflows.command("list")
def list_workflows(context: typer.Context, json: Json = False) -> None:
    """All workflows."""
    services = _open(context)
    found = [asdict(s) for s in services.workflows.list()]
    services.close()
    if json:
        say.out(found, pretty=True)
    else:
        say.table(
            found,
            [("id", "id"), ("name", "name"), ("mode", "mode"), ("node_count", "nodes"), ("updated_at", "changed")],
        )


@workflows.command("import")
def import_workflow(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A DSL file.")], json: Json = False
) -> None:
    """Import a file as a new workflow."""
    services = _open(context)
    outcome = services.workflows.import_text(load(file), name=file.stem, confirm_version=True)
    services.close()
    for found in outcome.problems:
        say.note(f"{file}:{found.line}:{found.column}: {found.severity}: {found.message}")
    for notice in outcome.notices:
        say.note(f"note: {notice.message}")
    if json:
        say.out({"id": outcome.app_id, "status": outcome.status, "problems": [p.to_json() for p in outcome.problems]})
    elif outcome.app_id:
        say.line(outcome.app_id)
    if outcome.app_id is None:
        raise typer.Exit(say.BAD_INPUT)


@workflows.command("export")
def export_workflow(
    context: typer.Context,
    app: AppId,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write it (default: output).")] = None,
    version: Annotated[str, typer.Option(help="A version id instead of the draft.")] = "",
    with_secrets: Annotated[bool, typer.Option("--with-secrets")] = False,
    json: Json = False,
) -> None:
    """The DSL file of a draft or of a version."""
    services = _open(context)
    text = services.workflows.export(app, version_id=version or None, with_secrets=with_secrets).decode()
    services.close()
    if output is None:
        say.out({"id": app, "dsl": text}) if json else print(text, end="")
        return
    write_text(output, text)
    if json:
        say.out({"id": app, "file": str(output)})
    say.note(f"Written to {output}")


@workflows.command("publish")
def publish(
    context: typer.Context,
    app: AppId,
    name: Annotated[str, typer.Option(help="A name for the version.")] = "",
    comment: Annotated[str, typer.Option(help="A note.")] = "",
    json: Json = False,
) -> None:
    """Publish the draft as a new version."""
    services = _open(context)
    try:
        version = services.versions.publish(app, name=name, comment=comment)
    finally:
        services.close()
    say.out(asdict(version)) if json else say.line(f"{version.id}  {version.version}")


@workflows.command("versions")
def versions(context: typer.Context, app: AppId, json: Json = False) -> None:
    """Published versions, newest first."""
    services = _open(context)
    found = [asdict(v) for v in services.versions.list(app, limit=1000)]
    services.close()
    if json:
        say.out(found, pretty=True)
    else:
        say.table(found, [("id", "id"), ("version", "version"), ("name", "name"), ("comment", "note")])


@workflows.command("run")
def run_version(
    context: typer.Context,
    app_id: AppId,
    version: Annotated[str, typer.Option(help="Id of a version instead of the latest.")] = "",
    inputs: Annotated[str, typer.Option(help="Inputs as JSON, or @FILE.")] = "{}",
    query: Annotated[str, typer.Option(help="What the person says (chat flows).")] = "",
    conversation: Annotated[str, typer.Option(help="Conversation id; made if it does not exist.")] = "",
    events: Annotated[
        str, typer.Option("--events", help="Print events: `penstock` or `dify` names.", show_default=False)
    ] = "",
) -> None:
    """Run a published version, the latest unless named; the run is kept in the log."""
    import asyncio

    from engine.cli.running import EXIT_CODES, json_argument, play
    from engine.errors import UserError
    from engine.services.runs import StartRun

    services = _open(context)
    given = json_argument(inputs, "--inputs")
    if not isinstance(given, dict):
        raise UserError("--inputs must be a JSON object.", code="cli.bad_json")
    workflow, info = services.versions.for_run(app_id, version)
    start = StartRun(
        workflow,
        app_id=app_id,
        workflow_id=info.id,
        version=info.version,
        inputs=given,
        query=query,
        conversation_id=conversation,
        triggered_from="app-run",
    )
    try:
        summary = asyncio.run(play(services, start, events))
    finally:
        services.close()
    raise typer.Exit(EXIT_CODES.get(summary["status"], say.FAILED))


@workflows.command("restore")
def restore(
    context: typer.Context,
    app: AppId,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Version id or its time.")],
    json: Json = False,
) -> None:
    """Put a version back into the draft; the draft before is kept as a backup."""
    services = _open(context)
    match = next((v for v in services.versions.list(app, limit=1000) if version in (v.id, v.version)), None)
    version_id = match.id if match else version
    content = services.versions.restore(app, version_id)
    loaded = services.workflows.load(app)
    services.workflows.save_draft(app, content, loaded.revision)
    services.close()
    if json:
        say.out({"id": app, "restored": version_id})
    say.note("Restored; the draft before is in the backups")


@workflows.command("diff")
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="Version id, or draft:ID.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Version id, or draft:ID.")],
    json: Json = False,
) -> None:
    """What changed between two versions."""
    services = _open(context)
    found = services.versions.diff(before, after)
    services.close()
    if json:
        say.out(found.to_json(), pretty=True)
        return
    for word, names in (("added", found.added), ("removed", found.removed), ("moved", found.moved)):
        for name in names:
            say.line(f"{word}: {name}")
    for node_id, changes in found.changed.items():
        for change in changes:
            say.line(f"changed: {node_id}: {change.path}")
