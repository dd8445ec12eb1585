"""Which course an edge takes through the scene: around the cards in its way, within its container, straight where it
can be. The curves themselves are in `routes.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from editor.canvas import metrics as m
from editor.canvas.index import Box
from editor.canvas.routes import Route, route, way_back

if TYPE_CHECKING:
    from editor.canvas.scene import CanvasScene, Item
    from engine.model.graph import Edge


def course_of(scene: CanvasScene, edge: Edge, leaving: float, entering: float) -> tuple[Route, Box | None]:
    """The route of an edge between two cards of the scene, and the area whose cards it depends on (None: on none).

    `leaving` and `entering` are its places in the fans of its sockets.
    """
    source, target = scene.items[edge.source], scene.items[edge.target]
    x1, y1 = scene.source_socket(edge.source, edge.source_handle)
    x2, y2 = scene.target_socket(edge.target)
    area = way_back(x1, x2, source.box, target.box)
    others = [] if area is None else _in_the_way(scene, area, source, target)
    lane = _lane(source, edge, leaving, entering)
    within = _around(scene, source, target)
    return route(x1, y1 + leaving, x2, y2 + entering, source.box, target.box, lane, others, within), area


def _in_the_way(scene: CanvasScene, area: Box, source: Item, target: Item) -> list[Box]:
    near = (scene.items[key] for key in scene.index.query(area) if key not in (source.id, target.id))
    return [item.box for item in near if item.parent == source.parent and item.kind != "note"]


def _around(scene: CanvasScene, source: Item, target: Item) -> Box | None:
    room = scene.items.get(source.parent) if source.parent is not None and source.parent == target.parent else None
    return room.box if room is not None else None


def _lane(source: Item, edge: Edge, leaving: float, entering: float) -> float:
    """Detours of different sockets and of shared sockets keep their distance."""
    places = [socket.handle for socket in source.content.sockets]
    place = places.index(edge.source_handle) if edge.source_handle in places else 0
    return place % 6 * m.FAN + abs(leaving) + abs(entering)


def straightened(scene: CanvasScene, edge_ids: list[str], offsets: list[float]) -> list[float]:
    """Places in the fan of a socket, moved so that an edge that can be a straight line is one."""
    graph = scene.graph
    for edge_id, offset in zip(edge_ids, offsets, strict=True):
        edge = graph.edges[edge_id] if graph is not None else None
        if edge is None or edge.source not in scene.items or edge.target not in scene.items:
            continue
        leaves = scene.source_socket(edge.source, edge.source_handle)
        enters = scene.target_socket(edge.target)
        if leaves[1] == enters[1] and leaves[0] < enters[0]:
            return [value - offset for value in offsets]
    return offsets
