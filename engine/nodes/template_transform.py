"""The template node: Jinja text from named inputs (nodes-logic spec, section 4)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.inputs import NamedInput, collect, named_inputs


class TemplateConfig(NodeConfig):
    variables: list[NamedInput] = Field(default_factory=list)
    template: str = ""

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return named_inputs(value)


class TemplateTransformNode(Node[TemplateConfig]):
    """Renders in a sandbox; any problem of the template is the node's failure."""

    node_type: ClassVar[str] = "template-transform"
    config_model: ClassVar[type[NodeConfig]] = TemplateConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        from engine.nodes.jinja_sandbox import TemplateProblem, render

        inputs = collect(self.config.variables, ctx.pool, empty_files_as_null=False)
        limits = ctx.limits
        try:
            text = render(self.config.template, inputs, limits.template_max_length, limits.template_seconds)
        except TemplateProblem as problem:
            return NodeResult.failed(str(problem), inputs=inputs)
        return NodeResult(inputs=inputs, outputs={"output": text})

    def variable_mapping(self) -> dict[str, Selector]:
        return {f"{self.node_id}.{v.variable}": tuple(v.value_selector) for v in self.config.variables}
