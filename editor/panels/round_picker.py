"""The rounds of a container to choose from: how each ended, the failed ones marked, found by number or by error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from editor.amounts import duration
from editor.canvas.rounds import failed_rounds, round_failed
from editor.enginetexts import told_line
from editor.i18n import ntr, tr
from editor.icons import icon

if TYPE_CHECKING:
    from engine.run.fold import NodeRunState, RunState

ROUND = int(Qt.ItemDataRole.UserRole)
WIDTH, HEIGHT = 320, 340


class RoundPicker(QFrame):
    """`picked` carries the index of a round (from 0). Esc closes it."""

    picked = Signal(int)

    def __init__(self, state: RunState, container: NodeRunState, shown: int, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Rounds"))
        self._state, self._container = state, container
        failed = failed_rounds(state, container)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Number or error"))
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda _: self._filter())
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.only_failed = QCheckBox(ntr("Only the {n} failed round", "Only the {n} failed rounds", len(failed)))
        column.addWidget(self.only_failed)
        self.only_failed.setVisible(bool(failed))
        self.only_failed.toggled.connect(lambda _: self._filter())
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(tr("Rounds"))
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.itemClicked.connect(self._pick)
        self.list.itemActivated.connect(self._pick)
        column.addWidget(self.list, 1)
        self._fill(shown, set(failed))
        self.resize(WIDTH, HEIGHT)

    def _fill(self, shown: int, failed: set[int]) -> None:
        metadata = self._container.metadata
        times: Any = metadata.get("iteration_duration_map") or metadata.get("loop_duration_map") or {}
        for index in sorted(self._container.rounds):
            parts = [tr("Round {n}", n=index + 1)]
            seconds = times.get(str(index))
            if isinstance(seconds, int | float):
                parts.append(duration(seconds))
            broken = round_failed(self._state, self._container, index) if index in failed else None
            if broken is not None:
                error = told_line(broken.error) or tr("failed")
                parts.append(f"{broken.title or broken.node_id}: {error}")
            item = QListWidgetItem("  ·  ".join(parts))
            item.setIcon(icon("status-failed", "bad") if broken else icon("status-succeeded", "good"))
            if broken is None and self._live(index):
                item.setIcon(icon("status-running", "accent"))
            item.setToolTip(item.text())
            item.setData(ROUND, index)
            self.list.addItem(item)
            if index == shown:
                self.list.setCurrentItem(item)

    def _live(self, index: int) -> bool:
        ids = self._container.rounds.get(index, ())
        executions = [self._state.executions[i] for i in ids if i in self._state.executions]
        return self._container.is_live and (not executions or any(e.is_live for e in executions))

    def _filter(self) -> None:
        words = self.search.text().strip().lower()
        failed = set(failed_rounds(self._state, self._container)) if self.only_failed.isChecked() else None
        first = None
        for row in range(self.list.count()):
            item = self.list.item(row)
            index = item.data(ROUND)
            fits = (not words or words == str(index + 1) or words in item.text().lower()) and (
                failed is None or index in failed
            )
            item.setHidden(not fits)
            if fits and words == str(index + 1):
                self.list.setCurrentItem(item)  # a time may have the same digits; the round of that number is meant
            elif fits and first is None:
                first = item
        if first is not None and (self.list.currentItem() is None or self.list.currentItem().isHidden()):
            self.list.setCurrentItem(first)

    def popup_at(self, point: QPoint) -> None:
        """Open with the upper left corner at a place of the screen."""
        room = self.screen().availableGeometry()
        self.move(min(point.x(), room.right() - WIDTH - 8), min(point.y(), room.bottom() - HEIGHT - 8))
        self.show()
        self.search.setFocus()
        self.list.scrollToItem(self.list.currentItem())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, down and Enter in the search field belong to the list."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
                self.list.keyPressEvent(event)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.currentItem() is not None:
                self._pick(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _pick(self, item: QListWidgetItem) -> None:
        if not item.isHidden():
            self.picked.emit(int(item.data(ROUND)))
            self.close()
