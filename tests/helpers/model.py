"""Small workflows and DSL files for tests, and strategies that generate workflows and edits.

text = dsl(nodes=[node("1", "start"), node("2", "end")], edges=[("1", "2")])
workflow = made([node("1", "start"), ...], [("1", "2"), ("2", "true", "3")])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.dsl.read import ReadResult, read
from engine.model.workflow import Workflow

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"


def node(
    node_id: str, kind: str, *, x: float = 0, y: float = 0, parent: str | None = None, **data: Any
) -> dict[str, Any]:
    """A node as a file holds it."""
    config: dict[str, Any] = {
        "id": node_id,
        "type": "custom",
        "position": {"x": x, "y": y},
        "data": {"type": kind, "title": data.pop("title", node_id.title()), "desc": "", **data},
    }
    if parent is not None:
        config["parentId"] = parent
    return config


def edge(source: str, *rest: str) -> dict[str, Any]:
    """`edge(source, target)` or `edge(source, handle, target)` as a file holds it."""
    handle, target = rest if len(rest) == 2 else ("source", rest[0])
    return {
        "id": f"{source}-{handle}-{target}-target",
        "source": source,
        "sourceHandle": handle,
        "target": target,
        "targetHandle": "target",
        "type": "custom",
        "data": {},
    }


def tree(
    nodes: Iterable[Mapping[str, Any]] = (),
    edges: Iterable[tuple[str, ...]] = (),
    *,
    mode: str = "workflow",
    version: Any = "0.7.0",
    app: Mapping[str, Any] | None = None,
    top: Mapping[str, Any] | None = None,
    **workflow: Any,
) -> dict[str, Any]:
    """A whole file as plain data; `workflow` sets keys of the workflow block."""
    return {
        "app": {"name": "Sample", "mode": mode, **(app or {})},
        "kind": "app",
        "version": version,
        "workflow": {"graph": {"nodes": list(nodes), "edges": [edge(*e) for e in edges]}, **workflow},
        **(top or {}),
    }


def dsl(*args: Any, **more: Any) -> str:
    """The text of a file; arguments as for `tree`."""
    return yaml.safe_dump(tree(*args, **more), allow_unicode=True)


def opened(text: str | bytes) -> ReadResult:
    """Read a file that must be importable."""
    result = read(text)
    assert result.workflow is not None, [(p.code, p.message) for p in result.problems]
    return result


def made(*args: Any, **more: Any) -> Workflow:
    """A workflow; arguments as for `tree`."""
    workflow = opened(dsl(*args, **more)).workflow
    assert workflow is not None
    return workflow


def codes(result: ReadResult) -> list[str]:
    """The codes of a file's errors."""
    return [problem.code for problem in result.problems if problem.severity == "error"]


def notices(result: ReadResult) -> list[str]:
    """The codes of what an import changed."""
    return [notice.code for notice in result.notices]
