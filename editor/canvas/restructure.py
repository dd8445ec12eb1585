"""Edits that change what a node is and where it belongs: its type, its container, its connections by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from editor.canvas import metrics as m
from editor.canvas.fitting import grown, way_in
from editor.canvas.index import Box, union
from editor.i18n import ntr, tr
from engine.model.edits import AddEdge, AddNode, Edit, Group, RemoveNode
from engine.model.graph import Edge, Node

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_FIXED = frozenset({"start"})
_KEPT = ("title", "desc", "isInIteration", "iteration_id", "isInLoop", "loop_id")
MOST_NAMES = 4
"""How many variables a message names."""
_SHARED = ("model", "error_strategy", "retry_config", "default_value")


class Restructuring:
    """Part of the canvas's actions."""

    view: CanvasView
    confirm: Callable[[str], bool]

    def _read_by_others(self, node_ids: list[str]) -> list[str]:
        raise NotImplementedError

    # -- connections ------------------------------------------------------------------------------------------

    def connect(self, source: str, handle: str, target: str) -> bool:
        """A connection between two nodes; refusals are said."""
        view = self.view
        refusal = view.rules.may_connect(source, handle, target)
        if refusal:
            view.say(refusal)
            return False
        if not view.commands.submit(AddEdge(view.rules.new_edge(source, handle, target)), tr("Connect")):
            return False
        title = view.graph.nodes[target].title or view.graph.nodes[target].type
        view.announced.emit(tr("Connected to {title}", title=title))
        view.connected.emit(source, target)
        return True

    # -- another type -----------------------------------------------------------------------------------------

    def may_change_type(self, node_id: str, node_type: str) -> str:
        """Why a node cannot become one of another type."""
        view = self.view
        node = view.graph.nodes.get(node_id)
        if node is None or node.is_note or node.is_container_start or node.type in _FIXED or view.read_only:
            return tr("The type of this node cannot be changed.")
        if node_type == node.type:
            return tr("It is of this type already.")
        if node.is_container and len(view.graph.children(node_id)) > 1:
            return tr("Empty the container before you change its type.")
        if view.graph.in_edges(node_id) and not view.rules.takes_input(node_type):
            return tr("Nothing leads into this node; a run begins here.")
        return view.rules.may_add(node_type, node.parent, instead_of=node_id)

    def begin_with(self, node_id: str, node_type: str) -> bool:
        """What a run begins with instead, at the same place and as one step: of the place for a start, or of a start
        or trigger. Asks when others read what then is no more."""
        view = self.view
        node = view.graph.nodes.get(node_id)
        if node is None or view.read_only or node.type == node_type:
            return False
        refusal = view.rules.may_add(node_type, node.parent, instead_of=node_id)
        if refusal:
            view.say(refusal)
            return False
        questions = self._read_by_others([node_id])
        if questions and not self.confirm("\n\n".join(questions)):
            return False
        return self._become(node_id, node_type)

    def change_type(self, node_id: str, node_type: str) -> bool:
        """Another type at the same place, as one step: id, title, description and incoming connections stay, and the
        connections of the first branch. Other nodes that read from it go on reading from it. It is selected when
        nothing was."""
        view = self.view
        refusal = self.may_change_type(node_id, node_type)
        if refusal:
            view.say(refusal)
            return False
        return self._become(node_id, node_type)

    def _become(self, node_id: str, node_type: str) -> bool:
        view = self.view
        graph = view.graph
        old = graph.nodes[node_id]
        index = list(graph.nodes).index(node_id)
        x, y = graph.absolute(node_id)
        made = view.rules.new_nodes(node_type, x, y, old.parent)
        fresh = self._with_identity(made[0], old)
        edits: list[Edit] = [RemoveNode(node_id), AddNode(fresh, index)]
        for child in made[1:]:
            inner = replace(child, id=f"{node_id}start", parent=node_id)
            edits.append(AddNode(inner, index + 1))
        edits += [AddEdge(edge) for edge in self._kept_edges(old, fresh)]
        chosen = view.selection.nodes
        label = tr("Change {title} to {type}", title=old.title or old.type, type=view.rules.type_title(node_type))
        if not view.commands.submit(Group(label, tuple(edits)), label):
            return False
        view.selection.set(chosen or [node_id])
        return True

    def _with_identity(self, fresh: Node, old: Node) -> Node:
        """The new node under the old one's id, with what people gave the old one."""
        data = dict(fresh.data)
        was_default = old.title.startswith(self._english(old.type)) or not old.title
        for key in _KEPT:
            if key in old.data and not (key == "title" and was_default):
                data[key] = old.data[key]
        for key in _SHARED:
            if key in old.data and key in fresh.data:
                data[key] = old.data[key]
        if fresh.is_container:
            data["start_node_id"] = f"{old.id}start"
        return replace(fresh, id=old.id, data=data, x=old.x, y=old.y)

    @staticmethod
    def _english(node_type: str) -> str:
        from engine.nodes.registry import spec

        found = spec(node_type)
        return found.title if found else node_type

    def _kept_edges(self, old: Node, fresh: Node) -> list[Edge]:
        view = self.view
        graph = view.graph
        edges = []
        if view.rules.takes_input(fresh.type):
            edges += [
                view.rules.edge_between(graph.nodes[e.source], e.source_handle, fresh) for e in graph.in_edges(old.id)
            ]
        first, other = view.rules.first_handle(old), view.rules.first_handle(fresh)
        if other is not None:
            edges += [
                view.rules.edge_between(fresh, other, graph.nodes[e.target])
                for e in graph.out_edges(old.id)
                if e.source_handle == first
            ]
        return edges

    # -- another container ------------------------------------------------------------------------------------

    def change_room(self, node_ids: Iterable[str], room: str | None) -> bool:
        """Moves nodes into a container, or out to the top level, keeping them where they are as far as they fit."""
        view = self.view
        ids = [n for n in node_ids if n in view.graph.nodes and view.graph.nodes[n].parent != room]
        if not ids or view.read_only:
            return False
        refusal = view.rules.may_enter(ids, room) if room is not None else self._may_leave(ids)
        if refusal:
            view.say(refusal)
            return False
        bounds = view.scene.bounds_of(ids)
        assert bounds is not None
        dx, dy = way_in(view.scene.items[room].box, bounds) if room is not None else self._way_out(bounds, ids[0])
        places = {n: (view.scene.items[n].box.left + dx, view.scene.items[n].box.top + dy) for n in ids}
        return self.submit_room_change(places, room)

    def _may_leave(self, node_ids: list[str]) -> str:
        from engine.model.containers import fits_in

        graph = self.view.graph
        for node_id in node_ids:
            if graph.nodes[node_id].is_container_start:
                return tr("The start of a container stays in it.")
            reason = fits_in(graph, graph.nodes[node_id].type, None)
            if reason:
                return tr(reason)
        return ""

    def _way_out(self, bounds: Box, node_id: str) -> tuple[float, float]:
        """How far the nodes must move to stand below the container that they leave."""
        parent = self.view.scene.items[node_id].parent
        if parent is None or parent not in self.view.scene.items:
            return 0.0, 0.0
        return 0.0, self.view.scene.items[parent].box.bottom + m.GAP_BRANCH - bounds.top

    def submit_room_change(
        self, places: dict[str, tuple[float, float]], room: str | None, more: Iterable[Edit] = ()
    ) -> bool:
        """The step that puts nodes (absolute places) into another container; what breaks by it is said. `more` goes
        with it."""
        view = self.view
        boxes = [view.scene.items[n].box.placed(*place) for n, place in places.items()]
        around = union(boxes)
        if room is not None and around is not None:
            dx, dy = way_in(view.scene.items[room].box, around)
            places = {n: (x + dx, y + dy) for n, (x, y) in places.items()}
            around = around.moved(dx, dy)
        edits = view.rules.change_room(places, room)
        if not edits:
            return False
        edits += [*grown(view, room, [around] if around is not None else []), *more]
        before, edges = view.rules.unresolved(), set(view.graph.edges)
        label = tr("Move into container") if room else tr("Move out of container")
        if not view.commands.submit(Group(label, tuple(edits)), label):
            return False
        said = broken_notice(edges - set(view.graph.edges), view.rules.unresolved() - before)
        if said:
            view.say(said)
        return True


def broken_notice(edges: set[str], variables: set[str]) -> str:
    """What a move into another container cut off: connections by their number, variables by name."""
    said = []
    if edges:
        said.append(ntr("{n} connection was cut.", "{n} connections were cut.", len(edges)))
    if variables:
        words = ntr(
            "{n} variable cannot be read from there: {names}",
            "{n} variables cannot be read from there: {names}",
            len(variables),
        )
        said.append(words.replace("{names}", ", ".join(sorted(variables)[:MOST_NAMES])))
    return "\n".join(said)
