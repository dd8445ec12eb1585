"""The document extractor (nodes-logic spec, section 9): files in, their text out. Formats are read behind a port."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.ports.outside import HttpRequest, PortError
from engine.run.variables.files import File


class DocumentExtractorConfig(NodeConfig):
    """`is_array_file` only decides what the editor shows."""

    variable_selector: list[str] = Field(default_factory=list)
    is_array_file: bool = False

    @field_validator("variable_selector", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value


class DocumentExtractorNode(Node[DocumentExtractorConfig]):
    """One text for a file, a list of texts for a list; one file that cannot be read fails the node."""

    node_type: ClassVar[str] = "document-extractor"
    config_model: ClassVar[type[NodeConfig]] = DocumentExtractorConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        selector = self.config.variable_selector
        inputs = {"variable_selector": selector}
        found = ctx.pool.get(selector)
        if found is None:
            return NodeResult.failed(f"The variable {'.'.join(selector) or '(none)'} was not found.", inputs=inputs)
        value = found.value
        if not value:
            return NodeResult(inputs=inputs, process_data={"documents": []}, outputs={"text": []})
        files = value if isinstance(value, list) else [value]
        if not all(isinstance(file, File) for file in files):
            return NodeResult.failed(f"A file or a list of files is needed, not {found.type}.", inputs=inputs)
        process_data = {"documents": files}
        texts = []
        for file in files:
            ctx.check_cancelled()
            try:
                texts.append(await _text(file, ctx))
            except PortError as problem:
                name = file.filename or file.remote_url or file.reference
                return NodeResult.failed(f"{name}: {problem}", inputs=inputs, process_data=process_data)
        text = texts if isinstance(value, list) else texts[0]
        return NodeResult(inputs=inputs, process_data=process_data, outputs={"text": text})

    def variable_mapping(self) -> dict[str, Selector]:
        """The files."""
        return {f"{self.node_id}.files": tuple(self.config.variable_selector)}


async def _text(file: File, ctx: NodeContext) -> str:
    reader = ctx.ports.documents
    if reader is None:
        raise PortError("DocumentReaderMissing", "Documents cannot be read here.")
    limit = ctx.limits.document_max_bytes
    if file.size > limit:
        raise PortError("FileTooLargeError", f"The file has {file.size} bytes; documents may have {limit}.")
    return await reader.text(
        await _content(file, ctx, limit),
        extension=file.extension or "",
        mime_type=file.mime_type or "",
        strict=bool(ctx.run.get("strict_upstream")),
    )


async def _content(file: File, ctx: NodeContext, limit: int) -> bytes:
    """The bytes of a file, fetched when it is remote. Raises PortError."""
    if file.transfer_method != "remote_url" or not file.remote_url:
        if ctx.ports.files is None:
            raise PortError("FileDownloadError", "There is no file store here.")
        return await ctx.ports.files.load(file.reference or "")
    if ctx.ports.http is None:
        raise PortError("FileDownloadError", "Nothing can be fetched from the network here.")
    limits = ctx.limits
    response = await ctx.ports.http.send(
        HttpRequest(
            "GET",
            file.remote_url,
            verify_tls=limits.http_verify_tls,
            connect_timeout=limits.http_connect_seconds,
            read_timeout=limits.http_read_seconds,
            write_timeout=limits.http_write_seconds,
            max_bytes=limit,
        )
    )
    if not 200 <= response.status < 300:
        raise PortError("FileDownloadError", f"The server answered {response.status} for the file.")
    return response.content
