"""Containers: rooms with a header strip, their own grid, and a counter of rounds while a run is shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.paint.background import paint_dots
from editor.canvas.paint.cards import (
    border_of,
    opacity_of,
    paint_badges,
    paint_rings,
    paint_sockets,
    paint_status_glyph,
)
from editor.canvas.paint.context import Canvas, Level, RoundsShown, pixel_of
from editor.canvas.paint.drawing import (
    Drawing,
    make_room_drawing,
    paint_icons,
    paint_rectangles,
    paint_texts,
)
from editor.canvas.paint.reading import (
    constant_lines,
    enlarged,
    font_metrics,
    line_height,
    paint_lines,
    reading_step,
    status_size,
)
from editor.canvas.paint.tiles import status_of
from editor.canvas.scene import Item
from editor.i18n import tr
from editor.theme import theme

_NONE: set[str] = set()
ROUND_BUTTON = 22.0


def drawing_of(item: Item, zoom: float = 1.0, taken: float = 0.0) -> Drawing:
    """The header's layout, kept with the item as long as its width and what stands at its right end stay."""
    kept = item.drawing
    key = (item.box.width, taken)
    if not (isinstance(kept, tuple) and kept[0] == key and kept[1].fits(theme(), zoom)):
        kept = item.drawing = (key, make_room_drawing(item.content, item.box.width, zoom, taken=taken))
    drawing: Drawing = kept[1]
    return drawing


def paint_room(canvas: Canvas, item: Item, area: QRectF, links: Mapping[str, set[str]]) -> None:
    """Draws a container without what is in it."""
    if item.id in canvas.view.hidden:
        return
    painter, current, scale = canvas.painter, theme(), canvas.scale
    rect = canvas.device_rect(item.box)
    opacity = opacity_of(canvas, item)
    if opacity < 1.0:
        painter.setOpacity(opacity)
    radius = current.radius("room") * scale
    width = max(1.0, round(canvas.pixel))
    usual = current.color("line_strong" if not current.is_dark else "line")
    pen = QPen(border_of(canvas, canvas.view.runs.get(item.id), usual), width)
    if item.content.unknown:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(current.color("room"))
    half = width / 2
    outline = rect.adjusted(half, half, -half, -half)
    painter.drawRoundedRect(outline, radius, radius)
    if canvas.level is Level.SHAPES:
        _tint(canvas, item, rect, radius)
    else:
        _paint_header(canvas, item, rect, radius, area)
    if opacity < 1.0:
        painter.setOpacity(1.0)
    if canvas.level >= Level.TITLES:
        paint_sockets(canvas, item, links.get(item.id, _NONE))
    paint_rings(canvas, item, rect)
    if not canvas.view.plain:
        paint_badges(canvas, item, rect)
        if canvas.level >= Level.TITLES and item.id in canvas.view.selected:
            _paint_corner(canvas, rect)


def _tint(canvas: Canvas, item: Item, rect: QRectF, radius: float) -> None:
    painter = canvas.painter
    painter.setPen(Qt.PenStyle.NoPen)
    tint = theme().family(item.content.family)
    soft = tint.lighter(100)
    soft.setAlphaF(0.22)
    painter.setBrush(soft)
    painter.drawRoundedRect(rect, radius, radius)


def _paint_header(canvas: Canvas, item: Item, rect: QRectF, radius: float, area: QRectF) -> None:
    painter, current, scale = canvas.painter, theme(), canvas.scale
    height = m.ROOM_HEADER * scale
    inside = rect.adjusted(canvas.pixel, height, -canvas.pixel, -canvas.pixel).intersected(area)
    if canvas.level >= Level.TITLES and not inside.isEmpty():
        painter.save()
        painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
        margin = 10 * scale
        paint_dots(canvas, inside.adjusted(0, 0, 0, 0), item.box.left, item.box.top + m.ROOM_HEADER + margin / scale)
        painter.restore()
    strip = QPainterPath()
    strip.addRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.save()
    painter.setClipRect(QRectF(rect.left(), rect.top(), rect.width(), height), Qt.ClipOperation.IntersectClip)
    painter.fillPath(strip, current.color("surface"))
    painter.restore()
    painter.fillRect(
        QRectF(rect.left(), rect.top() + height, rect.width(), max(1.0, round(canvas.pixel))), current.color("line")
    )
    if canvas.level is Level.FULL:
        rounds = canvas.view.rounds.get(item.id)
        stepper = rounds_rect(item, rounds, canvas.zoom) if rounds is not None else QRectF()
        drawing = drawing_of(item, canvas.zoom, stepper.width() + m.PAD if rounds is not None else 0.0)
        canvas.to_card_space(rect.left(), rect.top())
        paint_rectangles(painter, drawing.rectangles)
        paint_texts(painter, drawing.short_title if status_of(canvas, item)[0] else drawing.title)
        paint_texts(painter, drawing.texts)
        if rounds is not None:
            _paint_rounds(canvas, stepper, rounds)
        canvas.to_device_space()
        marks = drawing.icons if drawing.tile_icon is None else [drawing.tile_icon, *drawing.icons]
        paint_icons(painter, marks, scale, rect.left(), rect.top())
        paint_status_glyph(canvas, item, rect, m.ROOM_HEADER)
    elif height >= 13 * canvas.pixel:
        _small_header(canvas, item, rect, height)


