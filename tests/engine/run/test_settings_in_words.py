"""Settings that cannot be read are told in words that name the field, never in those of the library that reads them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import UserError
from engine.nodes.registry import node_class
from engine.run.graph import CompiledNode


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
