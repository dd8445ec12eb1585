"""What a response is: text or a file, in which encoding, under which name (nodes-logic spec 5.7)."""

from __future__ import annotations

import codecs
import mimetypes
from collections.abc import Sequence
from email.message import Message
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from engine.ports.outside import HttpResponse

OCTETS = "application/octet-stream"
TEXTUAL = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml", "graphql")
SIGNS_OF_TEXT = (b"{", b"[", b"<", b"function", b"var ", b"const ", b"let ")
HEAD_BYTES = 1024
Headers = Sequence[tuple[str, str]]


@lru_cache(maxsize=1)
def _types() -> mimetypes.MimeTypes:
    # The table that Python carries, not the machine's: the same answer everywhere.
    return mimetypes.MimeTypes()


def joined(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def is_file(headers: Headers, head: bytes) -> bool:
    """Is the response a file? `head` is the beginning of its content; the first rule that fits decides."""
    named = joined(headers)
    disposition, name = _disposition(named.get("content-disposition", ""))
    if disposition == "attachment" or name:
        return True
    kind = named.get("content-type", "").partition(";")[0].strip().lower()
    if not kind:
        return False
    if kind.startswith("text/") and "csv" not in kind:
        return False
    if kind.startswith("application/"):
        if any(word in kind for word in TEXTUAL):
            return False
        if _reads_as_text(head[:HEAD_BYTES]):
            return False
    main = _types().guess_type("x" + (_types().guess_extension(kind) or ""))[0]
    if main:
        return main.partition("/")[0] in ("application", "image", "audio", "video")
    return any(word in kind for word in ("image/", "audio/", "video/"))


def _reads_as_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(sign in head for sign in SIGNS_OF_TEXT)


def _disposition(value: str) -> tuple[str, str]:
    """The kind of a Content-Disposition and the file name in it."""
    if not value:
        return "", ""
    message = Message()
    try:
        message["Content-Disposition"] = value.replace("\r", " ").replace("\n", " ")
        return str(message.get_content_disposition() or ""), str(message.get_filename() or "")
    except (ValueError, LookupError, IndexError):
        return value.partition(";")[0].strip().lower(), ""


def file_facts(response: HttpResponse) -> tuple[str, str]:
    """Name and MIME type of a file response."""
    named = joined(response.headers)
    name = PurePosixPath(_disposition(named.get("content-disposition", ""))[1].replace("\\", "/")).name
    place = PurePosixPath(unquote(urlsplit(response.url).path)).name
    stated = named.get("content-type", "").partition(";")[0].strip().lower()
    mime = (name and _types().guess_type(name)[0]) or stated or (place and _types().guess_type(place)[0]) or OCTETS
    if not name:
        name = place if PurePosixPath(place).suffix else f"{place or 'file'}{_types().guess_extension(mime) or '.bin'}"
    return name, mime


def text_of(response: HttpResponse) -> str:
    """The content decoded by the charset that the server names, else as UTF-8; what does not fit is replaced."""
    return response.content.decode(_codec(response.encoding), "replace")


def _codec(name: str | None) -> str:
    """A codec for texts; those that compute rather than decode could be made to run for ever."""
    try:
        info = codecs.lookup(name or "utf-8")
    except (LookupError, ValueError):
        return "utf-8"
    is_text = getattr(info, "_is_text_encoding", True)
    odd = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
    return info.name if is_text and info.name.replace("-", "_") not in odd else "utf-8"
