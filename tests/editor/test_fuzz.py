"""Random editing with undo back to the beginning; `python -m tests.fuzz_editing 10000` plays longer."""

from __future__ import annotations

import pytest

from tests.fuzz_editing import play


@pytest.mark.spec("editor.26")
@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_editing_can_be_undone_to_the_beginning_and_redone_to_the_end(seed: int) -> None:
    done, steps = play(2500, seed)

    assert sum(done.values()) == 2500
    assert steps > 500
