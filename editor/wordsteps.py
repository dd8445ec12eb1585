"""Undo by words in the text editors: Qt alone takes a whole line of typing back at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

OBJECT: Final = "\ufffc"
"""What stands for a chip or a picture in a text."""


def _stands_alone(letter: str) -> bool:
    """Letters of writing without spaces between words."""
    return bool(letter) and unicodedata.east_asian_width(letter[0]) in "WF"


def _before(edit: QTextEdit | QPlainTextEdit) -> str:
    cursor = edit.textCursor()
    place = cursor.selectionStart() - cursor.document().findBlock(cursor.selectionStart()).position()
    return cursor.document().findBlock(cursor.selectionStart()).text()[place - 1 : place] if place else ""


def begins_word(edit: QTextEdit | QPlainTextEdit, typed: str) -> bool:
    """Whether `typed` is the beginning of a word where the caret stands."""
    if not typed.strip() or not typed.isprintable():
        return False
    before = _before(edit)
    return not before.strip() or before == OBJECT or _stands_alone(before) or _stands_alone(typed)


@contextmanager
def word_step(edit: QTextEdit | QPlainTextEdit, typed: str) -> Iterator[None]:
    """What happens within is a step of the editor's undo of its own if a word begins with it. What is typed behind it
    joins it, as Qt joins letters."""
    if not begins_word(edit, typed):
        yield
        return
    cursor = edit.textCursor()
    cursor.beginEditBlock()
    try:
        yield
    finally:
        cursor.endEditBlock()


class WordSteps:
    """Before a Qt text editor among the bases: what input methods write, in words too. What comes from the keyboard
    goes through `word_step` where the editor handles its keys."""

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        with word_step(self, event.commitString()):  # type: ignore[arg-type]
            super().inputMethodEvent(event)  # type: ignore[misc]
