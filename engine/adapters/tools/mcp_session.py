"""One connection to an MCP server: opened when it is first needed, kept for the next call, closed when nobody needs it.

The library's contexts must be entered and left by one task, so each connection is a task of its own. A call that is
cancelled ends its connection, and with it the process of a stdio server: what hangs must not stay behind.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from engine.adapters.network_rules import NetworkRules
from engine.adapters.tools.declare import ToolFailed
from engine.adapters.tools.setup import McpSetup
from engine.logs import get_logger
from engine.ports.outside import PortError, ToolMessage

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import CallToolResult

log = get_logger(__name__)
IDLE_SECONDS = 60.0
CONNECT_SECONDS, SIGN_IN_SECONDS = 30.0, 600.0
GRACE_SECONDS, KILL_SECONDS = 0.3, 0.2
"""How long a stdio server may take to end by itself, and after it was told to: stop must be felt within a second."""
MOST_TOOLS = 1000
PING_SECONDS = 5.0
NAMED = "file-"
"""How ids of servers begin that a file or an account names; they say an address and not which protocol."""


class McpConnectionFailed(PortError):
    """A server that cannot be reached or does not speak the protocol."""

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        super().__init__("McpConnectionError", f"Failed to connect to MCP server: {name}: {reason}", hint=hint)


class McpSession:
    """See the module. Belongs to one event loop."""

    def __init__(self, setup: McpSetup, rules: NetworkRules) -> None:
        self.setup, self._rules = setup, rules
        self.loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[ClientSession] = self.loop.create_future()
        self._end = asyncio.Event()
        self._busy = 0
        self._idle: asyncio.TimerHandle | None = None
        self._task = self.loop.create_task(self._live())

    @property
    def _patience(self) -> float:
        """How long connecting may take; where a person signs in, the caller sets the limit."""
        return CONNECT_SECONDS if self.setup.sign_in is None else SIGN_IN_SECONDS

    @property
    def is_open(self) -> bool:
        """Can it take calls, or will it be able to?"""
        return not self._task.done() and not self._end.is_set()

    async def answers(self) -> bool:
        """Is the server still there? It may have died since it was asked last; then the connection is given up."""
        import anyio
        from mcp.shared.exceptions import MCPError

        if not self.is_open or not self._ready.done():
            return self.is_open
        try:
            await asyncio.wait_for(self._ready.result().send_ping(), PING_SECONDS)
        except MCPError as problem:
            if "closed" not in str(problem).lower() and "timed out" not in str(problem).lower():
                return self.is_open  # it answered that it knows no pings
        except (OSError, RuntimeError, TimeoutError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            log.debug("the MCP server %s does not answer any more", self.setup.id)
        else:
            return self.is_open
        self._end.set()
        return False

    async def list_tools(self) -> list[dict[str, Any]]:
        """All tools of the server as plain data. Raises PortError."""

        async def ask(session: ClientSession) -> list[dict[str, Any]]:
            from mcp.types import PaginatedRequestParams

            found: list[dict[str, Any]] = []
            cursor: str | None = None
            while len(found) < MOST_TOOLS:
                page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
                found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
                cursor = page.next_cursor
                if not cursor:
                    break
            return found

        result: list[dict[str, Any]] = await self._ask(ask)
        return result

    async def offers(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The resources and the prompts as plain data; none of what the server does not have. Raises PortError."""

        async def ask(session: ClientSession) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            able = session.server_capabilities
            resources = (await session.list_resources()).resources if able is not None and able.resources else []
            prompts = (await session.list_prompts()).prompts if able is not None and able.prompts else []
            rows = [r.model_dump(mode="json", by_alias=True, exclude_none=True) for r in resources]
            return rows, [p.model_dump(mode="json", by_alias=True, exclude_none=True) for p in prompts]

        found: tuple[list[dict[str, Any]], list[dict[str, Any]]] = await self._ask(ask)
        return found

    async def read(self, uri: str) -> list[ToolMessage]:
        """The content of a resource. Raises PortError."""
        from engine.adapters.tools.mcp_tools import resource_messages

        async def ask(session: ClientSession) -> list[ToolMessage]:
            return list(resource_messages((await session.read_resource(uri)).contents))

        found: list[ToolMessage] = await self._ask(ask)
        return found

    async def prompt(self, name: str, values: Mapping[str, str]) -> str:
        """The messages of a prompt, each under who says it. Raises PortError."""

        async def ask(session: ClientSession) -> str:
            messages = (await session.get_prompt(name, dict(values))).messages
            return "\n\n".join(f"{m.role}:\n{getattr(m.content, 'text', m.content.type)}" for m in messages)

        found: str = await self._ask(ask)
        return found

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call a tool. Raises PortError: not reached, refused, too slow."""

        async def ask(session: ClientSession) -> CallToolResult:
            return await session.call_tool(name, dict(arguments), read_timeout_seconds=self.setup.seconds)

        result: CallToolResult = await self._ask(ask)
        return result

    async def close(self) -> None:
        """End the connection and wait for that; a stdio server's process is gone then."""
        self._end.set()
        self._forget_idle()
        await asyncio.wait([self._task], timeout=5)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _ask(self, ask: Any) -> Any:
        """Do something with the session. A failure of the connection ends it; the next call opens a new one."""
        from mcp.shared.exceptions import MCPError

        self._busy += 1
        self._forget_idle()
        try:
            session = await asyncio.wait_for(asyncio.shield(self._ready), self._patience + 5)
            return await self._unless_it_ends(ask(session))
        except asyncio.CancelledError:
            self._end.set()
            raise
        except MCPError as problem:
            words = str(problem)
            if "connection closed" in words.lower():
                self._end.set()
                raise McpConnectionFailed(self.setup.name, "the server ended while it was asked") from problem
            if "timed out" in words.lower():
                self._end.set()
                words = f"{self.setup.name} did not answer within {self.setup.seconds:g} seconds."
            raise ToolFailed(words) from problem
        except RuntimeError as problem:  # an answer that is not what the tool declares
            raise ToolFailed(str(problem)) from problem
        except TimeoutError as problem:
            self._end.set()
            raise McpConnectionFailed(self.setup.name, "it did not answer in time") from problem
        finally:
            self._busy -= 1
            if not self._busy and self.is_open:
                self._idle = self.loop.call_later(IDLE_SECONDS, self._end.set)

    async def _unless_it_ends(self, work: Any) -> Any:
        """The result of a request, or the end of the connection while it is under way."""
        asked = self.loop.create_task(work)
        try:
            await asyncio.wait({asked, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise McpConnectionFailed(self.setup.name, "the server ended while it was asked")
            return asked.result()
        finally:
            if not asked.done():
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)

    def _forget_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def _live(self) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                async with AsyncExitStack() as stack:
                    session = await asyncio.wait_for(self._opened(stack, said), self._patience)
                    self._ready.set_result(session)
                    await self._end.wait()
            except BaseException as problem:
                if isinstance(problem, asyncio.CancelledError) and not self._ready.done():
                    self._ready.cancel()
                    raise
                self._failed(problem, said)
            finally:
                self._end.set()

    def _failed(self, problem: BaseException, said: Any) -> None:
        while isinstance(problem, BaseExceptionGroup) and problem.exceptions:
            problem = problem.exceptions[0]
        if self._ready.done():
            log.info("the connection to the MCP server %s broke: %s", self.setup.id, type(problem).__name__)
            return
        if isinstance(problem, PortError) and self.setup.tokens is not None:  # of the sign-in
            self._ready.set_exception(problem)
            self._ready.exception()
            return
        said.seek(0)
        last = said.read()[-600:].strip()
        for secret in (*self.setup.environment.values(), *self.setup.headers.values()):
            last = last.replace(secret, "***") if len(secret) > 3 else last
        reason = "it did not answer in time" if isinstance(problem, TimeoutError) else str(problem)
        if isinstance(problem, FileNotFoundError):
            reason = f"the program {self.setup.command} is not there"
        self._ready.set_exception(McpConnectionFailed(self.setup.name, reason or type(problem).__name__, last))
        self._ready.exception()  # nobody may be waiting any more

    async def _opened(self, stack: AsyncExitStack, said: Any) -> ClientSession:
        from mcp import ClientSession
        from mcp.types import Implementation

        async def session_over(transport: Any, place: AsyncExitStack) -> ClientSession:
            read, write = await place.enter_async_context(transport)
            info = Implementation(name="penstock", version="1")
            session = await place.enter_async_context(ClientSession(read, write, client_info=info))
            await session.initialize()
            return session

        setup = self.setup
        if setup.transport == "stdio":
            return await session_over(self._stdio(said), stack)
        if setup.transport == "sse":
            return await session_over(self._sse(), stack)
        inner = AsyncExitStack()
        try:
            session = await session_over(await self._http(inner), inner)
        except BaseException as problem:
            await inner.aclose()
            if not setup.id.startswith(NAMED) or not isinstance(problem, Exception):
                raise
            # Files name addresses of either kind without saying which.
            return await session_over(self._sse(), stack)
        stack.push_async_exit(inner.__aexit__)
        return session

    def _stdio(self, said: Any) -> Any:
        from mcp.client import stdio

        stdio.PROCESS_TERMINATION_TIMEOUT, stdio.FORCE_KILL_TIMEOUT = GRACE_SECONDS, KILL_SECONDS
        setup = self.setup
        parameters = stdio.StdioServerParameters(
            command=setup.command,
            args=list(setup.arguments),
            env=dict(setup.environment) or None,
            cwd=setup.folder or None,
        )
        return stdio.stdio_client(parameters, errlog=said)

    def _sse(self) -> Any:
        from mcp.client.sse import sse_client

        headers = dict(self.setup.headers)
        return sse_client(self.setup.url, headers, timeout=10, httpx_client_factory=self._client)

    async def _http(self, stack: AsyncExitStack) -> Any:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        timeout = httpx2.Timeout(10, read=max(self.setup.seconds, CONNECT_SECONDS) + 5)
        client = await stack.enter_async_context(self._client(dict(self.setup.headers), timeout))
        return streamable_http_client(self.setup.url, http_client=client)

    def _client(self, headers: Any = None, timeout: Any = None, auth: Any = None) -> Any:
        """A client whose connections go by the network rules unless a person set the server up."""
        import httpx2

        more: dict[str, Any] = {"timeout": timeout} if timeout is not None else {}
        transport = None
        if not self.setup.trusted:
            from engine.adapters.tools.mcp_rules import ruled_transport

            transport = ruled_transport(self._rules)
        if self.setup.tokens is not None:
            from engine.adapters.tools.mcp_oauth import oauth

            auth = oauth(self.setup)
        return httpx2.AsyncClient(headers=headers, auth=auth, trust_env=False, transport=transport, **more)
