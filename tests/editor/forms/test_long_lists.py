"""Lists of many rows: what is seen at once is there at once, the rest follows, and nothing has to be waited for."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from editor.panels.forms.parts import RowList
from editor.panels.forms.template_edit import TemplateEdit
from editor.screenshot import wait_until
from tests.editor.forms.conftest import Desk, Open
from tests.editor.forms.test_conditions import flow
from tests.helpers.model import node

MANY = 30


def long_one(desk: Open) -> Desk:
    """An if-else node with many cases, its panel just shown."""
    cases: list[dict[str, Any]] = [
        {
            "case_id": f"case {n}",
            "id": f"case {n}",
            "logical_operator": "and",
            "conditions": [
                {
                    "id": f"c{n}",
                    "variable_selector": ["start", "q"],
                    "varType": "string",
                    "comparison_operator": "contains",
                    "value": f"word {n}",
                }
            ],
        }
        for n in range(MANY)
    ]
    return desk(flow(node("if", "if-else", cases=cases)), "if")


def words(here: Desk) -> list[str]:
    """The values of all cases that are built, in their order."""
    return [edit.toPlainText() for edit in here.inspector.findChildren(TemplateEdit) if edit.toPlainText()]


@pytest.mark.spec("editor.39")
def test_the_first_rows_are_there_with_the_panel_and_all_of_them_soon(desk: Open) -> None:
    here = long_one(desk)
    here.inspector.show_node("start")
    here.inspector.show_node("if")
    assert words(here) == [f"word {n}" for n in range(RowList.AT_ONCE)], "the panel does not wait for thirty cases"
    assert wait_until(lambda: len(words(here)) == MANY, 10)
    assert words(here) == [f"word {n}" for n in range(MANY)]


@pytest.mark.spec("editor.52")
def test_a_problem_far_down_gets_the_keyboard_at_once(desk: Open) -> None:
    here = long_one(desk)
    here.inspector.show_node("start")
    here.inspector.show_node("if")
    here.inspector.focus_field("cases.27.conditions.0.value")
    QApplication.processEvents()
    focused = QApplication.focusWidget()
    assert isinstance(focused, TemplateEdit)
    assert focused.toPlainText() == "word 27"


def test_a_row_added_before_the_others_are_there_is_the_last_one(desk: Open) -> None:
    here = long_one(desk)
    here.inspector.show_node("start")
    here.inspector.show_node("if")
    before = here.steps()
    rows = next(r for r in here.inspector.findChildren(RowList) if r.path == ("cases",))
    rows.add_button.click()
    assert here.steps() == before + 1
    assert [case["case_id"] for case in here.data["cases"]][:MANY] == [f"case {n}" for n in range(MANY)]
    assert len(here.data["cases"]) == MANY + 1
    assert wait_until(lambda: rows._rows.count() == MANY + 1, 10)
    here.session.undo()
    assert wait_until(lambda: words(here) == [f"word {n}" for n in range(MANY)], 10)
