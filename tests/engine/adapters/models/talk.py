"""Asks a model through the real registry, against a scripted server on the loopback."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.models.registry import ModelRegistry
from engine.adapters.models.setup import ModelSettings, ModelSetup, ProviderConfig
from engine.ports.models import ChatDelta, ChatRequest, Message, ModelError, ModelRef, ToolCall, Usage
from tests.helpers.models import Answer, ModelServer

SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["mood", "sure"],
    "additionalProperties": False,
}


@dataclass
class Said:
    """How a call ended: the pieces of the answer, or the error, and what the server saw."""

    deltas: list[ChatDelta] = field(default_factory=list)
    error: ModelError | None = None

    @property
    def text(self) -> str:
        return "".join(d.text for d in self.deltas)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(c for d in self.deltas for c in d.tool_calls)

    @property
    def usage(self) -> Usage:
        found = self.error.usage if self.error is not None else self.deltas[-1].usage
        assert found is not None
        return found

    @property
    def finish(self) -> str:
        return self.deltas[-1].finish_reason

    @property
    def failure(self) -> str:
        return self.error.error_type if self.error is not None else ""


def provider(kind: str, url: str, **more: Any) -> ProviderConfig:
    """A provider that is set up with a key."""
    more.setdefault("api_key", "key-of-the-test")
    return ProviderConfig(id=kind, kind=kind, label=kind.title(), base_url=url, **more)


async def ask_async(config: ProviderConfig, name: str = "m", *messages: Message, **request: Any) -> Said:
    registry = ModelRegistry(ModelSetup((config,)))
    said = Said()
    asked = list(messages) or [Message("system", "Be brief."), Message("user", "Hello")]
    stream = registry.stream(ChatRequest(ModelRef(config.id, name), asked, **request))
    try:
        async for delta in stream:
            said.deltas.append(delta)
    except ModelError as problem:
        said.error = problem
    return said


def ask(config: ProviderConfig, name: str = "m", *messages: Message, **request: Any) -> Said:
    """One call to its end."""
    return asyncio.run(ask_async(config, name, *messages, **request))


def replay(kind: str, *answers: Answer, name: str = "m", **more: Any) -> tuple[Said, ModelServer]:
    """One call of a provider whose server gives these answers; `base` is appended to the address."""
    base = more.pop("base", "")
    setup = {k: more.pop(k) for k in ("options", "models", "retries", "read_seconds", "headers") if k in more}
    messages = more.pop("messages", ())
    with ModelServer(*answers) as server:
        said = ask(provider(kind, server.url + base, **setup), name, *messages, **more)
    return said, server


__all__ = ["SCHEMA", "Answer", "ModelServer", "ModelSettings", "Said", "ask", "ask_async", "provider", "replay"]
