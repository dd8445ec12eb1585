"""Which steps of a workflow have values that are kept for debugging (editor-ux spec, section 4: the "cached" mark)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class KeptValues(QObject):
    """Read in the background when a workflow is opened, when a run of it is over, and when somebody asks for it."""

    changed = Signal()

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session)
        self._session = session
        self._seen = ""
        self.nodes: frozenset[str] = frozenset()
        session.runChanged.connect(self._run_changed)
        self.refresh()

    def _run_changed(self) -> None:
        state = self._session.whole_state
        if state is not None and state.is_over and state.run_id != self._seen and not self._session.read_only:
            self._seen = state.run_id
            self.refresh()

    def refresh(self) -> None:
        """Look again which steps have values."""
        session = self._session
        if not session.app_id or session.read_only:
            return
        runs, app_id = session.studio.services.runs, session.app_id
        session.studio.tasks.run(
            lambda: runs.steps_with_values(app_id), done=self._found, key=f"kept values {id(self)}"
        )

    def _found(self, nodes: frozenset[str]) -> None:
        if nodes != self.nodes:
            self.nodes = nodes
            self.changed.emit()
