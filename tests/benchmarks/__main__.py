"""Runs every benchmark of this folder and prints its figures: `python -m tests.benchmarks [name ...]`."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path


def main() -> int:
    """Each `bench_*.py` has a `main()` that prints; names on the command line choose among them."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    wanted = set(sys.argv[1:])
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = file.stem.removeprefix("bench_")
        if wanted and name not in wanted:
            continue
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{file.stem}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
