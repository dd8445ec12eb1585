"""Nodes lifted off the canvas while they are dragged: painted once, then moved as a picture; only edges that
stretch are drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import Canvas, Level, ViewState, level_for
from editor.canvas.paint.edges import paint_edges
from editor.canvas.renderer import canvas_for
from editor.canvas.routes import route
from editor.canvas.scene import EdgeItem

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView


class LiftedLayer:
    """Takes nodes and their edges out of the backing picture until `end`."""

    def __init__(self, view: CanvasView, node_ids: list[str]) -> None:
        self._view = view
        scene = view.scene
        self._ids = set(node_ids)
        self._items = sorted(
            (scene.items[n] for n in node_ids),
            key=lambda item: ({"room": 0, "note": 1}.get(item.kind, 2), item.order),
        )
        inner: list[EdgeItem] = []
        self._outer: list[EdgeItem] = []
        seen: set[str] = set()
        for node_id in node_ids:
            for edge_id in scene.edges_of(node_id):
                edge = scene.edges.get(edge_id)
                if edge is None or edge_id in seen:
                    continue
                seen.add(edge_id)
                both = edge.source in self._ids and edge.target in self._ids
                (inner if both else self._outer).append(edge)
        self._inner = inner
        self._offset = (0.0, 0.0)
        self._picture: QPixmap | None = None
        self._picture_box = Box(0, 0, 0, 0)
        self._camera = Camera()
        view.hide_items(self._ids, seen)

    def end(self) -> None:
        """Puts the nodes back into the picture of the canvas."""
        self._view.hide_items(set(), set())

    def move(self, dx: float, dy: float) -> None:
        """Where the lifted nodes are now, in scene units from where they were."""
        self._offset = (dx, dy)

    def paint(self, painter: QPainter) -> None:
        """Draws stretched edges, then the lifted nodes, in the widget's pixels."""
        view = self._view
        camera = view.camera
        canvas = Canvas(painter, camera.zoom, camera.x, camera.y, 1.0, self._state(), level_for(camera.zoom))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        transform = painter.transform()
        paint_edges(canvas, [self._stretched(edge) for edge in self._outer])
        painter.setTransform(transform)
        if self._picture is None or self._camera.zoom != camera.zoom:
            self._make_picture(camera)
        if self._picture is None:
            return
        x, y = camera.to_view(self._picture_box.left + self._offset[0], self._picture_box.top + self._offset[1])
        ratio = camera.ratio
        painter.drawPixmap(QPointF(round(x * ratio) / ratio, round(y * ratio) / ratio), self._picture)

    def _stretched(self, edge: EdgeItem) -> EdgeItem:
        dx, dy = self._offset
        scene = self._view.scene
        source_moves, target_moves = edge.source in self._ids, edge.target in self._ids
        x1, y1 = edge.route.x1 + (dx if source_moves else 0), edge.route.y1 + (dy if source_moves else 0)
        x2, y2 = edge.route.x2 + (dx if target_moves else 0), edge.route.y2 + (dy if target_moves else 0)
        source, target = scene.items[edge.source].box, scene.items[edge.target].box
        course = route(
            x1,
            y1,
            x2,
            y2,
            source.moved(dx, dy) if source_moves else source,
            target.moved(dx, dy) if target_moves else target,
        )
        return EdgeItem(
            edge.id, edge.source, edge.target, edge.source_handle, edge.target_handle, course, edge.depth, edge.fail
        )

    def _state(self) -> ViewState:
        state = self._view.state
        return ViewState(
            selected=state.selected,
            selected_edge=state.selected_edge,
            runs=state.runs,
            edge_runs=state.edge_runs,
            run_shown=state.run_shown,
            problems=state.problems,
            marks=state.marks,
            diff=state.diff,
            rounds=state.rounds,
        )

    def _make_picture(self, camera: Camera) -> None:
        """Paints the lifted nodes that are in or near the view into a picture of their own."""
        view = self._view
        bleed = 24.0 / camera.zoom
        shown = view.visible_box()
        near = shown.grown(max(shown.width, shown.height))
        items = [item for item in self._items if item.box.touches(near)]
        self._camera = camera.copy()
        if not items:
            self._picture = None
            return
        box = items[0].box
        for item in items[1:]:
            box = box.union(item.box)
        box = Box(
            max(box.left, near.left), max(box.top, near.top), min(box.right, near.right), min(box.bottom, near.bottom)
        ).grown(bleed)
        scale = camera.zoom * camera.ratio
        picture = QPixmap(max(1, round(box.width * scale)), max(1, round(box.height * scale)))
        picture.fill(Qt.GlobalColor.transparent)
        own = Camera(camera.zoom, -box.left * camera.zoom, -box.top * camera.zoom, camera.ratio)
        brush = QPainter(picture)
        brush.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        canvas = canvas_for(brush, own, self._state(), Level(level_for(camera.zoom)))
        try:
            view.renderer.paint_items(canvas, QRectF(picture.rect()), items, self._inner)
        finally:
            brush.end()
        picture.setDevicePixelRatio(camera.ratio)
        self._picture = picture
        self._picture_box = box
