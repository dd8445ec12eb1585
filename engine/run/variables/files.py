"""File objects as they travel through a run (engine spec, section 7). Bytes stay behind the `FileStore` port."""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

FILE_IDENTITY: Final = "__dify__file__"
FILE_TYPES: Final = ("image", "document", "audio", "video", "custom")
TRANSFER_METHODS: Final = ("local_file", "remote_url", "tool_file", "datasource_file")
FILE_ATTRIBUTES: Final = ("type", "size", "name", "mime_type", "transfer_method", "url", "extension", "related_id")

_REFERENCE_KEYS = ("reference", "related_id", "upload_file_id", "tool_file_id", "datasource_file_id")
_DROPPED_KEYS = ("tenant_id", "storage_key", "url", "file_id", "dify_model_identity", "belongs_to", "related_id")
_REFERENCE_PREFIX = "dify-file-ref:"

_EXTENSIONS: dict[str, str] = {
    extension: kind
    for kind, names in {
        "image": "jpg jpeg png webp gif svg",
        "video": "mp4 mov mpeg webm",
        "audio": "mp3 m4a wav amr mpga",
        "document": "txt markdown md mdx pdf html htm xlsx xls vtt properties doc docx csv eml msg"
        " ppt pptx xml epub odt",
    }.items()
    for extension in names.split()
}
_DOCUMENT_MIMES = frozenset(
    "application/" + name
    for name in (
        "pdf",
        "msword",
        "epub+zip",
        "vnd.ms-excel",
        "vnd.ms-outlook",
        "vnd.ms-powerpoint",
        "vnd.oasis.opendocument.text",
        "dps",
        "et",
        "kswps",
    )
) | {"message/rfc822"}
_DOCUMENT_MIME_PREFIXES = ("text/", "application/vnd.openxmlformats-officedocument", "application/wps-office")

url_resolver: ContextVar[Callable[[str], str | None] | None] = ContextVar("penstock_file_url", default=None)
"""How a stored reference becomes an address in the current run; the engine sets it from the file store."""


class FileProblem(ValueError):
    """A file mapping that cannot be a file."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a run. `extension` has its dot, `size` is in bytes and -1 when unknown."""

    type: str
    transfer_method: str
    remote_url: str | None = None
    reference: str | None = None
    filename: str | None = None
    extension: str | None = None
    mime_type: str | None = None
    size: int = -1
    id: str | None = None

    def __post_init__(self) -> None:
        if self.transfer_method == "remote_url":
            if not self.remote_url:
                raise FileProblem("Missing file url")
            if not self.remote_url.startswith("http"):
                raise FileProblem("Invalid file url")
        elif not self.reference:
            raise FileProblem("Missing file reference")

    @property
    def related_id(self) -> str | None:
        """The record id inside the reference."""
        return record_id(self.reference) if self.reference else None

    @property
    def url(self) -> str | None:
        """Where people can open it now: the remote address, or what the run's file store says."""
        if self.transfer_method == "remote_url":
            return self.remote_url
        resolver = url_resolver.get()
        return resolver(self.reference) if resolver is not None and self.reference else None

    def attribute(self, name: str) -> Any:
        """A value that selectors may reach. Raises KeyError for other names, FileProblem when the address is gone."""
        if name not in FILE_ATTRIBUTES:
            raise KeyError(name)
        if name == "name":
            return self.filename
        if name == "url":
            url = self.url
            if url is None:
                raise FileProblem(f"The address of the file {self.filename or self.reference} is not known")
            return url
        return getattr(self, name)

    @property
    def markdown(self) -> str:
        """A link, as an image where it is one."""
        url = self.url or ""
        if self.type == "image":
            return f"![{self.filename or ''}]({url})"
        return f"[{self.filename or url}]({url})"

    def to_dict(self) -> dict[str, Any]:
        """The form that records, exports and draft variables carry; `file_from_mapping` reads it back."""
        return {
            "dify_model_identity": FILE_IDENTITY,
            "id": self.id,
            "type": self.type,
            "transfer_method": self.transfer_method,
            "remote_url": self.remote_url,
            "reference": self.reference,
            "filename": self.filename,
            "extension": self.extension,
            "mime_type": self.mime_type,
            "size": self.size,
            "related_id": self.related_id,
            "url": self.url,
        }


