"""Runs user code in warm worker processes: one job at a time each, killed at the time limit and replaced."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import struct
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.adapters.packages import importable
from engine.logs import get_logger
from engine.ports.outside import CodeRequest, CodeResult, PortError
from engine.run.limits import Limits

log = get_logger(__name__)
WORKER = Path(__file__).with_name("sandbox") / "worker.py"
PRELOADED = (
    "json",
    "re",
    "math",
    "datetime",
    "random",
    "string",
    "collections",
    "itertools",
    "functools",
    "time",
    "quickjs",
)
START_SECONDS = 20.0
SHIPPED = ("jinja2",)
"""What Dify's sandbox brings besides the standard library and makes sense without network (nodes-logic spec 3.7)."""
KERNEL_PARTS = ("Landlock file rules", "seccomp filter")
"""What stands behind the checks inside of Python; the filter also refuses sockets, with or without an own network."""


class CodeFailure(PortError):
    """User code that failed; `stdout` is what it had printed."""

    def __init__(self, message: str, stdout: str = "") -> None:
        super().__init__("CodeExecutionError", message)
        self.stdout = stdout


class _OutOfTurn(Exception):
    """A worker said something that is no answer to its job: code wrote into the pipe itself."""


class _Worker:
    """One process with its pipes and its folder."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str, held: Sequence[str]) -> None:
        self.process, self.folder, self.held = process, folder, list(held)
        self.jobs = 0

    async def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send a job and wait for its answer. Raises EOFError when the process ended, _OutOfTurn when what came is no
        answer to this job (each has a number that nobody can know before)."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        number = secrets.token_hex(8)
        data = json.dumps({**job, "id": number}, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
        try:
            stdin.write(struct.pack(">I", len(data)) + data)
            await stdin.drain()
            (size,) = struct.unpack(">I", await stdout.readexactly(4))
            if size > 8 * (job["result_limit"] + job["output_limit"]) + 65_536:
                raise _OutOfTurn
            answer = json.loads(await stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError) as error:
            raise EOFError from error
        except ValueError as error:
            raise _OutOfTurn from error
        if not isinstance(answer, dict) or answer.get("id") != number:
            raise _OutOfTurn
        self.jobs += 1
        return answer

    async def kill(self) -> None:
        """End the process for certain and remove its folder."""
        if self.process.returncode is None:
            try:
                if sys.platform == "win32":
                    self.process.kill()
                else:
                    # Not `process.kill()`: that looks for the exit code itself, and takes it away from the loop when
                    # the process has just ended on its own.
                    os.kill(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()
        transport = getattr(self.process, "_transport", None)
        if transport is not None:
            transport.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class CodePool:
    """The `CodeRunner` of a workspace. Belongs to one asyncio loop; `close` ends its workers.

    `packages` are what code may import besides the standard library: names of installed packages, or folders.
    """

    def __init__(self, limits: Limits | None = None, packages: Sequence[str] = ()) -> None:
        self._limits = limits or Limits()
        self._importable = importable((*SHIPPED, *packages))
        self._idle: list[_Worker] = []
        self._count = 0
        self._free = asyncio.Semaphore(self._limits.code_workers)
        self._held: list[str] = []
        self._warming: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- the port ----------------------------------------------------------------------------------------------------

    async def run(self, request: CodeRequest) -> CodeResult:
        """Run `main`. Raises CodeFailure (a PortError) with the user's line in the message."""
        seconds = request.timeout or self._limits.code_seconds
        started = time.perf_counter()
        async with self._free:
            answer = await self._ask(request, seconds)
        return self._result(answer, time.perf_counter() - started)

    async def _ask(self, request: CodeRequest, seconds: float) -> dict[str, Any]:
        while True:
            worker = await self._take()
            used = worker.jobs > 0
            try:
                answer = await asyncio.wait_for(worker.ask(self._job(request, seconds)), seconds)
            except _OutOfTurn:
                await self._lose(worker)
                if used:
                    continue  # an earlier job left it in the pipe; this one is asked again of another worker
                raise CodeFailure("The code disturbed the process it ran in, which was ended.") from None
            except TimeoutError:
                await self._lose(worker)
                raise CodeFailure(f"The code ran longer than {seconds:g} seconds and was stopped.") from None
            except EOFError:
                code = await self._lose(worker)
                raise CodeFailure(_death(code)) from None
            except BaseException:
                # Cancelled in the middle of a job: the worker may still be at it.
                await self._lose(worker)
                raise
            if answer.get("worn"):
                await self._lose(worker)  # the code changed what later jobs would work with
            else:
                self._idle.append(worker)
            return answer

    def level(self) -> str:
        """What keeps user code in on this machine, in words."""
        held = ", ".join(self._held) if self._held else "known after the first run"
        return f"Runs in a process of its own: {held}."

    async def isolation(self) -> dict[str, Any]:
        """What is in force here: `level` is `kernel` (the system itself keeps code from files, network and programs),
        `partial` (only from some of it) or `process` (an own process with limits and checks inside of Python); `held`
        and `missing` name the parts; `packages` may be imported, `not_installed` are listed but not here."""
        if not self._held:
            await self.warm_up(1)
        missing = [part for part in KERNEL_PARTS if part not in self._held]
        level = "kernel" if not missing else "partial" if len(missing) < len(KERNEL_PARTS) else "process"
        return {
            "level": level,
            "held": list(self._held),
            "missing": missing,
            "packages": list(self._importable.modules),
            "not_installed": list(self._importable.missing),
        }

    async def warm_up(self, count: int = 1) -> None:
        """Start workers ahead of the first job."""
        for _ in range(count - len(self._idle)):
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        for task in list(self._warming):
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        workers, self._idle = self._idle, []
        for worker in workers:
            await worker.kill()

    # -- workers -----------------------------------------------------------------------------------------------------

    def _job(self, request: CodeRequest, seconds: float) -> dict[str, Any]:
        return {
            "language": request.language,
            "source": request.source,
            "inputs": dict(request.inputs),
            "seconds": seconds,
            "memory": self._limits.code_memory_bytes,
            "output_limit": 100_000,
            "result_limit": self._limits.code_output_bytes,
        }

    @staticmethod
    def _result(answer: dict[str, Any], elapsed: float) -> CodeResult:
        stdout = str(answer.get("stdout", ""))
        if "error" in answer:
            raise CodeFailure(str(answer["error"]), stdout)
        try:
            value = json.loads(answer["text"])
        except (ValueError, KeyError) as error:
            raise CodeFailure("main must return an object; what it returned is not JSON.", stdout) from error
        return CodeResult(value, stdout, elapsed)

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
            await worker.kill()
        return await self._start()

    async def _lose(self, worker: _Worker) -> int | None:
        """End a worker and start another one in its place, in the background."""
        await worker.kill()
        if not self._closed:
            task = asyncio.get_running_loop().create_task(self._replace())
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)
        return worker.process.returncode

    async def _replace(self) -> None:
        try:
            self._idle.append(await self._start())
        except PortError as error:
            log.warning("a code worker could not be started: %s", error)

    async def _start(self) -> _Worker:
        folder = tempfile.mkdtemp(prefix="penstock-code-")
        settings = {
            "memory": self._limits.code_memory_bytes,
            "seconds": self._limits.code_seconds,
            "preload": PRELOADED,
            "packages": self._importable.folders,
            "modules": self._importable.modules,
            "readable": [*_library_folders(), *self._importable.folders],
        }
        environment = {k: os.environ[k] for k in ("SYSTEMROOT", "WINDIR", "TEMP", "TMP") if k in os.environ}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-B",
                str(WORKER),
                json.dumps(settings),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                limit=64 * 1024 * 1024,
            )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise PortError("CodeExecutionError", f"A process for the code could not be started: {error}") from error
        worker = _Worker(process, folder, ())
        stdout = process.stdout
        assert stdout is not None
        try:
            (size,) = struct.unpack(">I", await asyncio.wait_for(stdout.readexactly(4), START_SECONDS))
            hello = json.loads(await stdout.readexactly(size))
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            await worker.kill()
            raise PortError("CodeExecutionError", "The process for the code did not start.") from error
        except BaseException:
            await worker.kill()
            raise
        worker.held = self._held = list(hello.get("ready", ()))
        return worker


def _library_folders() -> list[str]:
    """Where Python itself and its packages are."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {sysconfig.get_path(name) for name in names} | {sys.prefix, sys.base_prefix}
    found |= {path for path in sys.path if path.endswith((".zip", "lib-dynload"))}
    return sorted(path for path in found if path)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return f"The process of the code was ended by signal {-code}; it used a forbidden call or too much memory."
    return f"The process of the code ended by itself (exit code {code})."
