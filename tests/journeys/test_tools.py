"""Tools in the window: dragged in from the palette, mapped where one is missing, added to an agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QTabBar

from editor.dialogs.tool_mapping import ToolMapping
from editor.dialogs.tool_picker import ToolPicker
from editor.panels.palette import Palette
from editor.panels.problems import Problems
from editor.screenshot import wait_until
from engine.services.tool_snapshot import ToolIdentity
from tests.engine.services.test_tools import end, start, tool, workflow
from tests.helpers.studio import Studio, opened_studio

AGENT = {
    "type": "agent",
    "title": "Agent",
    "agent_strategy_name": "function_calling",
    "agent_parameters": {"tools": {"type": "constant", "value": []}},
}
MISSING = {**tool("builtin", "acme/clock/clock", "current_timee"), "title": "Clock"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        opened.services.open_workspace()
        opened.window.studio.tools.load()
        assert wait_until(lambda: bool(opened.window.studio.tools.groups), 20)
        yield opened


def open_workflow(studio: Studio, *nodes: dict[str, Any]) -> None:
    app_id = studio.services.workflows.create("workflow", "W", workflow=workflow("W", *nodes))
    studio.open_app(app_id)


def tab(bar: QTabBar, word: str) -> None:
    index = next(i for i in range(bar.count()) if bar.tabText(i) == word)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())


def test_a_tool_is_placed_from_the_palette(studio: Studio) -> None:
    open_workflow(studio, start(), end())
    palette = studio.page.panels["palette"]
    assert isinstance(palette, Palette)
    tab(palette.parts.tabs, "Tools")
    QTest.keyClicks(palette.search, "weekday")
    names = [palette.parts.tools.item(i).text() for i in range(palette.parts.tools.count())]
    assert names == ["Time", "Weekday calculator"]
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    canvas = studio.page.canvas
    place = QPoint(canvas.width() // 2, canvas.height() // 2 + 160)
    QTest.mouseMove(canvas, place)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    data = studio.page.session.document.graph.nodes[studio.node("Weekday calculator")].data
    assert (data["type"], data["provider_id"], data["tool_name"]) == ("tool", "time", "weekday")
    assert [p["name"] for p in data["paramSchemas"]] == ["year", "month", "day"]


def test_kinds_filter_the_tools(studio: Studio) -> None:
    open_workflow(studio, start(), end())
    palette = studio.page.panels["palette"]
    assert isinstance(palette, Palette)
    tab(palette.parts.tabs, "Tools")
    assert palette.parts.tools.count() > 20
    tab(palette.parts.kinds, "OpenAPI")
    assert palette.parts.tools.count() == 0


def on_card(studio: Studio) -> set[str]:
    """The words in the body of the tool's card."""
    rows = studio.page.canvas.scene.items["1"].content.rows
    return {part.text for row in rows for part in row.parts}


@pytest.mark.spec("ai.130", "editor.36")
def test_a_missing_tool_is_mapped_from_its_form(studio: Studio) -> None:
    open_workflow(studio, start(), MISSING, end())
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    session = studio.page.session
    session.check()
    assert [p.code for p in session.problems if p.code == "tool.unknown"] == ["tool.unknown"]
    assert "Not installed here" in on_card(studio)
    studio.page.reveal("1", "")
    studio.settle()
    before = dict(session.document.graph.node("1").data)
    studio.click("Use time/current_time instead")
    assert wait_until(lambda: not [p for p in session.problems if p.code == "tool.unknown"], 20)
    assert "Not installed here" not in on_card(studio)
    assert session.document.graph.node("1").data == before  # the file's name stays
    assert studio.services.tools.aliases() == {
        ("clock", "current_timee"): ToolIdentity("builtin", "time", "current_time", "time")
    }


def test_a_missing_tool_is_mapped_from_the_checklist(studio: Studio) -> None:
    open_workflow(studio, start(), MISSING, end())
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    studio.page.session.check()
    assert not problems.fix.isHidden()
    assert problems.fix.text() == "Use time/current_time for current_timee"
    problems.fix.click()
    assert wait_until(lambda: bool(studio.services.tools.aliases()), 20)
    assert wait_until(problems.fix.isHidden, 20)


