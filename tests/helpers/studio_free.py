"""Where the samples lie, for tests that need no window."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "resources" / "templates"
