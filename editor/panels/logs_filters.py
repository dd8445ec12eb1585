"""The filters of the run log: one row that is always there, one that folds out, and filters kept by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.logs_model import trigger_word
from editor.panels.parts import local_time, status_word
from engine.services.logs import PERIODS, RunFilter

if TYPE_CHECKING:
    from engine.services.logs import LogService

TYPING_MS: Final = 250
SHOWN_STATUSES: Final = ("succeeded", "partial-succeeded", "failed", "stopped", "running", "paused")


def period_text(name: str) -> str:
    """A period in words."""
    return {
        "today": tr("Today"),
        "7-days": tr("Last 7 days"),
        "4-weeks": tr("Last 4 weeks"),
        "3-months": tr("Last 3 months"),
        "12-months": tr("Last 12 months"),
        "month": tr("Month to date"),
        "quarter": tr("Quarter to date"),
        "year": tr("Year to date"),
    }[name]


class LogFilters(QWidget):
    """`changed` carries the filter; typing waits for a pause."""

    changed = Signal(object)

    def __init__(self, logs: Callable[[], LogService], ask_name: Callable[[QWidget], str] | None = None) -> None:
        super().__init__()
        self._logs = logs
        self._ask_name = ask_name or _ask_name
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(TYPING_MS)
        self._wait.timeout.connect(self._tell)
        self._conversation = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._first = self._first_row()
        column.addLayout(self._first)
        self.more_row = self._second_row()
        self.more_row.hide()
        column.addWidget(self.more_row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        words = {self.more: tr("More filters"), self.saved: tr("Saved filters")}
        for button, text in words.items():
            button.setText(text)
            button.setAccessibleName(text)
            button.setToolTip("")
        if self._first.minimumSize().width() > self.width():  # a small screen: their pictures have to do
            for button, text in words.items():
                button.setText("")
                button.setToolTip(text)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _first_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.keyword = self._line(tr("Search inputs, outputs, errors"), tr("Search runs"))
        self.keyword.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.keyword.setMinimumWidth(120)
        row.addWidget(self.keyword, 3)
        self.app = self._combo(tr("Workflow"), tr("Every workflow"))
        row.addWidget(self.app, 2)
        self.status = QPushButton()
        self.status.setAccessibleName(tr("Status"))
        self._statuses = QMenu(self.status)
        for name in SHOWN_STATUSES:
            action = self._statuses.addAction(status_word(name))
            action.setCheckable(True)
            action.setData(name)
            action.toggled.connect(lambda _: self._status_chosen())
        self.status.setMenu(self._statuses)
        row.addWidget(self.status)
        self.period = self._combo(tr("Period"), tr("Any time"))
        for name in PERIODS:
            self.period.addItem(period_text(name), name)
        row.addWidget(self.period)
        self.more = QPushButton(tr("More filters"))
        self.more.setIcon(icon("filter", "text"))
        self.more.setCheckable(True)
        self.more.toggled.connect(lambda shown: self.more_row.setVisible(shown))
        row.addWidget(self.more)
        self.saved = QPushButton(tr("Saved filters"))
        self.saved.setIcon(icon("bookmark", "text"))
        self._menu = QMenu(self.saved)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.saved.setMenu(self._menu)
        row.addWidget(self.saved)
        self._status_words()
        return row

    def _second_row(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.node = self._line(tr("A step's title or id"), tr("Step"))
        self.error = self._line(tr("Words of the error"), tr("Error"))
        self.version = self._combo(tr("Version"), tr("Every version"))
        self.trigger = self._combo(tr("Started by"), tr("Started by anything"))
        self.pinned = QPushButton(tr("Pinned only"))
        self.pinned.setIcon(icon("pin", "text"))
        self.pinned.setCheckable(True)
        self.pinned.toggled.connect(lambda _: self._tell())
        clear = QPushButton(tr("Clear filters"))
        clear.setProperty("kind", "quiet")
        clear.clicked.connect(lambda: self.load(RunFilter()))
        for widget, stretch in ((self.node, 2), (self.error, 2), (self.version, 1), (self.trigger, 1)):
            row.addWidget(widget, stretch)
        row.addWidget(self.pinned)
        row.addWidget(clear)
        return box

    def _line(self, hint: str, name: str) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(hint)
        line.setToolTip(hint)
        line.setAccessibleName(name)
        line.setClearButtonEnabled(True)
        line.textChanged.connect(lambda _: self._wait.start())
        line.returnPressed.connect(self._tell)
        return line

    def _combo(self, name: str, every: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        metrics = combo.fontMetrics()
        own = -(-metrics.horizontalAdvance(every) // max(1, metrics.horizontalAdvance("X")))
        combo.setMinimumContentsLength(max(11, own))  # what it says while nothing is chosen is never cut
        combo.addItem(every, "")
        combo.currentIndexChanged.connect(lambda _: self._tell())
        return combo

    # -- choices -----------------------------------------------------------------------------------------------------

    def offer(self, apps: Sequence[tuple[str, str]], versions: Sequence[str], triggers: Sequence[str]) -> None:
        """What can be chosen; what is chosen stays."""
        for combo, choices in (
            (self.app, list(apps)),
            (self.version, [(v, tr("draft") if v == "draft" else local_time(v)) for v in versions]),
            (self.trigger, [(t, trigger_word(t)) for t in triggers]),
        ):
            kept = combo.currentData()
            combo.blockSignals(True)
            while combo.count() > 1:
                combo.removeItem(1)
            for value, text in choices:
                combo.addItem(text, value)
            combo.setCurrentIndex(max(0, combo.findData(kept)))
            combo.blockSignals(False)

    def value(self) -> RunFilter:
        """The filter as it stands."""
        return RunFilter(
            app_id=str(self.app.currentData() or ""),
            statuses=tuple(str(a.data()) for a in self._statuses.actions() if a.isChecked()),
            period=str(self.period.currentData() or ""),
            keyword=self.keyword.text().strip(),
            version=str(self.version.currentData() or ""),
            node=self.node.text().strip(),
            error=self.error.text().strip(),
            trigger=str(self.trigger.currentData() or ""),
            conversation_id=self._conversation,
            pinned=True if self.pinned.isChecked() else None,
        )

    def load(self, wanted: RunFilter) -> None:
        """Show a filter in the fields and apply it."""
        widgets: list[Any] = [
            self.keyword, self.node, self.error, self.app, self.version, self.trigger, self.period, self.pinned,
            *self._statuses.actions(),
        ]  # fmt: skip
        for widget in widgets:
            widget.blockSignals(True)
        self.keyword.setText(wanted.keyword)
        self.node.setText(wanted.node)
        self.error.setText(wanted.error)
        for combo, value in (
            (self.app, wanted.app_id),
            (self.version, wanted.version),
            (self.trigger, wanted.trigger),
            (self.period, wanted.period),
        ):
            if value and combo.findData(value) < 0:
                combo.addItem(value, value)
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self.pinned.setChecked(bool(wanted.pinned))
        for action in self._statuses.actions():
            action.setChecked(action.data() in wanted.statuses)
        for widget in widgets:
            widget.blockSignals(False)
        self._conversation = wanted.conversation_id
        hidden = wanted.node or wanted.error or wanted.version or wanted.trigger or wanted.pinned
        if hidden:
            self.more.setChecked(True)
        self._status_words()
        self._tell()

    def _status_chosen(self) -> None:
        self._status_words()
        self._tell()

    def _status_words(self) -> None:
        chosen = [a.text() for a in self._statuses.actions() if a.isChecked()]
        if not chosen:
            self.status.setText(tr("Every status"))
        elif len(chosen) == 1:
            self.status.setText(chosen[0])
        else:
            self.status.setText(ntr("{n} status", "{n} statuses", len(chosen)))

    def _tell(self) -> None:
        self._wait.stop()
        self.changed.emit(self.value())

    # -- saved filters -----------------------------------------------------------------------------------------------

    def _fill_menu(self) -> None:
        menu = self._menu
        menu.clear()
        saved = self._logs().saved()
        for name, wanted in saved.items():
            menu.addAction(icon("bookmark", "muted"), name, lambda w=wanted: self._use(w))
        if saved:
            menu.addSeparator()
        keep = menu.addAction(icon("plus", "text"), tr("Save this filter…"), self.keep)
        keep.setEnabled(not self.value().is_empty)
        if saved:
            forget = menu.addMenu(icon("trash", "bad"), tr("Delete a saved filter"))
            for name in saved:
                forget.addAction(name, lambda n=name: self._logs().forget(n))  # type: ignore[misc]

    def _use(self, wanted: RunFilter) -> None:
        self.load(wanted)

    def keep(self) -> None:
        """Ask for a name and keep the filter under it."""
        name = self._ask_name(self)
        if name.strip():
            self._logs().save(name, self.value())


def _ask_name(parent: QWidget) -> str:
    name, ok = QInputDialog.getText(parent, tr("Save this filter"), tr("Name"))
    return name if ok else ""
