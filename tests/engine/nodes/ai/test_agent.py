"""The agent node by the statements of nodes-ai section 19."""

from __future__ import annotations

from typing import Any

import pytest

from engine.dsl.write import write
from engine.ports.models import ChatDelta, ModelError
from engine.ports.outside import PortError, ToolParameter
from tests.helpers.model import dsl, node, opened
from tests.helpers.models import USAGE, FakeMemory, FakeTools, ScriptedModel, call
from tests.helpers.nodes import Ran, run_node

MODEL = {"provider": "fake", "model": "scripted", "model_type": "llm", "mode": "chat", "completion_params": {}}


def tool(name: str = "t", **more: Any) -> dict[str, Any]:
    return {"enabled": True, "type": "builtin", "provider_name": "p", "tool_name": name, "parameters": {}, **more}


def agent(*tools: dict[str, Any], strategy: str = "function_calling", rounds: Any = 5, **data: Any) -> dict[str, Any]:
    given = {"model": MODEL, "tools": list(tools), "instruction": "Help", "query": "Q {{#s.q#}}"}
    given |= {"maximum_iterations": rounds, **data.pop("given", {})}
    return {
        "type": "agent",
        "agent_strategy_provider_name": "langgenius/agent/agent",
        "agent_strategy_name": strategy,
        "agent_strategy_label": strategy,
        "agent_parameters": {k: {"type": "constant", "value": v} for k, v in given.items()},
        **data,
    }


def go(data: dict[str, Any], model: ScriptedModel, tools: FakeTools | None = None, **extra: Any) -> Ran:
    values = {"s.q": "why", "s.v": "fixed"}
    facts = {"conversation_id": "c"} if "memory" in extra else {}
    return run_node(data, values, ports=model.ports(tools=tools or FakeTools(), **extra), facts=facts)


def echo(*parameters: ToolParameter) -> FakeTools:
    return FakeTools().add("t", lambda **given: f"got {given}", *parameters)


@pytest.mark.spec("ai.131")
def test_generations() -> None:
    ran = go(agent(version="2"), ScriptedModel("hello"))
    assert ran.outputs["text"] == "hello"
    second = agent(version="2", agent_node_kind="dify_agent", agent_binding={"binding_type": "inline_agent"})
    ran = go(second, ScriptedModel("hello"))
    assert ran.failure == "agent_binding_not_found"


@pytest.mark.spec("ai.131")
def test_the_second_generation_leaves_as_it_came() -> None:
    second = agent(version="2", agent_node_kind="dify_agent", agent_binding={"binding_type": "inline_agent", "x": [1]})
    data = {k: v for k, v in second.items() if k != "type"}
    first = opened(dsl([node("1", "start"), node("2", "agent", **data)], [("1", "2")])).workflow
    assert first is not None
    again = opened(write(first)).workflow
    assert again is not None
    kept = again.graph.node("2").data
    assert {k: kept[k] for k in second} == second


@pytest.mark.spec("ai.132")
def test_disabled_tools_are_not_offered() -> None:
    model = ScriptedModel("x")
    tools = echo().add("u", lambda: "")
    go(agent(tool("t"), tool("u", enabled=False)), model, tools)
    assert [t.name for t in model.requests[0].tools] == ["t"]


@pytest.mark.spec("ai.133")
def test_fixed_parameters() -> None:
    a, b, c = (ToolParameter(n, "string", required=True) for n in "abc")
    missing = ToolParameter("m", "number")
    tools = echo(a, b, c, missing)
    model = ScriptedModel(call("t", {"b": "mine", "a": "no", "m": 4}), "done")
    parameters = {
        "a": {"auto": 0, "value": {"type": "constant", "value": "one"}},
        "b": {"auto": 1, "value": None},
        "c": {"auto": 0, "value": {"type": "variable", "value": ["s", "v"]}},
    }
    go(agent(tool(parameters=parameters)), model, tools)
    schema = model.requests[0].tools[0].parameters
    seen = {"b": {"type": "string", "description": ""}, "m": {"type": "number", "description": ""}}
    assert schema == {"type": "object", "properties": seen, "required": ["b"]}
    assert tools.calls[0][1] == {"a": "one", "c": "fixed", "b": "mine", "m": 4}


