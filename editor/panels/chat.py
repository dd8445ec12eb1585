"""Talking to a chat flow while it is being made: opener, suggestions, streamed answers, the steps behind each answer,
files, another answer, a new conversation, and what the conversation remembers (editor spec, section 10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.file_pick import FilePick
from editor.panels.parts import status_icon, tool_button
from editor.panels.run_form import RunForm
from editor.panels.value_view import duration

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.run.fold import RunState

WIDEST = 720


class Bubble(QFrame):
    """One thing that was said; answers are markdown and tell what ran for them."""

    traceWanted = Signal(str)

    def __init__(self, *, mine: bool) -> None:
        super().__init__()
        self.mine = mine
        self.run_id = ""
        self.setProperty("kind", "said" if mine else "answered")
        self.setMaximumWidth(WIDEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(6)
        self.steps = QPushButton()
        self.steps.setProperty("kind", "link")
        self.steps.setAccessibleName(tr("Steps of this answer"))
        self.steps.clicked.connect(lambda: self.traceWanted.emit(self.run_id))
        self.steps.hide()
        column.addWidget(self.steps)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText if mine else Qt.TextFormat.MarkdownText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.text.setOpenExternalLinks(False)
        column.addWidget(self.text)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fault.hide()
        column.addWidget(self.fault)

    def say(self, text: str) -> None:
        """Show a text."""
        if text != self.text.text():
            self.text.setText(text)
        self.text.setVisible(bool(text))

    def follow(self, state: RunState) -> None:
        """Show what a run has said so far and what it took."""
        self.run_id = state.run_id
        answer = state.outputs.get("answer") if state.is_over else None
        self.say(str(answer if answer not in (None, "") else state.stream_text))
        facts = [ntr("{n} step", "{n} steps", len(state.nodes))]
        if state.is_over:
            facts.append(duration(state.elapsed))
        if state.total_tokens:
            facts.append(tr("{count} tokens", count=state.total_tokens))
        self.steps.setText("  ·  ".join(facts))
        self.steps.setIcon(_pixmap_icon(state.status))
        self.steps.setVisible(bool(state.nodes))
        self.fault.setText(state.error)
        self.fault.setVisible(bool(state.error))


def _pixmap_icon(status: str) -> Any:
    from PySide6.QtGui import QIcon

    return QIcon(status_icon(status, 16))


class Chat(QWidget):
    """`sendWanted` carries inputs, what is said and the files; `restartWanted` begins a new conversation."""

    sendWanted = Signal(dict, str, list)
    stopWanted = Signal()
    restartWanted = Signal()
    traceWanted = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._bubbles: list[Bubble] = []
        self._live: Bubble | None = None
        self._asked: tuple[dict[str, Any], str, list[Any]] | None = None
        self._declared: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        column.addWidget(self.split, 1)
        self.split.addWidget(self._said())
        self.memory = self._memory()
        self.split.addWidget(self.memory)
        self.split.setStretchFactor(0, 1)
        column.addWidget(self._foot())
        session.runChanged.connect(self.refresh)
        session.runShapeChanged.connect(lambda _: self.refresh())
        self.restart()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 8, 0)
        self.words = QLabel()
        self.words.setProperty("kind", "small")
        row.addWidget(self.words, 1)
        self.again = tool_button("refresh", tr("Answer again"), self.regenerate)
        row.addWidget(self.again)
        row.addWidget(tool_button("conversation", tr("What the conversation remembers"), self._toggle_memory))
        row.addWidget(tool_button("plus", tr("New conversation"), self._restart_clicked))
        return row

    def _said(self) -> QWidget:
        self.pane = QScrollArea()
        self.pane.setWidgetResizable(True)
        self.pane.setFrameShape(QFrame.Shape.NoFrame)
        self.pane.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pane.setAccessibleName(tr("Conversation"))
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 8, 16, 8)
        self._column.setSpacing(10)
        self._column.addStretch(1)
        self.pane.setWidget(inside)
        self._stick = True
        bar = self.pane.verticalScrollBar()
        bar.rangeChanged.connect(lambda *_: self._to_end() if self._stick else None)
        bar.valueChanged.connect(self._scrolled)
        return self.pane

    def _memory(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setHeaderLabels([tr("Variable"), tr("Value"), tr("Changed")])
        tree.setRootIsDecorated(False)
        tree.setAccessibleName(tr("What the conversation remembers"))
        tree.setMinimumWidth(260)
        tree.hide()
        return tree

    def _foot(self) -> QWidget:
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(16, 4, 16, 12)
        column.setSpacing(8)
        self._form_box = QVBoxLayout()
        column.addLayout(self._form_box)
        self.form: RunForm | None = None
        self.files = FilePick(several=True, rules=self._upload())
        column.addWidget(self.files)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.edit = QPlainTextEdit()
        self.edit.setFixedHeight(52)
        self.edit.setPlaceholderText(tr("Say something"))
        self.edit.setAccessibleName(tr("Message"))
        self.edit.installEventFilter(self)
        row.addWidget(self.edit, 1)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(self._button)
        row.addWidget(self.button)
        column.addLayout(row)
        return foot

    def _upload(self) -> Mapping[str, Any]:
        upload = self._session.document.workflow.features.get("file_upload")
        rules = upload if isinstance(upload, Mapping) else {}
        return {**rules, "max_length": rules.get("number_limits") or 3}

    # -- saying ------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self.edit
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        ):
            self.send()
            return True
        return super().eventFilter(watched, event)

    def _button(self) -> None:
        if self._session.is_running:
            self.stopWanted.emit()
        else:
            self.send()

    def send(self, text: str = "") -> None:
        """Say what is typed (or `text`); nothing happens while an answer is being made."""
        words = text or self.edit.toPlainText().strip()
        if not words or self._session.is_running:
            return
        inputs = self.form.values() if self.form is not None else {}
        if inputs is None:
            return
        files = self.files.value() if self.files.isVisible() else []
        self._ask(inputs, words, files or [])
        self.edit.clear()
        self.files.set_paths([])

    def _ask(self, inputs: dict[str, Any], words: str, files: list[Any]) -> None:
        self._asked = (inputs, words, files)
        mine = self._add(mine=True)
        mine.say(words + "".join(f"\n📎 {item.get('filename', '')}" for item in files))
        self._live = self._add(mine=False)
        self.sendWanted.emit(inputs, words, files)

    def regenerate(self) -> None:
        """Ask the same once more."""
        if self._asked is not None and not self._session.is_running:
            self._ask(*self._asked)

    def _add(self, *, mine: bool) -> Bubble:
        bubble = Bubble(mine=mine)
        bubble.traceWanted.connect(self.traceWanted)
        row = QHBoxLayout()
        if mine:
            row.addStretch(1)
        row.addWidget(bubble, 3)
        if not mine:
            row.addStretch(1)
        holder = QWidget()
        row.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(row)
        self._column.insertWidget(self._column.count() - 1, holder)
        self._bubbles.append(bubble)
        if mine:
            self._stick = True
        return bubble

    def _scrolled(self, value: int) -> None:
        """Whoever scrolls up reads in peace; at the end the newest words stay in view."""
        bar = self.pane.verticalScrollBar()
        self._stick = value >= bar.maximum() - 8

    def _to_end(self) -> None:
        bar = self.pane.verticalScrollBar()
        bar.setValue(bar.maximum())

    # -- following ---------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Follow the start node and the features: fields, opener, files."""
        nodes = self._session.document.graph.nodes.values()
        start = next((n for n in nodes if n.type == "start" and not n.is_note), None)
        variables = start.data.get("variables") if start is not None else None
        declared = [v for v in variables if isinstance(v, Mapping)] if isinstance(variables, list) else []
        if declared != self._declared:
            self._declared = declared
            if self.form is not None:
                self.form.hide()
                self.form.deleteLater()
            self.form = RunForm(declared)
            self.form.setVisible(bool(declared))
            self._form_box.addWidget(self.form)
        upload = self._session.document.workflow.features.get("file_upload")
        self.files.setVisible(isinstance(upload, Mapping) and bool(upload.get("enabled")))
        if not any(b.mine for b in self._bubbles):
            self._show_opener()

    def refresh(self) -> None:
        """Follow the run."""
        running = self._session.is_running
        self.button.setText(tr("Stop") if running else tr("Send"))
        self.button.setIcon(icon("stop" if running else "send", "on_accent"))
        self.button.setAccessibleName(self.button.text())
        self.again.setEnabled(self._asked is not None and not running)
        state = self._session.run_state
        if state is None or self._live is None or self._session.run is None:
            return
        self._live.follow(state)
        if state.is_over:
            self._remember(state)

    def _restart_clicked(self) -> None:
        self.restartWanted.emit()
        self.restart()

    def restart(self) -> None:
        """Forget what was said and begin with the opener."""
        self._live, self._asked = None, None
        self._clear()
        self.memory.clear()
        self._known: dict[str, Any] = {}
        self.build()
        self.refresh()

    def _clear(self) -> None:
        while self._column.count() > 1:
            entry = self._column.takeAt(0)
            widget = entry.widget() if entry is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._bubbles = []

    def _show_opener(self) -> None:
        self._clear()
        features = self._session.document.workflow.features
        words = str(features.get("opening_statement") or "")
        if words:
            self._add(mine=False).say(words)
        suggestions = [s for s in features.get("suggested_questions") or () if isinstance(s, str) and s.strip()]
        if suggestions:
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(6)
            row, width = QHBoxLayout(), 0
            for text in suggestions[:10]:
                chip = QPushButton(text)
                chip.setAccessibleName(text)
                chip.clicked.connect(partial(self.send, text))
                if width and width + chip.sizeHint().width() > WIDEST:
                    row.addStretch(1)
                    column.addLayout(row)
                    row, width = QHBoxLayout(), 0
                width += chip.sizeHint().width() + 6
                row.addWidget(chip)
            row.addStretch(1)
            column.addLayout(row)
            self._column.insertWidget(self._column.count() - 1, holder)
        empty = not words and not suggestions
        self.words.setText(tr("Say something to begin. Every answer is a run of the draft.") if empty else "")

    # -- memory ------------------------------------------------------------------------------------------------------

    def _toggle_memory(self) -> None:
        self.memory.setVisible(not self.memory.isVisible())
        if not self.memory.topLevelItemCount():
            self._show_memory({v.name: v.value for v in self._session.document.workflow.conversation_variables}, set())

    def _remember(self, state: RunState) -> None:
        summary = self._session.run.summary if self._session.run is not None else None
        values = (summary or {}).get("conversation_variables")
        if isinstance(values, Mapping):
            changed = {name for name, value in values.items() if self._known.get(name) != value}
            self._show_memory(values, changed)

    def _show_memory(self, values: Mapping[str, Any], changed: set[str]) -> None:
        self._known = dict(values)
        self.memory.clear()
        for name, value in values.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            item = QTreeWidgetItem([name, shown[:400], tr("with the last answer") if name in changed else ""])
            item.setToolTip(1, shown[:4000])
            self.memory.addTopLevelItem(item)
        if not values:
            self.memory.addTopLevelItem(QTreeWidgetItem([tr("This flow has no conversation variables."), "", ""]))
