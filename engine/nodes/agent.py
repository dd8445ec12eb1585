"""The agent node: a model that uses tools until it is done, by one of two strategies (nodes-ai spec, section 14)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes import llm_call as call
from engine.nodes.agent_function_calling import function_calling
from engine.nodes.agent_log import AgentLog
from engine.nodes.agent_react import react
from engine.nodes.agent_strategy import Work
from engine.nodes.agent_tools import AgentTool, load_tools
from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import AiProblem, MemoryConfig, ModelConfig, text_of
from engine.nodes.llm_files import content_of
from engine.nodes.llm_memory import history
from engine.nodes.tool_output import NO_DATA, ToolOutput
from engine.nodes.tool_values import MISSING, filled
from engine.ports.models import Message, ModelError, ModelInfo
from engine.ports.outside import PortError
from engine.run.variables import templates
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import obfuscate, plain

STANDARD = ("function_calling", "ReAct")
# Strategies of other makers that are the standard one with MCP servers, or are close enough to it.
MCP_STRATEGIES = ("mcp_sse_function_calling", "mcp_function_calling")
DECLARED = (
    "model",
    "tools",
    "instruction",
    "query",
    "context",
    "files",
    "allowed_tools",
    "maximum_iterations",
    "mcp_server",
    "mcp_servers_config",
    "mcp_resources_as_tools",
    "mcp_prompts_as_tools",
)
DEFAULT_ROUNDS, MOST_ROUNDS = 3, 500


class AgentConfig(NodeConfig):
    """Settings of both generations; those of the second are kept and recognised by their three marks."""

    version: str = "1"
    agent_strategy_provider_name: str = ""
    agent_strategy_name: str = ""
    agent_strategy_label: str = ""
    agent_parameters: dict[str, Any] = Field(default_factory=dict)
    memory: MemoryConfig | None = None
    meta: dict[str, Any] = Field(default_factory=dict)
    agent_node_kind: str = ""
    agent_binding: Any = None

    @field_validator(
        "version",
        "agent_strategy_provider_name",
        "agent_strategy_name",
        "agent_strategy_label",
        "agent_node_kind",
        mode="before",
    )
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("agent_parameters", "meta", mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        return dict(value) if isinstance(value, Mapping) else {}

    @property
    def is_second_generation(self) -> bool:
        """The three marks of section 14.1; a version alone says nothing."""
        return self.agent_node_kind == "dify_agent" and self.version == "2" and isinstance(self.agent_binding, Mapping)

    @property
    def strategy(self) -> str:
        """The local strategy that runs this node. Raises AiProblem when there is none."""
        name = self.agent_strategy_name
        if self.is_second_generation:
            raise AiProblem(
                "agent_binding_not_found",
                "This agent's model and instructions are kept outside of the file, which does not hold them.",
            )
        if not name:
            raise AiProblem("AgentStrategyNotFoundError", "Failed to get agent strategy: no strategy is chosen")
        if name in STANDARD:
            return name
        if name.lower().replace("_", "") in ("react", "functioncalling"):
            return "ReAct" if name.lower() == "react" else "function_calling"
        if name in MCP_STRATEGIES or "mcp" in self.agent_strategy_provider_name.lower():
            return "function_calling"
        provider = self.agent_strategy_provider_name
        raise AiProblem(
            "AgentStrategyNotFoundError",
            f"Failed to get agent strategy: there is no strategy {name} of {provider} here",
        )


class AgentNode(Node[AgentConfig]):
    """Runs a strategy and gathers its text, files, data and log."""

    node_type: ClassVar[str] = "agent"
    versions: ClassVar[tuple[str, ...]] = ("1", "2")
    config_model: ClassVar[type[NodeConfig]] = AgentConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        log = AgentLog(ctx)
        output = ToolOutput(ctx)
        shown: dict[str, Any] = {}
        metadata: dict[str, Any] = {"tool_info": {"icon": "", "agent_strategy": config.agent_strategy_name}}
        work: Work | None = None
        try:
            strategy = config.strategy
            values, shown = parameters(config.agent_parameters, ctx.pool)
            work = await self._work(ctx, values, output, log)
            await (react if strategy == "ReAct" else function_calling)(work)
            output.finish()
            self._cite(ctx, values.get("context"))
        except ModelError as problem:
            if problem.usage is not None and work is not None:
                work.spent(problem.usage)
            text = f"Failed to invoke agent: {problem}"
            return self._failed(text, "AgentInvocationError", shown, metadata, log, work)
        except AiProblem as problem:
            return self._failed(str(problem), problem.error_type, shown, metadata, log, work)
        except PortError as problem:
            text = f"Failed to invoke agent: {problem}"
            return self._failed(text, "AgentInvocationError", shown, metadata, log, work)
        except ValueError as problem:
            return self._failed(str(problem), "ValueError", shown, metadata, log, work)
        usage = work.usage if output.usage is None else work.usage.plus(output.usage)
        metadata |= {"agent_log": log.entries, **call.usage_metadata(usage)}
        metadata |= {"warnings": work.warnings} if work.warnings else {}
        data = [*log.entries, *(output.data or [dict(NO_DATA)])]
        outputs = {
            "text": output.text,
            "usage": usage.to_json(),
            "files": output.files,
            "json": plain(data),
            **output.variables,
        }
        return NodeResult(inputs=shown, outputs=outputs, metadata=metadata, usage=usage)

    @staticmethod
    def _failed(
        text: str,
        kind: str,
        shown: Mapping[str, Any],
        metadata: dict[str, Any],
        log: AgentLog,
        work: Work | None,
    ) -> NodeResult:
        metadata["agent_log"] = log.entries
        usage = work.usage if work is not None and work.usage.total_tokens else None
        if usage is not None:
            metadata |= call.usage_metadata(usage)
        return NodeResult.failed(text, kind, inputs=shown, metadata=metadata, usage=usage)

    async def _work(self, ctx: NodeContext, values: Mapping[str, Any], output: ToolOutput, log: AgentLog) -> Work:
        model = _model(values.get("model"))
        info = call.find_model(ctx, model)
        given, stop = call.parameters_of(model.completion_params, ctx.pool)
        tools = await self._tools(ctx, values)
        earlier = await self._history(ctx, info, given)
        work = Work(
            ctx=ctx,
            ref=call.ref_of(model),
            info=info,
            parameters=given,
            stop=stop,
            instruction=text_of(values.get("instruction")),
            query=text_of(values.get("query")),
            tools=tools,
            history=earlier,
            rounds=_rounds(values.get("maximum_iterations")),
            output=output,
            log=log,
        )
        if "vision" in (info.features or frozenset()):
            given_files = values.get("files")
            listed = given_files if isinstance(given_files, list) else [given_files]
            images = [f for f in listed if isinstance(f, File) and f.type == "image"]
            work.images = [await content_of(f, ctx.ports) for f in images]
        return work

    async def _history(self, ctx: NodeContext, info: ModelInfo, given: Mapping[str, Any]) -> list[Message]:
        if self.config.memory is None:
            return []
        return await history(
            ctx,
            self.config.memory,
            info,
            max_tokens=call.max_tokens_of(given, info),
            used_tokens=0,
            always=True,
        )

    async def _tools(self, ctx: NodeContext, values: Mapping[str, Any]) -> list[AgentTool]:
        allowed = values.get("allowed_tools")
        names = [str(n) for n in allowed] if isinstance(allowed, list) else []
        listed = values.get("tools")
        if isinstance(listed, list) and str(self.config.meta.get("version") or "9") <= "0.0.1":
            listed = [t for t in listed if not (isinstance(t, Mapping) and t.get("type") == "mcp")]
        tools = await load_tools(ctx, listed, names)
        offer = getattr(ctx.ports.tools, "server_tools", None)
        for server in mcp_servers(values):
            if offer is None:
                raise AiProblem("AgentInvocationError", "Failed to invoke agent: MCP servers are not available here")
            for description in await offer(server):
                tools.append(
                    AgentTool(
                        description.identity,
                        description,
                        description.description,
                        offered=tuple(p for p in description.parameters if p.form == "llm"),
                    )
                )
        return tools

    @staticmethod
    def _cite(ctx: NodeContext, context: Any) -> None:
        if isinstance(context, list) and any(isinstance(item, Mapping) for item in context):
            from engine.nodes.llm_prompt import read_context
            from engine.run.variables.segments import build_segment

            found = read_context(build_segment(context))
            if found.resources:
                fields = {"retriever_resources": found.resources, "context": found.text}
                ctx.emit("NodeRunRetrieverResource", fields)

    def variable_mapping(self) -> dict[str, Selector]:
        found: dict[str, Selector] = {}
        for name, item in self.config.agent_parameters.items():
            if not isinstance(item, Mapping):
                continue
            value = item.get("value")
            if item.get("type") == "variable" and isinstance(value, list) and len(value) >= 2:
                found[f"{self.node_id}.{name}"] = tuple(str(p) for p in value)
            else:
                text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
                for selector in templates.references(text):
                    found[f"{self.node_id}.#{'.'.join(selector)}#"] = selector
        return found


def parameters(stored: Mapping[str, Any], pool: VariablePool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The strategy's parameters and how records show them (section 14.2). Raises AiProblem."""
    values: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for name, item in stored.items():
        if name not in DECLARED:
            values[name] = shown[name] = None
            continue
        if not isinstance(item, Mapping):
            raise AiProblem("AgentInputTypeError", f"The parameter {name} of the agent is not valid.")
        kind, value = item.get("type"), item.get("value")
        if kind == "variable":
            selector = [str(p) for p in value] if isinstance(value, list) else []
            segment = pool.get(selector)
            if segment is None:
                raise AiProblem("AgentVariableNotFoundError", f"Variable '{selector}' does not exist")
            values[name] = segment.value
            shown[name] = obfuscate(segment.value) if segment.type == "secret" else plain(segment)
        elif kind in ("mixed", "constant"):
            found, masked = filled(value, pool)
            values[name], shown[name] = (None, None) if found is MISSING else (found, plain(masked))
        else:
            raise AiProblem("AgentInputTypeError", f"Unknown agent input type '{kind}'")
    return values, shown


