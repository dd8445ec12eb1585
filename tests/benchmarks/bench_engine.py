"""What the engine costs beside the work of its nodes, in microseconds a node or round, with the run recorded to SQLite
and without; memory; starting a run.

`python -m tests.benchmarks.bench_engine [--profile]`. A recorded run counts until its end is on disk. Beside the time
on the wall stands that of the processors, which other programs on the machine disturb less.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from engine import collector
from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult
from engine.ports.bundle import Ports
from engine.run.engine import LocalRun, start_run
from engine.run.limits import Limits
from engine.run.records import facts_of
from engine.run.request import Recorder, RunRequest
from engine.services.context import Services
from engine.services.recorder import RunRecorder
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


class Spent(NamedTuple):
    """Seconds on the wall and seconds of the processors."""

    wall: float
    cpu: float


async def run_once(
    graph: dict[str, Any], inputs: dict[str, Any] | None = None, services: Services | None = None
) -> float:
    """Seconds from start to end of one run, recorded in a workspace if there is one."""
    from tests.helpers.run import Desk

    ports = Ports(extras={"desk": Desk()})
    request = RunRequest(graph=graph, inputs=inputs or {}, limits=LIMITS)
    recorder: Recorder | None = None
    if services is not None:
        request.run_id, request.app_id = services.ids.uuid(), services.workflows.list()[0].id
        stores = services.database, services.run_store, services.debug_store
        recorder = RunRecorder(*stores, facts_of(request), owner=services.owner)
    begin = time.perf_counter()
    handle = start_run(request, ports, recorder, node_class=node_class)
    assert isinstance(handle, LocalRun)
    async for _ in handle.events():
        pass
    summary = await handle.result()
    assert summary["status"] == "succeeded", summary
    return time.perf_counter() - begin


def spent(job: Callable[[], Awaitable[float]]) -> Spent:
    """What a run costs."""
    gc.collect()
    begin = time.process_time()
    wall = asyncio.run(job())  # type: ignore[arg-type]
    return Spent(wall, time.process_time() - begin)


def best(job: Callable[[], Awaitable[float]], times: int = 5) -> Spent:
    """The least of some runs."""
    found = [spent(job) for _ in range(times)]
    return Spent(min(f.wall for f in found), min(f.cpu for f in found))


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


def memory_of(graph: dict[str, Any], inputs: dict[str, Any], services: Services | None = None) -> float:
    """Peak MB that a run adds."""
    tracemalloc.start()
    asyncio.run(run_once(graph, inputs, services))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


async def together(count: int, graph: dict[str, Any], services: Services | None = None) -> float:
    """Seconds until all of `count` runs at once are over."""
    begin = time.perf_counter()
    await asyncio.gather(*(run_once(graph, None, services) for _ in range(count)))
    return time.perf_counter() - begin


Graphs = list[tuple[str, dict[str, Any], int, dict[str, Any]]]


def graphs() -> Graphs:
    """Name, graph, units and inputs of the runs to measure."""
    few, many = {"items": list(range(100))}, {"items": list(range(1000))}
    at_once = {"is_parallel": True, "parallel_nums": 10}
    return [
        *((f"chain of {n:,}", chain(n), n, {}) for n in (10, 100, 1_000, 10_000)),
        *((f"wide of {n:,}", wide(n), n, {}) for n in (100, 1_000)),
        ("wide of 1,000 that wait", wide(1000, "slow"), 1000, {}),
        ("if-else, chain of 100", picks(100), 200, {}),
        ("iteration of 100", rounds(100), 100, few),
        ("iteration of 1,000", rounds(1000), 1000, many),
        ("iteration of 100, 10 at once", rounds(100, **at_once), 100, few),
        ("iteration of 1,000, 10 at once", rounds(1000, **at_once), 1000, many),
        *((f"loop of {n:,}", loops(n), n, {}) for n in (100, 1_000)),
        ("1 MB through 20 nodes", large(20), 20, {}),
    ]


@contextmanager
def workspace() -> Iterator[Services]:
    """A fresh workspace with one app, so that no figure depends on what was measured before it."""
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(Path(folder))
        try:
            services.workflows.create("workflow", "Bench")
            yield services
        finally:
            services.close()


def line(name: str, count: int, bare: Spent, kept: Spent) -> None:
    """Print what a unit costs without and with recording."""
    texts = [f"{s.wall / count * 1e6:8.1f} ({s.cpu / count * 1e6:5.1f})" for s in (bare, kept)]
    print(f"  {name:32} {texts[0]:>16} {texts[1]:>16}   x{kept.cpu / bare.cpu:.1f}", flush=True)


def compare() -> None:
    """Every graph without and with recording: microseconds a unit on the wall (of the processors), and the ratio."""
    print(f"{'microseconds a node or round: wall (cpu)':34} {'bare':>16} {'recorded':>16}   ratio")
    for name, graph, count, inputs in graphs():
        times = 3 if count > 1000 else 5
        bare = best(lambda g=graph, i=inputs: run_once(g, i), times)  # type: ignore[misc]
        with workspace() as services:
            kept = best(lambda g=graph, i=inputs, s=services: run_once(g, i, s), times)  # type: ignore[misc]
        line(name, count, bare, kept)
    once = chain(1000)
    with workspace() as services:
        ten = (best(lambda: together(10, once), 2), best(lambda: together(10, once, services), 2))
        line("10 runs of a chain of 1,000", 10_000, *ten)
    for name, graph in (("chain of 1,000", chain(1000)), ("wide of 1,000", wide(1000))):
        with workspace() as services:
            for _ in range(10):
                asyncio.run(run_once(chain(10_000), None, services))
            bare = best(lambda g=graph: run_once(g))  # type: ignore[misc]
            kept = best(lambda g=graph, s=services: run_once(g, None, s))  # type: ignore[misc]
        line(f"{name}, log of 100,000", 1000, bare, kept)


def memory(services: Services) -> None:
    """Peaks of short and long runs: what a run holds must not grow with its history."""
    print("memory, MB at most:                      bare   recorded")
    for name, graph, inputs in (
        ("loop of 1,000", loops(1000), {}),
        ("loop of 10,000", loops(10_000), {}),
        ("iteration of 1,000", rounds(1000), {"items": list(range(1000))}),
        ("iteration of 10,000", rounds(10_000), {"items": list(range(10_000))}),
    ):
        print(f"  {name:32} {memory_of(graph, inputs):10.1f} {memory_of(graph, inputs, services):10.1f}", flush=True)


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
    collector.relax()  # as the engine's own process and the command line do
    compare()
    with workspace() as services:
        memory(services)
    print(f"start of a run, 50 nodes           {start_cost():8.2f} ms")
    print(f"import engine.run                  {import_cost():8.1f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
