"""Listening mode over real connections: one request starts one run; everything else is answered and forgotten."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from engine.errors import EnvironmentProblem, UserError
from engine.model.graph import Graph, Node
from engine.run.limits import Limits
from engine.services.webhooks import TestRequest, curl_example, listen, webhook_of
from tests.helpers.model import edge, node, tree

HOOK: dict[str, Any] = {
    "method": "POST",
    "content_type": "application/json",
    "params": [{"name": "dry", "type": "boolean"}],
    "body": [{"name": "order_id", "type": "string", "required": True}],
    "status_code": 202,
    "response_body": '{"accepted": true}',
}


class Ear:
    """A listening webhook, and what it heard."""

    def __init__(self, **data: Any) -> None:
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.turned: list[tuple[int, str]] = []
        self.files: dict[str, bytes] = {}
        limits = Limits(webhook_body_bytes=2000)
        self.open: TestRequest = listen(
            hook(**data),
            "secret-id",
            self._keep,
            limits,
            self.heard.put,
            lambda status, why: self.turned.append((status, why)),
        )
        self.url = self.open.url

    def _keep(self, content: bytes, name: str, _kind: str) -> str:
        self.files[name] = content
        return name


def hook(**data: Any) -> Node:
    config = node("hook", "trigger-webhook", **{**HOOK, **data})
    return Graph.from_config({"nodes": [config], "edges": []}).node("hook")


@pytest.fixture
def ear() -> Iterator[Callable[..., Ear]]:
    made: list[Ear] = []

    def make(**data: Any) -> Ear:
        made.append(Ear(**data))
        return made[-1]

    yield make
    for each in made:
        each.open.close()


@pytest.mark.spec("logic.193", "logic.195")
def test_the_first_fitting_request_is_answered_and_ends_the_listening(ear: Callable[..., Ear]) -> None:
    here = ear()
    refused = httpx.post(here.url, json={"order": 1})
    assert (refused.status_code, refused.json()["error"]) == (400, "Bad Request")
    assert httpx.get(here.url).status_code == 400
    assert httpx.post(here.url.replace("secret-id", "guess"), json={}).status_code == 404
    assert [status for status, _ in here.turned] == [400, 400]
    answer = httpx.post(here.url + "?dry=yes", json={"order_id": "7"}, headers={b"X-Shop": "é".encode()})
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    data = here.heard.get(timeout=5)["webhook_data"]
    assert (data["method"], data["query_params"], data["body"]) == ("POST", {"dry": True}, {"order_id": "7"})
    assert data["headers"]["X-Shop"] == "é"
    here.open.close()
    with pytest.raises(httpx.ConnectError):
        httpx.post(here.url, json={"order_id": "8"})
    assert here.heard.empty()


@pytest.mark.spec("logic.197")
def test_a_large_body_is_refused_before_it_is_read(ear: Callable[..., Ear]) -> None:
    here = ear()
    assert httpx.post(here.url, json={"order_id": "x" * 3000}).status_code == 413
    with _connected(here) as client:
        client.sendall(_head(here, b"Content-Length: 999999999"))
        assert b" 413 " in client.recv(4096)

    def endless() -> Iterator[bytes]:
        yield from (b"x" * 500 for _ in range(40))

    with httpx.Client() as client_:
        try:
            assert client_.post(here.url, content=endless()).status_code == 413
        except httpx.WriteError:
            pass  # the server hung up on a body that went on
    assert here.heard.empty()


def test_head_requests_get_no_body(ear: Callable[..., Ear]) -> None:
    here = ear(method="head", body=[])
    answer = httpx.head(here.url)
    assert (answer.status_code, answer.content) == (202, b"")
    assert here.heard.get(timeout=5)["webhook_data"]["method"] == "HEAD"


def test_uploads_become_files_of_the_workspace(ear: Callable[..., Ear]) -> None:
    here = ear(content_type="multipart/form-data", body=[{"name": "doc", "type": "file"}, {"name": "n"}])
    content = bytes(range(256)) * 4
    httpx.post(here.url, data={"n": "1"}, files={"doc": ("a.pdf", content, "application/pdf")})
    data = here.heard.get(timeout=5)["webhook_data"]
    assert here.files == {"a.pdf": content}
    assert data["files"]["doc"]["type"] == "document"
    assert data["body"] == {"n": "1"}


def _connected(here: Ear) -> socket.socket:
    parts = urlsplit(here.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def _head(here: Ear, *lines: bytes, host: bytes = b"127.0.0.1") -> bytes:
    path = urlsplit(here.url).path.encode()
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: " + host, *lines, b"", b""])


@pytest.mark.parametrize(
    "rubbish", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000]
)
def test_what_is_not_http_is_cut_off(ear: Callable[..., Ear], rubbish: bytes) -> None:
    here = ear()
    with _connected(here) as client:
        try:
            client.sendall(rubbish)
            client.recv(4096)
        except ConnectionError:
            pass
    assert httpx.post(here.url, json={"order_id": "7"}).status_code == 202


def test_web_pages_of_other_names_are_not_served(ear: Callable[..., Ear]) -> None:
    here = ear()
    with _connected(here) as client:
        client.sendall(_head(here, b"Content-Length: 2", host=b"evil.example") + b"{}")
        assert b" 403 " in client.recv(4096)


def test_who_waits_does_not_keep_it_from_ending(ear: Callable[..., Ear]) -> None:
    here = ear()
    with _connected(here) as client:
        client.sendall(_head(here, b"Content-Length: 2", b"Expect: 100-continue"))
        assert b" 100 " in client.recv(4096)
        here.open.close()
        assert client.recv(10) == b""


def test_a_taken_port_is_said(ear: Callable[..., Ear]) -> None:
    here = ear()
    port = urlsplit(here.url).port or 0
    with pytest.raises(EnvironmentProblem, match=str(port)):
        listen(hook(), "id", lambda *_: "", Limits(), lambda _: None, lambda *_: None, port=port)


def test_which_webhook_is_meant() -> None:
    two = Graph.from_config(
        {"nodes": [node("a", "trigger-webhook"), node("b", "trigger-webhook"), node("c", "code")], "edges": []}
    )
    assert webhook_of(two, "b").id == "b"
    with pytest.raises(UserError, match="several"):
        webhook_of(two)
    with pytest.raises(UserError, match="no webhook"):
        webhook_of(two, "c")
    with pytest.raises(UserError, match="no webhook"):
        webhook_of(Graph.from_config({"nodes": [node("c", "code")], "edges": []}))
    with pytest.raises(UserError, match="not valid"):
        listen(hook(method="fetch"), "id", lambda *_: "", Limits(), lambda _: None, lambda *_: None)


def test_the_example_for_the_command_line_fits() -> None:
    words = curl_example(hook(headers=[{"name": "X-A"}]), "http://127.0.0.1:1/x")
    assert words == (
        "curl -X POST -H 'X-A: text' -H 'Content-Type: application/json' "
        """-d '{"order_id": "text"}' 'http://127.0.0.1:1/x?dry=true'"""
    )


# -- the command line --------------------------------------------------------------------------------------------------


def _file(folder: Path) -> Path:
    end = {"variable": "id", "value_selector": ["hook", "order_id"]}
    raw = {"variable": "raw", "value_selector": ["hook", "_webhook_raw"]}
    nodes = [node("hook", "trigger-webhook", **HOOK), node("end", "end", outputs=[end, raw])]
    path = folder / "hook.yml"
    path.write_text(yaml.safe_dump(tree(nodes, [])), "utf-8")
    data = yaml.safe_load(path.read_text("utf-8"))
    data["workflow"]["graph"]["edges"] = [edge("hook", "end")]
    path.write_text(yaml.safe_dump(data), "utf-8")
    return path


def _command(path: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PENSTOCK_DATA": str(path.parent / "data")}
    return subprocess.Popen(
        [sys.executable, "-m", "engine", "listen", str(path), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip().startswith("http://"):
            return line.strip()
    raise AssertionError("it did not listen")


def test_a_request_runs_the_workflow(tmp_path: Path) -> None:
    process = _command(_file(tmp_path), "--record")
    url = _url(process)
    assert httpx.post(url, json={}).status_code == 400
    sent = {"order_id": "é7", "type": "image", "transfer_method": "local_file"}
    assert httpx.post(url + "?a=1", json=sent).status_code == 202
    out, err = process.communicate(timeout=30)
    summary = json.loads(out)
    assert (process.returncode, summary["status"]) == (0, "succeeded")
    assert summary["outputs"]["id"] == "é7"
    assert summary["outputs"]["raw"]["body"] == sent
    assert summary["outputs"]["raw"]["query_params"] == {"a": "1"}
    assert "refused with 400" in err


def test_nothing_came_and_ctrl_c(tmp_path: Path) -> None:
    path = _file(tmp_path)
    process = _command(path, "--wait", "0.2")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "No request came" in err
    process = _command(path)
    _url(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
