"""Tools of the workspace: which there are of every kind, how they are set up, and what a file's tool means here.

Settings hold everything but credentials; those live in the secret store. All methods are plain blocking functions and
safe to call from any thread; nothing here is on the start path.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.adapters.tools import openapi
from engine.adapters.tools.openapi import Operation
from engine.adapters.tools.setup import AccountSetup, ApiAuth, ApiSetup, McpSetup, ToolSetup
from engine.errors import PenstockError, UserError
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage
from engine.services.tool_accounts import ToolAccounts
from engine.services.tool_snapshot import (
    MissingTool,
    ToolGroup,
    ToolSnapshot,
    alias_key,
    aliased,
    key_of,
    missing_words,
)

if TYPE_CHECKING:
    from engine.adapters.network_rules import NetworkRules
    from engine.adapters.tools.declare import BuiltinProvider
    from engine.adapters.tools.provider import WorkspaceTools
    from engine.ports.bundle import Ports
    from engine.ports.outside import SecretStore
    from engine.services.model_names import SettingsDoor
    from engine.services.workflow_tools import WorkflowTools

APIS_KEY, SERVERS_KEY, ALIASES_KEY = "tools.apis", "tools.mcp", "tools.aliases"
AUTH_KINDS = ("none", "api_key_header", "api_key_query", "basic", "bearer")
TRANSPORTS = ("stdio", "http", "sse")
TEST_SECONDS = 45.0


@dataclass(frozen=True)
class TestOutcome:
    """What a try of a server gave."""

    ok: bool
    message: str
    seconds: float
    tools: tuple[str, ...] = ()

    __test__ = False  # not a test class, whatever collectors think of the name


class ToolService:
    """See the module."""

    def __init__(
        self,
        settings: Callable[[], SettingsDoor],
        secrets: Callable[[], SecretStore],
        workflows: WorkflowTools,
        known: Callable[[], bool],
    ) -> None:
        self._settings, self._secrets, self.workflows, self._known = settings, secrets, workflows, known
        self.accounts = ToolAccounts(settings, secrets, known, _provider)
        self._lock = threading.RLock()
        self._parsed: dict[str, tuple[str, tuple[Operation, ...]]] = {}

    def _rows(self, key: str) -> list[dict[str, Any]]:
        return list(self._settings().get(key, []) or []) if self._known() else []

    # -- what there is -------------------------------------------------------------------------------------------------

    def catalog(self) -> list[ToolGroup]:
        """Every tool by provider: built in, APIs, workflows, MCP servers."""
        return [*self._builtin(), *self._apis(), *self._workflows(), *self._servers()]

    def _builtin(self) -> Iterator[ToolGroup]:
        from engine.adapters.tools.provider import described
        from engine.adapters.tools.registry import providers

        accounts = self.accounts.list()
        for p in providers():
            tools = tuple(described(p, tool) for tool in p.tools)
            own = tuple(a for a in accounts if a.provider == p.id)
            yield ToolGroup("builtin", p.id, p.label, p.description, p.icon, tools, "", p.credentials, own)

    def _apis(self) -> Iterator[ToolGroup]:
        from engine.adapters.tools.provider import api_description

        for row in self._rows(APIS_KEY):
            setup = self._api(row)
            try:
                tools = tuple(api_description(setup, operation) for operation in self._operations(setup))
                yield ToolGroup("api", setup.id, setup.name, setup.server, "http-request", tools)
            except UserError as problem:
                yield ToolGroup("api", setup.id, setup.name, setup.server, "http-request", (), problem.message)

    def _workflows(self) -> Iterator[ToolGroup]:
        if not self._known():
            return
        for row in self.workflows.list():
            try:
                tools: tuple[ToolDescription, ...] = (self.workflows.described(row),)
                note = ""
            except PenstockError as problem:
                tools, note = (), str(problem)
            yield ToolGroup("workflow", row.id, row.label, row.description, "workflow", tools, note)

    def _servers(self) -> Iterator[ToolGroup]:
        from engine.adapters.tools.mcp_tools import description

        for row in self._rows(SERVERS_KEY):
            tools = tuple(description(row["id"], row["name"], tool) for tool in row.get("listed") or ())
            note = "" if tools else "It was never asked for its tools."
            yield ToolGroup("mcp", row["id"], row["name"], _place(row), "datasource", tools, note)

    def snapshot(self) -> ToolSnapshot:
        """Everything that there is now, as one value that can be asked from any thread."""
        return ToolSnapshot(tuple(self.catalog()), self.aliases())

    def find(self, identity: ToolIdentity) -> ToolDescription | None:
        """What a tool takes, by its alias where it has one; None when it is not there. Asks no server."""
        return self.snapshot().find(identity)

    def missing(self, graph: Mapping[str, Any]) -> list[MissingTool]:
        """The tools of a graph config that are not there: of tool nodes, and of agents that would offer them."""
        return self.snapshot().missing(graph)

    # -- names of files ------------------------------------------------------------------------------------------------

    def aliases(self) -> dict[tuple[str, str], ToolIdentity]:
        """What tools of files mean here: (provider, tool), as `alias_key` spells them, to a tool of the workspace."""
        return {(row["provider"], row["tool"]): ToolIdentity(**row["means"]) for row in self._rows(ALIASES_KEY)}

    def set_alias(self, named: ToolIdentity, means: ToolIdentity) -> None:
        """From now on the tool that files name so is another one. Raises UserError when that is not there."""
        if self.find(means) is None:
            raise UserError(missing_words(means), code="tools.unknown")
        key = key_of(named)
        row = {"provider": key[0], "tool": key[1], "means": means.__dict__}
        with self._lock:
            self._settings().set(ALIASES_KEY, [*self._others(key), row])

    def remove_alias(self, provider: str, tool: str) -> None:
        """Forget what a tool means; none is no error."""
        with self._lock:
            self._settings().set(ALIASES_KEY, self._others(alias_key(provider, tool)))

    def _others(self, key: tuple[str, str]) -> list[dict[str, Any]]:
        return [r for r in self._rows(ALIASES_KEY) if (r["provider"], r["tool"]) != key]

    # -- OpenAPI -------------------------------------------------------------------------------------------------------

    def import_openapi(
        self,
        text: str,
        *,
        name: str = "",
        auth: str = "none",
        auth_name: str = "",
        auth_prefix: str = "custom",
        secret: str = "",
        server: str = "",
        found_at: str = "",
        api_id: str = "",
    ) -> ToolGroup:
        """Keep a document as tools, one an operation; over the one of `api_id` or of the same name. `found_at` is the
        address that the text was read from. Raises UserError."""
        document = openapi.load(text)
        if auth not in AUTH_KINDS:
            raise UserError(f"{auth!r} is none of {', '.join(AUTH_KINDS)}.", code="tools.bad_auth")
        server = (server or openapi.server_of(document, found_at)).rstrip("/")
        if not server.startswith(("http://", "https://")):
            raise UserError("The document names no server; give its address.", code="tools.no_server")
        openapi.operations(document, server)
        name = name.strip() or openapi.title(document) or "API"
        with self._lock:
            rows = self._rows(APIS_KEY)
            old = next((r for r in rows if r["id"] == api_id or (not api_id and r["name"] == name)), None)
            new_id = old["id"] if old else _free_id(name, {r["id"] for r in rows})
            row = {
                "id": new_id,
                "name": name,
                "server": server,
                "document": document,
                "auth": {"kind": auth, "name": auth_name or "Authorization", "prefix": auth_prefix},
            }
            if secret or auth == "none":
                self._keep_secret(f"tools/api/{new_id}", secret if auth != "none" else "")
            self._settings().set(APIS_KEY, [row if r["id"] == new_id else r for r in rows] if old else [*rows, row])
        return next(g for g in self._apis() if g.id == new_id)

    @staticmethod
    def fetch_document(url: str) -> str:
        """The text at an address that a person gave; it may be in a private network. Raises UserError."""
        from engine.adapters.http import HttpxClient
        from engine.ports.outside import HttpRequest

        async def work() -> str:
            client = HttpxClient(allow_hosts=("*",))
            try:
                request = HttpRequest("GET", url, connect_timeout=10, read_timeout=30, max_bytes=openapi.LARGEST)
                answer = await client.send(request)
            finally:
                await client.close()
            if answer.status >= 400:
                raise PortError("BadStatus", f"{url} answered with the status code {answer.status}.")
            return answer.content.decode(answer.encoding or "utf-8", "replace")

        try:
            return asyncio.run(work())
        except PortError as problem:
            raise UserError(str(problem), code="tools.not_reached", hint=problem.hint) from problem

    def _api(self, row: Mapping[str, Any]) -> ApiSetup:
        auth = row.get("auth") or {}
        kind = auth.get("kind", "none")
        secret = "" if kind == "none" else self._secrets().get(f"tools/api/{row['id']}") or ""
        return ApiSetup(
            row["id"],
            row["name"],
            row["document"],
            ApiAuth(kind, auth.get("name") or "Authorization", auth.get("prefix") or "custom", secret),
            row.get("server") or "",
        )

    def _operations(self, setup: ApiSetup) -> tuple[Operation, ...]:
        """The operations of a document, read once for each version of it."""
        mark = json.dumps([setup.server, setup.document], sort_keys=True)
        known = self._parsed.get(setup.id)
        if known is None or known[0] != mark:
            known = self._parsed[setup.id] = (mark, openapi.operations(setup.document, setup.server))
        return known[1]

    # -- MCP -----------------------------------------------------------------------------------------------------------

    def save_mcp(
        self,
        *,
        name: str,
        transport: str,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        command: str = "",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        seconds: float = 60.0,
        server_id: str = "",
    ) -> str:
        """Add a server, or change the one of an id; its id. Values of headers and of the environment are secret;
        None keeps them. Raises UserError."""
        name = name.strip()
        if transport not in TRANSPORTS:
            raise UserError(f"{transport!r} is none of {', '.join(TRANSPORTS)}.", code="tools.bad_transport")
        if transport == "stdio" and not command.strip():
            raise UserError("A stdio server needs the program to start.", code="tools.no_command")
        if transport != "stdio" and not url.startswith(("http://", "https://")):
            raise UserError("The address must start with http:// or https://.", code="tools.bad_address")
        if not name:
            raise UserError("The server needs a name.", code="tools.no_name")
        with self._lock:
            rows = self._rows(SERVERS_KEY)
            old = next((r for r in rows if r["id"] == server_id), None)
            if old is None and any(r["name"].lower() == name.lower() for r in rows):
                raise UserError(f"There is an MCP server {name} already.", code="tools.name_taken")
            new_id = old["id"] if old else _free_id(name, {r["id"] for r in rows})
            row = {
                "id": new_id,
                "name": name,
                "transport": transport,
                "url": url.strip(),
                "command": command.strip(),
                "arguments": list(arguments),
                "folder": folder,
                "seconds": seconds,
                "listed": (old or {}).get("listed", []),
                "header_names": sorted(headers) if headers is not None else (old or {}).get("header_names", []),
                "environment_names": (
                    sorted(environment) if environment is not None else (old or {}).get("environment_names", [])
                ),
            }
            if headers is not None:
                self._keep_secret(f"tools/mcp/{new_id}/headers", json.dumps(dict(headers)) if headers else "")
            if environment is not None:
                text = json.dumps(dict(environment)) if environment else ""
                self._keep_secret(f"tools/mcp/{new_id}/environment", text)
            self._settings().set(SERVERS_KEY, [row if r["id"] == new_id else r for r in rows] if old else [*rows, row])
        return new_id

    def servers(self) -> list[dict[str, Any]]:
        """The servers as they are set up; of headers and of the environment the names only."""
        return self._rows(SERVERS_KEY)

    def refresh_mcp(self, server_id: str) -> TestOutcome:
        """Ask a server for its tools and keep the list."""
        began = time.perf_counter()
        setup = next((self._server(r) for r in self._rows(SERVERS_KEY) if r["id"] == server_id), None)
        if setup is None:
            raise UserError(f"There is no MCP server {server_id!r}.", code="tools.unknown")
        try:
            listed = asyncio.run(asyncio.wait_for(_listed(setup), TEST_SECONDS))
        except (PortError, TimeoutError) as problem:
            words = f"No answer within {TEST_SECONDS:g} seconds." if isinstance(problem, TimeoutError) else str(problem)
            hint = getattr(problem, "hint", "")
            return TestOutcome(False, f"{words}\n{hint}".strip(), time.perf_counter() - began)
        with self._lock:
            rows = self._rows(SERVERS_KEY)
            for row in rows:
                if row["id"] == server_id:
                    row["listed"] = listed
            self._settings().set(SERVERS_KEY, rows)
        names = tuple(str(tool.get("name")) for tool in listed)
        return TestOutcome(True, f"Connected; {len(names)} tools.", time.perf_counter() - began, names)

    def _server(self, row: Mapping[str, Any]) -> McpSetup:
        def secret(what: str, names: str) -> dict[str, str]:
            text = self._secrets().get(f"tools/mcp/{row['id']}/{what}") if row.get(names) else None
            return dict(json.loads(text)) if text else {}

        return McpSetup(
            row["id"],
            row["name"],
            row["transport"],
            row.get("url") or "",
            secret("headers", "header_names"),
            row.get("command") or "",
            tuple(row.get("arguments") or ()),
            secret("environment", "environment_names"),
            row.get("folder") or "",
            float(row.get("seconds") or 60),
            listed=tuple(row.get("listed") or ()),
        )

    # -- all kinds -----------------------------------------------------------------------------------------------------

    def remove(self, kind: str, provider_id: str) -> None:
        """Forget an API, a server or a workflow tool, and its credentials. Raises UserError."""
        if kind == "workflow":
            self.workflows.remove(provider_id)
            return
        key = {"api": APIS_KEY, "mcp": SERVERS_KEY}.get(kind)
        with self._lock:
            rows = self._rows(key) if key else []
            row = next((r for r in rows if provider_id in (r["id"], r["name"])), None)
            if row is None or key is None:
                raise UserError(f"There is no {kind} provider {provider_id!r}.", code="tools.unknown")
            self._settings().set(key, [r for r in rows if r is not row])
            for name in ("", "/headers", "/environment"):
                self._secrets().delete(f"tools/{kind}/{row['id']}{name}")

    def setup(self) -> ToolSetup:
        """The present state as one value, credentials in clear."""
        apis = tuple(self._api(row) for row in self._rows(APIS_KEY))
        servers = tuple(self._server(row) for row in self._rows(SERVERS_KEY))
        accounts = tuple(
            AccountSetup(a.id, a.provider, a.name, self.accounts.in_clear(a.id)) for a in self.accounts.list()
        )
        return ToolSetup(apis, servers, accounts)

    def provider(self, ports: Ports, rules: NetworkRules) -> WorkspaceTools:
        """The port for runs, over the present state; later changes need a new one."""
        from engine.adapters.tools.provider import WorkspaceTools

        aliases = self.aliases()
        ports.extras["tool_aliases"] = lambda identity: aliased(aliases, identity)
        return WorkspaceTools(self.setup(), ports, rules)

    def _keep_secret(self, name: str, value: str) -> None:
        if value:
            self._secrets().set(name, value)
        else:
            self._secrets().delete(name)


def _provider(spelling: str) -> BuiltinProvider | None:
    from engine.adapters.tools.registry import provider

    return provider(spelling)


async def try_tool(
    ports: Ports, identity: ToolIdentity, values: Mapping[str, Any]
) -> tuple[ToolDescription, list[ToolMessage]]:
    """Call a tool once outside of any workflow, with defaults for what is not given. Raises UserError, PortError."""
    assert ports.tools is not None
    choose = ports.extras.get("tool_aliases")
    identity = choose(identity) if choose is not None else identity
    found = await ports.tools.find(identity)
    if found is None:
        raise UserError(missing_words(identity), code="tools.unknown")
    given = {p.name: p.default for p in found.parameters if p.default is not None} | dict(values)
    unknown = sorted(set(values) - {p.name for p in found.parameters})
    if unknown:
        names = ", ".join(p.name for p in found.parameters) or "none"
        raise UserError(f"The tool has no parameter {unknown[0]!r}; its parameters: {names}.", code="tools.parameter")
    return found, [message async for message in ports.tools.call(identity, given, {})]


async def _listed(setup: McpSetup) -> list[dict[str, Any]]:
    from engine.adapters.network_rules import NetworkRules
    from engine.adapters.tools.mcp_session import McpSession

    session = McpSession(setup, NetworkRules(()))
    try:
        return await session.list_tools()
    finally:
        await session.close()


def _place(row: Mapping[str, Any]) -> str:
    return " ".join([row.get("command") or "", *row.get("arguments", ())]).strip() or str(row.get("url") or "")


def _free_id(name: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "tools"
    return next(i for n in range(1, len(taken) + 3) if (i := stem if n == 1 else f"{stem}-{n}") not in taken)
