"""The loop, its start helper and its early end (engine spec 5.3, nodes-logic spec 11): what the configuration means.

Rounds are run by `engine.run.containers`; nothing here knows about scheduling.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment, SegmentProblem, build_with_type, zero_value

VARIABLE_TYPES = (
    "string",
    "number",
    "object",
    "boolean",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[boolean]",
)


class LoopVariable(NodeConfig):
    """One variable of a loop. `value` is a constant, or a selector when `value_type` says so."""

    label: str = ""
    var_type: Literal[
        "string",
        "number",
        "object",
        "boolean",
        "array[string]",
        "array[number]",
        "array[object]",
        "array[boolean]",
    ] = "string"
    value_type: Literal["variable", "constant"] = "constant"
    value: Any = None


class LoopConfig(NodeConfig):
    """Fields of a loop; others are kept."""

    start_node_id: str = ""
    loop_count: int = Field(default=10, ge=1)
    break_conditions: list[dict[str, Any]] = Field(default_factory=list)
    logical_operator: Literal["and", "or"] = "and"
    loop_variables: list[LoopVariable] = Field(default_factory=list)

    @field_validator("break_conditions", "loop_variables", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("logical_operator", mode="before")
    @classmethod
    def _plain_operator(cls, value: Any) -> Any:
        return value or "and"


class LoopNode(Node[LoopConfig]):
    """Runs its children again and again until a condition holds or the count is reached."""

    node_type: ClassVar[str] = "loop"
    execution_type: ClassVar[ExecutionType] = ExecutionType.CONTAINER
    config_model: ClassVar[type[NodeConfig]] = LoopConfig

    @property
    def rounds(self) -> int:
        """The most rounds it may run."""
        return self.config.loop_count

    @property
    def labels(self) -> list[str]:
        """Names of the loop variables."""
        return [variable.label for variable in self.config.loop_variables]

    def initial_variables(self, pool: VariablePool) -> dict[str, Segment]:
        """The values before the first round. Raises ValueError, naming the variable, when one has none."""
        return {variable.label: _initial(variable, pool) for variable in self.config.loop_variables}

    def reached_before_start(self, pool: VariablePool) -> bool:
        """Do the break conditions hold already? What cannot be compared yet counts as no; wrong kinds still raise."""
        try:
            return self.reached(pool)
        except ValueError:
            return False

    def reached(self, pool: VariablePool) -> bool:
        """Do the break conditions hold? None never hold. Raises ValueError or TypeError when one cannot be judged."""
        if not self.config.break_conditions:
            return False
        from engine.nodes.conditions import conditions_hold

        return conditions_hold(self.config.break_conditions, self.config.logical_operator, pool)

    def run(self, ctx: NodeContext) -> NodeResult:
        raise NotImplementedError("rounds are run by the engine")

    def variable_mapping(self) -> dict[str, Selector]:
        """Loop variables that are taken from elsewhere; children are added by `engine.run.single`."""
        return {
            f"{self.node_id}.{variable.label}": tuple(variable.value)
            for variable in self.config.loop_variables
            if variable.value_type == "variable" and isinstance(variable.value, (list, tuple))
        }


def _initial(variable: LoopVariable, pool: VariablePool) -> Segment:
    if variable.value_type == "variable":
        selector = variable.value
        found = pool.get(selector) if isinstance(selector, (list, tuple)) else None
        if found is None:
            raise ValueError(f"Invalid value for loop variable {variable.label}")
        return found
    try:
        return constant(variable.var_type, variable.value)
    except ValueError as problem:
        raise ValueError(f"Invalid value for loop variable {variable.label}: {problem}") from None


def constant(var_type: str, value: Any) -> Segment:
    """A typed constant (nodes-logic 11.1): text for another type is tried as JSON, a missing value is the zero value.

    Raises ValueError when it is of another type.
    """
    if value is None or (value == "" and var_type.startswith("array")):
        return zero_value(var_type)
    if var_type != "string" and isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise SegmentProblem(f"{value!r} is not a {var_type}") from None
    return build_with_type(var_type, value)


class LoopStartNode(Node[NodeConfig]):
    """The first child of a loop; does nothing."""

    node_type: ClassVar[str] = "loop-start"

    def run(self, ctx: NodeContext) -> NodeResult:  # noqa: ARG002
        return NodeResult()


class LoopEndNode(Node[NodeConfig]):
    """Ends its loop after the current round; the scheduler sees it complete."""

    node_type: ClassVar[str] = "loop-end"

    def run(self, ctx: NodeContext) -> NodeResult:  # noqa: ARG002
        return NodeResult()
