"""What a workspace has set up of tools, credentials in clear: the one value that the service gives the provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.ports.outside import TokenPlace

if TYPE_CHECKING:
    from engine.adapters.tools.mcp_oauth import SignIn

AuthKind = Literal["none", "api_key_header", "api_key_query", "basic", "bearer"]


@dataclass(frozen=True)
class ApiAuth:
    """How an API is told who asks. `prefix` (bearer, basic, custom) belongs to `api_key_header`; the secret of
    `basic` is `user:password`."""

    kind: AuthKind = "none"
    name: str = "Authorization"
    prefix: str = "custom"
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class ApiSetup:
    """An imported OpenAPI document; `server` replaces the document's own address, `headers` go with every call."""

    id: str
    name: str
    document: Mapping[str, Any]
    auth: ApiAuth = ApiAuth()
    server: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class McpSetup:
    """An MCP server. `url` for http and sse, `command` for stdio. `trusted`: a person set it up, so it may be in a
    private network; servers that a file names go by the network rules. `listed` are its tools when last asked.
    `signs_in`: it asks for OAuth; its tokens are in `tokens`, and `sign_in` asks a person for new ones."""

    id: str
    name: str
    transport: Literal["stdio", "http", "sse"] = "http"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str = ""
    seconds: float = 30.0
    trusted: bool = True
    listed: tuple[Mapping[str, Any], ...] = ()
    signs_in: bool = False
    tokens: TokenPlace | None = field(default=None, repr=False, compare=False)
    sign_in: SignIn | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class AccountSetup:
    """A named account at a built-in provider; the first one of a provider is its default."""

    id: str
    provider: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ToolSetup:
    """Everything at once."""

    apis: tuple[ApiSetup, ...] = ()
    servers: tuple[McpSetup, ...] = ()
    accounts: tuple[AccountSetup, ...] = ()

    def account(self, provider: str, wanted: str) -> AccountSetup | None:
        """The account of an id; ids of foreign workspaces say nothing, then it is the default one."""
        found = [a for a in self.accounts if a.provider == provider]
        return next((a for a in found if a.id == wanted), found[0] if found else None)
