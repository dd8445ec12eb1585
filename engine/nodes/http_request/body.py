"""The body of a request by its kind (nodes-logic spec 5.3)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from engine.nodes.base import NodeContext
from engine.nodes.http_request.config import Body, BodyItem
from engine.nodes.http_request.draft import PLACEHOLDER, BodyDraft, Words, json_text
from engine.nodes.http_request.problems import FileFetchError, RequestBodyError
from engine.ports.outside import HttpRequest, PortError, UploadPart
from engine.run.variables.files import File
from engine.run.variables.segments import ArrayFileSegment, FileSegment
from engine.run.variables.templates import render

OCTETS = "application/octet-stream"


async def body_of(body: Body, ctx: NodeContext, boundary: str) -> BodyDraft:
    """The body as it is sent. Raises RequestBodyError and FileFetchError."""
    if body.type == "none":
        return BodyDraft()
    if body.type == "x-www-form-urlencoded":
        return _urlencoded(body, ctx)
    if body.type == "form-data":
        return await _multipart(body, ctx, boundary)
    if len(body.data) != 1:
        raise RequestBodyError(f"A body of the kind {body.type} has one item, but this one has {len(body.data)}.")
    item = body.data[0]
    if body.type == "raw-text":
        words = Words.of(item.value, ctx.pool)
        return BodyDraft(content=words.sent.encode("utf-8", "replace"), shown=words.shown)
    if body.type == "json":
        return BodyDraft(content=_json(item.value, ctx), shown=render(item.value, ctx.pool).log)
    return await _binary(item, ctx)


def _json(template: str, ctx: NodeContext) -> bytes:
    """Compact JSON of a rendered template. Values inside of texts are escaped first; what is still no JSON is repaired
    as upstream repairs it."""
    plain = render(template, ctx.pool).text
    strict = bool(ctx.run.get("strict_upstream"))
    value = parsed_json(plain if strict else json_text(template, ctx.pool))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def parsed_json(text: str) -> Any:
    """The value of a text that is JSON or nearly so. Raises RequestBodyError."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    from json_repair import repair_json

    try:
        repaired = repair_json(text)
        if repaired in ("", '""'):
            raise ValueError("there is no JSON in it")
        return json.loads(repaired, strict=False)
    except (ValueError, RecursionError) as error:
        raise RequestBodyError(f"The body is not JSON: {error}") from error


def _pairs(items: list[BodyItem], ctx: NodeContext) -> dict[str, tuple[Words, Words]]:
    """Rendered pairs by key, the last of a key winning."""
    found: dict[str, tuple[Words, Words]] = {}
    for item in items:
        key = Words.of(item.key, ctx.pool)
        found[key.sent] = key, Words.of(item.value, ctx.pool)
    return found


def _urlencoded(body: Body, ctx: NodeContext) -> BodyDraft:
    pairs = _pairs(body.data, ctx).values()
    sent = urlencode([(key.sent, value.sent) for key, value in pairs])
    shown = urlencode([(key.shown, value.shown) for key, value in pairs], safe="*")
    return BodyDraft(content=sent.encode("ascii"), shown=shown)


async def _multipart(body: Body, ctx: NodeContext, boundary: str) -> BodyDraft:
    pairs = _pairs([item for item in body.data if item.type == "text"], ctx)
    uploads: list[UploadPart] = []
    for item in body.data:
        if item.type == "file":
            uploads.extend(await _uploads(item, ctx))
    shown = [(f'name="{key.shown}"', value.shown) for key, value in pairs.values()]
    shown += [(f'name="{u.field}"; filename="{u.filename}"', _note(u)) for u in uploads]
    text = "".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n" for head, value in shown
    )
    return BodyDraft(
        form=[(key.sent, value.sent) for key, value in pairs.values()],
        # Without a file part the client would not send multipart.
        files=uploads or [UploadPart(PLACEHOLDER, "", b"")],
        shown=f"{text}--{boundary}--\r\n" if shown else "",
    )


async def _uploads(item: BodyItem, ctx: NodeContext) -> list[UploadPart]:
    """The files of one item; a variable of another kind gives none, as does a file whose bytes are nowhere."""
    segment = ctx.pool.get(item.file)
    files = segment.value if isinstance(segment, ArrayFileSegment) else []
    if isinstance(segment, FileSegment):
        files = [segment.value]
    field = render(item.key, ctx.pool).text
    parts = []
    for file in files:
        if file.transfer_method != "remote_url":
            try:
                content = await _stored(file, ctx)
            except PortError:
                continue
        else:
            content = await _fetched(file, ctx)
        parts.append(UploadPart(field, file.filename or "file", content, file.mime_type or OCTETS))
    return parts


async def _binary(item: BodyItem, ctx: NodeContext) -> BodyDraft:
    segment = ctx.pool.get(item.file)
    name = ".".join(item.file) or "the file"
    if segment is None:
        raise FileFetchError(f"The body is the file of {name}, but there is no such variable.")
    if not isinstance(segment, FileSegment):
        raise FileFetchError(f"The body is one file, but {name} is of the type {segment.type}.")
    file = segment.value
    try:
        content = await (_fetched(file, ctx) if file.transfer_method == "remote_url" else _stored(file, ctx))
    except PortError as error:
        raise FileFetchError(f"The file of {name} cannot be read: {error.message}") from error
    return BodyDraft(
        content=content, shown=_note(UploadPart("", file.filename or "file", content, file.mime_type or OCTETS))
    )


def _note(part: UploadPart) -> str:
    return f"<file {part.filename}, {part.mime_type}, {len(part.content)} bytes>"


async def _stored(file: File, ctx: NodeContext) -> bytes:
    if ctx.ports.files is None:
        raise PortError("FileFetchError", "There is no file store here.")
    return await ctx.ports.files.load(file.reference or "")


async def _fetched(file: File, ctx: NodeContext) -> bytes:
    if ctx.ports.http is None:
        raise FileFetchError("Nothing can be fetched from the network here.")
    limits = ctx.limits
    try:
        response = await ctx.ports.http.send(
            HttpRequest(
                "GET", file.remote_url or "", verify_tls=limits.http_verify_tls, max_bytes=limits.http_max_binary_bytes
            )
        )
    except PortError as error:
        raise FileFetchError(
            f"The file {file.filename or file.remote_url} cannot be fetched: {error.message}"
        ) from error
    if not 200 <= response.status < 300:
        raise FileFetchError(
            f"The file {file.filename or file.remote_url} cannot be fetched: status {response.status}."
        )
    return response.content
