"""The part of the HTTP adapter that knows httpx: a transport under network rules, and one exchange."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import anyio
import httpcore
import httpx

from engine.adapters.network_rules import NetworkRefused, NetworkRules
from engine.ports.outside import HttpRequest, HttpResponse, PortError
from engine.run.limits import Limits

MOST_REDIRECTS = 20
MOST_CONNECTIONS = 100
KEPT_CONNECTIONS = 20
HEAD_BYTES = 1024
PIECE_BYTES = 65_536
USER_AGENT = "penstock"


class RuledBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that the rules allow, and to the very address that was checked."""

    def __init__(self, rules: NetworkRules) -> None:
        self._rules, self._inner = rules, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            with anyio.fail_after(timeout):
                addresses = await self._rules.resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host}: {getattr(error, 'strerror', None) or error}") from error
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Any = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("local sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Transport(httpx.AsyncHTTPTransport):
    """Connections of one workspace, shared by short-lived clients: cookies stay inside of one exchange."""

    def __init__(self, rules: NetworkRules, *, verify: bool) -> None:
        # Not the parent's constructor: it would make a second TLS context and has no way to set the network backend.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=KEPT_CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=RuledBackend(rules),
        )

    async def aclose(self) -> None:
        """Nothing: a client that ends leaves the connections to the next one."""

    async def end(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


async def exchange(request: HttpRequest, limits: Limits, transport: Transport) -> HttpResponse:
    """One request and its whole answer, redirects followed. Raises PortError."""
    try:
        client = httpx.AsyncClient(transport=transport, trust_env=False)
        message = _message(client, request, limits)
        response = await _follow(client, await client.send(message, stream=True), request)
        try:
            return await _read(response, request, limits)
        finally:
            await response.aclose()
    except NetworkRefused:
        raise
    except httpx.InvalidURL as error:
        raise PortError("InvalidURLError", f"The address is not valid: {error}") from error
    except httpx.TimeoutException as error:
        phase = _PHASES.get(type(error).__name__, "the request")
        raise PortError("HttpRequestNodeError", f"{request.url} did not answer in time ({phase}).") from error
    except (httpx.HTTPError, httpcore.NetworkError, OSError, ValueError) as error:
        words = str(error) or type(error).__name__
        raise PortError("HttpRequestNodeError", f"{request.url} could not be reached: {words}") from error


async def _follow(client: httpx.AsyncClient, response: httpx.Response, request: HttpRequest) -> httpx.Response:
    """The answer at the end of all redirects. httpx would keep back `Authorization` and cookies from other hosts only,
    and send keys in headers of other names on to whoever a server names."""
    count = 0
    while request.follow_redirects and (step := response.next_request) is not None:
        await response.aclose()
        count += 1
        if count > MOST_REDIRECTS:
            raise PortError("HttpRequestNodeError", f"{request.url} redirects more than {MOST_REDIRECTS} times.")
        if not _same_place(response.request.url, step.url):
            for name in request.private:
                step.headers.pop(name, None)
        response = await client.send(step, stream=True)
    return response


def _same_place(old: httpx.URL, new: httpx.URL) -> bool:
    """Whether two addresses are of one server; the same host by TLS instead of in the clear is."""
    ports = {"http": 80, "https": 443}
    before, after = ((u.host, u.port or ports.get(u.scheme)) for u in (old, new))
    upgraded = old.scheme == "http" and new.scheme == "https" and (before[1], after[1]) == (80, 443)
    return (before == after and old.scheme == new.scheme) or (upgraded and before[0] == after[0])


_PHASES = {
    "ConnectTimeout": "connecting",
    "ReadTimeout": "waiting for the answer",
    "WriteTimeout": "sending",
    "PoolTimeout": "waiting for a free connection",
}


def _message(client: httpx.AsyncClient, request: HttpRequest, limits: Limits) -> httpx.Request:
    url = httpx.URL(request.url)
    if request.params:
        # Our own encoding: httpx leaves some signs alone that upstream escapes.
        url = url.copy_with(query=urlencode(list(request.params), errors="replace").encode("ascii"))
    defaults = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": USER_AGENT}
    own = [(_bytes(name), _bytes(value)) for name, value in request.headers]
    given = {name.lower() for name, _ in own}
    headers = [(n.encode(), v.encode()) for n, v in defaults.items() if n.encode() not in given]
    content, form = request.content, dict(request.form) if request.form is not None else None
    if form is not None and not request.files:
        content, form = urlencode(form).encode("ascii"), None
        if b"content-type" not in given:
            headers.append((b"Content-Type", b"application/x-www-form-urlencoded"))
    return client.build_request(
        request.method,
        url,
        headers=[*headers, *own],
        content=content,
        data=form,
        files=[(p.field, (p.filename, p.content, p.mime_type)) for p in request.files] or None,
        timeout=httpx.Timeout(
            connect=request.connect_timeout or limits.http_connect_seconds,
            read=request.read_timeout or limits.http_read_seconds,
            write=request.write_timeout or limits.http_write_seconds,
            pool=limits.http_connect_seconds,
        ),
    )


def _bytes(text: str) -> bytes:
    """Header text on the wire: Latin-1 where it fits, as servers expect, else UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


async def _read(response: httpx.Response, request: HttpRequest, limits: Limits) -> HttpResponse:
    """The body, unpacked, up to the limit; reading stops where it is passed."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    longest = request.max_bytes or limits.http_max_binary_bytes
    choose = request.choose_limit
    unpack = _unpacker(response.headers.get("content-encoding", ""))
    content = bytearray()
    stated = response.headers.get("content-length", "")
    expected = int(stated) if stated.isdigit() else 0
    # A finished stream gives an empty piece, with which the unpacker hands out what it held back.
    async for raw in _then_end(response):
        for piece in unpack(raw):
            content += piece
            if choose is not None and len(content) >= HEAD_BYTES:
                longest, choose = choose(headers, bytes(content[:HEAD_BYTES])), None
            if choose is None and len(content) > longest:
                raise PortError("ResponseSizeError", _too_large(longest, len(content), response))
        if request.told is not None:
            request.told(len(content), expected)
    if choose is not None:
        longest = choose(headers, bytes(content))
        if len(content) > longest:
            raise PortError("ResponseSizeError", _too_large(longest, len(content), response))
    return HttpResponse(response.status_code, headers, bytes(content), str(response.url), response.charset_encoding)


async def _then_end(response: httpx.Response) -> Any:
    async for raw in response.aiter_raw():
        yield raw
    yield b""


def _too_large(limit: int, size: int, response: httpx.Response) -> str:
    stated = response.headers.get("content-length", "")
    told = f"has {stated}" if stated.isdigit() and int(stated) >= size else f"has more than {limit}"
    return f"The response {told} bytes, and at most {limit} ({limit / 1048576:g} MiB) are allowed."


Unpacker = Callable[[bytes], Iterator[bytes]]


def _unpacker(encodings: str) -> Unpacker:
    """Undoes Content-Encoding in pieces of bounded size, so that a small packed answer cannot fill the memory."""
    names = [name for name in (part.strip().lower() for part in encodings.split(",")) if name not in ("", "identity")]
    if not names or len(names) > 2 or any(name not in ("gzip", "x-gzip", "deflate") for name in names):
        # What was not asked for is handed on as it is.
        return lambda raw: iter((raw,) if raw else ())
    unpack = _inflater(names[-1])
    if len(names) == 1:
        return unpack
    outer = _inflater(names[0])
    return lambda raw: (inner for piece in unpack(raw) for inner in outer(piece))


def _inflater(name: str) -> Unpacker:
    state: list[Any] = [zlib.decompressobj(47 if name != "deflate" else 15), name == "deflate"]

    def unpack(raw: bytes) -> Iterator[bytes]:
        while raw and not state[0].eof:
            try:
                piece = state[0].decompress(raw, PIECE_BYTES)
            except zlib.error as error:
                if not state[1]:
                    raise PortError("HttpRequestNodeError", f"The packed answer is damaged: {error}") from error
                # "deflate" is often sent without the frame that the standard asks for.
                state[0], state[1] = zlib.decompressobj(-15), False
                continue
            state[1] = False
            raw = state[0].unconsumed_tail
            if piece:
                yield piece

    return unpack
