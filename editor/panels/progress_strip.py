"""One line that says how far slow work is, with a button that ends it; it is there only while the work goes on."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from editor.i18n import tr

SHOWN_AFTER_MS = 300
LOOK_MS = 80


class Progress:
    """How far a piece of work is; written by its thread, read by the window."""

    def __init__(self, total: int = 0) -> None:
        self.done, self.total, self.is_cancelled = 0, total, False

    def __call__(self, done: int) -> bool:
        """So much is done; False when the work is to end."""
        self.done = done
        return not self.is_cancelled


class ProgressStrip(QWidget):
    """Shows one `Progress` at a time, once it has taken long enough to be noticed."""

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None
        self._words = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName(tr("Progress"))
        self.label = QLabel()
        self.label.setProperty("kind", "small")
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setAccessibleName(tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        row.addWidget(self.bar)
        row.addWidget(self.label)
        row.addWidget(self.cancel)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether work goes on."""
        return self._progress is not None

    def begin(self, words: str, progress: Progress) -> None:
        """Follow work; `words` with `{done}` and `{total}`."""
        self._progress, self._words = progress, words
        self.cancel.setEnabled(True)
        self._timer.start(SHOWN_AFTER_MS)

    def end(self) -> None:
        """The work is over."""
        self._progress = None
        self._timer.stop()
        self.hide()

    def _look(self) -> None:
        progress = self._progress
        if progress is None:
            return
        self._timer.setInterval(LOOK_MS)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.label.setText(self._words.format(done=f"{progress.done:,}", total=f"{progress.total:,}"))
        self.show()

    def _cancel(self) -> None:
        if self._progress is not None:
            self._progress.is_cancelled = True
            self.cancel.setEnabled(False)
