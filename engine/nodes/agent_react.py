"""The ReAct strategy: the model writes down what it thinks and does; no native tool calls (nodes-ai spec 14.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.nodes import llm_call as call
from engine.nodes.agent_strategy import Work, limit_text
from engine.nodes.agent_tools import AgentTool, CallResult, invoke
from engine.nodes.llm_reasoning import ThinkFilter
from engine.nodes.loose_json import repaired
from engine.ports.models import ChatDelta, ChatRequest, Message

STOP = "Observation"
FINAL_ACTION = "final answer"
FINAL_MARK = re.compile(r"Final\s?Answer\s*:\s*", re.IGNORECASE)
_THOUGHT = re.compile(r"^\s*Thought\s*:\s*", re.IGNORECASE)

SYSTEM = """Help the person as well and as exactly as you can.

{instruction}

You have these tools:
{tools}

To use a tool, write a JSON object with the keys "action" (one of: {names}) and "action_input" (an object with its \
parameters). One action at a time.

Write in this form, line by line:
Thought: what you know and what you need next
Action:
{{"action": "<tool name>", "action_input": {{...}}}}
Observation: what the tool answered (you do not write this, it is written for you)
... Thought, Action and Observation may come several times ...
Thought: I know the answer
Action:
{{"action": "Final Answer", "action_input": "the answer for the person"}}

You may also end with a line that begins with "FinalAnswer:" and goes on with the answer. Begin."""

CONTINUE = "continue"


@dataclass
class Step:
    """What one round of the model said."""

    thought: str = ""
    action: str = ""
    argument: Any = None
    answer: str | None = None


async def react(work: Work) -> None:
    """Rounds of one model call and at most one tool call. Raises ModelError."""
    system = Message("system", _system(work))
    scratchpad: list[str] = []
    for number in range(1, work.rounds + 1):
        messages = [system, *work.history, work.question(first=number == 1)]
        if scratchpad:
            messages += [Message("assistant", "\n".join(scratchpad)), Message("user", CONTINUE)]
        entry = work.log.start(f"ROUND {number}", data={})
        step, answer = await _think(work, messages, entry)
        if step.answer is not None:
            work.log.end(entry, {"output": step.answer}, usage=answer.usage)
            return
        if number == work.rounds and work.rounds > 1:
            text = limit_text(work.rounds, step.action)
            work.output.say(text)
            work.log.end(entry, {"output": text}, usage=answer.usage)
            return
        result = await _call(work, step, entry)
        scratchpad.append(f"Thought: {step.thought}\nAction: {_action_json(step)}\nObservation: {result.text}")
        work.log.end(
            entry,
            {"thought": step.thought, "action_name": step.action, "observation": result.text},
            usage=answer.usage,
        )
        if number == work.rounds:
            work.output.say(result.text)


def _system(work: Work) -> str:
    tools = [{"name": t.name, "description": t.words, "parameters": dict(t.spec.parameters)} for t in work.tools]
    names = ", ".join(f'"{t.name}"' for t in work.tools)
    listed = json.dumps(tools, ensure_ascii=False)
    return SYSTEM.format(instruction=work.instruction, tools=listed, names=names)


async def _think(work: Work, messages: list[Message], parent: str) -> tuple[Step, call.Answer]:
    ctx = work.ctx
    entry = work.log.start(f"{work.model_label} Thought", parent=parent, metadata={"provider": work.ref.provider})
    stop = [*work.stop, *([STOP] if STOP not in work.stop else [])]
    request = ChatRequest(
        work.ref,
        work.fitting(messages),
        work.parameters,
        stop,
        shape=step_schema(work.tools),
        user=str(ctx.run.get("user_id") or ""),
    )
    reader = Reader(work.output.say)
    try:
        answer = await call.ask(ctx, request, reader.take)
    except Exception as problem:
        work.log.end(entry, {}, error=str(problem))
        work.log.end(parent, {}, error=str(problem))
        raise
    work.heard(answer)
    step = reader.finish()
    data = {"output": step.thought, "tool_name": step.action, "tool_input": step.argument}
    work.log.end(entry, data, usage=answer.usage, provider=work.ref.provider)
    return step, answer


def step_schema(tools: Sequence[AgentTool]) -> dict[str, Any]:
    """The objects that a round may end with: a call of one of the tools, or the answer."""
    choices = [(tool.name, dict(tool.spec.parameters)) for tool in tools]
    choices.append(("Final Answer", {"type": "string", "minLength": 1}))
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {"action": {"const": name}, "action_input": argument},
                "required": ["action", "action_input"],
                "additionalProperties": False,
            }
            for name, argument in choices
        ]
    }


class Reader:
    """Reads the model's words as they come; what follows the final mark is passed on at once."""

    def __init__(self, say: Any) -> None:
        self._say = say
        self._filter = ThinkFilter()
        self._text = ""
        self._answering = False
        self._answer: list[str] = []

    def take(self, delta: ChatDelta) -> None:
        if delta.text:
            self._read(self._filter.feed(delta.text))

    def _read(self, pieces: list[tuple[Any, str]]) -> None:
        for kind, text in pieces:
            if kind != "text":
                continue
            if self._answering:
                self._pass_on(text)
                continue
            self._text += text
            match = FINAL_MARK.search(self._text)
            # A mark inside an action's JSON is the name of the last action, not the beginning of an answer.
            if match is not None and "{" not in self._text[: match.start()].rpartition("\n")[2]:
                self._answering = True
                rest = self._text[match.end() :]
                self._text = self._text[: match.start()]
                self._pass_on(rest)

    def _pass_on(self, text: str) -> None:
        if text:
            self._answer.append(text)
            self._say(text)

    def finish(self) -> Step:
        """What was said, once it is all there."""
        self._read(self._filter.finish())
        if self._answering:
            return Step(_thought(self._text), answer="".join(self._answer))
        step = parse_step(self._text)
        if step.answer is not None:
            self._say(step.answer)
        return step


