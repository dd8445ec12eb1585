"""What the engine costs beside the work of its nodes, in microseconds a node or round; memory; starting a run.

`python -m tests.benchmarks.bench_engine [--profile chain]`. Nothing is recorded here; recording is the store's figure.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import pstats
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult
from engine.ports.bundle import Ports
from engine.run.engine import LocalRun, start_run
from engine.run.limits import Limits
from engine.run.request import RunRequest
from tests.helpers.run import build, iterate, loop, pick, stub

LIMITS = Limits(max_steps=10_000_000)


class Quick(Node[NodeConfig]):
    """Answers at once with one small output."""

    node_type = "quick"

    def run(self, ctx: NodeContext) -> NodeResult:
        return NodeResult(outputs={"text": "x"})


class Begin(Quick):
    """A start node with nothing in it."""

    execution_type = ExecutionType.ROOT


class Pass(Node[NodeConfig]):
    """Hands on the large value it reads."""

    def run(self, ctx: NodeContext) -> NodeResult:
        return NodeResult(outputs={"text": ctx.pool.get_value((self.config.source, "text"))})  # type: ignore[attr-defined]


class Slow(Node[NodeConfig]):
    """Waits for one turn of the loop, as a node that asks the network does."""

    async def run(self, ctx: NodeContext) -> NodeResult:
        await asyncio.sleep(0)
        return NodeResult(outputs={"text": "x"})


def node_class(kind: str, version: str) -> type[Node[Any]]:
    """Cheap nodes for the names of the graphs below, the real containers and doubles for the rest."""
    cheap: dict[str, type[Node[Any]]] = {"quick": Quick, "start": Begin, "pass": Pass, "slow": Slow, "end": Quick}
    if kind in cheap:
        return cheap[kind]
    from tests.helpers.run import node_class as doubles

    return doubles(kind, version)


def chain(count: int, kind: str = "quick") -> dict[str, Any]:
    names = [f"n{i}" for i in range(count)]
    return build(" -> ".join(["start", *names]), **{name: {"type": kind} for name in names})


def wide(count: int, kind: str = "quick") -> dict[str, Any]:
    text = "\n".join(f"start -> n{i} -> join" for i in range(count))
    return build(text, join={"type": "quick"}, **{f"n{i}": {"type": kind} for i in range(count)})


def picks(count: int) -> dict[str, Any]:
    names = [f"n{i}" for i in range(count)]
    text = "start -> " + " -a-> ".join(names) + "\n" + "\n".join(f"{n} -b-> other{n}" for n in names)
    return build(text, **{n: pick("a") for n in names}, **{f"other{n}": {"type": "quick"} for n in names})


def rounds(count: int, **config: Any) -> dict[str, Any]:
    graph = build("start -> it", it=iterate("child", "start.items", "child.text", **config), child={"type": "quick"})
    graph["nodes"][0]["data"]["variables"] = [{"variable": "items", "type": "json"}]
    return graph


def loops(count: int) -> dict[str, Any]:
    return build("start -> lp", lp=loop("child", count), child={"type": "quick"})


def large(count: int = 20) -> dict[str, Any]:
    names = [f"n{i}" for i in range(count)]
    nodes = {n: {"type": "pass", "source": f"n{i - 1}" if i else "big"} for i, n in enumerate(names)}
    return build(" -> ".join(["start", "big", *names]), big=stub(outs={"text": "x" * 1_000_000}), **nodes)


async def run_once(graph: dict[str, Any], inputs: dict[str, Any] | None = None, *, read: bool = True) -> float:
    """Seconds from start to end of one run."""
    ports = Ports()
    from tests.helpers.run import Desk

    ports.extras["desk"] = Desk()
    begin = time.perf_counter()
    handle = start_run(RunRequest(graph=graph, inputs=inputs or {}, limits=LIMITS), ports, node_class=node_class)
    assert isinstance(handle, LocalRun)
    if read:
        async for _ in handle.events():
            pass
    else:
        handle.discard_events()
    summary = await handle.result()
    assert summary["status"] == "succeeded", summary
    return time.perf_counter() - begin


def best(graph: dict[str, Any], count: int, times: int = 5, **inputs: Any) -> float:
    """Microseconds a unit, the best of some runs."""
    gc.collect()
    return min(asyncio.run(run_once(graph, inputs)) for _ in range(times)) / count * 1e6


def start_cost() -> float:
    """Milliseconds until `start_run` gives back a handle, median, for a graph of 50 nodes."""

    async def measure() -> float:
        graph = chain(50)
        found = []
        for _ in range(50):
            begin = time.perf_counter()
            handle = start_run(RunRequest(graph=graph, limits=LIMITS), Ports(), node_class=node_class)
            found.append(time.perf_counter() - begin)
            await handle.result()
        return statistics.median(found) * 1000

    return asyncio.run(measure())


def import_cost() -> float:
    """Milliseconds of `import engine.run` in a fresh interpreter, above an empty one."""

    def timed(code: str) -> float:
        runs = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            runs.append(time.perf_counter() - begin)
        return min(runs)

    return (timed("import engine.run") - timed("pass")) * 1000


def memory_of(graph: dict[str, Any], inputs: dict[str, Any]) -> float:
    """Peak MB that a run of many rounds adds."""
    tracemalloc.start()
    asyncio.run(run_once(graph, inputs))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def together(count: int, graph: dict[str, Any]) -> float:
    """Seconds for `count` runs at once."""

    async def all_of_them() -> float:
        begin = time.perf_counter()
        await asyncio.gather(*(run_once(graph) for _ in range(count)))
        return time.perf_counter() - begin

    return asyncio.run(all_of_them())


ROWS: list[tuple[str, Callable[[], float], str]] = [
    *((f"chain of {n}", (lambda n=n: best(chain(n), n)), "us a node") for n in (10, 100, 1000, 10_000)),
    *((f"wide of {n}", (lambda n=n: best(wide(n), n)), "us a node") for n in (100, 1000)),
    ("wide of 1000 that wait", lambda: best(wide(1000, "slow"), 1000), "us a node"),
    ("branches, chain of 100", lambda: best(picks(100), 200), "us a node"),
    *((f"iteration of {n}", (lambda n=n: best(rounds(n), n, items=list(range(n)))), "us a round") for n in (100, 1000)),
    (
        "iteration of 1000, 10 at once",
        lambda: best(rounds(1000, is_parallel=True, parallel_nums=10), 1000, items=list(range(1000))),
        "us a round",
    ),
    *((f"loop of {n}", (lambda n=n: best(loops(n), n)), "us a round") for n in (100, 1000)),
    ("1 MB through 20 nodes", lambda: best(large(), 20), "us a node"),
    ("10 runs of a chain of 1000 at once", lambda: together(10, chain(1000)) / 10_000 * 1e6, "us a node"),
    ("start of a run, 50 nodes", start_cost, "ms"),
    ("import engine.run", import_cost, "ms"),
    ("memory, iteration of 1000", lambda: memory_of(rounds(1000), {"items": list(range(1000))}), "MB at most"),
    ("memory, iteration of 10000", lambda: memory_of(rounds(10_000), {"items": list(range(10_000))}), "MB at most"),
]


def main() -> int:
    """Print every figure."""
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        graph = rounds(1000) if "rounds" in sys.argv else chain(3000)
        profile.enable()
        asyncio.run(run_once(graph, {"items": list(range(1000))}))
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return 0
    for name, measure, unit in ROWS:
        print(f"{name:40s} {measure():10.1f} {unit}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
