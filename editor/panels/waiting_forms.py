"""All forms that the shown run waits for, one below the other. An answer goes on with the run by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from editor.bridge.files import stored_files
from editor.i18n import ntr, tr
from editor.panels.mail_trial import MailTrial
from editor.panels.parts import Words, focus_first
from editor.panels.talk.markdown import open_link
from editor.panels.waiting_form import WaitingForm
from editor.waiting import look_again

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.errors import PenstockError

TICK_MS = 1000


class WaitingForms(QScrollArea):
    """`found` says how many forms there are now. What is typed stays as long as its form waits."""

    found = Signal(int)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._run_id = ""
        self._mark: object = None
        self._settling = False
        self.cards: dict[str, WaitingForm] = {}
        """The forms by their ids, the oldest first."""
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("Forms that wait for an answer"))
        box = QWidget()
        self._column = QVBoxLayout(box)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(12)
        self.words = Words()
        self.words.hide()
        self._column.addWidget(self.words)
        self._column.addStretch(1)
        self.setWidget(box)
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self.tick)
        session.runChanged.connect(self._run_changed)
        self._run_changed()

    # -- which forms -------------------------------------------------------------------------------------------------

    def _run_changed(self) -> None:
        state = self._session.whole_state
        mark = None if state is None else (state.run_id, state.status)
        if mark == self._mark:
            return
        self._mark = mark
        if state is None or state.is_over or state.run_id != self._run_id:
            self._show([])
        self._run_id = state.run_id if state is not None else ""
        if state is not None and state.status == "paused":
            self.refresh()

    def refresh(self) -> None:
        """Ask which forms wait."""
        studio, run_id = self._session.studio, self._run_id

        def done(records: list[dict[str, Any]]) -> None:
            if not self._session.is_closed and run_id == self._run_id:
                self._read(records)

        studio.tasks.run(
            lambda: studio.services.forms.waiting(run_id), done=done, failed=self._failed, key=f"forms {id(self)}"
        )

    def _read(self, records: list[dict[str, Any]]) -> None:
        state = self._session.whole_state
        if state is None or state.is_over:
            return
        self._show(records)
        if state.status == "paused" and len(records) < len(state.reasons):
            self._settle()  # one was answered or ended while the run was busy with another

    def _show(self, records: Sequence[Mapping[str, Any]]) -> None:
        wanted = {str(r["session_id"]): r for r in records}
        for session_id in [i for i in self.cards if i not in wanted]:
            card = self.cards.pop(session_id)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for session_id, record in wanted.items():
            if session_id not in self.cards:
                self._add(session_id, record)
        count = len(self.cards)
        self.words.setText(ntr("A form waits for an answer.", "{n} forms wait for an answer.", count))
        self.words.setVisible(count > 1)
        self.tick()
        self.found.emit(count)

    def _add(self, session_id: str, record: Mapping[str, Any]) -> None:
        session = self._session
        card = WaitingForm(record, session.document.graph, session.studio.services.data_dir / "files")
        card.answered.connect(self._submit)
        card.linkClicked.connect(self._open_link)
        if (record.get("mail") or {}).get("unsent"):
            card.mail.addWidget(self._sender(card))
        self._column.insertWidget(self._column.count() - 1, card)
        card.show()
        self.cards[session_id] = card

    def _sender(self, card: WaitingForm) -> MailTrial:
        """A button that sends once more what did not go."""
        services, session_id = self._session.studio.services, card.session_id
        reports: list[dict[str, Any]] = []

        async def work() -> str:
            reports.append(await services.send_form_again(session_id))
            return ", ".join(reports[-1]["sent"])

        trial = MailTrial(self._session.studio, tr("Send the e-mail again"), lambda: work)

        def over() -> None:
            if reports:
                card.show_mail(reports[-1])
                trial.setVisible(bool(reports[-1].get("unsent")))
                trial.say("", "muted")

        trial.over.connect(over, Qt.ConnectionType.QueuedConnection)
        return trial

    def _failed(self, error: PenstockError) -> None:
        self._session.studio.messages.error(tr("The forms cannot be read"), error)

    def enter(self, node_id: str = "") -> None:
        """Give the keyboard to the form of a node, else to the first."""
        cards = list(self.cards.values())
        card = next((c for c in cards if c.node_id == node_id), cards[0] if cards else None)
        if card is not None:
            self.ensureWidgetVisible(card)
            focus_first(card)

    def _open_link(self, address: str) -> None:
        messages = self._session.studio.messages

        def confirm(shown: str) -> bool:
            return messages.confirm(tr("Open this address?"), shown, tr("Open"))

        open_link(address, self._session.studio.services.data_dir / "files", confirm, messages.tell)

    # -- answering ---------------------------------------------------------------------------------------------------

    def _submit(self, session_id: str, action: str, values: dict[str, Any]) -> None:
        studio = self._session.studio
        card = self.cards[session_id]

        def work() -> None:
            studio.services.forms.submit(session_id, action, stored_files(studio.services, values))

        def failed(error: PenstockError) -> None:
            if session_id in self.cards:
                card.refuse(str(error))

        studio.tasks.run(work, done=lambda _: self._answered(session_id), failed=failed)

    def _answered(self, session_id: str) -> None:
        rest = [card.record for key, card in self.cards.items() if key != session_id]
        self._show(rest)
        self._settle()

    def _settle(self) -> None:
        """Let the engine go on with what was answered or whose time is over; the window follows the run by itself."""
        state = self._session.whole_state
        if self._settling or state is None or state.status != "paused":
            return
        self._settling = True
        self._session.studio.runs.ask("settle_forms", {}, lambda _: self._settled())

    def _settled(self) -> None:
        self._settling = False
        state = self._session.whole_state
        if not self._session.is_closed and state is not None and state.status == "paused":
            # The run did not go on: it was stopped by the limit for all forms, or it waits for more.
            look_again(self._session)

    # -- time --------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.tick()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def tick(self) -> None:
        """Say the time that is left; a form whose time is over is settled."""
        now: datetime = self._session.studio.services.clock.now()
        over = [card for card in self.cards.values() if not card.tell(now)]
        if self.cards and self.isVisible() and not self._clock.isActive():
            self._clock.start()
        elif not self.cards:
            self._clock.stop()
        if over:
            self._settle()
