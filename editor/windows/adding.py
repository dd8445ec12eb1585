"""Where a new block of a page comes to stand, and which blocks are offered for that place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from editor.canvas import metrics, placing
from editor.canvas.blocks import snippet_of
from editor.canvas.commands import BlockRequest
from editor.panels.palette import BlockSelector

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage


ABOVE = 28
"""How far the selector above the tools of the canvas stays from them, with what it moves up by itself."""


class Adding:
    """Offers blocks for one page: after a node, on an edge, at a point, in a container."""

    def __init__(self, page: WorkflowPage) -> None:
        self._page = page

    def carry(self, node_type: str) -> None:
        """Let a block of the palette hang at the pointer until a click places it."""
        if not self._page.session.read_only:
            self._page.canvas.setFocus()
            self._page.canvas.start_ghost(node_type)

    def from_tools(self, point: QPoint) -> None:
        """Offer blocks above the tools below the canvas; the chosen one hangs at the pointer until a click."""
        selector = self._selector(BlockRequest(0, 0, point.x(), point.y(), exact=True))
        selector.chosen.connect(self.carry)
        selector.popup(point - QPoint(8, selector.height() - ABOVE))

    def by_key(self) -> None:
        """Offer blocks to follow the selected node, or for the middle of the view when nothing is selected."""
        canvas = self._page.canvas
        chosen = canvas.selected_nodes()
        if len(chosen) == 1 and (request := self.after(chosen[0])) is not None:
            self.choose(request)
            return
        x, y = canvas.view_centre()
        x, y = placing.free_below(canvas.scene, x - metrics.CARD_WIDTH / 2, y - 50)
        point = canvas.mapToGlobal(canvas.rect().center())
        room = canvas.room_at(x, y)
        self.choose(BlockRequest(x, y, point.x(), point.y(), container_id=room, exact=True))

    def after(self, node_id: str) -> BlockRequest | None:
        """The wish for a block after a node's first socket that leads nowhere yet, its first one otherwise."""
        from engine.nodes.registry import spec

        canvas = self._page.canvas
        node = canvas.graph.nodes[node_id]
        found = spec(node.type)
        handles = [h.id for h in found.handles(node.data)] if found is not None else []
        if node.is_note or not handles:
            return None
        taken = {edge.source_handle for edge in canvas.graph.out_edges(node_id)}
        handle = next((h for h in handles if h not in taken), handles[0])
        canvas.ensure_visible(node_id)
        return self._behind(node_id, handle, canvas.mapToGlobal(canvas.socket_pos(node_id, handle)))

    def after_branch(self, node_id: str, handle: str, point: QPoint) -> None:
        """Offer blocks to follow a branch of a node, at a place on the screen."""
        if node_id in self._page.canvas.scene.items:
            self.choose(self._behind(node_id, handle, point))

    def _behind(self, node_id: str, handle: str, point: QPoint) -> BlockRequest:
        scene = self._page.canvas.scene
        x, y = placing.after(scene, node_id)
        room = scene.items[node_id].parent
        return BlockRequest(x, y, point.x(), point.y(), node_id, handle, container_id=room)

    def choose(self, request: BlockRequest) -> None:
        """Offer the blocks that fit a place."""
        if self._page.session.read_only:
            self._page.canvas.keep_seen(None)
            return
        selector = self._selector(request)
        selector.closed.connect(lambda: self._page.canvas.keep_seen(None))
        selector.chosen.connect(lambda node_type: self._place(request, node_type))
        selector.popup(QPoint(request.global_x, request.global_y))

    def _selector(self, request: BlockRequest) -> BlockSelector:
        """What offers the blocks, tools and snippets that fit a place."""
        page = self._page
        rules = page.canvas.rules

        def allowed(node_type: str) -> bool:
            if request.edge_id is not None:
                return rules.may_insert(node_type, request.edge_id)
            from engine.nodes.registry import spec

            found = spec(node_type)
            if request.source_node is not None and found is not None and not found.has_input:
                return False
            if request.target_node is not None and not rules.leads_on(node_type):
                return False
            return not rules.may_add(node_type, request.container_id)

        notes = request.source_node is None and request.target_node is None and request.edge_id is None
        mode = page.session.document.workflow.mode
        studio = page.session.studio
        misfit = page.snippets.misfit(request)
        selector = BlockSelector(
            mode, allowed, page, studio.habits, studio.snippets, notes=notes, tools=studio.tools, misfit=misfit
        )
        page.snippets.serve(selector)
        selector.helpWanted.connect(lambda block: page.helping.about_offered(selector, block))
        return selector

    def _place(self, request: BlockRequest, node_type: str) -> None:
        if snippet_of(node_type):
            self._page.snippets.place(request, node_type)
        else:
            self._page.canvas.edits.place(request, node_type)
        self._page.canvas.setFocus()
