"""The table of features names tests that are there, and no row of the specification is without one."""

from __future__ import annotations

from tests import features


def test_every_row_has_tests_that_are_there() -> None:
    assert not features.missing()
