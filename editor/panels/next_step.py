"""What follows a node, at the end of its settings: the nodes behind each branch, with ways to add, change, disconnect
and delete them (editor inventory P16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon, tile_icon
from editor.layouts import widgets_of
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import Section, add_button, small_button
from editor.panels.parts import ElidedLabel, focus_first
from engine.model.edits import RemoveEdge
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.graph import Graph, Node
    from engine.nodes.spec import HandleSpec

FAIL = "fail-branch"
PLACE = "next_step"
"""What a problem names in place of a setting when a branch leads nowhere."""
TILE = 20
FIXED_WORDS = frozenset({"true", "false", "__timeout"})
"""Handles whose labels are words of the studio wherever they stand; other labels may be a person's own."""


@dataclass(frozen=True)
class Follower:
    """One connection of a branch and the node that it leads to."""

    edge_id: str
    node_id: str
    title: str
    picture: str
    family: str


@dataclass(frozen=True)
class Branch:
    """One source handle, its label as the card shows it (empty for the plain output), and what follows it."""

    handle: str
    label: str
    followers: tuple[Follower, ...]


def branches_of(graph: Graph, node_id: str) -> tuple[Branch, ...]:
    """The branches of a node in the order of its card; none for a node that nothing can follow."""
    node = graph.nodes[node_id]
    found = spec(node.type)
    handles = found.handles(node.data) if found is not None and not node.is_note else ()
    labels = [_label(node, handle) for handle in handles]
    repeated, seen = Counter(labels), Counter[str]()
    made = []
    for handle, label in zip(handles, labels, strict=True):
        seen[label] += 1
        shown = f"{label} {seen[label]}" if label and repeated[label] > 1 else label
        edges = [e for e in graph.out_edges(node_id) if e.source_handle == handle.id and e.target in graph.nodes]
        made.append(Branch(handle.id, shown, tuple(_follower(e.id, graph.nodes[e.target]) for e in edges)))
    return tuple(made)


def _label(node: Node, handle: HandleSpec) -> str:
    if handle.kind == "fail":
        return tr("On failure")
    own = handle.label and node.type != "if-else" and handle.id not in FIXED_WORDS
    return handle.label if own or not handle.label else tr(handle.label)


def _follower(edge_id: str, node: Node) -> Follower:
    found = spec(node.type)
    picture, family = (found.icon, found.family) if found else ("unknown", "unknown")
    return Follower(edge_id, node.id, node.title or node.type, picture, family)


class _Row(QPushButton):
    """The icon and the title of a node, shortened where there is no room; a click goes there."""

    def __init__(self, follower: Follower, go: Callable[[], Any]) -> None:
        super().__init__()
        self._title = follower.title
        self.setProperty("kind", "step")
        self.setIcon(tile_icon(follower.picture, follower.family))
        self.setIconSize(QSize(TILE, TILE))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        name_it(self, tr("Go to {title}", title=follower.title))
        self.clicked.connect(lambda: go())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - TILE - 28
        shown = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        # An ampersand in a title is one, and no key.
        self.setText(shown.replace("&", "&&"))
        self.setToolTip(self._title if shown != self._title else "")