def record_id(reference: str) -> str:
    """The record id of an opaque reference; one that cannot be decoded stands for itself."""
    if not reference.startswith(_REFERENCE_PREFIX):
        return reference
    packed = reference[len(_REFERENCE_PREFIX) :]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        return str(decoded["record_id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return reference


def infer_type(extension: str | None = None, mime_type: str | None = None) -> str:
    """The kind of a file by its extension, then by its MIME type, else `custom` (section 7.4)."""
    if extension:
        kind = _EXTENSIONS.get(extension.lower().lstrip("."))
        if kind:
            return kind
    mime = (mime_type or "").split(";")[0].strip().lower()
    for kind in ("image", "video", "audio"):
        if mime.startswith(kind + "/"):
            return kind
    if mime.startswith(_DOCUMENT_MIME_PREFIXES) or mime in _DOCUMENT_MIMES:
        return "document"
    return "custom"


def is_file_mapping(value: object) -> bool:
    """Is it the serialised form of a file (it carries the identity mark)?"""
    return isinstance(value, Mapping) and value.get("dify_model_identity") == FILE_IDENTITY


def is_file_input(value: object) -> bool:
    """Is it a file as users send it: a mapping with `type` and `transfer_method`?"""
    return isinstance(value, Mapping) and "type" in value and "transfer_method" in value


def file_from_mapping(mapping: Mapping[str, Any]) -> File:
    """A file from its stored form, from a user's input, or from the constructor's older spellings (section 7.1).

    Raises FileProblem for an unknown key, a missing address or reference, or an `id` that contradicts `file_id`.
    """
    values = dict(mapping)
    if values.get("id") and values.get("file_id") and values["id"] != values["file_id"]:
        raise FileProblem("The file's id contradicts its file_id")
    if not values.get("id") and values.get("file_id"):
        values["id"] = values["file_id"]
    for key in _REFERENCE_KEYS:
        if values.get(key) and not values.get("reference"):
            values["reference"] = values[key]
    method = str(values.get("transfer_method") or "")
    if method == "remote_url" and not values.get("remote_url") and values.get("url"):
        values["remote_url"] = values["url"]
    for key in (*_DROPPED_KEYS, "upload_file_id", "tool_file_id", "datasource_file_id"):
        values.pop(key, None)
    extra = sorted(set(values) - _FIELDS)
    if extra:
        raise FileProblem(f"A file has no field named {', '.join(extra)}")
    if method not in TRANSFER_METHODS:
        raise FileProblem(f"Unknown transfer method {method!r}")
    if values.get("size") is None:
        values["size"] = -1
    values.setdefault("type", infer_type(values.get("extension"), values.get("mime_type")))
    if values["type"] not in FILE_TYPES:
        values["type"] = infer_type(values.get("extension"), values.get("mime_type"))
    return File(**values)


_FIELDS = frozenset(
    ("id", "type", "transfer_method", "remote_url", "reference", "filename", "extension", "mime_type", "size")
)


def file_from_input(mapping: Mapping[str, Any]) -> File:
    """A file as a caller names it (nodes-ai spec 2.3): `name` is its filename; what the name or the address tells of
    its kind is filled in. Raises FileProblem."""
    if is_file_mapping(mapping):
        return file_from_mapping(mapping)
    values = dict(mapping)
    name = values.pop("name", None)
    address = str(values.get("remote_url") or values.get("url") or "")
    shown = str(values.get("filename") or name or unquote(PurePosixPath(urlsplit(address).path).name))
    if shown:
        values["filename"] = shown
        suffix = PurePosixPath(shown).suffix
        values["extension"] = values.get("extension") or suffix or None
        values["mime_type"] = values.get("mime_type") or mimetypes.guess_type(shown)[0]
    return file_from_mapping(values)


def input_value(value: Any) -> Any:
    """A user's value with file mappings turned into files: one mapping, or a list of nothing but mappings."""
    if is_file_input(value):
        return file_from_input(value)
    if isinstance(value, list) and value and all(is_file_input(item) for item in value):
        return [file_from_input(item) for item in value]
    return value


def revive(value: Any) -> Any:
    """A stored value with file dumps turned back into files, at any depth; a list when its first element is one."""
    if isinstance(value, Mapping):
        if value.get("dify_model_identity") == FILE_IDENTITY:
            return file_from_mapping(value)
        return {key: revive(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [revive(item) for item in value]
    return value
