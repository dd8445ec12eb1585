"""Kills runs at random moments and continues them: `python -m tests.kill_runs [times] [seed]`.

Each time a fresh interpreter runs a generated workflow and keeps its events in a file, line by line; it is killed as by
a power cut, and another one continues from what the file holds, until one reaches the end. The outputs must be those
of a run that nobody disturbed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.run.plan import plan_resume
from tests.engine.run.test_property import Draw
from tests.helpers.run import Done, begin, build, end, finish, iterate, loop, stub, variable

ROOT = Path(__file__).resolve().parent.parent


class Lines:
    """A recorder that keeps each event as a line, safe on disk before the run goes on."""

    def __init__(self, file: Path) -> None:
        self._out = file.open("a", encoding="utf-8")

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        del payload
        self._out.write(json.dumps(event) + "\n")
        self._out.flush()
        os.fsync(self._out.fileno())

    def is_behind(self) -> bool:
        return False

    async def flush(self) -> None:
        """Nothing waits."""


def graph_of(seed: int) -> dict[str, Any]:
    """A workflow with rounds, branches and waiting nodes; takes about half a second."""
    shapes = random.Random(seed)
    if shapes.random() < 0.5:
        drawn = Draw(seed).graph()
        for node in drawn["nodes"]:
            if node["data"].get("type") == "stub":
                node["data"]["sleep"] = 0.01
            node["data"].pop("retry_config", None)
            if node["data"].get("fail_times") == 1:
                node["data"]["fail_times"] = 0
        return drawn
    return build(
        "start -> a -> it -> lp -> end; start -> b -> end",
        a=stub(outs={"text": "A"}, sleep=0.02),
        b=stub(sleep=0.05, outs={"text": "B"}),
        it=iterate("c -> d", "start.items", "d.text", is_parallel=True, parallel_nums=2),
        c=stub(echo=["it", "item"], sleep=0.02),
        d=stub(echo=["c", "text"], sleep=0.02),
        lp=loop("inc -> w", 4, loop_variables=[variable("n", 0)]),
        inc={"type": "mutate", "target": ["lp", "n"], "add": 1},
        w=stub(sleep=0.02),
        end=end(x="it.output", n="lp.n", r="lp.loop_round", b="b.text", a="a.text"),
    )


def read_events(file: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; the last one may be torn."""
    found = []
    for line in file.read_text("utf-8").splitlines() if file.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


async def run_seed(seed: int, before: Path | None, into: Path | None) -> Done:
    """Run the workflow of a seed, taking over what an earlier run left."""
    graph = graph_of(seed)
    plan = plan_resume(graph, read_events(before)) if before is not None else None
    memory: Any = Lines(into) if into is not None else None
    return await finish_or_read(
        begin(
            graph,
            inputs={"items": [1, 2, 3]},
            mode="advanced-chat",
            conversation_variables=[{"name": "n", "value_type": "number", "value": 0}],
            plan=plan,
            memory=memory,
        ),
        checked=into is None,
    )


async def finish_or_read(run: Done, *, checked: bool) -> Done:
    """Read to the end; the checks of the tests need their own recorder."""
    if checked:
        return await finish(run)
    async for event in run.handle.events():
        run.events.append(event)
    run.summary = await run.handle.result()
    return run


def child(seed: int, before: str, into: str, answer: str) -> int:
    """What the interpreter that may be killed does."""
    done = asyncio.run(run_seed(seed, Path(before) if before else None, Path(into)))
    Path(answer).write_text(json.dumps(done.summary), "utf-8")
    return 0


def outcome(summary: Mapping[str, Any]) -> Any:
    """What an interruption must not change."""
    if summary["status"] == "failed":
        return "failed"
    return summary["status"], summary["outputs"], summary["conversation_variables"]


def main(times: int = 50, seed: int = 1) -> int:
    """Kill until `times` kills have hit a living run; 1 when any outcome differed."""
    chance = random.Random(seed)
    kills = wrong = runs = 0
    while kills < times:
        runs += 1
        number = chance.randrange(10**6)
        wanted = outcome(asyncio.run(run_seed(number, None, None)).summary)
        hit, found = _until_done(number, chance)
        kills += hit
        if found != wanted:
            wrong += 1
            print(f"seed {number}: {found} instead of {wanted}")
    print(f"{kills} kills in {runs} workflows, {wrong} wrong outcomes")
    return 1 if wrong else 0


def _until_done(number: int, chance: random.Random) -> tuple[int, Any]:
    hits = 0
    with tempfile.TemporaryDirectory() as folder:
        before = ""
        for attempt in range(6):
            into, answer = Path(folder, f"{attempt}.jsonl"), Path(folder, f"{attempt}.json")
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.kill_runs", "--child", str(number), before, str(into), str(answer)],
                cwd=ROOT,
            )
            if attempt < 4 and _kill_in_time(process, into, chance):
                hits += 1
                # What the run before had taken over is in the events of this one only as far as it came.
                before = str(into) if len(read_events(into)) > 1 else before
                continue
            process.wait(60)
            return hits, outcome(json.loads(answer.read_text("utf-8")))
    raise AssertionError("six runs and none came to its end")


def _kill_in_time(process: subprocess.Popen[bytes], into: Path, chance: random.Random) -> bool:
    """Kill the process at a random moment after its run began; False when it was faster."""
    while process.poll() is None and not into.exists():
        time.sleep(0.005)
    time.sleep(chance.random() * 0.35)
    if process.poll() is not None:
        return False
    process.kill()
    process.wait(10)
    return True


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        raise SystemExit(child(int(sys.argv[2]), *sys.argv[3:6]))
    raise SystemExit(main(*(int(word) for word in sys.argv[1:3])))
