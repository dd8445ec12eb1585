"""The command line (architecture 4.1): machine output on standard output, words for people on standard error.

`check` and `convert` open no workspace and import no database.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Carry out a command; the exit code."""
    from engine.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        # A pipe may have another encoding; output is always UTF-8.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    return run(sys.argv[1:] if arguments is None else arguments)
