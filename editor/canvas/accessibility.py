"""The canvas for assistive technology: every node and edge is a child with name, state, description and place.

Interfaces are made on demand by Qt's factory hook. Qt's cache deletes what was registered with it, so Python must never
let go of one first: they are kept for the life of the process and say that they are invalid when their thing is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QWindow
from PySide6.QtWidgets import QAccessibleWidget
from shiboken6 import Shiboken

from editor.canvas import tips
from editor.canvas.keys import walking_order
from editor.canvas.runview import state_word
from editor.canvas.view import CanvasView
from editor.i18n import ntr, tr

Stop = tuple[str, str | None]


class CanvasAccessible(QAccessibleWidget):
    """The region. Children are nodes and edges in the order in which Tab walks them."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view, QAccessible.Role.Canvas, tr("Canvas"))
        self.view = view
        self._made: dict[Stop, ThingAccessible] = {}
        self._stops: list[Stop] = []
        self._for: Any = None

    def stops(self) -> list[Stop]:
        """Nodes and edges in walking order, found again only when the graph changed."""
        graph = self.view.scene.graph
        if graph is not self._for:
            self._for = graph
            self._stops = walking_order(self.view)
        return self._stops

    def thing(self, stop: Stop) -> ThingAccessible:
        """The interface of one node or edge."""
        made = self._made.get(stop)
        if made is None:
            made = self._made[stop] = ThingAccessible(self, stop)
        return made

    def childCount(self) -> int:
        return len(self.stops())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        stops = self.stops()
        return self.thing(stops[index]) if 0 <= index < len(stops) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return self.stops().index(child.stop) if isinstance(child, ThingAccessible) and child.isValid() else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        local = self.view.mapFromGlobal(QPoint(x, y))
        hit = self.view.hit(local.x(), local.y())
        if hit.id in self.view.scene.items:
            return self.thing(("node", hit.id))
        return self.thing(("edge", hit.id)) if hit.id in self.view.scene.edges else None

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        stop = focused_stop(self.view)
        return self.thing(stop) if stop is not None and self.view.hasFocus() else None

    def text(self, what: QAccessible.Text) -> str:
        if what == QAccessible.Text.Name:
            return tr("Canvas")
        if what == QAccessible.Text.Description:
            nodes = len(self.view.scene.items)
            return ntr("{n} node", "{n} nodes", nodes) if nodes else tr("Nothing here yet")
        return ""


class ThingAccessible(QAccessibleInterface):
    """One node or one edge."""

    def __init__(self, owner: CanvasAccessible, stop: Stop) -> None:
        super().__init__()
        self.owner = owner
        self.stop = stop

    @property
    def view(self) -> CanvasView:
        return self.owner.view

    @property
    def _id(self) -> str:
        return str(self.stop[1])

    def isValid(self) -> bool:
        if not Shiboken.isValid(self.view):
            return False
        things = self.view.scene.items if self.stop[0] == "node" else self.view.scene.edges
        return self._id in things

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def parent(self) -> QAccessibleInterface:
        return self.owner

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        del index
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        del x, y
        return None

    def childCount(self) -> int:
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        del child
        return -1

    def window(self) -> QWindow | None:  # type: ignore[override]
        return self.view.window().windowHandle()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem if self.stop[0] == "node" else QAccessible.Role.Link

    def rect(self) -> QRect:
        view = self.view
        if self.stop[0] == "node":
            local = view.node_rect(self._id).toRect()
        else:
            box = view.camera.box_to_view(view.scene.edges[self._id].route.box)
            local = QRect(round(box.left), round(box.top), round(box.width) or 1, round(box.height) or 1)
        return QRect(view.mapToGlobal(local.topLeft()), local.size())

    def text(self, what: QAccessible.Text) -> str:
        view = self.view
        if not self.isValid():
            return ""
        if self.stop[0] == "edge":
            if what == QAccessible.Text.Description:
                return tips.edge_description(view, self._id)
            return tips.edge_name(view, view.scene.edges[self._id]) if what == QAccessible.Text.Name else ""
        item = view.scene.items[self._id]
        if what == QAccessible.Text.Name:
            return tips.node_name(item)
        if what == QAccessible.Text.Description:
            return tips.node_description(view, item)
        if what == QAccessible.Text.Value:
            run = view.state.runs.get(self._id)
            return state_word(run.status) if run is not None else ""
        return ""

    def setText(self, what: QAccessible.Text, text: str) -> None:
        """Names are changed in the inspector."""
        del what, text

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        view = self.view
        state.selectable = True
        state.focusable = True
        if self.stop[0] == "node":
            state.selected = self._id in view.selection
            run = view.state.runs.get(self._id)
            state.busy = run is not None and run.active
        else:
            state.selected = view.selection.edge == self._id
        state.focused = view.hasFocus() and focused_stop(view) == self.stop
        state.readOnly = view.read_only
        state.invalid = not self.isValid()
        state.offscreen = self.isValid() and not self.rect().intersects(
            QRect(view.mapToGlobal(QPoint(0, 0)), view.size())
        )
        return state


def focused_stop(view: CanvasView) -> Stop | None:
    """What has the keyboard focus on the canvas."""
    if view.selection.edge is not None:
        return ("edge", view.selection.edge)
    if view.state.focused in view.scene.items:
        return ("node", view.state.focused)
    return None


def _factory(name: str, thing: QObject | None) -> QAccessibleInterface | None:
    # Qt may ask more than once for one widget and registers every answer by itself: each must be an object of its own.
    del name
    return CanvasAccessible(thing) if isinstance(thing, CanvasView) else None


class _Installed:
    done = False


def install() -> None:
    """Tells Qt how to describe canvases. Once per process, before assistive technology asks."""
    if not _Installed.done:
        _Installed.done = True
        QAccessible.installFactory(_factory)


def tell_focus(view: CanvasView) -> None:
    """Tells assistive technology that the focus moved to another node or edge."""
    if not QAccessible.isActive():
        return
    canvas = QAccessible.queryAccessibleInterface(view)
    stop = focused_stop(view)
    if isinstance(canvas, CanvasAccessible) and stop is not None and stop in canvas.stops():
        event = QAccessibleEvent(view, QAccessible.Event.Focus)
        event.setChild(canvas.stops().index(stop))
        QAccessible.updateAccessibility(event)


def tell_changed(view: CanvasView, node_ids: Iterable[str]) -> None:
    """Tells assistive technology that what it said of the node with the focus is no longer true. Of other nodes it
    asks when it comes to them: a run changes hundreds a second."""
    stop = focused_stop(view)
    if not QAccessible.isActive() or stop is None or stop[1] not in set(node_ids):
        return
    canvas = QAccessible.queryAccessibleInterface(view)
    if isinstance(canvas, CanvasAccessible) and stop in canvas.stops():
        for kind in (QAccessible.Event.DescriptionChanged, QAccessible.Event.ValueChanged):
            event = QAccessibleEvent(view, kind)
            event.setChild(canvas.stops().index(stop))
            QAccessible.updateAccessibility(event)


def announce(view: CanvasView, text: str) -> None:
    """Lets assistive technology speak a sentence."""
    if QAccessible.isActive():
        from PySide6.QtGui import QAccessibleAnnouncementEvent

        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(view, text))
