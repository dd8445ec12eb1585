"""Editing at size: search over 5,000 nodes, paste of 500 and its undo, layout of 500, against the targets below.

Run alone with `python -m tests.benchmarks.bench_editing`; the real canvas, offscreen. Spec: editor 29 asks for a layout
of 500 nodes within 2 s; the others are held to what a hand does not notice.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PENSTOCK_NO_MOTION", "1")

from PySide6.QtWidgets import QApplication

from tests.benchmarks.bench_canvas import Bench, build_graph

SEARCHED = 5_000
PASTED = 500
TARGETS = {
    "search, first time": 200.0,
    "search, first letter": 50.0,
    "search, nothing found": 50.0,
    "paste": 250.0,
    "undo of the paste": 250.0,
    "layout": 2_000.0,
}
"""Milliseconds."""


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that it took, with what it leaves to the event loop."""
    began = perf_counter()
    work()
    QApplication.processEvents()
    return (perf_counter() - began) * 1000


def say(name: str, count: int, spent: list[float]) -> None:
    middle, target = statistics.median(spent), TARGETS[name]
    verdict = "ok" if middle <= target else "TOO SLOW"
    print(f"{name:24} {count:6,} nodes  {middle:8.1f} ms  (target {target:,.0f})  {verdict}", flush=True)


def search() -> None:
    """The search of the find bar, with what it reads of every node already read and not."""
    from editor.search import NodeSearch
    from engine.model.graph import Graph

    graph = build_graph(SEARCHED)
    assert isinstance(graph, Graph)
    say("search, first time", SEARCHED, [timed(lambda: NodeSearch().find(graph, "code")) for _ in range(5)])
    finder = NodeSearch()
    for name, words in (("search, first letter", "s"), ("search, nothing found", "zzzz")):
        say(name, SEARCHED, [timed(lambda words=words: finder.find(graph, words)) for _ in range(5)])


def paste(app: QApplication) -> None:
    """A paste of many nodes into a graph as large, and back."""
    pasted, undone = [], []
    bench = Bench(app, PASTED)
    view = bench.view
    document = view.document
    assert document is not None
    view.select_all()
    view.copy()
    for _ in range(5):
        pasted.append(timed(lambda: view.paste((0, 9000))))
        undone.append(timed(document.undo))
    say("paste", PASTED, pasted)
    say("undo of the paste", PASTED, undone)
    view.close()


def layout(app: QApplication) -> None:
    """Tidying, with the canvas that follows."""
    spent = []
    for _ in range(3):
        bench = Bench(app, PASTED)
        spent.append(timed(bench.view.organize))
        bench.view.close()
    say("layout", PASTED, spent)


def main() -> None:
    """Print all figures."""
    app = QApplication.instance()
    made = app if isinstance(app, QApplication) else QApplication([])
    search()
    paste(made)
    layout(made)


if __name__ == "__main__":
    main()
