"""Cards seen from afar: an icon with a title in a size that does not shrink, then the icon alone on the family's tint,
then coloured shapes. The state of a run stays visible at every size."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen

from editor import icons
from editor.canvas.content import CardContent
from editor.canvas.paint.context import Canvas, pixel_of
from editor.canvas.paint.reading import Lines, constant_lines, line_height, paint_lines
from editor.canvas.runview import ICONS, TONES
from editor.canvas.scene import Item
from editor.theme import theme

_ROUNDED = 600
"""So many shapes are drawn with round corners; more are plain rectangles."""
_BESIDE, _ABOVE, _ALONE = 16.0, 20.0, 18.0
_LEAST_GLYPH = 9.0


def status_of(canvas: Canvas, item: Item) -> tuple[str, str]:
    """Icon and tone of a card's state: of the run, else a pin or the bypass mark; empty when there is none."""
    run = canvas.view.runs.get(item.id)
    if run is not None and run.status in ICONS:
        if run.cached:
            return "pin", "muted"
        return ICONS[run.status], TONES[run.status]
    mark = canvas.view.marks.get(item.id)
    if mark is not None and mark.pinned:
        return "pin", "muted"
    if item.content.disabled:
        return "bypass", "muted"
    return "", ""


def paint_tile(canvas: Canvas, content: CardContent, left: float, top: float, side: float, *, glyph: bool) -> None:
    """The family's tile with the node's icon on it; `side` in device pixels."""
    picture = icons.tile_image(content.icon if glyph else "", content.family, max(2, round(side)))
    canvas.painter.drawImage(QPointF(pixel_of(left), pixel_of(top)), picture)


def paint_tile_card(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """What stands in a card between 15 and 50 %: icon and title beside or above each other, or the icon alone."""
    pixel = canvas.pixel
    width, height = rect.width() / pixel, rect.height() / pixel
    if not (_paint_above(canvas, item, rect, width, height) or _paint_beside(canvas, item, rect, width, height)):
        _paint_alone(canvas, item, rect, width, height)
    _paint_corner_state(canvas, item, rect, min(width, height))


def _paint_above(canvas: Canvas, item: Item, rect: QRectF, width: float, height: float) -> bool:
    """Icon over a centred title, in cards that are high enough."""
    grow = 13 / 11 if width >= 84 and height >= 72 else 1.0
    step, pixel = line_height(grow), canvas.pixel
    icon = _ABOVE + (4 if height >= 72 else 0)
    room = int((height - icon - 4 - 10) // step)
    if width < 56 or room < 1:
        return False
    lines = constant_lines(item.content.title, width - 12, min(room, 3), grow=grow)
    if not lines or (room < 2 and lines[0][0] != item.content.title):
        return False
    block = icon + 4 + step * len(lines)
    top = rect.top() + (rect.height() - block * pixel) / 2
    paint_tile(canvas, item.content, rect.center().x() - icon * pixel / 2, top, icon * pixel, glyph=True)
    below = top + (icon + 4) * pixel
    paint_lines(canvas.painter, lines, rect.left(), below, pixel, width=rect.width(), grow=grow)
    return True


def _paint_beside(canvas: Canvas, item: Item, rect: QRectF, width: float, height: float) -> bool:
    """Icon, then the title in one or two lines."""
    pixel = canvas.pixel
    side = min(_BESIDE + (4 if height >= 30 and width >= 96 else 0), height - 2)
    room = int((height - 2) // line_height())
    text_width = width - side - 11
    if text_width < 30 or side < 10:
        return False
    lines: Lines = constant_lines(item.content.title, text_width, min(room, 2))
    if not lines:
        return False
    left = rect.left() + 4 * pixel
    paint_tile(canvas, item.content, left, rect.center().y() - side * pixel / 2, side * pixel, glyph=True)
    top = rect.center().y() - line_height() * len(lines) * pixel / 2
    paint_lines(canvas.painter, lines, left + (side + 5) * pixel, top, pixel)
    return True


def _paint_alone(canvas: Canvas, item: Item, rect: QRectF, width: float, height: float) -> None:
    """The whole card becomes the tile."""
    painter, current, pixel = canvas.painter, theme(), canvas.pixel
    tint = QColor(current.family(item.content.family))
    tint.setAlphaF(0.24 if current.is_dark else 0.18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    radius = current.radius("card") * canvas.scale
    painter.drawRoundedRect(rect, radius, radius)
    side = min(_ALONE, width - 4, height - 4) * pixel
    if side < _LEAST_GLYPH * pixel:
        return
    picture = icons.image(item.content.icon, current.on_family(item.content.family).name(), round(side), 1.0)
    centre = rect.center()
    painter.drawImage(QPointF(pixel_of(centre.x() - side / 2), pixel_of(centre.y() - side / 2)), picture)


def _paint_corner_state(canvas: Canvas, item: Item, rect: QRectF, room: float) -> None:
    """The state as a small disc with its glyph, over the lower right corner."""
    name, tone = status_of(canvas, item)
    if not name:
        return
    painter, current, pixel = canvas.painter, theme(), canvas.pixel
    side = (16.0 if room >= 30 else 13.0) * pixel
    disc = QRectF(rect.right() - side * 0.7, rect.bottom() - side * 0.7, side, side)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.color("surface"))
    painter.drawEllipse(disc)
    picture = icons.image(name, current.color(tone).name(), round(side), 1.0)
    painter.drawImage(QPointF(pixel_of(disc.left()), pixel_of(disc.top())), picture)


def paint_shapes(canvas: Canvas, items: Iterable[Item]) -> None:
    """Very small cards, by the thousand: shapes by family colour, the run's colour over their lower half."""
    painter, current, view = canvas.painter, theme(), canvas.view
    shown = [item for item in items if item.id not in view.hidden]
    few = len(shown) <= _ROUNDED
    groups: dict[str, list[QRectF]] = {}
    states: dict[str, list[QRectF]] = {}
    selected: list[QRectF] = []
    scale, x, y = canvas.scale, canvas.x, canvas.y
    for item in shown:
        box = item.box
        rect = QRectF(
            pixel_of(box.left * scale + x),
            pixel_of(box.top * scale + y),
            max(2, round(box.width * scale)),
            max(2, round(box.height * scale)),
        )
        groups.setdefault(item.content.family, []).append(rect)
        run = view.runs.get(item.id)
        if run is not None and run.status not in ("waiting", "skipped"):
            half = max(1.0, rect.height() / 2)
            states.setdefault(TONES[run.status], []).append(
                QRectF(rect.left(), rect.bottom() - half, rect.width(), half)
            )
        if item.id in view.selected and not view.plain:
            selected.append(rect.adjusted(-2, -2, 2, 2))
    painter.setRenderHint(painter.RenderHint.Antialiasing, few)
    painter.setPen(Qt.PenStyle.NoPen)
    radius = current.radius("card") * scale if few else 0.0
    for family, rects in groups.items():
        painter.setBrush(current.family(family))
        if few:
            for rect in rects:
                painter.drawRoundedRect(rect, radius, radius)
        else:
            painter.drawRects(rects)
    for tone, rects in states.items():
        painter.setBrush(current.color(tone))
        if few:
            for rect in rects:
                painter.drawRoundedRect(rect, radius, radius)
        else:
            painter.drawRects(rects)
    if selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(current.color("accent"), max(1.0, canvas.pixel)))
        painter.drawRects(selected)
    painter.setRenderHint(painter.RenderHint.Antialiasing, True)
