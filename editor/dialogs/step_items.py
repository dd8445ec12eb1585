"""Which items of a list a container runs with, when it runs alone (acceptance list C, 65)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.i18n import ntr, tr
from editor.panels.value_view import as_text

LONGEST = 120


class StepItems(FittingDialog):
    """All items are ticked at first; with none ticked there is nothing to run."""

    def __init__(self, title: str, items: Sequence[Any], parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumWidth(440)
        self._items = list(items)
        column = dialog_column(self, tr("Run {title} with chosen items", title=title))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Items"))
        for number, item in enumerate(self._items):
            line = QListWidgetItem(f"{number}  ·  {_short(item)}")
            line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            line.setCheckState(Qt.CheckState.Checked)
            line.setToolTip(as_text(item)[:1000])
            self.list.addItem(line)
        self.list.setCurrentRow(0)
        self.list.itemChanged.connect(lambda _: self._count())
        column.addWidget(self.list)
        row = QHBoxLayout()
        self.count = QLabel()
        self.count.setProperty("kind", "muted")
        row.addWidget(self.count, 1)
        for word, state in ((tr("All"), Qt.CheckState.Checked), (tr("None"), Qt.CheckState.Unchecked)):
            button = QPushButton(word)
            button.setProperty("kind", "quiet")
            button.clicked.connect(lambda _=False, state=state: self._tick(state))
            row.addWidget(button)
        column.addLayout(row)
        buttons = QDialogButtonBox()
        self.run = buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.run.setProperty("kind", "primary")
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._count()
        self.list.setFocus()

    def chosen(self) -> list[Any]:
        """The ticked items, in their order."""
        rows = range(self.list.count())
        return [self._items[n] for n in rows if self.list.item(n).checkState() == Qt.CheckState.Checked]

    def _tick(self, state: Qt.CheckState) -> None:
        for row in range(self.list.count()):
            self.list.item(row).setCheckState(state)

    def _count(self) -> None:
        count = len(self.chosen())
        self.count.setText(ntr("{n} item", "{n} items", count))
        self.run.setEnabled(count > 0)


def _short(item: Any) -> str:
    """An item in one line."""
    line = " ".join(as_text(item)[: 4 * LONGEST].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
