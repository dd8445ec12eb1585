"""Charts as SVG pictures: bars, a line, a pie, with axes and labels. No drawing library, no fonts of our own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 80, 30, 64, 110
PALETTE = ("#5470c6", "#91cc75", "#fac858", "#ee6666", "#73c0de", "#3ba272", "#fc8452", "#9a60b4", "#ea7ccc")
FONT = "font-family='system-ui, -apple-system, Segoe UI, Noto Sans, Noto Sans CJK SC, sans-serif'"


def _number(value: float) -> str:
    return f"{value:.6g}"


def _text(x: float, y: float, words: str, more: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' font-size='14' {more}>{words}</text>"


def _short(text: str, most: int = 10) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _svg(title: str, parts: Sequence[str]) -> bytes:
    head = f"<text x='{WIDTH / 2:g}' y='36' font-size='22' text-anchor='middle' fill='#333'>{escape(title)}</text>"
    body = "\n".join([head if title else "", *parts])
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"{FONT}>\n<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>\n{body}\n</svg>\n"
    ).encode()


def _ticks(lowest: float, highest: float) -> list[float]:
    """Five to ten round numbers that hold all values and zero."""
    lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    if highest == lowest:
        highest = lowest + 1
    rough = (highest - lowest) / 6
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    return [n * step for n in range(first, last + 1)]


class _Axes:
    """Where values and places are on the picture."""

    def __init__(self, values: Sequence[float], labels: Sequence[str]) -> None:
        self.values, self.labels = values, labels
        self._ticks = _ticks(min(values), max(values))
        self.slot = (WIDTH - LEFT - RIGHT) / max(len(values), 1)

    def x(self, index: int) -> float:
        return LEFT + (index + 0.5) * self.slot

    def y(self, value: float) -> float:
        low, high = self._ticks[0], self._ticks[-1]
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def drawn(self) -> list[str]:
        found = []
        for tick in self._ticks:
            y = self.y(tick)
            colour = "#888" if tick == 0 else "#e4e4e4"
            found += [
                f"<line x1='{LEFT}' y1='{y:.1f}' x2='{WIDTH - RIGHT}' y2='{y:.1f}' stroke='{colour}'/>",
                _text(LEFT - 10, y + 5, _number(tick), "text-anchor='end' fill='#555'"),
            ]
        every = max(1, math.ceil(len(self.values) / 40))
        for index in range(0, len(self.values), every):
            x, y = self.x(index), HEIGHT - BOTTOM + 18
            text = escape(_short(self.labels[index])) if self.labels else str(index)
            found.append(
                f"<text x='{x:.1f}' y='{y}' font-size='14' text-anchor='end' fill='#555' "
                f"transform='rotate(-40 {x:.1f} {y})'>{text}</text>"
            )
        return found


def bar(values: Sequence[float], labels: Sequence[str] = (), title: str = "") -> bytes:
    """A bar for each value."""
    axes = _Axes(values, labels)
    parts = axes.drawn()
    zero, width = axes.y(0), axes.slot * 0.62
    for index, value in enumerate(values):
        y = axes.y(value)
        parts.append(
            f"<rect x='{axes.x(index) - width / 2:.1f}' y='{min(y, zero):.1f}' width='{width:.1f}' "
            f"height='{abs(zero - y):.1f}' fill='{PALETTE[0]}'><title>{_number(value)}</title></rect>"
        )
    return _svg(title, parts)


def line(values: Sequence[float], labels: Sequence[str] = (), title: str = "") -> bytes:
    """A line through the values."""
    axes = _Axes(values, labels)
    points = [(axes.x(i), axes.y(v)) for i, v in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [*axes.drawn(), f"<polyline points='{path}' fill='none' stroke='{PALETTE[0]}' stroke-width='2.5'/>"]
    if len(values) <= 200:
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{PALETTE[0]}'/>" for x, y in points]
    return _svg(title, parts)


def pie(values: Sequence[float], labels: Sequence[str] = (), title: str = "") -> bytes:
    """Shares of the whole; values below zero count as nothing."""
    shares = [max(v, 0.0) for v in values]
    total = sum(shares) or 1.0
    cx, cy, radius = WIDTH * 0.36, HEIGHT * 0.53, HEIGHT * 0.38
    parts, angle = [], -math.pi / 2
    for index, share in enumerate(shares):
        colour, part = PALETTE[index % len(PALETTE)], share / total
        if part >= 0.999999:
            parts.append(f"<circle cx='{cx:.1f}' cy='{cy:.1f}' r='{radius:.1f}' fill='{colour}'/>")
        elif part > 0:
            end = angle + part * 2 * math.pi
            x1, y1, x2, y2 = (
                cx + radius * math.cos(angle),
                cy + radius * math.sin(angle),
                cx + radius * math.cos(end),
                cy + radius * math.sin(end),
            )
            parts.append(
                f"<path d='M{cx:.1f},{cy:.1f} L{x1:.1f},{y1:.1f} A{radius:.1f},{radius:.1f} 0 "
                f"{int(part > 0.5)} 1 {x2:.1f},{y2:.1f} Z' fill='{colour}' stroke='#fff'/>"
            )
            angle = end
        if index < 24:
            y = TOP + 20 + index * 22
            name = escape(_short(labels[index], 24)) if labels else str(index + 1)
            parts += [
                f"<rect x='{WIDTH * 0.7:.0f}' y='{y - 12}' width='14' height='14' fill='{colour}'/>",
                _text(WIDTH * 0.7 + 22, y, f"{name} ({part * 100:.1f}%)", "fill='#333'"),
            ]
    return _svg(title, parts)
