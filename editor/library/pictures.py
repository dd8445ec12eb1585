"""Small pictures of graphs: loaded in the background one after the other, drawn here, kept until the app changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap
from shiboken6 import isValid

from editor.appicon import app_icon
from editor.theme import theme

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.model.graph import Graph
    from engine.services.workflows import AppSummary

PICTURE = QSize(266, 116)
THUMBNAIL_ZOOM = 0.45
THUMBNAIL_RATIO = 2.0
KEPT = 600
Key = tuple[str, str, str]


class Pictures(QObject):
    """`drawn` carries the id of an app whose picture is there now. One app is read at a time, so that what the person
    does is never behind a queue of pictures."""

    drawn = Signal(str)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._kept: dict[Key, QImage | None] = {}
        self._wanted: Sequence[AppSummary] = ()
        self._busy = False

    def find(self, app: AppSummary) -> QImage | None:
        """The picture, if it is drawn already."""
        return self._kept.get(_key(app))

    def icon(self, app: AppSummary, side: int) -> QPixmap:
        """The icon of an app."""
        image = self._studio.services.file_path(app.icon) if app.icon_type == "image" else None
        return app_icon(app.icon, app.icon_background, app.mode, side, str(image or ""))

    def want(self, apps: Sequence[AppSummary]) -> None:
        """What is in view now; wishes of before are dropped."""
        self._wanted = apps
        if not self._busy:
            self._next()

    def _next(self) -> None:
        app = next((a for a in self._wanted if _key(a) not in self._kept), None)
        if app is None:
            return
        self._busy = True
        self._studio.tasks.run(
            self._studio.services.workflows.peek,
            app.id,
            done=lambda workflow: self._loaded(app, workflow),
            failed=lambda _: self._loaded(app, None),
        )

    def _loaded(self, app: AppSummary, workflow: Any) -> None:
        if not isValid(self):
            return  # the window was closed meanwhile
        self._busy = False
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[_key(app)] = draw(workflow) if workflow is not None else None
        self.drawn.emit(app.id)
        self._next()


def _key(app: AppSummary) -> Key:
    return app.id, app.updated_at, theme().name


def draw(workflow: Any, within: QSize = PICTURE) -> QImage | None:
    """The graph of a workflow, small; None when it has no nodes."""
    return draw_graph(workflow.graph, within)


def draw_graph(graph: Graph, within: QSize = PICTURE) -> QImage | None:
    """A graph, small; None when it has no nodes."""
    from editor.canvas.export import render_box
    from editor.canvas.surface import CanvasSurface

    if not graph.nodes:
        return None
    surface = CanvasSurface()
    try:
        surface.show_graph(graph)
        bounds = surface.scene.bounds()
        if bounds is None:
            return None
        # Drawn at the size it is shown in: titles and shapes as the canvas has them at that distance, nothing shrunk.
        zoom = min((within.width() - 24) / bounds.width, (within.height() - 20) / bounds.height, THUMBNAIL_ZOOM)
        image = render_box(surface, bounds, zoom, THUMBNAIL_RATIO)
        image.setDevicePixelRatio(THUMBNAIL_RATIO)
        return image
    finally:
        surface.deleteLater()


__all__ = ["PICTURE", "THUMBNAIL_RATIO", "Pictures", "draw", "draw_graph"]
