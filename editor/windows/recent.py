"""Files that were opened lately: a menu, and the list behind it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from editor.i18n import tr
from editor.icons import icon

if TYPE_CHECKING:
    from editor.windows.main import MainWindow

KEPT = 12


class RecentFiles(QObject):
    """Newest first; a file that is gone is left out of the menu and forgotten when it is asked for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def files(self) -> list[str]:
        """The paths, newest first."""
        found = self._window.studio.preferences.get("recent_files")
        return [str(f) for f in found] if isinstance(found, list) else []

    def add(self, path: Path) -> None:
        """Note that a file was opened."""
        place = str(path.absolute())
        self._keep([place, *(f for f in self.files() if f != place)])

    def forget(self, path: Path) -> None:
        """A file that cannot be opened is no longer offered."""
        self._keep([f for f in self.files() if f != str(path.absolute())])

    def _keep(self, files: list[str]) -> None:
        self._window.studio.preferences.set("recent_files", files[:KEPT])

    def add_to(self, menu: QMenu) -> None:
        """Hang the menu of recent files into another one."""
        own = QMenu(tr("Open recent"), menu)
        own.setIcon(icon("history", "text"))
        own.aboutToShow.connect(lambda: self._fill(own))
        menu.addMenu(own)

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        present = [f for f in self.files() if Path(f).is_file()]
        names = [Path(f).name for f in present]
        for file in present:
            path = Path(file)
            # Two files of one name are told apart by their folders.
            text = path.name if names.count(path.name) == 1 else f"{path.name}  ·  {path.parent.name}"
            action = menu.addAction(text.replace("&", "&&"), partial(self._window.open_path, path))
            action.setToolTip(file)
        if not present:
            menu.addAction(tr("No files yet")).setEnabled(False)
            return
        menu.addSeparator()
        menu.addAction(tr("Clear the list"), partial(self._keep, []))
