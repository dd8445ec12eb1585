"""Tools under the names of their providers, filtered by kind and words; dragged onto the canvas or chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidgetItem, QMenu, QTabBar

from editor.canvas.blocks import tool_block
from editor.i18n import tr
from editor.icons import tile_icon
from editor.panels.block_list import TYPE, DragList
from editor.tools import KINDS

if TYPE_CHECKING:
    from engine.services.tool_snapshot import ToolDescription, ToolGroup

TOOL = int(Qt.ItemDataRole.UserRole) + 1


class KindTabs(QTabBar):
    """Which kinds of tools are shown."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Kind of tools"))
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        for kind, word in KINDS.items():
            self.setTabData(self.addTab(tr(word)), kind)
        self.currentChanged.connect(lambda _: self.chosen.emit())

    @property
    def kind(self) -> str:
        """The chosen kind; empty for all."""
        return str(self.tabData(self.currentIndex()) or "")


class ToolList(DragList):
    """`picked` carries the tool, `chosen` the name of its block."""

    picked = Signal(object)

    def __init__(self, *, draggable: bool) -> None:
        super().__init__(draggable=draggable)
        self.setAccessibleName(tr("Tools"))
        self.setIconSize(QSize(24, 24))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def _menu(self, point: QPoint) -> None:
        item = self.itemAt(point)
        if item is None or item.data(TOOL) is None:
            return
        self.setCurrentItem(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_help(menu)
        menu.popup(self.viewport().mapToGlobal(point))

    def fill(self, groups: Sequence[ToolGroup], kind: str = "", words: str = "") -> None:
        """Show the tools of a kind (empty: of all) that hold the words."""
        self.clear()
        wanted = words.strip().lower()
        for group in groups:
            if kind and group.kind != kind:
                continue
            fitting = [t for t in group.tools if not wanted or _matches(group, t, wanted)]
            if fitting:
                self.add_title(tr(group.name))
            for tool in fitting:
                self._add(group, tool)
        self.select_first()

    def _add(self, group: ToolGroup, tool: ToolDescription) -> None:
        from engine.services.tool_snapshot import node_data

        item = QListWidgetItem(tr(tool.label))
        item.setData(TYPE, tool_block(node_data(tool)))
        item.setData(TOOL, tool)
        item.setToolTip(f"{tr(tool.description) or tr(tool.label)}\n{group.id}/{tool.identity.tool_name}")
        item.setIcon(tile_icon(group.icon, "outside"))
        item.setSizeHint(QSize(0, 36))
        self.addItem(item)

    def activate(self, item: QListWidgetItem) -> None:
        if item.data(TOOL) is not None:
            self.picked.emit(item.data(TOOL))
            self.chosen.emit(str(item.data(TYPE)))

    def key(self, event: QKeyEvent) -> bool:
        """Arrows and Enter of a search field move in the list."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.step(1 if event.key() == Qt.Key.Key_Down else -1)
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.currentItem() if self.currentRow() >= 0 else None
            if item is not None:
                self.activate(item)
            return True
        return False


def _matches(group: ToolGroup, tool: ToolDescription, wanted: str) -> bool:
    texts = (group.id, group.name, tool.identity.tool_name, tool.label, tool.description)
    return any(wanted in text.lower() or wanted in tr(text).lower() for text in texts if text)
