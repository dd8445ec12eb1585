"""Times, tokens and prices in words."""

from __future__ import annotations

import pytest

from editor.amounts import duration, price_decimals, price_in_column, token_count, tokens_in_full


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""), (0, "0 ms"), (0.034, "34 ms"), (0.9994, "999 ms"), (0.9996, "1.00 s"), (1.5, "1.50 s"),
        (9.996, "10.0 s"), (12.34, "12.3 s"), (59.94, "59.9 s"), (59.96, "1 m 0 s"), (75, "1 m 15 s"),
        (3725, "62 m 5 s"),
    ],
)  # fmt: skip
@pytest.mark.spec("editor.59")
def test_times_are_in_ms_below_a_second_and_in_minutes_above_sixty(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (999, "999"), (1000, "1K"), (1234, "1.2K"), (999_949, "999.9K"), (999_950, "1M"), (3_400_000, "3.4M")],
)
@pytest.mark.spec("editor.59")
def test_tokens_are_in_thousands_and_millions(count: int, words: str) -> None:
    assert token_count(count) == words


def test_a_shortened_number_of_tokens_is_told_in_full_where_there_is_room() -> None:
    assert [tokens_in_full(n) for n in (12, 12_345)] == ["12", "12.3K (12,345)"]


def test_prices_of_a_column_have_as_many_decimals_as_the_finest() -> None:
    prices = ["0.077", "12", "0.08320", "1E-4", "0", ""]
    decimals = price_decimals(prices)
    assert decimals == 4
    assert [price_in_column(p, decimals) for p in prices] == ["$0.0770", "$12.0000", "$0.0832", "$0.0001", "", ""]
    assert price_in_column("0.00001", 2) == "<$0.01"
    assert price_decimals(["1"]) == 2
    assert price_decimals(["1E-20"]) == 8