@pytest.mark.spec("ai.134")
def test_raw_parameters_of_old_files() -> None:
    tools = echo(ToolParameter("a", "string"), ToolParameter("k", "number", form="form", default=3))
    model = ScriptedModel(call("t", {"a": "x"}), "done")
    schemas = [{"name": "a", "form": "llm"}, {"name": "k", "form": "form"}]
    go(agent(tool(parameters={"a": "old", "k": 9}, schemas=schemas)), model, tools)
    assert list(model.requests[0].tools[0].parameters["properties"]) == ["a"]
    assert tools.calls[0][1] == {"k": 9, "a": "x"}


@pytest.mark.spec("ai.135")
def test_two_calls_in_one_answer() -> None:
    model = ScriptedModel([call("t", {"a": 1}, "1"), call("t", {"a": 2}, "2")], "both done")
    ran = go(agent(tool()), model, echo(ToolParameter("a", "number")))
    assert [m.role for m in model.requests[1].messages] == ["system", "user", "assistant", "tool", "tool"]
    assert [c.id for c in model.requests[1].messages[2].tool_calls] == ["1", "2"]
    assert model.requests[1].messages[3].text == "got {'a': 1}"
    assert ran.outputs["text"] == "\nboth done"
    assert model.requests[0].messages[1].text == "Q why"


@pytest.mark.spec("ai.136")
def test_trouble_with_tools_goes_to_the_model() -> None:
    tools = FakeTools().add("t", lambda: PortError("X", "broken"))
    model = ScriptedModel([call("zzz"), call("t")], "never mind")
    ran = go(agent(tool()), model, tools)
    said = [m.text for m in model.requests[1].messages if m.role == "tool"]
    assert said == ["there is not a tool named zzz", "tool invoke error: broken"]
    assert ran.status == "succeeded"


@pytest.mark.spec("ai.137")
def test_the_iteration_limit() -> None:
    tools = echo()
    ran = go(agent(tool(), rounds=2), ScriptedModel(call("t")), tools)
    assert len(tools.calls) == 1
    limit = "Maximum iteration limit (2) reached. Cannot call tool 't'. Please consider increasing the iteration limit."
    assert limit in ran.outputs["text"]


@pytest.mark.spec("ai.138")
def test_one_round_gives_the_results() -> None:
    tools = echo()
    ran = go(agent(tool(), rounds=1), ScriptedModel(call("t")), tools)
    assert len(tools.calls) == 1
    assert ran.outputs["text"].strip() == "got {}"


@pytest.mark.spec("ai.139")
def test_the_log_is_a_tree() -> None:
    ran = go(agent(tool()), ScriptedModel(call("t"), "done"), echo())
    log = ran.result.metadata["agent_log"]
    labels = [(e["label"], e["status"]) for e in log]
    assert labels == [
        ("ROUND 1", "success"),
        ("scripted Thought", "success"),
        ("CALL t", "success"),
        ("ROUND 2", "success"),
        ("scripted Thought", "success"),
    ]
    assert [e["parent_id"] for e in log] == [None, log[0]["id"], log[0]["id"], None, log[3]["id"]]
    data = ran.outputs["json"]
    assert len(data) == len(log) + 1
    assert data[-1] == {"data": []}
    assert data[0]["label"] == "ROUND 1"
    told = ran.sent("NodeRunAgentLog")
    assert [f["status"] for f in told[:3]] == ["start", "start", "success"]
    assert all(f["node_execution_id"] == "execution-1" for f in told)
    assert log[1]["metadata"]["total_tokens"] == 15


@pytest.mark.spec("ai.140")
def test_usage_is_summed() -> None:
    ran = go(agent(tool()), ScriptedModel(call("t"), "done"), echo())
    assert ran.outputs["usage"]["total_tokens"] == 30
    assert ran.result.metadata["total_tokens"] == 30
    assert ran.outputs["usage"]["total_price"] == "0.0000446"


@pytest.mark.spec("ai.141")
def test_react() -> None:
    tools = echo(ToolParameter("a", "string"))
    model = ScriptedModel(
        ['Thought: look\nAction: {"action": "t", ', '"action_input": "x"}'],
        '<think>{"action": "no"}</think>Thought: ok\nAction: {"action": "Final Answer", "action_input": "42"}',
    )
    ran = go(agent(tool(), strategy="ReAct"), model, tools)
    assert "Observation" in model.requests[0].stop
    assert model.requests[0].tools == ()
    assert tools.calls == [("t", {"a": "x"}, {})]
    assert ran.outputs["text"] == "42"
    shape = model.requests[0].shape
    assert shape is not None
    assert [c["properties"]["action"]["const"] for c in shape["anyOf"]] == ["t", "Final Answer"]
    assert model.requests[0].schema is None, "models of others keep their own form"
    last = model.requests[1].messages
    assert [m.role for m in last] == ["system", "user", "assistant", "user"]
    assert "Observation: got {'a': 'x'}" in last[2].text
    assert "does t" in last[0].text


