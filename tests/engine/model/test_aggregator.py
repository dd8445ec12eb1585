"""Groups of an aggregator on and off: references follow, and one undo brings everything back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.aggregator import (
    groups_of,
    new_group,
    remove_group,
    rename_group,
    switch_groups_off,
    switch_groups_on,
    uses_of_other_groups,
)
from engine.model.workflow import Workflow
from tests.helpers.model import made, node


def workflow(**data: Any) -> Workflow:
    """start -> agg -> tpl, agg2, end: three ways to read the aggregator."""
    settings = {"output_type": "string", "variables": [["start", "a"], ["start", "b"]], **data}
    return made(
        [
            node("start", "start", variables=[{"variable": "a", "type": "text-input"}]),
            node("agg", "variable-aggregator", **settings),
            node("ask", "http-request", url="http://x/{{#agg.output#}}/{{#agg.Group2.output#}}?{{#start.a#}}"),
            node("agg2", "variable-aggregator", variables=[["agg", "Group2", "output"], ["agg", "output"]]),
            node("end", "end", outputs=[{"variable": "r", "value_selector": ["agg", "output"]}]),
        ],
        [("start", "agg"), ("agg", "ask"), ("ask", "agg2"), ("agg2", "end")],
    )


def data(flow: Workflow, node_id: str) -> dict[str, Any]:
    return dict(flow.graph.node(node_id).data)


@pytest.mark.spec("logic.122")
def test_on_and_back() -> None:
    before = workflow()
    on, undo = switch_groups_on(before, "agg", "g-1").apply(before)
    assert data(on, "agg")["advanced_settings"] == {
        "group_enabled": True,
        "groups": [
            {
                "groupId": "g-1",
                "group_name": "Group1",
                "output_type": "string",
                "variables": [["start", "a"], ["start", "b"]],
            }
        ],
    }
    assert data(on, "end")["outputs"][0]["value_selector"] == ["agg", "Group1", "output"]
    assert data(on, "ask")["url"] == "http://x/{{#agg.Group1.output#}}/{{#agg.Group2.output#}}?{{#start.a#}}"
    assert undo.apply(on)[0] == before

    off, undo = switch_groups_off(on, "agg").apply(on)
    assert data(off, "end") == data(before, "end")
    assert data(off, "ask") == data(before, "ask")
    assert data(off, "agg")["variables"] == [["start", "a"], ["start", "b"]]
    assert data(off, "agg")["advanced_settings"]["group_enabled"] is False
    assert undo.apply(off)[0] == on


@pytest.mark.spec("logic.122")
def test_off_with_further_groups_removes_what_reads_them() -> None:
    groups = [
        {"groupId": "1", "group_name": "First", "output_type": "number", "variables": [["start", "b"]]},
        {"groupId": "2", "group_name": "Group2", "output_type": "any", "variables": []},
    ]
    flow = workflow(advanced_settings={"group_enabled": True, "groups": groups, "more": 1})
    assert {use.node_id for use in uses_of_other_groups(flow, "agg")} == {"ask", "agg2"}
    off, undo = switch_groups_off(flow, "agg").apply(flow)
    assert data(off, "ask")["url"] == "http://x/{{#agg.output#}}/?{{#start.a#}}"
    assert data(off, "agg2")["variables"] == [["agg", "output"]]
    assert (data(off, "agg")["output_type"], data(off, "agg")["variables"]) == ("number", [["start", "b"]])
    assert data(off, "agg")["advanced_settings"] == {"group_enabled": False, "groups": groups, "more": 1}
    assert undo.apply(off)[0] == flow
    again, _ = switch_groups_on(off, "agg", "unused").apply(off)
    assert [g["group_name"] for g in groups_of(again.graph.node("agg"))] == ["First", "Group2"]
    assert data(again, "end")["outputs"][0]["value_selector"] == ["agg", "First", "output"]


@pytest.mark.spec("logic.122")
def test_groups_are_renamed_and_removed_with_their_uses() -> None:
    groups = [{"group_name": "Group1", "variables": []}, {"group_name": "Group2", "variables": []}]
    flow = workflow(advanced_settings={"group_enabled": True, "groups": groups})
    named, undo = rename_group(flow, "agg", 1, "Sources").apply(flow)
    assert data(named, "agg2")["variables"][0] == ["agg", "Sources", "output"]
    assert "{{#agg.Sources.output#}}" in data(named, "ask")["url"]
    assert undo.apply(named)[0] == flow
    gone, undo = remove_group(flow, "agg", 1).apply(flow)
    assert data(gone, "agg2")["variables"] == [["agg", "output"]]
    assert len(groups_of(gone.graph.node("agg"))) == 1
    assert undo.apply(gone)[0] == flow


def test_odd_settings_do_not_stop_it() -> None:
    assert new_group([{"group_name": "Group1"}, {"group_name": "x"}], "i")["group_name"] == "Group2"
    flow = workflow(advanced_settings=None, variables=None)
    on, _ = switch_groups_on(flow, "agg", "i").apply(flow)
    assert groups_of(on.graph.node("agg"))[0]["variables"] == []
    assert groups_of(workflow(advanced_settings={"groups": [1, None]}).graph.node("agg")) == []
    switch_groups_off(workflow(advanced_settings="x"), "agg").apply(workflow(advanced_settings="x"))
