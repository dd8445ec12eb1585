"""Our icon set as pixmaps and QIcons: SVG line drawings on a 24 grid, tinted with theme tokens, kept once made.

Strokes are 1.5 px in the drawings; small sizes get a slightly heavier line so that they read as well as large ones.
"""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from editor.theme import theme, theme_signal
from resources import folder

UNKNOWN = "unknown"


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    path = folder("icons", f"{name}.svg")
    if not path.is_file():
        path = folder("icons", f"{UNKNOWN}.svg")
    return path.read_text(encoding="utf-8")


def has_icon(name: str) -> bool:
    """Whether the set holds a drawing of this name."""
    return folder("icons", f"{name}.svg").is_file()


def _stroke(size: float) -> float:
    """Stroke width in grid units that looks even across sizes: about 1.3 px at 16, 1.5 at 20 and above."""
    return min(2.25, max(1.5, 1.5 * 21 / max(size, 1.0)))


@lru_cache(maxsize=2048)
def image(name: str, colour: str, size: int, ratio: float = 1.0) -> QImage:
    """The icon `name` in `colour` (`#rrggbb`), `size` logical pixels square, at a device pixel ratio."""
    text = (
        _source(name)
        .replace("currentColor", colour)
        .replace('stroke-width="1.5"', f'stroke-width="{_stroke(size):.2f}"')
    )
    renderer = QSvgRenderer(QByteArray(text.encode()))
    side = max(1, round(size * ratio))
    result = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


def pixmap(name: str, color_token: str | QColor = "text", size: int = 16, ratio: float | None = None) -> QPixmap:  # noqa: S107
    """The icon as a pixmap in a theme colour (a token, or a colour of the caller's) for the given pixel ratio."""
    colour = color_token if isinstance(color_token, QColor) else theme().color(color_token)
    return _pixmap(name, colour.name(), size, _ratio() if ratio is None else ratio)


def _ratio() -> float:
    """Device pixels a logical one, of the sharpest screen."""
    app = QGuiApplication.instance()
    return app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0


@lru_cache(maxsize=2048)
def _pixmap(name: str, colour: str, size: int, ratio: float, width: int = 0) -> QPixmap:
    """The icon, `size` logical pixels high, in the middle of `width` (as wide as it is high for 0)."""
    if width <= size:
        return QPixmap.fromImage(image(name, colour, size, ratio))
    result = QPixmap(round(width * ratio), round(size * ratio))
    result.setDevicePixelRatio(ratio)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.drawImage(QPointF(round((width - size) / 2 * ratio) / ratio, 0), image(name, colour, size, ratio))
    painter.end()
    return result


def tile_image(name: str, family: str, side: int) -> QImage:
    """The tinted tile of a node family, `side` device pixels square, with an icon in the family's colour on it (none
    for an empty name)."""
    # Widgets ask for it in the midst of a change of the theme, before what is kept is forgotten.
    return _tile_image(name, family, side, theme().is_dark)


@lru_cache(maxsize=512)
def _tile_image(name: str, family: str, side: int, dark: bool) -> QImage:
    del dark  # tells the pictures of the two themes apart
    current = theme()
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    tint = QColor(current.family(family))
    tint.setAlphaF(0.24 if current.is_dark else 0.18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    radius = side * 8 / 28
    painter.drawRoundedRect(QRectF(0, 0, side, side), radius, radius)
    if name:
        size = max(1, round(side * 16 / 28))
        drawn = image(name, current.on_family(family).name(), size, 1.0)
        painter.drawImage(QPointF((side - size) // 2, (side - size) // 2), drawn)
    painter.end()
    return picture


def tile(name: str, family: str, side: int = 28, ratio: float | None = None) -> QPixmap:
    """The tile as a pixmap of `side` logical pixels, for panels and lists."""
    ratio = _ratio() if ratio is None else ratio
    picture = QPixmap.fromImage(tile_image(name, family, round(side * ratio)))
    picture.setDevicePixelRatio(ratio)
    return picture


class _ThemedEngine(QIconEngine):
    """Draws the icon in the colour that its token has now, so that icons follow a theme switch by themselves."""

    def __init__(self, name: str, token: str, active: str) -> None:
        super().__init__()
        self._name, self._token, self._active = name, token, active

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> QColor:
        if mode == QIcon.Mode.Disabled:
            return theme().color("disabled")
        if state == QIcon.State.On and self._token in ("text", "muted"):
            return theme().color("accent")
        return theme().color(self._active if mode == QIcon.Mode.Active else self._token)

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        target = QRectF(rect)  # type: ignore[call-overload]
        side = round(min(target.width(), target.height()))
        device = painter.device()
        ratio = device.devicePixelRatio()
        spot = QRectF(0, 0, side, side)
        spot.moveCenter(target.center())
        drawn = image(self._name, self._colour(mode, state).name(), side, ratio)
        painter.drawImage(spot, drawn)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # The size is in logical pixels. Buttons ask for more width than height: Qt puts the words four pixels beside
        # the picture, which is too near, so the room is part of the picture.
        side = max(1, min(size.width(), size.height()))
        return _pixmap(self._name, self._colour(mode, state).name(), side, scale, size.width())

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._token, self._active)


class _TileEngine(QIconEngine):
    """Draws the tile of a node family in the theme that is in force when it is drawn."""

    def __init__(self, name: str, family: str) -> None:
        super().__init__()
        self._name, self._family = name, family

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        target = QRectF(rect)  # type: ignore[call-overload]
        side = min(target.width(), target.height())
        spot = QRectF(0, 0, side, side)
        spot.moveCenter(target.center())
        ratio = painter.device().devicePixelRatio()
        painter.drawImage(spot, tile_image(self._name, self._family, round(side * ratio)))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        return tile(self._name, self._family, max(1, min(size.width(), size.height())), scale)

    def clone(self) -> QIconEngine:
        return _TileEngine(self._name, self._family)


# To Qt for Python an engine is the child of the one Python object of a QIcon that it was given to. When that object
# goes in a reference cycle, the cycle collector takes the engine with it, although the copies of the icon in buttons
# and lists go on using it: the program ends when they do. So each icon is made once and kept for good.


@cache
def tile_icon(name: str, family: str) -> QIcon:
    """The tile of a node family as a QIcon that follows the theme. It is shared: nobody may add pictures to it."""
    return QIcon(_TileEngine(name, family))


def icon(name: str, color_token: str = "text", size: int = 16, active_token: str | None = None) -> QIcon:  # noqa: S107
    """A QIcon of our set that follows the theme: `color_token` at rest, `active_token` under the pointer.

    Disabled icons are faint. `size` is the size that callers without an icon size of their own get. The icon is shared:
    nobody may add pictures to it.
    """
    del size  # every size is drawn on demand; kept for callers that name the size they will show
    return _icon(name, color_token, active_token or color_token)


@cache
def _icon(name: str, token: str, active: str) -> QIcon:
    return QIcon(_ThemedEngine(name, token, active))


@cache
def blank_icon() -> QIcon:
    """Takes the room of an icon and shows nothing."""
    nothing = QPixmap(16, 16)
    nothing.fill(Qt.GlobalColor.transparent)
    return QIcon(nothing)


def _forget() -> None:
    image.cache_clear()
    _pixmap.cache_clear()
    _tile_image.cache_clear()


theme_signal().changed.connect(_forget)
