"""What a code node's call costs: warm workers for Python and JavaScript, the first call, and a fresh interpreter."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

from engine.adapters.code_pool import CodePool
from engine.ports.outside import CodeRequest

PYTHON = CodeRequest("python3", "def main(a):\n    return {'r': a}\n", {"a": 1})
JAVASCRIPT = CodeRequest("javascript", "function main({a}) { return {r: a} }", {"a": 1})


async def microseconds(job: Callable[[], Awaitable[object]], times: int) -> float:
    """The median of some calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        await job()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


async def figures(fresh: float) -> None:
    """Print every figure; `fresh` is what a new interpreter takes, in microseconds."""
    cold = CodePool()
    first = await microseconds(lambda: cold.run(PYTHON), 1)
    await cold.close()
    pool = CodePool()
    await pool.warm_up(1)
    warmed = await microseconds(lambda: pool.run(PYTHON), 1)
    python = await microseconds(lambda: pool.run(PYTHON), 1000)
    javascript = await microseconds(lambda: pool.run(JAVASCRIPT), 500)
    await pool.close()
    print("a trivial call, median microseconds (target 300 warm):")
    print(f"  python, warm         {python:8.1f}  (a fresh interpreter takes x{fresh / python:.0f})")
    print(f"  javascript, warm     {javascript:8.1f}")
    print(f"  first after warm-up  {warmed:8.1f}")
    print(f"  first, nothing ready {first:8.1f}")


def main() -> int:
    """Run on a loop of its own."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", ""], check=True)
    asyncio.run(figures((time.perf_counter() - begin) * 1e6))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
