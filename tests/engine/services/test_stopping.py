"""Stop, while something outside hangs: the run is over within a second, and no process is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.models.setup import ModelSettings
from engine.dsl.write import write
from engine.model.graph import Graph
from engine.model.workflow import AppInfo, Workflow
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.engine.services.test_tools import published, tool
from tests.helpers.run import build, end, iterate, template
from tests.helpers.servers import Seen, serving

ROOT = Path(__file__).parents[3]
SECOND = 1.5
"""A second, and what a busy machine adds."""
PROC = Path("/proc")
MODEL = {"provider": "openai_api_compatible", "name": "toy", "mode": "chat", "completion_params": {}}
pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="looks for processes as Linux shows them")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path / "workspace")
    opened.open_workspace()
    opened.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
    yield opened
    opened.close()


# -- processes ---------------------------------------------------------------------------------------------------------


def children(parent: int) -> set[int]:
    """Living processes below one."""
    parents: dict[int, int] = {}
    for place in PROC.iterdir():
        if place.name.isdigit():
            try:
                state, owner = (place / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(place.name)] = int(owner)
    found: set[int] = set()
    waiting = [parent]
    while waiting:
        owner = waiting.pop()
        below = {pid for pid, above in parents.items() if above == owner} - found
        found |= below
        waiting += below
    return found


def alive(pid: int) -> bool:
    """Whether a process is there, other than as a name that its parent has not taken off the list."""
    try:
        return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def worked(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that other processes and threads do."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came to that"
        await asyncio.sleep(0.02)


# -- what hangs --------------------------------------------------------------------------------------------------------


async def nothing(seen: Seen) -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


async def half(seen: Seen) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nsome"
    await asyncio.sleep(3600)


async def stalled(seen: Seen) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b'data: {"choices": [{"index": 0, "delta": {"content": "said "}}]}\n\n'
    yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    await asyncio.sleep(3600)


def llm() -> dict[str, Any]:
    prompt = [{"role": "user", "text": "Say something."}]
    return {"type": "llm", "model": MODEL, "prompt_template": prompt, "context": {"enabled": False}}


def code(source: str, language: str = "python3") -> dict[str, Any]:
    outputs = {"result": {"type": "string", "children": None}}
    return {"type": "code", "code": source, "code_language": language, "variables": [], "outputs": outputs}


ENDLESS = "def main():\n    while True:\n        pass\n"
ENDLESS_JS = "function main() { while (true) {} }"
ASLEEP = "import time\ndef main():\n    time.sleep(60)\n    return {'result': ''}\n"
LOOPS = (
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}"
)


def flow(node: dict[str, Any], text: str = "start -> a -> end", **nodes: Any) -> Workflow:
    graph = build(text, **{"a": node, "end": end(o="a.text"), **nodes})
    for made in graph["nodes"]:
        made.setdefault("position", {"x": 0, "y": 0})
    return Workflow(app=AppInfo(name="Hangs", mode="workflow"), graph=Graph.from_config(graph))


class Hanging:
    """One kind of thing that hangs: the workflow, and how to see that it does."""

    def __init__(self, services: Services, kind: str, folder: Path, stack: ExitStack) -> None:
        self.pid_file = folder / "pid"
        self.server: Any = None
        handler = {"http": nothing, "http body": half, "model": nothing, "model stream": stalled}.get(kind)
        if handler is not None:
            self.server = stack.enter_context(serving(handler))
        self.services = services
        self.kind = kind
        self.workflow = self._workflow()

    def _workflow(self) -> Workflow:
        kind = self.kind
        if kind.startswith("http"):
            url = self.server.url
            return flow({"type": "http-request", "method": "get", "url": url, "authorization": {"type": "no-auth"}})
        if kind.startswith("model"):
            model = ModelSettings("toy")
            self.services.models.save_provider(
                "openai-compatible", base_url=self.server.url, api_key="k", models=[model]
            )
            return flow(llm())
        if kind == "mcp":
            arguments = ("-m", "tests.helpers.mcp_server", "stdio")
            self.services.tools.save_mcp(
                name="Mine", transport="stdio", command=sys.executable, arguments=arguments, folder=str(ROOT),
                environment={"MCP_TEST_PID": str(self.pid_file)},
            )  # fmt: skip
            return flow(tool("mcp", "Mine", "slow", seconds="60"))
        if kind == "workflow tool":
            published(self.services, flow(code(ENDLESS)), name="hangs")
            return flow(tool("workflow", "elsewhere", "hangs"))
        if kind == "rounds":
            body = iterate("c", "list.v", "c.result", is_parallel=True, parallel_nums=3)
            return flow(
                {"type": "template-transform", "template": "x", "variables": []},
                "start -> a -> list -> it -> end",
                list=code("def main():\n    return {'v': ['1', '2', '3']}\n")
                | {"outputs": {"v": {"type": "array[string]", "children": None}}},
                it=body,
                c=code(ENDLESS),
            )
        return flow(
            {
                "code": lambda: code(ENDLESS),
                "code asleep": lambda: code(ASLEEP),
                "javascript": lambda: code(ENDLESS_JS, "javascript"),
                "template": lambda: template(LOOPS),
            }[kind]()
        )

    def hangs(self, before: set[int]) -> bool:
        """Whether it has come to the point where it hangs."""
        if self.server is not None:
            return bool(self.server.requests)
        if self.kind == "mcp":
            return self.pid_file.exists() and bool(self.pid_file.read_text())
        below = children(os.getpid()) - before
        if self.kind == "code asleep":
            return bool(below)
        if self.kind == "template":
            return any(thread.name.startswith("asyncio") for thread in threading.enumerate())
        return sum(worked(pid) > 0.5 for pid in below) >= (2 if self.kind == "rounds" else 1)


KINDS = (
    "http",
    "http body",
    "code",
    "code asleep",
    "javascript",
    "template",
    "model",
    "model stream",
    "mcp",
    "rounds",
    "workflow tool",
)


@pytest.mark.spec("engine.100")
@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_ends_what_hangs_within_a_second(services: Services, tmp_path: Path, kind: str) -> None:
    with ExitStack() as stack:
        hanging = Hanging(services, kind, tmp_path, stack)
        before = children(os.getpid())

        async def main() -> tuple[dict[str, Any], float, set[int], set[int]]:
            handle = services.runs.start(StartRun(hanging.workflow))
            await until(lambda: hanging.hangs(before))
            if kind in ("mcp", "code asleep", "model stream"):
                await asyncio.sleep(0.7)  # the call itself comes a moment after what can be seen
            busy = children(os.getpid()) - before
            began = time.monotonic()
            handle.send({"command": "abort", "reason": "enough"})
            summary = await asyncio.wait_for(handle.result(), 10)
            took = time.monotonic() - began
            await until(lambda: not (busy & children(os.getpid())), 1.0)
            await services.runs.drain()
            await services.close_ports()
            return summary, took, busy, children(os.getpid()) - before

        began = time.monotonic()
        summary, took, busy, left = asyncio.run(main())
        # A template works in a thread, which the end of the loop waits for: its own limit would be 15 seconds.
        assert kind != "template" or time.monotonic() - began < 10
        assert (summary["status"], summary["error"]) == ("stopped", "Aborted: enough")
        assert took < SECOND
        assert left == set()
        assert bool(busy) == (kind not in ("http", "http body", "model", "model stream", "template"))
        run = services.runs.get(summary["run_id"])
        assert (run["status"], run["finished_at"] is not None) == ("stopped", True)
        steps = services.runs.nodes(summary["run_id"])
        assert {s["status"] for s in steps} <= {"succeeded", "stopped"}
        assert next(s["error"] for s in steps if s["status"] == "stopped") == "Aborted: enough"
        if kind == "workflow tool":
            inner = [r for r in services.runs.list().runs if r.id != summary["run_id"]]
            assert [r.status for r in inner] == ["stopped"]


@pytest.mark.parametrize("kind", ["http", "code", "mcp"])
def test_ctrl_c_on_the_command_line_ends_what_hangs(services: Services, tmp_path: Path, kind: str) -> None:
    with ExitStack() as stack:
        hanging = Hanging(services, kind, tmp_path, stack)
        file = tmp_path / "hangs.yml"
        file.write_text(write(hanging.workflow), "utf-8")
        workspace = services.data_dir
        services.close()
        command = [sys.executable, "-m", "engine", "--data", str(workspace), "run", str(file)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def hangs() -> bool:
            assert process.poll() is None, process.communicate()
            if kind == "code":
                return any(worked(pid) > 0.5 for pid in children(process.pid))
            return hanging.hangs(set())

        asyncio.run(until(hangs))
        below = children(process.pid)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
        assert process.returncode == 130
        assert b'"status": "stopped"' in out
        asyncio.run(until(lambda: not any(map(alive, below)), 1.0))
        assert bool(below) == (kind != "http")