def test_react_streams_after_the_mark() -> None:
    model = ScriptedModel(["Thought: I know\nFinal", "Answer: the ", "end"])
    ran = go(agent(tool(), strategy="ReAct"), model, echo())
    assert ran.outputs["text"] == "the end"
    assert [f["chunk"] for f in ran.sent("NodeRunStreamChunk")] == ["the ", "end", ""]


def test_react_words_without_an_action_are_the_answer() -> None:
    ran = go(agent(tool(), strategy="ReAct"), ScriptedModel("Thought: just this"), echo())
    assert ran.outputs["text"] == "just this"


def test_react_at_its_limit() -> None:
    model = ScriptedModel('{"action": "t", "action_input": {}}')
    ran = go(agent(tool(), strategy="ReAct", rounds=2), model, echo())
    assert ran.outputs["text"].startswith("Maximum iteration limit (2) reached. Cannot call tool 't'.")


@pytest.mark.spec("ai.142")
def test_a_strategy_that_is_not_here() -> None:
    data = agent(strategy="dialogue") | {"agent_strategy_provider_name": "acme/agent/agent"}
    ran = go(data, ScriptedModel("x"))
    assert ran.failure == "AgentStrategyNotFoundError"
    assert ran.error.startswith("Failed to get agent strategy: ")


@pytest.mark.spec("ai.143")
def test_memory_only_with_a_memory_block() -> None:
    memory = FakeMemory(("q1", "a1"), ("now", ""))
    model = ScriptedModel("x")
    go(agent(), model, memory=memory)
    assert len(model.requests[0].messages) == 2
    go(agent() | {"memory": {"window": {"enabled": False, "size": 10}}}, model, memory=memory)
    assert [m.text for m in model.requests[1].messages] == ["Help", "q1", "a1", "Q why"]


@pytest.mark.spec("ai.144")
def test_the_parameters_of_mcp_strategies() -> None:
    tools = echo()
    model = ScriptedModel("x")
    data = agent(given={"mcp_server": "http://127.0.0.1:9/sse", "mcp_servers_config": '{"a": {"url": "http://x"}}'})
    data["agent_strategy_provider_name"] = "hjlarry/agent/mcp_agent"
    go(data, model, tools)
    assert [s["url"] for s in tools.servers] == ["http://x", "http://127.0.0.1:9/sse"]
    assert [t.name for t in model.requests[0].tools] == ["t", "t"]


def test_parameters_that_are_wrong() -> None:
    data = agent()
    data["agent_parameters"]["query"] = {"type": "variable", "value": ["no", "thing"]}
    ran = go(data, ScriptedModel("x"))
    assert (ran.failure, ran.error) == ("AgentVariableNotFoundError", "Variable '['no', 'thing']' does not exist")
    data["agent_parameters"]["query"] = {"type": "odd", "value": 1}
    assert go(data, ScriptedModel("x")).failure == "AgentInputTypeError"
    needs_file = FakeTools().add("t", lambda: "", ToolParameter("f", "file", required=True))
    ran = go(agent(tool()), ScriptedModel("x"), needs_file)
    assert (ran.failure, ran.error) == ("ValueError", "file type parameter f not supported in agent")


def test_a_model_error_ends_the_agent() -> None:
    ran = go(agent(), ScriptedModel(ModelError("InvokeRateLimitError", "slow")))
    assert (ran.failure, ran.error) == ("AgentInvocationError", "Failed to invoke agent: slow")
    assert [e["status"] for e in ran.result.metadata["agent_log"]] == ["error", "error"]


@pytest.mark.parametrize("strategy", ["function_calling", "ReAct"])
def test_an_answer_that_was_cut_off_says_so(strategy: str) -> None:
    ran = go(
        agent(tool(), strategy=strategy),
        ScriptedModel([ChatDelta("It is"), ChatDelta("", (), USAGE, "length")]),
        echo(),
    )
    assert ran.outputs["text"] == "It is"
    assert ran.result.metadata["warnings"][0].startswith("The answer was cut off at its limit of tokens, after 5;")
