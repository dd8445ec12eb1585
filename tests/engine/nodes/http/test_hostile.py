"""Servers that mean harm or do not know better: the node ends in time, says why, and reaches nothing private."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from engine.run.limits import Limits
from tests.helpers.http import bench, items
from tests.helpers.nodes import Ran
from tests.helpers.servers import Reply, Seen

QUICK = Limits.from_settings(
    {
        "http_connect_seconds": 0.3,
        "http_read_seconds": 0.4,
        "http_write_seconds": 0.3,
        "http_max_text_bytes": 50_000,
    }
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def refused(ran: Ran) -> bool:
    return ran.failure == "HttpRequestNodeError" and "network rules" in ran.error


# -- private addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "0.0.0.0"])
def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    with bench() as web:
        ran = web.run(url=f"http://{host}:{web.server.port}/", allow=())
        assert ran.failure == "HttpRequestNodeError"
        assert "allowed hosts" in ran.error or "could not be reached" in ran.error
        assert ran.process_data["request"].startswith("GET / HTTP/1.1")
        assert not web.server.connections


def test_the_message_names_the_rule_and_how_to_allow_the_host() -> None:
    with bench() as web:
        ran = web.run(allow=())
        assert refused(ran)
        assert "127.0.0.1" in ran.error
        assert "this machine itself" in ran.error
        assert "add 127.0.0.1 to the allowed hosts" in ran.error


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_allowed_hosts_are_reached(entry: str) -> None:
    with bench() as web:
        assert web.run(allow=(entry,)).status == "succeeded"


def test_a_name_may_be_allowed_with_its_port_only() -> None:
    with bench() as web:
        url = f"http://localhost:{web.server.port}/"
        assert web.run(url=url, allow=(f"localhost:{web.server.port}",)).status == "succeeded"
        assert refused(web.run(url=url, allow=("localhost:1",)))


def test_a_redirect_to_a_private_address_is_refused() -> None:
    with (
        bench() as inner,
        bench(lambda _: Reply(b"", 302, {"Location": f"http://localhost:{inner.server.port}/"})) as web,
    ):
        # The first server is allowed by its address; the name it sends us to is not, and resolves to ::1 or 127.0.0.1.
        ran = web.run(allow=(f"127.0.0.1:{web.server.port}",))
        assert refused(ran)
        assert not inner.server.requests


def test_a_redirect_to_another_scheme_is_refused() -> None:
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/"):
        with bench(lambda _, to=target: Reply(b"", 302, {"Location": to})) as web:
            ran = web.run()
            assert ran.failure == "HttpRequestNodeError"
            assert "root:" not in str(ran.outputs)


@pytest.mark.parametrize("method", ["get", "post"])
def test_redirect_loops_end(method: str) -> None:
    with bench(lambda _: Reply(b"", 302, {"Location": "/again"})) as web:
        ran = web.run(method=method)
        assert ran.failure == "HttpRequestNodeError"
        assert "redirects" in ran.error
        assert len(web.server.requests) <= 22


def test_the_key_does_not_follow_to_another_host() -> None:
    with (
        bench() as inner,
        bench(lambda _: Reply(b"", 302, {"Location": f"http://localhost:{inner.server.port}/"})) as web,
    ):
        auth = {"type": "api-key", "config": {"type": "bearer", "api_key": "k", "header": ""}}
        assert web.run(allow=("127.0.0.1", "localhost"), authorization=auth).status == "succeeded"
        assert web.last.header("Authorization") == "Bearer k"
        assert inner.last.header("Authorization") is None


def test_no_cookies_between_requests() -> None:
    def handler(seen: Seen) -> Reply:
        if seen.path == "/a":
            return Reply(b"", 302, {"Location": "/b", "Set-Cookie": "s=1"})
        return Reply((seen.header("Cookie") or "none").encode())

    with bench(handler) as web:
        assert web.run(url=web.url + "/a").outputs["body"] == "s=1"
        assert web.run(url=web.url + "/b").outputs["body"] == "none"


# -- bodies and heads that do not end ----------------------------------------------------------------------------------


async def endless(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD + b"\r\n"
    while True:
        yield b"x" * 10_000


async def drip(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD + b"\r\n"
    while True:
        await asyncio.sleep(0.05)
        yield b"x"


async def head_drip(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD
    while True:
        await asyncio.sleep(0.05)
        yield b"X"


async def silent(_: Seen | None = None) -> AsyncIterator[bytes]:
    await asyncio.sleep(60)
    yield b""


async def huge_head(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD
    for number in range(100_000):
        yield f"X-{number}: {'y' * 1000}\r\n".encode()


def test_an_endless_body_is_cut() -> None:
    with bench(endless, QUICK) as web:
        ran = web.run()
        assert ran.failure == "ResponseSizeError"
        assert "50000" in ran.error


@pytest.mark.parametrize("handler", [drip, head_drip, silent])
def test_slow_servers_end_in_time(handler: object) -> None:
    with bench(handler, QUICK) as web:  # type: ignore[arg-type]
        started = time.monotonic()
        ran = web.run()
        assert ran.failure == "HttpRequestNodeError"
        assert time.monotonic() - started < 5
        assert ran.process_data["request"]


def test_huge_heads_are_refused() -> None:
    with bench(huge_head, QUICK) as web:
        assert web.run().failure == "HttpRequestNodeError"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_answers_that_are_no_http(raw: bytes) -> None:
    with bench(lambda _: raw, QUICK) as web:
        ran = web.run()
        assert ran.failure == "HttpRequestNodeError"
        assert ran.process_data["request"]


def test_odd_heads_are_read() -> None:
    raw = HEAD + b"X-Odd: \xff\xfe\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok"
    with bench(lambda _: raw, QUICK) as web:
        ran = web.run()
        assert ran.outputs["body"] == "ok"
        assert ran.outputs["headers"]["x-odd"] == "\xff\xfe"


@pytest.mark.parametrize(
    "url", ["http://", "http://:80", "http://a b/", "http://x:99999/", "http://[::1", "http://\x00/"]
)
def test_broken_addresses(url: str) -> None:
    with bench() as web:
        assert web.run(url=url).failure in ("InvalidURLError", "HttpRequestNodeError")


def test_large_bodies_are_sent_whole() -> None:
    with bench() as web:
        data = {"type": "x-www-form-urlencoded", "data": items(("a", "x" * 2_000_000))}
        assert web.run(method="post", body=data).status == "succeeded"
        assert len(web.last.body) == 2_000_002
