"""Snapping while dragging: tops and lefts that come within 5 units of another node's, told by help lines."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainter, QPen

from editor.canvas import metrics as m
from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.scene import CanvasScene, Item
from editor.theme import theme
from engine.model.validate import ENTRY_TYPES


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A line in scene units; vertical when both x are the same."""

    x1: float
    y1: float
    x2: float
    y2: float


Spans = dict[float, tuple[float, float]]
"""From where to where the boxes reach that begin at a line."""


class Snapper:
    """Knows the boxes to align with: nodes of the same level that do not move. Children in containers do not snap.

    They are looked through once for a view, not at each move: there may be ten thousand.
    """

    def __init__(self, scene: CanvasScene, grabbed: str, moving: set[str], parent: str | None) -> None:
        self._scene = scene
        self._moving = moving
        self._box = scene.items[grabbed].box
        self._lower = _lower(scene.items[grabbed])
        self._works = parent is None
        self._seen: tuple[Box, int] | None = None
        self._lefts = _Lines({})
        self._tops = _Lines({})

    def snap(self, dx: float, dy: float, visible: Box) -> tuple[float, float, list[HelpLine]]:
        """The offset pulled onto the nearest top and left within reach, and the lines that tell why."""
        if not self._works:
            return dx, dy, []
        self._look(visible)
        moved = self._box.moved(dx, dy)
        left, top = self._lefts.nearest(moved.left), self._tops.nearest(moved.top + self._lower)
        if left is not None:
            dx += left - moved.left
        if top is not None:
            dy += top - moved.top - self._lower
        moved = self._box.moved(dx, dy)
        lines = []
        if left is not None:
            first, last = self._lefts.reach(left)
            lines.append(HelpLine(left, min(first, moved.top), left, max(last, moved.bottom)))
        if top is not None:
            first, last = self._tops.reach(top)
            lines.append(HelpLine(min(first, moved.left), top, max(last, moved.right), top))
        return dx, dy, lines

    def _look(self, visible: Box) -> None:
        scene = self._scene
        if self._seen == (visible, scene.stamp):
            return
        self._seen = (visible, scene.stamp)
        lefts: Spans = {}
        tops: Spans = {}
        for node_id in scene.index.query(visible):
            item = scene.items[node_id]
            if item.parent is None and item.kind != "note" and node_id not in self._moving:
                box = item.box
                first, last = lefts.get(box.left, (box.top, box.bottom))
                lefts[box.left] = min(first, box.top), max(last, box.bottom)
                compared = box.top + _lower(item)
                first, last = tops.get(compared, (box.left, box.right))
                tops[compared] = min(first, box.left), max(last, box.right)
        self._lefts, self._tops = _Lines(lefts), _Lines(tops)


def _lower(item: Item) -> float:
    """Entry nodes are compared lower (editor inventory, C5)."""
    return m.ENTRY_TAB if item.node.type in ENTRY_TYPES else 0.0


class _Lines:
    """Lines of one direction, in order."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._places = sorted(spans)

    def nearest(self, value: float) -> float | None:
        """The line that is nearest within reach."""
        at = bisect_left(self._places, value)
        near = [place for place in self._places[max(0, at - 1) : at + 1] if abs(place - value) <= m.SNAP]
        return min(near, key=lambda place: abs(place - value), default=None)

    def reach(self, place: float) -> tuple[float, float]:
        """From where to where what begins at a line reaches, in the other direction."""
        begin, end = bisect_left(self._places, place - 0.5), bisect_left(self._places, place + 0.5)
        spans = [self._spans[p] for p in self._places[begin:end]]
        return min(first for first, _ in spans), max(last for _, last in spans)


def paint_help_lines(painter: QPainter, camera: Camera, lines: list[HelpLine]) -> None:
    """Draws help lines in the widget's pixels."""
    if not lines:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(theme().color("accent"), 1))
    for line in lines:
        start, end = camera.to_view(line.x1, line.y1), camera.to_view(line.x2, line.y2)
        reach = 12.0
        vertical = line.x1 == line.x2
        grow_x, grow_y = (0.0, reach) if vertical else (reach, 0.0)
        painter.drawLine(
            QLineF(
                QPointF(round(start[0] - grow_x), round(start[1] - grow_y)),
                QPointF(round(end[0] + grow_x), round(end[1] + grow_y)),
            )
        )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
