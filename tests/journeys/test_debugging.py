"""Breakpoints with conditions, and steps over, into and out of containers, with mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox

from editor.bridge.runs import LiveRun
from editor.dialogs.breakpoint import BreakpointEditor
from editor.panels.breakpoints import Breakpoints
from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


def until(condition: object, seconds: float = 60) -> None:
    assert wait_until(condition, seconds)  # type: ignore[arg-type]


def status(studio: Studio, node_id: str) -> str:
    state = studio.page.session.run_state
    found = state.nodes.get(node_id) if state is not None else None
    return found.status if found is not None else ""


def held(studio: Studio) -> str:
    """The node that is held now, with the number of its round."""
    current = studio.page.session.debugging.current
    if current is None:
        return ""
    index = current.iteration_index if current.iteration_index is not None else current.loop_index
    return current.node_id + ("" if index is None else f"[{index}]")


def rounds_flow(items: str = "[1, 2, 3]") -> Workflow:
    """A list, an iteration with two steps in it, a step behind it."""
    code = f"def main():\n    return {{'found': {items}}}\n"
    return made(
        [
            node("start", "start", title="Start"),
            node(
                "list", "code", title="List", code=code, code_language="python3", variables=[],
                outputs={"found": {"type": "array[number]", "children": None}},
            ),
            node(
                "each", "iteration", title="Each", start_node_id="eachstart",
                iterator_selector=["list", "found"], output_selector=["twice", "output"], output_type="array[string]",
            ),
            node("eachstart", "iteration-start", parent="each"),
            node(
                "once", "template-transform", title="Once", parent="each", template="{{ item }}",
                variables=[{"variable": "item", "value_selector": ["each", "item"]}],
            ),
            node(
                "twice", "template-transform", title="Twice", parent="each", template="{{ once }}{{ once }}",
                variables=[{"variable": "once", "value_selector": ["once", "output"]}],
            ),
            node(
                "after", "template-transform", title="After", template="{{ all|length }}",
                variables=[{"variable": "all", "value_selector": ["each", "output"]}],
            ),
            node("end", "end", title="End", outputs=[{"variable": "o", "value_selector": ["after", "output"]}]),
        ],
        [("start", "list"), ("list", "each"), ("eachstart", "once"), ("once", "twice"), ("each", "after"),
         ("after", "end")],
    )  # fmt: skip


def failing_flow() -> Workflow:
    """A division by what the start node asks for."""
    names = [{"variable": "n", "value_selector": ["start", "n"]}]
    return made(
        [
            node("start", "start", variables=[{"variable": "n", "type": "number", "label": "n", "required": True}]),
            node(
                "divide", "code", title="Divide", code="def main(n):\n    return {'r': 10 / n}\n",
                code_language="python3", variables=names, outputs={"r": {"type": "number", "children": None}},
            ),
            node("end", "end", outputs=[{"variable": "r", "value_selector": ["divide", "r"]}]),
        ],
        [("start", "divide"), ("divide", "end")],
    )  # fmt: skip


def opened(studio: Studio, flow: Workflow) -> str:
    app_id = studio.services.workflows.create("workflow", "Debugged", workflow=flow)
    studio.open_app(app_id)
    return app_id


def begin(studio: Studio, inputs: dict[str, object] | None = None) -> LiveRun:
    live = studio.window.running.start(studio.page, inputs or {}, "")
    assert live is not None, studio.messages.__dict__
    return live


def press(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.window, key, modifiers)
    studio.settle()


@pytest.fixture
def rounds(studio: Studio) -> Studio:
    opened(studio, rounds_flow())
    return studio


def test_steps_over_into_and_out_of_a_container_by_keys(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.session.toggle_breakpoint("list")
    live = begin(studio)
    until(lambda: held(studio) == "list")
    press(studio, Qt.Key.Key_F10)
    until(lambda: held(studio) == "each")
    press(studio, Qt.Key.Key_F11)
    until(lambda: held(studio) == "once[0]")
    press(studio, Qt.Key.Key_F10)
    until(lambda: held(studio) == "twice[0]")
    press(studio, Qt.Key.Key_F10)
    until(lambda: held(studio) == "once[1]")
    assert "(round 2)" in page.debug.bar.reason.text()
    press(studio, Qt.Key.Key_F11, SHIFT)
    until(lambda: held(studio) == "after")
    press(studio, Qt.Key.Key_F5)
    until(lambda: live.is_over)
    assert live.summary is not None
    assert live.summary["outputs"] == {"o": "3"}
    until(lambda: not page.debug.bar.isVisible())


def test_a_container_is_one_step_with_the_mouse(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.session.toggle_breakpoint("each")
    live = begin(studio)
    until(lambda: held(studio) == "each")
    studio.settle()
    button = page.debug.bar.buttons["step_over"]
    place, words = button.mapTo(page.canvas, button.rect().center()), page.debug.bar.reason.text()
    QTest.mouseClick(button, LEFT)
    until(lambda: held(studio) == "after")
    studio.settle()
    assert page.debug.bar.reason.text() != words
    assert button.mapTo(page.canvas, button.rect().center()) == place, "the next step is under the hand"
    assert status(studio, "each") == "succeeded"
    QTest.mouseClick(page.debug.bar.buttons["continue_run"], LEFT)
    until(lambda: live.is_over)


def test_the_editor_of_a_breakpoint_sets_a_condition(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.canvas.select(["twice"])
    press(studio, Qt.Key.Key_F9, SHIFT)
    dialog = studio.dialog(BreakpointEditor)
    assert isinstance(dialog, BreakpointEditor)
    QTest.keyClicks(dialog.condition, "1 +")
    until(lambda: dialog.fault.isVisible())
    assert not dialog.done_button.isEnabled()
    dialog.condition.clear()
    dialog.condition.insert_reference("each.item")
    QTest.keyClicks(dialog.condition, " == 2")
    assert dialog.done_button.isEnabled()
    QTest.mouseClick(dialog.done_button, LEFT)
    mark = page.session.debugging.breakpoints["twice"]
    assert mark.point.condition.replace(" ", "") == "{{#each.item#}}==2"
    shown = page.canvas.state.marks["twice"]
    assert shown.breakpoint == "conditional"
    assert "Each.item" in shown.tip

    studio.activate()
    live = begin(studio)
    until(lambda: held(studio) == "twice[1]")
    assert "Each.item" in page.debug.bar.reason.text()
    press(studio, Qt.Key.Key_F8)
    until(lambda: live.is_over)


def test_a_breakpoint_counts_and_can_be_switched_off_in_the_list(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.canvas.select(["once"])
    press(studio, Qt.Key.Key_F9, SHIFT)
    dialog = studio.dialog(BreakpointEditor)
    mode, number = dialog.findChild(QComboBox), dialog.findChild(QSpinBox)
    mode.setCurrentIndex(mode.findData("at"))
    number.setValue(3)
    studio.click("Done", dialog)
    studio.activate()
    live = begin(studio)
    until(lambda: held(studio) == "once[2]")
    page.session.debugging.go_on()
    until(lambda: live.is_over)

    press(studio, Qt.Key.Key_F9, SHIFT | CTRL)
    panel = page.debug.breakpoints
    assert isinstance(panel, Breakpoints)
    assert panel.isVisible()
    item = panel.list.item(0)
    assert "3" in item.text()
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=panel.list.visualItemRect(item).center())
    assert page.canvas.selected_nodes() == ["once"]
    QTest.keyClick(panel.list, Qt.Key.Key_Space)
    assert not page.session.debugging.breakpoints["once"].enabled
    assert not page.canvas.state.marks["once"].enabled
    again = begin(studio)
    until(lambda: again.is_over)
    assert not [e for e in again.events if e["event"] == "NodeHeld"]
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert not page.session.debugging.breakpoints


def test_a_failure_is_held_repaired_and_run_again(studio: Studio) -> None:
    opened(studio, failing_flow())
    page = studio.page
    page.show_panel("breakpoints")
    panel = page.debug.breakpoints
    assert isinstance(panel, Breakpoints)
    studio.click("Hold after every failure", panel)
    assert page.session.debugging.any_failure
    live = begin(studio, {"n": 0})
    until(lambda: held(studio) == "divide")
    until(lambda: page.debug.bar.buttons["try_again"].isVisible())
    assert "division" in page.debug.bar.reason.text()

    page.canvas.select(["divide"])
    page.inspector.tabs.setCurrentIndex(1)
    studio.settle()
    state = page.session.node_state("divide")
    assert state is not None
    assert "division" in state["error"]
    studio.field("n").setPlainText("4")  # type: ignore[attr-defined]
    studio.click("Use this value for n")
    studio.click("Run this step again")
    until(lambda: live.is_over)
    assert live.summary is not None
    assert live.summary["status"] == "succeeded"
    assert live.summary["outputs"] == {"r": 2.5}


def test_run_to_a_step_holds_there_and_goes_on_to_another(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.canvas.select(["each"])
    press(studio, Qt.Key.Key_F10, CTRL)
    until(lambda: held(studio) == "each")
    page.canvas.select(["after"])
    press(studio, Qt.Key.Key_F10, CTRL)
    until(lambda: held(studio) == "after")
    assert status(studio, "each") == "succeeded"
    press(studio, Qt.Key.Key_F5, SHIFT)
    until(lambda: not page.session.is_running)


def test_a_run_that_misses_its_step_says_so(studio: Studio) -> None:
    opened(studio, failing_flow())
    studio.page.session.debugging.target = "end"
    live = begin(studio, {"n": 0})
    until(lambda: live.is_over)
    assert any("End" in words or "end" in words for words in studio.messages.told)


def test_a_fast_hand_on_step_never_steps_past_what_it_has_seen(rounds: Studio) -> None:
    studio, page = rounds, rounds.page
    page.session.toggle_breakpoint("start")
    live = begin(studio)
    seen: list[str] = []
    until(lambda: held(studio) == "start")
    studio.settle()
    while not live.is_over:
        before = page.session.debugging.current
        if before is not None and (not seen or seen[-1] != held(studio)):
            seen.append(held(studio))
        for _ in range(3):
            QTest.mouseClick(page.debug.bar.buttons["step_into"], LEFT)
        until(lambda before=before: page.session.debugging.current not in (None, before) or live.is_over)
    order = [e["node_id"] for e in live.events if e["event"] == "NodeHeld"]
    inside = [f"{name}[{index}]" for index in range(3) for name in ("once", "twice")]
    assert seen == ["start", "list", "each", *inside, "after", "end"]
    assert len(order) == len(seen)


def test_breakpoints_are_kept_with_the_workspace_and_stand_in_no_file(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        app_id = opened(studio, rounds_flow())
        page = studio.page
        before = page.session.document.workflow
        page.session.toggle_breakpoint("each")
        page.session.debugging.enable("each", on=False)
        page.session.debugging.set_any_failure(on=True)
        assert page.session.document.workflow is before
        assert not page.session.document.can_undo

    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)
        until(lambda: page.session.breakpoints == {"each"})
        assert not page.session.debugging.breakpoints["each"].enabled
        panel = page.debug.breakpoints
        box = panel.findChild(QCheckBox)
        assert box.isChecked()


def test_hold_next_holds_a_run_that_goes_on(studio: Studio) -> None:
    opened(studio, rounds_flow("list(range(150))"))
    live = begin(studio)
    until(lambda: status(studio, "once") == "succeeded" or live.is_over)
    press(studio, Qt.Key.Key_F8, CTRL)
    until(lambda: held(studio) != "" or live.is_over)
    if not live.is_over:
        press(studio, Qt.Key.Key_F8)
        until(lambda: live.is_over)
    assert live.summary is not None
    assert live.summary["status"] == "succeeded"
