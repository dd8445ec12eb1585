"""Where the data of a step is kept: in its row, or in a file with a preview in the row (statements 36 to 42)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from engine.run.variables.files import File
from engine.run.variables.truncation import Truncator
from engine.services.context import Services
from engine.store.offload import PREVIEW_BYTES, SHORT_PREVIEW_BYTES
from tests.helpers.run import build, stub
from tests.helpers.stored import run_graph, sql


def outputs_of(services: Services, size: int, **run: Any) -> tuple[str, bool, bool]:
    """What the row of a step that said `size` bytes of JSON holds, whether it is marked as cut, whether a file is."""
    text = "x" * (size - len('{"text":""}'))
    done = run_graph(services, build("start -> a", a=stub(outs={"text": text})), **run)
    (row,) = sql(
        services,
        "select id, outputs, outputs_truncated from workflow_node_executions "
        "where workflow_run_id = ? and node_id = 'a'",
        (done["run_id"],),
    )
    moved = sql(
        services,
        "select 1 from workflow_node_execution_offload where node_execution_id = ? and type = 'outputs'",
        (row[0],),
    )
    assert services.runs.node(row[0], whole=True)["outputs"] == {"text": text}
    return row[1], bool(row[2]), bool(moved)


@pytest.mark.spec("store.36")
def test_selective_moves_what_is_larger_than_64_kib(services: Services) -> None:
    small, cut, moved = outputs_of(services, 63 * 1024, policy="selective")
    assert (len(small), cut, moved) == (63 * 1024, False, False)

    shown, cut, moved = outputs_of(services, 65 * 1024, policy="selective")
    assert (cut, moved) == (True, True)
    assert len(shown) <= PREVIEW_BYTES
    value = json.loads(shown)["text"]
    assert value.startswith("xxx")
    assert value.endswith("...")


@pytest.mark.spec("store.37")
def test_never_keeps_five_megabytes_in_the_row(services: Services) -> None:
    shown, cut, moved = outputs_of(services, 5_000_000, policy="never")
    assert (len(shown), cut, moved) == (5_000_000, False, False)


@pytest.mark.spec("store.37")
def test_always_moves_ten_bytes(services: Services) -> None:
    shown, cut, moved = outputs_of(services, 13, policy="always")
    assert (shown, cut, moved) == ('{"text":"xx"}', True, True)
    shown, cut, moved = outputs_of(services, 10_000, policy="always")
    assert len(shown) <= SHORT_PREVIEW_BYTES


@pytest.mark.spec("store.37")
def test_sync_only_moves_in_runs_that_somebody_waits_for(services: Services) -> None:
    assert outputs_of(services, 70_000, policy="sync_only", triggered_from="debugging")[1:] == (True, True)
    assert outputs_of(services, 70_000, policy="sync_only", triggered_from="schedule")[1:] == (False, False)
    chat = {"policy": "sync_only", "triggered_from": "app-run", "mode": "advanced-chat"}
    assert outputs_of(services, 70_000, **chat)[1:] == (True, True)


@pytest.mark.parametrize("policy", ["never", "always", "selective", "sync_only"])
def test_previews_of_chinese_texts_are_short_too(services: Services, policy: str) -> None:
    done = run_graph(services, build("start -> a", a=stub(outs={"t": "水\n" * 60_000, "n": 7})), policy=policy)
    (row,) = sql(
        services,
        "select outputs from workflow_node_executions where workflow_run_id = ? and node_id = 'a'",
        (done["run_id"],),
    )
    shown = json.loads(row[0])
    assert shown["n"] == 7
    assert shown["t"].startswith("水\n水\n")
    assert policy == "never" or len(row[0].encode()) <= PREVIEW_BYTES


@pytest.mark.spec("store.39")
def test_twenty_megabytes_are_shown_at_once_and_exported_whole(services: Services) -> None:
    text = "".join(chr(97 + i % 26) for i in range(26)) * 800_000
    done = run_graph(services, build("start -> a", a=stub(outs={"text": text})))
    step = next(n for n in services.runs.nodes(done["run_id"]) if n["node_id"] == "a")

    begin = time.process_time()
    shown = services.runs.node(step["id"])
    spent = time.process_time() - begin

    assert spent < 0.1
    assert shown["outputs_truncated"]
    assert len(shown["outputs"]["text"]) < PREVIEW_BYTES
    exported = next(n for n in services.runs.export(done["run_id"])["nodes"] if n["node_id"] == "a")
    assert exported["outputs"]["text"] == text


@pytest.mark.spec("store.40")
def test_a_file_that_is_gone_hides_nothing_else(services: Services) -> None:
    done = run_graph(services, build("start -> a", a=stub(outs={"text": "x" * 70_000, "n": 1})))
    step = next(n for n in services.runs.nodes(done["run_id"]) if n["node_id"] == "a")
    for path in services.blobs._folder.rglob("*.z"):
        path.unlink()

    found = services.runs.node(step["id"], whole=True)

    assert found["unavailable"] == ["outputs"]
    assert found["outputs"]["n"] == 1
    assert found["outputs"]["text"].startswith("xxx")
    assert (found["status"], found["title"]) == ("succeeded", "a")


@pytest.mark.spec("store.41")
def test_truncation_keeps_what_is_no_text_and_says_that_it_cut() -> None:
    file = File("image", "remote_url", remote_url="https://x.test/a.png", filename="a.png").to_dict()
    value = {"n": 12345, "f": 1.5, "b": True, "z": None, "file": file, "t": "word " * 400_000}

    cut = Truncator().truncate_mapping(value)

    assert cut.truncated
    assert {k: cut.value[k] for k in ("n", "f", "b", "z", "file")} == {k: v for k, v in value.items() if k != "t"}
    assert cut.value["t"].endswith("...")
    assert value["t"].startswith(cut.value["t"][:-3])
