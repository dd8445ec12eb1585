"""New things: ids, nodes, notes, edges, whole workflows, and copies of nodes through the clipboard."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.clock import Clock, SystemClock
from engine.errors import UserError
from engine.model.containers import may_stand, start_node
from engine.model.edits import AddEdge, AddNode, Edit, Group
from engine.model.graph import Edge, Graph, Node
from engine.model.selectors import changed_data
from engine.model.workflow import AppInfo, Workflow
from engine.nodes import registry

CLIPBOARD_KIND = "dify-workflow-clipboard"
CLIPBOARD_VERSION = 1
LARGEST_PASTE = 10 * 1024 * 1024
CONTAINER_SIZE = (420, 220)
NOTE_SIZE = (240, 88)
_ID_SETTINGS = ("start_node_id", "iteration_id", "loop_id")
_WRAPPERS = {"loop-end": "custom-simple"}


class _Ids:
    """Ids like the format's: milliseconds since 1970, never two equal in one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, int(self._clock.now().timestamp() * 1000))
            return str(self._last)


_IDS = _Ids(SystemClock())


def new_id() -> str:
    """A fresh node id of 13 digits."""
    return _IDS.next()


def unique_title(graph: Graph, wanted: str, taken: Iterable[str] = ()) -> str:
    """`wanted`, with a number behind it when a node of that title is there already."""
    titles = {n.title for n in graph.nodes.values()} | set(taken)
    if wanted not in titles:
        return wanted
    stem = re.sub(r"\s*\(?\d+\)?$", "", wanted) or wanted
    return next(t for n in range(2, len(titles) + 3) if (t := f"{stem} {n}") not in titles)


def _membership(graph: Graph, parent: str | None) -> dict[str, Any]:
    if parent is None:
        return {}
    inside = graph.node(parent).type == "iteration"
    return {"isInIteration": inside, "isInLoop": not inside, ("iteration_id" if inside else "loop_id"): parent}


def new_nodes(
    graph: Graph, mode: str, node_type: str, x: float, y: float, *, parent: str | None = None, title: str | None = None
) -> list[Node]:
    """A node with default settings and a free title at an absolute place; a container comes with its start node.

    Raises UserError `node.unknown_type`.
    """
    spec = registry.spec(node_type)
    if spec is None:
        raise UserError(f"Penstock does not know the node type {node_type!r}.", code="node.unknown_type")
    node_id = new_id()
    base = graph.absolute(parent) if parent is not None else (0.0, 0.0)
    data: dict[str, Any] = {
        "type": node_type,
        "title": unique_title(graph, title or spec.title),
        "desc": "",
        "selected": False,
        **spec.default_data(mode),
        **_membership(graph, parent),
    }
    node = Node(
        node_id,
        data,
        x - base[0],
        y - base[1],
        parent,
        _WRAPPERS.get(node_type, "custom"),
        width=240,
        height=100,
        extras={"selected": False, "sourcePosition": "right", "targetPosition": "left"}
        | ({"zIndex": 1002} if parent is not None else {}),
    )
    if node_type not in ("iteration", "loop"):
        return [node]
    width, height = CONTAINER_SIZE
    start_id = f"{node_id}start"
    data.update(start_node_id=start_id, width=width, height=height)
    container = replace(node, data=data, width=width, height=height, extras={**node.extras, "zIndex": 1})
    return [container, start_node(container, start_id)]


def new_note(x: float, y: float, text: str = "") -> Node:
    """An empty note at an absolute place."""
    width, height = NOTE_SIZE
    paragraph = {
        "children": [
            {"detail": 0, "format": 0, "mode": "normal", "style": "", "text": text, "type": "text", "version": 1}
        ]
        if text
        else [],
        "direction": "ltr",
        "format": "",
        "indent": 0,
        "type": "paragraph",
        "version": 1,
    }
    tree = {
        "root": {"children": [paragraph], "direction": "ltr", "format": "", "indent": 0, "type": "root", "version": 1}
    }
    data = {
        "author": "",
        "desc": "",
        "height": height,
        "selected": False,
        "showAuthor": False,
        "text": json.dumps(tree, ensure_ascii=False),
        "theme": "yellow",
        "title": "",
        "type": "",
        "width": width,
    }
    extras = {"selected": False, "sourcePosition": "right", "targetPosition": "left"}
    return Node(new_id(), data, x, y, None, "custom-note", width, height, extras)


