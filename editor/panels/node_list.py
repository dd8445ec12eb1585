"""A list of nodes that a person has marked (breakpoints, pinned results): one line each, gone to by a click, changed by
Enter, and the sentence that stands there while there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QStackedWidget

from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState

NODE: Final = int(Qt.ItemDataRole.UserRole)


class NodeList(QListWidget):
    """Each item has the id of its node under `NODE`. `goTo` and `editWanted` name a node, `menuWanted` also a place."""

    goTo = Signal(str)
    editWanted = Signal(str)
    menuWanted = Signal(str, QPoint)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        EntryDelegate.serve(self)
        self.itemClicked.connect(lambda item: self.goTo.emit(item.data(NODE)))
        self.itemActivated.connect(lambda item: self.editWanted.emit(item.data(NODE)))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def or_else(self, picture: str, sentence: str) -> QStackedWidget:
        """The list, with what stands in its place while it is empty; `settle` changes between them."""
        self._pages = QStackedWidget()
        self._pages.addWidget(self)
        self._pages.addWidget(EmptyState(picture, sentence))
        return self._pages

    def settle(self) -> bool:
        """Show the list or the sentence; whether there are entries."""
        self._pages.setCurrentIndex(0 if self.count() else 1)
        return self.count() > 0

    def chosen(self) -> str | None:
        """The node of the current line."""
        return str(self.currentItem().data(NODE)) if self.currentRow() >= 0 else None

    def fill(self, node_ids: list[str], item_of: Callable[[str], QListWidgetItem]) -> None:
        """Show these nodes; the current line stays with its node."""
        chosen = self.chosen()
        self.clear()
        for node_id in node_ids:
            item = item_of(node_id)
            item.setData(NODE, node_id)
            self.addItem(item)
            if node_id == chosen:
                self.setCurrentItem(item)

    def _menu(self, point: QPoint) -> None:
        item = self.itemAt(point)
        if item is not None:
            self.menuWanted.emit(str(item.data(NODE)), self.viewport().mapToGlobal(point))
