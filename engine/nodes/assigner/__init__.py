"""The variable assigner in both its data versions (nodes-logic spec, section 7).

An older node is never upgraded when it runs: it has no type check, and one would make working flows fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from engine.nodes.assigner.items import Item, ItemProblem, apply_items
from engine.nodes.assigner.older import write_value
from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector


class AssignerConfig(NodeConfig):
    """`items` in version 2; the three other fields before."""

    version: str = "1"
    items: list[Item] | None = None
    assigned_variable_selector: list[str] = Field(default_factory=list)
    input_variable_selector: list[str] = Field(default_factory=list)
    write_mode: Literal["over-write", "append", "clear"] | None = None

    @field_validator("version", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "1" if value is None else str(value)

    @field_validator("assigned_variable_selector", "input_variable_selector", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value

    @property
    def is_older(self) -> bool:
        """What a node holds tells its version better than what it says."""
        if self.items is not None:
            return False
        return bool(self.assigned_variable_selector) or self.version != "2"


class AssignerNode(Node[AssignerConfig]):
    """Writes conversation variables, loop variables or any other variable that exists."""

    node_type: ClassVar[str] = "assigner"
    versions: ClassVar[tuple[str, ...]] = ("1", "2")
    config_model: ClassVar[type[NodeConfig]] = AssignerConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        return self._run_older(ctx) if self.config.is_older else self._run_items(ctx)

    def _run_older(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        if config.write_mode is None:
            raise ValueError("The node does not say how to write: over-write, append or clear.")
        selector = config.assigned_variable_selector
        value, value_type = write_value(ctx.pool, selector, config.write_mode, config.input_variable_selector)
        ctx.update_variable(tuple(selector), value)
        return NodeResult(
            inputs={"value": value},
            process_data={"__updated_variables": [_updated(selector, value_type, value)]},
        )

    def _run_items(self, ctx: NodeContext) -> NodeResult:
        inputs = self.config.model_dump(exclude_unset=True)
        try:
            changed = apply_items(self.config.items or [], ctx.pool)
        except ItemProblem as problem:
            return NodeResult.failed(str(problem), inputs=inputs)
        process_data: dict[str, Any] = {}
        updates = []
        for selector, (value, value_type) in changed.items():
            ctx.update_variable(selector, value)
            process_data[selector[1]] = value
            updates.append(_updated(selector, value_type, value))
        return NodeResult(inputs=inputs, process_data={**process_data, "__updated_variables": updates})

    def writes(self) -> Sequence[Selector]:
        """Every target once, in order."""
        if self.config.is_older:
            return [tuple(self.config.assigned_variable_selector)]
        return list(dict.fromkeys(tuple(item.variable_selector) for item in self.config.items or []))

    def variable_mapping(self) -> dict[str, Selector]:
        """Targets and the variables that are written to them."""
        found = list(self.writes())
        if self.config.is_older:
            if self.config.write_mode != "clear":
                found.append(tuple(self.config.input_variable_selector))
        else:
            found += [tuple(source) for item in self.config.items or [] if (source := item.source)]
        return {f"{self.node_id}.#{'.'.join(selector)}#": selector for selector in found if len(selector) > 1}


def _updated(selector: Sequence[str], value_type: str, value: Any) -> dict[str, Any]:
    return {"name": selector[1], "selector": list(selector), "value_type": value_type, "new_value": value}


__all__ = ["AssignerConfig", "AssignerNode", "Item"]
