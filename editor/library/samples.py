"""The gallery of samples: workflows that come with the program, by what they teach; a new workspace begins here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.appicon import app_icon
from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import fill_card
from editor.theme import theme

if TYPE_CHECKING:
    from engine.services.templates import Template

NARROWEST = 268
GAP = 16
LEFT, RIGHT = 28, 24
"""The cards of the library stand between the same lines."""


class SampleCard(QPushButton):
    """One sample: what it is and what it teaches."""

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.template = template
        self.setProperty("kind", "sample")
        self.setFixedHeight(theme().grown(64))
        self.setToolTip(tr(template.description))
        self.setAccessibleName(tr(template.name))
        self.setAccessibleDescription(tr(template.teaches))
        badge = QLabel()
        badge.setPixmap(app_icon(template.icon, template.icon_background, template.mode, 32))
        fill_card(self, badge, tr(template.name), tr(template.teaches))


class Samples(QScrollArea):
    """`chosen` carries the file of a sample; the other signals are those of the welcome above them."""

    chosen = Signal(str)
    newWanted = Signal()
    openWanted = Signal()

    def __init__(self, templates: Sequence[Template]) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setProperty("kind", "canvas")
        self.setWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(LEFT, 8, RIGHT, 24)
        column.setSpacing(16)
        self.welcome = self._make_welcome()
        column.addWidget(self.welcome)
        box = QWidget()
        self._grid = QGridLayout(box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._cards = [SampleCard(template) for template in templates]
        for card in self._cards:
            card.clicked.connect(lambda _=False, file=card.template.file: self.chosen.emit(file))
        column.addWidget(box)
        column.addStretch(1)
        self._columns = 0
        self._arrange()

    def _make_welcome(self) -> QWidget:
        box = QFrame()
        box.setProperty("kind", "card")
        column = QVBoxLayout(box)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        title = QLabel(tr("No workflows yet"))
        title.setProperty("kind", "heading")
        column.addWidget(title)
        words = QLabel(tr("Start with an empty one, open a .yml file (or drop it anywhere), or try a sample below."))
        words.setProperty("kind", "muted")
        words.setWordWrap(True)
        column.addWidget(words)
        row = QHBoxLayout()
        row.setSpacing(8)
        new = QPushButton(tr("New workflow"))
        new.setIcon(icon("plus", "on_accent"))
        new.setProperty("kind", "primary")
        new.clicked.connect(self.newWanted)
        row.addWidget(new)
        opened = QPushButton(tr("Open file"))
        opened.setIcon(icon("folder", "text"))
        opened.clicked.connect(self.openWanted)
        row.addWidget(opened)
        row.addStretch(1)
        column.addLayout(row)
        box.hide()
        return box

    def set_welcome(self, *, shown: bool) -> None:
        """Whether the words for a new workspace stand above the samples."""
        self.welcome.setVisible(shown)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, (self.viewport().width() - LEFT - RIGHT + GAP) // (NARROWEST + GAP))
        if columns == self._columns:
            return
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, int(column < columns))
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        self._columns = columns
