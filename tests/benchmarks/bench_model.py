"""What the model costs: reading, one edit, undo, hash, checklist, tidying, on graphs of 500 to 10,000 nodes.

`python -m tests.benchmarks.bench_model`
"""

from __future__ import annotations

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from engine.dsl.read import read
from engine.dsl.write import write
from engine.model.diff import diff
from engine.model.document import Document
from engine.model.edits import AddNode, Edit, MoveNodes, RemoveEdge, RemoveNode, SetField
from engine.model.graph import Graph, Node
from engine.model.hashing import content_hash
from engine.model.layout import organize
from engine.model.refs import available_variables
from engine.model.validate import check
from engine.model.workflow import AppInfo, Workflow


def graph_of(count: int) -> dict[str, Any]:
    """A start, then blocks of a branch with two code nodes that join again, and an end."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []

    def add(kind: str, **data: Any) -> str:
        node_id = str(1_700_000_000_000 + len(nodes))
        place = {"x": float(len(nodes) * 320 % 9600), "y": float(len(nodes) // 30 * 180)}
        nodes.append(
            {
                "id": node_id,
                "type": "custom",
                "position": place,
                "positionAbsolute": place,
                "sourcePosition": "right",
                "targetPosition": "left",
                "height": 90,
                "width": 244,
                "data": {"type": kind, "title": f"{kind} {len(nodes)}", "desc": "", "selected": False, **data},
            }
        )
        return node_id

    def join(source: str, target: str, handle: str = "source") -> None:
        edges.append(
            {
                "id": f"{source}-{handle}-{target}-target",
                "source": source,
                "target": target,
                "sourceHandle": handle,
                "targetHandle": "target",
                "type": "custom",
                "zIndex": 0,
                "data": {"isInIteration": False, "isInLoop": False, "sourceType": "x", "targetType": "y"},
            }
        )

    last = add("start", variables=[{"variable": "q", "label": "q", "type": "text-input", "required": True}])
    first = last
    code = "def main(a: str) -> dict:\n    return {'result': a}\n"
    while len(nodes) + 5 <= count:
        condition = {"variable_selector": [first, "q"], "comparison_operator": "contains", "value": "x"}
        branch = add("if-else", cases=[{"case_id": "true", "logical_operator": "and", "conditions": [condition]}])
        inputs = [{"variable": "a", "value_selector": [first, "q"]}]
        one = add("code", code=code, code_language="python3", variables=inputs, outputs={"result": {"type": "string"}})
        prompt = [{"role": "user", "text": "Say {{#" + first + ".q#}} in other words."}]
        two = add("llm", model={"provider": "openai", "name": "m", "mode": "chat"}, prompt_template=prompt)
        both = add("variable-aggregator", variables=[[one, "result"], [two, "text"]], output_type="string")
        for source, target, handle in ((last, branch, "source"), (branch, one, "true"), (branch, two, "false")):
            join(source, target, handle)
        join(one, both)
        join(two, both)
        last = both
    join(last, add("end", outputs=[{"variable": "out", "value_selector": [last, "output"]}]))
    return {"nodes": nodes, "edges": edges, "viewport": {"x": 0, "y": 0, "zoom": 1}}


def median_ms(run: Callable[[], object], rounds: int) -> float:
    """The median time of a call in milliseconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _edits(document: Document, rounds: int) -> None:
    graph = document.graph
    ids = list(graph.nodes)
    middle = ids[len(ids) // 2]
    number = iter(range(10**9))
    edge_ids = iter(list(graph.edges))
    fresh: list[str] = []

    def added() -> Edit:
        fresh.append(f"new{next(number)}")
        return AddNode(Node(fresh[-1], {"type": "code", "title": "New"}))

    kinds: dict[str, Callable[[], Edit]] = {
        "set a field": lambda: SetField(middle, ("title",), f"t{next(number)}"),
        "move a node": lambda: MoveNodes({middle: (float(next(number)), 0.0)}),
        "move 200 nodes": lambda: MoveNodes({n: (float(next(number)), 0.0) for n in ids[:200]}),
        "add a node": added,
        "remove a node": lambda: RemoveNode(fresh.pop()),
        "remove an edge": lambda: RemoveEdge(next(edge_ids)),
    }
    for name, make in kinds.items():
        applied = median_ms(lambda make=make: document.apply(make()), rounds)  # type: ignore[misc]
        undone = median_ms(document.undo, rounds)
        for _ in range(rounds):
            document.redo()
        print(f"   {name}: apply {applied:.3f} ms, undo {undone:.3f} ms")


def main() -> None:
    """Print every figure."""
    for count in (500, 2_000, 10_000):
        workflow = Workflow(app=AppInfo("Bench"), graph=Graph.from_config(graph_of(count)))
        text = write(workflow)
        nodes = len(workflow.graph.nodes)
        stored = json.dumps(workflow.to_json())
        print(f"{nodes} nodes, {len(workflow.graph.edges)} edges, {len(text) / 1e6:.1f} MB of YAML")
        rounds = 5 if count < 5_000 else 2
        print(f"   read: {median_ms(lambda: read(text), rounds) / nodes:.3f} ms a node")  # noqa: B023
        print(f"   write: {median_ms(lambda: write(workflow), 1) / nodes:.3f} ms a node")  # noqa: B023
        tracemalloc.start()
        loaded = Workflow.from_json(json.loads(stored))
        memory, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        opened = median_ms(lambda: Workflow.from_json(json.loads(stored)), rounds)  # noqa: B023
        print(f"   open stored JSON: {opened:.0f} ms, {memory / nodes / 1000:.1f} kB a node")
        print(f"   hash: {median_ms(lambda: content_hash(workflow), rounds):.1f} ms")  # noqa: B023
        print(f"   diff: {median_ms(lambda: diff(workflow, loaded), rounds):.1f} ms")  # noqa: B023
        print(f"   checklist: {median_ms(lambda: check(workflow), 1):.0f} ms")  # noqa: B023
        last = next(reversed(workflow.graph.nodes))
        print(f"   variables of the last node: {median_ms(lambda: available_variables(workflow, last), 1):.1f} ms")  # noqa: B023
        print(f"   tidy up: {median_ms(lambda: organize(workflow.graph), 1):.0f} ms")  # noqa: B023
        _edits(Document(workflow), 50)


if __name__ == "__main__":
    main()
