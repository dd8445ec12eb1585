"""Browsing the run log: filters alone and together, orders, pages, export, comparison, saved filters."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from engine.cli.app import run as command_line
from engine.errors import UserError
from engine.services.context import Services
from engine.services.logs import SORTS, RunFilter, safe_cell
from engine.services.runs import StartRun
from tests.helpers.flows import ONE_BAD_TRY, nested_flow
from tests.helpers.logs import fill

COUNT = 120
Row = dict[str, Any]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[Services, list[Row], list[str]]]:
    services = Services.open(tmp_path)
    apps = [services.workflows.create("workflow", name) for name in ("Orders", "Mails", "翻译助手")]
    yield services, fill(services, COUNT, apps), apps
    services.close()


def every(services: Services, wanted: RunFilter, **more: Any) -> list[str]:
    """All ids of a filter, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = services.logs.page(wanted, cursor=cursor, limit=7, **more)
        found += [run.id for run in page.runs]
        cursor = page.cursor
        if cursor is None:
            return found


CASES: list[tuple[str, Callable[[list[str]], RunFilter], Callable[[Row, list[str]], bool]]] = [
    ("workflow", lambda apps: RunFilter(app_id=apps[1]), lambda r, apps: r["app_id"] == apps[1]),
    ("status", lambda _: RunFilter(statuses=("failed", "stopped")), lambda r, _: r["status"] in ("failed", "stopped")),
    ("since", lambda _: RunFilter(since="2026-01-01T01:00"), lambda r, _: r["created_at"] >= "2026-01-01T01:00"),
    ("until", lambda _: RunFilter(until="2026-01-01T01:00"), lambda r, _: r["created_at"] < "2026-01-01T01:00"),
    ("keyword", lambda _: RunFilter(keyword="订单 17 已"), lambda r, _: "订单 17 已" in r["outputs"]),
    ("two characters", lambda _: RunFilter(keyword="订单"), lambda r, _: True),
    ("an id", lambda _: RunFilter(keyword="run-000033"), lambda r, _: r["id"] == "run-000033"),
    ("version", lambda _: RunFilter(version="draft"), lambda r, _: r["version"] == "draft"),
    ("node", lambda _: RunFilter(node="n2"), lambda r, _: True),
    ("no such node", lambda _: RunFilter(node="Nobody"), lambda r, _: False),
    ("title", lambda _: RunFilter(node="翻译"), lambda r, _: True),
    ("error", lambda _: RunFilter(error="order 7 did"), lambda r, _: "order 7 did" in r["error"]),
    ("trigger", lambda _: RunFilter(trigger="batch"), lambda r, _: r["triggered_from"] == "batch"),
    ("pinned", lambda _: RunFilter(pinned=True), lambda r, _: r["pinned"]),
    (
        "together",
        lambda apps: RunFilter(
            app_id=apps[0], statuses=("failed",), since="2026-01-01T00:10", keyword="did not", version="draft",
            node="Send", error="answer",
        ),
        lambda r, apps: r["app_id"] == apps[0] and r["status"] == "failed" and r["created_at"] >= "2026-01-01T00:10"
        and r["version"] == "draft",
    ),
]  # fmt: skip


