"""Icons, translations, sample workflows and texts, read through `resources.folder`."""

from __future__ import annotations

from pathlib import Path


def folder(*parts: str) -> Path:
    """The path of a resource; the folder is the package's own, also in an installed or frozen application."""
    return Path(__file__).resolve().parent.joinpath(*parts)
