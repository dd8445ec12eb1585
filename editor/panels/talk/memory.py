"""What the conversation remembers: its variables with their values now, and what changed each of them last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr
from editor.panels.parts import local_time
from editor.panels.value_view import ValueView
from engine.model.workflow import Variable

SHOWN: Final = 400
NAME: Final = int(Qt.ItemDataRole.UserRole)


class MemoryView(QWidget):
    """Follows the events of the runs of one conversation."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self._changes: dict[str, str] = {}
        self._types: dict[str, str] = {}
        self._taken: tuple[str, int] = ("", 0)
        self.setMinimumWidth(280)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        title = QLabel(tr("What the conversation remembers"))
        title.setProperty("kind", "section")
        column.addWidget(title)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([tr("Variable"), tr("Value"), tr("Changed")])
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName(tr("What the conversation remembers"))
        self.tree.itemActivated.connect(self._show_whole)
        header = self.tree.header()
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        column.addWidget(self.tree, 1)
        self.empty = QLabel(tr("This flow has no conversation variables."))
        self.empty.setProperty("kind", "muted")
        self.empty.setWordWrap(True)
        column.addWidget(self.empty)

    def declare(self, variables: Sequence[Variable]) -> None:
        """Follow the declared variables; values that are there already stay."""
        names = {v.name for v in variables}
        self.values = {v.name: self.values.get(v.name, v.value) for v in variables}
        self._types = {v.name: v.value_type for v in variables}
        self._changes = {n: c for n, c in self._changes.items() if n in names}
        self._draw()

    def restart(
        self,
        variables: Sequence[Variable],
        values: Mapping[str, Any] | None = None,
        changes: Mapping[str, str] | None = None,
    ) -> None:
        """Begin anew with the defaults, or go on with stored values; `changes` says when each was written (UTC)."""
        self.values, self._taken = dict(values or {}), ("", 0)
        defaults = {v.name: v.value for v in variables}
        written = {n: at for n, at in (changes or {}).items() if self.values.get(n) != defaults.get(n)}
        self._changes = {name: local_time(at) for name, at in written.items()}
        self.declare(variables)

    def follow(self, run_id: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Take what a run has written since the last look."""
        done = self._taken[1] if self._taken[0] == run_id else 0
        for event in events[done:]:
            variable = event.get("variable") if event["event"] == "NodeRunVariableUpdated" else None
            if variable and list(variable.get("selector", ()))[:1] == ["conversation"]:
                self._set(str(variable["name"]), variable.get("value"), event)
        if len(events) != done:
            self._taken = (run_id, len(events))

    def _set(self, name: str, value: Any, event: Mapping[str, Any]) -> None:
        self.values[name] = value
        clock = local_time(str(event.get("at", "")).replace("Z", "+00:00")).split(" ")[-1]
        title = str(event.get("node_title") or event.get("node_id") or "")
        self._changes[name] = f"{clock}  ·  {title}" if title else clock
        self._draw()

    def _draw(self) -> None:
        self.tree.clear()
        for name, value in self.values.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            item = QTreeWidgetItem([name, text[:SHOWN].replace("\n", " ⏎ "), self._changes.get(name, tr("default"))])
            item.setData(0, NAME, name)
            item.setToolTip(0, self._types.get(name, ""))
            item.setToolTip(1, text[:4000])
            self.tree.addTopLevelItem(item)
        self.tree.resizeColumnToContents(0)
        self.tree.resizeColumnToContents(2)
        self.tree.setVisible(bool(self.values))
        self.empty.setVisible(not self.values)

    def _show_whole(self, item: QTreeWidgetItem) -> None:
        name = str(item.data(0, NAME))
        dialog = FittingDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(name)
        dialog.resize(560, 420)
        column = QVBoxLayout(dialog)
        column.addWidget(ValueView(name, self.values.get(name)))
        column.addStretch(1)
        dialog.open()
