"""Putting snippets onto the canvas: at a place, into an edge, after a socket, before a node; each is one undo step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from editor.canvas import metrics as m
from editor.canvas import placing
from editor.canvas.commands import BlockRequest
from editor.canvas.fitting import boxes_of, grown, inner_box, way_in
from editor.canvas.index import Box, union
from editor.canvas.pasting import paste_notice
from editor.enginetexts import told
from editor.i18n import tr
from engine.model.edits import AddEdge, Edit, Group, MoveNodes, RemoveEdge
from engine.model.types import whole

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView
    from engine.model.clipboard import Ends, Pasted
    from engine.model.clipboard_read import Held


@dataclass(frozen=True)
class Piece:
    """A snippet as the canvas takes it: what people call it, and what it holds."""

    name: str
    held: Held


@dataclass(frozen=True)
class Laid:
    """What would be added, standing with its top left corner at the origin of the canvas: in which container, the boxes
    of the nodes that stand in no other one, and where they can be connected."""

    pasted: Pasted
    room: str | None
    boxes: dict[str, Box]
    around: Box
    ends: Ends

    def below_top(self, node_id: str | None) -> float:
        """How far below the upper border a node stands."""
        return self.boxes[node_id].top - self.around.top if node_id is not None else 0.0


def lay(view: CanvasView, piece: Piece, room: str | None) -> Laid | None:
    """A snippet for a container or the canvas; None when none of its nodes can stand there."""
    from engine.model.clipboard import ends_of

    pasted = view.rules.paste_held(piece.held, 0, 0, container=room)
    if not pasted.nodes:
        return None
    boxes = boxes_of(view, pasted, room)
    around = union(boxes.values())
    assert around is not None
    return Laid(pasted, room, boxes, around, ends_of(pasted))


def misfit(laid: Laid | None, *, into: bool, onward: bool) -> str:
    """Why a snippet cannot stand behind something (`into`) or before something (`onward`), as people read it."""
    if laid is None:
        return tr("None of these nodes can stand here.")
    ends = laid.ends
    if into and ends.entry is None:
        return tr("It has several ways in.") if ends.ways_in else tr("It has no way in.")
    if onward and ends.way_on is None:
        return tr("It has several ways out.") if ends.ways_out else tr("It has no way out.")
    return ""


class Inserting:
    """Part of the canvas's actions."""

    view: CanvasView

    def insert_piece(
        self, piece: Piece, x: float, y: float, *, container: str | None = None, split: str | None = None
    ) -> bool:
        """A snippet with its top left corner at an absolute place, in a container and into an edge if named."""
        laid = lay(self.view, piece, container)
        if laid is None or split not in self.view.graph.edges:
            split = None
        request = BlockRequest(x, y, 0, 0, edge_id=split, container_id=container, exact=True)
        return self._put(piece, laid, request, (x, y), [])

    def piece_misfit(self, request: BlockRequest, piece: Piece) -> str:
        """Why a snippet cannot be put where a request asks for it; an empty text when it can."""
        laid = lay(self.view, piece, self._room(request))
        return misfit(laid, **_needs(request))

    def place_piece(self, request: BlockRequest, piece: Piece) -> bool:
        """Does what a block request asked for with a snippet."""
        view = self.view
        ends = (request.source_node, request.target_node)
        if any(end is not None and end not in view.scene.items for end in ends):
            return False
        if request.edge_id is not None and request.edge_id not in view.graph.edges:
            return False
        laid = lay(view, piece, self._room(request))
        if laid is None:
            return self._put(piece, laid, request, (0, 0), [])
        first = self._first_to_move(request)
        shifted = placing.downstream(view.scene, first) if first is not None else []
        x, y = self._corner(request, laid)
        settled = not request.exact or request.source_node is request.target_node
        if settled:
            if laid.room is not None:
                inner = inner_box(view.scene.items[laid.room].box)
                x, y = max(x, inner.left), max(y, inner.top)
            size = (laid.around.width, laid.around.height)
            x, y = placing.free_below(view.scene, x, y, size[1], width=size[0], but=shifted, within=laid.room)
        return self._put(piece, laid, request, (x, y), shifted, settled=settled)

    # -- where ------------------------------------------------------------------------------------------------

    def _room(self, request: BlockRequest) -> str | None:
        """The container in which what was asked for would stand."""
        graph = self.view.graph
        edge = graph.edges.get(request.edge_id) if request.edge_id is not None else None
        beside = edge.target if edge is not None else request.source_node or request.target_node
        return graph.nodes[beside].parent if beside is not None else request.container_id

    def _first_to_move(self, request: BlockRequest) -> str | None:
        """The node that makes room, with all that follows it."""
        if request.edge_id is not None:
            return self.view.graph.edges[request.edge_id].target
        return request.target_node if request.target_node is not None and not request.exact else None

    def _corner(self, request: BlockRequest, laid: Laid) -> tuple[float, float]:
        """Where the upper left corner goes: the node that is connected stands level with its neighbour."""
        scene = self.view.scene
        first = self._first_to_move(request)
        way_on = laid.ends.way_on[0] if laid.ends.way_on is not None else None
        if first is not None:
            box = scene.items[first].box
            level = laid.ends.entry if request.edge_id is not None else way_on
            return box.left, box.top - laid.below_top(level)
        if request.source_node is not None:
            x, y = placing.after(scene, request.source_node)
            if request.exact:
                x, y = request.scene_x, request.scene_y - m.HEADER / 2
            return x, y - laid.below_top(laid.ends.entry)
        if request.target_node is not None:
            x, y = request.scene_x - laid.around.width, request.scene_y - m.HEADER / 2
            return x, y - laid.below_top(way_on)
        return request.scene_x, request.scene_y

    # -- the edit ---------------------------------------------------------------------------------------------

    def _put(
        self,
        piece: Piece,
        laid: Laid | None,
        request: BlockRequest,
        place: tuple[float, float],
        shifted: list[str],
        *,
        settled: bool = False,
    ) -> bool:
        """Add what was laid out with its corner at a place, connect it as asked, and move on what stands behind it.

        In a container it is moved to where there is room, unless the place is `settled`; the container grows.
        """
        view = self.view
        refusal = misfit(laid, **_needs(request))
        if refusal or laid is None:
            view.say(refusal)
            return False
        dx: float = round(place[0] - laid.around.left)
        dy: float = round(place[1] - laid.around.top)
        boxes = [laid.around.moved(dx, dy)]
        edits: list[Edit] = []
        if shifted:
            by = laid.around.width + m.GAP_NEXT
            nodes = view.graph.nodes
            edits.append(MoveNodes({n: (whole(nodes[n].x + by), nodes[n].y) for n in shifted}))
            boxes += [view.scene.items[n].box.moved(by, 0) for n in shifted]
        elif laid.room is not None and not settled:
            in_x, in_y = way_in(view.scene.items[laid.room].box, boxes[0])
            dx, dy, boxes = dx + in_x, dy + in_y, [boxes[0].moved(in_x, in_y)]
        pasted = laid.pasted.moved(dx, dy)
        group = (pasted.edit(view.graph), *self._links(request, pasted, laid.ends), *edits)
        before = view.rules.missing()
        label = tr("Insert “{name}”", name=piece.name)
        if not view.commands.submit(Group(label, (*group, *grown(view, laid.room, boxes))), label):
            return False
        view.selection.set(pasted.tops)
        view.state.focused = laid.ends.entry or pasted.tops[0]
        if request.global_x or request.global_y:
            view.ensure_visible(view.state.focused)
        notice = paste_notice(pasted, {name for _, name in view.rules.missing() - before})
        if notice:
            view.say(told(notice))
        return True

    def _links(self, request: BlockRequest, pasted: Pasted, ends: Ends) -> Iterable[Edit]:
        rules, nodes = self.view.rules, self.view.graph.nodes
        made = {node.id: node for node in pasted.nodes}
        edge = self.view.graph.edges.get(request.edge_id) if request.edge_id is not None else None
        source, handle = request.source_node, request.source_handle or "source"
        target = request.target_node
        if edge is not None:
            yield RemoveEdge(edge.id)
            source, handle, target = edge.source, edge.source_handle, edge.target
        if source is not None and ends.entry is not None:
            yield AddEdge(rules.edge_between(nodes[source], handle, made[ends.entry]))
        if target is not None and ends.way_on is not None:
            yield AddEdge(rules.edge_between(made[ends.way_on[0]], ends.way_on[1], nodes[target]))


def _needs(request: BlockRequest) -> dict[str, bool]:
    """Which ends of a snippet are to be connected."""
    return {
        "into": request.edge_id is not None or request.source_node is not None,
        "onward": request.edge_id is not None or request.target_node is not None,
    }
