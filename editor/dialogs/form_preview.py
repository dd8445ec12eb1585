"""The form of a human-input step as people will see it, beside the settings that make it: it follows every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialogButtonBox, QVBoxLayout, QWidget
from shiboken6 import isValid

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.form_step import SIZE, form_card
from editor.dialogs.parts import dialog_column, scrolling
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.context import FormContext
from editor.panels.parts import Words
from editor.panels.waiting_form import WaitingForm

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.errors import PenstockError

SETTLE_MS = 200


class FormPreview(FittingDialog):
    """Not modal: the settings can be edited while it is open. Its buttons do nothing."""

    def __init__(self, session: WorkflowSession, node_id: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        self._ctx = FormContext(session, node_id, self)
        self.card: WaitingForm | None = None
        self.setMinimumWidth(420)
        self.resize(*SIZE)
        column = dialog_column(self, tr("Preview of the form"))
        column.addWidget(
            Words(
                tr("With pinned values and those of the last runs; [names] stand for what is not known yet."), "small"
            )
        )
        self.fault = Words(kind="bad")
        self.fault.hide()
        column.addWidget(self.fault)
        inside = QWidget()
        self._place = QVBoxLayout(inside)
        self._place.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scrolling(inside), 1)
        buttons = QDialogButtonBox()
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        self._ctx.changed.connect(self._settle.start)
        self._ctx.graphChanged.connect(self._settle.start)
        self._unsubscribe = session.document.subscribe(self._look)
        self.refresh()

    def _look(self, _delta: object) -> None:
        """A step that goes takes its preview along."""
        if self._ctx.node_id not in self._session.document.graph.nodes:
            self.close()

    def done(self, result: int) -> None:
        """Follow nothing any more."""
        self._unsubscribe()
        self._ctx.close()
        self._settle.stop()
        super().done(result)

    def refresh(self) -> None:
        """Make the form anew."""
        from engine.services.form_trials import Step

        session = self._session
        step = Step(session.document.workflow, session.app_id, self._ctx.node_id, session.pins.settings())
        trials = session.studio.services.form_trials

        session.studio.tasks.run(
            lambda: trials.shown(step), done=self._shown, failed=self._failed, key=f"form preview {id(self)}"
        )

    def _shown(self, record: dict[str, Any]) -> None:
        if not isValid(self):
            return
        self.fault.hide()
        card = form_card(self._session, record)
        card.answered.connect(lambda *_: card.setEnabled(True))
        self._put(card)
        card.tell(self._session.studio.services.clock.now())

    def _failed(self, error: PenstockError) -> None:
        if isValid(self):
            self._put(None)
            self.fault.setText(told(error))
            self.fault.show()

    def _put(self, card: WaitingForm | None) -> None:
        if self.card is not None:
            self._place.removeWidget(self.card)
            self.card.hide()
            self.card.deleteLater()
        self.card = card
        if card is not None:
            self._place.addWidget(card)
            card.show()
