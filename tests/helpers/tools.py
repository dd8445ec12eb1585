"""Calls tools through the workspace's own provider, with the real doors where a tool reaches outside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.adapters.code_pool import CodePool
from engine.adapters.documents import LocalDocumentReader
from engine.adapters.files import FolderFiles
from engine.adapters.http import HttpxClient
from engine.adapters.network_rules import NetworkRules
from engine.adapters.tools.provider import WorkspaceTools
from engine.adapters.tools.setup import AccountSetup, ApiSetup, McpSetup, ToolSetup
from engine.clock import FixedClock
from engine.ports.bundle import Ports
from engine.ports.outside import ToolIdentity, ToolMessage
from engine.run.limits import Limits

LOCAL = ("127.0.0.1",)


async def acall(
    identity: ToolIdentity,
    values: Mapping[str, Any] | None = None,
    *,
    apis: Sequence[ApiSetup] = (),
    servers: Sequence[McpSetup] = (),
    account: Mapping[str, str] | None = None,
    accounts: Sequence[AccountSetup] = (),
    credential: str = "",
    extras: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    clock: FixedClock | None = None,
    code: bool = False,
    allow: Sequence[str] = LOCAL,
) -> list[ToolMessage]:
    """The messages of one call; everything is closed again."""
    http = HttpxClient(Limits(), allow_hosts=allow)
    ports = Ports(http=http, documents=LocalDocumentReader(limits=Limits()))
    ports.code = pool = CodePool(Limits(), []) if code else None
    if clock is not None:
        ports.clock = clock
    if folder is not None:
        ports.files = FolderFiles(folder)
        ports.extras["databases_folder"] = folder / "databases"
    ports.extras.update(extras or {})
    if account is not None:
        accounts = [AccountSetup("a", identity.provider_id, "Mine", account)]
    tools = WorkspaceTools(ToolSetup(tuple(apis), tuple(servers), tuple(accounts)), ports, NetworkRules(allow))
    try:
        return [message async for message in tools.call(identity, values or {}, {}, credential)]
    finally:
        await tools.close()
        await http.close()
        if pool is not None:
            await pool.close()


def call(provider: str, tool: str, values: Mapping[str, Any] | None = None, **more: Any) -> list[ToolMessage]:
    """One call of a built-in tool."""
    return asyncio.run(acall(ToolIdentity("builtin", provider, tool, provider), values, **more))


def text(provider: str, tool: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
    """The text of one call."""
    return "".join(str(m.value) for m in call(provider, tool, values, **more) if m.kind == "text")


def of_kind(messages: Sequence[ToolMessage], kind: str) -> list[Any]:
    """The values of the messages of a kind."""
    return [m.value for m in messages if m.kind == kind]
