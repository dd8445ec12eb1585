"""The run panel: inputs, the streamed result, facts; for chat flows the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from editor.amounts import duration, price_text, token_count, tokens_in_full
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.panels.glyph import Glyph
from editor.panels.listen import ListenBox
from editor.panels.parts import STATUS_ICON, ElidedLabel, PartLine, local_time, shown_status, status_word
from editor.panels.result_text import ResultText
from editor.panels.result_values import ResultValues, is_one_text
from editor.panels.run_form import RunForm
from editor.panels.value_view import ValueView, as_text, save_value, size_text
from editor.panels.viewers.viewing import viewing
from editor.panels.waiting_forms import WaitingForms
from editor.waiting import waits
from engine.errors import PenstockError

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class RunPanel(QWidget):
    """`runWanted` carries inputs and query, `requestHeard` a webhook's id and what its test request gives the run."""

    runWanted = Signal(dict, str)
    requestHeard = Signal(str, dict)
    stopWanted = Signal()
    continueWanted = Signal()

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self.form: RunForm | None = None
        self._declared: Any = None
        self._fresh: Any = None
        self._offered = False
        self._listens = False
        self.ear = ListenBox(session)
        self.ear.heard.connect(self.requestHeard)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        for word in (tr("Input"), tr("Result"), tr("Details")):
            self.tabs.addTab(word)
        self.tabs.setAccessibleName(tr("Run"))
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 12, 0)
        row.addWidget(self.tabs, 1)
        column.addLayout(row)
        self.pages = QStackedWidget()
        column.addWidget(self.pages, 1)
        self.tabs.currentChanged.connect(self.pages.setCurrentIndex)
        self._inputs = QScrollArea()
        self._inputs.setAccessibleName(tr("Input"))
        self._inputs.setWidgetResizable(True)
        self._inputs.setFrameShape(QFrame.Shape.NoFrame)
        self.pages.addWidget(self._inputs)
        self.pages.addWidget(self._make_result())
        self._details = QScrollArea()
        self._details.setAccessibleName(tr("Details"))
        self._details.setWidgetResizable(True)
        self._details.setFrameShape(QFrame.Shape.NoFrame)
        self.pages.addWidget(self._details)
        session.runChanged.connect(self.refresh)
        self._detail_mark: Any = None
        self.build_form()
        self.refresh()

    # -- inputs ------------------------------------------------------------------------------------------------------

    def declared(self) -> list[Mapping[str, Any]]:
        """The variables of the start node."""
        nodes = self._session.document.graph.nodes.values()
        start = next((n for n in nodes if n.type == "start" and not n.is_note), None)
        variables = start.data.get("variables") if start is not None else None
        return [v for v in variables if isinstance(v, dict)] if isinstance(variables, list) else []

    @property
    def is_chat(self) -> bool:
        return self._session.document.workflow.mode == "advanced-chat"

    def build_form(self, *, fresh: bool = False) -> None:
        """Build the fields anew when the start node asks for other things; what was typed stays. `fresh`: in any case,
        with their defaults."""
        declared = self.declared()
        self.ear.load()
        if not fresh and self.form is not None and declared == self._declared and self.ear.wanted() == self._listens:
            return
        self._listens = self.ear.wanted()
        self.ear.setParent(self)  # the box of the fields before goes, the ear stays
        old = self.form if self._declared is not None and not fresh else None
        self._declared = declared
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        self.form = RunForm(declared, chat=self.is_chat)
        self._fresh = self.form.typed()
        if old is not None:
            self.form.take_over(old)
        self.form.submitted.connect(self.submit)
        if self._listens:
            column.addWidget(self.ear)
        elif not declared and not self.is_chat:
            words = QLabel(tr("This workflow asks for nothing; it starts at once."))
            words.setProperty("kind", "muted")
            column.addWidget(words)
        column.addWidget(self.form)
        self.start = QPushButton(tr("Send") if self.is_chat else tr("Start run"))
        self.start.setIcon(icon("send" if self.is_chat else "play", "on_accent"))
        self.start.setProperty("kind", "primary")
        self.start.setAccessibleName(self.start.text())
        self.start.clicked.connect(self.submit)
        column.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        self.ear.setVisible(self._listens)
        self.form.setVisible(not self._listens)
        self.start.setVisible(not self._listens)
        column.addStretch(1)
        self._inputs.setWidget(box)

    def fill(self, inputs: Mapping[str, Any]) -> list[str]:
        """Fields that hold what a run was given and nothing else; what found no place there."""
        self.build_form(fresh=True)
        self._offered = True
        self.start.setFocus()
        return self.form.fill(inputs) if self.form is not None else []

    def offer_last(self) -> None:
        """What the last run was given stands in the fields of a workflow that was opened anew, unless somebody was
        there first."""
        if self.form is None or self._offered or self.is_chat or self._listens or not self._declared:
            return
        self._offered = True
        if self.form.typed() != self._fresh:
            return
        try:
            self.form.fill(self._session.studio.services.runs.last_inputs(self._session.app_id))
        except PenstockError:
            return  # a form with what the inputs begin with is better than none

    def submit(self) -> None:
        """Check the fields and ask for the run."""
        if self.form is None or self._session.is_running:
            return
        if self._listens:
            self.tabs.setCurrentIndex(0)
            self.ear.listen()
            return
        values = self.form.values()
        if values is None:
            self.tabs.setCurrentIndex(0)
            return
        query = self.form.query.toPlainText().strip() if self.form.query is not None else ""
        if self.is_chat and not query:
            if self.form.query is not None:
                self.form.query.setFocus()
            return
        self.runWanted.emit(values, query)

    # -- result ------------------------------------------------------------------------------------------------------

    def _make_result(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        head = QHBoxLayout()
        self._glyph = Glyph(size=18)
        self._status = ElidedLabel(kind="title")
        self._facts = QLabel()
        self._facts.setProperty("kind", "small")
        self._stop = QPushButton(tr("Stop"))
        self._stop.setIcon(icon("stop", "text"))
        self._stop.clicked.connect(self.stopWanted)
        self.resume = QPushButton(tr("Continue from the failure"))
        self.resume.setIcon(icon("resume", "text"))
        self.resume.setAccessibleName(self.resume.text())
        self.resume.setToolTip(tr("Steps that ended well are taken over; the others run again."))
        self.resume.clicked.connect(self.continueWanted)
        self.resume.hide()
        self._copy = QPushButton()
        self._copy.setIcon(icon("copy", "muted"))
        self._copy.setProperty("kind", "icon")
        self._copy.setToolTip(tr("Copy"))
        self._copy.setAccessibleName(tr("Copy the result"))
        self._copy.clicked.connect(self._copy_text)
        self.text = ResultText()
        self._raw = QPushButton()
        self._raw.setIcon(icon("code", "muted"))
        self._raw.setProperty("kind", "icon")
        self._raw.setCheckable(True)
        self._raw.setToolTip(tr("Show the text as it came"))
        self._raw.setAccessibleName(self._raw.toolTip())
        self._raw.toggled.connect(self._show_raw)
        self._raw.setChecked(viewing().raw("text"))
        self._raw.hide()
        for widget in (self._glyph, self._status, self._facts):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.resume)
        head.addWidget(self._stop)
        head.addWidget(self._raw)
        head.addWidget(self._copy)
        column.addLayout(head)
        self._pins = QLabel()
        self._pins.setProperty("kind", "small")
        self._pins.setWordWrap(True)
        self._pins.hide()
        column.addWidget(self._pins)
        self._error = QLabel()
        self._error.setProperty("kind", "bad")
        self._error.setWordWrap(True)
        self._error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._error)
        self.forms = WaitingForms(self._session)
        self.forms.hide()
        self.forms.found.connect(self._forms_found)
        column.addWidget(self.forms, 3)
        self.text.setPlaceholderText(tr("The result appears here while it is made."))
        column.addWidget(self.text, 1)
        self._part = PartLine(self._export_text)
        self._part.hide()
        column.addWidget(self._part)
        self.values = ResultValues()
        self.values.hide()
        column.addWidget(self.values, 1)
        return page

    def _export_text(self) -> None:
        try:
            save_value(self.text.given, tr("Result"), self)
        except OSError as error:
            words = tr("The file cannot be written: {what}", what=told(error.strerror or str(error)))
            self._session.studio.messages.error(tr("Not exported"), words)

    def _tell_part(self, *, more: bool) -> None:
        self._part.setVisible(self.text.is_cut)
        size = size_text(len(self.text.given))
        self._part.words.setText(
            tr("The end of {size}.", size=size) if more else tr("The beginning of {size}.", size=size)
        )

    def _show_raw(self, raw: bool) -> None:
        self.text.set_formatted(not raw)
        viewing().set_raw("text", raw)

    def _forms_found(self, count: int) -> None:
        """Forms take the room of the result, and share it with what has come of it so far."""
        self.forms.setVisible(count > 0)
        self.text.setVisible(self.values.isHidden() and (count == 0 or bool(self.text.given)))

    def _copy_text(self) -> None:
        from PySide6.QtGui import QGuiApplication

        state = self._session.run_state
        whole = as_text(dict(state.outputs)) if state is not None and not self.values.isHidden() else self.text.given
        QGuiApplication.clipboard().setText(whole)

    def refresh(self) -> None:
        """Follow the run."""
        state, stopping = self._session.run_state, self._stop.hasFocus()
        self._stop.setVisible(self._session.is_running or waits(self._session))
        broken = state is not None and state.is_over and state.status in ("failed", "stopped")
        self.resume.setVisible(broken and not self._session.is_running and not self._session.read_only)
        if state is None:
            self._glyph.clear()
            self._status.setText(tr("Not running yet"))
            self._facts.clear()
            self._error.hide()
            self._pins.hide()
            self.text.show_text("")
            self._tell_part(more=False)
            self._raw.hide()
            self._copy.hide()
            self.values.hide()
            self.text.show()
            return
        self._glyph.show_icon(*STATUS_ICON[shown_status(state)])
        self._status.setText(status_word(shown_status(state)))
        facts = [duration(state.elapsed) if state.is_over else ""]
        if state.total_tokens:
            facts.append(tr("{count} tokens", count=token_count(state.total_tokens)))
            facts.append(price_text(state.total_price, state.currency))
        self._facts.setText("  ·  ".join(f for f in facts if f))
        self._pins.setText(self._pinned_words(state))
        self._pins.setVisible(bool(self._pins.text()))
        self._error.setText(told(state.error))
        self._error.setVisible(bool(state.error))
        in_parts = state.is_over and not is_one_text(state.outputs)
        if in_parts:
            self.values.show_outputs(state.run_id, state.outputs)
        self.values.setVisible(in_parts)
        self.text.show_text("" if in_parts else _result_text(state), more=not state.is_over)
        self._tell_part(more=not state.is_over)
        self._copy.setVisible(not self._session.is_running and (in_parts or bool(self.text.given)))
        if stopping and self._stop.isHidden():
            # At what has come of it, rather than at the tabs of the window, which Qt would choose.
            (self.values if in_parts else self.text).setFocus()
        self._forms_found(len(self.forms.cards))
        self._raw.setVisible(self.text.can_format)
        self._show_details(state)

    def _pinned_words(self, state: Any) -> str:
        """Which steps did not run, for their results are pinned."""
        nodes = self._session.document.graph.nodes
        titles = [nodes[i].title or nodes[i].type if i in nodes else i for i in state.pins]
        return tr("Pinned, not run: {titles}", titles=", ".join(titles)) if titles else ""

    def _show_details(self, state: Any) -> None:
        mark = (state.run_id, shown_status(state))
        if mark == self._detail_mark:
            return
        self._detail_mark = mark
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        rows = [
            (tr("Status"), status_word(shown_status(state))),
            (tr("Started"), local_time(state.started_at) if state.started_at else ""),
            (tr("Elapsed"), duration(state.elapsed) if state.is_over else ""),
            (tr("Tokens"), tokens_in_full(state.total_tokens)),
            (tr("Price"), price_text(state.total_price, state.currency)),
            (tr("Steps"), str(state.total_steps)),
            (tr("Run"), state.run_id),
        ]
        for name, value in rows:
            if not value:
                continue
            line = QLabel(f"{name}: {value}")
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(line)
        if state.inputs:
            column.addWidget(ValueView(tr("Input"), dict(state.inputs)))
        if state.outputs:
            column.addWidget(ValueView(tr("Output"), dict(state.outputs)))
        column.addStretch(1)
        self._details.setWidget(box)


def _result_text(state: Any) -> str:
    """The streamed text while it runs; afterwards the one text among the outputs."""
    outputs = dict(state.outputs)
    if not state.is_over or not outputs:
        return str(state.stream_text)
    return str(outputs["answer"] if "answer" in outputs else next(iter(outputs.values())))
