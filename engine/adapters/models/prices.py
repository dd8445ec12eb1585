"""Usage with prices (nodes-ai spec 1.6): what the person set, else the bundled price table, else nothing."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from engine.adapters.models.setup import ModelSettings
from engine.logs import get_logger
from engine.ports.models import Usage

log = get_logger(__name__)
MILLIONTH = Decimal("0.000001")
SEVEN_PLACES = Decimal("0.0000001")


@lru_cache(maxsize=256)
def table_prices(provider: str, model: str) -> tuple[Decimal, Decimal] | None:
    """Prices of a million tokens in and out by the price table, or None. The first prices of a tiered model."""
    if not provider:
        return None
    from genai_prices import Usage as Counted
    from genai_prices import calc_price

    try:
        one = 1000
        found = calc_price(
            Counted(input_tokens=one, output_tokens=one), model_ref=model.rsplit("/", 1)[-1], provider_id=provider
        )
    except (LookupError, ValueError):
        return None
    scale = Decimal(1_000_000) / one
    return found.input_price * scale, found.output_price * scale


@lru_cache(maxsize=64)
def table_models(provider: str) -> tuple[str, ...]:
    """The chat models that the price table has of a provider, without those that are no longer sold."""
    if not provider:
        return ()
    from genai_prices.data_snapshot import get_snapshot

    found = next((p for p in get_snapshot().providers if p.id == provider), None)
    if found is None:
        return ()
    return tuple(m.id for m in found.models if not m.deprecated and not _OTHER_KINDS.search(m.id.lower()))


_OTHER_KINDS = re.compile(
    r"embed|whisper|tts|audio|speech|transcri|image|dall|moderation|rerank|guard|^(ada|babbage|curie|davinci)|-ft$|sora"
)


@lru_cache(maxsize=256)
def table_context(provider: str, model: str) -> int | None:
    """The context of a model in tokens by the price table, or None."""
    if not provider:
        return None
    from genai_prices import Usage as Counted
    from genai_prices import calc_price

    try:
        found = calc_price(Counted(input_tokens=1), model_ref=model.rsplit("/", 1)[-1], provider_id=provider)
    except (LookupError, ValueError):
        return None
    return found.model.context_window


def _price(tokens: int, unit_price: Decimal) -> Decimal:
    price = (tokens * unit_price * MILLIONTH).quantize(SEVEN_PLACES, rounding=ROUND_HALF_UP)
    return price or Decimal(0)  # zero in its plain spelling


def priced_usage(
    prompt: int,
    completion: int,
    *,
    provider: str = "",
    model: str = "",
    settings: ModelSettings | None = None,
    latency: float = 0.0,
    first_token: float | None = None,
) -> Usage:
    """The usage of one call. Times in seconds; `first_token` only where content was streamed."""
    prices = table_prices(provider, model) if provider else None
    unit_in, unit_out = prices or (Decimal(0), Decimal(0))
    if settings is not None and settings.input_price is not None:
        unit_in = settings.input_price
    if settings is not None and settings.output_price is not None:
        unit_out = settings.output_price
    cost_in, cost_out = _price(prompt, unit_in), _price(completion, unit_out)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_unit_price=unit_in,
        prompt_price_unit=MILLIONTH,
        prompt_price=cost_in,
        completion_unit_price=unit_out,
        completion_price_unit=MILLIONTH,
        completion_price=cost_out,
        total_price=cost_in + cost_out,
        latency=round(latency, 3),
        time_to_first_token=round(first_token, 3) if first_token is not None else None,
        time_to_generate=round(max(latency - first_token, 0.0), 3) if first_token is not None else None,
    )
