"""Nodes that come to stand in a container: they keep to its padding, and it grows where it has no room for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from editor.canvas import metrics as m
from editor.canvas.card import card_content
from editor.canvas.index import Box, union
from editor.canvas.scene import item_kind, item_size
from engine.model.edits import Edit, ResizeNode
from engine.model.types import whole
from engine.nodes import registry

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView
    from engine.model.clipboard import Pasted
    from engine.model.graph import Graph, Node


def inner_box(room: Box) -> Box:
    """Where children of a container may stand."""
    return Box(
        room.left + m.ROOM_PAD_LEFT,
        room.top + m.ROOM_PAD_TOP,
        room.right - m.ROOM_PAD_RIGHT,
        room.bottom - m.ROOM_PAD_BOTTOM,
    )


def way_in(room: Box, group: Box) -> tuple[float, float]:
    """How far nodes must move to stand in a container's room; at its top left when they are larger than it."""
    inner = inner_box(room)
    x = min(max(group.left, inner.left), max(inner.left, inner.right - group.width))
    y = min(max(group.top, inner.top), max(inner.top, inner.bottom - group.height))
    return x - group.left, y - group.top


def box_of(node: Node, graph: Graph, left: float, top: float) -> Box:
    """The box of a node that is not on the canvas yet, at an absolute place."""
    width, height = item_size(node, item_kind(node), card_content(node, graph, registry.spec(node.type)))
    return Box(left, top, left + width, top + height)


def boxes_of(view: CanvasView, pasted: Pasted, room: str | None) -> dict[str, Box]:
    """Where pasted nodes would stand on the canvas, without those that stand in others of them."""
    left, top = view.graph.absolute(room) if room is not None else (0.0, 0.0)
    nodes = {node.id: node for node in pasted.nodes}
    return {n: box_of(nodes[n], view.graph, left + nodes[n].x, top + nodes[n].y) for n in pasted.tops}


def grown(view: CanvasView, room: str | None, boxes: Iterable[Box]) -> list[Edit]:
    """The edit that makes a container large enough for what will stand at `boxes`; none when it is, or at the top."""
    around = union(boxes)
    if room is None or room not in view.scene.items or around is None:
        return []
    box = view.scene.items[room].box
    width = max(box.width, around.right + m.ROOM_PAD_RIGHT - box.left)
    height = max(box.height, around.bottom + m.ROOM_PAD_BOTTOM - box.top)
    if (width, height) == (box.width, box.height):
        return []
    return [ResizeNode(room, whole(width), whole(height))]


def make_room(view: CanvasView, node_ids: Iterable[str]) -> None:
    """Nodes that came to be larger than their container has room for, by more branches or text, make it grow: that is
    part of the step of undo that made them so."""
    graph, items = view.graph, view.scene.items
    rooms = {str(items[n].parent) for n in node_ids if n in items and items[n].parent in items}
    for room in sorted(rooms):
        boxes = [items[child.id].box for child in graph.children(room) if child.id in items]
        for edit in grown(view, room, boxes):
            if view.document is not None:
                view.document.extend(edit)
