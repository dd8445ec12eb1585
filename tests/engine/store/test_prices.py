"""Very small prices are told in plain decimals wherever a run says what it has cost, and no digit is lost."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from engine.run.fold import fold
from engine.services.context import Services
from engine.services.logs import LogService
from tests.helpers.run import build, iterate, retry, stub
from tests.helpers.stored import run_graph, sql

TINY = "0.0000001"


def prices(data: Any) -> list[str]:
    """Every price in JSON data."""
    if isinstance(data, dict):
        own = [v for k, v in data.items() if k.endswith("price") and v is not None]
        return own + [p for v in data.values() for p in prices(v)]
    return [p for item in data for p in prices(item)] if isinstance(data, list) else []


@pytest.fixture
def done(services: Services) -> dict[str, Any]:
    """A recorded run with a node that costs a tenth of a millionth, alone, in rounds, tried again and made good."""
    cheap = {"tokens": 1, "price": TINY}
    graph = build(
        "start -> a -> it -> again -> good",
        a=stub(**cheap),
        it=iterate("c", "start.items", "c.text"),
        c=stub(outs={"text": "c"}, **cheap),
        again=stub(fail_times=1, **retry(1), **cheap),
        good=stub(fail_times=1, error_strategy="default-value", default_value=[], **cheap),
    )
    graph["nodes"][0]["data"]["variables"] = [{"variable": "items", "type": "json", "label": "items"}]
    app_id = services.workflows.create("workflow", "Cheap")
    return run_graph(services, graph, app_id=app_id, inputs={"items": [1, 2]})


def test_events_summary_and_fold(done: dict[str, Any]) -> None:
    assert done["status"] == "partial-succeeded"
    assert done["total_price"] == "0.0000006"
    told = prices(done["events"])
    assert {TINY, "0.0000002", "0.0000006"} <= set(told)
    assert not [p for p in told if "E" in p.upper()]
    state = fold(done["events"])
    assert state.total_price == "0.0000006"
    assert {name: node.price for name, node in state.nodes.items() if node.price != "0"} == {
        "a": TINY, "it": "0.0000002", "c": TINY, "again": TINY, "good": TINY,
    }  # fmt: skip


def test_rows_and_the_log(services: Services, done: dict[str, Any]) -> None:
    assert sql(services, "select total_price from workflow_runs") == [("0.0000006",)]
    stored = dict(sql(services, "select node_id, total_price from workflow_node_executions where total_tokens > 0"))
    assert stored == {"a": TINY, "it": "0.0000002", "c": TINY, "again": TINY, "good": TINY}
    (run,) = services.runs.list().runs
    assert run.total_price == "0.0000006"


def test_exports(services: Services, done: dict[str, Any], tmp_path: Path) -> None:
    logs: LogService = services.logs
    table, lines = tmp_path / "runs.csv", tmp_path / "runs.jsonl"
    logs.export([done["run_id"]], table, "csv")
    logs.export([done["run_id"]], lines, "jsonl")
    with table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["total_price"] == "0.0000006"
    told = prices(json.loads(lines.read_text("utf-8")))
    assert TINY in told
    assert not [p for p in told if "E" in p.upper()]


def test_rows_of_older_versions_are_read_plain(services: Services, done: dict[str, Any], tmp_path: Path) -> None:
    sql(services, "update workflow_runs set total_price = '6E-7'")
    sql(services, "update workflow_node_executions set total_price = '1E-7' where node_id = 'a'")
    (run,) = services.runs.list().runs
    assert run.total_price == services.runs.get(done["run_id"])["total_price"] == "0.0000006"
    assert [n["total_price"] for n in services.runs.nodes(done["run_id"]) if n["node_id"] == "a"] == [TINY]
    (found,) = services.logs.page(sort="price").runs
    assert found.total_price == "0.0000006"
    services.logs.export([done["run_id"]], tmp_path / "old.csv", "csv")
    assert "0.0000006" in (tmp_path / "old.csv").read_text("utf-8-sig")


def test_prices_that_a_person_sets_keep_their_spelling(services: Services) -> None:
    from decimal import Decimal

    from engine.adapters.models.setup import ModelSettings

    settings = ModelSettings("m", input_price=Decimal("1E-7"), output_price=Decimal("2.50"))
    assert settings.to_json()["input_price"] == TINY
    assert ModelSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
