"""Tabs and windows: they come back as they were, two on one workflow agree, files are dropped and handed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget

from editor.app import load
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.edits import SetField
from engine.model.hashing import content_hash
from tests.helpers.hands import write_in
from tests.helpers.studio import TEMPLATES, Studio, opened_studio

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.mark.spec("editor.84")
def test_the_same_tabs_selection_zoom_and_panels_come_back(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        first = studio.sample("branch-on-a-condition")
        second = studio.sample("code-with-an-error-branch")
        start = next(n.id for n in first.session.document.graph.nodes.values() if n.type == "start")
        studio.window.show_page(first)
        studio.settle()
        first.canvas.look_at(0.75, 40, 60)
        first.canvas.select([start])
        first.show_panel("problems")
        second.show_drawer("trace")
        first.session.submit(SetField(start, ("desc",), "not saved yet"), "Edit")
        apps = [first.session.app_id, second.session.app_id]
    assert not studio.messages.asked, "closing asks nothing"

    with opened_studio(tmp_path) as studio:
        load(studio.window, None)
        assert wait_until(lambda: len(studio.window.workflow_pages()) == 2, 20)
        first, second = studio.window.workflow_pages()
        assert [first.session.app_id, second.session.app_id] == apps
        assert wait_until(lambda: studio.window.page is first, 10)
        assert wait_until(lambda: first.canvas.zoom == 0.75, 10)
        assert first.canvas.selected_nodes() == [start]
        assert (first.shown_panel, second.shown_tab) == ("problems", "trace")
        assert first.session.document.graph.node(start).data["desc"] == "not saved yet"

    with opened_studio(tmp_path) as studio:
        load(studio.window, TEMPLATES / "loop-until-full.yml")
        assert wait_until(lambda: len(studio.window.workflow_pages()) == 3, 20)
        assert [p.session.app_id for p in studio.window.workflow_pages()][:2] == apps, "a file takes no tab away"
        assert wait_until(lambda: studio.window.page is studio.window.workflow_pages()[2], 10)


@pytest.mark.spec("editor.84")
def test_what_was_typed_last_and_both_windows_are_there_again(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        first = studio.sample("chat-companion")
        second = studio.sample("for-each-item")
        studio.activate()
        canvas = second.canvas
        room = next(n.id for n in second.session.document.graph.nodes.values() if n.is_container)
        child = next(n.id for n in second.session.document.graph.children(room) if not n.is_container_start)
        canvas.fit()
        studio.hand.click(studio.hand.at_node(child))
        studio.settle()
        QTest.keyClick(canvas, Qt.Key.Key_M, CTRL | Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(canvas, Qt.Key.Key_T, CTRL)
        canvas.setFocus()
        for _ in range(3):
            QTest.keyClick(canvas, Qt.Key.Key_Minus, CTRL)
        second.inspector.title.setFocus()
        QTest.keyClick(second.inspector.title, Qt.Key.Key_End)
        write_in(second.inspector.title, " 末")
        apps = [first.session.app_id, second.session.app_id]
        zoom, view = canvas.zoom, (round(canvas.camera.x), round(canvas.camera.y))
        studio.window.close()  # the field still has the keyboard, nothing is saved
        assert not studio.messages.asked

    with opened_studio(tmp_path, language="zh_CN") as studio:
        load(studio.window, None)
        assert wait_until(lambda: len(studio.window.workflow_pages()) == 2, 20)
        pages = studio.window.workflow_pages()
        assert [p.session.app_id for p in pages] == apps
        assert wait_until(lambda: studio.window.page is pages[1], 10)
        page = pages[1]
        assert wait_until(lambda: page.canvas.zoom == pytest.approx(zoom, abs=0.001), 10)
        assert (round(page.canvas.camera.x), round(page.canvas.camera.y)) == pytest.approx(view, abs=1)
        assert page.canvas.selected_nodes() == [child]
        assert page.session.document.graph.nodes[child].title.endswith(" 末")
        assert (page.shown_panel, page.shown_tab, page.inspector.isVisible()) == ("problems", "trace", True)
        assert not studio.messages.asked


@pytest.mark.spec("editor.28")
def test_the_change_history_names_steps_jumps_and_survives_a_restart(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        page = studio.sample("branch-on-a-condition")
        app_id, before = page.session.app_id, page.session.document.workflow.to_json()
        node = studio.node("Senior desk")
        page.session.submit(SetField(node, ("template",), "one"), "Edit Senior desk")
        page.session.submit(SetField(node, ("title",), "Desk"), "Rename")
        after = page.session.document.workflow.to_json()

    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)
        page.show_panel("changes")
        steps = page.panels["changes"].findChild(QListWidget)
        texts = [steps.item(row).text() for row in range(steps.count())]
        assert texts == ["Rename\nDesk", "Edit Senior desk", "Beginning"]
        item = steps.item(2)
        QTest.mouseClick(steps.viewport(), Qt.MouseButton.LeftButton, pos=steps.visualItemRect(item).center())
        document = page.session.document
        assert document.workflow.to_json() == before
        document.go_to(2)
        assert document.workflow.to_json() == after


@pytest.mark.spec("editor.28")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_history_of_real_work_names_it_and_goes_on_after_a_restart(tmp_path: Path, language: str) -> None:
    with opened_studio(tmp_path, language=language) as studio:
        page = studio.sample("branch-on-a-condition")
        document, canvas, app_id = page.session.document, page.canvas, page.session.app_id
        studio.activate()
        canvas.fit()
        states = [tree(page)]
        desk = studio.node("Senior desk")
        studio.hand.click(studio.hand.at_node(desk))
        studio.settle()
        page.inspector.title.setFocus()
        QTest.keyClick(page.inspector.title, Qt.Key.Key_A, CTRL)
        write_in(page.inspector.title, "Desk 甲")
        canvas.setFocus()
        states.append(tree(page))
        QTest.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        states.append(tree(page))
        QTest.keyClick(canvas, Qt.Key.Key_D, CTRL)
        states.append(tree(page))
        studio.hand.click(studio.hand.at_node(studio.node("Refund desk")))
        studio.messages.answers[:] = [True]  # others read it
        QTest.keyClick(canvas, Qt.Key.Key_Delete)
        states.append(tree(page))
        assert document.steps()[1] == 4
        QTest.keyClick(canvas, Qt.Key.Key_H, CTRL)
        listed = changes_of(page)
        assert len(listed) == 5
        # Newest first, each with what was done and to which node.
        for line, title in zip(listed, ("Refund desk", "Desk 甲", "Desk 甲", "Desk 甲"), strict=False):
            assert title in line
        assert len({line.split("\n")[0] for line in listed}) == 5
        click_step(page, 1)
        assert tree(page) == states[3]

    with opened_studio(tmp_path, language=language) as studio:
        page = studio.open_app(app_id)
        assert tree(page) == states[3]
        studio.activate()
        page.canvas.setFocus()
        QTest.keyClick(page.canvas, Qt.Key.Key_H, CTRL)
        assert changes_of(page) == listed, "also what was taken back"
        for row in (0, 3, 4, 1, 2):
            click_step(page, row)
            assert tree(page) == states[4 - row]
        QTest.keyClick(page.canvas, Qt.Key.Key_Y, CTRL)
        assert tree(page) == states[3]
        steps = page.panels["changes"].findChild(QListWidget)
        steps.setFocus()
        QTest.keyClick(steps, Qt.Key.Key_Home)
        QTest.keyClick(steps, Qt.Key.Key_Return)
        assert tree(page) == states[4], "by keys, too"


def tree(page: WorkflowPage) -> str:
    return content_hash(page.session.document.workflow)


def changes_of(page: WorkflowPage) -> list[str]:
    QApplication.processEvents()
    assert page.shown_panel == "changes"
    steps = page.panels["changes"].findChild(QListWidget)
    return [steps.item(row).text() for row in range(steps.count())]


def click_step(page: WorkflowPage, row: int) -> None:
    QApplication.processEvents()
    steps = page.panels["changes"].findChild(QListWidget)
    item = steps.item(row)
    steps.scrollToItem(item)
    QTest.mouseClick(steps.viewport(), Qt.MouseButton.LeftButton, pos=steps.visualItemRect(item).center())
    QApplication.processEvents()


@pytest.mark.spec("editor.85")
def test_a_change_in_one_window_appears_in_the_other(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    start = studio.node("Start")
    page.session.submit(SetField(start, ("desc",), "just written"), "Describe")
    other = studio.window.another()
    other.open_app(page.session.app_id)
    assert wait_until(lambda: other.page is not None, 10)
    assert other.page is not None
    page.session.save_now()  # what was not saved yet is no conflict with itself
    page.session.submit(SetField(start, ("title",), "Begin"), "Rename")
    assert wait_until(lambda: other.page.canvas.scene.items[start].full.title == "Begin", 0.5)
    other.close()
    page.session.undo()
    assert page.session.document.graph.node(start).title == "Start", "the first window goes on with it"
    assert studio.window.studio.windows == [studio.window]


@pytest.mark.spec("editor.85")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_what_hands_do_in_one_window_is_seen_in_the_other(tmp_path: Path, language: str) -> None:
    with opened_studio(tmp_path, language=language) as studio:
        page = studio.sample("branch-on-a-condition")
        other = studio.window.another()
        other.open_app(page.session.app_id)
        assert wait_until(lambda: other.page is not None, 10)
        there = other.page
        assert there is not None
        desk, refund = studio.node("Senior desk"), studio.node("Refund desk")
        there.canvas.select([desk])
        studio.activate()
        page.canvas.fit()
        studio.hand.click(studio.hand.at_node(desk))
        studio.settle()

        # Writing: the card, the panel, the tab of the problems and undo follow.
        page.inspector.title.setFocus()
        QTest.keyClick(page.inspector.title, Qt.Key.Key_A, CTRL)
        write_in(page.inspector.title, "Desk 乙")
        seen = lambda: there.canvas.scene.items[desk].full.title == there.inspector.title.text() == "Desk 乙"  # noqa: E731
        assert wait_until(seen, 0.5)
        place = there.canvas.scene.items[refund].box
        page.canvas.setFocus()

        # Moving by hand, seen while nothing is saved yet.
        studio.hand.drag(studio.hand.at_node(refund), studio.hand.at_node(refund) + QPointF(40, 50))
        assert wait_until(lambda: there.canvas.scene.items[refund].box != place, 0.5)
        studio.messages.answers[:] = [True]  # others read it
        QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
        assert wait_until(lambda: refund not in there.canvas.scene.items, 0.5)

        # And back: keys in the second window, one history for both.
        other.activateWindow()
        assert wait_until(other.isActiveWindow, 10)
        there.canvas.setFocus()
        QTest.keyClick(there.canvas, Qt.Key.Key_Z, CTRL)
        assert wait_until(lambda: refund in page.canvas.scene.items, 0.5)
        there.canvas.select([refund])
        QApplication.processEvents()
        there.inspector.title.setFocus()
        QTest.keyClick(there.inspector.title, Qt.Key.Key_End)
        write_in(there.inspector.title, "!")
        assert wait_until(lambda: page.canvas.scene.items[refund].full.title.endswith("!"), 0.5)
        other.close()
        studio.activate()
        page.canvas.setFocus()
        QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
        assert not page.canvas.scene.items[refund].full.title.endswith("!")


@pytest.mark.spec("editor.79")
def test_a_dropped_file_is_opened_as_new_or_over_the_workflow_in_front(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    file = TEMPLATES / "code-with-an-error-branch.yml"
    studio.messages.answers = [1]
    page.fileDropped.emit(str(file))
    assert wait_until(lambda: page.session.document.can_undo, 10)
    assert {n.type for n in page.session.document.graph.nodes.values()} >= {"code"}
    studio.messages.answers = [0]
    page.fileDropped.emit(str(file))
    assert wait_until(lambda: len(studio.window.workflow_pages()) == 2, 10)
    assert studio.window.recent.files() == [str(file)]
