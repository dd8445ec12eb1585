"""Signing in at MCP servers: OAuth 2.1 with an authorization code and PKCE, the answer comes back over the loopback
(RFC 8252). The library finds the authorization server, registers, and renews tokens; here is who keeps them and who
asks the person."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthMetadata, OAuthToken
from pydantic import AnyUrl

from engine.adapters.tools.setup import McpSetup
from engine.ports.outside import PortError, TokenPlace

# What goes wrong is said to the person; the library would write it into the log with a traceback as well.
logging.getLogger("mcp.client.auth").setLevel(logging.CRITICAL)
PAGE = "<!doctype html><meta charset='utf-8'><title>Penstock</title><body style='font-family:sans-serif'><p>{}</p>"
POLL_SECONDS = 0.2
_PLACE = "http://127.0.0.1:1/callback"


class SignInNeeded(PortError):
    """A server that wants a person to sign in, while nobody is asked."""

    def __init__(self, name: str) -> None:
        hint = "Sign in to the server in the settings under Tools."
        super().__init__("McpConnectionError", f"The MCP server {name} asks to be signed in to.", hint=hint)


class SignIn:
    """A server on the loopback that waits for one answer of a browser. `show` is given the address to open; `stopped`
    is asked now and then whether the person gave up."""

    def __init__(self, show: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        self._show, self._stopped = show, stopped
        self._answers: queue.Queue[dict[str, str]] = queue.Queue()
        answers = self._answers

        class Callback(BaseHTTPRequestHandler):
            """Takes the answer and thanks for it."""

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                given = {name: values[0] for name, values in parse_qs(parts.query).items()}
                known = parts.path == "/callback" and ("code" in given or "error" in given)
                problem = given.get("error_description") or given.get("error")
                words = f"The sign-in failed: {problem}" if problem else "You are signed in. This page can be closed."
                body = PAGE.format(escape(words if known else "Nothing is here.")).encode()
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                if known:
                    answers.put(given)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                """Codes do not belong into a log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sign-in", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def address(self) -> str:
        """Where the browser is sent back to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/callback"

    async def open(self, url: str) -> None:
        """Send the person to the authorization server. Raises PortError for what is no web address."""
        if not url.startswith(("http://", "https://")):
            raise PortError("McpConnectionError", f"The authorization server is not at a web address: {url[:200]}")
        self._show(url)

    async def answer(self) -> AuthorizationCodeResult:
        """The code that came back. Raises PortError: refused, or given up."""
        while not self._stopped():
            try:
                given = self._answers.get_nowait()
            except queue.Empty:
                await asyncio.sleep(POLL_SECONDS)  # an answer arrives on another thread
                continue
            if "error" in given:
                words = given.get("error_description") or given["error"]
                raise PortError("McpConnectionError", f"The sign-in was refused: {words}")
            return AuthorizationCodeResult(code=given["code"], state=given.get("state"), iss=given.get("iss"))
        raise PortError("McpConnectionError", "The sign-in was given up.")


class _Kept:
    """Tokens and the registration of a server, in the workspace's secret store."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place

    def _read(self) -> dict[str, Any]:
        text = self._place.read()
        return dict(json.loads(text)) if text else {}

    def read(self, name: str) -> Any:
        """A part of what is kept; None when it is not there."""
        return self._read().get(name)

    def write(self, **parts: Any) -> None:
        """Keep parts, as JSON."""
        self._place.write(json.dumps({**self._read(), **parts}))

    def _write(self, name: str, value: Any) -> None:
        self.write(**{name: value.model_dump(mode="json", exclude_none=True)})

    async def get_tokens(self) -> OAuthToken | None:
        found = self._read().get("tokens")
        return OAuthToken.model_validate(found) if found else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._write("tokens", tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        found = self._read().get("client")
        return OAuthClientInformationFull.model_validate(found) if found else None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._write("client", client_info)


class _Lasting(OAuthClientProvider):
    """Knows after a restart what the library forgets: when the tokens are over, and where they are renewed."""

    def __init__(self, url: str, metadata: OAuthClientMetadata, kept: _Kept, **handlers: Any) -> None:
        super().__init__(url, metadata, kept, **handlers)
        self._kept = kept

    async def _initialize(self) -> None:
        await super()._initialize()
        self.context.token_expiry_time = self._kept.read("expires_at")
        server = self._kept.read("server")
        if server is not None and self.context.oauth_metadata is None:
            self.context.oauth_metadata = OAuthMetadata.model_validate(server)

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        before = self.context.token_expiry_time
        flow = super().async_auth_flow(request)
        answer: Any = None
        try:
            while True:
                sent = await flow.asend(answer)
                answer = yield sent
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()
            if self.context.token_expiry_time != before and self.context.current_tokens is not None:
                server = self.context.oauth_metadata
                self._kept.write(
                    expires_at=self.context.token_expiry_time,
                    server=server.model_dump(mode="json", exclude_none=True) if server is not None else None,
                )


def oauth(setup: McpSetup) -> OAuthClientProvider:
    """What adds the tokens of a server to its requests, renews them, and asks the person where `sign_in` can."""
    assert setup.tokens is not None
    asking = setup.sign_in
    if asking is None and '"tokens"' not in setup.tokens.read():
        raise SignInNeeded(setup.name)

    async def nobody(_: str) -> None:
        raise SignInNeeded(setup.name)

    async def no_answer() -> AuthorizationCodeResult:
        raise SignInNeeded(setup.name)

    metadata = OAuthClientMetadata(
        client_name="Penstock",
        redirect_uris=[AnyUrl(asking.address if asking is not None else _PLACE)],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",  # noqa: S106 - a public client has no secret
    )
    return _Lasting(
        setup.url,
        metadata,
        _Kept(setup.tokens),
        redirect_handler=asking.open if asking is not None else nobody,
        callback_handler=asking.answer if asking is not None else no_answer,
    )
