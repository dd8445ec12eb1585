"""Talking to a chat flow while it is being made (editor spec, section 10): opener, suggestions, streamed answers with
the steps behind each, files, another answer, earlier conversations, and what the conversation remembers.

This module holds the parts together; each part is in `editor/panels/talk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.panels.parts import tool_button
from editor.panels.run_form import RunForm
from editor.panels.talk.composer import Composer, paths_of
from editor.panels.talk.conversations import Conversations, name_from
from editor.panels.talk.markdown import open_link
from editor.panels.talk.memory import MemoryView
from editor.panels.talk.pane import TurnPane
from editor.panels.talk.turn import Answer, TurnView
from editor.panels.waiting_forms import WaitingForms
from editor.theme import restyle
from engine.model.features import effective, opening_statement

if TYPE_CHECKING:
    from editor.bridge.runs import LiveRun
    from editor.session import WorkflowSession

DRAW_MS: Final = 40
FORM_HIGHEST: Final = 260


@dataclass(frozen=True)
class Saying:
    """What is to be said: the run of the chat flow that answers it is started by the window."""

    inputs: dict[str, Any]
    words: str
    files: list[Any] = field(default_factory=list)
    conversation_id: str = ""
    parent_id: str | None = None
    """The message that is followed when an answer is asked for once more; an empty text for the first."""


class Chat(QWidget):
    """`sendWanted` carries a `Saying`; whoever answers it shows the run in the session at once."""

    sendWanted = Signal(object)
    stopWanted = Signal()
    restartWanted = Signal()
    traceWanted = Signal(str)
    openRun = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._folder = session.studio.services.data_dir / "files"
        self.pane = TurnPane()
        self.suggestions = self.pane.suggestions
        self._run: LiveRun | None = None
        self._answer: Answer | None = None
        self.conversations = Conversations(session, self._show_conversation)
        self.conversations.newWanted.connect(self._restart_clicked)
        self._declared: Any = None
        self.setAcceptDrops(True)
        self._draw_timer = QTimer(self)
        self._draw_timer.setSingleShot(True)
        self._draw_timer.setInterval(DRAW_MS)
        self._draw_timer.timeout.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        column.addWidget(self.split, 1)
        self.split.addWidget(self.pane)
        self.memory = MemoryView()
        self.memory.hide()
        self.split.addWidget(self.memory)
        self.split.setStretchFactor(0, 1)
        self.forms = WaitingForms(session)
        self.forms.setViewportMargins(16, 4, 12, 8)
        self.forms.hide()
        self.forms.found.connect(lambda count: self.forms.setVisible(count > 0))
        column.addWidget(self.forms, 2)
        column.addWidget(self._foot())
        session.runChanged.connect(self.refresh)
        self._unsubscribe = session.document.subscribe(self._on_delta)
        self.restart()

    def close_session(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    @property
    def turns(self) -> list[TurnView]:
        """What was said, oldest first."""
        return self.pane.turns

    @property
    def opener(self) -> TurnView | None:
        """The opening statement, where there is one."""
        return self.pane.opener

    # -- parts -------------------------------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 8, 0)
        self.words = QLabel()
        self.words.setProperty("kind", "small")
        row.addWidget(self.conversations.title)
        row.addWidget(self.words, 1)
        self.form_button = tool_button("sliders", tr("Inputs of the conversation"), self._toggle_form)
        row.addWidget(self.form_button)
        self.memory_button = tool_button("conversation", tr("What the conversation remembers"), self._toggle_memory)
        row.addWidget(self.memory_button)
        row.addWidget(self.conversations)
        return row

    def _foot(self) -> QWidget:
        self.foot = QFrame()
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(16, 4, 16, 12)
        column.setSpacing(8)
        self._form_pane = QScrollArea()
        self._form_pane.setWidgetResizable(True)
        self._form_pane.setFrameShape(QFrame.Shape.NoFrame)
        self._form_pane.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._form_pane.hide()
        column.addWidget(self._form_pane)
        self.form: RunForm | None = None
        self.composer = Composer()
        self.composer.sendWanted.connect(self._send)
        self.composer.stopWanted.connect(self.stopWanted)
        column.addWidget(self.composer)
        self.edit, self.button = self.composer.edit, self.composer.button
        return self.foot

    # -- following the document ----------------------------------------------------------------------------------------

    def _on_delta(self, delta: Any) -> None:
        changed = delta.features_changed or delta.variables_changed or delta.everything
        if changed or delta.nodes_changed - delta.moved or delta.nodes_added or delta.nodes_removed:
            self.build()

    @property
    def _features(self) -> dict[str, Any]:
        return effective(self._session.document.workflow.features)

    def build(self) -> None:
        """Follow the start node, the features and the variables: fields, opener, files, memory."""
        workflow = self._session.document.workflow
        start = next((n for n in workflow.graph.nodes.values() if n.type == "start" and not n.is_note), None)
        variables = start.data.get("variables") if start is not None else None
        declared = [v for v in variables if isinstance(v, Mapping)] if isinstance(variables, list) else []
        if declared != self._declared:
            self._build_form(declared)
        self.composer.set_upload(self._features["file_upload"])
        self.memory.declare(workflow.conversation_variables)
        if not self.turns:
            self._show_opener()

    def _build_form(self, declared: list[Mapping[str, Any]]) -> None:
        before = self.form if self._declared is not None else None
        self._declared = declared
        self.form = RunForm(declared)
        if before is not None:
            self.form.take_over(before)
        self._form_pane.setWidget(self.form)
        self._form_pane.setMaximumHeight(min(FORM_HIGHEST, self.form.sizeHint().height() + 4))
        self._form_pane.setVisible(bool(declared) and not self.turns)
        self.form_button.setVisible(bool(declared))
        for kind, name in (
            (QLineEdit, "textChanged"),
            (QPlainTextEdit, "textChanged"),
            (QComboBox, "currentIndexChanged"),
            (QCheckBox, "toggled"),
        ):
            for editor in self.form.findChildren(kind):
                getattr(editor, name).connect(lambda *_: self._inputs_changed())

    def _toggle_form(self) -> None:
        self._form_pane.setVisible(not self._form_pane.isVisible())

    def _inputs_changed(self) -> None:
        if not self.turns:
            self._show_opener()

    def _show_opener(self) -> None:
        features = self._features
        words = opening_statement(features, self.form.typed() if self.form is not None else {})
        if words and self.opener is None:
            opener = TurnView("", [], self._folder)
            opener.linkClicked.connect(self._open_link)
            opener.begin(Answer(over=True))
            self.pane.put_opener(opener)
        if self.opener is not None:
            self.opener.setVisible(bool(words))
            self.opener.answers[0].text = words
            self.opener.show_answer()
            self.opener.copy_button.hide()
        questions = [q for q in features["suggested_questions"] if q.strip()][:10]
        self._suggest(questions)
        empty = not words and not questions
        self.words.setText(tr("Say something to begin. Every answer is a run of the draft.") if empty else "")

    def _suggest(self, questions: list[str]) -> None:
        """Questions that may be asked with a click."""
        self.suggestions.clear()
        for text in questions:
            chip = QPushButton(text)
            chip.setAccessibleName(text)
            chip.setToolTip(text)
            chip.clicked.connect(partial(self.send, text))
            self.suggestions.add(chip)
        self.suggestions.setVisible(bool(questions))

    def fill(self, inputs: Mapping[str, Any], query: str, files: list[Any]) -> list[str]:
        """What a run was given, ready to be said once more; answers what found no place."""
        left: list[str] = []
        if self.form is not None:
            self._declared = None
            self.build()
            left = self.form.fill(inputs)
            self._form_pane.setVisible(bool(self._declared))
        self.edit.setPlainText(query)
        self.edit.setFocus()
        return left + self.composer.set_files(files)

    # -- saying ------------------------------------------------------------------------------------------------------

    def send(self, text: str = "") -> None:
        """Say what is typed (or `text`); nothing happens while an answer is being made."""
        words = text or self.edit.toPlainText().strip()
        if words:
            self._send(words, [] if text else list(self.composer.files))

    def _send(self, words: str, files: list[Any]) -> None:
        if self._session.is_running:
            return
        inputs = self.form.values() if self.form is not None else {}
        if inputs is None:
            self._form_pane.show()
            return
        turn = self._add(words, files)
        turn.inputs = inputs
        if self._ask(turn, Saying(inputs, words, files, self.conversation_id)):
            self.composer.clear()
            self._form_pane.hide()

    def _ask(self, turn: TurnView, saying: Saying) -> bool:
        """Let a turn be answered; False when its run could not even be asked for."""
        before = self._session.run
        self._suggest([])
        self._answer = turn.begin()
        self._run = None
        self.sendWanted.emit(saying)
        run = self._session.run
        if run is None or run is before:
            self._take_back(turn)
            return False
        self._run = run
        run.refused.connect(partial(self._refused, turn))
        run.finished.connect(partial(self._ended, turn, run))
        self.refresh()
        return True

    def _refused(self, turn: TurnView, _error: object) -> None:
        self._take_back(turn)

    def _take_back(self, turn: TurnView) -> None:
        """Nothing was said: the words go back to where they were written."""
        self._run, self._answer = None, None
        turn.answers.pop()
        if turn.answers:
            turn.index = len(turn.answers) - 1
            turn.show_answer()
        else:
            self.pane.take_away(turn)
            if not self.edit.toPlainText():
                self.edit.setPlainText(turn.query)
            if not self.turns:
                self._show_opener()
        self._offer_again()

    def regenerate(self) -> None:
        """Ask the newest turn once more; its answers stand behind each other."""
        if not self.turns or self._session.is_running:
            return
        turn = self.turns[-1]
        before = self.turns[-2].answers[-1].message_id if len(self.turns) > 1 else ""
        self._ask(turn, Saying(turn.inputs, turn.query, turn.files, self.conversation_id, before))

    def _add(self, words: str, files: list[Any]) -> TurnView:
        turn = TurnView(words, files, self._folder)
        turn.traceWanted.connect(self._look_at)
        turn.nodeWanted.connect(self._look_at)
        turn.againWanted.connect(self.regenerate)
        turn.annotateWanted.connect(self._annotate)
        turn.citationWanted.connect(self._show_citation)
        turn.linkClicked.connect(self._open_link)
        self.pane.add(turn)
        self.words.clear()
        return turn

    # -- following the run -------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the run."""
        running = self._session.is_running
        self.composer.set_running(running=running)
        self._offer_again()
        run = self._session.run
        if self._answer is None or run is None:
            return
        if run is not self._run:
            if not self._answer.run_id or run.state.run_id != self._answer.run_id or not self.turns:
                return
            # A run that waited for a person goes on under the same answer.
            self._run = run
            run.finished.connect(partial(self._ended, self.turns[-1], run))
        if not self._draw_timer.isActive():
            self._draw_timer.start()

    def _offer_again(self) -> None:
        running = self._session.is_running
        for turn in self.turns[-2:]:
            turn.offer_again(turn is self.turns[-1] and not running)

    def _draw(self) -> None:
        run, answer = self._run, self._answer
        if run is None or answer is None or not self.turns:
            return
        state = run.state
        self.memory.follow(run.run_id, run.events)
        if answer.over:
            return
        answer.state, answer.run_id = state, state.run_id
        answer.text = state.stream_text
        if self.turns[-1].answer is answer:
            self.turns[-1].show_answer()

    def _ended(self, turn: TurnView, run: LiveRun, summary: dict[str, Any]) -> None:
        answer = turn.answers[-1] if turn.answers else None
        if answer is None or run is not self._run or self._session.is_closed:
            return
        self._draw_timer.stop()
        self._draw()
        message = summary.get("message") or {}
        outputs = summary.get("outputs") or {}
        said = message.get("answer") or outputs.get("answer") or summary.get("stream_text") or ""
        answer.text = str(said or answer.text)
        answer.message_id = str(message.get("id") or "")
        answer.metadata = message.get("metadata") or {}
        status = summary.get("status")
        answer.over = status != "paused"
        if status == "stopped" and not summary.get("answer_replaced"):
            answer.fault = tr("Stopped.")
        elif status == "failed":
            answer.fault = str(summary.get("error") or tr("Failed"))
        elif status == "paused" and not answer.text:
            answer.text = tr("The flow waits for the answer to its form.")
        turn.show_answer()
        self._offer_again()
        if status in ("succeeded", "partial-succeeded") and run.state is not None:
            self._ask_suggestions(turn)

    def _ask_suggestions(self, turn: TurnView) -> None:
        """Questions that the reader may want to ask next, when the app offers them."""
        features = self._features
        if not features["suggested_questions_after_answer"]["enabled"] or not self._session.app_id:
            return
        wanted = {"suggested_questions_after_answer": features["suggested_questions_after_answer"]}

        def done(found: Any) -> None:
            here = bool(self.turns) and self.turns[-1] is turn and not self._session.is_running
            if here and not self._session.is_closed and isinstance(found, list):
                self._suggest([str(q) for q in found])

        arguments = {"features": wanted, "conversation_id": self.conversation_id}
        self._session.studio.runs.ask("suggested_questions", arguments, done)

    def _look_at(self, answer: Answer | None, node_id: str = "") -> None:
        """Show the run of an answer on the canvas and in the trace."""
        if answer is None:
            return
        if answer.state is None:
            self.openRun.emit(answer.run_id)
            return
        if answer.state is not self._session.run_state:
            self._session.show_past(answer.state)
        self.traceWanted.emit(node_id)

    # -- conversations -----------------------------------------------------------------------------------------------

    @property
    def conversation_id(self) -> str:
        """The conversation that goes on; empty before its first message."""
        return self.conversations.current

    def set_conversation(self, conversation_id: str) -> None:
        """Say under which id the conversation is kept."""
        self.conversations.show_current(conversation_id, name_from(self.turns[0].query) if self.turns else "")

    def _restart_clicked(self) -> None:
        self.restartWanted.emit()
        if not self._session.is_running:
            self._session.show_run(None)
        self.restart()
        self.edit.setFocus()

    def restart(self) -> None:
        """Forget what was said and begin with the opener and the default values."""
        self._clear()
        self.conversations.show_current("")
        self.memory.restart(self._session.document.workflow.conversation_variables)
        self.build()
        self._form_pane.setVisible(bool(self._declared))
        self.refresh()

    def _clear(self) -> None:
        self._draw_timer.stop()
        self._run, self._answer = None, None
        self.pane.clear()
        self._suggest([])

    def _show_conversation(
        self, conversation_id: str, rows: list[dict[str, Any]], values: dict[str, Any], changes: dict[str, str]
    ) -> None:
        self.restart()
        self.memory.restart(self._session.document.workflow.conversation_variables, values, changes)
        for row in rows:
            about = row["metadata"]
            again = "parent_message_id" in about and self.turns and self.turns[-1].query == row["query"]
            turn = self.turns[-1] if again else self._add(row["query"], list(about.get("files") or ()))
            turn.inputs = self.form.typed() if self.form is not None else {}
            turn.begin(
                Answer(
                    run_id=row["workflow_run_id"] or "",
                    text=row["answer"],
                    fault=row["error"],
                    message_id=row["id"],
                    metadata=about,
                    over=True,
                )
            )
        self._suggest([])
        self._form_pane.hide()
        self._offer_again()

    # -- memory, links, annotations, citations -------------------------------------------------------------------------

    def _toggle_memory(self) -> None:
        self.memory.setVisible(not self.memory.isVisible())

    def _open_link(self, address: str) -> None:
        messages = self._session.studio.messages

        def confirm(shown: str) -> bool:
            return messages.confirm(tr("Open this address?"), shown, tr("Open"))

        open_link(address, self._folder, confirm, messages.tell)

    def _annotate(self, question: str, answer: str) -> None:
        from editor.dialogs.annotation import AnnotationDialog

        studio, app_id = self._session.studio, self._session.app_id
        dialog = AnnotationDialog(question, answer, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.kept.connect(
            lambda q, a: studio.tasks.run(
                studio.services.annotations.put,
                app_id,
                q,
                a,
                done=lambda _: studio.messages.tell(tr("Kept as an annotation.")),
                failed=lambda error: studio.messages.error(tr("The annotation was not kept"), error),
            )
        )
        dialog.open()

    def _show_citation(self, resource: Mapping[str, Any]) -> None:
        from editor.dialogs.citation import CitationDialog

        dialog = CitationDialog(resource, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # -- dropping files ----------------------------------------------------------------------------------------------

    def _mark_drop(self, kind: str) -> None:
        restyle(self.foot, kind=kind)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.composer.takes_files and paths_of(event.mimeData()):
            event.acceptProposedAction()
            self._mark_drop("dropping")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark_drop("")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark_drop("")
        self.composer.add_paths(paths_of(event.mimeData()))
        event.acceptProposedAction()