def new_edge(source: Node, handle: str, target: Node, graph: Graph) -> Edge:
    """An edge between two nodes, which need not be in the graph yet, with the format's usual id and data."""
    data: dict[str, Any] = {
        "isInIteration": False,
        "isInLoop": False,
        "sourceType": source.type,
        "targetType": target.type,
    }
    if target.parent is not None:
        kind = "iteration" if target.data.get("isInIteration") or target.data.get("iteration_id") else "loop"
        if target.parent in graph.nodes:
            kind = graph.nodes[target.parent].type
        data["isInIteration" if kind == "iteration" else "isInLoop"] = True
        data["iteration_id" if kind == "iteration" else "loop_id"] = target.parent
    edge_id = f"{source.id}-{handle}-{target.id}-target"
    if edge_id in graph.edges:
        edge_id = next(f"{edge_id}-{n}" for n in range(2, 1000) if f"{edge_id}-{n}" not in graph.edges)
    extras = {"type": "custom", "zIndex": 1002 if target.parent is not None else 0}
    return Edge(edge_id, source.id, target.id, handle, "target", data, extras)


def new_workflow(mode: str, name: str) -> Workflow:
    """A fresh workflow or chat flow with its entry, and for a chat a model and an answer."""
    icon = {"workflow": "🔧", "advanced-chat": "💬"}.get(mode, "🤖")
    app = AppInfo(name, mode, icon, "emoji", "#FFEAD5", "", False)
    features: dict[str, Any] = {
        "file_upload": {
            "allowed_file_extensions": [".JPG", ".JPEG", ".PNG", ".GIF", ".WEBP", ".SVG"],
            "allowed_file_types": ["image"],
            "allowed_file_upload_methods": ["local_file", "remote_url"],
            "enabled": False,
            "number_limits": 3,
        },
        "opening_statement": "",
        "retriever_resource": {"enabled": True},
        "sensitive_word_avoidance": {"enabled": False},
        "speech_to_text": {"enabled": False},
        "suggested_questions": [],
        "suggested_questions_after_answer": {"enabled": False},
        "text_to_speech": {"enabled": False, "language": "", "voice": ""},
    }
    graph = Graph()
    kinds = ["start", "llm", "answer"] if mode == "advanced-chat" else ["start"]
    nodes: list[Node] = []
    for index, kind in enumerate(kinds):
        made = new_nodes(graph, mode, kind, 80 + 320 * index, 282)
        graph = graph.with_nodes(made)
        nodes.extend(made)
    if mode == "advanced-chat":
        answer = replace(nodes[2], data={**nodes[2].data, "answer": "{{#" + nodes[1].id + ".text#}}"})
        graph = graph.with_nodes([answer])
        nodes[2] = answer
        edges = [new_edge(a, "source", b, graph) for a, b in itertools.pairwise(nodes)]
        graph = graph.with_edges({e.id: e for e in edges})
    return Workflow(app=app, graph=graph, features=features, dependencies=())


# -- the clipboard -----------------------------------------------------------------------------------------------------


