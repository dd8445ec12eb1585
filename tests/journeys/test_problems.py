"""The list of problems in the real window: what it offers to put right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest

from editor.panels.problems import Problems
from editor.theme import theme
from engine.model.graph import Edge
from engine.model.workflow import Workflow
from tests.engine.services.test_tools import end, start, workflow
from tests.helpers.studio import Studio


def with_a_circle() -> Workflow:
    code: dict[str, Any] = {"type": "code", "code": "def main():\n    return {}", "code_language": "python3"}
    made = workflow("W", start(), {**code, "title": "A"}, {**code, "title": "B"}, end())
    return made.with_graph(made.graph.with_edge(Edge("back", "2", "1")))


def test_a_connection_that_closes_a_circle_is_removed_with_one_click_and_comes_back_with_undo(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "W", workflow=with_a_circle()))
    session = studio.page.session
    studio.page.show_panel("problems")
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    session.check()
    assert problems.fix.isVisible()
    assert problems.fix.text() == "Remove the connection"
    circle = {e for e in session.document.graph.edges if e.startswith("e1") or e == "back"}

    QTest.mouseClick(problems.fix, Qt.MouseButton.LeftButton)
    assert len(circle & set(session.document.graph.edges)) == 1
    session.check()
    assert problems.fix.isHidden()

    session.undo()
    assert circle <= set(session.document.graph.edges)


def test_what_is_said_of_a_problem_is_never_cut(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "W", workflow=with_a_circle()))
    studio.page.show_panel("problems")
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    item = problems.list.item(0)
    short = problems.list.visualItemRect(item).height()
    item.setText("Title\n" + "words that go on and on " * 12 + "x" * 200)
    studio.settle()
    line = QFontMetrics(theme().font("small", 400)).lineSpacing()
    assert problems.list.visualItemRect(item).height() > short + 8 * line
    assert not problems.list.horizontalScrollBar().isVisible()
