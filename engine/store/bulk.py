"""Many rows by one statement: plain SQL with positional values, for the writes that every step of a run needs.

What is written here is measured in microseconds; everything else goes through SQLAlchemy's statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table

BLOCK = 32
"""Rows of one statement. While SQLite works the interpreter is free, so a run goes on beside the writer: with a row a
statement it would have to hand over the interpreter for each."""
_MOST_VALUES = 900
"""Values of one statement that every SQLite takes."""


class RowWriter:
    """Inserts whole rows into one table."""

    def __init__(self, table: Table, columns: Sequence[str], after: str = "on conflict do nothing") -> None:
        self.columns = tuple(columns)
        self._values = itemgetter(*self.columns)
        names = ", ".join(map(_quoted, self.columns))
        self._head = f"insert into {_quoted(table.name)} ({names}) values "  # noqa: S608 - names of our own tables
        self._row = f"({', '.join('?' * len(self.columns))})"
        self._after = f" {after}"
        self._block = max(min(BLOCK, _MOST_VALUES // len(self.columns)), 1)
        self._many = self._statement(self._block)
        self._one = self._statement(1)

    def _statement(self, rows: int) -> str:
        return self._head + ", ".join([self._row] * rows) + self._after

    def add(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that are mappings; more keys than columns do not matter."""
        self.add_values(connection, [self._values(row) for row in rows])

    def add_values(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows whose values stand in the order of the columns."""
        whole = len(rows) - len(rows) % self._block
        for begin in range(0, whole, self._block):
            values = tuple([value for row in rows[begin : begin + self._block] for value in row])
            connection.exec_driver_sql(self._many, values)
        if whole < len(rows):
            connection.exec_driver_sql(self._one, list(rows[whole:]))


def update_rows(
    connection: Connection, table: Table, changes: Iterable[tuple[str, Mapping[str, Any]]], condition: str = ""
) -> None:
    """Change rows by id, each its own columns; `condition` is further SQL that the row must meet."""
    by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for key, values in changes:
        if values:
            by_columns.setdefault(tuple(values), []).append((*values.values(), key))
    for columns, rows in by_columns.items():
        connection.exec_driver_sql(_update(table.name, columns, condition), rows)


@cache
def _update(table: str, columns: tuple[str, ...], condition: str) -> str:
    changes = ", ".join(f"{_quoted(name)} = ?" for name in columns)
    return f"update {_quoted(table)} set {changes} where id = ?{' and ' + condition if condition else ''}"  # noqa: S608


def _quoted(name: str) -> str:
    return f'"{name}"'
