"""The library by mouse and keys: finding, marking, moving, bringing in and out."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMenu, QPushButton
from shiboken6 import isValid

from editor.library.cards import CardGrid, card_rect, tick_rect
from editor.library.info import InfoDialog
from editor.library.shelf import Query, chosen
from editor.library.sources import FromAddress, FromText
from editor.library.tagging import TagsDialog
from editor.screenshot import wait_until
from editor.windows.library import Library
from engine.services.workflows import AppSummary
from tests.helpers.model import made, node
from tests.helpers.servers import Reply, serving
from tests.helpers.studio import TEMPLATES, Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SAMPLES = sorted(TEMPLATES.glob("*.yml"))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path / "data") as made:
        yield made


class Shelf:
    """The library of a studio with three workflows, and a hand for it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        workflows = studio.services.workflows
        self.ids = [workflows.create(m, n) for m, n in (("workflow", "Alpha"), ("advanced-chat", "Beta talk"))]
        self.ids.append(workflows.create("workflow", "Gamma"))
        self.refresh()

    @property
    def library(self) -> Library:
        return self.studio.window.library

    @property
    def grid(self) -> CardGrid:
        return self.library.grid

    def refresh(self) -> None:
        self.library.refresh()
        self.wait(lambda: len(self.library._all) == len(self.studio.services.workflows.list()))

    def wait(self, condition: Callable[[], bool]) -> None:
        assert wait_until(condition, 30), (self.names, self.studio.messages.__dict__)

    @property
    def names(self) -> list[str]:
        return [app.name for app in self.grid.apps.apps]

    def see(self, *names: str) -> None:
        """Wait until exactly these are shown."""
        self.wait(lambda: sorted(self.names) == sorted(names))

    def rect(self, name: str) -> Any:
        index = self.grid.apps.index(self.names.index(name))
        return card_rect(self.grid.visualRect(index))

    def click(self, name: str, keys: Qt.KeyboardModifier = NONE, *, box: bool = False) -> None:
        rect = self.rect(name)
        QTest.mouseClick(self.grid.viewport(), LEFT, keys, tick_rect(rect).center() if box else rect.center())

    def place(self, name: str) -> None:
        places = self.library.side.places
        row = next(r for r in range(places.count()) if places.item(r).text().startswith(name))
        QTest.mouseClick(places.viewport(), LEFT, pos=places.visualItemRect(places.item(row)).center())

    def button(self, name: str) -> None:
        found = [b for b in self.library.findChildren(QPushButton) if b.isVisible() and b.accessibleName() == name]
        found += [b for b in self.library.findChildren(QPushButton) if b.isVisible() and b.text() == name]
        assert found, name
        QTest.mouseClick(found[0], LEFT)

    def menu(self, name: str, *path: str) -> None:
        """Open the menu of a card and choose from it."""
        self.library.grid.put_current(self.names.index(name))
        self.library._menu(self.grid.viewport().mapToGlobal(self.rect(name).center()))
        menu = self.open_menu()
        for words in path:
            action = next(a for a in menu.actions() if a.text().split("\t")[0] == words)
            if action.menu() is not None:
                menu = action.menu()
            else:
                action.trigger()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QMenu) and widget.isVisible():
                widget.close()
        self.studio.activate()
        self.grid.setFocus()

    def open_menu(self) -> QMenu:
        self.wait(lambda: any(isinstance(w, QMenu) and w.isVisible() for w in QApplication.topLevelWidgets()))
        return next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())

    def dialog(self, kind: type[QDialog]) -> Any:
        return self.studio.dialog(kind)

    def undo(self) -> None:
        """Press the button of the line that was said last."""
        action, then = self.studio.messages.offers[-1]
        assert action == "Undo"
        then()


@pytest.fixture
def shelf(studio: Studio) -> Shelf:
    return Shelf(studio)


def test_a_click_opens_and_a_box_selects(shelf: Shelf) -> None:
    shelf.click("Alpha", box=True)
    shelf.click("Gamma")  # while something is selected a click selects
    assert {a.name for a in shelf.grid.selected()} == {"Alpha", "Gamma"}
    assert shelf.studio.window.page is None
    assert shelf.library.chosen_words.text() == "2 selected"
    QTest.keyClick(shelf.grid, Qt.Key.Key_Escape)
    assert shelf.grid.selected() == []
    shelf.click("Gamma")
    shelf.wait(lambda: shelf.studio.window.page is not None)
    assert shelf.studio.page.session.name == "Gamma"