class NextStep(Section):
    """The section of one node. What needs the canvas is asked for by signal; a connection is removed here."""

    goTo = Signal(str)
    addWanted = Signal(str, str, QPoint)
    """Node, source handle, and where on the screen the choice should open."""
    changeWanted = Signal(str)
    deleteWanted = Signal(str)

    def __init__(self, session: WorkflowSession, node_id: str) -> None:
        super().__init__(tr("Next step"))
        self._session, self._node_id = session, node_id
        self._shown: tuple[Branch, ...] = ()
        self.refresh()

    def follow(self, delta: Any) -> None:
        """A change of the document: shows what is other than before."""
        edges = delta.edges_added or delta.edges_removed or delta.edges_changed
        if delta.everything or edges or delta.nodes_changed - delta.moved:
            self.refresh()

    def refresh(self) -> None:
        """Build the rows anew if anything of them changed; the keyboard stays where it was."""
        branches = branches_of(self._session.document.graph, self._node_id)
        if branches == self._shown:
            if not branches:
                self.hide()
            return
        place = self._focus_place()
        self._shown = branches
        while (entry := self.body.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        for branch in branches:
            self.add(self._part(branch)).show()
        # Shown only inside its form: before, it would be a window of its own for a moment.
        if not branches or self.parentWidget() is not None:
            self.setHidden(not branches)
        if place is not None:
            self._focus_again(*place)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _part(self, branch: Branch) -> QWidget:
        box = QFrame()
        box.setProperty("kind", "plain")
        box.setAccessibleName(branch.label or tr("Next step"))
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        if branch.label:
            column.addWidget(ElidedLabel(branch.label, "small"))
        for follower in branch.followers:
            column.addWidget(self._row(follower))
        if not self._session.read_only:
            column.addWidget(self._add(branch), 0, Qt.AlignmentFlag.AlignLeft)
        elif not branch.followers:
            nothing = QLabel(tr("Nothing follows."))
            nothing.setProperty("kind", "faint")
            column.addWidget(nothing)
        return box

    def _row(self, follower: Follower) -> QWidget:
        frame = QFrame()
        frame.setProperty("kind", "row")
        row = QHBoxLayout(frame)
        row.setContentsMargins(2, 2, 4, 2)
        row.setSpacing(4)
        row.addWidget(_Row(follower, partial(self.goTo.emit, follower.node_id)), 1)
        if not self._session.read_only:
            more = small_button(
                "more", tr("More for {title}", title=follower.title), lambda: self._menu(follower, more)
            )
            row.addWidget(more)
        return frame

    def _add(self, branch: Branch) -> QPushButton:
        def wanted() -> None:
            # The choice opens 40 above the place it is given, beside it.
            point = button.mapToGlobal(button.rect().bottomLeft()) + QPoint(-8, 44)
            self.addWanted.emit(self._node_id, branch.handle, point)

        button = add_button(tr("Add next step"), wanted)
        if branch.label:
            name_it(button, tr("Add next step: {branch}", branch=branch.label))
        return button

    def _menu(self, follower: Follower, button: QWidget) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        node_id = follower.node_id
        menu.addAction(icon("replace", "text"), tr("Change the type…"), partial(self.changeWanted.emit, node_id))
        menu.addAction(icon("unlink", "text"), tr("Disconnect"), partial(self._disconnect, follower.edge_id))
        menu.addSeparator()
        menu.addAction(icon("trash", "bad"), tr("Delete"), partial(self.deleteWanted.emit, node_id))
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _disconnect(self, edge_id: str) -> None:
        if edge_id in self._session.document.graph.edges:
            self._session.submit(RemoveEdge(edge_id), tr("Disconnect"))

    # -- the keyboard ------------------------------------------------------------------------------------------------

    def _parts(self) -> list[QWidget]:
        return widgets_of(self.body)

    def focus_open(self, number: int) -> bool:
        """Put the keyboard where something is added to a branch that leads nowhere: the one of a number among those
        that a node's own settings make. False when there is none."""
        shown = zip(self._shown, self._parts(), strict=True)
        loose = [part for branch, part in shown if not branch.followers and branch.handle != FAIL]
        if number >= len(loose):
            return False
        self.set_folded(False)
        return focus_first(loose[number])

    def _focus_place(self) -> tuple[int, str] | None:
        """What has the keyboard in this window, also behind an open popup: the branch and the control's name."""
        focused = self.window().focusWidget()
        for number, part in enumerate(self._parts()):
            if part.isAncestorOf(focused):
                return number, focused.accessibleName()
        return None

    def _focus_again(self, number: int, name: str) -> None:
        """The control of the same name, or the last of the branch when it went."""
        parts = self._parts()
        if not parts:
            return
        found = parts[min(number, len(parts) - 1)].findChildren(QWidget)
        reachable = [w for w in found if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        same = [w for w in reachable if w.accessibleName() == name] or reachable[-1:]
        if same:
            same[0].setFocus(Qt.FocusReason.OtherFocusReason)
