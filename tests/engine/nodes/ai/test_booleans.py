"""Schemas without booleans, and answers turned back: over generated schemas (nodes-ai AI-21)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.nodes.llm_booleans import real, textual
from engine.nodes.llm_structured import validate

Pair = tuple[dict[str, Any], Any]

leaves: st.SearchStrategy[Pair] = st.one_of(
    st.booleans().map(lambda v: ({"type": "boolean"}, v)),
    st.booleans().map(lambda v: ({"const": v}, v)),
    st.booleans().map(lambda v: ({"enum": [True, False, None]}, v)),
    st.one_of(st.none(), st.booleans()).map(lambda v: ({"type": ["boolean", "null"]}, v)),
    st.one_of(st.none(), st.booleans()).map(lambda v: ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, v)),
    st.sampled_from(["true", "false", "yes"]).map(lambda v: ({"type": "string"}, v)),
    st.integers(0, 9).map(lambda v: ({"type": "integer"}, v)),
)


def _objects(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def made(fields: dict[str, Pair]) -> Pair:
        schema = {"type": "object", "properties": {k: s for k, (s, _) in fields.items()}, "required": list(fields)}
        return {**schema, "additionalProperties": False}, {k: v for k, (_, v) in fields.items()}

    return st.dictionaries(st.sampled_from("abcd"), inner, min_size=1).map(made)


def _lists(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return inner.map(lambda pair: ({"type": "array", "items": pair[0]}, [pair[1], pair[1]]))


pairs = _objects(st.recursive(leaves, lambda inner: st.one_of(_objects(inner), _lists(inner)), max_leaves=8))


def worded(value: Any) -> Any:
    """What a model answers that may not say true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [worded(v) for v in value]
    return {k: worded(v) for k, v in value.items()} if isinstance(value, dict) else value


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs)
def test_the_answer_comes_back_as_it_was_meant(pair: Pair) -> None:
    schema, value = pair
    changed = textual(schema)
    assert '"boolean"' not in json.dumps(changed)
    said = worded(value)
    validate(said, changed)
    assert real(said, schema) == value
    validate(real(said, schema), schema)
    assert textual(changed) == changed, "nothing is left to change"


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/nowhere"}}},
        {"anyOf": [{"$ref": "#"}]},
        {"type": "object", "additionalProperties": True},
        {"properties": None, "items": False},
    ],
)
def test_odd_schemas_leave_the_answer_alone(schema: dict[str, Any]) -> None:
    value = {"a": "true", "b": [{"c": "false"}]}
    assert real(value, schema) == value
