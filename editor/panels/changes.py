"""The change history: every step of this session and of the last one, by name; a click goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.parts import PanelTitle, tool_button
from editor.theme import theme
from editor.toned import tone

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.document import HistoryStep

STEP = int(Qt.ItemDataRole.UserRole)


class Changes(QWidget):
    """Newest on top. Steps that were taken back stay listed until something else is done."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Change history"))
        title.add(tool_button("trash", tr("Forget the history"), self.clear))
        column.addWidget(title)
        self.list = QListWidget()
        self.list.setProperty("kind", "tall")  # rows of several lines
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(16, 16))
        self.list.setWordWrap(True)
        self.list.setAccessibleName(tr("Change history"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        column.addWidget(self.list, 1)
        self.nothing = QLabel(tr("What you change is listed here. Every step can be taken back."))
        self.nothing.setProperty("kind", "muted")
        self.nothing.setWordWrap(True)
        self.nothing.setContentsMargins(16, 8, 16, 16)
        column.addWidget(self.nothing)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._refresh_if_seen)
        self._unsubscribe = session.document.subscribe(lambda _: self._later.start())
        self.refresh()

    def close_session(self) -> None:
        """Stop listening."""
        self._later.stop()
        self._unsubscribe()

    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """List the steps."""
        steps = self._session.document.history()
        here = next(step.index for step in steps if step.is_current)
        place = self.list.verticalScrollBar().value()
        self.list.clear()
        for step in reversed(steps):
            self.list.addItem(self._item(step, here))
        self.list.setCurrentRow(len(steps) - 1 - here)
        self.list.verticalScrollBar().setValue(place)
        self.list.scrollToItem(self.list.currentItem())
        self.nothing.setVisible(len(steps) == 1)

    def _item(self, step: HistoryStep, here: int) -> QListWidgetItem:
        name = step.label or tr("Edit") if step.index else tr("Beginning")
        lines = [name]
        # A label often names the node already.
        titles = [t for t in step.titles if t and t not in name]
        if titles:
            more = step.count - len(step.titles)
            lines.append(", ".join(titles) + (f" +{more}" if more > 0 else ""))
        item = QListWidgetItem("\n".join(lines))
        item.setData(STEP, step.index)
        distance = step.index - here
        if not distance:
            item.setIcon(icon("chevron-right", "accent"))
            item.setToolTip(tr("Current state"))
            item.setFont(theme().font("base", 600))
        else:
            item.setIcon(icon("dot", "faint"))
            item.setToolTip(
                ntr("{n} step forward", "{n} steps forward", distance)
                if distance > 0
                else ntr("{n} step backward", "{n} steps backward", -distance)
            )
            if distance > 0:
                tone(item, "faint")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{', '.join(lines)}. {item.toolTip()}")
        return item

    def _go(self, item: QListWidgetItem) -> None:
        index = int(item.data(STEP))
        if not self._session.read_only:
            self._session.document.go_to(index)

    def clear(self) -> None:
        """Forget all steps, after asking: nothing before now can be taken back then."""
        session = self._session
        text = tr("Nothing that was done before now can be taken back then.")
        if session.document.history()[1:] and session.studio.messages.confirm(
            tr("Forget the history?"), text, tr("Forget"), danger=True
        ):
            session.forget_history()
            self.refresh()
