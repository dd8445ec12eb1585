"""Exchanges as the providers' published protocols have them: what a server of each kind sends for a greeting, for a
call of a tool, for thoughts, and for every way to fail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.helpers.models import Answer

# -- OpenAI and everybody who speaks it -------------------------------------------------------------------------------


def openai_chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
        **more,
    }


def openai_usage(prompt: int = 12, completion: int = 4) -> dict[str, Any]:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage}


def openai_says(*texts: str, thoughts: Sequence[str] = (), finish: str = "stop", usage: bool = True) -> Answer:
    events: list[Any] = [openai_chunk({"role": "assistant", "content": ""})]
    events += [openai_chunk({"reasoning_content": t}) for t in thoughts]
    events += [openai_chunk({"content": t}) for t in texts]
    events.append(openai_chunk({}, finish))
    if usage:
        events.append(openai_usage())
    return Answer(events=[*events, "[DONE]"])


def openai_calls(name: str, arguments: dict[str, Any]) -> Answer:
    text = json.dumps(arguments)
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
    parts = [{"index": 0, "function": {"arguments": p}} for p in (text[:4], text[4:])]
    events = [openai_chunk({"role": "assistant", "content": None, "tool_calls": [first]})]
    events += [openai_chunk({"tool_calls": [p]}) for p in parts]
    return Answer(events=[*events, openai_chunk({}, "tool_calls"), openai_usage(), "[DONE]"])


def openai_error(status: int, message: str, code: str | None = None, **more: Any) -> Answer:
    return Answer(status, {"error": {"message": message, "type": "invalid_request_error", "code": code}}, **more)


# -- Anthropic ---------------------------------------------------------------------------------------------------------


def _anthropic(kind: str, **data: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"type": kind, **data}


def anthropic_start() -> tuple[str, dict[str, Any]]:
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 2, "output_tokens": 1}
    return _anthropic(
        "message_start", message={"id": "msg_1", "role": "assistant", "content": [], "model": "m", "usage": usage}
    )


def anthropic_block(index: int, block: dict[str, Any], *deltas: dict[str, Any]) -> list[Any]:
    return [
        _anthropic("content_block_start", index=index, content_block=block),
        *[_anthropic("content_block_delta", index=index, delta=d) for d in deltas],
        _anthropic("content_block_stop", index=index),
    ]


def anthropic_end(reason: str = "end_turn", tokens: int = 4) -> list[Any]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [_anthropic("message_delta", delta=delta, usage={"output_tokens": tokens}), _anthropic("message_stop")]


def anthropic_says(*texts: str, thoughts: Sequence[str] = (), finish: str = "end_turn") -> Answer:
    events: list[Any] = [anthropic_start(), _anthropic("ping")]
    if thoughts:
        deltas = [{"type": "thinking_delta", "thinking": t} for t in thoughts]
        signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
        events += anthropic_block(0, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, signed)
    deltas = [{"type": "text_delta", "text": t} for t in texts]
    events += anthropic_block(1, {"type": "text", "text": ""}, *deltas)
    return Answer(events=[*events, *anthropic_end(finish)])


def anthropic_calls(name: str, arguments: dict[str, Any]) -> Answer:
    text = json.dumps(arguments)
    deltas = [{"type": "input_json_delta", "partial_json": p} for p in ("", text[:4], text[4:])]
    events = [anthropic_start(), *anthropic_block(0, {"type": "text", "text": ""})]
    events += anthropic_block(1, {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}, *deltas)
    return Answer(events=[*events, *anthropic_end("tool_use")])


def anthropic_error(status: int, kind: str, message: str, **more: Any) -> Answer:
    return Answer(status, {"type": "error", "error": {"type": kind, "message": message}}, **more)


# -- Gemini ------------------------------------------------------------------------------------------------------------


def gemini_chunk(*parts: dict[str, Any], finish: str = "", usage: bool = False) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    data: dict[str, Any] = {"candidates": [candidate], "modelVersion": "m"}
    if usage:
        data["usageMetadata"] = {"promptTokenCount": 12, "candidatesTokenCount": 3, "thoughtsTokenCount": 1}
    return data


def gemini_says(*texts: str, thoughts: Sequence[str] = (), finish: str = "STOP") -> Answer:
    events = [gemini_chunk({"text": t, "thought": True}) for t in thoughts]
    events += [gemini_chunk({"text": t}) for t in texts]
    return Answer(events=[*events, gemini_chunk(finish=finish, usage=True)])


def gemini_calls(name: str, arguments: dict[str, Any]) -> Answer:
    part = {"functionCall": {"name": name, "args": arguments}, "thoughtSignature": "c2lnbmVk"}
    return Answer(events=[gemini_chunk(part, finish="STOP", usage=True)])


def gemini_error(status: int, word: str, message: str, **more: Any) -> Answer:
    details = more.pop("details", [])
    error = {"code": status, "message": message, "status": word, "details": details}
    return Answer(status, {"error": error}, **more)


# -- Ollama ------------------------------------------------------------------------------------------------------------


def ollama_line(done: bool = False, **message: Any) -> dict[str, Any]:
    """One object of a streamed answer."""
    return {
        "model": "m",
        "created_at": "2025-06-01T08:52:19.385406455Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": done,
    }


def ollama_end(reason: str = "stop", **more: Any) -> dict[str, Any]:
    times = {"total_duration": 4883583458, "load_duration": 1334875, "eval_duration": 4535599000}
    return {**ollama_line(True), "done_reason": reason, "prompt_eval_count": 12, "eval_count": 4, **times, **more}


def ollama_says(*texts: str, thoughts: Sequence[str] = (), finish: str = "stop") -> Answer:
    lines = [ollama_line(thinking=t) for t in thoughts] + [ollama_line(content=t) for t in texts]
    return Answer(lines=[*lines, ollama_end(finish)])


def ollama_calls(name: str, arguments: dict[str, Any]) -> Answer:
    return Answer(lines=[ollama_line(tool_calls=[{"function": {"name": name, "arguments": arguments}}]), ollama_end()])


def ollama_error(status: int, message: str, **more: Any) -> Answer:
    return Answer(status, {"error": message}, **more)


# -- what all of them do wrong -----------------------------------------------------------------------------------------

SAYS = {
    "openai": openai_says,
    "azure_openai": openai_says,
    "anthropic": anthropic_says,
    "gemini": gemini_says,
    "ollama": ollama_says,
}
CALLS = {
    "openai": openai_calls,
    "azure_openai": openai_calls,
    "anthropic": anthropic_calls,
    "gemini": gemini_calls,
    "ollama": ollama_calls,
}


def refusal(kind: str, status: int, message: str, **more: Any) -> Answer:
    """A refusal in a provider's own shape."""
    if kind == "anthropic":
        words = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
        name = words.get(status, "overloaded_error" if status == 529 else "invalid_request_error")
        return anthropic_error(status, name, message, **more)
    if kind == "gemini":
        words = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
        return gemini_error(status, words.get(status, "INVALID_ARGUMENT"), message, **more)
    if kind == "ollama":
        return ollama_error(status, message, **more)
    return openai_error(status, message, **more)


def broken_off(kind: str) -> Answer:
    """An answer whose connection ends after its first words."""
    whole = SAYS[kind]("Half an ")
    if whole.lines is not None:
        return Answer(lines=list(whole.lines)[:1], cut=True)
    events = list(whole.events or ())
    keep = {"openai": 2, "azure_openai": 2, "anthropic": 4, "gemini": 1}[kind]
    return Answer(events=events[:keep], cut=True)


OVERFLOWS = {
    "openai": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    "azure_openai": "This model's maximum context length is 8192 tokens, your messages resulted in 9000 tokens.",
    "anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
    "gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "ollama": "the input length exceeds the context length",
}
