"""What the http-request node sends: address, query, headers, keys, bodies, and what its log shows of them."""

from __future__ import annotations

import email
import email.policy
from typing import Any

import pytest

from engine.run.variables.segments import SecretSegment
from tests.helpers.http import Bench, bench, body, items
from tests.helpers.nodes import make_file, make_node
from tests.helpers.servers import Seen


def key(kind: str, value: str, header: str = "") -> dict[str, Any]:
    return {"type": "api-key", "config": {"type": kind, "api_key": value, "header": header}}


def parts(seen: Seen) -> list[Any]:
    """The parts of a multipart body."""
    head = f"Content-Type: {seen.header('content-type')}\r\n\r\n".encode()
    message = email.message_from_bytes(head + seen.body, policy=email.policy.default)
    return list(message.iter_parts())


def name(part: Any) -> str:
    return str(part.get_param("name", header="content-disposition"))


# -- address and query -------------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.81")
@pytest.mark.parametrize("url", ["", "  ", "ftp://x", "HTTP://x", "x", "file:///etc/passwd"])
def test_addresses_that_are_refused(url: str) -> None:
    with bench() as web:
        ran = web.run(url=url)
        assert ran.failure == "InvalidURLError"
        assert not ran.process_data
        assert not web.server.requests


@pytest.mark.spec("logic.82")
def test_unresolved_reference_stays_in_the_path() -> None:
    with bench() as web:
        assert web.run(url=web.url + "/{{#n.zz#}}").status == "succeeded"
        assert web.last.target == "/n.zz"


@pytest.mark.spec("logic.83")
def test_params_in_order_with_repetitions() -> None:
    with bench() as web:
        web.run(params="a:1\na:2\nb:x:y\n\nnoval\n:z")
        assert web.last.query == "a=1&a=2&b=x%3Ay&noval="


def test_params_values_may_have_line_breaks() -> None:
    with bench() as web:
        web.run({"n.t": "one\ntwo:three"}, params="q:{{#n.t#}}")
        assert web.last.pairs == [("q", "one\ntwo:three")]


@pytest.mark.spec("logic.84")
def test_params_replace_the_query_of_the_address() -> None:
    with bench() as web:
        web.run(url=web.url + "/p?z=9", params="a:1")
        assert web.last.target == "/p?a=1"
        web.run(url=web.url + "/p?z=9", params="")
        assert web.last.target == "/p?z=9"


# -- headers and keys --------------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.85")
def test_headers_by_line() -> None:
    with bench() as web:
        web.run(headers="X-A: 1\nX-B\nX-C:a:b\n:nothing\nX-A:2")
        assert web.last.all("X-A") == ["2"]
        assert web.last.header("X-B") == ""
        assert web.last.header("X-C") == "a:b"


@pytest.mark.spec("logic.86")
@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_a_value_adds_no_header(breaks: str) -> None:
    with bench() as web:
        ran = web.run({"n.v": f"a{breaks}X-Inj: 1"}, headers="X-A: {{#n.v#}}")
        assert ran.status == "succeeded"
        assert web.last.header("X-A") == "aX-Inj: 1"
        assert web.last.header("X-Inj") is None


def test_a_whole_header_line_may_come_from_a_variable() -> None:
    with bench() as web:
        web.run({"n.v": "X-A: from the variable"}, headers="{{#n.v#}}")
        assert web.last.header("X-A") == "from the variable"


def test_header_text_beyond_ascii_is_sent() -> None:
    with bench() as web:
        assert web.run(headers="X-A: é\nX-B: 值").status == "succeeded"
        assert web.last.header("X-A") == "é"
        assert web.last.header("X-B") == "值".encode().decode("latin-1")


@pytest.mark.spec("logic.87")
def test_bearer_key_is_sent_and_hidden() -> None:
    with bench() as web:
        ran = web.run(authorization=key("bearer", "k"))
        assert web.last.header("Authorization") == "Bearer k"
        assert f"Authorization: {'*' * len('Bearer k')}\r\n" in ran.process_data["request"]
        assert "Bearer" not in ran.process_data["request"]


