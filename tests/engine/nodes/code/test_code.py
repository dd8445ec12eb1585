"""The code node: inputs, the strict check of what `main` gives back, errors; with real worker processes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.code_pool import CodePool
from engine.nodes.registry import SPECS
from engine.ports.bundle import Ports
from engine.run.limits import Limits
from tests.helpers.nodes import Ran, arun_node

VALIDATION, UNDECLARED, DEPTH, EXECUTION = (
    "OutputValidationError",
    "CodeNodeError",
    "DepthLimitError",
    "CodeExecutionError",
)


def run(
    source: str, outputs: Any, values: dict[str, Any] | None = None, limits: Limits | None = None, **data: Any
) -> Ran:
    async def work() -> Ran:
        pool = CodePool(limits)
        try:
            node = {"type": "code", "code": source, "code_language": "python3", "variables": [], "outputs": outputs}
            return await arun_node({**node, **data}, values, ports=Ports(code=pool))
        finally:
            await pool.close()

    return asyncio.run(work())


def given(expression: str, kind: str, children: Any = None) -> Ran:
    """What becomes of one output whose value is a Python expression."""
    return run(f"def main():\n    return {{'r': {expression}}}\n", {"r": {"type": kind, "children": children}})


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    return type(found) is type(wanted) and found == wanted


ACCEPTED = [
    pytest.param("None", "string", None, id="null", marks=pytest.mark.spec("logic.50")),
    pytest.param("'x' * 400000", "string", "x" * 400_000, id="longest", marks=pytest.mark.spec("logic.51")),
    pytest.param(r"'a\0b'", "string", "ab", id="nul", marks=pytest.mark.spec("logic.51")),
    pytest.param("True", "number", 1, id="true", marks=pytest.mark.spec("logic.53")),
    pytest.param("9223372036854775807", "number", 9223372036854775807, id="max", marks=pytest.mark.spec("logic.53")),
    pytest.param("float('nan')", "number", math.nan, id="nan", marks=pytest.mark.spec("logic.53")),
    pytest.param("1e-20", "number", 1e-20, id="precise", marks=pytest.mark.spec("logic.54")),
    pytest.param("'yes'", "boolean", "yes", id="any boolean", marks=pytest.mark.spec("logic.55")),
    pytest.param("1", "boolean", 1, id="one as boolean", marks=pytest.mark.spec("logic.55")),
    pytest.param("['x'] * 30", "array[string]", ["x"] * 30, id="30 texts", marks=pytest.mark.spec("logic.56")),
    pytest.param("['a', None]", "array[string]", ["a", None], id="text or null", marks=pytest.mark.spec("logic.56")),
    pytest.param("[1] * 1000", "array[number]", [1] * 1000, id="1000 numbers", marks=pytest.mark.spec("logic.57")),
    pytest.param("[1, True]", "array[number]", [1, 1], id="true in numbers", marks=pytest.mark.spec("logic.57")),
    pytest.param("[{}, None]", "array[object]", [{}, None], id="object or null", marks=pytest.mark.spec("logic.58")),
    pytest.param("[True] * 5000", "array[boolean]", [True] * 5000, id="booleans", marks=pytest.mark.spec("logic.59")),
    pytest.param("{'a': {'b': {'c': {'d': 1}}}}", "object", {"a": {"b": {"c": {"d": 1}}}}, id="deep",
                 marks=pytest.mark.spec("logic.60")),
    pytest.param("{'a': [None, 'x', 1]}", "object", {"a": [None, "x", 1]}, id="null first",
                 marks=pytest.mark.spec("logic.61")),
    pytest.param("{'a': ['x', None]}", "object", {"a": ["x", None]}, id="null later",
                 marks=pytest.mark.spec("logic.61")),
    pytest.param("{'a': [[1], [2]]}", "object", {"a": [[1], [2]]}, id="lists", marks=pytest.mark.spec("logic.62")),
    pytest.param("'1e+5'", "number", 100000.0, id="scientific", marks=pytest.mark.spec("logic.67")),
    pytest.param("'1e+5'", "string", "1e+5", id="scientific text", marks=pytest.mark.spec("logic.67")),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "wanted"), ACCEPTED)
def test_values_that_fit_their_type(expression: str, kind: str, wanted: Any) -> None:
    ran = given(expression, kind)

    assert ran.status == "succeeded", ran.error
    assert same(ran.outputs["r"], wanted)


REFUSED = [
    pytest.param("1", "string", VALIDATION, id="number as text", marks=pytest.mark.spec("logic.50")),
    pytest.param("'x' * 400001", "string", VALIDATION, id="too long", marks=pytest.mark.spec("logic.51")),
    pytest.param("'1'", "number", VALIDATION, id="text as number", marks=pytest.mark.spec("logic.53")),
    pytest.param("9223372036854775808", "number", VALIDATION, id="too big", marks=pytest.mark.spec("logic.53")),
    pytest.param("-9223372036854775808", "number", VALIDATION, id="too small", marks=pytest.mark.spec("logic.53")),
    pytest.param("float('inf')", "number", VALIDATION, id="infinite", marks=pytest.mark.spec("logic.53")),
    pytest.param("1e-21", "number", VALIDATION, id="too precise", marks=pytest.mark.spec("logic.54")),
    pytest.param("['x'] * 31", "array[string]", VALIDATION, id="31 texts", marks=pytest.mark.spec("logic.56")),
    pytest.param("['a', 1]", "array[string]", VALIDATION, id="number in texts", marks=pytest.mark.spec("logic.56")),
    pytest.param("'a'", "array[string]", VALIDATION, id="text as list", marks=pytest.mark.spec("logic.56")),
    pytest.param("[1] * 1001", "array[number]", VALIDATION, id="1001 numbers", marks=pytest.mark.spec("logic.57")),
    pytest.param("[1, None]", "array[number]", VALIDATION, id="null in numbers", marks=pytest.mark.spec("logic.57")),
    pytest.param("[1]", "array[object]", VALIDATION, id="number in objects", marks=pytest.mark.spec("logic.58")),
    pytest.param("[{}] * 31", "array[object]", VALIDATION, id="31 objects", marks=pytest.mark.spec("logic.58")),
    pytest.param("[1]", "array[boolean]", VALIDATION, id="number in booleans", marks=pytest.mark.spec("logic.59")),
    pytest.param("{'a': {'b': {'c': {'d': {}}}}}", "object", DEPTH, id="too deep", marks=pytest.mark.spec("logic.60")),
    pytest.param("{'a': [1, 'x']}", "object", VALIDATION, id="mixed list", marks=pytest.mark.spec("logic.61")),
    pytest.param("'1e5'", "number", VALIDATION, id="no sign", marks=pytest.mark.spec("logic.67")),
]


@pytest.mark.parametrize(("expression", "kind", "error"), REFUSED)
def test_values_that_do_not_fit_name_the_output(expression: str, kind: str, error: str) -> None:
    ran = given(expression, kind)

    assert ran.failure == error, ran.error
    assert error == DEPTH or "r" in ran.error


@pytest.mark.spec("logic.56")
def test_a_wrong_item_is_named_by_its_place() -> None:
    assert "r[1]" in given("['a', 1]", "array[string]").error


@pytest.mark.spec("logic.50", "logic.52")
def test_the_keys_of_the_result_are_those_declared() -> None:
    text = {"r": {"type": "string", "children": None}}

    assert run("def main():\n    return {}\n", text).failure == VALIDATION
    assert run("def main():\n    return {'r': 'x', 's': 1}\n", text).failure == UNDECLARED
    assert run("def main():\n    return {}\n", {}).status == "succeeded"
    assert run("def main():\n    return {'a': 1}\n", {}).failure == UNDECLARED


@pytest.mark.spec("logic.63")
def test_children_describe_an_object_exactly() -> None:
    assert given("{'c': 'x', 'd': 1}", "object", {"c": {"type": "string"}}).failure == UNDECLARED
    assert given("{'c': 'x'}", "object", {"c": {"type": "string"}}).outputs == {"r": {"c": "x"}}
    assert given("{'c': 'x'}", "object", {}).failure == UNDECLARED


@pytest.mark.spec("logic.64")
@pytest.mark.parametrize("kind", ["integer", "file", "array[any]", "any"])
def test_other_types_make_the_node_invalid(kind: str) -> None:
    assert given("1", kind).invalid


@pytest.mark.spec("logic.64")
def test_other_languages_make_the_node_invalid() -> None:
    assert run("x", {}, code_language="jinja2").invalid


@pytest.mark.spec("logic.65")
def test_inputs_are_plain_values_and_null_where_nothing_is() -> None:
    from engine.run.variables.files import File

    file = File(type="document", transfer_method="remote_url", remote_url="http://127.0.0.1/a.txt", filename="a.txt")
    names = [
        {"variable": "gone", "value_selector": ["n", "nothing"]},
        {"variable": "none", "value_selector": ["n", "empty"]},
        {"variable": "files", "value_selector": ["n", "files"]},
    ]
    source = (
        "def main(gone, none, files):\n    return {'g': gone is None, 'n': none is None, 'f': files[0]['filename']}\n"
    )
    outputs = {"g": {"type": "boolean"}, "n": {"type": "boolean"}, "f": {"type": "string"}}
    from engine.run.variables.segments import build_with_type

    ran = run(source, outputs, {"n.empty": build_with_type("array[file]", []), "n.files": [file]}, variables=names)

    assert ran.outputs == {"g": True, "n": True, "f": "a.txt"}, ran.error


@pytest.mark.spec("logic.66")
@pytest.mark.parametrize("returned", ["[1]", "None", "5", "'x'"])
def test_main_returns_an_object(returned: str) -> None:
    assert run(f"def main():\n    return {returned}\n", {}).failure == EXECUTION


@pytest.mark.spec("logic.66")
def test_main_that_returns_nothing_fails() -> None:
    assert run("def main():\n    pass\n", {}).failure == EXECUTION


@pytest.mark.spec("logic.68")
def test_printed_lines_change_nothing() -> None:
    printing = "    print('<<RESULT>>{}<<RESULT>>')\n    print('Error: x', file=sys.stderr)\n"
    source = f"import sys\ndef main():\n{printing}    return {{'r': 1}}\n"
    ran = run(source, {"r": {"type": "number"}})

    assert ran.outputs == {"r": 1}
    assert "<<RESULT>>" in ran.process_data["stdout"]


@pytest.mark.spec("logic.69")
def test_an_exception_names_the_line_of_the_user() -> None:
    ran = run("def main():\n    x = 1\n    return {'r': x / 0}\n", {"r": {"type": "number"}})

    assert ran.failure == EXECUTION
    assert "line 3" in ran.error
    assert "ZeroDivisionError" in ran.error


@pytest.mark.spec("logic.69")
@pytest.mark.parametrize(
    ("language", "source"),
    [("python3", "def main():\n    while True: pass\n"), ("javascript", "function main() { while (true) {} }")],
)
def test_an_endless_loop_ends_with_the_time_limit(language: str, source: str) -> None:
    ran = run(source, {}, limits=replace(Limits(), code_seconds=1.0), code_language=language)

    assert ran.failure == EXECUTION
    assert ran.error


@pytest.mark.spec("logic.70")
def test_javascript_gets_one_object_and_undefined_is_missing() -> None:
    names = [{"variable": "a", "value_selector": ["n", "a"]}]
    number = {"r": {"type": "number"}}
    good = run(
        "function main({a}) { return {r: a + 1} }", number, {"n.a": 2}, code_language="javascript", variables=names
    )
    lost = run(
        "function main({a}) { return {r: undefined} }", number, {"n.a": 2}, code_language="javascript", variables=names
    )

    assert good.outputs == {"r": 3}, good.error
    assert lost.failure == VALIDATION


@pytest.mark.spec("logic.71")
def test_dependencies_are_ignored_and_kept() -> None:
    import yaml

    from engine.dsl.write import write
    from tests.helpers.model import made, node

    wanted = [{"name": "x", "version": "1"}]
    ran = run("def main():\n    return {}\n", {}, dependencies=wanted)
    flow = made([node("1", "start"), node("2", "code", code="x", outputs={}, dependencies=wanted)], [("1", "2")])
    written = yaml.safe_load(write(flow))["workflow"]["graph"]["nodes"]

    assert ran.status == "succeeded"
    assert next(n for n in written if n["id"] == "2")["data"]["dependencies"] == wanted


def test_the_defaults_run() -> None:
    data = SPECS["code"].default_data("workflow")
    ran = run(data["code"], data["outputs"], {"n.a": "x", "n.b": "y"}, variables=[
        {"variable": "arg1", "value_selector": ["n", "a"]}, {"variable": "arg2", "value_selector": ["n", "b"]},
    ])  # fmt: skip

    assert ran.outputs == {"result": "xy"}
