"""What browsing a log of 20,000 runs costs: every filter alone, some together, every order, deep pages."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from engine.services.context import Services
from engine.services.logs import SORTS, RunFilter
from tests.benchmarks.bench_store import milliseconds
from tests.helpers.logs import fill

RUNS = 20_000
BUDGET = 100


def filters(app_id: str) -> dict[str, RunFilter]:
    """The questions by name."""
    return {
        "nothing chosen": RunFilter(),
        "one workflow": RunFilter(app_id=app_id),
        "failed or stopped": RunFilter(statuses=("failed", "stopped")),
        "a period": RunFilter(since="2026-01-05T00:00:00", until="2026-01-06T00:00:00"),
        "a word": RunFilter(keyword="order 19999"),
        "a word of every run": RunFilter(keyword="lorem"),
        "Chinese": RunFilter(keyword="订单 12345"),
        "two characters": RunFilter(keyword="订单"),
        "two that nobody has": RunFilter(keyword="鲸鱼"),
        "a version": RunFilter(version="2026-01-01 00:00:00"),
        "a node by id": RunFilter(node="n2"),
        "a node by title": RunFilter(node="Send mail"),
        "a node by two": RunFilter(node="翻译"),
        "an error": RunFilter(error="did not answer"),
        "a trigger": RunFilter(trigger="batch"),
        "pinned": RunFilter(pinned=True),
        "nothing found": RunFilter(keyword="no such thing at all"),
        "all together": RunFilter(
            app_id=app_id, statuses=("failed",), since="2026-01-02", keyword="order", version="draft", node="Send",
            error="did not", trigger="debugging",
        ),
    }  # fmt: skip


def main() -> int:
    """Print every figure; 1 when one is over the budget."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(Path(folder))
        apps = [services.workflows.create("workflow", f"App {n}") for n in range(10)]
        begin = time.perf_counter()
        fill(services, RUNS, apps)
        print(f"{RUNS:,} runs written in {time.perf_counter() - begin:.1f} s; median milliseconds (budget {BUDGET}):")
        logs = services.logs

        def measure(name: str, job: Any) -> None:
            nonlocal worst
            taken = milliseconds(job, 7)
            worst = max(worst, taken)
            print(f"  {name:28} {taken:7.2f}", flush=True)

        for name, wanted in filters(apps[3]).items():
            measure(name, lambda w=wanted: logs.page(w))
        for sort in SORTS:
            measure(f"by {sort}", lambda s=sort: logs.page(sort=s))
        cursor = logs.page(limit=15_000).cursor
        measure("the page after 15,000", lambda: logs.page(cursor=cursor))
        measure("count of all", lambda: logs.count())
        measure("count of a word", lambda: logs.count(RunFilter(keyword="订单 12345")))
        measure("conversations", lambda: logs.conversations())
        services.close()
    return int(worst > BUDGET)


if __name__ == "__main__":
    raise SystemExit(main())
