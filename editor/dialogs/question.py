"""The dialog that asks or tells: what happened, what can be done, and details that fold out and can be copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import GAP, MARGIN, heading
from editor.i18n import tr
from editor.panels.glyph import Glyph

WIDTH = 460
GLYPH = 24
DETAILS_HEIGHT = 160
PICTURES = {
    "question": ("help", "accent"),
    "danger": ("warning", "bad"),
    "error": ("status-failed", "bad"),
    "news": ("info", "accent"),
}


class Question(FittingDialog):
    """`chosen` is the index of the choice that was clicked; None when the dialog was closed without one.

    Enter is the first choice, unless something would be lost by it; Esc and the last button do nothing.
    """

    def __init__(
        self,
        title: str,
        text: str,
        choices: Sequence[str],
        parent: QWidget | None,
        *,
        kind: str = "question",
        leave: str = "",
        details: str = "",
    ) -> None:
        super().__init__(parent)
        self.chosen: int | None = None
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        self.setMaximumWidth(int(WIDTH * 1.6))
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        column.addLayout(self._words(title, text, kind))
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(tr("Details"))
        self.details.setProperty("kind", "code")
        self.details.setFixedHeight(DETAILS_HEIGHT)
        self.details.hide()
        column.addWidget(self.details)
        column.addLayout(self._buttons(choices, kind, leave or tr("Cancel"), bool(details)))
        self._first.setFocus()

    def _words(self, title: str, text: str, kind: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        glyph = Glyph(*PICTURES[kind], size=GLYPH)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(heading(title))
        if text:
            said = QLabel(text)
            said.setTextFormat(Qt.TextFormat.PlainText)
            said.setWordWrap(True)
            said.setProperty("kind", "muted")
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            said.setMinimumWidth(WIDTH - 2 * MARGIN - GLYPH - 12)
            words.addWidget(said)
        row.addLayout(words, 1)
        return row

    def _buttons(self, choices: Sequence[str], kind: str, leave: str, details: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        if details:
            self.unfold = QPushButton(tr("Details"))
            self.unfold.setCheckable(True)
            self.unfold.setAutoDefault(False)
            self.unfold.toggled.connect(self._unfold)
            row.addWidget(self.unfold)
            copy = QPushButton(tr("Copy"))
            copy.setAutoDefault(False)
            copy.clicked.connect(self._copy)
            row.addWidget(copy)
        row.addStretch(1)
        buttons = []
        for index, choice in enumerate(choices):
            button = QPushButton(choice)
            button.setAutoDefault(False)
            if index == 0:
                button.setDefault(kind != "danger")
                button.setProperty("kind", "danger" if kind == "danger" else "primary")
            button.clicked.connect(lambda _=False, index=index: self._choose(index))
            row.addWidget(button)
            buttons.append(button)
        last = QPushButton(leave)
        last.setAutoDefault(False)
        last.setDefault(not choices or kind == "danger")
        self._first = last if last.isDefault() else buttons[0]
        last.clicked.connect(self.reject)
        row.addWidget(last)
        return row

    def _unfold(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self.adjustSize()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.windowTitle()}\n{self.details.toPlainText()}")

    def _choose(self, index: int) -> None:
        self.chosen = index
        self.accept()
