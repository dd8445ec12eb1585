"""Reading the run log: filtered, sorted, by pages, with full-text search. Rows come without graphs and payloads.

Every list is made in two steps: the ids of a page from one covering index (`ix_runs_log`), then the columns of these
rows alone; so a sort by any column of 20,000 runs reads no wide row that is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    tuple_,
)

from engine.store.db import Database
from engine.store.logfilter import Cursor, RunFilter
from engine.store.runs import LIST_COLUMNS
from engine.store.tables import apps, conversations, messages, workflow_node_executions, workflow_runs

RUNS = workflow_runs.c
SEARCHED = table("run_search", column("run_id"), column("body"))
SHORTEST_PHRASE = 3
"""Trigrams find texts of at least so many characters; shorter ones are looked for in the texts themselves."""


class RunLog:
    """The questions that lists of runs ask; every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self,
        wanted: RunFilter,
        *,
        sort: str = "started",
        up: bool = False,
        cursor: Cursor | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Rows in order; each also has `sort_key`, the first part of a cursor."""
        key = _sort_key(sort)
        keys = select(RUNS.id, key.label("sort_key"), RUNS.created_at.label("at")).select_from(_source(sort))
        conditions = self.conditions(wanted)
        # Sorted by time, the key is the time itself; naming it twice would keep the index from giving the order.
        order = [RUNS.created_at, RUNS.id] if sort == "started" else [key, RUNS.created_at, RUNS.id]
        if cursor is not None:
            last = tuple_(*map(literal, cursor[-len(order) :]))
            place = tuple_(*order)
            conditions.append(place > last if up else place < last)
        chosen = keys.where(and_(*conditions)) if conditions else keys
        chosen = chosen.order_by(*(c.asc() if up else c.desc() for c in order)).limit(limit)
        found = chosen.subquery()
        rows = (
            select(*(RUNS[name] for name in LIST_COLUMNS), apps.c.name.label("app_name"), found.c.sort_key)
            .join(found, found.c.id == RUNS.id)
            .join(apps, apps.c.id == RUNS.app_id, isouter=True)
            .order_by(*(c.asc() if up else c.desc() for c in (found.c.sort_key, found.c.at, found.c.id)))
        )
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(rows).mappings()]

    def count(self, wanted: RunFilter) -> int:
        """How many runs the filter finds."""
        query = select(func.count()).select_from(workflow_runs)
        conditions = self.conditions(wanted)
        with self._db.read() as connection:
            return int(connection.execute(query.where(and_(*conditions)) if conditions else query).scalar_one())

    def ids(self, wanted: RunFilter, limit: int = 100_000) -> list[str]:
        """The ids of all runs that the filter finds, newest first."""
        query: Select[Any] = select(RUNS.id)
        conditions = self.conditions(wanted)
        if conditions:
            query = query.where(and_(*conditions))
        with self._db.read() as connection:
            return list(
                connection.execute(query.order_by(RUNS.created_at.desc(), RUNS.id.desc()).limit(limit)).scalars()
            )

    def choices(self, name: str) -> list[str]:
        """The values that `version` or `triggered_from` have in the log."""
        query = select(RUNS[name]).distinct().order_by(RUNS[name])
        with self._db.read() as connection:
            return [str(value) for value in connection.execute(query).scalars()]

    # -- conditions --------------------------------------------------------------------------------------------------

    def conditions(self, wanted: RunFilter) -> list[ColumnElement[bool]]:
        """The filter as conditions on runs."""
        found: list[ColumnElement[bool]] = []
        for name, value in (
            ("app_id", wanted.app_id),
            ("version", wanted.version),
            ("triggered_from", wanted.trigger),
            ("conversation_id", wanted.conversation_id),
        ):
            if value:
                found.append(RUNS[name] == value)
        if wanted.statuses:
            found.append(RUNS.status.in_(wanted.statuses))
        if wanted.since:
            found.append(RUNS.created_at >= wanted.since)
        if wanted.until:
            found.append(RUNS.created_at < wanted.until)
        if wanted.pinned is not None:
            found.append(RUNS.pinned.is_(wanted.pinned))
        if wanted.keyword.strip():
            found.append(_mentions(wanted.keyword.strip()))
        if wanted.error.strip():
            found += [_mentions(wanted.error.strip()), _error_has(wanted.error.strip())]
        if wanted.node.strip():
            found.append(_ran(wanted.node.strip(), wanted.app_id))
        return found

    # -- conversations -----------------------------------------------------------------------------------------------

    def conversations(
        self, *, app_id: str = "", keyword: str = "", cursor: tuple[str, str] | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Conversations of chat flows, the last used first, each with its number of turns."""
        talks = conversations.c
        turns = (
            select(func.count())
            .where(messages.c.conversation_id == talks.id)
            .correlate(conversations)
            .scalar_subquery()
        )
        query = select(conversations, apps.c.name.label("app_name"), turns.label("turns")).join(
            apps, apps.c.id == talks.app_id
        )
        if app_id:
            query = query.where(talks.app_id == app_id)
        if keyword.strip():
            like = f"%{_escaped(keyword.strip())}%"
            said = exists().where(
                messages.c.conversation_id == talks.id,
                or_(messages.c.query.like(like, escape="\\"), messages.c.answer.like(like, escape="\\")),
            )
            query = query.where(or_(talks.name.like(like, escape="\\"), said))
        if cursor is not None:
            query = query.where(tuple_(talks.updated_at, talks.id) < tuple_(*map(literal, cursor)))
        query = query.order_by(talks.updated_at.desc(), talks.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _source(sort: str) -> Any:
    return workflow_runs.join(apps, apps.c.id == RUNS.app_id, isouter=True) if sort == "workflow" else workflow_runs


def _sort_key(sort: str) -> ColumnElement[Any]:
    keys: dict[str, ColumnElement[Any]] = {
        "started": RUNS.created_at,
        "elapsed": RUNS.elapsed_time,
        "tokens": RUNS.total_tokens,
        # Prices are texts, for they are exact; zero added makes SQLite compare them as numbers.
        "price": RUNS.total_price.op("+")(text("0.0")),
        "status": RUNS.status,
        "version": RUNS.version,
        "trigger": RUNS.triggered_from,
        "user": RUNS.created_by,
        "workflow": func.coalesce(apps.c.name, ""),
    }
    return keys[sort]


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _mentions(words: str) -> ColumnElement[bool]:
    """Runs that say something, or the one with this id."""
    if len(words) >= SHORTEST_PHRASE:
        phrase = '"' + words.replace('"', '""') + '"'
        found = select(SEARCHED.c.run_id).where(literal_column("run_search").op("match")(phrase))
        return or_(RUNS.id.in_(found), RUNS.id == words)
    spellings = dict.fromkeys((words, words.lower(), words.upper(), words.title()))
    return RUNS.id.in_(select(SEARCHED.c.run_id).where(or_(*(func.instr(SEARCHED.c.body, s) > 0 for s in spellings))))


def _error_has(words: str) -> ColumnElement[bool]:
    """The run itself or one of its steps failed with these words."""
    like = f"%{_escaped(words)}%"
    steps = workflow_node_executions.c
    step = exists().where(steps.workflow_run_id == RUNS.id, steps.error.like(like, escape="\\"))
    return or_(RUNS.error.like(like, escape="\\"), step)


def _ran(words: str, app_id: str) -> ColumnElement[bool]:
    """Runs in which a step of this id, or with this in its title, took part."""
    steps = workflow_node_executions.c
    of_app = steps.app_id == app_id if app_id else steps.app_id.in_(select(apps.c.id))
    by_id = RUNS.id.in_(select(steps.workflow_run_id).where(of_app, steps.node_id == words))
    like = f"%{_escaped(words)}%"
    by_title = exists().where(steps.workflow_run_id == RUNS.id, steps.title.like(like, escape="\\"))
    return or_(by_id, and_(_mentions(words), by_title))


def cursor_of(rows: Sequence[dict[str, Any]]) -> Cursor:
    """Where the page after these rows begins."""
    last = rows[-1]
    return (last["sort_key"], last["created_at"], last["id"])
