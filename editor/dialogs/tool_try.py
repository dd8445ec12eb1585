"""A tool tried with values by hand: what it answers, or what went wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import FieldColumn, dialog_column, scrolling
from editor.enginetexts import told_with_hint
from editor.i18n import tr
from editor.panels.parts import Words

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.tool_snapshot import Account, ToolDescription
    from engine.services.tool_trial import ToolTrial

FILES = ("file", "files", "system-files")
LONGEST = 40_000


class ToolTry(FittingDialog):
    """Esc and closing give a call up that is under way."""

    def __init__(
        self, studio: Studio, parent: QWidget, tool: ToolDescription, accounts: tuple[Account, ...] = ()
    ) -> None:
        super().__init__(parent.window())
        self._studio, self._tool = studio, tool
        self._trial: ToolTrial | None = None
        self.boxes: dict[str, QWidget] = {}
        self.setMinimumWidth(520)
        self.resize(600, 640)
        column = dialog_column(self, tr("Try {name}", name=tr(tool.label)))
        if tool.description:
            words = Words(tr(tool.description))
            column.addWidget(words)
        column.addWidget(self._inputs(accounts), 2)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(4)
        self.busy.hide()
        column.addWidget(self.busy)
        self.verdict = Words()
        self.verdict.setAccessibleName(tr("Result of the test"))
        column.addWidget(self.verdict)
        self.answer = QPlainTextEdit()
        self.answer.setReadOnly(True)
        self.answer.setProperty("kind", "code")
        self.answer.setAccessibleName(tr("Answer"))
        self.answer.hide()
        column.addWidget(self.answer, 3)
        buttons = QDialogButtonBox()
        self.call = buttons.addButton(tr("Call"), QDialogButtonBox.ButtonRole.ActionRole)
        self.call.setProperty("kind", "primary")
        self.call.setDefault(True)
        self.stop = buttons.addButton(tr("Stop"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop.setEnabled(False)
        close = buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        self.call.clicked.connect(self._call)
        self.stop.clicked.connect(self._stop)
        close.clicked.connect(self.reject)
        column.addWidget(buttons)

    def _inputs(self, accounts: tuple[Account, ...]) -> QWidget:
        form = FieldColumn()
        self.account = QComboBox()
        self.account.setAccessibleName(tr("Account"))
        for account in accounts:
            self.account.addItem(account.name, account.id)
        if len(accounts) > 1:
            form.add(tr("Account"), self.account)
        for given in self._tool.parameters:
            label = tr(given.label) if given.label else given.name
            box = _box(given)
            box.setAccessibleName(label)
            self.boxes[given.name] = box
            words = tr(given.description) if given.description else ""
            form.add(label + (" *" if given.required else ""), box, words)
        if not self._tool.parameters:
            form.add("", QLabel(tr("It takes nothing.")))
        return scrolling(form)

    @property
    def values(self) -> dict[str, Any]:
        """What is entered; fields that are empty are left to the tool."""
        found: dict[str, Any] = {}
        for name, box in self.boxes.items():
            text = box.currentData() if isinstance(box, QComboBox) else box.text() if isinstance(box, QLineEdit) else ""
            if text not in (None, ""):
                found[name] = text
        return found

    def _call(self) -> None:
        if self._trial is not None:
            return
        trial = self._trial = self._studio.services.tool_trial()
        identity, values, account = self._tool.identity, self.values, str(self.account.currentData() or "")
        self._busy(True)
        self.answer.clear()
        self.answer.hide()
        self._say(tr("Calling…"), "muted")
        self._studio.tasks.run(
            lambda: trial.run(identity, values, account), done=self._answered, failed=self._failed, key="tool trial"
        )

    def _answered(self, messages: Any) -> None:
        if not isValid(self):
            return
        self._busy(False)
        self._say(tr("It answered."), "good")
        self.answer.show()
        self.answer.setPlainText("\n\n".join(words for m in messages if (words := _words(m)))[:LONGEST])

    def _failed(self, error: Exception) -> None:
        if not isValid(self):
            return
        self._busy(False)
        self._say(told_with_hint(error, "\n"), "bad")

    def _say(self, text: str, kind: str) -> None:
        self.verdict.setText(text)
        self.verdict.setProperty("kind", kind)
        self.verdict.style().polish(self.verdict)

    def _busy(self, on: bool) -> None:
        self.busy.setVisible(on)
        self.call.setEnabled(not on)
        self.stop.setEnabled(on)
        if not on:
            self._trial = None

    def _stop(self) -> None:
        if self._trial is not None:
            self._trial.stop()

    def done(self, result: int) -> None:
        """Close; a call that is under way is given up."""
        self._stop()
        super().done(result)


def _box(given: Any) -> QWidget:
    """The field of a parameter."""
    if given.type in FILES:
        label = QLineEdit()
        label.setEnabled(False)
        label.setPlaceholderText(tr("A file; try it in a workflow."))
        return label
    options = given.options or (("true", "false") if given.type == "boolean" else ())
    if options:
        box = QComboBox()
        box.addItem(tr("nothing"), "")
        for option in options:
            box.addItem(option, option)
        default = str(given.default).lower() if isinstance(given.default, bool) else given.default
        box.setCurrentIndex(max(box.findData(default), 0))
        return box
    line = QLineEdit()
    if given.type == "secret-input":
        line.setEchoMode(QLineEdit.EchoMode.Password)
    line.setPlaceholderText("" if given.default is None else str(given.default))
    return line


def _words(message: Any) -> str:
    """One thing that a tool yields, as text."""
    value = message.value
    if message.kind in ("text", "link"):
        return str(value)
    if isinstance(value, bytes):
        return tr("File: {name}, {size} bytes", name=str(message.meta.get("filename") or ""), size=len(value))
    if message.kind == "json":
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    if message.kind == "variable":
        return f"{message.meta.get('name')} = {json.dumps(value, ensure_ascii=False, indent=2, default=str)}"
    return ""
