"""Which keys do what: the table's own keys, changed by what this person chose. Menus, sheet and window read it here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from editor.actions import ACTIONS, BY_ID, COMMANDS, Action, may_share_keys
from editor.settings import Preferences

CHOSEN = "keys"
_DIGITS = dict(zip("!@#$%^&*()", "1234567890", strict=True))
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)

_ALONE = {Qt.Key.Key_Control: "Ctrl", Qt.Key.Key_Shift: "Shift", Qt.Key.Key_Alt: "Alt", Qt.Key.Key_Meta: "Meta"}


def is_plain(keys: str) -> bool:
    """A key without Ctrl, Alt or Meta that is no function key: it means something in a text."""
    if keys.startswith(("Ctrl", "Alt", "Meta")):
        return False
    bare = keys.removeprefix("Shift+")
    return not (bare[:1] == "F" and bare[1:].isdigit())


def keys_of(event: QKeyEvent) -> str:
    """The keys of an event in Qt's portable words; empty while only modifiers are held.

    Shift with a digit arrives as the sign above the digit where a keyboard has it there. The number pad counts as the
    keys that say the same.
    """
    if event.key() in _MODIFIERS or event.key() in (0, Qt.Key.Key_unknown):
        return ""
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    words = QKeySequence(QKeyCombination(plain, Qt.Key(event.key()))).toString(QKeySequence.SequenceFormat.PortableText)
    if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and words[-1:] in _DIGITS:
        words = words[:-1] + _DIGITS[words[-1]]
    return words


def native(keys: str) -> str:
    """Keys as this system writes them."""
    if keys in _ALONE.values():  # the words before a plus sign
        return native(f"{keys}+A")[:-1].rstrip("+")
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
        """All actions that these keys start anywhere in the window, one at a time."""
        return [row for row in COMMANDS if keys in self.keys(row.id)]

    def action_for(self, keys: str) -> Action | None:
        """The action that these keys start anywhere in the window."""
        return next((row for row in COMMANDS if keys in self.keys(row.id)), None) if keys else None

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


# -- keys of a part of the window ------------------------------------------------------------------------------------


class _Shared:
    keymap: Keymap | None = None


def use(keymap: Keymap | None) -> None:
    """From now on these are the keys in force, for parts of the window that were given none."""
    _Shared.keymap = keymap


def in_force(name: str) -> tuple[str, ...]:
    """The keys of an action now."""
    return _Shared.keymap.keys(name) if _Shared.keymap is not None else BY_ID[name].keys


def shown(name: str) -> str:
    """The first keys of an action as this system writes them; empty for none."""
    keys = in_force(name)
    return native(keys[0]) if keys else ""


def with_keys(text: str, name: str) -> str:
    """A text for a hint, with the keys of an action behind it if it has some."""
    keys = shown(name)
    return f"{text} ({keys})" if keys else text


def held_keys(event: QKeyEvent) -> str:
    """The key of an event that may be held: a modifier alone by its name, any other whether Shift is down or not."""
    return _ALONE.get(Qt.Key(event.key()), "") or keys_of(event).removeprefix("Shift+")


def is_chord(event: QKeyEvent) -> bool:
    """Whether a key of an event is held with others that keep it from writing a sign."""
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
    return bool(event.modifiers() & held)


def typed_sign(text: str, name: str) -> bool:
    """Whether a sign that was just written is one of an action's keys; how a keyboard comes to it does not matter."""
    return bool(text) and any(text == keys.removeprefix("Shift+") for keys in in_force(name))


def pressed(event: QKeyEvent, *names: str) -> str:
    """Which of these actions the keys of an event start; empty for none."""
    keys = keys_of(event)
    return next((name for name in names if keys and keys in in_force(name)), "")


class LocalKeys(QObject):
    """The keys of actions while a widget, or one within it, has the keyboard; they follow what a person chooses."""

    def __init__(self, widget: QWidget, name: str, then: Callable[[], object]) -> None:
        super().__init__(widget)
        self._widget, self._name, self._then = widget, name, then
        self._shortcuts: list[QShortcut] = []
        if _Shared.keymap is not None:
            _Shared.keymap.changed.connect(self._renew)
        self._renew()

    def _renew(self) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = [self._shortcut(keys) for keys in in_force(self._name)]

    def _shortcut(self, keys: str) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._then)
        return shortcut
