"""Human-input forms in the workspace's file (storage spec 2.6): they outlive the program that asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from engine.store.db import Database
from engine.store.jsontext import dumps, loads
from engine.store.tables import human_forms

_COLUMNS = {
    "status": "status",
    "action_id": "selected_action_id",
    "values": "submitted_data",
    "submitted_at": "submitted_at",
}


class StoredForms:
    """The `FormStore` of `engine.nodes.human_input.desk`; every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, session_id: str) -> dict[str, Any] | None:
        """A form by its id."""
        return self._one(human_forms.c.id == session_id)

    def find(self, run_id: str, execution_id: str) -> dict[str, Any] | None:
        """The form of one node execution."""
        table = human_forms.c
        return self._one((table.workflow_run_id == run_id) & (table.node_execution_id == execution_id))

    def add(self, record: Mapping[str, Any]) -> None:
        """Keep a new form."""
        kept = {key: record[key] for key in ("definition", "node_title", "global_expires_at")}
        row = {
            "id": record["session_id"],
            "workflow_run_id": record["run_id"],
            "node_execution_id": record["execution_id"],
            "node_id": record["node_id"],
            "form_definition": dumps(kept),
            "rendered_content": str(record["definition"].get("form_content") or ""),
            "status": record["status"],
            "expiration_time": record["expires_at"],
            "created_at": record["created_at"],
        }

        def write(connection: Connection) -> None:
            connection.execute(insert(human_forms).values(row))

        self._db.write(write)

    def change(self, session_id: str, expected_status: str, changes: Mapping[str, Any]) -> bool:
        """Change a form that still has that status; False when it has not."""
        values = {_COLUMNS[key]: dumps(value) if key == "values" else value for key, value in changes.items()}
        table = human_forms.c
        query = update(human_forms).where((table.id == session_id) & (table.status == expected_status))

        def write(connection: Connection) -> bool:
            return bool(connection.execute(query.values(values)).rowcount)

        return self._db.write(write)

    def note_mail(self, session_id: str, report: Mapping[str, Any], *, first: bool) -> bool:
        """Keep a report on the form's e-mails; with `first` only where there is none yet: False when there is."""
        table = human_forms.c

        def write(connection: Connection) -> bool:
            query = select(table.form_definition).where(table.id == session_id)
            text = connection.execute(query).scalars().first()
            kept = loads(text) if text is not None else None
            if kept is None or (first and kept.get("mail") is not None):
                return False
            changed = dumps({**kept, "mail": report})
            connection.execute(update(human_forms).where(table.id == session_id).values(form_definition=changed))
            return True

        return self._db.write(write)

    def waiting(self) -> list[dict[str, Any]]:
        """Forms that nobody has answered, the oldest first."""
        query = select(human_forms).where(human_forms.c.status == "waiting").order_by(human_forms.c.created_at)
        with self._db.read() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def _one(self, condition: Any) -> dict[str, Any] | None:
        with self._db.read() as connection:
            row = connection.execute(select(human_forms).where(condition)).mappings().first()
        return _record(row) if row is not None else None


def _record(row: RowMapping) -> dict[str, Any]:
    kept = loads(row["form_definition"])
    return {
        "session_id": row["id"],
        "run_id": row["workflow_run_id"],
        "node_id": row["node_id"],
        "node_title": kept["node_title"],
        "execution_id": row["node_execution_id"],
        "definition": kept["definition"],
        "status": row["status"],
        "created_at": row["created_at"],
        "expires_at": row["expiration_time"],
        "global_expires_at": kept["global_expires_at"],
        "action_id": row["selected_action_id"] or "",
        "values": loads(row["submitted_data"]) if row["submitted_data"] else {},
        "submitted_at": row["submitted_at"] or "",
        "mail": kept.get("mail"),
    }
