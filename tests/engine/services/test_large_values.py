"""Values too large for a row: kept whole as blobs, shown as previews, read back byte for byte."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.services.context import Services
from engine.services.runs import StartRun
from tests.helpers.model import made, node


def flow(size: int) -> Any:
    template = "{{ 'x' * " + str(size) + " }}"
    return made(
        [
            node("1", "start", variables=[]),
            node("2", "template-transform", title="Long", template=template, variables=[]),
            node("3", "end", outputs=[{"variable": "o", "value_selector": ["2", "output"]}]),
        ],
        [("1", "2"), ("2", "3")],
    )


def recorded(folder: Path, size: int) -> dict[str, Any]:
    """The stored row of the long step, with its preview and its whole value."""

    async def work() -> dict[str, Any]:
        services = Services.open(folder)
        app_id = services.workflows.create("workflow", "Long", workflow=flow(size))
        workflow = services.workflows.load(app_id).workflow
        handle = services.runs.start(StartRun(workflow, app_id=app_id))
        async for _ in handle.events():
            pass
        summary = await handle.result()
        await services.runs.drain()
        await services.close_ports()
        step = next(n for n in services.runs.nodes(summary["run_id"]) if n["title"] == "Long")
        found = {
            "summary": summary,
            "shown": services.runs.node(step["id"]),
            "whole": services.runs.node(step["id"], whole=True),
            "steps": len(services.runs.nodes(summary["run_id"])),
        }
        services.close()
        return found

    return asyncio.run(work())


@pytest.mark.spec("store.36")
@pytest.mark.parametrize("size", [1_000, 60_000, 70_000, 390_000])
def test_every_size_is_recorded_and_read_back_whole(tmp_path: Path, size: int) -> None:
    found = recorded(tmp_path, size)

    assert found["summary"]["status"] == "succeeded", found["summary"]["error"]
    assert found["steps"] == 3
    assert found["whole"]["outputs"]["output"] == "x" * size
    assert json.dumps(found["shown"]["outputs"])
    blobs = [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()]
    assert bool(blobs) == (size > 64 * 1024)
