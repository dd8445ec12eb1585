"""References: found in every shape, renamed everywhere, offered only where they can be read, missed when gone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.document import Document
from engine.model.refs import (
    available_variables,
    dangling,
    find_uses,
    forget,
    node_variables,
    references,
    rename_variable,
    variable_type,
)
from engine.model.workflow import Workflow
from tests.helpers.model import made, node


def selectors(**data: Any) -> list[tuple[str, ...]]:
    config = node("9", data.pop("kind"), **data)
    return [r.selector for r in references(made([config]).graph.node("9"))]


MODEL = {"provider": "p", "name": "m", "mode": "chat"}


@pytest.mark.parametrize(
    ("kind", "data", "found"),
    [
        ("end", {"outputs": [{"variable": "o", "value_selector": ["1", "a"]}]}, [("1", "a")]),
        (
            "answer",
            {"answer": "x {{#1.a#}} y {{#sys.query#}}", "variables": [["1", "old"]]},
            [("1", "a"), ("sys", "query")],
        ),
        (
            "code",
            {"variables": [{"variable": "v", "value_selector": ["1", "a", "k"]}], "code": "'{{#1.z#}}'"},
            [("1", "a", "k")],
        ),
        (
            "template-transform",
            {"template": "{{#1.z#}}", "variables": [{"variable": "v", "value_selector": ["1", "a"]}]},
            [("1", "a")],
        ),
        (
            "llm",
            {
                "model": MODEL,
                "prompt_template": [
                    {"role": "system", "text": "{{#1.a#}}"},
                    {"role": "user", "edition_type": "jinja2", "text": "{{#1.b#}}", "jinja2_text": "{{ v }}"},
                ],
                "prompt_config": {"jinja2_variables": [{"variable": "v", "value_selector": ["1", "c"]}]},
                "context": {"enabled": True, "variable_selector": ["1", "d"]},
                "vision": {"enabled": True, "configs": {"variable_selector": ["sys", "files"]}},
                "memory": {"query_prompt_template": "{{#1.e#}}"},
            },
            [("1", "a"), ("1", "c"), ("1", "d"), ("sys", "files"), ("1", "e")],
        ),
        (
            "llm",
            {
                "prompt_template": [{"role": "user", "text": "hello"}],
                "prompt_config": {"jinja2_variables": [{"variable": "v", "value_selector": ["1", "c"]}]},
                "context": {"enabled": False, "variable_selector": ["1", "d"]},
                "vision": {"enabled": False, "configs": {"variable_selector": ["sys", "files"]}},
            },
            [],
        ),
        (
            "if-else",
            {
                "cases": [
                    {
                        "case_id": "true",
                        "conditions": [
                            {"variable_selector": ["1", "a"], "comparison_operator": "is", "value": "{{#1.b#}}"}
                        ],
                    }
                ],
                "conditions": [{"variable_selector": ["1", "old"]}],
            },
            [("1", "a"), ("1", "b")],
        ),
        (
            "question-classifier",
            {"query_variable_selector": ["1", "a"], "instruction": "{{#1.b#}}"},
            [("1", "a"), ("1", "b")],
        ),
        ("parameter-extractor", {"query": ["1", "a"], "instruction": "{{#1.b#}}"}, [("1", "a"), ("1", "b")]),
        ("knowledge-retrieval", {"query_variable_selector": ["1", "a"], "dataset_ids": ["x", "y"]}, [("1", "a")]),
        (
            "http-request",
            {
                "url": "https://x/{{#1.a#}}",
                "headers": "k: {{#1.b#}}",
                "params": "",
                "authorization": {"config": {"api_key": "{{#env.KEY#}}"}},
                "body": {"type": "form-data", "data": [{"key": "{{#1.c#}}", "value": "{{#1.d#}}", "file": ["1", "f"]}]},
                "variables": [{"variable": "old", "value_selector": ["1", "old"]}],
            },
            [("1", "a"), ("1", "b"), ("env", "KEY"), ("1", "c"), ("1", "d"), ("1", "f")],
        ),
        (
            "tool",
            {
                "tool_parameters": {
                    "q": {"type": "mixed", "value": "{{#1.a#}}"},
                    "v": {"type": "variable", "value": ["1", "b"]},
                    "c": {"type": "constant", "value": "{{#1.c#}}"},
                }
            },
            [("1", "a"), ("1", "b")],
        ),
        ("agent", {"agent_parameters": {"query": {"type": "constant", "value": "{{#1.a#}}"}}}, [("1", "a")]),
        ("variable-aggregator", {"variables": [["1", "a"], ["2", "b"]]}, [("1", "a"), ("2", "b")]),
        (
            "variable-aggregator",
            {
                "variables": [["1", "old"]],
                "advanced_settings": {
                    "group_enabled": True,
                    "groups": [{"group_name": "g", "variables": [["1", "a"]]}],
                },
            },
            [("1", "a")],
        ),
        (
            "assigner",
            {
                "version": "2",
                "items": [
                    {
                        "variable_selector": ["conversation", "m"],
                        "operation": "over-write",
                        "input_type": "variable",
                        "value": ["1", "a"],
                    },
                    {
                        "variable_selector": ["conversation", "m"],
                        "operation": "set",
                        "input_type": "constant",
                        "value": ["x", "y"],
                    },
                ],
            },
            [("conversation", "m"), ("1", "a"), ("conversation", "m")],
        ),
        (
            "assigner",
            {"assigned_variable_selector": ["conversation", "m"], "input_variable_selector": ["1", "a"]},
            [("conversation", "m"), ("1", "a")],
        ),
        (
            "list-operator",
            {"variable": ["1", "a"], "filter_by": {"enabled": True, "conditions": [{"value": "{{#1.b#}}"}]}},
            [("1", "a"), ("1", "b")],
        ),
        ("document-extractor", {"variable_selector": ["1", "a"]}, [("1", "a")]),
        ("iteration", {"iterator_selector": ["1", "a"], "output_selector": ["5", "b"]}, [("1", "a"), ("5", "b")]),
        (
            "loop",
            {
                "loop_variables": [
                    {"label": "n", "value_type": "variable", "value": ["1", "a"]},
                    {"label": "m", "value_type": "constant", "value": ["x", "y"]},
                ],
                "break_conditions": [{"variable_selector": ["9", "n"], "value": "3"}],
            },
            [("1", "a"), ("9", "n")],
        ),
        (
            "human-input",
            {"form_content": "{{#1.a#}} {{#$output.x#}}", "inputs": [{"default": {"selector": ["1", "b"]}}]},
            [("1", "a"), ("1", "b")],
        ),
        ("odd-type", {"anything": {"value_selector": ["1", "a"], "text": "{{#1.b#}}"}}, [("1", "a"), ("1", "b")]),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_each_type_reads(kind: str, data: dict[str, Any], found: list[tuple[str, ...]]) -> None:
    assert sorted(selectors(kind=kind, **data)) == sorted(found)


def test_notes_read_nothing() -> None:
    note = {**node("n", "", text="{{#1.a#}}"), "type": "custom-note"}

    assert references(made([note, node("1", "start")]).graph.node("n")) == []


def flow() -> Workflow:
    nodes = [
        node(
            "1", "start", variables=[{"variable": "q", "type": "text-input"}, {"variable": "list", "type": "file-list"}]
        ),
        node(
            "2",
            "llm",
            title="Ask",
            prompt_template=[{"role": "user", "text": "A {{#1.q#}} and {{#1.q#}} {{#1.list#}}"}],
        ),
        node(
            "3",
            "code",
            variables=[{"variable": "a", "value_selector": ["1", "q", "k"]}],
            outputs={"r": {"type": "object"}},
        ),
        node("4", "iteration", iterator_selector=["1", "list"], output_selector=["5", "output"]),
        node("5", "template-transform", parent="4", variables=[{"variable": "i", "value_selector": ["4", "item"]}]),
        node("6", "end", outputs=[{"variable": "o", "value_selector": ["2", "text"]}]),
        node("7", "code", title="Aside", outputs={"z": {"type": "number"}}),
    ]
    return made(
        nodes,
        [("1", "2"), ("2", "3"), ("3", "4"), ("4", "6"), ("4start0", "5"), ("1", "7")],
        environment_variables=[{"id": "e", "name": "KEY", "value_type": "secret", "value": "s"}],
        conversation_variables=[{"id": "c", "name": "memory", "value_type": "array[string]", "value": []}],
        features={"opening_statement": "Hello {{ q }}!"},
        mode="advanced-chat",
    )


@pytest.mark.spec("editor.43")
def test_renaming_follows_every_use_in_one_step() -> None:
    document = Document(flow())

    document.apply(rename_variable(document.workflow, "1", "q", "question"))

    graph = document.graph
    assert (
        graph.node("2").field(("prompt_template", 0, "text")) == "A {{#1.question#}} and {{#1.question#}} {{#1.list#}}"
    )
    assert graph.node("3").field(("variables", 0, "value_selector")) == ["1", "question", "k"]
    assert document.workflow.features["opening_statement"] == "Hello {{question}}!"
    document.undo()
    assert document.workflow == flow()


@pytest.mark.spec("editor.44")
def test_uses_are_listed_by_variable_and_by_node() -> None:
    assert [u.node_id for u in find_uses(flow(), ("1", "q"))] == ["2", "2", "3"]
    assert {u.selector[1] for u in find_uses(flow(), ("1",))} == {"q", "list"}
    assert find_uses(flow(), ("7",)) == []


@pytest.mark.spec("editor.42")
def test_a_node_is_offered_what_runs_before_it_nearest_first() -> None:
    groups = available_variables(flow(), "6")

    assert [g.source for g in groups] == ["4", "3", "2", "1", "conversation", "env", "sys"]
    assert [v.name for v in groups[0].variables] == ["output"]


def test_inside_a_container_its_item_is_offered_but_not_its_result() -> None:
    groups = {g.source: g for g in available_variables(flow(), "5")}

    assert [(v.name, v.type) for v in groups["4"].variables] == [("item", "file"), ("index", "number")]
    assert [c.name for c in groups["4"].variables[0].children][:2] == ["type", "size"]
    assert "6" not in groups
    assert "7" not in groups


def test_a_loop_offers_its_variables_inside_and_to_its_own_conditions() -> None:
    loop = node(
        "2", "loop", loop_variables=[{"label": "n", "var_type": "number", "value_type": "constant", "value": 1}]
    )
    workflow = made([node("1", "start"), loop, node("3", "code", parent="2")], [("1", "2")])

    for node_id in ("2", "3"):
        names = [v.name for g in available_variables(workflow, node_id) if g.source == "2" for v in g.variables]
        assert "n" in names
        assert "loop_round" not in names


def test_types_of_variables_are_known_as_far_as_settings_tell() -> None:
    workflow = flow()

    assert variable_type(workflow, ["1", "q"]) == "string"
    assert variable_type(workflow, ["1", "list"]) == "array[file]"
    assert variable_type(workflow, ["4", "item"]) == "file"
    assert variable_type(workflow, ["sys", "files"]) == "array[file]"
    assert variable_type(workflow, ["conversation", "memory"]) == "array[string]"
    assert variable_type(workflow, ["nowhere", "x"]) == ""


def test_an_iteration_over_itself_does_not_hang() -> None:
    workflow = made([node("1", "start"), node("2", "iteration", iterator_selector=["2", "item"])], [("1", "2")])

    assert variable_type(workflow, ["2", "item"]) == "any"


def test_a_circle_of_iterations_does_not_hang() -> None:
    nodes = [
        node("2", "iteration", iterator_selector=["3", "item"]),
        node("3", "iteration", iterator_selector=["2", "item"]),
    ]

    assert variable_type(made(nodes), ["2", "item"]) == "any"


def test_variables_of_a_node() -> None:
    group = node_variables(flow(), "3")

    assert (group.source, group.title, [v.selector for v in group.variables]) == ("3", "3", [("3", "r")])


@pytest.mark.spec("editor.46")
@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        (["1", "q"], None),
        (["1", "sys.query"], None),
        (["2", "text"], None),
        (["2", "nonsense"], "no_variable"),
        (["nowhere", "x"], "no_node"),
        (["7", "z"], "not_upstream"),
        (["5", "output"], "not_upstream"),
        (["env", "KEY"], None),
        (["env", "OTHER"], "no_variable"),
        (["conversation", "memory"], None),
        (["conversation", "other"], "no_variable"),
        (["sys", "files"], None),
        (["sys", "anything"], "no_variable"),
        (["4", "output"], None),
    ],
)
def test_what_cannot_be_read_dangles(selector: list[str], reason: str | None) -> None:
    document = Document(flow())
    from engine.model.edits import SetField

    document.apply(SetField("6", ("outputs", 0, "value_selector"), selector))

    assert [d.reason for d in dangling(document.workflow) if d.reference.node_id == "6"] == ([reason] if reason else [])


def test_outputs_of_a_handled_failure_may_be_read() -> None:
    nodes = [
        node("1", "code", error_strategy="fail-branch", outputs={}),
        node("2", "end", outputs=[{"variable": "o", "value_selector": ["1", "error_message"]}]),
    ]

    assert dangling(made(nodes, [("1", "fail-branch", "2")])) == []


# -- the conditions of a search ----------------------------------------------------------------------------------------


def searching(mode: str = "manual") -> Workflow:
    """A search that reads the start node in its query, its attachments and every kind of condition value."""
    rules = [
        {"id": "a", "name": "year", "comparison_operator": "≥", "value": "{{#1.q#}}"},
        {"id": "b", "name": "tag", "comparison_operator": "in", "value": ["x", "{{#1.q#}}-{{#1.list#}}"]},
        {"id": "c", "name": "pages", "comparison_operator": ">", "value": 3},
        {"id": "d", "name": "source", "comparison_operator": "empty", "value": None},
    ]
    search = node(
        "2",
        "knowledge-retrieval",
        query_variable_selector=["1", "q"],
        query_attachment_selector=["1", "list"],
        dataset_ids=["d1", "d2"],
        metadata_filtering_mode=mode,
        metadata_filtering_conditions={"logical_operator": "and", "conditions": rules},
    )
    inputs = [{"variable": "q", "type": "text-input"}, {"variable": "list", "type": "file-list"}]
    return made([node("1", "start", variables=inputs), search], [("1", "2")])


QUERY, VALUES = "query_variable_selector", "metadata_filtering_conditions.conditions"


@pytest.mark.spec("editor.44")
def test_a_search_reads_variables_in_its_query_attachments_and_conditions() -> None:
    asked = [u.field for u in find_uses(searching(), ("1", "q"))]
    assert sorted(asked) == [f"{VALUES}.0.value", f"{VALUES}.1.value.1", QUERY]
    files = [u.field for u in find_uses(searching(), ("1", "list"))]
    assert sorted(files) == [f"{VALUES}.1.value.1", "query_attachment_selector"]
    assert [u.field for u in find_uses(searching("automatic"), ("1", "q"))] == [QUERY], "conditions are not read then"


@pytest.mark.spec("editor.43")
@pytest.mark.parametrize("mode", ["manual", "disabled"])
def test_renaming_follows_into_the_conditions_of_a_search(mode: str) -> None:
    document = Document(searching(mode))
    document.apply(rename_variable(document.workflow, "1", "q", "question"))
    data = document.graph.node("2").data
    rules = data["metadata_filtering_conditions"]["conditions"]
    assert data["query_variable_selector"] == ["1", "question"]
    assert [rule["value"] for rule in rules] == ["{{#1.question#}}", ["x", "{{#1.question#}}-{{#1.list#}}"], 3, None]
    assert [rule["id"] for rule in rules] == ["a", "b", "c", "d"]
    document.undo()
    assert document.workflow == searching(mode)


@pytest.mark.spec("editor.44")
def test_what_reads_a_removed_variable_is_cleaned_in_a_search() -> None:
    document = Document(searching())
    document.apply(forget(document.workflow, ("1", "q")))
    data = document.graph.node("2").data
    rules = data["metadata_filtering_conditions"]["conditions"]
    assert data["query_variable_selector"] == []
    assert [rule["value"] for rule in rules] == ["", ["x", "-{{#1.list#}}"], 3, None]
    assert data["query_attachment_selector"] == ["1", "list"]
    document.undo()
    assert document.workflow == searching()
