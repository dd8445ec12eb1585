"""Nodes that glide from where they were to where they are, so that eyes can follow a tidied graph.

The document and the scene have the new places from the first moment; only what is drawn comes after. Anything that a
person does, and any other change, ends the gliding at once. Where motion is not wanted there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from editor.canvas.camera import Camera
from editor.canvas.index import Box

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

SECONDS = 0.18
FRAME_MS = 16


class Gliding:
    """At most one glide of a view at a time."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._from: dict[str, Box] = {}
        self._to: dict[str, Box] = {}
        self._looked = self._looks = Camera()
        self._began = 0.0
        self._timer = QTimer(view)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._step)

    @property
    def is_on(self) -> bool:
        """Whether something glides now."""
        return self._timer.isActive()

    def start(self, before: Mapping[str, Box], looked: Camera) -> None:
        """Glide from these boxes and this camera to those that the scene and the view have."""
        self.finish()
        view = self._view
        items = view.scene.items
        ends = {n: items[n].box for n, box in before.items() if n in items and items[n].box[:2] != box[:2]}
        if not view.animated or not ends:
            return
        self._to = ends
        # A room grows on its way; a card has the size that it will have.
        self._from = {
            n: before[n] if items[n].kind == "room" else end.moved(before[n].left - end.left, before[n].top - end.top)
            for n, end in ends.items()
        }
        self._looked, self._looks = looked, view.camera.copy()
        self._began = perf_counter()
        self._timer.start()
        self._show(0.0)

    def finish(self) -> None:
        """Be where everything is to be, now."""
        if self.is_on:
            self._timer.stop()
            self._show(1.0)
            self.drop()

    def drop(self) -> None:
        """Forget the glide: the graph that glided is not shown any more."""
        self._timer.stop()
        self._from, self._to = {}, {}

    def _step(self) -> None:
        gone = (perf_counter() - self._began) / SECONDS
        if gone >= 1.0:
            self.finish()
        else:
            self._show(1.0 - (1.0 - gone) ** 3)

    def _show(self, share: float) -> None:
        """Draw everything this share (0 to 1) of its way along."""
        view = self._view
        view.scene.draw_at(
            self._to
            if share >= 1.0
            else {
                n: Box(*(a + (b - a) * share for a, b in zip(start, self._to[n], strict=True)))
                for n, start in self._from.items()
            }
        )
        a, b = self._looked, self._looks
        zoom = a.zoom * (b.zoom / a.zoom) ** share
        # What is in the middle of the view moves evenly, whatever the zoom does.
        middle = view.width() / 2, view.height() / 2
        (ax, ay), (bx, by) = a.to_scene(*middle), b.to_scene(*middle)
        if share >= 1.0:
            view.look_at(b.zoom, b.x, b.y)
        else:
            x, y = ax + (bx - ax) * share, ay + (by - ay) * share
            view.look_at(zoom, middle[0] - x * zoom, middle[1] - y * zoom)
        view.repaint_all()
