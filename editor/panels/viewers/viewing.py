"""What viewers of values need besides the value: the way to stored files, work away from the window's thread, and how
this person likes to see texts and data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl

from editor.settings import Preferences

if TYPE_CHECKING:
    from editor.bridge.tasks import Tasks


class Viewing:
    """One for the whole studio, as the theme is; without anything it finds no file and remembers only for itself."""

    def __init__(
        self,
        find: Callable[[str], Path | None] = lambda _: None,
        preferences: Preferences | None = None,
        tasks: Tasks | None = None,
    ) -> None:
        self.find = find
        self._preferences = preferences or Preferences(None)
        self._tasks = tasks

    def raw(self, kind: str) -> bool:
        """Whether values of a kind (`text` or `data`) are shown as they came."""
        return bool(self._preferences.get(f"raw_{kind}"))

    def set_raw(self, kind: str, raw: bool) -> None:
        """Remember how values of a kind are liked."""
        self._preferences.set(f"raw_{kind}", raw)

    def later(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do something away from the window's thread, then `done` here; at once where there are no threads."""
        if self._tasks is None:
            done(work())
        else:
            self._tasks.run(work, done=done)

    def stored(self, url: QUrl) -> Path | None:
        """The stored file that a `file:` address names; None for every other file and every other address."""
        if not url.isLocalFile():
            return None
        path = Path(url.toLocalFile())
        found = self.find(path.name)
        return found if found is not None and found.resolve() == path.resolve() else None


class _Shared:
    viewing = Viewing()


def viewing() -> Viewing:
    """The studio's, for whoever was given none."""
    return _Shared.viewing


def use(made: Viewing) -> None:
    """From now on this is the studio's."""
    _Shared.viewing = made


def stored_in(folder: Path, reference: str) -> Path | None:
    """A stored file by its reference, in the folder that a workspace keeps them in."""
    if len(reference) != 64 or not all(c in "0123456789abcdef" for c in reference):
        return None
    place = folder / reference[:2] / reference
    return place if place.is_file() else None
