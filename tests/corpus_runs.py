"""Runs every file of the corpus that has no knowledge and no triggers, all models answered by the embedded one, and
prints what came of each: `python -m tests.corpus_runs [--only WORD] [--limit N] [--seconds S] [--rows FILE]
[--again WORD] [--longest TOKENS] [--logic]`.

`--rows` writes each row into a file as soon as it is known (one JSON object a line); started again with the same file,
the command goes on after the files that are in it and counts all of them. `--again` runs those of them anew whose end
or file has a word in it.

A run that fails is sorted by whose matter it is: the file's, the machine's (no network here), a tool or a package that
is not installed, the small model's, or ours. Only the last kind is a defect; the exit code is 1 when there is any.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import engine.nodes.registry as registry
from engine.adapters.models.catalog import EMBEDDED, EMBEDDED_PROVIDER
from engine.dsl.read import read
from engine.errors import PenstockError
from engine.model.refs import references
from engine.model.workflow import Workflow
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.helpers.model import CORPUS
from tests.helpers.samples import Samples

TYPES = frozenset(
    name for name, spec in registry.SPECS.items() if not name.startswith(("knowledge-", "trigger-", "datasource"))
)
LOGIC = TYPES - {"llm", "question-classifier", "parameter-extractor", "agent", "tool"}
"""Types that need no model and no tool."""
LONGEST_ANSWER = 200
"""Tokens: room for the small objects that files ask for."""
SECONDS = 150.0
REASON = 110

NETWORK = (
    "could not be reached|cannot be reached|Name or service not known|refused to connect|connection (was )?refused"
    "|Temporary failure in name resolution|Failed to connect to MCP server|HTTPResponseCodeError"
)
FILE, CHECKLIST = "file: at run time", "file: on its checklist"
# What an error says, and whose matter that is; the first that fits.
MATTERS: tuple[tuple[str, str], ...] = (
    ("The answer that “.*” got was an error", "machine: no network"),
    ("cut off at its limit of tokens", "small model: answer cut off"),
    ("A larger model may do better", "small model: value for a step"),
    ("needs an account, and none is set up", "tool needs an account"),
    ("not of the standard library", "code: package is not listed"),
    ("network access\\)", "code: wants the network"),
    ("Internal error|Traceback|Refused: import of .(?!socket)", "OURS"),
    ("tool runtime: |tool provider|agent strategy|agent_binding_not_found", "tool is not installed"),
    (NETWORK, "machine: no network"),
    ("keep workflows out of private networks", "machine: network rules"),
    ("ModuleNotFoundError", "code: package is not here"),
    ("does not speak the protocol of", "tool needs another provider"),
    ("Maximum execution time", "small model: too slow here"),
    ("longer than the model can read|empty answer", "small model"),
    ("invalid json object|json block|structured output|return object|stage=result", "small model: wrong form"),
    ("text only, no|does not take image", "small model: no vision"),
    ("settings of the node cannot be read", "file: settings of a node"),
    ("NameError|SyntaxError|VariableNotFoundError|ModelNotExistError", FILE),
)
UNFIT = "CodeExecutionError|OutputValidationError|InvalidURLError|RequestBodyError|is not an address|cannot be read"
"""What steps say of a value that they cannot use: one that the model made up, or the plain one that was put in."""


@dataclass
class Row:
    """How one file ended."""

    file: str
    status: str
    matter: str
    reason: str
    seconds: float


def fitting(workflow: Workflow, wanted: frozenset[str] = TYPES) -> bool:
    """Has the file a graph of node types that are wanted: those that run without knowledge and triggers?"""
    kinds = {n.type for n in workflow.graph.nodes.values() if not n.is_note}
    return workflow.has_graph and bool(kinds) and kinds <= wanted


def reads_inputs(workflow: Workflow, node_id: object) -> bool:
    """Does a step get, by way of any other, what was put in at the start?"""
    seen, waiting = set(), [str(node_id)]
    while waiting:
        current = workflow.graph.nodes.get(waiting.pop())
        if current is None or current.id in seen:
            continue
        seen.add(current.id)
        for reference in references(current):
            first = reference.selector[0]
            source = workflow.graph.nodes.get(first)
            if first == "sys" or (source is not None and source.type == "start"):
                return True
            waiting.append(first)
    return False


def matter_of(error: str, faults: list[str], *, reads_inputs: bool) -> str:
    """Whose matter a failure is."""
    for pattern, matter in MATTERS:
        if re.search(pattern, error, re.IGNORECASE):
            return CHECKLIST if matter == FILE and faults else matter
    if re.search(UNFIT, error) and reads_inputs:
        return "input: not what the file wants"
    return CHECKLIST if faults else FILE


async def run_file(
    services: Services, file: Path, content: bytes, seconds: float, wanted: frozenset[str] = TYPES
) -> Row | None:
    """Run one file; None when it is not of the kind that is wanted."""
    from engine.model.validate import check

    result = read(content, name=file.stem)
    workflow = result.workflow
    if workflow is None or not fitting(workflow, wanted):
        return None
    faults = [str(p.message) for p in check(workflow) if p.severity == "error"]
    began = time.monotonic()
    samples = Samples(services)
    start = StartRun(
        workflow, inputs=samples.inputs(workflow), query=samples.query(workflow), timeout=seconds, record=False
    )
    failed: dict[str, Any] = {}
    try:
        handle = services.runs.start(start)
        async for event in handle.events():
            # A container repeats the error of what failed inside it, which is what one wants to know.
            if event["event"] in ("NodeRunFailed", "NodeRunException") and (event.get("error_type") or not failed):
                failed = event
        summary = await handle.result()
    except PenstockError as problem:
        return Row(file.name, "refused", CHECKLIST if faults else "file: refused", str(problem), 0.0)
    error = " ".join(str(failed.get("error") or summary.get("error") or "").split())
    error_type = str(failed.get("error_type") or summary.get("error_type") or "")
    status, spent = str(summary["status"]), round(time.monotonic() - began, 1)
    if status in ("succeeded", "paused") or not error:
        return Row(file.name, status, "", "", spent)
    where = f"{failed['node_title']}: " if failed.get("node_title") else ""
    matter = matter_of(f"{error_type}: {error}", faults, reads_inputs=reads_inputs(workflow, failed.get("node_id")))
    return Row(file.name, status, matter, f"{where}{error_type + ': ' if error_type else ''}{error}"[:400], spent)


def earlier(kept: Path | None) -> list[Row]:
    """The rows that an earlier call has written."""
    if kept is None or not kept.is_file():
        return []
    return [Row(**json.loads(line)) for line in kept.read_text("utf-8").splitlines() if line.strip()]


def forget(kept: Path, word: str) -> None:
    """Take the rows out of a file that have a word in their end or in the name of their file."""
    rows = [r for r in earlier(kept) if word not in f"{r.status}: {r.matter}" and word not in r.file]
    kept.write_text("".join(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in rows), "utf-8")


def shown(row: Row) -> str:
    """The row as a line of the table."""
    reason = f"{row.matter}: {row.reason}" if row.matter else ""
    return f"{row.file:48.48} {row.status:17} {reason if len(reason) <= REASON else reason[: REASON - 3] + '...'}"


async def run_all(
    files: list[tuple[Path, bytes]],
    seconds: float,
    limit: int,
    folder: Path,
    kept: Path | None,
    wanted: frozenset[str] = TYPES,
    longest: int = LONGEST_ANSWER,
) -> list[Row]:
    """One file after the other, in one process with one loaded model."""
    services = Services.open(folder)
    models = services.models
    models.save_provider(EMBEDDED, provider_id=EMBEDDED_PROVIDER, options={"longest_answer": longest})
    models.set_fallback(True)
    rows = earlier(kept)
    done = {r.file for r in rows}
    for row in rows:
        print(shown(row))
    for file, content in files:
        if len(rows) >= limit:
            break
        row = None if file.name in done else await run_file(services, file, content, seconds, wanted)
        if row is None:
            continue
        rows.append(row)
        print(shown(row), flush=True)
        if kept is not None:
            with kept.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    await services.close_ports()
    services.close()
    return rows


def main() -> int:
    """Run and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="files whose name holds this word")
    parser.add_argument("--limit", type=int, default=10_000, help="at most so many files")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for one file")
    parser.add_argument("--rows", type=Path, default=None, help="keep the rows in this file and go on after them")
    parser.add_argument("--again", default="", help="run rows anew whose end or file has this word in it")
    parser.add_argument("--longest", type=int, default=LONGEST_ANSWER, help="tokens of the longest answer")
    parser.add_argument("--logic", action="store_true", help="only files that need no model and no tool")
    given = parser.parse_args()
    if given.again and given.rows is not None:
        forget(given.rows, given.again)
    files = [(f, f.read_bytes()) for f in sorted(CORPUS.glob("*.y*ml")) if given.only in f.name]
    with tempfile.TemporaryDirectory(prefix="penstock-corpus-") as folder:
        wanted = LOGIC if given.logic else TYPES
        place, kept = Path(folder), given.rows
        rows = asyncio.run(run_all(files, given.seconds, given.limit, place, kept, wanted, given.longest))
    counts: dict[str, int] = {}
    for row in rows:
        name = f"{row.status}: {row.matter}" if row.matter else row.status
        counts[name] = counts.get(name, 0) + 1
    print(f"\n{len(rows)} files")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"{count:5}  {name}")
    return 1 if any(row.matter == "OURS" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
