"""The window at size: a trace of 10,001 lines opened whole and scrolled, go to anything over 2,000 nodes.

Run alone with `python -m tests.benchmarks.bench_window`; the real window, offscreen (editor spec, list C 7 and 61).
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PENSTOCK_NO_MOTION", "1")

from editor.screenshot import wait_until
from engine.model.edits import AddNode, Group
from engine.run.fold import fold
from tests.editor.panels.test_trace import long_events, nested_run
from tests.helpers.canvas import node
from tests.helpers.studio import opened_studio
from tests.journeys.test_keys import go_to

OPEN_MS, FRAME_MS, GO_MS = 500.0, 16.0, 50.0


def say(name: str, milliseconds: float, target: float) -> None:
    verdict = "ok" if milliseconds <= target else "TOO SLOW"
    print(f"{name:24} {milliseconds:8.1f} ms  (target {target:,.0f})  {verdict}", flush=True)


def main() -> int:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder, opened_studio(Path(folder)) as studio:
        trace = nested_run(studio)
        events = long_events(1000)
        began = perf_counter()
        studio.page.session.show_past(fold(events))
        trace.tree.expandAll()
        trace.tree.scrollToBottom()
        trace.grab()
        say("trace of 10,001 lines", (perf_counter() - began) * 1000, OPEN_MS)
        frames = []
        bar = trace.tree.verticalScrollBar()
        for value in range(0, bar.maximum(), max(bar.maximum() // 60, 1)):
            bar.setValue(value)
            began = perf_counter()
            trace.tree.viewport().grab()
            frames.append((perf_counter() - began) * 1000)
        say("a screenful, scrolling", statistics.median(frames), FRAME_MS)
        page = studio.sample("parallel-summaries")
        many = tuple(AddNode(node(f"n{i}", 300 * (i % 50), 200 * (i // 50), title=f"Step {i}")) for i in range(2000))
        page.session.submit(Group("many", many), "many")
        wait_until(lambda: False, 0.5)
        studio.activate()
        go_to(studio).close()  # what is loaded once is loaded
        opened = []
        for _ in range(5):
            began = perf_counter()
            dialog = go_to(studio)
            opened.append((perf_counter() - began) * 1000)
            dialog.close()
        say("go to, 2,000 nodes", statistics.median(opened), GO_MS)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
