"""Runs as the window sees them: engine messages gathered from their thread, folded, one signal a frame."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.run.fold import RunState
from engine.services.host import EngineHost
from engine.services.runs import StartRun

FRAME_MS = 16


class LiveRun(QObject):
    """One run: its folded state and what changed since the last frame."""

    changed = Signal(set)
    """Ids of nodes and edges whose state changed; empty for changes of the run alone."""
    started = Signal(str)
    refused = Signal(dict)
    finished = Signal(dict)

    def __init__(self, center: RunCenter, number: int) -> None:
        super().__init__(center)
        self._center, self.number = center, number
        self.run_id = ""
        self.state = RunState()
        self.events: list[Mapping[str, Any]] = []
        self.summary: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        return self.summary is not None

    def send(self, command: str, **fields: Any) -> None:
        """Give the run a command."""
        if self.run_id and not self.is_over:
            self._center.host.send(self.run_id, {"command": command, **fields})

    def stop(self) -> None:
        """Stop it."""
        self.send("abort", reason="Stopped by the user")


class RunCenter(QObject):
    """All runs of the window. Messages pile up in a queue; one timer empties it at most once a frame."""

    ready = Signal()
    """The engine process has started and takes questions."""
    wentOn = Signal(object)
    """A run that the engine went on with by itself, after an answer or a time-out; nothing of it was taken yet."""
    heldChanged = Signal(str)
    """A run was held in the debugger, or goes on."""
    _wake = Signal()

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.host = EngineHost(data_dir, self._arrived)
        self._queue: deque[Mapping[str, Any]] = deque()
        self._lock = threading.Lock()
        self._woken = False
        self._asked: dict[int, LiveRun] = {}
        self._questions: dict[int, Callable[[Any], None]] = {}
        self._runs: dict[str, LiveRun] = {}
        self._held: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._drain)
        self._wake.connect(self._timer.start, Qt.ConnectionType.QueuedConnection)

    def start(self, run: StartRun) -> LiveRun:
        """Start a run; its object tells what becomes of it."""
        return self._new(self.host.start(run))

    def resume(self, run_id: str) -> LiveRun:
        """Go on with a paused run."""
        return self._new(self.host.resume(run_id))

    def ask(self, name: str, arguments: Mapping[str, Any], done: Callable[[Any], None]) -> None:
        """Ask the engine process for something besides runs; `done` gets its answer, None when it has none."""
        self._questions[self.host.call(name, arguments)] = done

    def _new(self, number: int) -> LiveRun:
        live = LiveRun(self, number)
        self._asked[number] = live
        return live

    @property
    def active(self) -> list[LiveRun]:
        """Runs that have not ended."""
        return [*self._asked.values(), *(r for r in self._runs.values() if not r.is_over)]

    def status_of(self, run_id: str, stored: str) -> str:
        """The status of a run as people see it: the log has `running` for one that is held here."""
        return "held" if stored == "running" and run_id in self._held else stored

    def _look_held(self, live: LiveRun) -> None:
        held = bool(live.state.held)
        if held != (live.run_id in self._held):
            (self._held.add if held else self._held.discard)(live.run_id)
            self.heldChanged.emit(live.run_id)

    def _arrived(self, message: Mapping[str, Any]) -> None:
        """On the host's reader thread."""
        with self._lock:
            self._queue.append(message)
            if self._woken:
                return
            self._woken = True
        try:
            self._wake.emit()
        except RuntimeError:  # the window is gone
            return

    def _drain(self) -> None:
        with self._lock:
            messages, self._queue = self._queue, deque()
            self._woken = False
        touched: dict[LiveRun, set[str]] = {}
        ended: list[tuple[LiveRun, dict[str, Any]]] = []
        for message in messages:
            self._take(message, touched, ended)
        for live, ids in touched.items():
            live.changed.emit(ids)
            self._look_held(live)
        for live, summary in ended:
            live.summary = summary
            self._runs.pop(live.run_id, None)
            self._held.discard(live.run_id)
            live.finished.emit(summary)

    def _take(
        self, message: Mapping[str, Any], touched: dict[LiveRun, set[str]], ended: list[tuple[LiveRun, dict[str, Any]]]
    ) -> None:
        op = message.get("op")
        if op == "ready":
            self.ready.emit()
        elif op == "started":
            unasked = message.get("id") is None
            live = LiveRun(self, 0) if unasked else self._asked.pop(int(message["id"]), None)
            if live is not None:
                live.run_id = str(message["run_id"])
                self._runs[live.run_id] = live
                live.started.emit(live.run_id)
            if unasked:
                self.wentOn.emit(live)
        elif op == "answer" or (op == "refused" and int(message.get("id") or 0) in self._questions):
            self._questions.pop(int(message["id"]))(message.get("value"))
        elif op == "refused":
            live = self._asked.pop(int(message.get("id") or 0), None)
            if live is not None:
                live.refused.emit(dict(message["error"]))
        elif op == "event":
            live = self._runs.get(str(message["run_id"]))
            if live is not None:
                event = message["event"]
                live.events.append(event)
                touched.setdefault(live, set()).update(live.state.apply(event))
        elif op == "ended":
            live = self._runs.get(str(message["run_id"]))
            if live is not None:
                if message.get("died"):
                    self._end_nodes(live, touched)
                ended.append((live, {**message["summary"], "died": bool(message.get("died"))}))

    @staticmethod
    def _end_nodes(live: LiveRun, touched: dict[LiveRun, set[str]]) -> None:
        """The engine process died: what was running is stopped, on the canvas too."""
        live.state.status = "failed"
        for node in live.state.nodes.values():
            if node.is_live:
                node.status = "stopped"
                touched.setdefault(live, set()).add(node.node_id)

    def close(self) -> None:
        """End the engine process."""
        self._timer.stop()
        self.host.close()
