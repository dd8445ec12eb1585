"""The one way to change a workflow: `Document.apply(edit)` answers a `Delta`; undo, redo and history follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.errors import UserError
from engine.model.edits import Edit, Group, edit_from_json
from engine.model.graph import Graph, Node
from engine.model.workflow import Workflow

Origin = Literal["apply", "undo", "redo"]
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Delta:
    """What one change did, by id. `moved` is the part of `nodes_changed` whose place alone changed; `everything` says
    that the workflow was replaced and nothing known before holds."""

    nodes_added: frozenset[str] = NOTHING
    nodes_removed: frozenset[str] = NOTHING
    nodes_changed: frozenset[str] = NOTHING
    moved: frozenset[str] = NOTHING
    edges_added: frozenset[str] = NOTHING
    edges_removed: frozenset[str] = NOTHING
    edges_changed: frozenset[str] = NOTHING
    app_changed: bool = False
    features_changed: bool = False
    variables_changed: bool = False
    viewport_changed: bool = False
    everything: bool = False
    edit: Edit | None = None
    origin: Origin = "apply"

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed at all."""
        sets = (self.nodes_added, self.nodes_removed, self.nodes_changed)
        edge_sets = (self.edges_added, self.edges_removed, self.edges_changed)
        flags = (self.app_changed, self.features_changed, self.variables_changed, self.viewport_changed)
        return not (any(sets) or any(edge_sets) or any(flags) or self.everything)

    @property
    def content_changed(self) -> bool:
        """Whether anything but the viewport changed."""
        return not self.is_empty and not (
            self.viewport_changed
            and not any(
                (
                    self.nodes_added,
                    self.nodes_removed,
                    self.nodes_changed,
                    self.edges_added,
                    self.edges_removed,
                    self.edges_changed,
                    self.app_changed,
                    self.features_changed,
                    self.variables_changed,
                    self.everything,
                )
            )
        )


def _compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """Ids added, removed and changed between two maps of immutable values that share what did not change."""
    if before is after:
        return set(), set(), set()
    added = {k for k in after if k not in before}
    removed = {k for k in before if k not in after} if len(before) + len(added) != len(after) else set()
    changed = {k for k, v in after.items() if k in before and before[k] is not v and before[k] != v}
    return added, removed, changed


def _only_moved(before: Node, after: Node) -> bool:
    return before.moved(after.x, after.y) == after


def compare(before: Workflow, after: Workflow, edit: Edit | None = None, origin: Origin = "apply") -> Delta:
    """The delta between two workflows, one made from the other."""
    old, new = before.graph, after.graph
    nodes_added, nodes_removed, nodes_changed = _compared(old.nodes, new.nodes)
    edges_added, edges_removed, edges_changed = _compared(old.edges, new.edges)
    return Delta(
        nodes_added=frozenset(nodes_added),
        nodes_removed=frozenset(nodes_removed),
        nodes_changed=frozenset(nodes_changed),
        moved=frozenset(n for n in nodes_changed if _only_moved(old.nodes[n], new.nodes[n])),
        edges_added=frozenset(edges_added),
        edges_removed=frozenset(edges_removed),
        edges_changed=frozenset(edges_changed),
        app_changed=before.app != after.app or before.payload != after.payload,
        features_changed=before.features is not after.features and before.features != after.features,
        variables_changed=(
            before.environment_variables != after.environment_variables
            or before.conversation_variables != after.conversation_variables
            or before.rag_pipeline_variables != after.rag_pipeline_variables
        ),
        viewport_changed=old.viewport != new.viewport,
        edit=edit,
        origin=origin,
    )


def _replaces(edit: Edit) -> bool:
    from engine.model.edits import ReplaceWorkflow

    return isinstance(edit, ReplaceWorkflow) or (isinstance(edit, Group) and any(_replaces(e) for e in edit.edits))


TITLES = 3
"""How many titles a step remembers."""


