"""Cards at every level of detail: frame, header, body, sockets, marks and the traces of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen

from editor.canvas import metrics as m
from editor.canvas.paint.context import DIFFERENCES, Canvas, Level, Marks
from editor.canvas.paint.drawing import (
    Drawing,
    make_drawing,
    paint_icons,
    paint_rectangles,
    paint_texts,
)
from editor.canvas.paint.reading import status_size
from editor.canvas.paint.running import paint_run_parts
from editor.canvas.paint.tiles import paint_shapes, paint_tile, paint_tile_card, status_of
from editor.canvas.runview import NodeRun
from editor.canvas.scene import Item
from editor.theme import theme

_BORDERS: Mapping[str, tuple[str, float]] = {
    "running": ("accent", 1.0),
    "retry": ("warn", 1.0),
    "failed": ("bad", 1.0),
    "exception": ("warn", 1.0),
    "paused": ("held", 1.0),
    "held": ("held", 1.0),
    "succeeded": ("good", 0.45),
}


def drawing_of(item: Item, zoom: float = 1.0) -> Drawing:
    """The card's layout for the theme in force and this zoom, kept with the item."""
    kept = item.drawing
    if not isinstance(kept, Drawing) or not kept.fits(theme(), zoom):
        kept = item.drawing = make_drawing(item.content, zoom)
    return kept


def opacity_of(canvas: Canvas, item: Item) -> float:
    """How solid a card is: disabled, skipped and waiting ones step back, as do unrelated ones while relations
    show."""
    if item.id in canvas.view.dimmed:
        return 0.3
    if item.content.disabled:
        return 0.45
    if canvas.view.run_shown:
        run = canvas.view.runs.get(item.id)
        if run is not None and run.status == "skipped":
            return 0.55
        if run is not None and run.status == "waiting":
            return 0.75
    return 1.0


def paint_cards(canvas: Canvas, items: Iterable[Item], links: Mapping[str, set[str]]) -> None:
    """Draws cards in the order given. `links` names the connected sockets of each node (`` is the input)."""
    if canvas.level is Level.SHAPES:
        paint_shapes(canvas, items)
        return
    for item in items:
        if item.id in canvas.view.hidden:
            continue
        paint_card(canvas, item, links.get(item.id, _NONE))


_NONE: set[str] = set()


def paint_card(canvas: Canvas, item: Item, linked: set[str]) -> None:
    """Draws one card at the level of detail of the canvas."""
    painter = canvas.painter
    opacity = opacity_of(canvas, item)
    rect = canvas.device_rect(item.box)
    if opacity < 1.0:
        painter.setOpacity(opacity)
    if item.kind == "start":
        _paint_start(canvas, item, rect)
    else:
        _paint_frame(canvas, item, rect)
        if canvas.level is Level.FULL:
            _paint_full(canvas, item, rect)
        else:
            paint_tile_card(canvas, item, rect)
    if opacity < 1.0:
        painter.setOpacity(1.0)
    if canvas.level >= Level.TITLES:
        _paint_sockets(canvas, item, linked)
    _paint_rings(canvas, item, rect)
    if not canvas.view.plain:
        paint_badges(canvas, item, rect)


# -- the frame ------------------------------------------------------------------------------------------------


def _paint_frame(canvas: Canvas, item: Item, rect: QRectF) -> None:
    painter, current = canvas.painter, theme()
    radius = current.radius("card") * canvas.scale
    if not current.is_dark and canvas.level >= Level.TITLES:
        _paint_shadow(canvas, rect, radius)
    run = canvas.view.runs.get(item.id)
    width = max(1.0, round(canvas.pixel))
    pen = QPen(border_of(canvas, run, current.color("line")), width)
    if item.content.unknown:
        pen.setColor(current.color("faint"))
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(current.color("surface"))
    half = width / 2
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)
    mark = canvas.view.marks.get(item.id)
    if mark is not None and mark.pinned and canvas.level >= Level.TITLES:
        inset = 3 * canvas.scale
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(current.color("line_strong"), width))
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius - inset, radius - inset)


def _paint_shadow(canvas: Canvas, rect: QRectF, radius: float) -> None:
    painter = canvas.painter
    painter.setPen(Qt.PenStyle.NoPen)
    shadow = theme().color("shadow")
    step = canvas.scale
    for grow, drop, alpha in ((1.0, 1.0, 0.30), (2.5, 2.5, 0.16), (5.0, 4.0, 0.08)):
        tint = QColor(shadow)
        tint.setAlphaF(shadow.alphaF() * alpha)
        painter.setBrush(tint)
        spread = grow * step
        lowered = rect.adjusted(-spread, -spread, spread, spread).translated(0, drop * step)
        painter.drawRoundedRect(lowered, radius + spread, radius + spread)


