"""A connection drawn to an aggregator offers the values of its source (editor-ux spec, C10)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.panels.variable_picker import VariablePicker
from tests.helpers.model import made, node
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

OUTPUTS = {"result": {"type": "string", "children": None}, "count": {"type": "number", "children": None}}


def opened(studio: Studio, **aggregator: Any) -> None:
    code = {"code_language": "python3", "code": "", "variables": [], "outputs": OUTPUTS}
    nodes = [
        node("s", "start", title="Begin", variables=[]),
        node("c", "code", x=320, title="Count", **code),
        node(
            "a",
            "variable-aggregator",
            x=640,
            title="First of all",
            **{"output_type": "any", "variables": [], **aggregator},
        ),
    ]
    flow = made(nodes, [("s", "c")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Gather", workflow=flow))
    page.canvas.fit()
    studio.settle()


def connect(studio: Studio) -> None:
    hand = studio.hand
    hand.drag(hand.at_socket("c"), hand.at_node("a", dy=10))


def chosen(studio: Studio, words: str) -> None:
    picker = popup(VariablePicker)
    assert isinstance(picker, VariablePicker)
    assert "First of all" in picker.search.placeholderText()
    QTest.keyClicks(picker.search, words)
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    studio.settle()


def test_the_value_that_is_chosen_goes_into_the_list_and_gives_it_its_type(studio: Studio) -> None:
    opened(studio)
    document = studio.page.session.document
    connect(studio)
    chosen(studio, "count")
    data = document.graph.node("a").data
    assert (data["variables"], data["output_type"]) == ([["c", "count"]], "number")
    assert [(e.source, e.target) for e in document.graph.edges.values()] == [("s", "c"), ("c", "a")]
    document.undo()
    assert document.graph.node("a").data["variables"] == []
    assert len(document.graph.edges) == 2
    document.undo()
    assert len(document.graph.edges) == 1


def test_esc_leaves_the_connection_and_nothing_else(studio: Studio) -> None:
    opened(studio)
    document = studio.page.session.document
    connect(studio)
    picker = popup(VariablePicker)
    QTest.keyClick(picker, Qt.Key.Key_Escape)
    studio.settle()
    assert len(document.graph.edges) == 2
    assert document.graph.node("a").data["variables"] == []
    assert [step.label for step in document.history()] == ["", "Connect"]


def test_with_groups_the_group_is_asked_for_where_several_take_the_value(studio: Studio) -> None:
    groups = [
        {"groupId": "1", "group_name": "Texts", "output_type": "string", "variables": [["s", "x"]]},
        {"groupId": "2", "group_name": "Numbers", "output_type": "any", "variables": []},
        {"groupId": "3", "group_name": "More", "output_type": "any", "variables": []},
    ]
    opened(studio, advanced_settings={"group_enabled": True, "groups": groups})
    document = studio.page.session.document
    connect(studio)
    chosen(studio, "count")
    menu = popup(QMenu)
    assert isinstance(menu, QMenu)
    assert [a.text() for a in menu.actions()] == ["Numbers", "More"]  # a list of texts takes no number
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    studio.settle()
    after = document.graph.node("a").data["advanced_settings"]["groups"]
    assert [g["variables"] for g in after] == [[["s", "x"]], [], [["c", "count"]]]
    assert after[2]["output_type"] == "number"


def test_nothing_is_offered_where_the_source_is_read_already_or_nothing_fits(studio: Studio) -> None:
    opened(studio, variables=[["c", "result"]], output_type="string")
    connect(studio)
    assert QApplication.activePopupWidget() is None

    flow = made(
        [
            node("i", "if-else", title="Which", cases=[]),
            node("a", "variable-aggregator", x=640, title="First of all", variables=[], output_type="any"),
        ],
        [],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "Branches", workflow=flow))
    page.canvas.fit()
    studio.settle()
    hand = studio.hand
    hand.drag(hand.at_socket("i", "false"), hand.at_node("a", dy=10))
    assert len(page.session.document.graph.edges) == 1
    assert QApplication.activePopupWidget() is None
