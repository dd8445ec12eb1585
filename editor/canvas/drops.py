"""Things dragged onto the canvas from outside: blocks and snippets of the palette (with a ghost) and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent

from editor.canvas.gestures.base import Pointer
from editor.canvas.gestures.ghost import GhostGesture

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

NODE_TYPE_MIME = "application/x-penstock-node-type"


def node_type_mime(node_type: str) -> QMimeData:
    """What the palette puts into a drag."""
    data = QMimeData()
    data.setData(NODE_TYPE_MIME, node_type.encode())
    return data


class CanvasDrops:
    """Follows a drag over the canvas."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view

    def enter(self, event: QDragEnterEvent) -> None:
        data = event.mimeData()
        if data.hasFormat(NODE_TYPE_MIME) and not self.view.read_only:
            node_type = bytes(data.data(NODE_TYPE_MIME).data()).decode()
            ghost = self.view.ghost_of(node_type)
            if ghost is None:
                event.ignore()
                return
            self.view.start_gesture(ghost, self._at(event))
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        elif _files(data):
            event.acceptProposedAction()
        else:
            event.ignore()

    def over(self, event: QDragMoveEvent) -> None:
        gesture = self.view.gesture
        if isinstance(gesture, GhostGesture):
            gesture.move(self._at(event))
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        elif _files(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()

    def leave(self, event: QDragLeaveEvent) -> None:
        if isinstance(self.view.gesture, GhostGesture):
            self.view.cancel_gesture()
        event.accept()

    def drop(self, event: QDropEvent) -> None:
        if isinstance(self.view.gesture, GhostGesture):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.view.end_gesture(self._at(event))
            if self.view.note_editor is None:  # a note is written at once
                self.view.setFocus()
            return
        for path in _files(event.mimeData()):
            self.view.fileDropped.emit(path)
        event.acceptProposedAction()

    def _at(self, event: QDropEvent) -> Pointer:
        place = event.position()
        scene_x, scene_y = self.view.camera.to_scene(place.x(), place.y())
        return Pointer(
            place.x(), place.y(), scene_x, scene_y, self.view.mapToGlobal(place.toPoint()), event.modifiers()
        )


def _files(data: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
