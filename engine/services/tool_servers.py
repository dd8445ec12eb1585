"""MCP servers as they are set up: settings know everything but the values of headers and of the environment and the
tokens of a sign-in, which live in the secret store."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.ports.outside import TokenPlace

if TYPE_CHECKING:
    from engine.ports.outside import SecretStore
    from engine.services.model_names import SettingsDoor

SERVERS_KEY = "tools.mcp"
TRANSPORTS = ("stdio", "http", "sse")


class ToolServers:
    """See the module. Plain blocking functions, safe to call from any thread."""

    def __init__(
        self, settings: Callable[[], SettingsDoor], secrets: Callable[[], SecretStore], known: Callable[[], bool]
    ) -> None:
        self._settings, self._secrets, self._known = settings, secrets, known
        self._lock = threading.RLock()

    def rows(self) -> list[dict[str, Any]]:
        """The servers in their order; of headers and of the environment the names only."""
        return list(self._settings().get(SERVERS_KEY, []) or []) if self._known() else []

    def save(
        self,
        *,
        name: str,
        transport: str,
        url: str = "",
        headers: Mapping[str, str | None] | None = None,
        command: str = "",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str | None] | None = None,
        folder: str = "",
        seconds: float = 60.0,
        signs_in: bool = False,
        server_id: str = "",
    ) -> str:
        """Add a server, or change the one of an id; its id. Values of headers and of the environment are secret; a
        value of None keeps what is stored, None for all of them keeps all. Raises UserError."""
        name = name.strip()
        _check(name, transport, url, command)
        with self._lock:
            rows = self.rows()
            old = next((r for r in rows if r["id"] == server_id), None)
            if server_id and old is None:
                raise UserError(f"There is no MCP server {server_id!r}.", code="tools.unknown")
            taken = next((r["name"] for r in rows if r["name"].lower() == name.lower() and r is not old), "")
            if taken:
                raise UserError(f"There is an MCP server {taken} already.", code="tools.name_taken")
            new_id = old["id"] if old else free_id(name, {r["id"] for r in rows})
            row = {
                "id": new_id,
                "name": name,
                "transport": transport,
                "url": url.strip(),
                "command": command.strip(),
                "arguments": list(arguments),
                "folder": folder,
                "seconds": seconds,
                "signs_in": signs_in and transport != "stdio",
                "listed": (old or {}).get("listed", []),
            }
            for what, given in (("headers", headers), ("environment", environment)):
                kept = merged(self.secret(old, what) if old else {}, given)
                row[f"{what.removesuffix('s')}_names"] = sorted(kept)
                self._keep(f"tools/mcp/{new_id}/{what}", json.dumps(kept) if kept else "")
            if not row["signs_in"] or (old or {}).get("url") != row["url"]:
                self.forget_tokens(new_id)
            self._settings().set(SERVERS_KEY, [row if r is old else r for r in rows] if old else [*rows, row])
        return str(new_id)

    def keep_listed(self, server_id: str, listed: Sequence[Mapping[str, Any]]) -> None:
        """Remember the tools of a server."""
        with self._lock:
            rows = self.rows()
            for row in rows:
                if server_id in (row["id"], row["name"]):
                    row["listed"] = list(listed)
            self._settings().set(SERVERS_KEY, rows)

    def secret(self, row: Mapping[str, Any], what: str) -> dict[str, str]:
        """The headers or the environment of a server, in clear."""
        names = row.get(f"{what.removesuffix('s')}_names")
        text = self._secrets().get(f"tools/mcp/{row['id']}/{what}") if names else None
        return dict(json.loads(text)) if text else {}

    def tokens(self, server_id: str) -> TokenPlace:
        """Where the tokens of a sign-in are kept."""
        name = f"tools/mcp/{server_id}/tokens"
        return TokenPlace(lambda: self._secrets().get(name) or "", lambda text: self._keep(name, text))

    def is_signed_in(self, server_id: str) -> bool:
        """Are there tokens?"""
        return '"tokens"' in self.tokens(server_id).read()

    def forget_tokens(self, server_id: str) -> None:
        """Sign out."""
        self.tokens(server_id).write("")

    def _keep(self, name: str, value: str) -> None:
        if value:
            self._secrets().set(name, value)
        else:
            self._secrets().delete(name)


def _check(name: str, transport: str, url: str, command: str) -> None:
    if transport not in TRANSPORTS:
        raise UserError(f"{transport!r} is none of {', '.join(TRANSPORTS)}.", code="tools.bad_transport")
    if transport == "stdio" and not command.strip():
        raise UserError("A stdio server needs the program to start.", code="tools.no_command")
    if transport != "stdio" and not url.strip().startswith(("http://", "https://")):
        raise UserError("The address must start with http:// or https://.", code="tools.bad_address")
    if not name:
        raise UserError("The server needs a name.", code="tools.no_name")


def merged(old: Mapping[str, str], given: Mapping[str, str | None] | None) -> dict[str, str]:
    """Pairs with what is new: None keeps a value, and None for all keeps all."""
    if given is None:
        return dict(old)
    found = {name: old.get(name) if value is None else value for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def free_id(name: str, taken: set[str]) -> str:
    """An id for a name that none of the others has."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "tools"
    return next(i for n in range(1, len(taken) + 3) if (i := stem if n == 1 else f"{stem}-{n}") not in taken)
