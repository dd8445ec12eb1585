"""Stopping each kind of step, what a single step asks for, the trace beside the canvas, a past run after a restore."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton

from editor.dialogs.step_inputs import StepInputs
from editor.panels.value_view import ValueView
from editor.screenshot import wait_until
from engine.model.edits import SetField
from engine.model.hashing import content_hash
from engine.model.workflow import Workflow
from tests.helpers.flows import nested_flow, template
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer
from tests.helpers.servers import Reply, serving
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


def flow_of(middle: dict[str, Any]) -> Workflow:
    """A step between a start and an end, and another step that waits behind it."""
    return made(
        [node("1", "start", variables=[]), middle, template("t", "after"), node("3", "end", outputs=[])],
        [("1", "m"), ("m", "t"), ("t", "3")],
    )


@contextmanager
def slow(kind: str, studio: Studio) -> Iterator[dict[str, Any]]:
    """A step that waits for something that never comes."""
    let_go = threading.Event()
    if kind == "code":
        code = "import time\ndef main():\n    time.sleep(600)\n    return {'r': 1}\n"
        outputs = {"r": {"type": "number", "children": None}}
        yield node("m", "code", title="Slow", code=code, code_language="python3", variables=[], outputs=outputs)
    elif kind == "http-request":

        def wait(_seen: Any) -> Reply:
            let_go.wait(60)
            return Reply()

        studio.services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        with serving(wait) as server:
            yield node(
                "m", "http-request", title="Slow", method="get", url=f"{server.url}/never", headers="", params="",
                body={"type": "none", "data": []}, authorization={"type": "no-auth", "config": None},
                timeout={"max_connect_timeout": 300, "max_read_timeout": 300, "max_write_timeout": 300},
            )  # fmt: skip
            let_go.set()
    else:
        first = {"choices": [{"index": 0, "delta": {"content": "Half an"}, "finish_reason": None}]}
        with ModelServer(Answer(events=[first], hold=let_go)) as server:
            models = studio.services.models
            provider = models.save_provider("openai_api_compatible", base_url=server.url)
            models.add_model(provider, "box-1")
            model = {"provider": provider, "name": "box-1", "mode": "chat", "completion_params": {}}
            prompt = [{"role": "user", "text": "Go"}]
            yield node("m", "llm", title="Slow", model=model, prompt_template=prompt, context={"enabled": False})
            let_go.set()


@pytest.mark.parametrize("by", ["button", "keys"])
@pytest.mark.parametrize("kind", ["code", "http-request", "llm"])
@pytest.mark.spec("editor.58")
def test_stop_ends_each_kind_of_step_and_leaves_no_node_running(studio: Studio, kind: str, by: str) -> None:
    with slow(kind, studio) as middle:
        page = studio.open_app(studio.services.workflows.create("workflow", "Slow", workflow=flow_of(middle)))
        studio.activate()
        page.canvas.setFocus()
        QTest.keyClick(studio.window, Qt.Key.Key_F5)
        until(lambda: page.session.run_state is not None and "m" in page.session.run_state.nodes)
        state = page.session.run_state
        assert state is not None
        assert wait_until(lambda: state.nodes["m"].status == "running", 20), state.nodes["m"].error
        if by == "button":
            QTest.mouseClick(studio.window.top.run, LEFT)
        else:
            studio.activate()
            page.canvas.setFocus()
            QTest.keyClick(studio.window, Qt.Key.Key_F5, Qt.KeyboardModifier.ShiftModifier)
        live = page.session.run
        assert live is not None
        until(lambda: live.is_over, 5)
        state = page.session.run_state
        assert state is not None
        assert state.status == "stopped"
        assert state.nodes["m"].status == "stopped"
        assert not [n for n, run in page.canvas.state.runs.items() if run.active], "nothing looks as if it ran"
        until(lambda: [r.status for r in studio.services.runs.list().runs] == ["stopped"])
        assert studio.window.top.run.text() == "Run"


def when_asked(act: Callable[[StepInputs], None]) -> None:
    """Do something with the dialog of missing values as soon as it is there."""

    def look() -> None:
        shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, StepInputs) and w.isVisible()]
        if shown:
            act(shown[0])
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


@pytest.mark.spec("editor.63")
def test_only_the_one_value_that_is_missing_is_asked_for(studio: Studio) -> None:
    flow = made(
        [
            node("1", "start", variables=[{"variable": "a", "type": "text-input", "label": "a"}]),
            template("x", "X of {{ a }}", a="1.a"),
            template("y", "Y of {{ a }}", a="1.a"),
            template("z", "{{ p }} and {{ q }}", p="x.output", q="y.output"),
            node("3", "end", outputs=[{"variable": "o", "value_selector": ["z", "output"]}]),
        ],
        [("1", "x"), ("1", "y"), ("x", "z"), ("y", "z"), ("z", "3")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "Both", workflow=flow))
    assert studio.run({"a": "sea"})["status"] == "succeeded"
    page.show_drawer("values")
    until(lambda: page.values.tree.topLevelItemCount() > 3)
    page.values.clear("y")
    until(lambda: "y" not in {n for n, mark in page.canvas.state.marks.items() if mark.kept})

    asked: list[str] = []
    offered: list[str] = []

    def fill(dialog: StepInputs) -> None:
        asked.extend(label.text() for label in dialog.findChildren(QLabel) if " / " in label.text())
        (edit,) = dialog.form.findChildren(QPlainTextEdit)
        offered.append(edit.toPlainText())
        if not offered[-1]:
            QTest.keyClicks(edit, "typed")
        QTest.mouseClick(next(b for b in dialog.findChildren(QPushButton) if b.text() == "Run"), LEFT)

    before = page.session.run
    when_asked(fill)
    page.canvas.select(["z"])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    until(lambda: page.session.run is not before and page.session.run is not None and page.session.run.is_over)
    assert len(asked) == 1
    assert "output" in asked[0]
    place = next(n for n in range(page.inspector.tabs.count()) if page.inspector.tabs.tabText(n) == "Last run")
    QTest.mouseClick(page.inspector.tabs, LEFT, pos=page.inspector.tabs.tabRect(place).center())
    until(lambda: "X of sea and typed" in str([v.value() for v in page.inspector.findChildren(ValueView)]))
    page.values.select("z", "output")
    until(lambda: page.values.editor.value is not None and page.values.editor.value.key == ("z", "output"))
    until(lambda: page.values.editor.field.toPlainText() == "X of sea and typed", 10)

    # What was given is offered when it is asked for again, also after the workflow was closed.
    studio.window.do("close_tab")
    page = studio.open_app(page.session.app_id)
    until(lambda: bool(page.session.asked.values))
    studio.activate()
    when_asked(fill)
    page.canvas.select(["z"])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    until(lambda: page.session.run is not None and page.session.run.is_over)
    assert offered == ["", "typed"]
    assert page.session.run_state is not None
    assert page.session.run_state.nodes["z"].outputs == {"output": "X of sea and typed"}


@pytest.mark.spec("editor.62")
def test_the_trace_opens_at_the_node_that_is_selected(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    assert studio.run({"texts": "one two"})["status"] == "succeeded"
    page.hide_drawer()
    page.canvas.fit()
    studio.settle()
    studio.hand.click(studio.hand.at_node("list"))
    QTest.keyClick(studio.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    studio.settle()
    assert page.shown_tab == "trace"
    assert str(page.trace.tree.currentIndex().data()).startswith("Split")
    page.show_drawer("run")
    studio.hand.click(studio.hand.at_node("join"))
    bar = page.tabs.tabBar()
    place = next(n for n in range(bar.count()) if bar.tabText(n) == "Trace")
    QTest.mouseClick(bar, LEFT, pos=bar.tabRect(place).center())
    assert str(page.trace.tree.currentIndex().data()).startswith("Join")
    assert str(page.trace.tree.currentIndex().parent().data()).startswith("Round")


@pytest.mark.spec("editor.71")
def test_a_past_run_keeps_its_graph_when_another_version_was_restored(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    app_id = page.session.app_id
    first = studio.services.versions.publish(app_id, workflow=page.session.document.workflow, name="First")
    page.session.submit(SetField("join", ("title",), "Later"), "Rename")
    ran = studio.run({"texts": "one"})
    studio.messages.answers = [True]
    studio.window.versioning.restore(page, first.id)
    until(lambda: page.session.document.graph.node("join").title == "Join")
    page.canvas.select(["list"])
    studio.settle()
    draft, chosen, zoom = content_hash(page.session.document.workflow), page.canvas.selected_nodes(), page.canvas.zoom

    QTest.mouseClick(page.rail_buttons["history"], LEFT)
    history: Any = page.panels["history"]
    until(lambda: history.list.count() == 1)
    QTest.mouseClick(history.list.viewport(), LEFT, pos=history.list.visualItemRect(history.list.item(0)).center())
    until(lambda: studio.page is not page)
    past = studio.page
    assert past.session.read_only
    assert past.session.document.graph.node("join").title == "Later"
    assert past.session.run_state is not None
    assert past.session.run_state.run_id == ran["run_id"]
    assert {past.canvas.state.runs[n].status for n in ("join", "each", "list")} == {"succeeded"}
    past.canvas.select(["join"])
    past.canvas.setFocus()
    QTest.keyClick(past.canvas, Qt.Key.Key_Delete)
    assert "join" in past.session.document.graph.nodes, "a past run cannot be changed"
    QTest.mouseClick(past.banner_back, LEFT)
    until(lambda: studio.page is page)
    assert content_hash(page.session.document.workflow) == draft
    assert (page.canvas.selected_nodes(), page.canvas.zoom) == (chosen, zoom)


@pytest.mark.spec("editor.55")
def test_typing_takes_the_place_of_the_value_that_is_offered(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    QTest.keyClick(studio.window, Qt.Key.Key_F5)
    studio.settle()
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    assert page.run_panel.isAncestorOf(field)
    assert field.text() == "42"
    QTest.keyClicks(field, "12")
    assert field.text() == "12"


@pytest.mark.spec("editor.63")
def test_a_start_that_runs_alone_asks_for_its_inputs_and_the_next_step_reads_them(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")

    def fill(dialog: StepInputs) -> None:
        for edit, number in zip(dialog.form.findChildren(QLineEdit), ("8", "2"), strict=True):
            edit.selectAll()
            QTest.keyClicks(edit, number)
        QTest.mouseClick(next(b for b in dialog.findChildren(QPushButton) if b.text() == "Run"), LEFT)

    for title, given in (("Start", {"total": 8, "people": 2}), ("Share it out", {"share": 4})):
        if title == "Start":
            when_asked(fill)
        before, node_id = page.session.run, studio.node(title)
        studio.activate()
        page.canvas.select([node_id])
        page.canvas.setFocus()
        QTest.keyClick(studio.window, Qt.Key.Key_F10)
        until(lambda before=before: page.session.run is not before and page.session.run.is_over)
        state = page.session.node_state(node_id)
        assert state is not None
        assert given.items() <= state["outputs"].items()


def test_the_keyboard_is_at_the_result_when_the_run_is_over(studio: Studio) -> None:
    """It was at the button that stops the run, which is gone then."""
    page = studio.sample("code-with-an-error-branch")
    QTest.keyClick(studio.window, Qt.Key.Key_F5)
    studio.settle()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    until(lambda: page.session.run_state is not None and page.session.run_state.is_over)
    studio.settle()
    focused = QApplication.focusWidget()
    assert focused is not None
    assert (focused.accessibleName(), page.run_panel.isAncestorOf(focused)) == ("Result", True)
