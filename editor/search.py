"""Words of nodes, for the find bar and the palette: title, type, id, every text in the settings, names of outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from editor.i18n import language, tr
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from engine.model.graph import Graph, Node

LONGEST = 20_000
"""Characters of one text that are searched; a pasted book must not make every key stroke slow."""


class NodeSearch:
    """Finds nodes of one graph. The words of a node are kept as long as the node is the same value."""

    def __init__(self) -> None:
        self._words: dict[str, tuple[Node, str]] = {}
        self._language = ""

    def words(self, node: Node) -> str:
        """Everything a node is found by, in lower case."""
        if language() != self._language:
            self._words.clear()
            self._language = language()
        kept = self._words.get(node.id)
        if kept is not None and kept[0] is node:
            return kept[1]
        entry = spec(node.type)
        names = " ".join(output.name for output in entry.outputs(node.data)) if entry else ""
        kind = f"{tr(entry.title)} {entry.title}" if entry else ""
        words = f"{node.title} {kind} {node.type} {node.id} {names} {_texts(node.data)}".lower()
        self._words[node.id] = (node, words)
        return words

    def find(self, graph: Graph, text: str) -> list[Node]:
        """Nodes that hold all words of `text`, as they are read: from left to right, then from top to bottom."""
        wanted = text.lower().split()
        if not wanted:
            return []
        found = [
            node
            for node in graph.nodes.values()
            if not node.is_container_start and all(word in self.words(node) for word in wanted)
        ]
        places = {node.id: graph.absolute(node.id) for node in found}
        return sorted(found, key=lambda node: places[node.id])


def _texts(value: Any, depth: int = 0) -> str:
    """The texts in a node's settings; lists of names (selectors) as people write them too, `node.name`."""
    if isinstance(value, str):
        return value[:LONGEST]
    if depth > 8:
        return ""
    if isinstance(value, Mapping):
        return " ".join(_texts(v, depth + 1) for v in value.values())
    if isinstance(value, list | tuple):
        if 1 < len(value) < 6 and all(isinstance(v, str) for v in value):
            return ".".join(value)
        return " ".join(_texts(v, depth + 1) for v in value)
    return ""