def test_the_keyboard_alone_finds_selects_and_opens(shelf: Shelf) -> None:
    QTest.keyClicks(shelf.library.search, "a")
    assert len(shelf.names) == 3
    QTest.keyClick(shelf.library.search, Qt.Key.Key_Return)
    assert shelf.grid.hasFocus()
    QTest.keyClick(shelf.grid, Qt.Key.Key_Space)
    QTest.keyClick(shelf.grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert [a.name for a in shelf.grid.selected()] == shelf.names[:2]
    QTest.keyClick(shelf.grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(shelf.grid.selected()) == 3
    QTest.keyClick(shelf.grid, Qt.Key.Key_Escape)
    QTest.keyClick(shelf.grid, Qt.Key.Key_Home)
    QTest.keyClick(shelf.grid, Qt.Key.Key_Return)
    shelf.wait(lambda: shelf.studio.window.page is not None)


def test_places_words_and_sorting_choose_what_is_shown(shelf: Shelf) -> None:
    shelf.place("Chat flows")
    shelf.see("Beta talk")
    shelf.place("Workflows")
    shelf.see("Alpha", "Gamma")
    QTest.keyClicks(shelf.library.search, "gam")
    shelf.see("Gamma")
    shelf.library.search.clear()
    shelf.place("All workflows")
    assert shelf.names == ["Gamma", "Beta talk", "Alpha"]  # the last change first
    shelf.library.sort.setFocus()
    QTest.keyClick(shelf.library.sort, Qt.Key.Key_Down)
    shelf.library.sort.activated.emit(shelf.library.sort.currentIndex())
    assert shelf.names == ["Alpha", "Beta talk", "Gamma"]
    assert shelf.studio.window.studio.preferences.get("library")["sort"] == "name"
    shelf.place("Samples")
    assert shelf.library.samples.isVisible()
    shelf.place("Pinned")
    shelf.button("Show all workflows")
    shelf.see("Alpha", "Beta talk", "Gamma")


def test_pinned_workflows_come_first_and_undo_takes_that_back(shelf: Shelf) -> None:
    shelf.menu("Alpha", "Pin")
    shelf.wait(lambda: shelf.names[:1] == ["Alpha"])
    shelf.place("Pinned")
    shelf.see("Alpha")
    shelf.undo()
    shelf.see()
    assert not any(app.pinned for app in shelf.studio.services.workflows.list())


def test_the_trash_takes_several_gives_them_back_and_is_emptied_after_a_question(shelf: Shelf) -> None:
    window = shelf.studio.window
    shelf.studio.open_app(shelf.ids[0])
    window.show_page(window.library)
    shelf.click("Alpha", box=True)
    shelf.click("Gamma", box=True)
    shelf.grid.setFocus()
    QTest.keyClick(shelf.grid, Qt.Key.Key_Delete)
    shelf.see("Beta talk")
    assert window.workflow_pages() == []  # what is in the trash is open no more
    assert shelf.studio.messages.told[-1] == "Moved 2 workflows to the trash"
    QTest.keyClick(shelf.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    shelf.see("Alpha", "Beta talk", "Gamma")
    shelf.menu("Alpha", "Move to trash")
    shelf.see("Beta talk", "Gamma")
    shelf.place("Trash")
    shelf.see("Alpha")
    shelf.click("Alpha")  # cannot be opened from there
    assert "in the trash" in shelf.studio.messages.told[-1]
    shelf.studio.messages.answers = [False, True]
    shelf.menu("Alpha", "Delete for good…")
    shelf.see("Alpha")
    shelf.grid.setFocus()
    QTest.keyClick(shelf.grid, Qt.Key.Key_Delete)
    shelf.see()
    assert "cannot be undone" in shelf.studio.messages.asked[-1]
    assert shelf.studio.services.workflows.list(trash=True) == []


def test_a_workflow_that_others_use_as_a_tool_stays(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import UserError

    def refuse(app_id: str, _version: str = "") -> None:
        if app_id == shelf.ids[0]:
            raise UserError("Beta talk uses it as a tool.")

    monkeypatch.setattr(shelf.studio.services.workflow_tools, "refuse_deletion", refuse)
    QTest.keyClick(shelf.grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    shelf.library.act("select_all")
    shelf.library.act("delete")
    shelf.see("Alpha")
    assert "Alpha: Beta talk uses it" in shelf.studio.messages.errors[-1]


def test_copies_stand_beside_their_originals(shelf: Shelf) -> None:
    shelf.menu("Alpha", "Duplicate")
    shelf.see("Alpha", "Alpha copy", "Beta talk", "Gamma")
    shelf.menu("Alpha", "Duplicate")
    shelf.see("Alpha", "Alpha copy", "Alpha copy 2", "Beta talk", "Gamma")
    QTest.keyClick(shelf.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    shelf.see("Alpha", "Alpha copy", "Beta talk", "Gamma")


def test_a_workflow_is_converted_where_that_is_possible(shelf: Shelf) -> None:
    workflows = shelf.studio.services.workflows
    hook = made([node("1", "trigger-webhook", title="Hook"), node("2", "end", title="Out")], [("1", "2")])
    workflows.create("workflow", "Hooked", workflow=hook)
    out = [{"variable": "a", "value_selector": ["1", "a"]}]
    flow = made([node("1", "start"), node("2", "end", outputs=out)], [("1", "2")])
    workflows.create("workflow", "Flow", workflow=flow)
    shelf.refresh()
    shelf.menu("Flow", "Convert to a chat flow")
    shelf.wait(lambda: "Flow (chat flow)" in shelf.names)
    shelf.menu("Hooked", "Convert to a chat flow")
    shelf.wait(lambda: bool(shelf.studio.messages.errors))
    assert "Hook" in shelf.studio.messages.errors[-1]


def test_name_description_and_icon_are_edited_in_a_dialog(shelf: Shelf, tmp_path: Path) -> None:
    shelf.grid.setFocus()
    shelf.grid.put_current(shelf.names.index("Alpha"))
    QTest.keyClick(shelf.grid, Qt.Key.Key_F2)
    dialog = shelf.dialog(InfoDialog)
    dialog.name.clear()
    assert not dialog.save.isEnabled()
    QTest.keyClicks(dialog.name, "Reports")
    QTest.keyClicks(dialog.description, "Every morning")
    picture = tmp_path / "icon.png"
    image = QImage(600, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    image.save(str(picture))
    dialog.use_image(picture)
    shelf.wait(lambda: dialog._info.icon_type == "image")
    QTest.mouseClick(dialog.save, LEFT)
    shelf.see("Reports", "Beta talk", "Gamma")
    info = shelf.studio.services.library.info(shelf.ids[0])
    assert (info.description, info.icon_type) == ("Every morning", "image")
    path = shelf.studio.services.file_path(info.icon)
    assert path is not None
    assert QImage(str(path)).size().toTuple() == (256, 256)
    shelf.undo()
    shelf.see("Alpha", "Beta talk", "Gamma")


def test_an_open_workflow_is_renamed_in_its_own_history(shelf: Shelf) -> None:
    page = shelf.studio.open_app(shelf.ids[0])
    shelf.studio.window.show_page(shelf.library)
    shelf.menu("Alpha", "Name and icon…")
    dialog = shelf.dialog(InfoDialog)
    dialog.name.selectAll()
    QTest.keyClicks(dialog.name, "Omega")
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    shelf.see("Omega", "Beta talk", "Gamma")
    assert page.session.name == "Omega"
    page.session.undo()
    assert page.session.name == "Alpha"


def test_tags_are_made_put_on_filtered_by_and_removed(shelf: Shelf) -> None:
    shelf.library.manage_tags()
    dialog = shelf.dialog(TagsDialog)
    for name in ("Work", "Play"):
        QTest.keyClicks(dialog.fresh, name)
        QTest.keyClick(dialog.fresh, Qt.Key.Key_Return)
        shelf.wait(lambda name=name: any(f.text() == name for f in dialog.findChildren(QLineEdit)))  # type: ignore[misc]
    shelf.wait(lambda: any(f.accessibleName() == "Name of Play" for f in dialog.findChildren(QLineEdit)))
    old = next(f for f in dialog.findChildren(QLineEdit) if f.accessibleName() == "Name of Play")
    QTest.keyClicks(dialog.fresh, "work")
    QTest.keyClick(dialog.fresh, Qt.Key.Key_Return)
    shelf.wait(lambda: dialog.wrong.isVisible() and not isValid(old))  # the rows are made anew
    field = next(f for f in dialog.findChildren(QLineEdit) if f.accessibleName() == "Name of Play")
    field.selectAll()
    QTest.keyClicks(field, "Fun")
    QTest.keyClick(field, Qt.Key.Key_Return)
    shelf.wait(lambda: [t.name for t in shelf.studio.services.library.tags()] == ["Work", "Fun"])
    dialog.accept()
    shelf.wait(lambda: [t.name for t in shelf.library._known] == ["Work", "Fun"])
    shelf.menu("Alpha", "Tags", "Work")
    shelf.wait(lambda: shelf.library._marks.get(shelf.ids[0]) == ["Work"])
    tags = shelf.library.side.tags
    tags.setCurrentRow(0)
    QTest.keyClick(tags, Qt.Key.Key_Space)
    shelf.see("Alpha")
    tags.setCurrentRow(1)
    QTest.keyClick(tags, Qt.Key.Key_Space)
    shelf.see()
    shelf.button("Show without tags")
    shelf.see("Alpha", "Beta talk", "Gamma")
    shelf.studio.messages.answers = [True]
    shelf.library.manage_tags()
    dialog = shelf.dialog(TagsDialog)
    shelf.wait(
        lambda: any(
            w.accessibleName() == "Remove Work" and w.isVisible()
            for w in dialog.findChildren(QPushButton) + _tools(dialog)
        )
    )
    shelf.studio.click("Remove Work", dialog)
    shelf.wait(lambda: [t.name for t in shelf.studio.services.library.tags()] == ["Fun"])
    dialog.accept()


def _tools(dialog: QDialog) -> list[Any]:
    from PySide6.QtWidgets import QToolButton

    return list(dialog.findChildren(QToolButton))


# -- in and out ------------------------------------------------------------------------------------------------------


def test_text_becomes_a_workflow_and_its_faults_are_shown_in_it(shelf: Shelf) -> None:
    shelf.library.import_text()
    dialog = shelf.dialog(FromText)
    dialog.text.setPlainText("app:\n  name: x\n bad: [1\n")
    QTest.mouseClick(dialog.take, LEFT)
    shelf.wait(dialog.wrong.isVisible)
    assert dialog.wrong.text()[0].isdigit()
    assert dialog.text.textCursor().hasSelection()
    dialog.text.setPlainText(SAMPLES[0].read_text("utf-8"))
    assert not dialog.wrong.isVisible()
    QTest.mouseClick(dialog.take, LEFT)
    shelf.wait(lambda: shelf.studio.window.page is not None)


def test_an_address_is_fetched_under_the_network_rules(shelf: Shelf) -> None:
    content = SAMPLES[0].read_bytes()
    with serving(lambda _: Reply(content)) as server:
        shelf.library.import_address()
        dialog = shelf.dialog(FromAddress)
        dialog.address.setText(f"{server.url}/flow.yml")
        QTest.keyClick(dialog.address, Qt.Key.Key_Return)
        shelf.wait(dialog.wrong.isVisible)
        assert "network rules" in dialog.wrong.text()
        assert dialog.address.isEnabled()
        shelf.studio.services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        QTest.mouseClick(dialog.take, LEFT)
        shelf.wait(lambda: shelf.studio.window.page is not None)
    assert len(server.requests) == 1


def test_closing_the_dialog_gives_a_download_up(shelf: Shelf) -> None:
    async def slow() -> AsyncIterator[bytes]:
        import asyncio

        yield b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nabc"
        await asyncio.sleep(3600)

    shelf.studio.services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
    with serving(lambda _: slow()) as server:
        shelf.library.import_address()
        dialog = shelf.dialog(FromAddress)
        dialog.address.setText(f"{server.url}/flow.yml")
        dialog.begin()
        shelf.wait(lambda: dialog.bar.maximum() == 100_000)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert shelf.studio.window.page is None
    assert len(shelf.studio.services.workflows.list()) == 3


def drop(library: Library, *files: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(f)) for f in files])
    event = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    library.dropEvent(event)


@pytest.mark.spec("editor.79")
def test_one_dropped_file_opens(shelf: Shelf) -> None:
    drop(shelf.library, SAMPLES[0])
    shelf.wait(lambda: shelf.studio.window.page is not None)


def test_many_dropped_files_come_in_without_opening_and_go_again_with_undo(shelf: Shelf, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("- no\n")
    drop(shelf.library, SAMPLES[0], SAMPLES[1], bad, tmp_path / "note.txt")
    shelf.wait(lambda: len(shelf.names) == 5)
    assert shelf.studio.window.page is None
    assert "Imported 2 workflows" in shelf.studio.messages.told
    assert "bad.yml" in shelf.studio.messages.errors[-1]
    shelf.undo()
    shelf.see("Alpha", "Beta talk", "Gamma")


def test_several_are_exported_as_an_archive_that_comes_in_again(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "all.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    shelf.library.act("select_all")
    shelf.button("Export…")
    shelf.wait(target.exists)
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == ["Alpha.yml", "Beta talk.yml", "Gamma.yml"]
    shelf.wait(lambda: not shelf.library.strip.busy)
    drop(shelf.library, target)
    shelf.wait(lambda: len(shelf.names) == 6)
    one = tmp_path / "one.yml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(one), ""))
    shelf.grid.clearSelection()
    shelf.menu("Gamma", "Export…")
    shelf.wait(one.exists)


def test_progress_is_shown_and_can_be_given_up(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go_on = threading.Event()
    original = shelf.studio.services.workflows.export

    def slow(app_id: str, **more: Any) -> bytes:
        go_on.wait(60)
        return original(app_id, **more)

    monkeypatch.setattr(shelf.studio.services.workflows, "export", slow)
    shelf.library.commands.export_archive(shelf.library._all, tmp_path / "all.zip")
    strip = shelf.library.strip
    shelf.wait(lambda: strip.isVisible() and strip.bar.maximum() == 3)
    QTest.mouseClick(strip.cancel, LEFT)
    go_on.set()
    shelf.wait(lambda: not strip.isVisible())
    assert not (tmp_path / "all.zip").exists()
    assert shelf.studio.messages.errors == []


def test_a_new_workspace_begins_with_what_one_can_do(studio: Studio) -> None:
    library = studio.window.library
    library.refresh()
    assert wait_until(library.samples.welcome.isVisible, 30)
    new = next(b for b in library.samples.welcome.findChildren(QPushButton) if b.text() == "New workflow")
    QTest.mouseClick(new, LEFT)
    assert wait_until(lambda: studio.window.page is not None, 30)
    studio.window.show_page(library)
    assert wait_until(lambda: not library.samples.welcome.isVisible(), 30)


def test_what_is_shown_follows_from_plain_values() -> None:
    def app(number: int, **more: Any) -> AppSummary:
        facts = {"mode": "workflow", "opened_at": None, "pinned": False, **more}
        when = f"2026-01-{number:02}"
        return AppSummary(
            f"a{number}",
            f"App {number}",
            facts["mode"],
            "",
            "",
            "",
            when,
            facts["opened_at"],
            facts["pinned"],
            False,
            0,
        )

    apps = [app(n, opened_at=f"2026-02-{n:02}" if n % 2 else None) for n in range(1, 29)]
    marks = {"a3": ["x", "y"], "a4": ["x"]}
    assert [a.id for a in chosen(apps, [], marks, Query(tags=frozenset({"x"})))] == ["a4", "a3"]
    assert [a.id for a in chosen(apps, [], marks, Query(tags=frozenset({"x", "y"})))] == ["a3"]
    assert [a.id for a in chosen(apps, [], marks, Query(words="y app"))] == ["a3"]
    assert [a.id for a in chosen(apps, [], marks, Query("recent"))][:2] == ["a27", "a25"]
    assert Query.from_json({"place": "nowhere", "sort": 3}) == Query()
    assert Query.from_json("damaged") == Query()


def test_the_grid_fills_its_width(shelf: Shelf) -> None:
    for number in range(60):
        shelf.studio.services.workflows.create("workflow", f"More {number}")
    shelf.refresh()
    shelf.wait(lambda: len(shelf.names) == 63)
    grid = shelf.grid
    columns = max(1, grid.viewport().width() // grid.gridSize().width())
    assert grid.viewport().width() - columns * grid.gridSize().width() < columns + 32
