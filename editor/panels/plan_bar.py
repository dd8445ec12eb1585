"""The bar that stands over the canvas before a run goes on from an earlier one: what is taken over, what runs again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.forms.fields import name_it
from editor.panels.glyph import Glyph
from editor.panels.parts import ElidedLabel

if TYPE_CHECKING:
    from engine.services.debugging import PlanPreview


class PlanBar(QFrame):
    """`confirmed` starts the run, `valuesWanted` asks to change what is taken over, `cancelled` forgets the plan."""

    confirmed = Signal()
    valuesWanted = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Plan of the run"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(6)
        for picture, tone, name in (("history", "muted", "reused"), ("play", "accent", "again")):
            row.addWidget(Glyph(picture, tone))
            words = ElidedLabel()
            setattr(self, name, words)
            row.addWidget(words)
            row.addSpacing(8)
        self.values = QPushButton(tr("Values…"))
        self.values.setIcon(icon("edit", "text"))
        self.values.setToolTip(tr("See and change what the steps that run again are about to read."))
        name_it(self.values, self.values.text())
        self.values.clicked.connect(self.valuesWanted)
        row.addWidget(self.values)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        row.addWidget(self.cancel)
        self.run = QPushButton(tr("Run"))
        self.run.setIcon(icon("play", "on_accent"))
        self.run.setProperty("kind", "primary")
        name_it(self.run, tr("Run by this plan"))
        self.run.clicked.connect(self.confirmed)
        row.addWidget(self.run)
        self.hide()

    reused: QLabel
    again: QLabel

    def show_plan(self, preview: PlanPreview, changed: int) -> None:
        """Say what a plan does; `changed` values were changed by hand."""
        self.reused.setText(
            ntr("{n} step is taken over", "{n} steps are taken over", len(preview.reused))
            if preview.reused
            else tr("Nothing is taken over")
        )
        self.again.setText(ntr("{n} step runs again", "{n} steps run again", len(preview.again)))
        self.values.setVisible(bool(preview.read))
        self.values.setText(ntr("{n} value changed…", "{n} values changed…", changed) if changed else tr("Values…"))
        self.adjustSize()
        self.show()
        self.raise_()
        self.run.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused: Any = self.focusWidget()
            (focused if isinstance(focused, QPushButton) else self.run).click()
        else:
            super().keyPressEvent(event)
