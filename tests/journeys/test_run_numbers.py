"""The numbers of a run are the same wherever it is shown, and those that were stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTreeView

from editor.amounts import duration
from editor.panels.logs_model import COLUMNS
from editor.panels.viewers.tree import DataTree
from editor.screenshot import wait_until
from editor.windows.logs_compare import CompareRuns
from engine.model.edits import AddNode
from engine.model.graph import Node
from engine.model.workflow import Workflow
from tests.helpers.logs import fill
from tests.helpers.model import made, node
from tests.helpers.models import ModelServer, openai_stream
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
TOKENS = 12_000 + 345


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


def asking(studio: Studio, server: ModelServer) -> Workflow:
    """A model whose answers cost something, after a code node."""
    models = studio.services.models
    provider = models.save_provider("openai", base_url=server.url, api_key="sk-none")
    model = {"provider": provider, "name": "gpt-4o-mini", "mode": "chat", "completion_params": {}}
    code = {"code": "def main():\n    return {'r': 'sea'}\n", "code_language": "python3", "variables": []}
    prompt = [{"role": "user", "text": "{{#c.r#}}"}]
    return made(
        [
            node("1", "start", variables=[]),
            node("c", "code", title="Count", outputs={"r": {"type": "string", "children": None}}, **code),
            node("m", "llm", title="Ask", model=model, prompt_template=prompt, context={"enabled": False}),
            node("3", "end", outputs=[{"variable": "text", "value_selector": ["m", "text"]}]),
        ],
        [("1", "c"), ("c", "m"), ("m", "3")],
    )


def words(widget: Any) -> str:
    """All that the labels of a part say."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def choose_tab(bar: Any, text: str) -> None:
    place = next(n for n in range(bar.count()) if bar.tabText(n) == text)
    QTest.mouseClick(bar, LEFT, pos=bar.tabRect(place).center())


def traced(studio: Studio) -> dict[str, tuple[str, str]]:
    """Title: time and tokens, as the trace lists them."""
    model = studio.page.trace.model
    rows = [[str(model.data(model.index(row, column))) for column in range(3)] for row in range(model.rowCount())]
    return {title: (time, tokens) for title, time, tokens in rows}


