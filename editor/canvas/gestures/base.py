"""The common shape of gestures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is, in the widget's pixels (`x`, `y`), in the scene and on the screen, with the keys held."""

    x: float
    y: float
    scene_x: float
    scene_y: float
    screen: QPoint
    modifiers: Qt.KeyboardModifier

    @property
    def adds(self) -> bool:
        """Whether the keys for adding to a selection are held."""
        return bool(self.modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))

    @property
    def free(self) -> bool:
        """Whether Alt asks for no snapping."""
        return bool(self.modifiers & Qt.KeyboardModifier.AltModifier)


class Gesture:
    """One thing that hands do. The view calls begin once, move often, and either finish or cancel.

    Nothing of a cancelled gesture remains: the model is changed in `finish` only, view state is put back in `cancel`.
    """

    cursor = Qt.CursorShape.ArrowCursor
    holds_button = True
    """False for gestures that follow the pointer without a pressed button (placing a ghost)."""
    scrolls = True
    """Whether the view moves along when the pointer comes to its border."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view

    def begin(self, at: Pointer) -> None:
        """The hand has started."""

    def move(self, at: Pointer) -> None:
        """The hand has moved."""

    def finish(self, at: Pointer) -> None:
        """The hand let go."""

    def cancel(self) -> None:
        """Esc, or the view was taken away."""

    def paint(self, painter: QPainter) -> None:
        """Draws the gesture's own marks over the canvas, in the widget's pixels."""
