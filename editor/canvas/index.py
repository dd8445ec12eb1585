"""A spatial index over rectangles: a hash of square cells, with a plain scan when most of the plane is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle by its edges, in scene units."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def center(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def contains(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def touches(self, other: Box) -> bool:
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def covers(self, other: Box) -> bool:
        """Whether `other` lies wholly inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def placed(self, left: float, top: float) -> Box:
        """A box of this size elsewhere."""
        return Box(left, top, left + self.width, top + self.height)

    def union(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def union(boxes: Iterable[Box]) -> Box | None:
    """The smallest box around all, None for none."""
    result: Box | None = None
    for box in boxes:
        result = box if result is None else result.union(box)
    return result


class SpatialIndex:
    """Ids by box. Insert, move and remove are constant time; a query visits the cells it touches."""

    def __init__(self, cell: float = 640.0) -> None:
        self._cell = cell
        self._cells: dict[tuple[int, int], set[str]] = {}
        self._boxes: dict[str, Box] = {}

    def __len__(self) -> int:
        return len(self._boxes)

    def __contains__(self, key: str) -> bool:
        return key in self._boxes

    def box(self, key: str) -> Box:
        """The box of `key`; KeyError when it is not here."""
        return self._boxes[key]

    def put(self, key: str, box: Box) -> None:
        """Adds `key`, or moves it to its new box."""
        old = self._boxes.get(key)
        span = self._span(box)
        if old is not None:
            if self._span(old) == span:
                self._boxes[key] = box
                return
            self.drop(key)
        self._boxes[key] = box
        left, top, right, bottom = span
        cells = self._cells
        for cx in range(left, right + 1):
            for cy in range(top, bottom + 1):
                found = cells.get((cx, cy))
                if found is None:
                    cells[(cx, cy)] = {key}
                else:
                    found.add(key)

    def drop(self, key: str) -> None:
        """Removes `key` if it is here."""
        box = self._boxes.pop(key, None)
        if box is None:
            return
        left, top, right, bottom = self._span(box)
        for cx in range(left, right + 1):
            for cy in range(top, bottom + 1):
                found = self._cells.get((cx, cy))
                if found is not None:
                    found.discard(key)
                    if not found:
                        del self._cells[(cx, cy)]

    def clear(self) -> None:
        """Forgets everything."""
        self._cells.clear()
        self._boxes.clear()

    def query(self, area: Box) -> list[str]:
        """Ids whose box touches `area`, in no particular order."""
        # Written out instead of `Box.touches`: this is asked of ten thousand boxes in a frame.
        boxes = self._boxes
        near_x, near_y, far_x, far_y = area
        left, top, right, bottom = self._span(area)
        if (right - left + 1) * (bottom - top + 1) > max(64, len(self._cells) // 2):
            return [
                key
                for key, (x1, y1, x2, y2) in boxes.items()
                if x1 <= far_x and near_x <= x2 and y1 <= far_y and near_y <= y2
            ]
        found: set[str] = set()
        for cx in range(left, right + 1):
            for cy in range(top, bottom + 1):
                here = self._cells.get((cx, cy))
                if here:
                    found |= here
        return [
            key
            for key in found
            if boxes[key][0] <= far_x and near_x <= boxes[key][2] and boxes[key][1] <= far_y and near_y <= boxes[key][3]
        ]

    def bounds(self) -> Box | None:
        """The box around everything, None when empty."""
        return union(iter(self._boxes.values()))

    def _span(self, box: Box) -> tuple[int, int, int, int]:
        cell = self._cell
        return floor(box.left / cell), floor(box.top / cell), floor(box.right / cell), floor(box.bottom / cell)
