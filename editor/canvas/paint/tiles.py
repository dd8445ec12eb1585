"""Cards seen from afar: an icon with a title in a size that does not shrink, then the title on the family's tint where
it fits and the icon where it does not, then coloured shapes. All cards of a picture have the same look, whatever their
titles; the state of a run stays visible at every size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import floor

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from editor import icons
from editor.canvas import metrics as m
from editor.canvas.content import CardContent
from editor.canvas.paint.context import Canvas, pixel_of
from editor.canvas.paint.reading import constant_lines, line_height, paint_lines
from editor.canvas.runview import ICONS, TAKEN, TONES
from editor.canvas.scene import Item
from editor.theme import theme

_ROUNDED = 600
"""So many shapes are drawn with round corners; more are plain rectangles."""
_BESIDE, _ABOVE, _ALONE = 16.0, 20.0, 18.0
_LEAST_GLYPH = 9.0
_CARD_LOOK = 72.0
"""As wide as this a card has room for an icon and a word; narrower ones become tiles of their family's tint."""
_TITLE_LOOK = 44.0
"""Narrower tiles show their icon."""
_LEAST_LINE = 12.0


def status_of(canvas: Canvas, item: Item) -> tuple[str, str]:
    """Icon and tone of a card's state: of the run, else a mark of what is on it, else empty."""
    run = canvas.view.runs.get(item.id)
    if run is not None and run.status in ICONS:
        if run.taken:
            return TAKEN[run.taken][0], "good" if run.status == "succeeded" else TONES[run.status]
        return ICONS[run.status], TONES[run.status]
    mark = canvas.view.marks.get(item.id)
    if mark is not None and mark.pinned:
        return "pin", "muted"
    if item.content.disabled:
        return "bypass", "muted"
    if mark is not None and mark.kept:
        return "database", "faint"
    return "", ""


def paint_tile(canvas: Canvas, content: CardContent, left: float, top: float, side: float, *, glyph: bool) -> None:
    """The family's tile with the node's icon on it; `side` in device pixels."""
    picture = icons.tile_image(content.icon if glyph else "", content.family, max(2, round(side)))
    canvas.painter.drawImage(QPointF(pixel_of(left), pixel_of(top)), picture)


