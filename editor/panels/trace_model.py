"""The steps of a run as a tree: parallel branches, rounds of containers, tries of a step, what an agent did, nested to
any depth.

The model grows with the run; it asks nothing of steps until somebody looks at them, so ten thousand cost little. A kind
of line that is added here needs its text in `TraceModel._text` and its details in `trace_details`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from editor.amounts import duration, token_count
from editor.enginetexts import told, told_line
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.notices import notices_of
from editor.panels.parts import STATUS_ICON, status_word
from editor.theme import theme
from engine.run.fold import NodeRunState, RunState
from engine.services.traces import Branch

Index = QModelIndex | QPersistentModelIndex
Kind = Literal["top", "step", "round", "try", "log", "parallel", "branch", "child", "inner"]
LOG_STATUS: Final = {"start": "running", "success": "succeeded", "error": "failed"}
"""What an entry of an agent's log says of itself, as the status of a step."""
ROOT: Final = QModelIndex()
STEP, TIME, TOKENS, BAR = range(4)
SPAN: Final = int(Qt.ItemDataRole.UserRole) + 1
"""Begin, end (seconds of the clock, None while it runs) and colour token of a line, for the time bars."""


class Entry:
    """One line. `execution` is the step itself, for a round its container, for a try the step that tried, for an entry
    of a log the step that wrote it, for the run of another workflow (`child`, `label` its id) the step that called it,
    for a step of that run (`inner`) that step."""

    __slots__ = ("children", "execution", "heads", "kind", "label", "number", "parent", "row")

    def __init__(
        self, kind: Kind, parent: Entry | None, execution: NodeRunState | None, number: int = 0, label: str = ""
    ) -> None:
        self.kind, self.parent, self.execution, self.number, self.label = kind, parent, execution, number, label
        self.children: list[Entry] = []
        self.heads: dict[Branch, Entry] = {}
        """Groups and branches that stand directly below."""
        self.row = 0

    def steps(self) -> list[NodeRunState]:
        """The steps that stand below a round, a group or a branch."""
        found: list[NodeRunState] = []
        for child in self.children:
            if child.kind == "step" and child.execution is not None:
                found.append(child.execution)
            elif child.kind in ("parallel", "branch"):
                found.extend(child.steps())
        return found

    def tried(self) -> Mapping[str, Any]:
        """What is known of one try of a step."""
        assert self.execution is not None
        return self.execution.retries[self.number]

    def logged(self) -> Mapping[str, Any]:
        """An entry of what an agent or a tool tells of itself."""
        assert self.execution is not None
        return self.execution.logs[self.number]


