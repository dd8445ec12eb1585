"""Keys that belong to the canvas itself: walking, moving, opening, those held for panning and for relations, Esc.

Commands with names (copy, undo, zoom to fit ...) are rows of the window's action table, not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from editor.canvas import metrics as m
from editor.canvas import tips
from editor.canvas.relations import related_nodes
from editor.i18n import ntr, tr
from editor.keymap import held_keys, in_force, pressed

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_NUDGES = {f"nudge_{far}{name}": (way, bool(far)) for name, way in _WAYS.items() for far in ("", "far_")}
_WALKS = {"walk_on": True, "walk_back": False}
_PAN_STEP = 60.0


class CanvasKeys:
    """Holds which keys are down that change what the mouse does."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.space_held = False
        """Whether the key is down that makes every drag one of the view."""
        self._space_used = False
        self._down: dict[str, int] = {}
        """Which key is down for an action that goes on as long as it is held."""
        self.walking = False
        """Whether keys were used last: then the focus is shown."""

    def wants(self, event: QKeyEvent) -> bool:
        """Keys that must come here even if the window listens to them: Esc during a gesture, and the canvas's own."""
        escapes = event.key() == Qt.Key.Key_Escape and self.view.gesture is not None
        return escapes or bool(pressed(event, *_NUDGES, "open_node", "walk_on", "walk_back") or _held(event))

    def press(self, event: QKeyEvent) -> bool:
        """Acts on a key; False when it is none of ours."""
        if event.key() == Qt.Key.Key_Escape:
            return self._escape()
        held = _held(event)
        if held == "hold_relations":
            if not event.isAutoRepeat():
                self._down[held] = event.key()
                self._show_relations()
            return True
        self._hide_relations()
        name = pressed(event, *_NUDGES, "open_node", "delete", "walk_on", "walk_back")
        if name in _NUDGES:
            way, far = _NUDGES[name]
            return self._nudge(way, far=far)
        if name == "open_node":
            return self._open()
        if name == "delete":
            self.view.edits.delete_selection()
            return True  # also when somebody was asked and said no: nobody else asks again
        if name in _WALKS:
            self.walk(_WALKS[name])
            return True
        if held == "hold_view":
            if not event.isAutoRepeat():
                self._down[held] = event.key()
                self.space_held, self._space_used = True, False
                self.view.setCursor(Qt.CursorShape.OpenHandCursor)
            return True
        return False

    def release(self, event: QKeyEvent) -> bool:
        """Acts on a key let go; False when it is none of ours."""
        if event.isAutoRepeat():
            return False
        if event.key() == self._down.get("hold_relations"):
            del self._down["hold_relations"]
            self._hide_relations()
            return True
        if event.key() == self._down.get("hold_view") and self.space_held:
            del self._down["hold_view"]
            self.space_held = False
            view = self.view
            if not self._space_used and view.gesture is None and view.state.focused in view.scene.items:
                view.selection.toggle(str(view.state.focused))
            view.unsetCursor()
            return True
        return False

    def let_go(self) -> None:
        """The focus went elsewhere: no key is held any more."""
        self.space_held = False
        self._down.clear()
        self._hide_relations()

    def space_was_used(self) -> None:
        """Space was part of a drag, so letting it go selects nothing."""
        self._space_used = True

    # -- single keys ------------------------------------------------------------------------------------------

    def _escape(self) -> bool:
        view = self.view
        if view.cancel_gesture():
            return True
        if view.selection.nodes or view.selection.edge:
            view.selection.clear()
            return True
        if view.state.focused is not None:
            view.state.focused = None
            view.update()
            return True
        return False

    def _open(self) -> bool:
        view = self.view
        if view.drop_ghost():
            return True
        focused = view.state.focused or (view.selection.nodes[-1] if view.selection.nodes else None)
        if focused is None or focused not in view.scene.items:
            return False
        view.selection.set([focused])
        if view.scene.items[focused].kind == "note":
            if not view.read_only:
                view.noteEditRequested.emit(focused)
        else:
            view.nodeActivated.emit(focused)
        return True

    def _nudge(self, direction: tuple[int, int], *, far: bool) -> bool:
        view = self.view
        chosen = view.selection.nodes or ([view.state.focused] if view.state.focused in view.scene.items else [])
        if not chosen:
            view.runs.moved_by_hand()
            view.pan_by(-direction[0] * _PAN_STEP, -direction[1] * _PAN_STEP)
            view.viewport_settled()
            return True
        if view.read_only:
            return True
        step = m.NUDGE_FAR if far else m.NUDGE
        moved = view.edits.nudge([str(n) for n in chosen], direction[0] * step, direction[1] * step)
        if moved:
            words = {(-1, 0): tr("left"), (1, 0): tr("right"), (0, -1): tr("up"), (0, 1): tr("down")}
            view.announced.emit(
                ntr("Moved {where} by {by}", "Moved {n} nodes {where} by {by}", len(chosen))
                .replace("{where}", words[direction])
                .replace("{by}", str(int(step)))
            )
        return True

    # -- walking ----------------------------------------------------------------------------------------------

    def tab(self, forward: bool) -> bool:
        """Tab or Shift+Tab, which Qt does not send as keys; False when they lead out of the canvas."""
        keys = "Tab" if forward else "Shift+Tab"
        name = next((name for name in _WALKS if keys in in_force(name)), "")
        return bool(name) and self.walk(_WALKS[name])

    def walk(self, forward: bool) -> bool:
        """Tab goes from node to node, and over the edges that leave it; False at either end."""
        view = self.view
        stops = walking_order(view)
        if not stops:
            return False
        here = ("edge", view.selection.edge) if view.selection.edge else ("node", view.state.focused)
        if here in stops:
            place = stops.index(here) + (1 if forward else -1)
            if not 0 <= place < len(stops):
                view.state.focused = None
                view.selection.clear()
                return False
        else:
            place = 0 if forward else len(stops) - 1
        kind, name = stops[place]
        self.walking = True
        if kind == "edge":
            view.selection.set((), name)
            view.announced.emit(tips.edge_name(view, view.scene.edges[str(name)]))
        else:
            view.state.focused = name
            view.selection.set([str(name)])
            view.ensure_visible(str(name))
            item = view.scene.items[str(name)]
            view.announced.emit(f"{tips.node_name(item)}. {tips.node_description(view, item)}")
        view.update()
        return True

    # -- relations --------------------------------------------------------------------------------------------

    def _show_relations(self) -> None:
        view = self.view
        chosen = view.selection.nodes
        if len(chosen) != 1 or view.gesture is not None:
            return
        related = related_nodes(view.graph, chosen[0])
        keep = {chosen[0], *related}
        for node_id in keep:
            parent = view.scene.items[node_id].parent if node_id in view.scene.items else None
            if parent is not None:
                keep.add(parent)
        view.state.dimmed = frozenset(n for n in view.scene.items if n not in keep)
        view.runs.relations = [(chosen[0], other) for other in related]
        view.repaint_all()

    def _hide_relations(self) -> None:
        if self.view.state.dimmed or self.view.runs.relations:
            self.view.state.dimmed = frozenset()
            self.view.runs.relations = []
            self.view.repaint_all()


def _held(event: QKeyEvent) -> str:
    """The action that goes on as long as this key is down; empty for none."""
    keys = held_keys(event)
    return next((name for name in ("hold_relations", "hold_view") if keys and keys in in_force(name)), "")


def walking_order(view: CanvasView) -> list[tuple[str, str | None]]:
    """Nodes from left to right and top to bottom, children after their container, each followed by its leaving
    edges."""
    items = view.scene.items
    roots = sorted((i for i in items.values() if i.parent not in items), key=lambda i: (i.box.left, i.box.top))
    stops: list[tuple[str, str | None]] = []

    def visit(node_id: str) -> None:
        stops.append(("node", node_id))
        children = [items[c.id] for c in view.graph.children(node_id) if c.id in items]
        for child in sorted(children, key=lambda i: (i.box.left, i.box.top)):
            visit(child.id)
        stops.extend(("edge", edge.id) for edge in view.graph.out_edges(node_id) if edge.id in view.scene.edges)

    for item in roots:
        visit(item.id)
    return stops
