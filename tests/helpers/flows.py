"""Workflows that tests of running and debugging share."""

from __future__ import annotations

from typing import Any

from engine.model.workflow import Workflow
from tests.helpers.model import made, node


def template(node_id: str, text: str, **names: str) -> dict[str, Any]:
    """A template node; `names` are its variables as dotted selectors."""
    variables = [{"variable": name, "value_selector": selector.split(".")} for name, selector in names.items()]
    return node(node_id, "template-transform", template=text, variables=variables)


def inside(config: dict[str, Any], container: str, kind: str) -> dict[str, Any]:
    """The node as a child of a container; `kind` is `iteration` or `loop`."""
    mark = "isInIteration" if kind == "iteration" else "isInLoop"
    return {**config, "parentId": container, "data": {**config["data"], mark: True, f"{kind}_id": container}}


def nested_flow() -> Workflow:
    """An iteration over two texts; in each round two parallel branches meet in a code node that is tried again, and a
    loop of two rounds counts up a variable."""
    assigned = [
        {"variable_selector": ["count", "n"], "operation": "+=", "input_type": "constant", "value": 1, "input": ""}
    ]
    nodes = [
        node("start", "start", variables=[{"variable": "texts", "type": "paragraph", "label": "texts"}]),
        node(
            "list", "code", title="Split", code_language="python3", code="def main(t):\n    return {'r': t.split()}\n",
            variables=[{"variable": "t", "value_selector": ["start", "texts"]}],
            outputs={"r": {"type": "array[string]", "children": None}},
        ),
        node(
            "each", "iteration", title="Each", iterator_selector=["list", "r"], output_selector=["join", "r"],
            start_node_id="eachstart", is_parallel=False, error_handle_mode="terminated", output_type="array[string]",
        ),
        inside(node("eachstart", "iteration-start"), "each", "iteration"),
        inside(template("loud", "{{ t | upper }}", t="each.item"), "each", "iteration"),
        inside(template("long", "{{ t }}{{ t }}", t="each.item"), "each", "iteration"),
        inside(
            node(
                "join", "code", title="Join", code_language="python3",
                code="def main(a, b):\n    return {'r': a + b}\n",
                variables=[
                    {"variable": "a", "value_selector": ["loud", "output"]},
                    {"variable": "b", "value_selector": ["long", "output"]},
                ],
                outputs={"r": {"type": "string", "children": None}},
                retry_config={"retry_enabled": True, "max_retries": 2, "retry_interval": 100},
            ),
            "each", "iteration",
        ),
        inside(
            node(
                "count", "loop", title="Count", start_node_id="countstart", loop_count=2, break_conditions=[],
                logical_operator="and",
                loop_variables=[
                    {"id": "v", "label": "n", "var_type": "number", "value_type": "constant", "value": "0"}
                ],
            ),
            "each", "iteration",
        ),
        inside(node("countstart", "loop-start"), "count", "loop"),
        inside(node("up", "assigner", title="Up", version="2", items=assigned), "count", "loop"),
        node("end", "end", outputs=[{"variable": "out", "value_selector": ["each", "output"]}]),
    ]  # fmt: skip
    edges = [
        ("start", "list"), ("list", "each"), ("each", "end"),
        ("eachstart", "loud"), ("eachstart", "long"), ("loud", "join"), ("long", "join"), ("join", "count"),
        ("countstart", "up"),
    ]  # fmt: skip
    places = {
        "list": (300, 0),
        "each": (600, 0),
        "end": (1900, 0),
        "eachstart": (24, 68),
        "loud": (120, 60),
        "long": (120, 200),
        "join": (420, 60),
        "count": (720, 60),
        "countstart": (24, 68),
        "up": (120, 60),
    }
    for config in nodes:
        x, y = places.get(config["id"], (0, 0))
        config["position"] = {"x": x, "y": y}
        if config["id"] in ("each", "count"):
            config["width"], config["height"] = (1180, 420) if config["id"] == "each" else (400, 260)
    return made(nodes, edges)


ONE_BAD_TRY = {"join": [{"error": "no luck", "error_type": "Unlucky"}, {"outputs": {"r": "joined"}}]}
"""Mocks for `nested_flow`: the code node fails once, then it answers."""


def long_events(rounds: int, steps: int = 9) -> list[dict[str, Any]]:
    """Events of a finished run whose one container ran `steps` steps in each of its rounds."""
    events: list[dict[str, Any]] = []

    def add(name: str, **fields: Any) -> None:
        number = len(events) + 1
        at = f"2026-01-01T{number // 3_600_000:02d}:{number // 60_000 % 60:02d}:{number // 1000 % 60:02d}"
        events.append({"seq": number, "event": name, "at": f"{at}.{number % 1000:03d}000Z", "run_id": "r", **fields})

    def began(key: str, node_id: str, kind: str, frame: str, **more: Any) -> dict[str, Any]:
        fields = {"id": key, "node_id": node_id, "node_type": kind, "node_title": node_id.title(), "frame_id": frame}
        add("NodeRunStarted", **fields, **more)
        return fields

    result = {"inputs": {"a": 1}, "process_data": {}, "outputs": {"b": "x"}, "metadata": {}, "elapsed_time": 0.001}
    add("GraphRunStarted", reason="initial", inputs={})
    box = began("box", "each", "iteration", "root")
    add("NodeRunIterationStarted", **box, inputs={}, metadata={"iteration_length": rounds})
    for index in range(rounds):
        add("NodeRunIterationNext", **box, index=index, pre_iteration_output=None)
        for step in range(steps):
            place = {"in_iteration_id": "each", "iteration_index": index}
            fields = began(f"{index}-{step}", f"n{step}", "code", f"box:iteration:{index}", **place)
            add("NodeRunSucceeded", **fields, **place, **result)
    add("NodeRunSucceeded", **box, **result)
    add("GraphRunSucceeded", outputs={}, elapsed_time=1.0, total_tokens=0, total_steps=1 + rounds * steps)
    return events
