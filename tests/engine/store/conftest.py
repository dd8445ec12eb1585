"""A workspace of the test's own for the tests of the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.services.context import Services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """An empty workspace, closed in the end."""
    opened = Services.open(tmp_path / "workspace")
    yield opened
    opened.close()
