"""Texts as the format's own web editor puts them on the clipboard: with the marks of a running editor on every node."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

CLOCK = 1740000000000


def web_node(number: int, node_type: str, x: float, y: float, *, parent: str = "", **data: Any) -> dict[str, Any]:
    """A node with the keys of the web editor's canvas; `x` and `y` are relative to the parent."""
    node_id = str(CLOCK + number)
    title = data.pop("title", node_type.title())
    node: dict[str, Any] = {
        "id": node_id,
        "type": "custom",
        "data": {
            "type": node_type,
            "title": title,
            "desc": "",
            "selected": number == 1,
            "_connectedSourceHandleIds": ["source"],
            "_connectedTargetHandleIds": ["target"],
            "_isBundled": True,
            "_dimmed": False,
            **data,
        },
        "position": {"x": x, "y": y},
        "positionAbsolute": {"x": x, "y": y},
        "sourcePosition": "right",
        "targetPosition": "left",
        "selected": number == 1,
        "dragging": False,
        "width": 244,
        "height": 98,
    }
    if parent:
        node |= {"parentId": parent, "extent": "parent", "zIndex": 1002}
    return node


def web_edge(source: str, target: str, handle: str = "source", **data: Any) -> dict[str, Any]:
    """A connection as the web editor holds it."""
    return {
        "id": f"{source}-{handle}-{target}-target",
        "type": "custom",
        "source": source,
        "sourceHandle": handle,
        "target": target,
        "targetHandle": "target",
        "data": {"isInIteration": False, "isInLoop": False, "_connectedNodeIsSelected": True, **data},
        "zIndex": 0,
    }


def clipboard(nodes: Iterable[Any], edges: Iterable[Any] = (), version: Any = 1, **more: Any) -> str:
    """The text of these."""
    return json.dumps(
        {"kind": "dify-workflow-clipboard", "version": version, "nodes": list(nodes), "edges": list(edges), **more}
    )


def iteration(*, start: bool, edges: bool = True) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An iteration of two steps, after a code node that makes its list; with its inner start or, as some builds do it,
    without."""
    room, first, second, code = (str(CLOCK + n) for n in (2, 3, 4, 1))
    begin = f"{room}start"
    inside: Mapping[str, Any] = {"isInIteration": True, "iteration_id": room, "isInLoop": False}
    nodes = [
        web_node(1, "code", 100, 50, title="List", outputs={"items": {"type": "array[string]", "children": None}}),
        web_node(
            2,
            "iteration",
            420,
            50,
            title="Each",
            start_node_id=begin,
            iterator_selector=[code, "items"],
            output_selector=[second, "output"],
            output_type="array[string]",
            is_parallel=False,
            parallel_nums=10,
            error_handle_mode="terminated",
            _children=[{"nodeId": first, "nodeType": "llm"}, {"nodeId": second, "nodeType": "template-transform"}],
            width=808,
            height=204,
        ),
        web_node(
            3,
            "llm",
            128,
            68,
            parent=room,
            title="Ask",
            prompt_template=[{"role": "user", "text": f"{{{{#{room}.item#}}}} of {{{{#{code}.items#}}}}"}],
            **inside,
        ),
        web_node(
            4,
            "template-transform",
            432,
            68,
            parent=room,
            title="Say",
            template="{{ a }}",
            variables=[{"variable": "a", "value_selector": [first, "text"]}],
            **inside,
        ),
    ]
    nodes[1] |= {"width": 808, "height": 204, "zIndex": 1}
    links = [web_edge(code, room)]
    if edges:
        marks = {"isInIteration": True, "iteration_id": room}
        links += [web_edge(begin, first, **marks), web_edge(first, second, **marks)]
    if start:
        nodes.insert(
            2,
            {
                **web_node(9, "iteration-start", 24, 68, parent=room, title="", isInIteration=True),
                "id": begin,
                "type": "custom-iteration-start",
                "draggable": False,
                "selectable": False,
                "width": 44,
                "height": 48,
            },
        )
    return nodes, links
