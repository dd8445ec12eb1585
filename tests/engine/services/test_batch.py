"""A workflow over the rows of a table: encodings, checks by row number, parallel runs, retries, results."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.app import run as command_line
from engine.dsl.write import write
from engine.errors import UserError
from engine.model.workflow import Workflow
from engine.services.batch import Batch, Row, run_batch, template
from engine.services.context import Services
from tests.helpers.model import made, node

VARIABLES = [
    {"variable": "name", "label": "Name", "type": "text-input", "required": True},
    {"variable": "count", "label": "Count", "type": "number", "required": True},
    {"variable": "kind", "label": "Kind", "type": "select", "options": ["a", "b"], "required": False},
]
CODE = "def main(name, count):\n    return {'r': name * int(10 / count)}\n"


def flow(code: str = CODE) -> Workflow:
    """Repeats a name; a count of zero fails."""
    read = [{"variable": name, "value_selector": ["1", name]} for name in ("name", "count")]
    return made(
        [
            node("1", "start", variables=VARIABLES),
            node(
                "2", "code", title="Repeat", code=code, code_language="python3", variables=read,
                outputs={"r": {"type": "string", "children": None}},
            ),
            node("3", "end", outputs=[{"variable": "r", "value_selector": ["2", "r"]}]),
        ],
        [("1", "2"), ("2", "3")],
    )  # fmt: skip


def table(*rows: str, heads: str = "name,count,kind") -> bytes:
    return "\n".join([heads, *rows]).encode()


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "王小明"), ("utf-8-sig", "王小明"), ("utf-16", "王小明"), ("gb18030", "王小明"), ("cp1252", "Zoë")],
)
def test_the_encoding_is_found(encoding: str, name: str) -> None:
    batch = Batch(flow(), f"name,count\n{name},3\n".encode(encoding))
    assert batch.rows[0].inputs["name"] == name


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_are_found_by_name_or_label_whatever_parts_them(mark: str) -> None:
    batch = Batch(flow(), mark.join(["Count", "NAME", "other"]).encode() + b"\n" + mark.join("3ax").encode())
    assert batch.rows[0].inputs == {"name": "a", "count": 3, "kind": None}


@pytest.mark.spec("editor.74")
def test_a_bad_row_is_named_by_its_number() -> None:
    batch = Batch(flow(), table("a,1,", ",2,", "", "c,many,", "d,4,z", '"two\nlines",5,b'))

    assert [(row.number, row.state) for row in batch.rows] == [
        (2, "waiting"), (3, "invalid"), (5, "invalid"), (6, "invalid"), (7, "waiting"),
    ]  # fmt: skip
    assert "name is required" in batch.rows[1].error
    assert "“many” is not a number" in batch.rows[2].error
    assert "kind" in batch.rows[3].error


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "headings"),
        (b"name,count\n", "no rows"),
        (b"name\nx\n", "no column for count"),
        (b'name,count\n"x,1\n', "not a valid CSV"),
        (b"PK\x03\x04\x00\x00", "no text file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Batch(flow(), content)


def test_the_template_can_be_filled_and_read() -> None:
    batch = Batch(flow(), template(flow()).encode("utf-8-sig"))
    assert batch.headings == ["name", "count", "kind"]
    assert batch.rows[0].state == "waiting"
    assert batch.rows[0].inputs == {"name": "Name", "count": 1, "kind": "a"}


def played(services: Services, batch: Batch, *, parallel: int, changed: Any = None) -> None:
    async def work() -> None:
        await run_batch(services.runs, batch, parallel=parallel, changed=changed)
        await services.runs.drain()
        await services.close_ports()

    asyncio.run(work())


@pytest.mark.spec("editor.74")
def test_a_hundred_rows_run_side_by_side_and_failed_ones_again(tmp_path: Path) -> None:
    services = Services.open(tmp_path)
    app_id = services.workflows.create("workflow", "Repeat", workflow=flow())
    rows = [f"n{number},{0 if number % 10 == 3 else 5},a" for number in range(100)]
    batch = Batch(flow(), table(*rows), app_id=app_id)
    most: list[int] = []

    def changed(row: Row) -> None:
        assert row.state
        most.append(len(batch.running))

    played(services, batch, parallel=5, changed=changed)

    assert max(most) == 5
    assert (batch.count("succeeded"), batch.count("failed")) == (90, 10)
    log = services.logs.page(limit=200).runs
    assert {run.triggered_from for run in log} == {"batch"}
    assert {run.id for run in log} == {row.run_id for row in batch.rows}
    results = read(batch.results())
    assert list(results[0]) == [
        "name",
        "count",
        "kind",
        "status",
        "error",
        "r",
        "elapsed_time",
        "total_tokens",
        "run_id",
    ]
    assert results[0]["r"] == "n0n0"
    assert "division" in results[3]["error"]

    for row in batch.failed:
        row.inputs["count"] = 10
    assert batch.retry() == 10
    played(services, batch, parallel=5)
    assert batch.count("succeeded") == 100
    assert len(services.logs.page(limit=200).runs) == 110
    services.close()


def test_stop_ends_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    services = Services.open(tmp_path)
    slow = flow("import time\ndef main(name, count):\n    time.sleep(30)\n    return {'r': name}\n")
    app_id = services.workflows.create("workflow", "Slow", workflow=slow)
    batch = Batch(slow, table(*[f"n{number},1," for number in range(6)]), app_id=app_id)

    def changed(row: Row) -> None:
        if row.run_id and row.state == "running" and len([r for r in batch.rows if r.run_id]) == 2:
            batch.stop()

    played(services, batch, parallel=2, changed=changed)

    assert [row.state for row in batch.rows] == ["stopped", "stopped", *["waiting"] * 4]
    services.close()


@pytest.mark.spec("editor.74")
def test_the_command_line_runs_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, rows, out = tmp_path / "flow.yml", tmp_path / "rows.csv", tmp_path / "out.csv"
    file.write_text(write(flow()), encoding="utf-8")
    assert command_line(["batch", str(file), "--template", str(rows)]) == 0
    assert rows.read_text("utf-8-sig").startswith("name,count,kind")
    rows.write_bytes("name,count\n小王,5\nb,0\n,1\n".encode("gb18030"))
    capsys.readouterr()

    words = ["--data", str(tmp_path / "data"), "batch", str(file), "--csv", str(rows), "-o", str(out)]
    assert command_line(words) == 2
    assert "row 4: name is required" in capsys.readouterr().err
    assert not out.exists()
    assert command_line([*words, "--skip-bad", "--json", "--retries", "1"]) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["states"] == {"succeeded": 1, "failed": 1, "invalid": 1}
    assert told["encoding"] == "gb18030"
    results = read(out.read_text("utf-8-sig"))
    assert [(r["status"], r["r"]) for r in results] == [("succeeded", "小王小王"), ("failed", ""), ("invalid", "")]
    assert command_line(["--data", str(tmp_path / "data"), "runs", "list", "--trigger", "batch", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3  # the failed row ran twice
