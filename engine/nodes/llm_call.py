"""One call of a model from a node: parameters, the answer, and what records show of it (nodes-ai spec 1, 5)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.nodes.base import NodeContext, NodeResult
from engine.nodes.llm_config import AiProblem, ModelConfig
from engine.ports.models import (
    ChatDelta,
    ChatModel,
    ChatRequest,
    ContentPart,
    Message,
    ModelError,
    ModelInfo,
    ModelRef,
    ToolCall,
    Usage,
)
from engine.ports.outside import PortError
from engine.run.variables import templates
from engine.run.variables.files import FileProblem
from engine.run.variables.pool import VariablePool

LONGEST_PARAMETER = 1024
SHOWN_ENDS = 10
CUT_OFF = "length"
MARKER = "...[TRUNCATED]..."
# Which feature a kind of content needs (section 1.4).
FEATURE_OF = {"image": "vision", "document": "document", "video": "video", "audio": "audio"}

Item = TypeVar("Item")


@dataclass
class Answer:
    """A finished answer."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    parts: list[ContentPart] = field(default_factory=list)


def cut_off(answer: Answer, parameters: Mapping[str, Any] | None = None) -> str:
    """What to say of an answer that ended at its limit of tokens; nothing for one that came to its end."""
    if answer.finish_reason != CUT_OFF:
        return ""
    said = answer.usage.completion_tokens
    asked = "raise max_tokens" if (parameters or {}).get("max_tokens") else "set a larger max_tokens"
    return f"The answer was cut off at its limit of tokens, after {said}; {asked} in the node's settings."


def models_of(ctx: NodeContext) -> ChatModel:
    """The door to the models. Raises AiProblem when this installation has none."""
    if ctx.ports.models is None:
        raise AiProblem("ModelNotExistError", "No model is available here.")
    return ctx.ports.models


def ref_of(model: ModelConfig) -> ModelRef:
    return ModelRef(model.provider, model.name, model.mode)


def find_model(ctx: NodeContext, model: ModelConfig) -> ModelInfo:
    """What is known of the node's model. Raises ModelError or AiProblem."""
    if model.mode not in ("chat", "completion"):
        raise AiProblem("LLMModeRequiredError", f"LLM mode is required, {model.mode!r} is none.")
    return models_of(ctx).resolve(ref_of(model))


