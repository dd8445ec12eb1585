"""What one line of the trace tells: a step's inputs, processing, outputs, errors; a round's variables; a failed try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from editor.amounts import duration, price_text, token_count
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.notices import Notices, notices_of
from editor.panels.parts import status_glyph, status_word
from editor.panels.trace_model import LOG_STATUS, Entry
from editor.panels.value_view import ValueView
from engine.run.fold import NodeRunState

STREAMED = 4000


class StepDetails(QScrollArea):
    """One line at a time; it is built again only when something of it changed. `openRun` names the run of another
    workflow that a step called; `called` names what a step has read."""

    openRun = Signal(str)

    def __init__(self, called: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self._called = called
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Details of the step"))
        self._shown: Any = None
        self.show_entry(None)

    def show_entry(self, entry: Entry | None) -> None:
        """Show a line, or words that say to choose one."""
        mark = _mark(entry)
        if mark == self._shown and self.widget() is not None:
            return
        same = self._shown is not None and mark is not None and mark[0] == self._shown[0]
        scroll = self.verticalScrollBar().value() if same else 0
        self._shown = mark
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        execution = entry.execution if entry is not None else None
        if entry is None or execution is None:
            words = QLabel(tr("Choose a step to see what it took and gave."))
            words.setProperty("kind", "muted")
            words.setWordWrap(True)
            column.addWidget(words)
        elif entry.kind == "round":
            _fill_round(column, entry, execution)
        elif entry.kind == "try":
            _fill_try(column, entry)
        elif entry.kind == "log":
            _fill_log(column, entry)
        else:
            _fill_step(column, execution, self._called)
            child = str(execution.metadata.get("child_run_id") or "")
            if child:
                self._offer_run(column, child)
        column.addStretch(1)
        self.setWidget(box)
        self.verticalScrollBar().setValue(scroll)

    def _offer_run(self, column: QVBoxLayout, run_id: str) -> None:
        """The way into the run of the workflow that a step called."""
        button = QPushButton(tr("Open the run of the workflow"))
        button.setIcon(icon("external", "text"))
        button.setToolTip(run_id)
        button.clicked.connect(lambda: self.openRun.emit(run_id))
        column.insertWidget(1, button, 0, Qt.AlignmentFlag.AlignLeft)


def _mark(entry: Entry | None) -> tuple[Any, ...] | None:
    """What the details depend on."""
    execution = entry.execution if entry is not None else None
    if entry is None or execution is None:
        return None
    place = (execution.execution_id, entry.kind, entry.number)
    logged = entry.logged().get("status") if entry.kind == "log" else ""
    return (place, execution.status, len(execution.chunks), len(execution.logs), len(execution.retries), logged)


def _head(column: QVBoxLayout, status: str, title: str, facts: list[str]) -> None:
    row = QHBoxLayout()
    row.setSpacing(8)
    if status:
        row.addWidget(status_glyph(status))
    words = QLabel(title)
    words.setProperty("kind", "title")
    words.setTextFormat(Qt.TextFormat.PlainText)
    words.setWordWrap(True)
    row.addWidget(words, 1)
    column.addLayout(row)
    said = "  ·  ".join(fact for fact in facts if fact)
    if said:
        note = QLabel(said)
        note.setProperty("kind", "small")
        note.setWordWrap(True)
        column.addWidget(note)


def _error(column: QVBoxLayout, text: str) -> None:
    if not text:
        return
    error = QLabel(told(text))
    error.setTextFormat(Qt.TextFormat.PlainText)
    error.setProperty("kind", "bad")
    error.setWordWrap(True)
    error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    column.addWidget(error)


def _values(column: QVBoxLayout, parts: list[tuple[str, Any]], called: Callable[[str], str] | None = None) -> None:
    for title, value in parts:
        if value not in (None, "", {}, []):
            column.addWidget(ValueView(title, value, called=called))


def _fill_step(column: QVBoxLayout, execution: NodeRunState, called: Callable[[str], str] | None) -> None:
    facts = [status_word(execution.status), duration(execution.elapsed) if execution.finished_at else ""]
    if execution.tokens:
        facts.append(tr("{count} tokens", count=token_count(execution.tokens)))
    facts.append(price_text(execution.price, execution.currency))
    if execution.metadata.get("reused_from"):
        facts.append(tr("taken over from an earlier run"))
    _head(column, execution.status, execution.title or execution.node_type, facts)
    _error(column, execution.error)
    notices = notices_of(execution.process_data)
    if notices:
        column.addWidget(Notices(notices))
    if execution.text and not execution.outputs:
        text = QLabel(execution.text[-STREAMED:])
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        column.addWidget(text)
    is_loop = execution.node_type == "loop"
    _values(
        column,
        [
            (tr("Loop variables at the start") if is_loop else tr("Input"), dict(execution.inputs)),
            (tr("Processing"), dict(execution.process_data)),
            (tr("Loop variables at the end") if is_loop else tr("Output"), dict(execution.outputs)),
        ],
        called,
    )


def _fill_log(column: QVBoxLayout, entry: Entry) -> None:
    """What an agent or a tool tells of one thing that it did."""
    told = entry.logged()
    found = told.get("metadata")
    facts: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    taken = facts.get("elapsed_time")
    said = [duration(taken) if isinstance(taken, int | float) else "", str(facts.get("provider") or "")]
    if facts.get("total_tokens"):
        said.append(tr("{count} tokens", count=token_count(int(facts["total_tokens"]))))
    said.append(price_text(str(facts.get("total_price") or ""), str(facts.get("currency") or "")))
    _head(column, LOG_STATUS.get(str(told.get("status")), "waiting"), str(told.get("label") or tr("Log")), said)
    _error(column, str(told.get("error") or ""))
    data = told.get("data")
    if isinstance(data, Mapping) and data and all(isinstance(key, str) for key in data):
        _values(column, [(key.replace("_", " "), value) for key, value in data.items()])
    else:
        _values(column, [(tr("Data"), data)])


def _fill_round(column: QVBoxLayout, entry: Entry, container: NodeRunState) -> None:
    steps = entry.steps()
    bad = sum(step.status in ("failed", "exception") for step in steps)
    facts = [ntr("{n} step", "{n} steps", len(steps)), _round_time(entry, container)]
    if bad:
        facts.append(ntr("{n} error", "{n} errors", bad))
    title = f"{container.title or container.node_type}  ·  {tr('Round {number}', number=entry.number + 1)}"
    _head(column, "", title, facts)
    for step in steps:
        _error(column, f"{step.title or step.node_type}: {step.error}" if step.error else "")
    variables = container.metadata.get("loop_variable_map")
    if isinstance(variables, Mapping):
        _values(column, [(tr("Loop variables of this round"), variables.get(str(entry.number)))])
    items = container.inputs.get("iterator_selector")
    if isinstance(items, list) and entry.number < len(items):
        _values(column, [(tr("Item"), items[entry.number])])
    outputs = container.outputs.get("output")
    if container.node_type == "iteration" and isinstance(outputs, list) and len(outputs) == len(container.rounds):
        _values(column, [(tr("Output of this round"), outputs[entry.number] if entry.number < len(outputs) else None)])


def _round_time(entry: Entry, container: NodeRunState) -> str:
    for name in ("iteration_duration_map", "loop_duration_map"):
        told = container.metadata.get(name)
        if isinstance(told, Mapping) and isinstance(told.get(str(entry.number)), int | float):
            return duration(float(told[str(entry.number)]))
    return ""


def _fill_try(column: QVBoxLayout, entry: Entry) -> None:
    tried = entry.tried()
    taken = tried.get("elapsed_time")
    facts = [duration(taken) if isinstance(taken, int | float) else "", str(tried.get("error_type") or "")]
    _head(column, "retry", tr("Try {number}", number=entry.number + 1), facts)
    _error(column, str(tried.get("error") or ""))
    _values(
        column,
        [
            (tr("Input"), tried.get("inputs")),
            (tr("Processing"), tried.get("process_data")),
            (tr("Output"), tried.get("outputs")),
        ],
    )
