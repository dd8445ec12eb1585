"""The tools of a workspace: what is kept, what a file's tool means here, workflows as tools with a real nested run."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.model.graph import Edge, Graph, Node
from engine.model.workflow import AppInfo, Workflow
from engine.ports.outside import ToolIdentity
from engine.services.context import Services
from engine.services.runs import StartRun
from engine.services.tools import try_tool
from tests.helpers.servers import Reply, serving

DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": "Words"},
    "paths": {"/up": {"get": {"operationId": "up", "parameters": [{"name": "w", "in": "query", "required": True}]}}},
}


@pytest.fixture
def services(data_dir: Path) -> Iterator[Services]:
    opened = Services.open(data_dir)
    opened.open_workspace()
    yield opened
    opened.close()


def workflow(name: str, *nodes: dict[str, Any]) -> Workflow:
    """Nodes one after the other."""
    made = [Node(str(i), {"title": n["type"], **n}, i * 300.0, 0.0) for i, n in enumerate(nodes)]
    pairs = itertools.pairwise(made)
    edges = [Edge(f"e{a.id}", a.id, b.id, "source", "target") for a, b in pairs]
    graph = Graph({n.id: n for n in made}, {e.id: e for e in edges})
    return Workflow(app=AppInfo(name=name, mode="workflow"), graph=graph)


def start(*variables: dict[str, Any]) -> dict[str, Any]:
    return {"type": "start", "variables": list(variables)}


def tool(kind: str, provider: str, name: str, **parameters: Any) -> dict[str, Any]:
    return {
        "type": "tool",
        "provider_type": kind,
        "provider_id": provider,
        "provider_name": provider,
        "tool_name": name,
        "tool_label": name,
        "tool_node_version": "2",
        "tool_configurations": {},
        "tool_parameters": {k: {"type": "mixed", "value": v} for k, v in parameters.items()},
    }


def end(**outputs: list[str]) -> dict[str, Any]:
    return {"type": "end", "outputs": [{"variable": k, "value_selector": v} for k, v in outputs.items()]}


WORD = {"variable": "word", "label": "Word", "type": "text-input", "required": True, "max_length": 100}
SHOUT = workflow(
    "Shout",
    start(WORD, {"variable": "kind", "label": "Kind", "type": "select", "options": ["a", "b"], "required": False}),
    {
        "type": "template-transform",
        "template": "{{ w | upper }}!",
        "variables": [{"variable": "w", "value_selector": ["0", "word"]}],
    },
    end(loud=["1", "output"]),
)


def published(services: Services, content: Workflow, name: str = "shout", **more: Any) -> str:
    app_id = services.workflows.create("workflow", content.app.name, workflow=content)
    services.versions.publish(app_id, force=True)
    services.workflow_tools.publish(app_id, name=name, **more)
    return app_id


def run(services: Services, content: Workflow, inputs: Mapping[str, Any] | None = None, *, record: bool = True) -> Any:
    async def work() -> dict[str, Any]:
        try:
            handle = services.runs.start(StartRun(content, inputs=dict(inputs or {}), record=record))
            summary = await asyncio.wait_for(handle.result(), 30)
            await services.runs.drain()
            return summary
        finally:
            await services.close_ports()

    return asyncio.run(work())


# -- workflows as tools ------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.127")
def test_a_workflow_is_called_by_another_and_its_run_is_its_child(services: Services) -> None:
    app_id = published(services, SHOUT, description="Shouts", fixed=("kind",))
    outer = workflow("Outer", start(), tool("workflow", "foreign-id", "shout", word="hello"), end(said=["1", "loud"]))
    summary = run(services, outer)
    assert summary["outputs"] == {"said": "HELLO!"}, summary
    runs = {r.app_id: r for r in services.runs.list().runs}
    child = services.runs.get(runs[app_id].id)
    assert child["parent_run_id"] == summary["run_id"]
    node = next(n for n in services.runs.nodes(summary["run_id"]) if n["node_id"] == "1")
    assert node["execution_metadata"]["child_run_id"] == runs[app_id].id


def test_what_a_workflow_tool_takes(services: Services) -> None:
    app_id = published(services, SHOUT, label="Shouter", descriptions={"word": "What to shout"}, fixed=("kind",))
    found = services.tools.find(ToolIdentity("workflow", app_id, "shout"))
    assert found is not None
    assert found.label == "Shouter"
    assert [(p.name, p.type, p.required, p.form, p.description, p.options) for p in found.parameters] == [
        ("word", "string", True, "llm", "What to shout", ()),
        ("kind", "select", False, "form", "Kind", ("a", "b")),
    ]
    assert found.output_schema == {"type": "object", "properties": {"loud": {"type": "string"}}}


def test_a_failed_inner_run_is_the_tools_failure(services: Services) -> None:
    broken = workflow("Broken", start(), tool("builtin", "nowhere", "nothing"), end())
    published(services, broken, "broken")
    summary = run(services, workflow("Outer", start(), tool("workflow", "x", "broken"), end()))
    assert summary["status"] == "failed"
    assert summary["error"].startswith("Failed to invoke tool: ")
    assert "nowhere/nothing" in summary["error"]


def test_an_unrecorded_run_leaves_no_trace_of_its_child(services: Services) -> None:
    published(services, SHOUT)
    outer = workflow("Outer", start(), tool("workflow", "x", "shout", word="a"), end(said=["1", "loud"]))
    assert run(services, outer, record=False)["outputs"] == {"said": "A!"}
    assert services.runs.list().runs == []


def test_workflows_that_call_themselves_end(services: Services) -> None:
    own = workflow("Loop", start(), tool("workflow", "x", "again"), end())
    published(services, own, "again")
    summary = run(services, own)
    assert summary["status"] == "failed"
    assert "call each other" in summary["error"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workflow("Ask", start(), {"type": "human-input"}, end()), "tools.waits"),
        (workflow("Hook", {"type": "trigger-webhook"}, end()), "tools.no_start"),
    ],
)
def test_workflows_that_cannot_be_tools(services: Services, content: Workflow, code: str) -> None:
    with pytest.raises(UserError) as caught:
        published(services, content)
    assert caught.value.code == code


@pytest.mark.spec("store.10")
def test_what_is_used_as_a_tool_is_not_deleted(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Shout", workflow=SHOUT)
    first = services.versions.publish(app_id, force=True)
    services.versions.publish(app_id, force=True)
    services.workflow_tools.publish(app_id, name="shout", version=first.id)
    for attempt in (
        lambda: services.versions.delete(first.id),
        lambda: services.workflows.delete(app_id),
        lambda: services.workflows.delete_for_good(app_id),
    ):
        with pytest.raises(UserError) as caught:
            attempt()
        assert caught.value.code == "tools.in_use"
        assert "shout" in str(caught.value).lower()
    services.tools.remove("workflow", "shout")
    services.versions.delete(first.id)
    services.workflows.delete(app_id)


def test_stopping_the_outer_run_stops_the_inner_one(services: Services) -> None:
    code = "import time\ndef main():\n    time.sleep(60)\n    return {}"
    slow = workflow(
        "Slow",
        start(),
        {"type": "code", "code_language": "python3", "code": code, "variables": [], "outputs": {}},
        end(),
    )
    app_id = published(services, slow, "slow")

    async def work() -> None:
        try:
            outer = workflow("Outer", start(), tool("workflow", "x", "slow"), end())
            handle = services.runs.start(StartRun(outer))
            while len(services.runs.live()) < 2:  # noqa: ASYNC110 - nothing tells of inner runs
                await asyncio.sleep(0.02)
            handle.send({"command": "abort", "reason": "enough"})
            assert (await asyncio.wait_for(handle.result(), 10))["status"] == "stopped"
            await asyncio.wait_for(services.runs.drain(), 10)
        finally:
            await services.close_ports()

    asyncio.run(work())
    assert [r.status for r in services.runs.list(app_id).runs] == ["stopped"]


# -- APIs, names, what is missing --------------------------------------------------------------------------------------


def test_an_imported_api_is_called_by_a_node(services: Services) -> None:
    services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
    with serving(lambda r: Reply(dict(r.pairs)["w"].upper().encode())) as server:
        group = services.tools.import_openapi(
            json.dumps(DOCUMENT), auth="bearer", secret="sk-very-secret", server=server.url
        )
        assert [t.identity for t in group.tools] == [ToolIdentity("api", "words", "up", "Words")]
        node = tool("api", "2ebe9c1d-46ef-4735-93f1-e901de242584", "up", w="hey") | {"provider_name": "words"}
        summary = run(services, workflow("Outer", start(), node, end(said=["1", "text"])))
        assert summary["outputs"] == {"said": "HEY"}, summary
        assert server.last.header("authorization") == "Bearer sk-very-secret"
    stored = json.dumps(services.settings.all())
    assert "sk-very-secret" not in stored
    assert b"sk-very-secret" not in (services.data_dir / "penstock.db").read_bytes()
    services.tools.remove("api", "Words")
    assert services.secrets.names() == []
    assert [g for g in services.tools.catalog() if g.kind == "api"] == []


@pytest.mark.spec("ai.124", "ai.130")
def test_a_tool_that_is_not_there_is_named_and_can_be_mapped(services: Services) -> None:
    node = tool("builtin", "acme/clock/clock", "current_timee")
    content = workflow("Outer", start(), node, end(said=["1", "text"]))
    found = services.tools.missing(content.graph.to_config())
    assert [(m.node_id, m.identity.tool_name, m.suggestion) for m in found] == [
        ("1", "current_timee", ToolIdentity("builtin", "time", "current_time", "time"))
    ]
    summary = run(services, content)
    assert summary["error"].startswith("Failed to get tool runtime: there is no tool acme/clock/clock/current_timee")
    assert found[0].suggestion is not None
    services.tools.set_alias(found[0].identity, found[0].suggestion)
    assert services.tools.missing(content.graph.to_config()) == []
    summary = run(services, content)
    assert summary["status"] == "succeeded"
    assert summary["outputs"]["said"].startswith("20")
    services.tools.remove_alias("clock", "current_timee")
    assert len(services.tools.missing(content.graph.to_config())) == 1
    with pytest.raises(UserError, match="not there"):
        services.tools.set_alias(found[0].identity, ToolIdentity("builtin", "no", "no"))


def test_a_missing_tool_can_mean_a_workflow(services: Services) -> None:
    published(services, SHOUT)
    named = ToolIdentity("builtin", "langgenius/tavily/tavily", "tavily_search", "tavily")
    row = next(g for g in services.tools.catalog() if g.kind == "workflow").tools[0]
    services.tools.set_alias(named, row.identity)
    node = tool("builtin", "tavily", "tavily_search", word="x")
    assert run(services, workflow("O", start(), node, end(s=["1", "loud"])))["outputs"] == {"s": "X!"}


def test_a_tool_is_tried_without_a_workflow(services: Services) -> None:
    async def work(values: dict[str, Any]) -> Any:
        try:
            return await try_tool(services.ports, ToolIdentity("builtin", "maths", "eval_expression"), values)
        finally:
            await services.close_ports()

    assert asyncio.run(work({"expression": "1+1"}))[1][0].value.endswith("is 2")
    with pytest.raises(UserError, match="no parameter 'x'; its parameters: expression"):
        asyncio.run(work({"x": 1}))


def test_calls_of_tools_are_recorded_and_given_back(services: Services, tmp_path: Path) -> None:
    """A replay needs neither the server nor what was set up."""
    services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
    node = tool("api", "words", "up", w="hey")
    content = workflow("Outer", start(), node, end(said=["1", "text"]))
    with serving(lambda r: Reply(dict(r.pairs)["w"].upper().encode())) as server:
        services.tools.import_openapi(json.dumps(DOCUMENT), server=server.url)
        services.record_outside(tmp_path / "tape.jsonl", {}, {})
        assert run(services, content)["outputs"] == {"said": "HEY"}
    services.tools.remove("api", "words")
    services.replay_outside(tmp_path / "tape.jsonl", {}, strict=True)
    assert run(services, content)["outputs"] == {"said": "HEY"}


def test_workflows_that_call_each_other_for_ever_say_which(services: Services) -> None:
    app_id = published(services, workflow("Echo", start(), end()), name="echo")
    again = workflow("Echo", start(), {**tool("workflow", app_id, "echo"), "title": "Again"}, end())
    services.workflows.save_draft(app_id, again, services.workflows.load(app_id).revision)
    services.versions.publish(app_id, force=True)
    summary = run(services, again)
    assert summary["status"] == "failed"
    assert f"{app_id}/echo is not called: workflows call each other more than 5 deep." in summary["error"]
    assert len([r for r in services.runs.list().runs if r.app_id == app_id]) == 5
