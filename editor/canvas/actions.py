"""Edits that menus, keys and the block selector ask for, each one undo step through the view's commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from editor.canvas import metrics as m
from editor.canvas import placing
from editor.canvas.chains import Chains
from editor.canvas.commands import BlockRequest
from editor.canvas.fitting import box_of, grown, inner_box, way_in
from editor.canvas.index import Box
from editor.canvas.inserting import Inserting
from editor.canvas.lexical import NOTE_THEMES
from editor.canvas.pasting import Pasting
from editor.canvas.restructure import Restructuring
from editor.i18n import ntr, tr
from engine.model.edits import AddEdge, AddNode, Edit, Group, MoveNodes, RemoveEdge, RemoveNode, SetField
from engine.model.graph import Node
from engine.model.refs import references
from engine.model.types import whole

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_BRANCHING = frozenset({"if-else", "question-classifier", "human-input", "loop-end"})


class CanvasActions(Restructuring, Pasting, Inserting, Chains):
    """Stateless but for who answers when a deletion takes more with it than is seen: the window."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.confirm: Callable[[str], bool] = lambda _question: True
        """Asks the person; True goes on."""

    # -- adding -----------------------------------------------------------------------------------------------

    def add_node(
        self, node_type: str, x: float, y: float, *, container: str | None = None, split: str | None = None
    ) -> str | None:
        """A new node at an absolute place, inside a container or into an edge if named; its id, None when refused."""
        view = self.view
        refusal = view.rules.may_add(node_type, container)
        if refusal:
            view.say(refusal)
            return None
        place = view.rules.start_place(node_type, container)
        if place is not None and split is None:
            return place if self.begin_with(place, node_type) else None
        made = self._new(node_type, x, y, container)
        if node_type != "note":
            made = self._inside(made, container)
        node = made[0]
        edits = self._adding(made)
        if split is not None and split in view.graph.edges:
            edits += self._split(split, node)
        label = tr("Add {title}", title=view.rules.type_title(node_type))
        if not view.commands.submit(Group(label, tuple(edits)), label):
            return None
        view.selection.set([node.id])
        view.state.focused = node.id
        return node.id

    def place(self, request: BlockRequest, node_type: str) -> str | None:
        """Does what a block request asked for with the chosen type; the new node's id, None when refused."""
        if request.edge_id is not None:
            return self.insert_on_edge(request.edge_id, node_type)
        if request.source_node is not None:
            return self.add_after(request, node_type)
        if request.target_node is not None:
            return self.add_before(request, node_type)
        return self.add_node(node_type, request.scene_x, request.scene_y, container=request.container_id)

    def add_after(self, request: BlockRequest, node_type: str) -> str | None:
        """A new node after a source socket: where the hand let go, or at the first free place to the right."""
        view, source = self.view, str(request.source_node)
        if source not in view.scene.items:
            return None
        parent = view.scene.items[source].parent
        refusal = view.rules.may_add(node_type, parent)
        if refusal:
            view.say(refusal)
            return None
        if request.exact:
            x, y = request.scene_x, request.scene_y - m.HEADER / 2
        else:
            box = self._box(self._new(node_type, 0, 0, parent)[0])
            x, y = placing.after(view.scene, source, (box.width, box.height))
        made = self._new(node_type, x, y, parent)
        edits = self._adding(self._inside(made, parent) if request.exact else made)
        edge = view.rules.edge_between(view.graph.nodes[source], request.source_handle or "source", made[0])
        if view.rules.takes_input(node_type):
            edits.append(AddEdge(edge))
        return self._commit_new(node_type, made[0], edits)

    def add_before(self, request: BlockRequest, node_type: str) -> str | None:
        """A new node before a target: takes its place, and everything from there on moves right by 300."""
        view, target = self.view, str(request.target_node)
        if target not in view.scene.items:
            return None
        item = view.scene.items[target]
        refusal = view.rules.may_add(node_type, item.parent)
        if refusal:
            view.say(refusal)
            return None
        shifted: list[str] = []
        if request.exact:
            x, y = request.scene_x - m.CARD_WIDTH, request.scene_y - m.HEADER / 2
        else:
            x, y = item.box.left, item.box.top
            shifted = placing.downstream(view.scene, target)
        made = self._new(node_type, x, y, item.parent)
        edits = self._adding(self._inside(made, item.parent) if request.exact else made, shifted)
        handle = view.rules.first_handle(made[0])
        if handle is not None:
            edits.append(AddEdge(view.rules.edge_between(made[0], handle, view.graph.nodes[target])))
        return self._commit_new(node_type, made[0], edits)

    def insert_on_edge(self, edge_id: str, node_type: str) -> str | None:
        """A new node in the middle of an edge: at the target's place, which moves on by 300 with all that follows."""
        view = self.view
        edge = view.graph.edges.get(edge_id)
        if edge is None or edge.target not in view.scene.items:
            return None
        item = view.scene.items[edge.target]
        refusal = view.rules.may_add(node_type, item.parent)
        if refusal:
            view.say(refusal)
            return None
        made = self._new(node_type, item.box.left, item.box.top, item.parent)
        edits = self._adding(made, placing.downstream(view.scene, edge.target))
        edits += self._split(edge_id, made[0])
        return self._commit_new(node_type, made[0], edits)

    def _inside(self, made: list[Node], container: str | None) -> list[Node]:
        """A new node, moved within the padding of its container."""
        if container is None:
            return made
        dx, dy = way_in(self.view.scene.items[container].box, self._box(made[0]))
        return [made[0].moved(whole(made[0].x + dx), whole(made[0].y + dy)), *made[1:]]

    def _box(self, node: Node) -> Box:
        """The box of a new node, in scene units."""
        left, top = self.view.graph.absolute(node.parent) if node.parent is not None else (0.0, 0.0)
        return box_of(node, self.view.graph, left + node.x, top + node.y)

    def _adding(self, made: list[Node], shifted: list[str] | None = None) -> list[Edit]:
        """The edits that add a node with what it brings and make room: some nodes move on, its container grows."""
        boxes = [self._box(made[0])]
        edits: list[Edit] = []
        place = self.view.rules.start_place(made[0].type, made[0].parent)
        if place is not None:
            edits.append(RemoveNode(place))
        if shifted:
            edits.append(self._shift(shifted))
            boxes += [self.view.scene.items[n].box.moved(m.SHIFT_INSERT, 0) for n in shifted]
        return [*edits, *(AddNode(part) for part in made), *grown(self.view, made[0].parent, boxes)]

    def _commit_new(self, node_type: str, node: Node, edits: list[Edit]) -> str | None:
        view = self.view
        label = tr("Add {title}", title=view.rules.type_title(node_type))
        if not view.commands.submit(Group(label, tuple(edits)), label):
            return None
        view.selection.set([node.id])
        view.state.focused = node.id
        view.ensure_visible(node.id)
        return node.id

    def _new(self, node_type: str, x: float, y: float, container: str | None) -> list[Node]:
        return self.view.rules.new_nodes(node_type, round(x), round(y), container)

    def _split(self, edge_id: str, node: Node) -> list[Edit]:
        """Two edges instead of one; only the incoming one for types whose way on must be chosen."""
        view = self.view
        edge = view.graph.edges[edge_id]
        nodes = view.graph.nodes
        edits: list[Edit] = [RemoveEdge(edge_id)]
        edits.append(AddEdge(view.rules.edge_between(nodes[edge.source], edge.source_handle, node)))
        if node.type not in _BRANCHING and view.rules.first_handle(node) is not None:
            edits.append(AddEdge(view.rules.edge_between(node, "source", nodes[edge.target])))
        return edits

    def _shift(self, node_ids: list[str]) -> Edit:
        nodes = self.view.graph.nodes
        return MoveNodes({n: (whole(nodes[n].x + m.SHIFT_INSERT), nodes[n].y) for n in node_ids})

    # -- removing ---------------------------------------------------------------------------------------------

    def delete_selection(self) -> bool:
        """Deletes the selected nodes with their edges, or the selected edge; asks for containers with children."""
        view = self.view
        if view.read_only:
            return False
        edge = view.selection.edge
        if edge is not None:
            view.selection.clear()
            return view.commands.submit(RemoveEdge(edge), tr("Disconnect"))
        return self.delete(view.selection.nodes)

    def delete(self, node_ids: Iterable[str]) -> bool:
        """Deletes these nodes as one step. What must stay is left out with a word."""
        view = self.view
        wanted = [n for n in node_ids if n in view.graph.nodes]
        chosen = self._those_that_may_go(wanted)
        tops = [n for n in chosen if view.graph.nodes[n].parent not in chosen]
        if not tops or not self._confirmed(tops):
            return False
        label = ntr("Delete {title}", "Delete {n} nodes", len(tops)).replace("{title}", view.graph.nodes[tops[0]].title)
        edits = tuple(RemoveNode(n) for n in tops)
        view.selection.set([n for n in view.selection.nodes if n not in tops])
        return view.commands.submit(edits[0] if len(edits) == 1 else Group(label, edits), label)

    def _those_that_may_go(self, node_ids: list[str]) -> list[str]:
        """Without those that stay; why they do is said."""
        kept = self.view.rules.must_stay(node_ids)
        for reason in dict.fromkeys(kept.values()):
            self.view.say(reason)
        return [n for n in node_ids if n not in kept]

    def _confirmed(self, node_ids: list[str]) -> bool:
        """Ask once, with all that speaks against it: what a container holds, and who reads what goes."""
        questions = self._held_inside(node_ids) + self._read_by_others(node_ids)
        return not questions or self.confirm("\n\n".join(questions))

    def _read_by_others(self, node_ids: list[str]) -> list[str]:
        graph, gone = self.view.graph, set(node_ids)
        waiting = list(node_ids)
        while waiting:
            inside = [child.id for child in graph.children(waiting.pop())]
            gone.update(inside)
            waiting += inside
        readers, read = [], set()
        for node in graph.nodes.values():
            sources = {r.selector[0] for r in references(node)} & gone if node.id not in gone else set()
            if sources:
                readers.append(node.title or node.type)
                read |= sources
        if not readers:
            return []
        names = ", ".join(sorted(graph.nodes[n].title or graph.nodes[n].type for n in read))
        text = tr("“{name}” is used by: {titles}. They will point at nothing.", name=names, titles=", ".join(readers))
        return [text]

    def _held_inside(self, node_ids: list[str]) -> list[str]:
        graph = self.view.graph
        questions = []
        for node_id in node_ids:
            children = [child for child in graph.children(node_id) if not child.is_container_start]
            if len(children) > 1:
                title = graph.nodes[node_id].title
                question = ntr(
                    "{title} holds {n} node. Delete it with everything inside?",
                    "{title} holds {n} nodes. Delete it with everything inside?",
                    len(children),
                ).replace("{title}", title)
                questions.append(question)
        return questions

    def disconnect(self, node_ids: Iterable[str]) -> bool:
        """Removes all edges of these nodes."""
        graph = self.view.graph
        found = {e.id: e for node_id in node_ids for e in (*graph.in_edges(node_id), *graph.out_edges(node_id))}
        edges = [] if self.view.read_only else list(found)
        if not edges:
            return False
        label = tr("Disconnect")
        return self.view.commands.submit(Group(label, tuple(RemoveEdge(edge_id) for edge_id in edges)), label)

    def toggle_disabled(self, node_ids: Iterable[str]) -> bool:
        """Switches nodes off (the run passes them by) or on again."""
        nodes = [self.view.graph.nodes[n] for n in node_ids if n in self.view.graph.nodes]
        if not nodes:
            return False
        off = not all(node.data.get("disabled") for node in nodes)
        label = tr("Disable") if off else tr("Enable")
        edits = tuple(SetField(node.id, ("disabled",), off) for node in nodes)
        return self.view.commands.submit(Group(label, edits), label)

    def set_note_theme(self, node_id: str, name: str) -> bool:
        """Gives a note another colour."""
        if name not in NOTE_THEMES:
            return False
        return self.view.commands.submit(SetField(node_id, ("theme",), name), tr("Change note colour"))

    def toggle_author(self, node_id: str) -> bool:
        """Shows whose note it is, or not."""
        shown = not self.view.graph.nodes[node_id].data.get("showAuthor")
        return self.view.commands.submit(SetField(node_id, ("showAuthor",), shown), tr("Show author"))

    def cut(self) -> bool:
        """Copies, then deletes."""
        return not self.view.read_only and self.copy() and self.delete_selection()

    # -- arranging --------------------------------------------------------------------------------------------

    def select_all(self) -> None:
        """Selects every node of the top level, or of the container that the selection lies in."""
        view = self.view
        parents = {view.scene.items[n].parent for n in view.selection.nodes if n in view.scene.items}
        parent = next(iter(parents)) if len(parents) == 1 else None
        view.selection.set([i.id for i in view.scene.items.values() if i.parent == parent and i.kind != "start"])

    def _arrangeable(self) -> list[str]:
        items = self.view.scene.items
        chosen = [n for n in self.view.selection.nodes if n in items and items[n].kind != "start"]
        return [n for n in chosen if items[n].parent not in chosen]

    def align(self, kind: str) -> bool:
        """Aligns the selected nodes: `left`, `center`, `right`, `top`, `middle`, `bottom`."""
        chosen = self._arrangeable()
        if len(chosen) < 2:
            return False
        return self._move_to(placing.aligned(self.view.scene, chosen, kind), tr("Align"))

    def distribute(self, kind: str) -> bool:
        """Spaces the selected nodes evenly, `horizontal` or `vertical`; False below three or without room."""
        places = placing.distributed(self.view.scene, self._arrangeable(), kind)
        return bool(places) and self._move_to(places, tr("Space evenly"))

    def can_distribute(self, kind: str) -> bool:
        """Whether `distribute` would do something."""
        return placing.can_distribute(self.view.scene, self._arrangeable(), kind)

    def _move_to(self, places: dict[str, tuple[float, float]], label: str) -> bool:
        view = self.view
        moved = {}
        for node_id, (x, y) in places.items():
            item, node = view.scene.items[node_id], view.graph.nodes[node_id]
            place = (whole(node.x + x - item.box.left), whole(node.y + y - item.box.top))
            if place != (node.x, node.y):
                moved[node_id] = place
        return bool(moved) and not view.read_only and view.commands.submit(MoveNodes(moved), label)

    def nudge(self, node_ids: list[str], dx: float, dy: float) -> bool:
        """Moves nodes by keys; steps in a row become one undo step."""
        view = self.view
        items, nodes = view.scene.items, view.graph.nodes
        chosen = [n for n in node_ids if n in items and items[n].kind != "start" and items[n].parent not in node_ids]
        if not chosen:
            return False
        for node_id in chosen:
            parent = items[node_id].parent
            if parent is None or parent not in items:
                continue
            room, box = inner_box(items[parent].box), items[node_id].box
            dx = min(max(dx, min(0.0, room.left - box.left)), max(0.0, room.right - box.right))
            dy = min(max(dy, min(0.0, room.top - box.top)), max(0.0, room.bottom - box.bottom))
        if not dx and not dy:
            return False
        edit = MoveNodes({n: (whole(nodes[n].x + dx), whole(nodes[n].y + dy)) for n in chosen})
        label = ntr("Move node", "Move {n} nodes", len(chosen))
        return view.commands.submit(edit, label, merge_key="nudge:" + ",".join(sorted(chosen)))

    def organize(self) -> bool:
        """Tidies the whole graph into layers from left to right, as one step, and shows all of it."""
        view = self.view
        if view.read_only:
            return False
        sizes = {
            i.id: (i.box.width, i.full.height if i.kind == "card" else i.box.height) for i in view.scene.items.values()
        }
        edit = view.rules.organize(sizes)
        if edit is None:
            return False
        before, looked = {i.id: i.box for i in view.scene.items.values()}, view.camera.copy()
        done = view.commands.submit(edit, tr("Tidy up"))
        if done:
            view.fit()
            view.gliding.start(before, looked)
        return done
