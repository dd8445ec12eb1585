"""The answer node: text and variables that the chat shows in this order (nodes-ai spec, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from engine.nodes.base import (
    ExecutionType,
    Node,
    NodeConfig,
    NodeContext,
    NodeResult,
    Selector,
    TemplateSegment,
    TextSegment,
    VariableSegment,
)
from engine.run.variables import templates
from engine.run.variables.files import File


class AnswerConfig(NodeConfig):
    answer: str = ""


class AnswerNode(Node[AnswerConfig]):
    """Renders its text as markdown and gathers the files it names."""

    node_type: ClassVar[str] = "answer"
    execution_type: ClassVar[ExecutionType] = ExecutionType.RESPONSE
    config_model: ClassVar[type[NodeConfig]] = AnswerConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        rendered = templates.render(self.config.answer, ctx.pool)
        files: list[File] = []
        for segment in rendered.segments:
            if isinstance(segment.value, File):
                files.append(segment.value)
            elif isinstance(segment.value, list):
                files.extend(item for item in segment.value if isinstance(item, File))
        return NodeResult(outputs={"answer": rendered.markdown, "files": files})

    def response_template(self) -> Sequence[TemplateSegment]:
        return tuple(
            TextSegment(part.text) if isinstance(part, templates.TextSegment) else VariableSegment(part.selector)
            for part in templates.split_template(self.config.answer)
        )

    def variable_mapping(self) -> dict[str, Selector]:
        return {f"{self.node_id}.#{'.'.join(s)}#": s for s in templates.references(self.config.answer)}
