"""`python -m engine tools ...` as scripts use it: every subcommand, and what is said when it does not work."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.services.context import Services
from tests.engine.adapters.tools.test_mcp import MODULE, ROOT
from tests.engine.services.test_tools import SHOUT, end, start, tool, workflow
from tests.helpers.model import dsl, node
from tests.helpers.servers import Reply, serving

KEY = "sk-very-secret"
DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": "Words"},
    "servers": [{"url": "https://example.com"}],
    "paths": {
        "/up": {
            "get": {
                "operationId": "up",
                "summary": "Louder",
                "parameters": [{"name": "w", "in": "query", "required": True, "schema": {"type": "string"}}],
            }
        }
    },
}


class Call:
    """Runs a command in a workspace; what it printed and how it ended."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir, self._capsys = data_dir, capsys

    def __call__(self, *words: str, code: int = 0) -> Any:
        """The JSON that a command prints."""
        out, _ = self.said(*words, "--json", code=code)
        return json.loads(out) if out.strip() else None

    def said(self, *words: str, code: int = 0) -> tuple[str, str]:
        """What a command says to people, and beside it."""
        ended = main(["--data", str(self.data_dir), "tools", *words])
        found = self._capsys.readouterr()
        assert ended == code, found
        assert KEY not in found.out + found.err
        return found.out, found.err

    def failed(self, *words: str) -> tuple[str, str]:
        """What a command says that does not work, whatever the reason."""
        ended = main(["--data", str(self.data_dir), "tools", *words])
        assert ended != 0
        found = self._capsys.readouterr()
        return found.out, found.err


@pytest.fixture
def call(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    services = Services.open(data_dir)
    services.open_workspace()
    services.close()
    return Call(data_dir, capsys)


@pytest.fixture
def document(tmp_path: Path) -> str:
    file = tmp_path / "words.json"
    file.write_text(json.dumps(DOCUMENT), "utf-8")
    return str(file)


# -- list, show --------------------------------------------------------------------------------------------------------


def test_list(call: Call) -> None:
    listed = call("list")
    assert {g["kind"] for g in listed} == {"builtin"}
    (clock,) = [g for g in listed if g["id"] == "time"]
    assert "current_time" in [t["tool_name"] for t in clock["tools"]]
    assert call("list", "--kind", "api") == []
    out, _ = call.said("list")
    assert "time/current_time" in out
    assert "tavily/tavily_search" in out


def test_show(call: Call) -> None:
    shown = call("show", "time/current_time")
    assert (shown["provider_id"], shown["tool_name"]) == ("time", "current_time")
    assert [p["name"] for p in shown["parameters"]] == ["format", "timezone"]
    assert call("show", "langgenius/time/current_time") == shown
    assert call("show", "current_time") == shown  # by its name alone
    out, _ = call.said("show", "time/weekday")
    assert "Weekday calculator" in out
    assert "year" in out
    _, err = call.said("show", "nowhere/nothing", code=2)
    assert "There is no tool 'nowhere/nothing'" in err
    assert "`tools list` names them all" in err
    _, err = call.said("show", "dalle3", code=2)
    assert "Several providers have a tool 'dalle3': dalle/dalle3, openai/dalle3" in err


# -- call --------------------------------------------------------------------------------------------------------------


def test_call(call: Call, tmp_path: Path) -> None:
    given = json.dumps({"year": 2024, "month": 2, "day": 29})
    assert call.said("call", "time/weekday", "-p", given)[0] == "February 29, 2024 is Thursday.\n"
    (message,) = call("call", "time/weekday", "-p", given)
    assert (message["kind"], message["value"]) == ("text", "February 29, 2024 is Thursday.")
    file = tmp_path / "given.json"
    file.write_text(given, "utf-8")
    assert call("call", "time/weekday", "-p", f"@{file}") == [message]


def test_call_writes_files(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    given = json.dumps({"md_text": "# Hi", "output_filename": "page"})
    _, err = call.said("call", "md_exporter/md_to_pdf", "-p", given, "-o", str(folder))
    assert str(folder / "page.pdf") in err
    assert (folder / "page.pdf").read_bytes().startswith(b"%PDF-")
    (message,) = call("call", "md_exporter/md_to_pdf", "-p", given)
    assert message["value"] == {"filename": "page.pdf", "size": (folder / "page.pdf").stat().st_size}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["time/weekday", "-p", "["], "JSON"),
        (["time/weekday", "-p", "[1]"], "must be a JSON object"),
        (["time/weekday", "-p", '{"century": 1}'], "has no parameter 'century'; its parameters: year, month, day"),
        (["time/weekday", "-p", '{"year": "soon"}'], "is not in correct type of number"),
        (["time/nothing"], "There is no tool"),
        (["webscraper/webscraper", "-p", '{"url": "http://127.0.0.1:1/"}'], "network rules"),
        (["tavily/tavily_search", "-p", '{"query": "x"}'], "Tavily needs an account"),
    ],
)
def test_call_that_does_not_work(call: Call, words: list[str], said: str) -> None:
    out, err = call.failed("call", *words)
    assert said in err
    assert out == ""


