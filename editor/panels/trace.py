"""The trace of a run: its steps as a tree with time bars at the left, one line's details at the right."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QTreeView, QVBoxLayout, QWidget
from shiboken6 import isValid

from editor.canvas.rounds import rounds_around
from editor.i18n import tr
from editor.panels.columns import set_columns
from editor.panels.parts import EmptyState, tool_button
from editor.panels.scrubber import Scrubber
from editor.panels.timeline import BarDelegate
from editor.panels.trace_details import StepDetails
from editor.panels.trace_model import BAR, STEP, TIME, TOKENS, Entry, TraceModel
from editor.panels.value_rows import input_name
from engine.services.traces import branch_places

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.run.fold import NodeRunState


STEP_WIDTH, BAR_WIDTH, LEAST_BAR = 200, 200, 56
"""The room that the words of a step want before the time bars get theirs, in pixels."""


class TraceTree(QTreeView):
    """Keys of the trace: Enter goes into a line, Backspace comes back; neither reaches the canvas. Where there is
    little room the time bars give way to the words, until somebody drags their column."""

    enterWanted = Signal()
    leaveWanted = Signal()
    pressedAt = Signal(QPoint)
    _bar_is_chosen = False
    _is_fitting = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._bar_is_chosen:
            header = self.header()
            room = self.viewport().width() - header.sectionSize(TIME) - header.sectionSize(TOKENS) - STEP_WIDTH
            self._is_fitting = True
            header.resizeSection(BAR, max(LEAST_BAR, min(BAR_WIDTH, room)))
            self._is_fitting = False

    def bar_dragged(self, section: int) -> None:
        """The person chose how wide the bars are, if the mouse is what changed them."""
        if section == BAR and not self._is_fitting and QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self._bar_is_chosen = True

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressedAt.emit(event.position().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enterWanted.emit()
        elif event.key() == Qt.Key.Key_Backspace:
            self.leaveWanted.emit()
        elif event.key() != Qt.Key.Key_Delete:
            super().keyPressEvent(event)


class Trace(QSplitter):
    """`goTo` names a node to show on the canvas, `openRun` the run of another workflow."""

    goTo = Signal(str)
    openRun = Signal(str)
    roundsWanted = Signal(dict)
    """The rounds in which a chosen step stands: container to index."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self._places_of: tuple[object, dict[str, tuple[tuple[str, str], ...]]] = (None, {})
        self._back: list[tuple[QPersistentModelIndex, QPersistentModelIndex, int]] = []
        self._choosing = False
        self.model = TraceModel()
        self.tree = self._make_tree()
        self.details = StepDetails(partial(input_name, session))
        self.details.openRun.connect(self.openRun)
        self.addWidget(self._make_left())
        self.addWidget(self.details)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.setSizes([640, 420])
        self.setChildrenCollapsible(False)
        session.runChanged.connect(self.refresh)
        self.refresh()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_tree(self) -> TraceTree:
        tree = TraceTree()
        tree.setModel(self.model)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setIconSize(QSize(16, 16))
        tree.setUniformRowHeights(True)
        tree.setAccessibleName(tr("Trace"))
        tree.setIndentation(16)
        tree.setExpandsOnDoubleClick(False)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(48)
        for section in (TIME, TOKENS, BAR):
            header.setSectionResizeMode(section, header.ResizeMode.Interactive)
        set_columns(header, {TIME: 84, TOKENS: 72, BAR: BAR_WIDTH})
        header.setSectionResizeMode(STEP, header.ResizeMode.Stretch)
        header.sectionResized.connect(tree.bar_dragged)
        self.bars = BarDelegate(self.model, tree)
        tree.setItemDelegateForColumn(BAR, self.bars)
        tree.selectionModel().currentChanged.connect(self._selected)
        tree.doubleClicked.connect(self.enter)
        tree.enterWanted.connect(lambda: self.enter(tree.currentIndex()))
        tree.leaveWanted.connect(self.leave)
        tree.clicked.connect(self._clicked)
        tree.expanded.connect(self._opened)
        tree.pressedAt.connect(self._jump)
        return tree

    def _make_left(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.inside = QWidget()
        row = QHBoxLayout(self.inside)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        self.back = tool_button("arrow-left", tr("Back"), self.leave)
        row.addWidget(self.back)
        self._where = QLabel()
        self._where.setProperty("kind", "title")
        row.addWidget(self._where, 1)
        self.inside.hide()
        column.addWidget(self.inside)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.tree)
        self._pages.addWidget(EmptyState("trace", tr("The steps of a run appear here. Press Run to start one.")))
        column.addWidget(self._pages, 1)
        self.scrubber = Scrubber(self._session)
        self.scrubber.stepShown.connect(self._show_moment)
        column.addWidget(self.scrubber)
        return left

    # -- following the run -------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the run; the selected line is shown anew."""
        state = self._session.whole_state
        if state is not self.model.state:
            self._back.clear()
            self._choosing = True  # the selection of another run is nobody's choice
            self.model.show(state, self._places())
            self._choosing = False
            self._show_root(QModelIndex())
        else:
            self.model.show(state)
        self._pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        self.bars.moment = self._session.moment_seconds
        self.scrubber.refresh()
        self.tree.viewport().update()
        self.details.show_entry(self.model.entry(self.tree.currentIndex()))

    def _places(self) -> dict[str, tuple[tuple[str, str], ...]]:
        graph = self._session.document.graph
        if self._places_of[0] is not graph:
            self._places_of = (graph, branch_places(graph.to_config()))
        return self._places_of[1]

    # -- choosing ----------------------------------------------------------------------------------------------------

    def _selected(self, index: QModelIndex) -> None:
        entry = self.model.entry(index)
        self.details.show_entry(entry)
        if not self._choosing:
            self._go_to(entry)

    def _clicked(self, index: QModelIndex) -> None:
        """A click on the selected line centres its node again."""
        if index == self.tree.currentIndex():
            self._go_to(self.model.entry(index))

    def _show_moment(self, execution_id: str) -> None:
        """The line of the step that a moment of the run is about."""
        state = self._session.whole_state
        execution = state.executions.get(execution_id) if state is not None else None
        if execution is not None:
            self.select_execution(execution)

    def _jump(self, point: QPoint) -> None:
        """A click on the time bars goes to that time."""
        index = self.tree.indexAt(point)
        if index.column() == BAR and self._session.moments.can_scrub:
            clock = self.bars.time(QRectF(self.tree.visualRect(index)), point.x())
            if clock is not None:
                self._session.moments.go_to_clock(clock)

    def _go_to(self, entry: Entry | None) -> None:
        if entry is not None and entry.execution is not None and entry.kind != "inner":
            if self._session.whole_state is not None:
                self.roundsWanted.emit(rounds_around(entry.execution, self._session.whole_state))
            self.goTo.emit(entry.execution.node_id)

    def select_node(self, node_id: str) -> None:
        """Select the newest execution of a node, unless one of this node is selected already."""
        current = self.model.entry(self.tree.currentIndex())
        if current is not None and current.execution is not None and current.execution.node_id == node_id:
            return
        state = self._session.whole_state
        execution = self._session.execution_of(node_id) if state is not None else None
        if execution is not None and execution.execution_id:
            self.select_execution(execution)

    def select_execution(self, execution: NodeRunState) -> None:
        """Select a step wherever it stands; what is around it opens."""
        index = self.model.index_of(execution.execution_id)
        if not index.isValid():
            return
        if not self._below_root(index):
            self._back.clear()
            self._show_root(QModelIndex())
        self._choosing = True
        self.tree.setCurrentIndex(index)
        self.tree.scrollTo(index)
        self._choosing = False

    def _opened(self, index: QModelIndex) -> None:
        """The run of another workflow is read when somebody wants to see its steps."""
        entry = self.model.entry(index)
        if entry is None or entry.kind != "child" or entry.children or entry.number:
            return
        from engine.run.fold import RunState, fold

        runs = self._session.studio.services.runs

        def done(state: RunState | None) -> None:
            if isValid(self):
                self.model.show_child(entry, state)

        self._session.studio.tasks.run(lambda: fold(runs.events(entry.label)), done=done, failed=lambda _: done(None))

    def _below_root(self, index: QModelIndex) -> bool:
        root = self.tree.rootIndex()
        while root.isValid() and index.isValid():
            index = index.parent()
            if index == root:
                return True
        return not root.isValid()

    # -- into rounds and back ----------------------------------------------------------------------------------------

    def enter(self, index: QModelIndex) -> None:
        """Show only what stands below a line; `leave` comes back to this very place."""
        index = index.siblingAtColumn(STEP)
        entry = self.model.entry(index)
        if entry is not None and entry.kind == "child":
            self.openRun.emit(entry.label)
            return
        if not self.model.rowCount(index):
            return
        place = self.tree.verticalScrollBar().value()
        self._back.append((QPersistentModelIndex(self.tree.rootIndex()), QPersistentModelIndex(index), place))
        self._show_root(index)
        self.tree.scrollToTop()

    def leave(self) -> None:
        """Back to where `enter` was called."""
        if not self._back:
            return
        root, index, place = self._back.pop()
        self._show_root(_plain(root))
        self._choosing = True
        self.tree.setCurrentIndex(_plain(index))
        self._choosing = False
        self.tree.doItemsLayout()  # else the scroll bar still has the range of what was shown inside
        self.tree.verticalScrollBar().setValue(place)

    def _show_root(self, index: QModelIndex) -> None:
        self.tree.setRootIndex(index)
        names: list[str] = []
        while index.isValid():
            names.insert(0, str(index.data()))
            index = index.parent()
        self._where.setText("  ›  ".join(names))
        self.inside.setVisible(bool(names))


def _plain(index: QPersistentModelIndex) -> QModelIndex:
    """The index that a kept one stands for."""
    return index.model().index(index.row(), index.column(), index.parent()) if index.isValid() else QModelIndex()
