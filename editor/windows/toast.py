"""A line over the window that passes by itself, with one thing to do about it, such as taking it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from editor.theme import theme

SHOWN_MS = 4000
SHOWN_WITH_ACTION_MS = 10_000
READ_MS = 60
"""For each character: long sentences stay longer."""
WIDEST = 560


class Toast(QFrame):
    """One at a time; a new one takes the place of the one before. It stays while the pointer is on it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._over = window
        self.setObjectName("toast")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(16)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)  # names that people gave may look like HTML
        self.words.setWordWrap(True)
        row.addWidget(self.words, 1)
        self.button = QPushButton()
        self.button.setProperty("kind", "link")
        self.button.clicked.connect(self._act)
        row.addWidget(self.button)
        self._then: Callable[[], Any] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._pass)
        self.hide()

    def say(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        """Show a text, and perhaps a button that does `then`."""
        self._then = then
        self.words.setText(text)
        self.words.setMinimumWidth(0)
        self.button.setVisible(bool(action))
        self.button.setText(action)
        words = theme().hex("tooltip_text")
        rules = (
            f"QFrame#toast {{ background: {theme().hex('tooltip')}; border-radius: 8px; }}",
            f"QFrame#toast QLabel {{ color: {words}; }}",
            f"QFrame#toast QPushButton {{ color: {words}; font-weight: 600; text-decoration: underline; }}",
        )
        self.setStyleSheet(" ".join(rules))
        window = self._over
        widest = min(WIDEST, window.width() - 80)
        others = 32 + (16 + self.button.sizeHint().width() if action else 0)
        wanted = max(self.words.fontMetrics().horizontalAdvance(line) for line in text.split("\n"))
        self.words.setFixedWidth(min(widest - others, wanted + 4))
        self.adjustSize()
        self.move((window.width() - self.width()) // 2, window.height() - self.height() - 72)
        self.raise_()
        self.show()
        longest = SHOWN_WITH_ACTION_MS
        self._timer.start(longest if action else min(longest, max(SHOWN_MS, READ_MS * len(text))))

    def _act(self) -> None:
        then, self._then = self._then, None
        self.hide()
        if then is not None:
            then()

    def _pass(self) -> None:
        if self.underMouse() or self.button.hasFocus():
            self._timer.start(SHOWN_MS)
        else:
            self.hide()
