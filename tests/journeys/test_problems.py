"""The list of problems in the real window: what it offers to put right."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit

from editor.dialogs.publish import PLACE, PublishDialog
from editor.panels.forms.parts import Section
from editor.panels.problems import CODE, FIX, PROBLEM, Problems
from editor.screenshot import wait_until
from editor.session import WorkflowSession
from editor.theme import theme
from engine.model.edits import AddNode, Group, SetField
from engine.model.graph import Edge
from engine.model.scope import Ancestors, dangling
from engine.model.workflow import Workflow
from engine.nodes.registry import SPECS
from tests.engine.services.test_tools import end, start, workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

NO_FIELD = {"subscription_id", "delivery_methods"}
"""Settings of the platform without a field here: the first of the form has the keyboard; the second has a fix."""
LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def with_a_circle() -> Workflow:
    code: dict[str, Any] = {"type": "code", "code": "def main():\n    return {}", "code_language": "python3"}
    made = workflow("W", start(), {**code, "title": "A"}, {**code, "title": "B"}, end())
    return made.with_graph(made.graph.with_edge(Edge("back", "2", "1")))


def test_a_connection_that_closes_a_circle_is_removed_with_one_click_and_comes_back_with_undo(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "W", workflow=with_a_circle()))
    session = studio.page.session
    studio.page.show_panel("problems")
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    session.check()
    assert problems.fix.isVisible()
    assert problems.fix.text() == "Remove the connection"
    circle = {e for e in session.document.graph.edges if e.startswith("e1") or e == "back"}

    QTest.mouseClick(problems.fix, Qt.MouseButton.LeftButton)
    assert len(circle & set(session.document.graph.edges)) == 1
    session.check()
    assert problems.fix.isHidden()

    session.undo()
    assert circle <= set(session.document.graph.edges)


def test_what_is_said_of_a_problem_is_never_cut(studio: Studio) -> None:
    studio.open_app(studio.services.workflows.create("workflow", "W", workflow=with_a_circle()))
    studio.page.show_panel("problems")
    problems = studio.page.panels["problems"]
    assert isinstance(problems, Problems)
    item = problems.list.item(0)
    short = problems.list.visualItemRect(item).height()
    item.setText("Title\n" + "words that go on and on " * 12 + "x" * 200)
    studio.settle()
    line = QFontMetrics(theme().font("small", 400)).lineSpacing()
    assert problems.list.visualItemRect(item).height() > short + 8 * line
    assert not problems.list.horizontalScrollBar().isVisible()


# -- the list and the way to the field --------------------------------------------------------------------------------


def panel_of(studio: Studio) -> Problems:
    panel = studio.page.panels["problems"]
    assert isinstance(panel, Problems)
    return panel


def click(panel: Problems, row: int) -> None:
    item = panel.list.item(row)
    panel.list.scrollToItem(item)
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=panel.list.visualItemRect(item).center())


def focused_path(studio: Studio) -> tuple[Any, ...] | None:
    """The setting whose field, or list, has the keyboard."""
    widget = QApplication.focusWidget()
    while widget is not None and not isinstance(getattr(widget, "path", None), tuple):
        widget = widget.parentWidget()
    return tuple(widget.path) if widget is not None else None  # type: ignore[attr-defined]


@pytest.mark.spec("editor.52")
def test_the_count_follows_every_edit_and_is_not_put_off_by_typing(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    session, top = page.session, studio.window.top
    session.check()
    assert top.problems.text() == ""
    desk = studio.node("Senior desk")
    QTest.mouseClick(top.problems, LEFT)
    assert page.shown_panel == "problems"
    assert panel_of(studio).pages.currentIndex() == 1

    page.canvas.select([desk])
    field = studio.field("Template")
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, CTRL)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    due = session._check_timer.remainingTime()
    assert 0 <= due <= 300
    QTest.keyClicks(field, "x")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert 0 <= session._check_timer.remainingTime() <= due, "typing must not put it off"
    assert wait_until(lambda: panel_of(studio).list.count() == 1, 30)
    assert top.problems.text() == "1"
    item = panel_of(studio).list.item(0)
    assert item.text().startswith("Senior desk\n")
    assert not item.icon().isNull()
    assert item.toolTip().startswith(("Error: ", "Warning: "))

    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert wait_until(lambda: panel_of(studio).list.count() == 0, 30)
    assert top.problems.text() == ""


def every_type() -> list[str]:
    return sorted(t for t, s in SPECS.items() if "workflow" in s.modes and not t.endswith("-start"))


@pytest.mark.spec("editor.52")
@pytest.mark.parametrize("node_type", every_type())
def test_a_click_on_a_problem_goes_to_the_field_at_fault(studio: Studio, node_type: str) -> None:
    """Of each type as it is when it is new, and with every text and list in it emptied."""
    page = studio.open_app(studio.services.workflows.create("workflow", "W"))
    session = page.session
    made = page.canvas.rules.new_nodes(node_type, 400, 300, None)
    session.submit(Group("", tuple(AddNode(part) for part in made)), "Add")
    node_id = made[0].id
    empty = {key: type(value)() for key, value in made[0].data.items() if isinstance(value, str | list) and value}
    kept = {"type", "title", "start_node_id"}
    page.show_panel("problems")
    for data in ({}, {k: v for k, v in empty.items() if k not in kept}):
        session.submit(SetField(node_id, (), {**made[0].data, **data}), "Edit")
        session.check()
        panel = panel_of(studio)
        for row in range(panel.list.count()):
            target, field = panel.list.item(row).data(PROBLEM)
            if target != node_id or not field:
                continue
            page.canvas.select([])
            page.canvas.setFocus()
            click(panel, row)
            assert page.canvas.selected_nodes() == [node_id]
            if field in NO_FIELD:
                assert page.inspector.isAncestorOf(QApplication.focusWidget())
                continue
            path = focused_path(studio)
            words = panel.list.item(row).text()
            assert path is not None, f"{words!r} at {field!r}: the keyboard is in {QApplication.focusWidget()}"
            assert str(path[0]) == field.split(".")[0], f"{words!r} is at {field!r}, the keyboard at {path}"


@pytest.mark.spec("editor.52")
def test_a_field_far_down_in_a_form_that_still_grows_is_seen(studio: Studio) -> None:
    names = [f"part_{number}" for number in range(9)]
    schemas = [
        {"name": name, "form": "form", "type": "string", "required": name == names[-1], "label": {"en_US": name},
         "human_description": {"en_US": "Words that take more than one line of the panel. " * 3}}
        for name in names
    ]  # fmt: skip
    tool = {"type": "tool", "title": "Searches", "provider_type": "builtin", "provider_id": "a/b/b", "tool_name": "c",
            "provider_name": "a/b/b", "tool_label": "C", "paramSchemas": schemas, "tool_parameters": {},
            "tool_configurations": {name: {"type": "mixed", "value": ""} for name in names}}  # fmt: skip
    flow = workflow("W", start(), tool, end())
    page = studio.open_app(studio.services.workflows.create("workflow", "W", workflow=flow))
    page.show_panel("problems")
    page.session.check()
    studio.settle()
    panel = panel_of(studio)
    row = next(n for n in range(panel.list.count()) if panel.list.item(n).data(CODE) == "node.parameter_missing")
    page.canvas.select([])
    click(panel, row)
    path = focused_path(studio)
    assert path is not None
    assert path[:2] == ("tool_configurations", names[-1])
    for _ in range(5):
        studio.settle()
    assert not QApplication.focusWidget().visibleRegion().isEmpty()


@pytest.mark.spec("editor.52")
def test_a_click_on_a_branch_that_leads_nowhere_goes_where_a_step_is_added_to_it(studio: Studio) -> None:
    one = {"id": "c", "comparison_operator": "=", "value": "1", "varType": "number", "variable_selector": ["1", "n"]}
    cases = [{"case_id": name, "id": name, "logical_operator": "and", "conditions": [one]} for name in ("true", "b")]
    flow = workflow("W", start(), {"type": "if-else", "title": "Sorts", "cases": cases}, end())
    page = studio.open_app(studio.services.workflows.create("workflow", "W", workflow=flow))
    page.show_panel("problems")
    page.session.check()
    studio.settle()
    panel = panel_of(studio)
    rows = [n for n in range(panel.list.count()) if panel.list.item(n).data(CODE) == "BRANCH_WITHOUT_EDGE"]
    assert len(rows) >= 2
    seen = []
    for row in rows:
        branch = panel.list.item(row).text().split("“")[1].split("”")[0]
        click(panel, row)
        seen.append((branch, QApplication.focusWidget().accessibleName()))
        assert wait_until(lambda: not QApplication.focusWidget().visibleRegion().isEmpty(), 10)
    assert seen == [(branch, f"Add next step: {branch}") for branch, _ in seen]
    assert len({name for _, name in seen}) == len(rows)


MODEL = {"provider": "p", "name": "nobody-has-it", "mode": "chat", "completion_params": {}}
SEARCHES: dict[str, tuple[dict[str, Any], str, tuple[Any, ...]]] = {
    "no base": ({"dataset_ids": []}, "node.dataset_missing", ("dataset_ids",)),
    "foreign bases": ({}, "knowledge.unknown", ("dataset_ids",)),
    "no model that picks": ({"retrieval_mode": "single"}, "node.model_missing", ("single_retrieval_config", "model")),
    "a model that is not here": (
        {"retrieval_mode": "single", "single_retrieval_config": {"model": MODEL}}, "model.unknown",
        ("single_retrieval_config", "model"),
    ),
    "no rerank model": (
        {"multiple_retrieval_config": {"top_k": 4, "reranking_enable": True, "reranking_mode": "reranking_model"}},
        "node.rerank_missing", ("multiple_retrieval_config", "reranking_model"),
    ),
    "no model that filters": ({"metadata_filtering_mode": "automatic"}, "node.model_missing",
                              ("metadata_model_config",)),
    "a variable that is gone": (
        {"metadata_filtering_mode": "manual", "metadata_filtering_conditions": {"conditions": [
            {"id": "c", "name": "n", "comparison_operator": "is", "value": "{{#gone.text#}}"}]}},
        "UNRESOLVED_REFERENCE", ("metadata_filtering_conditions", "conditions", 0, "value"),
    ),
}  # fmt: skip


@pytest.mark.spec("editor.52")
@pytest.mark.parametrize("name", sorted(SEARCHES))
def test_a_click_on_what_a_search_lacks_opens_its_section_and_goes_to_the_field(studio: Studio, name: str) -> None:
    """Also where somebody has folded the section."""
    data, code, path = SEARCHES[name]
    settings = {"type": "knowledge-retrieval", "title": "Find", "query_variable_selector": [],
                "dataset_ids": ["a"], "retrieval_mode": "multiple",
                "multiple_retrieval_config": {"top_k": 4, "reranking_enable": False}, **data}  # fmt: skip
    flow = workflow("W", start(), settings, end())
    page = studio.open_app(studio.services.workflows.create("workflow", "W", workflow=flow))
    page.session.studio.load_models()
    assert wait_until(lambda: bool(page.session.model_problem("p", "nobody-has-it")), 30)
    page.show_panel("problems")
    page.session.check()
    panel = panel_of(studio)
    row = next(n for n in range(panel.list.count()) if panel.list.item(n).data(CODE) == code)
    node_id = panel.list.item(row).data(PROBLEM)[0]
    page.canvas.select([node_id])
    studio.settle()
    form = page.inspector.form
    assert form is not None
    for section in form.findChildren(Section):
        section.set_folded(True)
    click(panel, row)
    assert focused_path(studio) == path
    assert page.inspector.isAncestorOf(QApplication.focusWidget())
    assert QApplication.focusWidget().isVisible()


def faults(session: WorkflowSession) -> Counter[str]:
    """Problems by kind; of broken references all, not only the first of each node."""
    found = Counter(p.code for p in session.problems)
    graph = session.document.graph
    found["UNRESOLVED_REFERENCE"] = len(list(dangling(session.document.workflow, Ancestors(graph))))
    return found


def test_every_fix_puts_its_problem_right_in_one_step(studio: Studio) -> None:
    """Each kind of fix is clicked: its problem goes in one step, and undo brings all back."""
    flow = workflow(
        "W",
        start(),
        {"type": "template-transform", "title": "Words", "template": "{{ a }}{{ b }}", "variables": [
            {"variable": "a", "value_selector": ["gone", "text"]}, {"variable": "b", "value_selector": ["1", "n"]},
        ]},
        {"type": "llm", "title": "Says", "error_strategy": "fail-branch", "model": {"provider": "p", "name": "m"},
         "prompt_template": [{"role": "user", "text": "Read {{#gone.text#}} aloud"}]},
        {"type": "human-input", "title": "Asks", "form_content": "Yes?", "delivery_methods": [],
         "user_actions": [{"id": "y", "title": "Yes", "button_style": "default"}]},
        {"type": "question-classifier", "title": "Sorts", "error_strategy": "default-value",
         "default_value": [{"key": "class_name", "type": "string", "value": "x"}]},
        start(),
        end(),
    )  # fmt: skip
    studio.open_app(studio.services.workflows.create("workflow", "W", workflow=flow))
    page = studio.page
    session = page.session
    page.show_panel("problems")
    panel = panel_of(studio)
    seen: set[str] = set()
    session.check()
    first = session.document.workflow.to_json()
    for _ in range(20):
        before = faults(session)
        fixable = [row for row in range(panel.list.count()) if panel.list.item(row).data(FIX)]
        if not fixable:
            break
        panel.list.setCurrentRow(fixable[0])
        code, label = panel.list.item(fixable[0]).data(CODE), panel.fix.text()
        steps = session.document.steps()[1]
        QTest.mouseClick(panel.fix, LEFT)
        assert session.document.steps()[1] == steps + 1, label
        session.check()
        assert faults(session)[code] < before[code], f"{label}: {code} is still there"
        seen.add(code)
    assert seen >= {
        "UNRESOLVED_REFERENCE", "FAIL_BRANCH_WITHOUT_EDGE", "node.delivery_missing", "DEFAULT_VALUE_ON_BRANCH",
        "SEVERAL_STARTS",
    }  # fmt: skip
    while session.document.can_undo:
        session.undo()
    assert session.document.workflow.to_json() == first


def test_the_chosen_problem_stays_chosen_while_others_come_and_go(studio: Studio) -> None:
    studio.sample("branch-on-a-condition")
    session = studio.page.session
    studio.page.show_panel("problems")
    panel = panel_of(studio)
    refund, desk = studio.node("Refund desk"), studio.node("Senior desk")
    session.submit(SetField(refund, ("template",), ""), "Edit")
    session.check()
    click(panel, 0)
    assert focused_path(studio) == ("template",)
    session.submit(SetField(desk, ("template",), ""), "Edit")
    session.check()
    assert panel.list.count() == 2
    assert panel.list.currentItem().data(PROBLEM) == (refund, "template")
    assert focused_path(studio) == ("template",), "the field keeps the keyboard while the list changes"


@pytest.mark.spec("editor.53", "editor.54")
def test_a_clean_path_runs_beside_a_faulty_branch_and_publishing_lists_every_problem(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    session = page.session
    refund, desk = studio.node("Refund desk"), studio.node("Senior desk")
    for node_id in (refund, desk):
        session.submit(SetField(node_id, ("variables",), [{"variable": "", "value_selector": []}]), "Edit")
        session.submit(SetField(node_id, ("template",), ""), "Edit")
    session.check()
    errors = [p for p in session.problems if p.severity == "error"]
    assert {p.node_id for p in errors} == {refund, desk}

    # The path of this message leads through neither of them, nor through a model.
    reply = studio.node("General reply")
    page.canvas.select([reply])
    assert page.canvas.edits.change_type(reply, "template-transform")
    session.submit(SetField(reply, ("template",), "Hello"), "Edit")
    session.submit(SetField(reply, ("variables",), []), "Edit")
    session.submit(SetField(studio.node("The one reply"), ("variables",), [[reply, "output"]]), "Edit")
    QTest.keyClick(studio.window, Qt.Key.Key_F5)
    form = page.run_panel.form
    assert form is not None
    message = next(w for w in form.findChildren(QPlainTextEdit) if w.isVisible())
    message.clear()
    QTest.keyClicks(message, "Just hello")
    QTest.mouseClick(studio.window.top.run, LEFT)
    assert wait_until(lambda: session.run_state is not None and session.run_state.is_over, 60)
    assert session.run_state is not None
    assert session.run_state.status == "succeeded", session.run_state.error

    session.check()
    QTest.mouseClick(studio.window.top.publish, LEFT)
    dialog = studio.dialog(PublishDialog)
    assert isinstance(dialog, PublishDialog)
    assert not dialog.publish.isEnabled()
    errors = [p for p in session.problems if p.severity == "error"]
    assert dialog.problems.count() == len(errors) >= 2
    said = [dialog.problems.item(row).text() for row in range(dialog.problems.count())]
    assert {words.split("\n")[0] for words in said} == {"Refund desk", "Senior desk"}
    assert dialog.focusWidget() is dialog.problems
    QTest.keyClick(dialog.problems, Qt.Key.Key_Down)
    wanted = dialog.problems.currentItem().data(PLACE)
    QTest.keyClick(dialog.problems, Qt.Key.Key_Return)
    assert wait_until(lambda: page.canvas.selected_nodes() == [wanted[0]], 10)
    studio.activate()
    assert page.shown_panel == "problems"
    assert focused_path(studio) is not None
    assert not studio.services.versions.list(session.app_id)


def test_problems_are_walked_and_opened_by_keys(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    session = page.session
    for title in ("Refund desk", "Senior desk"):
        session.submit(SetField(studio.node(title), ("template",), ""), "Edit")
    session.check()
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_M, CTRL | Qt.KeyboardModifier.ShiftModifier)
    panel = panel_of(studio)
    assert panel.isVisible()
    visited = []
    for _ in range(2):
        page.canvas.setFocus()
        QTest.keyClick(studio.window, Qt.Key.Key_F4)
        visited.append(page.canvas.selected_nodes())
        assert focused_path(studio) == ("template",)
    assert {node for chosen in visited for node in chosen} == {studio.node("Refund desk"), studio.node("Senior desk")}
    panel.list.setFocus()
    panel.list.setCurrentRow(0)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert focused_path(studio) == ("template",)


@pytest.mark.spec("editor.53", "editor.54")
def test_faults_in_a_container_behind_another_trigger_and_of_a_lone_step_leave_a_clean_path_alone(
    studio: Studio,
) -> None:
    def inside(config: dict[str, Any]) -> dict[str, Any]:
        mark = {"isInIteration": True, "iteration_id": "each"}
        return {**config, "parentId": "each", "data": {**config["data"], **mark}}

    one = {
        "id": "c",
        "comparison_operator": "=",
        "value": "1",
        "varType": "number",
        "variable_selector": ["sys", "timestamp"],
    }
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [one]}
    daily = {"mode": "visual", "frequency": "daily", "visual_config": {"time": "10:00 AM"}, "timezone": "UTC"}
    nodes = [
        node("t1", "trigger-schedule", title="Daily", **daily),
        node("if", "if-else", title="Sorts", cases=[case]),
        node("each", "iteration", title="Each", start_node_id="first", iterator_selector=["gone", "x"],
             output_selector=[], width=500, height=300),
        inside(node("first", "iteration-start")),
        inside(node("in", "template-transform", title="Inside", template="", variables=[])),
        node("say", "template-transform", title="Says", template="hi", variables=[]),
        node("end", "end", title="Ends", outputs=[{"variable": "r", "value_selector": ["say", "output"]}]),
        node("t2", "trigger-schedule", title="Odd", mode="cron", cron_expression="bad", timezone="UTC"),
        node("ask", "http-request", title="Asks", url="", method="get"),
        node("lone", "llm", title="Alone", model={}, prompt_template=[]),
    ]  # fmt: skip
    edges = [
        ("t1", "if"),
        ("if", "true", "each"),
        ("first", "in"),
        ("if", "false", "say"),
        ("say", "end"),
        ("t2", "ask"),
    ]
    page = studio.open_app(studio.services.workflows.create("workflow", "W", workflow=made(nodes, edges)))
    session = page.session
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    studio.settle()
    menu = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())
    QTest.keyClicks(menu, "1")
    assert wait_until(lambda: session.run_state is not None and session.run_state.is_over, 60)
    assert session.run_state is not None
    assert session.run_state.status == "succeeded", session.run_state.error
    session.check()
    QTest.mouseClick(studio.window.top.publish, LEFT)
    dialog = studio.dialog(PublishDialog)
    assert isinstance(dialog, PublishDialog)
    assert not dialog.publish.isEnabled()
    said = [dialog.problems.item(row).text().split("\n")[0] for row in range(dialog.problems.count())]
    assert sorted(said) == ["Alone", "Asks", "Each", "Inside", "Odd"]
