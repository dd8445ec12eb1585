"""Nodes on the clipboard, in the JSON that the format's own editor writes and reads: copying, and pasting as an edit.

What comes from a clipboard may be anything; reading it is `clipboard_read`'s business. Here ids become new, references
among the copied nodes follow them, and nodes find their place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.model.clipboard_read import CLIPBOARD_KIND, CLIPBOARD_VERSION, Held, read_clipboard
from engine.model.containers import may_stand, placed_edge
from engine.model.edits import Edit, RestoreNodes
from engine.model.factory import Titles, membership, new_id
from engine.model.graph import Edge, Graph, Node
from engine.model.selectors import changed_data
from engine.model.types import whole
from engine.nodes import registry

_ID_SETTINGS = ("start_node_id", "iteration_id", "loop_id")
_MEMBERSHIP = ("isInIteration", "iteration_id", "isInLoop", "loop_id")


# -- copying -----------------------------------------------------------------------------------------------------------


def copy_nodes(graph: Graph, node_ids: list[str]) -> str:
    """Clipboard JSON of nodes with the edges among them, in the format's own shape; empty when nothing can be copied.

    Singletons and the starts of containers are left out; a container brings what is in it, a child comes alone only
    when its container is not copied, and is then a node of the canvas. Values of variables are never part of it.
    """
    chosen: dict[str, None] = {}
    for node_id in node_ids:
        node = graph.nodes.get(node_id)
        spec = registry.spec(node.type) if node is not None else None
        if node is None or node.is_container_start or (spec is not None and spec.singleton):
            continue
        chosen[node_id] = None
        for inner in graph.descendants(node_id):
            chosen[inner.id] = None
    if not chosen:
        return ""
    nodes = []
    for node_id, node in graph.nodes.items():
        if node_id in chosen:
            place = graph.absolute(node_id)
            if node.parent is not None and node.parent not in chosen:
                node = _moved(node, None, Graph(), *place)
            nodes.append(node.to_config(place))
    edges = [
        _freed(e, graph, chosen).to_config() for e in graph.edges.values() if e.source in chosen and e.target in chosen
    ]
    tree = {"kind": CLIPBOARD_KIND, "version": CLIPBOARD_VERSION, "nodes": nodes, "edges": edges}
    return json.dumps(tree, ensure_ascii=False)


def _freed(edge: Edge, graph: Graph, chosen: Mapping[str, None]) -> Edge:
    """The edge, without the marks of a container that stays behind."""
    parent = graph.nodes[edge.target].parent
    return _marked(edge, None, Graph()) if parent is not None and parent not in chosen else edge


# -- pasting -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pasted:
    """What pasting would add: `nodes` and `edges` with new ids, the ids of those that stand in no other pasted node.

    `damaged` entries of the clipboard could not be read, `refused` nodes cannot stand here, `mended` settings had a
    value of a wrong kind; `version` is that of another writer. Without `nodes` there is nothing to paste.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    tops: tuple[str, ...] = ()
    damaged: int = 0
    refused: int = 0
    mended: int = 0
    version: str = ""

    def moved(self, dx: float, dy: float) -> Pasted:
        """The same a little further on."""
        tops = set(self.tops)
        return replace(
            self, nodes=tuple(n.moved(whole(n.x + dx), whole(n.y + dy)) if n.id in tops else n for n in self.nodes)
        )

    def edit(self, graph: Graph) -> Edit:
        """The one edit that adds all of it at the end of the file."""
        first_node, first_edge = len(graph.nodes), len(graph.edges)
        return RestoreNodes(
            tuple((first_node + n, node) for n, node in enumerate(self.nodes)),
            tuple((first_edge + n, edge) for n, edge in enumerate(self.edges)),
        )


def paste_nodes(graph: Graph, mode: str, text: str, x: float, y: float, *, parent: str | None = None) -> Pasted:
    """What pasting clipboard JSON adds with its top left corner at an absolute place, in a container or at the top.

    Raises UserError `clipboard.no_nodes` or `clipboard.too_large`.
    """
    return paste_held(graph, mode, read_clipboard(text, mode), x, y, parent=parent)


def paste_held(graph: Graph, mode: str, held: Held, x: float, y: float, *, parent: str | None = None) -> Pasted:
    """The same for nodes that were read already: each call makes ids of its own."""
    source, tops, refused = _allowed(held, graph, mode, parent)
    told = Pasted(damaged=held.damaged, refused=refused, mended=held.mended, version=held.version)
    if not tops:
        return told
    new_ids = {node_id: new_id() for node_id in source.nodes}
    left, top = min(p[0] for p in tops.values()), min(p[1] for p in tops.values())
    base = graph.absolute(parent) if parent is not None else (0.0, 0.0)
    titles = Titles(n.title for n in graph.nodes.values())
    nodes = []
    for node in sorted(source.nodes.values(), key=lambda n: len(source.ancestors(n.id))):
        fresh = _copied(node, new_ids, titles)
        if node.id in tops:
            px, py = tops[node.id]
            fresh = _moved(fresh, parent, graph, x + px - left - base[0], y + py - top - base[1])
        nodes.append(fresh)
    edges = [_copied_edge(edge, new_ids) for edge in source.edges.values()]
    at_top = {new_ids[n] for n in tops}
    placed = tuple(_marked(e, parent, graph) if e.target in at_top else e for e in edges)
    return replace(told, nodes=tuple(nodes), edges=placed, tops=tuple(new_ids[n] for n in tops))


