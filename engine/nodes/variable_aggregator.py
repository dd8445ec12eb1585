"""The aggregator: the first variable that exists, so that branches can meet (nodes-logic spec, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.run.variables.segments import Segment, plain


def _selectors(value: Any) -> Any:
    """What is no list stays for the model to refuse."""
    if value and not isinstance(value, list | tuple):
        return value
    return [[str(p) for p in item] for item in value or [] if isinstance(item, list | tuple)]


class Group(NodeConfig):
    group_name: str = ""
    output_type: str = "any"
    variables: list[list[str]] = Field(default_factory=list)

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return _selectors(value)

    @field_validator("output_type", "group_name", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else str(value)


class Advanced(NodeConfig):
    group_enabled: bool = False
    groups: list[Group] = Field(default_factory=list)


class AggregatorConfig(NodeConfig):
    output_type: str = "any"
    variables: list[list[str]] = Field(default_factory=list)
    advanced_settings: Advanced | None = None

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return _selectors(value)

    @field_validator("output_type", mode="before")
    @classmethod
    def _type(cls, value: Any) -> Any:
        return "any" if value is None else str(value)


class VariableAggregatorNode(Node[AggregatorConfig]):
    """Always succeeds; a list without any existing variable gives no output."""

    node_type: ClassVar[str] = "variable-aggregator"
    config_model: ClassVar[type[NodeConfig]] = AggregatorConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        settings = self.config.advanced_settings
        inputs: dict[str, Any] = {}
        outputs: dict[str, Any] = {}
        if settings is not None and settings.group_enabled:
            for group in settings.groups:
                found = _first(group.variables, ctx)
                if found is not None:
                    outputs[group.group_name] = {"output": found[1].value}
                    inputs[".".join(found[0][1:])] = plain(found[1].value)
        else:
            found = _first(self.config.variables, ctx)
            if found is not None:
                outputs["output"] = found[1]
                inputs[".".join(found[0][1:])] = plain(found[1].value)
        return NodeResult(inputs=inputs, outputs=outputs)

    def variable_mapping(self) -> dict[str, Selector]:
        settings = self.config.advanced_settings
        lists = (
            [g.variables for g in settings.groups]
            if settings is not None and settings.group_enabled
            else [self.config.variables]
        )
        return {f"{self.node_id}.#{'.'.join(s)}#": tuple(s) for selectors in lists for s in selectors}


def _first(selectors: Sequence[Sequence[str]], ctx: NodeContext) -> tuple[Sequence[str], Segment] | None:
    for selector in selectors:
        segment = ctx.pool.get(selector)
        if segment is not None:
            return selector, segment
    return None
