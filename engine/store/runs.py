"""The run log: rows, events, graphs once, big values beside, search, recovery after a crash (storage spec 2.4-2.6)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.clock import Clock, IdSource, iso
from engine.errors import UserError
from engine.run.records import RowChange, coalesce
from engine.store.blobs import BlobStore
from engine.store.bulk import RowWriter, update_rows
from engine.store.crypto import Vault
from engine.store.db import Database
from engine.store.jsontext import dumps, loads
from engine.store.offload import Offload
from engine.store.owners import is_alive
from engine.store.tables import (
    apps,
    conversation_variables,
    graph_snapshots,
    human_forms,
    offloads,
    pauses,
    run_events,
    workflow_node_executions,
    workflow_runs,
)

INTERRUPTED = "Interrupted: the application closed while this run was active"
ENDED = ("succeeded", "failed", "partial-succeeded", "stopped")
JSON_RUN = ("inputs", "outputs", "features", "pause_reasons")
JSON_NODE = ("inputs", "process_data", "outputs", "execution_metadata")
SELECTIVE = Offload()
EVENTS_A_ROW = 64
_NODE_ROWS = RowWriter(workflow_node_executions, [c.name for c in workflow_node_executions.c])
_EVENT_ROWS = RowWriter(run_events, ("run_id", "seq", "event"))
LIST_COLUMNS = (
    "id",
    "app_id",
    "workflow_id",
    "type",
    "triggered_from",
    "version",
    "kind",
    "status",
    "error",
    "error_node_id",
    "elapsed_time",
    "total_tokens",
    "total_price",
    "total_steps",
    "exceptions_count",
    "conversation_id",
    "query",
    "pinned",
    "created_by",
    "read_at",
    "created_at",
    "finished_at",
)
TRACE_COLUMNS = tuple(c.name for c in workflow_node_executions.c if c.name not in ("inputs", "process_data", "outputs"))


def graph_digest(graph_text: str) -> str:
    """The name of a graph snapshot."""
    return hashlib.sha256(graph_text.encode("utf-8", "surrogatepass")).hexdigest()


def _unpacked(row: bytes | str) -> list[dict[str, Any]]:
    """The events of a row; the first workspaces have one event a row, as text."""
    if isinstance(row, bytes):
        events: list[dict[str, Any]] = loads(zlib.decompress(row).decode())
        return events
    return [loads(row)]


class RunStore:
    """Reads and writes the run log; every method may be called from any thread."""

    def __init__(self, database: Database, blobs: BlobStore, vault: Vault, clock: Clock, ids: IdSource) -> None:
        self._db, self._blobs, self._vault, self._clock, self._ids = database, blobs, vault, clock, ids

    # -- writing a run -----------------------------------------------------------------------------------------------

    def apply(
        self,
        connection: Connection,
        changes: Sequence[RowChange],
        more: Mapping[str, Any],
        owner: str,
        offload: Offload = SELECTIVE,
    ) -> None:
        """Write row changes inside a transaction. `more` are columns of the run row that the changes do not have,
        `offload` says what goes to files.

        What a batch says of one row becomes one change, and new rows go in by one statement: the run row first, its end
        last, because the search index of an ended run reads the steps.
        """
        merged = coalesce(changes)
        for change in merged:
            if change.table == "run" and change.insert:
                self._run(connection, change, more, owner)
        self._nodes(connection, [c for c in merged if c.table == "node"], offload)
        for change in merged:
            if change.table == "run" and not change.insert:
                self._run(connection, change, more, owner)
            elif change.table not in ("run", "node"):
                self._variable(connection, change, str(more.get("app_id", "")))

    def _run(self, connection: Connection, change: RowChange, more: Mapping[str, Any], owner: str) -> None:
        values = {k: v for k, v in change.values.items() if k != "graph"}
        for key in JSON_RUN:
            if key in values and values[key] is not None:
                values[key] = dumps(values[key])
        if change.insert:
            graph = dumps(change.values["graph"])
            sha = graph_digest(graph)
            connection.execute(upsert(graph_snapshots).values(sha256=sha, json=graph).on_conflict_do_nothing())
            columns = {c.name for c in workflow_runs.c}
            row = {k: v for k, v in {**more, **values}.items() if k in columns}
            row["features"] = dumps(more.get("features") or {})
            row.update(graph_sha256=sha, heartbeat_at=iso(self._clock.now()), owner=owner)
            connection.execute(upsert(workflow_runs).values(row).on_conflict_do_nothing())
            if row.get("status") in ENDED:
                self._index(connection, change.key)
        else:
            connection.execute(
                update(workflow_runs)
                .where(workflow_runs.c.id == change.key, workflow_runs.c.status.not_in(ENDED))
                .values(values)
            )
            if values.get("status") in ENDED:
                self._close_forms(connection, [change.key])
                self._index(connection, change.key)

    @staticmethod
    def _close_forms(connection: Connection, run_ids: Sequence[str]) -> None:
        """Nobody needs to answer the forms of a run that has ended."""
        forms = human_forms.c
        open_ones = (forms.workflow_run_id.in_(run_ids)) & (forms.status == "waiting")
        connection.execute(update(human_forms).where(open_ones).values(status="expired"))

    def _nodes(self, connection: Connection, changes: Sequence[RowChange], offload: Offload) -> None:
        large: list[dict[str, Any]] = []
        fresh = [self._columns(change, large, offload) for change in changes if change.insert]
        if fresh:
            _NODE_ROWS.add(connection, fresh)
        update_rows(
            connection,
            workflow_node_executions,
            [(change.key, self._columns(change, large, offload)) for change in changes if not change.insert],
        )
        for row in large:
            statement = upsert(offloads).values(row)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["node_execution_id", "type"], set_={"file_id": row["file_id"]}
                )
            )

    def _columns(self, change: RowChange, large: list[dict[str, Any]], offload: Offload) -> dict[str, Any]:
        """The columns of a step's row; large parts go to blobs, whose rows follow when the step's row is there."""
        values = change.values.copy()
        for key in JSON_NODE:
            if key not in values:
                continue
            value = values[key]
            if not value:  # most are empty
                values[key] = "{}" if value is not None else None
            elif key == "execution_metadata":
                values[key] = dumps(value)
            else:
                whole = change.whole.get(key, value)
                values[key], moved = offload.split(whole, dumps(whole))
                values[f"{key}_truncated"] = moved is not None
                if moved is not None:
                    large.append(self._offload(change.key, key, moved))
        return values

    def _offload(self, key: str, part: str, value: str) -> dict[str, Any]:
        """The row of a whole value as a blob; the file is on disk before the row names it."""
        return {
            "id": self._ids.uuid(),
            "created_at": iso(self._clock.now()),
            "node_execution_id": key,
            "type": part,
            "file_id": self._blobs.put(value.encode("utf-8", "replace")),
        }

    def _variable(self, connection: Connection, change: RowChange, app_id: str) -> None:
        values = change.values
        if not values.get("conversation_id"):
            return
        now = iso(self._clock.now())
        data = self._vault.seal(dumps({k: v for k, v in values.items() if k != "conversation_id"}), "conversation")
        row = {
            "id": values.get("id") or change.key,
            "conversation_id": values["conversation_id"],
            "app_id": app_id,
            "data": data,
            "created_at": now,
            "updated_at": now,
        }
        statement = upsert(conversation_variables).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id", "conversation_id"], set_={"data": data, "updated_at": now}
            )
        )

    def add_events(self, connection: Connection, run_id: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Write events as they are, some in a row, which is under the number of its first; how long their JSON is."""
        rows, size = [], 0
        for begin in range(0, len(events), EVENTS_A_ROW):
            part = events[begin : begin + EVENTS_A_ROW]
            text = dumps(part)
            size += len(text)
            # Deflated to a seventh, which costs less than to write the rest.
            rows.append((run_id, part[0]["seq"], zlib.compress(text.encode(), 1)))
        _EVENT_ROWS.add_values(connection, rows)
        return size

    def _index(self, connection: Connection, run_id: str) -> None:
        """What full-text search finds a run by: inputs, outputs, errors, titles."""
        table = workflow_node_executions.c
        run = connection.execute(
            select(
                workflow_runs.c.app_id,
                workflow_runs.c.inputs,
                workflow_runs.c.outputs,
                workflow_runs.c.error,
                workflow_runs.c.query,
            ).where(workflow_runs.c.id == run_id)
        ).first()
        if run is None:
            return
        parts = [str(p or "")[:20_000] for p in run[1:]]
        nodes = connection.execute(
            select(table.title, table.error, func.substr(table.outputs, 1, 4000)).where(table.workflow_run_id == run_id)
        )
        # Rounds say the same again and again; once is enough to be found.
        parts.extend(dict.fromkeys(str(p) for row in nodes for p in row if p and p != "{}"))
        connection.execute(text("delete from run_search where run_id = :run"), {"run": run_id})
        connection.execute(
            text("insert into run_search (run_id, app_id, body) values (:run, :app, :body)"),
            {"run": run_id, "app": run[0], "body": "\n".join(parts)[:200_000]},
        )

    def fingerprint(self, environment: Sequence[Mapping[str, Any]]) -> str | None:
        """Names and marks of the values of an environment as JSON, so that two runs can be told apart by it; no value
        can be read from it. None for no environment."""
        if not environment:
            return None
        marks = {str(v["name"]): self._vault.mark(dumps(v.get("value")), f"env:{v['name']}") for v in environment}
        return dumps(dict(sorted(marks.items())))

    def heartbeat(self, run_ids: Sequence[str]) -> None:
        """Say that these runs are alive."""
        now = iso(self._clock.now())
        self._db.submit(
            lambda c: c.execute(update(workflow_runs).where(workflow_runs.c.id.in_(run_ids)).values(heartbeat_at=now))
        )

    # -- pauses ------------------------------------------------------------------------------------------------------

    def put_pause(self, connection: Connection, run_id: str, state: Mapping[str, Any], reasons: Any) -> None:
        """The state of a paused run, encrypted: it holds secrets."""
        sealed = self._vault.seal(dumps(state), f"pause:{run_id}")
        now = iso(self._clock.now())
        row = {
            "id": self._ids.uuid(),
            "workflow_run_id": run_id,
            "state": sealed,
            "reasons": dumps(reasons),
            "created_at": now,
            "resumed_at": None,
        }
        statement = upsert(pauses).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["workflow_run_id"],
                set_={"state": sealed, "reasons": row["reasons"], "created_at": now, "resumed_at": None},
            )
        )

    def take_pause(self, run_id: str) -> dict[str, Any]:
        """The state of a paused run, for the one who resumes it. Raises UserError when it cannot be taken."""
        now = iso(self._clock.now())

        def job(connection: Connection) -> str:
            row = connection.execute(
                select(pauses.c.state, pauses.c.resumed_at).where(pauses.c.workflow_run_id == run_id)
            ).first()
            if row is None:
                raise UserError("This run is not paused.", code="run.not_paused")
            if row[1] is not None:
                raise UserError("This run was resumed already.", code="run.already_resumed")
            connection.execute(update(pauses).where(pauses.c.workflow_run_id == run_id).values(resumed_at=now))
            return str(row[0])

        clear = self._vault.open(self._db.write(job), f"pause:{run_id}")
        if clear is None:
            raise UserError(
                "The state of this run cannot be opened: the workspace's key is another one.", code="run.key_lost"
            )
        state: dict[str, Any] = loads(clear)
        return state

    def close_pause(self, run_id: str) -> None:
        """A paused run was stopped."""
        now = iso(self._clock.now())
        self._db.write(
            lambda c: c.execute(update(pauses).where(pauses.c.workflow_run_id == run_id).values(resumed_at=now))
        )

    # -- reading -----------------------------------------------------------------------------------------------------

    def page(
        self,
        *,
        app_id: str | None = None,
        status: str | None = None,
        triggered_from: str | None = None,
        search: str = "",
        version: str | None = None,
        since: str | None = None,
        until: str | None = None,
        cursor: tuple[str, str] | None = None,
        limit: int = 20,
    ) -> list[dict[str, Any]]:
        """Runs, newest first, without graphs and payloads; `cursor` is (created_at, id) of the last row before."""
        table = workflow_runs.c
        query = select(*(table[name] for name in LIST_COLUMNS), apps.c.name.label("app_name")).join(
            apps, apps.c.id == table.app_id, isouter=True
        )
        conditions: list[Any] = []
        for column, value in (
            ("app_id", app_id),
            ("status", status),
            ("triggered_from", triggered_from),
            ("version", version),
        ):
            if value is not None:
                conditions.append(table[column] == value)
        if since is not None:
            conditions.append(table.created_at >= since)
        if until is not None:
            conditions.append(table.created_at < until)
        if cursor is not None:
            conditions.append(tuple_(table.created_at, table.id) < tuple_(*cursor))
        with self._db.read() as connection:
            if search.strip():
                conditions.append(table.id.in_(self._found(connection, search, app_id)))
            query = query.where(and_(*conditions)) if conditions else query
            rows = connection.execute(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit)).mappings()
            return [dict(row) for row in rows]

    def _found(self, connection: Connection, search: str, app_id: str | None) -> list[str]:
        words = search.strip()
        table = workflow_runs.c
        if len(words) < 3:
            # Trigrams need three characters; shorter words are looked for in the newest runs.
            like = f"%{words}%"
            query = (
                select(table.id)
                .where(
                    or_(table.inputs.like(like), table.outputs.like(like), table.error.like(like), table.id == words)
                )
                .order_by(table.created_at.desc())
                .limit(1000)
            )
            return list(connection.execute(query).scalars())
        phrase = '"' + words.replace('"', '""') + '"'
        found = connection.execute(
            text("select run_id, app_id from run_search where run_search match :phrase limit 5000"), {"phrase": phrase}
        )
        ids = [row[0] for row in found if app_id is None or row[1] == app_id]
        return [*ids, words]

    def counts(self, app_id: str | None = None) -> dict[str, int]:
        """How many runs have each status."""
        table = workflow_runs.c
        query = select(table.status, func.count()).group_by(table.status)
        if app_id is not None:
            query = query.where(table.app_id == app_id)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def get(self, run_id: str) -> dict[str, Any]:
        """One run with its graph, inputs and outputs. Raises UserError `store.unknown_run`."""
        table = workflow_runs
        query = (
            select(table, graph_snapshots.c.json.label("graph"), apps.c.name.label("app_name"))
            .join(graph_snapshots, graph_snapshots.c.sha256 == table.c.graph_sha256)
            .join(apps, apps.c.id == table.c.app_id, isouter=True)
            .where(table.c.id == run_id)
        )
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise UserError("This run is not in the log.", code="store.unknown_run")
        record = dict(row)
        for key in (*JSON_RUN, "graph"):
            record[key] = loads(record.get(key), {})
        return record

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """All events of a run in order."""
        with self._db.read() as connection:
            return self._events(connection, run_id)

    @staticmethod
    def _events(connection: Connection, run_id: str) -> list[dict[str, Any]]:
        query = select(run_events.c.event).where(run_events.c.run_id == run_id).order_by(run_events.c.seq)
        return [event for row in connection.execute(query).scalars() for event in _unpacked(row)]

    def trace(self, run_id: str) -> list[dict[str, Any]]:
        """Node executions of a run in order, without their payloads."""
        table = workflow_node_executions.c
        query = (
            select(*(table[name] for name in TRACE_COLUMNS))
            .where(table.workflow_run_id == run_id)
            .order_by(table.index)
        )
        with self._db.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            row["execution_metadata"] = loads(row["execution_metadata"], {})
        return rows

    def node(self, execution_id: str, *, whole: bool = False) -> dict[str, Any]:
        """One node execution with its payloads; `whole` reads what was cut from its file. Raises UserError."""
        table = workflow_node_executions
        with self._db.read() as connection:
            row = connection.execute(select(table).where(table.c.id == execution_id)).mappings().first()
            parts = connection.execute(
                select(offloads.c.type, offloads.c.file_id).where(offloads.c.node_execution_id == execution_id)
            ).all()
        if row is None:
            raise UserError("This step is not in the log.", code="store.unknown_execution")
        record = dict(row)
        for key in JSON_NODE:
            record[key] = loads(record[key], {})
        for part, sha in parts if whole else ():
            content = self._blobs.get(sha)
            if content is None:
                record.setdefault("unavailable", []).append(part)
            else:
                record[part] = loads(content.decode())
        return record

    def last_of_node(self, app_id: str, node_id: str) -> dict[str, Any] | None:
        """The newest execution of a node in any run or single step."""
        table = workflow_node_executions.c
        query = (
            select(table.id)
            .where(table.app_id == app_id, table.node_id == node_id)
            .order_by(table.created_at.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            found = connection.execute(query).scalars().first()
        return self.node(found) if found else None

    def conversation_values(self, conversation_id: str) -> dict[str, dict[str, Any]]:
        """Stored conversation variables by name."""
        return {value["name"]: value for value, _ in self._remembered(conversation_id)}

    def conversation_changes(self, conversation_id: str) -> dict[str, str]:
        """When each stored conversation variable was written last, by name."""
        return {str(value["name"]): at for value, at in self._remembered(conversation_id)}

    def _remembered(self, conversation_id: str) -> list[tuple[dict[str, Any], str]]:
        table = conversation_variables.c
        query = select(table.data, table.updated_at).where(table.conversation_id == conversation_id)
        with self._db.read() as connection:
            rows = list(connection.execute(query))
        return [(loads(clear), at) for data, at in rows if (clear := self._vault.open(data, "conversation"))]

    def due_forms(self) -> dict[str, set[str]]:
        """Paused runs that may go on, because a form that they wait for was settled: id to the forms' statuses."""
        table = pauses.c
        with self._db.read() as connection:
            waiting = connection.execute(
                select(table.workflow_run_id, table.reasons)
                .join(workflow_runs, workflow_runs.c.id == table.workflow_run_id)
                .where(table.resumed_at.is_(None), workflow_runs.c.status == "paused")
            ).all()
            found: dict[str, set[str]] = {}
            for run_id, reasons in waiting:
                sessions = [r.get("session_id") for r in loads(reasons) if isinstance(r, dict) and r.get("session_id")]
                rows = connection.execute(
                    select(human_forms.c.status).where(
                        human_forms.c.id.in_(sessions), human_forms.c.status.not_in(("waiting",))
                    )
                ).scalars()
                if statuses := set(rows):
                    found[run_id] = statuses
        return found

    # -- ending and deleting -----------------------------------------------------------------------------------------

    def recover(self) -> list[str]:
        """Runs that a dead process left running become stopped, with their nodes; paused ones stay. Their ids."""
        table, now = workflow_runs.c, self._clock.now()
        with self._db.read() as connection:
            rows = connection.execute(
                select(table.id, table.owner, table.heartbeat_at).where(table.status.in_(("running", "scheduled")))
            ).all()
        dead = [row[0] for row in rows if not is_alive(row[1], row[2], now)]
        if dead:
            self._db.write(lambda c: self.interrupt(c, dead, INTERRUPTED))
        return dead

    def interrupt(self, connection: Connection, run_ids: Sequence[str], reason: str) -> None:
        """End runs that nobody will end any more, at this moment; what they had cost, and how long their open nodes had
        worked, is worked out from their events."""
        from engine.run.totals import seconds_between, totals_of

        now, nodes = iso(self._clock.now()), workflow_node_executions.c
        is_open = nodes.workflow_run_id.in_(run_ids) & nodes.status.in_(("running", "retry", "paused", "pending"))
        worked = connection.execute(
            select(nodes.id, nodes.workflow_run_id, nodes.created_at).where(
                is_open, nodes.status.in_(("running", "retry"))
            )
        ).all()
        connection.execute(
            update(workflow_node_executions).where(is_open).values(status="stopped", error=reason, finished_at=now)
        )
        connection.execute(
            update(workflow_runs)
            .where(workflow_runs.c.id.in_(run_ids), workflow_runs.c.status.in_(("running", "scheduled", "paused")))
            .values(status="stopped", error=reason, finished_at=now)
        )
        self._close_forms(connection, run_ids)
        for run_id in run_ids:
            totals = totals_of(self._events(connection, run_id))
            connection.execute(update(workflow_runs).where(workflow_runs.c.id == run_id).values(totals.to_row()))
            for node_id, owner, began in worked:
                if owner == run_id and began and totals.last_at:
                    elapsed = seconds_between(began, totals.last_at)
                    connection.execute(
                        update(workflow_node_executions).where(nodes.id == node_id).values(elapsed_time=elapsed)
                    )
            self._index(connection, run_id)

    def pin(self, run_id: str, *, pinned: bool) -> None:
        """Keep a run for ever, or no longer."""
        self._db.write(
            lambda c: c.execute(update(workflow_runs).where(workflow_runs.c.id == run_id).values(pinned=pinned))
        )

    def mark_read(self, run_ids: Sequence[str] | None) -> None:
        """Somebody has looked at these runs that have ended, or at all of the log (None)."""
        ended = workflow_runs.c.finished_at.is_not(None) & workflow_runs.c.read_at.is_(None)
        condition = ended if run_ids is None else ended & workflow_runs.c.id.in_(run_ids)
        now = iso(self._clock.now())
        self._db.write(lambda c: c.execute(update(workflow_runs).where(condition).values(read_at=now)))

    def delete(self, run_ids: Sequence[str]) -> int:
        """Delete runs that are not active; how many went."""

        def job(connection: Connection) -> int:
            condition = workflow_runs.c.id.in_(run_ids) & workflow_runs.c.status.not_in(("running", "scheduled"))
            gone = list(connection.execute(select(workflow_runs.c.id).where(condition)).scalars())
            for run_id in gone:
                connection.execute(text("delete from run_search where run_id = :run"), {"run": run_id})
            connection.execute(delete(workflow_runs).where(workflow_runs.c.id.in_(gone)))
            return len(gone)

        return self._db.write(job)
