"""Icons of the set: made once and kept, whoever shows them and whatever is deleted."""

from __future__ import annotations

import gc

from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from editor.icons import icon, tile_icon


def test_an_icon_outlives_every_widget_that_shows_it(qtbot: QtBot) -> None:
    keys = {made().cacheKey() for made in (lambda: icon("plus"), lambda: icon("plus", "text")) for _ in range(3)}
    assert len(keys) == 1
    assert icon("plus").cacheKey() != icon("plus", "muted").cacheKey() != tile_icon("start", "entry").cacheKey()
    for _ in range(8):
        tree = QTreeWidget()
        for name in ("plus", "trash"):
            item = QTreeWidgetItem(tree, [name])
            item.setIcon(0, icon(name))
            item.setIcon(1, tile_icon("start", "entry"))
        cycle: list[object] = [icon("plus"), tile_icon("start", "entry")]
        cycle.append(cycle)
        del cycle
        gc.collect()  # the icons that the list had must not take away what the tree draws
        tree.grab()
        tree.deleteLater()
        del tree, item
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert {icon("plus").cacheKey()} == keys
    shown = icon("plus").pixmap(QSize(16, 16), QIcon.Mode.Normal)
    assert not shown.isNull()
