"""The command that runs real files: it keeps its rows, goes on after them, and says whose matter a failure is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.corpus_runs import FILE, earlier, matter_of, run_all
from tests.helpers.model import dsl, node


@pytest.mark.parametrize(
    ("error", "reads_inputs", "matter"),
    [
        ("ToolRuntimeResolutionError: Failed to get tool runtime: there is no tool x", False, "tool is not installed"),
        ("HttpRequestNodeError: https://x could not be reached: x: Name or service not known", False, "no network"),
        ("CodeExecutionError: line 1: import pandas ModuleNotFoundError: No module named 'pandas'", False, "package"),
        (
            "CodeExecutionError: JSONDecodeError: The text of “Ask” is not JSON. A larger model may do better.",
            True,
            "small model: value",
        ),
        ("CodeExecutionError: line 4: json.loads(a) JSONDecodeError: Expecting value", True, "input: not what"),
        ("CodeExecutionError: line 4: json.loads(a) JSONDecodeError: Expecting value", False, FILE),
        ("CodeExecutionError: line 2: NameError: name 'json' is not defined", True, FILE),
        ("ValueError: Internal error: list index out of range", True, "OURS"),
        (
            "WorkflowNodeError: The settings of the node cannot be read: body: must be a list",
            False,
            "settings of a node",
        ),
    ],
)
def test_whose_matter_a_failure_is(error: str, reads_inputs: bool, matter: str) -> None:
    assert matter in matter_of(error, [], reads_inputs=reads_inputs)
    if matter == FILE:
        assert matter_of(error, ["a fault"], reads_inputs=reads_inputs) == "file: on its checklist"


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    out = [{"variable": "o", "value_selector": ["s", "q"]}]
    start = node("s", "start", variables=[{"variable": "q", "label": "Q", "type": "text-input", "required": True}])
    good = dsl([start, node("e", "end", outputs=out)], [("s", "e")]).encode()
    files = [(tmp_path / f"{name}.yml", good) for name in ("a", "b", "c")]
    kept = tmp_path / "rows.jsonl"

    rows = asyncio.run(run_all(files, 30, 2, tmp_path / "one", kept))
    assert [r.file for r in rows] == ["a.yml", "b.yml"]
    assert [json.loads(line)["status"] for line in kept.read_text("utf-8").splitlines()] == ["succeeded"] * 2

    rows = asyncio.run(run_all(files, 30, 10, tmp_path / "two", kept))
    assert [r.file for r in rows] == ["a.yml", "b.yml", "c.yml"]
    assert [r.file for r in earlier(kept)] == ["a.yml", "b.yml", "c.yml"]
