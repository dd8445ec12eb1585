"""Files with anything in the wrong place: reading, checking, tidying and writing never crash."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.dsl.read import read
from engine.dsl.text import LARGEST_FILE
from engine.dsl.write import write
from engine.model.hashing import content_hash
from engine.model.layout import organize
from engine.model.refs import available_variables
from engine.model.validate import check
from tests.helpers.model import CORPUS, codes, node, tree

ODD: list[Any] = [
    None,
    0,
    -1,
    1.5,
    True,
    "",
    "x",
    "2024-01-01",
    [],
    {},
    [None],
    [[]],
    {"a": None},
    ["1", "q"],
    "{{#1.q#}}",
]


def sample() -> dict[str, Any]:
    variables = [{"variable": "q", "type": "text-input", "label": "q", "required": True}]
    condition = {"variable_selector": ["1", "q"], "comparison_operator": "is", "value": "x"}
    nodes = [
        node("1", "start", variables=variables),
        node("2", "if-else", cases=[{"case_id": "true", "logical_operator": "and", "conditions": [condition]}]),
        node("3", "llm", model={"provider": "p", "name": "m"}, prompt_template=[{"role": "user", "text": "{{#1.q#}}"}]),
        node("4", "iteration", iterator_selector=["1", "q"], output_selector=["5", "output"], start_node_id="4start"),
        node("4start", "iteration-start", parent="4"),
        node("5", "template-transform", parent="4", template="x",
             variables=[{"variable": "a", "value_selector": ["4", "item"]}]),
        node("6", "code", code="x", outputs={"r": {"type": "string"}}, error_strategy="default-value",
             default_value=[{"key": "r", "type": "string", "value": ""}], retry_config={"retry_enabled": True}),
        node("7", "http-request", url="x", body={"type": "json", "data": [{"value": "{{#1.q#}}"}]}),
        node("8", "human-input", user_actions=[{"id": "a"}], delivery_methods=[{}],
             inputs=[{"output_variable_name": "x"}]),
        node("9", "end", outputs=[{"variable": "o", "value_selector": ["3", "text"]}]),
        node("10", "question-classifier", classes=[{"id": "1", "name": "x"}],
             query_variable_selector=["1", "q"]),
        node("11", "variable-aggregator", variables=[["1", "q"]],
             advanced_settings={"group_enabled": True, "groups": [{}]}),
        node("12", "tool", tool_parameters={"a": {"type": "mixed", "value": "x"}}, paramSchemas=[{"name": "a"}]),
        node("13", "agent", agent_parameters={"tools": {"value": [{"credential_id": "x"}]}}),
        node("14", "list-operator", variable=["1", "q"], filter_by={"enabled": True, "conditions": [{}]}),
        node("15", "loop", loop_variables=[{"label": "n", "value_type": "variable", "value": ["1", "q"]}],
             loop_count=3),
        node("16", "assigner", version="2", items=[{"variable_selector": ["conversation", "m"], "operation": "set"}]),
        node("17", "knowledge-retrieval", dataset_ids=["x"], query_variable_selector=["1", "q"]),
        node("18", "parameter-extractor", query=["1", "q"], parameters=[{"name": "a", "type": "string"}]),
    ]  # fmt: skip
    return tree(
        nodes,
        [("1", "2"), ("2", "true", "3"), ("3", "9"), ("2", "false", "4"), ("4start", "5"), ("1", "6")],
        environment_variables=[{"id": "e", "name": "K", "value_type": "secret", "value": "v"}],
        conversation_variables=[{"id": "c", "name": "m", "value_type": "string", "value": ""}],
        features={"file_upload": {"image": {"enabled": True}}},
        top={"dependencies": [{"type": "github", "value": {}}]},
    )


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths(item, (*path, key))
    return found


PATHS = paths(sample())


def put(data: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        data = data[step]
    if value is ...:
        del data[path[-1]]
    else:
        data[path[-1]] = value


def survives(text: str | bytes) -> None:
    """Read; if it is a workflow go through everything that an editor would do with it at once."""
    result = read(text)
    for problem in result.problems:
        assert problem.message
    if result.workflow is None:
        assert codes(result)
        return
    workflow = result.workflow
    check(workflow, result.place_of)
    content_hash(workflow)
    for node_id in workflow.graph.nodes:
        available_variables(workflow, node_id)
    organize(workflow.graph)
    written = write(workflow)
    again = read(written)
    assert again.workflow is not None, codes(again)
    assert write(again.workflow) == written


@pytest.mark.parametrize("path", PATHS, ids=lambda p: ".".join(map(str, p)))
def test_any_one_value_may_be_wrong_or_missing(path: tuple[Any, ...]) -> None:
    for value in [..., *ODD]:
        data = copy.deepcopy(sample())
        put(data, path, value)
        survives(yaml.safe_dump(data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from([..., *ODD])), min_size=2, max_size=12))
def test_any_values_may_be_wrong_together(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = sample()
    for path, value in changes:
        try:
            put(data, path, copy.deepcopy(value))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    survives(yaml.safe_dump(data))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answered(data: bytes) -> None:
    result = read(data)

    assert result.workflow is None
    assert codes(result)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
def test_real_files_with_broken_lines_are_answered() -> None:
    chance = random.Random(5)
    for file in sorted(CORPUS.glob("*.yml"))[::6]:
        lines = file.read_text("utf-8").splitlines(keepends=True)
        for _ in range(4):
            broken = list(lines)
            at = chance.randrange(len(broken))
            broken[at : at + 1] = chance.choice([[], [broken[at][1:]], [" " + broken[at]], ["\t- [\n"], broken[:3]])
            survives("".join(broken))


def test_a_file_of_a_hundred_megabytes_is_refused_at_once() -> None:
    import time

    began = time.perf_counter()
    result = read(b"a: b\n" * (10 * LARGEST_FILE // 5))

    assert codes(result) == ["parse.too_large"]
    assert time.perf_counter() - began < 1.0
