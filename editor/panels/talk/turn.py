"""One turn of a conversation: what was said, the steps that ran for it, the answer, what it cites, what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.amounts import duration, price_text, token_count
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.parts import shown_status, status_icon, status_word, tool_button
from editor.panels.talk.flow import Flow
from editor.panels.talk.markdown import MarkdownView
from engine.run.fold import NodeRunState, RunState

WIDEST: Final = 760
MOST_STEPS: Final = 60
ANSWERED_BY: Final = {
    "input_moderation": "Content moderation answered; nothing ran.",
    "output_moderation": "Content moderation replaced the answer and stopped the run.",
    "annotation": "An annotation answered; nothing ran.",
}


@dataclass
class Answer:
    """One answer to what was said; asking once more gives another."""

    run_id: str = ""
    text: str = ""
    fault: str = ""
    state: RunState | None = None
    message_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    over: bool = False

    @property
    def answered_by(self) -> str:
        """Who answered if not the graph."""
        by = str(self.metadata.get("answered_by") or "")
        return by or (self.state.answered_by if self.state is not None else "")


class TurnView(QWidget):
    """Shows the answers of one turn, one at a time."""

    traceWanted = Signal(object)
    """The answer whose run is to be looked at."""
    nodeWanted = Signal(object, str)
    againWanted = Signal()
    annotateWanted = Signal(str, str)
    linkClicked = Signal(str)
    citationWanted = Signal(object)

    def __init__(self, query: str, files: list[Any], folder: Path, parent_id: str | None = None) -> None:
        super().__init__()
        self.query, self.files, self.parent_id = query, files, parent_id
        self.inputs: dict[str, Any] = {}
        self.answers: list[Answer] = []
        self.index = -1
        self._open = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        if query or files:
            column.addLayout(self._question())
        self.frame = QFrame()
        self.frame.setProperty("kind", "answered")
        self.frame.setMaximumWidth(WIDEST)
        inside = QVBoxLayout(self.frame)
        inside.setContentsMargins(14, 10, 14, 8)
        inside.setSpacing(8)
        self.steps = QPushButton()
        self.steps.setProperty("kind", "link")
        self.steps.setAccessibleName(tr("Steps of this answer"))
        self.steps.clicked.connect(self._flip_steps)
        self.steps.hide()
        inside.addWidget(self.steps, 0, Qt.AlignmentFlag.AlignLeft)
        self.step_box = QWidget()
        self._step_rows = QVBoxLayout(self.step_box)
        self._step_rows.setContentsMargins(4, 0, 0, 4)
        self._step_rows.setSpacing(0)
        self._drawn: dict[str, tuple[QPushButton, QLabel]] = {}
        self.step_box.hide()
        inside.addWidget(self.step_box)
        self.waiting = QLabel(tr("Working…"))
        self.waiting.setProperty("kind", "muted")
        self.waiting.hide()
        inside.addWidget(self.waiting)
        self.text = MarkdownView(folder)
        self.text.linkClicked.connect(self.linkClicked)
        inside.addWidget(self.text)
        self.note = _small("small")
        inside.addWidget(self.note)
        self.fault = _small("bad")
        inside.addWidget(self.fault)
        self.citations = Flow()
        self.citations.hide()
        inside.addWidget(self.citations)
        inside.addLayout(self._tools())
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.frame, 6)
        row.addStretch(1)
        column.addLayout(row)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _question(self) -> QHBoxLayout:
        said = QFrame()
        said.setProperty("kind", "said")
        said.setMaximumWidth(WIDEST - 120)
        inside = QVBoxLayout(said)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.setSpacing(6)
        self.question = QLabel(self.query)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setWordWrap(True)
        self.question.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside.addWidget(self.question)
        self.question.setVisible(bool(self.query))  # once it stands somewhere, else it is a window
        for item in self.files:
            name = str(item.get("filename") or item.get("url") or item.get("remote_url") or "?")
            chip = QLabel(f"📎 {name}")
            chip.setTextFormat(Qt.TextFormat.PlainText)
            chip.setProperty("kind", "small")
            inside.addWidget(chip)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        # A label that wraps has no width of its own: short words need no more than they take.
        wide = self.question.fontMetrics().horizontalAdvance(max(self.query.split("\n"), key=len, default=""))
        row.addWidget(said, 3 if wide > 360 else 0)
        if wide <= 360:
            self.question.setMinimumWidth(min(wide + 4, 360))
        return row

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self.copy_button = tool_button("copy", tr("Copy the answer"), self.copy)
        self.again_button = tool_button("refresh", tr("Answer again"), self.againWanted.emit)
        self.annotate_button = tool_button("bookmark", tr("Keep as an annotation"), self._annotate)
        self.trace_button = tool_button("trace", tr("Look at the run"), lambda: self.traceWanted.emit(self.answer))
        for button in (self.copy_button, self.again_button, self.annotate_button, self.trace_button):
            button.hide()
            row.addWidget(button)
        self.before = tool_button("chevron-left", tr("Earlier answer"), partial(self._turn_page, -1))
        self.page = QLabel()
        self.page.setProperty("kind", "tiny")
        self.after = tool_button("chevron-right", tr("Later answer"), partial(self._turn_page, 1))
        for widget in (self.before, self.page, self.after):
            widget.hide()
            row.addWidget(widget)
        row.addStretch(1)
        return row

    # -- answers -----------------------------------------------------------------------------------------------------

    @property
    def answer(self) -> Answer | None:
        """The answer that is shown."""
        return self.answers[self.index] if self.answers else None

    def begin(self, answer: Answer | None = None) -> Answer:
        """Make room for one more answer and show it."""
        answer = answer or Answer()
        self.answers.append(answer)
        self.index = len(self.answers) - 1
        self._clear_steps()
        self.show_answer()
        return answer

    def _turn_page(self, by: int) -> None:
        self.index = max(0, min(len(self.answers) - 1, self.index + by))
        self._clear_steps()
        self.show_answer()

    def show_answer(self) -> None:
        """Draw the answer that is chosen, or what there is of it."""
        answer = self.answer
        if answer is None:
            return
        self.text.set_text(answer.text)
        self.text.setVisible(bool(answer.text))
        self.waiting.setVisible(not answer.text and not answer.fault and not answer.over)
        self.fault.setText(told(answer.fault))
        self.fault.setVisible(bool(answer.fault))
        words = ANSWERED_BY.get(answer.answered_by, "")
        self.note.setText(tr(words) if words else "")
        self.note.setVisible(bool(words))
        self._show_facts(answer)
        self._show_citations(answer)
        done = answer.over and bool(answer.text or answer.fault)
        self.copy_button.setVisible(done and bool(answer.text))
        self.annotate_button.setVisible(done and bool(answer.text and self.query))
        self.trace_button.setVisible(done and bool(answer.run_id))
        several = len(self.answers) > 1
        for widget in (self.before, self.page, self.after):
            widget.setVisible(several)
        self.page.setText(f"{self.index + 1} / {len(self.answers)}")
        self.before.setEnabled(self.index > 0)
        self.after.setEnabled(self.index < len(self.answers) - 1)

    def offer_again(self, offered: bool) -> None:
        """Whether this turn may be asked once more: only the newest may."""
        self.again_button.setVisible(offered and self.answer is not None and self.answer.over)

    def _show_facts(self, answer: Answer) -> None:
        state = answer.state
        facts: list[str] = []
        if state is not None and state.executions:
            facts.append(ntr("{n} step", "{n} steps", len(state.executions)))
            if state.is_over:
                facts.append(duration(state.elapsed))
            if state.total_tokens:
                facts.append(tr("{count} tokens", count=token_count(state.total_tokens)))
            if (price := price_text(state.total_price, state.currency)) != "":
                facts.append(price)
            self.steps.setIcon(status_icon(shown_status(state)))
            self.steps.setToolTip(status_word(shown_status(state)))
        self.steps.setText("  ·  ".join(facts))
        self.steps.setVisible(bool(facts))
        self.step_box.setVisible(self._open and bool(facts))
        if self._open and state is not None:
            self._show_steps(state)

    def _flip_steps(self) -> None:
        self._open = not self._open
        self.show_answer()

    def _clear_steps(self) -> None:
        for button, facts in self._drawn.values():
            holder = button.parentWidget()
            facts.hide()
            if holder is not None:
                holder.hide()
                holder.deleteLater()
        self._drawn = {}

    def _show_steps(self, state: RunState) -> None:
        """The newest steps as lines; a click goes to the step in the trace and on the canvas."""
        executions = list(state.executions.values())[-MOST_STEPS:]
        for execution in executions:
            drawn = self._drawn.get(execution.execution_id)
            if drawn is None:
                drawn = self._draw_step(execution)
            button, facts = drawn
            button.setIcon(status_icon(execution.status))
            parts = [duration(execution.elapsed) if execution.finished_at else ""]
            if execution.tokens:
                parts.append(tr("{count} tokens", count=token_count(execution.tokens)))
            if execution.attempt > 1:
                parts.append(ntr("{n} retry", "{n} retries", execution.attempt - 1))
            facts.setText("  ·  ".join(p for p in parts if p))

    def _draw_step(self, execution: NodeRunState) -> tuple[QPushButton, QLabel]:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        button = QPushButton(execution.title or execution.node_type)
        button.setProperty("kind", "link")
        button.clicked.connect(partial(self._step_clicked, execution.node_id))
        row.addWidget(button)
        row.addStretch(1)
        facts = QLabel()
        facts.setProperty("kind", "tiny")
        row.addWidget(facts)
        self._step_rows.addWidget(holder)
        self._drawn[execution.execution_id] = (button, facts)
        return button, facts

    def _step_clicked(self, node_id: str) -> None:
        self.nodeWanted.emit(self.answer, node_id)

    def _show_citations(self, answer: Answer) -> None:
        found = answer.metadata.get("retriever_resources")
        resources = [r for r in found if isinstance(r, Mapping)] if isinstance(found, list) else []
        self.citations.setVisible(bool(resources))
        self.citations.clear()
        if resources:
            caption = QLabel(tr("Sources"))
            caption.setProperty("kind", "small")
            caption.setFixedHeight(34)  # as the chips beside it
            self.citations.add(caption)
        for resource in resources:
            name = str(resource.get("document_name") or resource.get("title") or tr("Document"))
            chip = QPushButton(f"{resource.get('position', '')}  {name if len(name) < 40 else name[:39] + '…'}")
            chip.setProperty("kind", "quiet")
            chip.setIcon(icon("file-text", "muted"))
            chip.setAccessibleName(tr("Citation: {name}", name=name))
            chip.setToolTip(str(resource.get("content") or name)[:600])
            chip.clicked.connect(partial(self.citationWanted.emit, dict(resource)))
            self.citations.add(chip)

    # -- doing -------------------------------------------------------------------------------------------------------

    def copy(self) -> None:
        """Put the answer on the clipboard as markdown."""
        if self.answer is not None:
            QGuiApplication.clipboard().setText(self.answer.text)

    def _annotate(self) -> None:
        if self.answer is not None:
            self.annotateWanted.emit(self.query, self.answer.text)


def _small(kind: str) -> QLabel:
    label = QLabel()
    label.setProperty("kind", kind)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.hide()
    return label
