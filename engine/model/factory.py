"""New things: ids, nodes, notes, edges, whole workflows."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from engine.clock import Clock, SystemClock
from engine.errors import UserError
from engine.model.containers import start_node
from engine.model.graph import Edge, Graph, Node
from engine.model.types import whole
from engine.model.workflow import AppInfo, Workflow
from engine.nodes import registry

CONTAINER_SIZE = (420, 220)
NOTE_SIZE = (240, 88)
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
    return Titles({n.title for n in graph.nodes.values()} | set(taken)).free(wanted)


_NUMBERED = re.compile(
    r"(?P<stem>.*\S)(?:(?P<gap>\s+|(?<=[\u2e80-\u9fff])|\s*[(\uff08])(?P<number>\d{1,6})(?P<end>[)\uff09]?))"
)
"""A number of its own at the end of a title: after a space, in brackets, or after a Chinese character."""


class Titles:
    """Hands out titles that no other node has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._last: dict[tuple[str, str], int] = {}

    def free(self, wanted: str) -> str:
        """`wanted`, or the next free number behind it when it is taken. A title that ends in such a number counts on
        from there, in brackets if it has them; digits that belong to a word (GPT-4, v1.2) stay."""
        title = wanted
        if wanted in self._taken:
            stem, number, gap, end = _counted(wanted)
            number = max(self._last.get((stem, gap), 1), number)
            while title in self._taken:
                number += 1
                title = f"{stem}{gap}{number}{end}"
            self._last[stem, gap] = number
        self._taken.add(title)
        return title


def _counted(title: str) -> tuple[str, int, str, str]:
    """Stem and number of a title, with what stands before and behind the number; 1 where there is none."""
    found = _NUMBERED.fullmatch(title)
    if found is None or (found["gap"].strip() != "") != (found["end"] != ""):
        return title, 1, " ", ""
    return found["stem"], int(found["number"]), found["gap"], found["end"]


def membership(graph: Graph, parent: str | None) -> dict[str, Any]:
    """The marks in a node's settings that tell its container, none at the top level."""
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
        **membership(graph, parent),
    }
    node = Node(
        node_id,
        data,
        whole(x - base[0]),
        whole(y - base[1]),
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


def new_workflow(mode: str, name: str, *, to_choose: bool = False) -> Workflow:
    """A fresh workflow or chat flow with its entry, and for a chat a model and an answer. A workflow can begin in
    several ways: `to_choose` leaves it to people, who find the place for a start (nodes-logic spec 16.2)."""
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
    kinds = ["start", "llm", "answer"] if mode == "advanced-chat" else ["start-placeholder" if to_choose else "start"]
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
