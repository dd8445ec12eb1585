"""The tool node: one call of a built-in, OpenAPI, MCP or workflow tool (nodes-ai spec, section 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from engine.nodes import llm_call as call
from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import AiProblem, text_of
from engine.nodes.tool_calls import call_tool, find_tool
from engine.nodes.tool_names import names_of, placed, renamed
from engine.nodes.tool_output import ToolOutput
from engine.nodes.tool_values import ToolInput, node_parameters, settings, wrapped
from engine.ports.outside import PortError, ToolIdentity
from engine.run.variables import templates
from engine.run.variables.files import FileProblem


class ToolConfig(NodeConfig):
    """Settings of a tool node in its old and its present form (section 12.2)."""

    provider_type: str = "builtin"
    provider_id: str = ""
    provider_name: str = ""
    tool_name: str = ""
    tool_label: str = ""
    tool_parameters: dict[str, ToolInput] = Field(default_factory=dict)
    tool_configurations: dict[str, Any] = Field(default_factory=dict)
    tool_node_version: str | None = None
    version: str = "1"
    credential_id: str = ""
    plugin_unique_identifier: str = ""

    @field_validator(
        "provider_type",
        "provider_id",
        "provider_name",
        "tool_name",
        "tool_label",
        "credential_id",
        "plugin_unique_identifier",
        mode="before",
    )
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("version", mode="before")
    @classmethod
    def _version(cls, value: Any) -> str:
        return text_of(value) or "1"

    @field_validator("tool_node_version", mode="before")
    @classmethod
    def _node_version(cls, value: Any) -> str | None:
        return None if value is None else str(value)

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, value: Any) -> Any:
        data = dict(value) if isinstance(value, Mapping) else {}
        stored = data.get("tool_parameters")
        data["tool_parameters"] = {
            name: item
            for name, item in (stored.items() if isinstance(stored, Mapping) else ())
            if isinstance(item, Mapping) and item.get("value") is not None
        }
        if not isinstance(data.get("tool_configurations"), Mapping):
            data["tool_configurations"] = {}
        return data

    @property
    def is_legacy(self) -> bool:
        """Are the settings raw values? One that was opened by a newer editor has them wrapped."""
        return self.version == "1" and self.tool_node_version is None

    @property
    def identity(self) -> ToolIdentity:
        return ToolIdentity(self.provider_type, self.provider_id, self.tool_name, self.provider_name)


class ToolNode(Node[ToolConfig]):
    """Calls its tool once an attempt and gathers what it yields."""

    node_type: ClassVar[str] = "tool"
    supports_retry: ClassVar[bool] = True
    config_model: ClassVar[type[NodeConfig]] = ToolConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        metadata: dict[str, Any] = {
            "tool_info": {
                "provider_type": config.provider_type,
                "provider_id": config.provider_id,
                "plugin_unique_identifier": config.plugin_unique_identifier,
            }
        }
        try:
            description = await find_tool(ctx, config.identity)
        except AiProblem as problem:
            return NodeResult.failed(str(problem), problem.error_type, metadata=metadata)
        try:
            names = names_of(ctx, config.identity)
            inputs, stored = renamed(config.tool_parameters, names), renamed(config.tool_configurations, names)
            if names:
                inputs, stored = placed(inputs, stored, description.parameters)
            values, shown = node_parameters(inputs, description.parameters, ctx.pool)
            fixed = settings(
                stored,
                description.parameters,
                ctx.pool,
                legacy=config.is_legacy,
                given=set(values),
            )
        except AiProblem as problem:
            return NodeResult.failed(str(problem), problem.error_type, metadata=metadata)
        output = ToolOutput(ctx)
        begun = False
        try:
            messages = call_tool(ctx, config.identity, values, fixed, config.credential_id)
            async with call.closing(messages) as source:
                async for message in source:
                    begun = begun or message.kind not in ("child_run", "usage")
                    await output.take(message)
            output.finish()
        except PortError as problem:
            if problem.error_type == "ToolAccountMissing":
                text = f"Failed to get tool runtime: {problem} {problem.hint}"
                return self._failed(text, "ToolRuntimeResolutionError", shown, metadata, output)
            text = str(problem) if begun else f"Failed to invoke tool: {problem}"
            return self._failed(text, "ToolRuntimeInvocationError", shown, metadata, output)
        except AiProblem as problem:
            return self._failed(str(problem), problem.error_type, shown, metadata, output)
        except FileProblem as problem:
            return self._failed(str(problem), "ToolFileError", shown, metadata, output)
        _add_usage(metadata, output)
        return NodeResult(inputs=shown, outputs=output.outputs(), metadata=metadata, usage=output.usage)

    @staticmethod
    def _failed(
        text: str, kind: str, shown: Mapping[str, Any], metadata: dict[str, Any], output: ToolOutput
    ) -> NodeResult:
        _add_usage(metadata, output)
        return NodeResult.failed(text, kind, inputs=shown, metadata=metadata, usage=output.usage)

    def variable_mapping(self) -> dict[str, Selector]:
        found: dict[str, Selector] = {}
        given = [*self.config.tool_parameters.values()]
        if not self.config.is_legacy:
            given += [item for v in self.config.tool_configurations.values() if (item := wrapped(v)) is not None]
        for item in given:
            if item.type == "variable" and len(item.selector) >= 2:
                found[f"{self.node_id}.#{'.'.join(item.selector)}#"] = item.selector
            elif isinstance(item.value, str):
                for selector in templates.references(item.value):
                    found[f"{self.node_id}.#{'.'.join(selector)}#"] = selector
        return found


def _add_usage(metadata: dict[str, Any], output: ToolOutput) -> None:
    usage = output.usage
    if output.child_run:
        metadata["child_run_id"] = output.child_run
    if usage is not None and usage.total_tokens > 0:
        metadata["total_tokens"] = usage.total_tokens
        metadata["total_price"] = f"{usage.total_price:f}"
        metadata["currency"] = usage.currency
