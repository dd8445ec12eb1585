"""What there is to say about a workflow that a model designed: what changes, what was mended, what is still wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.theme import theme

if TYPE_CHECKING:
    from editor.canvas.paint.context import DiffMark
    from engine.services.generating.asking import WorkflowDraft

SIDES, ABOVE_BELOW = 52, 12
"""What a row has round its words: the picture and the room beside and above them."""


class DraftNotes(QListWidget):
    """One row for each thing, in as many lines as it needs; `nodeWanted` carries the node of a problem that was
    chosen."""

    nodeWanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Notes on the draft"))
        self.setWordWrap(True)
        self.setIconSize(QSize(16, 16))
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(theme().grown(96))
        self.itemActivated.connect(self._chosen)
        self.itemClicked.connect(self._chosen)
        self._draft: WorkflowDraft | None = None

    def retell(self) -> None:
        """Another language."""
        if self._draft is not None:
            self.tell(self._draft)

    def forget(self) -> None:
        """There is nothing to say."""
        self._draft = None
        self.clear()

    def tell(self, draft: WorkflowDraft) -> None:
        """Say everything about a draft."""
        self.forget()
        self._draft = draft
        changes = draft.changes
        self._add("info", "muted", ntr("{n} node", "{n} nodes", draft.count))
        if changes.changed or changes.removed:
            for names, word in (
                (changes.added, "Added: {names}"),
                (changes.changed, "Changed: {names}"),
                (changes.removed, "Removed: {names}"),
            ):
                if names:
                    self._add("info", "muted", tr(word, names=", ".join(names)))
        for note in draft.notes:
            self._add("info", "muted", told(note))
        titles = {n.id: n.title or n.type for n in draft.workflow.graph.nodes.values()}
        for problem in draft.problems:
            picture, tone = ("error", "bad") if problem.severity == "error" else ("warning", "warn")
            place = f"{titles[problem.node_id]}: " if problem.node_id in titles else ""
            self._add(picture, tone, place + told(problem.message), problem.node_id or "")

    def _add(self, picture: str, tone: str, text: str, node_id: str = "") -> None:
        item = QListWidgetItem(icon(picture, tone), text)
        item.setData(Qt.ItemDataRole.UserRole, node_id)
        self.addItem(item)
        self._measure(item)

    def sizeHint(self) -> QSize:
        """No more than it needs at least: it takes what room there is, and scrolls by itself."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for row in range(self.count()):
            self._measure(self.item(row))

    def _measure(self, item: QListWidgetItem) -> None:
        """A list gives a row that wraps the height of a line or two only: it is told how high the words are."""
        width = max(40, self.viewport().width() - theme().grown(SIDES))
        flags = int(Qt.TextFlag.TextWordWrap)
        box = self.fontMetrics().boundingRect(QRect(0, 0, width, 10_000), flags, item.text())
        item.setSizeHint(QSize(0, box.height() + theme().grown(ABOVE_BELOW)))

    def _chosen(self, item: QListWidgetItem) -> None:
        node_id = str(item.data(Qt.ItemDataRole.UserRole) or "")
        if node_id:
            self.nodeWanted.emit(node_id)


def problem_counts(draft: WorkflowDraft) -> dict[str, tuple[int, int, str]]:
    """Errors, warnings and words for each node, as the canvas marks them."""
    found: dict[str, tuple[int, int, str]] = {}
    for problem in draft.problems:
        if problem.node_id is not None:
            errors, warnings, words = found.get(problem.node_id, (0, 0, ""))
            is_error = problem.severity == "error"
            said = f"{words}\n{told(problem.message)}".strip()
            found[problem.node_id] = (errors + is_error, warnings + (not is_error), said)
    return found


def change_marks(draft: WorkflowDraft) -> dict[str, DiffMark]:
    """Which nodes are new or changed, as the canvas marks them."""
    added, changed = set(draft.changes.added), set(draft.changes.changed)
    marks: dict[str, DiffMark] = {}
    for node in draft.workflow.graph.nodes.values():
        if node.title in added or node.title in changed:
            marks[node.id] = "added" if node.title in added else "changed"
    return marks
