"""How far something slow has come, with a way to give it up: a strip that takes its place only while it is needed."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton

from editor.i18n import tr


class Progress(QObject):
    """One piece of work as seen from its own thread: `told` says how far it is and answers whether to go on."""

    changed = Signal(int, int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.cancelled = False

    def told(self, done: int, of: int) -> bool:
        """`done` of `of` (0: unknown) is finished. From any thread."""
        self.changed.emit(done, of)
        return not self.cancelled

    def cancel(self) -> None:
        """Ask the work to end."""
        self.cancelled = True


class ProgressStrip(QFrame):
    """Shows one piece of work at a time."""

    cancelWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "chrome")
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 8, 12, 8)
        row.setSpacing(12)
        self.words = QLabel()
        row.addWidget(self.words)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        row.addWidget(self.bar, 1)
        self.cancel = QPushButton(tr("Cancel"))
        row.addWidget(self.cancel)
        self._work: Progress | None = None
        self.cancel.clicked.connect(self._cancel)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._work is not None

    def begin(self, text: str) -> Progress:
        """Show that a piece of work begins."""
        self._work = Progress(self)
        self._work.changed.connect(self._told, Qt.ConnectionType.QueuedConnection)
        self.words.setText(text)
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self.show()
        return self._work

    def end(self) -> None:
        """The work is over."""
        if self._work is not None:
            self._work.deleteLater()
        self._work = None
        self.hide()

    def _told(self, done: int, of: int) -> None:
        if self._work is not None:
            self.bar.setRange(0, of)
            self.bar.setValue(done)

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self.cancel.setEnabled(False)
            self.cancelWanted.emit()