@pytest.mark.spec("logic.88")
@pytest.mark.parametrize(
    ("kind", "value", "header", "sent"),
    [
        ("basic", "u:p", "", ("Authorization", "Basic dTpw")),
        ("basic", "abc", "", ("Authorization", "Basic abc")),
        ("custom", "k", "X-K", ("X-K", "k")),
        ("custom", "k", "", ("Authorization", "k")),
    ],
)
def test_kinds_of_keys(kind: str, value: str, header: str, sent: tuple[str, str]) -> None:
    with bench() as web:
        ran = web.run(authorization=key(kind, value, header))
        assert web.last.header(sent[0]) == sent[1]
        assert f"{sent[0]}: {'*' * len(sent[1])}" in ran.process_data["request"]


def test_the_key_replaces_a_header_in_any_case() -> None:
    with bench() as web:
        web.run(headers="authorization: old", authorization=key("bearer", "new"))
        assert web.last.all("Authorization") == ["Bearer new"]


@pytest.mark.spec("logic.89")
def test_an_empty_key_fails_before_the_request() -> None:
    with bench() as web:
        ran = web.run({"n.k": "  "}, authorization=key("bearer", "{{#n.k#}}"))
        assert ran.failure == "AuthorizationConfigError"
        assert not ran.process_data
        assert not web.server.requests
        assert web.run(authorization={"type": "api-key", "config": None}).invalid


@pytest.mark.spec("logic.90")
def test_no_auth_ignores_its_settings() -> None:
    with bench() as web:
        ran = web.run(authorization={"type": "no-auth", "config": {"type": "strange", "api_key": "k"}})
        assert ran.status == "succeeded"
        assert web.last.header("Authorization") is None


@pytest.mark.spec("logic.112")
def test_missing_headers_are_empty_ones() -> None:
    with bench() as web:
        assert web.run(headers=None, params=None, body=None, authorization=None).status == "succeeded"


# -- bodies ------------------------------------------------------------------------------------------------------------


def sent_json(web: Bench, text: str, values: dict[str, Any] | None = None, **more: Any) -> Any:
    ran = web.run(values, method="post", body=body("json", text), **more)
    assert ran.status == "succeeded", ran.error
    return web.last.json


@pytest.mark.spec("logic.91")
def test_json_is_repaired_and_compact() -> None:
    with bench() as web:
        sent_json(web, '{"a": hello world, b: "x",}')
        assert web.last.body == b'{"a":"hello world","b":"x"}'
        assert web.last.header("Content-Type") == "application/json"


@pytest.mark.spec("logic.92")
def test_json_takes_values_without_quotes() -> None:
    with bench() as web:
        values = {"n.o": {"k": [1, "é"]}, "n.l": ["a", "b"], "n.z": None, "n.t": True, "n.n": [1, 2.5]}
        text = '{"o": {{#n.o#}}, "l": {{#n.l#}}, "z": {{#n.z#}}, "t": {{#n.t#}}, "n": {{#n.n#}}}'
        assert sent_json(web, text, values) == {
            "o": {"k": [1, "é"]},
            "l": ["a", "b"],
            "z": "",
            "t": True,
            "n": [1, 2.5],
        }


@pytest.mark.parametrize(
    "value", ['he said "hi", twice', "two\nlines", "C:\\new", 'x", "admin": "true', '{"k": "v"}', "\\"]
)
def test_json_texts_survive_any_value(value: str) -> None:
    with bench() as web:
        assert sent_json(web, '{"a": "<{{#n.v#}}>", "b": 1}', {"n.v": value}) == {"a": f"<{value}>", "b": 1}


def test_json_texts_as_upstream_when_strict() -> None:
    with bench() as web:
        found = sent_json(web, '{"a": "{{#n.v#}}"}', {"n.v": 'say \\"hi\\"'}, facts={"strict_upstream": True})
        assert found == {"a": 'say "hi"'}


@pytest.mark.spec("logic.93")
@pytest.mark.parametrize("values", [("",), ("hello",), ('{"a": 1}', '{"b": 2}'), ()])
def test_json_that_cannot_be_sent(values: tuple[str, ...]) -> None:
    with bench() as web:
        ran = web.run(method="post", body=body("json", *values))
        assert ran.failure == "RequestBodyError"
        assert not ran.process_data
        assert not web.server.requests


def test_json_of_endless_depth_is_an_error() -> None:
    with bench() as web:
        assert web.run(method="post", body=body("json", "[" * 100_000)).failure == "RequestBodyError"


@pytest.mark.spec("logic.94")
def test_older_bodies_of_one_text() -> None:
    with bench() as web:
        web.run(method="post", body={"type": "json", "data": '{"a":1}'})
        assert web.last.json == {"a": 1}
        assert web.run(method="post", body={"type": "none", "data": ""}).status == "succeeded"
        assert web.last.body == b""
        assert web.last.header("Content-Length") == "0"


