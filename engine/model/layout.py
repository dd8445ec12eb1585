"""Tidying a graph: layers from left to right, branches in the order of their sockets, containers fitted to what they
hold, notes moved only out of the way (editor inventory C20). Sizes come from whoever draws the cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from engine.model.containers import PADDING_BOTTOM, PADDING_LEFT, PADDING_RIGHT, PADDING_TOP, SMALLEST_ROOM
from engine.model.edits import Edit, Group, MoveNodes, ResizeNode
from engine.model.graph import Graph, Node
from engine.model.layering import Layering, Link, Place, Size
from engine.nodes import registry

GAP_X, GAP_Y = 100, 80
INNER_GAP_X, INNER_GAP_Y = 80, 60
NOTE_GAP = 20
NEAR = 120
"""A note this near to a card belongs to it and moves along."""
CARD: Size = (240.0, 100.0)
CONTAINER_START: Size = (44.0, 48.0)
ROW_WIDTH = 1600
"""Unconnected nodes stand in rows of this width."""


def organize(graph: Graph, sizes: Mapping[str, Size] | None = None) -> Edit | None:
    """The edit that tidies the graph, or None when it is tidy already."""
    places, rooms = arrange(graph, sizes or {})
    moves = {
        node_id: place
        for node_id, place in places.items()
        if abs(graph.nodes[node_id].x - place[0]) > 0.5 or abs(graph.nodes[node_id].y - place[1]) > 0.5
    }
    edits: list[Edit] = [MoveNodes(moves)] if moves else []
    for node_id, (width, height) in rooms.items():
        node = graph.nodes[node_id]
        if (node.width, node.height) != (width, height):
            edits.append(ResizeNode(node_id, width, height))
    return Group("", tuple(edits)) if edits else None


def arrange(graph: Graph, sizes: Mapping[str, Size]) -> tuple[dict[str, Place], dict[str, Size]]:
    """Places of all nodes, relative to their parents, and the sizes of containers."""
    known = dict(sizes)
    places: dict[str, Place] = {}
    rooms: dict[str, Size] = {}
    containers = [n for n in graph.nodes.values() if n.is_container]
    # Inner containers first: an outer one needs their sizes.
    for container in sorted(containers, key=lambda n: -len(graph.ancestors(n.id))):
        inside = list(graph.children(container.id))
        found = _scope(graph, inside, known, (PADDING_LEFT, PADDING_TOP), (INNER_GAP_X, INNER_GAP_Y), is_room=True)
        places.update(found)
        right = max((x + _size(graph.nodes[n], known)[0] for n, (x, _) in found.items()), default=0.0)
        bottom = max((y + _size(graph.nodes[n], known)[1] for n, (_, y) in found.items()), default=0.0)
        size = (max(right + PADDING_RIGHT, SMALLEST_ROOM[0]), max(bottom + PADDING_BOTTOM, SMALLEST_ROOM[1]))
        rooms[container.id] = known[container.id] = size
    tops = [n for n in graph.nodes.values() if n.parent is None or n.parent not in graph.nodes]
    cards = [n for n in tops if not n.is_note]
    if cards:
        corner = (min(n.x for n in cards), min(n.y for n in cards))
        places.update(_scope(graph, tops, known, corner, (GAP_X, GAP_Y)))
    return places, rooms


def _size(node: Node, sizes: Mapping[str, Size]) -> Size:
    if node.id in sizes:
        return sizes[node.id]
    if node.is_container_start:
        return CONTAINER_START
    if (node.is_container or node.is_note) and node.width and node.height:
        return (node.width, node.height)
    return CARD


# -- one scope ---------------------------------------------------------------------------------------------------------


def _scope(
    graph: Graph,
    nodes: Sequence[Node],
    sizes: Mapping[str, Size],
    corner: Place,
    gaps: tuple[float, float],
    *,
    is_room: bool = False,
) -> dict[str, Place]:
    """Places of the nodes of one scope, notes among them, with the top left one at `corner`; in a room, which is a
    container, nothing stands left of it or above.

    Connected parts stand below each other in file order, nodes without any connection in rows at the end.
    """
    cards = [n for n in nodes if not n.is_note]
    box = {n.id: _size(n, sizes) for n in cards}
    places: dict[str, Place] = {}
    top = corner[1]
    alone: list[str] = []
    for part in _parts(graph, cards):
        if len(part) == 1:
            alone += part
            continue
        found, (_, height) = Layering({n: box[n] for n in part}, _links(graph, part), *gaps).placed()
        places.update({n: (corner[0] + x, top + y) for n, (x, y) in found.items()})
        top += height + gaps[1]
    places.update(_in_rows(alone, box, (corner[0], top), gaps))
    notes = [n for n in nodes if n.is_note]
    edge = corner if is_room else (-inf, -inf)
    return {**places, **_notes(notes, cards, places, box, sizes, edge)} if notes else places


def _in_rows(
    node_ids: Iterable[str], box: Mapping[str, Size], corner: Place, gaps: tuple[float, float]
) -> dict[str, Place]:
    places: dict[str, Place] = {}
    x, y = corner
    tallest = 0.0
    for node_id in node_ids:
        width, height = box[node_id]
        if x > corner[0] and x + width > corner[0] + ROW_WIDTH:
            x, y, tallest = corner[0], y + tallest + gaps[1], 0.0
        places[node_id] = (x, y)
        x += width + gaps[0]
        tallest = max(tallest, height)
    return places


def _parts(graph: Graph, nodes: Sequence[Node]) -> list[list[str]]:
    """Connected parts, each in file order, in the order of their first node."""
    ids = {n.id for n in nodes}
    part: dict[str, int] = {}
    count = 0
    for node in nodes:
        if node.id in part:
            continue
        stack = [node.id]
        part[node.id] = count
        while stack:
            current = stack.pop()
            for edge in (*graph.out_edges(current), *graph.in_edges(current)):
                for other in (edge.source, edge.target):
                    if other in ids and other not in part:
                        part[other] = count
                        stack.append(other)
        count += 1
    groups: list[list[str]] = [[] for _ in range(count)]
    for node in nodes:
        groups[part[node.id]].append(node.id)
    return groups


def _links(graph: Graph, part: Sequence[str]) -> list[Link]:
    ids = set(part)
    links = []
    for node_id in part:
        edges = [e for e in graph.out_edges(node_id) if e.target in ids]
        sockets = _sockets(graph.nodes[node_id]) if len(edges) > 1 else {}
        links += [Link(e.source, e.target, sockets.get(e.source_handle, len(sockets))) for e in edges]
    return links


def _sockets(node: Node) -> dict[str, int]:
    spec = registry.spec(node.type)
    return {handle.id: index for index, handle in enumerate(spec.handles(node.data))} if spec is not None else {}


# -- notes -------------------------------------------------------------------------------------------------------------

Rect = tuple[float, float, float, float]


def _notes(
    notes: Sequence[Node],
    cards: Sequence[Node],
    places: Mapping[str, Place],
    box: Mapping[str, Size],
    sizes: Mapping[str, Size],
    edge: Place,
) -> dict[str, Place]:
    """A note beside a card moves along with it; one that would lie over something goes to the nearest free place, none
    left of `edge` or above."""
    before = {n.id: (n.x, n.y, *box[n.id]) for n in cards}
    taken: list[Rect] = [(*places[n.id], *box[n.id]) for n in cards]
    found: dict[str, Place] = {}
    for note in notes:
        width, height = _size(note, sizes)
        x, y = note.x, note.y
        nearest = min(before, key=lambda n: _distance((note.x, note.y, width, height), before[n]), default=None)
        if nearest is not None and _distance((x, y, width, height), before[nearest]) <= NEAR:
            x += places[nearest][0] - before[nearest][0]
            y += places[nearest][1] - before[nearest][1]
        rect = _free((max(x, edge[0]), max(y, edge[1]), width, height), taken, edge)
        taken.append(rect)
        found[note.id] = (rect[0], rect[1])
    return found


def _distance(one: Rect, other: Rect) -> float:
    """Space between two rectangles, 0 when they touch."""
    dx = max(other[0] - one[0] - one[2], one[0] - other[0] - other[2], 0.0)
    dy = max(other[1] - one[1] - one[3], one[1] - other[1] - other[3], 0.0)
    return dx + dy


def _overlaps(one: Rect, other: Rect) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _free(rect: Rect, taken: Sequence[Rect], edge: Place) -> Rect:
    """The nearest place, straight beside something that is there and not beyond the edge, where the rectangle lies over
    nothing."""
    if not any(_overlaps(rect, other) for other in taken):
        return rect
    x, y, width, height = rect
    tries: list[Rect] = []
    for ox, oy, ow, oh in taken:
        tries += [
            (x, oy - height - NOTE_GAP, width, height),
            (x, oy + oh + NOTE_GAP, width, height),
            (ox - width - NOTE_GAP, y, width, height),
            (ox + ow + NOTE_GAP, y, width, height),
        ]
    # Below everything is always free.
    tries.append((x, max(other[1] + other[3] for other in taken) + NOTE_GAP, width, height))
    tries = [r for r in tries if r[0] >= edge[0] and r[1] >= edge[1]]
    tries.sort(key=lambda r: abs(r[0] - x) + abs(r[1] - y))
    return next(r for r in tries if not any(_overlaps(r, other) for other in taken))
