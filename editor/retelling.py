"""Saying what is on the screen in another language, at once: windows, dialogs and menus that are open stay as they are.

What `tr` and `ntr` said is remembered with the sentence that it came from. After a change of language every text of
every widget that was said that way is said again. Parts that put words together with what people wrote say them anew
themselves: they have a method `retell`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QAbstractItemModel, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QTableWidget,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QWidget,
)
from shiboken6 import isValid

from editor.i18n import said_again


def retell() -> None:
    """Say every text of the program in the language in force."""
    widgets = [w for w in QApplication.allWidgets() if isValid(w)]
    for widget in widgets:
        widget.setUpdatesEnabled(False)
    try:
        for widget in widgets:
            _widget(widget)
        for widget in widgets:
            # Said last by whoever knows which part of a text is whose.
            again = getattr(widget, "retell", None)
            if isValid(widget) and callable(again):
                again()
    finally:
        for widget in widgets:
            if isValid(widget):
                widget.setUpdatesEnabled(True)


class _Speaker:
    """Says the texts of one widget; the modules of the parts that it stands in know best what was meant."""

    def __init__(self, widget: QWidget) -> None:
        self.places: list[str] = []
        part: QWidget | None = widget
        while part is not None:
            self.places.append(type(part).__module__)
            part = part.parentWidget()

    def put(self, read: Callable[[], str], write: Callable[[str], object]) -> None:
        """One text, if it was said."""
        old = read()
        if old and (new := said_again(old, self.places)) != old:
            write(new)


def _widget(widget: QWidget) -> None:
    say = _Speaker(widget)
    for read, write in (
        (widget.toolTip, widget.setToolTip),
        (widget.accessibleName, widget.setAccessibleName),
        (widget.accessibleDescription, widget.setAccessibleDescription),
        (widget.windowTitle, widget.setWindowTitle),
    ):
        say.put(read, write)
    if isinstance(widget, QLabel | QAbstractButton):
        say.put(widget.text, widget.setText)
    elif isinstance(widget, QGroupBox | QMenu):
        say.put(widget.title, widget.setTitle)
    elif isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        say.put(widget.placeholderText, widget.setPlaceholderText)
    elif isinstance(widget, QTabBar):
        _tabs(widget, say)
    elif isinstance(widget, QComboBox):
        _choices(widget, say)
    elif isinstance(widget, QAbstractItemView):
        _items(widget, say)
    for action in widget.actions():
        _action(action, say)


def _action(action: QAction, say: _Speaker) -> None:
    words, tab, keys = action.text().partition("\t")
    new = said_again(words, say.places)
    if new != words:
        action.setText(new + tab + keys)
    say.put(action.toolTip, action.setToolTip)


def _tabs(bar: QTabBar, say: _Speaker) -> None:
    for place in range(bar.count()):
        say.put(partial(bar.tabText, place), partial(bar.setTabText, place))
        say.put(partial(bar.tabToolTip, place), partial(bar.setTabToolTip, place))


def _choices(box: QComboBox, say: _Speaker) -> None:
    say.put(box.placeholderText, box.setPlaceholderText)
    for place in range(box.count()):
        say.put(partial(box.itemText, place), partial(box.setItemText, place))


def _items(view: QAbstractItemView, say: _Speaker) -> None:
    if isinstance(view, QListWidget):
        for row in range(view.count()):
            item = view.item(row)
            say.put(item.text, item.setText)
            say.put(item.toolTip, item.setToolTip)
    elif isinstance(view, QTreeWidget):
        _tree_item(view.headerItem(), view.columnCount(), say)
        walk = QTreeWidgetItemIterator(view)
        while (entry := walk.value()) is not None:
            _tree_item(entry, view.columnCount(), say)
            walk += 1
    elif isinstance(view, QTableWidget):
        _table(view, say)
    else:
        model: QAbstractItemModel | None = view.model()
        if model is not None:
            model.layoutChanged.emit()  # what it says is asked for again, and so is the room that it takes
        view.viewport().update()


def _tree_item(item: QTreeWidgetItem, columns: int, say: _Speaker) -> None:
    for place in range(columns):
        say.put(partial(item.text, place), partial(item.setText, place))
        say.put(partial(item.toolTip, place), partial(item.setToolTip, place))


def _table(table: QTableWidget, say: _Speaker) -> None:
    headers = [table.horizontalHeaderItem(place) for place in range(table.columnCount())]
    cells = [table.item(row, place) for row in range(table.rowCount()) for place in range(table.columnCount())]
    for item in (*headers, *cells):
        if item is not None:
            say.put(item.text, item.setText)
            say.put(item.toolTip, item.setToolTip)


def retell_parts(parts: Iterable[QObject]) -> None:
    """What the parts of a window say themselves: `refresh` where they have it."""
    for part in parts:
        refresh = getattr(part, "refresh", None)
        if callable(refresh):
            refresh()
