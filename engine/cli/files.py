"""`check` and `convert`: files in, files out, no workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.dsl.read import ReadResult, read
from engine.errors import EnvironmentProblem
from engine.wholefile import write_whole

LARGEST_READ = 64 * 1024 * 1024


def load(path: Path) -> bytes:
    """The bytes of a file. Raises EnvironmentProblem; a far too large file is not read into memory."""
    try:
        size = path.stat().st_size
        if size > LARGEST_READ:
            raise EnvironmentProblem(
                f"{path} has {size / 1048576:.0f} MiB; a workflow file may have 10 MiB.", code="parse.too_large"
            )
        return path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror or error}", code="file.unreadable") from error


def write_text(path: Path, text: str) -> None:
    """Write a file and the folders it lies in, whole or not at all. Raises EnvironmentProblem."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written: {error.strerror or error}", code="file.unwritable"
        ) from error


def report(result: ReadResult) -> dict[str, Any]:
    """What `check --json` prints."""
    workflow = result.workflow
    problems = list(result.problems)
    unknown: list[str] = []
    nodes = edges = 0
    mode = None
    if workflow is not None:
        from engine.model.validate import check as checklist
        from engine.nodes.registry import spec

        mode = workflow.mode
        real = [n for n in workflow.graph.nodes.values() if not n.is_note]
        nodes, edges = len(workflow.graph.nodes), len(workflow.graph.edges)
        unknown = sorted({n.type for n in real if spec(n.type) is None})
        problems += [_placed(found, result) for found in checklist(workflow)]
    return {
        "importable": result.importable,
        "mode": mode,
        "dsl_version": result.version or None,
        "nodes": nodes,
        "edges": edges,
        "unknown_node_types": unknown,
        "problems": [p.to_json() for p in problems],
        "notices": [{"code": n.code, "message": n.message, "node_id": n.node_id} for n in result.notices],
    }


def _placed(problem: Any, result: ReadResult) -> Any:
    """The problem with line and column of its node or setting."""
    from dataclasses import replace

    if problem.line is not None or problem.node_id is None:
        return problem
    steps = tuple(int(s) if s.isdigit() else s for s in problem.field.split(".") if s)
    place = result.place_of(problem.node_id, steps)
    return problem if place is None else replace(problem, line=place.line, column=place.column)


def check(
    file: Annotated[Path, typer.Argument(help="A DSL file.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Read a file and go through the checklist. Exit code 0 no error, 1 errors, 2 not readable."""
    result = read(load(file), name=file.stem)
    told = report(result)
    if json:
        say.out(told, pretty=True)
    else:
        _tell(file, told, result)
    if not told["importable"]:
        raise typer.Exit(say.BAD_INPUT)
    if any(p["severity"] == "error" for p in told["problems"]):
        raise typer.Exit(say.FAILED)


def _tell(file: Path, told: dict[str, Any], result: ReadResult) -> None:
    hints = {p.message: p.hint for p in result.problems if p.hint}
    for item in told["problems"]:
        place = f"{file}:{item['line']}:{item['column']}" if item["line"] else str(file)
        node = f" [{item['node_id']}]" if item["node_id"] else ""
        say.note(f"{place}: {item['severity']}: {item['message']}{node} ({item['code']})")
        if item["message"] in hints:
            say.note(f"    {hints[item['message']]}")
    for item in told["notices"]:
        say.note(f"{file}: note: {item['message']}")
    if told["importable"]:
        errors = sum(p["severity"] == "error" for p in told["problems"])
        warnings = len(told["problems"]) - errors
        say.line(f"{told['mode']}, {told['nodes']} nodes, {told['edges']} edges, {errors} errors, {warnings} warnings")
    else:
        say.line("not importable")


def convert(
    file: Annotated[Path, typer.Argument(help="A DSL file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the file.")],
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Keep secret values and credentials.")] = False,
) -> None:
    """Import a file and export it again: the same input always gives the same bytes."""
    from engine.dsl.write import write

    result = read(load(file), name=file.stem)
    for notice in result.notices:
        say.note(f"note: {notice.message}")
    if result.workflow is None:
        _tell(file, report(result), result)
        raise typer.Exit(say.BAD_INPUT)
    for problem in result.problems:
        say.note(f"{file}:{problem.line or 1}:{problem.column or 1}: {problem.severity}: {problem.message}")
    write_text(output, write(result.workflow, with_secrets=with_secrets))
    say.note(f"Written to {output}")
