"""A run that waits for a form, in a workspace of its own: paused, kept on disk, answered, resumed elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.clock import FixedClock, SeededIds
from engine.nodes.human_input.desk import FormDesk
from engine.nodes.human_input.form import FormRefused
from engine.ports.bundle import Ports
from engine.run.engine import start_run
from engine.run.request import RunRequest
from engine.store.db import Database
from engine.store.forms import StoredForms
from tests.helpers.run import Memory

GRAPH: dict[str, Any] = {
    "nodes": [
        {"id": "s", "data": {"type": "start", "title": "Start", "variables": []}},
        {
            "id": "h",
            "data": {
                "type": "human-input",
                "title": "Approval",
                "form_content": "Say {{#$output.comment#}}",
                "inputs": [{"type": "paragraph", "output_variable_name": "comment"}],
                "user_actions": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}],
                "timeout": 1,
                "timeout_unit": "hour",
            },
        },
        {
            "id": "e",
            "data": {
                "type": "end",
                "title": "End",
                "outputs": [{"variable": "said", "value_selector": ["h", "comment"]}],
            },
        },
    ],
    "edges": [
        {"id": "1", "source": "s", "target": "h"},
        {"id": "2", "source": "h", "target": "e", "sourceHandle": "yes"},
    ],
}


class Program:
    """One start of the program over a workspace folder."""

    def __init__(self, folder: Path, clock: FixedClock, seed: int) -> None:
        self.database = Database(folder / "penstock.db")
        self.clock = clock
        self.desk = FormDesk(StoredForms(self.database), clock, SeededIds(seed))

    async def run(self, snapshot: Any = None) -> tuple[dict[str, Any], Memory]:
        ports = Ports(ids=SeededIds(9), extras={"human_input": self.desk})
        memory = Memory()
        handle = start_run(RunRequest(graph=GRAPH, run_id="run-1", snapshot=snapshot), ports, memory)
        async for _ in handle.events():
            pass
        return await handle.result(), memory


@pytest.mark.spec("logic.178", "logic.179", "logic.188")
def test_a_form_survives_the_program(tmp_path: Path) -> None:
    clock = FixedClock()
    first = Program(tmp_path, clock, 1)
    summary, memory = asyncio.run(first.run())
    assert summary["status"] == "paused"
    first.database.close()

    second = Program(tmp_path, clock, 2)
    (form,) = second.desk.waiting("run-1")
    assert form["definition"]["form_content"] == "Say {{#$output.comment#}}"
    second.desk.submit(form["session_id"], "yes", {"comment": "fine"})
    with pytest.raises(FormRefused, match="already"):
        second.desk.submit(form["session_id"], "no", {"comment": "late"})
    summary, _ = asyncio.run(second.run(memory.snapshot))
    assert summary["status"] == "succeeded"
    assert summary["outputs"] == {"said": "fine"}
    second.database.close()


@pytest.mark.spec("logic.182")
def test_time_that_passes_while_nobody_looks(tmp_path: Path) -> None:
    clock = FixedClock()
    program = Program(tmp_path, clock, 1)
    _, memory = asyncio.run(program.run())
    clock.advance(2 * 3600)
    assert [record["status"] for record in program.desk.sweep()] == ["timeout"]
    # No edge leaves by the time-out, so the path ends there and the run with it.
    summary, _ = asyncio.run(program.run(memory.snapshot))
    assert summary["status"] == "succeeded"
    program.database.close()
