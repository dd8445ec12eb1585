"""What must not grow with the square of a graph, or with the history of a run; and runs beside each other.

`python -m tests.benchmarks.bench_growth [check] [memory] [beside]`
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult
from engine.nodes.registry import node_class as registered
from engine.run.lint import lint
from engine.services.context import Services
from tests.benchmarks.bench_engine import chain, memory_of, run_once
from tests.helpers.run import DOUBLES, build, end, iterate, loop, stub, variable

ROOT = Path(__file__).resolve().parents[2]
LARGE = 100_000


# -- the check before a run --------------------------------------------------------------------------------------------


def readers(count: int, *, first: bool) -> dict[str, Any]:
    """A chain of templates; each reads the node before it, or all of them the `first` one."""
    names = [f"t{i}" for i in range(count)]
    nodes = {}
    for before, name in zip(["start", *names], names, strict=False):
        selector = ["start", "q"] if first or before == "start" else [before, "output"]
        inputs = [{"variable": "a", "value_selector": selector}]
        nodes[name] = {"type": "template-transform", "template": "{{ a }}", "variables": inputs}
    graph = build(" -> ".join(["start", *names, "end"]), end=end(o=f"{names[-1]}.output"), **nodes)
    graph["nodes"][0]["data"]["variables"] = [{"variable": "q", "label": "q", "type": "paragraph"}]
    return graph


def check() -> None:
    """The check on growing chains, and the whole command with reading and starting up."""
    print(f"{'the check before a run, ms':34} {'lint':>9} {'engine check':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for count in (1_000, 4_000, 10_000):
            for word, first in (("the one before", False), ("the first", True)):
                graph = readers(count, first=first)
                file = Path(folder, "chain.yml")
                app = {"mode": "workflow", "name": "Chain"}
                file.write_text(
                    yaml.dump(
                        {"kind": "app", "version": "0.4.0", "app": app, "workflow": {"graph": graph}},
                        Dumper=yaml.CSafeDumper,
                    ),
                    "utf-8",
                )
                began = time.perf_counter()
                assert [i for i in lint(graph, registered) if i.level != "W"] == []
                linted = time.perf_counter() - began
                began = time.perf_counter()
                command = [sys.executable, "-m", "engine", "check", str(file), "--json"]
                subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
                whole = time.perf_counter() - began
                print(f"  {count:6,} that read {word:15} {linted * 1000:9.0f} {whole * 1000:14.0f}", flush=True)


# -- memory ------------------------------------------------------------------------------------------------------------


class Large(Node[NodeConfig]):
    """Makes another text of 100 KB each time."""

    def run(self, ctx: NodeContext) -> NodeResult:
        return NodeResult(outputs={"text": f"{ctx.execution_id}{'x' * LARGE}"})


def heavy_loop(count: int) -> dict[str, Any]:
    """Rounds that each make two values of 100 KB and keep the last one in a loop variable."""
    return build(
        "start -> lp",
        lp=loop("big -> hand -> set", count, loop_variables=[variable("v", "", "string")]),
        big={"type": "large"},
        hand=stub(echo=["big", "text"]),
        set={"type": "mutate", "target": ["lp", "v"], "source": ["hand", "text"]},
    )


def heavy_iteration(count: int) -> dict[str, Any]:
    """Rounds that each make two values of 100 KB and give back a small one."""
    del count
    graph = build(
        "start -> it",
        it=iterate("big -> hand -> small", "start.items", "small.text"),
        big={"type": "large"},
        hand=stub(echo=["big", "text"]),
        small=stub(outs={"text": "s"}),
    )
    graph["nodes"][0]["data"]["variables"] = [{"variable": "items", "type": "json"}]
    return graph


def memory(services: Services) -> None:
    """Peaks of short and long runs with large values."""
    print("memory of runs with values of 100 KB, MB at most:   bare   recorded")
    DOUBLES["large"] = Large
    for name, make in (("loop", heavy_loop), ("iteration", heavy_iteration)):
        for count in (100, 1_000, 10_000):
            inputs = {"items": list(range(count))}
            bare = memory_of(make(count), inputs)
            kept = memory_of(make(count), inputs, services)
            print(f"  {name} of {count:6,} {bare:38.1f} {kept:10.1f}", flush=True)


# -- beside each other -------------------------------------------------------------------------------------------------


def heavy() -> dict[str, Any]:
    """A run that works flat out for seconds."""
    return chain(20_000)


async def one_after_another(graph: dict[str, Any], services: Services | None) -> float:
    began = time.perf_counter()
    for _ in range(10):
        await run_once(graph, None, services)
    return time.perf_counter() - began


async def at_once(graph: dict[str, Any], services: Services | None) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(run_once(graph, None, services) for _ in range(10)))
    return time.perf_counter() - began


async def latency(beside: dict[str, Any] | None) -> float:
    """Milliseconds of a run of ten nodes, median, alone or while `beside` works."""
    short = chain(10)
    other = asyncio.create_task(run_once(beside)) if beside is not None else None
    await asyncio.sleep(0.05)
    taken = []
    while len(taken) < 30 and (other is None or not other.done()):
        taken.append(await run_once(short))
    if other is not None:
        assert not other.done(), "the heavy run was over too soon"
        await other
    return statistics.median(taken) * 1000


def beside(services: Services) -> None:
    """Runs at once against one after the other, and a short run beside a heavy one."""
    print("ten runs, seconds:             one after another   at once   ratio")
    waiting = build(
        " -> ".join(["start", *(f"w{i}" for i in range(20))]), **{f"w{i}": stub(sleep=0.01) for i in range(20)}
    )
    for name, graph in (("chain of 1,000", chain(1000)), ("20 nodes that wait 10 ms", waiting)):
        for word, kept in (("bare", None), ("recorded", services)):
            after = asyncio.run(one_after_another(graph, kept))
            together = asyncio.run(at_once(graph, kept))
            print(f"  {name + ', ' + word:36} {after:10.2f} {together:9.2f}   {together / after:5.2f}", flush=True)
    alone, crowded = asyncio.run(latency(None)), asyncio.run(latency(heavy()))
    print(f"a run of 10 nodes: {alone:.2f} ms alone, {crowded:.2f} ms beside a run of 20,000 nodes", flush=True)


def main() -> int:
    """Print every figure, or those of the parts named on the command line."""
    wanted = {word for word in sys.argv[1:] if word in ("check", "memory", "beside")} or {"check", "memory", "beside"}
    if "check" in wanted:
        check()
    with tempfile.TemporaryDirectory() as folder:
        services = Services.open(Path(folder))
        services.workflows.create("workflow", "Bench")
        if "memory" in wanted:
            memory(services)
        if "beside" in wanted:
            beside(services)
        services.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
