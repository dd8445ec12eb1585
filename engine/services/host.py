"""The studio's side of the engine process: started in the background, kept warm, started anew when it died.

Events arrive on a reader thread through `listener`; nothing here needs an event loop. A run of a process that died ends
with a clear word, never with silence.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from engine.host import frames
from engine.logs import get_logger
from engine.services.runs import StartRun

log = get_logger(__name__)
Listener = Callable[[Mapping[str, Any]], None]
DIED = "The engine process ended unexpectedly. Start the run again; what was finished can be reused."


class EngineHost:
    """One engine process. `listener` gets `started`, `refused`, `event`, `ended` and `answer` messages, on a thread."""

    def __init__(self, data_dir: Path, listener: Listener) -> None:
        self._data_dir, self._listener = data_dir, listener
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._numbers = itertools.count(1)
        self._runs: set[str] = set()
        self._asked: set[int] = set()
        self._closing = False

    def warm_up(self) -> None:
        """Start the process if it does not run."""
        with self._lock:
            self._ensure()

    def start(self, run: StartRun) -> int:
        """Ask for a run; the number that its `started` or `refused` message carries. Does not wait."""
        return self._ask({"op": "start", "run": run.to_json()})

    def resume(self, run_id: str) -> int:
        """Ask for a paused run to go on."""
        return self._ask({"op": "resume", "run_id": run_id})

    def call(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Ask for something besides runs; the number that its `answer` or `refused` message carries."""
        return self._ask({"op": "call", "name": name, "arguments": dict(arguments)})

    def send(self, run_id: str, command: Mapping[str, Any]) -> None:
        """Give a run a command."""
        self._write({"op": "command", "run_id": run_id, "command": dict(command)})

    def reload(self) -> None:
        """Models, network rules or limits changed: make them anew for the next runs."""
        with self._lock:
            running = self._process is not None and self._process.poll() is None
        if running:
            self._write({"op": "reload"})

    def close(self) -> None:
        """End the process; its runs are stopped."""
        with self._lock:
            self._closing = True
            process, reader = self._process, self._reader
        if process is not None:
            try:
                if process.stdin is not None:
                    process.stdin.write(frames.pack({"op": "shutdown"}))
                    process.stdin.close()
                process.wait(4)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        if reader is not None and reader is not threading.current_thread():
            reader.join(4)

    @property
    def pid(self) -> int | None:
        """The process's id, for tests and for the about box."""
        return self._process.pid if self._process is not None else None

    # -- the process -------------------------------------------------------------------------------------------------

    def _ask(self, message: dict[str, Any]) -> int:
        number = next(self._numbers)
        with self._lock:
            self._asked.add(number)
        self._write({**message, "id": number})
        return number

    def _write(self, message: Mapping[str, Any]) -> None:
        data = frames.pack(message)
        with self._lock:
            for _ in range(2):
                process = self._ensure()
                try:
                    assert process.stdin is not None
                    process.stdin.write(data)
                    process.stdin.flush()
                except (OSError, ValueError):
                    process.kill()
                    self._process = None
                else:
                    return
        log.error("the engine process takes no commands")

    def _ensure(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None:
            return process
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        process = subprocess.Popen(
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, creationflags=flags
        )
        reader = threading.Thread(target=self._read, args=(process,), name="penstock-host", daemon=True)
        self._process, self._reader = process, reader
        reader.start()
        return process

    def _command(self) -> list[str]:
        if getattr(sys, "frozen", False):
            return [sys.executable, "--engine-host", str(self._data_dir)]
        return [sys.executable, "-m", "engine.host", str(self._data_dir)]

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with cast("BinaryIO", process.stdout) as stream:
            while True:
                try:
                    message = frames.read(stream)
                except (ValueError, OSError):
                    message = None
                if message is None:
                    break
                self._note(message)
                self._listener(message)
        process.wait()
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:
                pass
        self._lost(process)

    def _note(self, message: Mapping[str, Any]) -> None:
        op = message.get("op")
        with self._lock:
            if op == "started":
                self._runs.add(str(message["run_id"]))
            if op in ("started", "refused", "answer"):
                self._asked.discard(int(message.get("id") or 0))
            if op == "ended":
                self._runs.discard(str(message["run_id"]))

    def _lost(self, process: subprocess.Popen[bytes]) -> None:
        """The process is gone: whatever waits for it is told."""
        with self._lock:
            if self._process is process:
                self._process = None
            runs, self._runs = self._runs, set()
            asked, self._asked = self._asked, set()
            closing = self._closing
        if not closing and (runs or asked):
            log.info("the engine process ended with code %s", process.returncode)
        for run_id in runs:
            summary = {"run_id": run_id, "status": "failed", "error": DIED, "outputs": {}}
            self._listener({"op": "ended", "run_id": run_id, "summary": summary, "died": True})
        for number in asked:
            error = {"code": "host.died", "message": DIED, "hint": ""}
            self._listener({"op": "refused", "id": number, "error": error})


def serve(data_dir: str) -> int:
    """Be the engine process itself, where there is no interpreter to call by module name (a frozen program)."""
    from engine.host.__main__ import serve_pipes

    return serve_pipes(Path(data_dir))
