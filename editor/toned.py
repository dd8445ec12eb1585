"""Items of lists and trees in a colour of the theme, which follow when another theme comes into force."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QApplication,
    QListWidget,
    QListWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
)

from editor.theme import theme, theme_signal

_TONE: Final = int(Qt.ItemDataRole.UserRole) + 900


def tone(item: QListWidgetItem | QTreeWidgetItem, name: str, column: int = 0) -> None:
    """Write an item, or a column of one of a tree, in the colour of a token."""
    if isinstance(item, QListWidgetItem):
        item.setData(_TONE, name)
        item.setForeground(theme().color(name))
    else:
        item.setData(column, _TONE, name)
        item.setForeground(column, theme().color(name))


def _renew() -> None:
    for widget in QApplication.allWidgets():
        if isinstance(widget, QListWidget):
            with QSignalBlocker(widget):
                for row in range(widget.count()):
                    item = widget.item(row)
                    if name := item.data(_TONE):
                        item.setForeground(theme().color(name))
        elif isinstance(widget, QTreeWidget):
            with QSignalBlocker(widget):
                walk = QTreeWidgetItemIterator(widget)
                while (line := walk.value()) is not None:
                    for column in range(widget.columnCount()):
                        if name := line.data(column, _TONE):
                            line.setForeground(column, theme().color(name))
                    walk += 1


theme_signal().changed.connect(_renew)
