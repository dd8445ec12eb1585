"""What a node may ask of a language model, an embedder or a reranker (nodes-ai spec, sections 1.2, 1.6 and 1.7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from engine.errors import PenstockError

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class ModelRef:
    """A model as a DSL file names it; `provider` in any spelling, matched by its last path part, then as a whole."""

    provider: str
    name: str
    mode: str = "chat"


@dataclass(frozen=True)
class ContentPart:
    """One piece of a message: text, or an image/audio/video/document as base64 `data` or as `url`."""

    kind: Literal["text", "image", "audio", "video", "document"]
    text: str = ""
    data: str = ""
    url: str = ""
    mime_type: str = ""
    filename: str = ""
    detail: str = "high"


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for; `arguments` is the JSON text as the model wrote it. `signature` is the
    provider's own mark, which goes back to it with the call and means nothing to anybody else."""

    id: str
    name: str
    arguments: str
    signature: str = ""


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str | tuple[ContentPart, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """The text parts joined."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if part.kind == "text")


@dataclass(frozen=True)
class ToolSpec:
    """A function that the model may call; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """Tokens, prices (decimals, never binary floats) and timings in seconds of one or several calls."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_unit_price: Decimal = Decimal(0)
    prompt_price_unit: Decimal = Decimal(0)
    prompt_price: Decimal = Decimal(0)
    completion_unit_price: Decimal = Decimal(0)
    completion_price_unit: Decimal = Decimal(0)
    completion_price: Decimal = Decimal(0)
    total_price: Decimal = Decimal(0)
    currency: str = "USD"
    latency: float = 0.0
    time_to_first_token: float | None = None
    time_to_generate: float | None = None

    def plus(self, other: Usage) -> Usage:
        """Sum by engine spec section 12: unit prices, currency and the two timings come from the right operand."""
        if self.total_tokens == 0:
            return other
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            prompt_unit_price=other.prompt_unit_price,
            prompt_price_unit=other.prompt_price_unit,
            prompt_price=self.prompt_price + other.prompt_price,
            completion_unit_price=other.completion_unit_price,
            completion_price_unit=other.completion_price_unit,
            completion_price=self.completion_price + other.completion_price,
            total_price=self.total_price + other.total_price,
            currency=other.currency,
            latency=self.latency + other.latency,
            time_to_first_token=other.time_to_first_token,
            time_to_generate=other.time_to_generate,
        )

    def to_json(self) -> dict[str, Any]:
        """All keys, decimals as plain strings (nodes-ai spec 1.6)."""
        return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Usage:
        """The inverse of `to_json`; missing keys get their defaults, a zero total is rebuilt from its parts."""
        values: dict[str, Any] = {}
        for name, default in vars(cls()).items():
            if name in data and data[name] is not None:
                values[name] = Decimal(str(data[name])) if isinstance(default, Decimal) else data[name]
        if not values.get("total_tokens"):
            values["total_tokens"] = values.get("prompt_tokens", 0) + values.get("completion_tokens", 0)
        return cls(**values)


@dataclass(frozen=True)
class ChatRequest:
    """One model call. `schema` asks for JSON output of that JSON schema in the strongest way the model has. `shape` is
    one that only small models inside the program are held to, which would not find the form by words alone."""

    model: ModelRef
    messages: Sequence[Message]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stop: Sequence[str] = ()
    tools: Sequence[ToolSpec] = ()
    schema: Mapping[str, Any] | None = None
    shape: Mapping[str, Any] | None = None
    stream: bool = True
    user: str = ""


@dataclass(frozen=True)
class ChatDelta:
    """A piece of an answer. Usage and finish reason come with the last one only; reasoning is already folded into
    `text` as `<think>...</think>` by the adapter (AI-19). `parts` are media that the model made. `loading` is no part
    of the answer: the share of a model that is in memory by now, told before the first word of one that must be loaded.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    finish_reason: str = ""
    parts: tuple[ContentPart, ...] = ()
    loading: float | None = None


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model. `features` None = unknown. `context_size` in tokens, None = unknown."""

    ref: ModelRef
    label: str = ""
    features: frozenset[str] | None = None
    context_size: int | None = None
    parameter_rules: tuple[Mapping[str, Any], ...] = ()


class ModelError(PenstockError):
    """A model call that failed. `error_type` is the name the spec gives it; `usage` is kept when any was reported."""

    def __init__(self, error_type: str, message: str, *, usage: Usage | None = None, **more: Any) -> None:
        super().__init__(message, code=f"model.{error_type}", **more)
        self.error_type = error_type
        self.usage = usage

    def __str__(self) -> str:
        return self.message


class ChatModel(Protocol):
    """A door to every chat model of the workspace. Async, safe to use from many nodes at once."""

    def resolve(self, ref: ModelRef) -> ModelInfo:
        """The model that `ref` means here, after aliases. Raises ModelError (ModelNotExistError,
        ProviderTokenNotInitError, ...) when there is none."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[ChatDelta]:
        """The answer piece by piece; closing the iterator cancels the call at once. Raises ModelError."""
        ...

    def count_tokens(self, ref: ModelRef, messages: Sequence[Message]) -> int:
        """Tokens of `messages` for that model, an estimate where no tokenizer is known."""
        ...


class Embedder(Protocol):
    """Text to vectors."""

    async def embed(self, ref: ModelRef, texts: Sequence[str]) -> list[list[float]]:
        """One vector of floats a text, all of one length."""
        ...


class Reranker(Protocol):
    """Order documents by their fit to a query."""

    async def rerank(self, ref: ModelRef, query: str, documents: Sequence[str]) -> list[float]:
        """One score a document, higher is better."""
        ...
