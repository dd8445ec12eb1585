"""Prices as texts: plain decimal notation, every digit kept."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def plain_price(price: object) -> str:
    """A price without an exponent, however small or large; "0" for what is no number."""
    text = str(price or "0")
    if text.isdigit():
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return "0"
    if not value.is_finite():
        return "0"
    # A zero of many places is still nothing.
    return f"{value:f}" if value else "0"


def shown_price(price: object, currency: str = "") -> str:
    """A price for people, without zeros at its end; an empty text for none."""
    text = plain_price(price)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("0", "-0"):
        return ""
    return f"${text}" if currency in ("", "USD") else f"{text} {currency}"
