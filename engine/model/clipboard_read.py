"""Reads clipboard JSON that may come from anywhere: what is sound becomes a graph, what is not is left out and counted.

Nothing of it is trusted: values that no file can hold, places beyond any canvas, nodes that stand in each other and
edges that lead nowhere do not get through. Settings are kept as they are unless they are of a wrong kind.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import UserError
from engine.model.containers import START_TYPES, cycle_edges, fits_in, start_node
from engine.model.factory import new_edge
from engine.model.graph import Edge, Graph, Node
from engine.nodes import registry

CLIPBOARD_KIND = "dify-workflow-clipboard"
CLIPBOARD_VERSION = 1
KNOWN_VERSIONS = (1, "0.6.0", "0.7.0")
"""Newer builds of the format's editor write the version of their files instead."""
LARGEST_PASTE = 10 * 1024 * 1024
MOST_NODES = 5_000
DEEPEST = 60
MOST_LEVELS = 20
"""Containers around each other."""
FARTHEST = 1_000_000.0
LARGEST_SIZE = 100_000.0
_TRANSIENT = ("dragging", "resizing")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Held:
    """What a clipboard holds. `tops` are the absolute places of nodes that stand in no other one of `graph`."""

    graph: Graph
    tops: Mapping[str, tuple[float, float]]
    damaged: int
    mended: int
    version: str
    """Empty for a version that is known."""


class _Unfit(Exception):
    """An entry that cannot be kept."""


def read_clipboard(text: str, mode: str) -> Held:
    """The nodes and edges of clipboard JSON. Raises UserError `clipboard.no_nodes` or `clipboard.too_large`."""
    if len(text) > LARGEST_PASTE:
        raise UserError("The clipboard holds more than 10 MiB of nodes.", code="clipboard.too_large")
    try:
        tree = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise UserError("The clipboard holds no nodes.", code="clipboard.no_nodes") from error
    entries = tree.get("nodes") if isinstance(tree, dict) and tree.get("kind") == CLIPBOARD_KIND else None
    if not isinstance(entries, list):
        raise UserError("The clipboard holds no nodes.", code="clipboard.no_nodes")
    if len(entries) > MOST_NODES:
        raise UserError("The clipboard holds more than 5000 nodes.", code="clipboard.too_large")
    reader = _Reader(mode)
    reader.read_nodes(entries)
    reader.read_edges(tree.get("edges"))
    version = tree.get("version")
    said = "" if version in KNOWN_VERSIONS and not isinstance(version, bool) else str(version)[:20]
    return Held(reader.graph(), reader.tops, reader.damaged, reader.mended, said)


