"""Listening mode: one test request for one webhook of a draft (nodes-logic spec 13.3, editor-ux R1)."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from engine.errors import NodePlace, UserError
from engine.model.graph import Graph, Node
from engine.model.types import get_path
from engine.run.limits import Limits

WEBHOOK = "trigger-webhook"
TEST_PATH = "/triggers/webhook-debug/"
Heard = Callable[[dict[str, Any]], None]
Turned = Callable[[int, str], None]
KeepBytes = Callable[[bytes, str, str], str]


@dataclass
class TestRequest:
    """An open ear. `url` is where the request must go; `close` ends the waiting."""

    __test__ = False

    url: str
    close: Callable[[], None] = field(repr=False)


def webhook_nodes(graph: Graph) -> list[Node]:
    """The webhooks of a workflow."""
    return [node for node in graph.nodes.values() if node.type == WEBHOOK and not node.is_note]


def webhook_of(graph: Graph, node_id: str = "") -> Node:
    """The webhook that is meant: the named one, or the only one. Raises UserError."""
    found = webhook_nodes(graph)
    if node_id:
        named = next((node for node in found if node.id == node_id), None)
        if named is None:
            graph.node(node_id)
            raise UserError("This node is no webhook.", code="listen.no_webhook", where=NodePlace(node_id))
        return named
    if not found:
        raise UserError("The workflow has no webhook to listen for.", code="listen.no_webhook")
    if len(found) > 1:
        names = ", ".join(f"{node.id} ({node.title or node.type})" for node in found)
        raise UserError(f"The workflow has several webhooks: {names}.", hint="Name one.", code="listen.which")
    return found[0]


def listen(
    node: Node, test_id: str, keep: KeepBytes, limits: Limits, heard: Heard, turned: Turned, *, port: int = 0
) -> TestRequest:
    """Wait on this machine for one request that fits the webhook; `heard` gets the inputs of the run, `turned` status
    and reason of a request that does not fit. Both are called on another thread.

    Raises UserError for settings of the node that are wrong, EnvironmentProblem for a port that is taken.
    """
    from engine.nodes.triggers import WebhookConfig
    from engine.server.listener import Listener
    from engine.server.webhook_request import Answer, Refused, Request, accept, success

    config = _config(node, WebhookConfig)
    path = TEST_PATH + test_id
    taken = False

    def respond(request: Request) -> Answer:
        nonlocal taken
        if request.target.partition("?")[0] != path:
            raise Refused("There is no webhook at this address.", 404)
        if taken:
            raise Refused("The test request has come already; listen again for another one.", 409)
        try:
            inputs = accept(config, request, _file_keeper(keep), limits)
        except Refused as refused:
            turned(refused.status, str(refused))
            raise
        taken = True
        heard(inputs)
        listener.end_soon()
        return success(config)

    listener = Listener(respond, limits.webhook_body_bytes, port=port)
    base = listener.start()
    return TestRequest(base + path, listener.close)


def _config(node: Node, model: Any) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(dict(node.data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise UserError(
            f"The webhook's settings are not valid: {first['msg']}.",
            code="listen.settings",
            where=NodePlace(node.id, where, node.title),
        ) from None


def _file_keeper(keep: KeepBytes) -> Callable[[bytes, str, str], Mapping[str, Any]]:
    def kept(content: bytes, filename: str, mime_type: str) -> Mapping[str, Any]:
        from engine.run.variables.files import infer_type

        mime = mime_type.partition(";")[0].strip() or "application/octet-stream"
        suffix = PurePath(filename).suffix.lower() if filename else mimetypes.guess_extension(mime) or ".bin"
        name = filename or f"webhook{suffix}"
        return {
            "type": infer_type(suffix, mime),
            "transfer_method": "local_file",
            "upload_file_id": keep(content, name, mime),
            "filename": name,
            "extension": suffix,
            "mime_type": mime,
            "size": len(content),
        }

    return kept


def curl_example(node: Node, url: str) -> str:
    """A command line that sends a request of the right shape, for people to change."""
    from shlex import quote

    method = str(node.data.get("method") or "get").upper()
    words = ["curl", "-X", method]
    fields = {str(item["name"]): item for item in _declared(node, "body")}
    kind = str(node.data.get("content_type") or "application/json")
    query = "&".join(f"{item['name']}={_sample(item)}" for item in _declared(node, "params"))
    for header in _declared(node, "headers"):
        words += ["-H", quote(f"{header['name']}: {_sample(header)}")]
    if kind == "application/json":
        import json

        words += ["-H", quote(f"Content-Type: {kind}")]
        if fields:
            values = {name: SAMPLES.get(str(item.get("type")), "text") for name, item in fields.items()}
            content = json.dumps(values, ensure_ascii=False)
            words += ["-d", quote(content)]
    elif kind == "multipart/form-data":
        for name, item in fields.items():
            words += ["-F", quote(f"{name}=@file" if item.get("type") == "file" else f"{name}={_sample(item)}")]
    elif kind == "application/x-www-form-urlencoded":
        for name, item in fields.items():
            words += ["--data-urlencode", quote(f"{name}={_sample(item)}")]
    else:
        words += ["-H", quote(f"Content-Type: {kind}")]
        words += ["--data-binary", "@file"] if kind == "application/octet-stream" else ["-d", "text"]
    return " ".join([*words, quote(url + (f"?{query}" if query else ""))])


def _declared(node: Node, part: str) -> list[Mapping[str, Any]]:
    items = get_path(node.data, (part,))
    found = items if isinstance(items, list | tuple) else []
    return [item for item in found if isinstance(item, Mapping) and item.get("name")]


SAMPLES: Mapping[str, Any] = {
    "number": 1,
    "boolean": True,
    "object": {},
    "array[string]": ["text"],
    "array[number]": [1],
    "array[boolean]": [True],
    "array[object]": [{}],
}


def _sample(item: Mapping[str, Any]) -> str:
    """A value as a query or a form carries it."""
    value = SAMPLES.get(str(item.get("type")), "text")
    return "true" if value is True else str(value)
