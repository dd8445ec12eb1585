"""Tools of MCP servers by name, for agents that ask first what there is. The servers are those of the account's
`servers_config`, and those that the workspace has set up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    fixed,
)
from engine.ports.outside import PortError, ToolDescription, ToolMessage, ToolParameter

_ADDRESSES = 'Servers by name, such as {"maps": {"url": "https://example.com/sse"}}'


def _servers(text: str) -> list[Mapping[str, Any]]:
    """What `servers_config` names. Raises ToolFailed."""
    if not text:
        return []
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise ToolFailed(f"servers_config must be a valid JSON string: {problem}") from problem
    found = found.get("mcpServers", found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not all(isinstance(row, Mapping) for row in found.values()):
        raise ToolFailed("servers_config must hold servers by name.")
    return [{"name": name, **row} for name, row in found.items()]


async def _tools(call: ToolCall) -> list[ToolDescription]:
    """Every tool of every server. A server that does not answer does not hide the others. Raises PortError."""
    door: Any = call.ports.tools
    of_node = _servers(call.text("servers_config"))
    of_account = [] if of_node else _servers(call.account("servers_config"))
    found: list[ToolDescription] = []
    problems: list[PortError] = []
    rows: list[Mapping[str, Any] | None] = [*(of_node or of_account)]
    for row in rows or [None]:
        try:
            if row is None:
                found += await door.own_server_tools()
            else:
                found += await door.server_tools(row, trusted=not of_node)
        except PortError as problem:
            problems.append(problem)
    if problems and not found:
        raise problems[0]
    if not found:
        raise ToolFailed(
            "There is no MCP server.", hint="Set one up, or add an account with servers_config, in the settings."
        )
    return found


async def list_tools(call: ToolCall) -> Answer:
    """What there is, as a model reads it."""
    listed = [_listed(tool) for tool in await _tools(call)]
    return "MCP Server tools list: \n" + json.dumps(listed, ensure_ascii=False, indent=2)


def _listed(tool: ToolDescription) -> dict[str, Any]:
    properties = {p.name: dict(p.schema) if p.schema else {"type": "string"} for p in tool.parameters}
    schema = {"type": "object", "properties": properties, "required": [p.name for p in tool.parameters if p.required]}
    return {"name": tool.identity.tool_name, "description": tool.description, "parameters": schema}


async def call_tool(call: ToolCall) -> Answer:
    """One call of a tool by its name. What goes wrong there is raised."""
    name, arguments = call.needed("tool_name"), _arguments(call)
    tools = await _tools(call)
    tool = next((t for t in tools if t.identity.tool_name == name), None)
    if tool is None:
        raise ToolFailed(f"There is no tool {name!r}; there are: {', '.join(t.identity.tool_name for t in tools)}.")
    assert call.ports.tools is not None
    return _as_text([message async for message in call.ports.tools.call(tool.identity, arguments, {})])


def _arguments(call: ToolCall) -> dict[str, Any]:
    given = call.values.get("arguments")
    if isinstance(given, str) and given.strip():
        try:
            given = json.loads(given)
        except ValueError as problem:
            raise ToolFailed(f"Arguments must be a valid JSON string: {problem}") from problem
    if given in (None, ""):
        return {}
    if not isinstance(given, Mapping):
        raise ToolFailed("Arguments must be a JSON object.")
    return dict(given)


def _as_text(messages: Sequence[ToolMessage]) -> list[ToolMessage]:
    """Data as text too: an agent that calls by name reads text."""
    found = []
    for message in messages:
        if message.kind == "json":
            found.append(ToolMessage("text", json.dumps(message.value, ensure_ascii=False)))
        elif message.kind != "variable":
            found.append(message)
    return found


_LIST_WORDS = "A tool for listing the tools of the MCP servers, with their parameters."
_CALL_WORDS = "A tool for calling a tool of an MCP server."
_CONFIG = fixed("servers_config", "Servers", "As JSON; those of the account or of the workspace when it is empty")
_CALLED: tuple[ToolParameter, ...] = (
    asked("tool_name", "Name of the tool", required=True),
    asked("arguments", "Arguments", "A JSON object", required=True),
    _CONFIG,
)
PROVIDER = BuiltinProvider(
    "mcp_sse",
    "MCP tools by name",
    "Lists and calls the tools of MCP servers.",
    "datasource",
    (
        BuiltinTool("mcp_sse_list_tools", "List MCP tools", _LIST_WORDS, list_tools, (_CONFIG,)),
        BuiltinTool("mcp_sse_call_tool", "Call an MCP tool", _CALL_WORDS, call_tool, _CALLED),
        BuiltinTool("mcp_list_tools", "List MCP tools (older name)", _LIST_WORDS, list_tools, (_CONFIG,)),
        BuiltinTool("mcp_call_tool", "Call an MCP tool (older name)", _CALL_WORDS, call_tool, _CALLED),
    ),
    (ToolParameter("servers_config", "secret-input", False, "form", None, _ADDRESSES, "Servers"),),
)
