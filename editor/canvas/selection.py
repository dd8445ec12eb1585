"""What is selected: nodes in the order of selecting, or one edge; and what has the keyboard focus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet


class Selection:
    """Nodes and edges exclude each other. `changed` is called with the ids whose look changed."""

    def __init__(self, changed: Callable[[AbstractSet[str], AbstractSet[str]], None]) -> None:
        self._nodes: dict[str, None] = {}
        self._edge: str | None = None
        self._changed = changed

    @property
    def nodes(self) -> list[str]:
        return list(self._nodes)

    @property
    def edge(self) -> str | None:
        return self._edge

    def __contains__(self, node_id: str) -> bool:
        return node_id in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def set(self, nodes: Iterable[str] = (), edge: str | None = None) -> None:
        """Selects exactly these."""
        new = dict.fromkeys(nodes)
        before, before_edge = self._nodes, self._edge
        if list(new) == list(before) and edge == before_edge:
            return
        self._nodes, self._edge = new, edge
        edges = {e for e in (before_edge, edge) if e is not None} if before_edge != edge else set()
        self._changed(new.keys() ^ before.keys(), edges)

    def toggle(self, node_id: str) -> None:
        """Adds the node, or takes it out."""
        nodes = dict(self._nodes)
        if node_id in nodes:
            del nodes[node_id]
        else:
            nodes[node_id] = None
        self.set(nodes)

    def clear(self) -> None:
        self.set()

    def keep_only(self, node_ids: Iterable[str], edge_ids: Iterable[str]) -> None:
        """Drops what does not exist any more."""
        known, known_edges = set(node_ids), set(edge_ids)
        edge = self._edge if self._edge in known_edges else None
        self.set([n for n in self._nodes if n in known], edge)
