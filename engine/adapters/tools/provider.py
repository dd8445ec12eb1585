"""The `ToolProvider` of a workspace: built-in tools, imported APIs and MCP servers behind one door."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from engine.adapters.http import HttpxClient
from engine.adapters.network_rules import NetworkRules
from engine.adapters.tools import mcp_tools, registry
from engine.adapters.tools.declare import AccountMissing, BuiltinProvider, BuiltinTool, ToolCall, ToolFailed
from engine.adapters.tools.mcp_session import NAMED, McpConnectionFailed, McpSession
from engine.adapters.tools.openapi import Operation, operations
from engine.adapters.tools.openapi_call import call_operation
from engine.adapters.tools.setup import ApiSetup, McpSetup, ToolSetup
from engine.ports.bundle import Ports
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage

BUILTIN_TYPES = ("builtin", "plugin", "")


class WorkspaceTools:
    """See the module. `ports` are the doors that tools use themselves; `close` ends every MCP connection."""

    def __init__(self, setup: ToolSetup, ports: Ports, rules: NetworkRules | None = None) -> None:
        self._setup, self._ports = setup, ports
        self._rules = rules or NetworkRules(())
        self._sessions: dict[str, McpSession] = {}
        self._named: dict[str, McpSetup] = {}

    # -- the port ------------------------------------------------------------------------------------------------------

    async def find(self, identity: ToolIdentity) -> ToolDescription | None:
        """What the tool takes. Raises PortError when a server cannot be asked."""
        if identity.provider_type in BUILTIN_TYPES:
            found = builtin(identity)
            return described(*found) if found is not None else None
        if identity.provider_type == "api":
            operation = self._operation(identity)
            return operation[1] if operation is not None else None
        if identity.provider_type == "mcp":
            server = self._server(identity)
            return await self._mcp_tool(server, identity.tool_name) if server is not None else None
        return None

    async def call(
        self, identity: ToolIdentity, parameters: Mapping[str, Any], settings: Mapping[str, Any], credential: str = ""
    ) -> AsyncGenerator[ToolMessage, None]:
        """The messages of one call. Raises PortError."""
        values = {**settings, **parameters}
        if identity.provider_type in BUILTIN_TYPES:
            found = builtin(identity)
            if found is not None:
                for message in await self._call_builtin(*found, values, credential):
                    yield message
                return
        elif identity.provider_type == "api":
            operation = self._operation(identity)
            if operation is not None:
                async for message in call_operation(
                    operation[0], operation[2].auth, values, self._ports, operation[2].headers
                ):
                    yield message
                return
        elif identity.provider_type == "mcp":
            server = self._server(identity)
            if server is not None:
                for message in await self._call_mcp(server, identity.tool_name, values):
                    yield message
                return
        raise ToolFailed(f"The tool {identity.tool_name} of {identity.provider_name} is not there.")

    async def own_server_tools(self) -> list[ToolDescription]:
        """The tools of every server that is set up. Raises PortError."""
        found = []
        for setup in self._setup.servers:
            listed = setup.listed or await self._session(setup).list_tools()
            found += [mcp_tools.description(setup.id, setup.name, tool) for tool in listed]
        return found

    async def server_tools(self, server: Mapping[str, Any], *, trusted: bool = False) -> list[ToolDescription]:
        """The tools of a server that an agent's parameters name, or (trusted) an account. Raises PortError."""
        setup = replace(_named_server(server), trusted=trusted)
        known = next((s for s in self._setup.servers if s.url and s.url.rstrip("/") == setup.url.rstrip("/")), None)
        setup = known or setup
        if known is None:
            self._named[setup.id] = setup
        tools = await self._session(setup).list_tools()
        return [mcp_tools.description(setup.id, setup.name, tool) for tool in tools]

    async def list_server(self, server_id: str) -> list[dict[str, Any]]:
        """The tools of a server that is set up, asked now. Raises PortError."""
        server = next((s for s in self._setup.servers if s.id == server_id), None)
        if server is None:
            raise ToolFailed(f"There is no MCP server {server_id}.")
        return await self._session(server).list_tools()

    async def close(self) -> None:
        """End every connection; processes of servers are gone then."""
        sessions, self._sessions = list(self._sessions.values()), {}
        here = asyncio.get_running_loop()
        await asyncio.gather(*(s.close() for s in sessions if s.loop is here))

    # -- built in -----------------------------------------------------------------------------------------------------

    async def _call_builtin(
        self, provider: BuiltinProvider, tool: BuiltinTool, values: Mapping[str, Any], credential: str
    ) -> list[ToolMessage]:
        """One call in the name of the account that the node names, else of the provider's default one."""
        account = self._setup.account(provider.id, credential) if provider.credentials else None
        if account is None and provider.needs_account:
            raise AccountMissing(provider.label)
        fields = account.values if account is not None else {}
        ports = replace(self._ports, tools=self)
        own_http = self._reaching(fields)
        try:
            if own_http is not None:
                ports = replace(ports, http=own_http)
            return await run_builtin(tool, values, ports, fields)
        except PortError as problem:
            raise _masked(problem, provider, fields) from problem
        finally:
            if own_http is not None:
                await own_http.close()

    def _reaching(self, fields: Mapping[str, str]) -> HttpxClient | None:
        """A client that may reach the hosts of an account's addresses too: a person entered them, so they may be in a
        private network. None when there are none."""
        hosts = {urlsplit(text).hostname for text in fields.values() if text.startswith(("http://", "https://"))}
        if not (found := {host for host in hosts if host}) or not isinstance(self._ports.http, HttpxClient):
            return None
        return self._ports.http.also_reaching(found)

    # -- APIs ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _operations(self) -> dict[str, tuple[Operation, ...]]:
        return {api.id: operations(api.document, api.server) for api in self._setup.apis}

    def _operation(self, identity: ToolIdentity) -> tuple[Operation, ToolDescription, ApiSetup] | None:
        """By the provider's id, else by its name, else (an id of a foreign workspace) by nothing."""
        for api in by_name(self._setup.apis, identity):
            for operation in self._operations[api.id]:
                if operation.name == identity.tool_name:
                    return operation, api_description(api, operation), api
        return None

    # -- MCP -----------------------------------------------------------------------------------------------------------

    def _server(self, identity: ToolIdentity) -> McpSetup | None:
        named = self._named.get(identity.provider_id)
        return named or next(iter(by_name(self._setup.servers, identity)), None)

    def _session(self, setup: McpSetup) -> McpSession:
        session = self._sessions.get(setup.id)
        if session is None or not session.is_open or session.loop is not asyncio.get_running_loop():
            session = self._sessions[setup.id] = McpSession(setup, self._rules)
        return session

    async def _living(self, setup: McpSetup) -> McpSession:
        """A connection whose server answers: one that died since the last call is left, a new one opened."""
        session = self._session(setup)
        return session if await session.answers() else self._session(setup)

    async def _mcp_tool(self, server: McpSetup, name: str) -> ToolDescription | None:
        tool = next((t for t in server.listed if t.get("name") == name), None)
        if tool is None:  # never asked, or its list has changed
            listed = await (await self._living(server)).list_tools()
            tool = next((t for t in listed if t.get("name") == name), None)
        return mcp_tools.description(server.id, server.name, tool) if tool is not None else None

    async def _call_mcp(self, server: McpSetup, name: str, values: Mapping[str, Any]) -> list[ToolMessage]:
        session = await self._living(server)
        result = await session.call(name, mcp_tools.sent(values))
        tool = next((t for t in server.listed if t.get("name") == name), None)
        declares = bool(tool.get("outputSchema")) if tool is not None else result.structured_content is not None
        return list(mcp_tools.messages(result, declares_output=declares))


