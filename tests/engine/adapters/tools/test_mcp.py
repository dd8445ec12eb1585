"""MCP servers as tools: real ones, over stdio and over HTTP on the loopback (nodes-ai spec 12.6, 14.4)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.network_rules import NetworkRules
from engine.adapters.tools.provider import WorkspaceTools
from engine.adapters.tools.setup import AccountSetup, McpSetup, ToolSetup
from engine.ports.bundle import Ports
from engine.ports.outside import PortError, ToolIdentity, ToolMessage
from tests.helpers.tools import of_kind

ROOT = Path(__file__).parents[4]
MODULE = ("-m", "tests.helpers.mcp_server")


def stdio(pid_file: Path | None = None, **more: Any) -> McpSetup:
    environment = {"MCP_TEST_PID": str(pid_file)} if pid_file else {}
    environment |= more.pop("environment", {})
    return McpSetup(
        "m", "Mine", "stdio", command=sys.executable, arguments=(*MODULE, "stdio"), environment=environment,
        folder=str(ROOT), **more,
    )  # fmt: skip


@contextmanager
def http_server(kind: str, **environment: str) -> Iterator[str]:
    """The test server over HTTP; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *MODULE, kind, str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/{'mcp' if kind == 'http' else 'sse'}"
    finally:
        process.kill()
        process.wait()


def on(setup: McpSetup, *calls: tuple[str, dict[str, Any]]) -> list[list[ToolMessage]]:
    """Several calls over one connection."""

    async def work() -> list[list[ToolMessage]]:
        tools = WorkspaceTools(ToolSetup(servers=(setup,)), Ports(), NetworkRules(()))
        try:
            return [[m async for m in tools.call(mine(name), given, {})] for name, given in calls]
        finally:
            await tools.close()

    return asyncio.run(work())


def mine(tool: str) -> ToolIdentity:
    return ToolIdentity("mcp", "m", tool, "Mine")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.spec("ai.128")
def test_results_over_stdio() -> None:
    two, one, words, given, weather, picture = on(
        stdio(),
        ("rows", {}),
        ("numbers", {}),
        ("add", {"a": 2.0, "b": 3}),
        ("given", {"word": None, "other": "  "}),
        ("weather", {"city": "Ulm"}),
        ("picture", {}),
    )
    assert of_kind(two, "json") == [{"a": 1}, {"a": 2}]
    assert of_kind(one, "json") == []
    assert of_kind(one, "text") == ["[1]"]
    assert of_kind(words, "text") == ["5"]
    assert of_kind(words, "usage")[0].total_tokens == 5
    assert of_kind(given, "text") == ["unset/unset"]
    assert {m.meta["name"]: m.value for m in weather if m.kind == "variable"} == {"city": "Ulm", "degrees": 7.5}
    assert (picture[0].kind, picture[0].value, picture[0].meta["mime_type"]) == ("blob", b"hi", "image/png")


@pytest.mark.parametrize("kind", ["http", "sse"])
def test_over_http(kind: str) -> None:
    with http_server(kind) as url:
        setup = McpSetup("m", "Mine", kind, url)  # type: ignore[arg-type]
        assert of_kind(on(setup, ("add", {"a": 40, "b": 2}))[0], "text") == ["42"]


def test_what_a_tool_takes_is_asked_once() -> None:
    async def work() -> None:
        tools = WorkspaceTools(ToolSetup(servers=(stdio(),)), Ports(), NetworkRules(()))
        try:
            found = await tools.find(mine("add"))
            assert found is not None
            assert found.description == "Adds two numbers."
            assert [(p.name, p.type, p.required, p.default) for p in found.parameters] == [
                ("a", "number", True, None),
                ("b", "number", False, 1),
            ]
            assert await tools.find(mine("nothing")) is None
            assert await tools.find(ToolIdentity("mcp", "other", "add", "Other")) is None
            by_name = await tools.find(ToolIdentity("mcp", "foreign-id", "add", "mine"))
            assert by_name is not None
        finally:
            await tools.close()

    asyncio.run(work())


def test_tool_errors_and_servers_that_end() -> None:
    with pytest.raises(PortError, match=r"out of paper"):
        on(stdio(), ("broken", {}))
    with pytest.raises(PortError, match=r"Failed to connect to MCP server: Mine: the server ended|closed"):
        on(stdio(), ("end", {}))


def test_servers_that_do_not_start_say_why() -> None:
    setup = stdio(environment={"TEST_WORD": "refuse", "TEST_KEY": "sk-secret-value"})
    with pytest.raises(PortError, match=r"^Failed to connect to MCP server: Mine: ") as caught:
        on(setup, ("add", {"a": 1}))
    assert "no key, said ***" in str(caught.value.hint)
    assert "sk-secret" not in str(caught.value.hint)
    missing = McpSetup("m", "Mine", "stdio", command="/nowhere/program")
    with pytest.raises(PortError, match=r"/nowhere/program is not there"):
        on(missing, ("add", {"a": 1}))
    with pytest.raises(PortError, match=r"Failed to connect to MCP server: Mine"):
        on(McpSetup("m", "Mine", "http", "http://127.0.0.1:9/mcp"), ("add", {"a": 1}))


