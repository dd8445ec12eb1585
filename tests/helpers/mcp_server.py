"""An MCP server for tests: `python mcp_server.py stdio`, or `http PORT`, or `sse PORT`. It writes its process id into
the file that MCP_TEST_PID names."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import BaseModel


class OneToken:
    """Accepts the token that MCP_TEST_TOKEN names."""

    async def verify_token(self, token: str) -> AccessToken | None:
        known = token == os.environ["MCP_TEST_TOKEN"]
        return AccessToken(token=token, client_id="studio", scopes=[]) if known else None


def made() -> MCPServer:
    """The server; with MCP_TEST_ISSUER one that asks to be signed in to."""
    issuer = os.environ.get("MCP_TEST_ISSUER")
    if not issuer:
        return MCPServer("test-server")
    place = f"http://127.0.0.1:{sys.argv[2]}/mcp"
    settings = AuthSettings.model_validate({"issuer_url": issuer, "resource_server_url": place})
    return MCPServer("test-server", auth=settings, token_verifier=OneToken())


server = made()


class Weather(BaseModel):
    city: str
    degrees: float


@server.tool(description="Adds two numbers.")
def add(a: int, b: int = 1) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=str(a + b))], _meta={"usage": {"total_tokens": 5}})


@server.tool()
def rows() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text='[{"a":1},{"a":2}]')])


@server.tool()
def numbers() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="[1]")])


@server.tool()
def given(word: str = "unset", other: str = "unset") -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=f"{word}/{other}")])


@server.tool()
def weather(city: str) -> Weather:
    return Weather(city=city, degrees=7.5)


@server.tool()
def picture() -> CallToolResult:
    return CallToolResult(content=[ImageContent(type="image", data="aGk=", mimeType="image/png")])


@server.tool()
def broken() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="out of paper")], isError=True)


@server.tool()
def slow(seconds: float) -> CallToolResult:
    time.sleep(seconds)
    return CallToolResult(content=[TextContent(type="text", text="done")])


@server.tool()
def end() -> str:
    os._exit(3)


@server.resource("notes://today", name="today", description="What is to be done.")
def today() -> str:
    return "Water the plants."


@server.resource("notes://picture", name="picture", mime_type="image/png")
def drawn() -> bytes:
    return b"hi"


@server.prompt(description="Asks for a summary.")
def summarize(text: str) -> str:
    return f"Summarize: {text}"


def main(arguments: list[str]) -> None:
    if os.environ.get("MCP_TEST_PID"):
        Path(os.environ["MCP_TEST_PID"]).write_text(str(os.getpid()))
    kind: Any = {"stdio": "stdio", "http": "streamable-http", "sse": "sse"}[arguments[0]]
    if kind == "stdio":
        print("starting", os.environ.get("TEST_WORD", ""), file=sys.stderr)
        if os.environ.get("TEST_WORD") == "refuse":
            raise SystemExit("no key, said " + os.environ["TEST_KEY"])
        server.run("stdio")
    else:
        server.run(kind, port=int(arguments[1]), host="127.0.0.1")


if __name__ == "__main__":
    main(sys.argv[1:])
