"""Differences between versions, the number of a content, and features as they are to be understood."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.model.diff import changes, diff
from engine.model.edits import (
    AddNode,
    Edit,
    Group,
    MoveNodes,
    ReconnectEdge,
    RemoveNode,
    SetApp,
    SetFeature,
    SetField,
    SetVariables,
    SetViewport,
)
from engine.model.features import effective, file_upload, without_opener
from engine.model.graph import Node, Viewport
from engine.model.hashing import content_hash
from engine.model.types import MISSING
from engine.model.workflow import Variable, Workflow
from tests.helpers.model import made, node


def sample() -> Workflow:
    nodes = [node("1", "start"), node("2", "llm", model={"name": "a", "completion_params": {"temperature": 0.5}})]
    return made([*nodes, node("3", "code"), node("4", "end")], [("1", "2"), ("2", "3"), ("3", "4")])


def after(*edits: Edit) -> Workflow:
    return Group("", edits).apply(sample())[0]


@pytest.mark.spec("editor.73")
def test_a_diff_lists_added_removed_moved_and_changed_nodes_with_fields() -> None:
    changed = after(
        AddNode(Node("9", {"type": "code", "title": "New"})),
        RemoveNode("3"),
        MoveNodes({"1": (50, 60)}),
        SetField("2", ("model", "completion_params", "temperature"), 0.9),
        SetField("2", ("memory",), {"window": 3}),
        SetApp("name", "Other"),
        SetFeature(("speech_to_text",), {"enabled": True}),
        SetVariables("environment", (Variable("i", "KEY", "string", "v"),)),
    )

    found = diff(sample(), changed)

    assert (found.added, found.removed, found.moved) == (("9",), ("3",), ("1",))
    assert [(c.path, c.before, c.after) for c in found.changed["2"]] == [
        ("model.completion_params.temperature", 0.5, 0.9),
        ("memory", MISSING, {"window": 3}),
    ]
    assert set(found.edges_removed) == {"2-source-3-target", "3-source-4-target"}
    assert [c.path for c in found.app] == ["name"]
    assert found.features
    assert found.variables
    assert not found.is_empty
    json.dumps(found.to_json())


@pytest.mark.spec("editor.73")
def test_one_message_of_a_prompt_is_what_differs_not_all_of_them() -> None:
    system, user = {"role": "system", "text": "Be brief."}, {"role": "user", "text": "Hello"}
    again = {**user, "text": "Hello there"}

    def paths(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[str]:
        return [change.path for change in changes({"prompt": before}, {"prompt": after})]

    assert paths([system, user], [system, again]) == ["prompt.1.text"]
    assert paths([system, user], [user, system]) == ["prompt"], "an order that changed is one thing"
    assert paths([system, user], [system]) == ["prompt"]
    assert paths([system, user], [system, user]) == []


def test_a_secret_shows_that_it_differs_and_nothing_else() -> None:
    one = SetVariables("environment", (Variable("i", "KEY", "secret", "first-secret"),))
    two = SetVariables("environment", (Variable("i", "KEY", "secret", "second-secret"),))

    found = diff(after(one), after(two))

    assert [c.path for c in found.variables] == ["environment.KEY.value"]
    assert "secret" not in json.dumps(found.to_json())
    assert "second-secret" not in repr(found)
    assert diff(after(one), after(one)).is_empty


def test_an_edge_that_goes_elsewhere_is_told() -> None:
    found = diff(sample(), after(ReconnectEdge("1-source-2-target", "1", "source", "4")))

    assert found.edges_changed == ("1-source-2-target",)
    assert not found.is_empty


def test_the_other_way_round_is_the_other_way_round() -> None:
    changed = after(AddNode(Node("9", {"type": "code"})), SetField("2", ("title",), "X"))

    back = diff(changed, sample())
    assert back.removed == ("9",)
    assert [(c.before, c.after) for c in back.changed["2"]] == [("X", "2")]


def test_looking_elsewhere_and_selecting_is_no_difference() -> None:
    same = after(SetViewport(Viewport(5, 5, 2)), SetField("2", ("selected",), True))

    assert diff(sample(), same).is_empty


@pytest.mark.spec("dsl.20")
def test_the_number_of_a_content_ignores_where_and_what_was_looked_at() -> None:
    number = content_hash(sample())

    assert len(number) == 64
    assert content_hash(after(SetViewport(Viewport(5, 5, 2)), SetField("2", ("selected",), True))) == number
    selected = sample().graph.node("2")
    chosen = sample().with_graph(sample().graph.with_nodes([replace(selected, extras={"selected": True})]))
    assert content_hash(chosen) == number
    assert content_hash(after(SetField("2", ("title",), "X"))) != number
    assert content_hash(after(MoveNodes({"1": (1, 1)}))) != number
    assert content_hash(Workflow.from_json(json.loads(json.dumps(sample().to_json())))) == number


@pytest.mark.spec("dsl.23")
def test_old_image_settings_are_read_as_uploads() -> None:
    read = file_upload({"image": {"enabled": True, "number_limits": 4, "transfer_methods": ["remote_url"]}})

    assert (read["enabled"], read["allowed_file_types"], read["number_limits"]) == (True, ["image"], 4)
    assert read["allowed_file_upload_methods"] == ["remote_url"]
    assert "image" not in read


@pytest.mark.spec("dsl.24")
@pytest.mark.parametrize(
    "given", [{}, {"retriever_resource": None}, {"text_to_speech": "odd", "suggested_questions": 3}]
)
def test_missing_features_are_off(given: dict[str, Any]) -> None:
    read = effective(given)

    assert read["retriever_resource"] == {"enabled": False}
    assert read["text_to_speech"] == {"enabled": False, "voice": "", "language": ""}
    assert (read["opening_statement"], read["suggested_questions"]) == ("", [])
    assert (read["file_upload"]["enabled"], read["file_upload"]["number_limits"]) == (False, 3)


@pytest.mark.spec("dsl.25", "dsl.26")
def test_the_opener_goes_as_a_whole_and_unknown_features_stay() -> None:
    given = {"opening_statement": "Hi", "suggested_questions": ["a"], "future": {"x": 1}}

    assert without_opener(given) == {"opening_statement": "", "suggested_questions": [], "future": {"x": 1}}
    assert effective(given)["future"] == {"x": 1}
    assert effective(given)["opening_statement"] == "Hi"
