"""Versions in the real window: publish, name, filter, look, compare, export, restore, delete, by mouse and by keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMenu, QTreeWidget

from editor.dialogs.publish import PublishDialog
from editor.dialogs.version_notes import VersionNotes
from editor.panels.comparison import Comparison
from editor.panels.value_view import ValueView
from editor.panels.versions import LIST, NO_MATCH, NOTHING, Versions
from editor.screenshot import wait_until
from editor.theme import theme
from engine.model.edits import MoveNodes, RemoveNode, SetField
from engine.model.hashing import content_hash
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def panel_of(studio: Studio) -> Versions:
    panel = studio.page.panels["versions"]
    assert isinstance(panel, Versions)
    return panel


def texts(panel: Versions) -> list[str]:
    return [panel.list.item(row).text() for row in range(panel.list.count())]


def until_listed(panel: Versions, count: int) -> None:
    """The draft and so many versions are listed."""
    assert wait_until(lambda: panel.pages.currentIndex() == LIST and panel.list.count() == count + 1, 30), texts(panel)


def publish(studio: Studio, name: str, comment: str = "") -> None:
    """By the keys of Publish and of its dialog."""
    page = studio.page
    before = len(studio.services.versions.list(page.session.app_id, limit=99))
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_P, CTRL | SHIFT)
    dialog = studio.dialog(PublishDialog)
    assert isinstance(dialog, PublishDialog)
    QTest.keyClicks(dialog.name, name)
    QTest.keyClicks(dialog.comment, comment)
    QTest.mouseClick(dialog.publish, LEFT)
    count = lambda: len(studio.services.versions.list(page.session.app_id, limit=99))  # noqa: E731
    assert wait_until(lambda: count() == before + 1, 30), studio.messages.__dict__
    until_listed(panel_of(studio), before + 1)


def row_of(panel: Versions, name: str) -> int:
    return next(row for row, text in enumerate(texts(panel)) if text.split("\n")[0] == name)


def click(panel: Versions, name: str) -> None:
    item = panel.list.item(row_of(panel, name))
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=panel.list.visualItemRect(item).center())


def choose(panel: Versions, name: str, action: str) -> None:
    """An action of the menu of a version, both by key."""
    panel.list.setFocus()
    panel.list.setCurrentRow(row_of(panel, name))
    QTest.mouseClick(panel.actions_button, LEFT)
    shown = lambda: [m for m in panel.findChildren(QMenu) if m.isVisible()]  # noqa: E731
    assert wait_until(lambda: bool(shown()), 10)
    (menu,) = shown()
    wanted = next(a for a in menu.actions() if a.text().split("\t")[0] == action)
    assert wanted.isEnabled(), f"{action} is greyed"
    for _ in range(20):
        if menu.activeAction() is wanted:
            break
        QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    QApplication.processEvents()


@pytest.mark.spec("editor.72")
def test_versions_are_published_named_filtered_and_deleted(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    QTest.keyClick(studio.window, Qt.Key.Key_H, CTRL | SHIFT)
    studio.settle()
    panel = panel_of(studio)
    assert page.shown_panel == "versions"
    assert wait_until(lambda: panel.pages.currentIndex() == NOTHING, 30)
    assert any("Nothing is published yet" in w.text() for w in panel.findChildren(QLabel) if w.isVisible())
    publish(studio, "First words", "The desk answers by hand")
    page.session.submit(SetField(studio.node("Senior desk"), ("template",), "Other"), "Edit")
    assert wait_until(lambda: "Changed since “First words”" in texts(panel)[0], 30), texts(panel)
    publish(studio, "")
    assert "Latest  ·  Same as the draft" in texts(panel)[1]
    assert "Latest" not in texts(panel)[2]

    # Named and noted long after publishing, by F2.
    panel.list.setFocus()
    panel.list.setCurrentRow(1)
    QTest.keyClick(panel.list, Qt.Key.Key_F2)
    dialog = studio.dialog(VersionNotes)
    assert isinstance(dialog, VersionNotes)
    QTest.keyClicks(dialog.name, "Second 50%")
    QTest.keyClicks(dialog.comment, "Answers by itself")
    QTest.mouseClick(dialog.save, LEFT)
    assert wait_until(lambda: texts(panel)[1].startswith("Second 50%\n"), 30)
    assert "Answers by itself" in texts(panel)[1]
    stored = studio.services.versions.list(page.session.app_id)
    assert [(v.name, v.comment) for v in stored] == [
        ("Second 50%", "Answers by itself"),
        ("First words", "The desk answers by hand"),
    ]

    # Filters: words in names and notes, and only those with a name.
    QTest.keyClicks(panel.filter, "BY HAND")
    until_listed(panel, 1)
    assert texts(panel)[1].startswith("First words")
    panel.filter.clear()
    QTest.keyClicks(panel.filter, "%")
    assert wait_until(lambda: panel.list.count() == 2 and texts(panel)[1].startswith("Second"), 30)
    QTest.keyClicks(panel.filter, "zzz")
    assert wait_until(lambda: panel.pages.currentIndex() == NO_MATCH, 30)
    studio.click("Show all", panel)
    until_listed(panel, 2)
    publish(studio, "")
    QTest.mouseClick(panel.named, LEFT)
    until_listed(panel, 2)
    QTest.mouseClick(panel.named, LEFT)
    until_listed(panel, 3)

    # Deleting asks; the latest stays; the id is copied.
    choose(panel, "First words", "Copy id")
    first = next(v.id for v in stored if v.name == "First words")
    assert QGuiApplication.clipboard().text() == first
    panel.list.setFocus()
    panel.list.setCurrentRow(row_of(panel, "First words"))
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert len(studio.messages.asked) == 1
    assert "First words" in studio.messages.asked[0]
    assert len(studio.services.versions.list(page.session.app_id)) == 3, "it was not confirmed"
    studio.messages.answers = [True]
    nodes = set(page.session.document.graph.nodes)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    until_listed(panel, 2)
    assert set(page.session.document.graph.nodes) == nodes, "Delete is the list's, not the canvas's"
    panel.list.setCurrentRow(1)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert "latest version cannot be deleted" in studio.messages.told[-1]
    assert len(studio.services.versions.list(page.session.app_id)) == 2


@pytest.mark.spec("editor.72")
def test_a_version_is_looked_at_exported_and_restored_and_undo_brings_the_draft_back(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = studio.sample("branch-on-a-condition")
    publish(studio, "First words")
    desk = studio.node("Senior desk")
    page.session.submit(SetField(desk, ("template",), "Other words"), "Edit")
    publish(studio, "Second words")
    page.session.submit(RemoveNode(desk), "Delete")
    draft = content_hash(page.session.document.workflow)
    panel = panel_of(studio)

    click(panel, "Second words")
    assert wait_until(lambda: studio.page is not page, 30)
    shown = studio.page
    assert shown.session.read_only
    assert shown.session.document.graph.node(desk).data["template"] == "Other words"
    assert shown.banner.isVisible()
    until_listed(panel_of(studio), 2)
    assert "Shown here" in texts(panel_of(studio))[1]
    QTest.mouseClick(shown.banner_back, LEFT)
    assert wait_until(lambda: studio.page is page, 30)

    target = tmp_path / "out.yml"
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (asked.append(a[2]), (str(target), ""))[1])
    choose(panel, "Second words", "Export")
    assert wait_until(target.exists, 30), studio.messages.__dict__
    assert asked == ["Branch on a condition Second words.yml"]
    assert "Other words" in target.read_text("utf-8"), "the version, not the draft"

    studio.messages.answers = [True]
    choose(panel, "First words", "Restore")
    graph = lambda: page.session.document.graph  # noqa: E731
    assert wait_until(lambda: desk in graph().nodes, 30)
    assert graph().node(desk).data["template"] != "Other words"
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert content_hash(page.session.document.workflow) == draft
    QTest.keyClick(page.canvas, Qt.Key.Key_Y, CTRL)
    assert desk in graph().nodes


def test_a_version_is_restored_when_its_drafts_tab_was_closed(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    app_id = page.session.app_id
    publish(studio, "First words")
    desk = studio.node("Senior desk")
    page.session.submit(RemoveNode(desk), "Delete")
    click(panel_of(studio), "First words")
    assert wait_until(lambda: studio.page is not page, 30)
    studio.window.close_page(studio.window.pages.indexOf(page))
    shown = studio.page
    studio.messages.answers = [True]
    QTest.mouseClick(shown.banner_action, LEFT)
    assert wait_until(lambda: studio.window.page is not shown, 30)
    assert studio.page.session.app_id == app_id
    assert wait_until(lambda: desk in studio.page.session.document.graph.nodes, 30)
    assert studio.page.session.document.can_undo


def colours_near(picture: QImage, x: float, y: float) -> set[str]:
    """The colours of a small square."""
    return {
        picture.pixelColor(round(x) + dx, round(y) + dy).name()
        for dx in range(-6, 7)
        for dy in range(-6, 7)
        if picture.rect().contains(round(x) + dx, round(y) + dy)
    }


@pytest.mark.spec("editor.73")
def test_two_states_are_compared_in_a_list_and_by_colour_and_sign_on_the_canvas(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    publish(studio, "First words")
    session = page.session
    desk, reply, start = studio.node("Senior desk"), studio.node("General reply"), studio.node("Start")
    refund = studio.node("Refund desk")
    session.submit(RemoveNode(desk), "Delete")
    session.submit(SetField(refund, ("template",), "New words"), "Edit")
    session.submit(MoveNodes({start: (-60, 120)}), "Move")
    added = page.canvas.edits.add_node("note", 500, 700)
    publish(studio, "Second words")
    session.submit(SetField(reply, ("title",), "Only in the draft"), "Rename")
    panel = panel_of(studio)

    # Two versions, chosen in the strip.
    panel.list.setCurrentRow(row_of(panel, "First words"))
    strip = panel.strip
    strip.after.setFocus()
    QTest.keyClick(strip.after, Qt.Key.Key_Down)
    assert (strip.before.currentText(), strip.after.currentText()) == ("First words", "Second words")
    QTest.mouseClick(strip.button, LEFT)
    assert wait_until(lambda: studio.page is not page, 30), studio.messages.__dict__
    shown = studio.page
    assert shown.session.read_only
    assert not shown.session.problems, "a picture of two states has no problems of its own"
    comparison = shown.panels["comparison"]
    assert isinstance(comparison, Comparison)
    assert (
        shown.canvas.state.diff.items() >= {desk: "removed", refund: "changed", start: "moved", added: "added"}.items()
    )
    assert reply not in shown.canvas.state.diff
    assert desk in shown.canvas.graph.nodes, "what was removed is shown too"
    studio.settle()
    picture = shown.canvas.grab().toImage()
    for node_id, tone in ((desk, "bad"), (refund, "warn"), (start, "accent"), (added, "good")):
        rect = shown.canvas.node_rect(str(node_id))
        assert theme().color(tone).name() in colours_near(picture, rect.left(), rect.top()), f"no {tone} sign"

    tree = comparison.tree
    lines = [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]
    assert {"Senior desk  ·  Removed", "Refund desk  ·  Changed", "Start  ·  Moved", "Note  ·  Added"} <= set(lines)
    item = tree.topLevelItem(lines.index("Refund desk  ·  Changed"))
    assert [item.child(n).text(0) for n in range(item.childCount())] == ["template"]
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(item.child(0)).center())
    values = [v.value() for v in comparison.details.findChildren(ValueView)]
    assert len(values) == 2
    assert values[0].startswith("Your refund")
    assert values[1] == "New words"
    assert shown.canvas.selected_nodes() == [refund]
    QTest.mouseClick(shown.banner_back, LEFT)
    assert wait_until(lambda: studio.page is page, 30)

    # A version and the draft, from the menu.
    choose(panel, "Second words", "Compare with the draft")
    assert wait_until(lambda: studio.page is not page, 30)
    draft_tree = studio.page.panels["comparison"].findChild(QTreeWidget)
    texts_of_draft = [draft_tree.topLevelItem(row).text(0) for row in range(draft_tree.topLevelItemCount())]
    assert texts_of_draft == ["Only in the draft  ·  Changed"]
    assert draft_tree.topLevelItem(0).child(0).text(0) == "title"
