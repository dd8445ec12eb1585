"""A plan made into a workflow: nodes with the defaults of their types, ids, connections, references, places.

What is wrong in a plan is put right where that is safe, left out where it is not, and told in any case. What is there
already and stays keeps its id, its place in the file and every setting that the plan does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.model.containers import fits_in, may_connect
from engine.model.factory import new_edge, new_id, new_nodes, new_workflow, unique_title
from engine.model.graph import Edge, Graph, Node
from engine.model.layout import organize
from engine.model.problems import Sentence
from engine.model.selectors import RESERVED, Selector, changed_data
from engine.model.types import VALUE_TYPES
from engine.model.workflow import Variable, Workflow
from engine.nodes import registry
from engine.nodes.settings import unreadable
from engine.services.generating.finish import finished
from engine.services.generating.forms import form, type_of
from engine.services.generating.plan import Note, Plan, PlanEdge, PlanNode, keys_of, told_settings
from engine.services.generating.values import key, name, text

Sizes = Callable[[Graph], Mapping[str, tuple[float, float]]]
Fill = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_WITHOUT_SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "code": {"variables": [], "code": "", "outputs": {}},
    "template-transform": {"variables": [], "template": ""},
}
"""A fresh node of these types has a sample in it, which is nothing that a plan asked for."""
HIDDEN_TYPES = frozenset({"iteration-start", "loop-start"})


@dataclass
class Builder:
    """Builds one plan. `base` is what is there already; `fill` gives new nodes their model; `sizes` how large cards
    are. Used once."""

    base: Workflow
    fill: Fill = lambda data: data
    sizes: Sizes = lambda _graph: {}
    notes: list[Note] = field(default_factory=list)
    graph: Graph = field(default_factory=Graph)
    ids: dict[str, str] = field(default_factory=dict)
    """Ids of nodes by their key in the plan."""
    touched: set[str] = field(default_factory=set)
    """Nodes that are new or whose settings changed."""

    @property
    def mode(self) -> str:
        return self.base.mode

    def tell(self, template: str, *, fault: bool = False, **values: Any) -> None:
        """One more note."""
        self.notes.append(Note(Sentence.of(template, **values), fault))

    def build(self, plan: Plan) -> Workflow:
        """The workflow of a plan."""
        self.notes.extend(plan.notes)
        keys = keys_of(self.base.graph)
        known = {called: node_id for node_id, called in keys.items()}
        planned = self._planned(plan, known)
        self._place(planned, known, keys)
        self._settle(planned, keys)
        self._connect(plan, planned)
        workflow = replace(self.base, graph=self.graph, conversation_variables=self._memory(plan))
        workflow = finished(workflow, self)
        return self._laid_out(workflow)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _planned(self, plan: Plan, known: Mapping[str, str]) -> list[PlanNode]:
        """The nodes of the plan that can be."""
        made: list[PlanNode] = []
        start = ""
        for node in plan.nodes:
            if node.type in HIDDEN_TYPES:
                self.ids[node.key] = ""  # stands for the start of its container; see `_source`
                continue
            fitting = node if self._stays(node, known) else self._fitting(node)
            if fitting is None:
                continue
            if fitting.type == "start":
                if start:
                    self.tell("There can be one start only: a second one is left out.")
                    self.ids[node.key] = start
                    continue
                start = fitting.key
            made.append(fitting)
        if not any((s := registry.spec(n.type)) is not None and s.family == "entry" for n in made):
            self.tell("A start was missing: it is added.")
            called = "start" if all(n.key != "start" for n in made) else "start_of_all"
            made.insert(0, PlanNode(called, "start", "", {} if called not in known else None))
        return made

    def _fitting(self, node: PlanNode) -> PlanNode | None:
        """A node of a type that this kind of app has."""
        title = node.title or node.key
        if node.type == "end" and self.mode == "advanced-chat":
            said = "\n\n".join(_values(node.settings))
            return replace(node, type="answer", settings={"answer": said})
        if node.type == "answer" and self.mode == "workflow":
            outputs = [{"name": "result", "value": text((node.settings or {}).get("answer"))}]
            return replace(node, type="end", settings={"outputs": outputs})
        spec = registry.spec(node.type)
        if spec is None:
            self.tell("“{title}” is left out: there is no node type “{type}”.", fault=True, title=title, type=node.type)
            return None
        if self.mode not in spec.modes or not spec.selectable_in_palette:
            self.tell("“{title}” is left out: its type belongs to another kind of app.", fault=True, title=title)
            return None
        return replace(node, type=spec.type)

    def _place(self, planned: list[PlanNode], known: Mapping[str, str], keys: Mapping[str, str]) -> None:
        """All nodes with their ids and containers; settings come later, when all ids are known."""
        by_key = {n.key: n for n in planned}
        stay = {known[n.key] for n in planned if self._stays(n, known)}
        gone = set(keys) - stay
        # Notes and the starts of containers are in no plan: they stay with what they belong to.
        kept = [
            n for n in self.base.graph.nodes.values() if n.id not in gone and (n.id in stay or n.parent not in gone)
        ]
        self.graph = Graph({n.id: n for n in kept}, {}, self.base.graph.viewport)
        self.ids.update({n.key: known[n.key] for n in planned if known.get(n.key) in stay})
        # Containers first: what is inside needs their ids.
        for node in sorted(planned, key=lambda n: bool(n.inside)):
            parent = self._parent(node, by_key)
            if node.key in self.ids:
                self._move(self.ids[node.key], parent)
                continue
            title = node.title or None
            made = new_nodes(self.graph, self.mode, node.type, 0, 0, parent=parent, title=title)
            first = replace(made[0], data={**self.fill(made[0].data), **_WITHOUT_SAMPLES.get(made[0].type, {})})
            self.graph = self.graph.with_nodes([first, *made[1:]])
            self.ids[node.key] = first.id
            self.touched.add(first.id)
        # A second start means the first one.
        self.ids = {called: self.ids.get(node_id, node_id) for called, node_id in self.ids.items()}

    def _stays(self, node: PlanNode, known: Mapping[str, str]) -> bool:
        return node.key in known and type_of(self.base.graph.nodes[known[node.key]].type) == node.type

    def _parent(self, node: PlanNode, by_key: Mapping[str, PlanNode]) -> str | None:
        if not node.inside:
            return None
        room = self.ids.get(node.inside) or None
        present = self.base.graph.nodes.get(self.ids.get(node.key, ""))
        if room is not None and present is not None and present.parent == room:
            return room  # it stands there already, whatever the rules say of it
        reason = fits_in(self.graph, node.type, room) if room is not None else "-"
        if room is None or room not in self.graph.nodes or reason:
            around = by_key.get(node.inside)
            self.tell(
                "“{title}” cannot stand in “{container}”: it stands outside.",
                fault=True,
                title=node.title or node.key,
                container=around.title or around.key if around is not None else node.inside,
            )
            return None
        return room

    def _move(self, node_id: str, parent: str | None) -> None:
        """A node that stays, in the container that the plan names."""
        from engine.model.edits import SetParent

        node = self.graph.nodes[node_id]
        if node.parent != parent and not fits_in(self.graph, node.type, parent):
            workflow, _ = SetParent(node_id, parent, 0, 0).apply(replace(self.base, graph=self.graph))
            self.graph = workflow.graph

    # -- settings ----------------------------------------------------------------------------------------------------

    def _settle(self, planned: list[PlanNode], keys: Mapping[str, str]) -> None:
        back = {called: node_id for called, node_id in self.ids.items() if node_id}
        loose = {key(called).casefold(): node_id for called, node_id in back.items()}
        for node in planned:
            loose.setdefault(key(node.title).casefold(), self.ids[node.key])

        def home(selector: Selector) -> Selector:
            source = selector[0]
            if source in RESERVED or source in self.graph.nodes:
                return selector
            return (back.get(source) or loose.get(source.casefold()) or source, *selector[1:])

        for node in planned:
            self._write(node, self.graph.nodes[self.ids[node.key]], keys, home)

    def _write(self, plan: PlanNode, node: Node, keys: Mapping[str, str], home: Callable[[Selector], Selector]) -> None:
        there = node.id in keys
        settings = dict(plan.settings or {})
        if there:
            before = told_settings(self.base.graph.nodes[node.id], keys, self.mode)
            settings = {k: v for k, v in settings.items() if k not in before or v != before[k]}
        title = plan.title if there and plan.title and plan.title != " ".join(node.title.split())[:80] else ""
        if there and not settings and not title:
            return
        # Written with keys instead of ids, as the plan has them, and then sent home together.
        named = replace(node, data=changed_data(node, lambda s: (keys.get(s[0], s[0]), *s[1:])))
        data = dict(named.data)
        if title:
            data["title"] = unique_title(self.graph.without([node.id]), title)
        form(node.type).write(data, settings, self.mode)
        made = replace(node, data=changed_data(replace(node, data=data), home))
        if any(f.is_shape for f in unreadable(made.data)):
            self.tell("Some settings of “{title}” could not be read: they are as for a new node.", fault=True,
                     title=node.title or plan.key)  # fmt: skip
            made = node
        if made.data != node.data:
            self.touched.add(node.id)
            self.graph = self.graph.with_nodes([made])

    # -- connections -------------------------------------------------------------------------------------------------

    def _connect(self, plan: Plan, planned: list[PlanNode]) -> None:
        edges = list(plan.edges)
        if not edges and self.base.graph.edges:
            # A model that was to tell what changes told no connection at all: they are meant to stay.
            there = [(e.source, e.source_handle, e.target) for e in self.base.graph.edges.values()]
            self._keep_edges(there)
        elif not edges and not self.base.graph.nodes and len(planned) > 1 and not self._branching():
            self.tell("The plan names no connections: the nodes are joined in the order in which they stand in it.")
            edges = _chained(planned)
        wanted, dropped = [], 0
        for edge in edges:
            ends = self._ends(edge)
            if ends is None:
                dropped += 1
            else:
                wanted.append(ends)
        if dropped:
            self.tell("Connections to nodes that are not there are left out: {count}.", fault=True,
                     count=dropped)  # fmt: skip
        self._keep_edges(wanted)
        for source, handle, target in wanted:
            self._join(source, handle, target)
        self._start_rooms()

    def _keep_edges(self, wanted: list[tuple[str, str, str]]) -> None:
        """Connections that are there stay as they are, whatever may be wrong with them; so do those that no plan names,
        unless an end of theirs is gone."""
        named, before = set(wanted), self.base.graph
        people = keys_of(before)
        for edge in before.edges.values():
            ends = (edge.source, edge.source_handle, edge.target)
            told = all(e in people or (e in before.nodes and before.nodes[e].is_container_start) for e in ends[::2])
            gone = any(e in before.nodes and e not in self.graph.nodes for e in ends[::2])
            moved = ends[0] in self.graph.nodes and ends[2] in self.graph.nodes and self._crosses(edge)
            if not gone and not moved and (ends in named or not told):
                self.graph = self.graph.with_edge(edge)

    def _crosses(self, edge: Edge) -> bool:
        """Whether an edge crosses the border of a container only since its nodes were moved."""
        before, after = self.base.graph.nodes, self.graph.nodes
        return (
            before[edge.source].parent == before[edge.target].parent
            and after[edge.source].parent != after[edge.target].parent
        )

    def _join(self, source: str, handle: str, target: str) -> None:
        """One more connection, where it may be."""
        reason = may_connect(self.graph, source, handle, target)
        if not reason:
            edge = new_edge(self.graph.nodes[source], handle, self.graph.nodes[target], self.graph)
            self.graph = self.graph.with_edge(edge)
        elif any(e.target == target and e.source_handle == handle for e in self.graph.out_edges(source)):
            return
        else:
            titles = [self.graph.nodes[n].title or self.graph.nodes[n].type for n in (source, target)]
            self.tell("The connection from “{source}” to “{target}” is left out: {reason}", fault=True,
                     source=titles[0], target=titles[1], reason=reason)  # fmt: skip

    def _branching(self) -> bool:
        specs = (registry.spec(n.type) for n in self.graph.nodes.values() if not n.is_note)
        return any(s is not None and s.execution_type == "branch" for s in specs)

    def _ends(self, wanted: PlanEdge) -> tuple[str, str, str] | None:
        """Source, socket and target by id. An edge from a container to what is inside begins at its start; one from the
        inside to the outside begins at the container."""
        graph = self.graph
        target = self._id(wanted.target)
        source = self._id(wanted.source)
        if source is None and target is not None and self.ids.get(wanted.source) == "":
            source = graph.nodes[target].parent  # the plan named the hidden start of the container
        if source is None or target is None:
            return None
        a, b = graph.nodes[source], graph.nodes[target]
        if b.parent == a.id:
            return str(a.data.get("start_node_id") or ""), "source", target
        if a.parent is not None and a.parent != b.parent and b.parent is None:
            return (a.parent, "source", target) if a.parent in graph.nodes else None
        return source, self._handle(a, wanted.branch), target

    def _id(self, called: str) -> str | None:
        found = self.ids.get(called)
        if found is None:
            folded = called.casefold()
            found = next((i for k, i in self.ids.items() if k.casefold() == folded), None)
        return found if found in self.graph.nodes else None

    def _handle(self, node: Node, branch: str) -> str:
        """The socket that a branch means: by id, by its words, by its number; else the next free one."""
        spec = registry.spec(node.type)
        handles = list(spec.handles(node.data)) if spec is not None else []
        if any(e.source_handle == branch for e in self.base.graph.out_edges(node.id)):
            return branch
        wanted = branch.casefold()
        for handle in handles:
            if wanted and wanted in (handle.id.casefold(), handle.label.casefold()):
                return handle.id
        if wanted in ("fail", "error", "failure") and any(h.kind == "fail" for h in handles):
            return "fail-branch"
        cases = [h.id for h in handles if h.kind == "case"]
        if not cases:
            return "source"
        if node.type == "if-else" and wanted in ("else", "default", "no", "otherwise", "false"):
            return "false"
        if node.type == "if-else" and wanted in ("if", "then", "yes", "true"):
            return cases[0]
        if wanted.rsplit("_", 1)[-1].isdigit() and 1 <= int(wanted.rsplit("_", 1)[-1][:4]) <= len(cases):
            return cases[int(wanted.rsplit("_", 1)[-1][:4]) - 1]
        taken = {e.source_handle for e in self.graph.out_edges(node.id)}
        free = next((c for c in cases if c not in taken), cases[-1])
        if branch:
            self.tell("“{title}” has no branch “{branch}”: another one is taken.", fault=True,
                     title=node.title or node.type, branch=branch)  # fmt: skip
        return free

    def _start_rooms(self) -> None:
        """In a container that nothing starts in, what nothing leads to comes first."""
        for room in [n for n in self.graph.nodes.values() if n.is_container]:
            start = self.graph.nodes.get(str(room.data.get("start_node_id") or ""))
            if start is None or self.graph.out_edges(start.id):
                continue
            for node in self.graph.children(room.id):
                if node.id != start.id and not self.graph.in_edges(node.id):
                    self.graph = self.graph.with_edge(new_edge(start, "source", node, self.graph))

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _memory(self, plan: Plan) -> tuple[Variable, ...]:
        """The variables of the conversation; those that are there stay."""
        variables = list(self.base.conversation_variables)
        if self.mode != "advanced-chat":
            return tuple(variables)
        for row in plan.memory:
            called = name(row.get("name"))
            if not called or any(v.name == called for v in variables):
                continue
            kind = text(row.get("type"), "string").strip().lower()
            kind = kind if kind in VALUE_TYPES else "string"
            value = [] if kind.startswith("array") else {"string": text(row.get("value")), "number": 0}.get(kind)
            if kind == "number" and isinstance(row.get("value"), int | float):
                value = row["value"]
            value = {"boolean": bool(row.get("value")), "object": {}}.get(kind, value)
            variables.append(Variable(new_id(), called, kind, value, text(row.get("description")),
                                      ("conversation", called)))  # fmt: skip
        return tuple(variables)

    def _laid_out(self, workflow: Workflow) -> Workflow:
        """Tidied, unless everything stands where it stood and is joined as it was."""
        before, after = self.base.graph, workflow.graph
        same = {n.id: n.parent for n in before.nodes.values()} == {n.id: n.parent for n in after.nodes.values()}
        if same and before.edges.keys() == after.edges.keys():
            return workflow
        edit = organize(after, self.sizes(after))
        return edit.apply(workflow)[0] if edit is not None else workflow


def _values(settings: Mapping[str, Any] | None) -> list[str]:
    """What an end would give, as text."""
    from engine.services.generating.values import pick, rows

    listed = pick(settings or {}, "outputs", "output", "result", "answer")
    if isinstance(listed, str):
        return [listed]
    return [text(pick(row, "value", "value_selector")) for row in rows(listed)]


def _chained(planned: list[PlanNode]) -> list[PlanEdge]:
    """Neighbours joined, those of one container among themselves."""
    made = []
    last: dict[str, str] = {}
    for node in sorted(planned, key=lambda n: n.type != "start"):
        if node.inside in last:
            made.append(PlanEdge(last[node.inside], node.key))
        last[node.inside] = node.key
    return made


def empty(mode: str, called: str) -> Workflow:
    """A workflow of that kind without nodes."""
    return replace(new_workflow(mode, called), graph=Graph())
