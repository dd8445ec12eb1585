"""The tool node by the statements of nodes-ai section 19."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.dsl.write import write
from engine.ports.bundle import Ports
from engine.ports.models import Usage
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage, ToolParameter
from engine.ports.workflows import ParentRun, WorkflowOutcome
from engine.run.variables.segments import SecretSegment
from tests.helpers.model import dsl, node, opened
from tests.helpers.models import FakeTools
from tests.helpers.nodes import FakeFiles, Ran, run_node
from tests.helpers.run import build, end, run

TEXT = ToolParameter("t", "string")
SECRET = "sk-0123456789"


def go(tools: FakeTools, values: Mapping[str, Any] | None = None, **data: Any) -> Ran:
    node = {
        "type": "tool",
        "provider_type": "builtin",
        "provider_id": "p",
        "provider_name": "p",
        "tool_name": "t",
        "tool_label": "T",
        "tool_parameters": {},
        "tool_configurations": {},
        "tool_node_version": "2",
        **data,
    }
    return run_node(node, values, ports=Ports(tools=tools, files=FakeFiles()))


def echo(*parameters: ToolParameter) -> FakeTools:
    return FakeTools().add("t", lambda **given: str(given), *parameters)


def yields(*messages: Any) -> FakeTools:
    return FakeTools().add("t", lambda: list(messages))


@pytest.mark.spec("ai.114")
def test_null_settings_are_not_set() -> None:
    size = ToolParameter("size", "number", form="form", default=7)
    tools = echo(size)
    assert go(tools, tool_configurations={"size": None}).status == "succeeded"
    assert tools.calls[0][2] == {"size": 7}


def stored_node(**data: Any) -> dict[str, Any]:
    """What a tool node of a file is after import, and again after its export."""
    plain = {"provider_type": "builtin", "provider_id": "p", "provider_name": "p", "tool_name": "t"}
    file = dsl([node("1", "start"), node("2", "tool", **plain, tool_parameters={}, **data)], [("1", "2")])
    workflow = opened(file).workflow
    assert workflow is not None
    (first, again) = (w.graph.node("2").data for w in (workflow, opened(write(workflow)).workflow) if w is not None)
    assert dict(again) == dict(first)
    return dict(first)


@pytest.mark.spec("ai.114")
@pytest.mark.parametrize("version", [{}, {"tool_node_version": "2"}, {"version": "2"}])
def test_null_settings_are_kept_in_the_file(version: dict[str, str]) -> None:
    assert stored_node(tool_configurations={"size": None}, **version)["tool_configurations"] == {"size": None}


@pytest.mark.spec("ai.115")
def test_raw_settings_are_saved_in_the_present_form_and_mean_the_same() -> None:
    size = ToolParameter("size", "number", form="form", default=7)
    mode = ToolParameter("mode", "select", form="form", options=("a", "b"), default="a")
    raw = {"size": 9, "mode": "b", "other": None}
    saved = stored_node(tool_configurations=raw)
    assert saved["tool_configurations"] == {
        "size": {"type": "constant", "value": 9},
        "mode": {"type": "constant", "value": "b"},
        "other": None,
    }
    assert saved["tool_node_version"] == "2"
    before, after = echo(size, mode), echo(size, mode)
    go(before, tool_configurations=raw, tool_node_version=None)
    run_node(saved, {}, ports=Ports(tools=after, files=FakeFiles()))
    assert before.calls == after.calls == [("t", {}, {"size": 9, "mode": "b"})]


@pytest.mark.spec("ai.117")
def test_files_that_say_their_version_are_left_as_they_are() -> None:
    for version in ({"version": "2"}, {"tool_node_version": "2"}, {"version": "1"}):
        stored = stored_node(tool_configurations={"size": 9}, **version)
        assert stored["tool_configurations"] == {"size": 9}
        assert stored.get("tool_node_version") == version.get("tool_node_version")


@pytest.mark.spec("ai.115")
def test_raw_settings_of_old_files() -> None:
    size = ToolParameter("size", "number", form="form", default=7)
    for stored in ({"size": "9"}, {"size": 9}):
        tools = echo(size)
        go(tools, tool_configurations=stored, tool_node_version=None)
        assert tools.calls[0][2] == {"size": 9}
    tools = echo(size)
    go(tools, tool_configurations={"size": {"type": "constant", "value": 9}})
    assert tools.calls[0][2] == {"size": 9}


@pytest.mark.spec("ai.116")
def test_an_old_choice_that_is_gone() -> None:
    mode = ToolParameter("m", "select", form="form", options=("a", "b"))
    ran = go(echo(mode), tool_configurations={"m": "c"}, tool_node_version=None)
    assert ran.failure == "ToolParameterError"
    assert ran.error == "tool parameter m value c not in options ['a', 'b']"


@pytest.mark.spec("ai.117")
def test_version_2_alone_is_the_present_form() -> None:
    size = ToolParameter("size", "number", form="form")
    tools = echo(size)
    go(
        tools,
        {"a.b": 5},
        version="2",
        tool_node_version=None,
        tool_configurations={"size": {"type": "variable", "value": ["a", "b"]}},
    )
    assert tools.calls[0][2] == {"size": 5}


@pytest.mark.spec("ai.118")
def test_unset_settings_take_their_default() -> None:
    size = ToolParameter("size", "number", form="form", default=7)
    tools = echo(size, ToolParameter("other", "string", form="form"))
    go(tools)
    assert tools.calls[0][2] == {"size": 7}
    ran = go(echo(ToolParameter("size", "number", form="form", required=True, label="Size")))
    assert (ran.failure, ran.error) == ("ToolParameterError", "Size is required")


@pytest.mark.spec("ai.119")
def test_variables_that_are_missing() -> None:
    needed, optional = ToolParameter("n", "string", required=True), ToolParameter("o", "string")
    given = {"type": "variable", "value": ["a", "b"]}
    ran = go(echo(needed), tool_parameters={"n": given})
    assert (ran.failure, ran.error) == ("ToolParameterError", "Variable ['a', 'b'] does not exist")
    tools = echo(optional)
    go(tools, tool_parameters={"o": given, "unknown": {"type": "constant", "value": 1}})
    assert tools.calls[0][1] == {"unknown": None}


@pytest.mark.spec("ai.120")
def test_null_parameters_are_dropped() -> None:
    tools = echo(TEXT)
    go(tools, tool_parameters={"t": {"type": "mixed", "value": None}})
    assert tools.calls[0][1] == {}


@pytest.mark.spec("ai.121")
def test_secrets_are_masked_in_the_record_only() -> None:
    tools = echo(TEXT, ToolParameter("u", "string"), ToolParameter("l", "array"))
    given = {
        "t": {"type": "mixed", "value": "key={{#env.KEY#}}"},
        "u": {"type": "variable", "value": ["env", "KEY"]},
        "l": {"type": "constant", "value": [1, "b"]},
    }
    ran = go(tools, {"env.KEY": SecretSegment(SECRET)}, tool_parameters=given)
    assert tools.calls[0][1] == {"t": f"key={SECRET}", "u": SECRET, "l": [1, "b"]}
    assert SECRET not in str(ran.inputs)
    assert ran.inputs["l"] == [1, "b"]


@pytest.mark.spec("ai.122")
def test_text_alone() -> None:
    ran = go(yields(ToolMessage("text", "hello")))
    assert ran.outputs == {"text": "hello", "files": [], "json": [{"data": []}]}
    assert [(f["chunk"], f["is_final"]) for f in ran.sent("NodeRunStreamChunk")] == [("hello", False), ("", True)]


@pytest.mark.spec("ai.123")
def test_variables_and_streams() -> None:
    ran = go(
        yields(
            ToolMessage("variable", 5, {"name": "n"}),
            ToolMessage("variable", "a", {"name": "s", "stream": True}),
            ToolMessage("variable", "b", {"name": "s", "stream": True}),
            ToolMessage("variable", "taken", {"name": "text"}),
            ToolMessage("json", {"a": 1}),
            ToolMessage("link", "http://x"),
        )
    )
    assert ran.outputs["n"] == 5
    assert ran.outputs["s"] == "ab"
    assert ran.outputs["text"] == "Link: http://x\n"
    assert ran.outputs["json"] == [{"a": 1}]
    chunks = [(f["selector"][1], f["chunk"], f["is_final"]) for f in ran.sent("NodeRunStreamChunk")]
    assert chunks[:2] == [("s", "a", False), ("s", "b", False)]
    assert chunks[-1] == ("s", "", True)


@pytest.mark.spec("ai.124")
@pytest.mark.spec("ai.130")
def test_a_tool_that_is_not_here() -> None:
    ran = go(FakeTools(), provider_name="acme", tool_name="magic")
    assert ran.failure == "ToolRuntimeResolutionError"
    assert ran.error.startswith("Failed to get tool runtime: there is no tool acme/magic")


@pytest.mark.spec("ai.124")
def test_a_fail_branch_gets_the_name_of_the_error() -> None:
    tool = {"type": "tool", "provider_type": "builtin", "provider_id": "acme", "tool_name": "magic"}
    graph = build(
        "start -> t; t -fail-branch-> end",
        t={**tool, "tool_parameters": {}, "tool_configurations": {}, "error_strategy": "fail-branch"},
        end=end(kind=["t", "error_type"], words=["t", "error_message"]),
    )
    done = run(graph, ports=Ports(tools=FakeTools()))
    assert done.status == "partial-succeeded"
    assert done.outputs["kind"] == "ToolRuntimeResolutionError"
    assert done.outputs["words"].startswith("Failed to get tool runtime: there is no tool acme/magic")


def test_a_call_that_is_refused_or_breaks() -> None:
    ran = go(FakeTools().add("t", lambda: PortError("X", "no")))
    assert (ran.failure, ran.error) == ("ToolRuntimeInvocationError", "Failed to invoke tool: no")
    ran = go(yields(ToolMessage("text", "some"), PortError("X", "broke")))
    assert (ran.failure, ran.error) == ("ToolRuntimeInvocationError", "broke")


@pytest.mark.spec("ai.125")
def test_files_in_pieces() -> None:
    def piece(data: bytes, total: int = 4, **meta: Any) -> ToolMessage:
        return ToolMessage("blob_chunk", data, {"id": "f", "total_length": total, "mime_type": "text/plain", **meta})

    ran = go(yields(piece(b"ab"), piece(b"cd", end=True)))
    assert ran.outputs["files"][0].size == 4
    for messages in (
        [piece(b"abc"), piece(b"def")],
        [piece(b"ab"), piece(b"c", end=True)],
        [piece(b"ab")],
        [piece(b"ab"), piece(b"cd", 5)],
        [piece(b"ab", -1)],
    ):
        assert go(yields(*messages)).failure == "ToolFileError"


def test_blobs_are_kept_as_files() -> None:
    ran = go(yields(ToolMessage("blob", b"data", {"mime_type": "image/png", "filename": "a.png"})))
    (file,) = ran.outputs["files"]
    assert (file.type, file.filename, file.size) == ("image", "a.png", 4)


class Runner:
    """Workflows as tools, scripted."""

    def __init__(self, outcome: WorkflowOutcome) -> None:
        self.outcome = outcome
        self.parents: list[ParentRun] = []
        self.inputs: list[Mapping[str, Any]] = []

    async def describe(self, identity: ToolIdentity) -> ToolDescription:
        return ToolDescription(identity, "Inner", "", (ToolParameter("q", "string", required=True),))

    async def run(self, identity: ToolIdentity, inputs: Mapping[str, Any], parent: ParentRun) -> WorkflowOutcome:
        self.parents.append(parent)
        self.inputs.append(inputs)
        return self.outcome


def inner(outcome: WorkflowOutcome, **facts: Any) -> tuple[Ran, Runner]:
    runner = Runner(outcome)
    node = {
        "type": "tool",
        "provider_type": "workflow",
        "provider_id": "uuid",
        "tool_name": "inner",
        "tool_parameters": {"q": {"type": "mixed", "value": "hi"}},
    }
    ports = Ports(extras={"workflow_runner": runner})
    return run_node(node, ports=ports, facts={"run_id": "outer", "call_depth": 0, **facts}), runner


@pytest.mark.spec("ai.127")
def test_a_workflow_as_a_tool() -> None:
    usage = Usage(total_tokens=42)
    ran, runner = inner(WorkflowOutcome("r2", "succeeded", {"answer": "x", "n": 2, "text": "t"}, usage=usage))
    assert (ran.outputs["answer"], ran.outputs["n"]) == ("x", 2)
    assert ran.outputs["text"] == '{"answer": "x", "n": 2, "text": "t"}'
    assert ran.outputs["json"] == [{"answer": "x", "n": 2, "text": "t"}]
    assert ran.result.usage == usage
    assert ran.result.metadata["total_tokens"] == 42
    assert runner.parents == [ParentRun("outer", "node", "execution-1", 1, "")]
    assert runner.inputs == [{"q": "hi"}]
    assert inner(WorkflowOutcome("r2", "paused"))[0].failure == "ToolRuntimeInvocationError"
    ran, _ = inner(WorkflowOutcome("r2", "failed", error="inside"))
    assert ran.error == "Failed to invoke tool: inside"
    ran, runner = inner(WorkflowOutcome("r2", "succeeded"), call_depth=5)
    assert ran.failure == "ToolRuntimeInvocationError"
    assert runner.parents == []
