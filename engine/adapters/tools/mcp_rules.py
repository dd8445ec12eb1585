"""Network rules for the MCP library's HTTP client: each request goes to an address that was checked, under its name."""

from __future__ import annotations

import httpx2

from engine.adapters.network_rules import NetworkRules


class _Ruled(httpx2.AsyncBaseTransport):
    def __init__(self, rules: NetworkRules) -> None:
        self._rules, self._inner = rules, httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        addresses = await self._rules.resolve(host, port)
        if not addresses:
            raise httpx2.ConnectError(f"{host} has no address")
        checked = httpx2.Request(
            request.method,
            request.url.copy_with(host=addresses[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(checked)

    async def aclose(self) -> None:
        await self._inner.aclose()


def ruled_transport(rules: NetworkRules) -> httpx2.AsyncBaseTransport:
    """Connections that the rules allow, and no others."""
    return _Ruled(rules)
