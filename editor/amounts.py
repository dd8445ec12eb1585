"""Times, tokens and prices for people, the same wherever a run is shown (editor spec, R6)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from engine.model.prices import plain_price, shown_price

MOST_DECIMALS = 8


def duration(seconds: float | None) -> str:
    """Milliseconds below a second, seconds up to a minute, then minutes and seconds; an empty text for None."""
    if seconds is None:
        return ""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 9_995:
        return f"{seconds:.2f} s"
    if milliseconds < 59_950:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest} s"


def seconds_in_column(seconds: float) -> str:
    """The run time in the table of the log: seconds with 3 decimals whatever their size (editor spec, section 14), so
    that times of a column compare at a glance. R6 speaks of one run and its steps: result, details, trace, history and
    the preview beside the table."""
    return f"{seconds:,.3f} s"


def token_count(count: int) -> str:
    """A number of tokens in short: 950, 1.2K, 3.4M."""
    if count < 1000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}K".replace(".0K", "K")
    return f"{count / 1_000_000:.1f}M".replace(".0M", "M")


def tokens_in_full(count: int) -> str:
    """A number of tokens in short with the whole number behind it: 950, 1.2K (1,234)."""
    return str(count) if count < 1000 else f"{token_count(count)} ({count:,})"


def price_text(price: object, currency: str = "") -> str:
    """A price; an empty text for none."""
    return shown_price(price, currency)


def price_decimals(prices: Iterable[object]) -> int:
    """How many decimals a column of prices needs, so that its points stand one below the other; two at least."""
    found = 2
    for price in prices:
        _, _, decimals = plain_price(price).partition(".")
        found = max(found, len(decimals.rstrip("0")))
    return min(found, MOST_DECIMALS)


def price_in_column(price: object, decimals: int) -> str:
    """A price with so many decimals; an empty text for none, "<" before the least amount for what is below it."""
    value = Decimal(plain_price(price))
    if not value:
        return ""
    shown = f"{value:.{decimals}f}"
    return f"${shown}" if Decimal(shown) else f"<${Decimal(1).scaleb(-decimals):f}"
