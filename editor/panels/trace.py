"""The trace of a run: every step in the order it began, rounds inside their container, and one step's details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSplitter, QTreeView, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.last_run import ValueView, duration
from editor.panels.parts import STATUS_ICON, status_word
from editor.theme import theme
from engine.run.fold import NodeRunState, RunState

if TYPE_CHECKING:
    from editor.session import WorkflowSession

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class _Entry:
    """One line: an execution, or a round of a container."""

    __slots__ = ("children", "execution", "label", "parent", "row")

    def __init__(self, parent: _Entry | None, execution: NodeRunState | None, label: str = "") -> None:
        self.parent, self.execution, self.label = parent, execution, label
        self.children: list[_Entry] = []
        self.row = 0

    def add(self, child: _Entry) -> _Entry:
        child.row = len(self.children)
        self.children.append(child)
        return child


class TraceModel(QAbstractItemModel):
    """Executions of a `RunState` as a tree; ten thousand entries cost nothing until they are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._root = _Entry(None, None)
        self._by_execution: dict[str, _Entry] = {}
        self._rounds: dict[tuple[str, int], _Entry] = {}
        self._state: RunState | None = None

    def show(self, state: RunState | None) -> None:
        """Show another run, or what is new in this one."""
        if state is not self._state or state is None or len(state.executions) < len(self._by_execution):
            self.beginResetModel()
            self._root, self._by_execution, self._rounds, self._state = _Entry(None, None), {}, {}, state
            self._grow()
            self.endResetModel()
            return
        if len(state.executions) != len(self._by_execution):
            self.layoutAboutToBeChanged.emit()
            self._grow()
            self.layoutChanged.emit()
        if self._root.children:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._root.children) - 1, 2))

    def _grow(self) -> None:
        if self._state is None:
            return
        for execution_id, execution in self._state.executions.items():
            if execution_id not in self._by_execution:
                entry = self._parent_of(execution).add(_Entry(self._parent_of(execution), execution))
                self._by_execution[execution_id] = entry

    def _parent_of(self, execution: NodeRunState) -> _Entry:
        """The round of the innermost container, or the top."""
        frame = execution.frame_id
        if frame in ("", "root"):
            return self._root
        owner, _, number = frame.rpartition(":")
        container_id = owner.rsplit(":", 1)[0]
        container = self._by_execution.get(container_id)
        if container is None or not number.isdigit():
            return self._root
        key = (container_id, int(number))
        if key not in self._rounds:
            label = tr("Round {number}", number=int(number) + 1)
            self._rounds[key] = container.add(_Entry(container, None, label))
        return self._rounds[key]

    def execution(self, index: Index) -> NodeRunState | None:
        """The execution of a line."""
        entry = index.internalPointer() if index.isValid() else None
        return entry.execution if isinstance(entry, _Entry) else None

    def index_of(self, execution_id: str) -> QModelIndex:
        """Where an execution stands."""
        entry = self._by_execution.get(execution_id)
        return self.createIndex(entry.row, 0, entry) if entry is not None else QModelIndex()

    # -- Qt's questions ----------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        holder = parent.internalPointer() if parent.isValid() else self._root
        if 0 <= row < len(holder.children):
            return self.createIndex(row, column, holder.children[row])
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        entry = index.internalPointer() if index.isValid() else None
        above = entry.parent if isinstance(entry, _Entry) else None
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = ROOT) -> int:
        holder = parent.internalPointer() if parent.isValid() else self._root
        return len(holder.children)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Step"), tr("Time"), tr("Tokens"))[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = index.internalPointer()
        execution = entry.execution
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            name, colour = STATUS_ICON.get(execution.status if execution else "", ("", ""))
            return icon(name, colour) if name else icon("iteration", "faint")
        if role == Qt.ItemDataRole.ToolTipRole and execution is not None:
            return f"{status_word(execution.status)}{': ' + execution.error if execution.error else ''}"
        if role == Qt.ItemDataRole.ForegroundRole and (index.column() or execution is None):
            return theme().color("muted")
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @staticmethod
    def _text(entry: _Entry, column: int) -> str:
        execution = entry.execution
        if execution is None:
            return entry.label if column == 0 else ""
        if column == 0:
            retries = f"  ({execution.attempt - 1}×)" if execution.attempt > 1 else ""
            return (execution.title or execution.node_type) + retries
        if column == 1:
            return duration(execution.elapsed) if execution.finished_at else ""
        return str(execution.tokens) if execution.tokens else ""


