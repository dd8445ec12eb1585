"""What a webhook makes of a request, without a server: checks in their order, conversion, the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.nodes.triggers import WebhookConfig
from engine.run.limits import Limits
from engine.server.webhook_request import Refused, Request, accept, success

FORM = "application/x-www-form-urlencoded"


def kept(content: bytes, filename: str, mime_type: str) -> Mapping[str, Any]:
    return {"name": filename, "size": len(content), "mime": mime_type, "content": content}


def config(**data: Any) -> WebhookConfig:
    return WebhookConfig.model_validate({"type": "trigger-webhook", "method": "POST", **data})


def send(
    settings: WebhookConfig,
    body: Any = b"",
    *,
    query: str = "",
    method: str = "POST",
    kind: str | None = "application/json",
    **headers: str,
) -> dict[str, Any]:
    """The `webhook_data` of a request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if kind is not None:
        sent.append(("Content-Type", kind))
    data: dict[str, Any] = accept(settings, Request(method, f"/x?{query}", sent, content), kept)["webhook_data"]
    return data


def refusal(settings: WebhookConfig, body: Any = b"", **more: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        send(settings, body, **more)
    answer = caught.value.answer()
    assert answer.content["message"] == str(caught.value)
    return answer.status, str(caught.value)


@pytest.mark.spec("logic.192")
def test_json_values_must_have_their_type() -> None:
    settings = config(body=[{"name": "n", "type": "number"}])
    assert send(settings, {"n": 1.5})["body"] == {"n": 1.5}
    for wrong in ("1", True, None, [1]):
        assert refusal(settings, {"n": wrong})[0] == 400


@pytest.mark.spec("logic.192")
@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("string", "a", 1),
        ("boolean", False, "false"),
        ("object", {"a": [1]}, [1]),
        ("array[string]", ["a"], ["a", 1]),
        ("array[number]", [1, 2.5], [1, True]),
        ("array[boolean]", [True], [1]),
        ("array[object]", [{}], [{}, 1]),
    ],
)
def test_every_json_type(kind: str, right: Any, wrong: Any) -> None:
    settings = config(body=[{"name": "v", "type": kind}])
    assert send(settings, {"v": right})["body"] == {"v": right}
    status, message = refusal(settings, {"v": wrong})
    assert (status, kind in message) == (400, True)


@pytest.mark.spec("logic.192")
def test_form_values_are_converted() -> None:
    body = [{"name": "n", "type": "number"}, {"name": "b", "type": "boolean"}, {"name": "s"}]
    settings = config(content_type=FORM, body=body)
    sent = send(settings, b"n=1&b=Yes&s=01&more=2", kind=FORM)["body"]
    assert sent == {"n": 1, "b": True, "s": "01", "more": "2"}
    assert isinstance(sent["n"], int)
    assert send(settings, b"n=1.5", kind=FORM)["body"] == {"n": 1.5}
    assert send(settings, b"b=0", kind=FORM)["body"] == {"b": False}
    for wrong in (b"b=maybe", b"n=", b"n=one", b"n=nan", b"n=inf"):
        assert refusal(settings, wrong, kind=FORM)[0] == 400
    assert refusal(config(content_type=FORM, body=[{"name": "o", "type": "object"}]), b"o={}", kind=FORM)[0] == 400


@pytest.mark.spec("logic.193")
def test_what_is_missing_or_wrong() -> None:
    settings = config(
        headers=[{"name": "X-Key", "required": True}],
        params=[{"name": "p", "type": "number", "required": True}],
        body=[{"name": "f", "type": "string", "required": True}],
    )
    good: dict[str, Any] = {"query": "p=2", "x_key": "k"}
    data = send(settings, {"f": ""}, **good)
    assert (data["query_params"], data["body"]) == ({"p": 2}, {"f": ""})
    assert "header X-Key" in refusal(settings, {"f": ""}, query="p=2")[1]
    assert "parameter p" in refusal(settings, {"f": ""}, x_key="k")[1]
    assert "field f" in refusal(settings, {}, **good)[1]
    assert "field f" in refusal(settings, [1], **good)[1]
    assert "POST" in refusal(settings, {"f": ""}, method="GET", **good)[1]
    assert "application/json" in refusal(settings, b"f=1", kind=FORM, **good)[1]
    assert refusal(settings, {"f": ""}, query="p=x", x_key="k")[0] == 400
    for broken in (b"{", b"\xff", b'{"f": NaN}', b"[" * 100_000):
        status, message = refusal(settings, broken, **good)
        assert (status, "JSON" in message) == (400, True)


