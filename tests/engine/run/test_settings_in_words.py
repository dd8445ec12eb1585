"""Settings that cannot be read are told in words that name the field, never in those of the library that reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import resources
from engine.errors import UserError
from engine.model.validate import check
from engine.nodes import settings
from engine.nodes.registry import node_class
from engine.run.graph import CompiledNode
from tests.helpers.model import made, node


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"type": "http-request", "body": "a: b"}, "body: must be a block of keys and values"),
        ({"type": "http-request", "timeout": 30}, "timeout: must be a block of keys and values"),
        ({"type": "http-request", "headers": {"a": "b"}}, "headers: must be a text"),
        ({"type": "end", "outputs": {"a": 1}}, "outputs: must be a list"),
        ({"type": "code", "outputs": ["a"]}, "outputs: must be a block of keys and values"),
        (
            {"type": "human-input", "inputs": [{"type": "text-input", "output_variable_name": "a"}]},
            "inputs.0: must be one of 'paragraph', 'select', 'file', 'file-list', not 'text-input'",
        ),
    ],
)
def test_what_is_wrong_is_said_by_field(data: dict[str, Any], words: str) -> None:
    node = CompiledNode("n", {"title": "N", **data}, node_class(data["type"], "1"), mock_branch=False)
    with pytest.raises(UserError) as caught:
        _ = node.behaviour
    assert caught.value.code == "node.settings"
    assert words in caught.value.message
    assert "Input should" not in caught.value.message


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"type": "http-request", "url": "http://a", "method": "get", "body": "a: b"}, "body"),
        ({"type": "end", "outputs": {"a": 1}}, "outputs"),
        ({"type": "code", "code": "x", "outputs": {"a": "string"}}, "outputs.a"),
        ({"type": "parameter-extractor", "query": ["1", "q"], "model": {"provider": "p", "name": "m"},
          "parameters": [{"name": "a", "type": "object", "description": "x"}]}, "parameters.0.type"),
    ],
)  # fmt: skip
def test_the_checklist_says_beforehand_what_the_run_would_say(data: dict[str, Any], field: str) -> None:
    workflow = made([node("1", "start"), node("2", data["type"], **{k: v for k, v in data.items() if k != "type"})])
    listed = [p for p in check(workflow) if p.code == "node.settings"]
    assert [(p.severity, p.node_id, p.field) for p in listed] == [("error", "2", field)]
    with pytest.raises(UserError) as caught:
        _ = CompiledNode("2", data, node_class(data["type"], "1"), mock_branch=False).behaviour
    assert caught.value.message == listed[0].message


def test_a_value_that_is_still_missing_is_told_by_the_words_of_its_type() -> None:
    parameters = [{"name": "", "type": "string", "description": ""}]
    model = {"provider": "p", "name": "m"}
    extractor = node("2", "parameter-extractor", query=["1", "q"], model=model, parameters=parameters)
    assert "node.settings" not in {p.code for p in check(made([node("1", "start"), extractor]))}


def test_every_sentence_on_settings_has_its_chinese() -> None:
    templates = {template for _, template, _ in settings._WANTED} | {settings._OTHER}
    chinese = json.loads((Path(resources.__path__[0]) / "i18n" / "zh_CN" / "engine.json").read_text("utf-8"))
    assert templates <= set(chinese)
    for template in templates:
        assert set(re.findall(r"\{\w+\}", template)) == set(re.findall(r"\{\w+\}", chinese[template]))