class _Reader:
    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.nodes: dict[str, Node] = {}
        self.edges: dict[str, Edge] = {}
        self.tops: dict[str, tuple[float, float]] = {}
        self.damaged = 0
        self.mended = 0
        self._absolute: dict[str, tuple[float, float]] = {}
        self._made_starts: list[Node] = []

    def graph(self) -> Graph:
        return Graph(self.nodes, self.edges)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def read_nodes(self, entries: list[Any]) -> None:
        for entry in entries:
            try:
                node = self._node(entry)
            except _Unfit:
                self.damaged += 1
            else:
                self.nodes[node.id] = node
        self._put_in_containers()
        self._give_starts()
        for node in list(self.nodes.values()):
            if node.parent is None:
                self.tops[node.id] = place = self._absolute.get(node.id, (node.x, node.y))
                self.nodes[node.id] = node.moved(*place)

    def _node(self, entry: Any) -> Node:
        if not isinstance(entry, dict):
            raise _Unfit
        entry = _sound(entry)
        node_id, data, position = entry.get("id"), entry.get("data"), entry.get("position")
        if not isinstance(node_id, str) or not node_id or node_id in self.nodes:
            raise _Unfit
        if not isinstance(data, dict) or not isinstance(data.get("type", ""), str):
            raise _Unfit
        if _place(position) is None:
            raise _Unfit
        for key in ("width", "height"):
            if not _within(entry.get(key), 1.0, LARGEST_SIZE):
                entry.pop(key, None)
            if key in data and not _within(data[key], 1.0, LARGEST_SIZE):
                del data[key]
        for key in _TRANSIENT:
            entry.pop(key, None)
        if not isinstance(entry.get("type"), str):
            entry["type"] = "custom"
        node = Node.from_config(entry)
        parent = entry.get("parentId")
        if parent and parent != node_id and isinstance(parent, str):
            told = _place(entry.get("positionAbsolute"))
            if told is not None:
                self._absolute[node_id] = told
        return replace(node, data=self._settings(node))

    def _settings(self, node: Node) -> dict[str, Any]:
        """The node's settings, with values of a wrong kind replaced by those of a fresh node."""
        data = dict(node.data)
        if "title" in data and not isinstance(data["title"], str):
            data["title"] = ""
            self.mended += 1
        spec = registry.spec(node.type)
        if spec is None or node.is_note:
            return data
        for key, default in spec.default_data(self.mode).items():
            if key in data:
                data[key] = self._mended(default, data[key])
        return data

    def _mended(self, default: Any, value: Any) -> Any:
        if isinstance(default, dict) and isinstance(value, dict):
            return {k: self._mended(default[k], v) if k in default else v for k, v in value.items()}
        if default is None or (_kind(default), _kind(value)) not in _HOPELESS:
            return value
        self.mended += 1
        return default

    def _put_in_containers(self) -> None:
        """Every parent is a container of the same text and around its child; children that fit in none are left out."""
        for node in list(self.nodes.values()):
            around = self.nodes.get(node.parent) if node.parent is not None else None
            if node.parent is not None and (around is None or not around.is_container or node.is_note):
                self.nodes[node.id] = replace(node, parent=None)
        starts: set[str] = set()
        graph = self.graph()
        for node_id in list(self.nodes):
            node = self.nodes[node_id]  # as it is now: its container may have been left out
            if node.parent is None:
                unfit = node.is_container_start
            elif node.is_container_start:
                unfit = node.type != START_TYPES[self.nodes[node.parent].type] or node.parent in starts
                starts.add(node.parent)
            elif node.is_container:
                # The engine runs containers in containers and files have them; only the editor makes none.
                unfit = not self._stands(node)
            else:
                unfit = bool(fits_in(graph, node.type, node.parent))
            if unfit:
                self.damaged += 1
                self._drop(node.id)

    def _stands(self, node: Node) -> bool:
        """Whether the containers around it end, so that none stands in itself."""
        above, levels = node.parent, 0
        while above is not None and levels < MOST_LEVELS:
            above, levels = self.nodes[above].parent if above in self.nodes else None, levels + 1
        return above is None

    def _drop(self, node_id: str) -> None:
        self.nodes.pop(node_id, None)
        for child in [n.id for n in self.nodes.values() if n.parent == node_id]:
            self.nodes[child] = replace(self.nodes[child], parent=None)

    def _give_starts(self) -> None:
        """A container whose start was not copied gets one, under the id that its settings and edges name."""
        started = {n.parent: n.id for n in self.nodes.values() if n.is_container_start}
        for node in list(self.nodes.values()):
            if not node.is_container:
                continue
            start = started.get(node.id)
            if start is None:
                named = node.data.get("start_node_id")
                free = isinstance(named, str) and named and named not in self.nodes
                start = str(named) if free else f"{node.id}start"
                if start in self.nodes:
                    start = f"{start}-{len(self.nodes)}"
                self.nodes[start] = start_node(node, start)
                self._made_starts.append(self.nodes[start])
            if node.data.get("start_node_id") != start:
                self.nodes[node.id] = replace(node, data={**node.data, "start_node_id": start})

    # -- edges -------------------------------------------------------------------------------------------------------

    def read_edges(self, entries: Any) -> None:
        """The edges of the text; None and the like count as one damaged entry."""
        if not isinstance(entries, list):
            self.damaged += entries is not None
            entries = []
        ways: set[tuple[str, str, str]] = set()
        for number, entry in enumerate(entries):
            try:
                edge = self._edge(entry, number)
            except _Unfit:
                self.damaged += 1
                continue
            way = (edge.source, edge.source_handle, edge.target)
            if way in ways:
                self.damaged += 1
                continue
            ways.add(way)
            self.edges[edge.id] = edge
        for edge_id in cycle_edges(self.graph()):
            self.damaged += 1
            del self.edges[edge_id]
        self._lead_in()

    def _edge(self, entry: Any, number: int) -> Edge:
        if not isinstance(entry, dict):
            raise _Unfit
        entry = _sound(entry)
        ends = [
            self.nodes.get(end) if isinstance(end, str) else None for end in (entry.get("source"), entry.get("target"))
        ]
        source, target = ends
        if source is None or target is None or source is target or source.is_note or target.is_note:
            raise _Unfit
        if source.parent != target.parent or target.is_container_start:
            raise _Unfit
        for key in ("sourceHandle", "targetHandle"):
            if not isinstance(entry.get(key), str):
                entry.pop(key, None)
        edge = Edge.from_config({**entry, "id": f"{number}"})
        return replace(edge, data={**edge.data, "sourceType": source.type, "targetType": target.type})

    def _end(self, entry: Mapping[str, Any], key: str) -> Node | None:
        value = entry.get(key)
        return self.nodes.get(value) if isinstance(value, str) else None

    def _lead_in(self) -> None:
        """A start made anew leads to the one node of its container that nothing else leads to."""
        sources, targets = {e.source for e in self.edges.values()}, {e.target for e in self.edges.values()}
        for start in self._made_starts:
            if start.id in sources:
                continue
            inside = [n for n in self.nodes.values() if n.parent == start.parent and n.id != start.id]
            first = [n for n in inside if n.id not in targets]
            if len(first) == 1:
                room = self.nodes[str(start.parent)]
                self.edges[f"to {first[0].id}"] = new_edge(start, "source", first[0], Graph({room.id: room}))


# -- values ------------------------------------------------------------------------------------------------------------


_HOPELESS = frozenset(
    {(wanted, "nothing") for wanted in ("bool", "number", "text", "tree")}
    | {("text", "bool"), ("tree", "bool"), ("number", "tree"), ("bool", "tree"), ("bool", "text")}
)
"""Wanted and found: values that no older form of a setting explains. A text for a list may be such a form."""


def _kind(value: Any) -> str:
    """What JSON calls the value; lists and objects are one kind, for settings that may be either."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "tree" if isinstance(value, list | dict) else "nothing"


def _within(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _place(value: Any) -> tuple[float, float] | None:
    """A place on a canvas, or None."""
    if not isinstance(value, dict):
        return None
    x: Any = value.get("x")
    y: Any = value.get("y")
    return (x, y) if _within(x, -FARTHEST, FARTHEST) and _within(y, -FARTHEST, FARTHEST) else None


def _sound(value: Any) -> Any:
    """A copy of JSON data that every file can hold. Raises _Unfit for data that is nested too deep."""
    for depth in _depths(value):
        if depth > DEEPEST:
            raise _Unfit
    return _whole(value)


def _depths(value: Any) -> Iterator[int]:
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            yield depth
            if depth <= DEEPEST:
                waiting.extend((inner, depth + 1) for inner in (item.values() if isinstance(item, dict) else item))


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(k): _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """Lone surrogates, which UTF-8 cannot hold, are replaced."""
    return _SURROGATES.sub("�", text)
