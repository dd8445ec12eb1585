"""If-else: cases, order, records, and every operator against every kind of value."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run.variables.segments import build_with_type
from tests.helpers.nodes import Ran, codes, make_file, make_node, run_node, selectors

MISSING = object()


def condition(operator: str, value: Any = "", selector: str = "n.v", **more: Any) -> dict[str, Any]:
    return {"variable_selector": selector.split("."), "comparison_operator": operator, "value": value, **more}


def case(case_id: str, *conditions: dict[str, Any], operator: str = "and") -> dict[str, Any]:
    return {"case_id": case_id, "logical_operator": operator, "conditions": list(conditions)}


def branch(values: dict[str, Any], *cases: dict[str, Any], **more: Any) -> Ran:
    return run_node({"type": "if-else", "cases": list(cases), **more}, values)


def holds(value: Any, operator: str, expected: Any, **values: Any) -> bool | str:
    """True or false, or "err" when the node fails without naming a type."""
    pool = {} if value is MISSING else {"n.v": value}
    ran = branch({**pool, **{f"n.{k}": v for k, v in values.items()}}, case("yes", condition(operator, expected)))
    if ran.status == "failed":
        assert ran.error_type == ""
        assert ran.error
        assert ran.inputs == {"conditions": []}
        return "err"
    assert ran.handle == ran.outputs["selected_case_id"] == ("yes" if ran.outputs["result"] else "false")
    return bool(ran.outputs["result"])


@pytest.mark.spec("logic.13")
def test_no_cases_take_the_else_branch() -> None:
    ran = branch({})
    assert ran.outputs == {"result": False, "selected_case_id": "false"}
    assert ran.handle == "false"


@pytest.mark.spec("logic.14")
def test_the_older_shape_is_one_case_named_true() -> None:
    ran = run_node({"type": "if-else", "logical_operator": "and", "conditions": [condition("is", "a")]}, {"n.v": "a"})
    assert ran.handle == "true"
    assert ran.process_data["condition_results"][0]["group"] == "default"


@pytest.mark.spec("logic.15")
def test_cases_win_over_the_older_shape() -> None:
    ran = branch({"n.v": "a"}, case("c", condition("is", "b")), conditions=[condition("is", "a")])
    assert ran.handle == "false"


@pytest.mark.spec("logic.16")
@pytest.mark.parametrize(("operator", "handle"), [("and", "c"), ("or", "false")])
def test_a_case_without_conditions(operator: str, handle: str) -> None:
    assert branch({}, case("c", operator=operator)).handle == handle


@pytest.mark.spec("logic.17")
def test_later_cases_are_not_looked_at() -> None:
    ran = branch(
        {"n.v": "b"},
        case("A", condition("is", "a")),
        case("B", condition("is", "b")),
        case("C", condition("is", "x", selector="n.missing")),
    )
    assert ran.handle == "B"
    assert [entry["final_result"] for entry in ran.process_data["condition_results"]] == [False, True]


@pytest.mark.spec("logic.18")
def test_conditions_stop_as_soon_as_the_answer_is_known() -> None:
    missing = condition("is", "x", selector="n.missing")
    yes, no = condition("is", "a"), condition("is", "b")
    assert branch({"n.v": "a"}, case("c", yes, missing, operator="or")).handle == "c"
    assert branch({"n.v": "a"}, case("c", no, missing)).handle == "false"
    failed = branch({"n.v": "a"}, case("c", yes, missing))
    assert failed.failure == ""
    assert "n.missing" in failed.error


@pytest.mark.spec("logic.19")
def test_records_hold_the_last_case_only_and_no_exists() -> None:
    ran = branch(
        {"n.v": "b"},
        case("A", condition("is", "a")),
        case("B", condition("exists"), condition("is", "b")),
    )
    assert ran.inputs == {
        "conditions": [{"actual_value": "b", "expected_value": "b", "comparison_operator": "is"}],
    }
    assert ran.process_data["condition_results"][1]["results"] == [True, True]


@pytest.mark.spec("logic.20")
@pytest.mark.parametrize("operator", ["empty", "not exists", "exists", "null"])
def test_an_unknown_variable_fails_every_operator(operator: str) -> None:
    assert holds(MISSING, operator, "") == "err"


OPERATOR_CASES = [
    ("logic.21", "abc", "contains", "", True),
    ("logic.21", "", "contains", "", False),
    ("logic.22", "abc", "contains", None, False),
    ("logic.22", "a None b", "contains", None, True),
    ("logic.23", [1, 2], "contains", "1", False),
    ("logic.23", ["a", "b"], "contains", "a", True),
    ("logic.24", [True, False], "contains", "true", True),
    ("logic.24", [True, False], "contains", "True", "err"),
    ("logic.24", [True, False], "contains", "yes", "err"),
    ("logic.25", 12, "contains", "1", "err"),
    ("logic.25", 0, "contains", "0", False),
    ("logic.25", 0, "not contains", "0", True),
    ("logic.25", {}, "not contains", "a", True),
    ("logic.26", "abc", "start with", "ab", True),
    ("logic.26", "abc", "end with", "bc", True),
    ("logic.26", "", "start with", "", False),
    ("logic.26", 5, "start with", "5", "err"),
    ("logic.27", "A", "is", "a", False),
    ("logic.27", 5, "is", "5", "err"),
    ("logic.27", None, "is", "x", False),
    ("logic.27", None, "is not", "x", False),
    ("logic.27", "y", "is not", "x", True),
    ("logic.28", True, "is", True, True),
    ("logic.28", True, "is", "true", True),
    ("logic.28", True, "is", "1", True),
    ("logic.28", True, "is", "", "err"),
    ("logic.28", True, "is not", False, True),
    ("logic.29", 1, "=", "1", True),
    ("logic.29", 1, "=", "1.0", "err"),
    ("logic.29", 1, "=", "", "err"),
    ("logic.29", 1.0, "=", "1", True),
    ("logic.29", "1", "=", "1", "err"),
    ("logic.29", 1, "≠", "2", True),
    ("logic.30", None, "=", "1", False),
    ("logic.30", None, "≠", "1", False),
    ("logic.31", 5, ">", "4.9", True),
    ("logic.31", 5, ">", "x", "err"),
    ("logic.31", 5, ">", "", "err"),
    ("logic.31", True, ">", "0", True),
    ("logic.31", None, ">", "4", False),
    ("logic.31", "5", ">", "4", "err"),
    ("logic.32", 5, "≥", "5.0", True),
    ("logic.32", 5.5, "<", "6", True),
    ("logic.32", 5, "≤", "4", False),
    *[("logic.33", falsy, "empty", "", True) for falsy in ("", 0, 0.0, False, [], {}, None)],
    ("logic.33", " ", "empty", "", False),
    ("logic.33", " ", "not empty", "", True),
    ("logic.34", None, "null", "", True),
    ("logic.34", "", "null", "", False),
    ("logic.34", "", "not null", "", True),
    ("logic.35", "a", "in", ["a", "b"], True),
    ("logic.35", "a", "in", "abc", "err"),
    ("logic.35", "", "in", [""], False),
    ("logic.35", "", "not in", [""], True),
    ("logic.35", 1, "in", ["1"], False),
    ("logic.35", False, "in", ["false"], False),
    ("logic.36", ["a", "b"], "all of", ["a"], True),
    ("logic.36", ["a", "b"], "all of", ["a", "c"], False),
    ("logic.36", ["a", "b"], "all of", "a", "err"),
    ("logic.36", "abc", "all of", ["a", "b"], True),
    ("logic.36", 5, "all of", ["5"], False),
    ("logic.36", ["a"], "all of", [], True),
    ("logic.37", "", "exists", "", True),
    ("logic.37", [], "exists", "", True),
    ("logic.37", None, "exists", "", False),
    ("logic.37", None, "not exists", "", True),
    ("logic.39", None, "is null", "", True),
    ("logic.39", "x", "is not null", "", True),
    ("logic.39", "5", "is", 5, True),
    ("logic.39", "1", "is", 1, True),
    ("logic.39", 1, "=", 1, True),
]


@pytest.mark.spec(
    "logic.21", "logic.22", "logic.23", "logic.24", "logic.25", "logic.26", "logic.27", "logic.28", "logic.29"
)
@pytest.mark.spec(
    "logic.30", "logic.31", "logic.32", "logic.33", "logic.34", "logic.35", "logic.36", "logic.37", "logic.39"
)
@pytest.mark.parametrize(("statement", "value", "operator", "expected", "answer"), OPERATOR_CASES)
def test_operator(statement: str, value: Any, operator: str, expected: Any, answer: Any) -> None:
    assert holds(value, operator, expected) == answer, statement


@pytest.mark.spec("logic.31")
def test_the_message_names_the_text_that_is_no_number() -> None:
    assert "'x'" in branch({"n.v": 5}, case("c", condition(">", "x"))).error


@pytest.mark.spec("logic.38")
def test_text_is_a_template_and_a_list_is_not() -> None:
    assert holds(5, ">", "{{#n.t#}}", t=3) is True
    assert holds("x", "in", ["{{#n.t#}}"], t="x") is False


@pytest.mark.spec("logic.39")
def test_an_unknown_operator_makes_the_node_invalid() -> None:
    assert branch({"n.v": 1}, case("c", condition("resembles"))).invalid


PDF, PNG = make_file("a.pdf"), make_file("b.png")


def files_hold(files: list[Any], subs: list[dict[str, Any]] | None, outer: str = "contains", group: str = "and") -> Any:
    sub = None if subs is None else {"case_id": "s", "logical_operator": group, "conditions": subs}
    value = files or build_with_type("array[file]", [])
    ran = branch({"n.v": value, "n.x": 5}, case("yes", condition(outer, "", sub_variable_condition=sub)))
    if ran.status == "failed":
        return "err"
    assert ran.inputs == {"conditions": []}
    return ran.outputs["result"]


def sub(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "comparison_operator": operator, "value": value}


@pytest.mark.spec("logic.40", "logic.41")
@pytest.mark.parametrize("outer", ["contains", "not contains"])
@pytest.mark.parametrize(("extension", "answer"), [("pdf", True), (".pdf", True), ("PDF", False)])
def test_the_outer_operator_on_files_is_not_used(outer: str, extension: str, answer: bool) -> None:
    assert files_hold([PDF, PNG], [sub("extension", "is", extension)], outer) is answer


@pytest.mark.spec("logic.42")
def test_a_negative_test_must_hold_for_every_file() -> None:
    assert files_hold([PDF, PNG], [sub("extension", "is not", "pdf")]) is False
    assert files_hold([PNG], [sub("extension", "is not", "pdf")]) is True


@pytest.mark.spec("logic.43")
def test_two_files_may_satisfy_two_tests() -> None:
    assert files_hold([PDF, PNG], [sub("extension", "is", "pdf"), sub("type", "in", ["image"])]) is True


@pytest.mark.spec("logic.44")
def test_files_without_tests() -> None:
    assert files_hold([PDF], None, "all of") == "err"
    assert files_hold([PDF], [], group="and") is True
    assert files_hold([PDF], [], group="or") is False
    assert files_hold([PDF], None, "is") == "err"


@pytest.mark.spec("logic.45")
def test_no_files_at_all() -> None:
    assert files_hold([], [sub("name", "contains", "a")]) is False
    assert files_hold([], [sub("name", "not contains", "a")]) is True


@pytest.mark.spec("logic.46")
@pytest.mark.parametrize(
    "bad", [sub("extension", "is", ["pdf"]), sub("bogus", "is", "x"), sub("size", ">", "{{#n.x#}}")]
)
def test_file_tests_that_cannot_be_judged(bad: dict[str, Any]) -> None:
    assert files_hold([PDF], [bad]) == "err"


@pytest.mark.spec("logic.47")
def test_attributes_by_selector_follow_the_plain_rules() -> None:
    def one(selector: str, operator: str, value: Any) -> Any:
        return branch({"n.f": PDF}, case("c", condition(operator, value, selector=selector))).outputs.get("result")

    assert one("n.f.extension", "is", "pdf") is False
    assert one("n.f.extension", "is", ".pdf") is True
    assert one("n.f.type", "in", ["document"]) is True
    assert branch({"n.f": PDF}, case("c", condition("is", "a", selector="n.f"))).failure == ""
    assert one("n.f", "exists", "") is True


@pytest.mark.spec("logic.48")
@pytest.mark.parametrize(
    ("cases", "found"),
    [
        ([], ["node.case_missing"]),
        ([case("a")], ["node.condition_missing"]),
        ([case("a", condition("", "x"))], ["node.operator_missing"]),
        ([case("a", condition("is", "x", selector="n"))], ["node.variable_missing"]),
        ([case("a", condition("is", ""))], ["node.value_missing"]),
        ([case("a", condition("equals", "x"))], ["node.operator_unknown"]),
        ([case("a", condition("is", False))], []),
        ([case("a", condition("empty", ""))], []),
        ([case("a", condition("contains", "", sub_variable_condition={"conditions": [sub("name", "is", "")]}))],
         ["node.value_missing"]),
        ([case("a", condition("contains", "", sub_variable_condition={"conditions": [sub("name", "empty", "")]}))],
         []),
    ],
)  # fmt: skip
def test_checklist(cases: list[Any], found: list[str]) -> None:
    assert codes({"type": "if-else", "cases": cases}) == found


def test_what_a_single_step_asks_for() -> None:
    node = make_node({"type": "if-else", "cases": [case("a", condition("is", "{{#m.t#}}"))]})
    assert selectors(node.variable_mapping()) == {"node.#n.v#": ["n", "v"], "node.#m.t#": ["m", "t"]}


def test_the_checklist_knows_every_operator_that_runs() -> None:
    from engine.nodes.conditions import OPERATORS
    from engine.nodes.specs.logic import KNOWN_OPERATORS

    assert set(OPERATORS) <= KNOWN_OPERATORS
