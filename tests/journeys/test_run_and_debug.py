"""Running and debugging on the canvas, with the real engine in its own process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from editor.screenshot import wait_until
from engine.model.edits import SetField
from tests.engine.services.test_recovery import asking_flow, slow_flow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
INPUTS = {"total": 42, "people": 4}


def until(condition: object, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)  # type: ignore[arg-type]


def status(studio: Studio, title: str) -> str:
    state = studio.page.session.run_state
    node = state.nodes.get(studio.node(title)) if state is not None else None
    return node.status if node is not None else ""


@pytest.mark.spec("editor.59", "editor.62")
def test_a_finished_run_shows_the_same_numbers_everywhere(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")

    summary = studio.run(INPUTS)

    (stored,) = studio.services.runs.list().runs
    assert (stored.status, stored.total_steps) == (summary["status"], summary["total_steps"])
    page.show_drawer("trace")
    model = page.trace.model
    assert model.rowCount() == summary["total_steps"]
    page.canvas.select([studio.node("Share it out")])
    studio.settle()
    assert page.trace.details.widget() is not None
    assert status(studio, "Good news") == "succeeded"
    assert status(studio, "Explain") in ("", "skipped")


@pytest.mark.spec("editor.55", "editor.56")
def test_run_asks_for_inputs_and_marks_what_is_missing(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    QTest.keyClick(studio.window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    studio.settle()
    form = page.run_panel.form
    assert page.drawer.isVisible()
    assert form is not None

    message = next(w for w in form.findChildren(QPlainTextEdit) if w.isVisible())
    message.clear()
    QTest.mouseClick(page.run_panel.start, LEFT)
    assert page.session.run is None
    assert any(label.isVisible() for label in form._faults.values())

    QTest.keyClicks(message, "I want my money back")
    QTest.mouseClick(studio.window.top.run, LEFT)
    until(lambda: page.session.run_state is not None and page.session.run_state.is_over)
    assert page.session.run_state is not None
    assert page.session.run_state.status == "succeeded"


def test_opening_a_workflow_leaves_the_keyboard_with_the_window(studio: Studio) -> None:
    studio.sample("branch-on-a-condition")
    assert studio.window.isActiveWindow(), "a part was shown as a window of its own"


@pytest.mark.spec("editor.58")
def test_stop_ends_a_run_and_leaves_nothing_running(studio: Studio, tmp_path: Path) -> None:
    page = studio.open_file(slow_flow(tmp_path))
    live = studio.window.running.start(page, {}, "")
    assert live is not None
    until(lambda: status(studio, "Slow") == "running")

    QTest.mouseClick(studio.window.top.run, LEFT)

    until(lambda: live.is_over, 5)
    assert live.summary is not None
    assert live.summary["status"] == "stopped"
    assert status(studio, "Slow") == "stopped"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.spec("editor.57")
def test_a_dying_engine_takes_no_window_with_it(studio: Studio, tmp_path: Path) -> None:
    page = studio.open_file(slow_flow(tmp_path))
    live = studio.window.running.start(page, {}, "")
    assert live is not None
    until(lambda: status(studio, "Slow") == "running")
    host = studio.window.studio.runs.host.pid
    assert host is not None

    os.kill(host, signal.SIGKILL)

    until(lambda: live.is_over)
    assert status(studio, "Slow") == "stopped"
    until(lambda: [r.status for r in studio.services.runs.list().runs] == ["stopped"])
    studio.sample("code-with-an-error-branch")
    assert studio.run(INPUTS)["status"] == "succeeded"


@pytest.mark.spec("editor.64")
def test_a_breakpoint_holds_a_node_whose_values_can_be_changed(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    page.canvas.select([studio.node("Good news")])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F9)
    assert page.session.breakpoints == {studio.node("Good news")}

    live = studio.window.running.start(page, INPUTS, "")
    assert live is not None
    until(lambda: status(studio, "Good news") == "held")
    studio.settle()
    assert page.canvas.selected_nodes() == [studio.node("Good news")]
    assert page.inspector.tabs.currentIndex() == 1
    assert page.debug.bar.buttons["step_over"].isVisible()

    state = page.session.node_state(studio.node("Good news"))
    assert state is not None
    ((key, (source, variable)),) = state["selectors"].items()
    title = page.session.document.graph.nodes[source].title
    name = f"{title} / {variable}" if "#" in key else key.rsplit(".", 1)[-1]
    field = studio.field(name)
    assert isinstance(field, QPlainTextEdit)
    field.setPlainText("99")
    studio.click(f"Use this value for {name}")
    studio.click("Continue")

    until(lambda: live.is_over)
    assert live.summary is not None
    assert "99" in str(live.summary["outputs"])


def test_step_goes_on_node_by_node(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    page.session.toggle_breakpoint(studio.node("Share it out"))
    live = studio.window.running.start(page, INPUTS, "")
    assert live is not None
    held = []
    for title in ("Share it out", "Good news", "Message", "End"):
        until(lambda title=title: status(studio, title) == "held")
        held.append(title)
        QTest.mouseClick(page.debug.bar.buttons["step_over"], LEFT)
    until(lambda: live.is_over)
    assert held == ["Share it out", "Good news", "Message", "End"]


@pytest.mark.spec("editor.63")
def test_a_single_step_takes_its_inputs_from_the_last_run(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    studio.run(INPUTS)
    page.canvas.select([studio.node("Good news")])
    page.canvas.setFocus()

    QTest.keyClick(studio.window, Qt.Key.Key_F10)

    until(lambda: page.session.run is not None and page.session.run.is_over)
    assert page.session.run is not None
    assert page.session.run.summary is not None
    assert page.session.run.summary["status"] == "succeeded"
    assert len(studio.services.runs.list().runs) == 1, "a single step is no run of the log"


@pytest.mark.spec("editor.70")
def test_a_form_is_answered_and_the_run_goes_on(studio: Studio) -> None:
    app_id = studio.services.workflows.create("workflow", "Asks", workflow=asking_flow())
    page = studio.open_app(app_id)
    live = studio.window.running.start(page, {}, "")
    assert live is not None
    until(lambda: live.is_over)
    forms = page.run_panel.forms
    until(lambda: len(forms.cards) == 1)
    assert page.shown_tab == "run"

    studio.click("Yes", forms)

    until(lambda: page.session.run is not live and page.session.run is not None and page.session.run.is_over)
    assert page.session.run is not None
    assert page.session.run.summary is not None
    assert page.session.run.summary["outputs"] == {"o": "agreed"}
    assert status(studio, "Ask") == "succeeded"


@pytest.mark.spec("editor.70")
def test_a_paused_run_is_answered_after_the_program_was_closed(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        app_id = studio.services.workflows.create("workflow", "Asks", workflow=asking_flow())
        page = studio.open_app(app_id)
        live = studio.window.running.start(page, {}, "")
        assert live is not None
        until(lambda: live.is_over)

    with opened_studio(tmp_path) as studio:
        (run,) = studio.services.runs.list().runs
        assert run.status == "paused"
        studio.window.running.open_past(run.id)
        until(lambda: studio.window.page is not None and len(studio.page.run_panel.forms.cards) == 1)
        studio.click("Yes", studio.page.run_panel.forms)
        until(lambda: [r.status for r in studio.services.runs.list().runs] == ["succeeded"])


@pytest.mark.spec("editor.71")
def test_a_past_run_stands_on_the_graph_it_ran_on(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    summary = studio.run(INPUTS)
    gone = studio.node("Explain")
    page.canvas.select([gone])
    page.canvas.delete_selection()
    edited = page.session.document.workflow

    studio.window.running.open_past(summary["run_id"])
    until(lambda: studio.page is not page)
    past = studio.page

    assert gone in past.session.document.graph.nodes
    assert past.session.read_only
    assert status(studio, "Good news") == "succeeded"
    QTest.mouseClick(past.banner_back, LEFT)
    until(lambda: studio.window.page is page)
    assert page.session.document.workflow is edited


def test_a_failed_run_goes_on_from_its_failure_after_the_repair(studio: Studio) -> None:
    code = "def main(n):\n    return {'r': 10 / n}\n"
    names = [{"variable": "n", "value_selector": ["1", "n"]}]
    flow = made(
        [
            node("1", "start", variables=[{"variable": "n", "type": "number", "label": "n", "required": True}]),
            node("2", "template-transform", title="Words", template="n={{ n }}", variables=names),
            node(
                "3", "code", title="Divide", code=code, code_language="python3", variables=names,
                outputs={"r": {"type": "number", "children": None}},
            ),
            node("4", "end", outputs=[{"variable": "r", "value_selector": ["3", "r"]}]),
        ],
        [("1", "2"), ("2", "3"), ("3", "4")],
    )  # fmt: skip
    page = studio.open_app(studio.services.workflows.create("workflow", "Fails", workflow=flow))
    assert studio.run({"n": 0})["status"] == "failed"
    first = page.session.run
    assert status(studio, "Divide") == "failed"
    page.show_drawer("run")
    assert page.run_panel.resume.isVisible()

    page.session.submit(SetField("3", ("code",), code.replace("/ n", "/ 5")), "Repair")
    QTest.mouseClick(page.run_panel.resume, LEFT)
    until(lambda: page.planning.bar.isVisible())
    QTest.mouseClick(page.planning.bar.run, LEFT)
    until(lambda: page.session.run is not first and page.session.run is not None and page.session.run.is_over)

    assert page.session.run is not None
    assert page.session.run.summary is not None
    assert page.session.run.summary["outputs"] == {"r": 2}
    (again, _) = studio.services.runs.list().runs
    words = next(n for n in studio.services.runs.nodes(again.id) if n["title"] == "Words")
    assert words["status"] == "succeeded"
