"""A card laid out once and drawn many times: rectangles, icons and shaped texts at 100 %, in the card's own
coordinates.

Shaping text is the dear part of painting; it happens here, when a card first comes into view, not in every frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QStaticText, QTransform

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.content import CardContent, Part, Row
from editor.canvas.paint.context import pixel_of
from editor.theme import FontRole, Theme, theme

Rectangle = tuple[QRectF, float, QColor | None, QColor | None]
Icon = tuple[float, float, float, str, str]
Text = tuple[QPointF, QStaticText, QFont, QColor]

_ICON = 12.0
_ICON_GAP = 4.0
_LEAST = 26.0


@dataclass(slots=True)
class Drawing:
    """What to draw, back to front: rectangles, icons, texts. `theme` and `scale` tell when it is out of date."""

    theme_name: str
    text_scale: float
    title: list[Text] = field(default_factory=list)
    tile_icon: Icon | None = None
    rectangles: list[Rectangle] = field(default_factory=list)
    icons: list[Icon] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def fits(self, current: Theme) -> bool:
        """Whether the drawing was made for this theme."""
        return self.theme_name == current.name and self.text_scale == current.text_scale


@lru_cache(maxsize=64)
def metrics_of(role: FontRole, weight: int | None, scale: float) -> QFontMetricsF:
    """Font metrics of a role; `scale` is the theme's text scale and only part of the key."""
    del scale
    return QFontMetricsF(theme().font(role, weight))


def font_metrics(role: FontRole, weight: int | None = None) -> QFontMetricsF:
    """Metrics of a theme font, kept."""
    return metrics_of(role, weight, theme().text_scale)


