"""Requests to the JSON interfaces of services, for the tools that ask them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.adapters.tools.declare import ToolCall, ToolFailed
from engine.adapters.tools.pages import MOST_BYTES, content_type
from engine.ports.outside import HttpRequest, HttpResponse, UploadPart

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
SHOWN = 500


async def ask(
    call: ToolCall,
    method: str,
    url: str,
    *,
    service: str,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    body: Any = None,
    files: Sequence[UploadPart] = (),
    form: Sequence[tuple[str, str]] | None = None,
    seconds: float = READ_SECONDS,
) -> HttpResponse:
    """One request; unset parameters are left out. Raises PortError: not reached, or a status of 400 and above."""
    if call.ports.http is None:
        raise ToolFailed("There is no way to the network here.")
    sent = dict(headers or {})
    content = None
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
        content = json.dumps(body, ensure_ascii=False).encode()
    request = HttpRequest(
        method,
        url,
        headers=list(sent.items()),
        params=[(k, str(v)) for k, v in (params or {}).items() if v not in (None, "")],
        content=content,
        form=form,
        files=files,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=seconds,
        max_bytes=MOST_BYTES,
    )
    response = await call.ports.http.send(request)
    if response.status >= 400:
        words = response.content.decode(response.encoding or "utf-8", "replace").strip()[:SHOWN]
        hint = "Check the key in the settings under Tools." if response.status in (401, 403) else ""
        raise ToolFailed(f"{service} answered with the status code {response.status}: {words}".rstrip(": "), hint=hint)
    return response


async def ask_json(call: ToolCall, method: str, url: str, *, service: str, **more: Any) -> Any:
    """The data of a JSON answer. Raises PortError."""
    response = await ask(call, method, url, service=service, **more)
    try:
        return json.loads(response.content)
    except ValueError as problem:
        kind = content_type(response) or "nothing known"
        raise ToolFailed(f"{service} answered with {kind} instead of JSON.") from problem


def base(call: ToolCall, default: str, name: str = "base_url") -> str:
    """The address of a service: the account's own, else the usual one."""
    found = call.account(name, default).rstrip("/")
    if not found.startswith(("http://", "https://")):
        raise ToolFailed(
            f"{found!r} is not an address that begins with http:// or https://.",
            hint="Change the account in the settings under Tools.",
        )
    return found


def rows(data: Any, *path: str) -> list[dict[str, Any]]:
    """The objects of a list inside an answer; none where there is no such list."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
