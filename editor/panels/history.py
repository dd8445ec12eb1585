"""The run log: every run of this workflow or of all, searched and filtered, older ones loaded as one scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.amounts import duration, price_text, token_count
from editor.enginetexts import told_line
from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import STATUS_ICON, EmptyState, PanelTitle, ago, local_time, status_word, tool_button

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.services.runs import Page

RUN = int(Qt.ItemDataRole.UserRole)
PAGE = 40


class History(QWidget):
    """`openRun` names a run to look at."""

    openRun = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._cursor: tuple[str, str] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Run history"))
        title.add(tool_button("refresh", tr("Refresh"), self.refresh))
        title.add(tool_button("trash", tr("Delete the selected runs"), self.delete_selected))
        column.addWidget(title)
        filters = QVBoxLayout()
        filters.setContentsMargins(16, 0, 16, 8)
        filters.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search inputs, outputs, errors"))
        self.search.setToolTip(tr("Search inputs, outputs, errors"))
        self.search.setAccessibleName(tr("Search runs"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        filters.addWidget(self.search)
        self.status = QComboBox()
        self.status.setAccessibleName(tr("Status"))
        self.status.addItem(tr("Every status"), None)
        for name in ("succeeded", "partial-succeeded", "failed", "stopped", "running", "paused"):
            self.status.addItem(status_word(name), name)
        row = QHBoxLayout()
        row.addWidget(self.status)
        filters.addLayout(row)
        column.addLayout(filters)
        self.pages = QStackedWidget()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        EntryDelegate.serve(self.list)
        self.list.setAccessibleName(tr("Run history"))
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.itemActivated.connect(self._open)
        self.list.itemClicked.connect(self._clicked)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.pages.addWidget(self.list)
        self.pages.addWidget(EmptyState("history", tr("No runs yet. Press Run to start one.")))
        column.addWidget(self.pages, 1)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(200)
        self._wait.timeout.connect(self.refresh)
        self.search.textChanged.connect(lambda _: self._wait.start())
        self.status.currentIndexChanged.connect(lambda _: self.refresh())
        session.studio.runs.heldChanged.connect(self._held_changed)

    def refresh(self) -> None:
        """Load the newest page."""
        self._cursor = None
        self._load(first=True)

    def _held_changed(self) -> None:
        if self.isVisible():
            self.refresh()

    def _load(self, *, first: bool) -> None:
        runs = self._session.studio.services.runs
        app_id, status, words, cursor = (
            self._session.app_id or None,
            self.status.currentData(),
            self.search.text(),
            self._cursor,
        )

        def work() -> Page:
            return runs.list(app_id, status=status, search=words, cursor=cursor, limit=PAGE)

        self._session.studio.tasks.run(
            work, done=lambda page: self._loaded(page, first=first), failed=self._failed, key=f"history {id(self)}"
        )

    def _failed(self, error: Any) -> None:
        self._session.studio.messages.error(tr("The run log cannot be read"), error)

    def _loaded(self, page: Page, *, first: bool) -> None:
        if not isValid(self):
            return  # the workflow was closed meanwhile
        if first:
            self.list.clear()
        for run in page.runs:
            facts = [ago(run.created_at), duration(run.elapsed_time) if run.finished_at else ""]
            if run.total_tokens:
                facts.append(tr("{count} tokens", count=token_count(run.total_tokens)))
                facts.append(price_text(run.total_price, ""))
            status = self._session.studio.runs.status_of(run.id, run.status)
            first_line = told_line(run.error, 80) or run.query or status_word(status)
            item = QListWidgetItem(f"{first_line[:80]}\n{'  ·  '.join(f for f in facts if f)}")
            name, colour = STATUS_ICON.get(status, ("status-waiting", "faint"))
            item.setIcon(icon(name, colour))
            item.setData(RUN, run.id)
            version = "" if run.version == "draft" else f"  ·  {local_time(run.version)}"
            item.setToolTip(f"{status_word(status)}  ·  {local_time(run.created_at)}{version}")
            self.list.addItem(item)
        self._cursor = page.cursor
        self.pages.setCurrentIndex(0 if self.list.count() else 1)

    def _scrolled(self, value: int) -> None:
        if self._cursor is not None and value >= self.list.verticalScrollBar().maximum() - 40:
            self._load(first=False)

    def _clicked(self, item: QListWidgetItem) -> None:
        if len(self.list.selectedItems()) == 1:
            self._open(item)

    def _open(self, item: QListWidgetItem) -> None:
        self.openRun.emit(str(item.data(RUN)))

    def delete_selected(self) -> None:
        """Delete the selected runs after asking."""
        ids = [str(i.data(RUN)) for i in self.list.selectedItems()]
        if not ids:
            return
        studio = self._session.studio
        text = tr("{count} run(s) are deleted from the log for good.", count=len(ids))
        if studio.messages.confirm(tr("Delete runs?"), text, tr("Delete"), danger=True):
            studio.tasks.run(studio.services.runs.delete, ids, done=lambda _: self.refresh(), failed=self._failed)
