"""Choosing by keyboard what the mouse does by dragging: a target to connect to, another type, a container."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from editor.dialogs.goto import Entry, FixedEntries, GoTo
from editor.i18n import tr
from editor.panels.palette import GROUPS
from engine.nodes.registry import SPECS, spec

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage


def connect_to(page: WorkflowPage) -> None:
    """Offer every connection that may leave the selected node; nearest targets first."""
    canvas = page.canvas
    (source,) = canvas.selected_nodes()
    graph = canvas.graph
    node, found = graph.nodes[source], spec(graph.nodes[source].type)
    handles = found.handles(node.data) if found else ()
    box = canvas.scene.items[source].box
    items = [i for i in canvas.scene.items.values() if i.kind not in ("note", "start")]
    items.sort(key=lambda i: abs(i.box.left - box.right) + abs(i.box.top - box.top))
    entries = []
    for handle in handles:
        for item in items:
            if canvas.rules.may_connect(source, handle.id, item.id):
                continue
            target = graph.nodes[item.id]
            kind = spec(target.type)
            name = target.title or target.type
            from_branch = tr("from “{branch}”", branch=handle.label) if len(handles) > 1 and handle.label else ""
            words = f"{name} {target.type} {target.id} {handle.label} {handle.id}".lower()
            then = partial(canvas.edits.connect, source, handle.id, item.id)
            entries.append(Entry(name, from_branch, kind.icon if kind else "unknown", words, then))
    if not entries:
        page.session.studio.messages.tell(tr("There is nothing that this node could be connected to."))
        return
    GoTo(FixedEntries(entries), page.window(), tr("Connect to…")).popup()


def change_type(page: WorkflowPage, node_id: str = "") -> None:
    """Offer the types that a node, the selected one unless told otherwise, could have instead."""
    canvas = page.canvas
    if not node_id:
        (node_id,) = canvas.selected_nodes()
    entries = []
    for group, names in GROUPS:
        for name in names:
            if canvas.edits.may_change_type(node_id, name):
                continue
            entry = SPECS[name]
            words = f"{tr(entry.title)} {entry.title} {name} {tr(entry.description)}".lower()
            then = partial(canvas.edits.change_type, node_id, name)
            entries.append(Entry(tr(entry.title), tr(group), entry.icon, words, then))
    if not entries:
        page.session.studio.messages.tell(tr("The type of this node cannot be changed."))
        return
    GoTo(FixedEntries(entries), page.window(), tr("Change the type…")).popup()


def move_in(page: WorkflowPage) -> None:
    """Offer the containers that the selected nodes may move into."""
    canvas = page.canvas
    chosen = canvas.selected_nodes()
    entries = []
    for item in canvas.scene.items.values():
        inside = all(canvas.scene.items[n].parent == item.id for n in chosen)
        if item.kind != "room" or inside or canvas.rules.may_enter(chosen, item.id):
            continue
        kind = spec(item.node.type)
        name = item.node.title or item.node.type
        then = partial(canvas.edits.change_room, chosen, item.id)
        entries.append(Entry(name, "", kind.icon if kind else "unknown", f"{name} {item.id}".lower(), then))
    if not entries:
        page.session.studio.messages.tell(tr("There is no container that these nodes could move into."))
        return
    GoTo(FixedEntries(entries), page.window(), tr("Move into a container…")).popup()
