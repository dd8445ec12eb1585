"""What “Go to anything” finds: commands, nodes of the open workflow with their texts, and workflows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QKeySequence

from editor.actions import ACTIONS
from editor.dialogs.goto import Entry
from editor.i18n import tr
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from editor.windows.main import MainWindow


def entries(window: MainWindow, *, commands: bool) -> list[Entry]:
    """Everything that can be gone to now."""
    found: list[Entry] = []
    page = window.page
    if page is not None:
        for node in page.session.document.graph.nodes.values():
            if node.is_note or node.is_container_start:
                continue
            entry = spec(node.type)
            kind = tr(entry.title) if entry else node.type
            words = f"{node.title} {kind} {node.type} {node.id} {_texts(node.data)}".lower()
            found.append(
                Entry(
                    node.title or kind,
                    kind,
                    entry.icon if entry else "unknown",
                    words,
                    partial(page.reveal, node.id, ""),
                )
            )
    if not commands:
        return found
    for action in ACTIONS:
        if action.id in ("escape", "palette") or not window.can(action.id):
            continue
        keys = QKeySequence(action.keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if action.keys else ""
        words = f"{tr(action.text)} {action.text} {action.id}".lower()
        found.append(Entry(tr(action.text), keys, action.icon, words, partial(window.do, action.id)))
    for other in window.workflow_pages():
        name = other.session.name
        found.append(Entry(name, tr("Open tab"), "blocks", name.lower(), partial(window._show, other)))  # noqa: SLF001
    return found


def _texts(value: Any, depth: int = 0) -> str:
    """The words in a node's settings, for search."""
    if isinstance(value, str):
        return value[:400]
    if depth > 4:
        return ""
    if isinstance(value, Mapping):
        return " ".join(_texts(v, depth + 1) for v in value.values())
    if isinstance(value, list):
        return " ".join(_texts(v, depth + 1) for v in value[:40])
    return ""
