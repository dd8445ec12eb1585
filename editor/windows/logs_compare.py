"""Two runs side by side: what differs in them as wholes, their steps in pairs, and both values of what differs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.amounts import duration
from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.columns import set_columns
from editor.panels.parts import STATUS_ICON, EmptyState, local_time, status_word
from editor.panels.value_view import ValueView
from engine.model.diff import FieldChange
from engine.model.types import MISSING

if TYPE_CHECKING:
    from engine.services.compare import RunComparison, StepPair

PAIR = int(Qt.ItemDataRole.UserRole)


class CompareRuns(FittingDialog):
    """`openRun` names one of the two."""

    openRun = Signal(str)

    def __init__(self, found: RunComparison, parent: QWidget) -> None:
        super().__init__(parent)
        self._found = found
        self.setWindowTitle(tr("Compare two runs"))
        self.resize(1040, 620)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        heads = QHBoxLayout()
        for record in (found.left, found.right):
            heads.addWidget(self._head(record), 1)
        column.addLayout(heads)
        row = QHBoxLayout()
        row.addWidget(QLabel(self._summary()))
        row.addStretch(1)
        self.only = QCheckBox(tr("Only what differs"))
        self.only.toggled.connect(self._fill)
        row.addWidget(self.only)
        column.addLayout(row)
        self.tree = self._make_tree()
        self.details = QScrollArea()
        self.details.setWidgetResizable(True)
        self.details.setFrameShape(QFrame.Shape.NoFrame)
        self.details.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        sides = QSplitter(Qt.Orientation.Horizontal)
        sides.setChildrenCollapsible(False)
        sides.addWidget(self.tree)
        sides.addWidget(self.details)
        sides.setSizes([520, 480])
        column.addWidget(sides, 1)
        self._fill()

    def _head(self, record: Any) -> QWidget:
        box = QFrame()
        box.setProperty("kind", "row")
        row = QHBoxLayout(box)
        row.setContentsMargins(12, 8, 12, 8)
        facts = [local_time(record["created_at"]), duration(record["elapsed_time"])]
        words = QLabel(f"{status_word(record['status'])}  ·  {'  ·  '.join(f for f in facts if f)}")
        words.setProperty("kind", "title")
        row.addWidget(words, 1)
        button = QPushButton(tr("Open"))
        button.setProperty("kind", "link")
        button.clicked.connect(lambda: self.openRun.emit(record["id"]))
        row.addWidget(button)
        return box

    def _summary(self) -> str:
        changed = sum(pair.verdict != "same" for pair in self._found.steps)
        words = ntr("{n} step differs", "{n} steps differ", changed)
        return words if self._found.same_graph else f"{words}  ·  {tr('the graph was changed between them')}"

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setAccessibleName(tr("Steps of both runs"))
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setHeaderLabels([tr("Step"), tr("Left"), tr("Right"), tr("Differs in")])
        header = tree.header()
        header.setStretchLastSection(True)
        for place in range(3):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
        set_columns(header, {0: 170, 1: 100, 2: 100})
        tree.currentItemChanged.connect(self._show)
        return tree

    def _fill(self) -> None:
        self.tree.clear()
        found = self._found
        facts = [
            change for change in found.facts if change.path.split(".")[0] in ("inputs", "outputs", "status", "error")
        ]
        whole = QTreeWidgetItem([tr("The whole run"), "", "", _names(facts) or tr("nothing")])
        whole.setIcon(0, icon("history", "muted"))
        self.tree.addTopLevelItem(whole)
        items = []
        for pair in found.steps:
            if self.only.isChecked() and pair.verdict == "same":
                continue
            items.append(self._line(pair))
        self.tree.addTopLevelItems(items)
        self.tree.setCurrentItem(whole)

    @staticmethod
    def _line(pair: StepPair) -> QTreeWidgetItem:
        title = f"{'    ' * pair.depth}{pair.title}" + (f"  ({pair.rounds})" if pair.rounds else "")
        texts = [title]
        texts += ["—" if step is None else duration(step.elapsed) for step in (pair.left, pair.right)]
        words = {"left": tr("only at the left"), "right": tr("only at the right"), "same": ""}
        texts.append(words.get(pair.verdict, _names(pair.differences)))
        item = QTreeWidgetItem(texts)
        item.setData(0, PAIR, pair)
        for place, step in ((1, pair.left), (2, pair.right)):
            if step is not None:
                item.setIcon(place, icon(*STATUS_ICON.get(step.status, ("status-waiting", "faint"))))
        item.setIcon(0, icon("dot", "warn") if pair.verdict != "same" else icon("check", "faint"))
        return item

    def _show(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        pair: StepPair | None = item.data(0, PAIR)
        changes = self._found.facts if pair is None else pair.differences
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 0, 0, 0)
        column.setSpacing(12)
        if pair is not None and pair.verdict in ("left", "right"):
            step = pair.left or pair.right
            assert step is not None
            for title, value in ((tr("Input"), dict(step.inputs)), (tr("Output"), dict(step.outputs))):
                column.addWidget(ValueView(title, value))
        elif not changes:
            column.addWidget(EmptyState("check", tr("Nothing differs here.")))
        for change in changes:
            column.addWidget(_both(change))
        column.addStretch(1)
        self.details.setWidget(box)


def _word(path: str) -> str:
    """What a path begins with, in words."""
    name = path.split(".")[0]
    words = {
        "inputs": tr("Input"),
        "outputs": tr("Output"),
        "status": tr("Status"),
        "error": tr("Error"),
        "attempts": tr("Tries"),
        "version": tr("Version"),
        "total_steps": tr("Steps"),
        "total_tokens": tr("Tokens"),
    }
    return words.get(name, name)


def _names(changes: Iterable[FieldChange]) -> str:
    """What differs, in few words."""
    return ", ".join(dict.fromkeys(_word(change.path) for change in changes))


def _both(change: FieldChange) -> QWidget:
    """A value of both sides, one above the other."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    name, _, rest = change.path.partition(".")
    title = QLabel(f"{_word(name)}  ·  {rest}" if rest else _word(name))
    title.setProperty("kind", "title")
    title.setWordWrap(True)
    column.addWidget(title)
    for side, value in ((tr("Left"), change.before), (tr("Right"), change.after)):
        if value is MISSING:
            words = QLabel(tr("{side}: not there", side=side))
            words.setProperty("kind", "muted")
            column.addWidget(words)
        else:
            column.addWidget(ValueView(side, _told(change.path, value)))
    return box


def _told(path: str, value: Any) -> Any:
    """A value as people see it elsewhere: the status in words, an error in their language."""
    if path == "status":
        return status_word(str(value))
    if path == "error":
        return told(str(value))
    if path == "version":
        return tr("draft") if value == "draft" else local_time(str(value))
    return value