def test_a_server_that_is_too_slow() -> None:
    began = time.monotonic()
    with pytest.raises(PortError, match=r"did not answer within 0.3 seconds"):
        on(stdio(seconds=0.3), ("slow", {"seconds": 30}))
    assert time.monotonic() - began < 10


def test_a_stopped_call_ends_the_process_within_a_second(tmp_path: Path) -> None:
    async def work() -> float:
        tools = WorkspaceTools(ToolSetup(servers=(stdio(tmp_path / "pid"),)), Ports(), NetworkRules(()))

        async def ask() -> None:
            async for _ in tools.call(mine("slow"), {"seconds": 60}, {}):
                pass

        task = asyncio.create_task(ask())
        while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - another process says it with a file
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.0)
        pid = int((tmp_path / "pid").read_text())
        assert not gone(pid)
        began = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while not gone(pid) and time.monotonic() - began < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        took = time.monotonic() - began
        await tools.close()
        return took

    assert asyncio.run(work()) < 1.5  # a second of ours, and what a busy machine adds


def test_closing_ends_the_process(tmp_path: Path) -> None:
    on(stdio(tmp_path / "pid"), ("add", {"a": 1}))
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.spec("ai.144")
@pytest.mark.parametrize("kind", ["http", "sse"])
def test_servers_that_an_agent_names(kind: str) -> None:
    async def work(url: str) -> None:
        tools = WorkspaceTools(ToolSetup(), Ports(), NetworkRules(("127.0.0.1",)))
        try:
            offered = await tools.server_tools({"name": "s", "url": url})
            add = next(t for t in offered if t.identity.tool_name == "add")
            messages = [m async for m in tools.call(add.identity, {"a": 1, "b": 1}, {})]
            assert of_kind(messages, "text") == ["2"]
        finally:
            await tools.close()

    with http_server(kind) as url:
        asyncio.run(work(url))


def test_files_start_no_programs_and_reach_no_private_network() -> None:
    async def work(server: dict[str, Any]) -> None:
        tools = WorkspaceTools(ToolSetup(), Ports(), NetworkRules(()))
        try:
            await tools.server_tools(server)
        finally:
            await tools.close()

    with pytest.raises(PortError, match=r"may not start programs"):
        asyncio.run(work({"name": "x", "command": "rm"}))
    with http_server("http") as url, pytest.raises(PortError, match=r"Failed to connect.*network rules"):
        asyncio.run(work({"name": "x", "url": url}))


def by_name(
    tool: str, given: dict[str, Any], *servers: McpSetup, account: str = "", allow: tuple[str, ...] = ()
) -> str:
    """The text of a call by name."""
    accounts = (AccountSetup("a", "mcp_sse", "Mine", {"servers_config": account}),) if account else ()

    async def work() -> list[ToolMessage]:
        tools = WorkspaceTools(ToolSetup(servers=servers, accounts=accounts), Ports(), NetworkRules(allow))
        try:
            return [m async for m in tools.call(ToolIdentity("builtin", "junjiem/mcp_sse/mcp_sse", tool), given, {})]
        finally:
            await tools.close()

    return "".join(of_kind(asyncio.run(work()), "text"))


@pytest.mark.parametrize("kind", ["sse", "http"])
def test_tools_are_listed_and_called_by_name(kind: str) -> None:
    with http_server(kind) as url:
        config = json.dumps({"mine": {"url": url, "headers": {}, "timeout": 50, "sse_read_timeout": 50}})
        listed = by_name("mcp_sse_list_tools", {}, account=config)
        head, _, rest = listed.partition("\n")
        assert head.startswith("MCP Server tools list:")
        tools = {row["name"]: row for row in json.loads(rest)}
        assert tools["add"]["description"] == "Adds two numbers."
        assert tools["add"]["parameters"]["required"] == ["a"]
        given = {"tool_name": "add", "arguments": '{"a": 2, "b": 3}'}
        assert by_name("mcp_sse_call_tool", given, account=config) == "5"
        with pytest.raises(PortError, match="There is no tool 'nothing'; there are: add"):
            by_name("mcp_call_tool", {"tool_name": "nothing", "arguments": ""}, account=config)
        # A server that the file itself names goes by the network rules.
        with pytest.raises(PortError, match=r"127\.0\.0\.1"):
            by_name("mcp_sse_list_tools", {"servers_config": config})


def test_servers_of_the_workspace_are_listed_by_name() -> None:
    assert '"weather"' in by_name("mcp_sse_list_tools", {}, stdio())
    assert by_name("mcp_sse_call_tool", {"tool_name": "rows", "arguments": "{}"}, stdio()) == '{"a": 1}{"a": 2}'


def test_a_server_that_died_between_two_calls_is_started_again(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    async def work() -> list[str]:
        tools = WorkspaceTools(ToolSetup(servers=(stdio(pid_file),)), Ports(), NetworkRules(()))
        found = []
        try:
            for _ in range(2):
                found += [str(m.value) async for m in tools.call(mine("add"), {"a": 1}, {}) if m.kind == "text"]
                os.kill(int(pid_file.read_text()), 9)
        finally:
            await tools.close()
        return found

    assert asyncio.run(work()) == ["2", "2"]
