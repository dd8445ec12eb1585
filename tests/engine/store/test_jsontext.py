"""JSON of the columns: fast, and to be read back as the standard library would have written it."""

from __future__ import annotations

import json
import math
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.jsontext import dumps, loads

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_every_value_comes_back(value: Any) -> None:
    assert loads(dumps(value)) == value
    assert repr(loads(dumps(value))) == repr(value)  # 1 and 1.0 and True are equal, and not the same


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "Lo", "Cc"])))
def test_lone_surrogates_are_replaced_wherever_they_stand(words: str) -> None:
    clean = words.encode("utf-8", "replace").decode()
    assert loads(dumps(words)) == clean
    assert loads(dumps([words])) == [clean]
    assert loads(dumps({"key": {"inner": words}})) == {"key": {"inner": clean}}


@pytest.mark.parametrize("number", [math.inf, -math.inf, 1e-7, 5e-324, 1e16, -0.0, 10**40, -(2**64)])
def test_numbers_keep_their_value(number: float) -> None:
    assert repr(loads(dumps({"n": number}))) == repr({"n": number})
    assert math.isnan(loads(dumps([math.nan]))[0])


def test_what_is_no_json_becomes_its_text() -> None:
    assert loads(dumps({2: (1, 2), True: PurePosixPath("a/b")})) == {"2": [1, 2], "true": "a/b"}
    assert isinstance(loads(dumps([b"\xff\xfe"]))[0], str)


def test_deep_values_are_kept() -> None:
    deep: Any = "end"
    for _ in range(400):
        deep = [deep]
    assert loads(dumps(deep)) == deep


def test_it_is_compact_and_keeps_other_scripts() -> None:
    assert (
        dumps({"名": [1, "é"]}) == '{"名":[1,"é"]}' == json.dumps({"名": [1, "é"]}, ensure_ascii=False).replace(" ", "")
    )
