"""The window of the run log: found, sorted, opened, compared, tested again, deleted; conversations."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton

from editor.screenshot import wait_until
from editor.windows.logs import LogsWindow
from editor.windows.logs_compare import CompareRuns
from engine.services.logs import RunFilter
from tests.helpers.flows import ONE_BAD_TRY, nested_flow
from tests.helpers.logs import fill
from tests.helpers.studio import Studio

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


def until(condition: Any, seconds: float = 20) -> None:
    assert wait_until(condition, seconds)


def open_log(studio: Studio) -> LogsWindow:
    QTest.keyClick(studio.window, Qt.Key.Key_R, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    found = studio.window.past.logs
    assert found is not None
    until(lambda: found.model.total is not None)
    return found


def click_row(log: LogsWindow, row: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> QPoint:
    until(lambda: log.model.rowCount() > row and not log.table.visualRect(log.model.index(row, 0)).isEmpty())
    place = log.table.visualRect(log.model.index(row, 0)).center()
    QTest.mouseClick(log.table.viewport(), LEFT, keys, place)
    return place


def press(log: LogsWindow, name: str) -> None:
    QTest.mouseClick(log.buttons[name], LEFT)


def two_runs(studio: Studio) -> str:
    app_id = studio.services.workflows.create("workflow", "Nested", workflow=nested_flow())
    page = studio.open_app(app_id)
    for texts, mocks in (("one two", None), ("one two three", ONE_BAD_TRY)):
        live = studio.window.running.start(page, {"texts": texts}, "", mocks=mocks)
        assert live is not None
        until(lambda live=live: live.is_over, 60)
    return app_id


@pytest.mark.spec("editor.75")
def test_twenty_thousand_runs_are_found_sorted_and_paged(studio: Studio) -> None:
    apps = [studio.services.workflows.create("workflow", name) for name in ("Orders", "客服")]
    fill(studio.services, 20_000, apps)
    log = open_log(studio)
    assert log.found.text() == "20,000 runs"

    def found(do: Any) -> int:
        log.model.total = None
        begin = time.perf_counter()
        do()
        until(lambda: log.model.total is not None and not log.model._loading)
        assert time.perf_counter() - begin < 3, "slow even for a busy machine"
        return int(log.model.total or 0)

    assert found(lambda: QTest.keyClicks(log.filters.keyword, "order 17 did")) == 1
    assert log.model.runs[0].error == "The service of order 17 did not answer"
    log.filters.keyword.clear()
    assert found(lambda: log.filters.keyword.setText("订单 19999 已")) == 1
    assert log.model.runs[0].id == "run-019999"
    assert found(lambda: log.filters.load(RunFilter(app_id=apps[0], statuses=("failed",), trigger="batch"))) == 1000
    assert {(r.app_name, r.status, r.triggered_from) for r in log.model.runs} == {("Orders", "failed", "batch")}
    assert found(lambda: log.filters.load(RunFilter(keyword="nobody wrote this"))) == 0
    assert log.pages.currentIndex() == 2
    QTest.mouseClick(next(b for b in log.pages.findChildren(QPushButton) if b.isVisible()), LEFT)
    until(lambda: log.model.total == 20_000)

    header = log.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(3) + 20, header.height() // 2)
    QTest.mouseClick(header.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    until(lambda: not log.model._loading and log.model.order == "elapsed")
    QTest.mouseClick(header.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    until(lambda: not log.model._loading and bool(log.model.runs))
    times = [run.elapsed_time for run in log.model.runs]
    assert times == sorted(times, reverse=not log.model.up)
    first = len(log.model.runs)
    log.table.verticalScrollBar().setValue(log.table.verticalScrollBar().maximum())
    until(lambda: len(log.model.runs) > first)


@pytest.mark.spec("editor.76")
def test_a_run_is_tested_again_with_its_inputs(studio: Studio) -> None:
    app_id = two_runs(studio)
    studio.window.do("close_tab")
    log = open_log(studio)
    click_row(log, 1)
    until(lambda: any(b.text() == "Test with params" for b in log.preview.findChildren(QPushButton)))

    button = next(b for b in log.preview.findChildren(QPushButton) if b.text() == "Test with params")
    QTest.mouseClick(button, LEFT)

    until(lambda: studio.window.page is not None)
    page = studio.page
    assert page.session.app_id == app_id
    assert not page.session.read_only
    assert page.drawer.isVisible()
    field = page.run_panel.form.findChild(QPlainTextEdit, "input texts") if page.run_panel.form else None
    assert field is not None
    assert field.toPlainText() == "one two"
    QTest.mouseClick(page.run_panel.start, LEFT)
    until(lambda: page.session.run is not None and page.session.run.is_over, 60)
    assert page.session.run is not None
    assert page.session.run.summary is not None
    assert page.session.run.summary["outputs"]["out"] == ["ONEoneone", "TWOtwotwo"]


def test_two_runs_stand_side_by_side(studio: Studio) -> None:
    two_runs(studio)
    log = open_log(studio)
    click_row(log, 0)
    assert not log.buttons["compare"].isEnabled()
    click_row(log, 1, CONTROL)
    press(log, "compare")
    until(lambda: log.findChild(CompareRuns) is not None)
    dialog = log.findChild(CompareRuns)

    lines = [dialog.tree.topLevelItem(n) for n in range(dialog.tree.topLevelItemCount())]
    join = next(line for line in lines if line.text(0).strip() == "Join  (1)")
    assert join.text(3) == "Input, Output, Tries"
    assert next(line for line in lines if line.text(0).strip() == "Loud  (3)").text(3) == "only at the right"
    dialog.tree.setCurrentItem(join)
    words = [w.toPlainText() for w in dialog.details.findChildren(QPlainTextEdit)]
    assert "ONEoneone" in words
    assert "joined" in words
    QTest.mouseClick(dialog.only, LEFT, pos=QPoint(8, dialog.only.height() // 2))
    assert dialog.tree.topLevelItemCount() < len(lines)
    dialog.close()


@pytest.mark.spec("editor.71")
def test_a_run_opens_on_its_graph_after_its_workflow_was_renamed(studio: Studio) -> None:
    two_runs(studio)
    page = studio.page
    from engine.model.edits import SetApp

    page.session.submit(SetApp("name", "Other"), "Rename")
    log = open_log(studio)

    place = click_row(log, 0)
    QTest.mouseDClick(log.table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)

    until(lambda: studio.page is not page)
    past = studio.page
    assert past.session.read_only
    assert past.session.run_state is not None
    assert past.session.run_state.nodes["join"].status == "succeeded"
    QTest.mouseClick(past.banner_back, LEFT)
    until(lambda: studio.window.page is page)


def test_runs_are_pinned_exported_and_deleted(studio: Studio, tmp_path: Path) -> None:
    app_id = two_runs(studio)
    log = open_log(studio)
    click_row(log, 1)
    press(log, "pin")
    until(lambda: any(run.pinned for run in log.model.runs))
    assert [run.pinned for run in studio.services.runs.list(app_id).runs] == [False, True]

    log.table.selectAll()
    log.export_to(tmp_path / "runs.jsonl")
    until(lambda: (tmp_path / "runs.jsonl").exists())
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text("utf-8").splitlines()]
    assert [line["run"]["app_name"] for line in lines] == ["Nested", "Nested"]

    log.table.setFocus()
    studio.messages.answers.append(True)
    QTest.keyClick(log.table, Qt.Key.Key_Delete)
    until(lambda: log.model.total == 1 and not log.model._loading)
    assert "1 pinned run stays." in studio.messages.asked[-1]
    assert [run.pinned for run in log.model.runs] == [True]


def test_a_long_export_shows_how_far_it_is_and_can_be_cancelled(studio: Studio, tmp_path: Path) -> None:
    apps = [studio.services.workflows.create("workflow", "Orders")]
    fill(studio.services, 4_000, apps)
    log = open_log(studio)
    file = tmp_path / "runs.jsonl"

    log.export_to(file)
    until(log.progress.isVisible, 60)
    assert log.progress.label.text().endswith("of 4,000 runs…")
    assert not log.buttons["export"].isEnabled()
    QTest.mouseClick(log.progress.cancel, LEFT)

    until(lambda: not log.progress.is_busy, 60)
    assert studio.messages.told[-1] == "The export was cancelled; no file was written."
    assert list(tmp_path.glob("*runs*")) == []
    assert not log.progress.isVisible()


@pytest.mark.spec("editor.75")
def test_runs_are_new_until_somebody_looks_at_them(studio: Studio) -> None:
    app_id = two_runs(studio)
    until(lambda: all(run.is_read for run in studio.services.runs.list(app_id).runs))  # they were watched
    fill(studio.services, 2, [app_id])
    log = open_log(studio)
    until(lambda: log.model.rowCount() == 4)

    def new() -> list[int]:
        bold = Qt.ItemDataRole.FontRole
        return [row for row in range(4) if log.model.data(log.model.index(row, 0), bold) is not None]

    before = new()
    assert len(before) == 2
    assert "not looked at yet" in log.model.data(log.model.index(before[0], 0), Qt.ItemDataRole.AccessibleTextRole)
    click_row(log, before[0])
    assert new() == before[1:]
    until(lambda: sum(run.is_read for run in studio.services.runs.list(app_id).runs) == 3)

    log.mark_read()
    assert new() == []
    until(lambda: all(run.is_read for run in studio.services.runs.list(app_id).runs))


def test_a_filter_is_kept_by_name(studio: Studio) -> None:
    two_runs(studio)
    log = open_log(studio)
    log.filters._ask_name = lambda _parent: "Bad ones"
    log.filters.load(RunFilter(statuses=("failed",), period="7-days"))
    log.filters.keep()
    log.filters.load(RunFilter())
    log.filters._fill_menu()

    next(a for a in log.filters._menu.actions() if a.text() == "Bad ones").trigger()

    assert log.filters.status.text() == "Failed"
    assert log.filters.period.currentText() == "Last 7 days"
    assert log.filters.value() == RunFilter(statuses=("failed",), period="7-days")


def test_conversations_lead_to_their_runs(studio: Studio) -> None:
    studio.services.workflows.create("advanced-chat", "Chat")
    (app,) = studio.services.workflows.list()
    debug = studio.services.debug_store
    debug.conversation(app.id, "c1")
    debug.add_message(app.id, "c1", {"query": "退款多久到账？", "answer": "三天。", "workflow_run_id": "r1"})
    log = open_log(studio)
    log.tabs.setCurrentIndex(1)
    until(lambda: log.talks.list.count() == 1)
    log.talks.search.setText("到账")
    until(lambda: log.talks.list.count() == 1 and not log.talks._wait.isActive())

    log.talks.list.setCurrentRow(0)
    until(lambda: any("三天" in w.text() for w in log.talks.turns.findChildren(QLabel)))
    opened: list[str] = []
    log.talks.openRun.connect(opened.append)
    links = {b.text(): b for b in log.talks.turns.findChildren(QPushButton)}
    QTest.mouseClick(links["Open the run"], LEFT)
    assert opened == ["r1"]
    until(lambda: bool(studio.messages.errors))  # this run was never recorded, and that is said
    QTest.mouseClick(links["Show its runs in the table"], LEFT)
    assert log.tabs.currentIndex() == 0
    assert log.model.wanted == RunFilter(conversation_id="c1")


def test_every_filter_has_a_name_for_a_screen_reader(studio: Studio) -> None:
    log = open_log(studio)
    log.filters.more.setChecked(True)
    assert all(line.accessibleName() for line in log.filters.findChildren(QLineEdit))
    assert log.table.accessibleName()
