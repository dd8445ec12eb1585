"""The version that records of runs hold is that of the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

from engine.version import VERSION


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION
