"""Draws a part of the scene: ground, notes, then for each depth edges and rooms, then cards.

Edges lie behind all cards; edges inside a container lie over its floor. The renderer keeps no pixels (see
`backing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QTransform

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.background import paint_background
from editor.canvas.paint.cards import paint_cards
from editor.canvas.paint.context import Canvas, Level, ViewState, level_for
from editor.canvas.paint.edges import paint_edges
from editor.canvas.paint.notes import paint_note
from editor.canvas.paint.rooms import paint_room
from editor.canvas.scene import CanvasScene, EdgeItem, Item
from editor.theme import motion, theme

_BLEED = 12.0
_BLEED_SHAPES = 4.0
"""Rings, badges and shadows reach so many logical pixels beyond a box."""


def canvas_for(painter: QPainter, camera: Camera, view: ViewState, level: Level | None = None) -> Canvas:
    """A painting context on a target of device pixels."""
    level = level_for(camera.zoom) if level is None else level
    return Canvas(
        painter,
        camera.zoom * camera.ratio,
        camera.x * camera.ratio,
        camera.y * camera.ratio,
        camera.ratio,
        view,
        level,
        moving=motion() and not view.plain and level >= Level.TITLES,
    )


class Renderer:
    """Paints areas of one scene in one view state."""

    def __init__(self, scene: CanvasScene, view: ViewState) -> None:
        self.scene = scene
        self.view = view
        self._outlines: tuple[int, list[QRectF]] = (-1, [])

    def paint(self, painter: QPainter, camera: Camera, area: QRectF, *, ground: bool = True) -> None:
        """Paints `area` (device pixels of the target) completely, clipped to it."""
        painter.save()
        painter.setClipRect(area)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing
            | QPainter.RenderHint.TextAntialiasing
            | QPainter.RenderHint.SmoothPixmapTransform
        )
        canvas = canvas_for(painter, camera, self.view)
        if ground:
            paint_background(canvas, area)
        scene_area = self._scene_area(camera, area)
        self.paint_items(canvas, area, self.scene.in_area(scene_area), self.scene.edges_in(scene_area))
        painter.restore()

    def count(self, camera: Camera, area: QRectF) -> int:
        """How many nodes are painted with an area."""
        return len(self.scene.index.query(self._scene_area(camera, area)))

    def paint_items(self, canvas: Canvas, area: QRectF, items: list[Item], edges: list[EdgeItem]) -> None:
        """Paints these items and edges in the right order."""
        inside: list[Item] = []
        for item in items:
            if item.kind == "note":
                if self._lies_on_room(item):
                    inside.append(item)
                else:
                    paint_note(canvas, item)
        rooms = [item for item in items if item.kind == "room"]
        cards = [item for item in items if item.kind in ("card", "start")]
        links = self._links(items) if canvas.level >= Level.TITLES else {}
        depths = {edge.depth for edge in edges} | {room.depth for room in rooms}
        by_depth: dict[int, list[EdgeItem]] = {}
        for edge in edges:
            by_depth.setdefault(edge.depth, []).append(edge)
        for depth in sorted(depths):
            if depth in by_depth:
                paint_edges(canvas, by_depth[depth])
            for room in rooms:
                if room.depth == depth:
                    paint_room(canvas, room, area, links)
            if depth == 0:
                for note in inside:
                    paint_note(canvas, note)
                inside = []
        for note in inside:
            paint_note(canvas, note)
        raised = [item for item in cards if item.extra > 0 or item.id in self.view.selected]
        if raised and len(raised) < len(cards):
            up = {item.id for item in raised}
            cards = [item for item in cards if item.id not in up] + raised
        paint_cards(canvas, cards, links)

    def _lies_on_room(self, note: Item) -> bool:
        """Whether a note stands on a container's floor with its middle; then the floor must not cover it. A note that
        is larger than the container is paper under it."""
        x, y = note.box.center
        items = self.scene.items
        size = note.box.width * note.box.height
        under = (items[key] for key in self.scene.index.query(Box(x, y, x, y)))
        return any(item.kind == "room" and item.box.width * item.box.height >= size for item in under)

    def paint_outlines(self, painter: QPainter, camera: Camera, ratio: float) -> None:
        """Cards as plain shapes, for what comes into view while the last sharp picture is shown smaller.

        `ratio` is the target's: 1 for a widget's painter.
        """
        stamp, rects = self._outlines
        if stamp != self.scene.stamp:
            boxes = (item.box for item in self.scene.items.values() if item.kind in ("card", "start"))
            rects = [QRectF(box.left, box.top, box.width, box.height) for box in boxes]
            self._outlines = (self.scene.stamp, rects)
        scale = camera.zoom * ratio
        painter.save()
        painter.setTransform(QTransform(scale, 0, 0, scale, camera.x * ratio, camera.y * ratio), True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("surface"))
        painter.drawRects(rects)
        painter.restore()

    def _links(self, items: list[Item]) -> Mapping[str, set[str]]:
        return {item.id: linked_sockets(self.scene, item.id) for item in items}

    @staticmethod
    def _scene_area(camera: Camera, area: QRectF) -> Box:
        ratio = camera.ratio
        bleed = _BLEED_SHAPES if level_for(camera.zoom) is Level.SHAPES else _BLEED
        left, top = camera.to_scene(area.left() / ratio - bleed, area.top() / ratio - bleed)
        right, bottom = camera.to_scene(area.right() / ratio + bleed, area.bottom() / ratio + bleed)
        return Box(left, top, right, bottom)


def linked_sockets(scene: CanvasScene, node_id: str) -> set[str]:
    """The source handles of a node that have edges; the empty name stands for its input."""
    found: set[str] = set()
    for edge_id in scene.edges_of(node_id):
        edge = scene.edges.get(edge_id)
        if edge is not None:
            found.add(edge.source_handle if edge.source == node_id else "")
    return found