def shaped(text: str, font: QFont) -> QStaticText:
    """One line of plain text, shaped and ready to draw."""
    result = QStaticText(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    result.prepare(QTransform(), font)
    return result


def elided(text: str, metrics: QFontMetricsF, width: float, *, middle: bool = False) -> str:
    """`text` cut to `width` with an ellipsis, at the end or in the middle."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    return metrics.elidedText(text, mode, width)


@lru_cache(maxsize=4096)
def _constant(text: str, width: int, pixel: float, key: tuple[str, float]) -> tuple[QStaticText, QFont] | None:
    del key  # theme and text scale, so that another theme makes it anew
    metrics = font_metrics("tiny", 600)
    shown = elided(text, metrics, width)
    if len(shown) < min(3, len(text)):
        return None
    font = theme().font("tiny", 600, pixel)
    return shaped(shown, font), font


def paint_constant_text(
    painter: QPainter, text: str, left: float, centre: float, width: float, pixel: float, tone: str = "text"
) -> bool:
    """A title in a size that does not shrink with the zoom; nothing if fewer than three letters would show."""
    current = theme()
    made = _constant(text, int(width / pixel), pixel, (current.name, current.text_scale))
    if made is None:
        return False
    ready, font = made
    painter.setFont(font)
    painter.setPen(current.color(tone))
    painter.drawStaticText(QPointF(left, centre - ready.size().height() / 2), ready)
    return True


class DrawingMaker:
    """Lays one card out. A fresh maker per card; `result` is the drawing."""

    def __init__(self, content: CardContent, width: float = m.CARD_WIDTH) -> None:
        self.theme = theme()
        self.content = content
        self.width = width
        self.result = Drawing(self.theme.name, self.theme.text_scale)

    # -- pieces -----------------------------------------------------------------------------------------------

    def text(
        self,
        text: str,
        x: float,
        centre: float,
        role: FontRole = "small",
        tone: str = "muted",
        weight: int | None = None,
    ) -> None:
        """One line of text, vertically centred on `centre`."""
        self._place(self.result.texts, text, x, centre, role, self.theme.color(tone), weight)

    def _place(
        self, into: list[Text], text: str, x: float, centre: float, role: FontRole, colour: QColor, weight: int | None
    ) -> None:
        if not text:
            return
        font = self.theme.font(role, weight)
        ready = shaped(text, font)
        into.append((QPointF(x, centre - ready.size().height() / 2), ready, font, colour))

    def icon(self, name: str, x: float, centre: float, size: float, colour: QColor) -> None:
        self.result.icons.append((x, centre - size / 2, size, name, colour.name()))

    def header(self, *, reserve: float = 24.0, height: float = m.HEADER) -> None:
        """Icon tile and title; `reserve` keeps room for the status glyph."""
        content, centre = self.content, height / 2
        tint = QColor(self.theme.family(content.family))
        tint.setAlphaF(0.20 if self.theme.is_dark else 0.14)
        self.result.rectangles.append(
            (QRectF(m.PAD, centre - m.TILE / 2, m.TILE, m.TILE), self.theme.radius("tile"), tint, None)
        )
        glyph = m.PAD + (m.TILE - m.GLYPH) / 2
        colour = self.theme.on_family(content.family)
        self.result.tile_icon = (glyph, centre - m.GLYPH / 2, m.GLYPH, content.icon, colour.name())
        left = m.PAD + m.TILE + 10.0
        room = self.width - left - m.PAD - reserve
        title = elided(content.title, font_metrics("title"), room)
        self._place(self.result.title, title, left, centre, "title", self.theme.color("text"), None)

    def body(self) -> None:
        """Every row of the body."""
        for index, row in enumerate(self.content.rows):
            self.row(row, self.content.row_top(index))

    def row(self, row: Row, top: float, left: float = m.PAD, right: float | None = None) -> None:
        """One row: its label at the right end, its parts from the left, shortened to fit."""
        end = self.width - m.PAD if right is None else right
        centre = top + row.height / 2
        if row.label:
            metrics = font_metrics("tiny")
            label = elided(row.label, metrics, 72.0)
            wide = metrics.horizontalAdvance(label)
            self.text(label, end - wide, centre, "tiny", "bad" if row.tone == "fail" else "faint")
            end -= wide + m.PART_GAP
        parts = [part for part in row.parts if part.text]
        widths = _shared([natural_width(part) for part in parts], end - left)
        x = left
        for part, wide in zip(parts, widths, strict=False):
            x += self.part(part, x, centre, wide, row) + m.PART_GAP

    def part(self, part: Part, x: float, centre: float, width: float, row: Row) -> float:
        """Draws a part into at most `width` and answers what it took."""
        if part.kind in ("chip", "var"):
            return self._chip(part, x, centre, width)
        start = x
        tone = "bad" if row.tone == "fail" and part.kind == "text" else part.tone
        if part.icon:
            self.icon(part.icon, x, centre, _ICON, self.theme.color(tone))
            x += _ICON + _ICON_GAP
            width -= _ICON + _ICON_GAP
        role, weight = _face(part)
        cut = elided(part.text, font_metrics(role, weight), width + 0.5, middle=part.middle)
        self.text(cut, x, centre, role, tone, weight)
        return x - start + font_metrics(role, weight).horizontalAdvance(cut)

    def _chip(self, part: Part, x: float, centre: float, width: float) -> float:
        inner = x + m.CHIP_PAD
        free = width - 2 * m.CHIP_PAD
        if part.icon:
            colour = self.theme.on_family(part.family) if part.family else self.theme.color(_tone(part))
            self.icon(part.icon, inner, centre, _ICON, colour)
            inner += _ICON + _ICON_GAP
            free -= _ICON + _ICON_GAP
        metrics = font_metrics("small")
        name_width = metrics.horizontalAdvance(part.text)
        if part.prefix:
            slash = metrics.horizontalAdvance(" / ")
            left_over = free - min(name_width, free * 0.62) - slash
            if left_over >= 20.0:
                prefix = elided(part.prefix, metrics, left_over + 0.5)
                self.text(prefix, inner, centre, tone="bad" if part.tone == "bad" else "muted")
                used = metrics.horizontalAdvance(prefix)
                self.text(" / ", inner + used, centre, tone="faint")
                inner += used + slash
                free -= used + slash
        shown = elided(part.text, metrics, free + 0.5, middle=part.middle or part.kind == "var")
        self.text(shown, inner, centre, tone=_tone(part))
        taken = min(width, inner + metrics.horizontalAdvance(shown) + m.CHIP_PAD - x)
        fill = self.theme.mix(part.tone, 0.16) if part.tone in ("bad", "warn") else self.theme.color("chip")
        rect = QRectF(x, centre - m.CHIP / 2, taken, m.CHIP)
        self.result.rectangles.append((rect, self.theme.radius("chip"), fill, None))
        return taken


def _tone(part: Part) -> str:
    return "text" if part.kind == "var" and part.tone == "muted" else part.tone


def _face(part: Part) -> tuple[FontRole, int | None]:
    if part.kind == "code":
        return "code", None
    if part.kind == "keyword":
        return "tiny", 600
    return "small", None


def natural_width(part: Part) -> float:
    """How wide a part is when nothing is shortened."""
    role, weight = _face(part)
    width = font_metrics(role, weight).horizontalAdvance(part.text)
    if part.icon:
        width += _ICON + _ICON_GAP
    if part.kind in ("chip", "var"):
        width += 2 * m.CHIP_PAD
        if part.prefix:
            width += font_metrics("small").horizontalAdvance(f"{part.prefix} / ")
    return width


def _shared(wanted: list[float], room: float) -> list[float]:
    """Widths that fit into `room` with gaps: the widest give way first; parts that would become unreadable are left
    out."""
    count = len(wanted)
    while count > 1 and (room - (count - 1) * m.PART_GAP) / count < _LEAST:
        count -= 1
    widths = list(wanted[:count])
    free = room - max(0, count - 1) * m.PART_GAP
    if sum(widths) <= free:
        return widths
    # Fill like water: narrow parts keep their width, the others share what is left.
    fair = free / count if count else free
    for position, narrow in enumerate(sorted(widths)):
        fair = free / (count - position)
        if narrow > fair:
            break
        free -= narrow
    return [min(width, fair) for width in widths]


def make_drawing(content: CardContent) -> Drawing:
    """The drawing of a card."""
    maker = DrawingMaker(content)
    maker.header()
    maker.body()
    return maker.result


def make_room_drawing(content: CardContent, width: float) -> Drawing:
    """The drawing of a container's header strip: tile, title, then its chips where there is room."""
    maker = DrawingMaker(content, width)
    reserve = 24.0
    for row in content.rows[:1]:
        wanted = sum(natural_width(part) for part in row.parts) + m.PART_GAP * len(row.parts)
        room = width * 0.5
        if room > 96.0:
            taken = min(wanted, room)
            right = width - m.PAD - 28.0
            maker.row(
                Row(row.parts, row.height),
                (m.ROOM_HEADER - row.height) / 2,
                left=right - taken + m.PART_GAP,
                right=right,
            )
            reserve += taken + m.PAD
    maker.header(reserve=reserve, height=m.ROOM_HEADER)
    return maker.result


def paint_texts(painter: QPainter, texts: list[Text]) -> None:
    """Draws shaped texts."""
    font: QFont | None = None
    colour: QColor | None = None
    for place, text, text_font, text_colour in texts:
        if text_font is not font:
            painter.setFont(text_font)
            font = text_font
        if text_colour is not colour:
            painter.setPen(text_colour)
            colour = text_colour
        painter.drawStaticText(place, text)


def paint_icons(painter: QPainter, drawn: list[Icon], scale: float, left: float, top: float) -> None:
    """Draws icons on whole device pixels, rendered for the scale at hand so that they are never blurred.

    The painter must be in device space; `left` and `top` are the card's corner there.
    """
    for x, y, size, name, colour in drawn:
        side = max(1, round(size * scale))
        picture = icons.image(name, colour, side, 1.0)
        painter.drawImage(QPointF(pixel_of(left + x * scale), pixel_of(top + y * scale)), picture)


def paint_rectangles(painter: QPainter, rectangles: list[Rectangle]) -> None:
    """Draws rounded rectangles."""
    for rect, radius, fill, stroke in rectangles:
        if fill is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(fill)
        if stroke is None:
            painter.setPen(Qt.PenStyle.NoPen)
        else:
            painter.setPen(QPen(stroke, 1.0))
        painter.drawRoundedRect(rect, radius, radius)
