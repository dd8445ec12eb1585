"""The knowledge-retrieval node: passages of knowledge bases that fit a query (nodes-ai spec, section 8).

Searching is the work of the `Retriever` port; where there is none the node says which knowledge bases are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import selector_of
from engine.nodes.llm_files import files_in
from engine.ports.outside import PortError
from engine.run.variables.segments import plain

SETTINGS = (
    "retrieval_mode",
    "multiple_retrieval_config",
    "single_retrieval_config",
    "metadata_filtering_mode",
    "metadata_model_config",
    "metadata_filtering_conditions",
)


class RetrievalConfig(NodeConfig):
    query_variable_selector: tuple[str, ...] = ()
    query_attachment_selector: tuple[str, ...] = ()
    dataset_ids: list[str] = Field(default_factory=list)

    @field_validator("query_variable_selector", "query_attachment_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return selector_of(value)

    @field_validator("dataset_ids", mode="before")
    @classmethod
    def _ids(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list) else []


class KnowledgeRetrievalNode(Node[RetrievalConfig]):
    """Gives `result`, a list of passages; nothing asked is nothing found."""

    node_type: ClassVar[str] = "knowledge-retrieval"
    config_model: ClassVar[type[NodeConfig]] = RetrievalConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        inputs: dict[str, Any] = {}
        has_query, has_files = len(config.query_variable_selector) >= 2, len(config.query_attachment_selector) >= 2
        if not has_query and not has_files:
            return NodeResult()
        query = ""
        if has_query:
            segment = ctx.pool.get(config.query_variable_selector)
            if segment is None or segment.type not in ("string", "secret"):
                return NodeResult.failed("Query variable is not string type.", "ValueError", inputs=inputs)
            query = str(segment.value)
            inputs["query"] = segment.log
        if has_files:
            attached = ctx.pool.get(config.query_attachment_selector)
            if attached is None or attached.type not in ("file", "array[file]"):
                text = "Attachments variable is not array file or file type."
                return NodeResult.failed(text, "ValueError", inputs=inputs)
            inputs["attachments"] = plain(files_in(attached))
        if not query:
            return NodeResult(inputs=inputs, outputs={"result": []})
        return await self._search(ctx, query, inputs)

    async def _search(self, ctx: NodeContext, query: str, inputs: dict[str, Any]) -> NodeResult:
        config = self.config
        if not config.dataset_ids:
            return NodeResult(inputs=inputs, outputs={"result": []})
        if ctx.ports.retriever is None:
            named = ", ".join(config.dataset_ids)
            text = f"This step needs a knowledge base, and this workspace has none. The file asks for: {named}."
            return NodeResult.failed(text, "KnowledgeBaseMissing", inputs=inputs)
        extra: Mapping[str, Any] = config.model_extra or {}
        settings = {name: extra[name] for name in SETTINGS if name in extra}
        try:
            found = await ctx.ports.retriever.retrieve(config.dataset_ids, query, settings)
        except PortError as problem:
            return NodeResult.failed(str(problem), problem.error_type, inputs=inputs)
        return NodeResult(inputs=inputs, outputs={"result": found})

    def variable_mapping(self) -> dict[str, Selector]:
        found = {}
        if self.config.query_variable_selector:
            found[f"{self.node_id}.query"] = self.config.query_variable_selector
        if self.config.query_attachment_selector:
            found[f"{self.node_id}.queryAttachment"] = self.config.query_attachment_selector
        return found
