"""OpenAPI documents as tools, called on a real server (nodes-ai spec 12.6)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.tools.openapi import load, operations, server_of
from engine.adapters.tools.setup import ApiAuth, ApiSetup
from engine.errors import UserError
from engine.ports.outside import PortError, ToolIdentity, ToolMessage
from tests.helpers.servers import Reply, Seen, Server, serving
from tests.helpers.tools import acall, of_kind

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets"},
    "paths": {
        "/pets/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "getPet",
                "summary": "One pet",
                "parameters": [
                    {"name": "fields", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    {"name": "session", "in": "cookie", "schema": {"type": "string"}},
                ],
            },
        },
        "/generate-audio": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Audio"}}},
                }
            }
        },
        "/upload": {
            "post": {
                "operationId": "upload",
                "requestBody": {
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "file": {"type": "string", "format": "binary"},
                                    "note": {"type": "string"},
                                },
                            }
                        }
                    }
                },
            }
        },
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}},
        "schemas": {
            "Audio": {
                "type": "object",
                "required": ["input"],
                "properties": {
                    "input": {"type": "string"},
                    "voice": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    "speed": {"type": ["number", "null"]},
                    "tags": {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}},
                },
            },
            "Tag": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    },
}
SWAGGER = """
swagger: "2.0"
info: {title: Old}
host: api.example.com
basePath: /v1
schemes: [https]
paths:
  /items:
    post:
      operationId: addItem
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: title, in: formData, type: string, required: true}
        - {name: count, in: formData, type: integer}
    get:
      parameters:
        - {name: q, in: query, type: string}
        - {name: ids, in: query, type: array, items: {type: integer}, collectionFormat: csv}
  /json:
    put:
      operationId: putIt
      parameters:
        - name: body
          in: body
          required: true
          schema: {type: object, properties: {a: {type: integer}}}
