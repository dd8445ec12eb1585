"""What tools yield, gathered into outputs: text, data, files and variables, streamed where they stream (nodes-ai 12.4).

Tool nodes and agents share it.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from engine.logs import get_logger
from engine.nodes.base import NodeContext
from engine.nodes.llm_config import AiProblem
from engine.nodes.llm_files import saved_file
from engine.ports.models import Usage
from engine.ports.outside import HttpRequest, PortError, ToolMessage
from engine.run.variables.files import File, file_from_mapping

log = get_logger(__name__)
RESERVED = ("text", "json", "files")
NO_DATA: dict[str, list[Any]] = {"data": []}
MOST_BYTES = 100 * 1024 * 1024


class _Blob:
    """A file that comes in pieces."""

    def __init__(self, total: int, meta: Mapping[str, Any]) -> None:
        self.total = total
        self.meta = meta
        self.data = bytearray()


class ToolOutput:
    """Takes the messages of one call in order; `finish` checks that nothing is left half."""

    def __init__(self, ctx: NodeContext, *, streams: bool = True) -> None:
        self._ctx = ctx
        self._streams = streams
        self._text: list[str] = []
        self._streamed: dict[str, list[str]] = {}
        self._blobs: dict[str, _Blob] = {}
        self.data: list[Any] = []
        self.files: list[File] = []
        self.variables: dict[str, Any] = {}
        self.usage: Usage | None = None
        self.child_run = ""

    @property
    def text(self) -> str:
        return "".join(self._text)

    async def take(self, message: ToolMessage) -> None:
        """One message. Raises AiProblem (`ToolFileError`, `ToolNodeError`)."""
        kind = message.kind
        if kind == "text":
            self.say(str(message.value or ""))
        elif kind == "json":
            if isinstance(message.value, Mapping | list) and message.value:
                self.data.append(message.value)
        elif kind == "link":
            word = "File" if message.meta.get("file") else "Link"
            self.say(f"{word}: {message.value}\n")
        elif kind in ("image_link", "binary_link", "file"):
            self._file(message)
        elif kind == "image":
            await self._image(message)
        elif kind == "blob":
            await self._keep(_bytes(message.value), message.meta)
        elif kind == "blob_chunk":
            await self._chunk(message)
        elif kind == "variable":
            self._variable(message)
        elif kind == "child_run":
            self.child_run = str(message.value)
        elif kind == "usage":
            self.usage = message.value if isinstance(message.value, Usage) else Usage.from_json(message.value)
        elif kind not in ("log", "retriever_resources"):
            raise AiProblem("ToolNodeError", f"The tool sent a message of the unknown kind {kind!r}.")

    def say(self, text: str) -> None:
        """Add to the text, and stream it."""
        if text:
            self._text.append(text)
            if self._streams:
                self._ctx.stream_text(text)

    def finish(self) -> None:
        """No more messages will come. Raises AiProblem `ToolFileError` for a file that is not complete."""
        for blob_id, blob in self._blobs.items():
            raise AiProblem("ToolFileError", f"The file {blob_id} ended after {len(blob.data)} of {blob.total} bytes.")
        if self._streams:
            self._ctx.stream_text("", is_final=True)
            for name in self._streamed:
                self._ctx.stream_text("", name=name, is_final=True)

    def outputs(self) -> dict[str, Any]:
        """The outputs of a tool node (section 12.5)."""
        variables = {name: "".join(parts) for name, parts in self._streamed.items()} | self.variables
        return {"text": self.text, "files": self.files, "json": self.data or [dict(NO_DATA)], **variables}

    # -- kinds ---------------------------------------------------------------------------------------------------------

    def _variable(self, message: ToolMessage) -> None:
        name = str(message.meta.get("name") or "")
        if not name and isinstance(message.value, Mapping):
            name = str(message.value.get("variable_name") or "")
        if not name:
            raise AiProblem("ToolNodeError", "The tool sent a variable without a name.")
        if name in RESERVED:
            log.info("a tool's variable %s was left out: the name is taken", name)
            return
        if message.meta.get("stream"):
            if not isinstance(message.value, str):
                raise AiProblem("ToolNodeError", f"The streamed variable {name} must be text.")
            self._streamed.setdefault(name, []).append(message.value)
            if self._streams:
                self._ctx.stream_text(message.value, name=name)
        else:
            self.variables[name] = message.value

    def _file(self, message: ToolMessage) -> None:
        value = message.meta.get("file") or message.value
        if isinstance(value, Mapping):
            value = file_from_mapping(value)
        if isinstance(value, str) and message.meta.get("tool_file_id"):
            extension = PurePosixPath(urlsplit(value).path).suffix
            value = File(
                "image" if message.kind == "image_link" else "custom",
                "tool_file",
                reference=str(message.meta["tool_file_id"]),
                filename=PurePosixPath(urlsplit(value).path).name,
                extension=extension or None,
                mime_type=message.meta.get("mime_type") or mimetypes.guess_type(value)[0],
            )
        if not isinstance(value, File):
            raise AiProblem("ToolFileError", "The tool sent a file that is not there.")
        self.files.append(value)

    async def _image(self, message: ToolMessage) -> None:
        url = str(message.value or "")
        http = self._ctx.ports.http
        try:
            if http is None:
                raise PortError("NoNetwork", "There is no way to fetch it here.")
            request = HttpRequest("GET", url, connect_timeout=10, read_timeout=60, max_bytes=MOST_BYTES)
            answer = await http.send(request)
            if answer.status >= 400:
                raise PortError("BadStatus", f"the server answered {answer.status}")
        except PortError as problem:
            self.say(f"Failed to download the image {url}: {problem}")
            return
        mime = next((v for k, v in answer.headers if k.lower() == "content-type"), "").split(";")[0] or "image/png"
        name = PurePosixPath(urlsplit(url).path).name or f"image{mimetypes.guess_extension(mime) or ''}"
        await self._keep(answer.content, {"mime_type": mime, "filename": name})

    async def _keep(self, content: bytes, meta: Mapping[str, Any]) -> None:
        mime = str(meta.get("mime_type") or "application/octet-stream")
        name = str(meta.get("filename") or "") or f"file{mimetypes.guess_extension(mime) or ''}"
        try:
            self.files.append(await saved_file(content, name, mime, self._ctx.ports))
        except PortError as problem:
            raise AiProblem("ToolFileError", str(problem)) from problem

    async def _chunk(self, message: ToolMessage) -> None:
        meta = message.meta
        blob_id = str(meta.get("id") or "")
        if not blob_id:
            raise AiProblem("ToolFileError", "A piece of a file has no id.")
        try:
            total = int(meta.get("total_length", -1))
        except (TypeError, ValueError):
            total = -1
        if not 0 <= total <= MOST_BYTES:
            raise AiProblem("ToolFileError", f"The length of the file {blob_id} is not valid: {total}.")
        blob = self._blobs.setdefault(blob_id, _Blob(total, meta))
        if blob.total != total:
            raise AiProblem("ToolFileError", f"The length of the file {blob_id} changed from {blob.total} to {total}.")
        blob.data += _bytes(message.value)
        if len(blob.data) > blob.total:
            raise AiProblem("ToolFileError", f"The file {blob_id} is longer than its {blob.total} bytes.")
        if meta.get("end"):
            if len(blob.data) != blob.total:
                raise AiProblem(
                    "ToolFileError", f"The file {blob_id} ended after {len(blob.data)} of {blob.total} bytes."
                )
            del self._blobs[blob_id]
            await self._keep(bytes(blob.data), {**blob.meta, **meta})


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except ValueError as problem:
        raise AiProblem("ToolFileError", "The tool sent a file that is not base64.") from problem