@dataclass(frozen=True, eq=False)
class Step:
    """One undo step: what was done, what takes it back, and the titles of nodes that it touched (`count` in all)."""

    label: str
    done: tuple[Edit, ...]
    undo: tuple[Edit, ...]
    titles: tuple[str, ...] = ()
    count: int = 0

    def with_more(self, edit: Edit, inverse: Edit, titles: tuple[str, ...], count: int) -> Step:
        """The step with one more edit in it, and the titles as they are then: one that is typed grows by letters."""
        if count < self.count:
            titles, count = self.titles, self.count
        return replace(self, done=(*self.done, edit), undo=(*self.undo, inverse), titles=titles, count=count)

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "done": [e.to_json() for e in self.done],
            "undo": [e.to_json() for e in self.undo],
            "titles": list(self.titles),
            "count": self.count,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """Raises UserError for edits of a kind that is not known, KeyError and the like for what is no step."""
        return cls(
            str(data["label"]),
            tuple(edit_from_json(e) for e in data["done"]),
            tuple(edit_from_json(e) for e in data["undo"]),
            tuple(str(t) for t in data["titles"]),
            int(data["count"]),
        )


@dataclass(frozen=True)
class HistoryStep:
    """A line of the change history; index 0 is the state at its beginning."""

    label: str
    index: int
    is_current: bool
    titles: tuple[str, ...] = ()
    count: int = 0


def _touched(before: Graph, after: Graph, delta: Delta) -> tuple[tuple[str, ...], int]:
    """Titles of the nodes that a change is about, and how many they are: for edges alone their ends."""
    ids = delta.nodes_added | delta.nodes_removed | delta.nodes_changed
    if not ids:
        for edge_id in delta.edges_added | delta.edges_removed | delta.edges_changed:
            edge = after.edges.get(edge_id) or before.edges[edge_id]
            ids |= {edge.source, edge.target}
    titles: list[str] = []
    for node_id in sorted(ids)[: TITLES * 4]:
        node = after.nodes.get(node_id) or before.nodes.get(node_id)
        if node is not None and node.title and len(titles) < TITLES:
            titles.append(node.title)
    return tuple(titles), len(ids)


