"""A workflow over the rows of a table: template, file, how many at once, the state of every row, results.

The rows run in the engine's process like any other run and stand in the run log.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from editor.amounts import duration
from editor.dialogs.fitting import limit_smallest, screen_room
from editor.enginetexts import told, told_with_hint
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.columns import set_columns
from editor.panels.parts import STATUS_ICON, ElidedLabel, EmptyState, status_word
from editor.theme import theme
from engine.errors import EnvironmentProblem, PenstockError
from engine.services.batch import GOOD, Batch, Row, template

if TYPE_CHECKING:
    from editor.bridge.runs import LiveRun
    from editor.context import Studio
    from editor.session import WorkflowSession

Index = QModelIndex | QPersistentModelIndex
ROOT: Final = QModelIndex()
AT_ONCE: Final = 4
MOST_AT_ONCE: Final = 16
WIDTHS: Final = {0: 56, 1: 140, 2: 320, 3: 96}
NUMBERS: Final = (0, 3)
SIDES: Final = 16


def state_word(state: str) -> str:
    """The state of a row in words."""
    return tr("Not valid") if state == "invalid" else status_word(state)


def _side(column: int) -> Qt.AlignmentFlag:
    """Numbers stand at the right, so that their digits are below each other."""
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class BatchModel(QAbstractTableModel):
    """Number, state, error or outputs, time, then the columns of the table."""

    def __init__(self) -> None:
        super().__init__()
        self.batch: Batch | None = None

    def show(self, batch: Batch | None) -> None:
        """Show the rows of another table."""
        self.beginResetModel()
        self.batch = batch
        self.endResetModel()

    def changed(self, row: Row | None = None) -> None:
        """A row, or all of them, have another state."""
        if self.batch is None:
            return
        first = 0 if row is None else self.batch.rows.index(row)
        last = len(self.batch.rows) - 1 if row is None else first
        self.dataChanged.emit(self.index(first, 0), self.index(last, self.columnCount() - 1))

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() or self.batch is None else len(self.batch.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() or self.batch is None else 4 + len(self.batch.headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or self.batch is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        own = (tr("Row"), tr("Status"), tr("Result"), tr("Run time"))
        return own[section] if section < 4 else self.batch.headings[section - 4]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        assert self.batch is not None
        row, column = self.batch.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return told(row.error) if column == 2 and row.error else self._text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            name = "failed" if row.state == "invalid" else row.state
            return icon(*STATUS_ICON.get(name, ("status-waiting", "faint")))
        if role == Qt.ItemDataRole.ForegroundRole and column == 2 and row.error:
            return theme().color("bad")
        if role == Qt.ItemDataRole.ForegroundRole and column not in (1, 2):
            return theme().color("muted")
        return None

    @staticmethod
    def _text(row: Row, column: int) -> str:
        if column == 0:
            return str(row.number)
        if column == 1:
            return state_word(row.state)
        if column == 2:
            said = told(row.error) or ", ".join(f"{name}: {value}" for name, value in row.outputs.items())
            return " ".join(said.split())[:300]
        if column == 3:
            return duration(row.elapsed) if row.elapsed else ""
        return row.cells[column - 4] if column - 4 < len(row.cells) else ""


class BatchWindow(QWidget):
    """`openRun` names the run of a row. The draft is run as it stands when the table is chosen."""

    openRun = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._studio: Studio = session.studio
        self._live: dict[int, LiveRun] = {}
        self.model = BatchModel()
        self.setWindowTitle(tr("Batch run of {name}", name=session.name))
        self.setProperty("kind", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.resize(QSize(theme().grown(980), 620).boundedTo(screen_room(self)))
        limit_smallest(self, 680, 400)
        column = QVBoxLayout(self)
        column.setContentsMargins(SIDES, 12, SIDES, 12)
        column.setSpacing(12)
        column.addLayout(self._make_head())
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        self.pages = QStackedWidget()
        self.pages.addWidget(
            EmptyState(
                "grid",
                tr("Choose a CSV table, or drop it here: headings in the first row, then one run a row."),
                tr("Download the template"),
                self.save_template,
            )
        )
        self.pages.addWidget(self._make_table())
        column.addWidget(self.pages, 1)
        column.addLayout(self._make_foot())
        self._refresh()

    @property
    def batch(self) -> Batch | None:
        """The table that is shown, with its states."""
        return self.model.batch

    # -- parts -------------------------------------------------------------------------------------------------------

    def _button(self, text: str, picture: str, action: Any, kind: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setIcon(icon(picture, "on_accent" if kind == "primary" else "text"))
        button.setProperty("kind", kind)
        button.setAccessibleName(text)
        button.clicked.connect(lambda: action())
        return button

    def _make_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.choose = self._button(tr("Choose a table"), "folder", self._choose)
        self.get_template = self._button(tr("Download the template"), "file-text", self.save_template)
        row.addWidget(self.choose)
        row.addWidget(self.get_template)
        self.about = ElidedLabel("", "small", middle=True)
        row.addWidget(self.about, 1)
        label = QLabel(tr("Rows at once"))
        self.parallel = QSpinBox()
        self.parallel.setRange(1, MOST_AT_ONCE)
        self.parallel.setValue(AT_ONCE)
        self.parallel.setAccessibleName(tr("Rows at once"))
        self.parallel.valueChanged.connect(lambda _: self._fill() if self._live else None)
        label.setBuddy(self.parallel)
        row.addWidget(label)
        row.addWidget(self.parallel)
        return row

    def _make_table(self) -> QTableView:
        table = QTableView()
        self.table = table
        table.setModel(self.model)
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setAccessibleName(tr("Rows of the table"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(30)
        table.horizontalHeader().setHighlightSections(False)
        table.activated.connect(self._open_row)
        table.setToolTip(tr("Double-click a row to open its run."))
        return table

    def _make_foot(self) -> QBoxLayout:
        """What has come of it, and what can be done: beside each other, or one below the other where it is narrow."""
        self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._foot.setSpacing(8)
        self._progress, self._choices = QHBoxLayout(), QHBoxLayout()
        row = self._progress
        row.setSpacing(8)
        self._foot.addLayout(row, 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName(tr("Progress"))
        self.words = QLabel()
        self.words.setProperty("kind", "small")
        row.addWidget(self.bar)
        row.addWidget(self.words, 1)
        row = self._choices
        row.setSpacing(8)
        row.addStretch(1)
        self._foot.addLayout(row)
        self.export = self._button(tr("Export results"), "export", self._export)
        self.again = self._button(tr("Retry failed"), "retry", self.retry)
        self.halt = self._button(tr("Stop"), "stop", self.stop)
        self.start = self._button(tr("Start"), "play", self.run, "primary")
        for button in (self.export, self.again, self.halt, self.start):
            row.addWidget(button)
        return self._foot

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settle_foot()

    def event(self, event: QEvent) -> bool:
        answer = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # words became longer, or text larger
            self._settle_foot()
        return answer

    def _settle_foot(self) -> None:
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        parts = [self._progress.sizeHint().width(), self._choices.sizeHint().width()]
        wide = sum(parts) + self._foot.spacing() <= self.width() - 2 * SIDES
        self._foot.setDirection(beside if wide else below)

    # -- the table ---------------------------------------------------------------------------------------------------

    def save_template(self) -> None:
        """Ask where the template goes, and write it."""
        name, _ = QFileDialog.getSaveFileName(self, tr("Download the template"), "template.csv", "CSV (*.csv)")
        if name:
            self._write(Path(name), template(self._session.document.workflow))

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Choose a table"), "", "CSV (*.csv *.tsv *.txt)")
        if name:
            self.load(Path(name))

    def load(self, file: Path) -> None:
        """Read a table and check its rows."""
        if self._live:
            return
        workflow, app_id = self._session.document.workflow, self._session.app_id

        def work() -> Batch:
            try:
                content = file.read_bytes()
            except OSError as error:
                raise EnvironmentProblem(f"{file} cannot be read: {error.strerror or error}") from error
            return Batch(workflow, content, app_id=app_id)

        self._studio.tasks.run(
            work, done=lambda batch: self._loaded(file, batch), failed=self._not_loaded, key=f"batch {id(self)}"
        )

    def _not_loaded(self, error: PenstockError) -> None:
        self.fault.setText(told_with_hint(error))
        self.fault.show()

    def _loaded(self, file: Path, batch: Batch) -> None:
        self.model.show(batch)
        self.fault.hide()
        if batch.invalid:
            first = batch.invalid[0]
            self.fault.setText(
                tr("Row {number}: {error}", number=first.number, error=told(first.error))
                + (
                    "  " + ntr("({n} more row is not valid)", "({n} more rows are not valid)", len(batch.invalid) - 1)
                    if len(batch.invalid) > 1
                    else ""
                )
            )
            self.fault.show()
        self.about.setText(f"{file.name}  ·  {ntr('{n} row', '{n} rows', len(batch.rows))}  ·  {batch.encoding}")
        set_columns(self.table.horizontalHeader(), WIDTHS, rows=self.table.verticalHeader())
        self._refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self.load(files[0])

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the rows that wait."""
        if self.batch is not None:
            self.batch.stopped = False
            self._fill()

    def retry(self) -> None:
        """Run the rows again that failed or were stopped."""
        if self.batch is not None and self.batch.retry():
            self.model.changed()
            self._fill()

    def stop(self) -> None:
        """Start no more rows and stop those that run."""
        if self.batch is not None:
            self.batch.stop()
            for live in self._live.values():
                live.stop()
            self._refresh()

    def _fill(self) -> None:
        """Start as many rows as may run at once."""
        batch = self.batch
        if batch is not None:
            for row in batch.take(self.parallel.value()):
                self._start(row)
        self._refresh()

    def _start(self, row: Row) -> None:
        batch = self.batch
        assert batch is not None
        live = self._studio.runs.start(batch.start(row))
        self._live[row.number] = live
        live.started.connect(lambda run_id: self._started(row, live, run_id))
        live.finished.connect(lambda summary: self._ended(row, live, summary))
        live.refused.connect(lambda error: self._ended(row, live, {"status": "failed", "error": error.get("message")}))
        self.model.changed(row)

    def _started(self, row: Row, live: LiveRun, run_id: str) -> None:
        row.run_id = run_id
        if self.batch is not None and self.batch.stopped:
            live.stop()

    def _ended(self, row: Row, live: LiveRun, summary: dict[str, Any]) -> None:
        if self.batch is None or self._live.pop(row.number, None) is None:
            return
        self.batch.ended(row, summary)
        live.deleteLater()
        self.model.changed(row)
        self._fill()

    def _open_row(self, index: QModelIndex) -> None:
        if self.batch is not None and self.batch.rows[index.row()].run_id:
            self.openRun.emit(self.batch.rows[index.row()].run_id)

    # -- results -----------------------------------------------------------------------------------------------------

    def _export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Export results"), "results.csv", "CSV (*.csv)")
        if name:
            self.export_to(Path(name))

    def export_to(self, file: Path) -> None:
        """Write every row with its state and outputs behind its own columns."""
        if self.batch is not None:
            self._write(file, self.batch.results())

    def _write(self, file: Path, text: str) -> None:
        try:
            file.write_text(text, encoding="utf-8-sig", newline="")  # the mark tells spreadsheets the encoding
        except OSError as error:
            self._studio.messages.error(tr("Not exported"), error.strerror or str(error))
        else:
            self._studio.messages.tell(tr("Written to {file}", file=str(file)))

    def _refresh(self) -> None:
        batch = self.batch
        self.pages.setCurrentIndex(0 if batch is None else 1)
        running = bool(self._live)
        self.choose.setEnabled(not running)
        self.halt.setEnabled(running)
        self.start.setEnabled(batch is not None and not running and bool(batch.count("waiting")))
        self.again.setEnabled(batch is not None and not running and bool(batch.failed))
        self.export.setEnabled(batch is not None and bool(batch.count(*GOOD, "failed", "stopped")))
        self.bar.setVisible(batch is not None)
        if batch is None:
            self.words.clear()
            return
        self.bar.setRange(0, len(batch.rows))
        self.bar.setValue(len(batch.rows) - batch.count("waiting", "running"))
        counts = [(state, batch.count(state)) for state in dict.fromkeys(row.state for row in batch.rows)]
        self.words.setText("  ·  ".join(f"{state_word(state)}: {count}" for state, count in counts))

    def shut(self) -> None:
        """The program ends: stop what runs and listen no more."""
        self.stop()
        self._live.clear()
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing stops what runs; what has ended stays in the log."""
        if self._live:
            text = tr("Rows are still running. Closing stops them; what has ended stays in the run log.")
            if not self._studio.messages.confirm(tr("Stop the batch?"), text, tr("Stop"), danger=True):
                event.ignore()
                return
            self.stop()
        event.accept()
