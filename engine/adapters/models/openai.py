"""The OpenAI protocol: chat and text completions, of OpenAI itself, of Azure, and of everything that speaks it.

Read from the public API reference; small differences of providers are switches in `options`, not subclasses.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from engine.adapters.models import wire
from engine.adapters.models.catalog import OPENAI_PARAMETERS, kind_of
from engine.adapters.models.setup import ProviderConfig
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.ports.models import ContentPart, Message, ModelError

SCHEMA_NAME = "llm_response"
AZURE_VERSION = "2024-10-21"
# Models that count hidden reasoning too: they renamed the limit and refuse what steers the choice of words.
_REASONING = re.compile(r"^(o\d|gpt-[5-9](?!.*chat))")
_NOT_WHEN_REASONING = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty"),
    *("logit_bias", "logprobs", "top_logprobs"),
)


def chat_url(provider: ProviderConfig, name: str, path: str = "chat/completions") -> str:
    """The address of a call; a base that ends in the full path already is taken as it is. Azure has an older form with
    the deployment in the path, and a newer one that ends in `/openai/v1` and is like everybody else's."""
    base = provider.base_url.rstrip("/")
    if is_azure(provider) and not base.endswith("/openai/v1"):
        version = provider.options.get("api_version") or AZURE_VERSION
        return f"{base}/openai/deployments/{name}/{path}?api-version={version}"
    return base if base.endswith("/" + path) else f"{base}/{path}"


def is_azure(provider: ProviderConfig) -> bool:
    kind = kind_of(provider.kind)
    return kind is not None and kind.protocol == "azure"


def auth(provider: ProviderConfig) -> dict[str, str]:
    """The headers that say who asks."""
    if not provider.api_key:
        return {}
    return {"api-key": provider.api_key} if is_azure(provider) else {"Authorization": f"Bearer {provider.api_key}"}