# -- APIs --------------------------------------------------------------------------------------------------------------


def test_import_openapi(call: Call, document: str) -> None:
    made = call("import-openapi", document, "--auth", "bearer", "--key", KEY)
    assert (made["kind"], made["id"], made["name"]) == ("api", "words", "Words")
    assert [(t["tool_name"], t["description"]) for t in made["tools"]] == [("up", "Louder")]
    assert [g["id"] for g in call("list", "--kind", "api")] == ["words"]
    out, err = call.said("import-openapi", document, "--name", "Others", "--server", "https://b.example.com")
    assert out == "others\n"
    assert "1 tools: up" in err
    _, err = call.said("remove", "api", "Others")
    assert err == ""
    assert call("remove", "api", "words") == {"removed": "words"}
    assert call("list", "--kind", "api") == []


def test_an_api_from_an_address_is_called(call: Call) -> None:
    def answer(request: Any) -> Reply:
        if request.path == "/openapi.json":
            return Reply(json.dumps({**DOCUMENT, "servers": [{"url": "/v1"}]}).encode(), type="application/json")
        if request.path == "/v1/up":
            return Reply(json.dumps({"loud": dict(request.pairs)["w"].upper()}).encode(), type="application/json")
        return Reply(b"gone", 404)

    with serving(answer) as server:
        services = Services.open(call.data_dir)
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.close()
        call("import-openapi", f"{server.url}/openapi.json")
        messages = call("call", "words/up", "-p", '{"w": "hi"}')
        assert {"loud": "HI"} in [m["value"] for m in messages]
        _, err = call.said("import-openapi", f"{server.url}/other.json", code=2)
    assert "answered with the status code 404" in err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--auth", "magic"], "'magic' is none of none, api_key_header"),
        (["--server", "example.com"], "names no server"),
    ],
)
def test_an_import_that_is_refused(call: Call, document: str, more: list[str], said: str) -> None:
    _, err = call.said("import-openapi", document, *more, code=2)
    assert said in err


