"""Prices as texts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.prices import plain_price, shown_price


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_no_digit_is_lost_and_no_exponent_shown(value: Decimal) -> None:
    text = plain_price(value)
    assert "e" not in text.lower()
    assert Decimal(text) == value
    assert plain_price(text) == plain_price(str(value)) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (Decimal("1E-7"), "0.0000001"),
        ("1E-7", "0.0000001"),
        (1e-07, "0.0000001"),
        (Decimal("2.50E+3"), "2500"),
        (Decimal("0E-7"), "0"),
        ("0.0000223", "0.0000223"),
        ("12.50", "12.50"),
        ("7", "7"),
        (0, "0"),
        (None, "0"),
        ("", "0"),
        ("free", "0"),
        ("NaN", "0"),
        (float("inf"), "0"),
    ],
)
def test_plain_prices(price: object, text: str) -> None:
    assert plain_price(price) == text


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        ("1E-7", "USD", "$0.0000001"),
        ("0.0000446", "", "$0.0000446"),
        ("0.0000446123", "", "$0.0000446123"),
        ("12.50", "USD", "$12.5"),
        ("100", "USD", "$100"),
        ("0.3", "RMB", "0.3 RMB"),
        ("0E-7", "USD", ""),
        ("0.000", "USD", ""),
        ("", "", ""),
    ],
)
def test_prices_for_people(price: str, currency: str, text: str) -> None:
    assert shown_price(price, currency) == text
