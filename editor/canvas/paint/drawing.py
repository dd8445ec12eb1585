"""A card laid out once and drawn many times: rectangles, icons and shaped texts in the card's own coordinates.

Shaping text is the dear part of painting; it happens here, when a card first comes into view, not in every frame. A
layout is made for a step of the zoom, so that text is never smaller on the screen than people can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QStaticText, QTransform

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.content import CardContent, Part, Row
from editor.canvas.paint.context import pixel_of
from editor.canvas.paint.reading import elided, enlarged, font_metrics, glyph_size, reading_step, status_size
from editor.theme import FontRole, Theme, theme

Rectangle = tuple[QRectF, float, QColor | None, QColor | None]
Icon = tuple[float, float, float, str, str]
Text = tuple[QPointF, QStaticText, QFont, QColor]

_ICON = 12.0
_ICON_GAP = 4.0
_LEAST = 26.0
_TITLE_SHARE = 0.5
"""So much of the header's room is the title's."""
_SQUEEZE = 1.12
"""So much more than there is rows may want; then they move together."""


@dataclass(slots=True)
class Drawing:
    """What to draw, back to front: rectangles, icons, texts. Theme, text scale and step tell when it is out of date.

    `title` has the header to itself, `short_title` leaves room for the status glyph.
    """

    theme_name: str
    text_scale: float
    step: float = 1.0
    title: list[Text] = field(default_factory=list)
    short_title: list[Text] = field(default_factory=list)
    tile_icon: Icon | None = None
    rectangles: list[Rectangle] = field(default_factory=list)
    icons: list[Icon] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def fits(self, current: Theme, zoom: float) -> bool:
        """Whether the drawing was made for this theme and is right at this zoom."""
        return (
            self.theme_name == current.name
            and self.text_scale == current.text_scale
            and self.step == reading_step(zoom)
        )


def shaped(text: str, font: QFont) -> QStaticText:
    """One line of plain text, shaped and ready to draw."""
    result = QStaticText(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    result.prepare(QTransform(), font)
    return result


TONE = 0.10
"""How strong the ground of a chip with a warning is; its words must stay readable on it."""


class DrawingMaker:
    """Lays one card out for a step of the zoom. A fresh maker per card; `result` is the drawing."""

    def __init__(self, content: CardContent, width: float = m.CARD_WIDTH, zoom: float = 1.0) -> None:
        self.theme = theme()
        self.content = content
        self.width = width
        self.step = reading_step(zoom)
        self.chip = max(m.CHIP, 15.0 * self._grow("small"))
        self.result = Drawing(self.theme.name, self.theme.text_scale, self.step)

    # -- pieces -----------------------------------------------------------------------------------------------

    def _grow(self, role: FontRole) -> float:
        return enlarged(role, self.step)

    def _metrics(self, role: FontRole, weight: int | None = None) -> QFontMetricsF:
        return font_metrics(role, weight, self._grow(role))

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
        font = self.theme.font(role, weight, self._grow(role))
        ready = shaped(text, font)
        into.append((QPointF(x, centre - ready.size().height() / 2), ready, font, colour))

    def icon(self, name: str, x: float, centre: float, size: float, colour: QColor) -> None:
        self.result.icons.append((x, centre - size / 2, size, name, colour.name()))

    def header(self, *, reserve: float = 0.0, height: float = m.HEADER) -> None:
        """Icon tile and title; `reserve` is taken at the right end."""
        content, centre = self.content, height / 2
        side = min(glyph_size(m.TILE, self.step), height - 2 * m.RING)
        tint = QColor(self.theme.family(content.family))
        tint.setAlphaF(0.20 if self.theme.is_dark else 0.14)
        self.result.rectangles.append(
            (QRectF(m.PAD, centre - side / 2, side, side), self.theme.radius("tile") * side / m.TILE, tint, None)
        )
        size = side * m.GLYPH / m.TILE
        colour = self.theme.on_family(content.family)
        self.result.tile_icon = (m.PAD + (side - size) / 2, centre - size / 2, size, content.icon, colour.name())
        left = m.PAD + side + 10.0
        room = self.width - left - m.PAD - reserve
        badge = self._badge(room, centre)
        for into, taken in (
            (self.result.title, badge),
            (self.result.short_title, status_size(m.GLYPH, self.step) + m.PART_GAP),
        ):
            title = elided(content.title, self._metrics("title"), room - taken)
            self._place(into, title, left, centre, "title", self.theme.color("text"), None)

    def _badge(self, room: float, centre: float) -> float:
        """The word at the right end of the header, unless it would leave the title next to nothing; what it takes. A
        status comes in its place."""
        words = self.content.badge
        width = self._metrics("small").horizontalAdvance(words) if words else 0.0
        if not words or room - width - m.PART_GAP < room * _TITLE_SHARE:
            return 0.0
        self._place(
            self.result.title, words, self.width - m.PAD - width, centre, "small", self.theme.color("muted"), None
        )
        return width + m.PART_GAP

    def body(self) -> None:
        """The rows of the body. Where enlarged text needs more height than the rows have, those that matter least to
        the edges give way: rows with sockets stay at their sockets, the others use what is left between them."""
        rows, content = self.content.rows, self.content
        tops = [content.row_top(index) for index in range(len(rows))]
        if self._grow("small") == 1.0:
            for row, top in zip(rows, tops, strict=True):
                self.row(row, top)
            return
        y = tops[0] - min(6.0, (self._grow("small") - 1.0) * 8.0) if rows else 0.0
        free: list[Row] = []
        above: tuple[Row, float] | None = None
        for row, top in zip(rows, tops, strict=True):
            if row.handle is None:
                free.append(row)
                continue
            need = self._need(row)
            self._spread(free, y, top + row.height / 2 - need / 2, above)
            self.row(row, top)
            free, y, above = [], top + row.height / 2 + need / 2, (row, top + row.height / 2)
        self._spread(free, y, content.height - 4.0, above)

    def _spread(self, rows: list[Row], y: float, end: float, above: tuple[Row, float] | None) -> None:
        """Rows without sockets below each other between two heights: a little closer than they would like to be, or
        without the last ones. Where there is room for none of them the first stands beside the word of a branch
        above it (a row and its middle)."""
        needs = [self._need(row) + row.space for row in rows]
        while needs and sum(needs) > (end - y) * _SQUEEZE:
            needs.pop()
        if rows and not needs and above is not None and [p.kind for p in above[0].parts] == ["keyword"]:
            left = m.PAD + self.natural(above[0].parts[0]) + m.PART_GAP
            self.row(rows[0], above[1] - rows[0].height / 2, left)
            return
        share = min(1.0, (end - y) / sum(needs)) if needs else 1.0
        for row, need in zip(rows, needs, strict=False):
            y += need * share
            self.row(row, y - (need - row.space) * share / 2 - row.height / 2)

    def _need(self, row: Row) -> float:
        """The height that a row needs at the step of the zoom at hand."""
        chips = any(part.kind in ("chip", "var") for part in row.parts)
        line = self._metrics("small").height() * 0.93
        return max(row.height, self.chip + 2.0 if chips else line)

    def row(self, row: Row, top: float, left: float = m.PAD, right: float | None = None) -> None:
        """One row: its label at the right end, its parts from the left, shortened to fit."""
        end = self.width - m.PAD if right is None else right
        centre = top + row.height / 2
        if row.label:
            metrics = self._metrics("tiny")
            label = elided(row.label, metrics, 72.0 * self._grow("tiny"))
            wide = metrics.horizontalAdvance(label)
            self.text(label, end - wide, centre, "tiny", "bad" if row.tone == "fail" else "muted")
            end -= wide + m.PART_GAP
        parts = [part for part in row.parts if part.text]
        widths = self._widths(parts, end - left)
        x = left
        for part, wide in zip(parts, widths, strict=False):
            x += self.part(part, x, centre, wide, row) + m.PART_GAP

    def _widths(self, parts: list[Part], room: float) -> list[float]:
        """How wide each part may be; an operator keeps its words where the others stay readable beside it."""
        wanted, least = [self.natural(part) for part in parts], _LEAST * self._grow("small")
        kept = next((index for index, part in enumerate(parts) if part.kind == "op"), None)
        if kept is None or sum(wanted) + (len(wanted) - 1) * m.PART_GAP <= room:
            return _shared(wanted, room, least)
        others = [*wanted[:kept], *wanted[kept + 1 :]]
        left = room - wanted[kept] - m.PART_GAP
        if left < (len(others) * 1.4 * least) + (len(others) - 1) * m.PART_GAP:
            return _shared(wanted, room, least)
        widths = _shared(others, left, least)
        if len(widths) == 2:
            # What is compared says more than what it is compared with.
            name = self.natural(replace(parts[0], prefix="")) if kept == 1 else 0.0
            first = max(widths[0], min(name, left * 0.64))
            widths = [first, min(others[1], left - m.PART_GAP - first)]
        return [*widths[:kept], wanted[kept], *widths[kept:]]

    def natural(self, part: Part) -> float:
        """How wide a part is when nothing is shortened."""
        role, weight = _face(part)
        width = self._metrics(role, weight).horizontalAdvance(part.text)
        if part.icon:
            width += self._icon_width
        if part.kind in ("chip", "var"):
            width += 2 * m.CHIP_PAD
            if part.prefix:
                width += self._metrics("small").horizontalAdvance(f"{part.prefix} / ")
        return width

    @property
    def _icon_width(self) -> float:
        return glyph_size(_ICON, self.step) + _ICON_GAP

    def part(self, part: Part, x: float, centre: float, width: float, row: Row) -> float:
        """Draws a part into at most `width` and answers what it took."""
        if part.kind in ("chip", "var"):
            return self._chip(part, x, centre, width)
        start = x
        tone = "bad" if row.tone == "fail" and part.kind == "text" else part.tone
        if part.icon:
            self.icon(part.icon, x, centre, glyph_size(_ICON, self.step), self.theme.color(tone))
            x += self._icon_width
            width -= self._icon_width
        role, weight = _face(part)
        cut = elided(part.text, self._metrics(role, weight), width + 0.5, middle=part.middle)
        self.text(cut, x, centre, role, tone, weight)
        return x - start + self._metrics(role, weight).horizontalAdvance(cut)

    def _chip(self, part: Part, x: float, centre: float, width: float) -> float:
        inner = x + m.CHIP_PAD
        free = width - 2 * m.CHIP_PAD
        tight = self._metrics("small").horizontalAdvance(part.text) > free - self._icon_width
        if part.icon and not (tight and part.kind == "var" and self.step < 1.0):
            colour = self.theme.on_family(part.family) if part.family else self.theme.color(_tone(part))
            self.icon(part.icon, inner, centre, glyph_size(_ICON, self.step), colour)
            inner += self._icon_width
            free -= self._icon_width
        metrics = self._metrics("small")
        name_width = metrics.horizontalAdvance(part.text)
        if part.prefix:
            slash = metrics.horizontalAdvance(" / ")
            left_over = free - min(name_width, free * 0.62) - slash
            if left_over >= 20.0 * self._grow("small"):
                prefix = elided(part.prefix, metrics, left_over + 0.5)
                self.text(prefix, inner, centre, tone="bad" if part.tone == "bad" else "muted")
                used = metrics.horizontalAdvance(prefix)
                self.text(" / ", inner + used, centre, tone="faint")
                inner += used + slash
                free -= used + slash
        shown = elided(part.text, metrics, free + 0.5, middle=part.middle or part.kind == "var")
        self.text(shown, inner, centre, tone=_tone(part))
        taken = min(width, inner + metrics.horizontalAdvance(shown) + m.CHIP_PAD - x)
        fill = self.theme.mix(part.tone, TONE) if part.tone in ("bad", "warn") else self.theme.color("chip")
        rect = QRectF(x, centre - self.chip / 2, taken, self.chip)
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


def _shared(wanted: list[float], room: float, least: float) -> list[float]:
    """Widths that fit into `room` with gaps: the widest give way first; parts that would become unreadable (narrower
    than `least`) are left out."""
    count = len(wanted)
    while count > 1 and (room - (count - 1) * m.PART_GAP) / count < least:
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


def make_drawing(content: CardContent, zoom: float = 1.0) -> Drawing:
    """The drawing of a card for a zoom."""
    maker = DrawingMaker(content, zoom=zoom)
    maker.header()
    maker.body()
    return maker.result


def make_room_drawing(content: CardContent, width: float, zoom: float = 1.0, *, taken: float = 0.0) -> Drawing:
    """The drawing of a container's header strip: tile, title, then its chips where there is room.

    `taken` is what something else (the counter of rounds) needs at the right end; the chips then give way.
    """
    maker = DrawingMaker(content, width, zoom)
    reserve = taken
    for row in content.rows[:1] if not taken else ():
        wanted = sum(maker.natural(part) for part in row.parts) + m.PART_GAP * len(row.parts)
        room = width * 0.5
        if room > 96.0:
            share = min(wanted, room)
            right = width - m.PAD - status_size(m.GLYPH, maker.step) - m.PAD
            maker.row(
                Row(row.parts, row.height),
                (m.ROOM_HEADER - row.height) / 2,
                left=right - share + m.PART_GAP,
                right=right,
            )
            reserve = width - m.PAD - (right - share)
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
