"""The log of all runs: a table over every workflow with filters and orders, one run's values beside it, and what one
can do with one run, two, or many. Conversations of chat flows stand on a page of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import limit_smallest, screen_room
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.keymap import LocalKeys
from editor.panels.columns import set_columns
from editor.panels.logs_filters import LogFilters
from editor.panels.logs_model import COLUMNS, LogModel
from editor.panels.logs_preview import RunPreview
from editor.panels.parts import EmptyState, tool_button
from editor.panels.progress_strip import Progress, ProgressStrip
from editor.theme import follow_text_size, theme
from editor.windows.logs_compare import CompareRuns
from editor.windows.logs_talks import Conversations
from engine.services.logs import ExportFormat, RunFilter

if TYPE_CHECKING:
    from editor.context import Studio

DELETED_AT_ONCE = 200
WIDTHS = {
    "started": 196, "workflow": 124, "status": 176, "elapsed": 96, "tokens": 88, "price": 88, "trigger": 104,
    "version": 104, "user": 80, "message": 180,
}  # fmt: skip


PREVIEW = 344
"""How wide the details of a run are at least, in logical pixels: as its two buttons."""


class RunTable(QTableView):
    """Enter opens, Delete deletes."""

    openWanted = Signal()
    deleteWanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.openWanted.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.deleteWanted.emit()
        else:
            super().keyPressEvent(event)


class LogsWindow(QWidget):
    """A window of its own, so that it can stand beside the canvas. `openRun` and `testRun` name a run."""

    openRun = Signal(str)
    testRun = Signal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.setWindowTitle(tr("Run log"))
        self.setProperty("kind", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.resize(QSize(1200, 680).boundedTo(screen_room(self)))
        limit_smallest(self, 760, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        column.addWidget(self.tabs)
        self.model = LogModel(lambda: studio.services.logs, studio.tasks, self._failed, studio.runs.status_of)
        studio.runs.heldChanged.connect(self.model.renew)
        self.model.loaded.connect(self._loaded)
        self.filters = LogFilters(lambda: studio.services.logs)
        self.filters.changed.connect(self.model.ask)
        self.tabs.addTab(self._make_runs(), tr("Runs"))
        self.talks = Conversations(studio)
        self.talks.openRun.connect(self.openRun)
        self.talks.runsWanted.connect(self._runs_of)
        self.tabs.addTab(self.talks, tr("Conversations"))
        self.tabs.currentChanged.connect(lambda index: self.talks.refresh() if index == 1 else None)
        LocalKeys(self, "refresh_log", self.refresh)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_runs(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 8)
        column.setSpacing(8)
        column.addWidget(self.filters)
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(EmptyState("history", tr("No runs yet. Press Run in a workflow to start one.")))
        self.pages.addWidget(
            EmptyState(
                "search", tr("No run fits these filters."), tr("Clear filters"), lambda: self.filters.load(RunFilter())
            )
        )
        self.preview = RunPreview(self._studio)
        self.preview.setMinimumWidth(theme().grown(PREVIEW))
        follow_text_size(self.preview, lambda _: self.preview.setMinimumWidth(theme().grown(PREVIEW)))
        self.model.modelReset.connect(lambda: self.preview.show_run(None))
        self.preview.openWanted.connect(self.openRun)
        self.preview.testWanted.connect(self.testRun)
        sides = QSplitter(Qt.Orientation.Horizontal)
        sides.setChildrenCollapsible(False)
        sides.addWidget(self.pages)
        sides.addWidget(self.preview)
        sides.setStretchFactor(0, 1)
        sides.setSizes([860, theme().grown(PREVIEW)])
        column.addWidget(sides, 1)
        column.addLayout(self._make_foot())
        return page

    def _make_table(self) -> RunTable:
        table = RunTable()
        table.setModel(self.model)
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setAccessibleName(tr("Runs"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(32)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicator(0, Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)
        header.setStretchLastSection(True)
        widths = {place: WIDTHS[name] for place, name in enumerate(COLUMNS) if name in WIDTHS}
        set_columns(header, widths, rows=table.verticalHeader())
        table.selectionModel().selectionChanged.connect(self._selected)
        table.doubleClicked.connect(lambda index: self.openRun.emit(self.model.runs[index.row()].id))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._menu)
        table.openWanted.connect(self.open_chosen)
        table.deleteWanted.connect(self.delete_chosen)
        return table

    def _make_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.found = QLabel()
        self.found.setProperty("kind", "small")
        row.addWidget(self.found)
        self.progress = ProgressStrip()
        row.addWidget(self.progress)
        row.addStretch(1)
        self.buttons: dict[str, QPushButton] = {}
        for name, text, picture, action in (
            ("open", tr("Open"), "trace", self.open_chosen),
            ("compare", tr("Compare"), "compare", self.compare_chosen),
            ("pin", tr("Pin"), "pin", self.pin_chosen),
            ("export", tr("Export"), "export", self.export_chosen),
            ("delete", tr("Delete"), "trash", self.delete_chosen),
        ):
            button = QPushButton(text)
            button.setIcon(icon(picture, "text"))
            button.setAccessibleName(text)
            button.clicked.connect(lambda _=False, a=action: a())
            row.addWidget(button)
            self.buttons[name] = button
        row.addWidget(tool_button("refresh", tr("Refresh"), self.refresh))
        return row

    # -- following ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read again what there is and what can be chosen."""
        services = self._studio.services

        def work() -> tuple[list[tuple[str, str]], list[str], list[str]]:
            apps = [(app.id, app.name) for app in services.workflows.list()]
            return apps, services.logs.versions(), services.logs.triggers()

        self._studio.tasks.run(work, done=lambda found: self.filters.offer(*found), failed=self._failed)
        self.model.ask(self.filters.value())
        if self.tabs.currentIndex() == 1:
            self.talks.refresh()

    def _failed(self, error: Any) -> None:
        self._studio.messages.error(tr("The run log cannot be read"), error)

    def _loaded(self) -> None:
        total, shown = self.model.total, self.model.rowCount()
        self.pages.setCurrentIndex(0 if shown else 1 if self.model.wanted.is_empty else 2)
        self.found.setText("" if total is None else ntr("{n} run", "{n} runs", total))
        self._enable()

    def _selected(self, *_: QItemSelection) -> None:
        chosen = self.chosen()
        self.preview.show_run(chosen[0] if len(chosen) == 1 else None, len(chosen))
        if len(chosen) == 1 and not chosen[0].is_read:
            self.mark_read(chosen[0].id)
        self._enable()

    def chosen(self) -> list[Any]:
        """The chosen runs, as they stand in the table."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.model.runs[row] for row in rows if row < len(self.model.runs)]

    def _enable(self) -> None:
        chosen = self.chosen()
        self.buttons["open"].setEnabled(len(chosen) == 1)
        self.buttons["compare"].setEnabled(len(chosen) == 2)
        self.buttons["pin"].setEnabled(bool(chosen))
        self.buttons["pin"].setText(tr("Unpin") if chosen and all(run.pinned for run in chosen) else tr("Pin"))
        self.buttons["delete"].setEnabled(bool(chosen) and not self.progress.is_busy)
        self.buttons["export"].setEnabled(bool(self.model.runs) and not self.progress.is_busy)
        self.buttons["export"].setText(tr("Export") if chosen else tr("Export all"))

    def _menu(self, point: QPoint) -> None:
        index: QModelIndex = self.table.indexAt(point)
        if not index.isValid():
            return
        if not self.table.selectionModel().isRowSelected(index.row(), QModelIndex()):
            self.table.selectRow(index.row())
        run_id = self.model.runs[index.row()].id
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = self.chosen()
        if len(chosen) == 1:
            menu.addAction(icon("trace", "text"), tr("Open the run"), lambda: self.openRun.emit(run_id))
            menu.addAction(icon("play", "text"), tr("Test with params"), lambda: self.testRun.emit(run_id))
        if len(chosen) == 2:
            menu.addAction(icon("compare", "text"), tr("Compare"), self.compare_chosen)
        menu.addAction(icon("pin", "text"), self.buttons["pin"].text(), self.pin_chosen)
        menu.addAction(icon("export", "text"), tr("Export"), self.export_chosen)
        menu.addAction(icon("check", "text"), tr("Mark all as read"), self.mark_read)
        menu.addSeparator()
        menu.addAction(icon("trash", "bad"), tr("Delete"), self.delete_chosen)
        menu.popup(self.table.viewport().mapToGlobal(point))

    # -- doing -------------------------------------------------------------------------------------------------------

    def open_chosen(self) -> None:
        """Open the chosen run over the graph that it ran on."""
        chosen = self.chosen()
        if len(chosen) == 1:
            self.openRun.emit(chosen[0].id)

    def compare_chosen(self) -> None:
        """Put the two chosen runs side by side, the older at the left."""
        chosen = sorted(self.chosen(), key=lambda run: (run.created_at, run.id))
        if len(chosen) != 2:
            return
        logs = self._studio.services.logs
        self._studio.tasks.run(
            lambda: logs.compare(chosen[0].id, chosen[1].id), done=self._show_comparison, failed=self._failed
        )

    def _show_comparison(self, found: Any) -> None:
        dialog = CompareRuns(found, self)
        dialog.openRun.connect(self.openRun)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def mark_read(self, run_id: str = "") -> None:
        """Somebody has looked at a run, or wants all to count as looked at."""
        ids = [run_id] if run_id else None
        self.model.mark_read(set(ids) if ids else None)
        self._studio.tasks.run(self._studio.services.runs.mark_read, ids, failed=self._failed)

    def pin_chosen(self) -> None:
        """Keep the chosen runs for ever, or no longer when all are kept."""
        chosen = self.chosen()
        pinned = not all(run.pinned for run in chosen)
        runs = self._studio.services.runs

        def work() -> None:
            for run in chosen:
                runs.pin(run.id, pinned=pinned)

        self._studio.tasks.run(work, done=lambda _: self.model.ask(), failed=self._failed)

    def delete_chosen(self) -> None:
        """Delete the chosen runs after asking; pinned ones stay."""
        chosen = self.chosen()
        ids = [run.id for run in chosen if not run.pinned]
        kept = len(chosen) - len(ids)
        messages = self._studio.messages
        if not ids:
            if kept:
                messages.tell(tr("Pinned runs are not deleted. Unpin them first."))
            return
        text = ntr("{n} run is deleted from the log for good.", "{n} runs are deleted from the log for good.", len(ids))
        if kept:
            text += " " + ntr("{n} pinned run stays.", "{n} pinned runs stay.", kept)
        if not messages.confirm(tr("Delete runs?"), text, tr("Delete"), danger=True):
            return

        progress, runs = Progress(len(ids)), self._studio.services.runs

        def work() -> int:
            count = 0
            for begin in range(0, len(ids), DELETED_AT_ONCE):
                count += runs.delete(ids[begin : begin + DELETED_AT_ONCE])
                if not progress(min(begin + DELETED_AT_ONCE, len(ids))):
                    break
            return count

        def done(count: int) -> None:
            self.progress.end()
            self._enable()
            if progress.is_cancelled and progress.done < len(ids):
                words = ("{n} run was deleted before you cancelled.", "{n} runs were deleted before you cancelled.")
                messages.tell(ntr(*words, count))
            elif count < len(ids):
                messages.tell(tr("Runs that are still going on were not deleted."))
            self.model.ask()

        self.progress.begin(tr("Deleting {done} of {total} runs…"), progress)
        self._enable()
        self._studio.tasks.run(work, done=done, failed=self._broken(self._failed))

    def export_chosen(self) -> None:
        """Write the chosen runs, or all that the filter finds, into a file."""
        name, kind = QFileDialog.getSaveFileName(
            self, tr("Export runs"), "runs.jsonl", "JSON Lines (*.jsonl);;CSV (*.csv)"
        )
        if name:
            self.export_to(Path(name if Path(name).suffix else name + (".csv" if "csv" in kind else ".jsonl")))

    def export_to(self, file: Path) -> None:
        """Write into a file, whose ending says the form."""
        logs, wanted = self._studio.services.logs, self.model.wanted
        ids = [run.id for run in self.chosen()]
        progress = Progress()

        def work() -> int:
            every = ids or logs.ids(wanted)
            progress.total = len(every)
            kind: ExportFormat = "csv" if file.suffix.lower() == ".csv" else "jsonl"
            return logs.export(every, file, kind, progress=progress)

        def done(count: int) -> None:
            self.progress.end()
            self._enable()
            if progress.is_cancelled:
                self._studio.messages.tell(tr("The export was cancelled; no file was written."))
                return
            words = ntr("{n} run written to {file}", "{n} runs written to {file}", count)
            self._studio.messages.tell(words.format(file=file.name))

        def failed(error: Any) -> None:
            self._studio.messages.error(tr("Not exported"), error)

        self.progress.begin(tr("Writing {done} of {total} runs…"), progress)
        self._enable()
        self._studio.tasks.run(work, done=done, failed=self._broken(failed))

    def _broken(self, tell: Callable[[Any], None]) -> Callable[[Any], None]:
        """What to do with an error of work that the strip shows."""

        def failed(error: Any) -> None:
            self.progress.end()
            self._enable()
            tell(error)

        return failed

    def _runs_of(self, conversation_id: str) -> None:
        """The runs of one conversation."""
        self.tabs.setCurrentIndex(0)
        self.filters.load(RunFilter(conversation_id=conversation_id))
