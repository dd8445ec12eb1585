"""The Anthropic messages protocol, read from its public API reference."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from engine.adapters.models import wire
from engine.adapters.models.setup import ProviderConfig
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.ports.models import ContentPart, Message, ModelError

VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
LEAST_BUDGET = 1024
ANSWER_TOOL = "give_answer"
PARAMETERS = frozenset(["temperature", "top_p", "top_k", "max_tokens", "thinking", "metadata", "service_tier"])
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
ERRORS = {
    "authentication_error": 401,
    "permission_error": 403,
    "rate_limit_error": 429,
    "overloaded_error": 529,
    "api_error": 500,
    "invalid_request_error": 400,
    "not_found_error": 404,
}


def headers(provider: ProviderConfig) -> dict[str, str]:
    """The headers that say who asks."""
    return {"anthropic-version": VERSION, **({"x-api-key": provider.api_key} if provider.api_key else {})}


def _url(provider: ProviderConfig, path: str) -> str:
    base = provider.base_url.rstrip("/").removesuffix("/v1")
    return f"{base}/v1/{path}"


async def stream(call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer. Raises ModelError."""
    provider = call.provider
    reader = _Reader(provider, structured=call.request.schema is not None)
    body = {**body_of(call), "stream": True}
    async with (
        wire.streamed(provider, _url(provider, "messages"), headers(provider), body) as response,
        aclosing(wire.server_sent(provider, response)) as events,
    ):
        async for name, data in events:
            for piece in reader.read(name, wire.parsed(provider, data)):
                yield piece
            if reader.ended:
                return
    raise wire.broken(provider)


async def list_models(provider: ProviderConfig) -> list[str]:
    """The names that the service lists."""
    data = await wire.get_json(provider, _url(provider, "models?limit=1000"), headers(provider))
    return [str(row["id"]) for row in data.get("data", ()) if row.get("id")]


# -- what is sent ----------------------------------------------------------------------------------------------------


def body_of(call: Call) -> dict[str, Any]:
    """The JSON of a call. A wanted schema becomes the only tool, which must be called."""
    request = call.request
    parameters = {k: v for k, v in request.parameters.items() if k in PARAMETERS and v is not None}
    parameters.setdefault("max_tokens", DEFAULT_MAX_TOKENS)
    if isinstance(parameters.get("thinking"), bool):
        parameters.update(_thinking(parameters.pop("thinking"), request.parameters, int(parameters["max_tokens"])))
    body: dict[str, Any] = {"model": call.name, "messages": messages_json(request.messages), **parameters}
    system = "\n\n".join(m.text for m in request.messages if m.role == "system" and m.text)
    if system:
        body["system"] = system
    if request.stop:
        body["stop_sequences"] = [s for s in request.stop if s.strip()]
    tools = [{"name": t.name, "description": t.description, "input_schema": dict(t.parameters)} for t in request.tools]
    if request.schema is not None:
        tools.append({"name": ANSWER_TOOL, "description": "Give the answer.", "input_schema": dict(request.schema)})
        body["tool_choice"] = {"type": "tool", "name": ANSWER_TOOL}
        body.pop("thinking", None)  # forced tools and thinking exclude each other
    if any(m.tool_calls for m in request.messages):
        body.pop("thinking", None)  # its signed thoughts would have to go back with the calls, and nobody keeps them
    if "thinking" in body:
        body.pop("temperature", None)
        body.pop("top_k", None)
    if tools:
        body["tools"] = tools
    if request.user:
        body["metadata"] = {"user_id": request.user}
    return body


