"""Workbooks as data."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.adapters.tools.declare import Answer, BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked, data, said
from engine.adapters.tools.files import given_file, read

MOST_CELLS = 2_000_000


async def excel2json(call: ToolCall) -> Answer:
    """The rows of every sheet by the names in its first row."""
    file = given_file(call, "file")
    sheets = await asyncio.to_thread(_sheets, await read(call, file))
    return [said(json.dumps(sheets, ensure_ascii=False)), *([data(sheets)] if sheets else [])]


def _sheets(content: bytes) -> dict[str, list[dict[str, Any]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found: dict[str, list[dict[str, Any]]] = {}
        cells = 0
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
            cells += sum(len(row) for row in rows)
            if cells > MOST_CELLS:
                raise ToolFailed(f"The workbook has more than {MOST_CELLS} cells.")
            found[name] = _records(rows)
    except CalamineError as problem:
        raise ToolFailed(f"The workbook cannot be read: {problem}") from problem
    return found


def _records(rows: list[list[Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    names: list[str] = []
    for index, cell in enumerate(rows[0]):
        name = str(cell).strip() or f"column_{index + 1}"
        names.append(name if name not in names else f"{name}_{index + 1}")
    return [{n: _plain(v) for n, v in zip(names, row, strict=False)} for row in rows[1:] if any(c != "" for c in row)]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


PROVIDER = BuiltinProvider(
    "excel_tools",
    "Excel",
    "Reads workbooks.",
    "grid",
    (
        BuiltinTool(
            "excel2json",
            "Workbook to data",
            "A tool for reading the rows of an Excel workbook.",
            excel2json,
            (asked("file", "Workbook", kind="file", required=True),),
        ),
    ),
)
