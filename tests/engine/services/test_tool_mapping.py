"""A tool of a file that means another one here, with parameters that are called otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.ports.outside import ToolDescription, ToolIdentity, ToolParameter
from engine.services.context import Services
from engine.services.tool_mapping import changed_over, given_names, guess, lacking
from tests.engine.services.test_tools import end, run, start, tool, workflow

PARSE = ToolIdentity("builtin", "json_process", "parse", "json_process")


@pytest.fixture
def services(data_dir: Path) -> Iterator[Services]:
    opened = Services.open(data_dir)
    opened.open_workspace()
    yield opened
    opened.close()


def declared(*parameters: ToolParameter) -> ToolDescription:
    return ToolDescription(ToolIdentity("builtin", "p", "t", "p"), "T", "", parameters)


@pytest.mark.parametrize(
    ("names", "parameters", "pairs"),
    [
        (["query"], [ToolParameter("query", "string")], {"query": "query"}),
        (["max_result"], [ToolParameter("max_results", "number")], {"max_result": "max_results"}),
        (["keyword"], [ToolParameter("q", "string"), ToolParameter("limit", "number")], {"keyword": "q"}),
        (["json_string"], [ToolParameter("content", "string", True)], {"json_string": "content"}),
        (["odd"], [ToolParameter("needed", "string", True), ToolParameter("more", "string")], {"odd": "needed"}),
        (["odd"], [ToolParameter("a", "string", True), ToolParameter("b", "string", True)], {}),
        (["odd"], [ToolParameter("document", "file", True)], {}),
        (["a", "b"], [ToolParameter("b", "string"), ToolParameter("a", "string")], {"a": "a", "b": "b"}),
    ],
)
def test_which_parameter_is_which(names: list[str], parameters: list[ToolParameter], pairs: dict[str, str]) -> None:
    found = declared(*parameters)
    assert guess(names, found) == pairs
    assert [p.name for p in lacking(pairs, found)] == [
        p.name for p in parameters if p.required and p.name not in pairs.values()
    ]


def test_a_node_that_is_changed_over_keeps_its_values() -> None:
    data = {
        "tool_parameters": {
            "json_string": {"type": "mixed", "value": "{{#1.x#}}"},
            "odd": {"type": "mixed", "value": "y"},
        },
        "tool_configurations": {"depth": 3, "unset": None},
    }
    assert given_names(data) == ["json_string", "odd", "depth"]
    target = declared(
        ToolParameter("content", "string", True), ToolParameter("level", "number", form="form", default=1)
    )
    new = changed_over(data, target, {"json_string": "content", "depth": "level"})
    assert new["tool_parameters"] == {"content": {"type": "mixed", "value": "{{#1.x#}}"}}
    assert new["tool_configurations"] == {"level": {"type": "constant", "value": 3}}
    assert (new["provider_id"], new["tool_name"]) == ("p", "t")


def test_values_go_by_the_names_of_here_and_the_file_stays(services: Services) -> None:
    node = tool("builtin", "builtin", "json_parse", json_string='{"a": {"b": 7}}', path="$.a.b")
    named = ToolIdentity("builtin", "builtin", "json_parse", "builtin")
    assert services.tools.snapshot().suggest(named) == PARSE
    services.tools.set_alias(named, PARSE, {"json_string": "content", "path": "json_filter"})
    content = workflow("W", start(), node, end(found=["1", "text"]))
    summary = run(services, content)
    assert summary["outputs"] == {"found": "7"}, summary
    assert content.graph.node("1").data["tool_name"] == "json_parse"
    assert services.tools.alias_names() == {
        ("builtin", "json_parse"): {"json_string": "content", "path": "json_filter"}
    }
    services.tools.remove_alias("builtin", "json_parse")
    assert services.tools.alias_names() == {}


def test_a_setting_may_be_an_input_here(services: Services) -> None:
    node: dict[str, Any] = {
        **tool("builtin", "acme/json", "read"),
        "tool_configurations": {
            "document": {"type": "constant", "value": '{"a": 1}'},
            "at": {"type": "constant", "value": "$.a"},
        },
    }
    services.tools.set_alias(
        ToolIdentity("builtin", "json", "read", "json"), PARSE, {"document": "content", "at": "json_filter"}
    )
    summary = run(services, workflow("W", start(), node, end(found=["1", "text"])))
    assert summary["outputs"] == {"found": "1"}, summary


def test_a_parameter_that_is_not_there_is_refused(services: Services) -> None:
    named = ToolIdentity("builtin", "builtin", "json_parse", "builtin")
    with pytest.raises(UserError, match="has no parameter 'words'; its parameters: content"):
        services.tools.set_alias(named, PARSE, {"json_string": "words"})
    assert services.tools.aliases() == {}
