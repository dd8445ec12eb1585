"""What all nodes share: unknown keys, retries, defaults, error branches; templates and selectors; older shapes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.dsl.write import write
from engine.nodes.registry import ALIASES, SPECS, node_class, spec
from engine.run.graph import GraphError, default_value
from engine.run.variables.templates import render
from tests.helpers.model import made, node
from tests.helpers.nodes import make_file, make_node, make_pool, run_node
from tests.helpers.run import build, condition, end, fail, iterate, loop, run, stub, variable


@pytest.mark.spec("logic.1")
def test_unknown_keys_load() -> None:
    node = make_node({"type": "template-transform", "template": "x", "strange": {"deep": 1}, "variables": []})
    assert node.config.model_dump()["strange"] == {"deep": 1}
    assert run_node({"type": "template-transform", "template": "x", "strange": 1}).outputs == {"output": "x"}


@pytest.mark.spec("logic.1")
def test_unknown_keys_are_written_again() -> None:
    strange = {"deep": [1, {"x": None}], "é": "ü"}
    flow = made([node("1", "start"), node("2", "template-transform", template="x", strange=strange)], [("1", "2")])
    written = {n["id"]: n["data"] for n in yaml.safe_load(write(flow))["workflow"]["graph"]["nodes"]}
    assert written["2"]["strange"] == strange


@pytest.mark.spec("logic.2")
def test_other_words_do_not_switch_retry_on() -> None:
    done = run(build("start -> c -> end", c=fail(1, retry_config={"enabled": True, "max_retries": 3})))
    assert done.status == "failed"
    assert done.named("NodeRunRetry") == []


@pytest.mark.spec("logic.3", "logic.4", "logic.5")
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "1.5", 1.5),
        ("number", "x", GraphError),
        ("object", "{}", {}),
        ("object", "[]", GraphError),
        ("boolean", True, True),
        ("array[boolean]", [True], [True]),
        ("array[string]", '["a"]', ["a"]),
        ("array[string]", "[1]", GraphError),
    ],
)
def test_default_values(kind: str, value: Any, expected: Any) -> None:
    if expected is GraphError:
        with pytest.raises(GraphError):
            default_value("n", kind, value)
    else:
        assert default_value("n", kind, value) == expected


@pytest.mark.spec("logic.7")
def test_fail_branch() -> None:
    graph = build("start -> c\nc -> good\nc -fail-branch-> bad -> end", c=fail(error_strategy="fail-branch"))
    done = run(graph)
    assert done.ended("c")["event"] == "NodeRunException"
    assert {"error_message", "error_type"} <= set(done.ended("c")["outputs"])
    assert "bad" in done.started()
    assert "good" not in done.started()


@pytest.mark.spec("logic.8")
def test_default_value_strategy() -> None:
    defaults = [{"key": "text", "type": "string", "value": "fallback"}]
    node = fail(error_strategy="default-value", default_value=defaults)
    done = run(build("start -> c -> end", c=node, end=end(r="c.text")))
    outputs = done.ended("c")["outputs"]
    assert outputs["text"] == "fallback"
    assert {"error_message", "error_type"} <= set(outputs)
    assert done.outputs == {"r": "fallback"}


@pytest.mark.spec("logic.9")
def test_retries_come_before_the_branch() -> None:
    node = fail(
        error_strategy="fail-branch",
        retry_config={"retry_enabled": True, "max_retries": 2, "retry_interval": 0},
    )
    done = run(build("start -> c\nc -> good\nc -fail-branch-> bad", c=node))
    assert len(done.named("NodeRunRetry")) == 2
    assert done.desk.attempts.count("c") == 3
    assert "bad" in done.started()


@pytest.mark.spec("logic.10", "logic.11")
@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "True"), (None, ""), ({"a": "é"}, '{"a": "é"}'), ([], ""), ([1, 2], "[1, 2]"), (make_file("a.pdf"), "")],
)
def test_rendering(value: Any, text: str) -> None:
    assert render("<{{#n.v#}}>", make_pool({"n.v": value})).text == f"<{text}>"
    assert render("{{#n.zz#}}", make_pool()).text == "n.zz"


@pytest.mark.spec("logic.12")
def test_selectors() -> None:
    pool = make_pool({"n.obj": {"k": 7}, "n.f": make_file("a.pdf"), "n.list": ["a"]})
    assert pool.get_value(("n", "obj", "k")) == 7
    assert pool.get_value(("n", "f", "extension")) == ".pdf"
    # Engine spec DEC-31 decides otherwise than upstream: a list can be indexed, a place it has not is not found.
    assert pool.get(("n", "list", "9")) is None


def test_every_type_has_a_description_that_holds_together() -> None:
    for kind, entry in SPECS.items():
        data = {"type": kind, **entry.default_data("workflow")}
        assert entry.type == kind
        assert isinstance(entry.outputs(data), tuple)
        handles = [handle.id for handle in entry.handles(data)]
        assert len(handles) == len(set(handles))
        assert all(problem.code and problem.message for problem in entry.check(data))
        assert entry.check({"type": kind}) is not None
    for older, present in ALIASES.items():
        assert spec(older) is spec(present)


@pytest.mark.spec("logic.213")
def test_an_unknown_type_is_said() -> None:
    from engine.errors import UserError

    assert spec("iteration-end") is None
    with pytest.raises(UserError, match="iteration-end") as caught:
        node_class("iteration-end")
    assert caught.value.code == "node.unknown_type"


@pytest.mark.spec("logic.205", "logic.206")
def test_notes_and_placeholders_cannot_be_run() -> None:
    assert run_node({"type": "start-placeholder"}).status == "failed"
    entry = spec("start-placeholder")
    assert entry is not None
    assert [problem.code for problem in entry.check({})] == ["node.placeholder"]
    empty = spec("datasource-empty")
    assert empty is not None
    assert empty.check({}) == []
    graph = build("start -> end", end=end(r="start.q"))
    note = {"id": "note", "type": "custom-note", "data": {"type": "", "text": ""}}
    done = run({**graph, "nodes": [*graph["nodes"], note]}, q="x")
    assert done.started() == ["start", "end"]


# -- containers: what their settings mean ------------------------------------------------------------------------------


@pytest.mark.spec("logic.166")
@pytest.mark.parametrize("value", [[], None])
def test_nothing_to_go_through(value: Any) -> None:
    graph = build("start -> src -> it -> end", src=stub(outs={"xs": value}), it=iterate("c", "src.xs", "c.text"),
                  end=end(r="it.output"))  # fmt: skip
    done = run(graph)
    assert done.outputs == {"r": []}
    assert "c" not in done.started()


@pytest.mark.spec("logic.166")
@pytest.mark.parametrize("source", ["src.xs", "src.gone"])
def test_a_text_and_nothing_at_all_cannot_be_gone_through(source: str) -> None:
    graph = build("start -> src -> it -> end", src=stub(outs={"xs": "text"}), it=iterate("c", source, "c.text"))
    done = run(graph)
    assert done.status == "failed"
    assert done.ended("it")["error_type"] == "WorkflowNodeError"
    assert done.ended("it")["error"]
    assert "c" not in done.started()


@pytest.mark.spec("logic.175")
def test_a_loop_variable_of_a_variable_that_is_not_there() -> None:
    done = run(build("start -> lp -> end", lp=loop("c", 2, loop_variables=[variable("v", "@start.gone", "string")])))
    assert done.status == "failed"
    assert done.ended("lp")["error_type"] == "WorkflowNodeError"
    assert "c" not in done.started()


@pytest.mark.spec("logic.168", "logic.171", "logic.175")
@pytest.mark.parametrize(
    "data",
    [
        {"type": "iteration", "parallel_nums": 0},
        {"type": "loop", "loop_count": 0},
        {"type": "loop", "loop_variables": [{"label": "f", "var_type": "file", "value_type": "constant"}]},
    ],
)
def test_settings_of_containers_that_are_invalid(data: dict[str, Any]) -> None:
    assert run_node(data).invalid


@pytest.mark.spec("logic.168")
def test_one_at_a_time_unless_parallel() -> None:
    assert make_node({"type": "iteration", "is_parallel": False, "parallel_nums": 10}).capacity == 1  # type: ignore[attr-defined]
    assert make_node({"type": "iteration", "is_parallel": True, "parallel_nums": 3}).capacity == 3  # type: ignore[attr-defined]


@pytest.mark.spec("logic.170")
@pytest.mark.parametrize(("flatten", "expected"), [(True, ["a", "b"]), (False, [["a"], ["b"]])])
def test_lists_of_rounds(flatten: bool, expected: Any) -> None:
    node: Any = make_node({"type": "iteration", "flatten_output": flatten})
    assert node.joined([["a"], ["b"]]) == expected
    assert make_node({"type": "iteration"}).config.flatten_output is True


@pytest.mark.spec("logic.171", "logic.176")
def test_all_rounds_of_a_loop() -> None:
    node = loop("c", 3, loop_variables=[variable("n", 5)])
    done = run(build("start -> lp -> end", lp=node, end=end(r="lp.loop_round", n="lp.n")))
    assert done.outputs == {"r": 3, "n": 5}
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_completed"


@pytest.mark.spec("logic.172")
def test_a_loop_that_is_over_before_it_begins() -> None:
    node = loop("c", 3, loop_variables=[variable("n", 5)], break_conditions=[condition("lp.n", "=", "5")])
    done = run(build("start -> lp -> end", lp=node))
    assert done.ended("lp")["outputs"] == {}
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_break"
    assert "c" not in done.started()


@pytest.mark.spec("logic.173")
def test_a_condition_on_what_is_not_there_yet() -> None:
    early = loop("c", 3, break_conditions=[condition("c.n", "=", "1")])
    done = run(build("start -> lp -> end", lp=early, c=stub(outs={"n": 1}), end=end(r="lp.loop_round")))
    assert done.outputs == {"r": 1}
    never = loop("c", 3, break_conditions=[condition("c.gone", "=", "1")])
    assert run(build("start -> lp -> end", lp=never, c=stub(outs={"n": 1}))).status == "failed"


@pytest.mark.spec("logic.174")
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "1", 1),
        ("array[string]", '["a"]', ["a"]),
        ("array[string]", "", []),
        ("array[string]", ["a"], ["a"]),
        ("object", '{"a":1}', {"a": 1}),
        ("boolean", "true", True),
        ("string", "x", "x"),
        ("array[boolean]", [True], [True]),
    ],
)
def test_constants_of_loops(kind: str, value: Any, expected: Any) -> None:
    node: Any = make_node({"type": "loop", "loop_variables": [variable("v", value, kind)]})
    assert node.initial_variables(make_pool())["v"].value == expected


@pytest.mark.spec("logic.174", "logic.175")
def test_constants_of_loops_that_do_not_fit() -> None:
    for bad in (variable("v", "", "number"), variable("v", "@n.gone", "string"), variable("v", "x", "object")):
        node: Any = make_node({"type": "loop", "loop_variables": [bad]})
        with pytest.raises(ValueError, match="v"):
            node.initial_variables(make_pool())
    missing = {"label": "v", "var_type": "number", "value_type": "constant"}
    node = make_node({"type": "loop", "loop_variables": [missing]})
    assert node.initial_variables(make_pool())["v"].value == 0


@pytest.mark.spec("logic.177")
def test_an_early_end() -> None:
    done = run(build("start -> lp -> end", lp=loop("c -> loopend", 3), end=end(r="lp.loop_round")))
    assert done.outputs == {"r": 1}
    assert done.ended("lp")["metadata"]["completed_reason"] == "loop_break"
