"""The forms of schedules and webhooks with mouse and keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt, QTime
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QScrollArea, QTimeEdit, QWidget

from engine.model.workflow import Workflow
from engine.nodes.specs.boundary import check_plugin_trigger
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node


def schedule(**data: Any) -> Workflow:
    settings: dict[str, Any] = {
        "mode": "visual",
        "frequency": "daily",
        "visual_config": {"time": "9:05 PM", "weekdays": ["sun"], "monthly_days": [1], "on_minute": 0},
        "timezone": "UTC",
        **data,
    }
    return made([node("s", "trigger-schedule", **settings), node("e", "end", outputs=[])], [("s", "e")])


def next_times(here: Desk) -> list[str]:
    return here.one(QLabel, "Next times").text().splitlines()


def test_only_what_matters_is_shown(desk: Open) -> None:
    here = desk(schedule(), "s")
    assert here.one(QTimeEdit, "Time").time() == QTime(21, 5)
    assert [t[11:16] for t in next_times(here)] == ["21:05"] * 5
    here.choose("How often", "Every week")
    assert here.one(QCheckBox, "Mon")
    here.click("Wed")
    assert here.data["visual_config"]["weekdays"] == ["wed", "sun"]
    assert {t[-3:] for t in next_times(here)} == {"Wed", "Sun"}
    here.choose("How often", "Every month")
    here.click("Last")
    here.click("1")
    assert here.data["visual_config"]["monthly_days"] == ["last"]
    here.click("Last")
    assert here.data["visual_config"]["monthly_days"] == ["last"], "a schedule without days would never fire"
    here.choose("How often", "Every hour")
    assert not here.all(QTimeEdit, "Time")
    assert {t[14:16] for t in next_times(here)} == {"00"}


def test_the_time_is_kept_as_dify_writes_it(desk: Open) -> None:
    here = desk(schedule(), "s")
    here.one(QTimeEdit, "Time").setTime(QTime(0, 30))
    assert here.data["visual_config"]["time"] == "12:30 AM"
    here.session.undo()
    assert here.one(QTimeEdit, "Time").time() == QTime(21, 5)


def test_a_cron_text_is_checked_while_it_is_typed(desk: Open) -> None:
    here = desk(schedule(mode="cron", cron_expression="0 9 * *"), "s")
    assert "five fields" in next_times(here)[0]
    edit = here.one(QLineEdit, "Cron expression")
    edit.setFocus()

    QTest.keyClicks(edit, " 1-5")
    assert here.data["cron_expression"] == "0 9 * * 1-5"
    assert len(next_times(here)) == 5
    assert here.data["frequency"] == "daily"


def test_the_zone_decides(desk: Open) -> None:
    here = desk(schedule(timezone="Asia/Shanghai"), "s")
    zone = here.one(QComboBox, "Time zone")
    assert zone.currentText() == "Asia/Shanghai"
    assert [t[11:16] for t in next_times(here)] == ["21:05"] * 5
    line = zone.lineEdit()
    assert line is not None
    line.setText("Nowhere/City")
    line.editingFinished.emit()
    assert (here.data["timezone"], zone.currentText()) == ("Asia/Shanghai", "Asia/Shanghai")


def webhook(**data: Any) -> Workflow:
    settings: dict[str, Any] = {"method": "post", "content_type": "application/json", "body": [], **data}
    end = node("e", "end", outputs=[{"variable": "r", "value_selector": ["h", "a"]}])
    return made([node("h", "trigger-webhook", **settings), end], [("h", "e")])


def test_tables_have_types_by_content(desk: Open) -> None:
    here = desk(webhook(), "h")
    assert here.one(QComboBox, "Method").currentText() == "POST"
    here.click("Add", 0)
    here.choose("Type", "boolean")
    here.click("Required")
    assert here.data["params"] == [{"name": "param1", "required": True, "type": "boolean"}]
    here.choose("Method", "PUT")
    assert here.data["method"] == "PUT"
    here.click("Add", 2)
    types = here.all(QComboBox, "Type")[1]
    assert "array[object]" in [types.itemText(i) for i in range(types.count())]


@pytest.mark.parametrize("answer", [True, False])
def test_another_content_type_empties_the_body(desk: Open, answer: bool) -> None:
    here = desk(webhook(body=[{"name": "a", "type": "object"}]), "h")
    before, steps = here.document.workflow, here.steps()
    here.messages.answers.append(answer)
    here.choose("Content type", "multipart/form-data")
    end = here.document.graph.node("e").data
    if answer:
        assert (here.data["body"], here.data["content_type"]) == ([], "multipart/form-data")
        assert end["outputs"][0]["value_selector"] == []
        assert here.steps() == steps + 1
    else:
        assert here.document.workflow == before
        assert here.one(QComboBox, "Content type").currentText() == "application/json"
    assert here.all(QWidget, "Add")


RAW = {"label": "raw", "required": True, "value_selector": [], "value_type": "object", "variable": "_webhook_raw"}


def listed(here: Desk) -> list[tuple[str, str, str, bool]]:
    """The list that repeats the tables: variable, label, type, required."""
    return [(v["variable"], v["label"], v["value_type"], v["required"]) for v in here.data["variables"]]


def test_the_list_of_outputs_in_the_file_follows_the_tables(desk: Open) -> None:
    order = {"label": "body", "required": True, "value_selector": [], "value_type": "string", "variable": "order"}
    here = desk(webhook(variables=[order, RAW], body=[{"name": "order", "type": "string", "required": True}]), "h")
    assert here.steps() == 1
    here.click("Add", 1)
    assert listed(here)[2] == ("header1", "header", "string", False)
    assert here.steps() == 2
    name = here.one(QLineEdit, "Name")
    name.setFocus()
    name.selectAll()
    QTest.keyClicks(name, "X-Order-Source")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert here.data["headers"][0]["name"] == "X-Order-Source"
    assert listed(here)[2] == ("X_Order_Source", "header", "string", False)
    here.click("Required")
    here.choose("Type", "array[object]")
    assert listed(here) == [
        ("order", "body", "array[object]", True),
        ("_webhook_raw", "raw", "object", True),
        ("X_Order_Source", "header", "string", True),
    ]
    here.click("Remove")
    assert [v[0] for v in listed(here)] == ["order", "_webhook_raw"]
    while here.document.can_undo:
        here.session.undo()
    assert here.data["variables"] == [order, RAW]


def test_the_list_is_made_where_the_file_has_none(desk: Open) -> None:
    """As in the files of the corpus, which have none; other settings do not bring it."""
    here = desk(webhook(), "h")
    here.choose("Method", "PUT")
    assert "variables" not in here.data
    here.click("Add", 0)
    assert here.data["variables"] == [
        RAW,
        {"label": "param", "required": False, "value_selector": [], "value_type": "string", "variable": "param1"},
    ]


def test_a_new_name_is_followed_and_a_bad_one_is_refused_in_words(desk: Open) -> None:
    here = desk(webhook(body=[{"name": "a", "type": "object"}, {"name": "b", "type": "object"}]), "h")
    name = here.one(QLineEdit, "Name")
    for typed, words in (("b", "taken"), ("1 x", "no digit first"), ("_webhook_raw", "cannot be")):
        name.setFocus()
        name.selectAll()
        QTest.keyClicks(name, typed)
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert any(words in label.text() for label in here.all(QLabel)), typed
        assert (name.text(), here.steps()) == ("a", 1)
    name.selectAll()
    QTest.keyClicks(name, "order")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert here.document.graph.node("e").data["outputs"][0]["value_selector"] == ["h", "order"]
    assert here.steps() == 2
    here.messages.answers.append(False)
    here.click("Remove", 0)
    assert len(here.data["body"]) == 2
    here.messages.answers.append(True)
    here.click("Remove", 0)
    assert [b["name"] for b in here.data["body"]] == ["b"]
    assert here.document.graph.node("e").data["outputs"][0]["value_selector"] == []
    assert here.steps() == 3


EVENT = {
    "plugin_id": "acme/tracker",
    "event_name": "issue_opened",
    "event_label": "Issue opened",
    "subscription_id": "",
    "plugin_unique_identifier": "acme/tracker:0.1.0@00",
    "parameters_schema": [
        {"name": "project", "type": "string", "required": True, "label": {"en_US": "Project"}},
        {"name": "open", "type": "boolean", "default": False},
        {
            "name": "level",
            "type": "select",
            "options": [{"value": "low", "label": {"en_US": "Low"}}, {"value": "high"}],
        },
    ],
    "event_parameters": {"extra": {"type": "variable", "value": ["n", "x"]}},
}


@pytest.mark.spec("logic.203")
def test_the_parameters_of_an_event_are_constants_written_by_hand(desk: Open) -> None:
    here = desk(made([node("p", "trigger-plugin", **EVENT)], []), "p")
    assert here.steps() == 1
    assert {"Issue opened", "acme/tracker"} <= {label.text() for label in here.all(QLabel)}
    QTest.keyClicks(here.one(QLineEdit, "Subscription"), "sub-1")
    QTest.keyClicks(here.one(QLineEdit, "Project"), "demo")
    here.click("open")
    here.choose("level", "high")
    assert here.data["subscription_id"] == "sub-1"
    assert here.data["event_parameters"] == {
        "extra": {"type": "variable", "value": ["n", "x"]},
        "project": {"type": "constant", "value": "demo"},
        "open": {"type": "constant", "value": True},
        "level": {"type": "constant", "value": "high"},
    }
    assert any("variable is not resolved" in label.text() for label in here.all(QLabel))
    assert check_plugin_trigger(here.data) == []
    while here.document.can_undo:
        here.session.undo()
    assert here.data["event_parameters"] == EVENT["event_parameters"]


@pytest.mark.parametrize("frequency", ["weekly", "monthly"])
def test_the_days_fit_into_a_narrow_panel(desk: Open, frequency: str) -> None:
    here = desk(schedule(frequency=frequency), "s")
    here.inspector.resize(320, 900)
    for area in here.all(QScrollArea):
        inside = area.widget()
        assert inside is None or inside.width() <= area.viewport().width() + 1