@pytest.mark.spec("editor.75")
@pytest.mark.parametrize(("made", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_each_filter_gives_the_right_rows(
    log: tuple[Services, list[Row], list[str]],
    made: Callable[[list[str]], RunFilter],
    expected: Callable[[Row, list[str]], bool],
) -> None:
    services, rows, apps = log
    wanted = made(apps)

    found = every(services, wanted)

    assert found == [r["id"] for r in reversed(rows) if expected(r, apps)]
    assert services.logs.count(wanted) == len(found)
    assert services.logs.ids(wanted) == found
    assert RunFilter.from_json(json.loads(json.dumps(wanted.to_json()))) == wanted


@pytest.mark.spec("editor.75", "store.54")
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_pages_through_all_runs_once(
    log: tuple[Services, list[Row], list[str]], sort: str, up: bool
) -> None:
    services, rows, apps = log
    names = {app: services.workflows.get(app).name for app in apps}
    keys: dict[str, Callable[[Row], Any]] = {
        "started": lambda r: r["created_at"],
        "elapsed": lambda r: r["elapsed_time"],
        "tokens": lambda r: r["total_tokens"],
        "price": lambda r: float(r["total_price"]),
        "status": lambda r: r["status"],
        "workflow": lambda r: names[r["app_id"]].encode(),
        "version": lambda r: r["version"],
        "trigger": lambda r: r["triggered_from"],
    }

    found = every(services, RunFilter(), sort=sort, up=up)

    ordered = sorted(rows, key=lambda r: (keys[sort](r), r["created_at"], r["id"]), reverse=not up)
    assert found == [r["id"] for r in ordered]


def test_an_order_that_does_not_exist_is_refused(log: tuple[Services, list[Row], list[str]]) -> None:
    with pytest.raises(UserError, match="no order"):
        log[0].logs.page(sort="colour")


@pytest.mark.spec("store.53", "store.55")
def test_lists_are_read_from_one_index_without_payloads(log: tuple[Services, list[Row], list[str]]) -> None:
    services, _, apps = log
    said: list[tuple[str, Any]] = []
    engine = services.database.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, text, values, _x, _m: said.append((text, values)))
    page = services.logs.page(RunFilter(app_id=apps[0], statuses=("failed",)), limit=5)
    for sort in SORTS:
        services.logs.page(sort=sort, limit=5)
    services.logs.page(cursor=page.cursor, limit=5)
    statements = [s for s in said if "sort_key" in s[0]]

    assert statements
    with sqlite3.connect(services.data_dir / "penstock.db") as connection:
        for text, values in statements:
            assert not any(f"workflow_runs.{name}" in text for name in ("inputs", "outputs", "graph", "features"))
            plan = [row[3] for row in connection.execute(f"explain query plan {text}", values)]
            scans = [line for line in plan if line.startswith(("SCAN", "SEARCH"))]
            assert not [s for s in scans if s.startswith("SCAN workflow_runs") and "COVERING INDEX" not in s], plan
    connection.close()


def test_filters_are_kept_by_name(log: tuple[Services, list[Row], list[str]]) -> None:
    logs = log[0].logs
    mine = RunFilter(statuses=("failed",), keyword="退款")
    logs.save("Refunds", mine)
    logs.save("All", RunFilter())

    assert logs.saved() == {"Refunds": mine, "All": RunFilter()}
    logs.forget("All")
    assert list(logs.saved()) == ["Refunds"]
    with pytest.raises(UserError):
        logs.save("  ", mine)


def test_runs_are_exported_whole_and_as_a_table(log: tuple[Services, list[Row], list[str]], tmp_path: Path) -> None:
    services, rows, _ = log
    ids = [r["id"] for r in rows[:5]]

    assert services.logs.export([*ids, "gone"], tmp_path / "runs.jsonl") == 5
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text("utf-8").splitlines()]
    assert [line["run"]["id"] for line in lines] == ids
    assert lines[0]["run"]["outputs"] == {"text": "订单 0 已处理"}
    assert len(lines[0]["events"]) == 3

    services.logs.export(ids, tmp_path / "runs.csv", "csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["id"] for row in table] == ids
    assert json.loads(table[3]["outputs"]) == {"text": "订单 3 已处理"}

    assert services.logs.export(ids, tmp_path / "stopped.csv", "csv", progress=lambda done: done < 3) == 0
    assert not (tmp_path / "stopped.csv").exists()
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize(
    ("value", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-3.5", "-3.5"), ("-a", "'-a"), (7, "7"), (None, "")]
)
def test_cells_are_no_formulas(value: Any, cell: str) -> None:
    assert safe_cell(value) == cell


def two_runs(services: Services) -> tuple[str, str]:
    """The same flow twice; the second time with one more word, and with a try that failed."""

    async def work() -> list[str]:
        app_id = services.workflows.create("workflow", "Nested", workflow=nested_flow())
        workflow = services.workflows.load(app_id).workflow
        found = []
        for texts, mocks in (("one two", None), ("one two three", ONE_BAD_TRY)):
            start = StartRun(workflow, app_id=app_id, inputs={"texts": texts}, mocks=mocks)
            handle = services.runs.start(start)
            async for _ in handle.events():
                pass
            summary = await handle.result()
            assert summary["status"] == "succeeded", summary
            found.append(str(summary["run_id"]))
        await services.runs.drain()
        await services.close_ports()
        return found

    left, right = asyncio.run(work())
    return left, right


@pytest.mark.spec("editor.75")
def test_two_runs_are_compared_step_by_step(tmp_path: Path) -> None:
    services = Services.open(tmp_path)
    left, right = two_runs(services)

    found = services.logs.compare(left, right)

    assert found.same_graph
    assert {c.path for c in found.facts} >= {"inputs.texts", "outputs.out", "total_steps"}
    pairs = {(p.title, p.rounds): p for p in found.steps}
    assert pairs[("Loud", "1")].verdict == "same"
    assert pairs[("Join", "1")].verdict == "changed"
    assert {c.path for c in pairs[("Join", "1")].differences} >= {"outputs.r", "attempts"}
    assert pairs[("Up", "3.2")].verdict == "right"
    assert [p.title for p in found.steps if p.depth == 0] == ["Start", "Split", "Each", "End"]
    assert [p.verdict for p in services.logs.compare(left, left).steps] == ["same"] * len(services.runs.nodes(left)), (
        "a run is like itself"
    )
    services.close()


def test_the_command_line_filters_exports_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Services.open(tmp_path)
    apps = [services.workflows.create("workflow", name) for name in ("Orders", "Mails")]
    fill(services, 40, apps)
    left, right = two_runs(services)
    services.close()

    def told(*words: str) -> Any:
        assert command_line(["--data", str(tmp_path), "runs", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    found = told(
        "list", "--app", "Orders", "--status", "failed,stopped", "--error", "did not", "--sort", "elapsed", "--up"
    )
    assert found
    assert {r["app_name"] for r in found} == {"Orders"}
    assert {r["status"] for r in found} == {"failed"}
    assert [r["elapsed_time"] for r in found] == sorted(r["elapsed_time"] for r in found)
    assert told("export", "--trigger", "batch", "-o", str(tmp_path / "b.csv"))["runs"] == 10
    assert told("export", left, "-o", str(tmp_path / "one.json"))["runs"] == 1
    assert json.loads((tmp_path / "one.json").read_text("utf-8"))["run"]["id"] == left
    assert told("compare", left, right)["same_graph"]
    assert command_line(["--data", str(tmp_path), "runs", "list", "--status", "lost"]) == 2
    assert command_line(["--data", str(tmp_path), "runs", "list", "--since", "someday"]) == 2


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Version, tables with columns, keys and indexes, triggers: what a schema is, however it was written down."""
    rows = connection.execute(
        "select type, name, tbl_name from sqlite_master where name not like 'sqlite_%'"
    ).fetchall()
    found: dict[str, Any] = {"version": connection.execute("pragma user_version").fetchone()}
    for kind, name, table in rows:
        if kind == "table":
            columns = connection.execute(f"pragma table_info('{name}')").fetchall()
            keys = connection.execute(f"pragma foreign_key_list('{name}')").fetchall()
            found[name] = ([tuple(str(part).lower() for part in column) for column in columns], sorted(map(str, keys)))
        elif kind == "index":
            found[name] = (table, connection.execute(f"pragma index_xinfo('{name}')").fetchall())
        else:
            found[name] = table
    return found


@pytest.mark.spec("store.58")
def test_the_first_schema_is_brought_to_the_present_one(tmp_path: Path) -> None:
    """A workspace of schema 1 with one run in it opens, is changed, and then has the schema of a fresh one."""
    sample = Path(__file__).parents[2] / "data" / "schema-1.db.gz"
    old = tmp_path / "old"
    old.mkdir()
    (old / "penstock.db").write_bytes(gzip.decompress(sample.read_bytes()))

    schemas = []
    for folder in (old, tmp_path / "fresh"):
        services = Services.open(folder)
        if folder == old:
            (run,) = services.logs.page().runs
            assert (run.app_name, run.status) == ("Nested", "succeeded")
        services.open_workspace()
        services.close()
        with sqlite3.connect(folder / "penstock.db") as connection:
            schemas.append(shape(connection))
        connection.close()

    assert schemas[0] == schemas[1]
    assert list(old.glob("*.schema-1.bak"))


def test_listing_runs_imports_no_window(tmp_path: Path) -> None:
    code = (
        "import sys; from engine.services.logs import RunFilter; "
        "assert not {'sqlalchemy', 'PySide6'} & set(sys.modules), 'heavy'"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
