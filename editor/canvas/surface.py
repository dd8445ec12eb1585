"""The canvas as a picture: a document's graph painted for a camera, with a run, problems and marks over it.

No hands here: selection, gestures, keys and requests are `view.py`, which builds on this widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from editor.canvas import export
from editor.canvas import metrics as m
from editor.canvas.backing import Backing
from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import DiffMark, Marks, ProblemCount, ViewState
from editor.canvas.renderer import Renderer
from editor.canvas.runs import CanvasRuns
from editor.canvas.scene import CanvasScene, Damage, EdgeItem
from editor.i18n import language_signal, tr
from editor.theme import motion, theme, theme_signal
from engine.model.graph import Graph

if TYPE_CHECKING:
    from engine.run.fold import RunState

_SHARPEN_MS = 110
_FAST_PAINT_MS = 6.0
_FLASH_MS = 900


class CanvasSurface(QWidget):
    """Paints a scene through a camera; keeps the painted picture and repairs it where something changed."""

    zoomChanged = Signal(float)
    viewChanged = Signal()
    """The camera moved, or what it shows changed; for the minimap and widgets that follow a node."""

    runChanged = Signal()
    followingChanged = Signal(bool)
    """Whether the view goes along with the node that runs."""
    roundsChosen = Signal(dict)
    """Which rounds are shown now: container to index, without those that show their newest."""
    """The run that is shown changed, or another (or none) is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAccessibleName(tr("Canvas"))
        self.setObjectName("canvas")
        self.scene = CanvasScene()
        self.state = ViewState()
        self.camera = Camera()
        self.renderer = Renderer(self.scene, self.state)
        self.runs = CanvasRuns(self)
        self._backing = Backing(self.renderer)
        self._lowest_zoom = m.ZOOM_MIN
        self._fitted = False
        self.held = False
        """True while a panel beside the canvas comes or goes: the graph keeps its size, also where all of it is shown.
        The next change of size shows all of it again."""
        self.covered_below = 0
        """Pixels at the bottom that something floating covers; fitted graphs keep clear of it."""
        self._flash: str | None = None
        self._sharpen = self.timer(_SHARPEN_MS, self.update)
        self._flash_end = self.timer(_FLASH_MS, self._end_flash)
        theme_signal().changed.connect(self._theme_changed)
        language_signal().changed.connect(self._language_changed)

    def timer(self, milliseconds: int, then: Any) -> QTimer:
        """A single-shot timer of this widget."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(then)
        return timer

    @property
    def graph(self) -> Graph:
        """The graph that is shown."""
        return self.scene.graph if self.scene.graph is not None else Graph()

    def show_graph(self, graph: Graph | None) -> None:
        """Shows another graph, forgetting everything about the one before."""
        self.runs.clear()
        self.scene.load(graph)
        self._lowest_zoom = m.ZOOM_MIN
        self._backing.invalidate()
        self.viewChanged.emit()
        self.update()

    def _language_changed(self) -> None:
        self.scene.refresh_contents()
        self.setAccessibleName(tr("Canvas"))
        self._backing.invalidate()
        self.update()

    def _theme_changed(self) -> None:
        self.scene.forget_drawings()
        self._backing.invalidate()
        self.update()

    # -- painting ---------------------------------------------------------------------------------------------

    def repaint_damage(self, damage: Damage) -> None:
        """Paints again what changed, at the next frame."""
        if damage.everything:
            self._backing.invalidate()
        for area in damage.areas:
            self._backing.mark(area)
        self.update()

    def repaint_nodes(self, node_ids: Iterable[str]) -> None:
        """Paints these nodes again, at the next frame."""
        for node_id in node_ids:
            item = self.scene.items.get(node_id)
            if item is not None:
                self._backing.mark(item.box)
        self.update()

    def repaint_edges(self, edge_ids: Iterable[str]) -> None:
        """Paints these edges again, at the next frame."""
        for edge_id in edge_ids:
            edge = self.scene.edges.get(edge_id)
            if edge is not None:
                self._backing.mark(edge.route.box, edge=True)
        self.update()

    def repaint_all(self) -> None:
        """Paints everything again, at the next frame."""
        self._backing.invalidate()
        self.update()

    def hide_items(self, nodes: set[str], edges: set[str]) -> None:
        """Takes nodes and edges out of the picture (they are drawn by a gesture meanwhile), or puts them back."""
        before, before_edges = self.state.hidden, self.state.hidden_edges
        self.state.hidden, self.state.hidden_edges = nodes, edges
        self.repaint_nodes(set(before) ^ nodes)
        self.repaint_edges(set(before_edges) ^ edges)

    def paintEvent(self, event: QPaintEvent) -> None:
        # A painter left open by an exception would take the process down with the widget.
        painter = QPainter(self)
        try:
            self._paint_picture(painter, event.rect())
            self.paint_overlays(painter)
        finally:
            painter.end()

    def _paint_picture(self, painter: QPainter, area: QRect) -> None:
        backing, camera = self._backing, self.camera
        if backing.is_zoomed_from(camera) and self._sharpen.isActive():
            backing.draw(painter, area, camera)
            return
        backing.bring_to(camera)
        backing.draw(painter, area, camera)

    def paint_overlays(self, painter: QPainter) -> None:
        """Draws what changes from frame to frame over the picture; the interactive view adds its own."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.runs.paint(painter)
        if self._flash is not None:
            self._paint_flash(painter, self._flash)

    def _paint_flash(self, painter: QPainter, node_id: str) -> None:
        if node_id in self.scene.items:
            self.outline(painter, node_id, theme().mix("accent", 0.55), 6.0, Qt.PenStyle.SolidLine, 4.0)

    def outline(
        self, painter: QPainter, node_id: str, colour: QColor, gap: float, style: Qt.PenStyle, width: float = 1.5
    ) -> None:
        """Draws a line round a node, `gap` pixels away."""
        item = self.scene.items[node_id]
        box = self.camera.box_to_view(item.box).grown(gap)
        radius = theme().radius("room" if item.kind == "room" else "card") * self.camera.zoom + gap
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, width, style))
        painter.drawRoundedRect(QRectF(box.left, box.top, box.width, box.height), radius, radius)

    def paint_room_target(self, painter: QPainter, room_id: str, *, refused: str) -> None:
        """Marks the container that a drop would go into."""
        item = self.scene.items.get(room_id)
        if item is None:
            return
        box = self.camera.box_to_view(item.box)
        tone = "bad" if refused else "accent"
        painter.setPen(QPen(theme().color(tone), 2))
        painter.setBrush(theme().mix(tone, 0.08))
        radius = theme().radius("room") * self.camera.zoom
        painter.drawRoundedRect(QRectF(box.left, box.top, box.width, box.height), radius, radius)

    def covers_cards(self, edge: EdgeItem) -> bool:
        """Whether an edge passes behind a card that is not its own, so that it must not be drawn on top."""
        own = {edge.source, edge.target}
        return any(
            item.id not in own and item.kind in ("card", "start") and edge.route.touches(item.box)
            for item in self.scene.in_area(edge.route.box)
        )

    # -- the camera -------------------------------------------------------------------------------------------

    def visible_box(self) -> Box:
        """The part of the scene that is in view."""
        return self.camera.visible(self.width(), self.height())

    def look_at(self, zoom: float, x: float, y: float) -> None:
        """Sets zoom and offset as a stored viewport names them."""
        self.camera.zoom = min(m.ZOOM_MAX, max(0.02, zoom))
        self.camera.set_offset(x, y)
        self._camera_changed(zoomed=True, at_once=True)

    def look_from(self, x: float, y: float) -> None:
        """Puts the scene's origin at this place of the widget."""
        self.camera.set_offset(x, y)
        self._camera_changed()

    def pan_by(self, dx: float, dy: float) -> None:
        """Moves the view's content by so many logical pixels."""
        self.look_from(self.camera.x + dx, self.camera.y + dy)

    def set_zoom(self, zoom: float, anchor: QPoint | None = None) -> None:
        """Zooms to a factor within 0.25 and 2 so that the scene under `anchor` (default: the middle) stays in
        place."""
        self.zoom_to(zoom, anchor)

    def zoom_to(self, zoom: float, anchor: QPoint | None = None) -> None:
        """Zooms to a factor; see `set_zoom`."""
        place = anchor if anchor is not None else self.rect().center()
        self.zoom_at(zoom, place.x(), place.y())

    def zoom_at(self, zoom: float, x: float, y: float) -> None:
        """Zooms to a factor around a place of the widget. Below 0.25 only as far as showing everything needs."""
        wanted = min(m.ZOOM_MAX, max(self._lowest_zoom, zoom))
        if wanted == self.camera.zoom:
            return
        scene_x, scene_y = self.camera.to_scene(x, y)
        self.camera.zoom = wanted
        self.camera.set_offset(x - scene_x * wanted, y - scene_y * wanted)
        self._camera_changed(zoomed=True)
        self.viewport_settled()

    def zoom_in(self) -> None:
        """One step in."""
        self.zoom_to(round(self.camera.zoom + m.ZOOM_STEP, 2))

    def zoom_out(self) -> None:
        """One step out."""
        self.zoom_to(round(self.camera.zoom - m.ZOOM_STEP, 2))

    @property
    def zoom(self) -> float:
        return self.camera.zoom

    @property
    def lowest_zoom(self) -> float:
        """How far out one may go: 0.25, or less where the whole graph needs it."""
        return self._lowest_zoom

    def fit(self, node_ids: Iterable[str] | None = None) -> None:
        """Shows all nodes (or these) with a margin; does nothing without nodes."""
        bounds = self.scene.bounds() if node_ids is None else self.scene.bounds_of(node_ids)
        if bounds is None:
            return
        self.camera.fit(bounds, self.width(), self.height() - self.covered_below)
        self._lowest_zoom = min(m.ZOOM_MIN, self.camera.zoom)
        self._camera_changed(zoomed=True, at_once=True)
        self._fitted = node_ids is None
        self.viewport_settled()

    def center_on(self, node_id: str, flash: bool = True) -> None:
        """Brings a node to the middle of the view and, if asked, flashes it."""
        item = self.scene.items.get(node_id)
        if item is None:
            return
        if self.camera.zoom < m.ZOOM_TITLES:
            self.camera.zoom = m.ZOOM_READ
        self.camera.center_on(*item.box.center, self.width(), self.height())
        self._camera_changed(zoomed=True, at_once=True)
        self.viewport_settled()
        if flash:
            self._flash = node_id
            self._flash_end.start()

    def ensure_visible(self, node_id: str) -> None:
        """Moves the view as little as needed so that the node is in it."""
        item = self.scene.items.get(node_id)
        if item is None:
            return
        box = self.camera.box_to_view(item.box)
        margin = 24.0
        dx = max(margin - box.left, 0.0) or min(self.width() - margin - box.right, 0.0)
        dy = max(margin - box.top, 0.0) or min(self.height() - margin - box.bottom, 0.0)
        if dx or dy:
            self.pan_by(dx, dy)
            self.viewport_settled()

    def _camera_changed(self, *, zoomed: bool = False, at_once: bool = False) -> None:
        self._fitted = self._fitted and self.held
        if zoomed:
            slow = self._backing.last_full_ms > _FAST_PAINT_MS
            if slow and not at_once:
                self._sharpen.start()
            else:
                self._sharpen.stop()
            self.zoomChanged.emit(self.camera.zoom)
        self.update()
        self.viewChanged.emit()

    def viewport_settled(self) -> None:
        """The view came to rest after hands moved it."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_backing()
        if self._fitted and not self.held:
            self.fit()  # a view that shows everything goes on showing everything

    def _fit_backing(self) -> None:
        ratio = self.devicePixelRatioF()
        if self.camera.ratio != ratio:
            self.camera.ratio = ratio
            self.scene.forget_drawings()
        self._backing.resize(self.size(), ratio)
        self.viewChanged.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._fit_backing()
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 120)

    # -- what else is shown -----------------------------------------------------------------------------------

    def set_run_state(self, state: RunState | None) -> None:
        """Shows a run over the graph, or none."""
        self.runs.set_state(state)

    def apply_run_changes(self, node_ids: Iterable[str], edge_ids: Iterable[str]) -> None:
        """Paints what changed in the run that is shown."""
        self.runs.changed(node_ids, edge_ids)

    def set_problems(self, problems: Mapping[str, tuple[int, int, str]]) -> None:
        """Errors, warnings and tool tip per node."""
        new = {node_id: ProblemCount(*counts) for node_id, counts in problems.items()}
        old, self.state.problems = self.state.problems, new
        self.repaint_nodes(n for n in {*old, *new} if old.get(n) != new.get(n))

    def set_lacks(self, lacks: Mapping[str, Mapping[str, str]]) -> None:
        """What this workspace has not of what nodes name: per node the places of settings and the problems' codes."""
        self.repaint_damage(self.scene.set_lacks(lacks))

    def set_marks(self, marks: Mapping[str, Marks]) -> None:
        """Breakpoints, pins and stale results per node."""
        new = dict(marks)
        old, self.state.marks = self.state.marks, new
        self.repaint_nodes(n for n in {*old, *new} if old.get(n) != new.get(n))

    def set_diff(self, marks: Mapping[str, DiffMark]) -> None:
        """Colours nodes by what a comparison of versions says."""
        self.state.diff = dict(marks)
        self.repaint_all()

    # -- places -----------------------------------------------------------------------------------------------

    def node_rect(self, node_id: str) -> QRectF:
        """Where a node is drawn, in the widget's pixels; empty for an unknown one."""
        item = self.scene.items.get(node_id)
        if item is None:
            return QRectF()
        box = self.camera.box_to_view(item.box)
        return QRectF(box.left, box.top, box.width, box.height)

    def socket_pos(self, node_id: str, handle: str = "source") -> QPoint:
        """The middle of a socket in the widget's pixels; `target` is the input."""
        place = self.scene.target_socket(node_id) if handle == "target" else self.scene.source_socket(node_id, handle)
        x, y = self.camera.to_view(*place)
        return QPoint(round(x), round(y))

    def edge_pos(self, edge_id: str) -> QPoint:
        """The middle of an edge in the widget's pixels."""
        x, y = self.camera.to_view(*self.scene.edges[edge_id].route.middle())
        return QPoint(round(x), round(y))

    def scene_pos_of(self, global_pos: QPoint) -> tuple[float, float]:
        """The place in the scene under a place on the screen."""
        local = self.mapFromGlobal(global_pos)
        return self.camera.to_scene(local.x(), local.y())

    def view_centre(self) -> tuple[float, float]:
        """The place in the scene at the middle of the view."""
        return self.camera.to_scene(self.width() / 2, self.height() / 2)

    def render_image(self, scale: float = 2.0, whole: bool = True, margin: float = 40.0) -> QImage:
        """The graph as a picture without selection or problem marks: everything, or what is in view."""
        return export.render_image(self, scale, whole=whole, margin=margin)

    def write_svg(self, file: str, *, whole: bool = True) -> bool:
        """The graph as an SVG file; False when it cannot be written."""
        return export.write_svg(self, file, whole=whole)

    @property
    def animated(self) -> bool:
        """Whether things on the canvas may move by themselves."""
        return motion()

    def _end_flash(self) -> None:
        self._flash = None
        self.update()
