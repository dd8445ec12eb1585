"""What MCP servers offer, as tools; and their answers as messages (nodes-ai spec 12.6, statement 128)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from engine.adapters.tools.declare import ToolFailed
from engine.ports.models import Usage
from engine.ports.outside import ToolDescription, ToolIdentity, ToolMessage, ToolParameter

if TYPE_CHECKING:
    from mcp.types import CallToolResult

TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}


def description(server_id: str, server_name: str, tool: Mapping[str, Any]) -> ToolDescription:
    """A tool as the server lists it."""
    name = str(tool.get("name") or "")
    return ToolDescription(
        ToolIdentity("mcp", server_id, name, server_name),
        str(tool.get("title") or name),
        str(tool.get("description") or ""),
        parameters_of(tool.get("inputSchema")),
        tool.get("outputSchema") if isinstance(tool.get("outputSchema"), Mapping) else None,
    )


def parameters_of(schema: Any) -> tuple[ToolParameter, ...]:
    """The properties of an input schema as parameters."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return ()
    needed = schema.get("required") if isinstance(schema.get("required"), list) else []
    found = []
    for name, inner in properties.items():
        inner = inner if isinstance(inner, Mapping) else {}
        kind = inner.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), None)
        if kind is None:
            options = [o for o in inner.get("anyOf") or () if isinstance(o, Mapping) and o.get("type") != "null"]
            kind = options[0].get("type") if options else None
        choices = tuple(str(v) for v in inner.get("enum") or () if v is not None)
        declared = TYPES.get(str(kind), "string" if kind in ("string", None) else "any")
        found.append(
            ToolParameter(
                str(name),
                "select" if choices and declared == "string" else declared,
                name in needed,
                default=inner.get("default"),
                description=str(inner.get("description") or ""),
                label=str(inner.get("title") or name),
                options=choices,
                schema=dict(inner) if inner else None,
            )
        )
    return tuple(found)


def sent(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call: null and blank ones are left out."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        found[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    return found


def messages(result: CallToolResult, *, declares_output: bool) -> Iterator[ToolMessage]:
    """What a result says. Raises ToolFailed for one that is an error."""
    if result.is_error:
        words = " ".join(str(getattr(part, "text", "")) for part in result.content).strip()
        raise ToolFailed(words or "The tool failed without saying why.")
    usage = _usage(result.meta)
    if usage is not None:
        yield ToolMessage("usage", usage)
    for part in result.content:
        yield from _content(part)
    structured = result.structured_content
    if declares_output and isinstance(structured, Mapping):
        for name, value in structured.items():
            yield ToolMessage("variable", value, {"name": str(name)})


def resource_messages(contents: Any) -> Iterator[ToolMessage]:
    """What a resource holds."""
    for inner in contents:
        if hasattr(inner, "blob"):
            yield _blob(inner.blob, inner.mime_type or "", PurePosixPath(str(inner.uri)).name)
        else:
            yield ToolMessage("text", str(inner.text))


def _content(part: Any) -> Iterator[ToolMessage]:
    kind = part.type
    if kind == "text":
        yield from _text(part.text)
    elif kind in ("image", "audio"):
        yield _blob(part.data, part.mime_type, "")
    elif kind == "resource":
        yield from resource_messages([part.resource])
    elif kind == "resource_link":
        yield ToolMessage("link", str(part.uri))


def _text(text: str) -> Iterator[ToolMessage]:
    """JSON objects and lists of objects as data; everything else is text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        yield ToolMessage("json", value)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield from (ToolMessage("json", item) for item in value)
    else:
        yield ToolMessage("text", text)


def _blob(data: str, mime_type: str, name: str) -> ToolMessage:
    try:
        content = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as problem:
        raise ToolFailed("The server sent a file that is not base64.") from problem
    return ToolMessage("blob", content, {"mime_type": mime_type, "filename": name})


def _usage(meta: Any) -> Usage | None:
    """What a call cost, where the server says so."""
    given = meta.get("usage") if isinstance(meta, Mapping) else None
    given = given if isinstance(given, Mapping) else meta if isinstance(meta, Mapping) else {}
    try:
        asked, made = int(given.get("prompt_tokens") or 0), int(given.get("completion_tokens") or 0)
        total = int(given.get("total_tokens") or asked + made)
        price = Decimal(str(given.get("total_price") or 0))
    except (TypeError, ValueError, InvalidOperation):
        return None
    if not total:
        return None
    currency = str(given.get("currency") or "USD")
    return Usage(asked, made, total, total_price=price, currency=currency, latency=0.0)
