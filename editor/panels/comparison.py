"""What differs between two states of a workflow: nodes, connections, variables and features, each with both values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.canvas.paint.context import DIFFERENCES, DiffMark
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.parts import EmptyState, PanelTitle
from editor.panels.value_view import ValueView, as_text
from engine.model.diff import FieldChange, WorkflowDiff, diff
from engine.model.graph import Node
from engine.model.overlay import overlaid
from engine.model.types import MISSING
from engine.model.workflow import Workflow

CHANGE = int(Qt.ItemDataRole.UserRole)
WORDS: dict[DiffMark, str] = {"added": "Added", "removed": "Removed", "changed": "Changed", "moved": "Moved"}


@dataclass(frozen=True)
class Entry:
    """One line of the comparison: what became of a node (`node_id`), a connection or another part."""

    kind: DiffMark
    title: str
    node_id: str = ""
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class Compared:
    """Two states and their names."""

    before: Workflow
    after: Workflow
    before_name: str
    after_name: str

    @cached_property
    def found(self) -> WorkflowDiff:
        """What differs."""
        return diff(self.before, self.after)

    def overlaid(self) -> Workflow:
        """Both in one graph."""
        return overlaid(self.before, self.after, self.found)

    def marks(self) -> dict[str, DiffMark]:
        """What the canvas says of each node and each connection."""
        found = self.found
        marks: dict[str, DiffMark] = {}
        parts: tuple[tuple[DiffMark, tuple[str, ...]], ...] = (
            ("moved", found.moved),
            ("changed", (*found.changed, *found.edges_changed)),
            ("removed", (*found.removed, *found.edges_removed)),
            ("added", (*found.added, *found.edges_added)),
        )
        for kind, ids in parts:
            marks |= dict.fromkeys(ids, kind)
        return marks

    def summary(self) -> str:
        """How much differs, in words."""
        found = self.found
        counts = (
            (len(found.added), "{n} node added", "{n} nodes added"),
            (len(found.removed), "{n} node removed", "{n} nodes removed"),
            (len(found.changed), "{n} node changed", "{n} nodes changed"),
            (len(found.moved), "{n} node moved", "{n} nodes moved"),
        )
        words = [ntr(one, many, n) for n, one, many in counts if n]
        return "  ·  ".join(words) or (tr("The nodes are the same.") if not found.is_empty else tr("Nothing differs."))

    def entries(self) -> Iterator[Entry]:
        """Every difference, nodes first."""
        found, old, new = self.found, self.before.graph, self.after.graph
        for node_id in found.added:
            yield Entry("added", _name(new.nodes[node_id]), node_id)
        for node_id in found.removed:
            yield Entry("removed", _name(old.nodes[node_id]), node_id)
        for node_id, changes in found.changed.items():
            place = () if old.nodes[node_id].parent == new.nodes[node_id].parent else (self._room(node_id),)
            yield Entry("changed", _name(new.nodes[node_id]), node_id, (*changes, *place))
        for node_id in found.moved:
            one, other = old.nodes[node_id], new.nodes[node_id]
            places = [FieldChange("position", [one.x, one.y], [other.x, other.y])] if _at(one) != _at(other) else []
            if (one.width, one.height) != (other.width, other.height):
                places.append(FieldChange("size", [one.width, one.height], [other.width, other.height]))
            yield Entry("moved", _name(other), node_id, tuple(places))
        parts: tuple[tuple[DiffMark, tuple[str, ...], Workflow], ...] = (
            ("added", found.edges_added, self.after),
            ("removed", found.edges_removed, self.before),
            ("changed", found.edges_changed, self.after),
        )
        for kind, ids, workflow in parts:
            for edge_id in ids:
                nodes, edge = workflow.graph.nodes, workflow.graph.edges[edge_id]
                ends = [_name(nodes[e]) if e in nodes else e for e in (edge.source, edge.target)]
                yield Entry(kind, " → ".join(ends), edge.source)
        for title, changes in (
            (tr("Variables"), found.variables),
            (tr("Features"), found.features),
            (tr("Workflow"), found.app),
        ):
            if changes:
                yield Entry("changed", title, "", changes)

    def _room(self, node_id: str) -> FieldChange:
        """Which container a node stood in and stands in."""
        sides = (self.before.graph, self.after.graph)
        rooms = [graph.nodes.get(graph.nodes[node_id].parent or "") for graph in sides]
        before, after = [room.title if room is not None else MISSING for room in rooms]
        return FieldChange("container", before, after)


def _name(node: Node) -> str:
    return node.title or (tr("Note") if node.is_note else node.type)


def _at(node: Node) -> tuple[float, float]:
    return node.x, node.y


class Comparison(QWidget):
    """`goTo` names the node of the chosen line."""

    goTo = Signal(str)

    def __init__(self, compared: Compared) -> None:
        super().__init__()
        self.compared = compared
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Comparison")))
        head = QLabel(tr("From “{before}” to “{after}”", before=compared.before_name, after=compared.after_name))
        head.setWordWrap(True)
        head.setContentsMargins(16, 0, 16, 4)
        column.addWidget(head)
        self.counts = QLabel(compared.summary())
        self.counts.setProperty("kind", "muted")
        self.counts.setWordWrap(True)
        self.counts.setContentsMargins(16, 0, 16, 8)
        column.addWidget(self.counts)
        self.tree = self._make_tree()
        self.details = QScrollArea()
        self.details.setWidgetResizable(True)
        self.details.setFrameShape(QFrame.Shape.NoFrame)
        self.details.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.tree)
        parts.addWidget(self.details)
        parts.setSizes([360, 300])
        column.addWidget(parts, 1)
        self._fill(list(compared.entries()))

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setHeaderHidden(True)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setAccessibleName(tr("What differs"))
        tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        tree.currentItemChanged.connect(lambda item, _: self._show(item))
        tree.itemClicked.connect(lambda item, _: self._go(item))
        tree.itemActivated.connect(lambda item, _: self._go(item))
        return tree

    def _fill(self, entries: Sequence[Entry]) -> None:
        lines = []
        for entry in entries:
            tone, sign = DIFFERENCES[entry.kind]
            item = QTreeWidgetItem([f"{entry.title}  ·  {tr(WORDS[entry.kind])}"])
            item.setIcon(0, icon(sign, tone))
            item.setData(0, CHANGE, (entry.node_id, entry.changes))
            item.setToolTip(0, item.text(0))
            for change in entry.changes:
                line = QTreeWidgetItem([change.path])
                line.setToolTip(0, f"{change.path}: {_short(change.before)} → {_short(change.after)}")
                line.setData(0, CHANGE, (entry.node_id, (change,)))
                item.addChild(line)
            lines.append(item)
        self.tree.addTopLevelItems(lines)
        if lines:
            for item in lines:
                item.setExpanded(len(lines) <= 12)
            self.tree.setCurrentItem(lines[0])
        else:
            self.details.setWidget(EmptyState("check", tr("Nothing differs.")))

    def _go(self, item: QTreeWidgetItem) -> None:
        node_id = item.data(0, CHANGE)[0]
        if node_id:
            self.goTo.emit(node_id)

    def _show(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        _, changes = item.data(0, CHANGE)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(12)
        for change in changes:
            title = QLabel(change.path)
            title.setProperty("kind", "code")
            title.setWordWrap(True)
            column.addWidget(title)
            for word, value in ((tr("Old value"), change.before), (tr("New value"), change.after)):
                if value is MISSING:
                    words = QLabel(tr("{side}: not there", side=word))
                    words.setProperty("kind", "muted")
                    column.addWidget(words)
                else:
                    column.addWidget(ValueView(word, _plain(value)))
        column.addStretch(1)
        self.details.setWidget(box)


def _plain(value: Any) -> Any:
    """A value that can be shown as JSON; a secret becomes its dots."""
    return value if value is None or isinstance(value, str | int | float | list | tuple | Mapping) else str(value)


def _short(value: Any) -> str:
    """A value in one line."""
    text = "–" if value is MISSING else as_text(_plain(value))
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
