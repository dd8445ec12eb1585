"""The graph as things to draw: boxes, contents, sockets and curves, kept in step with the document by deltas.

No Qt and no state of the view in here. Positions are absolute scene units; heights of cards are computed from what
they show, never taken from the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from editor.canvas import courses
from editor.canvas import metrics as m
from editor.canvas.card import card_content, with_retry
from editor.canvas.content import CardContent
from editor.canvas.index import Box, SpatialIndex
from editor.canvas.routes import Route, fan
from editor.canvas.runview import NO_EXTRA, Extra, NodeRun, extra_for
from engine.nodes import registry

if TYPE_CHECKING:
    from engine.model.document import Delta
    from engine.model.graph import Edge, Graph, Node

ItemKind = Literal["card", "room", "note", "start"]
_START_TYPES = frozenset({"iteration-start", "loop-start"})


@dataclass(slots=True)
class Item:
    """One node as drawn.

    `full` is all that the card has to say, `content` what it shows: less, where the next card below leaves no room
    (files are laid out for lower cards than ours). `run` is what a run says of it, `wish` what that would add below the
    body, `shown` as much of it as there is room for; `drawing` is the painter's cache.
    """

    id: str
    kind: ItemKind
    node: Node
    full: CardContent
    content: CardContent
    box: Box
    depth: int
    parent: str | None
    order: int
    wish: Extra = NO_EXTRA
    shown: Extra = NO_EXTRA
    run: NodeRun | None = None
    drawing: Any = None

    @property
    def extra(self) -> float:
        """The height that a run adds below the body."""
        return self.shown.height


@dataclass(slots=True)
class EdgeItem:
    """One edge as drawn. `path` is the painter's cache."""

    id: str
    source: str
    target: str
    source_handle: str
    target_handle: str
    route: Route
    depth: int
    fail: bool = False
    path: Any = None


@dataclass(slots=True)
class Damage:
    """What has to be painted again after a change: areas, or everything."""

    areas: list[Box] = field(default_factory=list)
    everything: bool = False


