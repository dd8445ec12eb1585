"""Choosing a tool among all that there are: search, kinds, what each does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from editor.canvas.blocks import settings_of
from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr
from editor.icons import icon
from editor.panels.tool_list import KindTabs, ToolList

if TYPE_CHECKING:
    from editor.tools import Tools
    from engine.services.tool_snapshot import ToolDescription


class ToolPicker(FittingDialog):
    """`picked` carries the tool; Esc leaves no trace."""

    picked = Signal(object)

    def __init__(self, tools: Tools, parent: QWidget, title: str = "") -> None:
        super().__init__(parent)
        self._tools = tools
        self.setWindowTitle(title or tr("Choose a tool"))
        self.resize(460, 520)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search tools"))
        self.search.setAccessibleName(tr("Search tools"))
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.kinds = KindTabs()
        column.addWidget(self.kinds)
        self.list = ToolList(draggable=False)
        column.addWidget(self.list, 1)
        self.nothing = QLabel(tr("No tool found. More can be set up in the settings under Tools."))
        self.nothing.setProperty("kind", "muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.nothing)
        self.search.textChanged.connect(self._fill)
        self.kinds.chosen.connect(self._fill)
        self.list.picked.connect(self._picked)
        self.list.helpWanted.connect(self._about)
        tools.changed.connect(self._fill)
        self._fill()
        self.search.setFocus()

    def _fill(self) -> None:
        self.list.fill(self._tools.groups, self.kinds.kind, self.search.text())
        self.nothing.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)

    def _picked(self, tool: ToolDescription) -> None:
        self.accept()
        self.picked.emit(tool)

    def _about(self, block: str) -> None:
        """The text about a tool, beside the list."""
        from editor.dialogs.block_help import BlockHelpWindow

        data = settings_of(block)
        tool = self._tools.find(data)
        window = BlockHelpWindow(self)
        window.show_block("tool", (tool, self._tools.group(data)) if tool is not None else None)
        window.popup(self.mapToGlobal(QPoint(self.width() + 8, 0)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self.list.key(event)
        return super().eventFilter(watched, event)
