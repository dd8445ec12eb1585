"""The graph as a picture, sharp at any scale, without selection, hover or problem marks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.renderer import Renderer
from editor.theme import theme

if TYPE_CHECKING:
    from editor.canvas.surface import CanvasSurface

_LARGEST = 20_000


def render_image(view: CanvasSurface, scale: float, *, whole: bool, margin: float) -> QImage:
    """Everything (at 100 % times `scale`) or what is in view (at its zoom times `scale`)."""
    bounds = view.scene.bounds()
    if whole and bounds is not None:
        box, zoom = bounds.grown(margin), 1.0
    else:
        box, zoom = view.visible_box(), view.camera.zoom
    return render_box(view, box, zoom, scale)


def render_box(view: CanvasSurface, box: Box, zoom: float, scale: float) -> QImage:
    """A part of the scene as a picture; the scale is reduced where the picture would become too large to hold."""
    longest = max(box.width, box.height) * zoom * scale
    if longest > _LARGEST:
        scale *= _LARGEST / longest
    width, height = max(1, round(box.width * zoom * scale)), max(1, round(box.height * zoom * scale))
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(theme().color("canvas"))
    camera = Camera(zoom, -box.left * zoom, -box.top * zoom, scale)
    state = replace(view.state, selected=frozenset(), selected_edge=None, focused=None, plain=True, hidden=frozenset())
    painter = QPainter(picture)
    try:
        Renderer(view.scene, state).paint(painter, camera, QRectF(picture.rect()))
    finally:
        painter.end()
    return picture
