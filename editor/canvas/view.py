"""The canvas widget: wires scene, painting, gestures and requests together.

What belongs elsewhere: how things look (`paint/`), what hands do (`gestures/`), edits made from menus and keys
(`actions.py`), what a workflow allows (`rules.py`, the model), keys (`keys.py`), what a run changes (`runs.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from editor.canvas import metrics as m
from editor.canvas.actions import CanvasActions
from editor.canvas.blocks import snippet_of
from editor.canvas.commands import BlockRequest, CanvasCommands
from editor.canvas.drops import CanvasDrops
from editor.canvas.fitting import make_room
from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.gestures.ghost import GhostGesture
from editor.canvas.gliding import Gliding
from editor.canvas.hit import GROUND, Hit, hit_at, room_at
from editor.canvas.index import Box
from editor.canvas.keys import CanvasKeys
from editor.canvas.overlays import hoverbar
from editor.canvas.overlays.hints import paint_empty, paint_message
from editor.canvas.pointer import CanvasPointer
from editor.canvas.rules import CanvasRules
from editor.canvas.selection import Selection
from editor.canvas.surface import CanvasSurface
from editor.i18n import tr
from editor.theme import theme
from engine.model.document import Delta, Document
from engine.model.edits import SetViewport
from engine.model.graph import Viewport
from engine.model.types import whole

if TYPE_CHECKING:
    from editor.canvas.noteedit import NoteEditor

Mode = Literal["pointer", "hand", "comment"]

_SHARPEN_MS = 110
_FAST_PAINT_MS = 6.0
_SETTLE_MS = 300
_MESSAGE_MS = 3500
_CLOCK_MS = 30_000
"""How long a time on a card may be over before the card says the next one."""
_FLASH_MS = 900


def _takes_room(box: Box, room: Box) -> bool:
    return room._replace(bottom=room.top + m.ROOM_HEADER).touches(box) or box.covers(room)


class CanvasView(CanvasSurface):
    """Shows one document's graph and lets hands work on it. Lives on the GUI thread; changes go through `commands`
    only."""

    selectionChanged = Signal(list, object)
    """The selected node ids, and the selected edge's id or None."""
    nodeActivated = Signal(str)
    contextMenuRequested = Signal(str, str, QPoint, object)
    """Kind (`canvas`, `node`, `edge`, `selection`), id, place on the screen, place in the scene (x, y)."""
    blockSelectorRequested = Signal(object)
    """A `BlockRequest`."""
    runNodeRequested = Signal(str)
    roundPickRequested = Signal(str, QPoint)
    """A container, and the place on the screen where its rounds are to be offered."""
    connected = Signal(str, str)
    """Source and target of a connection that a person made."""
    fileDropped = Signal(str)
    hoverChanged = Signal(str)
    handLetGo = Signal()
    """No button is held any more; see `pressing`."""
    noteEditRequested = Signal(str)
    modeChanged = Signal(str)
    refused = Signal(str)
    """A sentence that says why something was not done."""
    announced = Signal(str)
    """A sentence for screen readers: what was focused or moved."""

    def __init__(self, parent: QWidget | None = None, commands: CanvasCommands | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setAcceptDrops(True)
        self.document: Document | None = None
        self.read_only = False
        self.mode: Mode = "pointer"
        self.selection = Selection(self._selection_changed)
        self.rules = CanvasRules(self)
        self.edits = CanvasActions(self)
        self.hover: Hit = GROUND
        self.gesture: Gesture | None = None
        self._loose: Gesture | None = None
        self._commands = commands
        self._pointer = CanvasPointer(self)
        self._keys = CanvasKeys(self)
        self._drops = CanvasDrops(self)
        self.gliding = Gliding(self)
        self._unsubscribe: Any = None
        self._message = ""
        self._ringed = False
        """Whether the keyboard came here by keys: then a ring says so."""
        self._settle = self.timer(_SETTLE_MS, self._store_viewport)
        self._make_accessible()
        self.note_editor: NoteEditor | None = None
        self.noteEditRequested.connect(self.edit_note)
        self._message_end = self.timer(_MESSAGE_MS, self._end_message)
        self._clock = QTimer(self, interval=_CLOCK_MS)
        self._clock.timeout.connect(self._tell_time)
        self._clock.start()

    def _tell_time(self) -> None:
        """Cards of schedules say when they fire next; that time passes without an edit."""
        told = [i.id for i in self.scene.items.values() if i.node.type == "trigger-schedule"]
        if told and self.isVisible() and self.gesture is None:
            self.repaint_damage(self.scene.refresh_nodes(told))

    def _make_accessible(self) -> None:
        from editor.canvas import accessibility  # it builds on this module

        accessibility.install()
        self._tell_focus = accessibility.tell_focus
        self._tell_changed = accessibility.tell_changed
        self.announced.connect(lambda text: accessibility.announce(self, text))

    # -- the document -----------------------------------------------------------------------------------------

    @property
    def commands(self) -> CanvasCommands:
        """Where edits go. RuntimeError before a document with commands was set."""
        if self._commands is None:
            raise RuntimeError("the canvas has no commands")
        return self._commands

    def set_commands(self, commands: CanvasCommands | None) -> None:
        """Where edits go from now on."""
        self._commands = commands

    def set_document(self, document: Document | None, read_only: bool = False) -> None:
        """Shows a document from now on (None: an empty canvas), at its stored viewport or fitted."""
        self.cancel_gesture()
        self.gliding.drop()
        if self.note_editor is not None:
            self.note_editor.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._settle.stop()
        self.document = document
        self.read_only = read_only or self._commands is None
        self.selection.clear()
        self.hover = GROUND
        self.show_graph(document.graph if document is not None else None)
        if document is not None:
            self._unsubscribe = document.subscribe(self._document_changed)
            self._look_at_stored(document.graph.viewport)

    def set_read_only(self, read_only: bool) -> None:
        """Whether hands may change the document."""
        self.cancel_gesture()
        self.read_only = read_only or self._commands is None
        self.update()

    def _look_at_stored(self, viewport: Viewport) -> None:
        self.look_at(float(viewport.zoom or 1.0), float(viewport.x), float(viewport.y))
        bounds = self.scene.bounds()
        visible = self.visible_box()
        if bounds is not None and (not visible.touches(bounds) or not self.scene.in_area(visible)):
            self.fit()

    def _document_changed(self, delta: Delta) -> None:
        if self.document is None:
            return
        if delta.viewport_changed and not delta.content_changed:
            return
        self.gliding.finish()
        damage = self.scene.update(self.document.graph, delta)
        self.selection.keep_only(self.scene.items, self.scene.edges)
        if self.hover.id and self.hover.id not in self.scene.items and self.hover.id not in self.scene.edges:
            self.hover = GROUND
        self.runs.follow(delta)
        self.repaint_damage(damage)
        self.viewChanged.emit()
        if delta.origin == "apply" and delta.edit is not None and delta.edit.counts and not self.read_only:
            make_room(self, delta.nodes_added | delta.nodes_changed)

    def viewport_settled(self) -> None:
        """The view came to rest; the document remembers where, a little later."""
        if not self.read_only and self.document is not None:
            self._settle.start()

    def _store_viewport(self) -> None:
        if self.document is None or self.read_only or self._commands is None:
            return
        camera = self.camera
        viewport = Viewport(whole(round(camera.x, 2)), whole(round(camera.y, 2)), round(camera.zoom, 4))
        if viewport != self.document.graph.viewport:
            self._commands.submit(SetViewport(viewport), "")

    # -- painting ---------------------------------------------------------------------------------------------

    def paint_overlays(self, painter: QPainter) -> None:
        super().paint_overlays(painter)
        if self.gesture is None:
            self._paint_hover(painter)
        self._paint_focus(painter)
        if self._ringed and self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().color("accent"), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        if self.gesture is not None:
            self.gesture.paint(painter)
        if self._loose is not None:
            self._loose.paint(painter)
        if self.scene.graph is not None and not self.scene.items:
            paint_empty(painter, QRectF(self.rect()), self.camera.ratio, read_only=self.read_only)
        if self._message:
            paint_message(painter, QRectF(self.rect()), self._message, self.camera.ratio)

    def _paint_hover(self, painter: QPainter) -> None:
        hover = self.hover
        if hover.kind in ("edge", "edge-add", "edge-delete"):
            hoverbar.paint_hover_edge(self, painter, hover.id, hover)
        elif hover.kind in ("node", "run", "more", "socket", "resize") and hover.id in self.scene.items:
            if hover.zone != "floor" and not self.state.dimmed:
                hoverbar.paint_hover_edges(self, painter, hover.id)
            hoverbar.paint_hover_line(self, painter, hover.id)
            if hover.kind == "socket":
                if not self.read_only:
                    hoverbar.paint_hover_socket(self, painter, hover)
            elif hover.zone != "floor" and hover.kind != "resize":
                hoverbar.paint_bar(self, painter, hover.id, hover)

    def _paint_focus(self, painter: QPainter) -> None:
        focused = self.state.focused
        if focused is None or self.gesture is not None or not self._keys.walking or not self.hasFocus():
            return
        if focused not in self.scene.items or self.selection.edge is not None:
            return
        self.outline(painter, focused, theme().color("text"), 5.0, Qt.PenStyle.DotLine)

    # -- selection --------------------------------------------------------------------------------------------

    def select(self, node_ids: Iterable[str]) -> None:
        """Selects exactly these nodes."""
        self.selection.set([node_id for node_id in node_ids if node_id in self.scene.items])

    def select_edge(self, edge_id: str | None) -> None:
        """Selects one edge, or nothing."""
        self.selection.set((), edge_id if edge_id in self.scene.edges else None)

    def selected_nodes(self) -> list[str]:
        """Selected node ids in the order of selecting."""
        return self.selection.nodes

    def selected_edge(self) -> str | None:
        """The selected edge's id."""
        return self.selection.edge

    def apply_run_changes(self, node_ids: Iterable[str], edge_ids: Iterable[str]) -> None:
        changed = tuple(node_ids)
        super().apply_run_changes(changed, edge_ids)
        self._tell_changed(self, changed)

    def _selection_changed(self, nodes: AbstractSet[str], edges: AbstractSet[str]) -> None:
        self.state.selected = frozenset(self.selection.nodes)
        self.state.selected_edge = self.selection.edge
        self.repaint_nodes(nodes)
        self.repaint_edges(edges)
        self._tell_focus(self)
        self.selectionChanged.emit(self.selection.nodes, self.selection.edge)

    def touched_by(self, box: Box) -> list[str]:
        """Ids of nodes that a selection box takes: all it touches; a container only by its header or when whole."""
        items = self.scene.items
        found = [items[node_id] for node_id in self.scene.index.query(box)]
        found = [item for item in found if item.kind != "start" and (item.kind != "room" or _takes_room(box, item.box))]
        found.sort(key=attrgetter("order"))
        rooms = {item.id for item in found if item.kind == "room"}
        return [item.id for item in found if item.parent not in rooms]

    # -- requests ---------------------------------------------------------------------------------------------

    def ask_for_block(
        self,
        at: Pointer,
        *,
        source_node: str | None = None,
        source_handle: str | None = None,
        target_node: str | None = None,
        edge_id: str | None = None,
        container_id: str | None = None,
        exact: bool = True,
    ) -> None:
        """Asks the window to offer blocks for this place."""
        self.blockSelectorRequested.emit(
            BlockRequest(
                at.scene_x,
                at.scene_y,
                at.screen.x(),
                at.screen.y(),
                source_node,
                source_handle,
                target_node,
                edge_id,
                container_id,
                exact,
            )
        )

    def say(self, text: str) -> None:
        """Tells the person why something did not happen."""
        if not text:
            return
        self._message = text
        self._message_end.start()
        self.refused.emit(text)
        self.announced.emit(text)
        self.update()

    def _end_message(self) -> None:
        self._message = ""
        self.update()

    def can_run_node(self, node_id: str) -> bool:
        """Whether this node can run alone."""
        return self.rules.can_run(node_id)

    def hit(self, x: float, y: float) -> Hit:
        """What lies under a place of the widget, with the buttons that hover shows."""
        hover = self.hover
        if hover.kind in ("edge", "edge-add", "edge-delete"):
            found = hoverbar.hit_edge_buttons(self, hover.id, x, y)
            if found is not None:
                return found
        if hover.id in self.scene.items and hover.zone != "floor":
            found = hoverbar.hit_bar(self, hover.id, x, y)
            if found is not None:
                return found
        return hoverbar.hit_rounds(self, x, y) or hit_at(self.scene, self.camera, x, y, editable=not self.read_only)

    @property
    def pressing(self) -> bool:
        """Whether a button is held on the canvas: what stands around it waits until it is let go."""
        return self._pointer.pressing

    def pointer_in_scene(self) -> tuple[float, float] | None:
        """The scene place under the pointer, None when it is not over the canvas."""
        return self._pointer.in_scene()

    def room_at(self, scene_x: float, scene_y: float) -> str | None:
        """The container whose inside holds the place."""
        return room_at(self.scene, scene_x, scene_y, set())

    # -- gestures ---------------------------------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Pointer, hand or comment (a note sticks to the pointer)."""
        if mode == "comment":
            if self.read_only:
                return
            self.start_ghost("note")
        if mode == self.mode:
            return
        self.mode = mode
        self.modeChanged.emit(mode)
        self._pointer.update_cursor()

    def start_ghost(self, node_type: str) -> None:
        """Lets a new node stick to the pointer until a click places it."""
        ghost = self.ghost_of(node_type)
        if ghost is not None:
            self.start_gesture(ghost, self._pointer.now())
            self.setFocus()

    def ghost_of(self, block: str) -> GhostGesture | None:
        """The gesture that places a block; None where nothing can be placed, which is said."""
        if self.read_only:
            return None
        if not snippet_of(block):
            return GhostGesture(self, block)
        from editor.canvas.gestures.carry import CarryGesture  # only when somebody carries one

        piece = self.rules.piece(block)
        if piece is None:
            self.say(tr("This snippet is damaged or was deleted; it cannot be inserted."))
            return None
        return CarryGesture(self, block, piece)

    def drop_ghost(self) -> bool:
        """Place by key what sticks to the pointer; False when nothing does."""
        if self.gesture is None or self.gesture.holds_button:
            return False
        self.end_gesture(self._pointer.now())
        return True

    def start_gesture(self, gesture: Gesture, at: Pointer) -> None:
        """Begins a gesture; another one that was going on is cancelled."""
        self.cancel_gesture()
        self.keep_seen(None)
        self.gesture = gesture
        self.setCursor(gesture.cursor)
        gesture.begin(at)
        self.update()

    def keep_seen(self, gesture: Gesture | None) -> None:
        """Goes on painting a gesture that has ended, a connection that waits for its block, until None is given."""
        if gesture is not self._loose:
            self._loose = gesture
            self.update()

    def end_gesture(self, at: Pointer) -> None:
        """Lets the gesture do what it is for."""
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.finish(at)
        self._after_gesture()

    def cancel_gesture(self) -> bool:
        """Ends a gesture without a trace; False when there was none."""
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return False
        gesture.cancel()
        self._after_gesture()
        return True

    def _after_gesture(self) -> None:
        if self.mode == "comment":
            self.set_mode("pointer")
        self._pointer.update_cursor()
        self.update()

    def edit_note(self, node_id: str) -> None:
        """Opens the text editor of a note over its paper."""
        from editor.canvas.noteedit import NoteEditor  # only when somebody writes

        item = self.scene.items.get(node_id)
        if item is None or item.kind != "note" or self.read_only:
            return
        if self.note_editor is not None:
            self.note_editor.close()
        if self.camera.zoom < m.ZOOM_READ:
            self.zoom_to(1.0, self.node_rect(node_id).center().toPoint())
        self.ensure_visible(node_id)
        self.state.editing = node_id
        self.repaint_nodes([node_id])
        self.note_editor = NoteEditor(self, node_id)

    def note_editor_closed(self, editor: object) -> None:
        """The note's editor ended."""
        if self.note_editor is editor:
            self.note_editor = None
            edited, self.state.editing = self.state.editing, None
            self.repaint_nodes([edited] if edited is not None else [])

    def set_hover(self, hit: Hit) -> None:
        """What the pointer is over now."""
        if hit == self.hover:
            return
        before, self.hover = self.hover, hit
        if before.id != hit.id:
            self.hoverChanged.emit(hit.id if hit.id in self.scene.items else "")
        self.update()

    # -- events -----------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                place = event.position()
                self.zoom_at(self.camera.zoom * (1.0 + event.value()), place.x(), place.y())
                return True
        elif kind == QEvent.Type.ToolTip:
            return self._pointer.tool_tip(event)
        elif kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._keys.wants(event):
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.gliding.finish()
        self._ringed = False
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.moved(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.gliding.finish()
        self._pointer.wheel(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._pointer.over = event.position()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer.over = None
        if self.gesture is None:
            self.set_hover(GROUND)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._pointer.context_menu(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.gliding.finish()
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._keys.release(event):
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        # Qt asks here for the tools and the find bar too, which stand on the canvas.
        return (self.hasFocus() and self._keys.tab(forward)) or super().focusNextPrevChild(forward)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ringed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._keys.let_go()
        super().focusOutEvent(event)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._drops.enter(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._drops.over(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drops.leave(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._drops.drop(event)

    @property
    def space_held(self) -> bool:
        """Whether Space turns a left drag into panning."""
        return self._keys.space_held

    def space_was_used(self) -> None:
        """Space took part in a drag: letting it go selects nothing."""
        self._keys.space_was_used()

    def mouse_was_used(self) -> None:
        """The keyboard's focus mark is not wanted for now."""
        self._keys.walking = False

    # -- what menus and keys call, see `actions.py` ------------------------------------------------------------

    def copy(self) -> bool:
        return self.edits.copy()

    def cut(self) -> bool:
        return self.edits.cut()

    def paste(self, at: tuple[float, float] | None = None) -> bool:
        return self.edits.paste(at)

    def duplicate(self) -> bool:
        return self.edits.duplicate()

    def delete_selection(self) -> bool:
        return self.edits.delete_selection()

    def select_all(self) -> None:
        self.edits.select_all()

    def align(self, kind: str) -> bool:
        return self.edits.align(kind)

    def distribute(self, kind: str) -> bool:
        return self.edits.distribute(kind)

    def organize(self) -> bool:
        return self.edits.organize()