def rounds_rect(item: Item, rounds: RoundsShown, zoom: float = 1.0) -> QRectF:
    """Where the stepper of rounds stands, in the container's own units: in the header, before the status glyph."""
    step = reading_step(zoom)
    grow = enlarged("tiny", step)
    text = rounds_text(rounds)
    width = font_metrics("tiny", 600, grow).horizontalAdvance(text) + 2 * ROUND_BUTTON * grow + 8
    height = min(m.ROOM_HEADER - 8, (m.CHIP + 2) * grow)
    right = item.box.width - m.PAD - status_size(m.GLYPH, step) - m.PAD
    return QRectF(right - width, (m.ROOM_HEADER - height) / 2, width, height)


def _paint_rounds(canvas: Canvas, rect: QRectF, rounds: RoundsShown) -> None:
    """The stepper: back, which round is shown, on; in the colour of failures when a step in it failed. The painter is
    in card space."""
    shown, total = rounds.shown, rounds.total
    painter, current = canvas.painter, theme()
    grow = enlarged("tiny", reading_step(canvas.zoom))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.color("chip"))
    painter.drawRoundedRect(rect, current.radius("chip"), current.radius("chip"))
    painter.setFont(current.font("tiny", 600, grow))
    painter.setPen(current.color("bad" if rounds.broken else "text"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, rounds_text(rounds))
    inset = ROUND_BUTTON * grow / 2
    for side, open_way in (("left", shown > 1), ("right", shown < total)):
        painter.setPen(QPen(current.color("text" if open_way else "faint"), 1.5 * grow))
        centre = QPointF(rect.left() + inset if side == "left" else rect.right() - inset, rect.center().y())
        tip = (-2.5 if side == "left" else 2.5) * grow
        across, along = QPointF(-tip, -4 * grow), QPointF(-tip, 4 * grow)
        painter.drawPolyline([centre + across, centre + QPointF(tip, 0), centre + along])


def _small_header(canvas: Canvas, item: Item, rect: QRectF, height: float) -> None:
    painter, pixel = canvas.painter, canvas.pixel
    side = min(height - 2 * pixel, 16 * pixel)
    left = rect.left() + 6 * pixel
    picture = icons.image(item.content.icon, theme().on_family(item.content.family).name(), max(1, round(side)), 1.0)
    painter.drawImage(QPointF(pixel_of(left), pixel_of(rect.top() + (height - side) / 2)), picture)
    text_left = left + side + 4 * pixel
    end = rect.right() - 6 * pixel
    name, tone = status_of(canvas, item)
    if name and end - side > text_left:
        end -= side
        picture = icons.image(name, theme().color(tone).name(), max(1, round(side)), 1.0)
        painter.drawImage(QPointF(pixel_of(end), pixel_of(rect.top() + (height - side) / 2)), picture)
        end -= 4 * pixel
    room = end - text_left
    lines = constant_lines(item.content.title, room / pixel, 1)
    paint_lines(painter, lines, text_left, rect.top() + (height - line_height() * pixel) / 2, pixel)


def _paint_corner(canvas: Canvas, rect: QRectF) -> None:
    """The grip at the lower right corner of a selected container or note."""
    painter, pixel = canvas.painter, canvas.pixel
    painter.setPen(QPen(theme().color("muted"), 1.5 * pixel))
    for inset in (5.0, 9.0):
        far = inset + 4.0
        painter.drawLine(
            QPointF(rect.right() - far * pixel, rect.bottom() - inset * pixel),
            QPointF(rect.right() - inset * pixel, rect.bottom() - far * pixel),
        )


paint_corner = _paint_corner


def rounds_text(rounds: RoundsShown) -> str:
    """The counter in a container's header, with a cross and how many rounds failed, if any."""
    shown, total = rounds.shown, rounds.total
    words = tr("round {n} of {m}", n=shown, m=total) if total else tr("round {n}", n=shown)
    return f"{words}  ✕ {rounds.failed}" if rounds.failed else words