def _model(value: Any) -> ModelConfig:
    if not isinstance(value, Mapping):
        raise AiProblem("ModelNotExistError", "No model is chosen.")
    return ModelConfig(
        provider=text_of(value.get("provider")),
        name=text_of(value.get("model") or value.get("name")),
        mode=text_of(value.get("mode")) or "chat",
        completion_params=value.get("completion_params") or {},
    )


def _rounds(value: Any) -> int:
    try:
        return min(max(int(float(value)), 1), MOST_ROUNDS) if value not in (None, "") else DEFAULT_ROUNDS
    except (TypeError, ValueError):
        return DEFAULT_ROUNDS


def mcp_servers(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The servers that a strategy's parameters name. Raises AiProblem for a config that is no JSON object."""
    found: list[dict[str, Any]] = []
    config = values.get("mcp_servers_config")
    if isinstance(config, str) and config.strip():
        try:
            config = json.loads(config)
        except ValueError as problem:
            raise AiProblem("AgentInputTypeError", f"mcp_servers_config is not valid JSON: {problem}") from problem
    if isinstance(config, Mapping):
        inner = config.get("mcpServers")
        for name, server in (inner if isinstance(inner, Mapping) else config).items():
            if isinstance(server, Mapping):
                found.append({**server, "name": str(name)})
    single = values.get("mcp_server")
    if isinstance(single, str) and single.strip():
        found.append({"url": single.strip(), "name": "mcp"})
    return found
