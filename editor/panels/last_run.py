"""The inspector's second tab: what the node took, did and gave when it last ran, live while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from editor.amounts import duration, price_text, token_count
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.fields import name_it
from editor.panels.notices import Notices, notices_of
from editor.panels.parts import status_glyph, status_word
from editor.panels.value_rows import input_name
from editor.panels.value_view import ValueView

if TYPE_CHECKING:
    from editor.session import WorkflowSession

LIVE = ("waiting", "running", "retry", "held", "paused")
"""States in which nobody knows yet how long the step takes."""

UNKNOWN: Any = object()
"""What is shown before anything was looked up; None is a node that has not run."""


class LastRun(QScrollArea):
    """`runWanted` asks for this node to be run alone, `answerWanted` for the form that it waits with."""

    runWanted = Signal(str)
    answerWanted = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._node_id = ""
        self._shown: Any = UNKNOWN
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_node(self, node_id: str) -> None:
        """Show what is known of a node's last run."""
        self._node_id = node_id
        self._shown = UNKNOWN
        self.refresh()

    def refresh(self) -> None:
        """Read the run's state again; cheap when nothing changed."""
        state = self._session.node_state(self._node_id)
        mark = None if state is None else (state.get("status"), state.get("execution_id"), len(state.get("text") or ""))
        if mark == self._shown and self.widget() is not None:
            return
        self._shown = mark
        focused = QApplication.focusWidget()
        inside = focused is not None and self.isAncestorOf(focused)
        self.setWidget(self._empty() if state is None else self._filled(state))
        if inside:
            self.setFocus()  # else the keyboard goes to whatever is next, a text field say

    def _empty(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(24, 48, 24, 24)
        column.setSpacing(12)
        column.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        words = QLabel(tr("This node has not run yet."))
        words.setProperty("kind", "muted")
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(words)
        run = QPushButton(tr("Run this step"))
        run.setIcon(icon("play", "text"))
        name_it(run, tr("Run this step"))
        run.clicked.connect(lambda: self.runWanted.emit(self._node_id))
        # Shown before it has a parent it would be a window for a moment, and take the keyboard.
        column.addWidget(run, 0, Qt.AlignmentFlag.AlignHCenter)
        run.setVisible(self._session.can_run_node(self._node_id))
        return box

    def _filled(self, state: Mapping[str, Any]) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 24)
        column.setSpacing(20)
        column.addWidget(self._head(state))
        if state.get("error"):
            error = QLabel(told(str(state["error"])))
            error.setProperty("kind", "bad")
            error.setWordWrap(True)
            error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(error)
        notices = notices_of(state.get("process_data") or {})
        if notices:
            column.addWidget(Notices(notices))
        if state.get("text") and state.get("status") == "running":
            text = QLabel(str(state["text"])[-2000:])
            text.setWordWrap(True)
            column.addWidget(text)
        if state.get("status") == "held":
            from editor.panels.held import HeldNode

            column.addWidget(HeldNode(self._session, self._node_id, state))
            column.addStretch(1)
            return box
        if state.get("status") == "paused":
            answer = QPushButton(tr("Answer the form"))
            answer.setProperty("kind", "primary")
            name_it(answer, answer.text())
            answer.clicked.connect(lambda: self.answerWanted.emit(self._node_id))
            column.addWidget(answer, 0, Qt.AlignmentFlag.AlignLeft)
        for key, word in (("inputs", tr("Input")), ("process_data", tr("Processing")), ("outputs", tr("Output"))):
            if state.get(key):
                column.addWidget(ValueView(word, state[key], called=partial(input_name, self._session)))
        column.addStretch(1)
        return box

    def _head(self, state: Mapping[str, Any]) -> QWidget:
        status = str(state.get("status", ""))
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(status_glyph(status))
        word = QLabel(status_word(status))
        word.setProperty("kind", "title")
        row.addWidget(word)
        row.addStretch(1)
        facts = [duration(state.get("elapsed")) if status not in LIVE else ""]
        if state.get("tokens"):
            facts.append(tr("{count} tokens", count=token_count(state["tokens"])))
        facts.append(price_text(str(state.get("price") or ""), str(state.get("currency") or "")))
        note = QLabel("  ·  ".join(f for f in facts if f))
        note.setProperty("kind", "small")
        row.addWidget(note)
        return head
