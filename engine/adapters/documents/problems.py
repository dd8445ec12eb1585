"""What can be wrong with a document, in words, and the checks before a parser sees it."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from engine.ports.outside import PortError

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class DocumentProblem(PortError):
    """A document without readable text."""


def encrypted(name: str) -> DocumentProblem:
    """The document needs a password."""
    return DocumentProblem(
        "EncryptedFileError", f"The {name} file is protected by a password. Save it without one and try again."
    )


def describe_content(content: bytes) -> str:
    """What the first bytes say the file is."""
    if not content:
        return "it is empty"
    known = (
        (b"%PDF", "its content is a PDF"),
        (b"PK\x03\x04", "its content is a ZIP or Office file"),
        (OLE, "its content is an older Office file"),
        (b"\x89PNG", "its content is a PNG image"),
        (b"\xff\xd8\xff", "its content is a JPEG image"),
        (b"{\\rtf", "its content is rich text (RTF)"),
        (b"<", "its content is HTML or XML"),
    )
    head = content.lstrip()[:16]
    return next((text for start, text in known if head.startswith(start)), "it is damaged or of another kind")


def check_packed(content: bytes, name: str, unpacked_limit: int) -> None:
    """Refuse what is no ZIP, what is encrypted, and what would unpack to too much. Raises DocumentProblem."""
    if content.startswith(OLE):
        # Office keeps a document with a password inside an older container.
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise encrypted(name)
        raise DocumentProblem("TextExtractionError", f"The {name} file is no such file: {describe_content(content)}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
    except zipfile.BadZipFile:
        raise DocumentProblem(
            "TextExtractionError", f"The {name} file is no such file: {describe_content(content)}."
        ) from None
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise encrypted(name)
    total = sum(entry.file_size for entry in entries)
    if total > unpacked_limit:
        raise DocumentProblem(
            "FileTooLargeError", f"The {name} file unpacks to {total} bytes; {unpacked_limit} may be."
        )
