"""What should be put right: errors and warnings; a click goes to the node and into the field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.next_step import PLACE
from editor.panels.parts import EmptyState, PanelTitle
from engine.model.edits import edit_from_json

if TYPE_CHECKING:
    from editor.session import WorkflowSession

PROBLEM = int(Qt.ItemDataRole.UserRole)
FIX = PROBLEM + 1
CODE = PROBLEM + 2


class _ModelStrip(QWidget):
    """One click that puts right every model that is not set up here."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        self.words = QLabel()
        self.words.setProperty("kind", "muted")
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        self.button = QPushButton(tr("Map models…"))
        self.button.clicked.connect(self._map)
        column.addWidget(self.button)

    def show_count(self, count: int) -> None:
        """Nothing to see where all models are set up."""
        self.setVisible(count > 0)
        self.words.setText(
            ntr(
                "{n} step names a model that is not set up here.",
                "{n} steps name a model that is not set up here.",
                count,
            )
        )

    def _map(self) -> None:
        from editor.dialogs.model_mapping import map_models

        map_models(self._session, self.window())


class Problems(QWidget):
    """`goTo` carries node id and field."""

    goTo = Signal(str, str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._chosen_fix: Mapping[str, Any] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Problems")))
        self.pages = QStackedWidget()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        EntryDelegate.serve(self.list)
        self.list.setAccessibleName(tr("Problems"))
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        self.pages.addWidget(self.list)
        self.pages.addWidget(EmptyState("check", tr("All issues are resolved.")))
        column.addWidget(self.pages, 1)
        self.fix = QPushButton()
        self.fix.setAccessibleName(tr("Fix"))
        self.fix.setIcon(icon("wrench", "text"))
        self.fix.clicked.connect(self._fix)
        self.fix.hide()
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.addWidget(self.fix)
        column.addLayout(foot)
        column.addSpacing(12)
        self.list.currentItemChanged.connect(lambda *_: self._offer())
        self.models = _ModelStrip(session)
        column.addWidget(self.models)
        session.problemsChanged.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the present problems, errors first; the chosen one stays chosen and the list stays where it is."""
        item = self.list.item(self.list.currentRow()) if self.list.currentRow() >= 0 else None
        chosen = (item.data(PROBLEM), item.data(CODE)) if item is not None else None
        place = self.list.verticalScrollBar().value()
        self.list.clear()
        graph = self._session.document.graph
        loose: Counter[str | None] = Counter()
        for problem in sorted(self._session.problems, key=lambda p: p.severity != "error"):
            node = graph.nodes.get(problem.node_id or "")
            title = (node.title or node.type) if node is not None else tr("Workflow")
            item = QListWidgetItem(f"{title}\n{told(problem.message)}")
            error = problem.severity == "error"
            item.setIcon(icon("error" if error else "warning", "bad" if error else "warn"))
            field = problem.field
            if problem.code == "BRANCH_WITHOUT_EDGE":  # no setting is at fault; something can be added there
                field = f"{PLACE}.{loose[problem.node_id]}"
                loose[problem.node_id] += 1
            item.setData(PROBLEM, (problem.node_id or "", field))
            item.setToolTip(f"{tr('Error') if error else tr('Warning')}: {told(problem.message)}")
            item.setData(FIX, problem.fixes)
            item.setData(CODE, problem.code)
            self.list.addItem(item)
            if chosen == (item.data(PROBLEM), problem.code):
                self.list.setCurrentItem(item)
                chosen = None
        self.list.verticalScrollBar().setValue(place)
        self.pages.setCurrentIndex(0 if self.list.count() else 1)
        self.models.show_count(sum(p.code == "model.unknown" for p in self._session.problems))
        self._offer()

    def _offer(self) -> None:
        """The fix of the chosen problem, else the first that there is: one click puts it right."""
        rows = [self.list.currentRow(), *range(self.list.count())]
        fixes = next((f for row in rows if row >= 0 and (f := self.list.item(row).data(FIX))), ())
        self._chosen_fix = fixes[0] if fixes else None
        self.fix.setVisible(self._chosen_fix is not None)
        if self._chosen_fix is not None and "edit" in self._chosen_fix:
            self.fix.setText(tr(self._chosen_fix["label"]))
            self.fix.setToolTip(tr("One step that can be undone."))
        elif self._chosen_fix is not None:
            tool, means = self._chosen_fix["tool"], self._chosen_fix["means"]
            target = f"{means.provider_name}/{means.tool_name}"
            self.fix.setText(tr("Use {target} for {tool}", target=target, tool=tool.tool_name))
            self.fix.setToolTip(tr("Everywhere in this workspace; to be changed in the settings under Tools."))

    def _fix(self) -> None:
        """Carry the offer out: an edit of this workflow, or what a tool's name means in this workspace."""
        fix = self._chosen_fix
        if fix is not None and "edit" in fix:
            self._session.submit(edit_from_json(fix["edit"]), tr(fix["label"]))
        elif fix is not None:
            from editor.dialogs.tool_mapping import give_meaning

            give_meaning(self._session, fix["node"], fix["tool"], fix["means"], self)

    def go_on(self) -> None:
        """To the problem below the current one; behind the last comes the first."""
        if self.list.count():
            row = (self.list.currentRow() + 1) % self.list.count()
            self.list.setCurrentRow(row)
            self._go(self.list.item(row))

    def _go(self, item: QListWidgetItem) -> None:
        node_id, field = item.data(PROBLEM)
        if node_id:
            self.goTo.emit(node_id, field)