@pytest.mark.spec("logic.95")
def test_older_forms_are_read_by_line() -> None:
    node = make_node(
        {"type": "http-request", "url": "http://x", "body": {"type": "form-data", "data": "a:http://h\nb:2"}}
    )
    assert [(item.key, item.value) for item in node.config.body.data] == [("a", "http://h"), ("b", "2")]


@pytest.mark.spec("logic.96")
def test_urlencoded_forms() -> None:
    with bench() as web:
        data = {"type": "x-www-form-urlencoded", "data": items(("a b", "1"), ("a b", "{{#n.v#}}"), ("c", "é&"))}
        web.run({"n.v": 3}, method="post", body=data)
        assert web.last.body == b"a+b=3&c=%C3%A9%26"
        assert web.last.header("Content-Type") == "application/x-www-form-urlencoded"
        web.run(method="post", body=data, headers="content-type: text/odd")
        assert web.last.all("Content-Type") == ["text/odd"]


@pytest.mark.spec("logic.97")
def test_multipart_of_texts_only() -> None:
    with bench() as web:
        data = {"type": "form-data", "data": items(("a", "1"), ("a", "2"), ("b", "é"))}
        ran = web.run(method="post", body=data, headers="Content-Type: text/odd\nX-A: 1")
        assert web.last.all("Content-Type")[0].startswith("multipart/form-data; boundary=")
        assert {name(p): p.get_payload(decode=True).decode() for p in parts(web.last)} == {
            "a": "2",
            "b": "é",
            "__multipart_placeholder__": "",
        }
        assert "__multipart_placeholder__" not in ran.process_data["request"]
        assert "text/odd" not in ran.process_data["request"]


@pytest.mark.spec("logic.98")
def test_multipart_with_files() -> None:
    with bench() as web:
        web.store.contents |= {"r1": b"one", "r2": b"two"}
        files = [
            make_file("a.txt", mime_type="text/plain", reference="r1"),
            make_file("b.bin", reference="r2"),
        ]
        gone = make_file("gone.txt", reference="nowhere")
        data = {
            "type": "form-data",
            "data": [
                {"key": "up", "type": "file", "file": ["n", "files"], "value": ""},
                {"key": "no", "type": "file", "file": ["n", "text"], "value": ""},
                {"key": "none", "type": "file", "file": ["n", "missing"], "value": ""},
                {"key": "gone", "type": "file", "file": ["n", "gone"], "value": ""},
                {"key": "t", "type": "text", "value": "x"},
            ],
        }
        ran = web.run({"n.files": files, "n.text": "words", "n.gone": gone}, method="post", body=data)
        assert ran.status == "succeeded", ran.error
        got = [(name(p), p.get_filename(), p.get_content_type(), p.get_payload(decode=True)) for p in parts(web.last)]
        assert [g for g in got if g[1]] == [
            ("up", "a.txt", "text/plain", b"one"),
            ("up", "b.bin", "application/octet-stream", b"two"),
        ]
        assert len(got) == 3
        log = ran.process_data["request"]
        assert "a.txt" in log
        assert "text/plain" in log
        assert "3 bytes" in log


def test_a_remote_file_is_fetched_and_sent() -> None:
    from tests.helpers.servers import Reply

    with bench(lambda seen: Reply(b"far away" if seen.path == "/far.txt" else b"ok")) as web:
        data = {"type": "binary", "data": [{"type": "file", "file": ["n", "f"]}]}
        ran = web.run({"n.f": make_file("far.txt", url=f"{web.url}/far.txt")}, method="put", body=data)
        assert ran.status == "succeeded", ran.error
        assert (web.last.method, web.last.body) == ("PUT", b"far away")


@pytest.mark.spec("logic.99")
def test_binary_bodies() -> None:
    with bench() as web:
        web.store.contents["r1"] = b"\x00\xff"
        file = make_file("a.bin", reference="r1")
        data = {"type": "binary", "data": [{"type": "file", "file": ["n", "f"]}]}
        ran = web.run({"n.f": file}, method="post", body=data)
        assert web.last.body == b"\x00\xff"
        assert web.last.header("Content-Type") is None
        assert "2 bytes" in ran.process_data["request"]
        assert web.run({"n.f": [file]}, method="post", body=data).failure == "FileFetchError"
        assert web.run({"n.f": "text"}, method="post", body=data).failure == "FileFetchError"
        assert web.run(method="post", body=data).failure == "FileFetchError"