"""


def call(
    server: Server, tool: str, values: Mapping[str, Any], auth: ApiAuth | None = None, folder: Path | None = None
) -> list[ToolMessage]:
    setup = ApiSetup("pets", "Pets", DOCUMENT, auth or ApiAuth(), server.url)
    return asyncio.run(acall(ToolIdentity("api", "x-foreign", tool, "pets"), values, apis=[setup], folder=folder))


def answer(body: bytes = b'{"ok": true}', status: int = 200, kind: str = "application/json") -> Any:
    return lambda _: Reply(body, status, type=kind)


def test_one_tool_for_each_operation() -> None:
    found = {o.name: o for o in operations(DOCUMENT, "http://x")}
    assert list(found) == ["getPet", "generate-audio_post", "upload"]
    assert found["getPet"].label == "One pet"
    kinds = {p.name: (p.declared.type, p.declared.required, p.place) for p in found["getPet"].parameters}
    assert kinds == {
        "id": ("number", True, "path"),
        "fields": ("array", False, "query"),
        "X-Trace": ("string", False, "header"),
        "session": ("string", False, "cookie"),
    }
    audio = {p.name: p.declared for p in found["generate-audio_post"].parameters}
    assert (audio["voice"].type, audio["voice"].options, audio["voice"].default) == ("select", ("a", "b"), "a")
    assert audio["speed"].type == "number"
    assert audio["input"].required
    assert audio["tags"].schema == {
        "type": "array",
        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
    }
    assert [p.declared.type for p in found["upload"].parameters] == ["file", "string"]


def test_swagger_2_in_yaml() -> None:
    document = load(SWAGGER)
    assert server_of(document) == "https://api.example.com/v1"
    found = {o.name: o for o in operations(document)}
    assert list(found) == ["items_get", "addItem", "putIt"]
    assert (found["addItem"].body, found["putIt"].body) == ("form", "json")
    assert [(p.name, p.declared.type) for p in found["addItem"].parameters] == [
        ("title", "string"),
        ("count", "number"),
    ]
    assert [(p.name, p.explode) for p in found["items_get"].parameters] == [("q", False), ("ids", False)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "neither JSON nor YAML"),
        ("[]", "no paths"),
        ('{"paths": {}}', "no operation"),
        ("a: &x [1]\nb: *x\npaths: {}", "aliases"),
        ('{"paths": {"/a": {"get": {"parameters": [{"$ref": "other.yaml#/x"}]}}}}', "out of the document"),
        ('{"paths": {"/a": {"$ref": "#/paths/~1a"}}}', "leads to itself"),
    ],
)
def test_documents_that_cannot_be_used(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        operations(load(text), "http://x")


def test_every_place_of_a_parameter() -> None:
    with serving(answer()) as server:
        values = {"id": 7.0, "fields": ["a b", "c"], "X-Trace": "t\r\nEvil: 1", "session": "s;1"}
        messages = call(server, "getPet", values)
        seen = server.last
    assert seen.path == "/pets/7"
    assert seen.pairs == [("fields", "a b"), ("fields", "c")]
    assert seen.header("X-Trace") == "t  Evil: 1"
    assert seen.header("Evil") is None
    assert seen.header("Cookie") == "session=s%3B1"
    assert of_kind(messages, "json") == [{"ok": True}]
    assert of_kind(messages, "text") == ['{"ok": true}']


def test_a_path_cannot_be_left() -> None:
    with serving(answer()) as server:
        call(server, "getPet", {"id": "../../admin?x=1"})
        assert server.last.path == "/pets/..%2F..%2Fadmin%3Fx%3D1"


def test_bodies(tmp_path: Path) -> None:
    from engine.adapters.files import FolderFiles
    from engine.run.variables.files import File

    with serving(answer()) as server:
        call(server, "generate-audio_post", {"input": "hi", "tags": '[{"name": "x"}]', "speed": None})
        assert server.last.json == {"input": "hi", "voice": "a", "tags": [{"name": "x"}]}
        assert server.last.header("content-type") == "application/json"
        reference = FolderFiles(tmp_path).put(b"bytes", "a.bin", "application/octet-stream")
        file = File("custom", "tool_file", reference=reference, filename="a.bin", extension=".bin")
        call(server, "upload", {"file": file, "note": "n"}, folder=tmp_path)
        assert b'filename="a.bin"' in server.last.body
        assert b"bytes" in server.last.body
        assert b"\r\n\r\nn\r\n" in server.last.body
        with pytest.raises(PortError, match="Missing required parameter input"):
            call(server, "generate-audio_post", {})


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (ApiAuth("api_key_header", "X-Key", "custom", "k"), "X-Key", "k"),
        (ApiAuth("api_key_header", "Authorization", "bearer", "k"), "Authorization", "Bearer k"),
        (ApiAuth("api_key_header", "Authorization", "basic", "k"), "Authorization", "Basic k"),
        (ApiAuth("bearer", secret="k"), "Authorization", "Bearer k"),
        (ApiAuth("basic", secret="u:p"), "Authorization", f"Basic {base64.b64encode(b'u:p').decode()}"),
    ],
)
def test_who_asks(auth: ApiAuth, name: str, value: str) -> None:
    with serving(answer()) as server:
        call(server, "getPet", {"id": 1}, auth)
        assert server.last.header(name) == value
        call(server, "getPet", {"id": 1}, ApiAuth("api_key_query", "key", secret="s p"))
        assert server.last.pairs == [("key", "s p")]
    assert "k" not in repr(auth).replace("kind", "").replace("bearer", "").replace("api_key_header", "").replace(
        "X-Key", ""
    )


@pytest.mark.spec("ai.126")
def test_answers() -> None:
    def reply(request: Seen) -> Reply:
        kinds = {
            "/pets/1": Reply(b"not here", 404),
            "/pets/2": Reply(json.dumps([{"a": 1}]).encode(), type="application/json; charset=utf-8"),
            "/pets/3": Reply(b"", 200),
            "/pets/4": Reply("wörter".encode(), type="text/plain; charset=utf-8"),
            "/pets/5": Reply(b"\x89PNG", type="image/png"),
        }
        return kinds[request.path]

    with serving(reply) as server:
        with pytest.raises(PortError, match=r"^Request failed with status code 404 and not here$"):
            call(server, "getPet", {"id": 1})
        assert of_kind(call(server, "getPet", {"id": 2}), "json") == [[{"a": 1}]]
        empty = of_kind(call(server, "getPet", {"id": 3}), "text")
        assert empty == ["Empty response from the tool, please check your parameters and try again."]
        assert of_kind(call(server, "getPet", {"id": 4}), "text") == ["wörter"]
        assert of_kind(call(server, "getPet", {"id": 5}), "blob") == [b"\x89PNG"]
