"""Snippets of a workspace: rows among its settings, each written whole or not at all.

A row is read by itself, so that one that cannot be read spoils no other. Names are compared in the transaction that
writes: two programs on one workspace cannot give the same name twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from engine.store.db import Database
from engine.store.jsontext import dumps
from engine.store.tables import settings

PREFIX = "snippet:"
Rows = Mapping[str, Mapping[str, Any]]
"""What is kept of each snippet by its id; an empty mapping for what cannot be read."""


class SnippetStore:
    """May be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> Rows:
        """Every row."""
        with self._db.read() as connection:
            return _rows(connection)

    def put(self, change: Callable[[Rows], tuple[str, Mapping[str, Any]]]) -> None:
        """Write the row that `change` makes of all that are there; its refusals come through, and nothing changes."""

        def job(connection: Connection) -> None:
            snippet_id, row = change(_rows(connection))
            statement = insert(settings).values(key=PREFIX + snippet_id, value=dumps(dict(row)))
            connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
            )

        self._db.write(job)

    def remove(self, snippet_id: str) -> None:
        """Forget a row, if it is there."""
        self._db.write(lambda c: c.execute(delete(settings).where(settings.c.key == PREFIX + snippet_id)))


def _rows(connection: Connection) -> dict[str, Mapping[str, Any]]:
    query = select(settings.c.key, settings.c.value).where(settings.c.key.startswith(PREFIX, autoescape=True))
    return {str(key).removeprefix(PREFIX): _row(value) for key, value in connection.execute(query)}


def _row(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
