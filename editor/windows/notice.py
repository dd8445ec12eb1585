"""Telling a person who works in another program that a run is over or waits: the task bar, and the system's own
notification where there is one (editor spec, section 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from editor.enginetexts import told_line
from editor.i18n import tr

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage

WORTH_SECONDS: Final = 3.0
"""A shorter run ends before anybody has gone elsewhere."""
SHOWN_MS: Final = 15_000


def words_of(summary: Mapping[str, Any]) -> str:
    """What became of a run, in a line; empty for one that is not worth a notice."""
    status, seconds = summary.get("status"), float(summary.get("elapsed_time") or 0.0)
    if status == "paused":
        return tr("The run waits for an answer.")
    if seconds < WORTH_SECONDS or status == "stopped":
        return ""
    if status == "failed":
        return tr("The run failed: {error}", error=told_line(str(summary.get("error") or "")))
    from editor.amounts import duration

    return tr("The run is over after {time}.", time=duration(seconds))


class Notices:
    """The notices of one window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def run_over(self, page: WorkflowPage, summary: Mapping[str, Any]) -> None:
        """A run ended or waits; says so when no window of the studio is in front."""
        words = words_of(summary)
        if not words or QApplication.activeWindow() is not None:
            return
        QApplication.alert(self._window)
        self._window.show_toast(words)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._say(page.session.name, words)

    def _say(self, title: str, words: str) -> None:
        self.close()
        tray = self._tray = QSystemTrayIcon(self._window.windowIcon(), self._window)
        tray.messageClicked.connect(self._window.come_forward)
        tray.show()
        tray.showMessage(title, words, self._window.windowIcon(), SHOWN_MS)
        QTimer.singleShot(SHOWN_MS, tray, self.close)

    def close(self) -> None:
        """Take the icon out of the tray."""
        if self._tray is not None:
            self._tray.hide()
            self._tray.deleteLater()
            self._tray = None
