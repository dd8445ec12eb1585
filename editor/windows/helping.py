"""What a page tells about its blocks: of a node, of a block that could be added; and the workflow that a node calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget

from editor.blockhelp import help_of
from editor.canvas.blocks import settings_of, type_of
from editor.dialogs.block_help import EDGE, BlockHelpWindow, window_width
from editor.i18n import language, tr
from editor.panels.block_list import DragList
from editor.panels.palette import BlockSelector, Palette

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from editor.windows.page import WorkflowPage
    from engine.model.graph import Node


def has_help(node: Node) -> bool:
    """Whether there is a text about a node; there is none about types that Penstock does not know."""
    return not node.is_note and help_of(node.type, language()) is not None


def calls_workflow(node: Node) -> bool:
    """Whether a node calls another workflow."""
    return node.type == "tool" and node.data.get("provider_type") == "workflow"


class Helping:
    """Opens the one window about blocks of a page, and shows the next block in it."""

    def __init__(self, page: WorkflowPage) -> None:
        self._page = page

    def by_key(self) -> None:
        """About the block that has the keyboard: in a list of blocks the selected one, else the selected node."""
        widget = QApplication.focusWidget()
        while widget is not None:
            if isinstance(widget, DragList | Palette):
                widget.ask_help()
                return
            widget = widget.parentWidget()
        chosen = self._page.canvas.selected_nodes()
        if len(chosen) == 1 and has_help(self._page.session.document.graph.nodes[chosen[0]]):
            self.about_node(chosen[0])
        else:
            self._page.session.studio.messages.tell(tr("Select a node, or a block in the list."))

    def about_node(self, node_id: str) -> None:
        """The text about a node's type, and about its tool."""
        node = self._page.session.document.graph.nodes[node_id]
        self._show(node.type, node.data)

    def about_block(self, block: str) -> None:
        """The text about a block of the palette."""
        self._show(type_of(block), settings_of(block))

    def about_offered(self, selector: BlockSelector, block: str) -> None:
        """The text about a block of a popup, beside it; the popup stays open."""
        beside = selector.mapToGlobal(QPoint(selector.width() + 8, 0))
        width = window_width()
        if beside.x() + width + EDGE > selector.screen().availableGeometry().right():
            beside = selector.mapToGlobal(QPoint(-width - 8, 0))
        self._show(type_of(block), settings_of(block), selector, beside)

    def open_workflow(self, data: Mapping[str, Any]) -> None:
        """Open the workflow that a tool node calls."""
        from engine.services.tool_snapshot import identity_of

        row = self._page.session.studio.services.tools.workflows.row_of(identity_of(data))
        window: Any = self._page.window()
        if row is None:
            self._page.session.studio.messages.tell(tr("The workflow that this node calls is not in this workspace."))
        else:
            window.open_app(row.app_id)

    def _window(self) -> BlockHelpWindow:
        owner: QWidget = self._page.window()
        shown = [w for w in owner.findChildren(BlockHelpWindow) if w.isVisible()]
        return shown[0] if shown else BlockHelpWindow(owner)

    def _show(
        self, node_type: str, data: Mapping[str, Any], owner: QWidget | None = None, near: QPoint | None = None
    ) -> None:
        if help_of(node_type, language()) is None:
            return
        tools = self._page.session.studio.tools
        found = tools.find(data) if node_type == "tool" and data.get("tool_name") else None
        opens = found is not None and found.identity.provider_type == "workflow"
        window = self._window() if owner is None else BlockHelpWindow(owner, passing=True)
        window.show_block(
            node_type,
            (found, tools.group(data)) if found is not None else None,
            (lambda: self.open_workflow(data)) if opens else None,
        )
        window.popup(near)
