"""The workflows that are open for editing, one session each: two windows on one workflow share it, and so every change
appears in both at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from editor.session import WorkflowSession

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.workflows import LoadedDraft


class Sessions(QObject):
    """Hands out sessions by the id of their app; the last page that lets go of one closes it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._open: dict[str, WorkflowSession] = {}

    def find(self, app_id: str) -> WorkflowSession | None:
        """The session of an app that is open somewhere."""
        return self._open.get(app_id)

    def open(self, draft: LoadedDraft) -> WorkflowSession:
        """The session of a draft: the one that is open already, or a new one."""
        known = self._open.get(draft.app_id)
        if known is not None:
            return known
        session = WorkflowSession(
            self._studio,
            draft.workflow,
            app_id=draft.app_id,
            revision=draft.revision,
            steps=draft.steps,
            position=draft.position,
            parent=self._studio,
        )
        if draft.workflow.has_graph:
            self._open[draft.app_id] = session
            session.closed.connect(lambda: self._open.pop(draft.app_id, None))
        else:
            session.read_only = True
        return session
