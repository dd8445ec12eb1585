"""Ollama's own protocol: `/api/chat` (and `/api/generate` for text models), one JSON object a line.

Its OpenAI-compatible side knows neither the size of the context nor how long a model stays loaded, and cuts a prompt
that is longer than its default context without a word; so it is spoken to in its own tongue. (nodes-ai spec 1.2, 1.7)
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from engine.adapters.models import wire
from engine.adapters.models.assemble import estimate_messages
from engine.adapters.models.setup import ModelSettings, ProviderConfig
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.ports.models import Message, ModelError

OPTIONS = frozenset(
    [
        *("seed", "temperature", "top_k", "top_p", "min_p", "typical_p", "tfs_z"),
        *("repeat_last_n", "repeat_penalty", "presence_penalty", "frequency_penalty", "penalize_newline"),
        *("mirostat", "mirostat_tau", "mirostat_eta", "num_predict", "num_keep", "num_ctx", "num_batch"),
        *("num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "use_mmap", "use_mlock"),
    ]
)
"""What goes into `options`; everything else that it does not know is left out."""
RENAMED = {"max_tokens": "num_predict", "frequency_penality": "frequency_penalty"}
EFFORTS = ("low", "medium", "high")
DEFAULT_CONTEXT = 4096
"""Tokens that the server reads at once when nobody says more; what is beyond is cut off at the front."""
EXPECTED_ANSWER = 1024
CAPABILITIES = {
    "tools": frozenset({"tool-call", "multi-tool-call", "stream-tool-call"}),
    "vision": frozenset({"vision"}),
    "thinking": frozenset({"agent-thought"}),
}
NOT_FOR_CHAT = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta"})
"""Families of models that only make vectors."""


def root(base_url: str) -> str:
    """The server's address, also where somebody wrote the one of its OpenAI-compatible side."""
    base = base_url.rstrip("/")
    for tail in ("/chat", "/api", "/v1"):
        base = base.removesuffix(tail)
    return base


def auth(provider: ProviderConfig) -> dict[str, str]:
    """The header that a server behind a door wants; Ollama itself has no keys."""
    return {"Authorization": f"Bearer {provider.api_key}"} if provider.api_key else {}


async def stream(call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer. Raises ModelError."""
    provider = call.provider
    text_model = call.mode == "completion"
    body = generate_body(call) if text_model else chat_body(call)
    url = f"{root(provider.base_url)}/api/{'generate' if text_model else 'chat'}"
    reader = _Reader(call)
    try:
        async with (
            wire.streamed(provider, url, auth(provider), body) as response,
            aclosing(wire.lines(provider, response)) as lines,
        ):
            async for line in lines:
                for piece in reader.read(wire.parsed(provider, line)):
                    yield piece
                if reader.ended:
                    return
    except ModelError as problem:
        raise _explained(call, problem) from problem
    raise wire.broken(provider)


async def list_models(provider: ProviderConfig) -> list[str]:
    """The names of the models that are on the server's disk and can chat."""
    return [row["name"] for row in await _rows(provider)]


async def describe_models(provider: ProviderConfig) -> list[ModelSettings]:
    """The same with what the server knows of each: what it can do, and how much it reads at once."""
    found = []
    for row in await _rows(provider):
        try:
            shown = await wire.post_json(
                provider, f"{root(provider.base_url)}/api/show", auth(provider), {"model": row["name"]}
            )
        except ModelError:
            shown = {}  # an old server, or a model that is being removed: its name is all that is known
        found.append(described(row["name"], shown if isinstance(shown, Mapping) else {}))
    return [model for model in found if model.kind == "llm"]


def described(name: str, shown: Mapping[str, Any]) -> ModelSettings:
    """A model by the answer of `/api/show`."""
    able = shown.get("capabilities")
    info = shown.get("model_info") or {}
    context = next((v for k, v in info.items() if k.endswith(".context_length") and isinstance(v, int)), None)
    if not isinstance(able, list):
        return ModelSettings(name, context_size=context)
    features = frozenset({"structured-output"}).union(*(CAPABILITIES.get(str(c), frozenset()) for c in able))
    return ModelSettings(
        name,
        kind="llm" if "completion" in able or not able else "text-embedding",
        features=features,
        context_size=context,
    )


async def _rows(provider: ProviderConfig) -> list[dict[str, Any]]:
    data = await wire.get_json(provider, f"{root(provider.base_url)}/api/tags", auth(provider))
    rows = data.get("models") if isinstance(data, Mapping) else None
    found = [r for r in rows or () if isinstance(r, dict) and r.get("name") and not _only_vectors(r)]
    return sorted(found, key=lambda r: str(r["name"]))


def _only_vectors(row: Mapping[str, Any]) -> bool:
    details = row.get("details")
    families = details.get("families") if isinstance(details, Mapping) else None
    return isinstance(families, list) and bool(families) and set(map(str, families)) <= NOT_FOR_CHAT


# -- what is sent ----------------------------------------------------------------------------------------------------


def chat_body(call: Call) -> dict[str, Any]:
    """The JSON of a chat call."""
    body = {**_common(call), "messages": [message_json(m) for m in call.request.messages]}
    if call.request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in call.request.tools
        ]
    return body


