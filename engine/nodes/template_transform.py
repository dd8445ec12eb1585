"""The template node: Jinja text from named inputs (nodes-logic spec, section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.inputs import NamedInput, collect, named_inputs


class TemplateConfig(NodeConfig):
    """Named inputs and the Jinja text that uses them."""

    variables: list[NamedInput] = Field(default_factory=list)
    template: str = ""

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return named_inputs(value)

    @field_validator("template", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return "" if value is None else value


class TemplateTransformNode(Node[TemplateConfig]):
    """Renders in a sandbox; any problem of the template is the node's failure."""

    node_type: ClassVar[str] = "template-transform"
    config_model: ClassVar[type[NodeConfig]] = TemplateConfig

    def run(self, ctx: NodeContext) -> NodeResult | Awaitable[NodeResult]:
        from engine.nodes.jinja_sandbox import repeats

        inputs = collect(self.config.variables, ctx.pool, empty_files_as_null=False)
        if repeats(self.config.template):
            return self._beside(ctx, inputs)
        return self._render(ctx, inputs)

    async def _beside(self, ctx: NodeContext, inputs: dict[str, Any]) -> NodeResult:
        # Loops may go on until the time limit; the engine's loop must stay free for other nodes and for stopping.
        return await asyncio.to_thread(self._render, ctx, inputs)

    def _render(self, ctx: NodeContext, inputs: dict[str, Any]) -> NodeResult:
        from engine.nodes.jinja_sandbox import TemplateProblem, render

        limits = ctx.limits
        try:
            longest, seconds = limits.template_max_length, limits.template_seconds
            text = render(self.config.template, inputs, longest, seconds, ctx.is_cancelled)
        except TemplateProblem as problem:
            return NodeResult.failed(str(problem), inputs=inputs)
        return NodeResult(inputs=inputs, outputs={"output": text})

    def variable_mapping(self) -> dict[str, Selector]:
        """Every input by its name."""
        return {f"{self.node_id}.{v.variable}": tuple(v.value_selector) for v in self.config.variables}
