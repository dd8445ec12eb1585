"""Looks for model servers that run on this machine, and tries a provider for real; both away from the window."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

PROBE_SECONDS = 0.4
NOT_FOR_CHAT = "text-embedding-"
"""How LM Studio marks the models that only make vectors."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class FoundServer:
    """A local model server that answered the probe."""

    kind: str
    label: str
    base_url: str
    models: tuple[str, ...]


class LocalKind(Protocol):
    """What is needed of a kind of provider to look for it."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def base_url(self) -> str: ...


def may_look() -> bool:
    """Whether the program may look for servers by itself."""
    return not os.environ.get("PENSTOCK_NO_DISCOVERY")


def look(kinds: Iterable[LocalKind]) -> list[FoundServer]:
    """The servers of these kinds that answer now; half a second at most."""
    places = [(kind, address) for kind in kinds for address in addresses(kind)]
    if not places:
        return []
    with ThreadPoolExecutor(len(places), thread_name_prefix="penstock-probe") as pool:
        found = [server for server in pool.map(lambda place: probe(*place), places) if server is not None]
    return list({server.base_url: server for server in found}.values())


def addresses(kind: LocalKind) -> list[str]:
    """Where such a server listens: its own port, and what the environment says of Ollama."""
    found = [kind.base_url] if kind.base_url else []
    named = os.environ.get("OLLAMA_HOST", "").strip() if kind.id == "ollama" else ""
    if named:
        host = named if "://" in named else f"http://{named}"
        host = host.rstrip("/").replace("//0.0.0.0", "//127.0.0.1")
        if host.count(":") < 2:
            host += ":11434"
        if host not in found:
            found.insert(0, host)
    return found


def server_at(address: str) -> str:
    """The server that an address means, whichever of its sides the path names."""
    return address.rstrip("/").removesuffix("/v1").removesuffix("/api")


def probe(kind: LocalKind, address: str) -> FoundServer | None:
    """The server at an address with its models, or None."""
    import httpx

    own = kind.id == "ollama"
    try:
        with httpx.Client(trust_env=False, timeout=PROBE_SECONDS) as http:
            answer = http.get(f"{address}/api/tags" if own else f"{address}/models")
        rows = answer.json().get("models" if own else "data") if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        return None
    if not isinstance(rows, list):
        return None
    key = "name" if own else "id"
    found = sorted(str(r[key]) for r in rows if isinstance(r, Mapping) and r.get(key))
    names = tuple(name for name in found if not name.startswith(NOT_FOR_CHAT))
    return FoundServer(kind.id, kind.label, address, names)


class Stopped(Exception):
    """Somebody did not want to wait any longer."""


class Attempt:
    """One piece of asynchronous work on a thread of its own that another thread may stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        """For work on the thread itself, which nothing can cut short but a look at this."""
        self._stop: Callable[[], Any] = lambda: None

    def run(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """The result of `work`. Raises Stopped, TimeoutError, and what the work raises."""

        async def main() -> Result:
            with self._lock:
                if self.stopping.is_set():
                    work.close()
                    raise Stopped
                task = asyncio.ensure_future(asyncio.wait_for(work, seconds))
                loop = asyncio.get_running_loop()
                self._stop = lambda: loop.call_soon_threadsafe(task.cancel)
            try:
                return await task
            except asyncio.CancelledError:
                raise Stopped from None
            finally:
                with self._lock:
                    self._stop = lambda: None

        return asyncio.run(main())

    def stop(self) -> None:
        """End the work soon; from any thread, at any time."""
        with self._lock:
            self.stopping.set()
            self._stop()
