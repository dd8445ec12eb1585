"""The datasource node: the document that a pipeline run works on (nodes-ai spec 11.1).

What to bring is chosen before the run; the node resolves the choice. Online documents and drives need a connector
that the person installs, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import selector_of
from engine.run.variables.files import File, FileProblem, file_from_mapping, infer_type
from engine.run.variables.segments import plain

ERROR = "DatasourceNodeError"


class DatasourceConfig(NodeConfig):
    plugin_id: str = ""
    provider_name: str = ""
    provider_type: str = ""
    datasource_name: str | None = None
    datasource_parameters: dict[str, Any] | None = None


class DatasourceNode(Node[DatasourceConfig]):
    """Gives the chosen document with the kind of its source."""

    node_type: ClassVar[str] = "datasource"
    execution_type: ClassVar[ExecutionType] = ExecutionType.ROOT
    config_model: ClassVar[type[NodeConfig]] = DatasourceConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        kind = ctx.pool.get_value(("sys", "datasource_type"))
        info = ctx.pool.get_value(("sys", "datasource_info"))
        if not kind:
            return NodeResult.failed("Datasource type is not set", ERROR)
        if not info:
            return NodeResult.failed("Datasource info is not set", ERROR)
        if not isinstance(info, Mapping):
            return NodeResult.failed("Invalid datasource info format", ERROR)
        inputs = plain(dict(info))
        metadata = {"datasource_info": inputs}
        if kind == "local_file":
            return self._local(info, inputs, metadata)
        if kind == "website_crawl":
            outputs = {**info, "datasource_type": kind}
            return NodeResult(inputs=inputs, outputs=outputs, metadata=metadata)
        if kind in ("online_document", "online_drive"):
            text = f"Failed to invoke datasource: the connector {self.config.provider_name} is not installed"
            return NodeResult.failed(text, ERROR, inputs=inputs, metadata=metadata)
        return NodeResult.failed(f"Unsupported datasource provider: {kind}", ERROR, inputs=inputs, metadata=metadata)

    @staticmethod
    def _local(info: Mapping[str, Any], inputs: dict[str, Any], metadata: dict[str, Any]) -> NodeResult:
        reference = info.get("reference") or info.get("related_id")
        if not reference:
            return NodeResult.failed("File is not exist", ERROR, inputs=inputs, metadata=metadata)
        extension = str(info.get("extension") or "")
        extension = extension if extension.startswith(".") or not extension else f".{extension}"
        mime = info.get("mime_type")
        try:
            file: File = file_from_mapping(
                {
                    "type": infer_type(extension, mime),
                    "transfer_method": "local_file",
                    "reference": str(reference),
                    "filename": info.get("name"),
                    "extension": extension or None,
                    "mime_type": mime,
                    "size": info.get("size", -1),
                }
            )
        except FileProblem as problem:
            text = f"Failed to invoke datasource: {problem}"
            return NodeResult.failed(text, ERROR, inputs=inputs, metadata=metadata)
        return NodeResult(inputs=inputs, outputs={"file": file, "datasource_type": "local_file"}, metadata=metadata)

    def variable_mapping(self) -> dict[str, Selector]:
        found: dict[str, Selector] = {}
        for name, item in (self.config.datasource_parameters or {}).items():
            if isinstance(item, Mapping) and item.get("type") == "variable":
                found[f"{self.node_id}.{name}"] = selector_of(item.get("value"))
        return found
