"""What a screen reader is told on the canvas: name, type and state of the node with the keyboard, and each move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest

from editor.screenshot import wait_until
from tests.helpers.flows import nested_flow
from tests.helpers.studio import Studio, opened_studio

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Said = list[str]


@pytest.fixture(params=["en", "zh_CN"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Studio, Said, str]]:
    """A nested workflow after a run, and all that is spoken."""
    with opened_studio(tmp_path, language=request.param) as studio:
        page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
        said: Said = []
        page.canvas.announced.connect(said.append)
        page.canvas.setFocus()
        yield studio, said, request.param


def focused(studio: Studio) -> QAccessibleInterface:
    """What assistive technology finds when it asks the canvas for the focus."""
    region = QAccessible.queryAccessibleInterface(studio.page.canvas)
    assert region is not None
    found = region.focusChild()
    assert found is not None
    return found


def walk_to(studio: Studio, node_id: str) -> None:
    for _ in range(60):
        if studio.page.canvas.selected_nodes() == [node_id]:
            return
        QTest.keyClick(studio.page.canvas, Qt.Key.Key_Tab)
    pytest.fail(f"Tab never comes to {node_id}")


@pytest.mark.spec("editor.82")
def test_tab_tells_name_type_and_state_also_inside_containers(heard: tuple[Studio, Said, str]) -> None:
    studio, said, language = heard
    types = {
        "en": {"join": "Code", "each": "Iteration", "count": "Loop", "loud": "Template"},
        "zh_CN": {"join": "代码", "each": "迭代", "count": "循环", "loud": "模板"},
    }[language]
    states = {"en": "succeeded", "zh_CN": "成功"}
    for node_id, kind in types.items():
        studio.page.canvas.select([])
        studio.page.canvas.state.focused = None
        walk_to(studio, node_id)
        title = studio.page.session.document.graph.node(node_id).title or node_id
        name = focused(studio).text(QAccessible.Text.Name)
        assert title in name
        assert kind in name
        assert said[-1].startswith(name)
        state = focused(studio).state()
        assert state.focused
        assert state.selected
        assert not state.readOnly
        assert focused(studio).text(QAccessible.Text.Value) == ""
    assert studio.run({"texts": "one two"})["status"] == "succeeded"
    studio.page.canvas.setFocus()
    for node_id in types:
        studio.page.canvas.select([])
        studio.page.canvas.state.focused = None
        walk_to(studio, node_id)
        assert states[language] in said[-1].lower(), said[-1]
        assert focused(studio).text(QAccessible.Text.Description) in said[-1]


@pytest.mark.spec("editor.82")
def test_each_move_is_told_with_its_way_and_length(heard: tuple[Studio, Said, str]) -> None:
    studio, said, language = heard
    canvas = studio.page.canvas
    walk_to(studio, "list")
    words = {
        "en": {"right": "right", "left": "left", "up": "up", "down": "down"},
        "zh_CN": {"right": "右", "left": "左", "up": "上", "down": "下"},
    }[language]
    graph = lambda: studio.page.session.document.graph  # noqa: E731
    for key, way in (
        (Qt.Key.Key_Right, "right"), (Qt.Key.Key_Left, "left"), (Qt.Key.Key_Up, "up"), (Qt.Key.Key_Down, "down"),
    ):  # fmt: skip
        for modifiers, step in ((Qt.KeyboardModifier.NoModifier, 5), (SHIFT, 20)):
            before, count = graph().node("list"), len(said)
            QTest.keyClick(canvas, key, modifiers)
            after = graph().node("list")
            assert abs(after.x - before.x) + abs(after.y - before.y) == step
            assert len(said) == count + 1, "once for each move"
            assert words[way] in said[-1]
            assert str(step) in said[-1]
    walk_to(studio, "join")
    count = len(said)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert len(said) == count + 1, "inside containers too"
    QTest.keyClick(canvas, Qt.Key.Key_A, CTRL)
    chosen = len(canvas.selected_nodes())
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert str(chosen) in said[-1]


@pytest.mark.spec("editor.82")
def test_in_a_past_run_the_state_is_told_and_that_it_cannot_be_changed(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
        ran = studio.run({"texts": "one"})
        studio.window.running.open_past(ran["run_id"])
        assert wait_until(lambda: studio.page is not page, 30)
        canvas = studio.page.canvas
        said: Said = []
        canvas.announced.connect(said.append)
        canvas.setFocus()
        walk_to(studio, "join")
        assert focused(studio).state().readOnly
        assert "succeeded" in focused(studio).text(QAccessible.Text.Description)
        count = len(said)
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        assert len(said) == count, "nothing moved"
