"""The course of an edge: cubic curves that leave and enter horizontally, and the geometry that hit testing needs.

Forward edges are one curve. An edge that must go back to the left swings out in a wide turn, runs through the free
space nearest to the way between the two cards, and swings in again, instead of hiding behind cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import hypot, inf

from editor.canvas import metrics as m
from editor.canvas.index import Box

Cubic = tuple[float, float, float, float, float, float, float, float]
"""Start, two control points and end of one piece: x1, y1, c1x, c1y, c2x, c2y, x2, y2."""

_STEPS = 20
_TURN_STEPS = 12
_TURN_LEAST, _TURN_MOST = 28.0, 64.0
_TURN_SHARE = 0.45
"""A turn bulges with its height, between two limits (of the control points; the curve reaches three quarters)."""
_BULGE = 0.75
_WALL = 4.0
REACH = 160.0
"""How far above and below the two cards a way back is looked for."""
_CLEAR = 2.0
_NARROW = 4.0


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
        steps = _STEPS if len(self.pieces) == 1 else _TURN_STEPS
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
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    source: Box | None = None,
    target: Box | None = None,
    lane: float = 0.0,
    others: Sequence[Box] = (),
    within: Box | None = None,
) -> Route:
    """The curve from a source socket to a target socket.

    `source` and `target` are the cards' boxes; with them an edge that goes back to the left is led around them and
    around `others`, the cards that stand in `way_back`. `lane` moves the detour a little, so that detours of one card
    do not lie upon each other; `within` is the container that turns should not leave.
    """
    dx, dy = x2 - x1, abs(y2 - y1)
    if dx < 0 and source is not None and target is not None:
        return _detour(x1, y1, x2, y2, [source, target, *others], lane, within)
    if dx < 0:
        reach = min(64.0 - dx * 0.28, 240.0)
    elif dx < 80.0:
        reach = dx * 0.5 + min(dy * 0.15, 24.0)
    else:
        reach = max(min(dx * 0.5, 220.0), min(32.0 + dy * 0.12, 72.0))
    return Route(((x1, y1, x1 + reach, y1, x2 - reach, y2, x2, y2),))


def way_back(x1: float, x2: float, source: Box, target: Box) -> Box | None:
    """The area whose cards an edge that goes back has to mind; None for an edge that goes forward."""
    if x2 >= x1:
        return None
    return Box(x2, min(source.top, target.top) - REACH, x1, max(source.bottom, target.bottom) + REACH)


def _detour(x1: float, y1: float, x2: float, y2: float, cards: Sequence[Box], lane: float, within: Box | None) -> Route:
    """Out to the right in a turn, back through a free gap between the cards, and into the target from the left."""
    low, high = _gap(y1, y2, cards)
    level = (low + high) / 2 + min(lane * 0.5, max(0.0, (high - low) / 2 - 4.0))
    right = within.right - x1 if within is not None else inf
    left = x2 - within.left if within is not None else inf
    pieces = [
        _turn(x1, y1, level, 1.0, lane, right),
        _line(x1, level, x2, level),
        _turn(x2, level, y2, -1.0, lane, left),
    ]
    return Route(tuple(piece for piece in pieces if piece[:2] != piece[6:]))


def _gap(y1: float, y2: float, cards: Sequence[Box]) -> tuple[float, float]:
    """The free gap between `cards` (they all stand in the way) that makes the shortest way from `y1` to `y2`."""
    spans = sorted((box.top - _CLEAR, box.bottom + _CLEAR) for box in cards)
    gaps: list[tuple[float, float]] = [(spans[0][0] - 44.0, spans[0][0])]
    covered = spans[0][1]
    for top, bottom in spans[1:]:
        if top - covered >= _NARROW:
            gaps.append((covered, top))
        covered = max(covered, bottom)
    gaps.append((covered, covered + 44.0))

    def length(gap: tuple[float, float]) -> float:
        level = (gap[0] + gap[1]) / 2
        return abs(level - y1) + abs(level - y2)

    # Of ways that are equally long, the one that is nearer to the target's side of the source.
    return min(gaps, key=lambda gap: (length(gap), abs((gap[0] + gap[1]) / 2 - (y1 + y2) / 2)))


def _line(x1: float, y1: float, x2: float, y2: float) -> Cubic:
    third_x, third_y = (x2 - x1) / 3, (y2 - y1) / 3
    return (x1, y1, x1 + third_x, y1 + third_y, x2 - third_x, y2 - third_y, x2, y2)


def _turn(x: float, y_from: float, y_to: float, outward: float, lane: float, room: float) -> Cubic:
    """A turn of 180 degrees that bulges to one side, the more the higher it is, but not beyond `room`."""
    bulge = min(_TURN_MOST, max(_TURN_LEAST, abs(y_to - y_from) * _TURN_SHARE)) + abs(lane)
    bulge = min(bulge, max(_TURN_LEAST / 2, (room - _WALL) / _BULGE))
    far = x + outward * bulge
    return (x, y_from, far, y_from, far, y_to, x, y_to)


def fan(count: int) -> list[float]:
    """Vertical offsets for `count` edges that share a socket: 6 px apart, squeezed when there are many."""
    if count <= 1:
        return [0.0] * count
    step = min(m.FAN, m.FAN_LIMIT / (count - 1))
    first = -step * (count - 1) / 2
    return [first + step * position for position in range(count)]
