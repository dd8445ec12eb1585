"""The menus of a page: of a node, of several, of an edge, of the ground; by mouse, by the menu key, from the inspector.

Rows that are actions of the table show their keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from editor.actions import BY_ID
from editor.canvas.commands import BlockRequest
from editor.i18n import tr
from editor.icons import icon
from editor.keymap import native
from editor.windows.helping import calls_workflow, has_help

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage

ALIGN = ("align_left", "align_center", "align_right", "align_top", "align_middle", "align_bottom")
FIXED_STARTS = frozenset({"start", "start-placeholder", "iteration-start", "loop-start"})
"""Types of which there is one in its place: they are not copied and stay what they are (editor spec, section 5)."""
SPACE = ("space_horizontal", "space_vertical")


class PageMenus:
    """Builds menus for one page; what is chosen goes through the window's actions where there is one."""

    def __init__(self, page: WorkflowPage) -> None:
        self._page = page

    def context_menu(self, kind: str, item_id: str, point: QPoint, scene: Any) -> None:
        """What the canvas asks for: `node`, `selection`, `edge` or `canvas`."""
        if kind == "node":
            self.node_menu(item_id, point)
        elif kind == "selection":
            self._selection_menu(point)
        elif kind == "edge":
            self._edge_menu(item_id, point, scene)
        else:
            self._ground_menu(point, scene)

    def _menu(self) -> QMenu:
        menu = QMenu(self._page)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _action(self, menu: QMenu, name: str, text: str = "") -> None:
        """A row of the table with its keys, greyed when it makes no sense now."""
        page = self._page
        window: Any = page.window()
        row = BY_ID[name]
        keys = page.session.studio.keymap.keys(name)
        words = (text or tr(row.text)) + (f"\t{native(keys[0])}" if keys else "")
        action = menu.addAction(words, lambda: window.do(name))
        if row.icon:
            action.setIcon(icon(row.icon, "bad" if name == "delete" else "text"))
        action.setEnabled(window.can(name))

    def node_menu(self, node_id: str, point: QPoint) -> None:
        """One node: run, copy, change, move, delete."""
        page = self._page
        canvas, session = page.canvas, page.session
        node = session.document.graph.nodes[node_id]
        if canvas.selected_nodes() != [node_id]:
            canvas.select([node_id])
        menu = self._menu()
        begins = node.type in FIXED_STARTS
        if node.type == "start-placeholder":
            if not session.read_only:
                self._begin_part(menu, node_id)
        elif not node.is_note:
            self._run_part(menu, node_id)
            menu.addSeparator()
        if not begins:
            self._action(menu, "copy")
            if not session.read_only:
                for name in ("cut", "duplicate"):
                    self._action(menu, name)
            self._action(menu, "save_snippet")
        if not session.read_only:
            menu.addSeparator()
            if node.is_note:
                self._note_part(menu, node_id)
            else:
                self._action(menu, "rename")
                for name in ("add_block", "connect_to", *(() if begins else ("change_type",))):
                    self._action(menu, name)
                self._action(menu, "toggle_disabled", tr("Switch on") if node.data.get("disabled") else "")
                self._action(menu, "disconnect")
            self._room_part(menu, [node_id])
        if not node.is_note:
            course = menu.addMenu(icon("link", "text"), tr("Select"))
            for name in ("select_after", "select_before"):
                self._action(course, name)
        self._help_part(menu, node_id)
        if not session.read_only and not canvas.rules.must_stay([node_id]):
            menu.addSeparator()
            if not node.is_note:
                self._action(menu, "dissolve")
            self._action(menu, "delete")
        menu.popup(point)

    def _begin_part(self, menu: QMenu, node_id: str) -> None:
        """What the place for a start can become."""
        from editor.panels.forms.beginnings import beginnings

        page = self._page
        for entry in beginnings(page.session.document.workflow.mode):
            words = tr("Begin with: {type}", type=tr(entry.title))
            menu.addAction(icon(entry.icon, "text"), words, partial(page.canvas.edits.begin_with, node_id, entry.type))
        menu.addSeparator()

    def _note_part(self, menu: QMenu, node_id: str) -> None:
        """What a note alone has: its text, its colour, whose it is."""
        from editor.canvas.noteedit import colour_menu

        canvas = self._page.canvas
        data = canvas.graph.nodes[node_id].data
        menu.addAction(
            icon("edit", "text"), tr("Edit the text") + f"\t{native('F2')}", lambda: canvas.edit_note(node_id)
        )
        colours = colour_menu(menu, lambda name: canvas.edits.set_note_theme(node_id, name), str(data.get("theme")))
        colours.setTitle(tr("Colour"))
        colours.setIcon(icon("circle", "text"))
        menu.addMenu(colours)
        author = menu.addAction(icon("user", "text"), tr("Show author"), lambda: canvas.edits.toggle_author(node_id))
        author.setCheckable(True)
        author.setChecked(bool(data.get("showAuthor")))

    def _help_part(self, menu: QMenu, node_id: str) -> None:
        """What the block is, and the workflow that it calls."""
        page = self._page
        node = page.session.document.graph.nodes[node_id]
        if not has_help(node):
            return
        menu.addSeparator()
        if calls_workflow(node):
            menu.addAction(icon("external", "text"), tr("Open workflow"), lambda: page.helping.open_workflow(node.data))
        self._action(menu, "about_block")

    def _run_part(self, menu: QMenu, node_id: str) -> None:
        page, session = self._page, self._page.session
        if session.can_run_node(node_id):
            keys = session.studio.keymap.keys("run_node")
            words = tr("Run this step") + (f"\t{native(keys[0])}" if keys else "")
            menu.addAction(icon("play", "text"), words, lambda: page.runNodeWanted.emit(node_id))
            if session.document.graph.nodes[node_id].type == "iteration":
                self._action(menu, "run_items")
        state = session.whole_state
        if state is not None and state.is_over and node_id in state.nodes and not session.read_only:
            self._action(menu, "run_from", tr("Run from here"))
        if session.read_only:
            return
        self._action(menu, "run_to_node")
        self._action(
            menu, "breakpoint", tr("Remove breakpoint") if node_id in session.breakpoints else tr("Set breakpoint")
        )
        self._action(menu, "edit_breakpoint")
        pinned = node_id in session.pins.pins
        self._action(menu, "pin", tr("Unpin the result") if pinned else tr("Pin the result"))
        if pinned:
            self._action(menu, "edit_pin")

    def _room_part(self, menu: QMenu, chosen: list[str]) -> None:
        """Into a container where there is one that takes them, and out of theirs."""
        canvas = self._page.canvas
        items = canvas.scene.items
        if any(i.kind == "room" and not canvas.rules.may_enter(chosen, i.id) for i in items.values()):
            self._action(menu, "move_in")
        if all(items[n].parent is not None for n in chosen):
            self._action(menu, "move_out")

    def _selection_menu(self, point: QPoint) -> None:
        """Several nodes: arrange them, copy, delete."""
        menu = self._menu()
        for name in ("select_after", "select_before"):
            self._action(menu, name)
        menu.addSeparator()
        self._action(menu, "copy")
        if not self._page.session.read_only:
            self._action(menu, "cut")
            self._action(menu, "duplicate")
        self._action(menu, "save_snippet")
        if not self._page.session.read_only:
            menu.addSeparator()
            align = menu.addMenu(icon("align-left", "text"), tr("Align"))
            for name in ALIGN:
                self._action(align, name)
            space = menu.addMenu(icon("distribute-horizontal", "text"), tr("Space evenly"))
            for name in SPACE:
                self._action(space, name)
            menu.addSeparator()
            self._action(menu, "toggle_disabled")
            self._action(menu, "disconnect")
            self._room_part(menu, self._page.canvas.selected_nodes())
            menu.addSeparator()
            self._action(menu, "dissolve")
            self._action(menu, "delete")
        menu.popup(point)

    def _edge_menu(self, edge_id: str, point: QPoint, scene: Any) -> None:
        """A connection: insert, go to its ends, delete."""
        page, menu = self._page, self._menu()
        edge = page.session.document.graph.edges.get(edge_id)
        if edge is None:
            return
        if not page.session.read_only:
            x, y = scene if isinstance(scene, tuple) else page.canvas.view_centre()
            request = BlockRequest(x, y, point.x(), point.y(), edge_id=edge_id)
            menu.addAction(icon("plus", "text"), tr("Insert a block"), partial(page.adding.choose, request))
            menu.addSeparator()
        nodes = page.session.document.graph.nodes
        for end, picture in ((edge.source, "arrow-left"), (edge.target, "arrow-right")):
            title = nodes[end].title or nodes[end].type
            menu.addAction(icon(picture, "text"), tr("Go to {title}", title=title), partial(page.reveal, end, ""))
        if not page.session.read_only:
            menu.addSeparator()
            self._action(menu, "delete", tr("Delete connection"))
        menu.popup(point)

    def _ground_menu(self, point: QPoint, scene: Any) -> None:
        page, canvas, menu = self._page, self._page.canvas, self._menu()
        if not page.session.read_only:
            place = scene if isinstance(scene, tuple) else canvas.scene_pos_of(point)
            container = canvas.room_at(*place)
            request = BlockRequest(place[0], place[1], point.x(), point.y(), container_id=container, exact=True)
            menu.addAction(icon("plus", "text"), tr("Add a block"), partial(page.adding.choose, request))
            menu.addAction(icon("note", "text"), tr("Add a note"), lambda: canvas.start_ghost("note"))
            menu.addAction(icon("paste", "text"), tr("Paste"), lambda: canvas.paste(place))
            self._action(menu, "organize")
            self._action(menu, "generate_here")
            menu.addSeparator()
            self._action(menu, "run")
            self._action(menu, "import_over")
        self._action(menu, "export")
        self._action(menu, "export_image")
        menu.addSeparator()
        self._action(menu, "select_all")
        self._action(menu, "zoom_fit")
        menu.popup(point)
