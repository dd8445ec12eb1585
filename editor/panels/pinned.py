"""The pinned results of a workflow: go to them, change them, let their steps run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QMenu, QStackedWidget, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState, PanelTitle, ago, tool_button
from editor.panels.value_view import measure, size_text

if TYPE_CHECKING:
    from editor.session import WorkflowSession

NODE = int(Qt.ItemDataRole.UserRole)


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
        self.pages = QStackedWidget()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(tr("Pinned results"))
        EntryDelegate.serve(self.list)
        self.list.itemClicked.connect(lambda item: self.goTo.emit(item.data(NODE)))
        self.list.itemActivated.connect(lambda item: self.editWanted.emit(item.data(NODE)))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.installEventFilter(self)
        self.pages.addWidget(self.list)
        self.pages.addWidget(
            EmptyState("pin", tr("Runs take a pinned result instead of running the step. Select a step and press P."))
        )
        column.addWidget(self.pages, 1)
        self._pins.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is, in the order of the graph."""
        chosen = self.list.currentItem().data(NODE) if self.list.currentItem() is not None else None
        self.list.clear()
        nodes = self._session.document.graph.nodes
        for node_id, pin in self._pins.present().items():
            node = nodes[node_id]
            parts = [tr("Edited")] if pin.edited else []
            parts += [ago(pin.pinned_at), size_text(measure(pin.outputs))]
            stale = self._pins.is_stale(node_id)
            if stale:
                parts.append(tr("the step was changed since"))
            item = QListWidgetItem(f"{node.title or node.type}\n{' · '.join(parts)}")
            item.setIcon(icon("warning" if stale else "pin", "warn" if stale else "muted"))
            item.setData(NODE, node_id)
            item.setToolTip(tr("Enter: change. Delete: unpin."))
            self.list.addItem(item)
            if node_id == chosen:
                self.list.setCurrentItem(item)
        self.pages.setCurrentIndex(0 if self.list.count() else 1)
        self.clear.setEnabled(self.list.count() > 0)

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
                self._pins.unpin(str(self.list.currentItem().data(NODE)))
                return True
        return super().eventFilter(watched, event)

    def _menu(self, point: QPoint) -> None:
        item = self.list.itemAt(point)
        if item is None:
            return
        node_id = str(item.data(NODE))
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(icon("edit", "text"), tr("Change…"), lambda: self.editWanted.emit(node_id))
        menu.addAction(icon("trash", "bad"), tr("Unpin"), lambda: self._pins.unpin(node_id))
        menu.popup(self.list.viewport().mapToGlobal(point))
