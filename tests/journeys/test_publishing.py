"""What is published and what is not: the menu beside Publish, its sign, when the draft was saved."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.dialogs.backups import Backups
from editor.dialogs.tool_setups import WorkflowDialog
from editor.screenshot import wait_until
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import publish

LEFT = Qt.MouseButton.LeftButton


def opened_menu(studio: Studio) -> QMenu:
    QTest.mouseClick(studio.window.top.publish_more, LEFT)
    shown = [m for m in studio.window.findChildren(QMenu) if m.isVisible() and m.actions()]
    assert shown
    return shown[-1]


def lines(menu: QMenu) -> dict[str, bool]:
    """What the rows say, and whether they can be chosen."""
    return {a.text().split("\t")[0]: a.isEnabled() for a in menu.actions() if a.text()}


def pick(menu: QMenu, words: str) -> None:
    action = next(a for a in menu.actions() if a.text().split("\t")[0] == words)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    QApplication.processEvents()


def rename(studio: Studio, words: str) -> None:
    """Give the start node another title, with the keyboard."""
    studio.activate()
    studio.hand.click(studio.hand.at_node(studio.node("Start")))
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_F2)
    QTest.keyClicks(studio.page.inspector.title, words)


@pytest.mark.spec("editor.72")
def test_the_menu_says_what_is_published_and_leads_back_to_it(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    publication, top = page.session.publication, studio.window.top
    assert wait_until(lambda: publication.is_known, 20)
    menu = opened_menu(studio)
    shown = lines(menu)
    assert shown["The draft has not been published yet."] is False
    assert shown["Publish…"]
    assert not shown["Back to the latest version…"]
    assert shown["Offer as a tool (publish it first)"] is False
    menu.close()

    publish(studio, "First")
    assert wait_until(lambda: publication.latest is not None, 20)
    assert "Everything is published." in top.publish.toolTip()
    assert not publication.is_behind

    rename(studio, "Begin")
    assert publication.is_behind, "at once, before anything is saved"
    assert top.publish.accessibleDescription().startswith("The draft has changes that are not published.")
    menu = opened_menu(studio)
    assert any(line.startswith("Latest: First, ") for line in lines(menu))
    assert "Publish an update…" in lines(menu)
    studio.messages.answers = [True]
    pick(menu, "Back to the latest version…")
    assert wait_until(lambda: "Start" in {n.title for n in page.session.document.graph.nodes.values()}, 20)
    page.session.save_now()
    assert wait_until(lambda: not publication.is_behind, 20)


def test_the_bar_says_when_the_draft_was_saved(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    rename(studio, "Begin")
    assert wait_until(lambda: page.session.save_state == "saved" and page.session.saved_at is not None, 20)
    when = page.session.saved_at
    assert when is not None
    assert studio.window.top.state.text() == f"Saved {when.astimezone():%H:%M}"


def test_a_published_workflow_is_offered_as_a_tool_from_the_menu(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    publish(studio, "First")
    assert wait_until(lambda: page.session.publication.latest is not None, 20)
    pick(opened_menu(studio), "Offer as a tool…")
    dialog = studio.dialog(WorkflowDialog)
    assert isinstance(dialog, WorkflowDialog)
    assert wait_until(lambda: dialog.save.isEnabled(), 20)
    assert dialog.workflow.currentData() == page.session.app_id
    QTest.keyClicks(dialog.name, "which_desk")
    QTest.mouseClick(dialog.save, LEFT)
    tools = studio.services.workflow_tools
    assert wait_until(lambda: [(t.app_id, t.name) for t in tools.list()] == [(page.session.app_id, "which_desk")], 20)
    assert wait_until(lambda: "which_desk" in studio.window._toast.words.text(), 20)

    pick(opened_menu(studio), "Offer as a tool…")
    again = studio.dialog(WorkflowDialog)
    assert isinstance(again, WorkflowDialog)
    assert wait_until(lambda: again.name.text() == "which_desk", 20)
    again.reject()


def test_what_was_replaced_is_kept_and_can_be_put_back(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    pick(opened_menu(studio), "Backups of the draft…")
    dialog = studio.dialog(Backups)
    assert isinstance(dialog, Backups)
    assert not dialog.put_back.isEnabled(), "nothing was replaced yet"
    dialog.reject()
    publish(studio, "First")
    assert wait_until(lambda: page.session.publication.latest is not None, 20)
    rename(studio, "Begin")
    page.session.save_now()
    studio.messages.answers = [True]
    latest = page.session.publication.latest
    assert latest is not None
    studio.window.versioning.restore(page, latest.id)
    titles = lambda: {n.title for n in page.session.document.graph.nodes.values()}  # noqa: E731
    assert wait_until(lambda: "Start" in titles(), 20)

    studio.window.do("show_backups")
    dialog = studio.dialog(Backups)
    assert isinstance(dialog, Backups)
    assert wait_until(lambda: dialog.list.count() == 1, 20)
    assert dialog.list.item(0).text().startswith("Before a version was restored\n")
    QTest.mouseClick(dialog.put_back, LEFT)
    assert wait_until(lambda: "Begin" in titles(), 20)
    page.session.undo()
    assert "Start" in titles()

    studio.window.do("show_backups")
    dialog = studio.dialog(Backups)
    assert isinstance(dialog, Backups)
    assert wait_until(lambda: dialog.list.count() == 2, 20)
    QTest.mouseClick(dialog.beside, LEFT)
    assert wait_until(lambda: studio.page is not page and studio.page.session.name.endswith("(backup)"), 20)