async def stream(call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer. Raises ModelError."""
    provider = call.provider
    legacy = call.mode == "completion"
    body = completion_body(call) if legacy else chat_body(call)
    url = chat_url(provider, call.name, "completions" if legacy else "chat/completions")
    async with wire.streamed(provider, url, auth(provider), body) as response:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            await response.aread()
            for piece in whole_answer(provider, wire.parsed(provider, response.text)):
                yield piece
            return
        finished = False
        async with aclosing(wire.server_sent(provider, response)) as events:
            async for _, data in events:
                if data.strip() == "[DONE]":
                    finished = True
                    break
                for piece in chunk_pieces(provider, wire.parsed(provider, data)):
                    finished = finished or bool(piece.finish)
                    yield piece
        if not finished:
            raise wire.broken(provider)


async def list_models(provider: ProviderConfig) -> list[str]:
    """The names that the endpoint lists."""
    base = provider.base_url.rstrip("/").removesuffix("/chat/completions")
    if is_azure(provider):
        return [m.name for m in provider.models]
    data = await wire.get_json(provider, f"{base}/models", auth(provider))
    rows = data.get("data") if isinstance(data, Mapping) else data
    names = sorted({str(row["id"]) for row in rows or [] if isinstance(row, Mapping) and row.get("id")})
    return [name for name in names if not name.startswith("text-embedding-")]


# -- what is sent ----------------------------------------------------------------------------------------------------


def chat_body(call: Call) -> dict[str, Any]:
    """The JSON of a chat call."""
    request = call.request
    body: dict[str, Any] = {
        "model": call.name,
        "messages": [message_json(m) for m in request.messages],
        "stream": request.stream,
        **parameters(call),
    }
    if request.stream and call.provider.options.get("stream_usage", True):
        body["stream_options"] = {"include_usage": True}
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in request.tools
        ]
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": SCHEMA_NAME, "schema": dict(request.schema), **_strictness(call, request.schema)},
        }
    if request.user:
        body["user"] = request.user
    return body


def _strictness(call: Call, schema: Mapping[str, Any]) -> dict[str, bool]:
    """OpenAI and Azure only enforce a schema that is marked strict, and mark only one that closes every object."""
    kind = kind_of(call.provider.kind)
    own = kind is not None and kind.own_parameters is OPENAI_PARAMETERS
    return {"strict": True} if own and closes_every_object(schema) else {}


def closes_every_object(schema: Any) -> bool:
    """Does every object of a schema name all its fields as required and allow no others?"""
    if isinstance(schema, list):
        return all(closes_every_object(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required") or ()) != set(properties):
            return False
        return all(closes_every_object(value) for value in properties.values())
    return all(closes_every_object(v) for k, v in schema.items() if k not in ("enum", "const", "default"))


def completion_body(call: Call) -> dict[str, Any]:
    """The JSON of a text completion: all messages as one prompt."""
    request = call.request
    body: dict[str, Any] = {
        "model": call.name,
        "prompt": "\n".join(m.text for m in request.messages if m.text),
        "stream": request.stream,
        **parameters(call),
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.stream and call.provider.options.get("stream_usage", True):
        body["stream_options"] = {"include_usage": True}
    return body


def parameters(call: Call) -> dict[str, Any]:
    """The completion parameters that this provider takes, in its own shapes (nodes-ai spec 1.2)."""
    kind = kind_of(call.provider.kind)
    allowed = kind.own_parameters if kind is not None else frozenset()
    found = {k: v for k, v in call.request.parameters.items() if v is not None and (not allowed or k in allowed)}
    shape = found.pop("response_format", None)
    schema = found.pop("json_schema", None)
    form = _response_format(shape, schema)
    if form is not None:
        found["response_format"] = form
    if allowed is OPENAI_PARAMETERS and _REASONING.match(call.name):
        if "max_tokens" in found:
            found["max_completion_tokens"] = found.pop("max_tokens")
        for name in _NOT_WHEN_REASONING:
            found.pop(name, None)
    return found


def _response_format(shape: Any, schema: Any) -> Any:
    if isinstance(shape, Mapping):
        return dict(shape)
    word = str(shape or "").strip().lower()
    if word in ("json", "json_object"):
        return {"type": "json_object"}
    if word == "json_schema" and schema:
        try:
            wanted = json.loads(schema) if isinstance(schema, str) else dict(schema)
        except ValueError as problem:
            raise ModelError("InvokeBadRequestError", f"json_schema is not valid JSON: {problem}") from problem
        if "schema" not in wanted:
            wanted = {"name": SCHEMA_NAME, "schema": wanted}
        return {"type": "json_schema", "json_schema": wanted}
    return {"type": "text"} if word == "text" else None


def message_json(message: Message) -> dict[str, Any]:
    """One message in the protocol's form."""
    data: dict[str, Any] = {"role": message.role, "content": content_json(message.content)}
    if message.role == "tool":
        data["tool_call_id"] = message.tool_call_id
        data["content"] = message.text
    if message.tool_calls:
        data["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
        if not message.content:
            data["content"] = None
    return data


def content_json(content: str | Sequence[ContentPart]) -> Any:
    """Text, or the list of parts."""
    if isinstance(content, str):
        return content
    return [_part_json(part) for part in content]


def _part_json(part: ContentPart) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    url = part.url or f"data:{part.mime_type};base64,{part.data}"
    if part.kind == "image":
        return {"type": "image_url", "image_url": {"url": url, "detail": part.detail}}
    if part.kind == "audio":
        extension = part.filename.rsplit(".", 1)[-1].lower() or part.mime_type.rsplit("/", 1)[-1]
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": extension}}
    if part.kind == "video":
        return {"type": "video_url", "video_url": {"url": url}}
    return {"type": "file", "file": {"filename": part.filename or "document", "file_data": url}}


# -- what comes back -------------------------------------------------------------------------------------------------


def chunk_pieces(provider: ProviderConfig, data: Mapping[str, Any]) -> list[Piece]:
    """The pieces of one streamed chunk. Raises ModelError for an error inside the stream."""
    if data.get("error"):
        raise stream_error(provider, data["error"])
    found: list[Piece] = []
    for choice in (data.get("choices") or [])[:1]:
        delta = choice.get("delta") or {}
        reasoning = delta.get("reasoning_content") or delta.get("reasoning") or ""
        if isinstance(reasoning, str) and reasoning:
            found.append(Piece(reasoning=reasoning))
        text = text_of(delta.get("content")) or str(choice.get("text") or "") or str(delta.get("refusal") or "")
        if text:
            found.append(Piece(text=text))
        for position, part in enumerate(delta.get("tool_calls") or ()):
            function = part.get("function") or {}
            index = part.get("index")
            found.append(
                Piece(
                    tool=ToolPiece(
                        int(index) if index is not None else position,
                        str(part.get("id") or ""),
                        str(function.get("name") or ""),
                        arguments_text(function.get("arguments")),
                    )
                )
            )
        if choice.get("finish_reason"):
            found.append(Piece(finish=str(choice["finish_reason"])))
    found.extend(usage_pieces(data.get("usage")))
    return found


def whole_answer(provider: ProviderConfig, data: Mapping[str, Any]) -> list[Piece]:
    """The pieces of an answer that came in one."""
    if data.get("error"):
        raise stream_error(provider, data["error"])
    choices = data.get("choices") or []
    if not choices:
        raise ModelError("InvokeError", f"{provider.label or provider.id} sent an answer without choices.")
    choice = choices[0]
    message = choice.get("message") or {}
    delta = {**message, "tool_calls": message.get("tool_calls")}
    if choice.get("text"):
        delta["content"] = choice["text"]
    first = {"delta": delta, "finish_reason": choice.get("finish_reason") or "stop"}
    return chunk_pieces(provider, {"choices": [first], "usage": data.get("usage")})


def arguments_text(arguments: Any) -> str:
    """Arguments as text; some servers send them as an object."""
    return arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)


def text_of(content: Any) -> str:
    """The text of a content field: a text, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping))
    return ""


def usage_pieces(usage: Any) -> list[Piece]:
    """The counts, where there are any."""
    if not isinstance(usage, Mapping) or usage.get("prompt_tokens") is None:
        return []
    return [
        Piece(prompt_tokens=int(usage["prompt_tokens"]), completion_tokens=int(usage.get("completion_tokens") or 0))
    ]


def stream_error(provider: ProviderConfig, error: Any) -> ModelError:
    """An error object inside a good answer."""
    code = error.get("code") if isinstance(error, Mapping) else None
    text = wire.error_text(error) or str(error)
    if isinstance(code, int) and 400 <= code < 600:
        return wire.status_error(provider, code, text)
    if "rate" in str(code or "").lower() or "rate limit" in text.lower():
        return wire.status_error(provider, 429, text)
    if wire.is_overflow(text):
        return wire.status_error(provider, 400, text)
    return ModelError("InvokeError", f"{provider.label or provider.id}: {text}")
