"""Annotations: answers that a person wrote for questions of an app, and when they were given."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from engine.clock import Clock, IdSource, iso
from engine.errors import UserError
from engine.store.db import Database
from engine.store.tables import annotation_hits, message_annotations


class AnnotationStore:
    """Rows of annotations; every method may be called from any thread."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._db, self._clock, self._ids = database, clock, ids

    def all(self, app_id: str) -> list[dict[str, Any]]:
        """The annotations of an app, newest first."""
        table = message_annotations.c
        query = select(message_annotations).where(table.app_id == app_id).order_by(table.created_at.desc(), table.id)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def put(self, app_id: str, question: str, answer: str, annotation_id: str = "") -> str:
        """Add one, or change the one with that id; its id. Raises UserError when that one is gone."""
        now = iso(self._clock.now())
        values = {"question": question, "answer": answer, "updated_at": now}
        new_id = annotation_id or self._ids.uuid()

        def job(connection: Connection) -> int:
            if annotation_id:
                statement = update(message_annotations).where(message_annotations.c.id == annotation_id).values(values)
                return connection.execute(statement).rowcount
            row = {"id": new_id, "app_id": app_id, "created_at": now, **values}
            return connection.execute(message_annotations.insert().values(row)).rowcount

        if not self._db.write(job):
            raise UserError("This annotation was deleted meanwhile.", code="annotations.gone")
        return new_id

    def remove(self, annotation_id: str) -> None:
        """Delete one with its hits; none of that id is no error."""
        self._db.write(
            lambda c: c.execute(delete(message_annotations).where(message_annotations.c.id == annotation_id))
        )

    def add_hit(
        self, app_id: str, annotation_id: str, *, query: str, score: float, conversation_id: str, message_id: str
    ) -> None:
        """Log that an annotation answered."""
        row = {
            "id": self._ids.uuid(),
            "annotation_id": annotation_id,
            "app_id": app_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "query": query,
            "score": score,
            "created_at": iso(self._clock.now()),
        }

        def job(connection: Connection) -> None:
            connection.execute(annotation_hits.insert().values(row))
            count = message_annotations.c.hit_count + 1
            connection.execute(
                update(message_annotations).where(message_annotations.c.id == annotation_id).values(hit_count=count)
            )

        self._db.write(job)

    def hits(self, annotation_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """When an annotation answered, newest first."""
        table = annotation_hits.c
        query = (
            select(annotation_hits)
            .where(table.annotation_id == annotation_id)
            .order_by(table.created_at.desc(), table.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
