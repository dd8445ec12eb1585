"""The iteration and its start helper (engine spec 5.2, nodes-logic spec 10): what the configuration means.

Rounds are run by `engine.run.containers`; nothing here knows about scheduling.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import ArraySegment, NoneSegment, Segment

ERROR_MODES = ("terminated", "continue-on-error", "remove-abnormal-output")


class IterationConfig(NodeConfig):
    """Fields of an iteration; others are kept."""

    start_node_id: str = ""
    iterator_selector: tuple[str, ...] = ()
    output_selector: tuple[str, ...] = ()
    is_parallel: bool = False
    parallel_nums: int = Field(default=10, ge=1)
    error_handle_mode: Literal["terminated", "continue-on-error", "remove-abnormal-output"] = "terminated"
    flatten_output: bool = True

    @field_validator("error_handle_mode", mode="before")
    @classmethod
    def _plain_mode(cls, value: Any) -> Any:
        return value or "terminated"

    @field_validator("parallel_nums", mode="before")
    @classmethod
    def _plain_count(cls, value: Any) -> Any:
        return 10 if value is None else value


class IterationNode(Node[IterationConfig]):
    """Runs its children once for every item of an array."""

    node_type: ClassVar[str] = "iteration"
    execution_type: ClassVar[ExecutionType] = ExecutionType.CONTAINER
    config_model: ClassVar[type[NodeConfig]] = IterationConfig

    @property
    def capacity(self) -> int:
        """How many rounds may run at the same time."""
        return self.config.parallel_nums if self.config.is_parallel else 1

    def items(self, pool: VariablePool) -> Segment:
        """The array to go through, or a null. Raises ValueError when there is nothing or it is no array."""
        selector = list(self.config.iterator_selector)
        found = pool.get(selector)
        if found is None:
            raise ValueError(f"iterator variable {selector} not found")
        if not isinstance(found, (ArraySegment, NoneSegment)):
            raise ValueError(f"invalid iterator value: {found.text[:100]}, please provide a list.")
        return found

    def joined(self, values: list[Any]) -> list[Any]:
        """The rounds' values as the output: one list out of lists when `flatten_output` is set."""
        present = [value for value in values if value is not None]
        if not self.config.flatten_output or not present or not all(isinstance(v, list) for v in present):
            return values
        return [item for value in present for item in value]

    def run(self, ctx: NodeContext) -> NodeResult:
        raise NotImplementedError("rounds are run by the engine")

    def variable_mapping(self) -> dict[str, Selector]:
        """The array it reads; children are added by `engine.run.single`."""
        return {f"{self.node_id}.input_selector": tuple(self.config.iterator_selector)}


class IterationStartNode(Node[NodeConfig]):
    """The first child of an iteration; does nothing."""

    node_type: ClassVar[str] = "iteration-start"

    def run(self, ctx: NodeContext) -> NodeResult:  # noqa: ARG002
        return NodeResult()
