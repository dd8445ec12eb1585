"""Runs every file of the corpus that has no knowledge and no triggers, all models answered by the embedded one, and
prints what came of each: `python -m tests.corpus_runs [--only WORD] [--limit N] [--seconds S] [--json FILE]`.

A run that fails is sorted by whose matter it is: the file's, the machine's (no network here), a tool that is not
installed, the small model's, or ours. Only the last kind is a defect; the exit code is 1 when there is any.
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
from engine.model.workflow import Workflow
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.helpers.model import CORPUS

TYPES = frozenset(
    name for name, spec in registry.SPECS.items() if not name.startswith(("knowledge-", "trigger-", "datasource"))
)
LONGEST_ANSWER = 64
SECONDS = 45.0

# What an error says, and whose matter that is.
NETWORK = (
    "could not be reached|cannot be reached|resolution|unreachable|refused to connect|connection (was )?refused"
    "|private network|HttpRequestNodeError|Reached maximum retries|ConnectError|FileNotFound"
)
TOOLS = "tool runtime|tool provider|not installed|agent strategy|no tool"
SMALL = "longer than the model can read|empty answer|invalid json object|json block|structured output|return object"
MATTERS: tuple[tuple[str, str], ...] = (
    (NETWORK, "machine: no network"),
    (TOOLS, "tool is not installed"),
    (SMALL, "small model"),
    ("Maximum execution time", "small model: too slow here"),
)


@dataclass
class Row:
    """How one file ended."""

    file: str
    status: str
    matter: str
    reason: str
    seconds: float


def fitting(workflow: Workflow) -> bool:
    """Has the file a graph of node types that run without knowledge and triggers?"""
    kinds = {n.type for n in workflow.graph.nodes.values() if not n.is_note}
    return workflow.has_graph and bool(kinds) and kinds <= TYPES


def example(variable: dict[str, Any]) -> Any:
    """A plausible value of one declared input."""
    kind, options = variable.get("type"), variable.get("options") or ["x"]
    extension = {"image": "png", "audio": "mp3", "video": "mp4"}.get((variable.get("allowed_file_types") or [""])[0])
    name = f"sample.{extension or 'txt'}"
    listed = [e for e in variable.get("allowed_file_extensions") or [] if e]
    if "custom" in (variable.get("allowed_file_types") or []) and listed:
        name = f"sample.{listed[0].lstrip('.').lower()}"
    file = {"type": "", "transfer_method": "remote_url", "url": f"http://127.0.0.1:9/{name}"}
    length = variable.get("max_length")
    text = "Please write one sentence about rivers."
    text = text[: int(length)] if str(length or "").isdigit() and int(length) else text
    found = {
        "number": 3,
        "select": options[0],
        "checkbox": True,
        "file": file,
        "file-list": [file],
        "json_object": {"a": 1},
        "json": {"a": 1},
        "url": "http://127.0.0.1:9/",
    }
    return found.get(str(kind), text)


def inputs_of(workflow: Workflow) -> dict[str, Any]:
    """A value for every input that the file declares."""
    starts = [n for n in workflow.graph.nodes.values() if n.type == "start" and not n.is_note]
    declared = [v for n in starts for v in n.data.get("variables") or [] if isinstance(v, dict) and v.get("variable")]
    return {v["variable"]: example(v) for v in declared}


def matter_of(error: str, faults: list[str]) -> str:
    """Whose matter a failure is."""
    for pattern, matter in MATTERS:
        if re.search(pattern, error, re.IGNORECASE):
            return matter
    return "file: on its checklist" if faults else "file: at run time"


async def run_file(services: Services, file: Path, content: bytes, seconds: float) -> Row | None:
    """Run one file; None when it is not of the kind that is wanted."""
    from engine.model.validate import check

    result = read(content, name=file.stem)
    workflow = result.workflow
    if workflow is None or not fitting(workflow):
        return None
    faults = [str(p.message) for p in check(workflow) if p.severity == "error"]
    began = time.monotonic()
    start = StartRun(workflow, inputs=inputs_of(workflow), query="What is a river?", timeout=seconds, record=False)
    try:
        handle = services.runs.start(start)
        failed: dict[str, Any] = {}
        async for event in handle.events():
            if event["event"] in ("NodeRunFailed", "NodeRunException"):
                failed = event
        summary = await handle.result()
    except PenstockError as problem:
        return Row(file.name, "refused", "file: " + ("on its checklist" if faults else "refused"), str(problem), 0.0)
    error = " ".join(str(summary.get("error") or failed.get("error") or "").split())
    error_type = str(failed.get("error_type") or "")
    status, spent = str(summary["status"]), round(time.monotonic() - began, 1)
    if status in ("succeeded", "paused") or not error:
        return Row(file.name, status, "", "", spent)
    matter = "OURS" if "Internal error" in error or "Traceback" in error else matter_of(f"{error_type} {error}", faults)
    return Row(file.name, status, matter, f"{error_type}: {error}"[:300], spent)


async def run_all(files: list[tuple[Path, bytes]], seconds: float, limit: int, folder: Path) -> list[Row]:
    """One file after the other, in one process with one loaded model."""
    services = Services.open(folder)
    models = services.models
    models.save_provider(EMBEDDED, provider_id=EMBEDDED_PROVIDER, options={"longest_answer": LONGEST_ANSWER})
    models.set_fallback(True)
    rows: list[Row] = []
    for file, content in files:
        row = await run_file(services, file, content, seconds)
        if row is None:
            continue
        rows.append(row)
        print(f"{row.file:70.70} {row.status:18} {row.seconds:6.1f} s  {row.matter:24} {row.reason}", flush=True)
        if len(rows) >= limit:
            break
    await services.close_ports()
    services.close()
    return rows


def main() -> int:
    """Run and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="files whose name holds this word")
    parser.add_argument("--limit", type=int, default=10_000, help="at most so many files")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for one file")
    parser.add_argument("--json", type=Path, default=None, help="write the rows into this file too")
    given = parser.parse_args()
    files = [(f, f.read_bytes()) for f in sorted(CORPUS.glob("*.y*ml")) if given.only in f.name]
    with tempfile.TemporaryDirectory(prefix="penstock-corpus-") as folder:
        rows = asyncio.run(run_all(files, given.seconds, given.limit, Path(folder)))
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(r) for r in rows], indent=1) + "\n")
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
