"""Older and hand-written shapes: what they become, that each change is told, and that nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.helpers.model import dsl, edge, made, node, notices, opened, tree


def wrapper(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**config, **more}


@pytest.mark.spec("dsl.21", "logic.167")
def test_an_old_iteration_gets_a_start_node_before_its_first_child() -> None:
    nodes = [
        node("1", "start"),
        node("2", "iteration", start_node_id="3", iterator_selector=["1", "list"], output_selector=["3", "text"]),
        wrapper(node("3", "llm", isIterationStart=True, isInIteration=True, iteration_id="2"), parentId="2"),
    ]

    result = opened(dsl(nodes, [("1", "2")]))

    assert result.workflow is not None
    graph = result.workflow.graph
    start = graph.node(graph.node("2").data["start_node_id"])
    assert (start.type, start.parent, start.wrapper) == ("iteration-start", "2", "custom-iteration-start")
    assert start.id.startswith("2start")
    assert [e.target for e in graph.out_edges(start.id)] == ["3"]
    assert "upgrade.container_start" in notices(result)
    assert list(graph.nodes)[:3] == ["1", "2", "3"]


def test_a_container_without_any_start_gets_one() -> None:
    graph = made([node("1", "start"), node("2", "loop", loop_count=2)], [("1", "2")]).graph

    start = graph.node(graph.node("2").data["start_node_id"])
    assert (start.type, start.parent) == ("loop-start", "2")
    assert not graph.out_edges(start.id)


@pytest.mark.spec("dsl.22", "logic.49", "logic.207")
def test_an_old_if_else_becomes_one_case_and_keeps_its_edges() -> None:
    condition = {"variable_selector": ["1", "q"], "comparison_operator": "is", "value": "x"}
    nodes = [
        node("1", "start"),
        node("2", "if-else", logical_operator="or", conditions=[condition]),
        node("3", "end"),
        node("4", "end"),
    ]

    result = opened(dsl(nodes, [("1", "2"), ("2", "true", "3"), ("2", "false", "4")]))

    assert result.workflow is not None
    (case,) = result.workflow.graph.node("2").data["cases"]
    assert (case["case_id"], case["logical_operator"], case["conditions"]) == ("true", "or", [condition])
    assert not {"conditions", "logical_operator"} & set(result.workflow.graph.node("2").data)
    assert [e.source_handle for e in result.workflow.graph.out_edges("2")] == ["true", "false"]
    assert "upgrade.cases" in notices(result)


@pytest.mark.spec("dsl.48", "logic.207")
def test_edges_that_close_a_circle_are_taken_out_and_named() -> None:
    nodes = [node("1", "start"), node("2", "code", title="Plan"), node("3", "code", title="Check"), node("4", "end")]

    result = opened(dsl(nodes, [("1", "2"), ("2", "3"), ("3", "2"), ("3", "4")]))

    assert result.workflow is not None
    assert [(e.source, e.target) for e in result.workflow.graph.edges.values()] == [("1", "2"), ("2", "3"), ("3", "4")]
    told = next(n.message for n in result.notices if n.code == "upgrade.cycle")
    assert "Plan" in told
    assert "Check" in told


@pytest.mark.spec("dsl.51")
@pytest.mark.parametrize("absolute", [None, {"x": 9_999, "y": -1}, "nonsense"])
def test_children_stay_where_they_are_in_their_container(absolute: Any) -> None:
    child = wrapper(node("3", "code", x=100, y=70), parentId="2", positionAbsolute=absolute)
    nodes = [node("1", "start"), node("2", "iteration", x=500, y=300), child]

    graph = made(nodes, [("1", "2")]).graph

    assert (graph.node("3").x, graph.node("3").y) == (100, 70)
    assert graph.absolute("3") == (600, 370)
    config = next(n for n in graph.to_config()["nodes"] if n["id"] == "3")
    assert config["positionAbsolute"] == {"x": 600, "y": 370}


@pytest.mark.spec("dsl.57", "logic.209")
def test_older_names_of_the_success_socket_are_read() -> None:
    nodes = [node("1", "start"), node("2", "code", error_strategy="fail-branch"), node("3", "loop"), node("4", "end")]

    result = opened(
        dsl(nodes, [("1", "2"), ("2", "success-branch", "3"), ("2", "fail-branch", "4"), ("3", "loop", "4")])
    )

    assert result.workflow is not None
    handles = [e.source_handle for e in result.workflow.graph.edges.values()]
    assert handles == ["source", "source", "fail-branch", "source"]
    assert next(n.count for n in result.notices if n.code == "repair.handles") == 2


@pytest.mark.spec("logic.208")
def test_nodes_without_places_stand_in_a_row() -> None:
    nodes = [node(str(n), "code") for n in range(3)]
    for config in nodes:
        del config["position"]

    graph = made(nodes).graph

    assert [(n.x, n.y) for n in graph.nodes.values()] == [(80, 282), (380, 282), (680, 282)]


@pytest.mark.spec("logic.210")
def test_the_strategy_retry_means_retry_on_failure() -> None:
    retry = {"max_retries": 3, "retry_interval": 100}
    nodes = [node("1", "code", error_strategy="retry", retry_config=retry), node("2", "code", retry_config=retry)]

    result = opened(dsl(nodes))

    assert result.workflow is not None
    first, second = result.workflow.graph.nodes.values()
    assert first.data["retry_config"] == {**retry, "retry_enabled": True}
    assert "error_strategy" not in first.data
    assert second.data["retry_config"] == retry
    assert notices(result).count("repair.retry_off") == 1


@pytest.mark.spec("logic.211")
@pytest.mark.parametrize(
    ("written", "meant"),
    [("is_empty", "empty"), (">=", "≥"), ("!=", "≠"), ("==", "="), ("starts_with", "start with"), ("is_not", "is not")],
)
def test_operators_in_other_spellings(written: str, meant: str) -> None:
    condition = {"variable_selector": ["1", "q"], "comparison_operator": written, "value": "3"}
    cases = [{"case_id": "true", "logical_operator": "and", "conditions": [condition]}]

    result = opened(dsl([node("1", "start"), node("2", "if-else", cases=cases)], [("1", "2")]))

    assert result.workflow is not None
    found = result.workflow.graph.node("2").field(("cases", 0, "conditions", 0, "comparison_operator"))
    assert found == meant
    assert "repair.operator" in notices(result)


@pytest.mark.spec("logic.212")
def test_bare_selectors_become_named_inputs() -> None:
    workflow = made([node("1001", "start"), node("2", "code", variables=[["1001", "text"]])])

    assert workflow.graph.node("2").data["variables"] == [{"variable": "text", "value_selector": ["1001", "text"]}]


@pytest.mark.spec("logic.213", "dsl.40")
def test_an_unknown_type_is_kept_as_it_is() -> None:
    odd = wrapper(node("2", "iteration-end", strange={"deep": [1, {"x": None}]}), width=200, my_wrapper_key="kept")

    source = dsl([node("1", "start"), odd], [("1", "2")])
    from engine.dsl.write import to_tree

    written = to_tree(made_from(source))["workflow"]["graph"]["nodes"][1]

    assert {k: written[k] for k in odd} == odd


def made_from(text: str) -> Any:
    return opened(text).workflow


@pytest.mark.spec("logic.6")
def test_null_and_numeric_base_fields_are_put_right() -> None:
    odd = node("2", "code", error_strategy="none", retry_config=None, version=2)
    odd["data"]["title"] = None

    result = opened(dsl([node("1", "start"), odd]))

    assert result.workflow is not None
    data = result.workflow.graph.node("2").data
    assert (data["title"], data["version"]) == ("", "2")
    assert "error_strategy" not in data
    assert "retry_config" not in data


def test_the_type_on_the_wrapper_moves_into_the_data() -> None:
    odd = node("2", "llm")
    del odd["data"]["type"]
    odd["type"] = "llm"

    result = opened(dsl([node("1", "start"), odd]))

    assert result.workflow is not None
    found = result.workflow.graph.node("2")
    assert (found.type, found.wrapper) == ("llm", "custom")
    assert "repair.type" in notices(result)


def test_marks_of_membership_follow_the_parent() -> None:
    nodes = [node("1", "start"), node("2", "loop"), wrapper(node("3", "code", isInIteration=True), parentId="2")]

    result = opened(dsl(nodes))

    assert result.workflow is not None
    assert result.workflow.graph.node("3").data["loop_id"] == "2"
    assert result.workflow.graph.node("3").data["isInLoop"] is True
    assert "upgrade.membership" in notices(result)


def test_a_text_as_form_body_becomes_fields() -> None:
    body = {"type": "form-data", "data": "name: Ada\nkind: x:y"}

    workflow = made([node("1", "http-request", body=body)])

    items = workflow.graph.node("1").data["body"]["data"]
    assert [(i["key"], i["value"]) for i in items] == [("name", "Ada"), ("kind", "x:y")]


def test_old_http_nodes_are_not_given_retries() -> None:
    assert "retry_config" not in made([node("1", "http-request")]).graph.node("1").data


def test_stale_types_on_edges_are_put_right_and_counted() -> None:
    source = tree([node("1", "start"), node("2", "end")], [("1", "2")])
    source["workflow"]["graph"]["edges"][0]["data"] = {"sourceType": "llm", "targetType": "end"}

    result = opened(yaml.safe_dump(source))

    assert result.workflow is not None
    (found,) = result.workflow.graph.edges.values()
    assert found.data["sourceType"] == "start"
    assert "repair.edge_types" in notices(result)


def test_edges_without_anything_but_their_ends_are_completed() -> None:
    source = tree([node("1", "start"), node("2", "end")])
    source["workflow"]["graph"]["edges"] = [{"source": "1", "target": "2"}]

    result = opened(yaml.safe_dump(source))

    assert result.workflow is not None
    (found,) = result.workflow.graph.edges.values()
    assert found.to_config() == {
        **edge("1", "2"),
        "data": {"sourceType": "start", "targetType": "end"},
    }


def test_a_file_of_today_is_not_changed_and_nothing_is_said() -> None:
    config = made([node("1", "start"), node("2", "end")], [("1", "2")]).graph.to_config()

    result = opened(dsl(config["nodes"], version="0.7.0"))

    assert notices(result) == []


@pytest.mark.spec("logic.187")
def test_the_older_word_for_a_form_that_timed_out_is_read() -> None:
    nodes = [node("1", "start"), node("2", "human-input", user_actions=[{"id": "a"}]), node("3", "end")]

    result = opened(dsl(nodes, [("1", "2"), ("2", "__timeout__", "3")]))

    assert result.workflow is not None
    assert [e.source_handle for e in result.workflow.graph.out_edges("2")] == ["__timeout"]
