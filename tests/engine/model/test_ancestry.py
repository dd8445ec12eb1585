"""What stands before what, against the plain search that it replaces, over generated graphs with circles."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.ancestry import groups_in_order, marks_before
from engine.model.graph import Graph
from engine.model.scope import Ancestors, upstream
from engine.run import lint as checks
from engine.run.graph import CONTAINER_TYPES, CompiledGraph, CompiledNode, compile_graph
from tests.helpers.run import node_class

SEEDS = st.integers(0, 10**9)
MANY = settings(max_examples=150, deadline=None)


def drawn(seed: int, *, circles: bool = True) -> dict[str, Any]:
    """A graph config of up to three levels of containers, each with a few nodes and edges that lead anywhere."""
    chance = random.Random(seed)
    nodes: list[dict[str, Any]] = [{"id": "start", "data": {"type": "start"}}]
    edges: list[dict[str, Any]] = []

    def scope(first: str, place: dict[str, Any], parent: str | None, depth: int) -> None:
        names = [first]
        for _ in range(chance.randint(1, 7 if depth == 0 else 4)):
            name = f"n{len(nodes)}"
            kind = chance.choice(["stub", "stub", "stub", *(["iteration", "loop"] if depth < 2 else [])])
            data: dict[str, Any] = {"type": kind, **place}
            node: dict[str, Any] = {"id": name, "data": data} | ({"parentId": parent} if parent else {})
            nodes.append(node)
            names.append(name)
            if kind in CONTAINER_TYPES:
                data["start_node_id"] = f"{name}s"
                inner = {"iteration_id" if kind == "iteration" else "loop_id": name}
                nodes.append({"id": f"{name}s", "parentId": name, "data": {"type": f"{kind}-start", **inner}})
                scope(f"{name}s", inner, name, depth + 1)
        for at, name in enumerate(names):
            for _ in range(chance.choice([0, 1, 1, 2])):
                target = chance.choice(names[1:] if circles else names[at + 1 :] or [""])
                if target:
                    edges.append({"id": f"e{len(edges)}", "source": name, "target": target})

    scope("start", {}, None, 0)
    known = [node["id"] for node in nodes]
    for node in nodes:
        if node["data"]["type"] == "stub":
            node["data"]["echo"] = [chance.choice([*known, "gone"]), "text"]
    return {"nodes": nodes, "edges": edges}


def searched(graph: CompiledGraph, node: CompiledNode) -> set[str]:
    """What a node can see, looked for from that node alone."""
    found, waiting, seen = {node.id}, [node], {node.id}
    while waiting:
        current = waiting.pop()
        before = [edge.tail for edge in current.in_edges]
        if current.scope is not None and current.scope.container is not None:
            before.append(current.scope.container)
        if current.type in CONTAINER_TYPES and current.id in graph.scopes:
            found |= {inner.id for inner in graph.scopes[current.id].nodes}
        for other in before:
            found.add(other.id)
            if other.id not in seen:
                seen.add(other.id)
                waiting.append(other)
    return found


@MANY
@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 14), max_size=4), max_size=13))
def test_marks_are_those_of_everything_on_the_ways_that_lead_there(raw: dict[int, list[int]]) -> None:
    before = {str(key): [str(other) for other in others] for key, others in raw.items()}
    marks = {name: 1 << int(name) for name in [*before, "13", "14"]}
    met = marks_before(before, marks)
    for name in before:
        seen: set[str] = set()
        waiting = list(before[name])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting += before.get(other, [])
        assert met[name] == sum({marks.get(other, 0) for other in seen}), name
    order = [name for group in groups_in_order(before) for name in group]
    assert sorted(order) == sorted(before)


@MANY
@given(SEEDS)
def test_the_check_sees_what_a_search_from_each_node_sees(seed: int) -> None:
    graph = compile_graph(drawn(seed), node_class)
    everything = set(graph.nodes) | {"gone"}
    given_ = checks._given(graph, dict.fromkeys(graph.nodes, everything))
    assert given_ == {name: searched(graph, node) for name, node in graph.nodes.items()}


@MANY
@given(SEEDS)
def test_the_check_names_the_reads_that_nothing_gives(seed: int) -> None:
    config = drawn(seed)
    graph = compile_graph(config, node_class)
    reached = checks._reached(graph)
    wanted = [
        node.id
        for node in graph.nodes.values()
        if node.type == "stub" and node.id in reached and node.data["echo"][0] not in searched(graph, node)
    ]
    issues = checks.lint(config, node_class)
    assert [issue.node_id for issue in issues if issue.code == "UNRESOLVED_REFERENCE"] == wanted


def test_many_ids_are_looked_for_in_parts(monkeypatch: Any) -> None:
    graph = compile_graph(drawn(5), node_class)
    everything = set(graph.nodes)
    whole = checks._given(graph, dict.fromkeys(graph.nodes, everything))
    monkeypatch.setattr(checks, "MARKS_AT_ONCE", 2)
    assert len(everything) > 4
    assert checks._given(graph, dict.fromkeys(graph.nodes, everything)) == whole


@MANY
@given(SEEDS, st.booleans())
def test_ancestors_of_all_nodes_are_the_upstream_of_each(seed: int, circles: bool) -> None:
    graph = Graph.from_config(drawn(seed, circles=circles))
    ancestors = Ancestors(graph)
    for node_id in graph.nodes:
        above = set(upstream(graph, node_id))
        assert {other for other in graph.nodes if other != node_id and ancestors.has(node_id, other)} == above
        assert circles or not ancestors.has(node_id, node_id)


def test_the_work_grows_with_the_graph_and_not_with_its_square() -> None:
    """Counted in lookups, for a chain on which every node reads the first one."""

    class Counted(dict[str, list[str]]):
        lookups = 0

        def __getitem__(self, key: str) -> list[str]:
            Counted.lookups += 1
            return super().__getitem__(key)

    counts = []
    for size in (1000, 4000):
        Counted.lookups = 0
        before = Counted({str(i): [str(i - 1)] if i else [] for i in reversed(range(size))})
        assert marks_before(before, {"0": 1})[str(size - 1)] == 1
        counts.append(Counted.lookups)
    assert counts[1] <= 5 * counts[0]
