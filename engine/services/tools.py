"""Tools of the workspace: which there are of every kind, how they are set up, and what a file's tool means here.

Settings hold everything but credentials; those live in the secret store. All methods are plain blocking functions and
safe to call from any thread; nothing here is on the start path.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from engine.adapters.tools import openapi
from engine.adapters.tools.openapi import Operation
from engine.adapters.tools.setup import AccountSetup, ApiAuth, ApiSetup, McpSetup, ToolSetup
from engine.errors import PenstockError, UserError
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage
from engine.services.tool_accounts import ToolAccounts
from engine.services.tool_servers import SERVERS_KEY, ToolServers, free_id, merged
from engine.services.tool_snapshot import (
    MissingTool,
    ToolGroup,
    ToolSnapshot,
    alias_key,
    alias_of,
    aliased,
    key_of,
    missing_words,
)

if TYPE_CHECKING:
    from engine.adapters.network_rules import NetworkRules
    from engine.adapters.tools.declare import BuiltinProvider
    from engine.adapters.tools.mcp_session import McpSession
    from engine.adapters.tools.provider import WorkspaceTools
    from engine.ports.bundle import Ports
    from engine.ports.outside import SecretStore
    from engine.services.model_names import SettingsDoor
    from engine.services.workflow_tools import WorkflowTools

APIS_KEY, ALIASES_KEY = "tools.apis", "tools.aliases"
AUTH_KINDS = ("none", "api_key_header", "api_key_query", "basic", "bearer")
TEST_SECONDS, SIGN_IN_SECONDS = 45.0, 300.0
T = TypeVar("T")


@dataclass(frozen=True)
class TestOutcome:
    """What a try of a server gave."""

    ok: bool
    message: str
    seconds: float
    tools: tuple[str, ...] = ()

    __test__ = False  # not a test class, whatever collectors think of the name


@dataclass(frozen=True)
class ApiView:
    """An imported API as screens show it; of the key and the headers only that they are there."""

    id: str
    name: str
    server: str
    auth: str
    auth_name: str
    auth_prefix: str
    has_secret: bool
    headers: tuple[str, ...]
    found_at: str
    text: str


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
        self.mcp = ToolServers(settings, secrets, known)
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
        return ToolSnapshot(tuple(self.catalog()), self.aliases(), self.alias_names())

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

    def alias_names(self) -> dict[tuple[str, str], dict[str, str]]:
        """Of the tools that mean others: what their parameters are called here, where that differs."""
        return {(r["provider"], r["tool"]): dict(r["names"]) for r in self._rows(ALIASES_KEY) if r.get("names")}

    def set_alias(self, named: ToolIdentity, means: ToolIdentity, names: Mapping[str, str] | None = None) -> None:
        """From now on the tool that files name so is another one, and its parameters are called as `names` says (the
        file's name to the one of here). Raises UserError when the tool or a parameter is not there."""
        found = self.find(means)
        if found is None:
            raise UserError(missing_words(means), code="tools.unknown")
        differing = {old: new for old, new in (names or {}).items() if old != new}
        known = {p.name for p in found.parameters}
        unknown = sorted(set(differing.values()) - known)
        if unknown:
            words = f"The tool {means.tool_name} has no parameter {unknown[0]!r}; its parameters: "
            raise UserError(words + (", ".join(sorted(known)) or "none") + ".", code="tools.parameter")
        key = key_of(named)
        row = {"provider": key[0], "tool": key[1], "means": means.__dict__, "names": differing}
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
        headers: Mapping[str, str | None] | None = None,
        api_id: str = "",
    ) -> ToolGroup:
        """Keep a document as tools, one an operation; over the one of `api_id` or of the same name. `found_at` is the
        address that the text was read from. Values of `headers`, which go with every call, are secret; a value of None
        keeps what is stored, None for all of them keeps all; an empty `secret` keeps the old one. Raises UserError."""
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
            if api_id and any(r["name"].lower() == name.lower() and r is not old for r in rows):
                raise UserError(f"There is an API {name} already.", code="tools.name_taken")
            new_id = old["id"] if old else free_id(name, {r["id"] for r in rows})
            row = {
                "id": new_id,
                "name": name,
                "server": server,
                "document": document,
                "auth": {"kind": auth, "name": auth_name or "Authorization", "prefix": auth_prefix},
                "found_at": found_at or (old or {}).get("found_at", ""),
            }
            kept = merged(self._api_headers(old or {}), headers)
            row["header_names"] = sorted(kept)
            self._keep_secret(f"tools/api/{new_id}/headers", json.dumps(kept) if kept else "")
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

    def api(self, api_id: str) -> ApiView:
        """An API as it is set up, for a screen that changes it. Raises UserError."""
        row = next((r for r in self._rows(APIS_KEY) if api_id in (r["id"], r["name"])), None)
        if row is None:
            raise UserError(f"There is no API {api_id!r}.", code="tools.unknown")
        auth = row.get("auth") or {}
        return ApiView(
            row["id"],
            row["name"],
            row.get("server") or "",
            auth.get("kind") or "none",
            auth.get("name") or "",
            auth.get("prefix") or "custom",
            bool(self._secrets().get(f"tools/api/{row['id']}")),
            tuple(row.get("header_names") or ()),
            row.get("found_at") or "",
            json.dumps(row["document"], ensure_ascii=False, indent=2),
        )

    def _api_headers(self, row: Mapping[str, Any]) -> dict[str, str]:
        text = self._secrets().get(f"tools/api/{row['id']}/headers") if row.get("header_names") else None
        return dict(json.loads(text)) if text else {}

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
            self._api_headers(row),
        )

    def _operations(self, setup: ApiSetup) -> tuple[Operation, ...]:
        """The operations of a document, read once for each version of it."""
        mark = json.dumps([setup.server, setup.document], sort_keys=True)
        known = self._parsed.get(setup.id)
        if known is None or known[0] != mark:
            known = self._parsed[setup.id] = (mark, openapi.operations(setup.document, setup.server))
        return known[1]

    # -- MCP -----------------------------------------------------------------------------------------------------------

    def save_mcp(self, **given: Any) -> str:
        """Add a server, or change the one of an id; see `ToolServers.save`. Its id. Raises UserError."""
        return self.mcp.save(**given)

    def servers(self) -> list[dict[str, Any]]:
        """The servers as they are set up; of headers and of the environment the names only."""
        return self.mcp.rows()

    def refresh_mcp(self, server_id: str) -> TestOutcome:
        """Ask a server for its tools and keep the list; the outcome says what is new in it and what is gone."""
        began = time.perf_counter()
        setup = self._setup_of(server_id)
        try:
            listed = _ask(setup, lambda session: session.list_tools())
        except PortError as problem:
            return TestOutcome(False, f"{problem}\n{problem.hint}".strip(), time.perf_counter() - began)
        before = {str(tool.get("name")) for tool in setup.listed}
        names = tuple(str(tool.get("name")) for tool in listed)
        self.mcp.keep_listed(server_id, listed)
        words = f"Connected; {len(names)} tools."
        if before and (new := [n for n in names if n not in before]):
            words += f" New: {', '.join(new)}."
        if gone := sorted(before - set(names)):
            words += f" Gone: {', '.join(gone)}."
        return TestOutcome(True, words, time.perf_counter() - began, names)

    def mcp_offers(self, server_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The resources and the prompts of a server, asked now; none of what it does not have. Raises PortError."""
        return _ask(self._setup_of(server_id), lambda session: session.offers())

    def read_mcp(self, server_id: str, uri: str) -> list[ToolMessage]:
        """The content of a resource. Raises PortError."""
        return _ask(self._setup_of(server_id), lambda session: session.read(uri))

    def mcp_prompt(self, server_id: str, name: str, values: Mapping[str, str]) -> str:
        """The messages of a prompt as text. Raises PortError."""
        return _ask(self._setup_of(server_id), lambda session: session.prompt(name, values))

    def sign_in(self, server_id: str, show: Callable[[str], None], stopped: Callable[[], bool]) -> TestOutcome:
        """Sign in at a server that asks for it (OAuth 2.1): `show` is given the address that a person opens in a
        browser; the answer comes back over the loopback. Then as `refresh_mcp`. Raises UserError."""
        from engine.adapters.tools.mcp_oauth import SignIn

        setup = self._setup_of(server_id)
        if not setup.signs_in:
            raise UserError(f"The server {setup.name} is not set up to be signed in to.", code="tools.no_sign_in")
        self.mcp.forget_tokens(server_id)
        with SignIn(show, stopped) as sign_in:
            try:
                _ask(replace(setup, sign_in=sign_in), lambda session: session.list_tools(), SIGN_IN_SECONDS)
            except PortError as problem:
                return TestOutcome(False, f"{problem}\n{problem.hint}".strip(), 0.0)
        return self.refresh_mcp(server_id)

    def _setup_of(self, server_id: str) -> McpSetup:
        """A server by its id or its name. Raises UserError."""
        row = next((r for r in self.mcp.rows() if server_id in (r["id"], r["name"])), None)
        if row is None:
            raise UserError(f"There is no MCP server {server_id!r}.", code="tools.unknown")
        return self._server(row)

    def _server(self, row: Mapping[str, Any]) -> McpSetup:
        return McpSetup(
            row["id"],
            row["name"],
            row["transport"],
            row.get("url") or "",
            self.mcp.secret(row, "headers"),
            row.get("command") or "",
            tuple(row.get("arguments") or ()),
            self.mcp.secret(row, "environment"),
            row.get("folder") or "",
            float(row.get("seconds") or 60),
            listed=tuple(row.get("listed") or ()),
            signs_in=bool(row.get("signs_in")),
            tokens=self.mcp.tokens(row["id"]) if row.get("signs_in") else None,
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
            for name in ("", "/headers", "/environment", "/tokens"):
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
        names = self.alias_names()
        ports.extras["tool_aliases"] = lambda identity: aliased(aliases, identity)
        ports.extras["tool_names"] = lambda identity: alias_of(names, identity) or {}
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
    ports: Ports, identity: ToolIdentity, values: Mapping[str, Any], credential: str = ""
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
    given |= _fitting(values, found)
    return found, [message async for message in ports.tools.call(identity, given, {}, credential)]


def _fitting(values: Mapping[str, Any], tool: ToolDescription) -> dict[str, Any]:
    """The values in their declared types, as a node would give them. Raises UserError."""
    from engine.nodes.llm_config import AiProblem
    from engine.nodes.tool_values import cast

    declared = {p.name: p for p in tool.parameters}
    try:
        return {name: cast(value, declared[name]) for name, value in values.items()}
    except AiProblem as problem:
        raise UserError(str(problem), code="tools.parameter") from problem


def _ask(setup: McpSetup, what: Callable[[McpSession], Awaitable[T]], seconds: float = TEST_SECONDS) -> T:
    """One question to a server over a connection of its own. Raises PortError."""
    from engine.adapters.network_rules import NetworkRules
    from engine.adapters.tools.mcp_session import McpSession

    async def work() -> T:
        session = McpSession(setup, NetworkRules(()))
        try:
            return await asyncio.wait_for(what(session), seconds)
        except TimeoutError as problem:
            words = f"{setup.name} did not answer within {seconds:g} seconds."
            raise PortError("McpConnectionError", words) from problem
        finally:
            await session.close()

    return asyncio.run(work())


def _place(row: Mapping[str, Any]) -> str:
    return " ".join([row.get("command") or "", *row.get("arguments", ())]).strip() or str(row.get("url") or "")