def parse_step(text: str) -> Step:
    """A round without the final mark: an action, the action `Final Answer`, or a thought that is the answer."""
    position = text.find("{")
    bracket = text.find("[")
    start = min((p for p in (position, bracket) if p >= 0), default=-1)
    while start >= 0:
        found = repaired(text[start:])
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        action = _action(found) if isinstance(found, Mapping) else None
        if action is not None:
            name, argument = action
            thought = _thought(text[:start])
            if name.strip().lower().replace("_", " ") in (FINAL_ACTION, "finalanswer"):
                said = argument if isinstance(argument, str) else json.dumps(argument, ensure_ascii=False)
                return Step(thought, answer=said)
            return Step(thought, name, argument)
        later = text.find("{", start + 1)
        start = later
    words = _thought(text)
    return Step(words, answer=words)


def _action(found: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Name and input: the key with `input` in it is the input, the other one the name."""
    if "action" not in found and len(found) != 2:
        return None
    inputs = [k for k in found if "input" in k.lower()]
    names = [k for k in found if "input" not in k.lower()]
    if "action" in found:
        names = ["action"]
    if not names or not isinstance(found[names[0]], str) or (not inputs and "action" not in found):
        return None
    return str(found[names[0]]), found[inputs[0]] if inputs else {}


def _thought(text: str) -> str:
    text = re.sub(r"(?:```(?:json)?|Action\s*:)\s*$", "", text.strip(), flags=re.IGNORECASE).strip()
    text = re.sub(r"Action\s*:\s*$", "", text, flags=re.IGNORECASE).strip()
    return _THOUGHT.sub("", text).strip()


def _action_json(step: Step) -> str:
    return json.dumps({"action": step.action, "action_input": step.argument}, ensure_ascii=False)


async def _call(work: Work, step: Step, parent: str) -> CallResult:
    tool = work.by_name.get(step.action)
    label = tool.identity.provider_id if tool is not None else ""
    entry = work.log.start(f"CALL {step.action}", parent=parent, metadata={"provider": label})
    if tool is None:
        result = CallResult(f"there is not a tool named {step.action}")
    else:
        result = await invoke(work.ctx, tool, _arguments(step.argument, tool), work.output)
    data = {"output": result.text, "tool_name": step.action, "tool_call_args": dict(result.parameters)}
    work.log.end(entry, data, error=result.error, provider=label)
    return result


def _arguments(given: Any, tool: AgentTool) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, str):
        try:
            value = json.loads(given)
        except ValueError:
            value = None
        if isinstance(value, dict):
            return value
    names = [p.name for p in tool.offered]
    return {names[0]: given} if len(names) == 1 else {}