@pytest.mark.spec("editor.59")
def test_result_details_trace_history_and_log_show_what_was_stored(studio: Studio) -> None:
    with ModelServer(openai_stream("To the ", "sea.", usage=(12_000, 345))) as server:
        app = studio.services.workflows.create("workflow", "Costs", workflow=asking(studio, server))
        page = studio.open_app(app)
        QTest.keyClick(studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
        until(lambda: page.session.run is not None and page.session.run.is_over)
    (listed,) = studio.services.runs.list().runs
    stored = studio.services.runs.get(listed.id)
    steps = {step["title"]: step for step in studio.services.runs.nodes(listed.id)}
    assert stored["total_tokens"] == TOKENS
    time, price = duration(stored["elapsed_time"]), stored["total_price"]
    assert price.rstrip("0").startswith("0.00")
    page.show_drawer("run")

    choose_tab(page.run_panel.tabs, "Result")
    result = words(page.run_panel)
    assert f"{time}  ·  12.3K tokens  ·  ${price.rstrip('0')}" in result
    choose_tab(page.run_panel.tabs, "Details")
    details = words(page.run_panel)
    for line in (f"Elapsed: {time}", "Tokens: 12.3K (12,345)", "Steps: 4", f"Run: {listed.id}", "Status: Succeeded"):
        assert line in details
    assert f"Price: ${price.rstrip('0')}" in details

    choose_tab(page.tabs.tabBar(), "Trace")
    found = traced(studio)
    assert found["Ask"] == (duration(steps["Ask"]["elapsed_time"]), "12.3K")
    assert found["Count"] == (duration(steps["Count"]["elapsed_time"]), "")
    view = page.trace.findChild(QTreeView)
    row = list(found).index("Ask")
    place = view.visualRect(page.trace.model.index(row, 0)).center()
    QTest.mouseClick(view.viewport(), LEFT, pos=place)
    assert f"{found['Ask'][0]}  ·  12.3K tokens" in words(page.trace.details)
    read = [
        tree.topLevelItem(n).text(0)
        for tree in page.trace.findChildren(DataTree)
        for n in range(tree.topLevelItemCount())
    ]
    assert "Count / r" in read, "by the title of the node it comes from"
    choose_tab(page.inspector.tabs, "Last run")
    assert f"{found['Ask'][0]}  ·  12.3K tokens" in words(page.inspector)
    page.session.submit(AddNode(Node("new", {"type": "code", "title": "New"}, 0.0, 900.0)), "Add")
    page.canvas.select(["new"])
    assert "This node has not run yet." in words(page.inspector)
    assert found["Ask"][0] not in words(page.inspector), "nothing is left of the step that was shown before"

    QTest.mouseClick(page.rail_buttons["history"], LEFT)
    until(lambda: f"{time}  ·  12.3K tokens" in heard(page.panels["history"]))
    QTest.keyClick(studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    log = studio.window.past.logs
    assert log is not None
    until(lambda: log.model.total == 1)
    cells = dict(zip(COLUMNS, (log.model.data(log.model.index(0, n)) for n in range(len(COLUMNS))), strict=True))
    assert (cells["elapsed"], cells["tokens"]) == (f"{stored['elapsed_time']:.3f} s", "12,345")
    assert cells["price"] == f"${price.rstrip('0')}"
    QTest.mouseClick(log.table.viewport(), LEFT, pos=log.table.visualRect(log.model.index(0, 0)).center())
    until(lambda: f"Run time: {time}\nTokens: 12.3K (12,345)" in words(log.preview))
    log.open_chosen()
    until(lambda: studio.page is not page)
    studio.page.show_drawer("run")
    choose_tab(studio.page.run_panel.tabs, "Details")
    past = words(studio.page.run_panel)
    assert past == details, "a past run says the same"
    assert traced(studio) == found


def heard(panel: Any) -> str:
    """What a list says of its lines."""
    model = panel.list.model()
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, int(Qt.ItemDataRole.UserRole) + 1)
    lines = [model.index(row, 0) for row in range(model.rowCount())]
    return "\n".join(str(line.data(role)) for line in lines for role in roles)


@pytest.mark.spec("editor.59")
def test_prices_in_the_log_stand_with_their_points_below_each_other(studio: Studio) -> None:
    fill(studio.services, 40, [studio.services.workflows.create("workflow", "Orders")])
    QTest.keyClick(studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    log = studio.window.past.logs
    assert log is not None
    until(lambda: log.model.total == 40)
    column = COLUMNS.index("price")
    prices = [str(log.model.data(log.model.index(row, column))) for row in range(log.model.rowCount())]
    stored = [f"{float(run.total_price):.4f}" for run in log.model.runs]
    assert prices == [f"${price}" if float(price) else "" for price in stored]
    assert {len(price.partition(".")[2]) for price in prices if price} == {4}


@pytest.mark.spec("editor.59", "editor.74")
def test_compared_runs_tell_their_status_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        code: dict[str, Any] = {"code": "def main(n):\n    return {'r': 10 / n}\n", "code_language": "python3"}
        code |= {"variables": [{"variable": "n", "value_selector": ["1", "n"]}], "outputs": {"r": {"type": "number"}}}
        flow = made(
            [
                node("1", "start", variables=[{"variable": "n", "type": "number", "label": "n"}]),
                node("c", "code", **code),
                node("3", "end", outputs=[{"variable": "r", "value_selector": ["c", "r"]}]),
            ],
            [("1", "c"), ("c", "3")],
        )  # fmt: skip
        studio.open_app(studio.services.workflows.create("workflow", "除法", workflow=flow))
        assert [studio.run({"n": n})["status"] for n in (5, 0)] == ["succeeded", "failed"]
        QTest.keyClick(
            studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        log = studio.window.past.logs
        assert log is not None
        until(lambda: log.model.total == 2)
        for row, keys in ((0, Qt.KeyboardModifier.NoModifier), (1, Qt.KeyboardModifier.ControlModifier)):
            place = log.table.visualRect(log.model.index(row, 0)).center()
            QTest.mouseClick(log.table.viewport(), LEFT, keys, QPoint(place))
        QTest.mouseClick(log.buttons["compare"], LEFT)
        until(lambda: log.findChild(CompareRuns) is not None)
        dialog = log.findChild(CompareRuns)
        shown = words(dialog) + "\n".join(edit.toPlainText() for edit in dialog.findChildren(QPlainTextEdit))
        assert "失败" in shown
        assert "成功" in shown
        for stored in ("succeeded", "failed", "status", "outputs", "total_steps", "draft"):
            assert stored not in shown
        dialog.close()
