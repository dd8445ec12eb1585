"""Widgets in lines that wrap, as words do."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

GAP = 6


class Flow(QWidget):
    """Lays its children out from left to right and begins a new line where there is no more room."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        """Add a widget at the end."""
        widget.setParent(self)
        widget.show()
        self._items.append(widget)
        self._arrange()

    def clear(self) -> None:
        """Let go of all."""
        for widget in self._items:
            widget.hide()
            widget.deleteLater()
        self._items = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(200, self.minimumHeight())

    def _arrange(self) -> None:
        x = y = line = 0
        for widget in self._items:
            hint = widget.sizeHint()
            wide = min(hint.width(), max(self.width(), 60))
            if x and x + wide > self.width():
                x, y, line = 0, y + line + GAP, 0
            widget.setGeometry(x, y, wide, hint.height())
            x += wide + GAP
            line = max(line, hint.height())
        if self.minimumHeight() != y + line:
            self.setFixedHeight(y + line)