def test_an_agent_gets_a_tool_and_loses_it(studio: Studio) -> None:
    open_workflow(studio, start(), AGENT, end())
    studio.page.reveal("1", "")
    studio.settle()
    studio.click("Add tool")
    dialog = studio.dialog(ToolPicker)
    assert isinstance(dialog, ToolPicker)
    QTest.keyClicks(dialog.search, "calculate")
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)

    def tools() -> list[dict[str, Any]]:
        return list(studio.page.session.document.graph.node("1").data["agent_parameters"]["tools"]["value"])

    assert wait_until(lambda: len(tools()) == 1, 10)
    assert (tools()[0]["provider_name"], tools()[0]["tool_name"], tools()[0]["enabled"]) == (
        "maths",
        "eval_expression",
        True,
    )
    studio.activate()
    # The form is built again with the next turn of the loop.
    named = "Remove Calculate an expression"
    assert wait_until(
        lambda: any(b.accessibleName() == named for b in studio.page.inspector.findChildren(QPushButton)), 10
    )
    studio.click(named)
    assert tools() == []


JSON_PARSE = {
    **tool("builtin", "builtin", "json_parse", json_string='{"a": 7}', path="$.a"),
    "title": "Read it",
    "retry_config": {"retry_enabled": True, "max_retries": 2, "retry_interval": 100},
}


def mapping(studio: Studio) -> ToolMapping:
    """The dialog that the checklist opens for a tool whose parameters are called otherwise."""
    open_workflow(studio, start(), JSON_PARSE, end(found=["1", "text"]))
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    studio.page.session.check()
    assert problems.fix.text() == "Use json_process/parse for json_parse"
    QTest.mouseClick(problems.fix, Qt.MouseButton.LeftButton)
    dialog = studio.dialog(ToolMapping)
    assert isinstance(dialog, ToolMapping)
    return dialog


def choose(box: QComboBox, value: str) -> None:
    """Choose an entry with the keyboard."""
    box.setFocus()
    while str(box.currentData()) != value:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > before, value


def test_a_tool_with_other_parameters_is_mapped_for_the_workspace(studio: Studio) -> None:
    dialog = mapping(studio)
    assert dialog.boxes["content"].currentData() == "json_string"  # guessed
    assert dialog.note.text() == "Not used: path."
    choose(dialog.boxes["json_filter"], "path")
    assert dialog.note.text() == ""
    before = dict(studio.page.session.document.graph.node("1").data)
    QTest.mouseClick(dialog.everywhere, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: bool(studio.services.tools.aliases()), 30)
    assert studio.services.tools.alias_names() == {
        ("builtin", "json_parse"): {"json_string": "content", "path": "json_filter"}
    }
    session = studio.page.session
    assert wait_until(lambda: not [p for p in session.problems if p.code == "tool.unknown"], 30)
    assert session.document.graph.node("1").data == before
    summary = studio.run()
    assert summary["outputs"] == {"found": "7"}, summary

    studio.activate()
    assert studio.window.top.undo.toolTip() == "Undo: Use json_process/parse for json_parse"
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert wait_until(lambda: "tool.unknown" in {p.code for p in session.problems}, 30)
    assert studio.services.tools.aliases() == {}
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert wait_until(lambda: not [p for p in session.problems if p.code == "tool.unknown"], 30)
    assert studio.services.tools.alias_names() == {
        ("builtin", "json_parse"): {"json_string": "content", "path": "json_filter"}
    }


def test_a_tool_with_other_parameters_is_changed_in_one_step(studio: Studio) -> None:
    dialog = mapping(studio)
    choose(dialog.boxes["json_filter"], "path")
    session = studio.page.session
    before = dict(session.document.graph.node("1").data)
    QTest.mouseClick(dialog.here, Qt.MouseButton.LeftButton)
    data = session.document.graph.node("1").data
    assert (data["provider_id"], data["tool_name"]) == ("json_process", "parse")
    assert data["tool_parameters"] == {
        "content": {"type": "mixed", "value": '{"a": 7}'},
        "json_filter": {"type": "mixed", "value": "$.a"},
    }
    assert (data["title"], data["retry_config"]) == ("Read it", JSON_PARSE["retry_config"])
    assert studio.services.tools.aliases() == {}
    studio.activate()
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.document.graph.node("1").data == before
