"""The breakpoints of a workflow: switch them off and on, go to them, change them, take them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QListWidgetItem,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from editor.debugging import BreakpointMark
from editor.dialogs.breakpoint import words_of
from editor.i18n import tr
from editor.icons import icon
from editor.panels.node_list import NodeList
from editor.panels.parts import PanelTitle, tool_button
from engine.run.variables.templates import PATTERN

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class Breakpoints(QWidget):
    """`goTo` names a node to show, `editWanted` one whose breakpoint is to be changed."""

    goTo = Signal(str)
    editWanted = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._debugging = session.debugging
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Breakpoints"))
        self.toggle_all = tool_button("eye-off", tr("Switch all off or on"), self._toggle_all)
        self.clear = tool_button("trash", tr("Remove all breakpoints"), self._remove_all)
        title.add(self.toggle_all)
        title.add(self.clear)
        column.addWidget(title)
        self.any_failure = QCheckBox(tr("Hold after every failure"))
        self.any_failure.setToolTip(
            tr("Any step that fails for good holds the run before anything follows; it can be run again then.")
        )
        self.any_failure.setContentsMargins(16, 0, 16, 8)
        self.any_failure.setStyleSheet("margin-left: 16px; margin-bottom: 8px;")
        self.any_failure.toggled.connect(self._debugging.set_any_failure)
        column.addWidget(self.any_failure)
        self.list = NodeList(tr("Breakpoints"))
        self.list.goTo.connect(self.goTo)
        self.list.editWanted.connect(self.editWanted)
        self.list.menuWanted.connect(self._menu)
        self.list.installEventFilter(self)
        self.pages = self.list.or_else(
            "breakpoint", tr("A breakpoint holds a run before a step. Select a step and press F9.")
        )
        column.addWidget(self.pages, 1)
        self._debugging.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is, in the order of the graph."""
        self.any_failure.setChecked(self._debugging.any_failure)
        nodes = self._session.document.graph.nodes
        self.list.fill([i for i in nodes if i in self._debugging.breakpoints], self._item)
        has = self.list.settle()
        self.toggle_all.setEnabled(has)
        self.clear.setEnabled(has)

    def _item(self, node_id: str) -> QListWidgetItem:
        node, mark = self._session.document.graph.nodes[node_id], self._debugging.breakpoints[node_id]
        item = QListWidgetItem(f"{node.title or node.type}\n{self.words(mark)}")
        item.setIcon(icon("breakpoint" if mark.enabled else "circle", "held" if mark.enabled else "faint"))
        item.setToolTip(tr("Enter: change. Space: switch off or on. Delete: remove."))
        return item

    def words(self, mark: BreakpointMark) -> str:
        """When a breakpoint holds, with the titles of nodes instead of their ids."""
        return words_of(mark, self._spelled)

    def _spelled(self, condition: str) -> str:
        return spelled(self._session, condition)

    def _toggle_all(self) -> None:
        marks = self._debugging.breakpoints.values()
        self._debugging.enable_all(not any(mark.enabled for mark in marks))

    def _remove_all(self) -> None:
        count = len(self._debugging.breakpoints)
        title, text = tr("Remove all breakpoints?"), tr("There are {n}. This cannot be undone.", n=count)
        if self._session.studio.messages.confirm(title, text, tr("Remove"), danger=True):
            self._debugging.remove_all()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if watched is self.list and pressed and self.list.currentRow() >= 0:
            assert isinstance(event, QKeyEvent)
            node_id = self.list.chosen() or ""
            if event.key() == Qt.Key.Key_Space:
                self._debugging.enable(node_id, on=not self._debugging.breakpoints[node_id].enabled)
                return True
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self._debugging.remove_breakpoint(node_id)
                return True
        return super().eventFilter(watched, event)

    def _menu(self, node_id: str, place: QPoint) -> None:
        on = self._debugging.breakpoints[node_id].enabled
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(tr("Switch off") if on else tr("Switch on"), lambda: self._debugging.enable(node_id, on=not on))
        menu.addAction(icon("edit", "text"), tr("Change…"), lambda: self.editWanted.emit(node_id))
        menu.addSeparator()
        menu.addAction(icon("trash", "bad"), tr("Remove"), lambda: self._debugging.remove_breakpoint(node_id))
        menu.popup(place)


def spelled(session: WorkflowSession, condition: str) -> str:
    """A condition with the titles of nodes instead of their ids."""
    nodes = session.document.graph.nodes

    def name(match: object) -> str:
        source, *rest = match[1].split(".")  # type: ignore[index]
        node = nodes.get(source)
        return ".".join([(node.title or node.type) if node is not None else source, *rest])

    return PATTERN.sub(name, condition)
