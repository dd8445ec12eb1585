"""Cards at every level of detail: frame, header, body, sockets, marks and the traces of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.content import CardContent
from editor.canvas.paint.context import Canvas, Level, pixel_of
from editor.canvas.paint.drawing import (
    Drawing,
    make_drawing,
    paint_constant_text,
    paint_icons,
    paint_rectangles,
    paint_texts,
)
from editor.canvas.paint.running import paint_run_parts
from editor.canvas.runview import ICONS, TONES, NodeRun
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
_DIFF = {"added": "good", "removed": "bad", "changed": "warn", "moved": "accent"}


def drawing_of(item: Item) -> Drawing:
    """The card's layout for the theme in force, kept with the item."""
    kept = item.drawing
    if not isinstance(kept, Drawing) or not kept.fits(theme()):
        kept = item.drawing = make_drawing(item.content)
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
        elif canvas.level is Level.TITLES:
            _paint_titled(canvas, item, rect)
        else:
            _paint_small(canvas, item, rect)
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
    line = current.color("line")
    width = max(1.0, round(canvas.pixel))
    if run is not None and run.status in _BORDERS:
        tone, strength = _BORDERS[run.status]
        if run.active and canvas.moving:
            strength = 0.45  # the sweeping ring is drawn over it
        line = _blend(current.color(tone), current.color("line"), strength)
    pen = QPen(line, width)
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


def _blend(front: QColor, back: QColor, share: float) -> QColor:
    return QColor(
        round(front.red() * share + back.red() * (1 - share)),
        round(front.green() * share + back.green() * (1 - share)),
        round(front.blue() * share + back.blue() * (1 - share)),
    )


def _paint_rings(canvas: Canvas, item: Item, rect: QRectF) -> None:
    view, current = canvas.view, theme()
    tone = ""
    if item.id in view.diff:
        tone = _DIFF[view.diff[item.id]]
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
    drawing = drawing_of(item)
    run = canvas.view.runs.get(item.id)
    canvas.to_card_space(rect.left(), rect.top())
    paint_rectangles(painter, drawing.rectangles)
    paint_texts(painter, drawing.title)
    paint_texts(painter, drawing.texts)
    canvas.to_device_space()
    drawn = drawing.icons if drawing.tile_icon is None else [drawing.tile_icon, *drawing.icons]
    paint_icons(painter, drawn, canvas.scale, rect.left(), rect.top())
    paint_status_glyph(canvas, item, rect, m.HEADER)
    if run is not None:
        paint_run_parts(canvas, item, run, rect)


def paint_status_glyph(canvas: Canvas, item: Item, rect: QRectF, header: float) -> None:
    """The state at the header's right end: of the run, else a pin or the bypass mark."""
    name, tone = _status(canvas, item)
    if not name:
        return
    place = (m.CARD_WIDTH if item.kind == "card" else item.box.width) - m.PAD - m.GLYPH
    glyph = (place, (header - m.GLYPH) / 2, m.GLYPH, name, theme().color(tone).name())
    paint_icons(canvas.painter, [glyph], canvas.scale, rect.left(), rect.top())


def _status(canvas: Canvas, item: Item) -> tuple[str, str]:
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


def _tile(canvas: Canvas, content: CardContent, left: float, top: float, side: float, *, glyph: bool) -> None:
    picture = icons.tile_image(content.icon if glyph else "", content.family, max(2, round(side)))
    canvas.painter.drawImage(QPointF(pixel_of(left), pixel_of(top)), picture)


def _paint_titled(canvas: Canvas, item: Item, rect: QRectF) -> None:
    painter, current, scale = canvas.painter, theme(), canvas.scale
    side = max(m.TILE * scale, 16 * canvas.pixel)
    centre = rect.top() + m.HEADER * scale / 2
    left = rect.left() + m.PAD * scale
    _tile(canvas, item.content, left, centre - side / 2, side, glyph=True)
    name, tone = _status(canvas, item)
    glyph = max(m.GLYPH * scale, 12 * canvas.pixel)
    right = rect.right() - m.PAD * scale
    if name:
        picture = icons.image(name, current.color(tone).name(), round(glyph), 1.0)
        painter.drawImage(QPointF(pixel_of(right - glyph), pixel_of(centre - glyph / 2)), picture)
        right -= glyph + 4 * canvas.pixel
    text_left = left + side + 6 * canvas.pixel
    paint_constant_text(painter, item.content.title, text_left, centre, right - text_left, canvas.pixel)
    _paint_bars(canvas, item, rect)


