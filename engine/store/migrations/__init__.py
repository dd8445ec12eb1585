"""Numbered steps from each earlier schema to the present one, on a file that was copied first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from engine.store.tables import SCHEMA_VERSION, workflow_runs


def _annotations(connection: Connection) -> None:
    """1 to 2: answers that people wrote, and where they were given."""
    for statement in ANNOTATIONS:
        connection.execute(text(statement))


# As the tables of version 2 are made; later changes of them are steps of their own.
ANNOTATIONS = (
    """create table message_annotations (id VARCHAR(36) not null primary key, app_id VARCHAR(36) not null
    references apps (id) on delete cascade, question TEXT not null, answer TEXT not null,
    hit_count INTEGER default '0' not null, created_at VARCHAR(27) not null, updated_at VARCHAR(27) not null)""",
    "create index ix_annotations_app on message_annotations (app_id, created_at desc)",
    """create table annotation_hit_histories (id VARCHAR(36) not null primary key, annotation_id VARCHAR(36) not null
    references message_annotations (id) on delete cascade, app_id VARCHAR(36) not null, conversation_id VARCHAR(36),
    message_id VARCHAR(36), query TEXT not null, score FLOAT not null, created_at VARCHAR(27) not null)""",
    "create index ix_annotation_hits on annotation_hit_histories (annotation_id, created_at desc)",
)


def _index_of_the_log(connection: Connection) -> None:
    """2 to 3: lists of runs are sorted and filtered from one index."""
    index = next(i for i in workflow_runs.indexes if i.name == "ix_runs_log")
    index.create(connection)


def _index_of_rounds(connection: Connection) -> None:
    """3 to 4: only steps inside of an iteration stand in the index of its rounds; all others cost less to write."""
    connection.execute(text("drop index if exists ix_nodes_rounds"))
    connection.execute(
        text(
            "create index ix_nodes_rounds on workflow_node_executions (workflow_run_id, iteration_id, iteration_index) "
            "where iteration_id is not null"
        )
    )


def _what_was_read(connection: Connection) -> None:
    """4 to 5: the log knows which runs somebody has looked at; all that are there by now count as read."""
    connection.execute(text("alter table workflow_runs add column read_at VARCHAR(27)"))
    connection.execute(text("update workflow_runs set read_at = coalesce(finished_at, created_at)"))


def _message_and_environment(connection: Connection) -> None:
    """5 to 6: a run names the message that it answered, and which environment it saw."""
    connection.execute(text("alter table workflow_runs add column message_id VARCHAR(36)"))
    connection.execute(text("alter table workflow_runs add column env_fingerprint TEXT"))


STEPS: Mapping[int, Callable[[Connection], None]] = {
    1: _annotations,
    2: _index_of_the_log,
    3: _index_of_rounds,
    4: _what_was_read,
    5: _message_and_environment,
}
"""Schema version to the step that leads to the next one."""


def backup(path: Path, version: int) -> Path:
    """A copy of the file beside it, made with SQLite's own online backup."""
    target = path.with_name(f"{path.stem}.schema-{version}.bak")
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    return target


def migrate(engine: Engine, path: Path, version: int) -> None:
    """Bring the file to the present schema in one transaction; a failed step leaves the old file in use."""
    backup(path, version)
    with engine.connect() as connection:
        connection.execute(text("begin immediate"))
        # The studio and its engine open the file together; whoever is second finds the work done.
        present = int(connection.execute(text("pragma user_version")).scalar() or 0)
        for step in range(present, SCHEMA_VERSION):
            STEPS[step](connection)
        connection.execute(text(f"pragma user_version = {SCHEMA_VERSION}"))
        connection.execute(text("commit"))
