"""Servers that mean harm or do not know better: the node ends in time, says why, and reaches nothing private."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.adapters.network_rules import NetworkRules
from engine.run.limits import Limits
from engine.run.variables.segments import SecretSegment
from tests.helpers.http import bench, body, items
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


@pytest.mark.parametrize(
    ("name", "more"),
    [
        (
            "X-Api-Key",
            {"authorization": {"type": "api-key", "config": {"type": "custom", "api_key": "k", "header": "X-Api-Key"}}},
        ),
        ("X-Token", {"headers": "X-Token: {{#env.token#}}"}),
        ("Cookie", {"headers": "Cookie: session=1"}),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_key_in_any_header_follows_to_another_host(name: str, more: dict[str, Any], status: int) -> None:
    def handler(seen: Seen) -> Reply:
        if seen.path == "/away":
            return Reply(b"", status, {"Location": f"http://localhost:{inner.server.port}/there"})
        return Reply(b"", status, {"Location": "/away"}) if seen.path == "/" else Reply(b"ok")

    with bench() as inner, bench(handler) as web:
        values = {"env.token": SecretSegment("s3cret")}
        ran = web.run(values, method="post", allow=("127.0.0.1", "localhost"), **more)
        assert ran.status == "succeeded", ran.error
        assert [seen.path for seen in web.server.requests] == ["/", "/away"]
        # On the same server a key goes along; cookies come from the server only.
        assert all(seen.header(name) for seen in web.server.requests[: 1 if name == "Cookie" else 2])
        assert inner.last.path == "/there"
        assert inner.last.header(name) is None
        assert "s3cret" not in str(inner.last.headers)


def test_other_headers_follow() -> None:
    with (
        bench() as inner,
        bench(lambda _: Reply(b"", 302, {"Location": f"http://localhost:{inner.server.port}/"})) as web,
    ):
        assert web.run(allow=("127.0.0.1", "localhost"), headers="X-Trace: 7").status == "succeeded"
        assert inner.last.header("X-Trace") == "7"


def test_a_redirect_body_that_does_not_end_is_not_read() -> None:
    async def moved() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n"
        while True:
            yield b"x" * 10_000

    with bench(lambda seen: moved() if seen.path == "/" else Reply(b"there"), QUICK) as web:
        assert web.run().outputs["body"] == "there"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_turns_a_post_into_a_get_without_its_body(status: int) -> None:
    with bench(lambda seen: Reply(b"", status, {"Location": "/there"}) if seen.path == "/" else Reply(b"ok")) as web:
        web.run(method="post", body=body("raw-text", "hello"))
        assert (web.last.method, web.last.body, web.last.header("Content-Length")) == ("GET", b"", None)


@pytest.mark.parametrize("location", ["http://", "http://[::1", "//", "http://x:99999/", "\x00", "javascript:alert(1)"])
def test_redirects_to_nowhere_say_so(location: str) -> None:
    raw = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with bench(lambda _: raw, QUICK) as web:
        ran = web.run()
        assert ran.status == "failed", ran.outputs
        assert ran.failure in ("HttpRequestNodeError", "InvalidURLError")
        assert ran.error


def test_a_name_that_changes_its_address_is_asked_once_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    monkeypatch.setattr(NetworkRules, "_look_up", staticmethod(look_up))
    with bench(
        lambda seen: Reply(b"", 302, {"Location": "/b", "Connection": "close"}) if seen.path == "/" else Reply()
    ) as web:
        ran = web.run(url=f"http://rebind.test:{web.server.port}/", allow=("127.0.0.1",))
        assert len(asked) == 2, "the second connection asks again, and its answer is checked again"
        assert refused(ran)
        assert "127.0.0.2" in ran.error
        assert [seen.path for seen in web.server.requests] == ["/"]


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


def packed(size: int, layers: int = 1) -> bytes:
    """So many zeros, packed so often."""
    data = b"\0" * size
    for _ in range(layers):
        data = gzip.compress(data, 9)
    return data


@pytest.mark.parametrize(("encoding", "layers"), [("gzip", 1), ("gzip, gzip", 2), ("x-gzip", 1)])
def test_a_small_packed_answer_does_not_fill_the_memory(encoding: str, layers: int) -> None:
    bomb = packed(200_000_000 if layers == 2 else 50_000_000, layers)
    assert len(bomb) < 250_000
    head = {"Content-Encoding": encoding, "Content-Type": "text/plain"}
    with bench(lambda _: Reply(bomb, 200, head), QUICK) as web:
        tracemalloc.start()
        try:
            ran = web.run()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert ran.failure == "ResponseSizeError", ran.error
        assert peak < 20_000_000


def test_a_packing_that_was_not_asked_for_is_handed_on() -> None:
    with bench(lambda _: Reply(b"abc", 200, {"Content-Encoding": "br", "Content-Type": "text/plain"})) as web:
        assert web.run().outputs["body"] == "abc"


async def drip_chunks(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        await asyncio.sleep(0.05)
        yield b"1\r\nx\r\n"


async def endless_trailers(_: Seen | None = None) -> AsyncIterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
    while True:
        yield b"X-Trailer: " + b"y" * 1000 + b"\r\n"


async def endless_early_hints(_: Seen | None = None) -> AsyncIterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.mark.parametrize("handler", [drip_chunks, endless_trailers, endless_early_hints])
def test_answers_in_pieces_without_end_are_ended(handler: object) -> None:
    with bench(handler, QUICK) as web:  # type: ignore[arg-type]
        started = time.monotonic()
        assert web.run().failure in ("HttpRequestNodeError", "ResponseSizeError")
        assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "charset", ["utf-8", "no-such-charset", "utf-16", "idna", "hex", "rot13", "zlib", "unicode_escape", ""]
)
def test_texts_in_odd_encodings_are_read_somehow(charset: str) -> None:
    """Codecs that are none of text, or that are not known, must not end the node."""
    raw = b"\xff\xfe\x00ok\xe4"
    with bench(lambda _: Reply(raw, 200, {"Content-Type": f"text/plain; charset={charset}"})) as web:
        ran = web.run()
        assert ran.status == "succeeded", ran.error
        assert isinstance(ran.outputs["body"], str)


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