def _paint_bars(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """Two bars stand for the body."""
    if not item.content.rows:
        return
    painter, scale = canvas.painter, canvas.scale
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color("bar"))
    height = 8 * scale
    top = rect.top() + (m.HEADER + 4) * scale
    left = rect.left() + m.PAD * scale
    free = item.box.height - m.HEADER - 4
    for position, share in enumerate((0.9, 0.6) if free > 34 else (0.7,)):
        bar = QRectF(left, top + position * 18 * scale, (m.CARD_WIDTH - 2 * m.PAD) * share * scale, height)
        painter.drawRoundedRect(bar, height / 2, height / 2)


def _paint_small(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """Between 15 and 40 %: icon and, where it fits, the title, both in screen size."""
    pixel = canvas.pixel
    side = min(18 * pixel, rect.height() - 2 * pixel, rect.width() - 2 * pixel)
    if side < 6 * pixel:
        paint_shape(canvas, item, rect)
        return
    inset = 4 * pixel
    centre = rect.top() + min(rect.height() / 2, inset + side / 2 + max(0.0, (m.HEADER * canvas.scale - side) / 2))
    if rect.width() >= 58 * pixel:
        left = rect.left() + inset
        _tile(canvas, item.content, left, centre - side / 2, side, glyph=True)
        text_left = left + side + inset
        room = rect.right() - inset / 2 - text_left
        paint_constant_text(canvas.painter, item.content.title, text_left, centre, room, pixel)
    else:
        left = rect.left() + (rect.width() - side) / 2
        _tile(canvas, item.content, left, centre - side / 2, side, glyph=True)
    _paint_state_strip(canvas, item, rect)


def _paint_state_strip(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """The run state as a strip along the lower edge, for cards too small for a glyph."""
    run = canvas.view.runs.get(item.id)
    if run is None or run.status in ("waiting", "skipped"):
        return
    painter = canvas.painter
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(TONES[run.status]))
    height = 3 * canvas.pixel
    inset = min(6 * canvas.pixel, rect.width() / 4)
    strip = QRectF(rect.left() + inset, rect.bottom() - height - canvas.pixel, rect.width() - 2 * inset, height)
    painter.drawRoundedRect(strip, height / 2, height / 2)


def paint_shape(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """A card as a filled shape in its family's colour."""
    painter = canvas.painter
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().family(item.content.family))
    radius = theme().radius("card") * canvas.scale
    painter.drawRoundedRect(rect, radius, radius)


def paint_shapes(canvas: Canvas, items: Iterable[Item]) -> None:
    """Very small cards, by the thousand: plain rectangles by family colour, the run's colour over their lower
    half."""
    painter, current, view = canvas.painter, theme(), canvas.view
    groups: dict[str, list[QRectF]] = {}
    states: dict[str, list[QRectF]] = {}
    selected: list[QRectF] = []
    scale, x, y = canvas.scale, canvas.x, canvas.y
    for item in items:
        if item.id in view.hidden:
            continue
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
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    for family, rects in groups.items():
        painter.setBrush(current.family(family))
        painter.drawRects(rects)
    for tone, rects in states.items():
        painter.setBrush(current.color(tone))
        painter.drawRects(rects)
    if selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(current.color("accent"), max(1.0, canvas.pixel)))
        painter.drawRects(selected)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _paint_start(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """The small start card inside a container: a tile of its own."""
    painter, current = canvas.painter, theme()
    radius = current.radius("card") * canvas.scale
    width = max(1.0, round(canvas.pixel))
    run = canvas.view.runs.get(item.id)
    line = current.color("line")
    if run is not None and run.status in _BORDERS:
        tone, strength = _BORDERS[run.status]
        line = _blend(current.color(tone), line, strength)
    painter.setPen(QPen(line, width))
    painter.setBrush(current.color("surface"))
    half = width / 2
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)
    side = m.TILE * canvas.scale
    centre = rect.center()
    _tile(canvas, item.content, centre.x() - side / 2, centre.y() - side / 2, side, glyph=side > 8 * canvas.pixel)


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
    mark = canvas.view.marks.get(item.id)
    if mark is not None and mark.breakpoint:
        painter, pixel = canvas.painter, canvas.pixel
        painter.setPen(QPen(theme().color("surface"), 2 * pixel))
        painter.setBrush(theme().color("held"))
        painter.drawEllipse(QPointF(rect.left() + 2 * pixel, rect.top() + 2 * pixel), 6 * pixel, 6 * pixel)


def _count_badge(canvas: Canvas, rect: QRectF, errors: int, warnings: int) -> None:
    painter, current, pixel = canvas.painter, theme(), canvas.pixel
    small = canvas.level is Level.ICONS
    side = (10.0 if small else m.BADGE) * pixel
    place = QRectF(rect.right() - side * 0.6, rect.top() - side * 0.45, side, side)
    painter.setPen(QPen(current.color("canvas"), 2 * pixel))
    painter.setBrush(current.color("bad" if errors else "warn"))
    painter.drawEllipse(place)
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
