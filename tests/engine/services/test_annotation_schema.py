"""A workspace of the first schema gets the tables of annotations, and keeps everything else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.services.context import Services
from engine.store.tables import SCHEMA_VERSION
from tests.helpers.model import made, node

NEW = ("message_annotations", "annotation_hit_histories")


def columns(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(file) as connection:
        return {table: connection.execute(f"pragma table_info({table})").fetchall() for table in NEW}


def test_a_workspace_of_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    first = Services.open(tmp_path)
    flow = made([node("1", "start", variables=[])], mode="advanced-chat")
    app_id = first.workflows.create("advanced-chat", "Talk", workflow=flow)
    first.close()
    file = tmp_path / "penstock.db"
    fresh = columns(file)
    with sqlite3.connect(file) as connection:
        for table in reversed(NEW):
            connection.execute(f"drop table {table}")
        connection.execute("drop index ix_runs_log")
        for column in ("read_at", "message_id", "env_fingerprint"):
            connection.execute(f"alter table workflow_runs drop column {column}")
        connection.execute("pragma user_version = 1")

    again = Services.open(tmp_path)
    annotation = again.annotations.put(app_id, "Q", "A")

    assert [row["id"] for row in again.annotations.all(app_id)] == [annotation]
    assert again.workflows.load(app_id).workflow.mode == "advanced-chat"
    again.close()
    assert columns(file) == fresh
    assert (tmp_path / "penstock.schema-1.bak").exists()
    with sqlite3.connect(file) as connection:
        assert connection.execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)