def seconds_of(text: str) -> float | None:
    """A time of an event on the clock; None when it has not come."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


class TraceModel(QAbstractItemModel):
    """Executions of a `RunState` as a tree."""

    def __init__(self) -> None:
        super().__init__()
        self._state: RunState | None = None
        self._places: Mapping[str, tuple[Branch, ...]] = {}
        self._clear()

    def _clear(self) -> None:
        self._top = Entry("top", None, None)
        self._by_execution: dict[str, Entry] = {}
        self._rounds: dict[tuple[str, int], Entry] = {}
        self._logs: dict[str, dict[str, Entry]] = {}
        self._open: set[str] = set()
        self._taken = 0
        self._quiet = True

    @property
    def state(self) -> RunState | None:
        """The run that is shown."""
        return self._state

    def show(self, state: RunState | None, places: Mapping[str, tuple[Branch, ...]] | None = None) -> None:
        """Show another run, or what is new in this one; `places` are the parallel branches of its graph."""
        if state is not self._state or state is None or len(state.executions) < self._taken:
            self.beginResetModel()
            self._clear()
            self._state, self._places = state, places or {}
            self._grow()
            self.endResetModel()
        else:
            self._quiet = False
            self._grow()

    # -- growing -----------------------------------------------------------------------------------------------------

    def _grow(self) -> None:
        state = self._state
        if state is None:
            return
        if len(state.executions) > self._taken:
            for execution_id in list(state.executions)[self._taken :]:
                self._take(state.executions[execution_id])
            self._taken = len(state.executions)
        for execution_id in list(self._open):
            self._follow(self._by_execution[execution_id])

    def _take(self, execution: NodeRunState) -> None:
        holder = self._holder(execution)
        for group in self._places.get(execution.node_id, ()):
            holder = self._branch(holder, group)
        entry = self._add(Entry("step", holder, execution))
        self._by_execution[execution.execution_id] = entry
        self._open.add(execution.execution_id)

    def _follow(self, entry: Entry) -> None:
        """New tries of a step that is not over; a step that is over is asked no more."""
        execution = entry.execution
        assert execution is not None
        known = sum(child.kind == "try" for child in entry.children) if execution.retries else 0
        for number in range(known, len(execution.retries)):
            self._add(Entry("try", entry, execution, number))
        logs = self._logs.setdefault(execution.execution_id, {}) if execution.logs else {}
        for number in range(len(logs), len(execution.logs)):
            told = execution.logs[number]
            parent = logs.get(str(told.get("parent_id") or ""), entry)
            logs[str(told.get("message_id") or number)] = self._add(Entry("log", parent, execution, number))
        if not execution.is_live:
            self._open.discard(execution.execution_id)
            child = str(execution.metadata.get("child_run_id") or "")
            if child:
                self._add(Entry("child", entry, execution, label=child))

    def _holder(self, execution: NodeRunState) -> Entry:
        """The round of the innermost container, or the top."""
        frame = execution.frame_id
        if frame in ("", "root"):
            return self._top
        owner, _, number = frame.rpartition(":")
        container = self._by_execution.get(owner.rsplit(":", 1)[0])
        if container is None or container.execution is None or not number.isdigit():
            return self._top
        key = (container.execution.execution_id, int(number))
        if key not in self._rounds:
            self._rounds[key] = self._add(Entry("round", container, container.execution, int(number)))
        return self._rounds[key]

    def _branch(self, holder: Entry, place: Branch) -> Entry:
        """The branch of a parallel group below `holder`, made when its first step begins."""
        group = holder.heads.get((place[0], ""))
        if group is None:
            group = holder.heads[(place[0], "")] = self._add(Entry("parallel", holder, None))
        branch = group.heads.get(place)
        if branch is None:
            branch = self._add(Entry("branch", group, None, len(group.children)))
            group.heads[place] = branch
        return branch

    def _add(self, entry: Entry) -> Entry:
        parent = entry.parent
        assert parent is not None
        entry.row = len(parent.children)
        if self._quiet:
            parent.children.append(entry)
        else:
            self.beginInsertRows(self._index(parent), entry.row, entry.row)
            parent.children.append(entry)
            self.endInsertRows()
        return entry

    def show_child(self, entry: Entry, state: RunState | None) -> None:
        """Fill the run of another workflow in, or say that it was not kept."""
        if entry.children or self._by_execution.get(getattr(entry.execution, "execution_id", "")) is not entry.parent:
            return  # filled already, or another run is shown by now
        steps = list(state.executions.values()) if state is not None else []
        if not steps:
            entry.number = 1
            self.dataChanged.emit(self._index(entry), self._index(entry))
        else:
            self.beginInsertRows(self._index(entry), 0, len(steps) - 1)
            for row, step in enumerate(steps):
                inner = Entry("inner", entry, step)
                inner.row = row
                entry.children.append(inner)
            self.endInsertRows()

    def hasChildren(self, parent: Index = ROOT) -> bool:
        entry = self.entry(parent)
        if entry is not None and entry.kind == "child" and not entry.number:
            return True
        return super().hasChildren(parent)

    # -- looking up --------------------------------------------------------------------------------------------------

    @staticmethod
    def entry(index: Index) -> Entry | None:
        """The line of an index."""
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, Entry) else None

    def execution(self, index: Index) -> NodeRunState | None:
        """The step of a line; None for rounds and branches."""
        entry = self.entry(index)
        return entry.execution if entry is not None and entry.kind == "step" else None

    def index_of(self, execution_id: str) -> QModelIndex:
        """Where an execution stands."""
        entry = self._by_execution.get(execution_id)
        return self._index(entry) if entry is not None else QModelIndex()

    def _index(self, entry: Entry) -> QModelIndex:
        return QModelIndex() if entry is self._top else self.createIndex(entry.row, 0, entry)

    def extent(self) -> tuple[float, float] | None:
        """When the run began and ended, or how far it is."""
        state = self._state
        begin = seconds_of(state.started_at) if state is not None else None
        end = seconds_of(state.finished_at or state.at) if state is not None else None
        return (begin, max(begin, end)) if begin is not None and end is not None else None

    # -- Qt's questions ----------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        holder = self.entry(parent) or self._top
        if 0 <= row < len(holder.children):
            return self.createIndex(row, column, holder.children[row])
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        entry = self.entry(index)
        return self._index(entry.parent) if entry is not None and entry.parent is not None else QModelIndex()

    def rowCount(self, parent: Index = ROOT) -> int:
        return len((self.entry(parent) or self._top).children) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = ROOT) -> int:
        return 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (tr("Step"), tr("Time"), tr("Tokens"), tr("Timeline"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (TIME, TOKENS):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index)
        if entry is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.DecorationRole and column == STEP:
            return self._icon(entry)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._tip(entry)
        if role == Qt.ItemDataRole.ForegroundRole and (column or entry.kind != "step"):
            return theme().color("muted")
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (TIME, TOKENS):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == SPAN:
            return self._span(entry)
        return None

    def _text(self, entry: Entry, column: int) -> str:
        if column == STEP:
            return _title(entry)
        if column == TIME:
            return duration(_elapsed(entry))
        if column == TOKENS and entry.kind == "log":
            tokens = _facts_of(entry).get("total_tokens")
            return token_count(int(tokens)) if tokens else ""
        if column == TOKENS:
            steps = [entry.execution] if entry.kind in ("step", "inner") else entry.steps()
            tokens = sum(step.tokens for step in steps if step is not None)
            return token_count(tokens) if tokens else ""
        return ""

    @staticmethod
    def _icon(entry: Entry) -> Any:
        if entry.kind == "step" and entry.execution is not None:
            name, colour = STATUS_ICON.get(entry.execution.status, ("status-waiting", "faint"))
            return icon(name, colour)
        if entry.kind == "inner" and entry.execution is not None:
            return icon(*STATUS_ICON.get(entry.execution.status, ("status-waiting", "faint")))
        if entry.kind == "child":
            return icon("trace", "faint")
        if entry.kind == "try":
            return icon("status-retry", "warn")
        if entry.kind == "log":
            name, colour = STATUS_ICON[LOG_STATUS.get(str(entry.logged().get("status")), "waiting")]
            return icon(name, colour)
        if entry.kind == "round":
            bad = any(step.status == "failed" for step in entry.steps())
            return icon("iteration", "bad" if bad else "faint")
        return icon("parallel" if entry.kind == "parallel" else "arrow-right", "faint")

    @staticmethod
    def _tip(entry: Entry) -> str:
        if entry.kind == "try":
            return told(str(entry.tried().get("error") or ""))
        if entry.kind == "log":
            return told(str(entry.logged().get("error") or entry.logged().get("label") or ""))
        if entry.kind in ("step", "inner") and entry.execution is not None:
            error = told(entry.execution.error)
            first = f"{status_word(entry.execution.status)}{': ' + error if error else ''}"
            return "\n".join([first, *notices_of(entry.execution.process_data)])
        return _title(entry)

    @staticmethod
    def _span(entry: Entry) -> tuple[float, float | None, str] | None:
        steps = [entry.execution] if entry.kind in ("step", "inner") else entry.steps()
        begins = [at for s in steps if s is not None and (at := seconds_of(s.started_at)) is not None]
        if not begins or entry.kind in ("try", "log"):
            return None
        live = any(s.is_live for s in steps if s is not None)
        ends = [at for s in steps if s is not None and (at := seconds_of(s.finished_at)) is not None]
        colour = "line_strong"
        if entry.kind in ("step", "inner") and entry.execution is not None:
            colour = STATUS_ICON.get(entry.execution.status, ("", "faint"))[1]
        return min(begins), None if live or not ends else max(ends), colour


def _title(entry: Entry) -> str:
    execution = entry.execution
    if entry.kind == "child" and execution is not None:
        kept = "" if not entry.number else "  ·  " + tr("not kept")
        return tr("Run of the workflow") + kept
    if entry.kind in ("step", "inner") and execution is not None:
        title = execution.title or execution.node_type
        if execution.rounds:
            title += "  ·  " + ntr("{n} round", "{n} rounds", len(execution.rounds))
        if execution.retries:
            title += "  ·  " + ntr("{n} retry", "{n} retries", len(execution.retries))
        notices = notices_of(execution.process_data)
        if notices:
            title += "  ·  " + ntr("{n} notice", "{n} notices", len(notices))
        return title
    if entry.kind == "log":
        return told(str(entry.logged().get("label") or "")) or tr("Log")
    if entry.kind == "round":
        return tr("Round {number}", number=entry.number + 1)
    if entry.kind == "try":
        first = told_line(str(entry.tried().get("error") or "")) or tr("failed")
        return tr("Try {number}: {error}", number=entry.number + 1, error=first)
    if entry.kind == "branch":
        steps = entry.steps()
        first = (steps[0].title or steps[0].node_type) if steps else ""
        return tr("Branch {letter}: {title}", letter=chr(65 + entry.number % 26), title=first)
    return ntr("{n} parallel branch", "{n} parallel branches", len(entry.children))


def _facts_of(entry: Entry) -> Mapping[str, Any]:
    """Time, tokens and price that an entry of a log names."""
    facts = entry.logged().get("metadata")
    return facts if isinstance(facts, Mapping) else {}


def _elapsed(entry: Entry) -> float | None:
    """How long a line took; None while it runs or where nobody measured."""
    execution = entry.execution
    if entry.kind in ("step", "inner", "child") and execution is not None:
        return execution.elapsed if execution.finished_at else None
    if entry.kind == "try":
        taken = entry.tried().get("elapsed_time")
        return float(taken) if isinstance(taken, int | float) else None
    if entry.kind == "log":
        taken = _facts_of(entry).get("elapsed_time")
        return float(taken) if isinstance(taken, int | float) else None
    if entry.kind == "round" and execution is not None:
        for name in ("iteration_duration_map", "loop_duration_map"):
            told = execution.metadata.get(name)
            value = told.get(str(entry.number)) if isinstance(told, Mapping) else None
            if isinstance(value, int | float):
                return float(value)
    steps = entry.steps()
    begins = [at for s in steps if (at := seconds_of(s.started_at)) is not None]
    ends = [at for s in steps if (at := seconds_of(s.finished_at)) is not None]
    if not begins or not ends or any(s.is_live for s in steps):
        return None
    return max(0.0, max(ends) - min(begins))
