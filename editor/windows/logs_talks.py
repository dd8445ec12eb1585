"""Chat logs by conversation: the list at the left, the turns of one at the right, each with the run behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState, ago, local_time

if TYPE_CHECKING:
    from editor.context import Studio

ID = int(Qt.ItemDataRole.UserRole)


class Conversations(QSplitter):
    """`openRun` names the run of a turn, `runsWanted` the conversation whose runs are wanted in the table."""

    openRun = Signal(str)
    runsWanted = Signal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._studio = studio
        self._cursor: tuple[str, str] | None = None
        self._shown = ""
        self.setChildrenCollapsible(False)
        self.addWidget(self._make_list())
        self.turns = QScrollArea()
        self.turns.setWidgetResizable(True)
        self.turns.setFrameShape(QFrame.Shape.NoFrame)
        self.turns.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.turns.setAccessibleName(tr("Turns of the conversation"))
        self.turns.setWidget(EmptyState("chat", tr("Choose a conversation to read it.")))
        self.addWidget(self.turns)
        self.setSizes([380, 780])
        self.setStretchFactor(1, 1)

    def _make_list(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(16, 12, 8, 8)
        column.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search what was said"))
        self.search.setAccessibleName(tr("Search conversations"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(tr("Conversations"))
        EntryDelegate.serve(self.list)
        self.list.currentItemChanged.connect(self._chosen)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.list)
        self.pages.addWidget(EmptyState("chat", tr("No conversation is here. Chat with a chat flow to begin one.")))
        column.addWidget(self.pages, 1)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(250)
        self._wait.timeout.connect(self.refresh)
        self.search.textChanged.connect(lambda _: self._wait.start())
        return side

    def refresh(self) -> None:
        """Read the list from its beginning."""
        self._cursor = None
        self._load(first=True)

    def _load(self, *, first: bool) -> None:
        logs, words, cursor = self._studio.services.logs, self.search.text(), self._cursor
        self._studio.tasks.run(
            lambda: logs.conversations(keyword=words, cursor=cursor),
            done=lambda found: self._loaded(*found, first=first),
            failed=lambda error: self._studio.messages.error(tr("The run log cannot be read"), error),
            key=f"conversations {id(self)}",
        )

    def _loaded(self, rows: list[dict[str, Any]], cursor: tuple[str, str] | None, *, first: bool) -> None:
        if first:
            self.list.clear()
        for row in rows:
            facts = [row["app_name"], ntr("{n} message", "{n} messages", int(row["turns"])), ago(row["updated_at"])]
            item = QListWidgetItem(icon("chat", "muted"), f"{row['name'] or tr('Untitled')}\n{'  ·  '.join(facts)}")
            item.setData(ID, row["id"])
            item.setToolTip(local_time(row["updated_at"]))
            self.list.addItem(item)
        self._cursor = cursor
        self.pages.setCurrentIndex(0 if self.list.count() else 1)

    def _scrolled(self, value: int) -> None:
        if self._cursor is not None and value >= self.list.verticalScrollBar().maximum() - 40:
            self._load(first=False)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        self._shown = str(item.data(ID))
        runs, wanted = self._studio.services.runs, self._shown
        self._studio.tasks.run(
            lambda: list(runs.history(wanted)), done=lambda turns: self._show(wanted, turns), key=f"turns {id(self)}"
        )

    def _show(self, conversation_id: str, turns: list[dict[str, Any]]) -> None:
        if conversation_id != self._shown:
            return
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        link = QPushButton(tr("Show its runs in the table"))
        link.setProperty("kind", "link")
        link.clicked.connect(lambda: self.runsWanted.emit(conversation_id))
        column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        for turn in turns:
            column.addWidget(self._turn(turn))
        column.addStretch(1)
        self.turns.setWidget(box)

    def _turn(self, turn: dict[str, Any]) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for kind, text in (("said", turn["query"]), ("answered", turn["answer"])):
            if not text:
                continue
            frame = QFrame()
            frame.setProperty("kind", kind)
            inner = QVBoxLayout(frame)
            inner.setContentsMargins(12, 8, 12, 8)
            words = QLabel(text)
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            inner.addWidget(words)
            column.addWidget(frame)
        row = QHBoxLayout()
        when = QLabel(local_time(turn["created_at"]))
        when.setProperty("kind", "small")
        row.addWidget(when)
        if turn.get("workflow_run_id"):
            run_id = str(turn["workflow_run_id"])
            button = QPushButton(tr("Open the run"))
            button.setProperty("kind", "link")
            button.clicked.connect(lambda: self.openRun.emit(run_id))
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        return box
