"""A workflow over the rows of a table: reading the file, checking every row, keeping the states, writing the results.

A `Batch` decides which row is next and what became of each; who starts the runs (this process, or the window through
the engine process) asks it. It belongs to one thread.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UserError
from engine.services.logs import safe_cell
from engine.services.runs import StartRun

if TYPE_CHECKING:
    from engine.model.workflow import Workflow
    from engine.services.runs import RunService

QUERY: Final = "sys.query"
"""The column of what is said to a chat flow."""
MOST_ROWS: Final = 10_000
LARGEST: Final = 50 * 1024 * 1024
ENCODINGS: Final = ("utf-8", "gb18030", "big5", "shift_jis", "cp1252")
GOOD: Final = ("succeeded", "partial-succeeded")
OPEN: Final = ("waiting", "running")


@dataclass
class Row:
    """One row. `state`: invalid, waiting, running, or the status of its run; `number` counts the lines of the table,
    the headings being 1."""

    number: int
    cells: list[str]
    inputs: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    state: str = "waiting"
    error: str = ""
    run_id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    elapsed: float = 0.0
    tokens: int = 0


# -- reading -----------------------------------------------------------------------------------------------------------


def decoded(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding it was read with. Raises UserError for a file that is no text."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace"), encoding
    if b"\x00" in content[:4096]:
        raise UserError("This is no text file.", code="batch.no_text", hint="Save the table as CSV first.")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def table_of(content: bytes) -> tuple[list[str], list[tuple[int, list[str]]], str]:
    """Headings, rows with their numbers (empty ones left out) and the encoding. Raises UserError."""
    if len(content) > LARGEST:
        raise UserError("The file is larger than 50 MB.", code="batch.too_large", hint="Split it into several files.")
    text, encoding = decoded(content)
    first = text.split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise UserError(f"The file is not a valid CSV table: {error}.", code="batch.csv") from error
    if not lines or not any(cell.strip() for cell in lines[0]):
        raise UserError("The first row must hold the headings.", code="batch.headings", hint="Download the template.")
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if any(cell.strip() for cell in line)]
    if not rows:
        raise UserError("The table has headings but no rows.", code="batch.empty")
    if len(rows) > MOST_ROWS:
        raise UserError(f"The table has more than {MOST_ROWS:,} rows.", code="batch.too_many")
    return [cell.strip() for cell in lines[0]], rows, encoding


def declared(workflow: Workflow) -> list[Mapping[str, Any]]:
    """What a run of the workflow asks for; files cannot stand in a table unless they are addresses."""
    nodes = workflow.graph.nodes.values()
    start = next((n for n in nodes if n.type == "start" and not n.is_note), None)
    variables = start.data.get("variables") if start is not None else None
    return [v for v in variables if isinstance(v, dict) and v.get("variable")] if isinstance(variables, list) else []


def columns_of(workflow: Workflow) -> list[str]:
    """The headings of the template."""
    names = [str(v["variable"]) for v in declared(workflow)]
    return [*names, QUERY] if workflow.mode == "advanced-chat" else names


def template(workflow: Workflow) -> str:
    """A CSV file with the headings and a row that says what belongs into each column."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns_of(workflow))
    examples = [_example(v) for v in declared(workflow)]
    writer.writerow([*examples, "Hello"] if workflow.mode == "advanced-chat" else examples)
    return out.getvalue()


def _example(variable: Mapping[str, Any]) -> str:
    kind, options = str(variable.get("type")), variable.get("options") or []
    if variable.get("default") not in (None, ""):
        return safe_cell(variable["default"])
    plain = {"number": "1", "checkbox": "true", "json_object": "{}", "json": "{}", "file": "https://example.com/a.png"}
    if kind == "select" and options:
        return str(options[0])
    return plain.get(kind, str(variable.get("label") or variable["variable"]))


