"""Which keys do what: the table's own keys, changed by what this person chose. Menus, sheet and window read it here."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from editor.actions import ACTIONS, BY_ID, Action, may_share_keys
from editor.settings import Preferences

CHOSEN = "keys"
_DIGITS = dict(zip("!@#$%^&*()", "1234567890", strict=True))
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


def is_plain(keys: str) -> bool:
    """A key without Ctrl, Alt or Meta that is no function key: it means something in a text."""
    if keys.startswith(("Ctrl", "Alt", "Meta")):
        return False
    bare = keys.replace("Shift+", "")
    return not (bare[:1] == "F" and bare[1:].isdigit())


def keys_of(event: QKeyEvent) -> str:
    """The keys of an event in Qt's portable words; empty while only modifiers are held.

    Shift with a digit arrives as the sign above the digit where a keyboard has it there.
    """
    if event.key() in _MODIFIERS or event.key() in (0, Qt.Key.Key_unknown):
        return ""
    words = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText)
    if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and words[-1:] in _DIGITS:
        words = words[:-1] + _DIGITS[words[-1]]
    return words


def native(keys: str) -> str:
    """Keys as this system writes them."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


class Keymap(QObject):
    """The keys in force. `changed` comes after some were assigned or reset."""

    changed = Signal()

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        stored = preferences.get(CHOSEN)
        self._chosen: dict[str, tuple[str, ...]] = {}
        if isinstance(stored, dict):
            for name, keys in stored.items():
                if name in BY_ID and isinstance(keys, list):
                    self._chosen[name] = tuple(str(k) for k in keys)

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of an action."""
        return self._chosen.get(name, BY_ID[name].keys)

    def is_changed(self, name: str) -> bool:
        """Whether somebody chose other keys than the table's."""
        return name in self._chosen

    def actions_for(self, keys: str) -> list[Action]:
        """All actions that these keys start, one at a time."""
        return [row for row in ACTIONS if keys in self.keys(row.id)]

    def action_for(self, keys: str) -> Action | None:
        """The action that these keys start."""
        return next((row for row in ACTIONS if keys in self.keys(row.id)), None) if keys else None

    def conflicts(self, name: str, keys: str) -> list[Action]:
        """Other actions that have these keys now."""
        mine = BY_ID[name]
        others = [row for row in ACTIONS if row.id != name and keys in self.keys(row.id)]
        return [row for row in others if not may_share_keys(mine, row)]

    def assign(self, name: str, keys: tuple[str, ...]) -> None:
        """Give an action other keys; they are taken away from whoever had them."""
        for key in keys:
            for other in self.conflicts(name, key):
                self._choose(other.id, tuple(k for k in self.keys(other.id) if k != key))
        self._choose(name, keys)
        self._keep()

    def reset(self, name: str | None = None) -> None:
        """Back to the table's keys, for one action or for all; whoever has them meanwhile gives them back."""
        if name is None:
            self._chosen.clear()
        else:
            self._chosen.pop(name, None)
            for key in self.keys(name):
                for other in self.conflicts(name, key):
                    self._choose(other.id, tuple(k for k in self.keys(other.id) if k != key))
        self._keep()

    def _choose(self, name: str, keys: tuple[str, ...]) -> None:
        if keys == BY_ID[name].keys:
            self._chosen.pop(name, None)
        else:
            self._chosen[name] = keys

    def _keep(self) -> None:
        self._preferences.set(CHOSEN, {name: list(keys) for name, keys in self._chosen.items()})
        self.changed.emit()