def copy_nodes(graph: Graph, node_ids: list[str]) -> str:
    """Clipboard JSON of nodes with the edges among them, in the format's own shape; empty when nothing can be copied.

    Singletons and the starts of containers are left out; a container brings what is in it, a child comes alone only
    when its container is not copied.
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
                node = replace(node, parent=None, x=place[0], y=place[1])
            nodes.append(node.to_config(place))
    edges = [e.to_config() for e in graph.edges.values() if e.source in chosen and e.target in chosen]
    tree = {"kind": CLIPBOARD_KIND, "version": CLIPBOARD_VERSION, "nodes": nodes, "edges": edges}
    return json.dumps(tree, ensure_ascii=False)


def _clipboard(text: str) -> tuple[list[Node], list[Edge], str]:
    """Nodes and edges of clipboard JSON, and a sentence about what was left out. Raises UserError."""
    if len(text) > LARGEST_PASTE:
        raise UserError("The clipboard holds more than 10 MiB of nodes.", code="clipboard.too_large")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError("The clipboard holds no nodes.", code="clipboard.no_nodes") from error
    if not isinstance(tree, dict) or tree.get("kind") != CLIPBOARD_KIND:
        raise UserError("The clipboard holds no nodes.", code="clipboard.no_nodes")
    said = ""
    if tree.get("version") != CLIPBOARD_VERSION:
        said = f"The nodes were copied by another version ({tree.get('version')}); some settings may be missing."
    nodes, dropped = [], 0
    for entry in tree.get("nodes") or []:
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str) and isinstance(entry.get("data"), Mapping):
            nodes.append(Node.from_config(entry))
        else:
            dropped += 1
    ids = {n.id for n in nodes}
    edges = []
    for entry in tree.get("edges") or []:
        if isinstance(entry, Mapping) and entry.get("source") in ids and entry.get("target") in ids:
            edges.append(Edge.from_config({**entry, "id": entry.get("id") or new_id()}))
        else:
            dropped += 1
    if dropped:
        said = (said + " " if said else "") + f"{dropped} damaged entries were left out."
    return nodes, edges, said


def paste_nodes(
    graph: Graph, mode: str, text: str, x: float, y: float, *, parent: str | None = None
) -> tuple[Edit, list[str], str] | None:
    """The edit that pastes clipboard JSON with its top left corner at an absolute place, the ids of the new top nodes,
    and a sentence about what was left out. None when nothing can stand here. Raises UserError for other text.
    """
    nodes, edges, said = _clipboard(text)
    ids = {n.id for n in nodes}
    source = Graph({n.id: n for n in nodes}, {e.id: e for e in edges})
    tops = [n for n in nodes if n.parent not in ids]
    refused = [n for n in tops if not n.is_note and may_stand(graph, mode, n.type, parent)]
    gone = {n.id for n in refused} | {i.id for n in refused for i in source.descendants(n.id)}
    kept = [n for n in nodes if n.id not in gone]
    tops = [n for n in tops if n.id not in gone]
    if refused:
        words = f"{len(refused)} node(s) cannot stand here and were left out."
        said = (said + " " if said else "") + words
    if not kept:
        return None
    new_ids = {n.id: new_id() for n in kept}
    absolute = {n.id: (float(n.x), float(n.y)) for n in tops}
    left, top = min(p[0] for p in absolute.values()), min(p[1] for p in absolute.values())
    base = graph.absolute(parent) if parent is not None else (0.0, 0.0)
    taken: set[str] = set()
    edits: list[Edit] = []
    for node in sorted(kept, key=lambda n: len(source.ancestors(n.id))):
        fresh = _copied(node, new_ids, graph, taken)
        if node.id in absolute:
            px, py = absolute[node.id]
            fresh = _rehomed(fresh, graph, parent, x + px - left - base[0], y + py - top - base[1])
        edits.append(AddNode(fresh))
    inner = (e for e in edges if e.source in new_ids and e.target in new_ids)
    edits.extend(AddEdge(_copied_edge(edge, new_ids)) for edge in inner)
    return Group("", tuple(edits)), [new_ids[n.id] for n in tops], said


def _copied(node: Node, new_ids: Mapping[str, str], graph: Graph, taken: set[str]) -> Node:
    """The node with a new id, a free title, and references to nodes copied with it pointing at their copies."""
    data = changed_data(node, lambda selector: (new_ids.get(selector[0], selector[0]), *selector[1:]))
    data |= {k: new_ids.get(data[k], data[k]) for k in _ID_SETTINGS if isinstance(data.get(k), str)}
    if node.title and not node.is_note:
        data["title"] = unique_title(graph, node.title, taken)
        taken.add(data["title"])
    parent = new_ids.get(node.parent, node.parent) if node.parent else None
    return replace(node, id=new_ids[node.id], data=data, parent=parent, extras={**node.extras, "selected": False})


def _rehomed(node: Node, graph: Graph, parent: str | None, x: float, y: float) -> Node:
    keys = ("isInIteration", "iteration_id", "isInLoop", "loop_id")
    data = {k: v for k, v in node.data.items() if k not in keys} | _membership(graph, parent)
    extras = {k: v for k, v in node.extras.items() if k not in ("zIndex", "extent")}
    if parent is not None:
        extras["zIndex"] = 1002
    elif node.is_container:
        extras["zIndex"] = 1
    return replace(node, data=data, extras=extras, parent=parent, x=x, y=y)


def _copied_edge(edge: Edge, new_ids: Mapping[str, str]) -> Edge:
    source, target = new_ids[edge.source], new_ids[edge.target]
    data = {k: new_ids.get(str(v), v) if k in _ID_SETTINGS else v for k, v in edge.data.items()}
    return replace(
        edge, id=f"{source}-{edge.source_handle}-{target}-{edge.target_handle}", source=source, target=target, data=data
    )
