"""Apps, their drafts with journal and backups, and their published versions (storage spec, sections 2.1, 2.3, 3, 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.clock import Clock, IdSource, iso, parse_iso
from engine.errors import UserError
from engine.model.hashing import content_hash
from engine.model.workflow import Workflow
from engine.store.conflict import DraftConflict
from engine.store.crypto import Vault
from engine.store.db import Database
from engine.store.jsontext import dumps, loads, seal, unseal
from engine.store.tables import apps, draft_backups, draft_journal, draft_variables, settings, workflow_runs, workflows

TENANT = "00000000-0000-0000-0000-000000000001"
KEPT_BACKUPS = 20
TYPES = {"workflow": "workflow", "rag_pipeline": "rag-pipeline"}


@dataclass(frozen=True)
class DraftRow:
    """A stored draft: the workflow without journal, its revision and the edits since it was saved."""

    workflow: Workflow
    revision: int
    journal: tuple[Mapping[str, Any], ...]
    updated_at: str
    workflow_id: str


KEPT_WITH_APP = ("debug", "pins", "asked")
"""What settings keep of an app, as `<name>.<app id>`: they go when it is deleted for good."""


class AppStore:
    """Reads and writes apps; every method may be called from any thread."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, ids: IdSource) -> None:
        self._db, self._vault, self._clock, self._ids = database, vault, clock, ids

    def _now(self) -> str:
        return iso(self._clock.now())

    # -- apps --------------------------------------------------------------------------------------------------------

    def rows(self, *, trash: bool = False) -> list[dict[str, Any]]:
        """All apps, newest change first, without their content."""
        condition = apps.c.deleted_at.is_not(None) if trash else apps.c.deleted_at.is_(None)
        query = select(apps).where(condition).order_by(apps.c.pinned.desc(), apps.c.updated_at.desc())
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def row(self, app_id: str) -> dict[str, Any]:
        """One app. Raises UserError `store.unknown_app`."""
        with self._db.read() as connection:
            found = connection.execute(select(apps).where(apps.c.id == app_id)).mappings().first()
        if found is None:
            raise UserError("This workflow is not in the workspace.", code="store.unknown_app")
        return dict(found)

    def by_path(self, path: str) -> str | None:
        """The app that a file was opened as."""
        query = select(apps.c.id).where(apps.c.source_path == path, apps.c.deleted_at.is_(None))
        with self._db.read() as connection:
            return connection.execute(query).scalars().first()

    def create(self, workflow: Workflow, *, original: str | None = None, path: str | None = None) -> str:
        """A new app with its draft."""
        app_id, now = self._ids.uuid(), self._now()
        row = {
            **_app_columns(workflow),
            "id": app_id,
            "tenant_id": TENANT,
            "created_at": now,
            "updated_at": now,
            "original_dsl": original,
            "source_path": path,
        }
        draft = self._draft_row(app_id, workflow, now)

        def job(connection: Connection) -> None:
            connection.execute(insert(apps).values(row))
            connection.execute(insert(workflows).values(draft))

        self._db.write(job)
        return app_id

    def _draft_row(self, app_id: str, workflow: Workflow, now: str) -> dict[str, Any]:
        return {
            "id": self._ids.uuid(),
            "tenant_id": TENANT,
            "app_id": app_id,
            "type": TYPES.get(workflow.mode, "chat"),
            "version": "draft",
            "content": self._text(app_id, workflow),
            "content_hash": content_hash(workflow),
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }

    def _text(self, app_id: str, workflow: Workflow) -> str:
        return dumps(seal(workflow.to_json(), self._vault, f"env:{app_id}"))

    def _workflow(self, app_id: str, text: str) -> Workflow:
        return Workflow.from_json(unseal(loads(text), self._vault, f"env:{app_id}"))

    def set_app(self, app_id: str, **values: Any) -> None:
        """Change columns of an app (pinned, opened_at, deleted_at, source_path)."""
        self._db.write(lambda c: c.execute(update(apps).where(apps.c.id == app_id).values(values)))

    def delete(self, app_id: str) -> None:
        """Remove an app and everything of it for good."""

        def job(connection: Connection) -> None:
            connection.execute(delete(workflow_runs).where(workflow_runs.c.app_id == app_id))
            connection.execute(update(apps).where(apps.c.id == app_id).values(workflow_id=None))
            connection.execute(delete(apps).where(apps.c.id == app_id))
            # Its breakpoints and pinned results are settings named after it.
            kept = [f"{name}.{app_id}" for name in KEPT_WITH_APP]
            connection.execute(delete(settings).where(settings.c.key.in_(kept)))

        self._db.write(job)

    # -- drafts ------------------------------------------------------------------------------------------------------

    def draft(self, app_id: str) -> DraftRow:
        """The stored draft and its journal. Raises UserError `store.unknown_app`."""
        query = select(workflows).where(workflows.c.app_id == app_id, workflows.c.version == "draft")
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                raise UserError("This workflow is not in the workspace.", code="store.unknown_app")
            journal = connection.execute(
                select(draft_journal.c.op).where(draft_journal.c.app_id == app_id).order_by(draft_journal.c.seq)
            ).scalars()
            edits = tuple(unseal(loads(op), self._vault, f"env:{app_id}") for op in journal)
        workflow = self._workflow(app_id, row["content"])
        return DraftRow(workflow, row["revision"], edits, row["updated_at"], row["id"])

    def save_draft(self, app_id: str, workflow: Workflow, revision: int, mark: int | None = None) -> int:
        """Write the draft if it is still at `revision` and drop the journal up to `mark`; the new revision.

        Raises DraftConflict when somebody else saved since.
        """
        text, digest, now = self._text(app_id, workflow), content_hash(workflow), self._now()
        columns = {**_app_columns(workflow), "updated_at": now}

        def job(connection: Connection) -> bool:
            changed = connection.execute(
                update(workflows)
                .where(workflows.c.app_id == app_id, workflows.c.version == "draft", workflows.c.revision == revision)
                .values(content=text, content_hash=digest, revision=revision + 1, updated_at=now)
            ).rowcount
            if not changed:
                return False
            condition = draft_journal.c.app_id == app_id
            if mark is not None:
                condition = condition & (draft_journal.c.revision <= mark)
            connection.execute(delete(draft_journal).where(condition))
            connection.execute(update(apps).where(apps.c.id == app_id).values(columns))
            return True

        if not self._db.write(job):
            stored = self.draft(app_id)
            raise DraftConflict(stored.workflow, stored.revision)
        return revision + 1

    def journal(self, app_id: str, edit: Mapping[str, Any], mark: int) -> Future[Any]:
        """Note one edit at once; the future ends when it is on disk."""
        op = dumps(seal(edit, self._vault, f"env:{app_id}"))
        row = {"app_id": app_id, "revision": mark, "op": op, "at": self._now()}
        return self._db.submit(lambda c: c.execute(insert(draft_journal).values(row)))

    def back_up(self, app_id: str, workflow: Workflow, reason: str) -> None:
        """Keep a copy of a draft; the oldest beyond twenty go."""
        row = {
            "id": self._ids.uuid(),
            "app_id": app_id,
            "content": self._text(app_id, workflow),
            "reason": reason,
            "created_at": self._now(),
        }

        def job(connection: Connection) -> None:
            connection.execute(insert(draft_backups).values(row))
            kept = (
                select(draft_backups.c.id)
                .where(draft_backups.c.app_id == app_id)
                .order_by(draft_backups.c.created_at.desc(), draft_backups.c.id)
                .limit(KEPT_BACKUPS)
            )
            connection.execute(
                delete(draft_backups).where(draft_backups.c.app_id == app_id, draft_backups.c.id.not_in(kept))
            )

        self._db.write(job)

    def backups(self, app_id: str) -> list[tuple[str, str, str]]:
        """Id, reason and time of the kept copies, newest first."""
        columns = (draft_backups.c.id, draft_backups.c.reason, draft_backups.c.created_at)
        query = select(*columns).where(draft_backups.c.app_id == app_id).order_by(draft_backups.c.created_at.desc())
        with self._db.read() as connection:
            return [(r[0], r[1], r[2]) for r in connection.execute(query)]

    def backup(self, app_id: str, backup_id: str) -> Workflow:
        """A kept copy. Raises UserError `store.unknown_backup`."""
        query = select(draft_backups.c.content).where(draft_backups.c.id == backup_id)
        with self._db.read() as connection:
            text = connection.execute(query).scalars().first()
        if text is None:
            raise UserError("This backup is not kept any more.", code="store.unknown_backup")
        return self._workflow(app_id, text)

    # -- versions ----------------------------------------------------------------------------------------------------

    def publish(self, app_id: str, workflow: Workflow, name: str, comment: str) -> str:
        """Keep a workflow as a new version, newer than all before; its id."""
        version_id, moment = self._ids.uuid(), self._clock.now()
        text, digest = self._text(app_id, workflow), content_hash(workflow)

        def job(connection: Connection) -> str:
            newest = connection.execute(
                select(func.max(workflows.c.version)).where(
                    workflows.c.app_id == app_id, workflows.c.version != "draft"
                )
            ).scalar()
            version = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
            if newest is not None and version <= newest:
                last = parse_iso(str(newest).replace(" ", "T") + "+00:00")
                version = (last + timedelta(microseconds=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
            now = iso(moment)
            row = {
                "id": version_id,
                "tenant_id": TENANT,
                "app_id": app_id,
                "type": TYPES.get(workflow.mode, "chat"),
                "version": version,
                "marked_name": name[:255],
                "marked_comment": comment,
                "content": text,
                "content_hash": digest,
                "created_at": now,
                "updated_at": now,
            }
            connection.execute(insert(workflows).values(row))
            connection.execute(update(apps).where(apps.c.id == app_id).values(workflow_id=version_id))
            return version_id

        return self._db.write(job)

    def versions(
        self, app_id: str, *, before: str | None = None, limit: int = 10, named_only: bool = False, words: str = ""
    ) -> list[dict[str, Any]]:
        """Published versions, newest first, without their content; `words` must stand in the name or the note."""
        table = workflows.c
        columns = (
            table.id,
            table.version,
            table.marked_name,
            table.marked_comment,
            table.created_at,
            table.updated_at,
            table.content_hash,
        )
        query = select(*columns).where(table.app_id == app_id, table.version != "draft")
        if before is not None:
            query = query.where(table.version < before)
        if named_only:
            query = query.where(table.marked_name != "")
        if words:
            named = table.marked_name.icontains(words, autoescape=True)
            query = query.where(named | table.marked_comment.icontains(words, autoescape=True))
        query = query.order_by(table.version.desc()).limit(limit)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def version(self, version_id: str) -> tuple[dict[str, Any], Workflow]:
        """One version with its content. Raises UserError `store.unknown_version`."""
        with self._db.read() as connection:
            row = connection.execute(select(workflows).where(workflows.c.id == version_id)).mappings().first()
        if row is None:
            raise UserError("This version is not in the workspace.", code="store.unknown_version")
        if row["version"] == "draft":
            raise UserError("The draft is not a published version.", code="store.not_published")
        return dict(row), self._workflow(row["app_id"], row["content"])

    def mark_version(self, version_id: str, name: str, comment: str) -> None:
        """Name a version and note something about it."""
        values = {"marked_name": name[:255], "marked_comment": comment, "updated_at": self._now()}
        self._db.write(lambda c: c.execute(update(workflows).where(workflows.c.id == version_id).values(values)))

    def delete_version(self, version_id: str) -> None:
        """Remove a version. Raises UserError for the draft and for the one the app points at."""
        row, _ = self.version(version_id)
        if self.row(row["app_id"])["workflow_id"] == version_id:
            raise UserError(
                "The latest version cannot be deleted.", code="store.latest_version", hint="Publish a newer one first."
            )
        self._db.write(lambda c: c.execute(delete(workflows).where(workflows.c.id == version_id)))

    def clear_draft_variables(self, app_id: str) -> None:
        """Forget the values of earlier debugging."""
        self._db.write(lambda c: c.execute(delete(draft_variables).where(draft_variables.c.app_id == app_id)))

    def last_statuses(self, app_ids: Sequence[str], count: int = 10) -> dict[str, list[str]]:
        """The newest run statuses of apps, newest first."""
        found: dict[str, list[str]] = {}
        table = workflow_runs.c
        with self._db.read() as connection:
            for app_id in app_ids:
                query = (
                    select(table.status).where(table.app_id == app_id).order_by(table.created_at.desc()).limit(count)
                )
                found[app_id] = list(connection.execute(query).scalars())
        return found


def _app_columns(workflow: Workflow) -> dict[str, Any]:
    app = workflow.app
    return {
        "name": app.name or "Untitled",
        "description": app.description or "",
        "mode": workflow.mode,
        "icon": app.icon,
        "icon_type": app.icon_type,
        "icon_background": app.icon_background,
        "use_icon_as_answer_icon": bool(app.use_icon_as_answer_icon),
        "node_count": sum(not n.is_note for n in workflow.graph.nodes.values()),
    }
