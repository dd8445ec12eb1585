"""The canvas's questions to the model: what may be added, connected, moved, copied, and the edits that do it.

No rule is decided here; this is the one place where the canvas speaks to `engine.model` about what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from editor.canvas import blocks
from editor.i18n import tr
from engine.model.edits import Edit
from engine.model.graph import Edge, Graph, Node
from engine.nodes import registry

if TYPE_CHECKING:
    from editor.canvas.inserting import Piece
    from editor.canvas.view import CanvasView
    from engine.model.clipboard import Pasted
    from engine.model.clipboard_read import Held


class CanvasRules:
    """Answers for the graph that the view shows. Refusals are translated sentences, empty when allowed."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.fill: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda data: data
        """What a new node's settings get from the workspace, such as its usual model."""
        self.piece: Callable[[str], Piece | None] = lambda _block: None
        """The snippet that a block's name means; None for one that is gone or damaged."""

    @property
    def _graph(self) -> Graph:
        return self.view.graph

    @property
    def mode(self) -> str:
        """The mode of the app that is shown."""
        return self.view.document.workflow.mode if self.view.document is not None else "workflow"

    # -- types ------------------------------------------------------------------------------------------------

    def type_title(self, node_type: str) -> str:
        """A type's name for people."""
        if node_type == "note":
            return tr("Note")
        spec = registry.spec(blocks.type_of(node_type))
        return tr(blocks.title_of(node_type)) or (tr(spec.title) if spec else node_type)

    def takes_input(self, node_type: str) -> bool:
        spec = registry.spec(blocks.type_of(node_type))
        return spec.has_input if spec else node_type != "note"

    def first_handle(self, node: Node) -> str | None:
        """The first source socket of a node, None when nothing can follow it."""
        spec = registry.spec(node.type)
        if spec is None:
            return "source"
        handles = spec.handles(node.data)
        return handles[0].id if handles else None

    def can_run(self, node_id: str) -> bool:
        """Whether the node can run alone."""
        from engine.model.containers import may_run_alone

        return not may_run_alone(self._graph, node_id)

    def must_stay(self, node_ids: Iterable[str]) -> dict[str, str]:
        """Which of the nodes that are to be deleted together stay, and why."""
        from engine.model.containers import must_stay

        return {n: _said(reason) for n, reason in must_stay(self._graph, node_ids).items()}

    # -- what may stand where ---------------------------------------------------------------------------------

    def may_add(self, node_type: str, room: str | None, *, instead_of: str | None = None) -> str:
        """Why a node of this type cannot be added at the top level (None) or in a container; in the place of another
        one, which goes, when its id is given."""
        if node_type == "note":
            return ""
        from engine.model.containers import may_stand

        graph = self._graph.without([instead_of]) if instead_of is not None else self._graph
        return _said(may_stand(graph, self.mode, blocks.type_of(node_type), room))

    def start_place(self, node_type: str, room: str | None) -> str | None:
        """The “Workflow start” that a new node of this type would take the place of (nodes-logic spec 16.2)."""
        from engine.model.containers import BEGINNINGS

        if room is not None or node_type not in BEGINNINGS:
            return None
        return next((n.id for n in self._graph.nodes.values() if n.type == "start-placeholder"), None)

    def may_enter(self, node_ids: Iterable[str], room: str) -> str:
        """Why these nodes cannot move into a container."""
        from engine.model.containers import may_enter

        for node_id in node_ids:
            reason = may_enter(self._graph, node_id, room)
            if reason:
                return _said(reason)
        return ""

    def leads_on(self, node_type: str) -> bool:
        """Whether something can follow a new node of this type."""
        spec = registry.spec(blocks.type_of(node_type))
        return spec is None or bool(spec.handles(spec.default_data(self.mode)))

    def may_insert(self, node_type: str, edge_id: str) -> bool:
        """Whether a node of this type could stand in the middle of an edge."""
        edge = self._graph.edges.get(edge_id)
        spec = registry.spec(blocks.type_of(node_type))
        if edge is None or spec is None or not spec.has_input:
            return False
        if not self.leads_on(node_type) and spec.type != "loop-end":
            return False  # an exit takes the way that the edge went
        return not self.may_add(node_type, self._graph.nodes[edge.source].parent)

    def change_room(self, places: Mapping[str, tuple[float, float]], room: str | None) -> list[Edit]:
        """The edits that move nodes (absolute places) into a container or out to the top level."""
        from engine.model.containers import change_parent
        from engine.model.rescope import rescoped

        edits = list(change_parent(self._graph, places, room))
        document = self.view.document
        return [*rescoped(document.workflow, places, room), *edits] if document is not None else edits

    def unresolved(self) -> set[str]:
        """The variables, as people write them, that some node reads and cannot see; several nodes count each."""
        from engine.model.scope import dangling

        if self.view.document is None:
            return set()
        nodes = self._graph.nodes
        found = set()
        for each in dangling(self.view.document.workflow):
            source, *names = each.reference.selector
            title = nodes[source].title if source in nodes else source
            reader = nodes[each.reference.node_id].title
            found.add(f"{reader}: {title}.{'.'.join(names)}")
        return found

    # -- edges ------------------------------------------------------------------------------------------------

    def may_connect(self, source: str, handle: str, target: str, *, instead_of: str | None = None) -> str:
        """Why this connection is not allowed. `instead_of` names an edge that it would replace."""
        from engine.model.containers import may_connect

        graph = self._graph if instead_of is None else self._graph.without((), (instead_of,))
        return _said(may_connect(graph, source, handle, target))

    def new_edge(self, source: str, handle: str, target: str) -> Edge:
        """An edge between two nodes of the graph."""
        return self.edge_between(self._graph.nodes[source], handle, self._graph.nodes[target])

    def edge_between(self, source: Node, handle: str, target: Node) -> Edge:
        """An edge between two nodes, which need not be in the graph yet."""
        from engine.model.factory import new_edge

        return new_edge(source, handle, target, self._graph)

    # -- making and copying -----------------------------------------------------------------------------------

    def new_nodes(self, node_type: str, x: float, y: float, room: str | None) -> list[Node]:
        """A new node at an absolute place with default settings and a free title; a container with its start node."""
        from engine.model.factory import new_nodes, new_note

        if node_type == "note":
            return [new_note(x, y)]
        settings, title = blocks.settings_of(node_type), tr(blocks.title_of(node_type)) or None
        made = new_nodes(self._graph, self.mode, blocks.type_of(node_type), x, y, parent=room, title=title)
        filled = [replace(node, data=self.fill(node.data)) for node in made]
        return [replace(filled[0], data={**filled[0].data, **settings}), *filled[1:]] if settings else filled

    def clipboard_text(self, node_ids: Iterable[str]) -> str:
        """The clipboard JSON of these nodes, empty when none can be copied."""
        from engine.model.clipboard import copy_nodes

        return copy_nodes(self._graph, list(node_ids))

    def paste(self, text: str, x: float, y: float, *, container: str | None) -> Pasted:
        """What pasting clipboard JSON would add at an absolute place. Raises UserError for other text."""
        from engine.model.clipboard import paste_nodes

        return paste_nodes(self._graph, self.mode, text, x, y, parent=container)

    def paste_held(self, held: Held, x: float, y: float, *, container: str | None) -> Pasted:
        """The same for nodes that were read before."""
        from engine.model.clipboard import paste_held

        return paste_held(self._graph, self.mode, held, x, y, parent=container)

    def missing(self) -> set[tuple[str, str]]:
        """Readers (ids) and the variables that they name and that are nowhere in the workflow."""
        from engine.model.scope import dangling

        if self.view.document is None:
            return set()
        found = set()
        for each in dangling(self.view.document.workflow):
            source, *names = each.reference.selector
            if each.reason != "not_upstream":
                known = source in ("env", "conversation")
                found.add((each.reference.node_id, ".".join([source, *names] if known else names)))
        return found

    def organize(self, sizes: Mapping[str, tuple[float, float]]) -> Edit | None:
        """The edit that tidies the graph; None when it is tidy already."""
        from engine.model.layout import organize

        return organize(self._graph, sizes)


def _said(reason: object) -> str:
    """A reason of the model as a translated sentence."""
    return tr(str(reason)) if reason else ""
