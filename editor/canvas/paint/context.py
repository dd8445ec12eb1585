"""What painters are told: the scale, the level of detail and the state of the view. Device space is whole pixels of
the target."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntEnum
from math import floor
from typing import Literal, NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QTransform

from editor.canvas import metrics as m
from editor.canvas.index import Box
from editor.canvas.runview import EdgeRun, NodeRun

BreakpointMark = Literal["plain", "conditional", "failure"]
DiffMark = Literal["added", "removed", "changed", "moved", "reused", "again"]
DIFFERENCES: Mapping[DiffMark, tuple[str, str]] = {
    "added": ("good", "plus"),
    "removed": ("bad", "minus"),
    "changed": ("warn", "edit"),
    "moved": ("accent", "move"),
    "reused": ("muted", "history"),
    "again": ("accent", "play"),
}
"""Colour and sign of what a comparison says, or the plan of a run."""


class Level(IntEnum):
    """How much is drawn, by zoom."""

    SHAPES = 0
    ICONS = 1
    TITLES = 2
    FULL = 3


def level_for(zoom: float) -> Level:
    """The level of detail at a zoom (scene unit to logical pixel)."""
    if zoom >= m.ZOOM_FULL - 1e-6:
        return Level.FULL
    if zoom >= m.ZOOM_TITLES - 1e-6:
        return Level.TITLES
    if zoom >= m.ZOOM_ICONS - 1e-6:
        return Level.ICONS
    return Level.SHAPES


@dataclass(frozen=True, slots=True)
class Marks:
    """What is on a node besides the graph: a breakpoint, a pinned result, kept values."""

    breakpoint: BreakpointMark | None = None
    enabled: bool = True
    """Whether the breakpoint is switched on."""
    tip: str = ""
    """What the breakpoint and the pin mean, in words."""
    pinned: bool = False
    stale: bool = False
    kept: bool = False
    """Whether values of its last run are kept for single steps."""


@dataclass(frozen=True, slots=True)
class ProblemCount:
    """Errors and warnings of a node, and the text for the tool tip."""

    errors: int = 0
    warnings: int = 0
    tip: str = ""


class RoundsShown(NamedTuple):
    """What a container's header says of its rounds: which is shown (from 1), of how many, whether a step in it failed,
    in how many rounds one did."""

    shown: int
    total: int
    broken: bool = False
    failed: int = 0


@dataclass(slots=True)
class ViewState:
    """Everything besides the graph that changes how it looks."""

    selected: AbstractSet[str] = frozenset()
    selected_edge: str | None = None
    focused: str | None = None
    runs: Mapping[str, NodeRun] = field(default_factory=dict)
    edge_runs: Mapping[str, EdgeRun] = field(default_factory=dict)
    run_shown: bool = False
    problems: Mapping[str, ProblemCount] = field(default_factory=dict)
    marks: Mapping[str, Marks] = field(default_factory=dict)
    diff: Mapping[str, DiffMark] = field(default_factory=dict)
    dimmed: AbstractSet[str] = frozenset()
    hidden: AbstractSet[str] = frozenset()
    hidden_edges: AbstractSet[str] = frozenset()
    rounds: Mapping[str, RoundsShown] = field(default_factory=dict)
    editing: str | None = None
    """The note whose text stands in an editor at the moment."""
    plain: bool = False
    """For export: no selection, focus or problem marks."""


def pixel_of(value: float) -> int:
    """The whole pixel nearest to a device coordinate; halves go up, so that rounding does not depend on where it is."""
    return floor(value + 0.5)


@dataclass(slots=True)
class Canvas:
    """One painting: device = scene * scale + origin. `pixel` is one logical pixel in device pixels."""

    painter: QPainter
    scale: float
    x: float
    y: float
    pixel: float
    view: ViewState
    level: Level
    moving: bool = False
    """Whether rings sweep over running cards (then their own border steps back)."""

    @property
    def zoom(self) -> float:
        return self.scale / self.pixel

    def device(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale + self.x, y * self.scale + self.y

    def device_rect(self, box: Box) -> QRectF:
        """The box in device space with its corners on whole pixels."""
        left, top = pixel_of(box.left * self.scale + self.x), pixel_of(box.top * self.scale + self.y)
        right, bottom = pixel_of(box.right * self.scale + self.x), pixel_of(box.bottom * self.scale + self.y)
        return QRectF(left, top, max(1, right - left), max(1, bottom - top))

    def to_scene_space(self) -> None:
        """The painter draws in scene units from here on."""
        self.painter.setTransform(QTransform(self.scale, 0, 0, self.scale, self.x, self.y))

    def to_card_space(self, left: float, top: float) -> None:
        """The painter draws in a card's own units; `left` and `top` are its corner in device space."""
        self.painter.setTransform(QTransform(self.scale, 0, 0, self.scale, left, top))

    def to_device_space(self) -> None:
        self.painter.resetTransform()
