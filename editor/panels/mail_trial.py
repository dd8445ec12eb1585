"""A message that is sent by hand: a button that stops it too, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from editor.enginetexts import told_with_hint
from editor.i18n import tr
from editor.panels.parts import Words
from editor.theme import restyle
from engine.errors import UserError

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.errors import PenstockError
    from engine.services.model_probe import Attempt

SECONDS = 60.0
"""Longer than a server is given: its own answer says more than that the time was over."""
Work = Callable[[], Coroutine[Any, Any, str]]
"""What sends, made in the window with everything read; it gives the address that the message went to."""


class MailTrial(QWidget):
    """`work` is asked for when the button is pressed; None means that there is nothing to send, and why was said.
    `over` comes when nothing is under way any more."""

    over = Signal()

    def __init__(self, studio: Studio, words: str, work: Callable[[], Work | None]) -> None:
        super().__init__()
        self._studio, self._words, self._work = studio, words, work
        self._attempt: Attempt | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.row = QHBoxLayout()
        self.row.setSpacing(8)
        self.button = QPushButton(words)
        self.button.setAccessibleName(words)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._pressed)
        self.row.addWidget(self.button)
        self.row.addStretch(1)
        column.addLayout(self.row)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(4)
        self.busy.setAccessibleName(tr("A message is on its way"))
        self.busy.hide()
        column.addWidget(self.busy)
        self.verdict = Words()
        self.verdict.setAccessibleName(tr("Result of the test"))
        self.verdict.hide()
        column.addWidget(self.verdict)
        self.setFocusProxy(self.button)

    @property
    def is_under_way(self) -> bool:
        """Whether a message is being sent."""
        return self._attempt is not None

    def say(self, words: str, kind: str) -> None:
        """What came of it, or why there is nothing to send."""
        self.verdict.setText(words)
        restyle(self.verdict, kind=kind)
        self.verdict.setVisible(bool(words))

    def stop(self) -> None:
        """Give up what is under way."""
        if self._attempt is not None:
            self._attempt.stop()
            self.button.setEnabled(False)

    def _pressed(self) -> None:
        if self._attempt is not None:
            self.stop()
            return
        self.say("", "muted")
        work = self._work()
        if work is None:
            return
        from engine.services.model_probe import Attempt, Stopped

        attempt = self._attempt = Attempt()

        def send() -> str:
            try:
                return attempt.run(work(), SECONDS)
            except Stopped:
                return ""
            except TimeoutError as problem:
                raise UserError("The server did not take the mail in time.", hint="Try again later.") from problem

        self.button.setText(tr("Stop"))
        self.busy.show()
        self.say(tr("Sending…"), "muted")
        self._studio.tasks.run(send, done=self._sent, failed=self._failed)

    def _sent(self, address: str) -> None:
        if isValid(self):
            self._idle()
            self.say(
                tr("Sent to {address}.", address=address) if address else tr("Stopped."), "good" if address else "muted"
            )

    def _failed(self, error: PenstockError) -> None:
        if isValid(self):
            self._idle()
            self.say(told_with_hint(error, "\n"), "bad")

    def _idle(self) -> None:
        self._attempt = None
        self.busy.hide()
        self.button.setText(self._words)
        self.button.setEnabled(True)
        self.over.emit()
