"""Dragging nodes: snapping with help lines, staying inside containers, changing containers, one undo step at the
end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from editor.canvas.fitting import inner_box
from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.gestures.ghost import paint_taken_edge
from editor.canvas.gestures.snapping import HelpLine, Snapper, paint_help_lines
from editor.canvas.hit import edge_near, room_at
from editor.canvas.overlays.lifted import LiftedLayer
from editor.i18n import ntr
from engine.model.edits import MoveNodes
from engine.model.types import whole

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_LEAVE = 48.0


class MoveGesture(Gesture):
    """Drags the selected nodes. Nothing in the model changes before the end.

    A child stays within its container's padding until the pointer is clearly outside (or Ctrl is held); nodes
    dropped on a container's floor move into it where that is allowed.
    """

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, view: CanvasView, grabbed: str) -> None:
        super().__init__(view)
        self.grabbed = grabbed
        self.offset = (0.0, 0.0)
        self.lines: list[HelpLine] = []
        self.into: str | None = None
        self.leaving = False
        self.refused = ""
        self.edge_id: str | None = None
        """The edge that the node would be put into; only a node without edges of its own is."""

    def begin(self, at: Pointer) -> None:
        scene = self.view.scene
        self._from = (at.scene_x, at.scene_y)
        chosen = set(self.view.selection.nodes) | {self.grabbed}
        self.ids = [
            node_id
            for node_id in chosen
            if node_id in scene.items
            and scene.items[node_id].kind != "start"
            and scene.items[node_id].parent not in chosen
        ]
        self._all = list(scene.with_children(self.ids))
        self._parents = {node_id: scene.items[node_id].parent for node_id in self.ids}
        self._snapper = Snapper(scene, self.grabbed, set(self._all), self._parents.get(self.grabbed))
        self._layer = LiftedLayer(self.view, self._all)

    def move(self, at: Pointer) -> None:
        if not self.ids:
            return
        dx, dy = at.scene_x - self._from[0], at.scene_y - self._from[1]
        self.lines = []
        self.leaving = self._leaves(at)
        if not self.leaving:
            dx, dy = self._clamped(dx, dy)
        if not at.free:
            dx, dy, self.lines = self._snapper.snap(dx, dy, self.view.visible_box())
            if not self.leaving:
                clamped = self._clamped(dx, dy)
                if clamped != (dx, dy):
                    dx, dy = clamped
                    self.lines = []
        self.offset = (float(round(dx)), float(round(dy)))
        self._find_target(at)
        self._find_edge(at)
        self._layer.move(*self.offset)
        self.view.update()

    def _leaves(self, at: Pointer) -> bool:
        """Whether the children that are dragged should come out of their container."""
        parents = {parent for parent in self._parents.values() if parent is not None}
        if len(parents) != 1:
            return False
        box = self.view.scene.items[next(iter(parents))].box
        held = bool(at.modifiers & Qt.KeyboardModifier.ControlModifier)
        out = not box.contains(at.scene_x, at.scene_y)
        far = not box.grown(_LEAVE / self.view.camera.zoom).contains(at.scene_x, at.scene_y)
        return far or (held and out)

    def _clamped(self, dx: float, dy: float) -> tuple[float, float]:
        scene = self.view.scene
        for node_id in self.ids:
            parent = self._parents[node_id]
            if parent is None or parent not in scene.items:
                continue
            room, box = inner_box(scene.items[parent].box), scene.items[node_id].box
            dx = min(max(dx, room.left - box.left), max(room.left, room.right - box.width) - box.left)
            dy = min(max(dy, room.top - box.top), max(room.top, room.bottom - box.height) - box.top)
        return dx, dy

    def _find_target(self, at: Pointer) -> None:
        self.into = None
        self.refused = ""
        nodes = self._in_rooms()
        parents = {self._parents[n] for n in nodes}
        if len(parents) != 1:
            return
        parent = next(iter(parents))
        if parent is not None and not self.leaving:
            return
        room = room_at(self.view.scene, at.scene_x, at.scene_y, set(self._all))
        if room is None or room == parent:
            return
        self.refused = self.view.rules.may_enter(nodes, room)
        self.into = room

    def _find_edge(self, at: Pointer) -> None:
        self.edge_id = None
        if at.free or len(self.ids) != 1 or self.into is not None or self.leaving:
            return
        graph, node = self.view.graph, self.view.graph.nodes[self.ids[0]]
        if node.is_note or graph.in_edges(node.id) or graph.out_edges(node.id):
            return
        found = edge_near(self.view.scene, self.view.camera, at.scene_x, at.scene_y)
        if not found or graph.nodes[graph.edges[found].source].parent != node.parent:
            return
        if self.view.rules.may_insert(node.type, found):
            self.edge_id = found

    def _in_rooms(self) -> list[str]:
        """What is dragged and can belong to a container; notes lie where they are put."""
        return [n for n in self.ids if self.view.scene.items[n].kind != "note"]

    def finish(self, at: Pointer) -> None:
        self.move(at)
        self._layer.end()
        if self.offset == (0.0, 0.0) or not self.ids:
            self.view.update()
            return
        label = ntr("Move node", "Move {n} nodes", len(self.ids))
        changes_room = (self.into is not None and not self.refused) or (self.leaving and self.into is None)
        if changes_room:
            self._change_room()
        elif self.refused:
            self.view.say(self.refused)
        elif self.edge_id is not None:
            self.view.edits.put_into_edge(self.ids[0], self.edge_id, self._moved(self.ids))
        else:
            self.view.commands.submit(self._moved(self.ids), label)
        self.view.update()

    def _moved(self, ids: list[str]) -> MoveNodes:
        nodes = self.view.graph.nodes
        dx, dy = self.offset
        return MoveNodes({n: (whole(nodes[n].x + dx), whole(nodes[n].y + dy)) for n in ids})

    def _change_room(self) -> None:
        places = {}
        inside = self._in_rooms()
        for node_id in inside:
            box = self.view.scene.items[node_id].box
            places[node_id] = (box.left + self.offset[0], box.top + self.offset[1])
        beside = [n for n in self.ids if n not in inside]
        self.view.edits.submit_room_change(places, self.into, [self._moved(beside)] if beside else [])

    def cancel(self) -> None:
        self._layer.end()
        self.view.update()

    def paint(self, painter: QPainter) -> None:
        self._layer.paint(painter)
        if self.into is not None:
            self.view.paint_room_target(painter, self.into, refused=self.refused)
        if self.edge_id is not None and self.edge_id in self.view.scene.edges:
            paint_taken_edge(self.view, painter, self.edge_id)
        paint_help_lines(painter, self.view.camera, self.lines)