def builtin(identity: ToolIdentity) -> tuple[BuiltinProvider, BuiltinTool] | None:
    """A built-in tool by any spelling of its provider."""
    for spelling in (identity.provider_id, identity.provider_name):
        provider = registry.provider(spelling) if spelling else None
        tool = provider.tool(identity.tool_name) if provider is not None else None
        if provider is not None and tool is not None:
            return provider, tool
    return None


def described(provider: BuiltinProvider, tool: BuiltinTool) -> ToolDescription:
    """A built-in tool as the port describes it."""
    identity = ToolIdentity("builtin", provider.id, tool.name, provider.id)
    return ToolDescription(identity, tool.label, tool.description, tool.parameters, tool.output_schema)


def api_description(api: ApiSetup, operation: Operation) -> ToolDescription:
    """An operation as the port describes it."""
    identity = ToolIdentity("api", api.id, operation.name, api.name)
    parameters = tuple(p.declared for p in operation.parameters)
    return ToolDescription(identity, operation.label, operation.description, parameters)


def by_name(rows: Any, identity: ToolIdentity) -> list[Any]:
    """Set-ups with the id; else those with the name, in any case."""
    exact = [row for row in rows if row.id == identity.provider_id]
    names = {n.strip().lower() for n in (identity.provider_name, identity.provider_id) if n}
    return exact or [row for row in rows if row.name.strip().lower() in names]


def _masked(problem: PortError, provider: BuiltinProvider, fields: Mapping[str, str]) -> PortError:
    """The same error without the secrets of the account: services like to quote the address that they were asked at."""
    secrets = [fields.get(f.name, "") for f in provider.credentials if f.type == "secret-input"]
    words, hint = problem.message, problem.hint
    for secret in secrets:
        if len(secret) > 3:
            words, hint = words.replace(secret, "***"), hint.replace(secret, "***")
    return PortError(problem.error_type, words, hint=hint)


async def run_builtin(
    tool: BuiltinTool, values: Mapping[str, Any], ports: Ports, account: Mapping[str, str] | None = None
) -> list[ToolMessage]:
    """One call of a built-in tool; unset parameters have their default, needed ones must be there."""
    given = {p.name: p.default for p in tool.parameters if p.default is not None}
    given |= {name: value for name, value in values.items() if value is not None}
    answer = await tool.run(ToolCall(given, ports, account or {}))
    if isinstance(answer, str):
        return [ToolMessage("text", answer)]
    return [answer] if isinstance(answer, ToolMessage) else list(answer)


def _named_server(server: Mapping[str, Any]) -> McpSetup:
    """A server as a file names it. Raises PortError: a file may not start programs."""
    name, url = str(server.get("name") or "mcp"), str(server.get("url") or "").strip()
    if not url:
        word = "a workflow file may not start programs" if server.get("command") else "it has no url"
        raise McpConnectionFailed(name, word, "Set the server up in the settings under Tools.")
    if not url.startswith(("http://", "https://")):
        raise McpConnectionFailed(name, f"{url!r} is no web address")
    headers = server.get("headers")
    try:
        seconds = float(server.get("sse_read_timeout") or server.get("timeout") or 60)
    except (TypeError, ValueError):
        seconds = 60.0
    mark = json.dumps([url, headers], sort_keys=True, default=str)
    transport = "sse" if server.get("transport") == "sse" or url.rstrip("/").endswith("/sse") else "http"
    return McpSetup(
        f"{NAMED}{hashlib.sha256(mark.encode()).hexdigest()[:16]}",
        name,
        transport,  # type: ignore[arg-type]
        url,
        {str(k): str(v) for k, v in headers.items()} if isinstance(headers, Mapping) else {},
        seconds=min(max(seconds, 1.0), 600.0),
        trusted=False,
    )
