"""Plausible inputs for any workflow: a value of the declared type for every variable, with real small files."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.model.workflow import Workflow
from engine.services.context import Services
from tests.engine.nodes.logic.documents import pdf, slides, word, workbook
from tests.helpers.uses import ADDRESS, Uses, file_kind

TEXT = "Please write one sentence about rivers."
QUERY = "What is a river?"
_NAMED = (
    (("url", "link", "网址", "链接"), ADDRESS),
    (("email", "e-mail", "邮箱", "メール"), "someone@example.com"),
    (("json",), '{"a": 1}'),
    (("sql",), "SELECT 1"),
    (("date", "日期", "日付"), "2026-01-15"),
    (("language", "lang", "语言", "語言", "言語"), "English"),
    (("count", "number", "数量", "页数", "頁數", "人数", "次数"), "3"),
)
"""Words in the name or label of a text, and a text that such an input takes."""
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


def extension_for(variable: Mapping[str, Any], wanted: str | None = None) -> str:
    """An extension that the variable allows: the one that is wanted, or that its name speaks of, if it may be."""
    types = variable.get("allowed_file_types") or []
    wanted = wanted or file_kind(f"{variable.get('variable')} {variable.get('label')}")
    if wanted is not None and (not types or "document" in types):
        return wanted
    listed = [e.lstrip(".").lower() for e in variable.get("allowed_file_extensions") or [] if e]
    if "custom" in types and listed:
        return wanted if wanted in listed else next((e for e in _MADE if e in listed), str(listed[0]))
    return next((extension for kind, extension in _FIRST.items() if kind in types), "txt")


def fitting_object(schema: Any) -> Any:
    """A value that fits a JSON schema, given as one or as its text."""
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError:
            schema = None
    if not isinstance(schema, Mapping):
        return {"a": 1}
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: fitting_object(part) for name, part in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [fitting_object(schema.get("items") or {"type": "string"})]
    return {"string": TEXT, "number": 1.5, "integer": 3, "boolean": True}.get(str(kind))


class Samples:
    """Makes inputs whose files lie in the workspace of `services`, as if somebody had chosen them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def inputs(self, workflow: Workflow) -> dict[str, Any]:
        """A value for every input that the start node declares, fitting for what is done with it."""
        uses = Uses(workflow)
        starts = [n for n in workflow.graph.nodes.values() if n.type == "start" and not n.is_note]
        declared = [v for n in starts for v in n.data.get("variables") or [] if isinstance(v, dict)]
        return {v["variable"]: self.value(v, uses) for v in declared if v.get("variable")}

    @staticmethod
    def query(workflow: Workflow) -> str:
        """What to say to a chat."""
        return Uses(workflow).texts.get("sys.query", QUERY)

    def value(self, variable: Mapping[str, Any], uses: Uses | None = None) -> Any:
        """A value of one declared input."""
        kind, name = str(variable.get("type")), str(variable.get("variable"))
        if kind in ("file", "file-list"):
            file = self._file(variable, uses.files.get(name) if uses is not None else None)
            return [file] if kind == "file-list" else file
        default = variable.get("default")
        if kind == "select":
            options = variable.get("options") or ["x"]
            return default if default in options else options[0]
        if kind in ("json_object", "json"):
            return fitting_object(variable.get("json_schema"))
        plain = {"number": 3, "checkbox": True, "url": ADDRESS}
        if kind in plain:
            return plain[kind]
        return str(default) if default not in (None, "") else self._text(variable, uses.texts if uses else {})

    @staticmethod
    def _text(variable: Mapping[str, Any], needed: Mapping[str, str]) -> str:
        named = f"{variable.get('variable')} {variable.get('label')}".lower()
        text = next((text for words, text in _NAMED if any(word in named for word in words)), TEXT)
        text = needed.get(str(variable.get("variable")), text)
        length = str(variable.get("max_length") or "")
        return text[: int(length)] if length.isdigit() and int(length) else text

    def _file(self, variable: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
        extension = extension_for(variable, wanted)
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
