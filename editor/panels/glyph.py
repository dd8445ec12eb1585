"""A picture of the icon set in a panel, which follows the theme. Buttons and menus have icons that do so themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel

from editor.icons import pixmap, tile


class Glyph(QLabel):
    """Shows an icon in a colour of the theme, or a node's tile; empty until it is told which."""

    def __init__(self, name: str = "", tone: str = "muted", size: int = 16) -> None:
        super().__init__()
        self._size = size
        self._make: Callable[[], QPixmap] | None = None
        if name:
            self.show_icon(name, tone)

    def show_icon(self, name: str, tone: str) -> None:
        """Show an icon in the colour of a token."""
        self._show(partial(pixmap, name, tone, self._size))

    def show_tile(self, name: str, family: str) -> None:
        """Show the tile of a node family."""
        self._show(partial(tile, name, family, self._size))

    def show_made(self, make: Callable[[], QPixmap]) -> None:
        """Show what is made in the colours of the theme that is in force."""
        self._show(make)

    def clear(self) -> None:
        self._make = None
        super().clear()

    def _show(self, make: Callable[[], QPixmap]) -> None:
        self._make = make
        self.setPixmap(make())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._make is not None:
            self.setPixmap(self._make())