class StepDetails(QScrollArea):
    """One step: status, error, inputs, processing, outputs, retries, logs."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: Any = None
        self.show_step(None)

    def show_step(self, execution: NodeRunState | None) -> None:
        """Show a step, or words that say to choose one."""
        mark = None if execution is None else (execution.execution_id, execution.status, len(execution.text))
        if mark == self._shown and self.widget() is not None:
            return
        self._shown = mark
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        if execution is None:
            words = QLabel(tr("Choose a step to see what it took and gave."))
            words.setProperty("kind", "muted")
            column.addWidget(words)
        else:
            self._fill(column, execution)
        column.addStretch(1)
        self.setWidget(box)

    @staticmethod
    def _fill(column: QVBoxLayout, execution: NodeRunState) -> None:
        facts = [status_word(execution.status), duration(execution.elapsed) if execution.finished_at else ""]
        if execution.tokens:
            facts.append(tr("{count} tokens", count=execution.tokens))
        head = QLabel(f"<b>{execution.title or execution.node_type}</b> &nbsp; {' · '.join(f for f in facts if f)}")
        column.addWidget(head)
        if execution.error:
            error = QLabel(execution.error)
            error.setProperty("kind", "bad")
            error.setWordWrap(True)
            error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(error)
        if execution.text and not execution.outputs:
            text = QLabel(execution.text[-4000:])
            text.setWordWrap(True)
            column.addWidget(text)
        parts: list[tuple[str, Any]] = [
            (tr("Input"), execution.inputs),
            (tr("Processing"), execution.process_data),
            (tr("Output"), execution.outputs),
            (tr("Tries before"), execution.retries),
            (tr("Log"), execution.logs),
        ]
        for title, value in parts:
            if value:
                column.addWidget(ValueView(title, value))


class Trace(QSplitter):
    """Tree at the left, details at the right. `goTo` names a node to show on the canvas."""

    goTo = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self.model = TraceModel()
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName(tr("Trace"))
        self.tree.setIndentation(16)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, header.ResizeMode.ResizeToContents)
        self.tree.selectionModel().currentChanged.connect(self._selected)
        self.details = StepDetails()
        self.addWidget(self.tree)
        self.addWidget(self.details)
        self.setStretchFactor(0, 2)
        self.setStretchFactor(1, 3)
        self.setChildrenCollapsible(False)
        session.runChanged.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the run; the selected step is shown anew."""
        self.model.show(self._session.run_state)
        current = self.model.execution(self.tree.currentIndex())
        self.details.show_step(current)

    def _selected(self, index: QModelIndex) -> None:
        execution = self.model.execution(index)
        self.details.show_step(execution)
        if execution is not None:
            self.goTo.emit(execution.node_id)

    def select_node(self, node_id: str) -> None:
        """Select the newest execution of a node."""
        state = self._session.run_state
        execution = state.nodes.get(node_id) if state is not None else None
        if execution is not None and execution.execution_id:
            index = self.model.index_of(execution.execution_id)
            if index.isValid() and index != self.tree.currentIndex():
                self.tree.selectionModel().blockSignals(True)
                self.tree.setCurrentIndex(index)
                self.tree.selectionModel().blockSignals(False)
                self.details.show_step(execution)


def outputs_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a run's summary."""
    value = summary.get("outputs")
    return dict(value) if isinstance(value, Mapping) else {}
