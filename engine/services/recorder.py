"""Writes a run as it happens: events as they are and the rows that follow from them, in batches (architecture 3).

Belongs to the run's event loop. The end of a run is on disk before anybody is told of it, because the engine awaits
`flush` first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection

from engine.logs import get_logger
from engine.run.drafts import draft_values
from engine.run.limits import Limits
from engine.run.records import Records, RowChange, RunFacts, stored_reason
from engine.store.db import Database
from engine.store.debug import DebugStore
from engine.store.runs import RunStore

log = get_logger(__name__)
BATCH_EVENTS = 200
BATCH_SECONDS = 0.05


class RunRecorder:
    """The `Recorder` of one run."""

    def __init__(
        self,
        database: Database,
        runs: RunStore,
        debug: DebugStore,
        facts: RunFacts,
        *,
        owner: str,
        more: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        next_index: int = 1,
        open_rows: list[dict[str, Any]] | None = None,
        keep_drafts: bool = True,
    ) -> None:
        self._db, self._runs, self._debug, self._facts = database, runs, debug, facts
        self._records = Records(facts, limits=limits, next_index=next_index, open_rows=open_rows or [])
        self._owner, self._more, self._limits = owner, {"app_id": facts.app_id, **(more or {})}, limits
        self._events: list[Mapping[str, Any]] = []
        self._changes: list[RowChange] = []
        self._updates: dict[str, list[Mapping[str, Any]]] = {}
        self._drafts: list[Any] = []
        self._pause: tuple[Mapping[str, Any], Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last: Future[Any] | None = None
        self._system: Mapping[str, Any] = {}
        self._keep_drafts = keep_drafts

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        """Take one event; it is on disk within about 50 ms."""
        self._events.append(event)
        self._changes.extend(self._records.apply(event, payload))
        name = event["event"]
        if name == "GraphRunStarted":
            self._system = {k: v for k, v in event.get("inputs", {}).items() if k.startswith("sys.")}
        elif name == "NodeRunVariableUpdated":
            self._updates.setdefault(str(event.get("id")), []).append(event["variable"])
        elif name == "NodeRunSucceeded" and self._keep_drafts:
            updates = self._updates.pop(str(event.get("id")), [])
            found = draft_values(event, updates, self._system, self._limits)
            self._drafts.extend((value, str(event.get("id"))) for value in found)
        elif name == "GraphRunPaused" and payload is not None and "snapshot" in payload:
            self._pause = (payload["snapshot"], [stored_reason(r) for r in event.get("reasons", [])])
        if name == "GraphRunStarted" or len(self._events) >= BATCH_EVENTS:
            self._send()  # a run is in the log before its first node is
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(BATCH_SECONDS, self._send)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not (self._events or self._changes):
            return
        events, self._events = self._events, []
        changes, self._changes = self._changes, []
        drafts, self._drafts = self._drafts, []
        pause, self._pause = self._pause, None

        def job(connection: Connection) -> None:
            self._runs.apply(connection, changes, self._more, self._owner)
            if self._facts.kind != "node":
                self._runs.add_events(connection, self._facts.run_id, events)
            if pause is not None:
                self._runs.put_pause(connection, self._facts.run_id, pause[0], pause[1])

        self._last = self._db.submit(job)
        self._last.add_done_callback(self._told)
        if drafts:
            # On their own: what a step left for debugging must not take the record with it.
            self._last = self._db.submit(lambda c: self._debug.put(c, self._facts.app_id, drafts))
            self._last.add_done_callback(self._told)

    def _told(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            # The first line says what; the rest of a database error would be the whole statement with its values.
            log.error("run %s could not be recorded: %s", self._facts.run_id, str(error).split("\n", 1)[0])

    async def flush(self) -> None:
        """Return when everything so far is on disk; a problem of the disk was logged and does not stop the run."""
        self._send()
        last = self._last
        if last is not None:
            await asyncio.wait([asyncio.wrap_future(last)])
