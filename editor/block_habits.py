"""Which blocks a person likes and took lately (editor-ux spec, section 3); kept with the preferences of the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from editor.settings import Preferences

LIKED, LATELY = "liked_blocks", "recent_blocks"
MOST_LATELY = 4


class BlockHabits(QObject):
    """Names of node types. `changed` tells of favourites; what was used lately is asked for when blocks are offered."""

    changed = Signal()

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences

    @property
    def liked(self) -> list[str]:
        """The favourites in the order in which they were chosen."""
        return self._names(LIKED)

    @property
    def lately(self) -> list[str]:
        """What was added lately, the newest first."""
        return self._names(LATELY)

    def _names(self, key: str) -> list[str]:
        found = self._preferences.get(key)
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def toggle(self, name: str) -> None:
        """Make a block a favourite, or no longer."""
        liked = self.liked
        self._preferences.set(LIKED, [n for n in liked if n != name] if name in liked else [*liked, name])
        self.changed.emit()

    def used(self, name: str) -> None:
        """A block was added."""
        self._preferences.set(LATELY, [name, *(n for n in self.lately if n != name)][:MOST_LATELY])