def generate_body(call: Call) -> dict[str, Any]:
    """The JSON of a text completion: all messages as one prompt that no template is put around."""
    return {**_common(call), "prompt": "\n".join(m.text for m in call.request.messages if m.text), "raw": True}


def _common(call: Call) -> dict[str, Any]:
    request = call.request
    given = {RENAMED.get(k, k): v for k, v in request.parameters.items() if v is not None}
    options = {k: v for k, v in given.items() if k in OPTIONS}
    room = _whole(call.provider.options.get("num_ctx")) or _room(call, options.get("num_predict"))
    if room:
        options.setdefault("num_ctx", room)
    if request.stop:
        options["stop"] = list(request.stop)
    body: dict[str, Any] = {"model": call.name, "stream": request.stream, "options": options}
    keep = given.get("keep_alive", call.provider.options.get("keep_alive"))
    if keep not in (None, ""):
        body["keep_alive"] = _seconds(keep)
    think = _thinking(given)
    if think is not None:
        body["think"] = think
    wanted = dict(request.schema) if request.schema is not None else _format(given)
    if wanted:
        body["format"] = wanted
    return body


def _whole(value: Any) -> int | None:
    return int(value) if str(value or "").strip().isdigit() else None


def _room(call: Call, answer: Any) -> int | None:
    """The context to ask for where the server's own would cut the prompt; None where its own is enough.

    Powers of two, so that a growing conversation loads the model again only a few times.
    """
    expected = int(answer) if isinstance(answer, int | float) and answer > 0 else EXPECTED_ANSWER
    needed = estimate_messages(list(call.request.messages)) + expected
    if needed <= DEFAULT_CONTEXT:
        return None
    room = DEFAULT_CONTEXT
    while room < needed:
        room *= 2
    return min(room, call.context_size or room)


def _seconds(keep: Any) -> Any:
    """A number of seconds, or a duration such as `10m`; a form hands numbers over as text."""
    try:
        return int(str(keep).strip())
    except ValueError:
        return str(keep).strip()


def _thinking(given: Mapping[str, Any]) -> bool | str | None:
    """Whether to think, by any of the names that files use; None leaves it to the model."""
    for name in ("think", "enable_thinking", "reasoning_effort"):
        value = given.get(name)
        if isinstance(value, bool):
            return value
        word = str(value or "").strip().lower()
        if word in EFFORTS:
            return word
        if word in ("true", "false", "none"):
            return word == "true"
    return None


