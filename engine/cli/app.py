"""The program's commands put together, and what becomes of errors: a sentence and an exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import say
from engine.errors import EnvironmentProblem, PenstockError


def _data(context: typer.Context, value: Path | None) -> None:
    context.obj = {"data": value}


def build(command: str) -> typer.Typer:
    """The program; modules that a command does not need are not imported for it."""
    from engine.cli.files import check, convert

    program = typer.Typer(
        name="penstock-engine",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Dify-compatible workflows without a window.",
    )

    @program.callback()
    def options(
        context: typer.Context,
        data: Annotated[
            Path | None,
            typer.Option(help="The workspace folder (default: PENSTOCK_DATA or the platform's data folder)."),
        ] = None,
    ) -> None:
        """Check, convert and run workflow files; browse the run log."""
        _data(context, data)

    program.command("check")(check)
    program.command("convert")(convert)
    if command not in ("check", "convert"):
        from engine.cli.batch import batch
        from engine.cli.library import workflows
        from engine.cli.listening import listen
        from engine.cli.log import runs
        from engine.cli.models import models
        from engine.cli.running import run as run_file
        from engine.cli.settings import settings
        from engine.cli.tools import tools

        program.command("run")(run_file)
        program.command("batch")(batch)
        program.command("listen")(listen)
        program.add_typer(runs, name="runs")
        program.add_typer(models, name="models")
        program.add_typer(settings, name="settings")
        program.add_typer(tools, name="tools")
        program.add_typer(workflows, name="workflows")
    return program


def _normal(arguments: list[str]) -> list[str]:
    """`--events` alone means our own names; `--data` may stand anywhere."""
    first: list[str] = []
    rest: list[str] = []
    skip = False
    for index, word in enumerate(arguments):
        if skip:
            skip = False
        elif word == "--":  # what follows belongs to another program
            return [*first, *rest, *arguments[index:]]
        elif word == "--data" and index + 1 < len(arguments):
            first += [word, arguments[index + 1]]
            skip = True
        elif word.startswith("--data="):
            first.append(word)
        else:
            rest.append("--events=penstock" if word == "--events" else word)
    return first + rest


def run(arguments: list[str]) -> int:
    """Carry out a command line; the exit code."""
    import click

    words = _normal(arguments)
    names = ("batch", "check", "convert", "run", "listen", "runs", "models", "settings", "tools", "workflows")
    command = next((w for w in words if w in names), "")
    try:
        result = build(command)(args=words, prog_name="penstock-engine", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.Abort:
        return say.STOPPED
    except click.ClickException as error:
        error.show()
        return say.BAD_INPUT
    except EnvironmentProblem as error:
        say.problem(error)
        return say.BAD_INPUT
    except PenstockError as error:
        say.problem(error)
        return say.BAD_INPUT
    except KeyboardInterrupt:
        return say.STOPPED
    return result if isinstance(result, int) else say.OK
