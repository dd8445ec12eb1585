"""The forms of schedules and webhooks with mouse and keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QTime
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QTimeEdit, QWidget

from engine.model.workflow import Workflow
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
    from PySide6.QtTest import QTest

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
