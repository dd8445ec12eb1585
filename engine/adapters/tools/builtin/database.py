"""SQLite databases of the workspace. A workflow of a stranger must not read what lies elsewhere on the machine: only
files in the workspace's own folder for databases can be opened."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    data,
    fixed,
    made_file,
    said,
)

SECONDS = 20.0
MOST_ROWS = 50_000
FORMATS = ("json", "csv", "md", "text")
_REFUSED = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)


async def sql_execute(call: ToolCall) -> Answer:
    """The rows of a query, or how many rows a change touched."""
    query, address = call.needed("query"), call.text("db_uri")
    folder = call.ports.extras.get("databases_folder")
    if folder is None:
        raise ToolFailed("There is no workspace folder for databases here.")
    names, rows, touched = await asyncio.to_thread(_execute, _place(Path(folder), address), query)
    if not names:
        return [said(f"Query executed; {max(touched, 0)} rows changed."), data({"rows_affected": max(touched, 0)})]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    shape = call.text("format") or "json"
    if shape == "json":
        return [said(json.dumps(records, ensure_ascii=False)), data({"result": records})]
    if shape == "csv":
        target = io.StringIO(newline="")
        csv.writer(target).writerows([names, *rows])
        return [said(target.getvalue()), made_file(target.getvalue().encode("utf-8-sig"), "result.csv", "text/csv")]
    lines = [" | ".join(str(c) for c in row) for row in (names, ["---"] * len(names), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _place(folder: Path, address: str) -> Path:
    """The file of an address below the folder. Raises ToolFailed for other drivers and other places."""
    match = re.fullmatch(r"(?:sqlite(?:\+\w+)?:///)?([^:?#]*)", address or "data.db")
    if match is None:
        driver = address.partition(":")[0]
        raise ToolFailed(f"There is no driver for {driver} databases here; only SQLite files of the workspace work.")
    place = (folder / (match.group(1) or "data.db")).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise ToolFailed(f"Only databases in the folder {folder} can be opened.")
    return place


def _execute(place: Path, query: str) -> tuple[list[str], list[tuple[Any, ...]], int]:
    place.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + SECONDS
    connection = sqlite3.connect(place, timeout=5)
    try:
        connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK)
        connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
        with connection:
            cursor = connection.execute(query)
            rows = [tuple(_plain(c) for c in row) for row in cursor.fetchmany(MOST_ROWS)]
        return [d[0] for d in cursor.description or ()], rows, cursor.rowcount
    except sqlite3.Error as problem:
        word = f"the query took longer than {SECONDS:g} seconds" if "interrupt" in str(problem) else str(problem)
        raise ToolFailed(f"The database refused the query: {word}") from problem
    finally:
        connection.close()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


PROVIDER = BuiltinProvider(
    "database",
    "Database",
    "Asks SQLite databases of the workspace.",
    "database",
    (
        BuiltinTool(
            "sql_execute",
            "Execute SQL",
            "A tool for executing an SQL query on a database.",
            sql_execute,
            (
                asked("query", "SQL", "The query to execute", required=True),
                asked("db_uri", "Database", "Such as sqlite:///data.db, in the workspace's folder for databases"),
                fixed("format", "Format", kind="select", default="json", options=FORMATS),
                fixed("config_options", "Options", "Kept for other databases"),
            ),
        ),
    ),
)
