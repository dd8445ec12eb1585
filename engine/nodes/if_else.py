"""If-else (nodes-logic spec, section 2): the first case whose conditions hold names the way on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.conditions import Condition, condition_references, judge

ELSE = "false"


class Case(NodeConfig):
    """Conditions that lead to the handle `case_id`."""

    case_id: str
    logical_operator: Literal["and", "or"] = "and"
    conditions: list[Condition] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _one_id(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("case_id") is None and value.get("id") is not None:
            return {**value, "case_id": value["id"]}
        return value

    @field_validator("logical_operator", mode="before")
    @classmethod
    def _plain_operator(cls, value: Any) -> Any:
        return value or "and"

    @field_validator("conditions", mode="before")
    @classmethod
    def _plain_conditions(cls, value: Any) -> Any:
        return [] if value is None else value


class IfElseConfig(NodeConfig):
    """`cases`, or the older pair of `logical_operator` and `conditions` where there are none."""

    cases: list[Case] | None = None
    logical_operator: Literal["and", "or"] = "and"
    conditions: list[Condition] | None = None

    @field_validator("logical_operator", mode="before")
    @classmethod
    def _plain_operator(cls, value: Any) -> Any:
        return value or "and"


class IfElseNode(Node[IfElseConfig]):
    """Chooses a handle; fails when a condition that must be judged cannot be."""

    node_type: ClassVar[str] = "if-else"
    execution_type: ClassVar[ExecutionType] = ExecutionType.BRANCH
    config_model: ClassVar[type[NodeConfig]] = IfElseConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        evaluated: list[dict[str, Any]] = []
        recorded: list[dict[str, Any]] = []
        chosen = ELSE
        for case, group in self._cases():
            try:
                verdict = judge(case.conditions, case.logical_operator, ctx.pool)
            except (TypeError, ValueError) as problem:
                return NodeResult.failed(
                    str(problem), inputs={"conditions": []}, process_data={"condition_results": evaluated}
                )
            evaluated.append({"group": group, "results": verdict.results, "final_result": verdict.holds})
            recorded = verdict.recorded
            if verdict.holds:
                chosen = case.case_id
                break
        return NodeResult(
            inputs={"conditions": recorded},
            process_data={"condition_results": evaluated},
            outputs={"result": bool(evaluated) and evaluated[-1]["final_result"], "selected_case_id": chosen},
            handle=chosen,
        )

    def _cases(self) -> list[tuple[Case, Any]]:
        """The cases, each with what the records call it."""
        if self.config.cases is not None:
            return [(case, case.model_dump()) for case in self.config.cases]
        older = Case(
            case_id="true",
            logical_operator=self.config.logical_operator,
            conditions=self.config.conditions or [],
        )
        return [(older, "default")]

    def variable_mapping(self) -> dict[str, Selector]:
        """Every variable of every case, and those inside the expected values."""
        found: dict[str, Selector] = {}
        for case, _ in self._cases():
            found.update({f"{self.node_id}.{k}": s for k, s in condition_references(case.conditions).items()})
        return found
