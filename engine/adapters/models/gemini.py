"""The Gemini generateContent protocol, read from its public API reference."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from engine.adapters.models import wire
from engine.adapters.models.setup import ProviderConfig
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.ports.models import ContentPart, Message, ModelError

# Our name of a parameter to the protocol's.
PARAMETERS = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "max_output_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "seed": "seed",
    "thinking_config": "thinkingConfig",
}
FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
BLOCKED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"})


def headers(provider: ProviderConfig) -> dict[str, str]:
    """The headers that say who asks."""
    return {"x-goog-api-key": provider.api_key} if provider.api_key else {}


def _base(provider: ProviderConfig) -> str:
    base = provider.base_url.rstrip("/")
    return base if base.endswith(("/v1beta", "/v1")) else f"{base}/v1beta"


async def stream(call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer. Raises ModelError."""
    provider = call.provider
    name = call.name if "/" in call.name else f"models/{call.name}"
    url = f"{_base(provider)}/{name}:streamGenerateContent?alt=sse"
    calls, finished = 0, False
    async with (
        wire.streamed(provider, url, headers(provider), body_of(call)) as response,
        aclosing(wire.server_sent(provider, response)) as events,
    ):
        async for _, data in events:
            for piece in pieces_of(provider, wire.parsed(provider, data), calls):
                calls += piece.tool is not None
                finished = finished or bool(piece.finish)
                yield piece
    if not finished:
        raise wire.broken(provider)


async def list_models(provider: ProviderConfig) -> list[str]:
    """The names of the models that can generate."""
    data = await wire.get_json(provider, f"{_base(provider)}/models?pageSize=1000", headers(provider))
    return [
        str(row["name"]).removeprefix("models/")
        for row in data.get("models", ())
        if "generateContent" in row.get("supportedGenerationMethods", ())
    ]


# -- what is sent ----------------------------------------------------------------------------------------------------


def body_of(call: Call) -> dict[str, Any]:
    """The JSON of a call."""
    request = call.request
    config: dict[str, Any] = {
        PARAMETERS[k]: v for k, v in request.parameters.items() if k in PARAMETERS and v is not None
    }
    budget = request.parameters.get("thinking_budget")
    if isinstance(budget, int) and not isinstance(budget, bool):
        config["thinkingConfig"] = {**(config.get("thinkingConfig") or {}), "thinkingBudget": budget}
    if request.stop:
        config["stopSequences"] = list(request.stop)[:5]
    wants_json = str(request.parameters.get("response_format") or "").lower() in ("json", "json_object")
    if request.schema is not None or wants_json:
        config["responseMimeType"] = "application/json"
    if request.schema is not None:
        config["responseJsonSchema"] = dict(request.schema)
    body: dict[str, Any] = {"contents": contents(request.messages)}
    system = "\n\n".join(m.text for m in request.messages if m.role == "system" and m.text)
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    if config:
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [
            {
                "functionDeclarations": [
                    {"name": t.name, "description": t.description, "parametersJsonSchema": dict(t.parameters)}
                    for t in request.tools
                ]
            }
        ]
    return body


def contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """User and model turns; neighbours of one role become one."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = _parts(message)
        if not parts:
            continue
        if found and found[-1]["role"] == role:
            found[-1]["parts"].extend(parts)
        else:
            found.append({"role": role, "parts": parts})
    return found or [{"role": "user", "parts": [{"text": "."}]}]


def _parts(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"functionResponse": {"name": message.name, "response": {"result": message.text}}}]
    if isinstance(message.content, str):
        parts: list[dict[str, Any]] = [{"text": message.content}] if message.content else []
    else:
        parts = [_part(p) for p in message.content]
    for call in message.tool_calls:
        try:
            arguments = json.loads(call.arguments or "{}")
        except ValueError:
            arguments = {}
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": arguments}}
        if call.signature:
            part["thoughtSignature"] = call.signature
        parts.append(part)
    return parts


def _part(part: ContentPart) -> dict[str, Any]:
    if part.kind == "text":
        return {"text": part.text}
    if part.url:
        return {"fileData": {"mimeType": part.mime_type, "fileUri": part.url}}
    return {"inlineData": {"mimeType": part.mime_type, "data": part.data}}


# -- what comes back -------------------------------------------------------------------------------------------------


def pieces_of(provider: ProviderConfig, data: Mapping[str, Any], calls: int) -> list[Piece]:
    """The pieces of one chunk; `calls` = tool calls before it. Raises ModelError."""
    where = provider.label or provider.id
    if data.get("error"):
        error = data["error"]
        raise wire.status_error(provider, int(error.get("code") or 500), wire.error_text(error))
    blocked = (data.get("promptFeedback") or {}).get("blockReason")
    if blocked:
        raise ModelError("InvokeBadRequestError", f"{where} refused the messages: {blocked}")
    found: list[Piece] = []
    for candidate in (data.get("candidates") or [])[:1]:
        for part in (candidate.get("content") or {}).get("parts") or ():
            if part.get("text"):
                found.append(Piece(reasoning=part["text"]) if part.get("thought") else Piece(text=part["text"]))
            elif part.get("functionCall"):
                call = part["functionCall"]
                name = str(call.get("name") or "")
                arguments = json.dumps(call.get("args") or {}, ensure_ascii=False)
                call_id = str(call.get("id") or f"{name}_{calls}")
                signature = str(part.get("thoughtSignature") or "")
                found.append(Piece(tool=ToolPiece(calls, call_id, name, arguments, signature)))
                calls += 1
        reason = candidate.get("finishReason")
        if reason in BLOCKED:
            raise ModelError("InvokeBadRequestError", f"{where} held the answer back: {reason}")
        if reason:
            found.append(Piece(finish="tool_calls" if calls else FINISH.get(reason, str(reason).lower())))
    usage = data.get("usageMetadata")
    if usage:
        out = int(usage.get("candidatesTokenCount") or 0) + int(usage.get("thoughtsTokenCount") or 0)
        found.append(Piece(prompt_tokens=int(usage.get("promptTokenCount") or 0), completion_tokens=out))
    return found
