"""What fingers do that Qt's test functions cannot: write any language, as an input method does it."""

from __future__ import annotations

from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget


def write_in(widget: QWidget, words: str) -> None:
    """Write into a widget: Latin letters key by key, the others as an input method commits them."""
    for letter in words:
        if letter.isascii():
            QTest.keyClicks(widget, letter)
        else:
            event = QInputMethodEvent()
            event.setCommitString(letter)
            QApplication.sendEvent(widget, event)
