"""How soon the window stands: imports, and the whole program from its command to its first shown window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

TIMES = 7


def seconds(*arguments: str, **environment: str) -> float:
    """The median time of a fresh interpreter's whole life."""
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], env={**os.environ, **environment}, check=True, stderr=subprocess.DEVNULL
        )
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def main() -> int:
    """Print every figure."""
    empty = seconds("-c", "")
    print("fresh interpreters, median milliseconds above an empty one:")
    for name in ("engine", "engine.cli", "engine.services.context", "PySide6.QtWidgets", "editor.app"):
        print(f"  import {name:24} {(seconds('-c', f'import {name}') - empty) * 1000:7.1f}")
    with tempfile.TemporaryDirectory() as folder:
        more = {"PENSTOCK_EXIT_AFTER_SHOW": "1", "QT_QPA_PLATFORM": "offscreen"}
        shown = seconds("-m", "editor", "--data", folder, **more)
    print(f"  the window, shown               {(shown - empty) * 1000:7.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
