"""One call of an OpenAPI operation: the request that its parameters make, and what the answer says (nodes-ai 12.6)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from engine.adapters.tools.declare import ToolFailed
from engine.adapters.tools.openapi import ApiParameter, Operation
from engine.adapters.tools.pages import content_type, header
from engine.adapters.tools.setup import ApiAuth
from engine.nodes.llm_files import described, read_file
from engine.ports.bundle import Ports
from engine.ports.outside import HttpRequest, HttpResponse, ToolMessage, UploadPart
from engine.run.variables.files import File, file_from_mapping, is_file_mapping
from engine.run.variables.segments import plain

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
EMPTY = "Empty response from the tool, please check your parameters and try again."
LONGEST_ERROR = 4000
_MEDIA = ("image/", "audio/", "video/")
_BINARY = ("application/pdf", "application/zip", "application/octet-stream")


@dataclass
class _Draft:
    """A request that grows parameter by parameter."""

    path: str
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)
    whole: Any = None


async def call_operation(
    operation: Operation,
    auth: ApiAuth,
    values: Mapping[str, Any],
    ports: Ports,
    headers: Mapping[str, str] | None = None,
) -> AsyncGenerator[ToolMessage, None]:
    """The messages of one call; `headers` go with it. Raises PortError."""
    if ports.http is None:
        raise ToolFailed("There is no way to the network here.")
    if not operation.server.startswith(("http://", "https://")):
        raise ToolFailed("The document names no server; give its address in the settings under Tools.")
    request = await _request(operation, auth, values, ports)
    given = {name.lower() for name, _ in request.headers}
    more = [(name, value) for name, value in (headers or {}).items() if name.lower() not in given]
    response = await ports.http.send(replace(request, headers=[*request.headers, *more]))
    for message in read_answer(response):
        yield message


async def _request(operation: Operation, auth: ApiAuth, values: Mapping[str, Any], ports: Ports) -> HttpRequest:
    draft = _Draft(operation.path)
    for parameter in operation.parameters:
        value = values.get(parameter.name)
        if value is None or (value == "" and not parameter.declared.required):
            value = parameter.declared.default
        if value is None:
            if parameter.declared.required:
                raise ToolFailed(f"Missing required parameter {parameter.name} in operation {operation.name}")
            continue
        _place(draft, parameter, value)
    _authorize(draft, auth)
    if draft.cookies:
        draft.headers.append(("Cookie", "; ".join(f"{k}={quote(v, safe='')}" for k, v in draft.cookies)))
    more = await _body(operation, draft, ports)
    url = operation.server + draft.path
    if draft.params:
        url += ("&" if "?" in url else "?") + urlencode(draft.params)
    return HttpRequest(
        operation.method,
        url,
        headers=draft.headers,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        **more,
    )


def _place(draft: _Draft, parameter: ApiParameter, value: Any) -> None:
    value = _fitting(value, parameter.declared.type)
    if parameter.place == "path":
        text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
        draft.path = draft.path.replace(f"{{{parameter.key}}}", quote(text, safe=""))
    elif parameter.place == "query":
        if isinstance(value, list) and parameter.explode:
            draft.params += [(parameter.key, _text(item)) for item in value]
        elif isinstance(value, list):
            draft.params.append((parameter.key, ",".join(map(_text, value))))
        else:
            draft.params.append((parameter.key, _text(value)))
    elif parameter.place == "header":
        text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
        draft.headers.append((parameter.key, text.replace("\r", " ").replace("\n", " ")))
    elif parameter.place == "cookie":
        draft.cookies.append((parameter.key, _text(value)))
    elif parameter.whole:
        draft.whole = value
    else:
        draft.body[parameter.key] = value


def _fitting(value: Any, kind: str) -> Any:
    """Whole numbers as such; JSON text as what it says where a list or an object is wanted."""
    if kind == "number" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind in ("array", "object", "any") and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _authorize(draft: _Draft, auth: ApiAuth) -> None:
    if auth.kind == "none" or not auth.secret:
        return
    if auth.kind == "api_key_query":
        draft.params.append((auth.name or "key", auth.secret))
        return
    name = "Authorization" if auth.kind in ("basic", "bearer") else auth.name or "Authorization"
    prefix = auth.kind if auth.kind in ("basic", "bearer") else auth.prefix
    value = auth.secret
    if prefix == "bearer":
        value = f"Bearer {value}"
    elif prefix == "basic":
        value = f"Basic {base64.b64encode(value.encode()).decode() if ':' in value else value}"
    draft.headers = [(n, v) for n, v in draft.headers if n.lower() != name.lower()] + [(name, value)]


async def _body(operation: Operation, draft: _Draft, ports: Ports) -> dict[str, Any]:
    kind = operation.body
    if not kind or not (draft.body or draft.whole is not None):
        return {}
    if kind == "json":
        content = draft.whole if draft.whole is not None else draft.body
        draft.headers.append(("Content-Type", operation.body_type or "application/json"))
        return {"content": json.dumps(plain(content), ensure_ascii=False).encode()}
    if kind == "form":
        return {"form": [(k, _text(v)) for k, v in _pairs(draft)]}
    if kind == "multipart":
        parts, form = [], []
        for key, value in _pairs(draft):
            file = _file(value)
            if file is None:
                form.append((key, _text(value)))
            else:
                name, _, mime = described(file)
                content = await read_file(file, ports)
                parts.append(UploadPart(key, name, content, mime or "application/octet-stream"))
        return {"files": parts, "form": form} if parts else {"form": form}
    draft.headers.append(("Content-Type", operation.body_type))
    file = _file(draft.whole)
    return {"content": await read_file(file, ports) if file is not None else _text(draft.whole).encode()}


def _pairs(draft: _Draft) -> list[tuple[str, Any]]:
    given = draft.whole if isinstance(draft.whole, Mapping) else draft.body
    found: list[tuple[str, Any]] = []
    for key, value in given.items():
        found += [(key, item) for item in value] if isinstance(value, list) else [(key, value)]
    return found


def _file(value: Any) -> File | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping) and is_file_mapping(value):
        return file_from_mapping(value)
    return value if isinstance(value, File) else None


def read_answer(response: HttpResponse) -> list[ToolMessage]:
    """What an answer says. Raises ToolFailed for error statuses."""
    kind = content_type(response)
    if response.status >= 400:
        text = response.content.decode(response.encoding or "utf-8", "replace")[:LONGEST_ERROR]
        raise ToolFailed(f"Request failed with status code {response.status} and {text}")
    if not response.content.strip():
        return [ToolMessage("text", EMPTY)]
    if kind.startswith(_MEDIA) or kind in _BINARY:
        stated = header(response, "content-disposition")
        name = stated.rpartition("filename=")[2].split(";")[0].strip("\"' ") if "filename=" in stated else ""
        return [ToolMessage("blob", response.content, {"mime_type": kind, "filename": name.rpartition("/")[2]})]
    text = response.content.decode(response.encoding or "utf-8", "replace")
    if kind == "application/json" or kind.endswith("+json"):
        try:
            value = json.loads(text)
        except ValueError:
            return [ToolMessage("text", text)]
        shown = ToolMessage("text", json.dumps(value, ensure_ascii=False))
        return [ToolMessage("json", value, {"suppress": True}), shown] if isinstance(value, dict | list) else [shown]
    return [ToolMessage("text", text)]
