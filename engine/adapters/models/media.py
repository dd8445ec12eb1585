"""Speech and pictures in the protocol of OpenAI: `audio/speech`, `audio/transcriptions`, `images/generations`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import httpx

from engine.adapters.models import wire
from engine.adapters.models.openai import auth, chat_url
from engine.adapters.models.setup import ProviderConfig
from engine.ports.models import ModelError


async def speech(provider: ProviderConfig, name: str, text: str, voice: str) -> tuple[bytes, str]:
    """A text spoken: the sound and its MIME type. Raises ModelError."""
    body = {"model": name, "input": text, "voice": voice, "response_format": "mp3"}
    response = await _post(provider, name, "audio/speech", json=body)
    kind = response.headers.get("content-type", "").split(";")[0].strip()
    if kind == "application/json" or not response.content:
        words = wire.message_in(response.text) or "no sound"
        raise ModelError("InvokeError", f"{provider.label or provider.id} gave no sound: {words}")
    return response.content, kind if kind.startswith("audio/") else "audio/mpeg"


async def transcribe(provider: ProviderConfig, name: str, content: bytes, filename: str, mime_type: str) -> str:
    """What is said in a sound. Raises ModelError."""
    files = {"file": (filename, content, mime_type)}
    found = _json(provider, await _post(provider, name, "audio/transcriptions", data={"model": name}, files=files))
    return str(found.get("text") or "")


async def pictures(provider: ProviderConfig, name: str, prompt: str, more: Mapping[str, Any]) -> list[bytes]:
    """Pictures of a text. Raises ModelError."""
    body = {"model": name, "prompt": prompt, **more}
    found = _json(provider, await _post(provider, name, "images/generations", json=body))
    made = []
    for row in found.get("data") or ():
        if row.get("b64_json"):
            try:
                made.append(base64.b64decode(row["b64_json"], validate=True))
            except (binascii.Error, ValueError) as problem:
                raise ModelError("InvokeError", "The provider sent a picture that is not base64.") from problem
        elif row.get("url"):
            made.append(await _load(provider, str(row["url"])))
    if not made:
        raise ModelError("InvokeError", f"{provider.label or provider.id} made no picture.")
    return made


async def _load(provider: ProviderConfig, url: str) -> bytes:
    async with wire.client(provider) as http:
        try:
            response = await http.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise wire.unreachable(provider, problem) from problem
        if response.status_code >= 300:
            raise ModelError("InvokeError", f"The picture at {url} cannot be had: {response.status_code}.")
        return response.content


async def _post(provider: ProviderConfig, name: str, path: str, **more: Any) -> httpx.Response:
    async with wire.client(provider) as http:
        try:
            headers = {**auth(provider), **provider.headers}
            response = await http.post(chat_url(provider, name, path), headers=headers, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise wire.unreachable(provider, problem) from problem
        if response.status_code >= 300:
            raise await wire.refused(provider, response)
        return response


def _json(provider: ProviderConfig, response: httpx.Response) -> Mapping[str, Any]:
    return wire.parsed(provider, response.text)
