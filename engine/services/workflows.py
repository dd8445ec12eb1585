"""Workflows of the workspace: list, create, import, load with recovery, save, journal, export (storage spec 3, 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, iso
from engine.errors import EnvironmentProblem, UserError
from engine.logs import get_logger
from engine.model.document import Step
from engine.model.edits import Edit, edit_from_json
from engine.model.factory import new_workflow
from engine.model.hashing import content_hash
from engine.model.problems import Notice, Problem
from engine.model.workflow import Workflow
from engine.store.conflict import DraftConflict
from engine.wholefile import write_whole

if TYPE_CHECKING:
    from engine.store.apps import AppStore
    from engine.store.blobs import BlobStore
    from engine.store.history import HistoryStore

log = get_logger(__name__)
__all__ = ["AppSummary", "DraftConflict", "ImportOutcome", "LoadedDraft", "WorkflowService"]


@dataclass(frozen=True)
class AppSummary:
    """One line of the library."""

    id: str
    name: str
    mode: str
    icon: str
    icon_background: str
    description: str
    updated_at: str
    opened_at: str | None
    pinned: bool
    published: bool
    node_count: int
    last_runs: list[str] = field(default_factory=list)
    icon_type: str = ""
    created_at: str = ""
    deleted_at: str | None = None


@dataclass(frozen=True)
class LoadedDraft:
    """A draft ready to edit; `recovered` says that edits of an unclean end were replayed."""

    app_id: str
    workflow: Workflow
    revision: int
    recovered: bool
    updated_at: str
    steps: tuple[Step, ...] = ()
    """The undo steps of the session before, where they are known and lead to this draft."""
    position: int = 0


@dataclass(frozen=True)
class ImportOutcome:
    """What became of an import. `status`: completed, completed-with-warnings, pending (ask, then call again with
    `confirm_version=True`) or failed. `secrets_at_stake`: secrets that the file leaves empty and the draft holds."""

    app_id: str | None
    status: str
    problems: list[Problem]
    notices: list[Notice]
    workflow: Workflow | None = None
    secrets_at_stake: tuple[str, ...] = ()


class WorkflowService:
    """The doors to apps and drafts."""

    def __init__(
        self,
        store: Callable[[], AppStore],
        blobs: BlobStore,
        clock: Clock,
        may_delete: Callable[[str], None] = lambda *_: None,
        histories: Callable[[], HistoryStore] | None = None,
    ) -> None:
        self._store, self._blobs, self._clock, self._may_delete = store, blobs, clock, may_delete
        self._histories = histories

    # -- the library -------------------------------------------------------------------------------------------------

    def list(self, search: str = "", mode: str | None = None, *, trash: bool = False) -> list[AppSummary]:
        """Apps whose name or description holds `search`, pinned first, then by last change."""
        wanted = search.strip().lower()
        rows = [
            row
            for row in self._store().rows(trash=trash)
            if (mode is None or row["mode"] == mode)
            and (not wanted or wanted in row["name"].lower() or wanted in row["description"].lower())
        ]
        runs = self._store().last_statuses([row["id"] for row in rows])
        return [_summary(row, runs.get(row["id"], [])) for row in rows]

    def get(self, app_id: str) -> AppSummary:
        """One app."""
        return _summary(self._store().row(app_id), self._store().last_statuses([app_id]).get(app_id, []))

    def create(self, mode: str, name: str, *, workflow: Workflow | None = None, to_choose: bool = False) -> str:
        """A new app, empty or with the given content under the given name; its id. `to_choose` leaves what an empty
        one begins with to people."""
        fresh = workflow or new_workflow(mode, name, to_choose=to_choose)
        return self._store().create(replace(fresh, app=replace(fresh.app, name=name or fresh.app.name)))

    def rename(self, app_id: str, name: str) -> None:
        """Give an app another name, in its draft too."""
        loaded = self.load(app_id)
        app = replace(loaded.workflow.app, name=name)
        self.save_draft(app_id, replace(loaded.workflow, app=app), loaded.revision)

    def duplicate(self, app_id: str, name: str | None = None) -> str:
        """A copy of an app's draft as a new app."""
        workflow = self.peek(app_id)
        return self.create(workflow.mode, name or f"{workflow.app.name} copy", workflow=workflow)

    def pin(self, app_id: str, *, pinned: bool) -> None:
        """Keep an app at the top of the library."""
        self._store().set_app(app_id, pinned=pinned)

    def delete(self, app_id: str) -> None:
        """Move an app to the trash. Raises UserError when other workflows use it as a tool."""
        self._may_delete(app_id)
        self._store().set_app(app_id, deleted_at=iso(self._clock.now()))

    def restore_from_trash(self, app_id: str) -> None:
        """Bring an app back."""
        self._store().set_app(app_id, deleted_at=None)

    def delete_for_good(self, app_id: str) -> None:
        """Remove an app with its versions and runs. Raises UserError when other workflows use it as a tool."""
        self._may_delete(app_id)
        self._store().delete(app_id)
        if self._histories is not None:
            self._histories().drop(app_id)

    # -- drafts ------------------------------------------------------------------------------------------------------

    def load(self, app_id: str) -> LoadedDraft:
        """The draft with the edits of an unclean end replayed; an edit that does not fit any more ends the replay and
        is logged, and what was there is kept as a backup."""
        store = self._store()
        row = store.draft(app_id)
        workflow = row.workflow
        done: list[Edit] = []
        undo: list[Edit] = []
        for entry in row.journal:
            try:
                edit = edit_from_json(entry)
                workflow, inverse = edit.apply(workflow)
            except UserError as error:
                log.warning("replay of the journal of %s stopped after %d edits: %s", app_id, len(done), error)
                store.back_up(app_id, row.workflow, "journal")
                break
            done.append(edit)
            undo.append(inverse)
        revision = row.revision
        if row.journal:
            revision = store.save_draft(app_id, workflow, revision)
        steps, position = self._history(app_id, row.workflow)
        if done:
            steps, position = (*steps[:position], Step("", tuple(done), tuple(undo))), position + 1
        return LoadedDraft(app_id, workflow, revision, bool(done), row.updated_at, steps, position)

    def peek(self, app_id: str) -> Workflow:
        """The draft as it is now, with its journal, only to look at: nothing is written, so that a window in which it
        is open is not disturbed."""
        row = self._store().draft(app_id)
        workflow = row.workflow
        for entry in row.journal:
            try:
                workflow, _ = edit_from_json(entry).apply(workflow)
            except UserError:
                break  # `load` says so
        return workflow

    def _history(self, app_id: str, workflow: Workflow) -> tuple[tuple[Step, ...], int]:
        if self._histories is None:
            return (), 0
        return self._histories().load(app_id, content_hash(workflow))

    def keep_history(self, app_id: str, workflow: Workflow, steps: Sequence[Step], position: int) -> None:
        """Keep the undo steps that led to a stored draft; a disk that cannot be written costs the history only."""
        if self._histories is None:
            return
        try:
            self._histories().keep(app_id, steps, position, content_hash(workflow))
        except OSError as error:
            log.info("the history of %s is not kept: %s", app_id, error)

    def opened(self, app_id: str) -> None:
        """Note that an app was opened now."""
        self._store().set_app(app_id, opened_at=iso(self._clock.now()))

    def save_draft(self, app_id: str, workflow: Workflow, revision: int, *, mark: int | None = None) -> int:
        """Write the draft; the new revision. `mark` is the document's revision that this content has: journal entries
        up to it go. Raises DraftConflict."""
        return self._store().save_draft(app_id, workflow, revision, mark)

    def journal(self, app_id: str, edit: Mapping[str, Any], *, mark: int = 0) -> Future[Any]:
        """Note an edit durably; does not wait. `mark` is the document's revision after the edit."""
        return self._store().journal(app_id, edit, mark)

    def back_up(self, app_id: str, workflow: Workflow, reason: str) -> None:
        """Keep a copy of a draft before something replaces it."""
        self._store().back_up(app_id, workflow, reason)

    def backups(self, app_id: str) -> Sequence[tuple[str, str, str]]:
        """Id, reason and time of kept copies, newest first."""
        return self._store().backups(app_id)

    def load_backup(self, app_id: str, backup_id: str) -> Workflow:
        """A kept copy."""
        return self._store().backup(app_id, backup_id)

    # -- files -------------------------------------------------------------------------------------------------------

    def read(self, data: bytes, *, name: str = "", confirm_version: bool = False) -> ImportOutcome:
        """Read a file without keeping anything."""
        from engine.dsl.read import read

        result = read(data, name=name)
        if result.workflow is None:
            return ImportOutcome(None, "failed", result.problems, result.notices)
        status = result.status
        if status == "pending" and confirm_version:
            status = "completed-with-warnings"
        return ImportOutcome(None, status, result.problems, result.notices, result.workflow)

    def import_text(
        self,
        data: bytes,
        *,
        name: str = "",
        confirm_version: bool = False,
        over: str | None = None,
        keep_secrets: bool = True,
        path: str | None = None,
    ) -> ImportOutcome:
        """Import a file as a new app, or over the draft of `over` (which is backed up first). Nothing is written
        unless the status is completed. An empty secret of the file keeps the value of the draft if `keep_secrets`."""
        outcome = self.read(data, name=name, confirm_version=confirm_version)
        if outcome.workflow is None or outcome.status == "pending":
            return outcome
        original = self._blobs.put(data)
        if over is None:
            app_id = self._store().create(outcome.workflow, original=original, path=path)
            return replace(outcome, app_id=app_id)
        loaded = self.load(over)
        offer = self.import_over(loaded.workflow, outcome, keep_secrets=keep_secrets)
        if offer.workflow is None:
            return offer
        self.save_draft(over, offer.workflow, loaded.revision)
        self.imported_over(over, loaded.workflow, data)
        return replace(offer, app_id=over)

    def import_over(self, target: Workflow, outcome: ImportOutcome, *, keep_secrets: bool = True) -> ImportOutcome:
        """What the open draft `target` becomes by an import that `read` has made; failed with the nodes at fault when
        the file cannot replace it (dsl spec 3.4). Nothing is written: the caller applies the workflow as one edit and
        then says `imported_over`."""
        from engine.dsl.over import merged, refusals, secrets_at_stake

        if outcome.workflow is None:
            return outcome
        refused = refusals(target, outcome.workflow)
        if refused:
            return ImportOutcome(None, "failed", [*outcome.problems, *refused], outcome.notices)
        at_stake = tuple(secrets_at_stake(target, outcome.workflow))
        return replace(
            outcome, workflow=merged(target, outcome.workflow, keep_secrets=keep_secrets), secrets_at_stake=at_stake
        )

    def imported_over(self, app_id: str, before: Workflow, data: bytes) -> None:
        """Note an import over a draft: the draft of before is backed up, debug variables are forgotten."""
        self.back_up(app_id, before, "import")
        self._store().set_app(app_id, original_dsl=self._blobs.put(data))
        self._store().clear_draft_variables(app_id)

    def open_path(self, path: Path, *, confirm_version: bool = False) -> ImportOutcome:
        """Open a file: the app it was opened as before, if its content is unchanged since, else a new import.

        Raises EnvironmentProblem when the file cannot be read.
        """
        place = str(path.resolve())
        try:
            if path.stat().st_size > 64 * 1024 * 1024:
                raise UserError(
                    f"{path.name} has {path.stat().st_size / 1048576:.0f} MiB; a workflow file may have 10 MiB.",
                    code="parse.too_large",
                )
            data = path.read_bytes()
        except OSError as error:
            raise EnvironmentProblem(
                f"{path} cannot be read: {error.strerror or error}", code="file.unreadable"
            ) from error
        known = self._store().by_path(place)
        if known is not None:
            original = self._store().row(known)["original_dsl"]
            if original == self._blobs.put(data):
                outcome = self.read(data, name=path.stem, confirm_version=True)
                return replace(outcome, app_id=known)
            self._store().set_app(known, source_path=None)
        return self.import_text(data, name=path.stem, confirm_version=confirm_version, path=place)

    def export(
        self, app_id: str, *, version_id: str | None = None, with_secrets: bool = False, original: bool = False
    ) -> bytes:
        """The DSL file of a draft or a version, or the very bytes that were imported."""
        from engine.dsl.write import write

        if original:
            sha = self._store().row(app_id)["original_dsl"]
            content = self._blobs.get(sha) if sha else None
            if content is None:
                raise UserError("This workflow was not imported from a file.", code="export.no_original")
            return content
        workflow = self._store().version(version_id)[1] if version_id else self.peek(app_id)
        return write(workflow, with_secrets=with_secrets).encode()

    def export_to(self, file: Path, app_id: str, *, version_id: str | None = None, with_secrets: bool = False) -> None:
        """Write a DSL file, whole or not at all. Raises EnvironmentProblem when it cannot be written."""
        self._written(file, self.export(app_id, version_id=version_id, with_secrets=with_secrets))

    def copy_to(self, file: Path, workflow: Workflow) -> None:
        """Write a workflow that is only in memory as a DSL file without its secrets. Raises EnvironmentProblem."""
        from engine.dsl.write import write

        self._written(file, write(workflow).encode())

    @staticmethod
    def _written(file: Path, content: bytes) -> None:
        try:
            write_whole(file, content)
        except OSError as error:
            raise EnvironmentProblem(
                f"{file} cannot be written: {error.strerror or error}.",
                code="export.not_written",
                hint="Choose another folder, or make room on the disk.",
            ) from error


def _summary(row: Mapping[str, Any], runs: list[str]) -> AppSummary:
    return AppSummary(
        row["id"],
        row["name"],
        row["mode"],
        row["icon"] or "",
        row["icon_background"] or "",
        row["description"],
        row["updated_at"],
        row["opened_at"],
        bool(row["pinned"]),
        row["workflow_id"] is not None,
        row["node_count"],
        runs,
        row["icon_type"] or "",
        row["created_at"],
        row["deleted_at"],
    )
