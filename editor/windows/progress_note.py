"""A note at the lower edge of a window while something slow goes on: what it is, how far it is, and a way out."""

from __future__ import annotations

import threading
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from editor.i18n import tr

PATIENCE_MS = 300
"""What is over sooner needs no note."""


class Progress(QObject):
    """Handed to slow work on another thread: `tell(share)` there, heard here. `tell` says False when it was given
    up."""

    told = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given_up = threading.Event()

    def tell(self, share: float) -> bool:
        """How much is done, 0 to 1; from any thread. False = stop."""
        if self._given_up.is_set():
            return False
        try:
            self.told.emit(share)
        except RuntimeError:  # the window is gone
            return False
        return True

    def give_up(self) -> None:
        """Nobody wants the result any more."""
        self._given_up.set()

    @property
    def is_given_up(self) -> bool:
        return self._given_up.is_set()


class ProgressNote(QFrame):
    """Shows one `Progress` over a window; `finish` takes it away."""

    def __init__(self, window: QWidget, text: str) -> None:
        super().__init__(window)
        self.setProperty("kind", "raised")
        self._window = window
        self.progress = Progress(self)
        self.progress.told.connect(self._told, Qt.ConnectionType.QueuedConnection)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(12)
        self.words = QLabel(text)
        row.addWidget(self.words)
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(160, 6)
        self.bar.setAccessibleName(text)
        row.addWidget(self.bar)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        row.addWidget(self.cancel)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(PATIENCE_MS)
        self._delay.timeout.connect(self._appear)
        self._delay.start()
        self.hide()

    def _appear(self) -> None:
        self.adjustSize()
        self.move((self._window.width() - self.width()) // 2, self._window.height() - self.height() - 72)
        self.show()
        self.raise_()

    def _told(self, share: float) -> None:
        self.bar.setValue(round(100 * share))

    def _cancel(self) -> None:
        self.progress.give_up()
        self.finish()

    def finish(self, _: Any = None) -> None:
        """It is over."""
        self._delay.stop()
        self.hide()
        self.deleteLater()
