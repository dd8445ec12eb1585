"""From which state to which other one: two versions or the draft, and a button that compares them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from editor.i18n import tr
from editor.icons import icon


class CompareStrip(QWidget):
    """`compare` carries the ids, from and to; the draft's is empty."""

    compare = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        self.before, self.after = QComboBox(), QComboBox()
        rows = ((tr("Old state"), tr("Compare from"), self.before), (tr("New state"), tr("Compare to"), self.after))
        for row, (word, name, box) in enumerate(rows):
            label = QLabel(word)
            label.setProperty("kind", "small")
            label.setBuddy(box)
            box.setAccessibleName(name)
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.currentIndexChanged.connect(self._check)
            grid.addWidget(label, row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        self.button = QPushButton(tr("Compare"))
        self.button.setIcon(icon("compare", "text"))
        self.button.clicked.connect(self._compare)
        grid.addWidget(self.button, 2, 0, 1, 2)

    def offer(self, states: Sequence[tuple[str, str]]) -> None:
        """Ids and names of what can be compared, the draft first; what is chosen stays chosen where it can."""
        chosen = (self.before.currentData(), self.after.currentData())
        if chosen[0] == chosen[1]:
            chosen = (None, None)
        defaults = (states[1][0] if len(states) > 1 else "", "")
        for box, old, default in zip((self.before, self.after), chosen, defaults, strict=True):
            box.blockSignals(True)
            box.clear()
            for key, name in states:
                box.addItem(name, key)
            found = box.findData(old) if old is not None else -1
            box.setCurrentIndex(found if found >= 0 else max(0, box.findData(default)))
            box.blockSignals(False)
        self._check()

    def set_before(self, version_id: str) -> None:
        """Compare from this one."""
        place = self.before.findData(version_id)
        if place >= 0:
            self.before.setCurrentIndex(place)

    def _check(self) -> None:
        differs = self.before.currentData() != self.after.currentData()
        self.button.setEnabled(differs)
        self.button.setToolTip("" if differs else tr("Choose two different states."))

    def _compare(self) -> None:
        self.compare.emit(str(self.before.currentData()), str(self.after.currentData()))
