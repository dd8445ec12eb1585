"""MCP servers of a workspace: set up, changed, signed in to, asked for what they offer."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from engine.errors import UserError
from engine.ports.outside import PortError
from engine.services.context import Services
from tests.engine.adapters.tools.test_mcp import http_server, stdio
from tests.engine.services.test_tools import end, run, start, tool, workflow
from tests.helpers.servers import Reply, Seen, serving


@pytest.fixture
def services(data_dir: Path) -> Iterator[Services]:
    opened = Services.open(data_dir)
    opened.open_workspace()
    yield opened
    opened.close()


def saved(services: Services, **more: Any) -> str:
    """The test server as a program."""
    setup = stdio()
    given = {"command": setup.command, "arguments": setup.arguments, "folder": setup.folder, **more}
    return services.tools.save_mcp(name="Mine", transport="stdio", **given)


# -- set up and changed ------------------------------------------------------------------------------------------------


def test_a_server_is_changed_and_keeps_what_is_not_said(services: Services) -> None:
    server_id = services.tools.save_mcp(
        name="Notes", transport="http", url="https://a/mcp", headers={"X-Key": "k1", "X-Old": "o"}
    )
    services.tools.mcp.keep_listed(server_id, [{"name": "add"}])
    again = services.tools.save_mcp(
        name="Notebook",
        transport="http",
        url="https://b/mcp",
        headers={"X-Key": None, "X-New": "n"},
        server_id=server_id,
    )
    assert again == server_id
    (row,) = services.tools.servers()
    assert (row["name"], row["url"], row["header_names"]) == ("Notebook", "https://b/mcp", ["X-Key", "X-New"])
    assert dict(services.tools.setup().servers[0].headers) == {"X-Key": "k1", "X-New": "n"}
    assert [t["name"] for t in row["listed"]] == ["add"]
    assert "k1" not in json.dumps(row)


def test_names_are_taken_once(services: Services) -> None:
    one = services.tools.save_mcp(name="One", transport="http", url="https://a")
    services.tools.save_mcp(name="Two", transport="http", url="https://b")
    with pytest.raises(UserError, match="an MCP server Two already"):
        services.tools.save_mcp(name="two", transport="http", url="https://a", server_id=one)
    with pytest.raises(UserError, match="There is no MCP server"):
        services.tools.save_mcp(name="Three", transport="http", url="https://a", server_id="nowhere")


# -- what a server offers ----------------------------------------------------------------------------------------------


def test_resources_and_prompts_are_listed_and_read(services: Services) -> None:
    server_id = saved(services)
    resources, prompts = services.tools.mcp_offers(server_id)
    assert [(r["uri"], r["name"]) for r in resources] == [("notes://today", "today"), ("notes://picture", "picture")]
    assert prompts[0]["name"] == "summarize"
    assert prompts[0]["arguments"] == [{"name": "text", "required": True}]
    assert [m.value for m in services.tools.read_mcp(server_id, "notes://today")] == ["Water the plants."]
    (picture,) = services.tools.read_mcp(server_id, "notes://picture")
    assert (picture.kind, picture.value, picture.meta["mime_type"]) == ("blob", b"hi", "image/png")
    assert services.tools.mcp_prompt(server_id, "summarize", {"text": "it"}) == "user:\nSummarize: it"
    with pytest.raises(PortError):
        services.tools.read_mcp(server_id, "notes://nothing")


def test_what_is_new_and_what_is_gone_is_said(services: Services) -> None:
    server_id = saved(services)
    assert services.tools.refresh_mcp(server_id).message == "Connected; 9 tools."
    services.tools.mcp.keep_listed(server_id, [{"name": "add"}, {"name": "subtract"}])
    message = services.tools.refresh_mcp(server_id).message
    assert "New: rows, numbers" in message
    assert message.endswith("Gone: subtract.")


def test_a_tool_that_the_server_has_got_since_is_called(services: Services) -> None:
    server_id = saved(services)
    services.tools.mcp.keep_listed(server_id, [{"name": "subtract"}])
    node = tool("mcp", server_id, "add", a="2", b="3")
    summary = run(services, workflow("W", start(), node, end(found=["1", "text"])))
    assert summary["outputs"] == {"found": "5"}, summary


def test_a_server_that_died_is_started_again(services: Services) -> None:
    server_id = saved(services)
    services.tools.refresh_mcp(server_id)
    defaults = [{"key": "text", "type": "string", "value": ""}]
    dies = {**tool("mcp", server_id, "end"), "error_strategy": "default-value", "default_value": defaults}
    content = workflow("W", start(), dies, tool("mcp", server_id, "add", a="2", b="3"), end(found=["2", "text"]))
    summary = run(services, content)
    assert summary["outputs"] == {"found": "5"}, summary["error"]


# -- signing in --------------------------------------------------------------------------------------------------------


@dataclass
class Authorization:
    """An authorization server: registers everybody, asks nobody, checks the verifier of each code."""

    token: str = "good-token"
    refuses: str = ""
    url: str = ""
    registered: list[dict[str, Any]] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    expires: int = 3600

    def answer(self, request: Seen) -> Reply:
        """One request."""
        if request.path.startswith("/.well-known/"):
            return self.json(
                {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "registration_endpoint": f"{self.url}/register",
                    "response_types_supported": ["code"],
                    "code_challenge_methods_supported": ["S256"],
                    "token_endpoint_auth_methods_supported": ["none"],
                }
            )
        if request.path == "/register":
            self.registered.append(request.json)
            return self.json({**request.json, "client_id": "studio-1"}, 201)
        if request.path == "/authorize":
            return self._authorize(dict(request.pairs))
        return self._token(dict(parse_qsl(request.body.decode())))

    def _authorize(self, given: dict[str, str]) -> Reply:
        assert (given["response_type"], given["code_challenge_method"]) == ("code", "S256")
        assert given["redirect_uri"] in self.registered[-1]["redirect_uris"]
        answer = {"error": "access_denied", "error_description": self.refuses} if self.refuses else {"code": "c-1"}
        self.challenges["c-1"] = given["code_challenge"]
        place = f"{given['redirect_uri']}?{urlencode({**answer, 'state': given['state']})}"
        return Reply(status=302, headers={"Location": place})

    def _token(self, given: dict[str, str]) -> Reply:
        self.grants.append(given["grant_type"])
        if given["grant_type"] == "authorization_code":
            digest = hashlib.sha256(given["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenges[given["code"]]:
                return self.json({"error": "invalid_grant"}, 400)
        elif given["refresh_token"] != "again":
            return self.json({"error": "invalid_grant"}, 400)
        found = {"access_token": self.token, "token_type": "Bearer", "expires_in": self.expires}
        return self.json({**found, "refresh_token": "again"})

    @staticmethod
    def json(data: Any, status: int = 200) -> Reply:
        return Reply(json.dumps(data).encode(), status, type="application/json")


@contextmanager
def guarded(services: Services, authorization: Authorization) -> Iterator[str]:
    """The test server behind an authorization server; its id in the workspace."""
    with serving(authorization.answer) as server:
        authorization.url = server.url
        with http_server("http", MCP_TEST_ISSUER=server.url, MCP_TEST_TOKEN="good-token") as url:
            yield services.tools.save_mcp(name="Guarded", transport="http", url=url, signs_in=True)


def browser(pages: list[str]) -> Any:
    """Opens an address as a browser does, on a thread of its own."""

    def show(url: str) -> None:
        def visit() -> None:
            with urllib.request.urlopen(url, timeout=30) as page:
                pages.append(page.read().decode())

        threading.Thread(target=visit).start()

    return show


def test_a_person_signs_in_and_runs_use_the_tokens(services: Services) -> None:
    authorization = Authorization()
    pages: list[str] = []
    with guarded(services, authorization) as server_id:
        outcome = services.tools.refresh_mcp(server_id)
        assert not outcome.ok
        assert "asks to be signed in to" in outcome.message
        assert "Sign in to the server" in outcome.message
        outcome = services.tools.sign_in(server_id, browser(pages), lambda: False)
        assert outcome.ok, outcome
        assert "add" in outcome.tools
        assert services.tools.mcp.is_signed_in(server_id)
        node = tool("mcp", server_id, "add", a="2", b="3")
        summary = run(services, workflow("W", start(), node, end(found=["1", "text"])))
        assert summary["outputs"] == {"found": "5"}, summary
    assert authorization.grants == ["authorization_code"]
    assert "You are signed in" in pages[0]
    assert "good-token" not in json.dumps(services.tools.servers())
    services.tools.mcp.forget_tokens(server_id)
    assert not services.tools.mcp.is_signed_in(server_id)


def test_tokens_that_are_over_are_renewed_after_a_restart(services: Services) -> None:
    authorization = Authorization(expires=3600)
    with guarded(services, authorization) as server_id:
        assert services.tools.sign_in(server_id, browser([]), lambda: False).ok
        place = services.tools.mcp.tokens(server_id)
        stored = json.loads(place.read())
        stored["tokens"]["access_token"] = "old-token"
        place.write(json.dumps({**stored, "expires_at": 1.0}))
        outcome = services.tools.refresh_mcp(server_id)
        assert outcome.ok, outcome
        assert authorization.grants == ["authorization_code", "refresh_token"]
        assert json.loads(place.read())["tokens"]["access_token"] == "good-token"


def test_tokens_that_the_server_takes_no_more(services: Services) -> None:
    with guarded(services, Authorization()) as server_id:
        assert services.tools.sign_in(server_id, browser([]), lambda: False).ok
        place = services.tools.mcp.tokens(server_id)
        stored = json.loads(place.read())
        stored["tokens"] |= {"access_token": "old-token", "refresh_token": "not this"}
        place.write(json.dumps(stored))
        outcome = services.tools.refresh_mcp(server_id)
        assert not outcome.ok
        assert "asks to be signed in to" in outcome.message


def test_a_sign_in_that_is_refused(services: Services) -> None:
    authorization = Authorization(refuses="Not you")
    pages: list[str] = []
    with guarded(services, authorization) as server_id:
        outcome = services.tools.sign_in(server_id, browser(pages), lambda: False)
        assert not outcome.ok
        assert "The sign-in was refused: Not you" in outcome.message
        assert not services.tools.mcp.is_signed_in(server_id)


def test_a_sign_in_that_is_given_up(services: Services) -> None:
    stopped = threading.Event()
    with guarded(services, Authorization()) as server_id:
        outcome = services.tools.sign_in(server_id, lambda _: stopped.set(), stopped.is_set)
        assert outcome.message.startswith("The sign-in was given up.")


def test_a_server_that_is_not_signed_in_to(services: Services) -> None:
    server_id = services.tools.save_mcp(name="Plain", transport="http", url="http://127.0.0.1:1/mcp")
    with pytest.raises(UserError, match="not set up to be signed in to"):
        services.tools.sign_in(server_id, lambda _: None, lambda: False)
