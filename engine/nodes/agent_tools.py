"""The tools of an agent: what the model sees of them, what is fixed, and one call (nodes-ai spec 14.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.nodes import llm_call as call
from engine.nodes.base import NodeContext
from engine.nodes.llm_config import AiProblem
from engine.nodes.tool_calls import call_tool, find_tool
from engine.nodes.tool_names import names_of, renamed
from engine.nodes.tool_output import ToolOutput
from engine.nodes.tool_values import MISSING, cast, read, wrapped
from engine.ports.models import ToolSpec
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolParameter
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import plain

JSON_TYPES = {"number": "number", "boolean": "boolean", "array": "array", "object": "object"}
FILE_TYPES = ("file", "files", "system-files")


@dataclass(frozen=True)
class AgentTool:
    """One tool as the agent holds it; `fixed` parameters are not shown to the model."""

    identity: ToolIdentity
    description: ToolDescription
    words: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: str = ""
    offered: tuple[ToolParameter, ...] = ()

    @property
    def name(self) -> str:
        return self.identity.tool_name

    @property
    def spec(self) -> ToolSpec:
        """What the model sees."""
        properties = {p.name: parameter_schema(p) for p in self.offered}
        required = [p.name for p in self.offered if p.required]
        return ToolSpec(self.name, self.words, {"type": "object", "properties": properties, "required": required})


def parameter_schema(parameter: ToolParameter) -> dict[str, Any]:
    """The JSON schema of one parameter."""
    if parameter.schema is not None:
        return dict(parameter.schema)
    found: dict[str, Any] = {
        "type": JSON_TYPES.get(parameter.type, "string"),
        "description": parameter.description or parameter.label or "",
    }
    if found["type"] == "array":
        found["items"] = {}
    if parameter.options:
        found["enum"] = list(parameter.options)
    return found


async def load_tools(ctx: NodeContext, listed: Any, allowed: Sequence[str] = ()) -> list[AgentTool]:
    """The enabled tools of the `tools` value. Raises AiProblem, or ValueError for parameters that cannot be given."""
    found = []
    for row in listed if isinstance(listed, list) else []:
        if not isinstance(row, Mapping) or not row.get("enabled", False):
            continue
        name = str(row.get("tool_name") or "")
        if allowed and name not in allowed:
            continue
        identity = ToolIdentity(
            str(row.get("type") or row.get("provider_type") or "builtin"),
            str(row.get("provider_name") or row.get("provider_id") or ""),
            name,
            str(row.get("provider_show_name") or row.get("provider_name") or ""),
        )
        names = names_of(ctx, identity)
        if names:
            own = {
                key: renamed(row[key], names) for key in ("parameters", "settings") if isinstance(row.get(key), Mapping)
            }
            row = {**row, **own, "schemas": []}
        found.append(_tool(ctx.pool, row, identity, await find_tool(ctx, identity)))
    return found


def _tool(
    pool: VariablePool, row: Mapping[str, Any], identity: ToolIdentity, description: ToolDescription
) -> AgentTool:
    fixed = _fixed(pool, row)
    settings = dict(fixed_settings(pool, row.get("settings"), description))
    offered = tuple(p for p in description.parameters if p.form == "llm" and p.name not in fixed)
    for parameter in offered:
        if parameter.required and parameter.type in FILE_TYPES:
            raise ValueError(f"file type parameter {parameter.name} not supported in agent")
    known = {p.name: p for p in description.parameters}
    values = {name: cast(value, known[name]) if name in known else value for name, value in fixed.items()}
    extra = row.get("extra")
    words = str(extra.get("description") or "") if isinstance(extra, Mapping) else ""
    words = words or str(row.get("tool_description") or "") or description.description
    return AgentTool(identity, description, words, values, settings, str(row.get("credential_id") or ""), offered)


def _fixed(pool: VariablePool, row: Mapping[str, Any]) -> dict[str, Any]:
    stored = row.get("parameters")
    if not isinstance(stored, Mapping):
        return {}
    schemas = {
        str(s.get("name")): str(s.get("form") or "llm") for s in row.get("schemas") or () if isinstance(s, Mapping)
    }
    found: dict[str, Any] = {}
    for name, item in stored.items():
        if isinstance(item, Mapping) and ("auto" in item or "value" in item):
            if item.get("auto", 1) == 0 and item.get("value") is not None:
                found[name] = _fixed_value(item["value"], pool)
        elif item is not None and (not schemas or schemas.get(name) == "form"):
            # Written before parameters could be left to the model.
            found[name] = item
    return found


def _fixed_value(value: Any, pool: VariablePool) -> Any:
    if isinstance(value, Mapping) and "type" in value:
        if value.get("type") == "variable":
            selector = value.get("value")
            if not isinstance(selector, list) or len(selector) < 2:
                raise ValueError("Variable selector is missing for a variable-type parameter.")
            return pool.get_value([str(p) for p in selector])
        return value.get("value")
    return value


def fixed_settings(pool: VariablePool, stored: Any, description: ToolDescription) -> dict[str, Any]:
    """The settings of a tool in an agent, defaults filled in."""
    given = stored if isinstance(stored, Mapping) else {}
    found: dict[str, Any] = {}
    for parameter in description.parameters:
        if parameter.form != "form":
            continue
        item = wrapped(given.get(parameter.name))
        value = parameter.default if item is None else read(item, pool)[0]
        if value is None and parameter.required:
            raise AiProblem("ToolParameterError", f"{parameter.label or parameter.name} is required")
        if value is not None and value is not MISSING:
            found[parameter.name] = cast(value, parameter)
    return found


@dataclass
class CallResult:
    """What one call gave: the text that the model reads, and how it went."""

    text: str
    error: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


async def invoke(ctx: NodeContext, tool: AgentTool, arguments: Mapping[str, Any], kept: ToolOutput) -> CallResult:
    """Call a tool with the model's arguments over the fixed values; files go to `kept`. Never raises for the tool's
    own trouble: the model reads it and may do better."""
    known = {p.name: p for p in tool.description.parameters}
    given = {**tool.fixed, **{k: v for k, v in arguments.items() if k not in tool.fixed}}
    parts: list[str] = []
    output = ToolOutput(ctx, streams=False)
    try:
        values = {name: cast(value, known[name]) if name in known else value for name, value in given.items()}
        async with call.closing(call_tool(ctx, tool.identity, values, tool.settings, tool.credential)) as messages:
            async for message in messages:
                await output.take(message)
                parts.append(_words(tool, message.kind, message.value, message.meta))
        output.finish()
    except (PortError, AiProblem, ValueError) as problem:
        text = f"tool invoke error: {problem}"
        return CallResult(text, text, given)
    kept.files.extend(output.files)
    if output.usage is not None:
        kept.usage = output.usage if kept.usage is None else kept.usage.plus(output.usage)
    return CallResult("".join(parts), "", given)


def _words(tool: AgentTool, kind: str, value: Any, meta: Mapping[str, Any]) -> str:
    if kind == "text":
        return str(value or "")
    if kind == "link":
        return f"result link: {value}. please tell user to check it."
    if kind in ("image", "image_link", "blob", "binary_link", "file"):
        return "The file has been made and sent to the user already; no need to make it again. "
    if kind == "json" and tool.identity.provider_type != "workflow" and not meta.get("suppress"):
        return f"tool response: {json.dumps(plain(value), ensure_ascii=False)}."
    if kind == "variable" and tool.identity.provider_type != "workflow" and not meta.get("stream"):
        return f"tool response: {json.dumps(plain({str(meta.get('name')): value}), ensure_ascii=False)}."
    return ""
