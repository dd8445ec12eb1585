"""Tools that ask services of the web, against servers on the loopback (nodes-ai spec 13.2)."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import FolderFiles
from engine.adapters.models.registry import ModelRegistry
from engine.adapters.models.setup import ModelSetup, ProviderConfig
from engine.adapters.tools.setup import AccountSetup
from engine.ports.outside import PortError
from engine.run.variables.files import File
from tests.helpers.servers import Reply, Seen, serving
from tests.helpers.tools import call, of_kind, text


def answers(data: Any, status: int = 200) -> Callable[[Seen], Reply]:
    """A server that says the same to everybody."""
    return lambda _: Reply(json.dumps(data).encode(), status, type="application/json")


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_a_tool_that_needs_an_account_says_so() -> None:
    with pytest.raises(PortError, match="Tavily needs an account") as caught:
        call("tavily", "tavily_search", {"query": "x"})
    assert caught.value.error_type == "ToolAccountMissing"
    assert "settings under Tools" in caught.value.hint


def test_the_account_that_the_node_names_is_used_else_the_first() -> None:
    with serving(answers({"organic": []})) as server:
        accounts = [
            AccountSetup("serper-1", "serper", "Work", {"serperapi_api_key": "key-work", "base_url": server.url}),
            AccountSetup("serper-2", "serper", "Home", {"serperapi_api_key": "key-home", "base_url": server.url}),
        ]
        for credential in ("serper-2", "", "of-another-workspace"):
            call("serper", "serper", {"query": "x"}, accounts=accounts, credential=credential)
        assert [r.header("X-API-KEY") for r in server.requests] == ["key-home", "key-work", "key-work"]


def test_secrets_are_masked_in_errors_and_addresses_of_accounts_may_be_private() -> None:
    with serving(lambda r: Reply(f"no such key: {r.target}".encode(), 401)) as server:
        account = {"serpapi_api_key": "very-secret", "base_url": server.url}
        with pytest.raises(PortError) as caught:
            call("google", "google_search", {"query": "x"}, account=account, allow=())
    assert "status code 401" in str(caught.value)
    assert "***" in str(caught.value)
    assert "very-secret" not in str(caught.value)
    assert "Check the key" in caught.value.hint


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(PortError, match="not an address"):
        call("searxng", "searxng_search", {"query": "x"}, account={"searxng_base_url": "localhost:8888"})


# -- searches ----------------------------------------------------------------------------------------------------------


def test_tavily() -> None:
    row = {"title": "A", "url": "https://a", "content": "words", "score": 0.5, "raw_content": "all"}
    found = {"answer": "42", "results": [row], "images": ["https://i"]}
    with serving(answers(found)) as server:
        given = {
            "query": "what",
            "include_domains": "a.com, b.org",
            "include_answer": 0,
            "include_images": "true",
            "time_range": "not_specified",
            "max_results": "8",
            "topic": "news",
            "days": 3,
        }
        account = {"tavily_api_key": "tvly-1", "base_url": server.url}
        messages = call("tavily", "tavily_search", given, account=account)
        asked = server.requests[0]
    assert asked.header("Authorization") == "Bearer tvly-1"
    assert (asked.method, asked.path) == ("POST", "/search")
    body = asked.json
    assert (body["query"], body["max_results"], body["days"], body["topic"]) == ("what", 8, 3, "news")
    assert (body["include_domains"], body["include_answer"], body["include_images"]) == (
        ["a.com", "b.org"],
        False,
        True,
    )
    assert "time_range" not in body
    assert of_kind(messages, "json") == [found]
    (words,) = of_kind(messages, "text")
    assert "**Answer:** 42" in words
    assert "### Result 1: [A](https://a)" in words
    assert "**Raw Content:**\nall" in words


def test_tavily_finds_nothing() -> None:
    with serving(answers({"results": []})) as server:
        account = {"tavily_api_key": "k", "base_url": server.url}
        assert text("tavily", "tavily_search", {"query": "q"}, account=account) == "No results found for 'q' in Tavily."
    assert text("tavily", "tavily_search", {"query": " "}, account={"tavily_api_key": "k"}) == "Please input a query."


def test_serper_and_google() -> None:
    serper = {"knowledgeGraph": {"title": "T", "description": "D"}, "organic": [{"title": "A", "link": "l"}]}
    with serving(answers(serper)) as server:
        account = {"serperapi_api_key": "k", "base_url": server.url}
        messages = call("serper", "serper", {"query": "x y"}, account=account)
        assert server.requests[0].pairs == [("q", "x y"), ("gl", "us"), ("hl", "en")]
    organic = [{"title": "A", "link": "l", "snippet": ""}]
    assert of_kind(messages, "json") == [{"title": "T", "description": "D", "organic": organic}]
    with serving(answers({"organic_results": [{"title": "A", "link": "l", "snippet": "s"}]})) as server:
        account = {"serpapi_api_key": "k", "base_url": server.url}
        messages = call("google", "google_search", {"query": "x", "language_code": "de"}, account=account)
        assert ("hl", "de") in server.requests[0].pairs
    (found,) = of_kind(messages, "json")
    assert found["organic_results"] == [{"title": "A", "link": "l", "snippet": "s"}]
    assert found["refs"] == [{"title": "A", "url": "l", "content": "s"}]


def test_searxng() -> None:
    rows = [{"url": "https://a", "title": "A", "content": "c"}, {"title": "no address"}]
    with serving(answers({"results": rows})) as server:
        account = {"searxng_base_url": f"{server.url}/"}
        given = {"query": "x", "search_type": "social_media"}
        messages = call("searxng", "searxng_search", given, account=account, allow=())
        assert server.requests[0].path == "/search"
        assert dict(server.requests[0].pairs) == {"q": "x", "format": "json", "categories": "social media"}
    assert of_kind(messages, "json") == rows[:1]
    with (
        serving(lambda _: Reply(b"<html>", type="text/html")) as server,
        pytest.raises(PortError, match="text/html instead of JSON"),
    ):
        call("searxng", "searxng_search", {"query": "x"}, account={"searxng_base_url": server.url})


DUCK = b"""<html><body>
<div class="result results_links web-result result--ad"><div class="result__body">
  <a class="result__a" href="https://ad">Ad</a></div></div>
