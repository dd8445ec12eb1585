"""Something of a workflow that is kept with the workspace, by app, and stands in no file: one small JSON setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import PenstockError
from engine.logs import get_logger

if TYPE_CHECKING:
    from editor.session import WorkflowSession

log = get_logger("editor.kept")
SAVE_AFTER_MS = 300


class KeptWithApp(QObject):
    """Read in the background when the workflow is opened, written soon after a change. `changed` tells of both."""

    changed = Signal()

    def __init__(self, session: WorkflowSession, name: str) -> None:
        super().__init__(session)
        self._session = session
        self._key = f"{name}.{session.app_id}"
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(SAVE_AFTER_MS)
        self._save_timer.timeout.connect(self._save)

    def to_json(self) -> dict[str, Any]:
        """What is kept."""
        raise NotImplementedError

    def take(self, kept: Mapping[str, Any]) -> None:
        """Take over what was kept; what was changed meanwhile wins."""
        raise NotImplementedError

    @property
    def _is_kept(self) -> bool:
        return bool(self._session.app_id) and not self._session.read_only

    def load(self) -> None:
        """Ask for what was kept."""
        if self._is_kept:
            settings = self._session.studio.services.settings
            self._session.studio.tasks.run(settings.get, self._key, {}, done=self._loaded, failed=lambda _: None)

    def _loaded(self, kept: Any) -> None:
        if isinstance(kept, dict) and kept and not self._session.is_closed:
            self.take(kept)
            self.changed.emit()

    def keep(self) -> None:
        """It is other than before: keep it, and tell."""
        if self._is_kept:
            self._save_timer.start()
        self.changed.emit()

    def _save(self) -> None:
        studio, data = self._session.studio, self.to_json()
        studio.tasks.run(
            studio.services.settings.set, self._key, data, failed=lambda error: log.info("not kept: %s", error)
        )

    def close(self) -> None:
        """Keep what is not kept yet, before the workspace closes."""
        if not self._save_timer.isActive():
            return
        self._save_timer.stop()
        try:
            self._session.studio.services.settings.set(self._key, self.to_json())
        except PenstockError as error:
            log.info("not kept: %s", error)