def test_an_import_of_what_is_no_document(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "no.json"
    file.write_text("{}", "utf-8")
    _, err = call.said("import-openapi", str(file), code=2)
    assert err
    assert "missing.json" in call.failed("import-openapi", str(tmp_path / "missing.json"))[1]


# -- MCP ---------------------------------------------------------------------------------------------------------------


def add(call: Call, *more: str) -> Any:
    """Add the test server."""
    out, _ = call.said("add-mcp", "Mine", *more, "--json", "--", sys.executable, *MODULE, "stdio")
    return json.loads(out)


def test_a_server_is_added_asked_and_removed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = add(call, "--env", f"WORD={KEY}")
    assert (made["id"], made["ok"]) == ("mine", True)
    assert "add" in made["tools"]
    assert [t["tool_name"] for t in call("list", "--kind", "mcp")[0]["tools"]] == made["tools"]
    assert call.said("call", "mine/add", "-p", '{"a": 2, "b": 3}')[0].strip() == "5"
    assert call("refresh", "mine")["tools"] == made["tools"]
    assert call.said("refresh", "mine")[0] == f"Connected; {len(made['tools'])} tools.\n"
    resources = call("read", "mine")
    assert [r["uri"] for r in resources["resources"]] == ["notes://today", "notes://picture"]
    assert [p["name"] for p in resources["prompts"]] == ["summarize"]
    assert call.said("read", "mine", "notes://today")[0] == "Water the plants.\n"
    assert call.said("read", "mine", "--prompt", "summarize", "--value", "text=it")[0] == "user:\nSummarize: it\n"
    assert call("remove", "mcp", "Mine") == {"removed": "Mine"}


def test_a_server_that_does_not_start(call: Call) -> None:
    out, _ = call.said("add-mcp", "Mine", "--json", "--", "no-such-program-here", code=1)
    made = json.loads(out)
    assert not made["ok"]
    assert "the program no-such-program-here is not there" in made["message"]
    assert "is not there" in call.said("refresh", "mine", code=1)[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add-mcp", "Mine"], "needs the program to start"),
        (["add-mcp", "Mine", "--url", "example.com"], "must start with http"),
        (["add-mcp", "Mine", "--url", "https://a", "--header", "nonsense"], "must have the form NAME=VALUE"),
        (["refresh", "nobody"], "There is no MCP server 'nobody'"),
        (["read", "nobody"], "There is no MCP server 'nobody'"),
        (["remove", "mcp", "nobody"], "There is no mcp provider 'nobody'"),
        (["remove", "builtin", "time"], "There is no builtin provider 'time'"),
    ],
)
def test_servers_that_are_refused(call: Call, words: list[str], said: str) -> None:
    _, err = call.said(*words, code=2)
    assert said in err


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_accounts(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    assert call("account", "tavily", "Work", "--secret", "tavily_api_key=MY_KEY") == {"id": "tavily-1"}
    more = ["--field", "base_url=https://a", "--default"]
    assert call("account", "tavily", "Home", "--secret", "tavily_api_key=MY_KEY", *more) == {"id": "tavily-2"}
    listed = call("accounts")
    assert [(a["id"], a["name"], a["is_default"]) for a in listed] == [
        ("tavily-2", "Home", True),
        ("tavily-1", "Work", False),
    ]
    assert listed[0]["values"]["base_url"] == "https://a"
    assert "Home" in call.said("accounts", "tavily")[0]
    assert call("remove", "account", "tavily-2") == {"removed": "tavily-2"}
    for words, said in (
        (["account", "tavily", "X", "--secret", "tavily_api_key=NOT_SET"], "There is no variable NOT_SET"),
        (["account", "tavily", "X", "--secret", "nonsense"], "must have the form NAME=VALUE"),
        (["account", "time", "X"], "has no accounts"),
        (["account", "tavily", "X"], "Key is missing"),
        (["remove", "account", "nobody"], "There is no account 'nobody'"),
    ):
        assert said in call.said(*words, code=2)[1]


# -- workflows ---------------------------------------------------------------------------------------------------------


def test_publish(call: Call) -> None:
    services = Services.open(call.data_dir)
    app_id = services.workflows.create("workflow", "Shout", workflow=SHOUT)
    draft = services.workflows.create("workflow", "Draft", workflow=workflow("Draft", start(), end()))
    services.versions.publish(app_id, force=True)
    services.close()
    made = call("publish", app_id, "--name", "shout", "--parameter", "word=What to shout", "--fixed", "kind")
    assert made["id"] == app_id
    shown = call("show", "shout")
    assert {p["name"]: (p["form"], p["description"]) for p in shown["parameters"]} == {
        "word": ("llm", "What to shout"),
        "kind": ("form", "Kind"),
    }
    for words, said in (
        (["publish", app_id, "--name", "not a name"], "cannot be the name"),
        (["publish", draft, "--name", "draft"], "ublish"),
        (["publish", "nobody", "--name", "x"], "This workflow is not in the workspace"),
    ):
        assert said in call.said(*words, code=2)[1]
    assert call("remove", "workflow", app_id) == {"removed": app_id}
    assert call("list", "--kind", "workflow") == []


# -- names of files ----------------------------------------------------------------------------------------------------


def test_missing_and_map(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    data = {**tool("builtin", "acme/builtin/builtin", "json_parse", json_string="{}"), "title": "Parse"}
    file.write_text(
        dsl([node("1", "start"), node("2", "tool", **{k: v for k, v in data.items() if k != "type"})], [("1", "2")])
    )
    (row,) = call("missing", str(file), code=1)
    assert (row["node"], row["tool_name"], row["suggestion"]) == ("Parse", "json_parse", "json_process/parse")
    assert "json_process/parse" in call.said("missing", str(file), code=1)[0]
    mapped = call("map", "builtin/json_parse", "json_process/parse", "--parameter", "json_string=content")
    assert [(m["named"], m["provider_id"], m["tool_name"]) for m in mapped] == [
        ("builtin/json_parse", "json_process", "parse")
    ]
    assert mapped[0]["names"] == {"json_string": "content"}
    assert call("missing", str(file)) == []
    assert "builtin/json_parse" in call.said("map", "x/y")[0]
    assert call("map", "builtin/json_parse", "--remove") == []
    for words, said in (
        (["map", "a/b", "nowhere/nothing"], "There is no tool"),
        (["map", "a/b", "json_process/parse", "--parameter", "x=words"], "has no parameter 'words'"),
        (["missing", str(tmp_path / "none.yml")], "none.yml"),
    ):
        assert said in call.failed(*words)[1]
