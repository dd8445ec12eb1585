"""One place that names loggers and sets up where they go."""

from __future__ import annotations

import logging
import sys


def get_logger(name: str) -> logging.Logger:
    """The logger of a module, under the common root `penstock`."""
    return logging.getLogger(f"penstock.{name.removeprefix('penstock.')}")


def to_stderr(level: int = logging.WARNING) -> None:
    """Send log records of this program to standard error, once."""
    root = logging.getLogger("penstock")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(level)
