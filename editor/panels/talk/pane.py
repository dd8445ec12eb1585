"""Where the turns of a conversation stand, one below the other: only the newest are laid out, the end stays in view
while somebody reads there, and questions that may be asked stand below the last one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from editor.i18n import ntr, tr
from editor.panels.talk.flow import Flow
from editor.panels.talk.turn import TurnView

SHOWN_TURNS: Final = 30
"""Turns that are laid out; older ones come back when they are asked for."""
NEAR_THE_END: Final = 8


class TurnPane(QScrollArea):
    """Holds the turns; what they say and do is theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.turns: list[TurnView] = []
        self.opener: TurnView | None = None
        self._hidden = 0
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Conversation"))
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 8, 16, 12)
        self._column.setSpacing(14)
        self.more = QPushButton()
        self.more.setProperty("kind", "link")
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        self.suggestions = Flow()
        self.suggestions.setAccessibleName(tr("Suggested questions"))
        self.suggestions.hide()
        self._column.addWidget(self.suggestions)
        self._column.addStretch(1)
        self.setWidget(inside)
        self._stick = True
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda *_: self._to_end() if self._stick else None)
        bar.valueChanged.connect(self._scrolled)

    def put_opener(self, opener: TurnView) -> None:
        """What stands before everything that is said."""
        self.opener = opener
        self._column.insertWidget(1, opener)

    def add(self, turn: TurnView) -> None:
        """One more turn at the end, in view."""
        self._column.insertWidget(self._column.count() - 2, turn)
        self.turns.append(turn)
        self._stick = True
        while len(self.turns) - self._hidden > SHOWN_TURNS:
            self.turns[self._hidden].hide()
            self._hidden += 1
        if self.opener is not None and self._hidden:
            self.opener.hide()
        self._tell_hidden()

    def take_away(self, turn: TurnView) -> None:
        """Nothing was said after all."""
        self.turns.remove(turn)
        self._drop(turn)

    def clear(self) -> None:
        """Nothing is said yet."""
        for turn in (*self.turns, *((self.opener,) if self.opener is not None else ())):
            self._drop(turn)
        self.turns, self.opener, self._hidden = [], None, 0
        self.more.hide()

    def _drop(self, turn: TurnView) -> None:
        self._column.removeWidget(turn)
        turn.hide()
        turn.deleteLater()

    def _show_more(self) -> None:
        first = max(0, self._hidden - SHOWN_TURNS)
        for turn in self.turns[first : self._hidden]:
            turn.show()
        self._hidden = first
        self._tell_hidden()
        if self.opener is not None and not first:
            self.opener.setVisible(bool(self.opener.answers[0].text))

    def _tell_hidden(self) -> None:
        self.more.setText(ntr("Show {n} earlier message", "Show {n} earlier messages", self._hidden))
        self.more.setVisible(self._hidden > 0)

    def _scrolled(self, value: int) -> None:
        """Whoever scrolls up reads in peace; at the end the newest words stay in view."""
        self._stick = value >= self.verticalScrollBar().maximum() - NEAR_THE_END

    def _to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