def rows_of(workflow: Workflow, content: bytes) -> tuple[list[str], list[Row], str]:
    """Headings, checked rows and the encoding of a file; a row at fault is `invalid` and says why.

    Raises UserError when the file is no table, or a column is missing that every run needs.
    """
    headings, lines, encoding = table_of(content)
    variables = declared(workflow)
    places = _places(headings, variables)
    wanted = [str(v["variable"]) for v in variables if v.get("required") and v.get("default") in (None, "")]
    if workflow.mode == "advanced-chat":
        wanted.append(QUERY)
    missing = [name for name in wanted if name not in places]
    if missing:
        raise UserError(
            f"The table has no column for {', '.join(missing)}.",
            code="batch.columns",
            hint=f"Its headings are {', '.join(headings)}; the template has {', '.join(columns_of(workflow))}.",
        )
    return headings, [_row(number, cells, places, variables, workflow) for number, cells in lines], encoding


def _places(headings: Sequence[str], variables: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Variable to column: by its name, or by its label."""
    found: dict[str, int] = {}
    by_text = {text.lower(): place for place, text in reversed(list(enumerate(headings)))}
    for variable in variables:
        for text in (str(variable["variable"]), str(variable.get("label") or "")):
            if text.lower() in by_text and text:
                found.setdefault(str(variable["variable"]), by_text[text.lower()])
    for text in (QUERY, "query"):
        if text in by_text:
            found.setdefault(QUERY, by_text[text])
    return found


def _row(
    number: int, cells: list[str], places: Mapping[str, int], variables: Sequence[Mapping[str, Any]], workflow: Workflow
) -> Row:
    from engine.nodes.start import check_inputs

    row = Row(number, cells)
    try:
        for variable in variables:
            name = str(variable["variable"])
            place = places.get(name)
            text = cells[place] if place is not None and place < len(cells) else ""
            row.inputs[name] = _value(variable, text)
        check_inputs("start", variables, row.inputs)
        if workflow.mode == "advanced-chat":
            place = places[QUERY]
            row.query = cells[place].strip() if place < len(cells) else ""
            if not row.query:
                raise UserError("There is nothing to say.", code="batch.no_query")
    except UserError as error:
        row.state, row.error = "invalid", str(error)
    return row


def _value(variable: Mapping[str, Any], text: str) -> Any:
    """A cell as the value that its variable takes; an empty one is no value. Raises UserError."""
    name, kind = str(variable["variable"]), str(variable.get("type"))
    if text.strip() == "":
        if variable.get("required") and variable.get("default") in (None, ""):
            raise UserError(f"{name} is required.", code="batch.required")
        return None
    if kind == "number":
        try:
            number = float(text.replace("\u2212", "-").replace(" ", ""))
        except ValueError:
            raise UserError(f"{name}: “{text}” is not a number.", code="batch.number") from None
        return int(number) if number.is_integer() else number
    if kind == "checkbox":
        return _truth(name, text)
    if kind in ("json_object", "json"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise UserError(f"{name} is not valid JSON: {error}", code="batch.json") from error
    if kind in ("file", "file-list", "files"):
        files = [_address(name, part) for part in text.split()]
        return files[0] if kind == "file" else files
    return text


def _truth(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in ("true", "1", "yes", "on", "是", "真"):
        return True
    if word in ("false", "0", "no", "off", "否", "假"):
        return False
    raise UserError(f"{name}: “{text}” is neither true nor false.", code="batch.truth")


def _address(name: str, text: str) -> dict[str, Any]:
    if not text.startswith(("http://", "https://")):
        raise UserError(f"{name}: a file in a table is given by its address (https://…).", code="batch.file")
    return {"transfer_method": "remote_url", "url": text, "type": ""}


# -- states ------------------------------------------------------------------------------------------------------------


class Batch:
    """The rows of one table and what became of them."""

    def __init__(self, workflow: Workflow, content: bytes, *, app_id: str = "") -> None:
        self.workflow, self.app_id = workflow, app_id
        self.headings, self.rows, self.encoding = rows_of(workflow, content)
        self.stopped = False

    @property
    def invalid(self) -> list[Row]:
        """Rows that cannot run."""
        return [row for row in self.rows if row.state == "invalid"]

    @property
    def failed(self) -> list[Row]:
        """Rows whose run did not end well."""
        return [row for row in self.rows if row.state in ("failed", "stopped")]

    @property
    def running(self) -> list[Row]:
        return [row for row in self.rows if row.state == "running"]

    @property
    def is_over(self) -> bool:
        """Is there nothing left to do?"""
        return not self.running and (self.stopped or not any(row.state == "waiting" for row in self.rows))

    def count(self, *states: str) -> int:
        """How many rows have one of these states."""
        return sum(row.state in states for row in self.rows)

    def take(self, parallel: int) -> list[Row]:
        """The rows to start now, so that `parallel` run at once; they count as running from here on."""
        if self.stopped:
            return []
        free = max(0, parallel - len(self.running))
        chosen = [row for row in self.rows if row.state == "waiting"][:free]
        for row in chosen:
            row.state = "running"
        return chosen

    def start(self, row: Row) -> StartRun:
        """What runs for a row."""
        return StartRun(
            self.workflow,
            app_id=self.app_id,
            inputs=dict(row.inputs),
            query=row.query,
            triggered_from="batch",
            record=bool(self.app_id),
        )

    def ended(self, row: Row, summary: Mapping[str, Any]) -> None:
        """A row's run is over."""
        row.state = str(summary.get("status") or "failed")
        row.error = str(summary.get("error") or "")
        row.run_id = str(summary.get("run_id") or row.run_id)
        row.outputs = summary.get("outputs") or {}
        row.elapsed = float(summary.get("elapsed_time") or 0.0)
        row.tokens = int(summary.get("total_tokens") or 0)

    def stop(self) -> None:
        """Start no more rows; whoever runs them stops those that run."""
        self.stopped = True

    def retry(self) -> int:
        """Rows that failed or were stopped wait again; how many."""
        again = self.failed
        for row in again:
            row.state, row.error, row.outputs = "waiting", "", {}
        self.stopped = False
        return len(again)

    def results(self) -> str:
        """A CSV table: the columns of the input, then status, error, run and the outputs."""
        names: dict[str, None] = {}
        for row in self.rows:
            names.update(dict.fromkeys(map(str, row.outputs)))
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow([*self.headings, "status", "error", *names, "elapsed_time", "total_tokens", "run_id"])
        for row in self.rows:
            cells = [safe_cell(cell) for cell in [*row.cells, *[""] * len(self.headings)][: len(self.headings)]]
            given = [safe_cell(row.outputs.get(name)) for name in names]
            facts = [f"{row.elapsed:.3f}" if row.run_id else "", str(row.tokens or ""), row.run_id]
            writer.writerow([*cells, row.state, safe_cell(row.error), *given, *facts])
        return out.getvalue()


async def run_batch(
    runs: RunService, batch: Batch, *, parallel: int = 4, changed: Callable[[Row], Any] | None = None
) -> None:
    """Run the rows in this process until all are over or `batch.stop` was called, which stops the running ones too."""
    tell = changed or (lambda _row: None)
    handles: dict[int, Any] = {}

    async def one(row: Row) -> None:
        try:
            handle = runs.start(batch.start(row))
        except UserError as error:
            batch.ended(row, {"status": "failed", "error": str(error)})
            tell(row)
            return
        handles[row.number] = handle
        row.run_id = handle.run_id
        tell(row)
        async for _ in handle.events():
            if batch.stopped:
                handle.send({"command": "abort", "reason": "The batch was stopped"})
        batch.ended(row, await handle.result())
        handles.pop(row.number, None)
        tell(row)

    tasks: set[asyncio.Task[None]] = set()
    while not batch.is_over or tasks:
        tasks.update(asyncio.create_task(one(row)) for row in batch.take(parallel))
        if not tasks:
            break
        done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=0.2)
        for task in done:
            task.result()
        if batch.stopped:
            for handle in list(handles.values()):
                handle.send({"command": "abort", "reason": "The batch was stopped"})


def progress_words(batch: Batch) -> Iterator[str]:
    """How far it is, for people."""
    yield f"{batch.count(*GOOD)} succeeded"
    if bad := batch.count("failed", "stopped", "paused"):
        yield f"{bad} failed or stopped"
    if wrong := batch.count("invalid"):
        yield f"{wrong} not valid"
