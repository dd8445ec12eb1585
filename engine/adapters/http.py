"""HTTP through httpx: connections kept, redirects followed, sizes bounded while reading, network rules at each connect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
import httpx

from engine.adapters.network_rules import NetworkRefused, NetworkRules
from engine.ports.outside import HttpRequest, HttpResponse, PortError
from engine.run.limits import Limits

MOST_REDIRECTS = 20
KEPT_CONNECTIONS = 20


class _RuledBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that the rules allow, and to the very address that was checked."""

    def __init__(self, rules: NetworkRules) -> None:
        from httpcore import AnyIOBackend

        self._rules, self._inner = rules, AnyIOBackend()

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
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from error
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:  # noqa: ARG002, ASYNC109
        raise httpcore.ConnectError("local sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _transport(rules: NetworkRules, *, verify: bool) -> httpx.AsyncHTTPTransport:
    transport = httpx.AsyncHTTPTransport(verify=verify, trust_env=False)
    pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(verify=verify),
        max_connections=100,
        max_keepalive_connections=KEPT_CONNECTIONS,
        network_backend=_RuledBackend(rules),
    )
    transport._pool = pool  # noqa: SLF001 - httpx hands out no other way to set the network backend
    return transport


class HttpxClient:
    """The `HttpClient` of a workspace; belongs to one event loop."""

    def __init__(self, limits: Limits | None = None, allow_hosts: Iterable[str] = ()) -> None:
        self._limits = limits or Limits()
        self._rules = NetworkRules(allow_hosts)
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def _client(self, verify: bool) -> httpx.AsyncClient:
        if verify not in self._clients:
            self._clients[verify] = httpx.AsyncClient(
                transport=_transport(self._rules, verify=verify), max_redirects=MOST_REDIRECTS, trust_env=False
            )
        client = self._clients[verify]
        # No cookies between nodes (nodes-logic spec 5.5).
        client.cookies.clear()
        return client

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send and read the whole answer. Raises PortError `HttpRequestNodeError` or `ResponseSizeError`."""
        limits = self._limits
        timeout = httpx.Timeout(
            connect=request.connect_timeout or limits.http_connect_seconds,
            read=request.read_timeout or limits.http_read_seconds,
            write=request.write_timeout or limits.http_write_seconds,
            pool=limits.http_connect_seconds,
        )
        files = [(p.field, (p.filename, p.content, p.mime_type)) for p in request.files]
        longest = request.max_bytes or limits.http_max_binary_bytes
        try:
            async with self._client(request.verify_tls).stream(
                request.method,
                request.url,
                headers=list(request.headers),
                params=list(request.params) or None,
                content=request.content,
                data=dict(request.form) if request.form is not None else None,
                files=files or None,
                timeout=timeout,
                follow_redirects=request.follow_redirects,
            ) as response:
                return await _read(response, longest)
        except NetworkRefused:
            raise
        except httpx.InvalidURL as error:
            raise PortError("InvalidURLError", f"The address is not valid: {error}") from error
        except httpx.TimeoutException as error:
            phase = type(error).__name__.replace("Timeout", "").lower() or "the request"
            raise PortError("HttpRequestNodeError", f"{request.url} did not answer in time ({phase}).") from error
        except httpx.TooManyRedirects as error:
            raise PortError("HttpRequestNodeError", f"{request.url} redirects more than {MOST_REDIRECTS} times.") from error
        except (httpx.HTTPError, httpcore.ConnectError, ValueError) as error:
            words = str(error) or type(error).__name__
            raise PortError("HttpRequestNodeError", f"{request.url} could not be reached: {words}") from error

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()


async def _read(response: httpx.Response, longest: int) -> HttpResponse:
    """The body up to the limit; reading stops where it is passed."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > longest:
            raise PortError("ResponseSizeError", f"The response is larger than {longest / 1048576:g} MiB.")
        parts.append(part)
    return HttpResponse(
        response.status_code,
        [(k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw],
        b"".join(parts),
        str(response.url),
        response.charset_encoding,
    )
