"""A small HTTP server on 127.0.0.1 that gives whole requests to one function and sends what it answers.

It runs on a thread of its own. Clients that are slow, endless or wrong are answered or cut off; nothing that a client
sends can keep the server from ending.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from urllib.parse import urlsplit

import h11

from engine.errors import EnvironmentProblem
from engine.logs import get_logger
from engine.server.webhook_request import Answer, Refused, Request

log = get_logger(__name__)
HOST = "127.0.0.1"
OWN_NAMES = frozenset({"127.0.0.1", "localhost"})
HEAD_BYTES = 64 * 1024
CLIENT_SECONDS = 20.0
MOST_CLIENTS = 20
Respond = Callable[[Request], Answer]


class Listener:
    """Listens from `start` to `close`. `respond` is called on the listener's thread and may raise Refused."""

    def __init__(self, respond: Respond, max_bytes: int, *, port: int = 0) -> None:
        self._respond, self._max_bytes, self._wanted_port = respond, max_bytes, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="penstock-listener", daemon=True)
        self._ready: Future[int] = Future()

    def start(self) -> str:
        """Begin; the address without a path. Raises EnvironmentProblem when the port cannot be had."""
        self._thread.start()
        return f"http://{HOST}:{self._ready.result()}"

    def end_soon(self) -> None:
        """Take no more requests; those that are being answered are. From any thread."""
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._end.set)
            except RuntimeError:
                log.debug("the listener had ended already")

    def close(self) -> None:
        """End and wait for it."""
        self.end_soon()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(5)

    # -- on the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._client, HOST, self._wanted_port, limit=HEAD_BYTES)
        except OSError as error:
            message = f"Port {self._wanted_port} of this machine cannot be listened on: {error.strerror or error}"
            self._ready.set_exception(EnvironmentProblem(message, hint="Choose another port.", code="listen.port"))
            return
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._end.wait()
        server.close()
        # Connections that were taken just now become clients first: nothing may be left open behind the loop.
        await asyncio.sleep(0.01)
        if self._clients:
            # An answer on its way gets out; who only dawdles is cut off.
            _, late = await asyncio.wait(set(self._clients), timeout=0.5)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                answer = await self._answer(connection, reader, writer)
                await _send(connection, writer, answer)
        except (TimeoutError, ConnectionError, h11.ProtocolError, asyncio.CancelledError) as error:
            # Cancelled is who still waits when the listening ends; nobody awaits this task.
            log.debug("a request was cut off: %s", error)
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError as error:
                log.debug("a client was gone before its answer: %s", error)
            self._clients.discard(task)

    async def _answer(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer:
        if len(self._clients) > MOST_CLIENTS:
            return Answer(503, {"error": "Service Unavailable", "message": "Too many requests at once."})
        try:
            return self._respond(await self._read(connection, reader, writer))
        except Refused as refused:
            return refused.answer()
        except h11.RemoteProtocolError as error:
            return Refused(f"The request is not HTTP: {error}.", error.error_status_hint).answer()
        except Exception:
            log.exception("a request could not be answered")
            return Answer(500, {"error": "Internal Server Error", "message": "The request could not be handled."})

    async def _read(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Request:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                    await writer.drain()
                connection.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                head = event
                self._check_head(event)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._max_bytes:
                    raise self._too_large()
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = [(n.decode("latin-1"), _header_text(v)) for n, v in head.headers.raw_items()]
                return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))
            else:
                raise ConnectionError("the client went away")

    def _check_head(self, head: h11.Request) -> None:
        """What is wrong before the body is read. A foreign Host is a web page that had its name point at this
        machine."""
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        host = urlsplit(f"//{named.get('host', '')}").hostname or ""
        if host not in OWN_NAMES:
            raise Refused("Only requests from this machine are taken.", 403)
        length = named.get("content-length", "")
        if length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> Refused:
        return Refused(f"The request is larger than {self._max_bytes} bytes, the limit for webhooks.", 413)


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _send(connection: h11.Connection, writer: asyncio.StreamWriter, answer: Answer) -> None:
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    headers = [("Connection", "close")]
    body = answer.body
    if answer.has_body:
        headers += [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", str(len(body)))]
    response = h11.Response(status_code=answer.status, headers=headers, reason=b"")
    writer.write(connection.send(response) or b"")
    if body:
        writer.write(connection.send(h11.Data(data=body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
