"""The forms of paused runs, for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.cli import say
from engine.errors import UserError


def show(record: Mapping[str, Any], title: str = "") -> None:
    """A form on standard error: its text, its fields, its buttons, and how to answer it."""
    definition = record["definition"]
    say.note(f"The run waits for an answer{f' at “{title}”' if title else ''}:")
    for line in str(definition.get("form_content") or "").splitlines():
        say.note(f"    {line}")
    fields = definition.get("inputs") or []
    if fields:
        say.note("Fields:")
    defaults = definition.get("resolved_default_values") or {}
    for field in fields:
        say.note(f"    {_field(field, defaults)}")
    actions = definition.get("actions") or []
    words = ", ".join(f"{action['id']} ({action.get('title') or ''})" for action in actions)
    say.note(f"Buttons: {words}")
    _show_mail(record.get("mail") or {})
    first = str(actions[0]["id"]) if actions else "BUTTON"
    say.note(f"Answer it with: runs resume {record['run_id']} --action {first}{_values(fields)}")


def _show_mail(report: Mapping[str, Any]) -> None:
    """What became of the e-mails that asked for the answer."""
    for address in report.get("sent") or ():
        say.note(f"Sent to {address}.")
    for row in report.get("failed") or ():
        say.note(f"Not sent to {row.get('to')}: {row.get('error')} {row.get('hint') or ''}".rstrip())
    for note in report.get("notes") or ():
        say.note(str(note))


def _field(field: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    name = str(field.get("output_variable_name") or "")
    told = f"{name}: {field.get('type')}"
    if field.get("options"):
        told += f", one of {', '.join(map(str, field['options']))}"
    return f"{told}, at first {defaults[name]!r}" if defaults.get(name) not in (None, "") else told


def _values(fields: Sequence[Mapping[str, Any]]) -> str:
    if not fields:
        return ""
    import json
    from shlex import quote

    sample = {str(field.get("output_variable_name")): "…" for field in fields}
    return " --values " + quote(json.dumps(sample, ensure_ascii=False))


def show_waiting(services: Any, summary: Mapping[str, Any]) -> None:
    """The forms that a run has just paused for. One that is not kept cannot be answered, and that is said."""
    titles = {r.get("session_id"): r.get("node_title") for r in summary.get("reasons") or []}
    if not any(titles):
        return
    known = services.forms.waiting(summary["run_id"]) if _is_kept(services, str(summary["run_id"])) else []
    if not known:
        say.note("The run waits for an answer, but it is not kept: run it with --record to answer its form.")
    for record in known:
        show(record, str(titles.get(record["session_id"]) or ""))


def _is_kept(services: Any, run_id: str) -> bool:
    if not services.has_database():
        return False
    try:
        services.runs.get(run_id)
    except UserError:
        return False
    return True
