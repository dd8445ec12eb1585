"""Another language while everything is open: what is then on the screen is what a fresh start in it would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabBar,
    QTableView,
    QTabWidget,
    QTreeView,
    QTreeWidget,
    QWidget,
)

from editor.dialogs.preferences import PreferencesDialog
from editor.i18n import language, set_language
from editor.panels.versions import Versions
from editor.screenshot import wait_until
from editor.windows.batch import BatchWindow
from editor.windows.logs import LogsWindow
from editor.windows.page import WorkflowPage
from tests.helpers.flows import nested_flow
from tests.helpers.studio import Studio, opened_studio

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
Words = Counter[tuple[str, str, str]]
PANELS = ("palette", "variables", "features", "problems", "history", "versions", "changes")


def texts_of(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Kind and text of all that a widget says."""
    yield "tip", widget.toolTip()
    yield "name", widget.accessibleName()
    if isinstance(widget, QLabel | QAbstractButton):
        yield "text", widget.text()
    elif isinstance(widget, QLineEdit | QPlainTextEdit):
        yield "placeholder", widget.placeholderText()
    elif isinstance(widget, QTabBar):
        yield from (("tab", widget.tabText(n)) for n in range(widget.count()))
    elif isinstance(widget, QComboBox):
        yield from (("choice", widget.itemText(n)) for n in range(widget.count()))
    elif isinstance(widget, QListWidget):
        yield from (("item", widget.item(n).text()) for n in range(widget.count()))
    elif isinstance(widget, QTreeWidget):
        header = widget.headerItem()
        yield from (("header", header.text(n)) for n in range(widget.columnCount()))
    elif isinstance(widget, QTreeView | QTableView) and widget.model() is not None:
        model = widget.model()
        yield from (
            ("header", str(model.headerData(n, Qt.Orientation.Horizontal) or "")) for n in range(model.columnCount())
        )
    for action in widget.actions():
        yield "action", action.text()


def said(root: QWidget) -> Words:
    """Everything that the visible widgets of a window or a part say, with how often."""
    found: Words = Counter()
    for widget in [root, *root.findChildren(QWidget)]:
        if widget.isVisible():
            found.update((type(widget).__name__, kind, text) for kind, text in texts_of(widget) if text)
    return found


def look_at_everything(studio: Studio) -> dict[str, Words]:
    """What each panel, each tab of the drawer and the window says."""
    page = studio.page
    shown: dict[str, Words] = {}
    # What is published is asked for in the background, and when the draft was saved is no word of a language.
    assert wait_until(lambda: page.session.publication.is_known, 20)
    page.session.saved_at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    studio.window.top.refresh()
    for panel in PANELS:
        page.show_panel(panel)
        settle(studio)
        shown[panel] = said(page.left)
    for index in range(page.tabs.count()):
        page.tabs.setCurrentIndex(index)
        settle(studio)
        shown[f"drawer {index}"] = said(page.drawer)
    shown["inspector"] = said(page.inspector)
    shown["top"] = said(studio.window.top)
    shown["library"] = said_of_library(studio)
    return shown


def said_of_library(studio: Studio) -> Words:
    """What the library says, in front for a moment."""
    page = studio.page
    studio.window.show_page(studio.window.library)
    settle(studio)
    found = said(studio.window.library)
    studio.window.show_page(page)
    settle(studio)
    return found


def settle(studio: Studio) -> None:
    """What is asked for in the background has come."""
    wait_until(lambda: not studio.window.studio.tasks.busy, 10)
    for _ in range(3):
        QApplication.processEvents()


def open_all(studio: Studio, app_id: str) -> WorkflowPage:
    page = studio.open_app(app_id)
    page.show_drawer("run")
    page.canvas.select([studio.node("Which desk?")])
    for panel in PANELS:
        page.show_panel(panel)
        settle(studio)
    return page


def chosen_by_hand(studio: Studio, row: int) -> PreferencesDialog:
    """The language is chosen in the settings, by keys."""
    studio.activate()
    QTest.keyClick(studio.window, Qt.Key.Key_Comma, CTRL)
    dialog = studio.dialog(PreferencesDialog)
    assert isinstance(dialog, PreferencesDialog)
    box = next(b for b in dialog.findChildren(QComboBox) if b.findText("English") >= 0 and b.isVisible())
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down if row else Qt.Key.Key_Up)
    settle(studio)
    return dialog


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    set_language("en")


@pytest.mark.spec("editor.80")
@pytest.mark.parametrize(("first", "second"), [("en", "zh_CN"), ("zh_CN", "en")])
def test_a_live_change_of_language_says_what_a_fresh_start_says(tmp_path: Path, first: str, second: str) -> None:
    with opened_studio(tmp_path, language="en") as studio:
        page = studio.sample("branch-on-a-condition")
        app_id = page.session.app_id
        studio.services.versions.publish(app_id, name="First", force=True)
        page.session.save_now()
    with opened_studio(tmp_path, language=first) as studio:
        page = open_all(studio, app_id)
        canvas = page.canvas
        before = {i: item.content for i, item in canvas.scene.items.items()}
        dialog = chosen_by_hand(studio, row=int(second == "zh_CN"))
        assert language() == second
        in_settings = every_tab(dialog)
        dialog.accept()
        settle(studio)
        live = look_at_everything(studio)
        live_contents = {i: item.content for i, item in canvas.scene.items.items()}
        assert live_contents != before
        menus = [a.text() for a in studio.window.top.menus.actions()]
        assert studio.window.page is page, "nothing was opened anew"
    with opened_studio(tmp_path, language=second) as studio:
        page = open_all(studio, app_id)
        studio.activate()
        QTest.keyClick(studio.window, Qt.Key.Key_Comma, CTRL)
        dialog = studio.dialog(PreferencesDialog)
        for live_tab, fresh_tab in zip(in_settings, every_tab(dialog), strict=True):
            assert live_tab - fresh_tab == Counter(), "the settings still say"
            assert fresh_tab - live_tab == Counter(), "the settings do not say"
        dialog.accept()
        settle(studio)
        fresh = look_at_everything(studio)
        assert {i: item.content for i, item in page.canvas.scene.items.items()} == live_contents
        assert [a.text() for a in studio.window.top.menus.actions()] == menus
    same(live, fresh)


