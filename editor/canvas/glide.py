"""Moving the view smoothly to a node; a hand on the view stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

if TYPE_CHECKING:
    from editor.canvas.surface import CanvasSurface

_FRAME_MS = 16
_SHARE = 0.22
"""How much of the way that is left is gone in one frame."""
_NEAR = 1.0
MARGIN = 60.0


class Glide:
    """One movement at a time; a new goal takes over from where the view is."""

    def __init__(self, view: CanvasSurface) -> None:
        self.view = view
        self._goal = ""
        self._clock = QTimer(view)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._step)

    def to(self, node_id: str) -> None:
        """Bring a node into view, at once where nothing may move by itself."""
        self._goal = node_id
        if not self.view.animated:
            self._move(*self._way())
        elif not self._clock.isActive():
            self._clock.start()

    def stop(self) -> None:
        """Stay where the view is."""
        self._clock.stop()

    def _way(self) -> tuple[float, float]:
        """How far the view has to go so that the goal is in it with a margin."""
        item = self.view.scene.items.get(self._goal)
        if item is None:
            return 0.0, 0.0
        box = self.view.camera.box_to_view(item.box)
        width, height = self.view.width(), self.view.height() - self.view.covered_below
        dx = max(MARGIN - box.left, 0.0) or min(width - MARGIN - box.right, 0.0)
        dy = max(MARGIN - box.top, 0.0) or min(height - MARGIN - box.bottom, 0.0)
        return dx, dy

    def _step(self) -> None:
        dx, dy = self._way()
        if (abs(dx) <= _NEAR and abs(dy) <= _NEAR) or not self.view.isVisible():
            self._clock.stop()
            self.view.viewport_settled()
            return
        self.view.pan_by(*(way if abs(way) <= 4 else way * _SHARE for way in (dx, dy)))

    def _move(self, dx: float, dy: float) -> None:
        if dx or dy:
            self.view.pan_by(dx, dy)
            self.view.viewport_settled()
