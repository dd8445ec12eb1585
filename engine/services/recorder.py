"""Writes a run as it happens: events as they are and the rows that follow from them, in batches (architecture 3).

Belongs to the run's event loop. The end of a run is on disk before anybody is told of it, because the engine awaits
`flush` first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection

from engine.logs import get_logger
from engine.run.drafts import DraftCollector
from engine.run.limits import Limits
from engine.run.records import Records, RowChange, RunFacts, stored_reason
from engine.store.db import Database
from engine.store.debug import DebugStore
from engine.store.offload import WAITED_FOR, Offload, policy_of
from engine.store.runs import RunStore

log = get_logger(__name__)
BATCH_EVENTS = 1000
BATCH_BYTES = 8 * 1024 * 1024
BATCH_SECONDS = 0.05
MAX_WAITING_BATCHES = 8


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
        policy: Any = None,
    ) -> None:
        self._db, self._runs, self._debug, self._facts = database, runs, debug, facts
        self._records = Records(facts, limits=limits, next_index=next_index, open_rows=open_rows or [])
        self._owner, self._more, self._limits = owner, {"app_id": facts.app_id, **(more or {})}, limits
        waited_for = facts.triggered_from in WAITED_FOR or facts.type == "chat"
        self._offload = Offload(policy_of(policy), waited_for)
        self._events: list[Mapping[str, Any]] = []
        self._payloads: dict[int, Mapping[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last: Future[Any] | None = None
        self._sent = self._written = 0
        self._batch = BATCH_EVENTS
        self._drafts = DraftCollector(limits) if keep_drafts else None

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        """Take one event; it is on disk within about 50 ms. What follows from it is worked out by the writer."""
        events = self._events
        events.append(event)
        if payload is not None:
            self._payloads[event["seq"]] = payload
        if len(events) >= self._batch or event["event"] == "GraphRunStarted":
            self._send()  # a run is in the log before its first node is
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(BATCH_SECONDS, self._send)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._events:
            return
        events, self._events = self._events, []
        payloads, self._payloads = self._payloads, {}
        self._submit(lambda connection: self._write(connection, events, payloads))
        if self._drafts is not None:
            # On their own: what a step left for debugging must not take the record with it.
            self._submit(lambda connection: self._write_drafts(connection, events))

    def is_behind(self) -> bool:
        """Whether the disk is so far behind that what waits for it would fill the memory."""
        return self._sent - self._written > MAX_WAITING_BATCHES

    def _submit(self, job: Callable[[Connection], None]) -> None:
        self._sent += 1
        self._last = self._db.submit(job)
        self._last.add_done_callback(self._told)

    # -- on the writer's thread ------------------------------------------------------------------------------------

    def _write(
        self, connection: Connection, events: Sequence[Mapping[str, Any]], payloads: Mapping[int, Mapping[str, Any]]
    ) -> None:
        changes: list[RowChange] = []
        apply = self._records.apply
        for event in events:
            try:
                changes += apply(event, payloads.get(event["seq"]))
            except Exception:
                log.exception("the record of run %s fails on %s", self._facts.run_id, event.get("event"))
        self._runs.apply(connection, changes, self._more, self._owner, self._offload)
        if self._facts.kind != "node":
            size = self._runs.add_events(connection, self._facts.run_id, events)
            # Batches of large events are short, so that few bytes wait in memory.
            self._batch = max(min(BATCH_EVENTS, BATCH_BYTES * len(events) // max(size, 1)), 1)
        last = events[-1]
        state = payloads.get(last["seq"], {}).get("snapshot")
        if last["event"] == "GraphRunPaused" and state is not None:
            reasons = [stored_reason(reason) for reason in last.get("reasons", ())]
            self._runs.put_pause(connection, self._facts.run_id, state, reasons)

    def _write_drafts(self, connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
        assert self._drafts is not None
        found = self._drafts.of(events)
        if found:
            self._debug.put(connection, self._facts.app_id, found)

    def _told(self, future: Future[Any]) -> None:
        self._written += 1
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
