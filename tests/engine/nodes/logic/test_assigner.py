"""Both assigners: what they write, what they refuse, what they record."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.assigner import upgrade
from engine.run.variables.segments import build_with_type
from tests.helpers.model import made, node
from tests.helpers.nodes import Ran, codes, make_file, make_node, run_node, selectors


def older(mode: str, target: str = "conversation.v", source: str = "n.x", **values: Any) -> Ran:
    data = {
        "type": "assigner",
        "write_mode": mode,
        "assigned_variable_selector": target.split("."),
        "input_variable_selector": source.split(".") if source else [],
    }
    return run_node(data, {key.replace("__", "."): value for key, value in values.items()})


def item(operation: str, value: Any = None, kind: str = "constant", target: str = "conversation.v") -> dict[str, Any]:
    return {"variable_selector": target.split("."), "input_type": kind, "operation": operation, "value": value}


def assign(before: Any, *items: dict[str, Any], **values: Any) -> Ran:
    data = {"type": "assigner", "version": "2", "items": list(items)}
    return run_node(data, {"conversation.v": before, **{f"n.{k}": v for k, v in values.items()}})


def result(before: Any, operation: str, value: Any = None, kind: str = "constant", **values: Any) -> Any:
    """The new value, or "err" when the node refuses; None when it wrote nothing."""
    ran = assign(before, item(operation, value, kind), **values)
    if ran.status == "failed":
        assert ran.failure == ""
        assert ran.updates == []
        return "err"
    return ran.updates[0][1] if ran.updates else None


@pytest.mark.spec("logic.123")
def test_the_older_node_checks_no_types() -> None:
    ran = older("over-write", conversation__v="text", n__x=5)
    assert ran.status == "succeeded"
    assert ran.updates == [(("conversation", "v"), 5)]
    assert ran.inputs == {"value": 5}
    assert ran.outputs == {}


@pytest.mark.spec("logic.124")
def test_what_the_older_node_refuses() -> None:
    assert older("append", conversation__v="text", n__x="a").failure == "WorkflowNodeError"
    assert older("over-write", n__x="a").failure == "WorkflowNodeError"
    assert older("over-write", conversation__v="text").failure == "WorkflowNodeError"
    files = build_with_type("array[file]", [])
    assert older("clear", conversation__v=files).failure == "WorkflowNodeError"


@pytest.mark.spec("logic.125")
def test_the_older_node_clears_and_records() -> None:
    assert older("clear", source="", conversation__v="text").updates == [(("conversation", "v"), "")]
    ran = older("clear", source="", conversation__v=5)
    assert ran.process_data == {
        "__updated_variables": [
            {"name": "v", "selector": ["conversation", "v"], "value_type": "integer", "new_value": 0}
        ]
    }
    assert older("append", conversation__v=["a"], n__x="b").updates[0][1] == ["a", "b"]


@pytest.mark.spec("logic.126")
def test_no_items_change_nothing() -> None:
    ran = assign("x")
    assert ran.status == "succeeded"
    assert ran.updates == []


@pytest.mark.spec("logic.127", "logic.128", "logic.129", "logic.130", "logic.131", "logic.132", "logic.133")
@pytest.mark.spec("logic.134", "logic.139")
@pytest.mark.parametrize(
    ("statement", "before", "operation", "value", "kind", "after"),
    [
        (127, "a", "set", ["n", "t"], "variable", "err"),
        (127, "a", "over-write", ["n", "five"], "variable", "err"),
        (127, "a", "over-write", ["n", "t"], "variable", "text"),
        (128, "a", "over-write", ["n", "none"], "variable", None),
        (128, "a", "over-write", ["n", "gone"], "variable", "err"),
        (128, "a", "over-write", None, "variable", "err"),
        (129, "a", "+=", "b", "constant", "err"),
        (129, 1, "+=", "2", "constant", "err"),
        (129, 1, "+=", 2.5, "constant", 3.5),
        (129, 3, "/=", 2, "constant", 1.5),
        (129, 3, "/=", 0, "constant", "err"),
        (129, 3, "*=", True, "constant", 3),
        (129, 3, "-=", 1, "constant", 2),
        (129, 3, "+=", ["n", "five"], "variable", "err"),
        (130, True, "set", "false", "constant", "err"),
        (130, True, "set", False, "constant", False),
        (131, {}, "set", '{"a":1}', "constant", {"a": 1}),
        (131, {}, "set", "[1]", "constant", "err"),
        (131, {}, "set", "{a}", "constant", "err"),
        (131, {}, "over-write", '{"a":1}', "constant", "err"),
        (131, {}, "over-write", {"a": 1}, "constant", {"a": 1}),
        (132, ["x"], "append", ["n", "five"], "variable", "err"),
        (132, ["x"], "append", ["n", "t"], "variable", ["x", "text"]),
        (132, ["x"], "extend", ["n", "mixed"], "variable", "err"),
        (132, ["x"], "extend", ["n", "t"], "variable", "err"),
        (132, ["x"], "extend", ["n", "texts"], "variable", ["x", "y", "z"]),
        (132, ["x"], "over-write", ["n", "nothing"], "variable", []),
        (132, ["x"], "append", "y", "constant", "err"),
        (133, [1], "append", ["n", "yes"], "variable", [1, True]),
        (133, [1, "a"], "append", ["n", "texts"], "variable", "err"),
        (133, [1, "a"], "append", ["n", "t"], "variable", [1, "a", "text"]),
        (134, ["x", "y"], "remove-first", None, "variable", ["y"]),
        (134, ["x", "y"], "remove-last", None, "constant", ["x"]),
        (139, 5, "clear", None, "variable", 0),
        (139, 5.5, "clear", None, "variable", 0.0),
        (139, {"a": 1}, "clear", None, "variable", {}),
        (139, ["a"], "clear", None, "constant", []),
    ],
)
def test_rules(statement: int, before: Any, operation: str, value: Any, kind: str, after: Any) -> None:
    values = {"t": "text", "five": 5, "none": None, "mixed": ["y", 1], "texts": ["y", "z"], "nothing": [], "yes": True}
    found = result(before, operation, value, kind, **values)
    assert found == after
    assert type(found) is type(after)


@pytest.mark.spec("logic.134")
def test_removing_from_an_empty_list() -> None:
    assert result(build_with_type("array[string]", []), "remove-first", None, "variable") == []


def test_lists_of_files_are_supported() -> None:
    a, b = make_file("a.pdf"), make_file("b.pdf")
    values = {"one": b, "two": [b, b]}
    assert result([a], "append", ["n", "one"], "variable", **values) == [a, b]
    assert result([a], "extend", ["n", "two"], "variable", **values) == [a, b, b]
    assert result([a], "over-write", ["n", "two"], "variable", **values) == [b, b]
    assert result([a], "clear") == []


@pytest.mark.spec("logic.135")
def test_one_bad_item_undoes_all() -> None:
    ran = assign(1, item("+=", 1), item("+=", "x"))
    assert ran.failure == ""
    assert ran.updates == []
    assert ran.pool.get_value(("conversation", "v")) == 1


@pytest.mark.spec("logic.136")
def test_later_items_see_earlier_results_and_one_update_is_sent() -> None:
    ran = assign(1, item("+=", 1), item("+=", 1))
    assert ran.updates == [(("conversation", "v"), 3)]
    assert ran.process_data["v"] == 3
    assert ran.process_data["__updated_variables"] == [
        {"name": "v", "selector": ["conversation", "v"], "value_type": "integer", "new_value": 3}
    ]
    assert ran.inputs["items"][0]["operation"] == "+="


def test_a_later_item_may_read_what_an_earlier_one_wrote() -> None:
    data = {
        "type": "assigner",
        "version": "2",
        "items": [
            item("set", "new"),
            item("over-write", ["conversation", "v"], "variable", target="conversation.w"),
        ],
    }
    ran = run_node(data, {"conversation.v": "old", "conversation.w": ""})
    assert ran.updates == [(("conversation", "v"), "new"), (("conversation", "w"), "new")]


@pytest.mark.spec("logic.137")
def test_targets() -> None:
    ran = assign({"k": 1}, item("set", 2, target="conversation.c.k"))
    assert ran.failure == ""
    data = {"type": "assigner", "version": "2", "items": [item("+=", 1, target="loop.count")]}
    assert run_node(data, {"loop.count": 1}).updates == [(("loop", "count"), 2)]


@pytest.mark.spec("logic.138")
def test_left_over_keys_are_ignored_and_kept() -> None:
    ran = assign(1, {**item("+=", 1), "write_mode": "over-write"})
    assert ran.updates == [(("conversation", "v"), 2)]
    assert ran.inputs["items"][0]["write_mode"] == "over-write"


@pytest.mark.spec("logic.140")
def test_what_a_node_holds_tells_its_version() -> None:
    both = {
        "type": "assigner",
        "version": "2",
        "assigned_variable_selector": ["conversation", "v"],
        "input_variable_selector": ["n", "x"],
        "write_mode": "over-write",
    }
    values = {"conversation.v": "text", "n.x": 5}
    assert run_node(both, values).updates == [(("conversation", "v"), 5)]
    opened = {**both, "items": [item("over-write", ["n", "x"], "variable")]}
    assert run_node(opened, values).failure == ""
    unnumbered = {"type": "assigner", "items": [item("set", "new")]}
    assert run_node(unnumbered, values).updates == [(("conversation", "v"), "new")]


@pytest.mark.spec("logic.140")
@pytest.mark.parametrize(("mode", "operation"), [("append", "append"), ("clear", "clear"), ("odd", "over-write")])
def test_an_older_node_becomes_one_of_the_present_kind_on_request(mode: str, operation: str) -> None:
    older = {
        "assigned_variable_selector": ["conversation", "v"],
        "input_variable_selector": ["n", "x"],
        "write_mode": mode,
    }
    flow = made([node("1", "start"), node("2", "assigner", version="1", **older)], [("1", "2")])
    after, back = upgrade(flow, "2").apply(flow)
    data = after.graph.node("2").data
    wanted = item(operation, ["n", "x"], "variable")
    assert (data["version"], data["items"]) == ("2", [wanted])
    assert {key: data[key] for key in older} == older
    assert back.apply(after)[0] == flow


def test_what_it_reads_and_writes() -> None:
    node = make_node(
        {"type": "assigner", "version": "2", "items": [item("append", ["n", "x"], "variable"), item("clear")]}
    )
    assert selectors(node.variable_mapping()) == {
        "node.#conversation.v#": ["conversation", "v"],
        "node.#n.x#": ["n", "x"],
    }
    assert list(node.writes()) == [("conversation", "v")]


def test_checklist() -> None:
    def found(*items: dict[str, Any]) -> list[str]:
        return codes({"type": "assigner", "version": "2", "items": list(items)})

    assert found() == []
    assert found(item("set", 0)) == []
    assert found(item("set", False)) == []
    assert found(item("set", "")) == ["node.value_missing"]
    assert found(item("+=", None)) == ["node.value_missing"]
    assert found(item("append", [], "variable")) == ["node.value_missing"]
    assert found(item("clear")) == []
    assert found({**item("clear"), "variable_selector": []}) == ["node.variable_missing"]