class CanvasScene:
    """Items and edges by id, with spatial indexes for both."""

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self.items: dict[str, Item] = {}
        self.edges: dict[str, EdgeItem] = {}
        self.index = SpatialIndex()
        self.edge_index = SpatialIndex(960.0)
        self._ways = SpatialIndex(960.0)
        self.lacks: Mapping[str, Mapping[str, str]] = {}
        """What this workspace has not of what nodes name: by node the places and the codes of problems."""
        self.stamp = 0
        """Raised whenever boxes may have changed; painters keep things by it."""
        self._by_node: dict[str, set[str]] = {}
        self._fans: dict[tuple[str, bool], float] = {}
        self._referrers: dict[str, set[str]] = {}

    # -- building ---------------------------------------------------------------------------------------------

    def load(self, graph: Graph | None) -> None:
        """Forgets everything and shows `graph`."""
        self.stamp += 1
        self.items.clear()
        self.edges.clear()
        self.index.clear()
        self.edge_index.clear()
        self._ways.clear()
        self._by_node.clear()
        self._fans.clear()
        self._referrers.clear()
        self.graph = graph
        if graph is None:
            return
        for order, node in enumerate(graph.nodes.values()):
            self._put_item(node, graph, order)
        self._fit_rows(self.items.values())
        for edge in graph.edges.values():
            self._register_edge(edge)
        self._fan_out(self._shared_sockets(graph))
        for edge in graph.edges.values():
            self._route_edge(edge)

    def update(self, graph: Graph, delta: Delta) -> Damage:
        """Follows one change of the document and tells what to paint again."""
        if delta.everything:
            self.load(graph)
            return Damage(everything=True)
        self.graph = graph
        self.stamp += 1
        damage = Damage()
        touched_edges: set[str] = set()
        for edge_id in (*delta.edges_removed, *delta.edges_changed):
            self._drop_edge(edge_id, damage, touched_edges)
        renamed = set(delta.nodes_removed)
        for node_id in delta.nodes_removed:
            self._drop_item(node_id, damage, touched_edges)
        touched = {n for n in (*delta.nodes_added, *delta.nodes_changed) if n in graph.nodes}
        # What is in a container moves with it, and knows how deep it stands.
        inside = {inner.id for n in touched if graph.nodes[n].is_container for inner in graph.descendants(n)}
        for node_id in touched | inside:
            only_moved = node_id in delta.moved or node_id not in touched
            if self._refresh_item(node_id, graph, damage, only_moved):
                renamed.add(node_id)
        touched |= inside | self._refresh_referrers(renamed, graph, damage)
        if delta.nodes_added or delta.nodes_removed:
            self._reorder(graph)
        for before, item in self._fit_rows(self._above(damage.areas)):
            damage.areas += [before, item.box]
            touched.add(item.id)
        for edge_id in (*delta.edges_added, *delta.edges_changed):
            if edge_id in graph.edges:
                self._register_edge(graph.edges[edge_id])
                touched_edges.add(edge_id)
        for node_id in touched:
            touched_edges |= self._by_node.get(node_id, set())
        for area in damage.areas:
            touched_edges.update(self._ways.query(area))
        self._reroute(touched_edges, damage)
        return damage

    def draw_at(self, boxes: Mapping[str, Box]) -> None:
        """Draws items elsewhere than the document has them, with their edges, until they are drawn somewhere else."""
        self.stamp += 1
        touched: set[str] = set()
        for node_id, box in boxes.items():
            self.items[node_id].box = box
            self.index.put(node_id, box)
            touched |= self._by_node.get(node_id, set())
        self._reroute(touched, Damage())

    def _reorder(self, graph: Graph) -> None:
        for order, node_id in enumerate(graph.nodes):
            item = self.items.get(node_id)
            if item is not None:
                item.order = order

    def _refresh_item(self, node_id: str, graph: Graph, damage: Damage, only_moved: bool) -> bool:
        """Brings one item up to date; True when its title (as others show it) changed."""
        node = graph.nodes[node_id]
        old = self.items.get(node_id)
        if old is None:
            damage.areas.append(self._put_item(node, graph, len(self.items)).box)
            return True
        damage.areas.append(old.box)
        if only_moved:
            old.node, old.parent, old.depth = node, node.parent, self._depth(node, graph)
            if old.content != old.full or old.shown != old.wish:
                old.drawing = None  # drawn with fewer rows than it may have room for now
            old.content, old.shown = old.full, old.wish
            old.box = self._box(node, graph, old.kind, old.content, old.extra)
            self.index.put(node_id, old.box)
            damage.areas.append(old.box)
            return False
        self._forget_refs(old)
        item = self._put_item(node, graph, old.order)
        item.wish, item.run = old.wish, old.run
        item.full = item.content = with_retry(item.full, node, old.run)
        damage.areas.append(item.box)
        return old.full.title != item.full.title or old.node.type != node.type

    def _forget_refs(self, item: Item) -> None:
        for ref in item.full.refs:
            self._referrers.get(ref, set()).discard(item.id)

    def _refresh_referrers(self, renamed: set[str], graph: Graph, damage: Damage) -> set[str]:
        """Makes the cards anew that show a title that changed or went; answers which."""
        stale = {ref for name in renamed for ref in self._referrers.get(name, ())} - renamed
        found = {node_id for node_id in stale if node_id in graph.nodes and node_id in self.items}
        for node_id in found:
            self._refresh_item(node_id, graph, damage, False)
        return found

    def _above(self, areas: list[Box]) -> list[Item]:
        """Cards in and above these areas: their room may have changed."""
        found = {item.id: item for area in areas for item in self.in_area(area._replace(top=area.top - 900.0))}
        return list(found.values())

    def _fit_rows(self, items: Iterable[Item]) -> list[tuple[Box, Item]]:
        """Leaves out optional rows where a card would reach into the next one below; answers the cards that changed,
        each with the box that it had."""
        changed = []
        for item in items:
            if item.kind != "card":
                continue
            fitted, shown = self._fit(item)
            same = fitted.rows == item.content.rows and fitted.sockets == item.content.sockets
            if same and shown == item.shown and item.box.bottom == item.box.top + fitted.height + shown.height:
                continue
            before = item.box
            item.content = fitted
            item.shown = shown
            item.drawing = None
            item.box = item.box._replace(bottom=item.box.top + fitted.height + item.extra)
            self.index.put(item.id, item.box)
            changed.append((before, item))
        return changed

    def _fit(self, item: Item) -> tuple[CardContent, Extra]:
        """The rows and the traces of a run that a card has room for. Rows make room for the run, except on cards whose
        sockets would move with them."""
        full, wish = item.full, item.wish
        if full.height + wish.height <= m.HEADER:
            return full, wish
        room = self._room_below(item, full.height + wish.height)
        steady = any(socket.row >= 0 for socket in full.sockets)
        fitted = full.fitted(room if steady else room - wish.height)
        return fitted, wish.fitted(room - fitted.height)

    def _room_below(self, item: Item, height: float) -> float:
        """How high a card can be before it reaches into the next one below."""
        box = item.box
        below = Box(box.left, box.top + m.HEADER / 2, box.right, box.top + height + m.CARD_SPACE)
        room = float("inf")
        for key in self.index.query(below):
            other = self.items[key]
            if key == item.id or other.parent != item.parent or other.kind == "note":
                continue
            if other.box.top >= below.top:
                room = min(room, other.box.top - box.top - m.CARD_SPACE)
        around = self.items.get(item.parent) if item.parent is not None else None
        if around is not None and box.top + m.HEADER < around.box.bottom:
            room = min(room, max(around.box.bottom - m.CARD_SPACE - box.top, m.HEADER))
        return room

    def refresh_contents(self) -> None:
        """Makes every card's content anew (another language)."""
        if self.graph is not None:
            runs = {item.id: item.run for item in self.items.values() if item.run is not None}
            self.load(self.graph)
            for node_id, run in runs.items():
                self.set_run(node_id, run)

    def set_lacks(self, lacks: Mapping[str, Mapping[str, str]]) -> Damage:
        """Says on cards what this workspace has not."""
        changed = {n for n in {*lacks, *self.lacks} if lacks.get(n) != self.lacks.get(n) and n in self.items}
        self.lacks = {node_id: dict(places) for node_id, places in lacks.items()}
        if self.graph is None or not changed:
            return Damage()
        from engine.model.document import Delta

        return self.update(self.graph, Delta(nodes_changed=frozenset(changed)))

    def refresh_nodes(self, node_ids: Iterable[str]) -> Damage:
        """Makes the cards of these nodes anew, for what is told of them changed although they did not."""
        damage = Damage()
        if self.graph is not None:
            self.stamp += 1
            for node_id in node_ids:
                self._refresh_item(node_id, self.graph, damage, False)
            fitted = self._fit_rows(self._above(damage.areas))
            damage.areas += [area for before, item in fitted for area in (before, item.box)]
        return damage

    def forget_drawings(self) -> None:
        """Drops what painters cached (another theme or pixel ratio)."""
        for item in self.items.values():
            item.drawing = None

    def _put_item(self, node: Node, graph: Graph, order: int) -> Item:
        spec = registry.spec(node.type)
        kind = item_kind(node)
        content = card_content(node, graph, spec, self.lacks.get(node.id))
        item = Item(
            node.id,
            kind,
            node,
            content,
            content,
            self._box(node, graph, kind, content, 0.0),
            self._depth(node, graph),
            node.parent,
            order,
        )
        self.items[node.id] = item
        self.index.put(node.id, item.box)
        for ref in content.refs:
            self._referrers.setdefault(ref, set()).add(node.id)
        return item

    def _box(self, node: Node, graph: Graph, kind: ItemKind, content: CardContent, extra: float) -> Box:
        x, y = graph.absolute(node.id)
        width, height = item_size(node, kind, content)
        return Box(x, y, x + width, y + height + extra)

    @staticmethod
    def _depth(node: Node, graph: Graph) -> int:
        depth = 0
        parent = node.parent
        while parent is not None and depth < 8:
            depth += 1
            above = graph.nodes.get(parent)
            parent = above.parent if above is not None else None
        return depth

    def _drop_item(self, node_id: str, damage: Damage, touched: set[str]) -> None:
        item = self.items.pop(node_id, None)
        if item is None:
            return
        self._forget_refs(item)
        damage.areas.append(item.box)
        self.index.drop(node_id)
        for edge_id in list(self._by_node.get(node_id, ())):
            self._drop_edge(edge_id, damage, touched)
        self._by_node.pop(node_id, None)

    # -- edges ------------------------------------------------------------------------------------------------

    def _register_edge(self, edge: Edge) -> None:
        self._by_node.setdefault(edge.source, set()).add(edge.id)
        self._by_node.setdefault(edge.target, set()).add(edge.id)

    @staticmethod
    def _shared_sockets(graph: Graph) -> list[tuple[str, str] | str]:
        """Sockets with more than one edge."""
        counts: dict[tuple[str, str] | str, int] = {}
        for edge in graph.edges.values():
            for key in (_source_key(edge), edge.target):
                counts[key] = counts.get(key, 0) + 1
        return [key for key, count in counts.items() if count > 1]

    def _drop_edge(self, edge_id: str, damage: Damage, touched: set[str]) -> None:
        item = self.edges.pop(edge_id, None)
        self._fans.pop((edge_id, True), None)
        self._fans.pop((edge_id, False), None)
        if item is None:
            return
        damage.areas.append(item.route.box)
        self.edge_index.drop(edge_id)
        self._ways.drop(edge_id)
        for node_id in (item.source, item.target):
            mine = self._by_node.get(node_id)
            if mine is not None:
                mine.discard(edge_id)
                touched |= mine

    def _route_edge(self, edge: Edge) -> EdgeItem | None:
        source, target = self.items.get(edge.source), self.items.get(edge.target)
        if source is None or target is None:
            return None
        leaving, entering = self._fans.get((edge.id, True), 0.0), self._fans.get((edge.id, False), 0.0)
        course, area = courses.course_of(self, edge, leaving, entering)
        if area is None:
            self._ways.drop(edge.id)
        else:
            self._ways.put(edge.id, area)
        item = EdgeItem(
            edge.id,
            edge.source,
            edge.target,
            edge.source_handle,
            edge.target_handle,
            course,
            min(source.depth, target.depth),
            any(socket.fail and socket.handle == edge.source_handle for socket in source.content.sockets),
        )
        self.edges[edge.id] = item
        self.edge_index.put(edge.id, item.route.box)
        return item

    def _reroute(self, edge_ids: Iterable[str], damage: Damage) -> None:
        """Routes these edges anew, and those whose place at a shared socket changes with them."""
        graph = self.graph
        if graph is None:
            return
        wanted = {edge_id for edge_id in edge_ids if edge_id in graph.edges}
        wanted |= self._fan_out({_source_key(graph.edges[e]) for e in wanted} | {graph.edges[e].target for e in wanted})
        for edge_id in wanted:
            old = self.edges.get(edge_id)
            new = self._route_edge(graph.edges[edge_id])
            if old is not None and new is not None and old.route == new.route:
                new.path = old.path
                continue
            damage.areas.extend(item.route.box for item in (old, new) if item is not None)

    def _fan_out(self, sockets: Iterable[tuple[str, str] | str]) -> set[str]:
        """Spreads the edges of each socket (source sockets as (node, handle), target sockets as node id).

        Edges that share a socket leave or enter 6 px apart, ordered by where they come from or go to. Answers the ids
        whose place changed.
        """
        graph = self.graph
        changed: set[str] = set()
        if graph is None:
            return changed
        for socket in sockets:
            at_source = isinstance(socket, tuple)
            node_id = socket[0] if isinstance(socket, tuple) else socket
            peers: list[tuple[float, str]] = []
            for edge_id in self._by_node.get(node_id, ()):
                edge = graph.edges.get(edge_id)
                if edge is None:
                    continue
                if at_source:
                    if _source_key(edge) == socket and edge.target in self.items:
                        peers.append((self.items[edge.target].box.top, edge_id))
                elif edge.target == node_id and edge.source in self.items:
                    peers.append((self.source_socket(edge.source, edge.source_handle)[1], edge_id))
            peers.sort()
            offsets = fan(len(peers))
            if len(peers) == 2:
                offsets = courses.straightened(self, [edge_id for _, edge_id in peers], offsets)
            for (_, edge_id), offset in zip(peers, offsets, strict=True):
                key = (edge_id, at_source)
                if self._fans.get(key, 0.0) != offset:
                    self._fans[key] = offset
                    changed.add(edge_id)
        return changed

    # -- questions --------------------------------------------------------------------------------------------

    def source_socket(self, node_id: str, handle: str) -> tuple[float, float]:
        """The scene place of a source socket; KeyError for an unknown node."""
        item = self.items[node_id]
        if item.kind == "start":
            return item.box.right, (item.box.top + item.box.bottom) / 2
        if item.kind == "room":
            return item.box.right, item.box.top + m.ROOM_HEADER / 2
        return item.box.right, item.box.top + item.content.socket_y(handle)

    def target_socket(self, node_id: str) -> tuple[float, float]:
        """The scene place of a node's input socket; KeyError for an unknown node."""
        item = self.items[node_id]
        if item.kind == "start":
            return item.box.left, (item.box.top + item.box.bottom) / 2
        return item.box.left, item.box.top + (m.ROOM_HEADER if item.kind == "room" else m.HEADER) / 2

    def edges_of(self, node_id: str) -> frozenset[str]:
        """Ids of all edges that start or end at the node."""
        return frozenset(self._by_node.get(node_id, ()))

    def in_area(self, area: Box) -> list[Item]:
        """Items that touch `area`, in drawing order."""
        items = self.items
        return sorted((items[key] for key in self.index.query(area)), key=_drawing_order)

    def edges_in(self, area: Box) -> list[EdgeItem]:
        """Edges whose box touches `area`."""
        edges = self.edges
        return [edges[key] for key in self.edge_index.query(area)]

    def bounds(self) -> Box | None:
        """The box around all items, None for an empty canvas."""
        return self.index.bounds()

    def bounds_of(self, node_ids: Iterable[str]) -> Box | None:
        """The box around some items."""
        from editor.canvas.index import union

        return union(self.items[node_id].box for node_id in node_ids if node_id in self.items)

    def with_children(self, node_ids: Iterable[str]) -> Iterator[str]:
        """The nodes and everything inside those that are containers, each once."""
        seen: set[str] = set()
        waiting = list(node_ids)
        while waiting:
            node_id = waiting.pop()
            if node_id in seen or node_id not in self.items:
                continue
            seen.add(node_id)
            yield node_id
            if self.graph is not None and self.items[node_id].kind == "room":
                waiting.extend(child.id for child in self.graph.children(node_id))

    def set_run(self, node_id: str, run: NodeRun | None) -> Damage:
        """Gives a node more to show while a run is shown: below its body, and in its line about trying again."""
        damage = Damage()
        item = self.items.get(node_id)
        if item is None or item.kind != "card":
            return damage
        item.run = run
        wish, full = extra_for(run, item.full.streams), with_retry(item.full, item.node, run)
        if item.wish == wish and full is item.full:
            return damage
        item.full = full
        damage.areas.append(item.box)
        item.wish = wish
        if self._fit_rows([item]):
            damage.areas.append(item.box)
        return damage


def item_kind(node: Node) -> ItemKind:
    """How a node is drawn."""
    if node.is_note:
        return "note"
    if node.is_container:
        return "room"
    if node.type in _START_TYPES:
        return "start"
    return "card"


def item_size(node: Node, kind: ItemKind, content: CardContent) -> tuple[float, float]:
    """Width and height of a node as drawn: ours for cards, the file's for containers and notes."""
    if kind == "start":
        return m.START_SIZE, m.START_SIZE
    if kind == "card":
        return m.CARD_WIDTH, content.height
    default_width, default_height = m.NOTE_DEFAULT if kind == "note" else m.ROOM_MIN
    least_width, least_height = (40.0, 40.0)
    width = node.width if node.width is not None else _number(node.data.get("width"), default_width)
    height = node.height if node.height is not None else _number(node.data.get("height"), default_height)
    return max(width, least_width), max(height, least_height)


def _source_key(edge: Edge) -> tuple[str, str]:
    return edge.source, edge.source_handle


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


_KIND_ORDER = {"room": 0, "note": 1, "start": 2, "card": 3}


def _drawing_order(item: Item) -> tuple[int, int]:
    return _KIND_ORDER[item.kind], item.order
