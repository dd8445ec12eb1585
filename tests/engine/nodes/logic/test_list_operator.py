"""The list operator: every step, and every operator by kind of item."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run.variables.segments import plain
from tests.helpers.nodes import Ran, codes, make_file, make_node, run_node, selectors

MISSING = object()


def condition(operator: str, value: Any, key: str = "") -> dict[str, Any]:
    return {"key": key, "comparison_operator": operator, "value": value}


def operate(value: Any, *conditions: dict[str, Any], facts: Any = None, **steps: Any) -> Ran:
    data: dict[str, Any] = {
        "type": "list-operator",
        "variable": ["n", "v"],
        "filter_by": {"enabled": bool(conditions), "conditions": list(conditions)},
        "order_by": {"enabled": False, "key": "", "value": "asc"},
        "limit": {"enabled": False, "size": 10},
    }
    for name, given in steps.items():
        data[name] = {"enabled": True, **given}
    return run_node(data, {"n.i": 2} if value is MISSING else {"n.v": value, "n.i": 2}, facts=facts)


def kept(value: Any, *conditions: dict[str, Any], **more: Any) -> Any:
    """The result, or the error type of a failure as "err" or "WNE"."""
    ran = operate(value, *conditions, **more)
    if ran.status == "failed":
        assert ran.error
        return {"": "err", "WorkflowNodeError": "WNE"}[ran.error_type]
    outputs = dict(ran.outputs)
    result = getattr(outputs["result"], "value", outputs["result"])
    assert outputs["first_record"] == (result[0] if result else None)
    assert outputs["last_record"] == (result[-1] if result else None)
    return result


@pytest.mark.spec("logic.141")
def test_all_steps_off() -> None:
    ran = operate(["b", "a"])
    assert ran.outputs == {"result": ["b", "a"], "first_record": "b", "last_record": "a"}
    assert ran.inputs == ran.process_data == {"variable": ["b", "a"]}


@pytest.mark.spec("logic.142")
@pytest.mark.parametrize("value", [[], "", None, 0])
def test_nothing_gives_an_empty_list(value: Any) -> None:
    ran = operate(value)
    assert plain(ran.outputs) == {"result": [], "first_record": None, "last_record": None}
    assert ran.inputs == ran.process_data == {"variable": []}


@pytest.mark.spec("logic.142")
def test_what_is_no_list_to_work_on() -> None:
    ran = operate(MISSING)
    assert ran.failure == ""
    assert ran.inputs == {}
    ran = operate([{"a": 1}])
    assert ran.failure == ""
    assert ran.inputs == {"variable": [{"a": 1}]}
    assert kept("text") == "err"
    assert kept([1, "a"]) == "err"


PNG = make_file("b.png", size=50, mime_type="image/png")
PDF = make_file("a.pdf", size=200, url="https://files.example/a.pdf")


@pytest.mark.spec("logic.143", "logic.144", "logic.145", "logic.146", "logic.147", "logic.148")
@pytest.mark.parametrize(
    ("statement", "items", "test", "expected"),
    [
        (143, ["app", "x"], condition("in", "apple"), ["app"]),
        (143, ["app", "x"], condition("not in", "apple"), ["x"]),
        (143, ["", "x"], condition("empty", ""), [""]),
        (143, ["", "x"], condition("not empty", ""), ["x"]),
        (143, ["ab", "cb"], condition("start with", "a"), ["ab"]),
        (143, ["ab", "ba"], condition("end with", "a"), ["ba"]),
        (143, ["ab", "c"], condition("contains", "b"), ["ab"]),
        (143, ["ab", "c"], condition("not contains", "b"), ["c"]),
        (143, ["A", "a"], condition("is", "a"), ["a"]),
        (143, ["A", "a"], condition("is not", "a"), ["A"]),
        (143, ["1", "2"], condition("is", "{{#n.i#}}"), ["2"]),
        (144, ["a"], condition("is", ["a"]), "err"),
        (144, ["a"], condition("is", True), "err"),
        (144, ["a"], condition(">", "a"), "err"),
        (145, [2.5, 1], condition("=", "2.5"), [2.5]),
        (145, [2.5, 1], condition("≠", "2.5"), [1]),
        (145, [1, 2, 3], condition("≥", "2"), [2, 3]),
        (145, [1, 2, 3], condition("<", 3), [1, 2]),
        (145, [1], condition("=", "x"), "WNE"),
        (145, [1], condition("=", ""), "WNE"),
        (145, [1], condition("contains", "1"), "err"),
        (145, [1], condition("=", ["1"]), "err"),
        (145, [0, 1], condition("empty", ""), [0]),
        (145, [0, 1], condition("not empty", ""), [1]),
        (146, [True, False], condition("is", True), [True]),
        (146, [True, False], condition("is not", True), [False]),
        (146, [True], condition("is", "true"), "WNE"),
        (146, [True], condition("=", True), "err"),
        (147, [PNG, PDF], condition("in", ["image"], "type"), [PNG]),
        (147, [PNG, PDF], condition("not in", ["image"], "type"), [PDF]),
        (147, [PNG, PDF], condition("in", ["remote_url"], "transfer_method"), [PDF]),
        (147, [PNG], condition("is", "image", "type"), "err"),
        (147, [PNG, PDF], condition("<", "100", "size"), [PNG]),
        (147, [PNG], condition("is", ["b"], "name"), "err"),
        (147, [PNG], condition("is", "b", ""), "err"),
        (147, [PNG], condition("is", True, "name"), "WNE"),
        (147, [PNG, PDF], condition("contains", "a.", "name"), [PDF]),
        (147, [PNG, PDF], condition("empty", "", "url"), [PNG]),
        (147, [PNG, PDF], condition("is", "image/png", "mime_type"), [PNG]),
        (148, [PNG, PDF], condition("is", "pdf", "extension"), [PDF]),
        (148, [PNG, PDF], condition("is", ".pdf", "extension"), [PDF]),
        (148, [PNG, PDF], condition("is not", "pdf", "extension"), [PNG]),
    ],
)  # fmt: skip
def test_filter(statement: int, items: list[Any], test: dict[str, Any], expected: Any) -> None:
    assert kept(items, test) == expected


@pytest.mark.spec("logic.148")
def test_strict_upstream_does_not_add_the_dot() -> None:
    strict = {"strict_upstream": True}
    assert kept([PNG, PDF], condition("is", "pdf", "extension"), facts=strict) == []
    assert kept([PNG, PDF], condition("is", ".pdf", "extension"), facts=strict) == [PDF]


@pytest.mark.spec("logic.149")
def test_conditions_are_joined() -> None:
    assert kept(["ab", "ac", "b"], condition("contains", "a"), condition("contains", "b")) == ["ab"]
    # No file is left that the second condition could be unsuitable for.
    assert kept([PDF], condition("is", "x", "name"), condition("is", "x", "bogus")) == []


@pytest.mark.spec("logic.150")
def test_order() -> None:
    assert kept([3, 1, 2], order_by={"value": "desc"}) == [3, 2, 1]
    assert kept(["b", "B", "a"], order_by={"value": "asc"}) == ["B", "a", "b"]
    assert kept([True, False], order_by={"value": "asc"}) == [False, True]
    assert kept([PDF, PNG], order_by={"key": "size", "value": "asc"}) == [PNG, PDF]
    assert kept([PNG, PDF], order_by={"key": "name", "value": "asc"}) == [PDF, PNG]
    assert kept([PNG, PDF], order_by={"key": "", "value": "asc"}) == "err"


@pytest.mark.spec("logic.151")
def test_limit() -> None:
    assert kept(["a", "b", "c"], limit={"size": 1}) == ["a"]
    assert kept(["a", "b", "c"], limit={"size": 0}) == []
    assert kept(["a", "b", "c"], limit={"size": -1}) == ["a", "b"]
    assert kept(["a", "b", "c"], limit={}) == ["a", "b", "c"]
    assert operate(["a"], limit={"size": None}).invalid


@pytest.mark.spec("logic.152")
@pytest.mark.parametrize(
    ("serial", "expected"), [("2", ["b"]), ("0", "WNE"), ("9", "err"), ("x", "WNE"), ("{{#n.i#}}", ["b"]), (3, ["c"])]
)
def test_extract(serial: Any, expected: Any) -> None:
    assert kept(["a", "b", "c"], extract_by={"serial": serial}) == expected


@pytest.mark.spec("logic.153")
def test_extract_comes_before_order_and_after_filter() -> None:
    assert kept(["c", "a", "b"], extract_by={"serial": "1"}, order_by={"value": "asc"}) == ["c"]
    assert kept(["c"], condition("is", "z"), extract_by={"serial": "1"}) == "err"


@pytest.mark.spec("logic.154")
def test_steps_that_are_not_there_are_off() -> None:
    data = {"type": "list-operator", "variable": ["n", "v"]}
    assert run_node(data, {"n.v": ["b", "a"]}).outputs["result"] == ["b", "a"]


def test_an_emptied_list_keeps_its_kind() -> None:
    assert operate([PNG], condition("is", "z", "name")).outputs["result"].type == "array[file]"


def test_what_a_single_step_asks_for() -> None:
    node = make_node(
        {"type": "list-operator", "variable": ["n", "v"], "extract_by": {"enabled": True, "serial": "{{#n.i#}}"}}
    )
    assert selectors(node.variable_mapping()) == {"node.#n.v#": ["n", "v"], "node.#n.i#": ["n", "i"]}


def test_checklist() -> None:
    def found(**more: Any) -> list[str]:
        return codes({"type": "list-operator", "variable": ["n", "v"], **more})

    def filtered(*conditions: dict[str, Any], item: str = "string") -> list[str]:
        return found(item_var_type=item, filter_by={"enabled": True, "conditions": list(conditions)})

    assert found() == []
    assert found(variable=[]) == ["node.variable_missing"]
    assert filtered(condition("is", "")) == ["node.value_missing"]
    assert filtered(condition("is", False), item="boolean") == []
    assert filtered(condition("empty", "")) == []
    assert filtered(condition("is", "x"), item="file") == ["node.key_missing"]
    assert filtered(condition("", "x")) == ["node.operator_missing"]
    assert filtered(condition("is", "x"), condition("is", "")) == []
