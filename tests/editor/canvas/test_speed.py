"""The canvas keeps up with the hand. Processor time is counted, the best of some tries: a busy machine must not fail
what is fast enough."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from time import thread_time

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from tests.benchmarks.bench_canvas import Bench

FRAME = 1.0 / 60.0


class Timed(Bench):
    """Counts the processor time of a frame instead of the wall's."""

    def frame(self, act) -> float:  # type: ignore[no-untyped-def]
        started = thread_time()
        act()
        self.view.repaint()
        return thread_time() - started


@pytest.fixture
def many(qapp: QApplication) -> Iterator[Timed]:
    made = Timed(qapp, 500)
    yield made
    made.close()


@pytest.mark.spec("editor.7")
def test_dragging_two_hundred_nodes_keeps_sixty_frames_a_second(many: Timed) -> None:
    many.view.select([f"n{number}" for number in range(200)])
    before = {n: (node.x, node.y) for n, node in many.document.graph.nodes.items()}
    times = many.drag_many()
    assert statistics.median(times) < FRAME
    # Undone by the benchmark: the drag was one step that moved them all and nothing else.
    assert {n: (node.x, node.y) for n, node in many.document.graph.nodes.items()} == before
    many.document.redo()
    moved = [n for n, node in many.document.graph.nodes.items() if (node.x, node.y) != before[n]]
    assert sorted(moved) == sorted(f"n{number}" for number in range(200))


@pytest.mark.spec("editor.8")
def test_five_hundred_nodes_open_at_once_and_pan_at_sixty_frames(qapp: QApplication) -> None:
    started = thread_time()
    bench = Timed(qapp, 500)
    opened = thread_time() - started
    assert opened < 1.5
    assert len(bench.view.scene.items) == 500
    assert bench.view.visible_box().covers(bench.view.scene.bounds())
    place = bench.view.node_rect("n0").topLeft()
    assert statistics.median(bench.pan()) < FRAME
    assert bench.view.node_rect("n0").topLeft() != QPointF(place)
    bench.close()


@pytest.mark.spec("editor.8")
def test_two_thousand_nodes_open_within_five_seconds_and_pan_at_thirty_frames(qapp: QApplication) -> None:
    started = thread_time()
    bench = Timed(qapp, 2000)
    assert thread_time() - started < 5.0
    assert statistics.median(bench.pan()) < 2 * FRAME
    bench.close()
