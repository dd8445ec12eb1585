"""Plausible inputs for any workflow: a value of the declared type for every variable, with real small files."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.model.workflow import Workflow
from engine.services.context import Services
from tests.engine.nodes.logic.documents import pdf, slides, word, workbook

TEXT = "Please write one sentence about rivers."
ADDRESS = "https://example.com/rivers"
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_ROWS: list[list[Any]] = [["river", "length"], ["Rhine", 1230], ["Aare", 288]]
_FIRST = {"document": "pdf", "image": "png", "audio": "mp3", "video": "mp4"}
"""The kind of file that is taken first where several are allowed: one that has a text."""
_MADE = ("xlsx", "docx", "pdf", "pptx", "csv", "md", "txt", "png", "jpg")
_MIME = {
    "png": "image/png",
    "pdf": "application/pdf",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "html": "text/html",
    "md": "text/markdown",
}


def content_of(extension: str) -> bytes:
    """A small file of a kind."""
    if extension in ("png", "jpg", "jpeg", "gif", "webp"):
        return _PIXEL
    if extension == "pdf":
        return pdf("Rivers flow to the sea.", "The Rhine is long.")
    if extension == "docx":
        return word("Rivers flow to the sea.", [[str(c) for c in row] for row in _ROWS])
    if extension == "pptx":
        return slides("Rivers")
    if extension == "xlsx":
        return workbook(_ROWS)
    if extension == "csv":
        return "\n".join(",".join(map(str, row)) for row in _ROWS).encode()
    if extension in ("mp3", "mp4", "wav", "m4a"):
        return b"ID3\x03\x00\x00\x00\x00\x00\x00"
    return b"Rivers flow to the sea."


def extension_for(variable: Mapping[str, Any]) -> str:
    """An extension that the variable allows."""
    types = variable.get("allowed_file_types") or []
    listed = [e.lstrip(".").lower() for e in variable.get("allowed_file_extensions") or [] if e]
    if "custom" in types and listed:
        return next((e for e in _MADE if e in listed), str(listed[0]))
    return next((extension for kind, extension in _FIRST.items() if kind in types), "txt")


class Samples:
    """Makes inputs whose files lie in the workspace of `services`, as if somebody had chosen them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def inputs(self, workflow: Workflow) -> dict[str, Any]:
        """A value for every input that the start node declares."""
        starts = [n for n in workflow.graph.nodes.values() if n.type == "start" and not n.is_note]
        declared = [v for n in starts for v in n.data.get("variables") or [] if isinstance(v, dict)]
        return {v["variable"]: self.value(v) for v in declared if v.get("variable")}

    def value(self, variable: Mapping[str, Any]) -> Any:
        """A value of one declared input."""
        kind = str(variable.get("type"))
        if kind in ("file", "file-list"):
            file = self._file(variable)
            return [file] if kind == "file-list" else file
        if kind == "select":
            return (variable.get("options") or ["x"])[0]
        plain = {"number": 3, "checkbox": True, "json_object": {"a": 1}, "json": {"a": 1}, "url": ADDRESS}
        return plain[kind] if kind in plain else self._text(variable)

    @staticmethod
    def _text(variable: Mapping[str, Any]) -> str:
        named = f"{variable.get('variable')} {variable.get('label')}".lower()
        text = ADDRESS if any(word in named for word in ("url", "link", "网址", "链接")) else TEXT
        length = str(variable.get("max_length") or "")
        return text[: int(length)] if length.isdigit() and int(length) else text

    def _file(self, variable: Mapping[str, Any]) -> dict[str, Any]:
        extension = extension_for(variable)
        mime = _MIME.get(extension, "image/jpeg" if extension in ("jpg", "jpeg") else "text/plain")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"sample.{extension}"
            path.write_bytes(content_of(extension))
            reference = self._services.keep_file(path, mime)
            size = path.stat().st_size
        return {
            "type": "",
            "transfer_method": "local_file",
            "upload_file_id": reference,
            "filename": f"sample.{extension}",
            "extension": f".{extension}",
            "mime_type": mime,
            "size": size,
        }
