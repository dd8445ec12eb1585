"""Words about things on the canvas: tool tips, and the names that screen readers speak."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from editor.amounts import duration
from editor.canvas.hit import Hit
from editor.canvas.runview import TAKEN, loading_words, state_word
from editor.canvas.scene import EdgeItem, Item
from editor.enginetexts import told
from editor.i18n import ntr, tr

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView


PLANNED = {"reused": "Its result is taken over", "again": "It runs again"}
"""What the plan of a run says of a card."""


def tip_for(view: CanvasView, hit: Hit) -> str:
    """The tool tip of a hit, empty for none."""
    fixed = {
        "run": tr("Stop") if _is_active(view, hit.id) else tr("Run this step"),
        "more": tr("More"),
        "round-back": tr("Round before"),
        "round-on": tr("Next round"),
        "round-pick": tr("Choose a round"),
        "edge-add": tr("Insert a block here"),
        "edge-delete": tr("Remove this connection"),
    }
    if hit.kind in fixed:
        return fixed[hit.kind]
    if hit.kind == "socket":
        label = _socket_label(view, hit)
        act = tr("Click to add, drag to connect")
        return f"{label}\n{act}" if label and not view.read_only else label or ("" if view.read_only else act)
    if hit.kind == "node" and hit.id in view.scene.items:
        return _node_tip(view, view.scene.items[hit.id], hit)
    return ""


def _is_active(view: CanvasView, node_id: str) -> bool:
    run = view.state.runs.get(node_id)
    return run is not None and run.active


def _socket_label(view: CanvasView, hit: Hit) -> str:
    item = view.scene.items.get(hit.id)
    if item is None or hit.side == "target":
        return ""
    return next((s.label for s in item.content.sockets if s.handle == hit.handle), "")


def _node_tip(view: CanvasView, item: Item, hit: Hit) -> str:
    if item.kind == "note" or hit.zone == "floor":
        return ""
    lines = [f"<b>{html.escape(item.content.title)}</b>"]
    if item.content.type_name and item.content.type_name != item.content.title:
        lines[0] += f" · {html.escape(item.content.type_name)}"
    description = item.node.data.get("desc")
    if isinstance(description, str) and description.strip():
        lines.append(html.escape(description.strip()[:400]))
    problem = view.state.problems.get(item.id)
    if problem is not None and problem.tip:
        lines.append(html.escape(problem.tip).replace("\n", "<br>"))
    if (planned := view.state.diff.get(item.id)) in PLANNED:
        lines.append(html.escape(tr(PLANNED[planned])))
    mark = view.state.marks.get(item.id)
    if mark is not None and mark.tip:
        lines.append(html.escape(mark.tip).replace("\n", "<br>"))
    run = view.state.runs.get(item.id)
    if run is not None:
        words = state_word(run.status)
        if run.taken:
            words += f" · {tr(TAKEN[run.taken][1])}"
        elif run.loading is not None:
            words += f" · {loading_words(run.loading)}"
        elif run.elapsed is not None:
            words += f" · {duration(run.elapsed)}"
        lines.append(html.escape(words))
        if run.error:
            lines.append(html.escape(told(run.error)))
    return "<br>".join(lines) if len(lines) > 1 or len(item.content.title) > 20 else ""


def node_name(item: Item) -> str:
    """A node's spoken name: title and type."""
    if item.kind == "note":
        return tr("Note")
    if item.content.type_name and item.content.type_name != item.content.title:
        return tr("{title}, {type}", title=item.content.title, type=item.content.type_name)
    return item.content.title


def node_description(view: CanvasView, item: Item) -> str:
    """What a screen reader adds to the name: state, problems, connections, place in a container."""
    parts = []
    if item.content.disabled:
        parts.append(tr("switched off"))
    run = view.state.runs.get(item.id)
    if run is not None:
        parts.append(state_word(run.status))
        if run.taken:
            parts.append(tr(TAKEN[run.taken][1]))
        if run.error:
            parts.append(told(run.error))
    if (planned := view.state.diff.get(item.id)) in PLANNED:
        parts.append(tr(PLANNED[planned]))
    mark = view.state.marks.get(item.id)
    if mark is not None and mark.tip:
        parts.append(mark.tip.replace("\n", ", "))
    problem = view.state.problems.get(item.id)
    if problem is not None:
        if problem.errors:
            parts.append(ntr("{n} error", "{n} errors", problem.errors))
        if problem.warnings:
            parts.append(ntr("{n} warning", "{n} warnings", problem.warnings))
    if item.parent is not None and item.parent in view.scene.items:
        parts.append(tr("in {title}", title=view.scene.items[item.parent].content.title))
    if item.kind != "note":
        graph = view.graph
        parts.append(ntr("{n} incoming", "{n} incoming", len(graph.in_edges(item.id))))
        parts.append(ntr("{n} outgoing", "{n} outgoing", len(graph.out_edges(item.id))))
    return ", ".join(parts)


def edge_name(view: CanvasView, edge: EdgeItem) -> str:
    """An edge's spoken name."""
    items = view.scene.items
    source, target = items[edge.source].content, items[edge.target].content.title
    label = next((s.label for s in source.sockets if s.handle == edge.source_handle), "")
    if label:
        return tr("Connection from {source}, {label}, to {target}", source=source.title, label=label, target=target)
    return tr("Connection from {source} to {target}", source=source.title, target=target)


def edge_description(view: CanvasView, edge_id: str) -> str:
    """What a run did with an edge, in words; empty while none is shown."""
    words = {"taken": tr("taken"), "flowing": tr("taken, the next step is not done yet"), "skipped": tr("skipped")}
    return words.get(str(view.state.edge_runs.get(edge_id)), "")
