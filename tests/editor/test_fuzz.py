"""Random editing with undo back to the beginning; `python -m tests.fuzz_editing 10000` plays longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz_editing import play


@pytest.mark.spec("editor.26")
@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_editing_can_be_undone_to_the_beginning_and_redone_to_the_end(seed: int) -> None:
    done, steps = play(2500, seed)

    assert sum(done.values()) == 2500
    assert steps > 500


def test_a_program_that_copied_nodes_ends_well() -> None:
    """What lies on the clipboard must not outlive the interpreter."""
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz_editing", "60"], cwd=root, capture_output=True, text=True, timeout=100
    )
    assert "copy and paste" in ended.stdout
    assert ended.returncode == 0, ended.stderr
