"""What is published of an open workflow, and whether its draft says something else by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from editor.i18n import tr
from engine.model.hashing import content_hash

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.services.versions import VersionInfo

AFTER_MS = 700


class Publication(QObject):
    """Follows the saved draft; it asks the workspace in the background and says `changed` when it knows more."""

    changed = Signal()

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session)
        self._session = session
        self.latest: VersionInfo | None = None
        self.is_known = False
        """Whether the workspace has answered yet."""
        self.is_behind = False
        """Whether the draft says something else than the latest version."""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(AFTER_MS)
        self._later.timeout.connect(self.refresh)
        session.saveStateChanged.connect(self._saved)
        session.closed.connect(self._later.stop)
        if session.app_id and not session.read_only:
            self._later.start()

    def _saved(self, state: str) -> None:
        if state == "saved":
            self._later.start()
        elif self.latest is not None and not self.is_behind:
            self.is_behind = True  # as somebody sees it who has just changed something; looked up once it is saved
            self.changed.emit()

    def refresh(self) -> None:
        """Ask what the latest version is and compare it with the draft."""
        session = self._session
        if not session.app_id or session.read_only or session.is_closed:
            return
        workflow, app_id, versions = session.document.workflow, session.app_id, session.studio.services.versions

        def work() -> tuple[VersionInfo | None, bool]:
            latest = versions.latest(app_id)
            return latest, latest is not None and latest.content_hash != content_hash(workflow)

        session.studio.tasks.run(work, done=self._found, key=f"publication {app_id}")

    def _found(self, found: tuple[VersionInfo | None, bool]) -> None:
        if self._session.is_closed:
            return
        self.latest, self.is_behind = found
        self.is_known = True
        self.changed.emit()

    @property
    def words(self) -> str:
        """What there is to say of it, empty while nothing is known."""
        if not self.is_known:
            return ""
        if self.latest is None:
            return tr("The draft has not been published yet.")
        if self.is_behind:
            return tr("The draft has changes that are not published.")
        return tr("Everything is published.")
