"""Excel workbooks, old and new, as Markdown tables.

Values look as a data frame prints them: a column of whole numbers with gaps has `1.0` and `nan` (nodes-logic spec 9.3).
"""

from __future__ import annotations

import io
import math
from datetime import date, datetime, timedelta
from typing import Any

from engine.adapters.documents.problems import encrypted


def sheets_text(content: bytes) -> str:
    """One table a sheet, each followed by a blank line; the first row is the header."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.PasswordError:
        raise encrypted("Excel") from None
    found = []
    for name in book.sheet_names:
        try:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        except (calamine.CalamineError, ValueError, TypeError):
            continue  # a sheet that cannot be read costs only itself
        text = sheet_table(rows)
        if text is not None:
            found.append(f"{text}\n\n")
    return "".join(found)


def sheet_table(rows: list[list[Any]]) -> str | None:
    """The table of a sheet's cells; None for a sheet without any."""
    if not rows:
        return None
    header = _header(rows[0])
    columns = [_column([_value(row[i]) if i < len(row) else None for row in rows[1:]]) for i in range(len(header))]
    lines = [
        [_cell(column[at]) for column in columns]
        for at, row in enumerate(rows[1:])
        if any(_value(cell) is not None for cell in row)
    ]
    rule = ["-" * len(name) for name in header]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def _header(cells: list[Any]) -> list[str]:
    names: list[str] = []
    for at, cell in enumerate(cells):
        value = _value(cell)
        name = base = f"Unnamed: {at}" if value is None else " ".join(str(value).splitlines())
        again = 0
        while name in names:
            again += 1
            name = f"{base}.{again}"
        names.append(name)
    return names


def _value(cell: Any) -> Any:
    if cell is None or cell == "":
        return None
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return int(cell) if cell.is_integer() else cell
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - cells have no zone
    return cell


def _column(values: list[Any]) -> list[Any]:
    """A column of numbers is all fractions as soon as one is, or one is missing."""
    present = [value for value in values if value is not None]
    numbers = bool(present) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in present)
    if numbers and (len(present) < len(values) or any(isinstance(v, float) for v in present)):
        return [float("nan") if value is None else float(value) for value in values]
    blank = "NaT" if present and all(isinstance(v, datetime) for v in present) else float("nan")
    return [blank if value is None else value for value in values]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.splitlines())
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