def border_of(canvas: Canvas, run: NodeRun | None, usual: QColor) -> QColor:
    """The colour of a card's border: that of its state, or the usual one."""
    if run is None or run.status not in _BORDERS:
        return usual
    tone, strength = _BORDERS[run.status]
    if run.active and canvas.moving:
        strength = 0.45  # the sweeping ring is drawn over it
    return _border(tone, strength, theme().name)


@lru_cache(maxsize=64)
def _border(tone: str, share: float, theme_name: str) -> QColor:
    """A state's colour over that of a card's border; `theme_name` tells those of different themes apart."""
    del theme_name
    front, back = theme().color(tone), theme().color("line")
    return QColor(
        round(front.red() * share + back.red() * (1 - share)),
        round(front.green() * share + back.green() * (1 - share)),
        round(front.blue() * share + back.blue() * (1 - share)),
    )


def _paint_rings(canvas: Canvas, item: Item, rect: QRectF) -> None:
    view, current = canvas.view, theme()
    tone = ""
    if item.id in view.diff:
        tone = DIFFERENCES[view.diff[item.id]][0]
    if item.id in view.selected and not view.plain:
        tone = "accent"
    if not tone:
        return
    width = max(m.RING * canvas.pixel, 1.0)
    gap = width / 2 + canvas.pixel
    radius = (current.radius("room" if item.kind == "room" else "card")) * canvas.scale + gap
    painter = canvas.painter
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(current.color(tone), width))
    painter.drawRoundedRect(rect.adjusted(-gap, -gap, gap, gap), radius, radius)


paint_rings = _paint_rings


# -- levels of detail -----------------------------------------------------------------------------------------


def _paint_full(canvas: Canvas, item: Item, rect: QRectF) -> None:
    painter = canvas.painter
    drawing = drawing_of(item, canvas.zoom)
    run = canvas.view.runs.get(item.id)
    canvas.to_card_space(rect.left(), rect.top())
    paint_rectangles(painter, drawing.rectangles)
    paint_texts(painter, drawing.short_title if status_of(canvas, item)[0] else drawing.title)
    paint_texts(painter, drawing.texts)
    canvas.to_device_space()
    drawn = drawing.icons if drawing.tile_icon is None else [drawing.tile_icon, *drawing.icons]
    paint_icons(painter, drawn, canvas.scale, rect.left(), rect.top())
    paint_status_glyph(canvas, item, rect, m.HEADER)
    if run is not None:
        paint_run_parts(canvas, item, run, rect)


def paint_status_glyph(canvas: Canvas, item: Item, rect: QRectF, header: float) -> None:
    """The state at the header's right end: of the run, else a pin or the bypass mark."""
    name, tone = status_of(canvas, item)
    if not name:
        return
    side = status_size(m.GLYPH, canvas.zoom)
    place = (m.CARD_WIDTH if item.kind == "card" else item.box.width) - m.PAD - side
    glyph = (place, (header - side) / 2, side, name, theme().color(tone).name())
    paint_icons(canvas.painter, [glyph], canvas.scale, rect.left(), rect.top())


def _paint_start(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """The small start card inside a container: a tile of its own."""
    painter, current = canvas.painter, theme()
    radius = current.radius("card") * canvas.scale
    width = max(1.0, round(canvas.pixel))
    run = canvas.view.runs.get(item.id)
    painter.setPen(QPen(border_of(canvas, run, current.color("line")), width))
    painter.setBrush(current.color("surface"))
    half = width / 2
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)
    side = m.TILE * canvas.scale
    centre = rect.center()
    paint_tile(canvas, item.content, centre.x() - side / 2, centre.y() - side / 2, side, glyph=side > 8 * canvas.pixel)


# -- sockets and badges ---------------------------------------------------------------------------------------


def _paint_sockets(canvas: Canvas, item: Item, linked: set[str]) -> None:
    content, box = item.content, item.box
    header = (m.START_SIZE if item.kind == "start" else m.ROOM_HEADER if item.kind == "room" else m.HEADER) / 2
    if content.has_input and item.kind != "start":
        _socket(canvas, box.left, box.top + header, filled="" in linked)
    for socket in content.sockets:
        y = header if item.kind != "card" else content.socket_y(socket.handle)
        _socket(canvas, box.right, box.top + y, filled=socket.handle in linked, fail=socket.fail)


paint_sockets = _paint_sockets


