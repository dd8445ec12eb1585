"""What else the list of versions promises: by keys alone, by the mouse alone, all that a version holds, containers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.panels.comparison import Comparison
from editor.screenshot import wait_until
from engine.model.edits import MoveNodes, RemoveNode, SetFeature, SetField, SetVariables
from engine.model.hashing import content_hash
from engine.model.workflow import Workflow
from tests.helpers.flows import nested_flow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_versions import CTRL, LEFT, SHIFT, click, panel_of, publish, row_of, until_listed

PARTS = ("features", "environment_variables", "conversation_variables")


def talking() -> Workflow:
    return made(
        [node("1", "start", variables=[]), node("2", "answer", answer="{{#env.key#}} {{#conversation.mood#}}")],
        [("1", "2")],
        mode="advanced-chat",
        features={"opening_statement": "Hello"},
        environment_variables=[{"id": "a", "name": "key", "value_type": "secret", "value": "sk-one"}],
        conversation_variables=[{"id": "c", "name": "mood", "value_type": "string", "value": "fine"}],
    )


def changed(studio: Studio) -> None:
    """The draft in everything that a version holds."""
    session = studio.page.session
    workflow = session.document.workflow
    session.submit(SetField("2", ("answer",), "Other"), "Edit")
    session.submit(SetFeature(("opening_statement",), "Good day"), "Opener")
    session.submit(SetVariables("environment", ()), "Variables")
    session.submit(SetVariables("conversation", workflow.conversation_variables[:0]), "Variables")


@pytest.mark.spec("editor.72")
def test_restoring_brings_all_back_that_a_version_holds_and_undo_all_of_the_draft(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "Talk", workflow=talking()))
    first = page.session.document.workflow
    publish(studio, "First")
    changed(studio)
    draft = page.session.document.workflow
    panel = panel_of(studio)

    # By the mouse alone: the menu of the right button.
    item = panel.list.item(row_of(panel, "First"))
    place = panel.list.visualItemRect(item).center()
    studio.messages.answers = [True]
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, panel.list.viewport().mapToGlobal(place))
    QApplication.sendEvent(panel.list.viewport(), event)
    (menu,) = [m for m in panel.findChildren(QMenu) if m.isVisible()]
    wanted = next(a for a in menu.actions() if a.text() == "Restore")
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(wanted).center())
    assert wait_until(lambda: page.session.document.graph.node("2").data["answer"] != "Other", 30)
    assert len(studio.messages.asked) == 1
    now = page.session.document.workflow
    for part in PARTS:
        assert getattr(now, part) == getattr(first, part), part
    assert dict(now.graph.nodes) == dict(first.graph.nodes)

    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    back = page.session.document.workflow
    for part in PARTS:
        assert getattr(back, part) == getattr(draft, part), part
    assert content_hash(back) == content_hash(draft)


@pytest.mark.spec("editor.72")
def test_without_a_yes_nothing_is_restored(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "Talk", workflow=talking()))
    publish(studio, "First")
    changed(studio)
    draft = content_hash(page.session.document.workflow)
    panel = panel_of(studio)
    click(panel, "First")
    assert wait_until(lambda: studio.page is not page, 30)
    studio.messages.answers = [False]
    QTest.mouseClick(studio.page.banner_action, LEFT)
    studio.settle()
    assert content_hash(page.session.document.workflow) == draft


@pytest.mark.spec("editor.72")
def test_by_keys_alone_a_version_is_looked_at_and_the_draft_is_come_back_to(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    publish(studio, "First")
    page.session.submit(SetField("join", ("title",), "Other"), "Edit")
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_H, CTRL | SHIFT)
    panel = panel_of(studio)
    until_listed(panel, 1)
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Home)
    QTest.keyClick(panel.list, Qt.Key.Key_Down)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert wait_until(lambda: studio.page is not page, 30)
    shown = studio.page
    assert shown.session.read_only
    assert shown.session.document.graph.node("join").title == "Join"
    studio.activate()
    shown.banner_back.setFocus()
    QTest.keyClick(shown.banner_back, Qt.Key.Key_Space)
    assert wait_until(lambda: studio.page is page, 30)
    assert page.session.document.graph.node("join").title == "Other"


@pytest.mark.spec("editor.72")
def test_more_than_ten_versions_are_loaded_page_by_page(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    versions = studio.services.versions
    for number in range(23):
        page.session.submit(SetField(studio.node("Senior desk"), ("template",), f"Words {number}"), "Edit")
        versions.publish(page.session.app_id, workflow=page.session.document.workflow, name=f"V{number}")
    page.show_panel("versions")
    panel = panel_of(studio)
    until_listed(panel, 10)
    QTest.mouseClick(panel.more, LEFT)
    until_listed(panel, 20)
    QTest.mouseClick(panel.more, LEFT)
    until_listed(panel, 23)
    assert not panel.more.isVisible()
    assert panel.list.item(1).text().startswith("V22\n")
    assert panel.list.item(23).text().startswith("V0\n")


def compared(studio: Studio) -> dict[str, list[str]]:
    """Line of the list: what stands below it."""
    page = studio.page
    comparison = page.panels["comparison"]
    assert isinstance(comparison, Comparison)
    tree = comparison.tree
    lines = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return {line.text(0): [line.child(n).text(0) for n in range(line.childCount())] for line in lines}


@pytest.mark.spec("editor.73")
def test_steps_inside_containers_are_compared_field_by_field(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    publish(studio, "First")
    session = page.session
    session.submit(SetField("join", ("retry_config", "max_retries"), 5), "Edit")
    session.submit(SetField("each", ("is_parallel",), True), "Edit")
    session.submit(MoveNodes({"long": (9, 40)}), "Move")
    session.submit(RemoveNode("loud"), "Delete")
    panel = panel_of(studio)
    panel.list.setCurrentRow(row_of(panel, "First"))
    QTest.mouseClick(panel.strip.button, LEFT)
    assert wait_until(lambda: studio.page is not page, 30), studio.messages.__dict__
    found = compared(studio)
    assert found["Join  ·  Changed"] == ["retry_config.max_retries"]
    assert found["Each  ·  Changed"] == ["is_parallel"]
    assert "loud  ·  Removed" in found or "Loud  ·  Removed" in found
    assert any(line.lower() == "long  ·  moved" for line in found)


@pytest.mark.spec("editor.73")
def test_variables_and_features_of_two_versions_are_compared_too_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = studio.open_app(studio.services.workflows.create("advanced-chat", "聊天", workflow=talking()))
        versions: Any = studio.services.versions
        versions.publish(page.session.app_id, workflow=page.session.document.workflow, name="甲")
        changed(studio)
        page.show_panel("versions")
        panel = panel_of(studio)
        until_listed(panel, 1)
        panel.list.setCurrentRow(1)
        QTest.mouseClick(panel.strip.button, LEFT)
        assert wait_until(lambda: studio.page is not page, 30), studio.messages.__dict__
        found = compared(studio)
        said = "\n".join([*found, *(one for below in found.values() for one in below)])
        assert "opening_statement" in said
        assert "key" in said
        assert "mood" in said
        assert "sk-one" not in said
        assert not any(word in said for word in ("Changed", "Removed", "Added"))
