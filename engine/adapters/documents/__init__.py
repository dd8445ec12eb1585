"""Text out of documents (nodes-logic spec 9.2, 9.3): which reader a file needs, and what is said when none can read it.

Readers are imported when the first document of their kind comes. All are plain functions of bytes; they run on a
thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

from engine.adapters.documents.problems import DocumentProblem, describe_content
from engine.adapters.documents.service import PartitionService
from engine.run.limits import Limits

PLAIN_EXTENSIONS: Final = frozenset(
    f".{name}"
    for name in [
        "txt",
        "markdown",
        "md",
        "mdx",
        "html",
        "htm",
        "xml",
        "c",
        "h",
        "cpp",
        "hpp",
        "cc",
        "cxx",
        "c++",
        "py",
        "js",
        "ts",
        "jsx",
        "tsx",
        "java",
        "php",
        "rb",
        "go",
        "rs",
        "swift",
        "kt",
        "scala",
        "sh",
        "bash",
        "bat",
        "ps1",
        "sql",
        "r",
        "m",
        "pl",
        "lua",
        "vim",
        "asm",
        "s",
        "css",
        "scss",
        "less",
        "sass",
        "ini",
        "cfg",
        "conf",
        "toml",
        "env",
        "log",
        "vtt",
    ]
)
_OFFICE = "application/vnd.openxmlformats-officedocument"

# Kind to its extensions and MIME types.
_KINDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "json": ((".json",), ("application/json",)),
    "yaml": ((".yaml", ".yml"), ("application/x-yaml", "text/yaml")),
    "pdf": ((".pdf",), ("application/pdf",)),
    "doc": ((".doc",), ("application/msword",)),
    "docx": ((".docx",), (f"{_OFFICE}.wordprocessingml.document",)),
    "csv": ((".csv",), ("text/csv",)),
    "excel": ((".xls", ".xlsx"), (f"{_OFFICE}.spreadsheetml.sheet", "application/vnd.ms-excel")),
    "ppt": ((".ppt",), ("application/vnd.ms-powerpoint",)),
    "pptx": ((".pptx",), (f"{_OFFICE}.presentationml.presentation",)),
    "epub": ((".epub",), ("application/epub+zip",)),
    "odt": ((".odt",), ("application/vnd.oasis.opendocument.text",)),
    "eml": ((".eml",), ("message/rfc822",)),
    "msg": ((".msg",), ("application/vnd.ms-outlook",)),
    "properties": ((".properties",), ("text/properties",)),
    "vtt": ((), ("text/vtt",)),
    "plain": ((), ("text/plain", "text/html", "text/htm", "text/markdown", "text/xml")),
}
BY_EXTENSION: Final = {
    extension: kind for kind, (extensions, _) in _KINDS.items() for extension in extensions
} | dict.fromkeys(PLAIN_EXTENSIONS, "plain")
BY_MIME: Final = {mime: kind for kind, (_, mimes) in _KINDS.items() for mime in mimes}

_READERS: Final[Mapping[str, str]] = {
    "plain": "texts:plain_text",
    "json": "texts:json_text",
    "yaml": "texts:yaml_text",
    "csv": "texts:csv_text",
    "properties": "texts:properties_text",
    "vtt": "texts:captions_text",
    "pdf": "pdf:pdf_text",
    "docx": "office:word_text",
    "excel": "sheets:sheets_text",
    "pptx": "office:slides_text",
    "epub": "packed:book_text",
    "odt": "packed:open_document_text",
    "eml": "mail:mail_text",
    "msg": "mail:outlook_text",
}
# Sent to the service when there is one; the last two have no reader of ours at all.
SERVICE_KINDS: Final = frozenset({"doc", "ppt", "pptx", "epub", "odt"})
_PACKED: Final = frozenset({"docx", "pptx", "epub", "odt"})


def kind_of(extension: str, mime_type: str) -> str | None:
    """Which reader a file needs: by its extension in any letter case, else by its MIME type without parameters."""
    found = BY_EXTENSION.get(extension.strip().lower()) if extension else None
    return found or BY_MIME.get(mime_type.split(";")[0].strip().lower())


class LocalDocumentReader:
    """The document port of this machine. `service` reads the formats that need one, if a workspace has it."""

    def __init__(self, service: PartitionService | None = None, limits: Limits | None = None) -> None:
        self._service = service
        self._limits = limits or Limits()

    async def text(self, content: bytes, *, extension: str, mime_type: str, strict: bool = False) -> str:
        """The text of a document. Raises DocumentProblem, a PortError."""
        kind = kind_of(extension, mime_type)
        name = extension or mime_type or "without an extension"
        if kind is None:
            if not extension and not mime_type:
                raise DocumentProblem("UnsupportedFileTypeError", "The file has neither an extension nor a MIME type.")
            raise DocumentProblem("UnsupportedFileTypeError", f"Text cannot be read from files of type {name}.")
        if len(content) > self._limits.document_max_bytes:
            raise DocumentProblem(
                "FileTooLargeError",
                f"The file has {len(content)} bytes; documents may have {self._limits.document_max_bytes}.",
            )
        if kind in SERVICE_KINDS and self._service is not None:
            return await self._service.text(content, kind)
        if kind not in _READERS:
            raise DocumentProblem(
                "TextExtractionError",
                f"Files of type {name} are read by an Unstructured service, and none is set up here. "
                f"Save the file as {'.docx' if kind == 'doc' else '.pptx'} instead.",
            )
        return await asyncio.to_thread(self._read, kind, content, name, strict)

    def _read(self, kind: str, content: bytes, name: str, strict: bool) -> str:
        from engine.adapters.documents.problems import check_packed

        if not content and kind in ("pdf", "docx", "excel", "pptx", "epub", "odt", "msg"):
            raise DocumentProblem("TextExtractionError", f"The {name} file is empty.")
        try:
            if kind in _PACKED or (kind == "excel" and content[:2] == b"PK"):
                check_packed(content, name, self._limits.document_unpacked_bytes)
            if kind == "vtt" and strict:
                from engine.adapters.documents.texts import captions_text

                return captions_text(content, strict=True)
            return _reader(kind)(content)
        except DocumentProblem:
            raise
        except Exception as problem:
            # Parsers of damaged files raise anything; to the person it is one thing: this file cannot be read.
            raise DocumentProblem(
                "TextExtractionError",
                f"The {name} file cannot be read ({describe_content(content)}): {type(problem).__name__}: {problem}",
            ) from problem


def _reader(kind: str) -> Callable[[bytes], str]:
    module, name = _READERS[kind].split(":")
    found: Callable[[bytes], str] = getattr(import_module(f"engine.adapters.documents.{module}"), name)
    return found


__all__ = ["DocumentProblem", "LocalDocumentReader", "PartitionService", "kind_of"]
