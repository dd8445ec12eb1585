"""Single steps of every type, inside containers too, and of an iteration with the items that a person chose."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget

from editor.dialogs.form_step import FormStep
from editor.dialogs.step_inputs import StepInputs
from editor.dialogs.step_items import StepItems
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.nodes.registry import SPECS
from tests.helpers.flows import nested_flow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def nested(studio: Studio) -> WorkflowPage:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    studio.run({"texts": "one two three"})
    return page


def ended(page: WorkflowPage) -> dict[str, Any]:
    run = page.session.run
    assert run is not None
    assert wait_until(lambda: run.is_over, 60)
    return dict(run.summary or {})


def step(studio: Studio, node_id: str) -> dict[str, Any]:
    """Run the selected node by its key."""
    page = studio.page
    before = page.session.run
    page.canvas.select([node_id])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    assert wait_until(lambda: page.session.run is not before, 30), studio.messages.__dict__
    return ended(page)


@pytest.mark.spec("editor.65")
def test_every_step_of_a_nested_flow_runs_alone(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list, the containers as wholes, and the steps in them; what a round would give is asked for."""
    asked: dict[str, str] = {}

    def answer(dialog: StepInputs) -> int:
        asked.update(dialog.kinds)
        answers = {"number": 1, "array[string]": ["one"]}
        dialog.form.load({key: answers.get(kind, "one") for key, kind in dialog.kinds.items()})
        dialog._check()
        return dialog.result()

    monkeypatch.setattr(StepInputs, "exec", answer)
    page = nested(studio)
    graph = page.session.document.graph
    alone = [n for n in graph.nodes.values() if SPECS[n.type].can_single_step and n.id != "up"]
    assert {"code", "template-transform", "iteration", "loop"} <= {n.type for n in alone}
    for found in alone:
        summary = step(studio, found.id)
        assert summary["status"] == "succeeded", (found.id, summary)
        state = page.session.run_state
        assert state is not None
        assert state.nodes[found.id].status == "succeeded"
    assert "#each.item#" in asked


@pytest.mark.spec("editor.65")
def test_what_does_not_run_alone_says_why_and_offers_no_button(studio: Studio) -> None:
    """An assigner in a container writes into that container's variables; an end has nothing to do."""
    page = nested(studio)
    before = page.session.run
    for node_id, reason in (("up", "An assigner in a container does not run"), ("end", "A step of this kind does not")):
        page.canvas.select([node_id])
        studio.settle()
        assert not [b for b in page.inspector.findChildren(QWidget) if b.accessibleName() == "Run this step" and
                    b.isVisible()]  # fmt: skip
        page.menus.node_menu(node_id, page.canvas.mapToGlobal(page.canvas.rect().center()))
        menu = next(m for m in page.findChildren(QMenu) if m.isVisible())
        assert not any(action.text().startswith("Run this step") for action in menu.actions())
        menu.close()
        studio.activate()
        page.canvas.setFocus()
        QTest.keyClick(studio.window, Qt.Key.Key_F10)
        assert studio.messages.told[-1].startswith(reason)
    assert page.session.run is before


@pytest.mark.spec("editor.65")
def test_a_form_without_anything_to_press_stays_until_it_is_cancelled(studio: Studio) -> None:
    flow = made([node("1", "start", variables=[]), node("ask", "human-input", title="Ask")], [("1", "ask")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Asks", workflow=flow))
    page.canvas.select(["ask"])
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_F10)
    shown = lambda: [d.windowTitle() for d in studio.window.findChildren(FormStep) if d.isVisible()]  # noqa: E731
    assert wait_until(lambda: not studio.window.studio.tasks.busy, 10)
    for _ in range(20):
        studio.settle()
        gc.collect()
    assert shown(), "nothing but the window holds it"
    QTest.keyClick(studio.dialog(FormStep), Qt.Key.Key_Escape)
    assert wait_until(lambda: not shown(), 10)
    assert page.session.run is None


@pytest.mark.spec("editor.65")
def test_an_iteration_runs_with_the_items_that_were_chosen(studio: Studio) -> None:
    page = nested(studio)
    page.canvas.select(["each"])
    page.menus.node_menu("each", page.canvas.mapToGlobal(page.canvas.rect().center()))
    menus = lambda: [m for m in page.findChildren(QMenu) if m.isVisible()]  # noqa: E731
    assert wait_until(lambda: bool(menus()), 10)
    menu = menus()[-1]
    wanted = next(a for a in menu.actions() if a.text().startswith("Run with chosen items"))
    for _ in range(40):
        if menu.activeAction() is wanted:
            break
        QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    dialog = studio.dialog(StepItems)
    assert isinstance(dialog, StepItems)
    assert [dialog.list.item(n).text() for n in range(dialog.list.count())] == ["0  ·  one", "1  ·  two", "2  ·  three"]
    studio.click("None", dialog)
    assert not dialog.run.isEnabled()
    dialog.list.setFocus()
    for row in (0, 2):
        dialog.list.setCurrentRow(row)
        QTest.keyClick(dialog.list, Qt.Key.Key_Space)
    assert dialog.chosen() == ["one", "three"]
    before = page.session.run
    QTest.mouseClick(dialog.run, LEFT)
    assert wait_until(lambda: page.session.run is not before, 30)
    assert ended(page)["status"] == "succeeded"
    state = page.session.run_state
    assert state is not None
    assert state.nodes["each"].outputs == {"output": ["ONEoneone", "THREEthreethree"]}


@pytest.mark.spec("editor.65")
def test_an_iteration_whose_list_nobody_knows_asks_for_it(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Nested", workflow=nested_flow()))
    asked: list[list[str]] = []

    def answer(dialog: StepInputs) -> int:
        """As a person would: fill the one field, click Run."""
        asked.append(list(dialog.kinds))
        dialog.form.load({"#list.r#": ["four"]})
        dialog._check()
        return dialog.result()

    monkeypatch.setattr(StepInputs, "exec", answer)
    page.canvas.select(["each"])
    studio.window.do("run_items")
    assert wait_until(lambda: page.session.run is not None, 30)
    assert asked == [["#list.r#"]]
    assert ended(page)["status"] == "succeeded"
    assert page.session.run_state is not None
    assert page.session.run_state.nodes["each"].outputs == {"output": ["FOURfourfour"]}
