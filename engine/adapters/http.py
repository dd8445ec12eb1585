"""HTTP for a workspace: connections are kept, sizes bounded while reading, the network rules asked at each connect.

httpx is imported with the first request (see `http_transport`), not with this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.adapters.network_rules import NetworkRules
from engine.ports.outside import HttpRequest, HttpResponse, PortError
from engine.run.limits import Limits

if TYPE_CHECKING:
    from engine.adapters.http_transport import Transport


class HttpxClient:
    """The `HttpClient` of a workspace; belongs to one event loop at a time. `close` ends its connections."""

    def __init__(self, limits: Limits | None = None, allow_hosts: Iterable[str] = ()) -> None:
        self._limits = limits or Limits()
        self._allowed = tuple(allow_hosts)
        self._rules = NetworkRules(self._allowed)
        self._transports: dict[bool, Transport] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def also_reaching(self, hosts: Iterable[str]) -> HttpxClient:
        """Another client with the same limits that may reach further hosts. It is closed on its own."""
        return HttpxClient(self._limits, (*self._allowed, *hosts))

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send and read the whole answer.

        Raises PortError: `HttpRequestNodeError` (not reached, refused by the rules, too slow, not HTTP),
        `InvalidURLError`, `ResponseSizeError`.
        """
        from engine.adapters import http_transport

        limits = self._limits
        longest = limits.http_connect_seconds + limits.http_write_seconds + limits.http_read_seconds
        try:
            # The phases have time limits of their own; this one ends servers that send a byte now and then for ever.
            async with asyncio.timeout(longest):
                return await http_transport.exchange(request, limits, self._transport(request.verify_tls))
        except TimeoutError as error:
            message = f"{request.url} did not answer completely within {longest:g} seconds."
            raise PortError("HttpRequestNodeError", message) from error

    def _transport(self, verify: bool) -> Transport:
        from engine.adapters.http_transport import Transport

        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Connections of a loop that has ended cannot be used, and not be closed either.
            self._loop, self._transports = loop, {}
        if verify not in self._transports:
            self._transports[verify] = Transport(self._rules, verify=verify)
        return self._transports[verify]

    async def close(self) -> None:
        """Close every connection."""
        transports, self._transports = list(self._transports.values()), {}
        if self._loop is asyncio.get_running_loop():
            for transport in transports:
                await transport.end()
