"""Our canvas beside NodeGraphQt, a general node editor for Qt, on graphs of the same size: first paint, pan, zoom.

It is measured where it is installed: in this environment, or in the one whose interpreter PENSTOCK_NODEGRAPHQT names
(it wants other packages than ours). The measuring part runs in a process of its own and needs nothing of this project.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
from time import perf_counter
from typing import Any

SIZES = (100, 500, 1_000)
FRAMES = 60


def measure(count: int) -> dict[str, float]:
    """Seconds to the first paint and median milliseconds a frame of NodeGraphQt."""
    from NodeGraphQt import BaseNode, NodeGraph  # type: ignore[import-not-found]

    try:
        from PySide6.QtWidgets import QApplication
    except ImportError:
        from Qt.QtWidgets import QApplication  # type: ignore[import-not-found, no-redef]

    app = QApplication.instance() or QApplication([])

    class Step(BaseNode):  # type: ignore[misc]
        __identifier__ = "bench"
        NODE_NAME = "step"

        def __init__(self) -> None:
            super().__init__()
            self.add_input("in")
            self.add_output("out")

    begin = perf_counter()
    graph = NodeGraph()
    graph.register_node(Step)
    columns = max(10, round(count**0.5))
    made = []
    for number in range(count):
        place = ((number % columns) * 320, (number // columns) * 170)
        made.append(graph.create_node("bench.Step", name=f"n{number}", pos=place, push_undo=False))
        if number % columns:
            made[-2].set_output(0, made[-1].input(0))
    graph.widget.resize(1280, 720)
    graph.widget.show()
    viewer: Any = graph.viewer()
    graph.clear_selection()
    graph.fit_to_selection()
    app.processEvents()
    first = perf_counter() - begin

    def frames(act: Any) -> float:
        taken = []
        for number in range(FRAMES):
            start = perf_counter()
            act(number)
            viewer.viewport().repaint()
            taken.append((perf_counter() - start) * 1000)
        return statistics.median(taken)

    pan = frames(lambda n: viewer._set_viewer_pan(7 if n % 40 < 20 else -7, 3))
    zoom = frames(lambda n: viewer._set_viewer_zoom(0.05 if n % 40 < 20 else -0.05))
    return {"first paint": first * 1000, "pan": pan, "zoom": zoom}


def ours(count: int) -> dict[str, float]:
    """The same of our canvas."""
    from PySide6.QtWidgets import QApplication

    from tests.benchmarks.bench_canvas import Bench

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    bench = Bench(app, count)
    found = {"first paint": bench.first_paint * 1000}
    found |= {"pan": statistics.median(bench.pan()), "zoom": statistics.median(bench.zoom())}
    bench.close()
    return found


def main() -> int:
    """Print both and the ratios, or that there is nothing to compare with."""
    python = os.environ.get("PENSTOCK_NODEGRAPHQT") or (
        sys.executable if importlib.util.find_spec("NodeGraphQt") is not None else ""
    )
    if not python:
        print("NodeGraphQt is not installed beside this project: nothing to compare with")
        return 0
    print(f"{'nodes':>6} {'what':12} {'ours':>9} {'NodeGraphQt':>12} {'ratio':>7}")
    for count in SIZES:
        done = subprocess.run(
            [python, __file__, str(count)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = json.loads(done.stdout.splitlines()[-1])
        for name, value in ours(count).items():
            print(f"{count:6} {name:12} {value:7.2f}ms {theirs[name]:10.2f}ms {theirs[name] / value:6.1f}x")
    return 0


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
