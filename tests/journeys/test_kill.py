"""`kill -9` of the studio while somebody types and while a flow runs; what the next start finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.services.context import Services

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")

TYPING = """
import sys, time
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from editor.screenshot import wait_until
from tests.helpers.studio import opened_studio
with opened_studio(Path(sys.argv[1])) as studio:
    studio.window.new_app("workflow")
    assert wait_until(lambda: studio.window.page is not None, 30)
    page = studio.page
    page.canvas.select([studio.node("Workflow start")])
    studio.settle()
    field = studio.field("Node description", QLineEdit)
    field.setFocus()
    print(page.session.app_id, flush=True)
    for number in range(100000):
        QTest.keyClicks(field, "x")
        print(time.time(), len(field.text()), flush=True)
        wait_until(lambda: False, 0.01)
"""

RUNNING = """
import sys
from pathlib import Path
from editor.screenshot import wait_until
from tests.helpers.studio import opened_studio
from tests.engine.services.test_recovery import slow_flow
folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
with opened_studio(folder) as studio:
    page = studio.open_file(slow_flow(folder))
    live = studio.window.running.start(page, {}, "")
    def slow():
        return any(n.status == "running" and n.node_type == "code" for n in live.state.nodes.values())
    assert wait_until(slow, 60)
    print(studio.window.studio.runs.host.pid, flush=True)
    wait_until(lambda: False, 600)
"""


def started(script: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PENSTOCK_NO_MOTION": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_kill_while_typing_costs_at_most_half_a_second(tmp_path: Path) -> None:
    process = started(TYPING, tmp_path)
    assert process.stdout is not None
    app_id = process.stdout.readline().strip()
    lines = [process.stdout.readline().split() for _ in range(120)]
    os.kill(process.pid, signal.SIGKILL)
    killed = time.time()
    lines += [line.split() for line in process.stdout.read().splitlines()]
    process.wait()
    process.stdout.close()
    safe = max(
        int(count) for moment, count in (line for line in lines if len(line) == 2) if float(moment) < killed - 0.5
    )

    services = Services.open(tmp_path)
    draft = services.workflows.load(app_id).workflow
    services.close()

    typed = len(next(n.data.get("desc", "") for n in draft.graph.nodes.values()))
    assert typed >= safe > 0


def lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_kill_during_a_run_ends_its_engine_and_is_told_in_the_log(tmp_path: Path) -> None:
    process = started(RUNNING, tmp_path)
    assert process.stdout is not None
    host = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 20
    while lives(host) and time.monotonic() < deadline:
        time.sleep(0.05)

    services = Services.open(tmp_path)
    (run,) = services.runs.list().runs
    steps = services.runs.nodes(run.id)
    services.close()

    assert not lives(host)
    assert run.status == "stopped"
    assert run.error
    assert all(step["status"] in ("succeeded", "stopped") for step in steps)
