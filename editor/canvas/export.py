"""The graph as a picture, sharp at any scale, without selection, hover or problem marks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import ViewState
from editor.canvas.renderer import Renderer
from editor.theme import theme

if TYPE_CHECKING:
    from editor.canvas.surface import CanvasSurface

_LARGEST = 20_000


def render_image(view: CanvasSurface, scale: float, *, whole: bool, margin: float) -> QImage:
    """Everything (at 100 % times `scale`) or what is in view (at its zoom times `scale`)."""
    return render_box(view, *_part(view, whole=whole, margin=margin), scale)


def _part(view: CanvasSurface, *, whole: bool, margin: float) -> tuple[Box, float]:
    bounds = view.scene.bounds()
    if whole and bounds is not None:
        return bounds.grown(margin), 1.0
    return view.visible_box(), view.camera.zoom


def write_svg(view: CanvasSurface, file: str, *, whole: bool = True, margin: float = 40.0) -> bool:
    """The graph as an SVG file with text as text; False when the file cannot be written."""
    box, zoom = _part(view, whole=whole, margin=margin)
    size = QSize(max(1, round(box.width * zoom)), max(1, round(box.height * zoom)))
    picture = QSvgGenerator()
    picture.setFileName(file)
    picture.setSize(size)
    picture.setViewBox(QRect(QPoint(0, 0), size))
    picture.setTitle("Penstock")
    painter = QPainter()
    if not painter.begin(picture):
        return False
    try:
        painter.fillRect(QRect(QPoint(0, 0), size), theme().color("canvas"))
        camera = Camera(zoom, -box.left * zoom, -box.top * zoom, 1.0)
        Renderer(view.scene, _plain(view)).paint(painter, camera, QRectF(0, 0, size.width(), size.height()))
    finally:
        painter.end()
    return Path(file).is_file() and Path(file).stat().st_size > 0


def _plain(view: CanvasSurface) -> ViewState:
    """What is drawn without selection, focus or problem marks."""
    return replace(view.state, selected=frozenset(), selected_edge=None, focused=None, plain=True, hidden=frozenset())


def render_box(view: CanvasSurface, box: Box, zoom: float, scale: float) -> QImage:
    """A part of the scene as a picture; the scale is reduced where the picture would become too large to hold."""
    longest = max(box.width, box.height) * zoom * scale
    if longest > _LARGEST:
        scale *= _LARGEST / longest
    width, height = max(1, round(box.width * zoom * scale)), max(1, round(box.height * zoom * scale))
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(theme().color("canvas"))
    camera = Camera(zoom, -box.left * zoom, -box.top * zoom, scale)
    painter = QPainter(picture)
    try:
        Renderer(view.scene, _plain(view)).paint(painter, camera, QRectF(picture.rect()))
    finally:
        painter.end()
    return picture
