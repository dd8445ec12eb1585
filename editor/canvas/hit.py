"""What lies under a point: sockets first, then cards, edges, borders to resize by, containers and notes, and the
ground."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Literal

from editor.canvas import metrics as m
from editor.canvas.camera import Camera
from editor.canvas.index import Box
from editor.canvas.paint.context import Level, level_for
from editor.canvas.scene import CanvasScene, Item

HitKind = Literal[
    "ground",
    "node",
    "socket",
    "edge",
    "resize",
    "edge-add",
    "edge-delete",
    "run",
    "more",
    "round-back",
    "round-on",
    "round-pick",
]
Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class Hit:
    """`id` is the node's or edge's. `zone`: for nodes `card`, `header` or `floor` (a container's inside, a note);
    for resize the moved borders out of `l`, `t`, `r`, `b`."""

    kind: HitKind
    id: str = ""
    handle: str = ""
    side: Side = "source"
    zone: str = ""


GROUND = Hit("ground")


def hit_at(scene: CanvasScene, camera: Camera, view_x: float, view_y: float, *, editable: bool = True) -> Hit:
    """What lies at a place of the widget (logical pixels)."""
    x, y = camera.to_scene(view_x, view_y)
    reach = m.SOCKET_HIT / camera.zoom
    near = scene.in_area(Box(x - reach, y - reach, x + reach, y + reach))
    if level_for(camera.zoom) >= Level.ICONS:
        socket = socket_near(near, scene, camera, x, y)
        if socket is not None:
            return socket
    for item in reversed(near):
        if item.kind in ("card", "start") and item.box.contains(x, y):
            return Hit("node", item.id, zone="card")
    for item in reversed(near):
        if item.kind in ("room", "note"):
            zone = resize_zone(item, camera, x, y) if editable else ""
            if zone:
                return Hit("resize", item.id, zone=zone)
    edge = edge_near(scene, camera, x, y)
    if edge:
        return Hit("edge", edge)
    for item in reversed(near):
        if item.kind == "note" and item.box.contains(x, y):
            return Hit("node", item.id, zone="floor")
    for item in reversed(near):
        if item.kind == "room" and item.box.contains(x, y):
            header = y <= item.box.top + m.ROOM_HEADER
            return Hit("node", item.id, zone="header" if header else "floor")
    return GROUND


def socket_near(near: list[Item], scene: CanvasScene, camera: Camera, x: float, y: float) -> Hit | None:
    """The socket whose hit area holds the point, the nearest of several."""
    best: tuple[float, Hit] | None = None
    for item in reversed(near):
        for side, handle, place in sockets_of(scene, item):
            distance = hypot(place[0] - x, place[1] - y)
            if distance <= _reach(item, camera) and (best is None or distance < best[0]):
                best = (distance, Hit("socket", item.id, handle, side))
    return best[1] if best else None


def sockets_of(scene: CanvasScene, item: Item) -> list[tuple[Side, str, tuple[float, float]]]:
    """Side, handle and place of all sockets of an item."""
    if item.kind == "note":
        return []
    found: list[tuple[Side, str, tuple[float, float]]] = []
    if item.content.has_input and item.kind != "start":
        found.append(("target", "target", scene.target_socket(item.id)))
    found.extend(
        ("source", socket.handle, scene.source_socket(item.id, socket.handle)) for socket in item.content.sockets
    )
    return found


def _reach(item: Item, camera: Camera) -> float:
    """Half the hit area of a socket, in scene units: 12 px, less where sockets or small cards would be covered by
    it."""
    wanted = m.SOCKET_HIT / 2 / camera.zoom
    if len(item.content.sockets) > 1:
        return min(wanted, m.SOCKET_HIT / 2)
    return min(wanted, item.box.width / 5)


def resize_zone(item: Item, camera: Camera, x: float, y: float) -> str:
    """Which borders of a container or note the point can move: `r`, `b`, `rb`, ..., empty for none."""
    reach = m.RESIZE_HIT / 2 / camera.zoom
    box = item.box
    if not box.grown(reach).contains(x, y) or camera.zoom < m.ZOOM_ICONS:
        return ""
    corner = 3 * reach
    right, bottom = abs(x - box.right) <= reach, abs(y - box.bottom) <= reach
    left, top = abs(x - box.left) <= reach, abs(y - box.top) <= reach
    if abs(x - box.right) <= corner and abs(y - box.bottom) <= corner:
        return "rb"
    across = ("l" if left else "") + ("r" if right else "")
    along = ("t" if top else "") + ("b" if bottom else "")
    return across + along


def edge_near(scene: CanvasScene, camera: Camera, x: float, y: float) -> str:
    """The edge that passes nearest to the point, within reach of the hand; empty for none."""
    reach = m.EDGE_HIT / camera.zoom
    best, found = reach, ""
    for edge in scene.edges_in(Box(x - reach, y - reach, x + reach, y + reach)):
        distance = edge.route.distance(x, y)
        if distance <= best:
            best, found = distance, edge.id
    return found


def room_at(scene: CanvasScene, x: float, y: float, ignore: set[str]) -> str | None:
    """The innermost container whose inside holds the scene point."""
    found = [
        item
        for item in scene.in_area(Box(x, y, x, y))
        if item.kind == "room" and item.id not in ignore and item.box.contains(x, y)
    ]
    return max(found, key=lambda item: item.depth).id if found else None
