"""A tool tried by a person: called once, outside of any workflow, and given up when it takes too long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import UserError

if TYPE_CHECKING:
    from engine.ports.bundle import Ports
    from engine.ports.outside import ToolIdentity, ToolMessage


class ToolTrial:
    """One call. `run` blocks its thread; `stop` may come from any other."""

    def __init__(self, ports: Callable[[], Ports], closers: Sequence[Callable[[], Any]]) -> None:
        self._ports, self._closers = ports, closers
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False

    def run(self, identity: ToolIdentity, values: Mapping[str, Any], credential: str = "") -> list[ToolMessage]:
        """What the tool yields. Raises UserError (stopped, not there, no such parameter) and PortError."""
        try:
            return asyncio.run(self._work(identity, values, credential))
        except asyncio.CancelledError as problem:
            raise UserError("The call was stopped.", code="tools.stopped") from problem

    def stop(self) -> None:
        """Give the call up; it ends soon."""
        with self._lock:
            self._stopped = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _work(self, identity: ToolIdentity, values: Mapping[str, Any], credential: str) -> list[ToolMessage]:
        from engine.services.tools import try_tool

        with self._lock:
            if self._stopped:
                raise asyncio.CancelledError
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        ports = self._ports()
        try:
            return (await try_tool(ports, identity, values, credential))[1]
        finally:
            with self._lock:
                self._task = None
            for closer in self._closers:
                result = closer()
                if hasattr(result, "__await__"):
                    await result
