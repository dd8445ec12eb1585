"""A workflow file from the network: under the workspace's network rules, of bounded size, with a way to give up.

Pages that show a file in a repository of GitHub are asked for the file itself, as upstream does (dsl spec 3.1).
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from engine.errors import EnvironmentProblem, UserError
from engine.ports.outside import HttpRequest, HttpResponse

LARGEST = 10 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
PAGE = re.compile(r"^https?://(?:www\.)?github\.com/([^/]+/[^/]+)/blob/(.+\.ya?ml)(?:[?#].*)?$", re.IGNORECASE)
Send = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Fetch:
    """One download. `run` waits for it on the caller's thread, `cancel` may be called from any other."""

    def __init__(self, url: str, connect: Callable[[], tuple[Send, Callable[[], Awaitable[None]]]]) -> None:
        self.url = address(url)
        self._connect = connect
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[HttpResponse] | None = None
        self._cancelled = False

    @property
    def name(self) -> str:
        """What the file is called, without its ending."""
        last = unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]
        return re.sub(r"\.ya?ml$", "", last, flags=re.IGNORECASE)

    def run(self, told: Callable[[int, int], None] = lambda *_: None) -> bytes:
        """The content; `told(received, expected)` in bytes, expected 0 where the server does not say.

        Raises UserError `fetch.cancelled`, `fetch.refused`, PortError.
        """
        return asyncio.run(self._run(told))

    async def _run(self, told: Callable[[int, int], None]) -> bytes:
        send, close = self._connect()
        request = HttpRequest(
            "GET",
            self.url,
            headers=[("accept", "application/yaml, text/yaml, text/plain, */*")],
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_bytes=LARGEST,
            told=told,
        )
        with self._lock:
            if self._cancelled:
                raise _given_up()
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.ensure_future(_of(send(request)))
        try:
            response = await self._task
        except asyncio.CancelledError as error:
            raise _given_up() from error
        finally:
            with self._lock:
                self._loop = self._task = None
            await close()
        return _content(response)

    def cancel(self) -> None:
        """Give up."""
        with self._lock:
            self._cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)


async def _of(response: Awaitable[HttpResponse]) -> HttpResponse:
    return await response


def _given_up() -> UserError:
    return UserError("The download was given up.", code="fetch.cancelled")


def address(url: str) -> str:
    """The address of the file itself. Raises UserError `fetch.address` for what is none."""
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError("The address must begin with https:// or http://.", code="fetch.address")
    found = PAGE.match(url)
    return f"https://raw.githubusercontent.com/{found[1]}/{found[2]}" if found else url


def _content(response: HttpResponse) -> bytes:
    host = urlsplit(response.url).hostname or ""
    if response.status >= 400:
        raise EnvironmentProblem(
            f"{host} answered with status {response.status}.",
            code="fetch.refused",
            hint="Check the address; files that need a login cannot be fetched here.",
        )
    if not response.content.strip():
        raise UserError(f"{host} answered with nothing.", code="fetch.refused")
    if response.content.lstrip()[:15].lower().startswith((b"<!doctype", b"<html")):
        raise UserError(
            f"{host} answered with a web page, not with a workflow file.",
            code="fetch.refused",
            hint="Take the address of the file itself, often called “raw”.",
        )
    return response.content


__all__ = ["LARGEST", "Fetch", "address"]