@pytest.mark.spec("logic.193")
def test_without_a_content_type_it_is_json() -> None:
    settings = config(body=[{"name": "a"}])
    assert send(settings, {"a": "x"}, kind=None)["body"] == {"a": "x"}
    assert send(settings, b"", kind=None)["body"] == {}
    assert send(settings, {"a": "x"}, kind="Application/JSON; charset=utf-8")["body"] == {"a": "x"}


@pytest.mark.spec("logic.194")
def test_plain_text_and_bytes() -> None:
    text = config(content_type="text/plain", body=[{"name": "a", "required": True}])
    assert send(text, "grüß".encode(), kind="text/plain")["body"] == {"raw": "grüß"}
    assert send(text, "grüß".encode("latin-1"), kind="text/plain; charset=latin-1")["body"] == {"raw": "grüß"}
    assert send(text, b"x", kind="text/plain; charset=nonsense")["body"] == {"raw": "x"}
    assert refusal(text, b"", kind="text/plain")[0] == 400
    octets = config(content_type="application/octet-stream", body=[{"name": "a", "type": "file", "required": True}])
    raw = send(octets, b"\x00\x01", kind="application/octet-stream")["body"]["raw"]
    assert raw["content"] == b"\x00\x01"
    assert refusal(octets, b"", kind="application/octet-stream")[0] == 400


def multipart(*parts: tuple[str, bytes], boundary: str = "xyz") -> bytes:
    lines = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def test_a_form_with_files() -> None:
    settings = config(
        content_type="multipart/form-data",
        body=[{"name": "n", "type": "number"}, {"name": "photo", "type": "file", "required": True}],
    )
    kind = "multipart/form-data; boundary=xyz"
    picture = b"\r\n--xy\r\n\x89PNG\r\n\r\n"
    body = multipart(
        ('Content-Disposition: form-data; name="n"', b"3"),
        ('Content-Disposition: form-data; name="photo"; filename="../\u5716.png"\r\nContent-Type: image/png', picture),
    )
    data = send(settings, body, kind=kind)
    assert data["body"] == {"n": 3}
    assert data["files"]["photo"] == {"name": "圖.png", "size": len(picture), "mime": "image/png", "content": picture}
    # A required file is not asked for.
    assert send(settings, multipart(('content-disposition: form-data; name="n"', b"1")), kind=kind)["files"] == {}


@pytest.mark.parametrize(
    "body", [b"--xyz\r\nno end", b"rubbish", multipart(("X: y", b"1")), b"--xyz\r\nA: b\r\n--xyz--", b"--xyzz--"]
)
def test_forms_that_are_none(body: bytes) -> None:
    settings = config(content_type="multipart/form-data")
    assert refusal(settings, body, kind="multipart/form-data; boundary=xyz")[0] == 400
    assert refusal(settings, body, kind="multipart/form-data")[0] == 400


def test_what_is_not_declared_stays_as_it_came() -> None:
    settings = config(params=[{"name": "p", "type": "boolean"}])
    data = send(settings, {"a": [1, None]}, query="p=no&q=1&q=2&e=", X_Many="1")
    assert data["query_params"] == {"p": False, "q": "1", "e": ""}
    assert data["body"] == {"a": [1, None]}
    twice = Request("POST", "/", [("X-A", "1"), ("x-a", "2")], b"")
    assert accept(settings, twice, kept)["webhook_headers"] == {"X-A": "1, 2"}


@pytest.mark.spec("logic.197")
def test_a_body_over_the_limit() -> None:
    limits = Limits()
    assert limits.webhook_body_bytes == 10 * 1024 * 1024
    settings = config(content_type="text/plain")
    request = Request("POST", "/", [("Content-Type", "text/plain")], b"x" * (limits.webhook_body_bytes + 1))
    with pytest.raises(Refused) as caught:
        accept(settings, request, kept)
    assert caught.value.status == 413
    accept(settings, Request("POST", "/", request.headers, request.body[1:]), kept)


@pytest.mark.spec("logic.195")
@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{"a":1}', {"a": 1}),
        (" [1, 2] ", [1, 2]),
        ("hello", {"message": "hello"}),
        ("{bad", {"message": "{bad"}),
        ("12", {"message": "12"}),
    ],
)
def test_the_answer(text: str, content: Any) -> None:
    answer = success(config(response_body=text, status_code=202))
    assert (answer.status, json.loads(answer.body)) == (202, content)


@pytest.mark.spec("logic.195")
def test_the_stock_answer_and_answers_without_a_body() -> None:
    stock = success(config())
    assert (stock.status, stock.content["status"]) == (200, "success")
    assert isinstance(stock.content["message"], str)
    assert success(config(method="head", response_body="x")).body == b""
    assert success(config(status_code=204, response_body="x")).body == b""
    assert success(config(status_code=7)).status == 200
