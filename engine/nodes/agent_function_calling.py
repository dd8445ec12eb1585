"""The function-calling strategy: the model calls tools until it answers (nodes-ai spec 14.4)."""

from __future__ import annotations

import json
from typing import Any

from engine.nodes import llm_call as call
from engine.nodes.agent_strategy import Work, limit_text
from engine.nodes.agent_tools import CallResult, invoke
from engine.nodes.loose_json import repaired_object
from engine.ports.models import ChatDelta, ChatRequest, Message, ToolCall


async def function_calling(work: Work) -> None:
    """Rounds of one model call and its tool calls. Raises ModelError."""
    messages: list[Message] = []
    if work.instruction:
        messages.append(Message("system", work.instruction))
    messages += work.history
    asked = len(messages)
    messages.append(work.question(first=True))
    number = 1
    while True:
        if number == 2:
            messages[asked] = work.question(first=False)
        entry = work.log.start(f"ROUND {number}", data={})
        answer = await _think(work, messages, number, entry)
        if not answer.tool_calls:
            work.log.end(entry, {"output": answer.text}, usage=answer.usage)
            return
        last = number >= work.rounds
        messages.append(Message("assistant", answer.text, answer.tool_calls))
        results = []
        for tool_call in answer.tool_calls:
            refuse = last and work.rounds > 1
            result = await _call(work, tool_call, entry, refuse=refuse)
            results.append({"tool": tool_call.name, "result": result.text, "arguments": dict(result.parameters)})
            messages.append(Message("tool", result.text, (), tool_call.id, tool_call.name))
            if last:
                # There will be no further round to put it into words, so the results are the answer.
                work.output.say(result.text)
        work.output.say("\n")
        work.log.end(entry, {"output": answer.text, "tool_responses": results}, usage=answer.usage)
        if last:
            return
        number += 1


async def _think(work: Work, messages: list[Message], number: int, parent: str) -> call.Answer:
    ctx = work.ctx
    features = work.info.features or frozenset()
    entry = work.log.start(f"{work.model_label} Thought", parent=parent, metadata={"provider": work.ref.provider})
    request = ChatRequest(
        work.ref,
        work.fitting(messages),
        work.parameters,
        work.stop,
        tools=[tool.spec for tool in work.tools],
        stream=not work.tools or "stream-tool-call" in features,
        user=str(ctx.run.get("user_id") or ""),
    )
    holding = _Holding(work, is_last=number >= work.rounds)
    try:
        answer = await call.ask(ctx, request, holding.take)
    except Exception as problem:
        work.log.end(entry, {}, error=str(problem))
        work.log.end(parent, {}, error=str(problem))
        raise
    work.heard(answer)
    data = {
        "output": answer.text,
        "tool_name": ";".join(c.name for c in answer.tool_calls),
        "tool_input": [{"name": c.name, "args": arguments_of(c)} for c in answer.tool_calls],
    }
    work.log.end(entry, data, usage=answer.usage, provider=work.ref.provider)
    return answer


class _Holding:
    """Passes text on until the model begins to call tools; the end of a thought always passes."""

    def __init__(self, work: Work, *, is_last: bool) -> None:
        self._work = work
        self._is_last = is_last
        self._calls = False

    def take(self, delta: ChatDelta) -> None:
        if delta.text and (not self._calls or self._is_last or "</think>" in delta.text):
            self._work.output.say(delta.text)
        self._calls = self._calls or bool(delta.tool_calls)


async def _call(work: Work, tool_call: ToolCall, parent: str, *, refuse: bool) -> CallResult:
    name = tool_call.name
    tool = work.by_name.get(name)
    arguments = arguments_of(tool_call)
    label = tool.identity.provider_id if tool is not None else ""
    entry = work.log.start(f"CALL {name}", parent=parent, metadata={"provider": label})
    if refuse:
        result = CallResult(limit_text(work.rounds, name), "", arguments)
    elif tool is None:
        result = CallResult(f"there is not a tool named {name}", "", arguments)
    else:
        result = await invoke(work.ctx, tool, arguments, work.output)
    data = {"output": {"tool_call_id": tool_call.id, "tool_call_name": name, "tool_response": result.text}}
    data["output"]["tool_call_input"] = dict(result.parameters)  # type: ignore[assignment]
    work.log.end(entry, data, error=result.error, provider=label)
    return result


def arguments_of(tool_call: ToolCall) -> dict[str, Any]:
    """The arguments as an object, read with patience."""
    text = tool_call.arguments.strip()
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        value = repaired_object(text)
    return value if isinstance(value, dict) else {}
