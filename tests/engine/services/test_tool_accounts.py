"""Accounts at tool providers: several named ones, secrets masked, the node's choice in a real run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.services.context import Services
from engine.services.tool_accounts import MASK
from tests.engine.services.test_tools import end, run, start, tool, workflow
from tests.helpers.servers import Reply, serving


@pytest.fixture
def services(data_dir: Path) -> Iterator[Services]:
    opened = Services.open(data_dir)
    opened.open_workspace()
    yield opened
    opened.close()


def test_several_accounts_of_one_provider(services: Services) -> None:
    accounts = services.tools.accounts
    first = accounts.save("langgenius/tavily/tavily", "Work", {"tavily_api_key": "tvly-work"})
    second = accounts.save("tavily", "Home", {"tavily_api_key": "tvly-home", "base_url": "https://a"})
    assert [(a.id, a.name, a.is_default) for a in accounts.list("tavily")] == [
        (first, "Work", True),
        (second, "Home", False),
    ]
    assert accounts.list()[1].values == {"tavily_api_key": MASK, "base_url": "https://a"}
    accounts.save("tavily", "House", {"base_url": ""}, account_id=second, default=True)
    kept = services.tools.setup().accounts
    assert [(a.name, dict(a.values)) for a in kept] == [
        ("House", {"tavily_api_key": "tvly-home"}),
        ("Work", {"tavily_api_key": "tvly-work"}),
    ]
    assert "tvly" not in repr(kept)
    assert "tvly" not in json.dumps(services.settings.get("tools.accounts"))
    accounts.remove(second)
    assert [a.name for a in accounts.list()] == ["Work"]
    assert services.secrets.get(f"tools/account/{second}") is None


@pytest.mark.parametrize(
    ("provider", "name", "values", "words"),
    [
        ("nowhere", "A", {}, "no tool provider"),
        ("time", "A", {}, "has no accounts"),
        ("tavily", " ", {"tavily_api_key": "k"}, "needs a name"),
        ("tavily", "A", {}, "Key is missing"),
        ("tavily", "A", {"key": "k"}, "no field 'key'; its fields: tavily_api_key, base_url"),
        ("tavily", "Work", {"tavily_api_key": "k"}, "has an account Work already"),
    ],
)
def test_what_is_refused(services: Services, provider: str, name: str, values: dict[str, str], words: str) -> None:
    services.tools.accounts.save("tavily", "Work", {"tavily_api_key": "k"})
    with pytest.raises(UserError, match=words):
        services.tools.accounts.save(provider, name, values)
    assert len(services.tools.accounts.list()) == 1


def test_unknown_accounts(services: Services) -> None:
    with pytest.raises(UserError, match="There is no account"):
        services.tools.accounts.remove("x")
    with pytest.raises(UserError, match="There is no account"):
        services.tools.accounts.save("tavily", "A", {"tavily_api_key": "k"}, account_id="x")


def test_a_node_asks_in_the_name_of_its_account(services: Services) -> None:
    with serving(lambda _: Reply(b'{"organic": []}', type="application/json")) as server:
        more = {"base_url": server.url}
        services.tools.accounts.save("serper", "Work", {"serperapi_api_key": "key-work", **more})
        home = services.tools.accounts.save("serper", "Home", {"serperapi_api_key": "key-home", **more})
        node = {**tool("builtin", "serper", "serper", query="x"), "credential_id": home}
        summary = run(services, workflow("W", start(), node, end(found=["1", "json"])))
        assert summary["status"] == "succeeded", summary
        assert server.requests[0].header("X-API-KEY") == "key-home"


def test_a_node_without_an_account_fails_with_what_to_do(services: Services) -> None:
    summary = run(services, workflow("W", start(), tool("builtin", "serper", "serper", query="x"), end()))
    assert summary["status"] == "failed"
    assert summary["error"].startswith("Failed to get tool runtime: Serper needs an account")
    assert "settings under Tools" in summary["error"]
    (node,) = [n for n in services.runs.nodes(summary["run_id"]) if n["node_id"] == "1"]
    assert node["error_type"] == "ToolRuntimeResolutionError"
    snapshot = services.tools.snapshot()
    data = tool("builtin", "langgenius/serper/serper", "serper")
    assert [group.id for group, _ in snapshot.without_account(data)] == ["serper"]


def test_the_voice_of_a_model_is_found_by_its_name(services: Services) -> None:
    with serving(lambda _: Reply(b"ID3", type="audio/mpeg")) as server:
        services.models.save_provider("openai-compatible", label="Mine", provider_id="tongyi", base_url=server.url)
        node = tool("builtin", "audio", "tts", text="Hi")
        node["tool_configurations"] = {"model": "tongyi#tts-1", "voice#tongyi#tts-1": "zhijia"}
        del node["tool_node_version"]
        summary = run(services, workflow("W", start(), node, end(sound=["1", "files"])))
        assert summary["status"] == "succeeded", summary
        assert server.requests[0].json["voice"] == "zhijia"
