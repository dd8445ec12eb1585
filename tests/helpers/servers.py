"""HTTP servers on the loopback for tests: one thread, one asyncio loop, handlers as badly behaved as needed.

    with serving(lambda request: Reply(b"hi")) as server:
        ... f"{server.url}/path" ...; server.requests[0].body

A handler gives a `Reply`, raw bytes that are sent as they are, or an async generator of raw bytes.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Seen:
    """A request as the server got it; `headers` keep order, spelling and repetition."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        """The last header of a name in any case."""
        return next((v for n, v in reversed(self.headers) if n.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Every header of a name in any case."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """A well-formed answer."""

    body: bytes = b""
    status: int = 200
    headers: Sequence[tuple[str, str]] | Mapping[str, str] = ()
    type: str | None = "text/plain; charset=utf-8"

    def encode(self, *, head_only: bool = False) -> bytes:
        pairs = list(self.headers.items() if isinstance(self.headers, Mapping) else self.headers)
        if self.type is not None:
            pairs.insert(0, ("Content-Type", self.type))
        pairs.append(("Content-Length", str(len(self.body))))
        head = f"HTTP/1.1 {self.status} Status\r\n" + "".join(f"{n}: {v}\r\n" for n, v in pairs) + "\r\n"
        return head.encode("latin-1") + (b"" if head_only else self.body)


Handler = Callable[[Seen], Reply | bytes | AsyncIterator[bytes]]


@dataclass
class Server:
    """A running server; `requests` grows as they arrive."""

    port: int
    host: str = "127.0.0.1"
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def last(self) -> Seen:
        return self.requests[-1]


async def _read(reader: asyncio.StreamReader, number: int) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in lines)]
    named = {n.lower(): v for n, v in headers}
    body = b""
    if "chunked" in named.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif named.get("content-length"):
        body = await reader.readexactly(int(named["content-length"]))
    return Seen(method, target, headers, body, number)


@contextmanager
def serving(handler: Handler, *, host: str = "127.0.0.1") -> Iterator[Server]:
    """A server until the block ends; open connections are then cut."""
    ready = threading.Event()
    server = Server(0, host)
    ends: list[Callable[[], None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        number = server.connections
        try:
            while (seen := await _read(reader, number)) is not None:
                server.requests.append(seen)
                answer = handler(seen)
                if isinstance(answer, Reply):
                    writer.write(answer.encode(head_only=seen.method == "HEAD"))
                    await writer.drain()
                    continue
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    async for part in answer:
                        writer.write(part)
                        await writer.drain()
                return
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def live() -> None:
        stop = asyncio.Event()
        ends.append(stop.set)
        listening = await asyncio.start_server(talk, host, 0)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        listening.close()
        here = asyncio.current_task()
        open_ones = [task for task in asyncio.all_tasks() if task is not here]
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is let go in the next turn of the loop

    loop = asyncio.new_event_loop()

    def work() -> None:
        try:
            loop.run_until_complete(live())
        finally:
            loop.close()

    thread = threading.Thread(target=work, name="test-server")
    thread.start()
    try:
        assert ready.wait(10), "the test server did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(ends[0])
        thread.join(10)
