"""The window of a batch run: a table with a hundred rows, bad rows by number, stop, retry, results."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.screenshot import wait_until
from editor.windows.batch import BatchWindow
from tests.engine.services.test_batch import flow, table
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


def opened(studio: Studio, code: str | None = None) -> BatchWindow:
    workflow = flow(code) if code else flow()
    studio.open_app(studio.services.workflows.create("workflow", "Repeat", workflow=workflow))
    studio.window.do("batch")
    (found,) = studio.window.past.batches.values()
    return found


def load(batch: BatchWindow, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    batch.load(file)
    until(lambda: batch.about.text().startswith(file.name) or batch.fault.isVisible())


@pytest.mark.spec("editor.74")
def test_a_hundred_rows_with_a_bad_one(studio: Studio, tmp_path: Path) -> None:
    window = opened(studio)
    rows = [f"n{number},{0 if number % 25 == 7 else 5},a" for number in range(99)]
    load(window, tmp_path / "rows.csv", table(*rows[:40], "x,many,a", *rows[40:]))
    assert window.fault.text() == "Row 42: count: “many” is not a number."
    assert "100 rows" in window.about.text()
    window.parallel.setValue(6)
    assert window.model.data(window.model.index(0, 1)) == "Waiting"

    QTest.mouseClick(window.start, LEFT)
    most = 0

    def over() -> bool:
        nonlocal most
        assert window.batch is not None
        most = max(most, len(window.batch.running))
        return window.batch.is_over and not window._live

    until(over, 90)
    assert most == 6
    assert window.batch is not None
    assert (window.batch.count("succeeded"), window.batch.count("failed"), window.batch.count("invalid")) == (95, 4, 1)
    assert "division" in str(window.model.data(window.model.index(7, 2)))

    QTest.mouseClick(window.again, LEFT)
    until(over, 60)
    log = studio.services.logs.page(limit=200).runs
    assert len(log) == 103
    assert {run.triggered_from for run in log} == {"batch"}
    window.export_to(tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        results = list(csv.DictReader(file))
    assert len(results) == 100
    assert (results[0]["name"], results[0]["status"], results[0]["r"]) == ("n0", "succeeded", "n0n0")
    assert results[40]["error"] == "count: “many” is not a number."

    window.table.activated.emit(window.model.index(0, 0))
    until(lambda: studio.page.session.read_only)
    assert studio.page.session.run_state is not None
    assert studio.page.session.run_state.status == "succeeded"


def test_stop_stops_the_rows_that_run(studio: Studio, tmp_path: Path) -> None:
    window = opened(studio, "import time\ndef main(name, count):\n    time.sleep(30)\n    return {'r': name}\n")
    load(window, tmp_path / "rows.csv", table("a,1,", "b,1,", "c,1,"))
    window.parallel.setValue(2)
    QTest.mouseClick(window.start, LEFT)
    until(lambda: window.batch is not None and sum(bool(row.run_id) for row in window.batch.rows) == 2)

    QTest.mouseClick(window.halt, LEFT)

    until(lambda: not window._live, 10)
    assert window.batch is not None
    assert [row.state for row in window.batch.rows] == ["stopped", "stopped", "waiting"]
    assert window.start.isEnabled()
    assert window.again.isEnabled()


def test_a_table_without_a_needed_column_says_so(studio: Studio, tmp_path: Path) -> None:
    window = opened(studio)
    load(window, tmp_path / "rows.csv", b"name\nx\n")
    assert window.fault.isVisible()
    assert "no column for count" in window.fault.text()
    assert not window.start.isEnabled()


@pytest.mark.spec("editor.74")
def test_states_and_faults_are_told_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path / "data", language="zh_CN") as studio:
        window = opened(studio)
        load(window, tmp_path / "rows.csv", table("甲,5,a", "乙,many,a", "丙,0,a"))
        assert "3" in window.fault.text(), "the row at fault, as a spreadsheet counts it"
        assert "“many”" in window.fault.text()
        assert "is not" not in window.fault.text()
        QTest.mouseClick(window.start, LEFT)
        until(lambda: window.batch is not None and window.batch.is_over and not window._live, 60)
        shown = [str(window.model.data(window.model.index(row, 1))) for row in range(3)]
        assert shown == ["成功", "无效", "失败"]
        assert all(word in window.words.text() for word in shown)
        window.export_to(tmp_path / "results.csv")
        with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            results = list(csv.DictReader(file))
        assert [(r["name"], r["count"], r["kind"]) for r in results] == [
            ("甲", "5", "a"),
            ("乙", "many", "a"),
            ("丙", "0", "a"),
        ]
        assert results[0]["r"] == "甲甲"
