"""Values of earlier debugging (draft variables) and chat conversations (storage spec 2.7, 2.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.clock import Clock, IdSource, iso
from engine.errors import UserError
from engine.run.drafts import DraftValue
from engine.store.blobs import BlobStore
from engine.store.bulk import RowWriter
from engine.store.db import Database
from engine.store.jsontext import dumps, loads
from engine.store.tables import apps, conversations, draft_variables, messages, offloads, workflow_node_executions

_COLUMNS = (
    "id",
    "app_id",
    "node_id",
    "name",
    "selector",
    "value_type",
    "value",
    "visible",
    "editable",
    "node_execution_id",
    "file_id",
    "created_at",
)
_VALUE_ROWS = RowWriter(
    draft_variables,
    _COLUMNS,
    "on conflict (app_id, node_id, name) do update set last_edited_at = null, "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[4:]),
)


class DebugStore:
    """Draft variables and conversations; every method may be called from any thread."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock, ids: IdSource) -> None:
        self._db, self._blobs, self._clock, self._ids = database, blobs, clock, ids

    # -- draft variables ---------------------------------------------------------------------------------------------

    def put(self, connection: Connection, app_id: str, values: Sequence[tuple[DraftValue, str]]) -> None:
        """Keep values of nodes that ran, each with its execution's id, each variable once; nothing when the app is gone
        meanwhile."""
        if connection.execute(select(apps.c.id).where(apps.c.id == app_id)).first() is None:
            return
        now = iso(self._clock.now())
        _VALUE_ROWS.add_values(connection, [self._row(app_id, value, execution, now) for value, execution in values])

    def _row(self, app_id: str, value: DraftValue, execution_id: str, now: str) -> tuple[Any, ...]:
        """The values of `_COLUMNS`."""
        return (
            self._ids.uuid(),
            app_id,
            value.node_id,
            value.name,
            f"[{dumps(value.node_id)},{dumps(value.name)}]",
            value.value_type,
            dumps(value.value),
            value.visible,
            value.editable and not value.truncated,
            execution_id,
            self._blobs.put(dumps(value.whole).encode()) if value.truncated else None,
            now,
        )

    def variables(self, app_id: str) -> list[dict[str, Any]]:
        """All values of an app, by node and name."""
        table = draft_variables.c
        query = select(draft_variables).where(table.app_id == app_id).order_by(table.node_id, table.name)
        with self._db.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            row["selector"], row["value"] = loads(row["selector"]), loads(row["value"])
        return rows

    def steps(self, app_id: str) -> frozenset[str]:
        """The nodes whose values are kept."""
        table = draft_variables.c
        query = select(table.node_id).distinct().where(table.app_id == app_id, table.visible)
        with self._db.read() as connection:
            return frozenset(connection.execute(query).scalars()) - {"sys", "env", "conversation"}

    def values(self, app_id: str) -> dict[str, dict[str, Any]]:
        """Node id or prefix to name to the whole value, for single steps."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.variables(app_id):
            value = row["value"]
            if row["file_id"]:
                content = self._blobs.get(row["file_id"])
                value = loads(content.decode()) if content is not None else value
            if row["visible"]:
                found.setdefault(row["node_id"], {})[row["name"]] = value
        return found

    def set_variable(self, app_id: str, node_id: str, name: str, value: Any) -> None:
        """Change a value by hand. Raises UserError when it cannot be edited."""
        table = draft_variables.c
        condition = (table.app_id == app_id) & (table.node_id == node_id) & (table.name == name)
        with self._db.read() as connection:
            editable = connection.execute(select(table.editable).where(condition)).scalar()
        if not editable:
            raise UserError("This value cannot be edited.", code="debug.read_only")
        values = {"value": dumps(value), "last_edited_at": iso(self._clock.now())}
        self._db.write(lambda c: c.execute(update(draft_variables).where(condition).values(values)))

    def reset_variable(self, app_id: str, node_id: str, name: str) -> None:
        """Bring back the value that the node gave when it last ran; without that run the value goes."""
        table = draft_variables.c
        condition = (table.app_id == app_id) & (table.node_id == node_id) & (table.name == name)

        def job(connection: Connection) -> None:
            execution = connection.execute(select(table.node_execution_id).where(condition)).scalar()
            recorded = self._recorded(connection, execution)
            if node_id == "sys":
                recorded = self._system(connection, execution)
            if name in recorded:
                statement = update(draft_variables).where(condition)
                connection.execute(statement.values(value=dumps(recorded[name]), last_edited_at=None))
            else:
                connection.execute(delete(draft_variables).where(condition))

        self._db.write(job)

    @staticmethod
    def _system(connection: Connection, execution_id: str | None) -> dict[str, Any]:
        """The system variables that a run began with, as its first step was given them."""
        inputs = connection.execute(
            select(workflow_node_executions.c.inputs).where(workflow_node_executions.c.id == execution_id)
        ).scalar()
        return {key.removeprefix("sys."): v for key, v in loads(inputs, {}).items() if key.startswith("sys.")}

    def _recorded(self, connection: Connection, execution_id: str | None) -> dict[str, Any]:
        """The outputs that an execution left, whole."""
        sha = connection.execute(
            select(offloads.c.file_id).where(offloads.c.node_execution_id == execution_id, offloads.c.type == "outputs")
        ).scalar()
        content = self._blobs.get(sha) if sha else None
        if content is not None:
            return dict(loads(content.decode()))
        outputs = connection.execute(
            select(workflow_node_executions.c.outputs).where(workflow_node_executions.c.id == execution_id)
        ).scalar()
        return dict(loads(outputs, {}))

    def clear(self, app_id: str, node_id: str | None = None) -> None:
        """Forget the values of an app or of one node."""
        condition = draft_variables.c.app_id == app_id
        if node_id is not None:
            condition = condition & (draft_variables.c.node_id == node_id)
        self._db.write(lambda c: c.execute(delete(draft_variables).where(condition)))

    # -- conversations -----------------------------------------------------------------------------------------------

    def conversation(self, app_id: str, conversation_id: str) -> dict[str, Any]:
        """A conversation, made if it does not exist yet."""
        now = iso(self._clock.now())
        row = {"id": conversation_id, "app_id": app_id, "created_at": now, "updated_at": now}

        def job(connection: Connection) -> dict[str, Any]:
            connection.execute(insert(conversations).values(row).on_conflict_do_nothing())
            query = select(conversations).where(conversations.c.id == conversation_id)
            return dict(connection.execute(query).mappings().one())

        return self._db.write(job)

    def add_message(self, app_id: str, conversation_id: str, message: Mapping[str, Any]) -> None:
        """Keep one turn and count it; the end of a run that was paused takes the place of its pause."""
        now = iso(self._clock.now())
        row = {
            "id": self._ids.uuid(),
            "app_id": app_id,
            "conversation_id": conversation_id,
            "created_at": now,
            **message,
            "metadata": dumps(message.get("metadata") or {}),
        }
        run_id = message.get("workflow_run_id")

        def job(connection: Connection) -> None:
            if run_id is not None and self._went_on(connection, conversation_id, run_id, row):
                return
            connection.execute(insert(messages).values(row))
            values: dict[str, Any] = {"dialogue_count": conversations.c.dialogue_count + 1, "updated_at": now}
            mine = conversations.c.id == conversation_id
            connection.execute(update(conversations).where(mine).values(values))
            name = " ".join(str(message.get("query", "")).split())[:80]
            connection.execute(update(conversations).where(mine & (conversations.c.name == "")).values(name=name))

        self._db.write(job)

    @staticmethod
    def _went_on(connection: Connection, conversation_id: str, run_id: str, row: Mapping[str, Any]) -> bool:
        table = messages.c
        mine = (table.conversation_id == conversation_id) & (table.workflow_run_id == run_id)
        kept = {k: row[k] for k in ("answer", "status", "error", "metadata") if k in row}
        return bool(connection.execute(update(messages).where(mine).values(kept)).rowcount)

    def history(self, conversation_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """The newest turns of a conversation, oldest first: query, answer, status, error, metadata."""
        table = messages.c
        query = (
            select(
                table.id,
                table.query,
                table.answer,
                table.status,
                table.error,
                table.workflow_run_id,
                table.metadata,
                table.created_at,
            )
            .where(table.conversation_id == conversation_id)
            .order_by(table.created_at.desc(), table.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()][::-1]
        for row in rows:
            row["metadata"] = loads(row["metadata"], {})
        return rows

    def rename_conversation(self, conversation_id: str, name: str) -> None:
        """Give a conversation a name of its own."""
        change = update(conversations).where(conversations.c.id == conversation_id).values(name=name)
        self._db.write(lambda connection: connection.execute(change))

    def conversations(self, app_id: str, limit: int = 50) -> list[dict[str, Any]]:
        """Conversations of an app, newest first."""
        table = conversations.c
        query = select(conversations).where(table.app_id == app_id).order_by(table.updated_at.desc()).limit(limit)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
