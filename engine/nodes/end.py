"""The end node: names what the workflow gives back (nodes-ai spec, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator

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
from engine.run.variables.segments import plain


class EndOutput(NodeConfig):
    """One output: its name, where it comes from, and its declared type, which does not bind the value."""

    variable: str = ""
    value_selector: list[str] = Field(default_factory=list)
    value_type: str = "any"

    @field_validator("value_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return [] if not isinstance(value, list) else [str(v) for v in value]

    @field_validator("value_type", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return str(value).lower() if value else "any"


class EndConfig(NodeConfig):
    outputs: list[EndOutput] = Field(default_factory=list)


class EndNode(Node[EndConfig]):
    """Collects values; one that is not there is null."""

    node_type: ClassVar[str] = "end"
    execution_type: ClassVar[ExecutionType] = ExecutionType.RESPONSE
    config_model: ClassVar[type[NodeConfig]] = EndConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        outputs = {o.variable: ctx.pool.get_value(o.value_selector) for o in self.config.outputs if o.variable}
        return NodeResult(inputs=plain(outputs), outputs=outputs)

    def response_template(self) -> Sequence[TemplateSegment]:
        """Values in order, a line break between them (engine spec 8.2)."""
        parts: list[TemplateSegment] = []
        for position, output in enumerate(self.config.outputs):
            if position:
                parts.append(TextSegment("\n"))
            if len(output.value_selector) >= 2:
                parts.append(VariableSegment(tuple(output.value_selector)))
        while parts and isinstance(parts[-1], TextSegment):
            parts.pop()
        return tuple(parts)

    def variable_mapping(self) -> dict[str, Selector]:
        return {
            f"{self.node_id}.{o.variable}": tuple(o.value_selector) for o in self.config.outputs if o.value_selector
        }
