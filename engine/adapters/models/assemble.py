"""From a protocol's pieces to the deltas that nodes get: reasoning in tags, whole tool calls, one usage at the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from engine.adapters.models.facts import estimate_tokens
from engine.adapters.models.prices import priced_usage
from engine.adapters.models.wire import Call, Piece, ToolPiece
from engine.clock import Clock
from engine.ports.models import ChatDelta, Message, ModelError, ToolCall, Usage

MEDIA_TOKENS = 300
"""What an image, or another file, counts as when nobody counts."""


def estimate_messages(messages: list[Message]) -> int:
    """Tokens of messages without a tokenizer."""
    total = 0
    for message in messages:
        total += 4 + estimate_tokens(message.text)
        if not isinstance(message.content, str):
            total += MEDIA_TOKENS * sum(1 for part in message.content if part.kind != "text")
        total += sum(estimate_tokens(c.name + c.arguments) for c in message.tool_calls)
    return total


class _Answer:
    """What has come so far of one answer."""

    def __init__(self, call: Call, prices: str, clock: Clock) -> None:
        self._call = call
        self._prices = prices
        self._clock = clock
        self._began = clock.monotonic()
        self._first: float | None = None
        self._thinking = False
        self._thought = False
        self._said: list[str] = []
        self._tools: dict[int, list[ToolPiece]] = {}
        self._counts: tuple[int, int] | None = None
        self.finish = ""

    def take(self, piece: Piece) -> str:
        """The text that the piece adds to the answer (reasoning wrapped in `<think>`, AI-19)."""
        if piece.tool is not None:
            self._tools.setdefault(piece.tool.index, []).append(piece.tool)
        if piece.prompt_tokens is not None:
            self._counts = (piece.prompt_tokens, piece.completion_tokens or 0)
        self.finish = self.finish or piece.finish
        text = ""
        if piece.reasoning:
            text += "" if self._thinking else "<think>\n"
            self._thinking = True
            text += piece.reasoning
        if piece.text:
            text += self.close_thought() + piece.text
        if text:
            if self._first is None:
                self._first = self._clock.monotonic() - self._began
            self._said.append(text)
        return text

    def close_thought(self) -> str:
        """The closing tag when reasoning is open."""
        was, self._thinking = self._thinking, False
        return "\n</think>\n" if was else ""

    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, whole, in order."""
        found = []
        for index in sorted(self._tools):
            parts = self._tools[index]
            name = "".join(p.name for p in parts)
            call_id = next((p.id for p in parts if p.id), f"call_{index}")
            signature = next((p.signature for p in parts if p.signature), "")
            found.append(ToolCall(call_id, name, "".join(p.arguments for p in parts) or "{}", signature))
        return tuple(found)

    def usage(self) -> Usage:
        """What it cost; counted here when the provider did not say."""
        counts = self._counts
        if counts is None:
            said = "".join(self._said) + "".join(c.name + c.arguments for c in self.calls())
            counts = (estimate_messages(list(self._call.request.messages)), estimate_tokens(said))
        return priced_usage(
            *counts,
            provider=self._prices,
            model=self._call.name,
            settings=self._call.settings,
            latency=self._clock.monotonic() - self._began,
            first_token=self._first if self._call.request.stream else None,
        )

    @property
    def is_empty(self) -> bool:
        """Neither words nor calls?"""
        return not self._tools and not "".join(self._said).strip()

    def emptiness(self) -> ModelError:
        """What to say of an answer that holds nothing because it was not let to its end."""
        provider = self._call.provider
        text, hint = f"{provider.label or provider.id} gave an empty answer.", f"It ended with {self.finish!r}."
        if self.finish == "length":
            hint = "The limit of tokens was used up before the first word; raise max_tokens."
        elif self.finish in ("content_filter", "refusal"):
            hint = "The provider held the answer back; change the prompt."
        return ModelError("InvokeError", text, hint=hint, usage=self.usage())

    @property
    def anything(self) -> bool:
        """Did anything come that is worth money?"""
        return bool(self._said or self._tools or self._counts)


async def assembled(
    call: Call, pieces: AsyncGenerator[Piece, None], prices: str, clock: Clock
) -> AsyncGenerator[ChatDelta, None]:
    """The deltas of an answer. A ModelError that comes half way carries the usage so far."""
    answer = _Answer(call, prices, clock)
    try:
        async with aclosing(pieces) as source:
            async for piece in source:
                if piece.loading is not None:
                    yield ChatDelta(loading=piece.loading)
                    continue
                text = answer.take(piece)
                if text:
                    yield ChatDelta(text)
    except ModelError as problem:
        if problem.usage is None and answer.anything:
            problem.usage = answer.usage()
        raise
    if answer.is_empty and answer.finish not in ("", "stop"):
        raise answer.emptiness()
    yield ChatDelta(answer.close_thought(), answer.calls(), answer.usage(), answer.finish or "stop")