def every_tab(dialog: QWidget) -> list[Words]:
    """What each page of a dialog says."""
    tabs = dialog.findChild(QTabWidget)
    found = []
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        for _ in range(3):
            QApplication.processEvents()
        found.append(said(dialog))
    return found


def open_logs(studio: Studio) -> QWidget:
    QTest.keyClick(studio.window, Qt.Key.Key_R, CTRL | SHIFT)
    return a_window(LogsWindow)


def open_batch(studio: Studio) -> QWidget:
    studio.window.do("batch")
    return a_window(BatchWindow)


def a_window(kind: type[QWidget]) -> QWidget:
    found = lambda: [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]  # noqa: E731
    assert wait_until(lambda: bool(found()), 30)
    return found()[0]


def a_dialog(action: str) -> Callable[[Studio], QWidget]:
    def opened(studio: Studio) -> QWidget:
        studio.window.do(action)
        return studio.dialog(QDialog)

    return opened


def version_notes(studio: Studio) -> QWidget:
    panel = studio.page.panels["versions"]
    assert isinstance(panel, Versions)
    studio.page.show_panel("versions")
    settle(studio)
    panel.list.setCurrentRow(1)
    QTest.keyClick(panel.list, Qt.Key.Key_F2)
    return studio.dialog(QDialog)


def variable_dialog(studio: Studio) -> QWidget:
    studio.page.show_panel("variables")
    settle(studio)
    QTest.mouseClick(next(b for b in buttons(studio.page.panels["variables"])), LEFT)
    return studio.dialog(QDialog)


def buttons(part: QWidget) -> list[QAbstractButton]:
    return [b for b in part.findChildren(QAbstractButton) if b.isVisible()]


OPENERS: dict[str, Callable[[Studio], QWidget]] = {
    "logs": open_logs,
    "batch": open_batch,
    "shortcuts": a_dialog("shortcuts"),
    "publish": a_dialog("publish"),
    "palette": a_dialog("palette"),
    "settings": a_dialog("preferences"),
    "version notes": version_notes,
    "variable": variable_dialog,
}


@pytest.mark.spec("editor.80")
@pytest.mark.parametrize(("first", "second"), [("en", "zh_CN"), ("zh_CN", "en")])
@pytest.mark.parametrize("name", list(OPENERS))
def test_what_is_open_says_what_it_says_when_it_is_opened_again(
    studio: Studio, name: str, first: str, second: str
) -> None:
    set_language(first)
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    studio.services.versions.publish(page.session.app_id, name="One", force=True)
    studio.run({"texts": "one two"})
    studio.activate()
    page.canvas.setFocus()
    opened = OPENERS[name](studio)
    settle(studio)
    before = said(opened)
    set_language(second)
    settle(studio)
    live = said(opened)
    assert live != before
    opened.close()
    settle(studio)
    studio.activate()
    page.canvas.setFocus()
    again = OPENERS[name](studio)
    settle(studio)
    fresh = said(again)
    again.close()
    settle(studio)
    assert live - fresh == Counter(), "it still says"
    assert fresh - live == Counter(), "it does not say"


@pytest.mark.spec("editor.80")
@pytest.mark.parametrize(("first", "second"), [("en", "zh_CN"), ("zh_CN", "en")])
def test_a_run_that_is_shown_says_what_another_window_says_of_it(studio: Studio, first: str, second: str) -> None:
    set_language(first)
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    studio.run({"texts": "one two"})
    page.canvas.select([studio.node("Join")])
    page.inspector.tabs.setCurrentIndex(1)
    for tab in ("run", "values", "trace"):
        page.show_drawer(tab)
        settle(studio)
    choose_again(studio)
    set_language(second)
    settle(studio)
    live = look_at_everything(studio)
    other = studio.window.another()
    other.resize(studio.window.size())
    other.open_app(page.session.app_id)
    assert wait_until(lambda: other.page is not None, 30)
    twin = Studio(other)
    twin.activate()
    twin.page.canvas.select([studio.node("Join")])
    twin.page.inspector.tabs.setCurrentIndex(1)
    for tab in ("run", "values", "trace"):
        twin.page.show_drawer(tab)
        settle(twin)
    choose_again(twin)
    fresh = look_at_everything(twin)
    other.close()
    settle(studio)
    # The result stands in the window that ran it.
    same(live, fresh, but="drawer 0")


def choose_again(studio: Studio) -> None:
    """The trace shows the step that is chosen while it is open."""
    page = studio.page
    page.canvas.select([])
    page.canvas.select([studio.node("Join")])
    settle(studio)


def same(live: dict[str, Words], fresh: dict[str, Words], but: str = "") -> None:
    """Every part says the same."""
    for part, words in fresh.items():
        if part != but:
            assert live[part] - words == Counter(), f"{part} still says"
            assert words - live[part] == Counter(), f"{part} does not say"
