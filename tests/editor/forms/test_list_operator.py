"""The list operator's form offers what the items of its list can do."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from engine.model.workflow import Workflow
from engine.nodes.list_operator import ListOperatorNode
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node


def flow(kind: str, **data: Any) -> Workflow:
    code = node("c", "code", code="", outputs={"r": {"type": kind}}, variables=[])
    files = {"variable": "fs", "type": "file-list", "label": "fs"}
    settings: dict[str, Any] = {
        "variable": ["start", "fs"] if kind == "array[file]" else ["c", "r"],
        "filter_by": {"enabled": True, "conditions": []},
        "order_by": {"enabled": True, "key": "", "value": "asc"},
        "limit": {"enabled": False, "size": 10},
        "extract_by": {"enabled": False, "serial": "1"},
        **data,
    }
    nodes = [node("start", "start", variables=[files]), code, node("l", "list-operator", **settings)]
    return made(nodes, [("start", "c"), ("c", "l")])


def menu(box: QComboBox) -> list[str]:
    return [str(box.itemData(index)) for index in range(box.count())]


@pytest.mark.parametrize(
    ("kind", "first", "there", "not_there"),
    [
        ("array[string]", "contains", "start with", "≥"),
        ("array[number]", "=", "≥", "contains"),
        ("array[boolean]", "is", "is not", "contains"),
    ],
)
def test_operators_fit_the_items(desk: Open, kind: str, first: str, there: str, not_there: str) -> None:
    here = desk(flow(kind), "l")
    here.click("Add condition")
    words = menu(here.one(QComboBox, "Operator"))
    assert (words[0], there in words, not_there in words) == (first, True, False)
    assert here.data["filter_by"]["conditions"][0]["comparison_operator"] == first
    assert not here.all(QComboBox, "Attribute")
    assert not here.all(QLineEdit, "Sort key")
    if kind == "array[boolean]":
        here.one(QCheckBox, "true").click()
        assert here.data["filter_by"]["conditions"][0]["value"] is True
    ListOperatorNode.config_model.model_validate(here.data)


def test_files_are_filtered_and_sorted_by_attributes(desk: Open) -> None:
    here = desk(flow("array[file]"), "l")
    here.click("Add condition")
    assert here.data["filter_by"]["conditions"] == [{"comparison_operator": "contains", "key": "name", "value": ""}]
    here.choose("Attribute", "extension")
    assert "start with" in menu(here.one(QComboBox, "Operator"))
    here.choose("Attribute", "size")
    assert "≥" in menu(here.one(QComboBox, "Operator"))
    here.choose("Sort key", "size")
    assert here.data["order_by"]["key"] == "size"