def _socket(canvas: Canvas, x: float, y: float, *, filled: bool, fail: bool = False) -> None:
    painter, current = canvas.painter, theme()
    place = QPointF(*canvas.device(x, y))
    colour = current.color("bad" if fail else "edge")
    width = 1.5 * canvas.pixel
    radius = (m.SOCKET / 2) * min(canvas.scale, canvas.pixel * 1.25) - width / 2
    painter.setPen(QPen(colour, width))
    painter.setBrush(colour if filled else current.color("surface"))
    painter.drawEllipse(place, radius, radius)


def paint_badges(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """Problem count at the top right corner, breakpoint at the top left."""
    if canvas.level <= Level.SHAPES:
        return
    problem = canvas.view.problems.get(item.id)
    if problem is not None and (problem.errors or problem.warnings):
        _count_badge(canvas, rect, problem.errors, problem.warnings)
    difference = canvas.view.diff.get(item.id)
    if difference is not None:
        _difference_badge(canvas, rect, *DIFFERENCES[difference])
    mark = canvas.view.marks.get(item.id)
    if mark is not None and mark.breakpoint:
        _breakpoint_badge(canvas, rect, mark)


def _breakpoint_badge(canvas: Canvas, rect: QRectF, mark: Marks) -> None:
    """A disc; hollow when it is switched off, with two lines for a condition, with a stroke and dot for failures."""
    painter, current, pixel = canvas.painter, theme(), canvas.pixel
    sign = mark.breakpoint != "plain" and canvas.level >= Level.TITLES
    radius = (8.0 if sign else 6.0) * pixel
    centre = QPointF(rect.left() + 2 * pixel, rect.top() + 2 * pixel)
    held = current.color("held")
    painter.setPen(QPen(current.color("canvas"), 2 * pixel))
    painter.setBrush(held if mark.enabled else current.color("surface"))
    painter.drawEllipse(centre, radius, radius)
    if not mark.enabled:
        painter.setPen(QPen(held, 2 * pixel))
        painter.drawEllipse(centre, radius - pixel, radius - pixel)
    if not sign:
        return
    painter.setPen(QPen(current.color("on_status") if mark.enabled else held, 1.75 * pixel))
    half = 3.0 * pixel
    if mark.breakpoint == "failure":
        painter.drawLine(centre + QPointF(0, -1.3 * half), centre + QPointF(0, 0.25 * half))
        painter.drawPoint(centre + QPointF(0, 1.25 * half))
    else:
        for rise in (-1.75 * pixel, 1.75 * pixel):
            painter.drawLine(centre + QPointF(-half, rise), centre + QPointF(half, rise))


def _difference_badge(canvas: Canvas, rect: QRectF, tone: str, name: str) -> None:
    """What a comparison says of a card, as a sign beside the colour of its ring."""
    painter, current = canvas.painter, theme()
    side = (m.BADGE if canvas.level >= Level.TITLES else 12.0) * canvas.pixel
    disc = QRectF(rect.left() - side * 0.4, rect.top() - side * 0.45, side, side)
    painter.setPen(QPen(current.color("canvas"), 2 * canvas.pixel))
    painter.setBrush(current.color(tone))
    painter.drawEllipse(disc)
    glyph = round(side * 0.66)
    inset = (side - glyph) / 2
    paint_icons(painter, [(inset, inset, glyph, name, current.color("on_status").name())], 1.0, disc.left(), disc.top())


def _count_badge(canvas: Canvas, rect: QRectF, errors: int, warnings: int) -> None:
    painter, current, pixel = canvas.painter, theme(), canvas.pixel
    small = canvas.level is Level.ICONS
    side = (10.0 if small else m.BADGE) * pixel
    place = QRectF(rect.right() - side * 0.6, rect.top() - side * 0.45, side, side)
    painter.setPen(QPen(current.color("canvas"), 2 * pixel))
    painter.setBrush(current.color("bad" if errors else "warn"))
    # The shape tells errors from warnings where the colour does not.
    if errors:
        painter.drawEllipse(place)
    elif small:
        top, foot = QPointF(place.center().x(), place.top() - pixel), place.bottom()
        painter.drawPolygon([top, QPointF(place.right() + pixel, foot), QPointF(place.left() - pixel, foot)])
    else:
        painter.drawRoundedRect(place, 5 * pixel, 5 * pixel)
    if small:
        return
    painter.setPen(current.color("on_status"))
    font = current.font("tiny", 600, pixel) if pixel != 1.0 else current.font("tiny", 600)
    painter.setFont(font)
    count = errors or warnings
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(count) if count < 10 else "9+")


def run_of(canvas: Canvas, item: Item) -> NodeRun | None:
    """What the shown run says of this node."""
    return canvas.view.runs.get(item.id)
