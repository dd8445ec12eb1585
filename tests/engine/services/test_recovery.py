"""What an unclean end leaves behind, and what the next start makes of it; with real processes and real kills."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.clock import iso
from engine.model.edits import SetField
from engine.services.context import Services
from engine.services.runs import StartRun
from engine.store.owners import is_alive, new_owner
from tests.helpers.model import made, node

ROOT = Path(__file__).resolve().parents[3]
ANSWER_LATE = "import time\ndef main():\n    time.sleep(60)\n    return {'r': 1}\n"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path)
    yield opened
    opened.close()


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def slow_flow(tmp_path: Path) -> Path:
    from engine.dsl.write import write

    outputs = {"r": {"type": "number", "children": None}}
    flow = made(
        [
            node("1", "start", variables=[]),
            node("2", "code", title="Slow", code=ANSWER_LATE, code_language="python3", variables=[], outputs=outputs),
            node("3", "end", outputs=[{"variable": "r", "value_selector": ["2", "r"]}]),
        ],
        [("1", "2"), ("2", "3")],
    )
    file = tmp_path / "slow.yml"
    file.write_text(write(flow), "utf-8")
    return file


def rows(folder: Path, query: str) -> list[Any]:
    file = folder / "penstock.db"
    if not file.exists():
        return []
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


@pytest.mark.spec("store.21")
def test_a_run_whose_process_was_killed_is_shown_as_interrupted(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    command = [sys.executable, "-m", "engine", "--data", str(workspace), "run", str(slow_flow(tmp_path))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: rows(workspace, "select 1 from workflow_node_executions where status = 'running'"))
        alive = Services.open(workspace)
        assert [r.status for r in alive.runs.list().runs] == ["running"], "a living process keeps its run"
        alive.close()
    finally:
        process.kill()
        process.wait()

    again = Services.open(workspace)
    (run,) = again.runs.list().runs
    nodes = again.runs.nodes(run.id)
    again.close()

    assert run.status == "stopped"
    assert run.error == "Interrupted: the application closed while this run was active"
    assert run.finished_at is not None
    assert {n["status"] for n in nodes} == {"succeeded", "stopped"}
    assert rows(workspace, "pragma quick_check") == [("ok",)]


def test_a_process_is_known_by_machine_number_and_heartbeat() -> None:
    now = datetime.now(UTC)
    fresh, old = iso(now), iso(now - timedelta(seconds=11))
    machine = new_owner().split(":")[0]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert is_alive(new_owner(), fresh, now)
    assert not is_alive(new_owner(), old, now)
    assert not is_alive(f"{machine}:{gone.pid}:x", fresh, now)
    assert is_alive(f"00000000:{gone.pid}:x", fresh, now), "another machine is judged by its heartbeat alone"
    assert not is_alive(None, fresh, now)


TYPIST = """
import sys
from pathlib import Path
from engine.model.edits import SetField
from engine.services.context import Services
services = Services.open(Path(sys.argv[1]))
app_id = services.workflows.create("workflow", "Typed")
loaded = services.workflows.load(app_id)
workflow, start = loaded.workflow, next(iter(loaded.workflow.graph.nodes))
print(app_id, flush=True)
for number in range(1, 100000):
    edit = SetField(start, ("desc",), f"word {number}")
    workflow, _ = edit.apply(workflow)
    future = services.workflows.journal(app_id, edit.to_json(), mark=number)
    if number % 20 == 0:
        future.result()
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.spec("store.19", "store.20")
@pytest.mark.parametrize("seen", [1, 4, 9])
def test_a_killed_process_loses_nothing_that_was_noted(tmp_path: Path, seen: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", TYPIST, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    app_id = process.stdout.readline().decode().strip()
    noted = 0
    for _ in range(seen):
        noted = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    services = Services.open(tmp_path)
    loaded = services.workflows.load(app_id)
    services.close()

    start = next(iter(loaded.workflow.graph.nodes.values()))
    assert loaded.recovered
    assert int(str(start.data["desc"]).split()[1]) >= noted
    assert rows(tmp_path, "pragma quick_check") == [("ok",)]


async def ended(handle: Any) -> dict[str, Any]:
    async for _ in handle.events():
        pass
    return dict(await handle.result())


def asking_flow() -> Any:
    actions = [{"id": "yes", "title": "Yes", "button_style": "primary"}]
    texts = [("y", "agreed"), ("t", "too late")]
    return made(
        [
            node("1", "start", variables=[]),
            node(
                "2", "human-input", title="Ask", form_content="Go on?", inputs=[], user_actions=actions,
                timeout=1, timeout_unit="hour", delivery_methods=[],
            ),
            *[node(i, "template-transform", template=text, variables=[]) for i, text in texts],
            *[node(f"e{i}", "end", outputs=[{"variable": "o", "value_selector": [i, "output"]}]) for i, _ in texts],
        ],
        [("1", "2"), ("2", "yes", "y"), ("2", "__timeout", "t"), ("y", "ey"), ("t", "et")],
    )  # fmt: skip


def paused_run(folder: Path) -> str:
    async def work() -> str:
        services = Services.open(folder)
        app_id = services.workflows.create("workflow", "Asks", workflow=asking_flow())
        workflow = services.workflows.load(app_id).workflow
        summary = await ended(services.runs.start(StartRun(workflow, app_id=app_id)))
        assert summary["status"] == "paused"
        await services.runs.drain()
        await services.close_ports()
        services.close()
        return str(summary["run_id"])

    return asyncio.run(work())


@pytest.mark.spec("store.22", "editor.70")
def test_a_paused_run_goes_on_in_another_process_after_its_answer(tmp_path: Path) -> None:
    run_id = paused_run(tmp_path)

    async def work() -> dict[str, Any]:
        services = Services.open(tmp_path)
        (form,) = services.forms.waiting(run_id)
        services.forms.submit(form["session_id"], "yes", {})
        (handle,) = services.go_on_with_answered()
        summary = await ended(handle)
        assert services.go_on_with_answered() == []
        await services.runs.drain()
        await services.close_ports()
        services.close()
        return summary

    summary = asyncio.run(work())

    assert (summary["status"], summary["outputs"]) == ("succeeded", {"o": "agreed"})


@pytest.mark.spec("store.25")
def test_a_form_that_expired_meanwhile_takes_its_time_out_branch(tmp_path: Path) -> None:
    run_id = paused_run(tmp_path)
    with sqlite3.connect(tmp_path / "penstock.db") as connection:
        connection.execute("update human_input_forms set expiration_time = '2020-01-01T00:00:00.000000Z'")
    connection.close()

    async def work() -> dict[str, Any]:
        services = Services.open(tmp_path)
        (handle,) = services.go_on_with_answered()
        assert handle.run_id == run_id
        summary = await ended(handle)
        await services.runs.drain()
        await services.close_ports()
        services.close()
        return summary

    summary = asyncio.run(work())

    assert (summary["status"], summary["outputs"]) == ("succeeded", {"o": "too late"})


@pytest.mark.spec("store.27")
def test_a_pause_is_taken_once(services: Services, tmp_path: Path) -> None:
    from engine.errors import UserError

    run_id = paused_run(tmp_path)
    services.run_store.take_pause(run_id)

    with pytest.raises(UserError, match="resumed already"):
        services.run_store.take_pause(run_id)


@pytest.mark.spec("engine.111", "engine.105")
def test_a_paused_run_that_is_stopped_is_over(services: Services, tmp_path: Path) -> None:
    """Its status, its record of the pause and its open step say so, and nobody can resume it."""
    from engine.errors import UserError

    run_id = paused_run(tmp_path)
    assert rows(tmp_path, "select status from workflow_node_executions where node_id = '2'") == [("paused",)]
    assert rows(tmp_path, "select resumed_at from workflow_pauses") == [(None,)]

    services.runs.stop(run_id, "enough")

    assert rows(tmp_path, "select status, error from workflow_runs") == [("stopped", "Aborted: enough")]
    ((resumed_at,),) = rows(tmp_path, "select resumed_at from workflow_pauses")
    assert resumed_at is not None
    assert rows(tmp_path, "select status from workflow_node_executions where node_id = '2'") == [("stopped",)]

    async def resume() -> None:
        services.runs.resume(run_id)

    with pytest.raises(UserError):
        asyncio.run(resume())
    assert services.go_on_with_answered() == []
    assert services.forms.waiting(run_id) == []
    assert rows(tmp_path, "select status from workflow_runs") == [("stopped",)]


@pytest.mark.spec("engine.124")
def test_a_conversation_goes_on_with_what_a_failed_run_left(services: Services) -> None:
    count = {"variable_selector": ["conversation", "n"], "input_type": "constant", "operation": "+=", "value": 1}
    flow = made(
        [
            node("1", "start", variables=[]),
            node("2", "assigner", version="2", items=[count]),
            node("3", "code", code="def main(n):\n    return {'r': 1 / (n - 5)}", code_language="python3",
                 variables=[{"variable": "n", "value_selector": ["conversation", "n"]}],
                 outputs={"r": {"type": "number", "children": None}}),
            node("4", "answer", answer="n is {{#conversation.n#}}"),
        ],
        [("1", "2"), ("2", "3"), ("3", "4")],
        mode="advanced-chat",
        conversation_variables=[{"id": "v", "name": "n", "value_type": "number", "value": 4}],
    )  # fmt: skip
    app_id = services.workflows.create("advanced-chat", "Counts", workflow=flow)

    async def talk() -> list[dict[str, Any]]:
        said = []
        for _ in range(2):
            start = StartRun(flow, app_id=app_id, query="go", conversation_id="11111111-2222-4333-8444-555555555555")
            said.append(await ended(services.runs.start(start)))
            await services.runs.drain()
        await services.close_ports()
        return said

    first, second = asyncio.run(talk())
    assert (first["status"], first["error_node_id"]) == ("failed", "3")
    assert second["status"] == "succeeded", second
    assert second["outputs"]["answer"] == "n is 6"


@pytest.mark.spec("engine.114")
def test_what_ran_stays_as_it_ran_when_the_draft_is_edited(services: Services) -> None:
    flow = made([node("1", "start", variables=[]), node("2", "end", outputs=[])], [("1", "2")])
    app_id = services.workflows.create("workflow", "Edited", workflow=flow)
    loaded = services.workflows.load(app_id)

    async def work() -> str:
        summary = await ended(services.runs.start(StartRun(loaded.workflow, app_id=app_id)))
        await services.runs.drain()
        await services.close_ports()
        return str(summary["run_id"])

    run_id = asyncio.run(work())
    before = services.runs.get(run_id)
    changed, _ = SetField("2", ("title",), "Another name").apply(loaded.workflow)
    services.workflows.save_draft(app_id, changed, loaded.revision)
    assert services.workflows.load(app_id).workflow.graph.node("2").title == "Another name"

    after = services.runs.get(run_id)
    assert after["graph"] == before["graph"] == loaded.workflow.graph.to_config()
    assert (after["version"], after["graph_sha256"]) == ("draft", before["graph_sha256"])


@pytest.mark.spec("store.24")
def test_a_paused_run_keeps_no_secret_in_clear(tmp_path: Path) -> None:
    flow = asking_flow()
    secret = "s3cr3t-of-a-paused-run"
    config = {"id": "k", "name": "KEY", "value_type": "secret", "value": secret}
    from dataclasses import replace

    from engine.model.workflow import Variable

    flow = replace(flow, environment_variables=(Variable.from_config(config),))

    async def work() -> None:
        services = Services.open(tmp_path)
        app_id = services.workflows.create("workflow", "Asks", workflow=flow)
        workflow = services.workflows.load(app_id).workflow
        await ended(services.runs.start(StartRun(workflow, app_id=app_id)))
        await services.runs.drain()
        await services.close_ports()
        services.close()

    asyncio.run(work())

    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


def test_edits_after_the_last_save_are_replayed_and_told(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Mine")
    loaded = services.workflows.load(app_id)
    start = next(iter(loaded.workflow.graph.nodes))
    services.workflows.journal(app_id, SetField(start, ("title",), "Begin").to_json(), mark=1).result()

    again = services.workflows.load(app_id)

    assert not loaded.recovered
    assert again.recovered
    assert again.workflow.graph.node(start).title == "Begin"
    assert json.dumps(again.workflow.to_json())


OPENER = """
import sys
from pathlib import Path
from engine.services.context import Services
sys.stdin.readline()
services = Services.open(Path(sys.argv[1]))
print(len(services.workflows.list()), flush=True)
services.close()
"""


def test_many_processes_may_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(5)]  # type: ignore[call-overload]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]

    assert [out.strip() for out, _ in said] == ["0"] * 5, said
