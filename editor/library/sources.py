"""New workflows from a pasted text and from an address in the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told, told_with_hint
from editor.i18n import tr
from engine.errors import PenstockError

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.fetching import Fetch
    from engine.services.workflows import ImportOutcome


class _SourceDialog(FittingDialog):
    """What both dialogs share: a field, a line for what is wrong, Import and Cancel. `imported` carries the outcome."""

    imported = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget, title: str, words: str) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(20, 16, 20, 16)
        self.column.setSpacing(10)
        about = QLabel(words)
        about.setProperty("kind", "muted")
        about.setWordWrap(True)
        self.column.addWidget(about)
        self.wrong = QLabel()
        self.wrong.setProperty("kind", "bad")
        self.wrong.setWordWrap(True)
        self.wrong.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.wrong.hide()
        self.buttons = QDialogButtonBox()
        self.take: QPushButton = self.buttons.addButton(tr("Import"), QDialogButtonBox.ButtonRole.ActionRole)
        self.take.setProperty("kind", "primary")
        self.take.setDefault(True)
        self.take.clicked.connect(self.begin)
        cancel = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        cancel.clicked.connect(self.reject)

    def finish_layout(self, field: QWidget, *, stretch: int = 0) -> None:
        """Put the field between the words and the buttons."""
        self.column.addWidget(field, stretch)
        self.column.addWidget(self.wrong)
        self.column.addWidget(self.buttons)
        self.take.setDefault(True)

    def begin(self) -> None:
        """Import what the field says."""
        raise NotImplementedError

    def complain(self, text: str) -> None:
        """Say what is wrong, below the field."""
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))

    def take_in(self, data: bytes, name: str, *, confirmed: bool = False) -> None:
        """Import content; ask where the file wants it, say what is wrong with it."""
        workflows = self._studio.services.workflows
        self._studio.tasks.run(
            lambda: workflows.import_text(data, name=name, confirm_version=confirmed),
            done=lambda outcome: self._taken(data, name, outcome),
            failed=lambda error: self.failed(error),
            key=f"import-{id(self)}",
        )

    def _taken(self, data: bytes, name: str, outcome: ImportOutcome) -> None:
        if outcome.status == "pending":
            if confirm_version(self._studio, outcome):
                self.take_in(data, name, confirmed=True)
            else:
                self.ready()
            return
        if outcome.app_id is None:
            self.ready()
            self.refuse(outcome)
            return
        self.imported.emit(outcome)
        self.accept()

    def refuse(self, outcome: ImportOutcome) -> None:
        """The content is no workflow: say where and why."""
        errors = [p for p in outcome.problems if p.severity == "error"]
        lines = [f"{p.line}:{p.column}  {told(p.message)}" if p.line else told(p.message) for p in errors[:4]]
        self.complain("\n".join(lines))

    def failed(self, error: PenstockError) -> None:
        """Something was in the way."""
        self.ready()
        self.complain(told_with_hint(error))

    def ready(self) -> None:
        """Let the person try again."""
        self.take.setEnabled(True)


def confirm_version(studio: Studio, outcome: ImportOutcome) -> bool:
    """Ask whether a file of another version is opened all the same."""
    text = next((told(p.message) for p in outcome.problems if p.code == "version.other"), "")
    question = f"{text} {tr('Open it all the same?')}"
    return studio.messages.confirm(tr("Another version of the format"), question, tr("Open"))


class FromText(_SourceDialog):
    """A workflow that somebody sent as text. What is on the clipboard is there at once when it looks like one."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent, tr("Import from text"), tr("Paste the YAML of a workflow."))
        self.resize(680, 520)
        self.text = QPlainTextEdit()
        self.text.setProperty("kind", "code")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("YAML of a workflow"))
        self.text.textChanged.connect(self._changed)
        self.finish_layout(self.text, stretch=1)
        held = QApplication.clipboard().text()
        if "app:" in held and "kind:" in held:
            self.text.setPlainText(held)
            self.text.selectAll()
        self._changed()

    def _changed(self) -> None:
        self.take.setEnabled(bool(self.text.toPlainText().strip()))
        self.complain("")

    def begin(self) -> None:
        self.take.setEnabled(False)
        self.take_in(self.text.toPlainText().encode(), "")

    def refuse(self, outcome: ImportOutcome) -> None:
        super().refuse(outcome)
        line = next((p.line for p in outcome.problems if p.severity == "error" and p.line), None)
        if line is None:
            return
        cursor = QTextCursor(self.text.document().findBlockByNumber(line - 1))
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        self.text.setTextCursor(cursor)
        self.text.setFocus()


class FromAddress(_SourceDialog):
    """A workflow file from the network, under the workspace's network rules."""

    _told = Signal(int, int)

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        words = tr("Address of a .yml file. Pages of GitHub that show a file lead to the file.")
        super().__init__(studio, parent, tr("Import from a URL"), words)
        self.resize(560, 200)
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://")
        self.address.setAccessibleName(tr("Address"))
        self.address.textChanged.connect(self._changed)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.hide()
        self.column.addWidget(self.address)
        self.finish_layout(self.bar)
        self._fetch: Fetch | None = None
        self._told.connect(self._show, Qt.ConnectionType.QueuedConnection)
        held = QApplication.clipboard().text().strip()
        if held.startswith(("https://", "http://")) and len(held.split()) == 1:
            self.address.setText(held)
            self.address.selectAll()
        self._changed()

    def _changed(self) -> None:
        self.take.setEnabled(bool(self.address.text().strip()))
        self.complain("")

    def begin(self) -> None:
        try:
            fetch = self._studio.services.fetch(self.address.text())
        except PenstockError as error:
            self.failed(error)
            return
        self._fetch = fetch
        self.complain("")
        self.take.setEnabled(False)
        self.address.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        self._studio.tasks.run(
            lambda: fetch.run(self._told.emit),
            done=self._wanted(fetch, lambda data: self.take_in(data, fetch.name)),
            failed=self._wanted(fetch, self.failed),
        )

    def _wanted(self, fetch: Fetch, then: Callable[[Any], None]) -> Callable[[Any], None]:
        """What comes back from a download that was given up is nobody's business any more."""
        return lambda result: then(result) if self._fetch is fetch else None

    def _show(self, done: int, of: int) -> None:
        self.bar.setRange(0, of)
        self.bar.setValue(done)

    def ready(self) -> None:
        self._fetch = None
        self.bar.hide()
        self.address.setEnabled(True)
        self.address.setFocus()
        super().ready()

    def done(self, result: int) -> None:
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.cancel()
        super().done(result)