def _thinking(on: bool, given: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Thinking as files say it: yes or no, and a budget beside it. The answer's limit counts the thoughts too."""
    if not on:
        return {}
    budget = max(LEAST_BUDGET, int(given.get("thinking_budget") or LEAST_BUDGET))
    return {"thinking": {"type": "enabled", "budget_tokens": budget}, "max_tokens": max(most, budget + LEAST_BUDGET)}


def messages_json(messages: Any) -> list[dict[str, Any]]:
    """User and assistant turns in turns; neighbours of one role become one message."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if not blocks:
            continue
        if found and found[-1]["role"] == role:
            found[-1]["content"].extend(blocks)
        else:
            found.append({"role": role, "content": blocks})
    if found and found[0]["role"] == "assistant":
        found.insert(0, {"role": "user", "content": [{"type": "text", "text": "."}]})
    return found or [{"role": "user", "content": [{"type": "text", "text": "."}]}]


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}]
    if isinstance(message.content, str):
        blocks = [{"type": "text", "text": message.content}] if message.content.strip() else []
    else:
        blocks = [b for part in message.content if (b := _block(part))]
    for call in message.tool_calls:
        try:
            given = json.loads(call.arguments or "{}")
        except ValueError:
            given = {}
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
    return blocks


def _block(part: ContentPart) -> dict[str, Any] | None:
    if part.kind == "text":
        return {"type": "text", "text": part.text} if part.text.strip() else None
    if part.kind not in ("image", "document"):
        return None
    if part.url:
        source = {"type": "url", "url": part.url}
    else:
        source = {"type": "base64", "media_type": part.mime_type, "data": part.data}
    return {"type": part.kind, "source": source}


# -- what comes back -------------------------------------------------------------------------------------------------


class _Reader:
    """Turns the events of one stream into pieces."""

    def __init__(self, provider: ProviderConfig, *, structured: bool) -> None:
        self.provider = provider
        self.structured = structured
        self.prompt = 0
        self.ended = False
        self._answer_block: int | None = None

    def read(self, name: str, data: Mapping[str, Any]) -> list[Piece]:
        kind = data.get("type") or name
        if kind == "error":
            raise self._error(data.get("error") or {})
        if kind == "message_start":
            usage = (data.get("message") or {}).get("usage") or {}
            self.prompt = sum(
                int(usage.get(k) or 0)
                for k in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            )
            return [Piece(prompt_tokens=self.prompt, completion_tokens=int(usage.get("output_tokens") or 0))]
        if kind == "content_block_start":
            return self._start(int(data.get("index") or 0), data.get("content_block") or {})
        if kind == "content_block_delta":
            return self._delta(int(data.get("index") or 0), data.get("delta") or {})
        if kind == "message_delta":
            usage = data.get("usage") or {}
            self.prompt = int(usage.get("input_tokens") or 0) or self.prompt
            reason = str((data.get("delta") or {}).get("stop_reason") or "")
            found = [Piece(prompt_tokens=self.prompt, completion_tokens=int(usage.get("output_tokens") or 0))]
            if reason:
                finish = "stop" if self.structured and reason == "tool_use" else FINISH.get(reason, reason)
                found.append(Piece(finish=finish))
            return found
        self.ended = self.ended or kind == "message_stop"
        return []

    def _start(self, index: int, block: Mapping[str, Any]) -> list[Piece]:
        if block.get("type") != "tool_use":
            return [Piece(text=str(block["text"]))] if block.get("text") else []
        if self.structured and block.get("name") == ANSWER_TOOL:
            self._answer_block = index
            return []
        return [Piece(tool=ToolPiece(index, str(block.get("id") or ""), str(block.get("name") or "")))]

    def _delta(self, index: int, delta: Mapping[str, Any]) -> list[Piece]:
        kind = delta.get("type")
        if kind == "text_delta":
            return [Piece(text=str(delta.get("text") or ""))]
        if kind == "thinking_delta":
            return [Piece(reasoning=str(delta.get("thinking") or ""))]
        if kind == "input_json_delta":
            part = str(delta.get("partial_json") or "")
            if index == self._answer_block:
                return [Piece(text=part)]
            return [Piece(tool=ToolPiece(index, arguments=part))]
        return []

    def _error(self, error: Mapping[str, Any]) -> ModelError:
        status = ERRORS.get(str(error.get("type")))
        text = str(error.get("message") or error.get("type") or "error")
        if status is None:
            return ModelError("InvokeError", f"{self.provider.label or self.provider.id}: {text}")
        return wire.status_error(self.provider, status, text)
