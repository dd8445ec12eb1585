"""The template node: what Jinja gives, what it refuses, and its limits."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run.limits import Limits
from tests.helpers.nodes import Ran, codes, make_file, make_node, run_node, selectors


def template(text: str, limits: Limits | None = None, **values: Any) -> Ran:
    variables = [{"variable": name, "value_selector": ["n", name]} for name in (*values, "gone")]
    data = {"type": "template-transform", "variables": variables, "template": text}
    return run_node(data, {f"n.{k}": v for k, v in values.items()}, limits=limits)


@pytest.mark.spec("logic.73", "logic.74", "logic.75", "logic.76", "logic.79")
@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("{{ nobody }}", {}, ""),
        ("{{ x.y }}", {}, ""),
        ("{{ x }}", None, "None"),
        ("{{ x }}", True, "True"),
        ("{{ x }}", [1, "a"], "[1, 'a']"),
        ("{{ x|tojson }}", {"a": "é<"}, '{"a": "\\u00e9\\u003c"}'),
        ("{% for i in nobody %}x{% endfor %}", {}, ""),
        ("a\n", 1, "a"),
        ("a\n\n", 1, "a\n"),
        ("a\r\nb", 1, "a\nb"),
        ('{{ "<b>" }}', 1, "<b>"),
        ("{{ gone }}", 1, "None"),
        ("{% for i in x %}{{ loop.index }}:{{ i }} {% endfor %}", ["p", "q"], "1:p 2:q "),
        ("{% set out = [] %}{% for i in x %}{% set _ = out.append(i) %}{% endfor %}{{ out }}", [1, 2], "[1, 2]"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}", 1, "<1>"),
        ("{% if x is defined %}{{ x|join('-') }}{% endif %}", ["a", "b"], "a-b"),
    ],
)
def test_rendering(text: str, value: Any, expected: str) -> None:
    ran = template(text, x=value)
    assert ran.error == ""
    assert ran.outputs == {"output": expected}


@pytest.mark.spec("logic.73", "logic.75", "logic.78", "logic.80")
@pytest.mark.parametrize(
    "text",
    [
        "{{ x.y.z }}",
        "{% for i in gone %}{% endfor %}",
        "{{ 1/0 }}",
        "{{ x|nosuchfilter }}",
        "{% if x %}",
        "{% include 'a' %}",
        "{% extends 'a' %}",
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ x.__init__.__globals__ }}",
        "{{ range(10**9)|list }}",
        "{{ 'a' * 10**9 }}",
        "{{ [0] * 10**9 }}",
        "{{ 9 ** 99999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'a'.ljust(999999999) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'a'|center(999999999) }}",
    ],
)
def test_what_fails(text: str) -> None:
    ran = template(text, x={})
    assert ran.failure == ""
    assert ran.error
    assert ran.inputs == {"x": {}, "gone": None}


@pytest.mark.spec("logic.77")
def test_the_longest_output() -> None:
    assert len(template("{{ x }}", x="a" * 400_000).outputs["output"]) == 400_000
    ran = template("{{ x }}b", x="a" * 400_000)
    assert ran.failure == ""
    assert "400000" in ran.error
    assert len(ran.inputs["x"]) == 400_000


def test_a_template_that_runs_on_is_stopped() -> None:
    text = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    ran = template(text, Limits(template_seconds=0.1))
    assert ran.failure == ""
    assert "0.1 seconds" in ran.error


def test_values_of_others_stay_as_they_are() -> None:
    values = {"n.x": [1]}
    ran = template("{% set _ = x.append(2) %}{{ x }}", x=values["n.x"])
    assert ran.outputs["output"] == "[1, 2]"
    assert values == {"n.x": [1]}


def test_files_are_objects() -> None:
    ran = template("{{ f[0].filename }} {{ f[0].extension }}", f=[make_file("a.pdf")])
    assert ran.outputs["output"] == "a.pdf .pdf"


@pytest.mark.spec("logic.212")
def test_bare_selectors_are_named_by_their_last_part() -> None:
    data = {"type": "template-transform", "variables": [["n", "text"]], "template": "{{ text }}"}
    assert run_node(data, {"n.text": "hi"}).outputs["output"] == "hi"
    assert selectors(make_node(data).variable_mapping()) == {"node.text": ["n", "text"]}


def test_checklist() -> None:
    good = {"variable": "a", "value_selector": ["n", "a"]}
    base = {"type": "template-transform", "variables": [good], "template": "x"}
    assert codes(base) == []
    assert codes({**base, "template": " "}) == ["node.template_missing"]
    assert codes({**base, "variables": [{**good, "variable": ""}]}) == ["node.name_missing"]
    assert codes({**base, "variables": [{**good, "value_selector": []}]}) == ["node.variable_missing"]
