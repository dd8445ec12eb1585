"""Rounds of containers: chosen on the canvas, by keys and in a list; the values of the chosen round are shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.canvas.paint.rooms import rounds_rect
from editor.panels.round_picker import RoundPicker
from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio
from tests.journeys.test_debugging import CTRL, opened, press, rounds_flow, until

LEFT = Qt.MouseButton.LeftButton


def sometimes() -> Workflow:
    """An iteration over 0 to 3 in which the division by zero and by two fails, and goes on."""
    code = "def main(x):\n    if x == 2:\n        raise ValueError('not two')\n    return {'r': 6 / x}\n"
    return made(
        [
            node("start", "start"),
            node(
                "list", "code", code="def main():\n    return {'found': [0, 1, 2, 3]}\n", code_language="python3",
                variables=[], outputs={"found": {"type": "array[number]", "children": None}},
            ),
            node(
                "each", "iteration", title="Each", start_node_id="eachstart", error_handle_mode="continue-on-error",
                iterator_selector=["list", "found"], output_selector=["divide", "r"], output_type="array[number]",
                width=700, height=260, x=700,
            ),
            node("eachstart", "iteration-start", parent="each", x=24, y=68),
            node(
                "divide", "code", title="Divide", parent="each", code=code, code_language="python3", x=200, y=68,
                variables=[{"variable": "x", "value_selector": ["each", "item"]}],
                outputs={"r": {"type": "number", "children": None}},
            ),
            node("end", "end", outputs=[{"variable": "o", "value_selector": ["each", "output"]}], x=1500),
        ],
        [("start", "list"), ("list", "each"), ("eachstart", "divide"), ("each", "end")],
    )  # fmt: skip


def test_keys_go_through_the_rounds_and_the_inspector_shows_their_values(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.canvas.select(["once"])
    page.inspector.tabs.setCurrentIndex(1)
    shown = page.session.node_state("once")
    assert shown is not None
    assert shown["outputs"] == {"output": "3"}
    press(studio, Qt.Key.Key_BracketLeft)
    press(studio, Qt.Key.Key_BracketLeft)
    assert page.canvas.state.rounds["each"].shown == 1
    shown = page.session.node_state("once")
    assert shown is not None
    assert shown["outputs"] == {"output": "1"}
    press(studio, Qt.Key.Key_BracketRight)
    shown = page.session.node_state("once")
    assert shown is not None
    assert shown["outputs"] == {"output": "2"}


def test_failed_rounds_are_marked_and_gone_to(studio: Studio) -> None:
    opened(studio, sometimes())
    page = studio.page
    studio.run()
    until(lambda: page.canvas.state.rounds["each"].failed == 2)
    assert not page.canvas.state.rounds["each"].broken
    press(studio, Qt.Key.Key_F7)
    assert page.canvas.state.rounds["each"][:3] == (1, 4, True)
    assert page.canvas.state.runs["divide"].status == "failed"
    press(studio, Qt.Key.Key_F7)
    assert page.canvas.state.rounds["each"][:3] == (3, 4, True)
    page.canvas.select(["divide"])
    shown = page.session.node_state("divide")
    assert shown is not None
    assert "not two" in shown["error"]


def test_a_round_is_chosen_from_the_list_at_the_counter(studio: Studio) -> None:
    opened(studio, sometimes())
    page = studio.page
    studio.run()
    studio.settle()
    page.canvas.zoom_to(1.0)
    page.canvas.center_on("each", flash=False)
    rect = rounds_rect(page.canvas.scene.items["each"], page.canvas.state.rounds["each"])
    box = page.canvas.scene.items["each"].box
    studio.settle()
    place = studio.hand.at_scene(box.left + rect.center().x(), box.top + rect.center().y()).toPoint()
    QTest.mouseClick(page.canvas, LEFT, Qt.KeyboardModifier.NoModifier, place)
    picker = opened_picker(studio)
    assert picker.list.count() == 4
    picker.only_failed.click()
    visible = [picker.list.item(i).text() for i in range(4) if not picker.list.item(i).isHidden()]
    assert len(visible) == 2
    assert "not two" in visible[1]
    QTest.keyClicks(picker.search, "not two")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert page.canvas.state.rounds["each"].shown == 3


def test_a_round_is_chosen_by_its_number_with_the_keyboard(studio: Studio) -> None:
    opened(studio, rounds_flow("list(range(60))"))
    page = studio.page
    studio.run()
    page.canvas.select(["twice"])
    press(studio, Qt.Key.Key_F7, CTRL)
    picker = opened_picker(studio)
    QTest.keyClicks(picker.search, "17")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert page.canvas.state.rounds["each"].shown == 17
    shown = page.session.node_state("once")
    assert shown is not None
    assert shown["outputs"] == {"output": "16"}


def test_a_line_of_the_trace_brings_its_round(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.show_drawer("trace")
    state = page.session.whole_state
    assert state is not None
    first = next(e for e in state.executions.values() if e.node_id == "once" and e.iteration_index == 0)
    page.trace.tree.setCurrentIndex(page.trace.model.index_of(first.execution_id))
    assert page.canvas.state.rounds["each"].shown == 1
    assert page.canvas.selected_nodes() == ["once"]
    shown = page.session.node_state("once")
    assert shown is not None
    assert shown["outputs"] == {"output": "1"}
    entry = page.trace.model.entry(page.trace.tree.currentIndex())
    assert entry is not None
    assert entry.execution is first


def test_another_run_shows_its_newest_rounds(studio: Studio) -> None:
    opened(studio, rounds_flow())
    page = studio.page
    studio.run()
    page.canvas.runs.choose_round("each", 0)
    assert page.session.chosen_rounds == {"each": 0}
    studio.run()
    assert page.session.chosen_rounds == {}
    assert page.canvas.state.rounds["each"].shown == 3


def opened_picker(studio: Studio) -> RoundPicker:
    assert wait_until(lambda: any(p.isVisible() for p in studio.page.findChildren(RoundPicker)), 10)
    return next(p for p in studio.page.findChildren(RoundPicker) if p.isVisible())