<div class="result results_links web-result"><div class="links_main result__body">
  <h2><a class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.com%2Fx&amp;rut=1">First <b>one</b></a></h2>
  <a class="result__snippet" href="#">Words of <b>it</b></a></div></div>
<div class="result results_links web-result"><div class="links_main result__body">
  <a class="result__a" href="https://b.org/">Second</a></div></div>
</body></html>"""


def test_duckduckgo() -> None:
    with serving(lambda _: Reply(DUCK, type="text/html")) as server:
        messages = call("duckduckgo", "ddgo_search", {"query": "x"}, account={"base_url": server.url})
        assert server.requests[0].body == b"q=x&b="
        assert of_kind(messages, "json") == [
            {"title": "First one", "href": "https://a.com/x", "body": "Words of it"},
            {"title": "Second", "href": "https://b.org/", "body": ""},
        ]
        one = call("duckduckgo", "ddgo_search", {"query": "x", "max_results": 1}, account={"base_url": server.url})
        assert len(of_kind(one, "json")) == 1
    with (
        serving(lambda _: Reply(b"<form id='challenge-form'></form>", type="text/html")) as server,
        pytest.raises(PortError, match="asks whether a person is searching"),
    ):
        call("duckduckgo", "ddgo_search", {"query": "x"}, account={"base_url": server.url})


@pytest.mark.parametrize(
    ("provider", "tool", "given"),
    [
        ("duckduckgo", "ddgo_translate", {"query": "hallo", "translate_to": "fr"}),
        ("google_translate", "translate", {"content": "hallo", "custom_dest": "fr"}),
    ],
)
def test_translations(provider: str, tool: str, given: dict[str, str]) -> None:
    with serving(answers([[["salut ", "hallo"], ["toi", ""]], None, "de"])) as server:
        assert text(provider, tool, given, account={"translate_url": server.url}) == "salut toi"
        assert ("tl", "fr") in server.requests[0].pairs
    with serving(answers({"error": 1})) as server, pytest.raises(PortError, match="gave no translation"):
        call(provider, tool, given, account={"translate_url": server.url})


# -- other services ----------------------------------------------------------------------------------------------------


def test_a_diagram() -> None:
    with serving(lambda _: Reply(b"\x89PNG...", type="image/png")) as server:
        given = {"mermaid_code": "```mermaid\ngraph TD; A-->B\n```", "background_color": "#fff", "theme": "dark"}
        messages = call("mermaid_converter", "mermaid_converter", given, account={"base_url": server.url})
        asked = server.requests[0]
    kind, _, code = asked.path.strip("/").partition("/")
    assert kind == "img"
    assert base64.urlsafe_b64decode(code) == b"graph TD; A-->B"
    assert dict(asked.pairs) == {"theme": "dark", "bgColor": "fff", "type": "png"}
    assert of_kind(messages, "blob") == [b"\x89PNG..."]


def test_a_message_to_a_group() -> None:
    key = "eefea087-4278-40b2-93bb-23741a992cca"
    with serving(answers({"errcode": 0})) as server:
        given = {"hook_key": key, "message_type": "markdown", "content": "# Hi"}
        assert text("wecom", "wecom_group_bot", given, account={"base_url": server.url}) == "Message sent successfully"
        assert server.requests[0].pairs == [("key", key)]
        assert server.requests[0].json == {"msgtype": "markdown", "markdown": {"content": "# Hi"}}
    with (
        serving(answers({"errcode": 93000, "errmsg": "invalid webhook url"})) as server,
        pytest.raises(PortError, match="invalid webhook url"),
    ):
        call("wecom", "wecom_group_bot", given, account={"base_url": server.url})
    assert "not a valid UUID" in text("wecom", "wecom_group_bot", {"hook_key": "x", "content": "y"})


def test_a_user_of_github() -> None:
    with serving(answers({"login": "octocat"})) as server:
        messages = call("github", "github_user_info", {"username": "octocat"}, account={"base_url": server.url})
        assert server.requests[0].path == "/users/octocat"
    assert of_kind(messages, "json") == [{"login": "octocat"}]
    with pytest.raises(PortError, match="cannot be the name"):
        call("github", "github_user_info", {"username": "../orgs"})


def test_a_page_by_firecrawl_and_an_answer_by_perplexity() -> None:
    with serving(answers({"success": True, "data": {"markdown": "# P"}})) as server:
        account = {"firecrawl_api_key": "k", "base_url": server.url}
        messages = call("firecrawl", "scrape", {"url": "https://a", "formats": "markdown,html"}, account=account)
        assert server.requests[0].json["formats"] == ["markdown", "html"]
    assert of_kind(messages, "text") == ["# P"]
    with serving(answers({"choices": [{"message": {"content": "Yes."}}]})) as server:
        account = {"perplexity_api_key": "k", "base_url": server.url}
        given = {"query": "Is it?", "return_citations": 0, "search_domain_filter": "a.com"}
        assert text("perplexity", "perplexity", given, account=account) == "Yes."
        assert server.requests[0].json["search_domain_filter"] == ["a.com"]


@contextmanager
def mail_server(password: str) -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes one mail at a time; what it was told, line by line."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[str] = []

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as line:

            def say(words: str) -> None:
                line.write(f"{words}\r\n".encode())
                line.flush()

            say("220 here")
            in_mail = False
            while raw := line.readline():
                words = raw.decode().rstrip("\r\n")
                heard.append(words)
                if in_mail:
                    in_mail = words != "."
                    if not in_mail:
                        say("250 taken")
                elif words.upper().startswith("EHLO"):
                    say("250-here")
                    say("250 AUTH PLAIN")
                elif words.upper().startswith("AUTH"):
                    given = base64.b64decode(words.split()[-1]).decode().split("\0")[-1]
                    say("235 welcome" if given == password else "535 who are you")
                elif words.upper() == "DATA":
                    in_mail = True
                    say("354 go on")
                elif words.upper() == "QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        thread.join(30)
        listener.close()


MAIL = {
    "username_send": "me@163.com",
    "username_recv": "you@example.com",
    "subject": "Grüße",
    "content": "Hello there",
    "authorization_code": "right",
}


def test_a_mail() -> None:
    with mail_server("right") as (port, heard):
        account = {"host": "127.0.0.1", "port": str(port)}
        sent = text("163-smtp-send-mail", "163-smtp-send-mail", MAIL, account=account)
    assert sent == "Mail sent successfully"
    assert "Hello there" in heard
    assert any(line.startswith("To: you@example.com") for line in heard)


def test_a_mail_with_a_wrong_code() -> None:
    with mail_server("another") as (port, heard):
        account = {"host": "127.0.0.1", "port": str(port)}
        with pytest.raises(PortError, match="does not accept the user"):
            call("163-smtp-send-mail", "163-smtp-send-mail", MAIL, account=account)
    assert "Hello there" not in heard
    with pytest.raises(PortError, match="cannot be addressed"):
        call("163-smtp-send-mail", "163-smtp-send-mail", {**MAIL, "subject": "a\nBcc: all@example.com"})


# -- speech and pictures through the models of the workspace -----------------------------------------------------------


def models(url: str) -> dict[str, Any]:
    """The door to a workspace that has one provider, called openai."""
    provider = ProviderConfig("openai", "openai", base_url=url, api_key="sk-1", retries=0)
    return {"model_connection": ModelRegistry(ModelSetup((provider,))).connection}


def test_a_text_is_spoken() -> None:
    with serving(lambda _: Reply(b"ID3sound", type="audio/mpeg")) as server:
        given = {"text": "Hello", "model": "openai#tts-1", "voice": "nova"}
        messages = call("audio", "tts", given, extras=models(server.url))
        asked = server.requests[0]
    assert (asked.path, asked.header("Authorization")) == ("/audio/speech", "Bearer sk-1")
    assert asked.json == {"model": "tts-1", "input": "Hello", "voice": "nova", "response_format": "mp3"}
    assert of_kind(messages, "blob") == [b"ID3sound"]
    assert of_kind(messages, "text") == ["Audio generated successfully"]


def test_a_sound_is_written_down(tmp_path: Path) -> None:
    reference = FolderFiles(tmp_path).put(b"RIFF sound", "talk.wav", "audio/wav")
    file = File("audio", "tool_file", reference=reference, filename="talk.wav", extension=".wav", mime_type="audio/wav")
    with serving(answers({"text": "what was said"})) as server:
        given = {"audio_file": file, "model": "langgenius/openai/openai#FunAudioLLM/SenseVoiceSmall"}
        assert text("audio", "asr", given, extras=models(server.url), folder=tmp_path) == "what was said"
        body = server.requests[0].body
    assert b"RIFF sound" in body
    assert b'filename="talk.wav"' in body
    assert b"FunAudioLLM/SenseVoiceSmall" in body


def test_pictures() -> None:
    picture = base64.b64encode(b"\x89PNG picture").decode()
    with serving(answers({"data": [{"b64_json": picture}]})) as server:
        given = {"prompt": "A cat", "size": "vertical", "n": 2}
        messages = call("dalle", "dalle3", given, extras=models(server.url))
        assert [r.json["size"] for r in server.requests] == ["1024x1792"] * 2
        assert server.requests[0].json["model"] == "dall-e-3"
    assert of_kind(messages, "blob") == [b"\x89PNG picture"] * 2


@pytest.mark.parametrize(
    ("model", "words"),
    [("openai", "provider#model"), ("tongyi#tts-1", "not set up"), ("openai#tts-1", "answered 500")],
)
def test_speech_that_does_not_come(model: str, words: str) -> None:
    with serving(answers({"error": {"message": "down"}}, 500)) as server, pytest.raises(PortError, match=words):
        call("audio", "tts", {"text": "Hello", "model": model}, extras=models(server.url))


# -- MCP tools by name -------------------------------------------------------------------------------------------------


def test_mcp_servers_that_are_not_there() -> None:
    with pytest.raises(PortError, match="There is no MCP server"):
        call("mcp_sse", "mcp_sse_list_tools")
    with pytest.raises(PortError, match="valid JSON"):
        call("mcp_sse", "mcp_sse_list_tools", {"servers_config": "{"})
    with pytest.raises(PortError, match="may not start programs"):
        call("mcp_sse", "mcp_list_tools", {"servers_config": '{"a": {"command": "sh"}}'})
