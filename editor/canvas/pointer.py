"""Mouse events turned into gestures, clicks and requests (editor inventory, 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from editor.canvas import metrics as m
from editor.canvas import tips
from editor.canvas.gestures.base import Pointer
from editor.canvas.gestures.boxselect import BoxSelectGesture
from editor.canvas.gestures.connect import ConnectGesture
from editor.canvas.gestures.move import MoveGesture
from editor.canvas.gestures.pan import PanGesture
from editor.canvas.gestures.resize import CURSORS, ResizeGesture
from editor.canvas.hit import Hit
from editor.i18n import tr
from engine.model.edits import RemoveEdge

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_WHEEL_STEP = 120.0
_WHEEL_PIXELS = 60.0
_ZOOM_PER_STEP = 1.12
_SCROLL_BORDER = 28.0
_SCROLL_STEP = 14.0
_SCROLL_MS = 16


class CanvasPointer:
    """Remembers what was pressed until it is a click or a drag."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self._pressed: Hit | None = None
        self._pressed_at: Pointer | None = None
        self._was_selected = False
        self._button = Qt.MouseButton.NoButton
        self._clicked: tuple[Hit, QPointF] | None = None
        self.over: QPointF | None = None
        """Where the pointer was seen last, None when it is not over the canvas. Some systems tell nobody but the
        widget under it where it is, so the widget remembers."""
        self._place = (QPointF(), Qt.KeyboardModifier.NoModifier)
        self._scroll = QTimer(view)
        self._scroll.setInterval(_SCROLL_MS)
        self._scroll.timeout.connect(self._scroll_on)

    def at(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> Pointer:
        """A place of the widget as a pointer."""
        x, y = position.x(), position.y()
        scene_x, scene_y = self.view.camera.to_scene(x, y)
        return Pointer(x, y, scene_x, scene_y, self.view.mapToGlobal(position.toPoint()), modifiers)

    def now(self) -> Pointer:
        """Where the pointer is; the middle of the view when it is elsewhere."""
        local = QPointF(self.view.rect().center()) if self.over is None else self.over
        return self.at(local, Qt.KeyboardModifier.NoModifier)

    def in_scene(self) -> tuple[float, float] | None:
        """The scene place under the pointer, None when it is not over the canvas or over something that lies on it."""
        if self.over is None or not self.view.rect().contains(self.over.toPoint()):
            return None
        # A widget does not hear that the pointer went on to a child of it, such as the minimap.
        if any(isinstance(child, QWidget) and child.underMouse() for child in self.view.children()):
            return None
        return self.view.camera.to_scene(self.over.x(), self.over.y())

    # -- buttons ----------------------------------------------------------------------------------------------

    @property
    def pressing(self) -> bool:
        """Whether a button is held: what surrounds the canvas must not move under the hand now."""
        return self._button != Qt.MouseButton.NoButton

    def press(self, event: QMouseEvent) -> None:
        view = self.view
        view.setFocus(Qt.FocusReason.MouseFocusReason)
        view.mouse_was_used()
        self.over = event.position()
        at = self.at(event.position(), event.modifiers())
        if view.gesture is not None:
            if not view.gesture.holds_button:
                self._press_on_ghost(event, at)
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            view.start_gesture(PanGesture(view), at)
            self._button = event.button()
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._button = event.button()
        if view.space_held or view.mode == "hand":
            self._pressed, self._pressed_at = view.hit(at.x, at.y), at
            if view.space_held or self._pressed.kind == "ground":
                view.space_was_used()
                view.start_gesture(PanGesture(view), at)
            return
        self._pressed, self._pressed_at = view.hit(at.x, at.y), at
        self._press_on(self._pressed, at)

    def _press_on_ghost(self, event: QMouseEvent, at: Pointer) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.view.end_gesture(at)
        else:
            self.view.cancel_gesture()

    def _press_on(self, hit: Hit, at: Pointer) -> None:
        selection = self.view.selection
        if hit.kind == "node":
            self.view.state.focused = hit.id
            self._was_selected = hit.id in selection
            if not at.adds and not self._was_selected:
                selection.set([hit.id])
        elif hit.kind == "edge":
            selection.set((), hit.id)
        elif hit.kind == "resize" and hit.id not in selection:
            selection.set([hit.id])

    def moved(self, event: QMouseEvent) -> None:
        view = self.view
        self.over = event.position()
        if self.pressing and event.buttons() == Qt.MouseButton.NoButton:
            self._let_go()  # the release went to somebody else
        at = self.at(event.position(), event.modifiers())
        if view.gesture is not None:
            view.gesture.move(at)
            self._place = (event.position(), event.modifiers())
            wanted = view.gesture.scrolls and self._pull(event.position()) != (0.0, 0.0)
            if wanted and not self._scroll.isActive():
                self._scroll.start()
            return
        if self._pressed is not None and self._pressed_at is not None and event.buttons() & self._button:
            start = self._pressed_at
            if abs(at.x - start.x) + abs(at.y - start.y) >= m.DRAG_START:
                self._start_drag(self._pressed, start, at)
            return
        view.set_hover(view.hit(at.x, at.y))
        self.update_cursor()

    def _pull(self, place: QPointF) -> tuple[float, float]:
        """How far the view goes along in one step when the pointer is at its border."""
        view = self.view

        def along(at: float, size: float) -> float:
            if at < _SCROLL_BORDER:
                return min(1.0, (_SCROLL_BORDER - at) / _SCROLL_BORDER) * _SCROLL_STEP
            if at > size - _SCROLL_BORDER:
                return -min(1.0, (at - size + _SCROLL_BORDER) / _SCROLL_BORDER) * _SCROLL_STEP
            return 0.0

        return along(place.x(), view.width()), along(place.y(), view.height())

    def _scroll_on(self) -> None:
        view, (place, keys) = self.view, self._place
        dx, dy = self._pull(place)
        if view.gesture is None or not view.gesture.scrolls or (dx, dy) == (0.0, 0.0):
            self._scroll.stop()
            return
        view.pan_by(dx, dy)
        view.gesture.move(self.at(place, keys))

    def _start_drag(self, hit: Hit, start: Pointer, at: Pointer) -> None:
        view = self.view
        self._pressed = None
        gesture = self._gesture_for(hit, start)
        if gesture is None:
            return
        view.start_gesture(gesture, start)
        gesture.move(at)

    def _gesture_for(
        self, hit: Hit, start: Pointer
    ) -> MoveGesture | ResizeGesture | ConnectGesture | BoxSelectGesture | PanGesture | None:
        view = self.view
        if view.mode == "hand" and (view.read_only or hit.kind in ("ground", "edge")):
            return PanGesture(view)
        if hit.kind in ("run", "more", "edge-add", "edge-delete", "round-back", "round-on", "round-pick"):
            return None
        if hit.kind == "ground" or (view.read_only and hit.kind != "node"):
            return BoxSelectGesture(view)
        if view.read_only:
            return PanGesture(view)
        if hit.kind == "socket":
            return ConnectGesture(view, hit.id, hit.handle, hit.side)
        if hit.kind == "resize":
            return ResizeGesture(view, hit)
        if hit.kind == "edge":
            return self._reconnect(hit.id, start)
        if hit.zone == "floor" and start.adds:
            return BoxSelectGesture(view)
        if view.scene.items[hit.id].kind == "start":
            return None
        if hit.id not in view.selection:
            view.selection.set([*view.selection.nodes, hit.id] if start.adds else [hit.id])
        return MoveGesture(view, hit.id)

    def _reconnect(self, edge_id: str, start: Pointer) -> ConnectGesture:
        """Dragging an edge takes the end that is nearer to the hand."""
        edge = self.view.scene.edges[edge_id]
        course = edge.route
        to_start = abs(start.scene_x - course.x1) + abs(start.scene_y - course.y1)
        to_end = abs(start.scene_x - course.x2) + abs(start.scene_y - course.y2)
        if to_end <= to_start:
            return ConnectGesture(self.view, edge.source, edge.source_handle, "source", edge_id)
        return ConnectGesture(self.view, edge.target, "target", "target", edge_id)

    def release(self, event: QMouseEvent) -> None:
        view = self.view
        at = self.at(event.position(), event.modifiers())
        pressed, self._pressed = self._pressed, None
        if view.gesture is not None and view.gesture.holds_button:
            if event.button() != self._button:
                return
            panned = isinstance(view.gesture, PanGesture) and not getattr(view.gesture, "moved", True)
            view.end_gesture(at)
            if panned and pressed is not None and view.mode == "hand" and event.button() == Qt.MouseButton.LeftButton:
                self._click(pressed, at)
        elif pressed is not None and event.button() == self._button:
            self._click(pressed, at)
        self._clicked = (pressed, event.position()) if pressed is not None else None
        self._let_go()
        view.set_hover(view.hit(at.x, at.y))

    def _let_go(self) -> None:
        self._button = Qt.MouseButton.NoButton
        self.view.handLetGo.emit()

    def _click(self, hit: Hit, at: Pointer) -> None:
        view = self.view
        if hit.kind == "node":
            if at.adds:
                view.selection.toggle(hit.id)
            else:
                view.selection.set([hit.id])
        elif hit.kind == "ground":
            if not at.adds:
                view.state.focused = None
                view.selection.clear()
        elif hit.kind in ("round-back", "round-on"):
            view.runs.step_round(hit.id, -1 if hit.kind == "round-back" else 1)
        elif hit.kind == "round-pick":
            view.roundPickRequested.emit(hit.id, at.screen)
        elif hit.kind == "run":
            view.runNodeRequested.emit(hit.id)
        elif hit.kind == "more":
            view.selection.set([hit.id])
            view.contextMenuRequested.emit("node", hit.id, at.screen, (at.scene_x, at.scene_y))
        elif view.read_only:
            return
        elif hit.kind == "socket":
            self._click_socket(hit, at)
        elif hit.kind == "edge-add":
            view.ask_for_block(at, edge_id=hit.id, exact=False, container_id=self._room_of_edge(hit.id))
        elif hit.kind == "edge-delete":
            view.commands.submit(RemoveEdge(hit.id), tr("Disconnect"))

    def _room_of_edge(self, edge_id: str) -> str | None:
        edge = self.view.scene.edges[edge_id]
        return self.view.scene.items[edge.source].parent

    def _click_socket(self, hit: Hit, at: Pointer) -> None:
        item = self.view.scene.items[hit.id]
        self.view.ask_for_block(
            at,
            source_node=hit.id if hit.side == "source" else None,
            source_handle=hit.handle if hit.side == "source" else None,
            target_node=hit.id if hit.side == "target" else None,
            container_id=item.parent,
            exact=False,
        )

    def double_click(self, event: QMouseEvent) -> None:
        view = self.view
        if event.button() != Qt.MouseButton.LeftButton or view.gesture is not None:
            return
        at = self.at(event.position(), event.modifiers())
        hit = view.hit(at.x, at.y)
        if self._clicked is not None and (self._clicked[1] - event.position()).manhattanLength() < m.DRAG_START:
            # The first click may have opened a panel that moved the canvas: the second one means the same thing.
            hit = self._clicked[0]
        if hit.kind == "ground":
            view.zoom_at(view.camera.zoom + m.ZOOM_STEP * 2, at.x, at.y)
        elif hit.kind == "node":
            if view.scene.items[hit.id].kind == "note":
                if not view.read_only:
                    view.noteEditRequested.emit(hit.id)
            else:
                view.nodeActivated.emit(hit.id)
        else:
            self.press(event)

    # -- wheel and menus --------------------------------------------------------------------------------------

    def wheel(self, event: QWheelEvent) -> None:
        view = self.view
        view.runs.moved_by_hand()
        place = event.position()
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier) or view.mode == "hand"
        pixels, angle = event.pixelDelta(), event.angleDelta()
        if zooms:
            amount = angle.y() or angle.x()
            factor = _ZOOM_PER_STEP ** (amount / _WHEEL_STEP)
            view.zoom_at(view.camera.zoom * factor, place.x(), place.y())
        else:
            if not pixels.isNull():
                dx, dy = float(pixels.x()), float(pixels.y())
            else:
                dx, dy = angle.x() / _WHEEL_STEP * _WHEEL_PIXELS, angle.y() / _WHEEL_STEP * _WHEEL_PIXELS
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and dx == 0:
                dx, dy = dy, 0.0
            view.pan_by(dx, dy)
            view.viewport_settled()
        if view.gesture is not None:
            view.gesture.move(self.at(place, event.modifiers()))
        event.accept()

    def context_menu(self, event: QContextMenuEvent) -> None:
        view = self.view
        if view.gesture is not None:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._menu_by_key()
            return
        at = self.at(QPointF(event.pos()), event.modifiers())
        hit = view.hit(at.x, at.y)
        kind, name = self._menu_kind(hit)
        if kind == "node" and name not in view.selection:
            view.selection.set([name])
        elif kind == "edge":
            view.selection.set((), name)
        view.contextMenuRequested.emit(kind, name, event.globalPos(), (at.scene_x, at.scene_y))

    def _menu_kind(self, hit: Hit) -> tuple[str, str]:
        if hit.id in self.view.scene.items:
            several = hit.id in self.view.selection and len(self.view.selection) > 1
            return ("selection", hit.id) if several else ("node", hit.id)
        if hit.id in self.view.scene.edges:
            return "edge", hit.id
        return "canvas", ""

    def _menu_by_key(self) -> None:
        view = self.view
        chosen = view.selection.nodes
        name = view.state.focused if view.state.focused in chosen else (chosen[-1] if chosen else "")
        kind = "canvas" if not chosen else "node" if len(chosen) == 1 else "selection"
        local = QPoint(view.width() // 2, view.height() // 2)
        if name:
            local = view.node_rect(name).center().toPoint()
        view.contextMenuRequested.emit(
            kind, name or "", view.mapToGlobal(local), view.camera.to_scene(local.x(), local.y())
        )

    # -- looks ------------------------------------------------------------------------------------------------

    def update_cursor(self) -> None:
        """The cursor for what is under the pointer."""
        view = self.view
        if view.gesture is not None:
            view.setCursor(view.gesture.cursor)
            return
        hover = view.hover
        if view.space_held or (view.mode == "hand" and hover.kind == "ground"):
            view.setCursor(Qt.CursorShape.OpenHandCursor)
        elif hover.kind in ("run", "more", "edge-add", "edge-delete", "round-back", "round-on", "round-pick"):
            view.setCursor(Qt.CursorShape.PointingHandCursor)
        elif hover.kind == "socket" and not view.read_only:
            view.setCursor(Qt.CursorShape.CrossCursor)
        elif hover.kind == "resize":
            view.setCursor(CURSORS.get(hover.zone, Qt.CursorShape.ArrowCursor))
        elif hover.kind == "edge":
            view.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            view.setCursor(Qt.CursorShape.ArrowCursor)

    def tool_tip(self, event: QEvent) -> bool:
        """Shows what the thing under the pointer is."""
        if not isinstance(event, QHelpEvent):
            return False
        hit = self.view.hit(event.pos().x(), event.pos().y())
        text = tips.tip_for(self.view, hit)
        if text:
            QToolTip.showText(event.globalPos(), text, self.view)
        else:
            QToolTip.hideText()
        return True