def _format(given: Mapping[str, Any]) -> Any:
    """`json`, or a JSON schema, from what a node's parameters say."""
    schema = given.get("json_schema")
    if schema and str(given.get("response_format") or "json_schema").lower() == "json_schema":
        try:
            wanted = json.loads(schema) if isinstance(schema, str) else dict(schema)
        except ValueError as problem:
            raise ModelError("InvokeBadRequestError", f"json_schema is not valid JSON: {problem}") from problem
        return wanted.get("schema", wanted)
    word = given.get("format") or given.get("response_format")
    if isinstance(word, Mapping):
        return dict(word)
    return "json" if str(word or "").lower() in ("json", "json_object") else None


def message_json(message: Message) -> dict[str, Any]:
    """One message; pictures go beside the text as base64. Raises ModelError for what it cannot take."""
    data: dict[str, Any] = {"role": message.role, "content": message.text}
    if not isinstance(message.content, str):
        images = []
        for part in message.content:
            if part.kind == "text":
                continue
            if part.kind != "image" or not part.data:
                what = "an address of an image" if part.kind == "image" else f"{part.kind} files"
                raise ModelError(
                    "InvokeBadRequestError",
                    f"Ollama does not take {what}.",
                    hint="Send the image itself, or choose another model.",
                )
            images.append(part.data)
        if images:
            data["images"] = images
    if message.tool_calls:
        data["tool_calls"] = [
            {"id": c.id, "function": {"name": c.name, "arguments": _object(c.arguments)}} for c in message.tool_calls
        ]
    if message.role == "tool":
        data["tool_name"] = message.name
        data["tool_call_id"] = message.tool_call_id
    return data


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# -- what comes back -------------------------------------------------------------------------------------------------


class _Reader:
    """Turns the objects of one answer into pieces."""

    def __init__(self, call: Call) -> None:
        self._provider = call.provider
        self._calls = 0
        self.ended = False

    def read(self, data: Mapping[str, Any]) -> list[Piece]:
        if data.get("error"):
            raise _stream_error(self._provider, data["error"])
        found: list[Piece] = []
        message = data.get("message") or {}
        thought = message.get("thinking") or data.get("thinking")
        if thought:
            found.append(Piece(reasoning=str(thought)))
        text = message.get("content") or data.get("response")
        if text:
            found.append(Piece(text=str(text)))
        for asked in message.get("tool_calls") or ():
            function = asked.get("function") or {}
            arguments = function.get("arguments")
            given = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
            number, self._calls = self._calls, self._calls + 1
            call_id = str(asked.get("id") or f"call_{number}")
            found.append(Piece(tool=ToolPiece(number, call_id, str(function.get("name") or ""), given)))
        if data.get("done"):
            self.ended = True
            found.append(Piece(finish=self._finish(str(data.get("done_reason") or "stop"))))
            if data.get("prompt_eval_count") is not None or data.get("eval_count") is not None:
                # A prompt that was read before is not counted by older servers.
                counts = int(data.get("prompt_eval_count") or 0), int(data.get("eval_count") or 0)
                found.append(Piece(prompt_tokens=counts[0], completion_tokens=counts[1]))
        return found

    def _finish(self, reason: str) -> str:
        return "tool_calls" if self._calls and reason == "stop" else reason


def _stream_error(provider: ProviderConfig, error: Any) -> ModelError:
    """An error in the middle of an answer; the server has no numbers for them."""
    text = wire.error_text(error) or str(error)
    if wire.is_overflow(text):
        return wire.status_error(provider, 400, text)
    return ModelError("InvokeServerUnavailableError", f"{provider.label or provider.id}: {text}")


def _explained(call: Call, problem: ModelError) -> ModelError:
    """The error with what to do about it on this server."""
    text = problem.message.lower()
    if "does not support tools" in text:
        problem.hint = "Choose a model that can call tools, or a strategy that needs none."
    elif "does not support thinking" in text:
        problem.hint = "Take the thinking out of the node's parameters, or choose another model."
    elif "404" in text and "not found" in text:
        problem.hint = f"Fetch it with: ollama pull {call.name}"
    elif "memory" in text and ("requires more" in text or "insufficient" in text):
        problem.hint = "The model is too large for this machine; choose a smaller one or a smaller context."
    return problem
