"""What all provider protocols share: one streamed HTTP call with time-outs, a bounded retry, and errors by name.

Providers are spoken to directly over httpx, not through their SDKs: the nodes need the exact error kind, the usage of
a stream that broke half way, parameters that no SDK knows, and a call that ends the moment its iterator is closed.
It also spares every first run the 1.5 seconds that the SDKs take to import. (nodes-ai spec 1.6, 1.7)
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from engine.adapters.models.setup import ModelSettings, ProviderConfig
from engine.ports.models import ChatRequest, ModelError

LONGEST_WAIT = 20.0
"""Seconds that a retry waits at most, whatever the provider asks for."""
SHOWN_BODY = 600


@dataclass(frozen=True)
class Call:
    """One chat call for one provider; `name` is the model's name there."""

    provider: ProviderConfig
    name: str
    mode: str
    request: ChatRequest
    settings: ModelSettings | None = None
    features: frozenset[str] | None = None


@dataclass(frozen=True)
class ToolPiece:
    """A part of a tool call; parts with the same index belong together, `arguments` are appended."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Piece:
    """What a protocol reads from the wire: answer text, reasoning, a part of a tool call, counts, or the end."""

    text: str = ""
    reasoning: str = ""
    tool: ToolPiece | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish: str = ""


def is_loopback(url: str) -> bool:
    """Does the address stay on this machine?"""
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")


@lru_cache(maxsize=2)
def _tls(verify: bool) -> ssl.SSLContext:
    # Making a context costs 30 ms; one for all calls of the process.
    return httpx.create_ssl_context(verify=verify)


@asynccontextmanager
async def client(provider: ProviderConfig) -> AsyncIterator[httpx.AsyncClient]:
    """A client for one call; loopback addresses never go through a proxy."""
    local = is_loopback(provider.base_url)
    timeout = httpx.Timeout(provider.read_seconds, connect=provider.connect_seconds, pool=None)
    async with httpx.AsyncClient(
        verify=_tls(provider.verify_tls), timeout=timeout, trust_env=not local, follow_redirects=True
    ) as made:
        yield made


@asynccontextmanager
async def streamed(
    provider: ProviderConfig, url: str, headers: Mapping[str, str], body: Mapping[str, Any]
) -> AsyncIterator[httpx.Response]:
    """POST `body` as JSON and give the response once its status is good.

    Tries again (at most `provider.retries` times, with growing pauses or the one that the provider names) when the
    provider could not be reached, is overloaded or limits the rate. Raises ModelError.
    """
    async with client(provider) as http:
        for attempt in range(provider.retries + 1):
            pause = min(0.5 * 2**attempt, LONGEST_WAIT)
            try:
                request = http.build_request("POST", url, headers={**headers, **provider.headers}, json=body)
                response = await http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                if attempt == provider.retries or is_loopback(provider.base_url):
                    raise unreachable(provider, problem) from problem
            except httpx.HTTPError as problem:
                raise unreachable(provider, problem) from problem
            except (httpx.InvalidURL, ValueError) as problem:
                raise ModelError("InvokeBadRequestError", f"The address {url} cannot be used: {problem}") from problem
            else:
                if response.status_code < 300:
                    try:
                        yield response
                    finally:
                        await response.aclose()
                    return
                error = await refused(provider, response)
                if attempt == provider.retries or response.status_code not in (429, 502, 503, 529):
                    raise error
                asked = _retry_after(response)
                if asked is not None and asked > LONGEST_WAIT:
                    raise error
                pause = asked if asked is not None else pause
            await asyncio.sleep(pause)


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def unreachable(provider: ProviderConfig, problem: Exception) -> ModelError:
    """The error of a provider that did not answer."""
    where = provider.label or provider.id
    if isinstance(problem, httpx.TimeoutException):
        text = f"{where} did not answer in time ({type(problem).__name__})."
    else:
        text = f"{where} could not be reached at {provider.base_url}: {str(problem) or type(problem).__name__}"
    hint = "Is the program running?" if is_loopback(provider.base_url) else "Check the address and the network."
    return ModelError("InvokeConnectionError", text, hint=hint)


async def refused(provider: ProviderConfig, response: httpx.Response) -> ModelError:
    """The error of an answer with a bad status."""
    try:
        await response.aread()
        text = response.text
    except httpx.HTTPError:
        text = ""
    finally:
        await response.aclose()
    return status_error(provider, response.status_code, message_in(text) or text[:SHOWN_BODY])


def status_error(provider: ProviderConfig, status: int, message: str) -> ModelError:
    """A ModelError by HTTP status (nodes-ai spec 1.7)."""
    where = provider.label or provider.id
    kind, hint = "InvokeBadRequestError", ""
    if status in (401, 403):
        kind, hint = "InvokeAuthorizationError", f"Check the key of {where} in the model settings."
    elif status == 429:
        kind, hint = "InvokeRateLimitError", "Wait a little, or let the node try again on failure."
    elif status >= 500:
        kind = "InvokeServerUnavailableError"
    elif status < 400:
        kind = "InvokeError"
    elif is_overflow(message):
        hint = "The messages are longer than the model can read; shorten them or choose another model."
    return ModelError(kind, f"{where} answered {status}: {message or 'no reason given'}", hint=hint)


def is_overflow(message: str) -> bool:
    """Does an error text say that the context is too long?"""
    text = message.lower()
    return "context" in text and any(word in text for word in ("exceed", "length", "maximum", "too long", "too large"))


def message_in(text: str) -> str:
    """The words of an error body in any of the shapes that providers use, or nothing."""
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    if isinstance(data, list) and data:
        data = data[0]
    return error_text(data)


def error_text(data: Any) -> str:
    """The words of a parsed error."""
    if isinstance(data, str):
        return data
    if not isinstance(data, Mapping):
        return ""
    for key in ("error", "message", "detail", "msg"):
        if data.get(key):
            return error_text(data[key])
    return ""


async def server_sent(provider: ProviderConfig, response: httpx.Response) -> AsyncGenerator[tuple[str, str], None]:
    """Events of a stream as (event name, data). Raises ModelError when the line breaks."""
    name = ""
    data: list[str] = []
    try:
        async for line in response.aiter_lines():
            if not line:
                if data:
                    yield name, "\n".join(data)
                name, data = "", []
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif line.startswith("event:"):
                name = line[6:].strip()
        if data:
            yield name, "\n".join(data)
    except httpx.HTTPError as problem:
        raise broken(provider, problem) from problem


def broken(provider: ProviderConfig, problem: Exception | None = None) -> ModelError:
    """The error of a stream that ended too early."""
    where = provider.label or provider.id
    if isinstance(problem, httpx.TimeoutException):
        return ModelError("InvokeConnectionError", f"{where} stopped sending in the middle of the answer.")
    return ModelError("InvokeConnectionError", f"The connection to {where} ended in the middle of the answer.")


def parsed(provider: ProviderConfig, data: str) -> dict[str, Any]:
    """One event's JSON object. Raises ModelError for anything else."""
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        where = provider.label or provider.id
        raise ModelError("InvokeError", f"{where} sent something that is not JSON: {data[:SHOWN_BODY]}")
    return value


async def get_json(provider: ProviderConfig, url: str, headers: Mapping[str, str]) -> Any:
    """GET a JSON answer. Raises ModelError."""
    async with client(provider) as http:
        try:
            response = await http.get(url, headers={**headers, **provider.headers})
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise unreachable(provider, problem) from problem
        if response.status_code >= 300:
            raise await refused(provider, response)
        try:
            return response.json()
        except ValueError as problem:
            where = provider.label or provider.id
            raise ModelError("InvokeError", f"{where} did not answer with JSON.") from problem