@dataclass(frozen=True)
class Ends:
    """Where pasted nodes can be connected to others: the one node that others may lead into, the one node and socket
    that may lead on, None where there is none or more than one; and how many of each there are."""

    entry: str | None
    way_on: tuple[str, str] | None
    ways_in: int
    ways_out: int


def ends_of(pasted: Pasted) -> Ends:
    """The ends of what would be pasted, counted among the nodes that stand in no other one. Notes have none; a branch
    for failures need not lead anywhere."""
    nodes = {node.id: node for node in pasted.nodes}
    reached = {edge.target for edge in pasted.edges}
    left = {(edge.source, edge.source_handle) for edge in pasted.edges}
    entries, ways_on = [], []
    for node_id in pasted.tops:
        node = nodes[node_id]
        if node.is_note:
            continue
        spec = registry.spec(node.type)
        if node_id not in reached and (spec is None or spec.has_input):
            entries.append(node_id)
        handles = ["source"] if spec is None else [h.id for h in spec.handles(node.data) if h.kind != "fail"]
        ways_on += [(node_id, handle) for handle in handles if (node_id, handle) not in left]
    return Ends(
        entries[0] if len(entries) == 1 else None,
        ways_on[0] if len(ways_on) == 1 else None,
        len(entries),
        len(ways_on),
    )


def _allowed(
    held: Held, graph: Graph, mode: str, parent: str | None
) -> tuple[Graph, dict[str, tuple[float, float]], int]:
    """What may stand here of what was held, where the top nodes stood, and how many nodes may not."""
    source = held.graph
    here = graph
    refused = []
    for node in source.nodes.values():
        if node.parent is not None or node.is_note:
            continue
        if may_stand(here, mode, node.type, parent) or node.is_container_start:
            refused.append(node.id)
        elif (spec := registry.spec(node.type)) is not None and spec.singleton:
            here = here.with_nodes([node])  # a second one in the same text is one too many
    gone = {i for n in refused for i in (n, *(inner.id for inner in source.descendants(n)))}
    edges = [e.id for e in source.edges.values() if e.source in gone or e.target in gone]
    kept = source.without(gone, edges)
    return kept, {k: v for k, v in held.tops.items() if k in kept.nodes}, len(refused)


def _copied(node: Node, new_ids: Mapping[str, str], titles: Titles) -> Node:
    """The node with a new id, a free title, and references to nodes copied with it pointing at their copies."""
    data = changed_data(node, lambda selector: (new_ids.get(selector[0], selector[0]), *selector[1:]))
    data |= {k: new_ids.get(data[k], data[k]) for k in _ID_SETTINGS if isinstance(data.get(k), str)}
    if node.title and not node.is_note:
        data["title"] = titles.free(node.title)
    if "selected" in data:
        data["selected"] = False
    parent = new_ids.get(node.parent, node.parent) if node.parent else None
    return replace(node, id=new_ids[node.id], data=data, parent=parent, extras={**node.extras, "selected": False})


def _moved(node: Node, parent: str | None, graph: Graph, x: float, y: float) -> Node:
    """The node as one of a container of `graph`, or of the canvas."""
    data = {k: v for k, v in node.data.items() if k not in _MEMBERSHIP} | membership(graph, parent)
    extras = {k: v for k, v in node.extras.items() if k not in ("zIndex", "extent")}
    if parent is not None:
        extras["zIndex"] = 1002
    elif node.is_container:
        extras["zIndex"] = 1
    return replace(node, data=data, extras=extras, parent=parent, x=whole(x), y=whole(y))


def _copied_edge(edge: Edge, new_ids: Mapping[str, str]) -> Edge:
    source, target = new_ids[edge.source], new_ids[edge.target]
    data = {k: new_ids.get(str(v), v) if k in _ID_SETTINGS else v for k, v in edge.data.items()}
    return replace(
        edge, id=f"{source}-{edge.source_handle}-{target}-{edge.target_handle}", source=source, target=target, data=data
    )


def _marked(edge: Edge, parent: str | None, graph: Graph) -> Edge:
    """The edge with the marks of the container that it runs in."""
    return placed_edge(replace(edge, extras={k: v for k, v in edge.extras.items() if k != "selected"}), graph, parent)
