"""Each filter of the run log by hand, alone and together: what stands in the table then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton

from editor.panels.parts import local_time
from editor.screenshot import wait_until
from editor.windows.logs import LogsWindow
from tests.helpers.logs import fill
from tests.helpers.stored import sql
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_logs import open_log

LEFT = Qt.MouseButton.LeftButton
Row = dict[str, Any]


def until(condition: Any) -> None:
    assert wait_until(condition, 20)


def choose(box: QComboBox, data: str) -> None:
    """With the arrow keys."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentData() == data:
            return
        QTest.keyClick(box, Qt.Key.Key_Down)
    pytest.fail(f"{data} is not offered: {[box.itemText(n) for n in range(box.count())]}")


def tick(log: LogsWindow, *words: str) -> None:
    """Statuses out of their menu."""
    for word in words:
        QTest.mouseClick(log.filters.status, LEFT, pos=log.filters.status.rect().center(), delay=1)
        shown = [m for m in log.filters.findChildren(QMenu) if m.isVisible()]
        menu = shown[0] if shown else log.filters.status.menu()
        wanted = next(a for a in menu.actions() if a.text() == word)
        if menu.isVisible():
            QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(wanted).center())
        else:
            wanted.trigger()


def press(log: LogsWindow, text: str) -> None:
    button = next(b for b in log.findChildren(QPushButton) if b.text() == text and b.isVisible())
    QTest.mouseClick(button, LEFT)


def more(log: LogsWindow) -> None:
    if not log.filters.more.isChecked():
        QTest.mouseClick(log.filters.more, LEFT)


def shown(log: LogsWindow, rows: list[Row], expected: Callable[[Row], bool]) -> None:
    wanted = [r["id"] for r in reversed(rows) if expected(r)]
    until(lambda: log.model.total == len(wanted) and not log.model._loading)
    for _ in range(10):
        if not log.model.canFetchMore():
            break
        log.table.verticalScrollBar().setValue(log.table.verticalScrollBar().maximum())
        log.model.fetchMore()
        until(lambda: not log.model._loading)
    assert [run.id for run in log.model.runs] == wanted


def clear(log: LogsWindow, rows: list[Row]) -> None:
    more(log)
    press(log, "Clear filters")
    shown(log, rows, lambda _: True)


@pytest.mark.spec("editor.75")
def test_each_filter_alone_and_together_by_hand(studio: Studio) -> None:
    apps = [studio.services.workflows.create("workflow", name) for name in ("Orders", "客服")]
    rows = fill(studio.services, 120, apps)
    rows[7]["pinned"] = True
    log = open_log(studio)
    shown(log, rows, lambda _: True)
    filters = log.filters
    sql(studio.services, "update workflow_runs set pinned = 1 where id = 'run-000007'")

    def typing(edit: Any, words: str) -> Callable[[], None]:
        def act() -> None:
            edit.setFocus()
            QTest.keyClicks(edit, words)
            QTest.keyClick(edit, Qt.Key.Key_Return)

        return act

    def row_is(name: str, value: Any) -> Callable[[Row], bool]:
        return lambda r: r[name] == value

    cases: list[tuple[Callable[[], None], Callable[[Row], bool]]] = [
        (lambda: choose(filters.app, apps[1]), row_is("app_id", apps[1])),
        (lambda: tick(log, "Failed"), row_is("status", "failed")),
        (lambda: tick(log, "Failed", "Stopped"), lambda r: r["status"] in ("failed", "stopped")),
        (lambda: choose(filters.period, "today"), lambda _: False),
        (lambda: choose(filters.period, "7-days"), lambda _: False),
        (lambda: choose(filters.trigger, "batch"), row_is("triggered_from", "batch")),
        (lambda: choose(filters.version, "draft"), row_is("version", "draft")),
        (lambda: choose(filters.version, "2026-01-01 00:00:00"), lambda r: r["version"] != "draft"),
        (typing(filters.keyword, "order 17 did"), row_is("id", "run-000017")),
        (typing(filters.keyword, "run-000033"), row_is("id", "run-000033")),
        (typing(filters.error, "order 7 did"), lambda r: "order 7 did" in r["error"]),
        (typing(filters.node, "Send mail"), lambda _: True),
        (typing(filters.node, "Nobody"), lambda _: False),
        (lambda: press(log, "Pinned only"), lambda r: bool(r["pinned"])),
    ]  # fmt: skip
    for act, expected in cases:
        more(log)
        act()
        shown(log, rows, expected)
        clear(log, rows)

    more(log)
    choose(filters.app, apps[1])
    tick(log, "Failed")
    choose(filters.version, "draft")
    typing(filters.error, "did not answer")()
    choose(filters.trigger, "debugging")
    together = lambda r: (  # noqa: E731
        r["app_id"] == apps[1] and r["status"] == "failed" and r["version"] == "draft"
        and r["triggered_from"] == "debugging"
    )  # fmt: skip
    assert 0 < sum(map(together, rows)) < 20
    shown(log, rows, together)


@pytest.mark.spec("editor.75")
def test_the_filters_of_the_log_in_chinese(tmp_path: Any) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        rows = fill(studio.services, 60, [studio.services.workflows.create("workflow", "订单")])
        QTest.keyClick(
            studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        log = studio.window.past.logs
        assert log is not None
        until(lambda: log.model.total == 60)
        tick(log, "部分成功")
        shown(log, rows, lambda r: r["status"] == "partial-succeeded")
        cells = {str(log.model.data(log.model.index(0, column))) for column in range(log.model.columnCount())}
        assert "部分成功" in cells
        assert local_time(log.model.runs[0].created_at) in cells
