"""Tidying a graph: layers from left to right, branches kept in the order of their sockets, containers fitted to what
they hold, notes left where they are (editor spec C20). Pure and fast; sizes come from who draws the cards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from engine.model.containers import PADDING_BOTTOM, PADDING_LEFT, PADDING_RIGHT, PADDING_TOP, cycle_edges
from engine.model.edits import Edit, Group, MoveNodes, ResizeNode
from engine.model.graph import Edge, Graph, Node
from engine.nodes import registry

GAP_X, GAP_Y = 100, 80
INNER_GAP_X, INNER_GAP_Y = 80, 60
CARD = (240.0, 100.0)
PASSES = 6
Size = tuple[float, float]
Place = tuple[float, float]


def organize(graph: Graph, sizes: Mapping[str, Size] | None = None) -> Edit | None:
    """The edit that tidies the graph, or None when it is tidy already."""
    places, room_sizes = arrange(graph, sizes or {})
    moves = {}
    for node_id, (x, y) in places.items():
        node = graph.nodes[node_id]
        if abs(node.x - x) > 0.5 or abs(node.y - y) > 0.5:
            moves[node_id] = (x, y)
    edits: list[Edit] = [MoveNodes(moves)] if moves else []
    for node_id, (width, height) in room_sizes.items():
        node = graph.nodes[node_id]
        if (node.width, node.height) != (width, height):
            edits.append(ResizeNode(node_id, width, height))
    return Group("", tuple(edits)) if edits else None


def arrange(graph: Graph, sizes: Mapping[str, Size]) -> tuple[dict[str, Place], dict[str, Size]]:
    """Places of all nodes (relative to their parents) and sizes of containers."""
    known = dict(sizes)
    places: dict[str, Place] = {}
    rooms: dict[str, Size] = {}
    containers = [n for n in graph.nodes.values() if n.is_container]
    # Inner containers first: an outer one needs their sizes.
    for container in sorted(containers, key=lambda n: -len(graph.ancestors(n.id))):
        inside = list(graph.children(container.id))
        found, extent = _layered(graph, inside, known, INNER_GAP_X, INNER_GAP_Y)
        for node_id, (x, y) in found.items():
            places[node_id] = (PADDING_LEFT + 8 + x, PADDING_TOP + y)
        width = max(extent[0] + PADDING_LEFT + PADDING_RIGHT + 16, 260)
        height = max(extent[1] + PADDING_TOP + PADDING_BOTTOM, 140)
        rooms[container.id] = known[container.id] = (width, height)
    tops = [n for n in graph.nodes.values() if n.parent is None and not n.is_note]
    found, _ = _layered(graph, tops, known, GAP_X, GAP_Y)
    if found:
        left = min(graph.nodes[n].x for n in found)
        top = min(graph.nodes[n].y for n in found)
        places.update({n: (round(left + x), round(top + y)) for n, (x, y) in found.items()})
    return places, rooms


def _size(node: Node, sizes: Mapping[str, Size]) -> Size:
    if node.id in sizes:
        return sizes[node.id]
    if node.is_container_start:
        return (44.0, 48.0)
    if node.is_container and node.width and node.height:
        return (node.width, node.height)
    return CARD


def _layered(
    graph: Graph, nodes: list[Node], sizes: Mapping[str, Size], gap_x: float, gap_y: float
) -> tuple[dict[str, Place], Size]:
    """Places from (0, 0) on and the whole extent. Parts that are not connected stand below each other."""
    places: dict[str, Place] = {}
    top = width = 0.0
    for part in _parts(graph, nodes):
        found, (part_width, part_height) = _part(graph, part, sizes, gap_x, gap_y)
        places.update({n: (x, top + y) for n, (x, y) in found.items()})
        top += part_height + gap_y
        width = max(width, part_width)
    return places, (width, max(0.0, top - gap_y))


def _parts(graph: Graph, nodes: list[Node]) -> list[list[Node]]:
    ids = {n.id for n in nodes}
    seen: set[str] = set()
    parts = []
    for node in nodes:
        if node.id in seen:
            continue
        group, stack = [], [node.id]
        seen.add(node.id)
        while stack:
            current = stack.pop()
            group.append(current)
            for edge in (*graph.out_edges(current), *graph.in_edges(current)):
                for other in (edge.source, edge.target):
                    if other in ids and other not in seen:
                        seen.add(other)
                        stack.append(other)
        chosen = set(group)
        parts.append([n for n in nodes if n.id in chosen])
    return parts


def _part(
    graph: Graph, nodes: list[Node], sizes: Mapping[str, Size], gap_x: float, gap_y: float
) -> tuple[dict[str, Place], Size]:
    ids = {n.id for n in nodes}
    back = set(cycle_edges(graph))
    edges = [e for n in nodes for e in graph.out_edges(n.id) if e.target in ids and e.id not in back]
    layer = _layers(nodes, edges)
    rows = _rows(nodes, edges, layer)
    columns: dict[int, list[str]] = defaultdict(list)
    for node_id in sorted(ids, key=lambda n: (layer[n], rows[n])):
        columns[layer[node_id]].append(node_id)
    box = {n.id: _size(n, sizes) for n in nodes}
    return _placed(columns, edges, box, gap_x, gap_y)


def _layers(nodes: list[Node], edges: list[Edge]) -> dict[str, int]:
    """The longest way from an entry, in steps."""
    incoming: dict[str, list[str]] = defaultdict(list)
    outgoing: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        incoming[edge.target].append(edge.source)
        outgoing[edge.source].append(edge.target)
    waiting = {n.id: len(incoming[n.id]) for n in nodes}
    layer = {n.id: 0 for n in nodes}
    ready = [n.id for n in nodes if not waiting[n.id]]
    while ready:
        node_id = ready.pop()
        for target in outgoing[node_id]:
            layer[target] = max(layer[target], layer[node_id] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return layer


def _socket_order(node: Node) -> dict[str, int]:
    spec = registry.spec(node.type)
    handles = spec.handles(node.data) if spec else ()
    return {handle.id: index for index, handle in enumerate(handles)}


def _rows(nodes: list[Node], edges: list[Edge], layer: Mapping[str, int]) -> dict[str, float]:
    """A number to order each column by: a walk in socket order first, then the average of the neighbours before."""
    order: dict[str, float] = {}
    outgoing: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.source].append(edge)
    by_id = {n.id: n for n in nodes}
    for node_id, found in outgoing.items():
        sockets = _socket_order(by_id[node_id])
        found.sort(key=lambda e: (sockets.get(e.source_handle, 99), by_id[e.target].y))
    roots = sorted((n for n in nodes if layer[n.id] == 0), key=lambda n: (n.y, n.x))
    stack = [n.id for n in reversed(roots)]
    while stack:
        node_id = stack.pop()
        if node_id in order:
            continue
        order[node_id] = float(len(order))
        stack.extend(e.target for e in reversed(outgoing[node_id]) if e.target not in order)
    return order


def _placed(
    columns: Mapping[int, list[str]], edges: list[Edge], box: Mapping[str, Size], gap_x: float, gap_y: float
) -> tuple[dict[str, Place], Size]:
    """Columns side by side; in a column each node as near to the middle of its neighbours as order and gaps allow."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        before[edge.target].append(edge.source)
        after[edge.source].append(edge.target)
    y: dict[str, float] = {}
    for names in columns.values():
        top = 0.0
        for name in names:
            y[name] = top
            top += box[name][1] + gap_y
    for step in range(PASSES):
        near = before if step % 2 == 0 else after
        for index in sorted(columns, reverse=step % 2 == 1):
            _settle(columns[index], near, y, box, gap_y)
    top = min(y.values(), default=0.0)
    places: dict[str, Place] = {}
    x = 0.0
    for index in sorted(columns):
        for name in columns[index]:
            places[name] = (x, y[name] - top)
        x += max(box[name][0] for name in columns[index]) + gap_x
    height = max((places[n][1] + box[n][1] for n in places), default=0.0)
    return places, (max(0.0, x - gap_x), height)


def _settle(
    names: list[str], near: Mapping[str, list[str]], y: dict[str, float], box: Mapping[str, Size], gap: float
) -> None:
    """Move a column's nodes towards the middle of their neighbours, keeping order and gaps: blocks that meet share
    their wishes, so that the whole stays centred."""
    blocks: list[list[float]] = []  # [wished top of the block, its height, number of nodes]
    for name in names:
        height = box[name][1]
        neighbours = [y[n] + box[n][1] / 2 for n in near.get(name, ())]
        wish = sum(neighbours) / len(neighbours) - height / 2 if neighbours else y[name]
        block = [wish, height, 1.0]
        while blocks and blocks[-1][0] + blocks[-1][1] + gap > block[0]:
            last = blocks.pop()
            offset = last[1] + gap
            total = last[2] + block[2]
            start = (last[0] * last[2] + (block[0] - offset) * block[2]) / total
            block = [start, offset + block[1], total]
        blocks.append(block)
    position = 0
    for start, _height, count in blocks:
        top = start
        for name in names[position : position + int(count)]:
            y[name] = top
            top += box[name][1] + gap
        position += int(count)
