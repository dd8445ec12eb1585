"""The pinned results of a workflow: go to them, change them, let their steps run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidgetItem, QMenu, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.node_list import NodeList
from editor.panels.parts import PanelTitle, ago, tool_button
from editor.panels.value_view import measure, size_text

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class Pinned(QWidget):
    """`goTo` names a node to show, `editWanted` one whose pinned result is to be changed."""

    goTo = Signal(str)
    editWanted = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session, self._pins = session, session.pins
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Pinned results"))
        self.clear = tool_button("trash", tr("Unpin all"), self.unpin_all)
        title.add(self.clear)
        column.addWidget(title)
        self.list = NodeList(tr("Pinned results"))
        self.list.goTo.connect(self.goTo)
        self.list.editWanted.connect(self.editWanted)
        self.list.menuWanted.connect(self._menu)
        self.list.installEventFilter(self)
        self.pages = self.list.or_else(
            "pin", tr("Runs take a pinned result instead of running the step. Select a step and press P.")
        )
        column.addWidget(self.pages, 1)
        self._pins.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is, in the order of the graph."""
        self.list.fill(list(self._pins.present()), self._item)
        self.clear.setEnabled(self.list.settle())

    def _item(self, node_id: str) -> QListWidgetItem:
        node, pin = self._session.document.graph.nodes[node_id], self._pins.present()[node_id]
        parts = [tr("Edited")] if pin.edited else []
        parts += [ago(pin.pinned_at), size_text(measure(pin.outputs))]
        stale = self._pins.is_stale(node_id)
        if stale:
            parts.append(tr("the step was changed since"))
        item = QListWidgetItem(f"{node.title or node.type}\n{' · '.join(parts)}")
        item.setIcon(icon("warning" if stale else "pin", "warn" if stale else "muted"))
        item.setToolTip(tr("Enter: change. Delete: unpin."))
        return item

    def unpin_all(self) -> None:
        """Let all steps run again, after asking."""
        count = len(self._pins.present())
        title, text = tr("Unpin all?"), tr("There are {n}. This cannot be undone.", n=count)
        if count and self._session.studio.messages.confirm(title, text, tr("Unpin all"), danger=True):
            self._pins.unpin_all()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if watched is self.list and pressed and self.list.currentRow() >= 0:
            assert isinstance(event, QKeyEvent)
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self._pins.unpin(self.list.chosen() or "")
                return True
        return super().eventFilter(watched, event)

    def _menu(self, node_id: str, place: QPoint) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(icon("edit", "text"), tr("Change…"), lambda: self.editWanted.emit(node_id))
        menu.addAction(icon("trash", "bad"), tr("Unpin"), lambda: self._pins.unpin(node_id))
        menu.popup(place)
