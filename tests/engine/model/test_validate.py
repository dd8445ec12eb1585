"""The checklist: each rule fires where it should, says where, and stays silent on good workflows."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.dsl.read import read
from engine.model.edits import edit_from_json
from engine.model.graph import Graph
from engine.model.problems import Problem
from engine.model.validate import check
from engine.model.workflow import AppInfo, Workflow
from tests.benchmarks.bench_model import graph_of
from tests.helpers.model import dsl, edge, made, node, tree

START = node("1", "start")
END = node("9", "end", outputs=[{"variable": "o", "value_selector": ["2", "output"]}])
MIDDLE = node("2", "template-transform", template="hi", variables=[])
GOOD = ([START, MIDDLE, END], [("1", "2"), ("2", "9")])


def found(nodes: list[dict[str, Any]], edges: list[tuple[str, ...]], **more: Any) -> list[tuple[str, str | None]]:
    return [(p.code, p.node_id) for p in check(made(nodes, edges, **more))]


def raw(nodes: list[dict[str, Any]], edges: list[tuple[str, ...]]) -> list[Problem]:
    """Checks a graph as it is, without the repairs of an import."""
    graph = Graph.from_config({"nodes": nodes, "edges": [edge(*e) for e in edges]})
    return check(Workflow(app=AppInfo("x"), graph=graph))


def test_a_good_workflow_has_no_problems() -> None:
    assert found(*GOOD) == []
    answer = node("2", "answer", answer="Hello")
    assert found([START, answer], [("1", "2")], mode="advanced-chat") == []


@pytest.mark.parametrize(
    ("nodes", "edges", "problem"),
    [
        ([MIDDLE, END], [("2", "9")], ("NO_ROOT", None)),
        ([START, node("3", "start"), MIDDLE, END], [("1", "2"), ("2", "9")], ("SEVERAL_STARTS", "3")),
        ([START, MIDDLE], [("1", "2")], ("NO_RESPONSE_NODE", None)),
        ([*GOOD[0], node("5", "iteration-end")], GOOD[1], ("UNKNOWN_NODE_TYPE", "5")),
        ([*GOOD[0], node("5", "template-transform", template="x")], GOOD[1], ("UNREACHABLE_NODE", "5")),
        (
            [*GOOD[0], node("5", "template-transform", template="x")],
            [*GOOD[1], ("5", "9")],
            ("UNREACHABLE_PREDECESSOR", "9"),
        ),
        ([START, node("2", "template-transform", template=""), END], GOOD[1], ("node.template_missing", "2")),
        ([START, node("2", "answer", answer="x"), END], GOOD[1], ("WRONG_MODE", "2")),
        (
            [START, node("2", "code", code="x", error_strategy="fail-branch", outputs={"output": {}}), END],
            GOOD[1],
            ("FAIL_BRANCH_WITHOUT_EDGE", "2"),
        ),
        (
            [START, node("2", "code", code="x", error_strategy="default-value", default_value="x"), END],
            GOOD[1],
            ("DEFAULT_VALUE_SHAPE", "2"),
        ),
        (
            [START, MIDDLE, node("3", "if-else", cases=[], error_strategy="default-value"), END],
            [*GOOD[1], ("1", "3")],
            ("DEFAULT_VALUE_ON_BRANCH", "3"),
        ),
        (
            [
                START,
                node(
                    "2", "template-transform", template="x", variables=[{"variable": "a", "value_selector": ["7", "b"]}]
                ),
                END,
            ],
            GOOD[1],
            ("UNRESOLVED_REFERENCE", "2"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else "",
)
def test_each_rule_fires_with_its_code_and_node(
    nodes: list[dict[str, Any]], edges: list[tuple[str, ...]], problem: tuple[str, str | None]
) -> None:
    assert problem in found(nodes, edges)


@pytest.mark.spec("engine.9")
def test_a_circle_and_a_crossed_border_are_errors_with_a_cure() -> None:
    inside = node("4", "template-transform", parent="3", template="x")
    loop = node("3", "loop", loop_count=1, start_node_id="3start")
    problems = raw([START, MIDDLE, loop, inside, END], [("1", "2"), ("2", "9"), ("9", "2"), ("2", "4")])

    by_code = {p.code: p for p in problems}
    assert by_code["CYCLE"].severity == by_code["CROSS_SCOPE_EDGE"].severity == "error"
    fix = edit_from_json(by_code["CROSS_SCOPE_EDGE"].fixes[0]["edit"])
    graph = Graph.from_config({"nodes": [START, MIDDLE, loop, inside, END], "edges": [edge("2", "4")]})
    assert not fix.apply(Workflow(graph=graph))[0].graph.edges


def test_a_container_needs_its_start_and_something_to_do() -> None:
    bare = raw([START, node("3", "loop", loop_count=1), END], [("1", "3"), ("3", "9")])
    assert ("CONTAINER_START", "3") in [(p.code, p.node_id) for p in bare]

    empty = found([START, node("3", "loop", loop_count=1), END], [("1", "3"), ("3", "9")])
    assert ("EMPTY_CONTAINER", "3") in empty


def test_branches_that_lead_nowhere_are_named() -> None:
    condition = {"variable_selector": ["1", "q"], "comparison_operator": "empty"}
    branch = node("2", "if-else", cases=[{"case_id": "true", "conditions": [condition]}])
    start = node("1", "start", variables=[{"variable": "q", "type": "text-input"}])
    workflow = made(
        [start, branch, node("9", "end", outputs=[{"variable": "o", "value_selector": ["1", "q"]}])],
        [("1", "2"), ("2", "true", "9")],
    )

    assert [(p.code, p.severity) for p in check(workflow)] == [("BRANCH_WITHOUT_EDGE", "warning")]


def test_one_output_name_twice() -> None:
    twice = [{"variable": "o", "value_selector": ["2", "output"]}] * 2
    (first, second) = check(made([START, MIDDLE, node("9", "end", outputs=twice)], GOOD[1]))
    assert (first.code, first.severity, second.field) == ("DUPLICATE_OUTPUT", "error", "outputs.1.variable")

    other = {**END, "id": "8"}
    apart = check(made([*GOOD[0], other], [*GOOD[1], ("2", "8")]))
    assert {(p.code, p.severity) for p in apart} == {("DUPLICATE_OUTPUT", "warning")}


def test_a_chat_needs_an_answer_and_a_pipeline_its_two_nodes() -> None:
    assert ("REQUIRED_NODE", None) in found([START], [], mode="advanced-chat")
    pipeline = {"kind": "rag_pipeline", "version": "0.1.0", "rag_pipeline": {"name": "P"}}
    pipeline["workflow"] = {"graph": {"nodes": [node("2", "knowledge-index")], "edges": []}}
    workflow = read(yaml.safe_dump(pipeline)).workflow
    assert workflow is not None
    assert [p.code for p in check(workflow)].count("REQUIRED_NODE") == 1


@pytest.mark.spec("logic.205", "logic.206")
def test_notes_are_left_alone_and_a_placeholder_is_a_problem() -> None:
    note = {**node("n", "", text=""), "type": "custom-note"}
    assert found([note, *GOOD[0]], GOOD[1]) == []

    placeholder = check(made([node("1", "start-placeholder"), MIDDLE, END], GOOD[1]))
    assert [(p.code, p.node_id) for p in placeholder] == [("node.placeholder", "1")]


def test_a_path_of_more_than_fifty_nodes_is_told() -> None:
    nodes = [START, *(node(f"t{n}", "template-transform", template="x") for n in range(60)), END]
    ids = [n["id"] for n in nodes]
    chain = list(itertools.pairwise(ids))

    assert ("TOO_DEEP", None) in found(nodes, chain)


def test_problems_of_a_file_say_line_and_column() -> None:
    text = dsl(
        [
            START,
            node("2", "template-transform", template="x", variables=[{"variable": "a", "value_selector": ["7", "b"]}]),
            END,
        ],
        GOOD[1],
    )
    result = read(text)
    assert result.workflow is not None

    problem = next(p for p in check(result.workflow, result.place_of) if p.code == "UNRESOLVED_REFERENCE")

    assert problem.field == "variables.0.value_selector"
    assert problem.line is not None
    lines = text.splitlines()
    assert "value_selector" in lines[problem.line - 1] or "'7'" in lines[problem.line - 1]


def test_apps_without_a_graph_have_no_checklist() -> None:
    source = tree()
    source["app"]["mode"] = "chat"
    source["model_config"] = {"pre_prompt": ""}
    workflow = read(yaml.safe_dump(source)).workflow

    assert workflow is not None
    assert check(workflow) == []


def test_the_checklist_is_linear() -> None:
    """Counted in calls, which no other work on the machine changes."""

    def calls(count: int) -> int:
        workflow = Workflow(app=AppInfo("x"), graph=Graph.from_config(graph_of(count)))
        made_calls = 0

        def one_more(_frame: object, event: str, _of: object) -> None:
            nonlocal made_calls
            made_calls += event in ("call", "c_call")

        sys.setprofile(one_more)
        try:
            check(workflow)
        finally:
            sys.setprofile(None)
        return made_calls

    calls(10)  # what is made at first use
    assert calls(4_000) < calls(500) * 8 * 1.2


@pytest.mark.spec("logic.197")
def test_the_sixth_webhook_keeps_a_workflow_from_being_published(tmp_path: Path) -> None:
    from engine.errors import UserError
    from engine.services.context import Services

    hooks = [node(f"h{number}", "trigger-webhook") for number in range(6)]
    nodes = [*hooks, node("t", "template-transform", template="x", variables=[]), END]
    edges = [*((hook["id"], "t") for hook in hooks), ("t", "9")]
    end = node("9", "end", outputs=[{"variable": "o", "value_selector": ["t", "output"]}])
    flow = made([*nodes[:-1], end], edges)
    assert [(p.code, p.node_id) for p in check(flow)] == [("TOO_MANY_WEBHOOKS", "h5")]
    assert check(made([*nodes[1:-1], end], edges[1:])) == []
    services = Services.open(tmp_path)
    try:
        app_id = services.workflows.create("workflow", "Hooks")
        with pytest.raises(UserError) as caught:
            services.versions.publish(app_id, workflow=flow)
        assert [p["code"] for p in caught.value.details["problems"]] == ["TOO_MANY_WEBHOOKS"]
    finally:
        services.close()
