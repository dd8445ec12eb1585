"""A human-input step that is run alone: its form with the values that are known, to be answered before the step runs
(nodes-logic spec 12.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from shiboken6 import isValid

from editor.bridge.files import stored_files
from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column, scrolling
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.parts import Words, focus_first
from editor.panels.talk.markdown import open_link
from editor.panels.waiting_form import WaitingForm

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.errors import PenstockError

SIZE = (560, 720)


def form_card(session: WorkflowSession, record: dict[str, Any]) -> WaitingForm:
    """A form that belongs to no run."""
    folder, messages = session.studio.services.data_dir / "files", session.studio.messages
    card = WaitingForm(record, session.document.graph, folder)

    def confirm(shown: str) -> bool:
        return messages.confirm(tr("Open this address?"), shown, tr("Open"))

    card.linkClicked.connect(lambda address: open_link(address, folder, confirm, messages.tell))
    return card


class FormStep(FittingDialog):
    """`answered` carries the action and the values, once the form takes them; Esc and Cancel run nothing."""

    answered = Signal(str, dict)

    def __init__(self, session: WorkflowSession, record: dict[str, Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._record = session, record
        self.setMinimumWidth(420)
        self.resize(*SIZE)
        column = dialog_column(self, tr("Run this step"))
        column.addWidget(Words(tr("The step gives what you answer. Nothing is sent, and no run waits."), "small"))
        self.card = form_card(session, record)
        self.card.left.hide()
        self.card.after.hide()
        self.card.answered.connect(self._check)
        column.addWidget(scrolling(self.card), 1)
        buttons = QDialogButtonBox()
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        focus_first(self.card)

    def _check(self, _session_id: str, action: str, values: dict[str, Any]) -> None:
        studio, definition = self._session.studio, self._record["definition"]

        def work() -> dict[str, Any]:
            stored = stored_files(studio.services, values)
            return studio.services.form_trials.check(definition, action, stored)

        def done(accepted: dict[str, Any]) -> None:
            if isValid(self) and self.isVisible():
                self.accept()
                self.answered.emit(action, accepted)

        def failed(error: PenstockError) -> None:
            if isValid(self):
                self.card.refuse(told(error))

        studio.tasks.run(work, done=done, failed=failed)
