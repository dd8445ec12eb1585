"""How soon the window stands: imports, and the whole program from its command to its first shown window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMES = 7
SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "templates"

READY = """
import asyncio, os, sys
from pathlib import Path
import qasync
from PySide6.QtCore import QTimer
from editor.app import dress, load, make_application, make_window
from editor.settings import Preferences
from engine.services.context import Services

app = make_application()
services = Services.open(Path(sys.argv[1]))
preferences = Preferences(services.data_dir / "preferences.json")
dress(preferences)
loop = qasync.QEventLoop(app)
asyncio.set_event_loop(loop)
window = make_window(services, preferences)
window.show()
file = Path(sys.argv[2]) if len(sys.argv) > 2 else None
started = []


def look():
    done = window.page is not None if file else bool(started) and not window.studio.tasks.busy
    if done:
        window.grab()
        os._exit(0)


def begin():
    load(window, file)
    started.append(True)


QTimer.singleShot(0, window, begin)
timer = QTimer(window, interval=2)
timer.timeout.connect(look)
timer.start()
with loop:
    loop.run_forever()
"""
"""The program up to the filled library, or up to the picture of a file on its canvas."""


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
        print(f"  the window, shown               {(shown - empty) * 1000:7.1f}   (target 1000)")
        filled = seconds("-c", READY, folder, QT_QPA_PLATFORM="offscreen")
        print(f"  the library, filled             {(filled - empty) * 1000:7.1f}")
        sample = str(min(SAMPLES.glob("*.yml")))
        opened = seconds("-c", READY, folder, sample, QT_QPA_PLATFORM="offscreen")
        print(f"  a file on its canvas            {(opened - empty) * 1000:7.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
