"""What all provider protocols share: one streamed HTTP call with time-outs, a bounded retry, and errors by name.

Providers are spoken to directly over httpx, not through their SDKs: the nodes need the exact error kind, the usage of
a stream that broke half way, parameters that no SDK knows, and a call that ends the moment its iterator is closed.
It also spares every first run the 1.5 seconds that the SDKs take to import. (nodes-ai spec 1.6, 1.7)
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from engine.adapters.models.setup import ModelSettings, ProviderConfig
from engine.ports.models import ChatRequest, ModelError

LONGEST_WAIT = 20.0
"""Seconds that a retry waits at most, whatever the provider asks for."""
SHOWN_BODY = 600
SHORTEST_KEY = 6
"""Characters of a key that is masked in what a provider answers; shorter ones are words of any text."""


@dataclass(frozen=True)
class Call:
    """One chat call for one provider; `name` is the model's name there."""

    provider: ProviderConfig
    name: str
    mode: str
    request: ChatRequest
    settings: ModelSettings | None = None
    features: frozenset[str] | None = None
    context_size: int | None = None


@dataclass(frozen=True)
class ToolPiece:
    """A part of a tool call; parts with the same index belong together, `arguments` are appended."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Piece:
    """What a protocol reads from the wire: answer text, reasoning, a part of a tool call, counts, or the end."""

    text: str = ""
    reasoning: str = ""
    tool: ToolPiece | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish: str = ""
    loading: float | None = None
    """The share of the model that is loaded, before any answer."""


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
    provider could not be reached, dropped the connection before it answered, is overloaded, broke or limits the rate.
    A used-up account, an answer that does not come in time and anything that is the request's fault are final at
    once. Raises ModelError.
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
            except (httpx.ReadError, httpx.RemoteProtocolError) as problem:
                if attempt == provider.retries:
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
                asked = retry_after(response)
                if asked is not None and error.error_type == "InvokeRateLimitError":
                    error.hint = f"The provider asks to wait {asked:.0f} seconds. {error.hint}".strip()
                if attempt == provider.retries or not passes(response, error) or (asked or 0) > LONGEST_WAIT:
                    raise error
                pause = asked if asked is not None else pause
            await asyncio.sleep(pause)


def passes(response: httpx.Response, error: ModelError) -> bool:
    """May the same request do better a little later?"""
    if response.status_code in (408, 429):
        return not any(word in _body(response).lower() for word in ("quota", "balance"))
    return response.status_code >= 500 and not is_overflow(error.message)


def _body(response: httpx.Response) -> str:
    """What was read of a refusal; nothing when the connection broke before."""
    try:
        return response.text
    except httpx.StreamError:
        return ""


_RETRY_DELAY = re.compile(r'"retryDelay"\s*:\s*"([0-9.]+)s"')


def retry_after(response: httpx.Response) -> float | None:
    """The seconds that a provider asks to wait: in a header, as a number or a date, or in Google's error details."""
    if response.headers.get("retry-after-ms", "").replace(".", "", 1).isdigit():
        return float(response.headers["retry-after-ms"]) / 1000
    text = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        pass
    found = _RETRY_DELAY.search(_body(response))
    return float(found[1]) if found else None


def unreachable(provider: ProviderConfig, problem: Exception) -> ModelError:
    """The error of a provider that did not answer."""
    where = provider.label or provider.id
    if isinstance(problem, httpx.ConnectTimeout):
        text = f"{where} could not be reached within {provider.connect_seconds:g} seconds."
    elif isinstance(problem, httpx.TimeoutException):
        text = f"{where} did not answer within {provider.read_seconds:g} seconds."
        return ModelError("InvokeConnectionError", text, hint="Ask for less, or give it more time in the settings.")
    else:
        text = f"{where} could not be reached at {provider.base_url}: {str(problem) or type(problem).__name__}"
    hint = "Is the program running?" if is_loopback(provider.base_url) else "Check the address and the network."
    return ModelError("InvokeConnectionError", text, hint=hint)


async def refused(provider: ProviderConfig, response: httpx.Response) -> ModelError:
    """The error of an answer with a bad status."""
    try:
        await response.aread()
    except httpx.HTTPError:
        pass
    finally:
        await response.aclose()
    text = _body(response)
    return status_error(provider, response.status_code, message_in(text) or text[:SHOWN_BODY])


def status_error(provider: ProviderConfig, status: int, message: str) -> ModelError:
    """A ModelError by HTTP status (nodes-ai spec 1.7)."""
    if len(provider.api_key) > SHORTEST_KEY:
        # Some repeat the key that they refuse; who tests a provider reads this, and no run's mask is there.
        message = message.replace(provider.api_key, "*" * 12)
    where, text = provider.label or provider.id, message.lower()
    kind, hint = "InvokeBadRequestError", ""
    if status in (401, 403) or (status == 400 and "api key" in text and "valid" in text):
        kind, hint = "InvokeAuthorizationError", f"Check the key of {where} in the model settings."
    elif status == 402 or (status == 429 and ("quota" in text or "balance" in text)):
        kind = "InvokeRateLimitError" if status == 429 else kind
        hint = f"The account at {where} is used up or has no credit left."
    elif status == 429:
        kind, hint = "InvokeRateLimitError", "Wait a little, or let the node try again on failure."
    elif is_overflow(message) or status == 413:
        hint = OVERFLOW_HINT
    elif status >= 500:
        kind, hint = "InvokeServerUnavailableError", "The provider has a problem; try again later."
    elif status < 400:
        kind = "InvokeError"
    elif status == 404:
        hint = f"Check the model's name and the address of {where}."
    elif any(word in text for word in ("response_format", "json_schema", "responsejsonschema", "input_schema")):
        hint = "The provider refuses the schema of the structured output; simplify it or choose another model."
    return ModelError(kind, f"{where} answered {status}: {message or 'no reason given'}", hint=hint)


OVERFLOW_HINT = "The messages are longer than the model can read; shorten them or choose another model."
_OVERFLOWS = re.compile(
    r"context.{0,40}(exceed|length|maximum|too (long|large)|size|window)|(exceed|maximum).{0,40}context"
    r"|(prompt|input|request).{0,30}(too (long|large)|exceeds? .{0,40}(token|length))|range of input length"
    r"|token.{0,20} exceeds|reduce the length",
    re.DOTALL,
)


def is_overflow(message: str) -> bool:
    """Does an error text say that the context is too long, in the words of any provider?"""
    return bool(_OVERFLOWS.search(message.lower()))


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


async def lines(provider: ProviderConfig, response: httpx.Response) -> AsyncGenerator[str, None]:
    """The lines of a stream of JSON objects, empty ones left out. Raises ModelError when the line breaks."""
    try:
        async for line in response.aiter_lines():
            if line.strip():
                yield line
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
    return await _json_of(provider, "GET", url, headers, None)


async def post_json(provider: ProviderConfig, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Any:
    """POST JSON for a JSON answer. Raises ModelError."""
    return await _json_of(provider, "POST", url, headers, body)


async def _json_of(
    provider: ProviderConfig, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
) -> Any:
    async with client(provider) as http:
        try:
            response = await http.request(method, url, headers={**headers, **provider.headers}, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise unreachable(provider, problem) from problem
        if response.status_code >= 300:
            raise await refused(provider, response)
        try:
            return response.json()
        except ValueError as problem:
            where = provider.label or provider.id
            raise ModelError("InvokeError", f"{where} did not answer with JSON.") from problem
