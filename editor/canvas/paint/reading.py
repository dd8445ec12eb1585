"""How large things are drawn so that they can be read: text on cards never falls below a size on the screen.

A card shrinks with the zoom, its text does not beyond a point: it takes more of the card instead, and what has no room
is left out. Layouts are made for steps of the zoom, so that turning the wheel does not shape every text anew.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText, QTransform

from editor.theme import FontRole, theme

STEPS: Final = (1.0, 0.92, 0.84, 0.77, 0.71, 0.65, 0.6, 0.55, 0.5)
LEAST_TEXT: Final = 11.0
LEAST_TITLE: Final = 12.0
LEAST_GLYPH: Final = 0.62
"""Glyphs shrink to this part of their size, then stay."""
LEAST_STATUS: Final = 0.75


def reading_step(zoom: float) -> float:
    """The step that a zoom belongs to: the largest that is not above it."""
    return next((step for step in STEPS if step <= zoom + 1e-6), STEPS[-1])


def enlarged(role: FontRole, step: float) -> float:
    """By how much a font grows in a card's own units so that it stays readable at a step of the zoom."""
    least = LEAST_TITLE if role == "title" else LEAST_TEXT
    return max(1.0, least / (theme().pixels(role) * step))


def glyph_size(size: float, step: float, least: float = LEAST_GLYPH) -> float:
    """The side of a glyph or tile in a card's own units at a step of the zoom; `least` is the part that stays."""
    return max(size, size * least / step)


def status_size(size: float, step: float) -> float:
    """The side of a status glyph, which must be seen from farther than others."""
    return glyph_size(size, step, LEAST_STATUS)


@lru_cache(maxsize=256)
def metrics_of(role: FontRole, weight: int | None, scale: float, grow: float) -> QFontMetricsF:
    """Font metrics of a role; `scale` is the theme's text scale and only part of the key."""
    del scale
    return QFontMetricsF(theme().font(role, weight, grow))


def font_metrics(role: FontRole, weight: int | None = None, grow: float = 1.0) -> QFontMetricsF:
    """Metrics of a theme font, kept; `grow` enlarges it."""
    return metrics_of(role, weight, theme().text_scale, grow)


def elided(text: str, metrics: QFontMetricsF, width: float, *, middle: bool = False) -> str:
    """`text` cut to `width` with an ellipsis, at the end or in the middle."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    return metrics.elidedText(text, mode, width)


Lines = tuple[tuple[str, float], ...]
"""Lines of text with their widths."""

_SHAPED: dict[tuple[str, int], tuple[QFont, QStaticText]] = {}
_MOST_SHAPED: Final = 4096


_PIECES = re.compile(r"\s+|[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+")
_INNER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[_@/.:|+=-])(?=[^\s_@/.:|+=-])")
"""Where a long name may be broken: before a capital, after a sign that joins words."""


def _pieces(text: str) -> list[str]:
    """What a line may end after: words, parts of joined names, single signs of scripts without spaces."""
    return [part for piece in _PIECES.findall(text) for part in _INNER.split(piece)]


@lru_cache(maxsize=4096)
def _broken(text: str, width: int, most: int, grow: float, weight: int, key: tuple[str, float]) -> Lines:
    del key  # theme and text scale, so that another theme makes it anew
    metrics = font_metrics("tiny", weight, grow)
    found: list[str] = []
    pieces = _pieces(text)
    line = ""
    for position, piece in enumerate(pieces):
        if metrics.horizontalAdvance((line + piece).rstrip()) <= width:
            line = line + piece if line else piece.lstrip()
            continue
        if len(found) == most - 1:
            found.append(elided(line + "".join(pieces[position:]), metrics, width))
            line = ""
            break
        if line.strip():
            found.append(line.rstrip())
        line = piece.lstrip()
        if metrics.horizontalAdvance(line) > width:
            if len(found) == most - 1:
                found.append(elided("".join(pieces[position:]).lstrip(), metrics, width))
                line = ""
                break
            found.append(elided(line, metrics, width))
            line = ""
    if line.strip():
        found.append(line.rstrip())
    if found and len(found[0]) < min(3, len(text)):
        return ()
    return tuple((shown, metrics.horizontalAdvance(shown)) for shown in found)


def constant_lines(text: str, width: float, most: int, *, grow: float = 1.0, weight: int = 600) -> Lines:
    """`text` broken into at most so many lines of `width` logical pixels; none if fewer than three letters would show.

    The last line tells by an ellipsis when there is more.
    """
    current = theme()
    if most < 1 or width < 8:
        return ()
    return _broken(" ".join(text.split()), int(width), most, grow, weight, (current.name, current.text_scale))


def _shaped_line(text: str, font: QFont) -> QStaticText:
    """A line shaped once: the same few hundred titles are painted many times a second while a workflow runs."""
    # Theme fonts are shared objects, so their identity tells role, weight and size.
    key = (text, id(font))
    kept = _SHAPED.get(key)
    if kept is not None and kept[0] is font:
        return kept[1]
    if len(_SHAPED) >= _MOST_SHAPED:
        _SHAPED.clear()
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    made.prepare(QTransform(), font)
    _SHAPED[key] = (font, made)
    return made


def line_height(grow: float = 1.0) -> float:
    """The distance of such lines in logical pixels."""
    return round(theme().pixels("tiny") * grow * 1.25)


def paint_lines(
    painter: QPainter,
    lines: Lines,
    left: float,
    top: float,
    pixel: float,
    *,
    width: float = 0.0,
    grow: float = 1.0,
    weight: int = 600,
    tone: str = "text",
) -> None:
    """Draws broken text in device space, in a size that no zoom shrinks; centred when `width` is given."""
    current, step = theme(), line_height(grow)
    font = current.font("tiny", weight, grow * pixel)
    rise = (step - font_metrics("tiny", weight, grow).height()) / 2
    painter.setFont(font)
    painter.setPen(current.color(tone))
    for position, (text, wide) in enumerate(lines):
        x = left + max(0.0, (width - wide * pixel) / 2) if width else left
        painter.drawStaticText(QPointF(x, top + (position * step + rise) * pixel), _shaped_line(text, font))
