"""Runs the http-request node against real loopback servers, through the real client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.adapters.http import HttpxClient
from engine.clock import SeededIds, SystemClock
from engine.ports.bundle import Ports
from engine.run.limits import Limits
from tests.helpers.nodes import FakeFiles, Ran, arun_node
from tests.helpers.servers import Handler, Reply, Seen, Server, serving


@dataclass
class Bench:
    """A server, and a node that talks to it: `bench.run(method="post", ...)`."""

    server: Server
    limits: Limits
    store: FakeFiles

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def last(self) -> Seen:
        return self.server.last

    def run(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        allow: tuple[str, ...] = ("127.0.0.1",),
        facts: Mapping[str, Any] | None = None,
        **data: Any,
    ) -> Ran:
        async def go() -> Ran:
            client = HttpxClient(self.limits, allow_hosts=allow)
            ports = Ports(clock=SystemClock(), ids=SeededIds(1), files=self.store, http=client)
            try:
                config = {"type": "http-request", "method": "get", "url": self.url, **data}
                return await arun_node(config, values, ports=ports, limits=self.limits, facts=facts)
            finally:
                await client.close()

        return asyncio.run(go())


@contextmanager
def bench(handler: Handler | None = None, limits: Limits | None = None) -> Iterator[Bench]:
    """A server that answers with `handler` (a plain `ok` without one)."""
    with serving(handler or (lambda _: Reply(b"ok"))) as server:
        yield Bench(server, limits or Limits(), FakeFiles())


def items(*pairs: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Text items of a body."""
    return [{"id": f"b{n}", "key": k, "type": "text", "value": v, **more} for n, (k, v) in enumerate(pairs)]


def body(kind: str, *values: str) -> dict[str, Any]:
    """A body of one or several items without keys."""
    return {"type": kind, "data": items(*(("", value) for value in values))}
