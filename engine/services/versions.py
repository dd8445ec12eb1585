"""Published versions: immutable copies of a draft with a time stamp, a name and a note (storage spec, section 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.model.diff import WorkflowDiff, diff
from engine.model.validate import check
from engine.model.workflow import Workflow

if TYPE_CHECKING:
    from engine.services.workflows import WorkflowService
    from engine.store.apps import AppStore


@dataclass(frozen=True)
class VersionInfo:
    """One version; `version` is its time as text, UTC."""

    id: str
    version: str
    name: str
    comment: str
    created_at: str
    is_latest: bool
    content_hash: str = ""


class VersionService:
    """The doors to versions."""

    def __init__(
        self,
        store: Callable[[], AppStore],
        workflows: WorkflowService,
        may_delete: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._store, self._workflows, self._may_delete = store, workflows, may_delete

    def publish(
        self, app_id: str, *, name: str = "", comment: str = "", workflow: Workflow | None = None, force: bool = False
    ) -> VersionInfo:
        """Publish the draft (or the given content of it). Raises UserError `publish.problems` with all errors of the
        checklist in `details` unless `force`."""
        content = workflow or self._workflows.peek(app_id)
        errors = [p for p in check(content) if p.severity == "error"]
        if errors and not force:
            raise UserError(
                f"{len(errors)} problem(s) must be put right before publishing.",
                code="publish.problems",
                details={"problems": [p.to_json() for p in errors]},
            )
        version_id = self._store().publish(app_id, content, name, comment)
        return next(v for v in self.list(app_id) if v.id == version_id)

    def list(
        self, app_id: str, *, cursor: str | None = None, limit: int = 10, named_only: bool = False, words: str = ""
    ) -> list[VersionInfo]:
        """Versions, newest first; `cursor` is the version text of the last one before; `words` are looked for in names
        and notes, whatever their case."""
        latest = self._store().row(app_id)["workflow_id"]
        rows = self._store().versions(app_id, before=cursor, limit=limit, named_only=named_only, words=words)
        return [_info(row, latest) for row in rows]

    def latest(self, app_id: str) -> VersionInfo | None:
        """The newest published version, or None."""
        return next(iter(self.list(app_id, limit=1)), None)

    def load(self, version_id: str) -> Workflow:
        """The content of a version."""
        return self._store().version(version_id)[1]

    def for_run(self, app_id: str, version_id: str = "") -> tuple[Workflow, VersionInfo]:
        """What an app run runs: the latest published version, or the one that is named (engine spec 10.1).

        Raises UserError: `run.not_published` when there is none, `store.unknown_version`, `store.not_published` for the
        draft's id, `run.not_a_version` for a version of another workflow.
        """
        latest = self.latest(app_id)
        if latest is None:
            hint = "Publish it, or run the draft."
            raise UserError("This workflow has not been published yet.", code="run.not_published", hint=hint)
        row, workflow = self._store().version(version_id or latest.id)
        if row["app_id"] != app_id:
            raise UserError(f"{version_id} is no version of this workflow.", code="run.not_a_version")
        return workflow, _info(row, latest.id)

    def restore(self, app_id: str, version_id: str) -> Workflow:
        """The content to put into the draft; the present draft is kept as a backup first. The caller applies it as
        one undoable edit, or saves it."""
        content = self.load(version_id)
        self._workflows.back_up(app_id, self._workflows.peek(app_id), "restore")
        self._store().clear_draft_variables(app_id)
        return content

    def rename(self, version_id: str, name: str, comment: str) -> None:
        """Name a version and note something about it."""
        self._store().mark_version(version_id, name, comment)

    def delete(self, version_id: str) -> None:
        """Delete a version. Raises UserError for the one that the app points at, the draft, and one that is a tool."""
        self._may_delete(str(self._store().version(version_id)[0]["app_id"]), version_id)
        self._store().delete_version(version_id)

    def diff(self, before: str, after: str) -> WorkflowDiff:
        """What changed between two versions; `draft:<app id>` names a draft."""
        return diff(self._content(before), self._content(after))

    def _content(self, name: str) -> Workflow:
        if name.startswith("draft:"):
            return self._workflows.peek(name.removeprefix("draft:"))
        return self.load(name)


def _info(row: dict[str, Any], latest: str | None) -> VersionInfo:
    return VersionInfo(
        row["id"],
        row["version"],
        row["marked_name"],
        row["marked_comment"],
        row["created_at"],
        row["id"] == latest,
        row["content_hash"],
    )
