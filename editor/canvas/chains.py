"""Edits that keep a flow whole: a node put into an edge, nodes taken out of one, and who comes before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from editor.i18n import ntr, tr
from engine.model.edits import AddEdge, Edit, Group, MoveNodes, RemoveNode

if TYPE_CHECKING:
    from editor.canvas.content import Socket
    from editor.canvas.view import CanvasView
    from engine.model.graph import Edge, Node


class Chains:
    """Part of the canvas's actions; each is one undo step."""

    view: CanvasView

    def _split(self, edge_id: str, node: Node) -> list[Edit]:
        raise NotImplementedError

    def _confirmed(self, node_ids: list[str]) -> bool:
        raise NotImplementedError

    def _those_that_may_go(self, node_ids: list[str]) -> list[str]:
        raise NotImplementedError

    def put_into_edge(self, node_id: str, edge_id: str, moved: MoveNodes) -> bool:
        """Moves a node and puts it into an edge: what came along the edge goes through the node now."""
        view = self.view
        node = view.graph.nodes[node_id]
        label = tr("Insert {title}", title=node.title or node.type)
        return view.commands.submit(Group(label, (moved, *self._split(edge_id, node))), label)

    def dissolve(self, node_ids: Iterable[str]) -> bool:
        """Deletes nodes and joins what came before them to what came after.

        Of a node with branches those of the first branch that leads on are joined. What cannot be connected, because
        it would close a circle say, stays apart.
        """
        view = self.view
        if view.read_only:
            return False
        chosen = self._those_that_may_go([n for n in node_ids if n in view.graph.nodes])
        tops = [n for n in chosen if view.graph.nodes[n].parent not in chosen]
        if not tops or not self._confirmed(tops):
            return False
        gone, graph = set(tops), view.graph
        joined: dict[tuple[str, str, str], Edge] = {}
        for first in tops:
            for before in graph.in_edges(first):
                if before.source in gone:
                    continue
                for target in self._ends(first, gone):
                    key = (before.source, before.source_handle, target)
                    if key not in joined and not view.rules.may_connect(*key):
                        joined[key] = view.rules.new_edge(*key)
        title = graph.nodes[tops[0]].title
        label = ntr("Delete {title} and reconnect", "Delete {n} nodes and reconnect", len(tops)).replace(
            "{title}", title
        )
        edits: list[Edit] = [*(RemoveNode(n) for n in tops), *(AddEdge(edge) for edge in joined.values())]
        view.selection.clear()
        return view.commands.submit(Group(label, tuple(edits)), label)

    def _ends(self, node_id: str, gone: set[str]) -> list[str]:
        """The nodes that stay and come after one that goes, through others that go."""
        graph, found, seen, waiting = self.view.graph, list[str](), {node_id}, [node_id]
        while waiting:
            edges = graph.out_edges(waiting.pop(0))
            first = next(
                (s.handle for s in self._sockets(edges) if any(e.source_handle == s.handle for e in edges)), ""
            )
            for edge in edges:
                if edge.source_handle != first or edge.target in seen:
                    continue
                seen.add(edge.target)
                (waiting if edge.target in gone else found).append(edge.target)
        return found

    def _sockets(self, edges: Iterable[Edge]) -> Sequence[Socket]:
        source = next((e.source for e in edges), "")
        item = self.view.scene.items.get(source)
        return item.content.sockets if item is not None else ()

    def select_course(self, *, forward: bool) -> bool:
        """Selects what comes after the selected nodes too, or what leads to them."""
        view, graph = self.view, self.view.graph
        seen = dict.fromkeys(view.selection.nodes)
        waiting = list(seen)
        while waiting:
            here = waiting.pop()
            edges = graph.out_edges(here) if forward else graph.in_edges(here)
            for other in (e.target if forward else e.source for e in edges):
                item = view.scene.items.get(other)
                if other not in seen and item is not None and item.kind != "start":
                    seen[other] = None
                    waiting.append(other)
        if len(seen) == len(view.selection.nodes):
            return False
        view.selection.set(list(seen))
        return True
