"""Building a graph for a run (engine spec, section 1; statements 1 to 13)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.dsl.read import read
from engine.run.graph import GraphError, compile_graph
from engine.run.lint import lint
from tests.helpers.model import edge, node, tree
from tests.helpers.run import Memory, add, answer, begin, build, end, iterate, node_class, pick, run, stub


def codes(graph: dict[str, Any]) -> set[str]:
    return {issue.code for issue in lint(graph, node_class)}


def level(graph: dict[str, Any], code: str) -> str:
    return next(issue.level for issue in lint(graph, node_class) if issue.code == code)


def refused(graph: dict[str, Any], **options: Any) -> GraphError:
    """The refusal of a run that cannot start; nothing may have been emitted or recorded then."""
    memory = Memory()
    with pytest.raises(GraphError) as caught:
        run(graph, memory=memory, **options)
    assert memory.events == []
    return caught.value


@pytest.mark.spec("engine.1")
def test_edge_to_a_missing_node() -> None:
    graph = build("start -> a")
    graph["edges"].append({"id": "x", "source": "a", "target": "nope"})
    error = refused(graph)
    assert "[MISSING_NODE]" in str(error)
    assert "nope" in str(error)
    both = build("start -> a")
    both["edges"].append({"id": "x", "source": "gone", "target": "nope"})
    assert str(refused(both)).count("[MISSING_NODE]") == 2


@pytest.mark.spec("engine.2")
def test_root_of_a_wrong_kind_or_unknown() -> None:
    graph = build("start -> a")
    assert "[INVALID_ROOT]" in str(refused(graph, root_node_id="a"))
    assert "not found in the graph" in str(refused(graph, root_node_id="zzz"))


@pytest.mark.spec("engine.3")
@pytest.mark.parametrize("nodes", [[], [{"id": "n", "type": "custom-note", "data": {"type": ""}}]])
def test_empty_graph(nodes: list[Any]) -> None:
    assert "Graph must have at least one node" in str(refused({"nodes": nodes, "edges": []}))


@pytest.mark.parametrize(
    ("graph", "words"),
    [({"nodes": []}, "not found"), ({"nodes": {}, "edges": []}, "nodes in workflow graph must be a list")],
)
def test_graph_of_a_wrong_shape(graph: dict[str, Any], words: str) -> None:
    assert words in str(refused(graph))


@pytest.mark.spec("engine.4")
def test_notes_are_ignored() -> None:
    graph = build("start -> a -> end", end=end(x="a.text"))
    graph["nodes"].insert(0, {"id": "note", "type": "custom-note", "data": {"type": "", "text": "hi"}})
    assert run(graph).status == "succeeded"


@pytest.mark.spec("engine.5")
def test_half_drawn_edges_take_no_number() -> None:
    graph = build("start -> a -> end")
    graph["edges"].insert(0, {"id": "half", "source": "start"})
    done = run(graph)
    assert [e["edge_id"] for e in done.named("GraphEdgeTaken")] == ["edge_0", "edge_1"]
    assert done.named("GraphEdgeTaken")[0]["config_id"] == graph["edges"][1]["id"]


@pytest.mark.spec("engine.6")
@pytest.mark.parametrize("change", [lambda e: e.pop("sourceHandle"), lambda e: e.update(sourceHandle=None)])
def test_missing_handles_are_source(change: Any) -> None:
    graph = build("start -> p -> end", p=pick("source"))
    for wire in graph["edges"]:
        change(wire)
    assert "end" in run(graph).started()


@pytest.mark.spec("engine.6")
@pytest.mark.parametrize("change", [lambda e: e.pop("sourceHandle"), lambda e: e.update(sourceHandle=None)])
def test_missing_handles_of_a_file_are_source(change: Any) -> None:
    wire = edge("1", "2")
    change(wire)
    data = tree([node("1", "start"), node("2", "end")])
    data["workflow"]["graph"]["edges"] = [wire]
    workflow = read(yaml.safe_dump(data).encode()).workflow
    assert workflow is not None
    assert [e["sourceHandle"] for e in workflow.graph.to_config()["edges"]] == ["source"]


@pytest.mark.spec("engine.12")
def test_duplicate_node_id_in_a_file_is_refused() -> None:
    result = read(yaml.safe_dump(tree([node("1", "start"), node("1", "end")])).encode())
    assert result.workflow is None
    assert [p.code for p in result.problems if p.severity == "error"] == ["graph.duplicate_node_id"]


@pytest.mark.spec("engine.7")
def test_orphans_stay_unknown() -> None:
    done = run(build("start -> a -> end; orphan -> orphan2"))
    assert done.status == "succeeded"
    assert not any("orphan" in str(e) for e in done.events)


@pytest.mark.spec("engine.8")
def test_unreachable_predecessor_blocks_and_is_reported() -> None:
    graph = build("start -> a -> end; orphan -> end", end=end(x="a.text"))
    assert level(graph, "UNREACHABLE_PREDECESSOR") == "E*"
    done = run(graph)
    assert done.started() == ["start", "a"]
    assert (done.status, done.outputs) == ("succeeded", {})


@pytest.mark.spec("engine.9")
def test_cycle_never_runs_and_is_reported() -> None:
    graph = build("start -> a -> b -> a")
    assert level(graph, "CYCLE") == "E*"
    done = run(graph)
    assert (done.started(), done.status) == (["start"], "succeeded")


def test_cycle_through_the_root_runs_into_the_step_limit() -> None:
    graph = build("start -> a -> start")
    done = run(graph)
    assert done.status == "stopped"
    assert "Maximum execution steps exceeded: 501 > 500" in done.summary["error"]


@pytest.mark.spec("engine.10")
def test_only_one_root_is_active() -> None:
    done = run(build("start -> x -> j -> end; start2 -> y -> j"))
    assert done.started() == ["start", "x", "j", "end"]
    assert not any("start2" in str(e) or e.get("node_id") == "y" for e in done.events)


@pytest.mark.spec("engine.11")
def test_two_edges_between_two_nodes() -> None:
    done = run(build("start -> a; a -> b; a -> b"))
    assert done.started().count("b") == 1
    assert done.short.count("+a->b") == 2


@pytest.mark.spec("engine.12")
def test_duplicate_node_id_is_refused() -> None:
    graph = build("start -> a")
    graph["nodes"].append(dict(graph["nodes"][1]))
    assert refused(graph).code == "DUPLICATE_NODE_ID"


@pytest.mark.spec("engine.13")
def test_start_beside_a_trigger_is_refused() -> None:
    graph = build("start -> a; hook -> a", hook={"type": "trigger-webhook"})
    assert refused(graph).code == "START_WITH_TRIGGER"


def test_unknown_type_is_refused_where_it_would_run_and_mocks_stand_in() -> None:
    graph = build(
        "start -> odd -> end; lost", odd={"type": "frobnicate"}, lost={"type": "frobnicate"}, end=end(x="odd.y")
    )
    error = refused(graph)
    assert error.code == "UNKNOWN_NODE_TYPE"
    assert "odd" in str(error)
    assert run(graph, mocks={"odd": {"outputs": {"y": 3}}}).outputs == {"x": 3}


def test_edge_across_a_container_border_is_refused() -> None:
    graph = build("start -> it -> end", it=iterate("c", "start.items", "c.text"), c=stub())
    graph["edges"].append({"id": "x", "source": "c", "target": "end"})
    assert refused(graph, items=[1]).code == "CROSS_SCOPE_EDGE"
    graph["edges"][-1] = {"id": "x", "source": "start", "target": "c"}
    assert refused(graph, items=[1]).code == "CROSS_SCOPE_EDGE"


def test_container_without_a_start_is_refused() -> None:
    graph = build("start -> it", it=iterate("c", "start.items"))
    graph["nodes"][1]["data"]["start_node_id"] = "gone"
    assert refused(graph, items=[1]).code == "CONTAINER_START"


def test_lint_warnings() -> None:
    graph = build(
        "start -> f -> end; start -> p -a-> end; lost",
        f={**stub(echo=["nowhere", "x"]), "error_strategy": "fail-branch"},
        p={**pick("a"), "error_strategy": "default-value"},
    )
    found = codes(graph)
    assert {"FAIL_BRANCH_WITHOUT_EDGE", "DEFAULT_VALUE_ON_BRANCH", "UNREACHABLE_NODE", "UNRESOLVED_REFERENCE"} <= found
    assert "NO_RESPONSE_NODE" not in found
    assert "NO_RESPONSE_NODE" in codes(build("start -> a"))


def test_lint_of_a_sound_graph_is_silent() -> None:
    graph = build(
        "start -> it -> end",
        it=iterate("c -> d", "start.items", "d.text"),
        c=add("conversation.n"),
        end=end(x="it.output"),
    )
    assert lint(graph, node_class) == []


def test_large_graphs_compile_without_deep_recursion() -> None:
    names = [f"n{i}" for i in range(3000)]
    graph = build(" -> ".join(["start", *names]))
    assert len(compile_graph(graph, node_class).root_scope.nodes) == 3001
    skipped = build("start -> p -a-> x; p -b-> " + " -> ".join(names), p=pick("a"))
    from engine.run.limits import Limits

    done = run(skipped, limits=Limits(max_steps=10_000))
    assert len(done.named("GraphEdgeSkipped")) == 3000


def test_start_run_is_lazy_about_time() -> None:
    """Nothing has been emitted when the handle comes back."""
    import asyncio

    async def main() -> None:
        done = begin(build("start -> a"))
        assert done.memory.events == []
        await done.handle.result()
        assert done.memory.events

    asyncio.run(main())


def test_duplicate_edge_id_is_refused() -> None:
    graph = build("start -> a -> b")
    graph["edges"][1]["id"] = graph["edges"][0]["id"]
    assert refused(graph).code == "DUPLICATE_EDGE_ID"


@pytest.mark.spec("engine.80")
@pytest.mark.parametrize("node_id", ["n-1", "n" * 51])
def test_an_id_that_texts_cannot_read_is_reported_where_a_text_names_it(node_id: str) -> None:
    def graph(text: str) -> dict[str, Any]:
        config = build("start -> a -> b", a=stub(outs={"text": "x"}), b=answer(text))
        for found in config["nodes"]:
            found["id"] = node_id if found["id"] == "a" else found["id"]
        for wire in config["edges"]:
            wire.update({end: node_id for end in ("source", "target") if wire[end] == "a"})
        return config

    named = graph(f"{{{{#{node_id}.text#}}}}")
    assert level(named, "UNREADABLE_ID") == "W"
    assert "UNREADABLE_ID" not in codes(graph("nothing"))
    assert run(named).outputs["answer"] == f"{{{{#{node_id}.text#}}}}"
