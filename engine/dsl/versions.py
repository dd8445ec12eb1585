"""The version of a DSL file against the one this program knows (dsl spec, section 3.2)."""

from __future__ import annotations

import re
from typing import Literal

from engine.dsl.text import DslError

CURRENT_APP = "0.7.0"
CURRENT_PIPELINE = "0.1.0"
WRITTEN = "0.6.0"
ASSUMED = "0.1.0"

VersionStatus = Literal["completed", "completed-with-warnings", "pending"]
_PATTERN = re.compile(
    r"v?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev|post|rev|r)[-_.]?\d*)*(?:\+[\w.]+)?"
)


def numbers(version: str) -> tuple[int, int, int]:
    """Major, minor and patch. Raises DslError `version.unparseable`."""
    match = _PATTERN.fullmatch(version.strip().lower())
    if match is None:
        raise DslError(f"The version {version!r} is not a version number.", code="version.unparseable")
    parts = [int(p) for p in match[1].split(".")][:3]
    parts += [0] * (3 - len(parts))
    return parts[0], parts[1], parts[2]


def compare(version: str, current: str) -> VersionStatus:
    """What becomes of an import of `version` into a program at `current`. Raises DslError `version.unparseable`."""
    found, known = numbers(version), numbers(current)
    if found > known or found[0] < known[0]:
        return "pending"
    if found[1] < known[1]:
        return "completed-with-warnings"
    return "completed"
