"""Edits: small reversible values that name things by id and travel as JSON. `apply` gives the new workflow and the
inverse edit; it raises UserError and changes nothing when it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

from engine.errors import NodePlace, UserError
from engine.model.graph import Edge, Node, Viewport
from engine.model.types import MISSING, FieldPath, Missing, get_path, set_path
from engine.model.workflow import AppInfo, Variable, Workflow

_KINDS: dict[str, type[Edit]] = {}


class Edit:
    """Base of all edits. Subclasses are frozen dataclasses with JSON-able fields."""

    kind: ClassVar[str] = ""
    counts: ClassVar[bool] = True
    """Whether the edit is undone by undo and raises the revision."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.kind = cls.__name__
        _KINDS[cls.kind] = cls

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        """The workflow after this edit, and the edit that takes it back. Raises UserError."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """A JSON mapping with the kind and the fields."""
        data: dict[str, Any] = {"edit": self.kind}
        for part in fields(self):  # type: ignore[arg-type]
            data[part.name] = _plain(getattr(self, part.name))
        return data

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        """The edit of this kind from its JSON fields; `edit_from_json` finds the kind."""
        return cls(**{k: v for k, v in data.items() if k != "edit"})


def _plain(value: Any) -> Any:
    """A field as JSON."""
    if value is MISSING:
        return {"$missing": True}
    if isinstance(value, Edit):
        return value.to_json()
    if isinstance(value, Node):
        return {
            "id": value.id,
            "data": dict(value.data),
            "x": value.x,
            "y": value.y,
            "parent": value.parent,
            "wrapper": value.wrapper,
            "width": value.width,
            "height": value.height,
            "extras": dict(value.extras),
        }
    if isinstance(value, Edge | Variable):
        return value.to_config()
    if isinstance(value, Workflow):
        return value.to_json()
    if isinstance(value, Viewport):
        return {"x": value.x, "y": value.y, "zoom": value.zoom}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return value


def edit_from_json(data: Mapping[str, Any]) -> Edit:
    """The edit that `to_json` wrote. Raises UserError `model.bad_edit` for anything else."""
    kind = _KINDS.get(str(data.get("edit")))
    if kind is None:
        raise UserError(f"Unknown kind of change: {data.get('edit')!r}.", code="model.bad_edit")
    try:
        return kind.from_fields(data)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"A damaged change of kind {kind.kind} cannot be read.", code="model.bad_edit") from error


def _value(data: Any) -> Any:
    """MISSING or the value itself."""
    return MISSING if isinstance(data, Mapping) and data == {"$missing": True} else data


def _refuse(message: str, node_id: str = "", code: str = "model.refused") -> UserError:
    return UserError(message, code=code, where=NodePlace(node_id) if node_id else None)


# -- nodes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddNode(Edit):
    """Add a node at a place in the order of the file (None = at the end)."""

    node: Node
    index: int | None = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        if self.node.id in graph.nodes:
            raise _refuse("There is a node with this id already.", self.node.id, "model.duplicate_node")
        if self.node.parent is not None and self.node.parent not in graph.nodes:
            raise _refuse("The container of this node is not in the workflow.", self.node.id)
        if self.index is None or self.index >= len(graph.nodes):
            after = graph.with_nodes([self.node])
        else:
            after = graph.with_inserted([(self.index, self.node)])
        return workflow.with_graph(after), RemoveNode(self.node.id)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(Node(**data["node"]), data.get("index"))


@dataclass(frozen=True)
class RemoveNode(Edit):
    """Remove a node with its edges; a container goes with everything in it."""

    node_id: str

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        gone = {graph.node(self.node_id).id, *(n.id for n in graph.descendants(self.node_id))}
        edge_ids = {e.id for n in gone for e in (*graph.out_edges(n), *graph.in_edges(n))}
        nodes, edges = _at(graph.nodes, gone), _at(graph.edges, edge_ids)
        inverse = RestoreNodes(nodes, edges) if edges or len(nodes) > 1 else AddNode(nodes[0][1], nodes[0][0])
        return workflow.with_graph(graph.without(gone, edge_ids)), inverse


def _at(mapping: Mapping[str, Any], ids: set[str]) -> tuple[tuple[int, Any], ...]:
    """The values of these ids with their places, in file order, so that each is right at its turn when put back."""
    if not ids:
        return ()
    if len(ids) == 1:
        (only,) = ids
        return ((list(mapping).index(only), mapping[only]),)
    return tuple((index, mapping[key]) for index, key in enumerate(mapping) if key in ids)


@dataclass(frozen=True)
class RestoreNodes(Edit):
    """Put nodes and edges back at their places in the file, all at once: a child may stand before its container."""

    nodes: tuple[tuple[int, Node], ...]
    edges: tuple[tuple[int, Edge], ...]

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        present = next((n.id for _, n in self.nodes if n.id in graph.nodes), None)
        if present is not None:
            raise _refuse("There is a node with this id already.", present, "model.duplicate_node")
        if any(edge.id in graph.edges for _, edge in self.edges):
            raise UserError("These two are connected this way already.", code="model.duplicate_edge")
        after = graph.with_inserted(self.nodes, self.edges)
        ids = {node.id for _, node in self.nodes}
        tops = [node.id for _, node in self.nodes if node.parent not in ids]
        undo = tuple(RemoveNode(node_id) for node_id in tops)
        return workflow.with_graph(after), undo[0] if len(undo) == 1 else Group("", undo)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(
            tuple((i, Node(**n)) for i, n in data["nodes"]), tuple((i, Edge.from_config(e)) for i, e in data["edges"])
        )


@dataclass(frozen=True)
class SetField(Edit):
    """Set one setting of one node; MISSING removes it."""

    node: str
    path: FieldPath
    new: Any | Missing = MISSING

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        node = workflow.graph.node(self.node)
        if not self.path:
            return self._whole(workflow, node)
        # The inverse names the longest part of the path that exists, and so takes away what was made on the way.
        known = next(n for n in range(1, len(self.path) + 1) if n == len(self.path) or _absent(node, self.path[:n]))
        old = get_path(node.data, self.path[:known])
        try:
            data = set_path(node.data, self.path, self.new)
        except (TypeError, IndexError) as error:
            raise _refuse(f"This setting cannot be written: {error}.", self.node, "model.bad_path") from error
        inverse = SetField(self.node, self.path[:known], old)
        if isinstance(self.path[-1], int) and known == len(self.path):
            inverse = SetField(self.node, self.path[:-1], get_path(node.data, self.path[:-1]))
        return workflow.with_graph(workflow.graph.with_nodes([replace(node, data=data)])), inverse

    def _whole(self, workflow: Workflow, node: Node) -> tuple[Workflow, Edit]:
        """An empty path means all settings at once."""
        if not isinstance(self.new, Mapping):
            raise _refuse("The settings of a node must be a mapping.", self.node, "model.bad_path")
        after = workflow.graph.with_nodes([replace(node, data=self.new)])
        return workflow.with_graph(after), SetField(self.node, (), node.data)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(data["node"], tuple(data["path"]), _value(data.get("new")))


def _absent(node: Node, path: FieldPath) -> bool:
    return get_path(node.data, path) is MISSING


@dataclass(frozen=True)
class MoveNodes(Edit):
    """Move nodes: id to (x, y), relative to the parent for children."""

    places: Mapping[str, tuple[float, float]]

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        old = {}
        changed = []
        for node_id, (x, y) in self.places.items():
            node = graph.node(node_id)
            old[node_id] = (node.x, node.y)
            changed.append(node.moved(x, y))
        return workflow.with_graph(graph.with_nodes(changed)), MoveNodes(old)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls({k: (v[0], v[1]) for k, v in data["places"].items()})


@dataclass(frozen=True)
class ResizeNode(Edit):
    """Give a container or a note another size, in the wrapper and in its data; a place too when x and y are given.

    `sizes` None takes the size away (only as the inverse of a first resize).
    """

    node: str
    width: float | None
    height: float | None
    x: float | None = None
    y: float | None = None
    data_size: tuple[Any, Any] | None = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        node = workflow.graph.node(self.node)
        data = dict(node.data)
        old_size = (data.get("width", MISSING), data.get("height", MISSING))
        new_size = self.data_size or (self.width, self.height)
        for key, value in zip(("width", "height"), new_size, strict=True):
            if value is MISSING:
                data.pop(key, None)
            else:
                data[key] = value
        inverse = ResizeNode(self.node, node.width, node.height, node.x, node.y, old_size)
        x = node.x if self.x is None else self.x
        y = node.y if self.y is None else self.y
        after = replace(node, width=self.width, height=self.height, x=x, y=y, data=data)
        return workflow.with_graph(workflow.graph.with_nodes([after])), inverse

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        size = data.get("data_size")
        return cls(
            data["node"],
            data["width"],
            data["height"],
            data.get("x"),
            data.get("y"),
            None if size is None else (_value(size[0]), _value(size[1])),
        )


_MEMBERSHIP = ("isInIteration", "iteration_id", "isInLoop", "loop_id")


@dataclass(frozen=True)
class SetParent(Edit):
    """Move a node into a container, out of one, or from one to another; flags in its data and the z order follow.

    `data` and `extras` are filled in the inverse, so that it gives back exactly what was there.
    """

    node: str
    parent: str | None
    x: float
    y: float
    data: Mapping[str, Any] | None = None
    extras: Mapping[str, Any] | None = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        node = graph.node(self.node)
        inverse = SetParent(node.id, node.parent, node.x, node.y, dict(node.data), dict(node.extras))
        data, extras = self.data, self.extras
        if data is None:
            data = {k: v for k, v in node.data.items() if k not in _MEMBERSHIP}
            extras = {k: v for k, v in node.extras.items() if k not in ("zIndex", "extent")}
            if self.parent is not None:
                container = graph.node(self.parent)
                if self.parent == node.id or node.id in graph.ancestors(self.parent):
                    raise _refuse("A container cannot stand in itself.", self.node)
                inside = container.type == "iteration"
                data.update(isInIteration=inside, isInLoop=not inside)
                data["iteration_id" if inside else "loop_id"] = container.id
                extras["zIndex"] = 1002
        after = replace(node, parent=self.parent, x=self.x, y=self.y, data=data, extras=extras or {})
        return workflow.with_graph(graph.with_nodes([after])), inverse


# -- edges -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddEdge(Edit):
    """Add an edge at a place in the order of the file (None = at the end)."""

    edge: Edge
    index: int | None = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        if self.edge.id in graph.edges:
            raise UserError("These two are connected this way already.", code="model.duplicate_edge")
        graph.node(self.edge.source)
        graph.node(self.edge.target)
        if self.index is None or self.index >= len(graph.edges):
            after = graph.with_edge(self.edge)
        else:
            after = graph.with_inserted((), [(self.index, self.edge)])
        return workflow.with_graph(after), RemoveEdge(self.edge.id)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(Edge.from_config(data["edge"]), data.get("index"))


@dataclass(frozen=True)
class RemoveEdge(Edit):
    """Remove an edge."""

    edge_id: str

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        edge = graph.edge(self.edge_id)
        index = list(graph.edges).index(self.edge_id)
        return workflow.with_graph(graph.without((), (self.edge_id,))), AddEdge(edge, index)


@dataclass(frozen=True)
class ReconnectEdge(Edit):
    """Give an edge other ends; it keeps its id, its place in the file and everything else it holds."""

    edge_id: str
    source: str
    source_handle: str
    target: str
    target_handle: str = "target"
    data: Mapping[str, Any] | None = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        graph = workflow.graph
        edge = graph.edge(self.edge_id)
        inverse = ReconnectEdge(
            edge.id, edge.source, edge.source_handle, edge.target, edge.target_handle, dict(edge.data)
        )
        data = self.data
        if data is None:
            types = {"sourceType": graph.node(self.source).type, "targetType": graph.node(self.target).type}
            data = {**edge.data, **types}
        after = replace(
            edge,
            source=self.source,
            source_handle=self.source_handle,
            target=self.target,
            target_handle=self.target_handle,
            data=data,
        )
        return workflow.with_graph(graph.with_edge(after)), inverse


# -- the rest of the workflow ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SetApp(Edit):
    """Set one field of the app: name, description, icon, icon_type, icon_background, use_icon_as_answer_icon."""

    field_name: str
    new: Any = None

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        if self.field_name not in {f.name for f in fields(AppInfo)} - {"mode", "extras"}:
            raise UserError(f"The app has no field {self.field_name!r}.", code="model.bad_path")
        inverse = SetApp(self.field_name, getattr(workflow.app, self.field_name))
        app = replace(workflow.app, **{self.field_name: self.new})
        return replace(workflow, app=app), inverse


@dataclass(frozen=True)
class SetFeature(Edit):
    """Set one feature, at a path below `features`; MISSING removes it."""

    path: FieldPath
    new: Any | Missing = MISSING

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        if not self.path:
            if not isinstance(self.new, Mapping):
                raise UserError("The features must be a mapping.", code="model.bad_path")
            return replace(workflow, features=self.new), SetFeature((), workflow.features)
        known = next(
            n
            for n in range(1, len(self.path) + 1)
            if n == len(self.path) or get_path(workflow.features, self.path[:n]) is MISSING
        )
        inverse = SetFeature(self.path[:known], get_path(workflow.features, self.path[:known]))
        try:
            features = set_path(workflow.features, self.path, self.new)
        except (TypeError, IndexError) as error:
            raise UserError(f"This feature cannot be written: {error}.", code="model.bad_path") from error
        return replace(workflow, features=features), inverse

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(tuple(data["path"]), _value(data.get("new")))


_VARIABLE_FIELDS = {
    "environment": "environment_variables",
    "conversation": "conversation_variables",
    "rag": "rag_pipeline_variables",
}


@dataclass(frozen=True)
class SetVariables(Edit):
    """Replace one list of variables: `environment`, `conversation` (Variable) or `rag` (mappings)."""

    which: str
    new: tuple[Any, ...] = field(default=())

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        name = _VARIABLE_FIELDS[self.which]
        if self.which != "rag":
            names = [variable.name for variable in self.new]
            twice = next((n for n in names if names.count(n) > 1), None)
            if twice is not None:
                raise UserError(f"There are two variables named {twice!r}.", code="model.duplicate_variable")
        changes: dict[str, Any] = {name: tuple(self.new)}
        return replace(workflow, **changes), SetVariables(self.which, getattr(workflow, name))

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        make: Callable[[Any], Any] = dict if data["which"] == "rag" else Variable.from_config
        return cls(data["which"], tuple(make(v) for v in data["new"]))


@dataclass(frozen=True)
class SetViewport(Edit):
    """Look elsewhere; not undone by undo and no change of the content."""

    counts: ClassVar[bool] = False
    viewport: Viewport

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        after = workflow.with_graph(workflow.graph.with_viewport(self.viewport))
        return after, SetViewport(workflow.graph.viewport)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(Viewport(**data["viewport"]))


@dataclass(frozen=True)
class ReplaceWorkflow(Edit):
    """Everything anew: a restored version, an import over the open one."""

    new: Workflow

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        return self.new, ReplaceWorkflow(workflow)

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(Workflow.from_json(data["new"]))


@dataclass(frozen=True)
class Group(Edit):
    """Several edits as one step: all of them or none."""

    label: str
    edits: tuple[Edit, ...]

    def apply(self, workflow: Workflow) -> tuple[Workflow, Edit]:
        undo: list[Edit] = []
        for edit in self.edits:
            workflow, inverse = edit.apply(workflow)
            undo.append(inverse)
        return workflow, Group(self.label, tuple(reversed(undo)))

    @classmethod
    def from_fields(cls, data: Mapping[str, Any]) -> Edit:
        return cls(data["label"], tuple(edit_from_json(e) for e in data["edits"]))
