"""The aggregator: the first variable that exists."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.dsl.write import write
from engine.nodes.registry import node_class, spec
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import plain
from tests.helpers.model import made, node
from tests.helpers.nodes import Ran, codes, make_file, run_node

TWO = [["a", "x"], ["b", "y"]]


def aggregate(values: dict[str, Any], variables: Any = None, groups: Any = None, *, enabled: bool = True) -> Ran:
    data: dict[str, Any] = {"type": "variable-aggregator", "output_type": "any", "variables": variables or []}
    if groups is not None:
        data["advanced_settings"] = {"group_enabled": enabled, "groups": groups}
    return run_node(data, values)


def group(name: str, *variables: list[str], kind: str = "string") -> dict[str, Any]:
    return {"groupId": name, "group_name": name, "output_type": kind, "variables": list(variables)}


@pytest.mark.spec("logic.115")
def test_the_first_that_exists() -> None:
    ran = aggregate({"b.y": "second"}, TWO)
    assert plain(ran.outputs) == {"output": "second"}
    assert ran.inputs == {"y": "second"}


@pytest.mark.spec("logic.116")
@pytest.mark.parametrize("value", ["", None, 0, []])
def test_nothing_is_something(value: Any) -> None:
    assert plain(aggregate({"a.x": value, "b.y": "second"}, TWO).outputs) == {"output": value}


@pytest.mark.spec("logic.117")
def test_nothing_exists() -> None:
    ran = aggregate({}, TWO)
    assert ran.status == "succeeded"
    assert ran.outputs == {}


@pytest.mark.spec("logic.118")
def test_groups_without_a_value_are_absent() -> None:
    ran = aggregate({"b.y": 2}, groups=[group("G1", ["a", "x"]), group("G2", ["b", "y"])])
    assert plain(ran.outputs) == {"G2": {"output": 2}}
    pool = VariablePool()
    pool.add_outputs("node", ran.outputs)
    assert pool.get_value(("node", "G2", "output")) == 2
    assert pool.get(("node", "G1", "output")) is None


@pytest.mark.spec("logic.119")
def test_groups_replace_the_plain_list_only_when_switched_on() -> None:
    values, groups = {"a.x": 1, "b.y": 2}, [group("G", ["b", "y"])]
    assert plain(aggregate(values, TWO, groups).outputs) == {"G": {"output": 2}}
    assert plain(aggregate(values, TWO, groups, enabled=False).outputs) == {"output": 1}


@pytest.mark.spec("logic.120")
def test_any_type_and_the_older_name() -> None:
    assert not aggregate({"a.x": 1}, groups=[group("G", ["a", "x"], kind="any")]).invalid
    older = {"type": "variable-assigner", "output_type": "array[array[number]]", "variables": TWO}
    assert plain(run_node(older, {"a.x": 1}).outputs) == {"output": 1}
    assert node_class("variable-assigner") is node_class("variable-aggregator")
    assert spec("variable-assigner") is spec("variable-aggregator")


@pytest.mark.spec("logic.120")
def test_the_older_name_is_written_again() -> None:
    older = {"output_type": "string", "variables": TWO}
    flow = made([node("1", "start"), node("2", "variable-assigner", **older)], [("1", "2")])
    written = {n["id"]: n["data"] for n in yaml.safe_load(write(flow))["workflow"]["graph"]["nodes"]}
    assert (written["2"]["type"], written["2"]["variables"]) == ("variable-assigner", TWO)


@pytest.mark.spec("logic.121")
def test_a_part_of_an_object() -> None:
    ran = aggregate({"n.obj": {"k": 7}}, [["n", "obj", "k"]])
    assert ran.inputs == {"obj.k": 7}


def test_files_stay_files() -> None:
    files = [make_file("a.pdf")]
    ran = aggregate({"a.x": files}, TWO)
    pool = VariablePool()
    pool.add_outputs("node", ran.outputs)
    found = pool.get(("node", "output"))
    assert found is not None
    assert found.type == "array[file]"


def test_checklist() -> None:
    base = {"type": "variable-aggregator", "output_type": "any", "variables": TWO}
    assert codes(base) == []
    assert codes({**base, "variables": []}) == ["node.variable_missing"]
    assert codes({**base, "variables": [[]]}) == ["node.variable_missing"]
    assert codes({**base, "advanced_settings": {"group_enabled": True, "groups": []}}) == ["node.group_missing"]
    assert codes({**base, "advanced_settings": {"group_enabled": True, "groups": [group("G")]}}) == []
    assert codes({**base, "advanced_settings": {"group_enabled": True, "groups": [group("G", [])]}}) == [
        "node.variable_missing"
    ]
