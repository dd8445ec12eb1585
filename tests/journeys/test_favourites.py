"""Favourites and blocks used lately, where blocks are offered: by mouse, by keys, and kept for the next time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from editor.panels.block_list import TYPE, DragList
from editor.panels.palette import BlockSelector, Palette
from editor.screenshot import wait_until
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_first_hour import popup

LEFT = Qt.MouseButton.LeftButton
LIKE = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def groups(blocks: DragList) -> dict[str, list[str]]:
    """The titles of a list with the blocks below them."""
    found: dict[str, list[str]] = {}
    title = ""
    for row in range(blocks.count()):
        item = blocks.item(row)
        if item.data(TYPE):
            found[title].append(str(item.data(TYPE)))
        elif item.text():
            title = item.text()
            found[title] = []
    return found


def panel(studio: Studio) -> DragList:
    """The blocks at the side of the canvas."""
    return studio.page.findChildren(Palette)[0].list


def offered(studio: Studio) -> BlockSelector:
    studio.activate()
    canvas = studio.page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_A)
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    return selector


def add(studio: Studio, words: str) -> None:
    selector = offered(studio)
    QTest.keyClicks(selector.search, words)
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    studio.settle()


def test_what_was_added_lately_stands_first_and_the_newest_before_it(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        studio.open_app(studio.services.workflows.create("workflow", "Habits"))
        add(studio, "template")
        for words in ("code", "http", "code"):
            add(studio, words)
        selector = offered(studio)
        assert groups(selector.list)["Used lately"] == ["code", "http-request", "template-transform"]
        assert next(iter(groups(selector.list))) == "Used lately"
        QTest.keyClicks(selector.search, "code")
        assert "Used lately" not in groups(selector.list)  # a search finds each block once
        selector.close()
    with opened_studio(tmp_path) as studio:
        studio.open_app(studio.services.workflows.create("workflow", "Again"))
        selector = offered(studio)
        assert groups(selector.list)["Used lately"][0] == "code"
        selector.close()


def test_a_favourite_is_made_by_the_menu_and_by_keys_and_taken_back(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "Habits"))
    blocks = panel(studio)
    row = next(r for r in range(blocks.count()) if blocks.item(r).data(TYPE) == "loop")
    blocks.scrollToItem(blocks.item(row))
    at = blocks.visualItemRect(blocks.item(row)).center()
    blocks.customContextMenuRequested.emit(at)
    menu = popup(QMenu)
    assert isinstance(menu, QMenu)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(menu.actions()[0]).center())
    assert wait_until(lambda: groups(blocks).get("Favourites") == ["loop"], 5)

    selector = offered(studio)
    QTest.keyClicks(selector.search, "code")
    QTest.keyClick(selector.search, Qt.Key.Key_B, LIKE)
    selector.search.clear()
    assert groups(selector.list)["Favourites"] == ["loop", "code"]
    assert selector.list.currentItem().data(TYPE) == "loop"
    QTest.keyClick(selector.search, Qt.Key.Key_Down)
    QTest.keyClick(selector.search, Qt.Key.Key_B, LIKE)
    assert groups(selector.list)["Favourites"] == ["loop"]
    assert selector.list.currentItem().data(TYPE) == "code"
    selector.close()

    assert groups(blocks)["Favourites"] == ["loop"]
    blocks.setCurrentRow(1)
    blocks.setFocus()
    QTest.keyClick(blocks, Qt.Key.Key_B, LIKE)
    assert "Favourites" not in groups(blocks)


def test_only_what_fits_a_place_is_offered_among_favourites(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "Habits"))
    for name in ("answer", "code"):  # an answer belongs to chats
        studio.window.studio.habits.toggle(name)
    selector = offered(studio)
    assert groups(selector.list)["Favourites"] == ["code"]
    selector.close()


def test_a_click_on_the_title_of_a_group_has_no_menu(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "Habits"))
    panel(studio).customContextMenuRequested.emit(QPoint(10, 5))
    assert panel(studio).findChildren(QMenu) == []
