"""Sending the e-mails that ask for an answer (nodes-logic spec 12.2): once a form, told in the step's log, and never a
reason for a run to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.logs import get_logger
from engine.nodes.human_input.letter import Letter, email_methods, letter
from engine.ports.mail import Mail, Mailer, MailOutcome
from engine.ports.outside import PortError

if TYPE_CHECKING:
    from engine.nodes.base import NodeContext

log = get_logger(__name__)
Report = dict[str, Any]
NO_ACCOUNT = "No e-mail was sent: this workspace has no mail account. One is set up in Settings > Mail."
NOBODY = "No e-mail was sent: there is no address that it could go to."
EVERYBODY = "The e-mail did not go to everybody of the workspace: only the addresses that it names are known here."
HARMLESS = ("Left out are ", EVERYBODY)
"""How notes begin that tell of no fault: what they say was known before."""
STOPPED = "The run was stopped before the e-mail was sent."


async def deliver(ctx: NodeContext, methods: Sequence[Mapping[str, Any]], keep: Callable[[Report], None]) -> None:
    """Send what the e-mail methods say, keep a report of it, and tell it in the log of the step."""
    report: Report = {"sent": [], "failed": [], "notes": []}
    mailer: Mailer = ctx.ports.extras["mail"]
    try:
        for method in email_methods(methods):
            await _one(ctx, mailer, method, report)
    except asyncio.CancelledError:
        report["notes"].append(STOPPED)
        raise
    except Exception as problem:
        # Whatever goes wrong with a mail, the form waits in the program: the run must not fail for it.
        log.exception("the e-mail of step %s", ctx.node_id)
        report["notes"].append(f"The e-mail could not be made: {problem}")
    finally:
        keep(report)
    _tell(ctx, report)


async def _one(ctx: NodeContext, mailer: Mailer, method: Mapping[str, Any], report: Report) -> None:
    own = mailer.address()
    if not own:
        report["notes"].append(NO_ACCOUNT)
        return
    place = mailer.place(str(ctx.run.get("app_id") or ""), ctx.title or ctx.node_id)
    made = letter(method, ctx.pool, place, own, shortest=ctx.limits.min_masked_secret_length)
    report["notes"] += notes_of(made)
    wrong = {"error": "This is no e-mail address.", "hint": "Write it as name@example.com."}
    report["failed"] += [{"to": address, **wrong} for address in made.malformed]
    if not made.mails:
        return
    try:
        outcomes = await mailer.send(made.mails)
    except PortError as problem:
        outcomes = [MailOutcome(mail.to, problem.message, problem.hint) for mail in made.mails]
    take_over(report, made.mails, outcomes)


def take_over(report: Report, mails: Sequence[Mail], outcomes: Sequence[MailOutcome]) -> None:
    """Put into a report what became of messages; those that did not go are kept to be sent again (`unsent`)."""
    for mail, outcome in zip(mails, outcomes, strict=True):
        if outcome.error:
            report["failed"].append({"to": outcome.to, "error": outcome.error, "hint": outcome.hint})
            report.setdefault("unsent", []).append(asdict(mail))
        else:
            report["sent"].append(outcome.to)


def notes_of(made: Letter) -> list[str]:
    """Who gets nothing because nobody here knows an address."""
    notes = []
    if made.members:
        count = made.members
        notes.append(f"Left out are {count} members of a Dify workspace: their addresses are not in the file.")
    if made.everybody:
        notes.append(EVERYBODY)
    if not made.mails and not made.malformed:
        notes.append(NOBODY)
    return notes


def _tell(ctx: NodeContext, report: Report) -> None:
    """One entry of the log for each address (`to` in its data), and one for each note."""
    for address in report["sent"]:
        _entry(ctx, address, to=address)
    for row in report["failed"]:
        _entry(ctx, row["to"], f"{row['error']} {row['hint']}".strip(), to=row["to"])
    for note in report["notes"]:
        _entry(ctx, note, "" if note.startswith(HARMLESS) else note)


def _entry(ctx: NodeContext, label: str, error: str = "", *, to: str = "") -> None:
    ctx.emit(
        "NodeRunAgentLog",
        {
            "message_id": ctx.ids.uuid(),
            "label": label,
            "node_execution_id": ctx.execution_id,
            "parent_id": None,
            "error": error or None,
            "status": "error" if error else "success",
            "data": {"to": to} if to else {},
            "metadata": {},
        },
    )
