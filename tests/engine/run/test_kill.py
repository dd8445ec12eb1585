"""A run whose process is killed is continued by another one (engine spec 9.7, last paragraph)."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_killed_runs_reach_the_same_end() -> None:
    from tests.kill_runs import main

    assert main(times=3, seed=7) == 0