@pytest.mark.spec("logic.100")
def test_raw_text() -> None:
    with bench() as web:
        ran = web.run({"n.v": "é"}, method="post", body=body("raw-text", "hi {{#n.v#}}"))
        assert web.last.body == "hi é".encode()
        assert web.last.header("Content-Type") == "text/plain"
        assert "Content-Length: 4\r\n" in ran.process_data["request"]


# -- methods, time-outs and the log ------------------------------------------------------------------------------------


@pytest.mark.spec("logic.110")
@pytest.mark.parametrize("method", ["get", "POST", "put", "PATCH", "delete", "HEAD", "OPTIONS", "options"])
def test_methods(method: str) -> None:
    with bench() as web:
        assert web.run(method=method).status == "succeeded"
        assert web.last.method == method.upper()


@pytest.mark.spec("logic.110")
@pytest.mark.parametrize("method", ["Get", "trace", ""])
def test_methods_that_do_not_load(method: str) -> None:
    with bench() as web:
        assert web.run(method=method).invalid


@pytest.mark.spec("logic.111")
def test_time_outs_of_nothing_are_the_settings() -> None:
    from engine.nodes.http_request.body import BodyDraft
    from engine.nodes.http_request.draft import Draft, Words
    from engine.run.limits import Limits

    def request(**timeout: Any) -> Any:
        node = make_node({"type": "http-request", "url": "http://x", "timeout": timeout})
        draft = Draft("GET", Words("http://x", ""), {}, [], BodyDraft())
        return draft.request(node.config, Limits(), lambda _headers, _head: 1)

    empty = request(connect=0, read=None, max_read_timeout=0)
    assert (empty.connect_timeout, empty.read_timeout, empty.write_timeout) == (10, 600, 600)
    own = request(connect=2, read=900, write=3)
    assert (own.connect_timeout, own.read_timeout, own.write_timeout) == (2, 600, 3)


@pytest.mark.spec("logic.111")
def test_head_has_no_body() -> None:
    with bench() as web:
        ran = web.run(method="head")
        assert ran.outputs["body"] == ""
        assert ran.outputs["headers"]["content-length"] == "2"


@pytest.mark.spec("logic.113")
def test_secrets_are_hidden_in_the_log() -> None:
    with bench() as web:
        values = {"env.long": SecretSegment("abcdefghij"), "env.short": SecretSegment("12345678")}
        ran = web.run(
            values,
            method="post",
            url=web.url + "/{{#env.long#}}",
            params="k:{{#env.short#}}",
            headers="X-A: v {{#env.long#}}",
            body=body("raw-text", "{{#env.long#}}"),
        )
        assert web.last.target == "/abcdefghij?k=12345678"
        assert web.last.header("X-A") == "v abcdefghij"
        log = ran.process_data["request"]
        assert f"/abcdef{'*' * 12}ij?k={'*' * 20} HTTP/1.1" in log
        assert "abcdefghij" not in log
        assert "12345678" not in log


def test_the_log_reads_like_http() -> None:
    with bench() as web:
        ran = web.run(
            {"n.o": {"k": 1}, "n.l": ["a"]},
            method="post",
            url=web.url + "/p",
            params="a:1",
            headers="X-A: 1",
            body=body("json", '{"o": {{#n.o#}}, "l": {{#n.l#}},}'),
        )
        shown = '{"o": {\n  "k": 1\n}, "l": [\'a\'],}'
        assert ran.process_data["request"] == (
            f"POST /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:{web.server.port}\r\nX-A: 1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(shown)}\r\n\r\n{shown}"
        )
        assert ran.inputs == {}


def test_single_step_asks_for_references_but_not_the_key() -> None:
    node = make_node(
        {
            "type": "http-request",
            "url": "http://x/{{#a.url#}}",
            "headers": "X: {{#a.head#}}",
            "params": "q:{{#a.par#}}",
            "authorization": key("bearer", "{{#env.key#}}"),
            "body": {
                "type": "form-data",
                "data": [*items(("{{#a.k#}}", "{{#a.v#}}")), {"type": "file", "key": "f", "file": ["a", "f"]}],
            },
        },
        "4001",
    )
    names = ("url", "head", "par", "k", "v", "f")
    assert node.variable_mapping() == {f"4001.#a.{n}#": ("a", n) for n in names}