def parameters_of(params: Mapping[str, Any], pool: VariablePool) -> tuple[dict[str, Any], list[str]]:
    """The parameters with references filled in, and the stop words (section 1.2)."""
    found: dict[str, Any] = {}
    stop: list[str] = []
    for name, value in params.items():
        if name == "stop":
            stop = [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []
        elif isinstance(value, str) and "{{#" in value:
            found[name] = _parameter(templates.render(value, pool).text[:LONGEST_PARAMETER])
        else:
            found[name] = value
    return found, [word for word in stop if word]


def _parameter(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def max_tokens_of(parameters: Mapping[str, Any], info: ModelInfo) -> int:
    """The answer's limit: the parameter named `max_tokens`, or templated so; 0 when there is none."""
    names = ["max_tokens", *(str(r.get("name")) for r in info.parameter_rules if r.get("template") == "max_tokens")]
    for name in names:
        value = parameters.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return 0


@asynccontextmanager
async def closing(iterator: AsyncIterator[Item]) -> AsyncIterator[AsyncIterator[Item]]:
    """Close an async iterator at the end, which stops the work behind it."""
    try:
        yield iterator
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def ask(ctx: NodeContext, request: ChatRequest, on_delta: Callable[[ChatDelta], None] | None = None) -> Answer:
    """Ask and collect; `on_delta` sees every piece as it comes. Raises ModelError, AiProblem."""
    models = models_of(ctx)
    answer = Answer()
    texts: list[str] = []
    async with closing(models.stream(request)) as deltas:
        async for delta in deltas:
            if delta.loading is not None:
                ctx.emit("NodeRunModelLoading", {"share": round(delta.loading, 3)})
                continue
            if delta.text:
                texts.append(delta.text)
            answer.tool_calls += delta.tool_calls
            answer.parts.extend(delta.parts)
            if delta.usage is not None and answer.usage.prompt_tokens == 0:
                answer.usage = delta.usage
            if delta.finish_reason and answer.finish_reason is None:
                answer.finish_reason = delta.finish_reason
            if on_delta is not None:
                on_delta(delta)
    answer.text = "".join(texts)
    return answer


# -- filter and records -----------------------------------------------------------------------------------------------


def supported(messages: Sequence[Message], features: frozenset[str] | None) -> list[Message]:
    """Messages with only what the model takes; empty ones are left out. Raises AiProblem when nothing is left."""
    found = []
    for message in messages:
        content = message.content
        if not isinstance(content, str):
            kept = tuple(p for p in content if p.kind == "text" or (features and FEATURE_OF[p.kind] in features))
            kept = tuple(p for p in kept if p.kind != "text" or p.text)
            content = kept[0].text if len(kept) == 1 and kept[0].kind == "text" else kept
        if content or message.tool_calls:
            found.append(Message(message.role, content, message.tool_calls, message.tool_call_id, message.name))
    if not found:
        raise AiProblem(
            "NoPromptFoundError",
            "No prompt found in the LLM configuration. Please ensure a prompt is properly configured before"
            " proceeding.",
        )
    return found


def recorded_prompts(messages: Sequence[Message], mode: str) -> list[dict[str, Any]]:
    """The messages as process data keeps them, media shortened (section 5.11)."""
    if mode == "completion":
        files = [f for m in messages for f in _recorded_files(m)]
        return [{"role": "user", "text": "".join(m.text for m in messages), "files": files}]
    found = []
    for message in messages:
        entry: dict[str, Any] = {"role": message.role, "text": message.text, "files": _recorded_files(message)}
        if message.tool_calls:
            entry["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                for c in message.tool_calls
            ]
        found.append(entry)
    return found


def _recorded_files(message: Message) -> list[dict[str, Any]]:
    if isinstance(message.content, str):
        return []
    found: list[dict[str, Any]] = []
    for part in message.content:
        data = part.data or part.url
        short = data if len(data) <= 2 * SHOWN_ENDS else data[:SHOWN_ENDS] + MARKER + data[-SHOWN_ENDS:]
        if part.kind == "image":
            found.append({"type": "image", "data": short, "detail": part.detail})
        elif part.kind == "audio":
            found.append({"type": "audio", "data": short, "format": part.filename.rsplit(".", 1)[-1]})
    return found


def usage_metadata(usage: Usage) -> dict[str, Any]:
    """The three totals and the four extras (AI-01)."""
    return {
        "total_tokens": usage.total_tokens,
        "total_price": f"{usage.total_price:f}",
        "currency": usage.currency,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "latency": usage.latency,
        "time_to_first_token": usage.time_to_first_token,
    }


def failure(problem: Exception, inputs: Mapping[str, Any], process_data: Mapping[str, Any], **more: Any) -> NodeResult:
    """A failed result with the class name of the problem (section 1.7); usage that was reported is kept."""
    error_type = getattr(problem, "error_type", "") or type(problem).__name__
    usage = getattr(problem, "usage", None)
    data = dict(process_data)
    if usage is not None:
        data["usage"] = usage.to_json()
        more.setdefault("usage", usage)
        more.setdefault("metadata", usage_metadata(usage))
    text = str(problem)
    hint = getattr(problem, "hint", "")
    if hint and hint not in text:
        text = f"{text} {hint}"
    return NodeResult.failed(text, error_type, inputs=dict(inputs), process_data=data, **more)


EXPECTED = (AiProblem, ModelError, PortError, FileProblem, ValueError, NotImplementedError)
"""What a node that asks a model turns into its own failure; anything else is a bug and escapes."""
