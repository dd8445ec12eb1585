"""Makes the pictures of the README from the real window: `python packaging/shots.py [folder]`.

Every picture is a run of `python -m editor FILE --screenshot`, so that it can never show what the program does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "resources" / "templates"
PICTURES = (
    ("studio-dark.png", "parallel-summaries.yml", "dark", ("--run", "--panel", "none,trace")),
    (
        "studio-light.png",
        "branch-on-a-condition.yml",
        "light",
        ("--run", "--panel", "none", "--select", "1700000000002", "--zoom", "0.6"),
    ),
)


def main() -> int:
    """Write each picture into the folder named on the command line, or `docs`."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, sample, theme, more in PICTURES:
        with tempfile.TemporaryDirectory() as data:
            command = [sys.executable, "-m", "editor", str(TEMPLATES / sample), "--screenshot", str(folder / name)]
            command += ["--size", "1440x900", "--theme", theme, *more]
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PENSTOCK_DATA": data}
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            print(f"{name}: the studio ended with exit code {done.returncode}", file=sys.stderr)
            return 1
        print(folder / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
