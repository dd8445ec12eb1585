"""`batch`: one workflow file over the rows of a table."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.cli.files import load, write_text
from engine.services.context import Services


def batch(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A DSL file.")],
    table: Annotated[Path | None, typer.Option("--csv", help="The table: headings, then a run a row.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the results go, as CSV.")] = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="Write an empty table for this workflow and end.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="How many rows run at once.")] = 4,
    retries: Annotated[int, typer.Option(min=0, max=10, help="How often rows that failed run again.")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave rows out that are not valid.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a workflow once for each row of a CSV file. Exit code 0 all succeeded, 1 some did not, 2 bad input."""
    from engine.cli.running import read_workflow
    from engine.services import batch as batches

    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)
    workflow, app_id = read_workflow(services, file, keep=bool(context.obj["data"]) and template is None, anyway=True)
    if template is not None:
        write_text(template, "\ufeff" + batches.template(workflow))
        say.note(f"Written to {template}")
        return
    if table is None or output is None:
        raise typer.BadParameter("--csv and -o are needed.")
    made = batches.Batch(workflow, load(table), app_id=app_id)
    for row in made.invalid:
        say.note(f"row {row.number}: {row.error}")
    if made.invalid and not skip_bad:
        say.note(f"{len(made.invalid)} row(s) are not valid; correct them, or leave them out with --skip-bad.")
        raise typer.Exit(say.BAD_INPUT)
    asyncio.run(_play(services, made, parallel, retries))
    write_text(output, "\ufeff" + made.results())
    counts = {state: made.count(state) for state in dict.fromkeys(row.state for row in made.rows)}
    if json:
        say.out({"rows": len(made.rows), "states": counts, "encoding": made.encoding, "file": str(output)})
    say.note(f"{', '.join(batches.progress_words(made))}; results written to {output}")
    if made.stopped:
        raise typer.Exit(say.STOPPED)
    if made.count(*batches.GOOD, "invalid") < len(made.rows):
        raise typer.Exit(say.FAILED)


async def _play(services: Services, made: Any, parallel: int, retries: int) -> None:
    from engine.services.batch import run_batch

    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, made.stop)
    except NotImplementedError:  # Windows
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(made.stop))

    def changed(row: Any) -> None:
        if row.state != "running":
            say.note(f"row {row.number}: {row.state}{': ' + row.error.splitlines()[0] if row.error else ''}")

    await run_batch(services.runs, made, parallel=parallel, changed=changed)
    for _ in range(retries):
        if made.stopped or not made.retry():
            break
        await run_batch(services.runs, made, parallel=parallel, changed=changed)
    await services.runs.drain()
    await services.close_ports()