class Document:
    """A workflow that is being edited. Not for use from several threads.

    Undo steps are kept without bound: they share what they did not change, so a step costs as much as its edit.
    """

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._steps: list[Step] = []
        self._position = 0
        self._open: str | None = None
        self._listeners: list[Callable[[Delta], None]] = []
        self.revision = 0

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def workflow(self) -> Workflow:
        return self._workflow

    @property
    def graph(self) -> Graph:
        return self._workflow.graph

    @property
    def can_undo(self) -> bool:
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        return self._position < len(self._steps)

    @property
    def position(self) -> int:
        """How many steps of the history are done."""
        return self._position

    @property
    def undo_label(self) -> str:
        """What undo would take back, in words, or an empty text."""
        return self._steps[self._position - 1].label if self.can_undo else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again, in words, or an empty text."""
        return self._steps[self._position].label if self.can_redo else ""

    def history(self) -> list[HistoryStep]:
        """All steps from the beginning of the history, with the present one marked."""
        lines = [HistoryStep("", 0, self._position == 0)]
        lines += [HistoryStep(s.label, i, i == self._position, s.titles, s.count) for i, s in enumerate(self._steps, 1)]
        return lines

    def steps(self) -> tuple[tuple[Step, ...], int]:
        """The steps and how many of them are in force, to be kept for another session."""
        return tuple(self._steps), self._position

    def adopt(self, steps: Sequence[Step], position: int) -> None:
        """Take over the steps of an earlier session, whose state at `position` the workflow is in."""
        if self._steps or not 0 <= position <= len(steps):
            raise ValueError("steps are adopted once, before anything is done")
        self._steps, self._position = list(steps), position

    def forget_steps(self) -> None:
        """Nothing that was done before now can be taken back any more."""
        self._steps, self._position, self._open = [], 0, None

    # -- changing ----------------------------------------------------------------------------------------------------

    def apply(self, edit: Edit, *, label: str = "", merge_key: str | None = None) -> Delta:
        """Apply an edit and make it one undo step; edits in a row with one `merge_key` share a step until `end_merge`.

        Raises UserError and changes nothing when the edit does not fit. An edit that changes nothing makes no step.
        """
        before = self._workflow
        after, inverse = edit.apply(before)
        delta = self._delta(before, after, edit, "apply")
        if delta.is_empty:
            return delta
        self._workflow = after
        if edit.counts:
            self._remember(edit, inverse, label or getattr(edit, "label", ""), merge_key, before, delta)
            self.revision += 1
        self._tell(delta)
        return delta

    def extend(self, edit: Edit) -> Delta:
        """Apply an edit that follows from the last step, and make it part of that step.

        Raises UserError when the edit does not fit and ValueError when there is no step that was just done.
        """
        if not self._position or self._position < len(self._steps):
            raise ValueError("an edit follows from a step that was just done")
        before = self._workflow
        after, inverse = edit.apply(before)
        delta = self._delta(before, after, edit, "apply")
        if not delta.is_empty:
            self._workflow = after
            step = self._steps[-1]
            self._steps[-1] = step.with_more(edit, inverse, step.titles, step.count)
            self.revision += 1
            self._tell(delta)
        return delta

    def _remember(
        self, edit: Edit, inverse: Edit, label: str, merge_key: str | None, before: Workflow, delta: Delta
    ) -> None:
        if self._position < len(self._steps):
            del self._steps[self._position :]
            self._open = None
        titles, count = _touched(before.graph, self.graph, delta)
        if merge_key is not None and merge_key == self._open and self._steps:
            self._steps[-1] = self._steps[-1].with_more(edit, inverse, titles, count)
        else:
            self._steps.append(Step(label, (edit,), (inverse,), titles, count))
            self._position += 1
        self._open = merge_key

    def end_merge(self) -> None:
        """The next edit starts a new undo step whatever its key."""
        self._open = None

    def undo(self) -> Delta | None:
        """Take the last step back; None when there is none."""
        return self.go_to(self._position - 1) if self.can_undo else None

    def redo(self) -> Delta | None:
        """Do the step that was taken back again; None when there is none."""
        return self.go_to(self._position + 1) if self.can_redo else None

    def go_to(self, index: int) -> Delta:
        """Go to a step of the history. Raises UserError `model.no_such_step`."""
        if not 0 <= index <= len(self._steps):
            raise UserError("This step is not in the history any more.", code="model.no_such_step")
        self._open = None
        before = workflow = self._workflow
        applied: list[Edit] = []
        origin: Origin = "undo" if index < self._position else "redo"
        position = self._position
        while position > index:
            position -= 1
            for inverse in reversed(self._steps[position].undo):
                workflow, _ = inverse.apply(workflow)
                applied.append(inverse)
        while position < index:
            for edit in self._steps[position].done:
                workflow, _ = edit.apply(workflow)
                applied.append(edit)
            position += 1
        self._workflow = workflow
        self._position = index
        edit = applied[0] if len(applied) == 1 else Group("", tuple(applied))
        delta = self._delta(before, workflow, edit, origin)
        if not delta.is_empty:
            self.revision += 1
            self._tell(delta)
        return delta

    @staticmethod
    def _delta(before: Workflow, after: Workflow, edit: Edit, origin: Origin) -> Delta:
        if before is not after and _replaces(edit):
            return Delta(everything=True, edit=edit, origin=origin)
        return compare(before, after, edit, origin)

    # -- listening ---------------------------------------------------------------------------------------------------

    def subscribe(self, callback: Callable[[Delta], None]) -> Callable[[], None]:
        """Call `callback` with every delta; the returned function ends that."""
        self._listeners.append(callback)

        def end() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return end

    def _tell(self, delta: Delta) -> None:
        for listener in tuple(self._listeners):
            listener(delta)
