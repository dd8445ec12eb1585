"""A run whose record cannot be written stops and loses nothing that can still be written later (storage spec, 10.9)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.model.workflow import Workflow
from engine.services.context import Services
from engine.services.runs import StartRun
from engine.store.runs import RunStore
from tests.helpers.disk import Disk
from tests.helpers.model import made, node

ROOT = Path(__file__).resolve().parents[3]
OUTPUTS = {"r": {"type": "number", "children": None}}
SLEEP = "import time\ndef main():\n    time.sleep({seconds})\n    return {{'r': 1}}\n"


def flow(seconds: float, large: int = 1) -> Workflow:
    """Large values, then a step that takes its time."""
    code = {"code": SLEEP.format(seconds=seconds), "code_language": "python3", "variables": [], "outputs": OUTPUTS}
    names = [f"2{i}" for i in range(large)]
    order = ["1", *names, "3", "4"]
    return made(
        [
            node("1", "start", variables=[]),
            *(node(n, "template-transform", title="Large", template="{{ 'x' * 50000 }}", variables=[]) for n in names),
            node("3", "code", title="Slow", **code),
            node("4", "end", outputs=[{"variable": "r", "value_selector": ["3", "r"]}]),
        ],
        list(pairwise(order)),
    )


async def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


def started(services: Services, seconds: float) -> Any:
    asked = flow(seconds)
    app_id = services.workflows.create("workflow", "Slow", workflow=asked)
    return services.runs.start(StartRun(asked, app_id=app_id))


def is_whole(services: Services, run_id: str, events: list[dict[str, Any]]) -> bool:
    """Whether the log has the run as it was."""
    stored = services.runs.events(run_id)
    return bool(stored == json.loads(json.dumps(events)))


@pytest.mark.expects_log
def test_a_run_stops_when_the_disk_is_full_and_is_kept_when_there_is_room(services: Services) -> None:
    disk = Disk(services.database)

    async def main() -> None:
        handle = started(services, 60)
        disk.fill()
        begin = time.monotonic()
        events = [e async for e in handle.events()]
        summary = await handle.result()
        assert time.monotonic() - begin < 30, "it ended by itself"
        assert summary["status"] == "stopped"
        assert "disk is full" in summary["error"]
        assert "Free some space" in summary["error"]
        assert not is_whole(services, handle.run_id, events)
        with services.database.read() as connection:
            assert connection.exec_driver_sql("pragma quick_check").scalar() == "ok"
        disk.free()
        await eventually(lambda: is_whole(services, handle.run_id, events))
        run = services.runs.get(handle.run_id)
        assert (run["status"], run["error"]) == ("stopped", summary["error"])
        assert [r["status"] for r in services.runs.nodes(handle.run_id)] == ["succeeded", "succeeded", "stopped"]
        await services.runs.drain()
        await services.close_ports()

    asyncio.run(main())


@pytest.mark.expects_log
def test_a_run_that_ends_on_a_full_disk_is_written_later(services: Services) -> None:
    disk = Disk(services.database)

    async def main() -> None:
        handle = started(services, 0)
        disk.fill()
        events = [e async for e in handle.events()]
        await handle.result()
        disk.free()
        await eventually(lambda: is_whole(services, handle.run_id, events))
        await services.close_ports()

    asyncio.run(main())


def test_a_run_waits_for_another_program_that_keeps_the_file(services: Services) -> None:
    disk = Disk(services.database)

    async def main() -> None:
        handle = started(services, 0)
        disk.impatient()
        other = sqlite3.connect(services.database.path, isolation_level=None)
        other.execute("begin immediate")
        reading = asyncio.ensure_future(_all(handle))
        await asyncio.sleep(1.0)
        other.execute("rollback")
        other.close()
        events = await reading
        assert (await handle.result())["status"] == "succeeded"
        assert is_whole(services, handle.run_id, events), "the end was told before it was on disk"
        await services.close_ports()

    asyncio.run(main())


async def _all(handle: Any) -> list[dict[str, Any]]:
    return [e async for e in handle.events()]


@pytest.mark.expects_log
def test_a_fault_of_one_batch_leaves_the_rest_of_the_record(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, failed = RunStore.add_events, []

    def faulty(self: RunStore, connection: Any, run_id: str, events: Any) -> int:
        if not failed and events[0]["event"] != "GraphRunStarted":
            failed.append(events[0]["seq"])
            raise ValueError("this one cannot be written")
        return whole(self, connection, run_id, events)

    monkeypatch.setattr(RunStore, "add_events", faulty)

    async def main() -> None:
        handle = started(services, 1)
        events = json.loads(json.dumps(await _all(handle)))
        assert (await handle.result())["status"] == "succeeded"
        stored = services.runs.events(handle.run_id)
        lost = [e["seq"] for e in events if e not in stored]
        assert [e for e in events if e["seq"] not in lost] == stored
        assert lost[0] == failed[0]
        assert len(lost) < len(events) - 2
        assert stored[-1]["event"] == "GraphRunSucceeded"
        assert services.runs.get(handle.run_id)["status"] == "succeeded"
        await services.close_ports()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no file size limits")
def test_the_command_line_says_that_a_run_could_not_be_kept(tmp_path: Path) -> None:
    from engine.dsl.write import write

    file, workspace = tmp_path / "slow.yml", tmp_path / "workspace"
    file.write_text(write(flow(60, large=40)), "utf-8")
    opened = Services.open(workspace)
    opened.open_workspace()
    opened.close()
    size = (workspace / "penstock.db").stat().st_size
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 500_000},) * 2);"
        "sys.argv[0] = 'engine'; runpy.run_module('engine', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "--data", str(workspace), "run", str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2, 130), said
    assert "cannot be written" in said, said
    assert "Traceback" not in said, said
    again = Services.open(workspace)
    with again.database.read() as connection:
        assert connection.exec_driver_sql("pragma quick_check").scalar() == "ok"
    again.runs.recover()
    assert all(r.status in ("stopped", "failed") for r in again.runs.list().runs)
    again.close()
