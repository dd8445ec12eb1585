"""Numbered steps from each earlier schema to the present one, on a file that was copied first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from engine.store.tables import SCHEMA_VERSION

STEPS: Mapping[int, Callable[[Connection], None]] = {}
"""Schema version to the step that leads to the next one."""


def backup(path: Path, version: int) -> Path:
    """A copy of the file beside it, made with SQLite's own online backup."""
    target = path.with_name(f"{path.stem}.schema-{version}.bak")
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    return target


def migrate(engine: Engine, path: Path, version: int) -> None:
    """Bring the file to the present schema in one transaction; a failed step leaves the old file in use."""
    backup(path, version)
    with engine.connect() as connection:
        connection.execute(text("begin immediate"))
        for step in range(version, SCHEMA_VERSION):
            STEPS[step](connection)
        connection.execute(text(f"pragma user_version = {SCHEMA_VERSION}"))
        connection.execute(text("commit"))
