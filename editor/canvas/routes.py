"""The course of an edge: cubic curves that leave and enter horizontally, and the geometry that hit testing needs.

Forward edges are one curve. An edge that must go back to the left swings round through the free space between the
two cards instead of hiding behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import hypot

from editor.canvas import metrics as m
from editor.canvas.index import Box

Cubic = tuple[float, float, float, float, float, float, float, float]
"""Start, two control points and end of one piece: x1, y1, c1x, c1y, c2x, c2y, x2, y2."""

_STEPS = 20
_TURN = 20.0
_OUT = 12.0
_ROUND = 0.55228


@dataclass(frozen=True)
class Route:
    """One or more cubic pieces, each starting where the last ended, in scene units."""

    pieces: tuple[Cubic, ...]

    @property
    def x1(self) -> float:
        return self.pieces[0][0]

    @property
    def y1(self) -> float:
        return self.pieces[0][1]

    @property
    def x2(self) -> float:
        return self.pieces[-1][6]

    @property
    def y2(self) -> float:
        return self.pieces[-1][7]

    @cached_property
    def box(self) -> Box:
        """A box that holds the curve (that of its control points)."""
        xs = [value for piece in self.pieces for value in piece[0::2]]
        ys = [value for piece in self.pieces for value in piece[1::2]]
        return Box(min(xs), min(ys), max(xs), max(ys))

    @cached_property
    def points(self) -> tuple[tuple[float, float], ...]:
        """Points along the curve, close enough together for hit testing."""
        found = [(self.x1, self.y1)]
        steps = _STEPS if len(self.pieces) == 1 else 8
        for piece in self.pieces:
            found.extend(_at(piece, step / steps) for step in range(1, steps + 1))
        return tuple(found)

    def middle(self) -> tuple[float, float]:
        """The point half way along the curve."""
        points = self.points
        lengths = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
        half = sum(lengths) / 2
        for (a, b), length in zip(pairwise(points), lengths, strict=True):
            if half <= length:
                t = half / length if length else 0.0
                return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
            half -= length
        return points[-1]

    def distance(self, x: float, y: float) -> float:
        """How far the point is from the curve."""
        points = self.points
        return min(_segment_distance(x, y, *a, *b) for a, b in pairwise(points))

    def touches(self, box: Box) -> bool:
        """Whether the curve passes through `box`."""
        return self.box.touches(box) and any(box.contains(x, y) for x, y in self.points)


def _at(piece: Cubic, t: float) -> tuple[float, float]:
    u = 1.0 - t
    a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
    x1, y1, c1x, c1y, c2x, c2y, x2, y2 = piece
    return a * x1 + b * c1x + c * c2x + d * x2, a * y1 + b * c1y + c * c2y + d * y2


def _segment_distance(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / length))
    return hypot(x - ax - t * dx, y - ay - t * dy)


def route(
    x1: float, y1: float, x2: float, y2: float, source: Box | None = None, target: Box | None = None, lane: float = 0.0
) -> Route:
    """The curve from a source socket to a target socket.

    `source` and `target` are the cards' boxes; with them an edge that goes back to the left is led around. `lane`
    moves the detour a little, so that detours of one card do not lie upon each other.
    """
    dx, dy = x2 - x1, abs(y2 - y1)
    if dx < 0 and source is not None and target is not None:
        return _detour(x1, y1, x2, y2, source, target, lane)
    if dx < 0:
        reach = min(64.0 - dx * 0.28, 240.0)
    elif dx < 80.0:
        reach = dx * 0.5 + min(dy * 0.15, 24.0)
    else:
        reach = max(min(dx * 0.5, 220.0), min(32.0 + dy * 0.12, 72.0))
    return Route(((x1, y1, x1 + reach, y1, x2 - reach, y2, x2, y2),))


def _detour(x1: float, y1: float, x2: float, y2: float, source: Box, target: Box, lane: float) -> Route:
    """Out to the right, through the gap between the cards (or below both), and into the target from the left."""
    if target.top - source.bottom >= 2.0:
        level = (source.bottom + target.top) / 2
    elif source.top - target.bottom >= 2.0:
        level = (target.bottom + source.top) / 2
    else:
        level = max(source.bottom, target.bottom) + 28.0
    right = x1 + _OUT + abs(lane)
    left = x2 - _OUT - abs(lane)
    pieces: list[Cubic] = [_line(x1, y1, right, y1)]
    pieces += _swing(right, y1, level, outward=1.0)
    pieces.append(_line(right, level, left, level))
    pieces += _swing(left, level, y2, outward=-1.0)
    pieces.append(_line(left, y2, x2, y2))
    return Route(tuple(piece for piece in pieces if piece[:2] != piece[6:]))


def _line(x1: float, y1: float, x2: float, y2: float) -> Cubic:
    third_x, third_y = (x2 - x1) / 3, (y2 - y1) / 3
    return (x1, y1, x1 + third_x, y1 + third_y, x2 - third_x, y2 - third_y, x2, y2)


def _swing(x: float, y_from: float, y_to: float, *, outward: float) -> list[Cubic]:
    """A turn of 180 degrees that bulges to one side: two quarter circles with a straight piece between."""
    height = abs(y_to - y_from)
    if height == 0:
        return []
    down = 1.0 if y_to > y_from else -1.0
    radius = min(_TURN, height / 2)
    far = x + outward * radius
    handle = radius * (1 - _ROUND)
    first: Cubic = (
        x, y_from, far - outward * handle, y_from, far, y_from + down * handle, far, y_from + down * radius
    )  # fmt: skip
    second: Cubic = (
        far, y_to - down * radius, far, y_to - down * handle, far - outward * handle, y_to, x, y_to
    )  # fmt: skip
    between = _line(far, y_from + down * radius, far, y_to - down * radius)
    return [first, between, second] if height > 2 * radius else [first, second]


def fan(count: int) -> list[float]:
    """Vertical offsets for `count` edges that share a socket: 6 px apart, squeezed when there are many."""
    if count <= 1:
        return [0.0] * count
    step = min(m.FAN, m.FAN_LIMIT / (count - 1))
    first = -step * (count - 1) / 2
    return [first + step * position for position in range(count)]
