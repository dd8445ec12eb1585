"""The version of the engine, which stands in the record of each run (storage spec 2.4)."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
