"""`python -m engine.host DATA_DIR`: serves runs to the process that started it, and ends with it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

from engine import collector, logs
from engine.errors import PenstockError, UserError
from engine.host import frames
from engine.services.context import Services
from engine.services.runs import StartRun

log = logs.get_logger(__name__)
SWEEP_SECONDS = 60.0
LOCKED_SECONDS, LOCKED_PAUSE = 60.0, 0.2
"""How long a run that is to start waits for a workspace file that the other process is writing, and between two
tries; a slow disk keeps the file for longer than SQLite itself waits."""


class Host:
    """Runs on one asyncio loop; a thread reads commands, events are written as they come, many in one write."""

    def __init__(self, services: Services, source: BinaryIO, target: BinaryIO) -> None:
        self._services, self._source, self._target = services, source, target
        self._handles: dict[str, Any] = {}
        self._pumps: set[asyncio.Task[None]] = set()
        self._out: list[bytes] = []
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        """Until the parent closes the pipe or says so."""
        loop = asyncio.get_running_loop()
        reader = threading.Thread(target=self._read, args=(loop,), name="penstock-host-reader", daemon=True)
        reader.start()
        self._say({"op": "ready", "pid": os.getpid()})
        await self._warm()
        sweeper = asyncio.create_task(self._sweep())
        await self._ended.wait()
        sweeper.cancel()
        for handle in self._handles.values():
            handle.send({"command": "abort", "reason": "The application closed"})
        if self._pumps:
            await asyncio.wait(self._pumps, timeout=2)
        await self._services.runs.drain()
        await self._services.close_ports()
        self._services.close()

    async def _warm(self) -> None:
        """What the first run would wait for is done ahead: libraries imported, a code worker started."""
        try:
            ports = self._services.ports
            await ports.code.warm_up(1)  # type: ignore[union-attr]
        except Exception as error:  # noqa: BLE001 - a run says better what is wrong than the start
            log.info("warming up: %s", error)
        collector.relax()

    async def _sweep(self) -> None:
        """At the start, since time goes on while the program is closed, and once a minute: forms whose time is over,
        and runs that were answered while nothing could go on with them."""
        while True:
            try:
                await self._settle_forms()
            except PenstockError as error:
                log.info("sweeping forms: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _settle_forms(self) -> None:
        """Go on with what was answered or whose time is over; the parent hears of each as of a run it asked for."""
        if self._services.has_database():
            for handle in self._services.go_on_with_answered():
                self._follow(None, handle)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            try:
                message = frames.read(self._source)
            except (ValueError, OSError):
                message = None
            if message is None or message.get("op") == "shutdown":
                loop.call_soon_threadsafe(self._ended.set)
                return
            loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: dict[str, Any]) -> None:
        try:
            self._do(message)
        except PenstockError as error:
            if not self._waits(message, error):
                self._say({"op": "refused", "id": message.get("id"), "error": error.to_json()})
        except Exception as error:
            log.exception("command %s failed", message.get("op"))
            problem = UserError(f"The engine could not do this: {error}", code="host.failed")
            self._say({"op": "refused", "id": message.get("id"), "error": problem.to_json()})

    def _waits(self, message: dict[str, Any], error: PenstockError) -> bool:
        """Whether a command that found the file locked is tried once more; nothing of it was done yet."""
        loop = asyncio.get_running_loop()
        since = message.setdefault("locked_since", loop.time())
        if error.code != "store.locked" or loop.time() - since > LOCKED_SECONDS or self._ended.is_set():
            return False
        loop.call_later(LOCKED_PAUSE, self._take, message)
        return True

    def _do(self, message: dict[str, Any]) -> None:
        op = message["op"]
        if op == "start":
            self._follow(message["id"], self._services.runs.start(StartRun.from_json(message["run"])))
        elif op == "resume":
            self._follow(message["id"], self._services.runs.resume(message["run_id"]))
        elif op == "command":
            handle = self._handles.get(message["run_id"])
            if handle is not None:
                handle.send(message["command"])
        elif op == "call":
            task = asyncio.get_running_loop().create_task(self._call(message))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)
        elif op == "reload":
            loop = asyncio.get_running_loop()
            task = loop.create_task(self._services.close_ports())
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _call(self, message: dict[str, Any]) -> None:
        """What a window asks for that needs the models of this process."""
        calls: dict[str, Callable[..., Awaitable[Any]]] = {
            "suggested_questions": self._services.chat.suggested_questions,
            "code_isolation": self._services.code_isolation,
            "settle_forms": self._settle_forms,
        }
        try:
            value = await calls[message["name"]](**message["arguments"])
        except PenstockError as error:
            self._say({"op": "refused", "id": message["id"], "error": error.to_json()})
        except Exception as error:
            log.exception("call %s", message.get("name"))
            problem = UserError(f"The engine could not do this: {error}", code="host.failed")
            self._say({"op": "refused", "id": message["id"], "error": problem.to_json()})
        else:
            self._say({"op": "answer", "id": message["id"], "value": value})

    def _follow(self, request_id: Any, handle: Any) -> None:
        self._handles[handle.run_id] = handle
        self._say({"op": "started", "id": request_id, "run_id": handle.run_id})
        task = asyncio.get_running_loop().create_task(self._pump(handle))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _pump(self, handle: Any) -> None:
        try:
            async for event in handle.events():
                self._say({"op": "event", "run_id": handle.run_id, "event": event})
            summary = await handle.result()
            self._say({"op": "ended", "run_id": handle.run_id, "summary": summary})
        except Exception as error:
            log.exception("run %s", handle.run_id)
            self._say({"op": "ended", "run_id": handle.run_id, "summary": {"status": "failed", "error": str(error)}})
        finally:
            self._handles.pop(handle.run_id, None)

    def _say(self, message: dict[str, Any]) -> None:
        """Queue a frame; all frames of one turn of the loop go out in one write."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(frames.pack(message))

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        try:
            self._target.write(data)
            self._target.flush()
        except (OSError, ValueError):
            self._ended.set()


def serve_pipes(data_dir: Path) -> int:
    """Serve on the pipes this process was started with; standard output is kept free of anything else."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logs.to_stderr()
    services = Services.open(data_dir)
    asyncio.run(Host(services, source, target).serve())
    return 0


if __name__ == "__main__":
    raise SystemExit(serve_pipes(Path(sys.argv[1])))
