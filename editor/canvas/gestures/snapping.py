"""Snapping while dragging: tops and lefts that come within 5 units of another node's, told by help lines."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainter, QPen

from editor.canvas import metrics as m
from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.scene import CanvasScene
from editor.theme import theme


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A line in scene units; vertical when both x are the same."""

    x1: float
    y1: float
    x2: float
    y2: float


class Snapper:
    """Knows the boxes to align with: nodes of the same level that do not move. Children in containers do not snap."""

    def __init__(self, scene: CanvasScene, grabbed: str, moving: set[str], parent: str | None) -> None:
        self._scene = scene
        self._moving = moving
        self._box = scene.items[grabbed].box
        self._works = parent is None

    def snap(self, dx: float, dy: float, visible: Box) -> tuple[float, float, list[HelpLine]]:
        """The offset pulled onto the nearest top and left within reach, and the lines that tell why."""
        if not self._works:
            return dx, dy, []
        moved = self._box.moved(dx, dy)
        others = [
            item.box
            for item in self._scene.in_area(visible)
            if item.id not in self._moving and item.parent is None and item.kind != "note"
        ]
        left = _nearest(moved.left, [box.left for box in others])
        top = _nearest(moved.top, [box.top for box in others])
        if left is not None:
            dx += left - moved.left
        if top is not None:
            dy += top - moved.top
        moved = self._box.moved(dx, dy)
        lines = []
        if left is not None:
            aligned = [box for box in others if abs(box.left - left) < 0.5]
            first = min([moved.top, *(box.top for box in aligned)])
            last = max([moved.bottom, *(box.bottom for box in aligned)])
            lines.append(HelpLine(left, first, left, last))
        if top is not None:
            aligned = [box for box in others if abs(box.top - top) < 0.5]
            first = min([moved.left, *(box.left for box in aligned)])
            last = max([moved.right, *(box.right for box in aligned)])
            lines.append(HelpLine(first, top, last, top))
        return dx, dy, lines


def _nearest(value: float, candidates: list[float]) -> float | None:
    best: float | None = None
    for candidate in candidates:
        if abs(candidate - value) <= m.SNAP and (best is None or abs(candidate - value) < abs(best - value)):
            best = candidate
    return best


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
