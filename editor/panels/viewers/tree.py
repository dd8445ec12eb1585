"""Data as a tree: names and values in lines, opened where one looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.toned import tone

MOST_CHILDREN: Final = 500
"""Entries of one list or object that are lines; the rest is counted."""
MOST_OPEN: Final = 14
"""Lines that may be open from the start."""
TALLEST: Final = 18
LONGEST: Final = 300


class Line(QTreeWidgetItem):
    """A line with what it stands for. Data kept inside of Qt would come back in another order."""

    def __init__(self, key: str | int | None, value: Any, shown: str) -> None:
        super().__init__(["…" if key is None else str(key), shown])
        self.key, self.value = key, value
        self.is_filled = not (isinstance(value, Mapping | list) and value)
        if not self.is_filled:
            self.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)


class DataTree(QTreeWidget):
    """Read-only. Ctrl+C copies the value of the line; the menu its path, too. `called` names the first level for
    people; the key itself is the tool tip then."""

    def __init__(self, value: Any, called: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("kind", "field")
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemExpanded.connect(self._fill)
        self.itemExpanded.connect(lambda _: self._fit())
        self.itemCollapsed.connect(lambda _: self._fit())
        self.itemActivated.connect(self._more)
        self.itemClicked.connect(self._more)
        for child in _lines(value):
            self.addTopLevelItem(child)
            name = called(str(child.key)) if called is not None and child.key is not None else child.text(0)
            if name != child.text(0):
                child.setToolTip(0, child.text(0))
                child.setText(0, name)
        roots = [self.topLevelItem(i) for i in range(self.topLevelItemCount())]
        self.setRootIsDecorated(any(isinstance(line, Line) and not line.is_filled for line in roots))
        self._open()
        self.resizeColumnToContents(0)
        self._names = min(220, max(96, header.sectionSize(0) + 8))
        header.resizeSection(0, self._names)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a narrow place the names leave half of it to the values.
        self.header().resizeSection(0, min(self._names, self.viewport().width() // 2))

    def _open(self) -> None:
        """Open the first levels as long as all lines are seen at once."""
        level = [self.topLevelItem(i) for i in range(self.topLevelItemCount())]
        seen = len(level)
        while level:
            inner = [line for line in level if isinstance(line, Line) and not line.is_filled]
            seen += sum(min(MOST_CHILDREN, len(line.value)) for line in inner)
            if not inner or seen > MOST_OPEN:
                return
            for line in inner:
                line.setExpanded(True)
            level = [line.child(i) for line in inner for i in range(line.childCount())]

    @staticmethod
    def _fill(item: QTreeWidgetItem) -> None:
        if isinstance(item, Line) and not item.is_filled:
            item.is_filled = True
            item.addChildren(list(_lines(item.value)))

    def _more(self, item: QTreeWidgetItem) -> None:
        """The line that counts the rest was chosen: the next lines."""
        if not isinstance(item, Line) or item.key is not None:
            return
        above = item.parent() or self.invisibleRootItem()
        place = above.indexOfChild(item)
        above.takeChild(place)
        fresh = list(_lines(item.value, place))
        above.addChildren(fresh)
        self.setCurrentItem(fresh[0])

    def _fit(self) -> None:
        """As high as what is open, up to a limit."""
        count, item = 0, self.topLevelItem(0)
        while item is not None and count < TALLEST:
            count, item = count + 1, self.itemBelow(item)
        row = max(22, self.sizeHintForRow(0))
        self.setFixedHeight(max(1, count) * row + 12)

    # -- copying -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.matches(QKeySequence.StandardKey.Copy) and item is not None:
            self._copy(item)
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _copy(item: QTreeWidgetItem) -> None:
        if isinstance(item, Line) and item.key is not None:
            value = item.value
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
            QGuiApplication.clipboard().setText(text)

    @staticmethod
    def path_of(item: QTreeWidgetItem | None) -> str:
        """Where a line stands in the value, as `items[0].name`."""
        parts: list[str] = []
        while isinstance(item, Line):
            parts.append(f"[{item.key}]" if isinstance(item.key, int) else f".{item.key}")
            item = item.parent()
        return "".join(reversed(parts)).lstrip(".")

    def _menu(self, point: QPoint) -> None:
        item = self.itemAt(point)
        if not isinstance(item, Line) or item.key is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("copy", "text"), tr("Copy the value"), lambda: self._copy(item))
        path = self.path_of(item)
        menu.addAction(icon("link", "text"), tr("Copy the path"), lambda: QGuiApplication.clipboard().setText(path))
        menu.popup(self.viewport().mapToGlobal(point))


def _lines(value: Any, begin: int = 0) -> Iterator[Line]:
    """The lines below a value, or the next of them; what is below them comes when they are opened."""
    pairs = list(value.items() if isinstance(value, Mapping) else enumerate(value))[begin:]
    for key, inner in pairs[:MOST_CHILDREN]:
        line = Line(key, inner, _short(inner))
        tone(line, "muted")
        tone(line, _tone_of(inner), 1)
        if isinstance(inner, str):
            line.setToolTip(1, inner[:2000])
        yield line
    if len(pairs) > MOST_CHILDREN:
        rest = len(pairs) - MOST_CHILDREN
        more = Line(None, value, ntr("{n} more: click to see", "{n} more: click to see", rest))
        more.is_filled = True
        more.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.DontShowIndicator)
        tone(more, "accent", 1)
        yield more


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ntr("{n} entry", "{n} entries", len(value))
    if isinstance(value, list):
        return ntr("{n} item", "{n} items", len(value))
    if isinstance(value, str):
        return " ".join(value[:LONGEST].split()) if value.strip() else json.dumps(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _tone_of(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "faint"
    return "text" if isinstance(value, str) else "accent"
