"""Moving the view by hand."""

from __future__ import annotations

from PySide6.QtCore import Qt

from editor.canvas.gestures.base import Gesture, Pointer


class PanGesture(Gesture):
    """Middle drag, Space and drag, or drag in hand mode. Cancelling goes back to where it started."""

    cursor = Qt.CursorShape.ClosedHandCursor
    scrolls = False

    def begin(self, at: Pointer) -> None:
        camera = self.view.camera
        self._start = (camera.x, camera.y)
        self._from = (at.x, at.y)
        self.moved = False

    def move(self, at: Pointer) -> None:
        dx, dy = at.x - self._from[0], at.y - self._from[1]
        self.moved = self.moved or abs(dx) + abs(dy) > 2
        if self.moved:
            self.view.runs.moved_by_hand()
        self.view.look_from(self._start[0] + dx, self._start[1] + dy)

    def finish(self, at: Pointer) -> None:
        self.move(at)
        self.view.viewport_settled()

    def cancel(self) -> None:
        self.view.look_from(*self._start)
