"""The knowledge-index node: chunks into a knowledge base, or their preview (nodes-ai spec, section 10).

A preview needs nothing but the chunks. Storing is for workspaces with knowledge bases; until then the node says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import field_validator

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import selector_of, text_of
from engine.run.variables.segments import plain


class IndexConfig(NodeConfig):
    chunk_structure: str = ""
    index_chunk_variable_selector: tuple[str, ...] = ()

    @field_validator("index_chunk_variable_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return selector_of(value)

    @field_validator("chunk_structure", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)


class KnowledgeIndexNode(Node[IndexConfig]):
    """Takes the chunks that came before it."""

    node_type: ClassVar[str] = "knowledge-index"
    execution_type: ClassVar[ExecutionType] = ExecutionType.RESPONSE
    config_model: ClassVar[type[NodeConfig]] = IndexConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        pool = ctx.pool
        if not pool.get_value(("sys", "dataset_id")):
            return NodeResult.failed("Dataset ID is required.", "KnowledgeIndexNodeError")
        segment = pool.get(self.config.index_chunk_variable_selector)
        if segment is None:
            return NodeResult.failed("Index chunk variable is required.", "KnowledgeIndexNodeError")
        chunks = plain(segment.value)
        inputs = {"chunks": chunks}
        if not chunks:
            return NodeResult.failed("Chunks is required.", "KnowledgeIndexNodeError", inputs=inputs)
        if pool.get_value(("sys", "invoke_from")) == "debugger":
            return NodeResult(inputs=inputs, outputs=preview(self.config.chunk_structure, chunks))
        text = f"The knowledge base {pool.get_value(('sys', 'dataset_id'))} is not in this workspace."
        return NodeResult.failed(text, "KnowledgeBaseMissing", inputs=inputs)

    def variable_mapping(self) -> dict[str, Selector]:
        return {f"{self.node_id}.chunks": self.config.index_chunk_variable_selector}


def preview(structure: str, value: Any) -> dict[str, Any]:
    """What would be stored, in the three shapes of chunks."""
    data: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    shown: dict[str, Any] = {"chunk_structure": structure, "preview": [], "qa_preview": []}
    if structure == "hierarchical_model":
        parents = data.get("parent_child_chunks") or []
        mode = text_of(data.get("parent_mode")).replace("_", "-")
        shown["parent_mode"] = mode or "paragraph"
        shown["preview"] = [
            {"content": p.get("parent_content"), "child_chunks": list(p.get("child_contents") or ())} for p in parents
        ]
        shown["total_segments"] = len(parents)
    elif structure == "qa_model":
        pairs = data.get("qa_chunks") or []
        shown["qa_preview"] = [{"question": p.get("question"), "answer": p.get("answer")} for p in pairs]
        shown["total_segments"] = len(pairs)
    else:
        chunks = value if isinstance(value, list) else data.get("general_chunks") or []
        texts = [c.get("content") if isinstance(c, Mapping) else c for c in chunks]
        shown["preview"] = [{"content": text} for text in texts]
        shown["total_segments"] = len(texts)
    return shown
