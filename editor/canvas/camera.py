"""Where the view looks: the mapping between scene units and the widget's logical pixels.

`offset` is kept on whole device pixels, so that panning can move pixels that are already painted.
"""

from __future__ import annotations

from dataclasses import dataclass

from editor.canvas import metrics as m
from editor.canvas.index import Box


@dataclass(slots=True)
class Camera:
    """view = scene * zoom + offset."""

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0
    ratio: float = 1.0

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        return x * self.zoom + self.x, y * self.zoom + self.y

    def to_scene(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.x) / self.zoom, (y - self.y) / self.zoom

    def box_to_view(self, box: Box) -> Box:
        return Box(*self.to_view(box.left, box.top), *self.to_view(box.right, box.bottom))

    def visible(self, width: float, height: float) -> Box:
        """The part of the scene that a widget of this size shows."""
        return Box(*self.to_scene(0, 0), *self.to_scene(width, height))

    def set_offset(self, x: float, y: float) -> None:
        """Moves the scene's origin to this place of the widget, rounded to device pixels."""
        self.x = round(x * self.ratio) / self.ratio
        self.y = round(y * self.ratio) / self.ratio

    def zoom_at(self, zoom: float, view_x: float, view_y: float) -> None:
        """Changes the zoom (kept within the limits) so that the scene point under this widget point stays there."""
        scene_x, scene_y = self.to_scene(view_x, view_y)
        self.zoom = clamp_zoom(zoom)
        self.set_offset(view_x - scene_x * self.zoom, view_y - scene_y * self.zoom)

    def fit(self, box: Box, width: float, height: float, *, margin: float = m.FIT_MARGIN, highest: float = 1.0) -> None:
        """Shows `box` whole and centred, no larger than `highest`."""
        free_width, free_height = max(1.0, width - 2 * margin), max(1.0, height - 2 * margin)
        zoom = min(free_width / max(1.0, box.width), free_height / max(1.0, box.height), highest)
        # Very large graphs may be shown smaller than the hand zoom allows, so that "fit" always fits.
        self.zoom = max(zoom, 0.01)
        centre_x, centre_y = box.center
        self.set_offset(width / 2 - centre_x * self.zoom, height / 2 - centre_y * self.zoom)

    def center_on(self, x: float, y: float, width: float, height: float) -> None:
        """Brings a scene point to the middle of the widget."""
        self.set_offset(width / 2 - x * self.zoom, height / 2 - y * self.zoom)

    def same_as(self, other: Camera) -> bool:
        return (self.zoom, self.x, self.y, self.ratio) == (other.zoom, other.x, other.y, other.ratio)

    def copy(self) -> Camera:
        return Camera(self.zoom, self.x, self.y, self.ratio)


def clamp_zoom(zoom: float) -> float:
    """`zoom` within what hands may choose."""
    return min(m.ZOOM_MAX, max(m.ZOOM_MIN, zoom))