def paint_tile_card(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """What stands in a card between 15 and 50 %: icon and title beside or above each other, or the icon alone."""
    # Rounded to where it stands, a card is a pixel larger or smaller: what it shows must not depend on that.
    size = (floor(item.box.width * canvas.zoom + 1e-6), floor(item.box.height * canvas.zoom + 1e-6))
    picture = _face(item.content.title, item.content.icon, item.content.family, rect, canvas.pixel, size)
    canvas.painter.drawPixmap(rect.topLeft(), picture)
    name, tone = status_of(canvas, item)
    if name:
        room = min(rect.width(), rect.height()) / canvas.pixel
        side = (16.0 if room >= 30 else 13.0) * canvas.pixel
        disc = _state_disc(name, tone, round(side), theme().name)
        place = QPointF(pixel_of(rect.right() - side * 0.7), pixel_of(rect.bottom() - side * 0.7))
        canvas.painter.drawImage(place, disc)


def _face(title: str, icon: str, family: str, rect: QRectF, pixel: float, room: tuple[int, int]) -> QPixmap:
    current = theme()
    size = (round(rect.width()), round(rect.height()))
    return _kept_face(title, icon, family, size, pixel, room, (current.name, current.text_scale))


@lru_cache(maxsize=512)
def _kept_face(
    title: str,
    icon: str,
    family: str,
    size: tuple[int, int],
    pixel: float,
    room: tuple[int, int],
    key: tuple[str, float],
) -> QPixmap:
    """The face of a card of this size, kept: while a workflow runs, the same cards are painted again and again."""
    del key  # theme and text scale, so that another theme makes it anew
    picture = QPixmap(*size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    paint_face(painter, title, icon, family, QRectF(0, 0, *size), pixel, room)
    painter.end()
    return picture


def paint_face(
    painter: QPainter,
    title: str,
    icon: str,
    family: str,
    rect: QRectF,
    pixel: float,
    room: tuple[int, int] | None = None,
) -> None:
    """What stands on a card of this size; `pixel` is one logical pixel in those of the painter, `room` width and height
    in logical pixels by which the look is chosen, that of `rect` unless told otherwise."""
    width, height = room or (int(rect.width() / pixel), int(rect.height() / pixel))
    face = Face(painter, title, icon, family, rect, pixel, width, height)
    if face.width >= _CARD_LOOK:
        _ = face.above() or face.beside() or face.alone()
    else:
        face.tint()
        _ = face.words() or face.glyph()


@lru_cache(maxsize=128)
def _state_disc(name: str, tone: str, side: int, theme_name: str) -> QImage:
    """The state as a small disc with its glyph; `theme_name` tells discs of different themes apart."""
    del theme_name
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color("surface"))
    painter.drawEllipse(0, 0, side, side)
    painter.drawImage(0, 0, icons.image(name, theme().color(tone).name(), side, 1.0))
    painter.end()
    return picture


@dataclass(frozen=True)
class Face:
    """What a card shows from afar, in one of three arrangements; each answers whether it has room."""

    painter: QPainter
    title: str
    icon: str
    family: str
    rect: QRectF
    pixel: float
    width: int
    height: int

    def _tile(self, left: float, top: float, side: float) -> None:
        picture = icons.tile_image(self.icon, self.family, max(2, round(side * self.pixel)))
        self.painter.drawImage(QPointF(pixel_of(left), pixel_of(top)), picture)

    def above(self) -> bool:
        """Icon over a centred title, in cards that are about as high as they are wide."""
        large = self.width >= 84 and self.height >= 72
        grow = 13 / 11 if large else 1.0
        step, pixel, rect = line_height(grow), self.pixel, self.rect
        icon = _ABOVE + (4 if large else 0)
        room = int((self.height - icon - 4 - 10) // step)
        if self.height < 0.8 * self.width or room < 1:
            return False
        lines = constant_lines(self.title, self.width - 12, min(room, 3), grow=grow)
        if not lines or (room < 2 and lines[0][0] != self.title):
            return False
        block = icon + 4 + step * len(lines)
        top = rect.top() + (rect.height() - block * pixel) / 2
        self._tile(rect.center().x() - icon * pixel / 2, top, icon)
        paint_lines(self.painter, lines, rect.left(), top + (icon + 4) * pixel, pixel, width=rect.width(), grow=grow)
        return True

    def beside(self) -> bool:
        """Icon, then the title in one or two lines."""
        pixel, rect = self.pixel, self.rect
        side = min(_BESIDE + (4 if self.height >= 30 and self.width >= 96 else 0), self.height - 2)
        if side < 10:
            return False
        lines = constant_lines(self.title, self.width - side - 11, self._room(2))
        if not lines:
            return False
        left = rect.left() + 4 * pixel
        self._tile(left, rect.center().y() - side * pixel / 2, side)
        top = rect.center().y() - line_height() * len(lines) * pixel / 2
        paint_lines(self.painter, lines, left + (side + 5) * pixel, top, pixel)
        return True

    def alone(self) -> bool:
        """The icon at its place, where there is no room for a title."""
        side = min(_BESIDE, self.height - 2)
        if side >= _LEAST_GLYPH:
            self._tile(self.rect.left() + 4 * self.pixel, self.rect.center().y() - side * self.pixel / 2, side)
        return True

    def tint(self) -> None:
        """The whole card becomes the tile."""
        current, rect = theme(), self.rect
        tint = QColor(current.family(self.family))
        tint.setAlphaF(0.24 if current.is_dark else 0.18)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(tint)
        radius = current.radius("card") * rect.width() / m.CARD_WIDTH
        self.painter.drawRoundedRect(rect, radius, radius)

    def words(self) -> bool:
        """As much of the title as fits on the whole tile."""
        pixel, rect = self.pixel, self.rect
        if self.width < _TITLE_LOOK:
            return False
        lines = constant_lines(self.title, self.width - 8, self._room(3))
        if not lines:
            return False
        top = rect.center().y() - line_height() * len(lines) * pixel / 2
        paint_lines(self.painter, lines, rect.left(), top, pixel, width=rect.width())
        return True

    def glyph(self) -> bool:
        """The icon in the middle of the tile."""
        side = min(_ALONE, self.width - 4, self.height - 4) * self.pixel
        if side >= _LEAST_GLYPH * self.pixel:
            picture = icons.image(self.icon, theme().on_family(self.family).name(), round(side), 1.0)
            centre = self.rect.center()
            place = QPointF(pixel_of(centre.x() - side / 2), pixel_of(centre.y() - side / 2))
            self.painter.drawImage(place, picture)
        return True

    def _room(self, most: int) -> int:
        """How many lines fit. One fits wherever its letters do: what is above and below them may be missing."""
        return max(min(int((self.height - 2) // line_height()), most), int(self.height >= _LEAST_LINE))


def paint_shapes(canvas: Canvas, items: Iterable[Item]) -> None:
    """Very small cards, by the thousand: shapes by family colour, the run's colour over their lower half."""
    painter, current, view = canvas.painter, theme(), canvas.view
    shown = [item for item in items if item.id not in view.hidden]
    few = len(shown) <= _ROUNDED
    groups: dict[str, list[QRectF]] = {}
    states: dict[str, list[QRectF]] = {}
    selected: list[QRectF] = []
    failed: list[QRectF] = []
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
            lower = QRectF(rect.left(), rect.bottom() - half, rect.width(), half)
            states.setdefault(TONES[run.status], []).append(lower)
            if run.status == "failed" and few:
                failed.append(rect)
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
    _paint_crosses(canvas, failed)
    if selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(current.color("accent"), max(1.0, canvas.pixel)))
        painter.drawRects(selected)
    painter.setRenderHint(painter.RenderHint.Antialiasing, True)


def _paint_crosses(canvas: Canvas, rects: Iterable[QRectF]) -> None:
    """A cross over each failed shape, for eyes that do not tell red from green."""
    painter, half = canvas.painter, 3.0 * canvas.pixel
    lines = [
        QLineF(rect.center() - QPointF(half, rise), rect.center() + QPointF(half, rise))
        for rect in rects
        for rise in (half, -half)
    ]
    if not lines:
        return
    for colour, width in (("canvas", 3.5), ("text", 1.5)):
        pen = QPen(theme().color(colour), width * canvas.pixel)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLines(lines)
