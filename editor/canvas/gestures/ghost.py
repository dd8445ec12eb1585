"""A node that sticks to the pointer until a click places it, or that is dragged in from the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from editor import icons
from editor.canvas import blocks
from editor.canvas import metrics as m
from editor.canvas.gestures.base import Gesture, Pointer
from editor.canvas.hit import edge_near, room_at
from editor.canvas.overlays.bubble import paint_bubble
from editor.canvas.paint.edges import path_of
from editor.canvas.paint.reading import elided, font_metrics
from editor.canvas.paint.tiles import paint_face
from editor.i18n import tr
from editor.theme import theme
from engine.nodes import registry

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView


class GhostGesture(Gesture):
    """Shows where the new node would stand, the edge it would split and the container it would go into."""

    cursor = Qt.CursorShape.CrossCursor
    holds_button = False
    scrolls = False

    def __init__(self, view: CanvasView, node_type: str) -> None:
        super().__init__(view)
        self.node_type = node_type
        self.edge_id: str | None = None
        self.room: str | None = None
        self.refusal = ""
        self._at: tuple[float, float] | None = None

    def begin(self, at: Pointer) -> None:
        self.move(at)

    def move(self, at: Pointer) -> None:
        scene, camera = self.view.scene, self.view.camera
        self._at = (at.scene_x, at.scene_y)
        self._pointer = (at.x, at.y)
        self.room = room_at(scene, at.scene_x, at.scene_y, set()) if self.node_type != "note" else None
        self.refusal = self.view.rules.may_add(self.node_type, self.room)
        self.edge_id = None
        if not self.refusal and self.node_type != "note":
            edge = edge_near(scene, camera, at.scene_x, at.scene_y)
            if edge and self.view.rules.may_insert(self.node_type, edge):
                self.edge_id = edge
        self.view.update()

    def place(self) -> tuple[float, float]:
        """The upper left corner of the new node in scene units: the pointer holds it by its header's middle."""
        x, y = self._at or (0.0, 0.0)
        return round(x - m.CARD_WIDTH / 2), round(y - m.HEADER / 2)

    def finish(self, at: Pointer) -> None:
        self.move(at)
        if self.refusal:
            self.view.say(self.refusal)
            return
        x, y = self.place()
        made = self.view.edits.add_node(self.node_type, x, y, container=self.room, split=self.edge_id)
        if made is not None and self.node_type == "note":
            self.view.noteEditRequested.emit(made)  # a note is placed to be written
        self.view.update()

    def cancel(self) -> None:
        self.view.update()

    def paint(self, painter: QPainter) -> None:
        if self._at is None:
            return
        if self.room is not None:
            self.view.paint_room_target(painter, self.room, refused=self.refusal)
        if self.edge_id is not None and self.edge_id in self.view.scene.edges:
            paint_taken_edge(self.view, painter, self.edge_id)
        self.paint_load(painter)
        if self.remark:
            paint_bubble(painter, self.remark, *self._pointer, self.view.rect(), tone="bad" if self.refusal else "text")

    @property
    def remark(self) -> str:
        """What stands beside the pointer."""
        return self.refusal

    def paint_load(self, painter: QPainter) -> None:
        """Draw what is carried."""
        x, y = self.view.camera.to_view(*self.place())
        paint_ghost_card(painter, self.node_type, x, y, self.view.camera.zoom, refused=bool(self.refusal))


def paint_taken_edge(view: CanvasView, painter: QPainter, edge_id: str) -> None:
    """Marks the edge that a drop would split."""
    camera = view.camera
    painter.save()
    painter.translate(camera.x, camera.y)
    painter.scale(camera.zoom, camera.zoom)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme().color("accent"), m.EDGE_ACTIVE))
    painter.drawPath(path_of(view.scene.edges[edge_id]))
    painter.restore()


def paint_ghost_card(
    painter: QPainter,
    node_type: str,
    x: float,
    y: float,
    zoom: float,
    *,
    refused: bool,
    title: str = "",
    high: float = m.HEADER,
) -> None:
    """A see-through card with icon and title, that of its type unless told otherwise; `high` in scene units."""
    current, spec = theme(), registry.spec(blocks.type_of(node_type))
    family = spec.family if spec else "note"
    title = title or tr(blocks.title_of(node_type)) or (tr(spec.title) if spec else tr("Note"))
    painter.save()
    painter.setOpacity(0.85)
    painter.translate(round(x), round(y))
    painter.scale(zoom, zoom)
    height = high if node_type != "note" else m.NOTE_DEFAULT[1]
    painter.setPen(QPen(current.color("bad" if refused else "accent"), 1.5 / zoom, Qt.PenStyle.DashLine))
    painter.setBrush(current.color("note_blue") if node_type == "note" else current.color("surface"))
    radius = current.radius("card")
    painter.drawRoundedRect(QRectF(0, 0, m.CARD_WIDTH, height), radius, radius)
    if zoom < m.ZOOM_FULL:
        # As the card will look there: with a title that can be read.
        painter.scale(1 / zoom, 1 / zoom)
        face = QRectF(0, 0, m.CARD_WIDTH * zoom, high * zoom)
        paint_face(painter, title, spec.icon if spec else "note", family, face, 1.0)
        painter.restore()
        return
    tint = current.family(family)
    soft = current.mix("accent", 0.2)
    soft.setRgb(tint.red(), tint.green(), tint.blue(), 50)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(soft)
    painter.drawRoundedRect(QRectF(m.PAD, m.PAD, m.TILE, m.TILE), 8, 8)
    picture = icons.pixmap(spec.icon if spec else "note", current.on_family(family), 16, 2.0)
    painter.drawPixmap(QRectF(m.PAD + 6, m.PAD + 6, 16, 16), picture, QRectF(picture.rect()))
    metrics = font_metrics("title")
    painter.setFont(current.font("title"))
    painter.setPen(current.color("text"))
    left = m.PAD + m.TILE + 10
    baseline = m.HEADER / 2 - metrics.height() / 2 + metrics.ascent()
    painter.drawText(QPointF(left, baseline), elided(title, metrics, m.CARD_WIDTH - left - m.PAD))
    painter.restore()
