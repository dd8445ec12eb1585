"""Files of a run as contents of a message (nodes-ai spec 1.3, 1.4)."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from engine.nodes.llm_config import AiProblem, VisionConfig
from engine.ports.bundle import Ports
from engine.ports.models import ContentPart
from engine.ports.outside import HttpRequest, PortError
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment

MEDIA = ("image", "video", "audio", "document")
_KINDS = {"image": "image", "video": "video", "audio": "audio", "document": "document"}


def files_in(segment: Segment | None) -> list[File]:
    """The files of a value: one, a list of them, or none."""
    if segment is None:
        return []
    if isinstance(segment.value, File):
        return [segment.value]
    if isinstance(segment.value, list):
        return [item for item in segment.value if isinstance(item, File)]
    return []


def vision_files(vision: VisionConfig, pool: VariablePool) -> list[File]:
    """The files that the vision block sends. Raises AiProblem `InvalidVariableTypeError` for other values."""
    if not vision.enabled or len(vision.selector) < 2:
        return []
    segment = pool.get(vision.selector)
    if segment is None or segment.type == "none" or (segment.type == "array[any]" and not segment.value):
        return []
    if segment.type not in ("file", "array[file]"):
        raise AiProblem("InvalidVariableTypeError", f"Invalid variable type: {segment.type}")
    return files_in(segment)


async def content_of(file: File, ports: Ports, detail: str = "high") -> ContentPart:
    """One file as content. Raises ValueError without extension or MIME type, PortError when it cannot be read."""
    if file.type not in MEDIA:
        return ContentPart("text", f"[Unsupported file type: {file.filename or ''} ({file.type})]")
    name, extension, mime = described(file)
    if not extension:
        raise ValueError("Missing file extension")
    if not mime:
        raise ValueError("Missing file mime_type")
    data = url = ""
    if file.transfer_method != "remote_url" or ports.http is not None:
        data = base64.b64encode(await read_file(file, ports)).decode()
    else:
        url = file.remote_url or ""
    return ContentPart(_KINDS[file.type], "", data, url, mime, name, detail)  # type: ignore[arg-type]


def described(file: File) -> tuple[str, str, str]:
    """Name, extension and MIME type, from the name or address where the file itself does not say."""
    name = file.filename or unquote(PurePosixPath(urlsplit(file.remote_url or "").path).name)
    extension = file.extension or PurePosixPath(name).suffix
    mime = file.mime_type or mimetypes.guess_type(name)[0] or mimetypes.guess_type(f"x{extension}")[0] or ""
    if not extension and mime:
        extension = mimetypes.guess_extension(mime) or ""
    return name or f"file{extension}", extension, mime


async def read_file(file: File, ports: Ports) -> bytes:
    """The bytes of a file, from the store or its address. Raises PortError."""
    if file.transfer_method == "remote_url":
        if ports.http is None or not file.remote_url:
            raise PortError("FileNotFound", f"The file {file.filename or file.remote_url} cannot be read here.")
        response = await ports.http.send(HttpRequest("GET", file.remote_url, connect_timeout=10, read_timeout=60))
        if response.status >= 400:
            raise PortError("FileNotFound", f"{file.remote_url} answered {response.status}.")
        return response.content
    if ports.files is None or not file.reference:
        raise PortError("FileNotFound", f"The file {file.filename or file.reference} cannot be read here.")
    return await ports.files.load(file.reference)


async def saved_file(content: bytes, filename: str, mime_type: str, ports: Ports) -> File:
    """Keep bytes that a model or tool made as a file of the run. Raises PortError."""
    if ports.files is None:
        raise PortError("ToolFileError", "There is no place to keep files here.")
    from engine.run.variables.files import infer_type

    reference = await ports.files.save(content, filename=filename, mime_type=mime_type)
    extension = PurePosixPath(filename).suffix or mimetypes.guess_extension(mime_type) or ""
    return File(
        type=infer_type(extension, mime_type),
        transfer_method="tool_file",
        reference=reference,
        filename=filename,
        extension=extension or None,
        mime_type=mime_type,
        size=len(content),
    )


def new_files(files: Sequence[File], seen: Sequence[File]) -> list[File]:
    """The files that are not among `seen`, each once (AI-25)."""
    found: list[File] = []
    for file in files:
        if file not in seen and file not in found:
            found.append(file)
    return found
