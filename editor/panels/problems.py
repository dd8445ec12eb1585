"""What should be put right: errors and warnings; a click goes to the node and into the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import EmptyState, PanelTitle

if TYPE_CHECKING:
    from editor.session import WorkflowSession

PROBLEM = int(Qt.ItemDataRole.UserRole)


class Problems(QWidget):
    """`goTo` carries node id and field."""

    goTo = Signal(str, str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Problems")))
        self.pages = QStackedWidget()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setWordWrap(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.setAccessibleName(tr("Problems"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        self.pages.addWidget(self.list)
        self.pages.addWidget(EmptyState("check", tr("All issues are resolved.")))
        column.addWidget(self.pages, 1)
        session.problemsChanged.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the present problems, errors first."""
        self.list.clear()
        graph = self._session.document.graph
        for problem in sorted(self._session.problems, key=lambda p: p.severity != "error"):
            node = graph.nodes.get(problem.node_id or "")
            title = (node.title or node.type) if node is not None else tr("Workflow")
            item = QListWidgetItem(f"{title}\n{tr(problem.message)}")
            error = problem.severity == "error"
            item.setIcon(icon("error" if error else "warning", "bad" if error else "warn"))
            item.setData(PROBLEM, (problem.node_id or "", problem.field))
            item.setToolTip(f"{tr('Error') if error else tr('Warning')}: {tr(problem.message)}")
            self.list.addItem(item)
        self.pages.setCurrentIndex(0 if self.list.count() else 1)

    def _go(self, item: QListWidgetItem) -> None:
        node_id, field = item.data(PROBLEM)
        if node_id:
            self.goTo.emit(node_id, field)
