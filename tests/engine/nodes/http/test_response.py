"""What the http-request node makes of an answer: outputs, file or text, encodings, sizes, failures."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from engine.run.limits import Limits
from engine.run.variables.segments import ArrayFileSegment
from tests.helpers.http import bench
from tests.helpers.nodes import Ran
from tests.helpers.servers import Reply, Seen

SMALL = Limits.from_settings({"http_max_text_bytes": 2048, "http_max_binary_bytes": 8192})


def answered(content: bytes, kind: str | None, headers: Mapping[str, str] | None = None, **more: Any) -> Ran:
    with bench(lambda _: Reply(content, type=kind, headers=headers or {}), more.pop("limits", None)) as web:
        return web.run(**more)


def files(ran: Ran) -> list[Any]:
    segment = ran.outputs["files"]
    assert isinstance(segment, ArrayFileSegment)
    return list(segment.value)


def is_file(ran: Ran) -> bool:
    assert ran.status == "succeeded", ran.error
    assert bool(files(ran)) != bool(ran.outputs["body"])
    return bool(files(ran))


def test_outputs_of_an_answer() -> None:
    reply = Reply(b"hello", 201, [("X-Twice", "a"), ("X-Twice", "b")])
    with bench(lambda _: reply) as web:
        ran = web.run()
    assert ran.outputs["status_code"] == 201
    assert ran.outputs["body"] == "hello"
    assert files(ran) == []
    assert ran.outputs["headers"]["x-twice"] == "a, b"
    assert ran.outputs["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert ran.handle == "source"


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.101")
def test_a_status_is_a_failure_only_where_it_is_cared_for() -> None:
    with bench(lambda _: Reply(b"gone", 404)) as web:
        plain = web.run()
        assert (plain.status, plain.outputs["status_code"]) == ("succeeded", 404)
        retried = web.run(retry_config={"retry_enabled": True, "max_retries": 1, "retry_interval": 1})
        cared = web.run(error_strategy="fail-branch")
        for ran in (retried, cared, web.run(error_strategy="default-value")):
            assert ran.failure == "HTTPResponseCodeError"
            assert "404" in ran.error
            assert ran.outputs["status_code"] == 404
            assert ran.outputs["body"] == "gone"
            assert ran.process_data["request"].startswith("GET / HTTP/1.1")


@pytest.mark.spec("logic.102")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_server_errors_are_ordinary_answers(status: int) -> None:
    with bench(lambda _: Reply(b"", status)) as web:
        ran = web.run()
        assert (ran.status, ran.outputs["status_code"]) == ("succeeded", status)
        assert len(web.server.requests) == 1


@pytest.mark.spec("logic.103")
def test_redirects_are_followed() -> None:
    def handler(seen: Seen) -> Reply:
        return Reply(b"there") if seen.path == "/b" else Reply(b"", 302, {"Location": "/b"})

    with bench(handler) as web:
        ran = web.run(url=web.url + "/a")
        assert (ran.outputs["status_code"], ran.outputs["body"]) == (200, "there")


@pytest.mark.spec("logic.104")
def test_refused_connections() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with bench() as web:
        ran = web.run(url=f"http://127.0.0.1:{port}/x")
    assert ran.failure == "HttpRequestNodeError"
    assert ran.process_data["request"].startswith("GET /x HTTP/1.1")
    assert not ran.outputs


@pytest.mark.spec("logic.114")
@pytest.mark.parametrize("more", [{}, {"retry_config": None}, {"retry_config": {"retry_enabled": False}}])
def test_no_retry_without_its_setting(more: dict[str, Any]) -> None:
    with bench(lambda _: Reply(b"", 404)) as web:
        assert web.run(**more).status == "succeeded"
        assert len(web.server.requests) == 1


def test_no_client_is_said() -> None:
    from tests.helpers.nodes import run_node

    ran = run_node({"type": "http-request", "url": "http://x", "method": "get"})
    assert ran.failure == "HttpRequestNodeError"


# -- file or text ------------------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.105")
@pytest.mark.parametrize("disposition", ["attachment", "attachment; filename=x.txt", "inline; filename=a.pdf"])
def test_a_disposition_makes_a_file(disposition: str) -> None:
    ran = answered(b"words", "text/plain", {"Content-Disposition": disposition})
    assert is_file(ran)
    assert ran.outputs["body"] == ""


@pytest.mark.spec("logic.105")
def test_a_disposition_without_a_name_says_nothing() -> None:
    assert not is_file(answered(b"words", "text/plain", {"Content-Disposition": "inline"}))


@pytest.mark.spec("logic.106")
@pytest.mark.parametrize(
    ("content", "kind", "file"),
    [
        (b'{"a":1}', "application/octet-stream", False),
        (bytes(range(256)) * 8, "application/octet-stream", True),
        (b"%PDF <x>", "application/pdf", False),
        (b"%PDF-1.7 \xff\xfe", "application/pdf", True),
        (b"plain words", "application/octet-stream", True),
    ],
)
def test_application_types_by_content(content: bytes, kind: str, *, file: bool) -> None:
    assert is_file(answered(content, kind)) is file


@pytest.mark.spec("logic.107")
@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("image/png", True),
        ("application/zip", True),
        ("audio/x-nobody-knows", True),
        ("text/csv", False),
        (None, False),
        ("application/vnd.x+json", False),
        ("application/xhtml+xml", False),
        ("application/graphql", False),
        ("font/nobody-knows", False),
        ("TEXT/HTML", False),
    ],
)
def test_types(kind: str | None, *, file: bool) -> None:
    assert is_file(answered(b"\xffdata", kind)) is file


def test_facts_of_a_file() -> None:
    with bench(lambda _: Reply(b"\x89PNG\xff", type="image/png")) as web:
        ran = web.run(url=web.url + "/pics/a%20cat.png")
        (file,) = files(ran)
        assert (file.filename, file.mime_type, file.extension, file.type) == ("a cat.png", "image/png", ".png", "image")
        assert (file.size, file.transfer_method) == (5, "tool_file")
        assert web.store.contents[file.reference] == b"\x89PNG\xff"


@pytest.mark.parametrize(
    ("disposition", "kind", "name", "mime"),
    [
        ("attachment; filename=r.pdf", "application/octet-stream", "r.pdf", "application/pdf"),
        ("attachment; filename*=UTF-8''%E5%80%BC.pdf", "text/plain", "值.pdf", "application/pdf"),
        ("attachment; filename=../../etc/passwd", "text/plain", "passwd", "text/plain"),
        ("attachment", "application/zip", "file.zip", "application/zip"),
        ("attachment", None, "file.bin", "application/octet-stream"),
    ],
)
def test_names_of_files(disposition: str, kind: str | None, name: str, mime: str) -> None:
    (file,) = files(answered(b"\xff", kind, {"Content-Disposition": disposition}))
    assert (file.filename, file.mime_type) == (name, mime)


# -- encodings and sizes -----------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.108")
@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("é".encode("latin-1"), "; charset=iso-8859-1", "é"),
        ("é".encode(), "", "é"),
        ("值".encode("gb18030"), "; charset=gb18030", "值"),
        (b"a\xffb", "", "a\ufffdb"),
        ("é".encode(), "; charset=no-such-thing", "é"),
        (b"abc", "; charset=zlib", "abc"),
        (b"abc", "; charset=idna", "abc"),
        (b"YWJj", "; charset=base64", "YWJj"),
        (b"abc", '; charset="', "abc"),
    ],
)
def test_encodings(content: bytes, charset: str, text: str) -> None:
    assert answered(content, f"text/plain{charset}").outputs["body"] == text


@pytest.mark.spec("logic.109")
def test_texts_and_files_over_their_limits() -> None:
    mebibyte = 1024 * 1024
    assert answered(b"x" * mebibyte, "text/plain").status == "succeeded"
    text = answered(b"x" * (mebibyte + 1), "text/plain")
    assert text.failure == "ResponseSizeError"
    assert str(mebibyte) in text.error
    assert str(mebibyte + 1) in text.error
    assert answered(b"\xff" * 10 * mebibyte, "image/png").status == "succeeded"
    assert answered(b"\xff" * (10 * mebibyte + 1), "image/png").failure == "ResponseSizeError"


@pytest.mark.parametrize(
    ("kind", "size", "fits"), [("text/plain", 2049, False), ("image/png", 2049, True), ("image/png", 8193, False)]
)
def test_limits_are_settings(kind: str, size: int, *, fits: bool) -> None:
    ran = answered(b"x" * size, kind, limits=SMALL)
    assert (ran.status == "succeeded") is fits


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("gzip", gzip.compress(b"packed words", mtime=0)),
        ("deflate", zlib.compress(b"packed words")),
        ("deflate", zlib.compress(b"packed words", wbits=-15)),
        ("gzip, gzip", gzip.compress(gzip.compress(b"packed words", mtime=0), mtime=0)),
        ("identity", b"packed words"),
    ],
)
def test_packed_answers_are_unpacked(name: str, packed: bytes) -> None:
    assert answered(packed, "text/plain", {"Content-Encoding": name}).outputs["body"] == "packed words"


def test_a_small_packed_answer_cannot_fill_the_memory() -> None:
    bomb = gzip.compress(b"0" * 200_000_000)
    assert len(bomb) < 250_000
    ran = answered(bomb, "text/plain", {"Content-Encoding": "gzip"})
    assert ran.failure == "ResponseSizeError"


def test_damaged_packing_is_said() -> None:
    ran = answered(b"not gzip at all", "text/plain", {"Content-Encoding": "gzip"})
    assert ran.failure == "HttpRequestNodeError"
