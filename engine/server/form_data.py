"""Reads `multipart/form-data` (RFC 7578) out of bytes that are in memory already."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message


class FormProblem(ValueError):
    """A body that is no form."""


@dataclass(frozen=True)
class Part:
    """One field; `filename` is None for a value. Folders in a file's name are left out."""

    name: str
    content: bytes
    filename: str | None = None
    mime_type: str = ""


def form_data(content_type: str, body: bytes, most: int) -> list[Part]:
    """The parts in their order. Raises FormProblem, also for more than `most` parts."""
    mark = b"--" + _boundary(content_type)
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise FormProblem("its end is missing")
    if len(pieces) - 2 > most:
        raise FormProblem(f"it has more than {most} parts")
    return [_part(piece) for piece in pieces[1:-1]]


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if not boundary or len(boundary) > 200:
        raise FormProblem("the header names no boundary")
    return boundary.encode("latin-1", "replace")


def _part(piece: bytes) -> Part:
    padding, line_end, rest = piece.partition(b"\r\n")
    if padding.strip() or not line_end:
        raise FormProblem("a boundary is damaged")
    head, found, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not found:
        raise FormProblem("a part has no end of its headers")
    message = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, sign, value = line.partition(":")
        if sign and name.strip().lower() in ("content-disposition", "content-type"):
            message[name.strip()] = value.strip().replace("\n", " ").replace("\r", " ")
    name = _text(message.get_param("name", header="content-disposition"))
    if not name:
        raise FormProblem("a part has no name")
    filename = message.get_filename()
    if filename is not None:
        filename = filename.replace("\\", "/").rsplit("/", 1)[-1]
    given = str(message.get("content-type") or "")
    return Part(name, content, filename, given or ("application/octet-stream" if filename is not None else ""))


def _text(value: object) -> str:
    """A parameter; one that is split or encoded comes as (charset, language, text)."""
    return str(value[2]) if isinstance(value, tuple) else str(value or "")
