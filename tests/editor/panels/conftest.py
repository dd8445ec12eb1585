"""A shown main window for panels that live in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.studio import Studio, opened_studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A shown main window over an empty workspace."""
    with opened_studio(tmp_path) as made:
        yield made
