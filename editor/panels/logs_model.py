"""The rows of the run log for a table: pages come from a background task when somebody scrolls down to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont

from editor.amounts import price_decimals, price_in_column, price_text, seconds_in_column
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import blank_icon, icon
from editor.panels.parts import STATUS_ICON, local_time, status_word
from editor.theme import theme
from engine.services.logs import Cursor, LogPage, RunFilter

if TYPE_CHECKING:
    from editor.bridge.tasks import Tasks
    from engine.errors import PenstockError
    from engine.services.logs import LogService
    from engine.services.runs import RunSummary

Index = QModelIndex | QPersistentModelIndex
ROOT: Final = QModelIndex()
PAGE: Final = 100
COLUMNS: Final = (
    "started", "workflow", "status", "elapsed", "tokens", "price", "trigger", "version", "user", "message",
)  # fmt: skip
NUMBERS: Final = ("elapsed", "tokens", "price")
TRIGGER_WORD: Final = {
    "debugging": "Debugging",
    "app-run": "App run",
    "batch": "Batch",
    "webhook": "Webhook",
    "schedule": "Schedule",
    "plugin": "Plugin",
    "api": "API",
    "workflow-tool": "Workflow as tool",
}


def trigger_word(trigger: str) -> str:
    """What started a run, in words."""
    return tr(TRIGGER_WORD.get(trigger, trigger))


def column_title(name: str) -> str:
    """The heading of a column."""
    return {
        "started": tr("Started"),
        "workflow": tr("Workflow"),
        "status": tr("Status"),
        "elapsed": tr("Run time"),
        "tokens": tr("Tokens"),
        "price": tr("Price"),
        "user": tr("User"),
        "trigger": tr("Started by"),
        "version": tr("Version"),
        "message": tr("Message or error"),
    }[name]


class LogModel(QAbstractTableModel):
    """Runs of a filter in an order. `loaded` says that a page arrived."""

    loaded = Signal()

    def __init__(
        self,
        logs: Callable[[], LogService],
        tasks: Tasks,
        failed: Callable[[PenstockError], Any],
        status_of: Callable[[str, str], str] = lambda _id, stored: stored,
    ) -> None:
        super().__init__()
        self._status_of = status_of
        self._logs, self._tasks, self._failed = logs, tasks, failed
        self.runs: list[RunSummary] = []
        self.wanted = RunFilter()
        self.order, self.up = "started", False
        self.total: int | None = None
        self._unread = QFont()
        self._unread.setWeight(QFont.Weight.DemiBold)
        self._cursor: Cursor | None = None
        self._loading = False
        self._decimals = 2

    def ask(self, wanted: RunFilter | None = None) -> None:
        """Show what a filter finds, from its beginning."""
        self.wanted = self.wanted if wanted is None else wanted
        self._cursor, self.total = None, None
        self._load(first=True)
        given = self.wanted
        self._tasks.run(lambda: self._logs().count(given), done=self._counted, key=f"log count {id(self)}")

    def _load(self, *, first: bool) -> None:
        wanted, sort, up, cursor = self.wanted, self.order, self.up, self._cursor
        self._loading = True

        def work() -> LogPage:
            return self._logs().page(wanted, sort=sort, up=up, cursor=cursor, limit=PAGE)

        self._tasks.run(
            work, done=lambda page: self._took(page, first=first), failed=self._not_loaded, key=f"log page {id(self)}"
        )

    def _not_loaded(self, error: PenstockError) -> None:
        self._loading = False
        self._failed(error)

    def _counted(self, total: int) -> None:
        self.total = total
        self.loaded.emit()

    def _took(self, page: LogPage, *, first: bool) -> None:
        self._loading, self._cursor = False, page.cursor
        if first:
            self.beginResetModel()
            self.runs = list(page.runs)
            self.endResetModel()
        elif page.runs:
            self.beginInsertRows(ROOT, len(self.runs), len(self.runs) + len(page.runs) - 1)
            self.runs += page.runs
            self.endInsertRows()
        self._settle_prices()
        self.loaded.emit()

    def _settle_prices(self) -> None:
        """All prices have the decimals that the finest one needs."""
        wanted = price_decimals(run.total_price for run in self.runs)
        if wanted != self._decimals:
            self._decimals = wanted
            if self.runs:
                column = COLUMNS.index("price")
                self.dataChanged.emit(self.index(0, column), self.index(len(self.runs) - 1, column))

    def renew(self, run_id: str) -> None:
        """The status of a run may read otherwise now."""
        for row, run in enumerate(self.runs):
            if run.id == run_id:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def forget(self, gone: set[str]) -> None:
        """Rows that were deleted."""
        self.beginResetModel()
        self.runs = [run for run in self.runs if run.id not in gone]
        self.endResetModel()
        if self.total is not None:
            self.total = max(0, self.total - len(gone))
        self.loaded.emit()

    def mark_read(self, gone: set[str] | None = None) -> None:
        """Rows that somebody has looked at (None: all); the store was told already."""
        for row, run in enumerate(self.runs):
            if not run.is_read and (gone is None or run.id in gone):
                self.runs[row] = replace(run, is_read=True)
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    # -- Qt's questions ----------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def canFetchMore(self, parent: Index = ROOT) -> bool:
        return self._cursor is not None and not self._loading

    def fetchMore(self, parent: Index = ROOT) -> None:
        if self.canFetchMore():
            self._load(first=False)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if COLUMNS[column] == "message":
            return
        self.order, self.up = COLUMNS[column], order == Qt.SortOrder.AscendingOrder
        self._cursor = None
        self._load(first=True)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return column_title(COLUMNS[section])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if COLUMNS[section] in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run, name = self.runs[index.row()], COLUMNS[index.column()]
        if name == "status":
            run = replace(run, status=self._status_of(run.id, run.status))
        if role == Qt.ItemDataRole.DisplayRole:
            return price_in_column(run.total_price, self._decimals) if name == "price" else cell_text(run, name)
        if role == Qt.ItemDataRole.DecorationRole:
            if name == "status":
                return icon(*STATUS_ICON.get(run.status, ("status-waiting", "faint")))
            if name == "started":
                # Runs that were read have a blank there, so that all times stand in one line.
                return icon("pin", "accent") if run.pinned else blank_icon() if run.is_read else icon("dot", "accent")
            return None
        if role == Qt.ItemDataRole.FontRole and not run.is_read and name in ("started", "workflow"):
            return self._unread
        if role == Qt.ItemDataRole.AccessibleTextRole and name == "started" and not run.is_read:
            return tr("{time}, not looked at yet", time=cell_text(run, name))
        if role == Qt.ItemDataRole.ToolTipRole:
            return (told(run.error) or run.query or "") if name == "message" else cell_text(run, name)
        if role == Qt.ItemDataRole.TextAlignmentRole and name in NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            if name == "message" and run.error:
                return theme().color("bad")
            return None if name in ("started", "workflow", "status") else theme().color("muted")
        return None


def cell_text(run: RunSummary, name: str) -> str:
    """A run in one column."""
    if name == "started":
        return local_time(run.created_at)
    if name == "workflow":
        return run.app_name or tr("deleted workflow")
    if name == "status":
        return status_word(run.status)
    if name == "elapsed":
        return seconds_in_column(run.elapsed_time) if run.finished_at else ""
    if name == "tokens":
        return f"{run.total_tokens:,}" if run.total_tokens else ""
    if name == "price":
        return price_text(run.total_price)
    if name == "user":
        return tr("You") if run.user == "local" else run.user
    if name == "trigger":
        return trigger_word(run.triggered_from)
    if name == "version":
        return tr("draft") if run.version == "draft" else local_time(run.version)
    return " ".join((told(run.error) or run.query or "").split())[:200]
