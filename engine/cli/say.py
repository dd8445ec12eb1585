"""Printing: JSON for machines, sentences for people, errors with place and advice."""

from __future__ import annotations

import json
import sys
from typing import Any

from engine.errors import PenstockError

OK, FAILED, BAD_INPUT, PAUSED, STOPPED = 0, 1, 2, 3, 130


def out(value: Any, *, pretty: bool = False) -> None:
    """One JSON document on a line (or indented) on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, default=str), flush=True)


def line(text: str) -> None:
    """Plain text on standard output."""
    print(text, flush=True)


def note(text: str) -> None:
    """A sentence for people on standard error."""
    print(text, file=sys.stderr, flush=True)


def problem(error: PenstockError) -> None:
    """An error for people: what, where, what to do."""
    note(f"error: {error}")
    if error.hint:
        note(f"       {error.hint}")


def table(rows: list[dict[str, Any]], columns: list[tuple[str, str]]) -> None:
    """A table for people, through rich where the output is a terminal and as plain columns elsewhere."""
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for _, title in columns:
        made.add_column(title, overflow="fold")
    for row in rows:
        made.add_row(*[str(row.get(key, "") if row.get(key) is not None else "") for key, _ in columns])
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(made)
