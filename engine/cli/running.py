"""`run`: one workflow file, run in this process."""

from __future__ import annotations

import asyncio
import json as jsonlib
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import collector
from engine.cli import say
from engine.cli.files import load
from engine.errors import UserError
from engine.services.context import Services
from engine.services.runs import StartRun

TRAPS = ("upgrade.cycle", "import.edges_lost")
"""Notices of the reader about connections that are in the file and do not run."""
WORTH_SAYING = ("UNRESOLVED_REFERENCE", "UNREADABLE_ID", "NO_RESPONSE_NODE", "FAIL_BRANCH_WITHOUT_EDGE")
MOST_WARNINGS = 10
EXIT_CODES = {"succeeded": say.OK, "partial-succeeded": say.OK, "paused": say.PAUSED, "stopped": say.STOPPED}


def json_argument(text: str, what: str) -> Any:
    """A JSON argument, or the content of a file for `@FILE`. Raises UserError."""
    if text.startswith("@"):
        text = load(Path(text[1:])).decode("utf-8", "replace")
    try:
        return jsonlib.loads(text)
    except ValueError as error:
        raise UserError(f"{what} is not valid JSON: {error}", code="cli.bad_json") from error


def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A DSL file.")],
    inputs: Annotated[str, typer.Option(help="Inputs as JSON, or @FILE.")] = "{}",
    query: Annotated[str, typer.Option(help="What the person says (chat flows).")] = "",
    file_paths: Annotated[
        list[Path] | None, typer.Option("--file", help="A file that goes with the message; may stand several times.")
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Also ask for follow-up questions, where the app offers them.")
    ] = False,
    conversation: Annotated[str, typer.Option(help="Conversation id; made if it does not exist.")] = "",
    user: Annotated[str, typer.Option(help="User id.")] = "local",
    mocks: Annotated[Path | None, typer.Option(help="JSON file of answers for nodes that are not to run.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of an environment variable.")] = None,
    node: Annotated[str, typer.Option(help="Run this node alone.")] = "",
    from_run: Annotated[str, typer.Option(help="An earlier run to go on from.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="With --from-run: continue after its failure.")] = False,
    from_node: Annotated[str, typer.Option("--from", help="With --from-run: run again from this node.")] = "",
    events: Annotated[
        str, typer.Option("--events", help="Print events: `penstock` or `dify` names.", show_default=False)
    ] = "",
    record: Annotated[
        bool | None, typer.Option("--record/--no-record", help="Keep the run in the log (default: only with --data).")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Stop the run after this many seconds.")] = None,
    recording: Annotated[
        Path | None, typer.Option(help="Write what models, servers, code and tools answer into this file.")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="Answer from such a file instead of from the outside.")] = None,
    strict_upstream: Annotated[
        bool | None,
        typer.Option(
            "--strict-upstream/--no-strict-upstream",
            help="Behave as Dify where Penstock is better on purpose (default: the workspace's setting).",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --replay: fail on a request that was not recorded.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Run although connections lead nowhere, in a circle, or are waited for in vain."),
    ] = False,
) -> None:
    """Run a workflow file. Exit code 0 succeeded, 1 failed, 2 bad input, 3 paused, 130 stopped."""
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)  # also when an argument is refused
    keep = bool(record if record is not None else context.obj["data"] or from_run)
    check_events(events)
    if (resume or from_node) and not from_run:
        raise UserError(
            "--resume and --from go on from an earlier run.", hint="Name it with --from-run.", code="cli.from"
        )
    outcome = read_workflow(services, file, keep=keep, anyway=anyway or bool(node))
    if from_node:
        outcome[0].graph.node(from_node)  # one that is not there is said, not passed over
    start = StartRun(
        outcome[0],
        app_id=outcome[1],
        inputs=mapping(json_argument(inputs, "--inputs"), "--inputs"),
        query=query,
        files=[_message_file(services, path) for path in file_paths or []],
        conversation_id=conversation,
        user_id=user,
        mocks=mapping(json_argument(f"@{mocks}", "The mocks file"), "The mocks file") if mocks else None,
        environment=dict(pair(item) for item in env or []),
        kind=_kind(outcome[0], node),
        node_id=node or None,
        from_run=from_run or None,
        resume=resume,
        from_node=from_node or None,
        timeout=timeout,
        record=keep,
        strict_upstream=strict_upstream,
    )
    if recording and replay:
        raise UserError("--recording and --replay exclude each other.", code="cli.bad_tape")
    try:
        if strict_upstream is None and services.has_database():
            start.strict_upstream = bool(services.settings.get("strict_upstream", False))
        summary = asyncio.run(
            play(services, start, events, recording=recording, replay=replay, strict=strict, suggest=suggest)
        )
    finally:
        services.close()
    raise typer.Exit(EXIT_CODES.get(summary["status"], say.FAILED))


def read_workflow(services: Services, file: Path, *, keep: bool, anyway: bool = False) -> tuple[Any, str]:
    """The workflow of a file, and its app where the run is kept. Ends with exit code 2 when it cannot be read, or when
    it would not do what it shows and is not to run `anyway` (engine spec 1.6, level E*)."""
    from engine.dsl.read import read

    result = read(load(file), name=file.stem)
    for found in result.problems:
        place = f"{file}:{found.line}:{found.column}" if found.line else str(file)
        say.note(f"{place}: {found.severity}: {found.message}")
        if found.hint:
            say.note(f"    {found.hint}")
    if result.workflow is None:
        raise typer.Exit(say.BAD_INPUT)
    _tell_traps(result, anyway=anyway)
    if not keep:
        return result.workflow, ""
    app = services.workflows.open_path(file, confirm_version=True)
    return result.workflow, app.app_id or ""


def _tell_traps(result: Any, *, anyway: bool) -> None:
    """Say what will not run as the file shows it. Raises UserError `run.traps` unless it is to run anyway."""
    from engine.nodes.registry import node_class
    from engine.run.lint import lint

    grave = [notice.message for notice in result.notices if notice.code in TRAPS]
    light, fatal = [], []
    if result.workflow.has_graph:
        for issue in lint(result.workflow.graph.to_config(), node_class):
            if issue.level == "E":
                fatal.append(issue.message)  # the run itself refuses these, unless something stands in for the node
            elif issue.level == "E*":
                grave.append(issue.message)
            elif issue.code in WORTH_SAYING:
                light.append(issue.message)
    for message in [*light, *(grave if anyway else ())][:MOST_WARNINGS]:
        say.note(f"warning: {message}")
    if grave and not anyway:
        hint = "Put it right in the window, or run it as it is with --anyway."
        raise UserError(" ".join([*fatal, *grave][:MOST_WARNINGS]), code="run.traps", hint=hint)


def check_events(names: str) -> None:
    """Raises UserError for names of events that there are not."""
    if names not in ("", "penstock", "dify"):
        raise UserError(f"--events={names}: the names are penstock or dify.", code="cli.events")


def mapping(value: Any, what: str) -> dict[str, Any]:
    """The value itself when it is a mapping. Raises UserError."""
    if not isinstance(value, dict):
        raise UserError(f"{what} must be a JSON object.", code="cli.bad_json")
    return value


def _message_file(services: Services, path: Path) -> dict[str, Any]:
    """A file of a message, copied into the workspace. Raises EnvironmentProblem when it cannot be read."""
    import mimetypes

    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    reference = services.keep_file(path, kind)
    facts = {"filename": path.name, "extension": path.suffix, "mime_type": kind, "size": path.stat().st_size}
    return {"transfer_method": "local_file", "upload_file_id": reference, **facts}


def pair(text: str) -> tuple[str, str]:
    """Name and value of NAME=VALUE. Raises UserError."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UserError(f"--env {text!r} must have the form NAME=VALUE.", code="cli.bad_env")
    return name, value


def _kind(workflow: Any, node_id: str) -> str:
    """What a single step is: a container runs its rounds."""
    if not node_id:
        return "full"
    node = workflow.graph.node(node_id)
    return str(node.type) if node.is_container else "node"


async def play(
    services: Services,
    start: StartRun,
    events: str,
    *,
    recording: Path | None = None,
    replay: Path | None = None,
    strict: bool = False,
    suggest: bool = False,
) -> dict[str, Any]:
    """Run and print; Ctrl+C stops the run, a second one ends the program."""
    if recording is not None:
        start.run_id = start.run_id or services.ids.uuid()
        services.record_outside(recording, _secrets(start), {"run_id": start.run_id})
    if replay is not None:
        head, stand_ins = services.replay_outside(replay, _secrets(start), strict=strict)
        start.environment.update(stand_ins)
        if not start.record:
            start.run_id = str(head.get("run_id") or "")
    handle = services.runs.start(start)
    chat = start.workflow.mode == "advanced-chat"
    titles = {node.id: node.title for node in start.workflow.graph.nodes.values()}
    features = start.workflow.features if suggest else None
    return await follow(services, handle, events, chat=chat, features=features, titles=titles)


def _secrets(start: StartRun) -> dict[str, str]:
    """The secret environment variables of a run: name to value, empty where there is none."""
    variables = start.workflow.environment_variables
    return {v.name: str(start.environment.get(v.name) or v.value or "") for v in variables if v.is_secret}


async def follow(
    services: Services,
    handle: Any,
    events: str,
    *,
    chat: bool = False,
    features: Mapping[str, Any] | None = None,
    titles: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Print a run's events (if asked for) and its summary; with `features` also follow-up questions. `titles`: what
    people call the nodes."""
    collector.relax()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        handle.send({"command": "abort", "reason": "Stopped by the user"})
        restore()

    def restore() -> None:
        try:
            loop.remove_signal_handler(signal.SIGINT)
        except (NotImplementedError, ValueError):
            signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        loop.add_signal_handler(signal.SIGINT, stop)
    except (NotImplementedError, RuntimeError):
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop))
    translate = None
    from engine.run.dify import message_end

    if events == "dify":
        from engine.run.dify import DifyNames

        translate = DifyNames(is_chat=chat).translate
    try:
        async for event in handle.events():
            if not events:
                continue
            told = translate(event) if translate else event
            if told is not None and event["event"] != "Summary":
                say.out(told)
        summary: dict[str, Any] = await handle.result()
        await services.runs.drain()
        message = summary.get("message")
        if message and events == "dify":
            say.out(message_end(message))
        if message and message["status"] == "normal" and features is not None:
            turns = [] if services.has_database() else [(message["query"], message["answer"])]
            found = await services.chat.suggested_questions(features, message["conversation_id"], turns)
            summary = {**summary, "suggested_questions": found}
    finally:
        restore()
        await services.close_ports()
    say.out(summary, pretty=not events and sys.stdout.isatty())
    if summary.get("error"):
        where = _place(titles or {}, str(summary.get("error_node_id") or ""))
        say.note(f"{summary['status']}{where}: {summary['error']}")
    if summary.get("status") == "paused":
        from engine.cli.forms import show_waiting

        show_waiting(services, summary)
    return summary


def _place(titles: Mapping[str, str], node_id: str) -> str:
    """The node at fault, in words that stand behind a status."""
    if not node_id:
        return ""
    title = titles.get(node_id)
    return f" at {title} ({node_id})" if title else f" at {node_id}"
